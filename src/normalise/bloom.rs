//! A set of hashes that stays in the cache: a "no" is sure, a "yes" is in vain for about one of 150 others.

/// Bits an entry.
const BITS_PER_ENTRY: usize = 16;

/// The set. Empty, it says no to everything.
#[derive(Debug, Clone, Default)]
pub struct Bloom {
    /// A power of two, or none.
    blocks: Vec<u64>,
}

impl Bloom {
    /// The set of `hashes`.
    pub fn new(hashes: impl ExactSizeIterator<Item = u32>) -> Self {
        if hashes.len() == 0 {
            return Self::default();
        }
        let mut set = Self { blocks: vec![0; (hashes.len() * BITS_PER_ENTRY / 64).next_power_of_two()] };
        for hash in hashes {
            let (block, bits) = set.place(hash);
            if let Some(block) = set.blocks.get_mut(block) {
                *block |= bits;
            }
        }
        set
    }

    /// The set that says yes to everything.
    pub fn everything() -> Self {
        Self { blocks: vec![u64::MAX] }
    }

    /// Whether `hash` may be in it.
    #[inline]
    pub fn may_hold(&self, hash: u32) -> bool {
        let (block, bits) = self.place(hash);
        self.blocks.get(block).is_some_and(|block| block & bits == bits)
    }

    /// All bits of a hash lie in one block: one cache line a question. Hashes are well mixed, so their bits are used
    /// as they are.
    #[inline]
    fn place(&self, hash: u32) -> (usize, u64) {
        let bits = (1 << (hash & 63)) | (1 << ((hash >> 6) & 63)) | (1 << ((hash >> 12) & 63));
        ((hash >> 10) as usize & self.blocks.len().wrapping_sub(1), bits)
    }
}

/// Mixes a hash, so that its low bits may number the rows of a table.
#[inline]
pub fn spread(hash: u32) -> usize {
    (hash.wrapping_mul(0x9e37_79b1) >> 7) as usize
}
