//! What the generated tables say of one character.

use super::tables::{BLOCKS, INDEX, INDEXED, LOOK_ALIKES, POOL, REPLACE, SPANS, STAGED};

/// Codes below [`REPLACE`] in the tables, in the order of the generator.
pub(super) const WORD: u16 = 0;
pub(super) const OTHER: u16 = 1;
pub(super) const UNBOUNDED: u16 = 2;
pub(super) const STRIP: u16 = 3;
pub(super) const INVISIBLE: u16 = 4;
pub(super) const SPACE: u16 = 5;
pub(super) const COMPOSE: u16 = 6;
pub(super) const COMPOSE_UNBOUNDED: u16 = 7;

/// What folding does with a character.
#[inline]
pub(super) fn code(letter: char) -> u16 {
    code_of(u32::from(letter))
}

/// The same by code point.
#[inline]
pub(super) fn code_of(point: u32) -> u16 {
    if point < INDEXED {
        let row = INDEX.get(point as usize >> 7).copied().unwrap_or_default();
        let block = BLOCKS.get(usize::from(row)).unwrap_or(&BLOCKS[0]);
        return block.get(point as usize & 127).copied().unwrap_or(OTHER);
    }
    match point {
        0x3_0000..=0x3_FFFF => UNBOUNDED,
        0xE_0000..=0xE_0FFF => INVISIBLE,
        _ => OTHER,
    }
}

/// The replacement behind a code, and whether its letters must be folded in turn. Empty below [`REPLACE`].
#[inline]
pub(super) fn replacement(code: u16) -> (&'static str, bool) {
    let Some(number) = code.checked_sub(REPLACE) else { return ("", false) };
    let (at, length) = SPANS.get(usize::from(number)).copied().unwrap_or_default();
    let at = usize::from(at);
    (POOL.get(at..at + usize::from(length)).unwrap_or_default(), code >= STAGED)
}

/// Whether a folded character belongs to a word: letters, digits and the marks that are parts of letters.
#[inline]
pub fn is_word(letter: char) -> bool {
    if letter.is_ascii() {
        return letter.is_ascii_alphanumeric();
    }
    match code(letter) {
        WORD | UNBOUNDED | COMPOSE | COMPOSE_UNBOUNDED | STRIP => true,
        REPLACE.. => letter.is_alphanumeric(),
        _ => false,
    }
}

/// Whether a folded character belongs to a script that is written without spaces or glues endings to words, so that
/// no boundary is asked beside it: Chinese, Japanese, Korean, Thai, Lao, Khmer, Burmese, Tibetan.
#[inline]
pub fn is_unbounded(letter: char) -> bool {
    !letter.is_ascii() && matches!(code(letter), UNBOUNDED | COMPOSE_UNBOUNDED)
}

/// The Latin letter that a character looks like (`l` is given as `i`), and whether the shape is close enough for a
/// word of nothing but look-alikes.
#[inline]
pub(super) fn look_alike(letter: char) -> Option<(char, bool)> {
    let point = u32::from(letter);
    if point < NEAR_END {
        let entry = NEAR.get(point as usize).copied().unwrap_or_default();
        return (entry != 0).then_some((char::from(entry & 0x7F), entry & 0x80 != 0));
    }
    let at = LOOK_ALIKES.binary_search_by_key(&point, |row| row.0).ok()?;
    LOOK_ALIKES.get(at).map(|row| (char::from(row.1), row.2))
}

/// Greek, Cyrillic and Armenian are asked about for every letter of a text in them: a table instead of a search.
const NEAR_END: u32 = 0x600;
static NEAR: [u8; NEAR_END as usize] = near();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, where a wrong index does not compile")]
const fn near() -> [u8; NEAR_END as usize] {
    let mut table = [0; NEAR_END as usize];
    let mut row = 0;
    while row < LOOK_ALIKES.len() {
        let (point, letter, exact) = LOOK_ALIKES[row];
        if point < NEAR_END {
            table[point as usize] = if exact { letter | 0x80 } else { letter };
        }
        row += 1;
    }
    table
}

/// Two-byte characters, which are most of those beyond ASCII in European texts, and what they fold to, without the
/// four lookups in a row that the others take: how it is written (0: not by itself), then its one or two bytes.
pub(super) static TWO_BYTES: [[u8; 3]; 0x800] = two_bytes();
/// The entry's bytes are one character of two bytes.
pub(super) const SAME_WIDTH: u8 = 2;
/// They are one byte.
pub(super) const ONE_BYTE: u8 = 1;
/// They are two characters of one byte each.
pub(super) const ONE_BYTE_TWICE: u8 = 3;

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, where a wrong index does not compile")]
#[expect(clippy::cast_possible_truncation, reason = "halves of a code point below 0x800")]
const fn two_bytes() -> [[u8; 3]; 0x800] {
    let mut table = [[0; 3]; 0x800];
    let pool = POOL.as_bytes();
    let mut point = 0x80;
    while point < 0x800 {
        let code = BLOCKS[INDEX[point >> 7] as usize][point & 127];
        if code <= UNBOUNDED {
            table[point] = [SAME_WIDTH, 0xC0 | (point >> 6) as u8, 0x80 | (point & 0x3F) as u8];
        } else if code >= REPLACE && code < STAGED {
            let (at, length) = SPANS[(code - REPLACE) as usize];
            let at = at as usize;
            if length == 1 {
                table[point] = [ONE_BYTE, pool[at], 0];
            } else if length == 2 {
                let written = if pool[at] < 0x80 { ONE_BYTE_TWICE } else { SAME_WIDTH };
                table[point] = [written, pool[at], pool[at + 1]];
            }
        }
        point += 1;
    }
    table
}
