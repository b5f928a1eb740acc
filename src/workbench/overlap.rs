//! `rules overlap`: which rules catch the same listings, and which catch nothing that another does not.

use serde::Serialize;

use super::bitmaps::{HitTable, RuleHits};

/// Two rules that catch some of the same listings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Overlap {
    /// The one with fewer hits.
    pub rule: String,
    /// The other.
    pub other: String,
    /// Listings that both hit.
    pub both: usize,
    /// Listings that `rule` hits.
    pub hits: usize,
    /// Listings that `other` hits.
    pub other_hits: usize,
    /// `both` as a part of the hits of either.
    pub likeness: f64,
    /// Whatever `rule` hits, `other` hits.
    pub contained: bool,
}

/// What a rule catches alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unique {
    /// The rule.
    pub rule: String,
    /// Listings that it hits.
    pub hits: usize,
    /// Of these, those that no other rule hits.
    pub alone: usize,
}

/// Pairs of rules with hits in common, the most alike first.
pub fn overlaps(table: &HitTable) -> Vec<Overlap> {
    let mut found = Vec::new();
    for (at, one) in table.rules.iter().enumerate() {
        for other in table.rules.iter().skip(at + 1) {
            let both = one.hits.count_both(&other.hits);
            if both > 0 {
                found.push(overlap(one, other, both));
            }
        }
    }
    found.sort_by(|a, b| {
        b.likeness.total_cmp(&a.likeness).then_with(|| (&a.rule, &a.other).cmp(&(&b.rule, &b.other)))
    });
    found
}

#[expect(clippy::cast_precision_loss, reason = "counts of listings are far below 2^52")]
fn overlap(one: &RuleHits, other: &RuleHits, both: usize) -> Overlap {
    let (one, other) = if one.hits.count() <= other.hits.count() { (one, other) } else { (other, one) };
    let (hits, other_hits) = (one.hits.count(), other.hits.count());
    Overlap {
        rule: one.rule.clone(),
        other: other.rule.clone(),
        both,
        hits,
        other_hits,
        likeness: both as f64 / (hits + other_hits - both) as f64,
        contained: both == hits,
    }
}

/// What each rule catches alone, in the order of ids; rules that hit nothing are left out.
pub fn unique(table: &HitTable) -> Vec<Unique> {
    let others = |one: &RuleHits| {
        let mut others = super::bitmaps::Bitmap::new(table.listings);
        table.rules.iter().filter(|rule| rule.rule != one.rule).for_each(|rule| others.add(&rule.hits));
        others
    };
    let hitting = table.rules.iter().filter(|rule| !rule.hits.is_empty());
    hitting
        .map(|rule| Unique {
            rule: rule.rule.clone(),
            hits: rule.hits.count(),
            alone: rule.hits.minus(&others(rule)).count(),
        })
        .collect()
}
