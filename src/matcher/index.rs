//! Numbers by hash: a Bloom filter says no to almost everything, a table of hashes says which entries the rest may
//! be.

use crate::normalise::bloom::{Bloom, spread};

/// Hash → numbers. Several numbers may share a hash, and different keys a hash: the caller compares.
#[derive(Debug, Default)]
pub(super) struct HashIndex {
    filter: Bloom,
    /// Open addressing, a power of two; the second half is the place in `starts` plus one, 0 is free.
    slots: Vec<(u32, u32)>,
    /// Entries of one hash stand together: `numbers[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    numbers: Vec<u32>,
}

impl HashIndex {
    /// Builds the index of `(hash, number)` pairs.
    pub(super) fn new(mut pairs: Vec<(u32, u32)>) -> Self {
        if pairs.is_empty() {
            return Self::default();
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut index = Self {
            filter: Bloom::new(pairs.iter().map(|pair| pair.0)),
            slots: vec![(0, 0); (pairs.len() * 2).next_power_of_two()],
            starts: Vec::new(),
            numbers: Vec::with_capacity(pairs.len()),
        };
        for group in pairs.chunk_by(|one, next| one.0 == next.0) {
            let Some((hash, _)) = group.first().copied() else { continue };
            index.starts.push(narrow(index.numbers.len()));
            index.insert(hash, narrow(index.starts.len()));
            index.numbers.extend(group.iter().map(|pair| pair.1));
        }
        index.starts.push(narrow(index.numbers.len()));
        index
    }

    pub(super) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Whether there may be numbers with `hash`.
    #[inline]
    pub(super) fn may_have(&self, hash: u32) -> bool {
        self.filter.may_hold(hash)
    }

    /// Every number that was given with `hash`.
    #[inline]
    pub(super) fn get(&self, hash: u32) -> &[u32] {
        if self.may_have(hash) { self.look_up(hash) } else { &[] }
    }

    #[inline(never)]
    fn look_up(&self, hash: u32) -> &[u32] {
        let mask = self.slots.len() - 1;
        let mut slot = spread(hash) & mask;
        while let Some((other, place)) = self.slots.get(slot) {
            if *place == 0 {
                break;
            }
            if *other == hash {
                let place = *place as usize;
                let (Some(start), Some(end)) = (self.starts.get(place - 1), self.starts.get(place)) else {
                    break;
                };
                return self.numbers.get(*start as usize..*end as usize).unwrap_or_default();
            }
            slot = (slot + 1) & mask;
        }
        &[]
    }

    fn insert(&mut self, hash: u32, place: u32) {
        let mask = self.slots.len() - 1;
        let mut slot = spread(hash) & mask;
        // Half of the slots stay free, so this ends.
        while let Some(entry) = self.slots.get_mut(slot) {
            if entry.1 == 0 {
                *entry = (hash, place);
                return;
            }
            slot = (slot + 1) & mask;
        }
    }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
