//! The skeleton and squeezed views: words that were disguised beyond what the standard view undoes.
//!
//! They hold changed words only. A disguised word is read as a row of units; its *key* (look-alikes and leet to
//! Latin letters, `l` to `i`, letter runs collapsed) finds candidate terms, and `DisguisedTerm::fits` then decides
//! letter by letter. So keys may be coarse, and a model number is no word: `1390` has the key of "lego" but no letter.

mod leet;
mod reader;
mod term;

use self::reader::Reader;
pub use self::term::{DisguisedTerm, MAX_TERM_CHARS};
use super::fold::Folded;
use super::tricks::{Trick, Tricks};
use super::words::Word;

/// Pulled-apart letters beyond this are cut into several regions.
const MAX_REGION_UNITS: usize = 64;
/// From this length on a term is found anywhere within pulled-apart letters; shorter ones must be all of them.
const MIN_INNER_CHARS: usize = 5;
/// In a text of their own script, words of nothing but look-alikes must be so long: Russian "РОТ" is no "pot".
const MIN_FOREIGN_CHARS: usize = 5;

/// One character of a disguised word.
#[derive(Debug, Clone, Copy)]
struct Unit {
    /// In the standard view.
    letter: char,
    /// The Latin letter it may stand for, or itself.
    key: char,
    kind: Kind,
    /// One of three or more equal ones in a row.
    in_run: bool,
    /// Where it stands in the standard view.
    start: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    LookAlike,
    Leet,
}

/// What a chunk of units is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A word of context, as it stands.
    Plain,
    /// A changed word.
    Changed,
    /// A changed word of nothing but look-alikes.
    Foreign,
    /// Letters pulled apart.
    Region,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    units: (u32, u32),
    shape: Shape,
    /// Whether the first or last unit is a symbol that may not belong to the word (`$`, `@`).
    loose: (bool, bool),
    /// The first chunk of a cluster; windows do not cross clusters.
    opens: bool,
}

/// The disguised words of one text. Reuse it: its buffers keep their room.
#[derive(Debug, Clone, Default)]
pub struct Disguise {
    units: Vec<Unit>,
    chunks: Vec<Chunk>,
    /// Collapsed keys of all changed chunks, a line each.
    keys: String,
    /// Byte of `keys` → first unit behind it, and its chunk.
    key_units: Vec<(u32, u32)>,
    /// The text has words in another script that are no look-alikes.
    foreign_text: bool,
}

/// A stretch of units that may be a whole term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Of its collapsed key; equal to [`DisguisedTerm::key_hash`] of every term that it may be.
    pub key_hash: u32,
    first: u32,
    end: u32,
    words: u16,
    shape: Shape,
    inner: bool,
}

/// Where a disguised term stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Byte offset into the standard view.
    pub start: u32,
    /// Byte offset one past the last byte.
    pub end: u32,
    /// Found among pulled-apart or repeated letters (squeezed), else skeleton.
    pub squeezed: bool,
    /// What had to be undone.
    pub tricks: Tricks,
}

#[derive(Debug, Clone, Copy, Default)]
struct KeyHash {
    hash: u64,
    last: Option<char>,
}

