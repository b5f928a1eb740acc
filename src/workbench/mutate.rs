//! `rules mutate`: every listing that a rule flags, with the words that it was flagged for disguised in every way, and in
//! every two ways at once. The number that survives says what sellers can get past the rule.

pub mod evasions;

use std::collections::BTreeMap;

use serde::Serialize;

use super::corpus::Entry;
use super::parallel;
use super::removal::Alone;
use crate::finding::Hit;
use crate::listing::Listing;
use crate::matcher::Scratch;
use crate::rules::model::{Fold, Pattern, Rule, RuleSet};
use evasions::{EVASIONS, Evasion};

/// Examples that are kept of one rule and evasion.
const EXAMPLES: usize = 3;
/// Listings that one rule is tried with; more of them say no more about its words.
const MAX_POSITIVES: usize = 200;

/// Which words are disguised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// Those of patterns with `fold = "evasive"`: the names that a seller must hide. Of rules without such a pattern, all.
    Telling,
    /// Every word that the rule was moved by.
    All,
}

/// How many disguised listings are still flagged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Survival {
    /// Still flagged.
    pub survived: usize,
    /// Tried.
    pub of: usize,
}

/// How one rule withstands disguises.
#[derive(Debug, Clone, Serialize)]
pub struct RuleSurvival {
    /// The rule's id.
    pub rule: String,
    /// Listings that it flags and that were disguised.
    pub positives: usize,
    /// No pattern of it undoes disguises.
    pub plain: bool,
    /// With one evasion.
    pub one: Survival,
    /// With two at once.
    pub two: Survival,
    /// Evasion by evasion.
    pub evasions: Vec<TrickSurvival>,
    /// What got past it.
    pub missed: Vec<Missed>,
}

/// How one evasion fares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrickSurvival {
    /// Its name.
    pub evasion: &'static str,
    /// Alone.
    #[serde(flatten)]
    pub survival: Survival,
}

/// A disguised listing that the rule misses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missed {
    /// The evasion.
    pub evasion: &'static str,
    /// The word as it was.
    pub word: String,
    /// The word disguised.
    pub disguised: String,
    /// The test's name, or the id of the corpus entry.
    pub listing: String,
    /// Patterns that occurred before and do not occur now.
    pub lost: Vec<String>,
}

/// A listing that the rule flags, and the words that it was flagged for.
struct Positive<'p> {
    name: &'p str,
    listing: &'p Listing,
    market: Option<&'p str>,
    hit: Hit,
    /// Field and byte range of what is disguised, from the back.
    spans: Vec<(String, usize, usize)>,
}

/// Tries one rule with its own `flag` tests and with the listings of the corpus that are rightly flagged for its class.
pub fn mutate(set: &RuleSet, rule: &Rule, entries: &[Entry], which: Words) -> RuleSurvival {
    let alone = Alone::new(set, rule.clone());
    let positives = positives(rule, &alone, entries, which);
    let tried = parallel::map_with(&positives, Scratch::default, |scratch, positive| {
        try_one(&alone, positive, scratch)
    });
    let plain = !rule.patterns.iter().any(|pattern| pattern.fold == Fold::Evasive);
    let mut found = RuleSurvival {
        rule: rule.id.clone(),
        positives: positives.len(),
        plain,
        one: Survival::default(),
        two: Survival::default(),
        evasions: EVASIONS
            .iter()
            .map(|evasion| TrickSurvival { evasion: evasion.name, survival: Survival::default() })
            .collect(),
        missed: Vec::new(),
    };
    let mut examples: BTreeMap<&str, usize> = BTreeMap::new();
    for tried in tried {
        found.two.add(tried.two);
        for (slot, survival) in found.evasions.iter_mut().zip(tried.one) {
            slot.survival.add(survival);
            found.one.add(survival);
        }
        for missed in tried.missed {
            let count = examples.entry(missed.evasion).or_default();
            *count += 1;
            if *count <= EXAMPLES {
                found.missed.push(missed);
            }
        }
    }
    found
}

impl Survival {
    /// Adds another count.
    pub fn add(&mut self, other: Self) {
        self.survived += other.survived;
        self.of += other.of;
    }

    fn count(&mut self, survived: bool) {
        self.of += 1;
        self.survived += usize::from(survived);
    }

    /// The part that survived, 0 to 1; 1 where nothing was tried.
    #[expect(clippy::cast_precision_loss, reason = "counts of trials are far below 2^52")]
    pub fn share(self) -> f64 {
        if self.of == 0 { 1.0 } else { self.survived as f64 / self.of as f64 }
    }
}

fn positives<'p>(rule: &'p Rule, alone: &Alone, entries: &'p [Entry], which: Words) -> Vec<Positive<'p>> {
    let mut scratch = Scratch::default();
    let own_market = rule.markets.first().map(String::as_str);
    let tests = rule.tests.iter().filter(|test| test.flag);
    let tests = tests.map(|test| (test.name.as_str(), &test.listing, test.market.as_deref().or(own_market)));
    let entries = entries.iter().filter(|entry| entry.is_of(&rule.class));
    let entries = entries.map(|entry| (entry.id.as_str(), &entry.listing, entry.market()));
    let mut found = Vec::new();
    for (name, listing, market) in tests.chain(entries) {
        let Some(hit) = alone.hit(listing, market, &mut scratch).filter(|hit| hit.suppressed_by.is_none())
        else {
            continue;
        };
        let spans = spans(rule, &hit, which);
        if !spans.is_empty() && found.len() < MAX_POSITIVES {
            found.push(Positive { name, listing, market, hit, spans });
        }
    }
    found
}

