//! Canaries: rules and listings of which the answer is known. A measurement in which one of them is wrong is worth nothing,
//! however good its figures look.

use super::bitmaps::HitTable;
use super::corpus::{Entry, Place, Split};
use super::eval::{RuleMeasure, Truth};
use super::probe;
use crate::finding::Ruling;
use crate::listing::Listing;
use crate::rules::model::{Attribute, Condition, Rule, RuleSet, Status};

/// Hits every listing.
pub const ALWAYS: &str = "canary.always";
/// Hits no listing of any corpus, but the planted one.
pub const NEVER: &str = "canary.never";
/// A word that no language has.
const WORD: &str = "qvorzexblimuk";

/// The rules of `set` and two canaries. They are drafts, so that they decide nothing.
pub fn plant(set: &RuleSet) -> RuleSet {
    let mut planted = set.clone();
    planted.rules.retain(|rule| ![ALWAYS, NEVER].contains(&rule.id.as_str()));
    if let Some(class) = set.taxonomy.classes.keys().next() {
        let nobody = Condition::FieldIn { attribute: Attribute::Brand, values: vec![WORD.to_owned()] };
        planted.rules.push(rule(ALWAYS, class, Condition::Not(Box::new(nobody))));
        planted.rules.push(rule(NEVER, class, Condition::Pattern(0)));
    }
    planted
}

/// Three listings: one for everybody, one for the canary, and one for the canary in disguise.
pub fn listings() -> Vec<Entry> {
    let disguised: String = WORD.chars().flat_map(|letter| [letter, ' ']).collect();
    ["A wooden spoon of beech", &format!("A {WORD} for the kitchen"), &format!("Buy {disguised}here")]
        .iter()
        .map(|title| Entry {
            id: String::new(),
            listing: Listing { title: (*title).to_owned(), ..Listing::default() },
            label: Ruling::Pass,
            class: None,
            split: Split::Train,
            placed: true,
            slices: Vec::new(),
            note: None,
            place: Place { file: "canary".to_owned(), line: 1 },
        })
        .collect()
}

/// What is wrong with a measurement: `table` over the corpus, `planted` over [`listings`], `measures` as they will be
/// shown. Empty when all canaries live.
pub fn faults(table: &HitTable, planted: &HitTable, truth: &Truth, measures: &[RuleMeasure]) -> Vec<String> {
    let hits = |table: &HitTable, rule: &str| {
        table.rule(rule).map(|found| found.hits.iter().collect::<Vec<_>>()).unwrap_or_default()
    };
    let mut faults = Vec::new();
    let mut expect = |holds: bool, fault: String| {
        if !holds {
            faults.push(fault);
        }
    };
    expect(hits(planted, ALWAYS) == [0, 1, 2], format!("{ALWAYS} must hit all planted listings"));
    let never = hits(planted, NEVER);
    expect(never == [1, 2], format!("{NEVER} must hit its two planted listings and hits {}", never.len()));
    let (always, never) = (hits(table, ALWAYS).len(), hits(table, NEVER).len());
    expect(
        always == table.listings,
        format!("{ALWAYS} must hit all {} listings and hits {always}", table.listings),
    );
    expect(never == 0, format!("{NEVER} must hit no listing and hits {never}"));
    let measure = |id: &str| measures.iter().find(|measure| measure.rule == id);
    let counted = measure(ALWAYS).is_some_and(|always| {
        let flagged = always.right + always.kin + always.astray;
        flagged == truth.flag.count() && flagged + always.wrong == table.listings && always.missed == 0
    });
    expect(counted, format!("the counts of {ALWAYS} must be those of the labels"));
    let silent = measure(NEVER).is_some_and(|never| never.hits == 0 && never.precision.value().is_none());
    expect(silent, format!("the counts of {NEVER} must be zero"));
    faults
}

fn rule(id: &str, class: &str, when: Condition) -> Rule {
    Rule {
        id: id.to_owned(),
        title: "canary".to_owned(),
        status: Status::Draft,
        class: class.to_owned(),
        pack: String::new(),
        langs: Vec::new(),
        markets: Vec::new(),
        patterns: vec![probe::word(WORD)],
        when,
        exceptions: Vec::new(),
        bar_precision: None,
        tests: Vec::new(),
    }
}
