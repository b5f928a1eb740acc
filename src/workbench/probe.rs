//! What a rule's patterns and clauses see in a listing, whatever its condition: by matching itself, not by a copy of it.
//!
//! Rules are made up that ask for one pattern or clause each; their hits are the answer.

use std::collections::BTreeMap;

use crate::finding::Match;
use crate::listing::Listing;
use crate::matcher::{Matcher, Scratch};
use crate::rules::model::{Bound, Condition, Field, Fold, Pattern, Rates, Rule, RuleSet, Status};
use crate::rules::taxonomy::Taxonomy;

/// A word that no text holds, for patterns that have lost all of theirs: one without any cannot be compiled.
pub(super) const NEVER: &str = "\u{e000}\u{e001}\u{e000}";

/// A pattern of one word, looked for in every usual field and disguise.
pub(super) fn word(word: &str) -> Pattern {
    Pattern {
        name: "word".to_owned(),
        terms: vec![word.to_owned()],
        stems: Vec::new(),
        regexes: Vec::new(),
        number: None,
        fields: vec![Field::Title, Field::Description, Field::Attributes],
        attributes: Vec::new(),
        bound: Bound::Word,
        fold: Fold::Evasive,
    }
}

/// Patterns that are looked for each by itself. Broken ones never occur.
pub(super) struct Probe {
    matcher: Matcher,
    patterns: usize,
}

impl Probe {
    /// Compiles them.
    pub(super) fn new(patterns: impl IntoIterator<Item = Pattern>) -> Self {
        let rules: Vec<Rule> = patterns
            .into_iter()
            .enumerate()
            .map(|(place, pattern)| made_up(place, vec![pattern], Condition::Pattern(0)))
            .collect();
        let patterns = rules.len();
        let set = RuleSet { rules, taxonomy: Taxonomy::default(), rates: Rates::default() };
        Self { matcher: Matcher::compile_with(&set, true).0, patterns }
    }

    /// Where each pattern occurs, in the order in which they were given.
    pub(super) fn occurrences(&self, listing: &Listing, scratch: &mut Scratch) -> Vec<Vec<Match>> {
        let mut found = vec![Vec::new(); self.patterns];
        for (place, matches) in self.seen(listing, scratch) {
            if let Some(slot) = found.get_mut(place) {
                *slot = matches;
            }
        }
        found
    }

    /// The patterns that occur, and where.
    pub(super) fn seen(&self, listing: &Listing, scratch: &mut Scratch) -> Vec<(usize, Vec<Match>)> {
        let hits = self.matcher.hits_with(listing, None, scratch).into_iter();
        hits.filter_map(|hit| Some((hit.rule.parse().ok()?, hit.matches))).collect()
    }

    /// Which patterns occur.
    pub(super) fn occurring(&self, listing: &Listing, scratch: &mut Scratch) -> Vec<usize> {
        let hits = self.matcher.hits_with(listing, None, scratch);
        hits.iter().filter_map(|hit| hit.rule.parse().ok()).collect()
    }
}

/// Which of some conditions over one rule's patterns hold for a listing.
pub(super) fn hold(
    rule: &Rule,
    set: &RuleSet,
    conditions: &[Condition],
    listing: &Listing,
    market: Option<&str>,
) -> Vec<bool> {
    let rules = conditions
        .iter()
        .enumerate()
        .map(|(place, condition)| made_up(place, rule.patterns.clone(), condition.clone()))
        .collect();
    let set = RuleSet { rules, taxonomy: Taxonomy::default(), rates: set.rates.clone() };
    let mut holds = vec![false; conditions.len()];
    for hit in Matcher::compile_with(&set, true).0.hits(listing, market) {
        if let Some(slot) = hit.rule.parse().ok().and_then(|place: usize| holds.get_mut(place)) {
            *slot = true;
        }
    }
    holds
}

fn made_up(place: usize, patterns: Vec<Pattern>, when: Condition) -> Rule {
    Rule {
        id: place.to_string(),
        title: String::new(),
        status: Status::Trial,
        class: String::new(),
        pack: String::new(),
        langs: Vec::new(),
        markets: Vec::new(),
        patterns,
        when,
        exceptions: Vec::new(),
        bar_precision: None,
        tests: Vec::new(),
    }
}

/// Every text of a listing that a pattern may look into: its field, its name in matches, and what it says.
pub(super) fn texts(listing: &Listing) -> Vec<(Field, String, &str)> {
    let mut texts = vec![
        (Field::Title, "title".to_owned(), listing.title.as_str()),
        (Field::Description, "description".to_owned(), listing.description.as_str()),
    ];
    let attributes = listing.attributes.iter();
    texts.extend(
        attributes.map(|(name, text)| (Field::Attributes, format!("attributes.{name}"), text.as_str())),
    );
    let category = listing.category.iter().enumerate();
    texts
        .extend(category.map(|(place, text)| (Field::Category, format!("category[{place}]"), text.as_str())));
    texts.extend(listing.brand.as_deref().map(|text| (Field::Brand, "brand".to_owned(), text)));
    let seller = listing.seller.as_ref().and_then(|seller| seller.name.as_deref());
    texts.extend(seller.map(|text| (Field::Seller, "seller".to_owned(), text)));
    texts.retain(|(_, _, text)| !text.is_empty());
    texts
}

/// The text of a field by the name that matches give it.
pub(super) fn texts_by_name(listing: &Listing) -> BTreeMap<String, &str> {
    texts(listing).into_iter().map(|(_, name, text)| (name, text)).collect()
}

/// The name of a field, as rules write it.
pub(super) fn field_name(field: Field) -> &'static str {
    match field {
        Field::Title => "title",
        Field::Description => "description",
        Field::Attributes => "attributes",
        Field::Category => "category",
        Field::Brand => "brand",
        Field::Seller => "seller",
    }
}