/// What is disguised: the words of the hit, joined where they overlap, from the back.
fn spans(rule: &Rule, hit: &Hit, which: Words) -> Vec<(String, usize, usize)> {
    let pattern = |name: &str| rule.patterns.iter().find(|pattern| pattern.name == name);
    let has_words = |pattern: &&Pattern| !pattern.terms.is_empty() || !pattern.stems.is_empty();
    let of = |wanted: &dyn Fn(&Pattern) -> bool| {
        let matches =
            hit.matches.iter().filter(|found| pattern(&found.pattern).filter(has_words).is_some_and(wanted));
        let mut spans: Vec<(String, usize, usize)> =
            matches.map(|found| (found.field.clone(), found.start, found.end)).collect();
        spans.sort();
        spans
    };
    let mut spans = match which {
        Words::All => of(&|_| true),
        Words::Telling => of(&|pattern| pattern.fold == Fold::Evasive),
    };
    if spans.is_empty() {
        spans = of(&|_| true);
    }
    let mut joined: Vec<(String, usize, usize)> = Vec::new();
    for (field, start, end) in spans {
        match joined.last_mut() {
            Some(last) if last.0 == field && start <= last.2 => last.2 = last.2.max(end),
            _ => joined.push((field, start, end)),
        }
    }
    joined.reverse();
    joined
}

struct Tried {
    one: Vec<Survival>,
    two: Survival,
    missed: Vec<Missed>,
}

fn try_one(alone: &Alone, positive: &Positive<'_>, scratch: &mut Scratch) -> Tried {
    let mut tried = Tried {
        one: vec![Survival::default(); EVASIONS.len()],
        two: Survival::default(),
        missed: Vec::new(),
    };
    let mut survives = |listing: &Listing| alone.hit(listing, positive.market, scratch);
    for (evasion, survival) in EVASIONS.iter().zip(&mut tried.one) {
        for form in 0..evasion.forms {
            let Some((listing, word, disguised)) = positive.disguised(|text| evasion.apply(text, form))
            else {
                continue;
            };
            let hit = survives(&listing);
            let survived = hit.as_ref().is_some_and(|hit| hit.suppressed_by.is_none());
            survival.count(survived);
            if !survived {
                let lost = lost(&positive.hit, hit.as_ref());
                let listing = positive.name.to_owned();
                tried.missed.push(Missed { evasion: evasion.name, word, disguised, listing, lost });
            }
        }
    }
    for (at, one) in EVASIONS.iter().enumerate() {
        for other in EVASIONS.iter().skip(at + 1) {
            let Some((listing, ..)) = positive.disguised(|text| both(one, other, text)) else { continue };
            tried.two.count(survives(&listing).is_some_and(|hit| hit.suppressed_by.is_none()));
        }
    }
    tried
}

/// Two evasions at once, in the order in which a seller would use them. `None` unless both change something, or
/// where both pull letters apart, which leaves nothing to read.
fn both(one: &Evasion, other: &Evasion, text: &str) -> Option<String> {
    let (first, second) = if one.turn <= other.turn { (one, other) } else { (other, one) };
    // Two that replace letters share them: the first takes a single one.
    let form = if first.turn == 0 && second.turn == 0 { first.forms - 1 } else { 0 };
    second.apply(&first.apply(text, form)?, 0)
}

fn lost(before: &Hit, after: Option<&Hit>) -> Vec<String> {
    let mut lost: Vec<String> = Vec::new();
    let after =
        |pattern: &str| after.is_some_and(|hit| hit.matches.iter().any(|found| found.pattern == pattern));
    for found in &before.matches {
        if !after(&found.pattern) && !lost.contains(&found.pattern) {
            lost.push(found.pattern.clone());
        }
    }
    lost
}

impl Positive<'_> {
    /// The listing with its words disguised, the first of them, and how it looks now. `None` where nothing changes.
    fn disguised(&self, disguise: impl Fn(&str) -> Option<String>) -> Option<(Listing, String, String)> {
        let mut listing = self.listing.clone();
        let mut shown = None;
        for (field, start, end) in &self.spans {
            let Some(text) = text_mut(&mut listing, field) else { continue };
            let Some(word) = text.get(*start..*end).map(str::to_owned) else { continue };
            if let Some(new) = disguise(&word) {
                text.replace_range(*start..*end, &new);
                shown = Some((word, new));
            }
        }
        shown.map(|(word, new)| (listing, word, new))
    }
}

/// The text of a field by the name that matches give it.
fn text_mut<'l>(listing: &'l mut Listing, field: &str) -> Option<&'l mut String> {
    if let Some(name) = field.strip_prefix("attributes.") {
        return listing.attributes.get_mut(name);
    }
    if let Some(place) = field.strip_prefix("category[").and_then(|rest| rest.strip_suffix(']')) {
        return listing.category.get_mut(place.parse::<usize>().ok()?);
    }
    match field {
        "title" => Some(&mut listing.title),
        "description" => Some(&mut listing.description),
        "brand" => listing.brand.as_mut(),
        "seller" => listing.seller.as_mut()?.name.as_mut(),
        _ => None,
    }
}
