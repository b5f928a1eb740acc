//! Which rule hits which listing: one bit for each pair, so that comparing rules is counting bits.

use crate::finding::Severity;
use crate::matcher::{Matcher, Scratch};
use crate::rules::model::{RuleSet, Status};
use crate::verdict::UNDECIDED_CLASS;

use super::corpus::Entry;
use super::parallel;

/// A set of listings, by their place in the corpus.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bitmap {
    words: Vec<u64>,
    len: usize,
}

/// What one rule hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleHits {
    /// The rule's id.
    pub rule: String,
    /// Its class.
    pub class: String,
    /// How grave that is.
    pub severity: Severity,
    /// How far the rule has come.
    pub status: Status,
    /// Listings that it hits, those apart that an exception lets off.
    pub hits: Bitmap,
    /// Listings that it would hit without its exceptions.
    pub suppressed: Bitmap,
}

/// What all rules hit, in the order of the rules' ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HitTable {
    /// How many listings there are.
    pub listings: usize,
    /// Rule by rule.
    pub rules: Vec<RuleHits>,
}

impl Bitmap {
    /// No listing of `len`.
    pub fn new(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// Every listing of `len`.
    pub fn full(len: usize) -> Self {
        let mut map = Self::new(len);
        (0..len).for_each(|place| map.set(place));
        map
    }

    /// Those of `len` for which `holds` is true.
    pub fn of(len: usize, mut holds: impl FnMut(usize) -> bool) -> Self {
        let mut map = Self::new(len);
        (0..len).filter(|place| holds(*place)).for_each(|place| map.set(place));
        map
    }

    /// How many listings there are, in the set or not.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no listing is in the set.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Puts a listing into the set. One beyond the end is ignored.
    pub fn set(&mut self, place: usize) {
        if place < self.len
            && let Some(word) = self.words.get_mut(place / 64)
        {
            *word |= 1 << (place % 64);
        }
    }

    /// Whether a listing is in the set.
    pub fn get(&self, place: usize) -> bool {
        self.words.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    /// How many are in the set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// How many are in both sets.
    pub fn count_both(&self, other: &Self) -> usize {
        self.words.iter().zip(&other.words).map(|(a, b)| (a & b).count_ones() as usize).sum()
    }

    /// In both sets.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a & b)
    }

    /// In either set.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a | b)
    }

    /// In this set and not in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        self.combine(other, |a, b| a & !b)
    }

    /// Adds the other set to this one.
    pub fn add(&mut self, other: &Self) {
        for (a, b) in self.words.iter_mut().zip(&other.words) {
            *a |= b;
        }
    }

    /// The places in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(number, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(number * 64 + bit)
            })
        })
    }

    fn combine(&self, other: &Self, operation: impl Fn(u64, u64) -> u64) -> Self {
        let words = self.words.iter().zip(&other.words).map(|(a, b)| operation(*a, *b)).collect();
        Self { words, len: self.len.min(other.len) }
    }
}

impl RuleHits {
    /// Whether the rule decides verdicts: it runs outside of `rules`, and its class counts.
    pub fn decides(&self) -> bool {
        matches!(self.status, Status::Trial | Status::Active) && self.class != UNDECIDED_CLASS
    }
}

impl HitTable {
    /// Runs the rules of `set`, drafts too, over all entries on every core.
    ///
    /// Rules that cannot be compiled hit nothing; `Matcher::compile_with` names them.
    pub fn measure(set: &RuleSet, entries: &[Entry]) -> Self {
        let (matcher, _) = Matcher::compile_with(set, true);
        Self::with(&matcher, set, entries)
    }

    /// The same with the rules of `set` compiled already.
    pub(super) fn with(matcher: &Matcher, set: &RuleSet, entries: &[Entry]) -> Self {
        let mut rules: Vec<RuleHits> = set
            .rules
            .iter()
            .filter(|rule| rule.status != Status::Deprecated)
            .map(|rule| RuleHits {
                rule: rule.id.clone(),
                class: rule.class.clone(),
                severity: set.taxonomy.classes.get(&rule.class).map_or(Severity::Low, |class| class.severity),
                status: rule.status,
                hits: Bitmap::new(entries.len()),
                suppressed: Bitmap::new(entries.len()),
            })
            .collect();
        rules.sort_by(|a, b| a.rule.cmp(&b.rule));
        let found = parallel::map_with(entries, Scratch::default, |scratch, entry| {
            let hits = matcher.hits_with(&entry.listing, entry.market(), scratch);
            hits.into_iter().map(|hit| (hit.rule, hit.suppressed_by.is_some())).collect::<Vec<_>>()
        });
        for (place, hits) in found.into_iter().enumerate() {
            for (id, suppressed) in hits {
                let Ok(number) = rules.binary_search_by(|rule| rule.rule.cmp(&id)) else { continue };
                let Some(rule) = rules.get_mut(number) else { continue };
                if suppressed { rule.suppressed.set(place) } else { rule.hits.set(place) }
            }
        }
        Self { listings: entries.len(), rules }
    }

    /// What a rule hits.
    pub fn rule(&self, id: &str) -> Option<&RuleHits> {
        let number = self.rules.binary_search_by(|rule| rule.rule.as_str().cmp(id)).ok()?;
        self.rules.get(number)
    }

    /// Listings that any rule flags which decides verdicts, other than those of `except`.
    pub fn flagged_without(&self, except: Option<&str>) -> Bitmap {
        let mut flagged = Bitmap::new(self.listings);
        for rule in self.rules.iter().filter(|rule| rule.decides() && Some(rule.rule.as_str()) != except) {
            flagged.add(&rule.hits);
        }
        flagged
    }

    /// Listings that would be flagged.
    pub fn flagged(&self) -> Bitmap {
        self.flagged_without(None)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn map(places: &BTreeSet<usize>) -> Bitmap {
        Bitmap::of(200, |place| places.contains(&place))
    }

    proptest! {
        #[test]
        fn a_bitmap_is_a_set(a in prop::collection::btree_set(0_usize..200, 0..50), b in prop::collection::btree_set(0_usize..200, 0..50)) {
            let set = |found: Bitmap| found.iter().collect::<BTreeSet<_>>();
            prop_assert_eq!(set(map(&a)), a.clone());
            prop_assert_eq!(set(map(&a).and(&map(&b))), &a & &b);
            prop_assert_eq!(set(map(&a).or(&map(&b))), &a | &b);
            prop_assert_eq!(set(map(&a).minus(&map(&b))), &a - &b);
            prop_assert_eq!(map(&a).count(), a.len());
            prop_assert_eq!(map(&a).count_both(&map(&b)), (&a & &b).len());
            prop_assert_eq!(map(&a).is_empty(), a.is_empty());
        }
    }

    #[test]
    fn every_listing_is_in_the_full_set_and_none_beyond() {
        for len in [0, 1, 63, 64, 65, 130] {
            let full = Bitmap::full(len);
            assert_eq!((full.count(), full.len()), (len, len));
            assert!(!full.get(len));
        }
    }
}
