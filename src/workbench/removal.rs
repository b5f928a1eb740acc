//! What happens to some listings when parts of a rule are taken away. `test --coverage` asks it of the rule's own
//! tests, `ablate` of the corpus.

use std::collections::BTreeSet;

use super::parts::{Part, PartKind, with_words};
use super::probe::{NEVER, Probe};
use crate::finding::Hit;
use crate::listing::Listing;
use crate::matcher::{Matcher, Scratch};
use crate::rules::model::{Rule, RuleSet};

/// A listing that a rule is tried on.
#[derive(Debug, Clone, Copy)]
pub struct Case<'c> {
    /// The listing.
    pub listing: &'c Listing,
    /// Where the offer is aimed.
    pub market: Option<&'c str>,
    /// Pattern and text: what one of its matches must cover exactly.
    pub hits: &'c [(String, String)],
}

/// What a rule says of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// It hits, and nothing suppresses the hit.
    pub flagged: bool,
    /// Every text of [`Case::hits`] is covered.
    pub covered: bool,
}

/// What becomes of the cases without one part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// Cases that are flagged no longer.
    pub lost: Vec<usize>,
    /// Cases that are flagged now.
    pub gained: Vec<usize>,
    /// Cases whose expected texts are covered no longer.
    pub uncovered: Vec<usize>,
}

impl Effect {
    /// Whether nothing changes.
    pub fn is_none(&self) -> bool {
        self.lost.is_empty() && self.gained.is_empty() && self.uncovered.is_empty()
    }
}

/// One rule, compiled by itself.
pub(super) struct Alone {
    matcher: Matcher,
}

impl Alone {
    pub(super) fn new(set: &RuleSet, mut rule: Rule) -> Self {
        let exceptions = rule.exceptions.iter_mut().map(|exception| &mut exception.pattern);
        for pattern in rule.patterns.iter_mut().chain(exceptions) {
            if pattern.terms.is_empty() && pattern.stems.is_empty() && pattern.regexes.is_empty() {
                pattern.terms.push(NEVER.to_owned());
            }
        }
        let set = RuleSet { rules: vec![rule], taxonomy: set.taxonomy.clone(), rates: set.rates.clone() };
        Self { matcher: Matcher::compile_with(&set, true).0 }
    }

    pub(super) fn hit(&self, listing: &Listing, market: Option<&str>, scratch: &mut Scratch) -> Option<Hit> {
        self.matcher.hits_with(listing, market, scratch).pop()
    }

    pub(super) fn say(&self, case: Case<'_>, scratch: &mut Scratch) -> Said {
        let hit = self.hit(case.listing, case.market, scratch);
        let covers = |(pattern, text): &(String, String)| {
            let mut matches = hit.iter().flat_map(|hit| &hit.matches);
            matches.any(|found| found.pattern == *pattern && found.text == *text)
        };
        Said {
            flagged: hit.as_ref().is_some_and(|hit| hit.suppressed_by.is_none()),
            covered: case.hits.iter().all(covers),
        }
    }
}

/// What the rule says of every case.
pub fn said(set: &RuleSet, rule: &Rule, cases: &[Case<'_>]) -> Vec<Said> {
    let alone = Alone::new(set, rule.clone());
    let mut scratch = Scratch::default();
    cases.iter().map(|case| alone.say(*case, &mut scratch)).collect()
}

/// Where the words of rules occur: for each part of each rule, the cases. One pass over all of them.
pub fn occurrences(rules: &[(&Rule, &[Part])], cases: &[Case<'_>]) -> Vec<Vec<Vec<usize>>> {
    let mut owners = Vec::new();
    let mut patterns = Vec::new();
    for (number, (rule, parts)) in rules.iter().enumerate() {
        for (at, part) in parts.iter().enumerate() {
            if let Some(pattern) = part.alone(rule) {
                owners.push((number, at));
                patterns.push(pattern);
            }
        }
    }
    let probe = Probe::new(patterns);
    let mut scratch = Scratch::default();
    let mut found: Vec<Vec<Vec<usize>>> =
        rules.iter().map(|(_, parts)| vec![Vec::new(); parts.len()]).collect();
    for (case, one) in cases.iter().enumerate() {
        for place in probe.occurring(one.listing, &mut scratch) {
            let slot = owners.get(place).and_then(|(rule, part)| found.get_mut(*rule)?.get_mut(*part));
            if let Some(slot) = slot {
                slot.push(case);
            }
        }
    }
    found
}

/// The effect of taking each part away. `places` says for each part in which cases its word occurs: in others it cannot
/// change anything. Other parts are tried on the cases of `candidates`.
pub fn effects(
    set: &RuleSet,
    rule: &Rule,
    parts: &[Part],
    places: &[Vec<usize>],
    candidates: &BTreeSet<usize>,
    cases: &[Case<'_>],
    before: &[Said],
) -> Vec<Effect> {
    let mut scratch = Scratch::default();
    let all: Vec<usize> = candidates.iter().copied().collect();
    // Words that occur in no case cannot matter.
    let rule = &with_words(rule, parts, |place| places.get(place).is_some_and(|places| !places.is_empty()));
    let tries = parts.iter().zip(places);
    tries
        .map(|(part, places)| {
            let tried = if part.kind.is_word() { places } else { &all };
            let mut effect = Effect::default();
            if tried.is_empty() {
                return effect;
            }
            let without = Alone::new(set, part.without(rule));
            for place in tried {
                let (Some(case), Some(before)) = (cases.get(*place), before.get(*place)) else { continue };
                let after = without.say(*case, &mut scratch);
                match (before.flagged, after.flagged) {
                    (true, false) => effect.lost.push(*place),
                    (false, true) => effect.gained.push(*place),
                    _ => {}
                }
                // Only words cover texts; an exception's own text goes with it, which proves nothing.
                if before.covered && !after.covered && part.kind != PartKind::Exception {
                    effect.uncovered.push(*place);
                }
            }
            effect
        })
        .collect()
}
