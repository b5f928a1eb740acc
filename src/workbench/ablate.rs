//! `rules ablate`: what becomes of the corpus when each word, clause and exception of a rule is taken away. What
//! nothing would miss is dead weight; what only does harm should go.

use std::collections::BTreeSet;

use serde::Serialize;

use super::corpus::Entry;
use super::coverage::coverage;
use super::parts::{Part, Written, parts};
use super::removal::{Case, effects, occurrences, said};
use crate::finding::Ruling;
use crate::rules::lists::List;
use crate::rules::model::{Rule, RuleSet};

/// The parts of one rule, each with what it is worth.
#[derive(Debug, Clone, Serialize)]
pub struct Ablation {
    /// The rule's id.
    pub rule: String,
    /// Rightly flagged listings of the corpus.
    pub right: usize,
    /// Wrongly flagged ones.
    pub wrong: usize,
    /// Every part.
    pub parts: Vec<Ablated>,
}

/// What happens without a part.
#[derive(Debug, Clone, Serialize)]
pub struct Ablated {
    /// The part.
    #[serde(flatten)]
    pub part: Part,
    /// What it is worth.
    pub worth: Worth,
    /// Listings in which a word occurs; 0 for parts that are no words.
    pub occurs: usize,
    /// Rightly flagged listings that would be missed.
    pub missed: usize,
    /// Listings that would be wrongly flagged.
    pub wrong: usize,
    /// Wrongly flagged listings that would pass.
    pub spared: usize,
    /// Missed listings that would be found.
    pub found: usize,
}

/// What a part is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Worth {
    /// Without it, only good would come.
    Harms,
    /// Neither a listing nor a test would miss it.
    Idle,
    /// Only a test of the rule misses it.
    Tested,
    /// Without it, listings would be judged wrongly.
    Earns,
}

/// Tries the rules of `set` without each of their parts. Listings in which nothing of a rule occurs are not looked at.
pub fn ablate(
    set: &RuleSet,
    rules: &[&Rule],
    written: &Written,
    lists: &[List],
    entries: &[Entry],
) -> Vec<Ablation> {
    let cases: Vec<Case<'_>> = entries
        .iter()
        .map(|entry| Case { listing: &entry.listing, market: entry.market(), hits: &[] })
        .collect();
    let all_parts: Vec<Vec<Part>> = rules.iter().map(|rule| parts(rule, written, lists)).collect();
    let asked: Vec<(&Rule, &[Part])> =
        rules.iter().zip(&all_parts).map(|(rule, parts)| (*rule, parts.as_slice())).collect();
    let places = occurrences(&asked, &cases);
    let mut found = Vec::new();
    for (rule, (parts, places)) in rules.iter().zip(all_parts.iter().zip(places)) {
        let before = said(set, rule, &cases);
        let flagged = before.iter().enumerate().filter(|(_, said)| said.flagged).map(|(place, _)| place);
        let candidates: BTreeSet<usize> = places.iter().flatten().copied().chain(flagged.clone()).collect();
        let effects = effects(set, rule, parts, &places, &candidates, &cases, &before);
        let of = |places: &[usize], wanted: fn(&Entry, &Rule) -> bool| {
            places.iter().filter_map(|place| entries.get(*place)).filter(|entry| wanted(entry, rule)).count()
        };
        let right = |entry: &Entry, rule: &Rule| entry.is_of(&rule.class);
        let wrong = |entry: &Entry, _: &Rule| entry.label == Ruling::Pass;
        let undefended = coverage(set, rule, written, lists, None).undefended;
        let flagged: Vec<usize> = flagged.collect();
        let ablated = parts.iter().zip(&places).zip(effects).map(|((part, places), effect)| {
            let (missed, wrongly) = (of(&effect.lost, right), of(&effect.gained, wrong));
            let (spared, newly) = (of(&effect.lost, wrong), of(&effect.gained, right));
            let worth = if missed + wrongly > 0 {
                Worth::Earns
            } else if spared + newly > 0 {
                Worth::Harms
            } else if part.list.is_none() && !undefended.contains(part) {
                Worth::Tested
            } else {
                Worth::Idle
            };
            let occurs = places.len();
            Ablated { part: part.clone(), worth, occurs, missed, wrong: wrongly, spared, found: newly }
        });
        found.push(Ablation {
            rule: rule.id.clone(),
            right: of(&flagged, right),
            wrong: of(&flagged, wrong),
            parts: ablated.collect(),
        });
    }
    found
}
