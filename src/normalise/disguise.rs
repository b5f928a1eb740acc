//! The skeleton and squeezed views: words that were disguised beyond what the standard view undoes.
//!
//! They hold changed words only. A disguised word is read as a row of units; its *key* (look-alikes and leet to
//! Latin letters, `l` to `i`, letter runs collapsed) finds candidate terms, and `DisguisedTerm::fits` then decides
//! letter by letter. So keys may be coarse, and a model number is no word: `1390` has the key of "lego" but no letter.

mod hidden;
mod leet;
mod reader;
mod term;
mod vocabulary;

pub(super) use self::leet::seen_as;
use self::reader::Reader;
pub use self::term::{DisguisedTerm, MAX_TERM_CHARS};
pub use self::vocabulary::Vocabulary;
use std::collections::BTreeSet;

use super::fold::Folded;
use super::tricks::{Trick, Tricks};
use super::words::Word;

/// Pulled-apart letters beyond this are cut into several regions.
const MAX_REGION_UNITS: usize = 64;
/// From this length on a term is found anywhere within pulled-apart letters; shorter ones must be all of them.
const MIN_INNER_CHARS: usize = 5;
/// In a text of their own script, words of nothing but look-alikes must be so long: Russian "РОТ" is no "pot".
const MIN_FOREIGN_CHARS: usize = 5;
/// Terms this short are not looked for with `l` for `i` or the other way round, nor with masked letters.
const MIN_ALIKE_CHARS: usize = 5;
/// From this length on `l` for `i` needs no odd capitals beside it to be no other word ("Tell", "Teil").
const MIN_ALIKE_ALONE_CHARS: usize = 6;
/// Terms this long are found cut in pieces; shorter ones are too often two words side by side.
const MIN_SPLIT_CHARS: usize = 6;
/// In scripts where a character is a syllable or a word.
const MIN_SPLIT_CHARS_UNBOUNDED: usize = 4;
/// More masked letters leave too little of a word.
const MAX_MASKS: usize = 2;

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
    /// Not shown.
    Mask,
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
    /// A word that is another one if `l` is read as `i`.
    Alike,
    /// Pieces of a word.
    Split,
    /// A word with letters masked.
    Masked,
    /// A word upside down, read from its end.
    Turned,
    /// A word that is shown from its end.
    Backwards,
}

#[derive(Debug, Clone, Copy)]
struct Chunk {
    units: (u32, u32),
    shape: Shape,
    /// Whether the first or last unit is a symbol that may not belong to the word (`$`, `@`).
    loose: (bool, bool),
    /// The first chunk of a cluster; windows do not cross clusters.
    opens: bool,
    /// It may be a word of a term; else it is kept for terms that may stand inside words only.
    told: bool,
}

/// The disguised words of one text. Reuse it: its buffers keep their room.
#[derive(Debug, Clone, Default)]
pub struct Disguise {
    units: Vec<Unit>,
    chunks: Vec<Chunk>,
    /// Of each word, what [`words::alike`](super::words::alike) says of it.
    alike: Vec<u32>,
    /// Chunks beside those, each a cluster of its own; put behind them in the end.
    extras: Vec<Chunk>,
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
    /// Of its collapsed key, one of [`DisguisedTerm::key_hashes`] of every term that it may be.
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

    fn of(keys: impl Iterator<Item = char>) -> u32 {
        let mut hash = Self::default();
        keys.for_each(|key| hash.feed(key));
        hash.value()
    }
}

impl Unit {
    /// Reads it as `letter`, or as itself but out of its order.
    fn turn(&mut self, letter: Option<char>) {
        if let Some(letter) = letter {
            self.letter = letter;
            self.key = if letter == 'l' { 'i' } else { letter };
        }
        self.kind = Kind::LookAlike;
    }
}

