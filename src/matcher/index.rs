//! Whole words by hash: a Bloom filter that stays in the cache says no to almost every word of a text, a table of
//! hashes says which entries the others may be.

/// Bits of the filter an entry; at 16 about one word in 300 passes in vain.
const BITS_PER_ENTRY: usize = 16;

/// Hash → numbers. Several numbers may share a hash, and different keys a hash: the caller compares.
#[derive(Debug, Default)]
pub(super) struct HashIndex {
    filter: Vec<u64>,
    /// Open addressing, a power of two; the second half is the place in `starts` plus one, 0 is free.
    slots: Vec<(u32, u32)>,
    /// Entries of one hash stand together: `numbers[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    numbers: Vec<u32>,
}

impl HashIndex {
    /// Builds the index of `(hash, number)` pairs.
    pub(super) fn new(mut pairs: Vec<(u32, u32)>) -> Self {
        pairs.sort_unstable();
        pairs.dedup();
        let words = (pairs.len() * BITS_PER_ENTRY / 64).next_power_of_two();
        let slots = (pairs.len() * 2).next_power_of_two();
        let mut index = Self {
            filter: vec![0; words],
            slots: vec![(0, 0); slots],
            starts: Vec::new(),
            numbers: Vec::new(),
        };
        for group in pairs.chunk_by(|one, next| one.0 == next.0) {
            let Some((hash, _)) = group.first().copied() else { continue };
            let (word, bits) = index.place(hash);
            if let Some(filter) = index.filter.get_mut(word) {
                *filter |= bits;
            }
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

    /// Every number that was given with `hash`.
    #[inline]
    pub(super) fn get(&self, hash: u32) -> &[u32] {
        let (word, bits) = self.place(hash);
        if self.filter.get(word).is_none_or(|filter| filter & bits != bits) {
            return &[];
        }
        self.look_up(hash)
    }

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

    /// Both bits of a hash lie in one word of the filter: one cache line a question.
    #[inline]
    fn place(&self, hash: u32) -> (usize, u64) {
        let bits = (1 << (hash & 63)) | (1 << ((hash >> 6) & 63));
        (spread(hash) & (self.filter.len().max(1) - 1), bits)
    }
}

#[inline]
fn spread(hash: u32) -> usize {
    (hash.wrapping_mul(0x9e37_79b1) >> 7) as usize
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