impl KeyHash {
    fn feed(&mut self, key: char) {
        if self.last != Some(key) {
            self.last = Some(key);
            self.hash =
                (self.hash.rotate_left(7) ^ u64::from(u32::from(key))).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn value(self) -> u32 {
        u32::try_from(self.hash >> 32).unwrap_or_default()
    }
}

impl Disguise {
    /// Replaces the content by the disguised words of a text: its standard view, the original, and its words.
    /// `context` is how many words of the longest term there may be beside a changed one.
    pub fn read(&mut self, folded: &Folded, original: &str, words: &[Word], context: usize) {
        self.units.clear();
        self.chunks.clear();
        self.keys.clear();
        self.key_units.clear();
        self.foreign_text = false;
        Reader::new(self, folded, original, words, context).run();
        self.write_keys();
    }

    /// Whether the text has none.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Collapsed keys of the changed words, a line each: what terms that may stand inside words are looked for in.
    pub fn keys(&self) -> &str {
        &self.keys
    }

    /// Calls `f` with every stretch that may be a whole term of at most `max_words` words.
    pub fn windows(&self, max_words: usize, mut f: impl FnMut(Window)) {
        for (number, chunk) in self.chunks.iter().enumerate() {
            if chunk.shape == Shape::Region {
                self.region_windows(chunk, &mut f);
            }
            // A window starts at this chunk and ends at each of the following ones of its cluster.
            let (mut words, mut changed) = (0, None);
            for (beyond, last) in self.chunks.iter().skip(number).take(max_words).enumerate() {
                if beyond > 0 && last.opens {
                    break;
                }
                words += 1;
                changed = changed.or((last.shape != Shape::Plain).then_some(last.shape));
                let Some(shape) = changed else { continue };
                for first in chunk.units.0..=chunk.units.0 + u32::from(chunk.loose.0) {
                    for end in last.units.1 - u32::from(last.loose.1)..=last.units.1 {
                        self.window(first, end, words, shape, &mut f);
                    }
                }
            }
        }
    }

    fn window(&self, first: u32, end: u32, words: u16, shape: Shape, f: &mut impl FnMut(Window)) {
        let Some(units) = self.units.get(first as usize..end as usize).filter(|units| !units.is_empty())
        else {
            return;
        };
        let mut hash = KeyHash::default();
        for unit in units {
            hash.feed(unit.key);
        }
        f(Window { key_hash: hash.value(), first, end, words, shape, inner: false });
    }

    /// Every stretch inside pulled-apart letters that is long enough to be told.
    fn region_windows(&self, chunk: &Chunk, f: &mut impl FnMut(Window)) {
        let (start, end) = chunk.units;
        for first in start..end {
            let mut hash = KeyHash::default();
            let units = self.units.get(first as usize..end as usize).unwrap_or_default();
            for (last, unit) in (first..end).zip(units) {
                hash.feed(unit.key);
                if (last - first) as usize + 1 >= MIN_INNER_CHARS && (first, last + 1) != (start, end) {
                    let key_hash = hash.value();
                    f(Window { key_hash, first, end: last + 1, words: 1, shape: Shape::Region, inner: true });
                }
            }
        }
    }

    /// Whether `window` is `term`.
    pub fn is_term(&self, window: Window, term: &DisguisedTerm) -> Option<Found> {
        let same_words = window.shape == Shape::Region || usize::from(window.words) == term.words();
        let long_enough = !window.inner || term.length() >= MIN_INNER_CHARS;
        if !same_words || !long_enough {
            return None;
        }
        let units = self.units.get(window.first as usize..window.end as usize)?;
        let tricks = term.fits(units, window.shape, self.foreign_text)?;
        found(units, tricks)
    }

    /// Where `term` stands, if at all, whose key was found in [`Disguise::keys`] at byte `at`. `whole_start` asks
    /// for the start of a word, `to_word_end` lets the span run to its end.
    pub fn term_at_key(
        &self,
        at: usize,
        term: &DisguisedTerm,
        whole_start: bool,
        to_word_end: bool,
    ) -> Option<Found> {
        let (first, chunk) = *self.key_units.get(at)?;
        let chunk = self.chunks.get(chunk as usize)?;
        let stop = self.key_units.get(at + 1).map_or(chunk.units.1, |next| next.0.max(first + 1));
        for start in first..stop.min(chunk.units.1) {
            let opens = start == chunk.units.0 || (chunk.loose.0 && start == chunk.units.0 + 1);
            if whole_start && !opens && chunk.shape != Shape::Region {
                continue;
            }
            let units = self.units.get(start as usize..chunk.units.1 as usize)?;
            let Some(count) = term.align(units, chunk.shape) else { continue };
            let matched = units.get(..count)?;
            if chunk.shape == Shape::Foreign && self.foreign_text && count < MIN_FOREIGN_CHARS {
                continue;
            }
            if let Some(tricks) = term.tricks(matched, chunk.shape) {
                let spanned = if to_word_end && chunk.shape != Shape::Region { units } else { matched };
                return found(spanned, tricks);
            }
        }
        None
    }

    fn write_keys(&mut self) {
        for (number, chunk) in (0_u32..).zip(&self.chunks) {
            if chunk.shape == Shape::Plain {
                continue;
            }
            let mut last = None;
            let units = self.units.get(chunk.units.0 as usize..chunk.units.1 as usize).unwrap_or_default();
            for (place, unit) in (chunk.units.0..).zip(units) {
                if last != Some(unit.key) {
                    last = Some(unit.key);
                    self.keys.push(unit.key);
                    self.key_units.extend(std::iter::repeat_n((place, number), unit.key.len_utf8()));
                }
            }
            self.keys.push('\n');
            self.key_units.push((chunk.units.1, number));
        }
    }
}

fn found(units: &[Unit], tricks: Tricks) -> Option<Found> {
    let (first, last) = (units.first()?, units.last()?);
    let squeezed = tricks.contains(Trick::Spacing) || tricks.contains(Trick::Repeated);
    Some(Found { start: first.start, end: last.end, squeezed, tricks })
}
