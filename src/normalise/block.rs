//! Eight bytes of text as one number: the same question asked of all of them at once.

/// Each byte of a block, repeated eight times.
pub(super) const EACH: u64 = 0x0101_0101_0101_0101;
/// The high bit of each byte of a block: where the masks below say yes.
pub(super) const HIGH: u64 = EACH * 0x80;

/// Eight bytes from `at` on, the first one lowest, zeros beyond the end.
#[inline]
pub(super) fn read(bytes: &[u8], at: usize) -> u64 {
    let rest = bytes.get(at..).unwrap_or_default();
    if let Some(eight) = rest.first_chunk::<8>() {
        return u64::from_le_bytes(*eight);
    }
    let mut eight = [0; 8];
    for (to, from) in eight.iter_mut().zip(rest) {
        *to = *from;
    }
    u64::from_le_bytes(eight)
}

/// The low `count` bytes of a block.
#[inline]
pub(super) fn low(count: u32) -> u64 {
    1_u64.checked_shl(count * 8).map_or(u64::MAX, |bit| bit - 1)
}

/// Which ASCII bytes of a block lie in `from..from + count`.
#[inline]
pub(super) fn within(block: u64, from: u8, count: u8) -> u64 {
    let ascii = block & !HIGH;
    let at_least = |limit: u8| ascii + EACH * u64::from(0x80 - limit);
    at_least(from) & !at_least(from + count) & !block & HIGH
}

/// Which bytes of a block are `byte`, which is ASCII.
#[inline]
pub(super) fn equal(block: u64, byte: u8) -> u64 {
    let differs = block ^ (EACH * u64::from(byte));
    !(((differs & !HIGH) + !HIGH) | differs) & HIGH
}

/// How many bytes of a block stand before the first that `mask` leaves out.
#[inline]
pub(super) fn leading(mask: u64) -> u32 {
    (!mask & HIGH).trailing_zeros() / 8
}