impl Disguise {
    /// Replaces the content by those disguised words of a text (its standard view, the original, and its words) that
    /// may be of the vocabulary, each with the words beside it that the longest phrase may take in.
    pub fn read(&mut self, folded: &Folded, original: &str, words: &[Word], vocabulary: &Vocabulary) {
        self.units.clear();
        self.chunks.clear();
        self.extras.clear();
        self.alike.clear();
        self.keys.clear();
        self.key_units.clear();
        self.foreign_text = false;
        Reader::new(self, folded, original, words, vocabulary).run();
        self.chunks.append(&mut self.extras);
        if vocabulary.inner {
            self.write_keys();
        }
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
            match chunk.shape {
                Shape::Region => self.region_windows(chunk, &mut f),
                Shape::Masked => {
                    self.masked_windows(chunk, &mut f);
                    continue;
                }
                _ if !chunk.told => continue,
                _ => {}
            }
            // A window starts at this chunk and ends at each of the following ones of its cluster.
            let (mut words, mut changed) = (0, None);
            let cluster = self.chunks.get(number..).unwrap_or_default();
            for (beyond, last) in cluster.iter().take(max_words).enumerate() {
                if beyond > 0 && (last.opens || !last.told) {
                    break;
                }
                words += 1;
                changed = changed.or((last.shape != Shape::Plain).then_some(last.shape));
                let Some(shape) = changed else { continue };
                let within = cluster.get(..=beyond).unwrap_or_default();
                for first in chunk.units.0..=chunk.units.0 + u32::from(chunk.loose.0) {
                    for end in last.units.1 - u32::from(last.loose.1)..=last.units.1 {
                        let key_hash = self.key_hash(within, first, end);
                        if first < end {
                            f(Window { key_hash, first, end, words, shape, inner: false });
                        }
                    }
                }
            }
        }
    }

    /// Of the units `first..end`, which are those of `chunks`, with a space between chunks.
    fn key_hash(&self, chunks: &[Chunk], first: u32, end: u32) -> u32 {
        let mut hash = KeyHash::default();
        for chunk in chunks {
            let (start, stop) = (chunk.units.0.max(first), chunk.units.1.min(end));
            if start > first {
                hash.feed(' ');
            }
            let units = self.units.get(start as usize..stop as usize).unwrap_or_default();
            for unit in units {
                hash.feed(unit.key);
            }
        }
        hash.value()
    }

    /// A word with every letter in the place of each mask.
    fn masked_windows(&self, chunk: &Chunk, f: &mut impl FnMut(Window)) {
        let (first, end) = chunk.units;
        let units = self.units.get(first as usize..end as usize).unwrap_or_default();
        let masks = units.iter().filter(|unit| unit.kind == Kind::Mask).count();
        let cyrillic = units.iter().any(|unit| matches!(unit.letter, '\u{400}'..='\u{45F}'));
        let alphabet = if cyrillic { '\u{430}'..='\u{44F}' } else { 'a'..='z' };
        let keys: BTreeSet<char> = alphabet.map(|letter| leet::read(letter, letter).0).collect();
        let mut emit = |shown: [char; MAX_MASKS]| {
            let mut shown = shown.into_iter();
            let key = |unit: &Unit| {
                if unit.kind == Kind::Mask { shown.next().unwrap_or(unit.key) } else { unit.key }
            };
            let key_hash = KeyHash::of(units.iter().map(key));
            f(Window { key_hash, first, end, words: 1, shape: Shape::Masked, inner: false });
        };
        for one in &keys {
            match masks {
                1 => emit([*one, *one]),
                2 => keys.iter().for_each(|two| emit([*one, *two])),
                _ => {}
            }
        }
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
        let fits = match window.shape {
            Shape::Region => !window.inner || term.length() >= MIN_INNER_CHARS,
            Shape::Split => term.may_be_split(),
            Shape::Alike | Shape::Masked => term.words() == 1 && term.length() >= MIN_ALIKE_CHARS,
            Shape::Plain | Shape::Changed | Shape::Foreign | Shape::Turned | Shape::Backwards => {
                usize::from(window.words) == term.words()
            }
        };
        if !fits {
            return None;
        }
        let units = self.units.get(window.first as usize..window.end as usize)?;
        // A word beside letters pulled apart may end them ("v i a gra"), but not by a repetition of its own.
        if usize::from(window.words) > term.words() && units.len() > term.length() {
            return None;
        }
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
            if matches!(chunk.shape, Shape::Plain | Shape::Alike | Shape::Split | Shape::Masked) {
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
    // Turned words run backwards.
    let (start, end) = (units.iter().map(|unit| unit.start).min()?, units.iter().map(|unit| unit.end).max()?);
    let squeezed = tricks.contains(Trick::Spacing) || tricks.contains(Trick::Repeated);
    Some(Found { start, end, squeezed, tricks })
}
