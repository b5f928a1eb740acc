//! Words of a folded text, with a hash of each: what whole-word terms are looked up by.

use super::block::{self, EACH, HIGH, equal, low, within};
use super::disguise::seen_as;
use super::letters::{self, COMPOSE, COMPOSE_UNBOUNDED, UNBOUNDED, WORD};

/// A run of word characters. Runs end where a script written without spaces begins or ends, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    /// Byte offset into the folded text.
    pub start: u32,
    /// Byte offset one past the last byte.
    pub end: u32,
    /// Of its bytes; equal words have equal hashes.
    pub hash: u32,
    /// What it is made of: an OR of the constants of this module.
    pub made_of: u8,
}

/// Has an ASCII letter.
pub const LETTER: u8 = 1;
/// Has an ASCII digit.
pub const DIGIT: u8 = 2;
/// Has a character beyond ASCII.
pub const WIDE: u8 = 4;
/// Has a character three times in a row.
pub const TRIPLE: u8 = 8;
/// Is one character.
pub const SINGLE: u8 = 16;

/// ASCII byte → LETTER, DIGIT or 0; 0x80.. → WIDE.
static CLASS: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler, where a wrong index does not compile")]
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let letter = byte as u8;
        table[byte] = if letter.is_ascii_digit() {
            DIGIT
        } else if letter.is_ascii_alphabetic() {
            LETTER
        } else if letter >= 0x80 {
            WIDE
        } else {
            0
        };
        byte += 1;
    }
    table
}

/// One step of a word's hash over up to eight bytes.
#[inline]
fn step(hash: u64, block: u64) -> u64 {
    (hash.rotate_left(29) ^ block).wrapping_mul(0x517c_c1b7_2722_0a95)
}

/// The hash that is kept: low bytes reach the high half by one more turn.
#[inline]
fn finish(hash: u64) -> u32 {
    narrow(((hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize)
}

/// The hash of the bytes `start..end`.
fn hash(text: &[u8], start: usize, end: usize) -> u32 {
    let steps = (start..end).step_by(8).map(|at| (at, u32::try_from(end - at).unwrap_or(8).min(8)));
    finish(steps.fold(0, |hash, (at, kept)| step(hash, block::read(text, at) & low(kept))))
}

/// The hash of a word as it looks at a glance: `l` is `i`, and digits are the letters that they stand for.
pub fn alike(word: &[u8]) -> u32 {
    if !word.is_ascii() {
        return hash(word, 0, word.len());
    }
    let seen: Vec<u8> = word.iter().map(|byte| seen_as(*byte)).collect();
    hash(&seen, 0, seen.len())
}

/// The same of the bytes `start..end`, which are ASCII letters.
#[inline]
pub(super) fn alike_at(text: &[u8], start: usize, end: usize) -> u32 {
    let mut hash = 0;
    let mut at = start;
    while at < end {
        let kept = low(u32::try_from(end - at).unwrap_or(8).min(8));
        let block = block::read(text, at) & kept;
        // `l` is three more than `i`.
        hash = step(hash, block - (equal(block, b'l') >> 7) * u64::from(b'l' - b'i'));
        at += 8;
    }
    finish(hash)
}

#[inline]
fn class(byte: u8) -> u8 {
    CLASS.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Replaces the content of `words` by the words of `text`, which is folded.
pub fn cut(text: &str, words: &mut Vec<Word>) {
    words.clear();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match class(*byte) {
            0 => at += 1,
            WIDE => at = wide_word(text, at, words),
            _ => at = word(text, at, words),
        }
    }
}

/// Cuts the word that starts at `start` with an ASCII letter or digit, eight bytes at a time; gives the place after it.
#[inline]
fn word(text: &str, start: usize, words: &mut Vec<Word>) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    let (mut made_of, mut hash) = (0, 0);
    // The byte before the block, and whether it equals the one before itself.
    let (mut before, mut pair_before) = (0, 0);
    loop {
        let block = block::read(bytes, at);
        let letters = within(block | (EACH * 0x20), b'a', 26) & !(block & HIGH);
        let digits = within(block, b'0', 10);
        let count = (!(letters | digits) & HIGH).trailing_zeros() / 8;
        if count == 0 {
            break;
        }
        let kept = low(count);
        made_of |= if letters & kept == 0 { 0 } else { LETTER } | if digits & kept == 0 { 0 } else { DIGIT };
        hash = step(hash, block & kept);
        let change = block ^ ((block << 8) | before);
        let pairs = !(((change & !HIGH) + !HIGH) | change) & HIGH;
        if pairs & ((pairs << 8) | pair_before) & kept != 0 {
            made_of |= TRIPLE;
        }
        at += count as usize;
        if count < 8 {
            break;
        }
        before = block >> 56;
        pair_before = pairs >> 56;
    }
    if bytes.get(at).is_some_and(|byte| *byte >= 0x80) {
        return wide_word(text, start, words);
    }
    if at == start + 1 {
        made_of |= SINGLE;
    }
    words.push(Word { start: narrow(start), end: narrow(at), hash: finish(hash), made_of });
    at
}

/// Cuts the word that starts at `start` and has, or may have, a character beyond ASCII; gives the place after it, or
/// after the character at `start` where that is of no word.
fn wide_word(text: &str, start: usize, words: &mut Vec<Word>) -> usize {
    let mut at = start;
    let (mut made_of, mut last, mut repeats, mut letters) = (0, '\0', 0_u8, 0_u32);
    let mut unbounded = false;
    for letter in text.get(start..).unwrap_or_default().chars() {
        if letter.is_ascii() {
            let class = class(u8::try_from(letter).unwrap_or_default());
            if class == 0 || unbounded {
                break;
            }
            made_of |= class;
        } else {
            let kind = word_kind(letter);
            if at == start {
                unbounded = kind == Some(true);
            }
            if kind != Some(unbounded) {
                break;
            }
            made_of |= WIDE;
        }
        letters += 1;
        repeats = if letter == last { repeats.saturating_add(1) } else { 0 };
        made_of |= if repeats >= 2 { TRIPLE } else { 0 };
        last = letter;
        at += letter.len_utf8();
    }
    if at == start {
        return start + text.get(start..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8);
    }
    if letters == 1 {
        made_of |= SINGLE;
    }
    words.push(Word {
        start: narrow(start),
        end: narrow(at),
        hash: hash(text.as_bytes(), start, at),
        made_of,
    });
    at
}

/// Offsets fit: folding refuses longer texts.
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Whether a word character is of a script without boundaries; `None` for what is no word character.
#[inline]
fn word_kind(letter: char) -> Option<bool> {
    match letters::code(letter) {
        WORD | COMPOSE => Some(false),
        UNBOUNDED | COMPOSE_UNBOUNDED => Some(true),
        _ => None,
    }
}
