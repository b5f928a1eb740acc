//! Words hidden in ways that leave nothing odd about any word by itself: `l` for `i` ("vlagra", `AIprazoIam`), cut in
//! pieces ("via-gra", "oxy contin"), a letter masked ("v*agra"), written with turned letters or backwards.
//!
//! Each is one more chunk, a cluster of its own beside those of [`Reader::run`], and must be a whole term of one word. What may
//! be one is told by the [`Vocabulary`](super::Vocabulary), so that ordinary texts pay one question a word.

use super::leet::{flag_letter, is_gap, is_mask, turned};
use super::reader::Reader;
use super::{Chunk, MAX_MASKS, Shape};
use crate::normalise::letters::is_word;
use crate::normalise::words::{self, DIGIT, LETTER, SINGLE, WIDE, Word};

/// A word is cut in so many pieces at most.
const MAX_PIECES: usize = 5;
/// All but the first and last piece are so short; else every sentence would be read as pieces.
const MAX_MIDDLE_BYTES: usize = 9;
/// Bytes of an ordinary letter are fewer.
const MAX_MIDDLE_LETTERS: usize = 3;
/// Longer words are no words.
const MAX_WORD_BYTES: u32 = 160;
/// Between two pieces, other than a space.
const MAX_PIECE_GAP_CHARS: usize = 3;
/// Between two flag letters.
const MAX_FLAG_GAP_CHARS: usize = 4;
/// More flag letters in a row are countries.
const MAX_FLAGS: usize = 32;
/// A word is turned when so many of its letters are.
const MIN_TURNED: usize = 2;

impl Reader<'_> {
    /// Looks for hidden words in all of the text.
    pub(super) fn hidden(&mut self) {
        let mut alike = std::mem::take(&mut self.into.alike);
        alike.extend(self.words.iter().map(|word| self.alike(*word)));
        for (number, (word, seen_as)) in self.words.iter().zip(&alike).enumerate() {
            if word.made_of == LETTER && self.vocabulary.alike.may_hold(*seen_as) {
                self.extra(Shape::Alike, |reader| reader.units(word.start, word.end, false));
            }
            if self.vocabulary.starts.may_hold(*seen_as) {
                self.pieces(number, &alike);
            }
            if self.mask_after(word.end) {
                self.masked(word.start);
            }
            if word.made_of & WIDE != 0 {
                self.turned(*word);
            }
        }
        self.into.alike = alike;
        if !self.folded.text().is_ascii() {
            self.flags();
        }
        if self.original.contains('\u{202e}') {
            self.backwards();
        }
    }

    /// The word with `l` as `i` and digits as letters, hashed; one in another script as it stands.
    #[inline]
    fn alike(&self, word: Word) -> u32 {
        if word.made_of & WIDE != 0 {
            return word.hash;
        }
        if word.made_of & (DIGIT | LETTER) == LETTER {
            return words::alike_at(self.folded.text().as_bytes(), word.start as usize, word.end as usize);
        }
        words::alike(self.between(word.start, word.end).as_bytes())
    }

    /// The word that starts at word `first`, cut in pieces.
    fn pieces(&mut self, first: usize, alike: &[u32]) {
        let mut last = first;
        while let (Some(one), Some(next)) = (self.words.get(last).copied(), self.words.get(last + 1).copied())
            && last + 1 - first < MAX_PIECES
            && self.parts_pieces(one, next)
        {
            last += 1;
            if alike.get(last).is_some_and(|seen_as| self.vocabulary.ends.may_hold(*seen_as)) {
                self.extra(Shape::Split, |reader| {
                    for word in reader.words.iter().skip(first).take(last + 1 - first) {
                        reader.units(word.start, word.end, true);
                    }
                });
            }
            let bytes = (next.end - next.start) as usize;
            if bytes > MAX_MIDDLE_LETTERS
                && (bytes > MAX_MIDDLE_BYTES
                    || self.between(next.start, next.end).chars().nth(MAX_MIDDLE_LETTERS).is_some())
            {
                break;
            }
        }
    }

    /// Whether what stands between may part the pieces of one word: a few symbols, or a space between pieces of more
    /// than a letter ("i phone" and "a mend" are two words).
    #[inline]
    fn parts_pieces(&self, one: Word, next: Word) -> bool {
        let between = self.between(one.end, next.start);
        if between == " " {
            return (one.made_of | next.made_of) & SINGLE == 0;
        }
        !between.is_empty()
            && between.chars().all(|letter| letter != ' ' && is_gap(letter))
            && between.chars().nth(MAX_PIECE_GAP_CHARS).is_none()
    }

    fn mask_after(&self, at: u32) -> bool {
        match self.folded.text().as_bytes().get(at as usize) {
            Some(byte) if byte.is_ascii() => is_mask(char::from(*byte)),
            Some(_) => self.letter_at(at).is_some_and(is_mask),
            None => false,
        }
    }

    fn letter_at(&self, at: u32) -> Option<char> {
        self.folded.text().get(at as usize..)?.chars().next()
    }

    /// The word that starts at `start`, with letters masked.
    fn masked(&mut self, start: u32) {
        // One look at each run of letters and masks, or a text of nothing else would be looked at from every word on.
        let before = self.folded.text().get(..start as usize).unwrap_or_default().chars().next_back();
        if before.is_some_and(is_mask) {
            return;
        }
        let rest = self.folded.text().get(start as usize..).unwrap_or_default();
        let length = rest.find(|letter| !is_word(letter) && !is_mask(letter)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default().trim_end_matches(is_mask);
        let masks = word.chars().filter(|letter| is_mask(*letter)).count();
        let Ok(bytes) = u32::try_from(word.len()) else { return };
        if (1..=MAX_MASKS).contains(&masks) && bytes <= MAX_WORD_BYTES {
            self.extra(Shape::Masked, |reader| reader.units(start, start + bytes, false));
        }
    }

    /// A word written upside down, and so backwards.
    fn turned(&mut self, word: Word) {
        let text = self.between(word.start, word.end);
        let odd = |letter: &char| !letter.is_ascii() && turned(*letter).is_some();
        if text.chars().filter(odd).count() >= MIN_TURNED && text.len() <= MAX_WORD_BYTES as usize {
            self.extra(Shape::Turned, |reader| {
                let first = reader.into.units.len();
                reader.units(word.start, word.end, false);
                for unit in reader.into.units.iter_mut().skip(first) {
                    unit.turn(turned(unit.letter));
                }
                reader.reverse_from(first);
            });
        }
    }

    /// Words that a right-to-left override makes the reader see from their end.
    fn backwards(&mut self) {
        // Words come in order, so that the text before them is looked through once.
        let (mut looked, mut overridden) = (0, false);
        for word in self.words {
            let at = self.folded.original_span(word.start as usize..word.end as usize).start;
            for letter in self.original.get(looked..at).unwrap_or_default().chars() {
                match letter {
                    '\u{202e}' => overridden = true,
                    '\u{202c}' | '\n' => overridden = false,
                    _ => {}
                }
            }
            looked = looked.max(at);
            if overridden && word.end - word.start <= MAX_WORD_BYTES {
                self.extra(Shape::Backwards, |reader| {
                    let first = reader.into.units.len();
                    reader.units(word.start, word.end, false);
                    for unit in reader.into.units.iter_mut().skip(first) {
                        unit.turn(None);
                    }
                    reader.reverse_from(first);
                });
            }
        }
    }

    /// Letters that make up flags, three or more that stand near each other.
    fn flags(&mut self) {
        let text = self.folded.text();
        let mut row: Vec<(usize, char)> = Vec::new();
        let mut at = 0;
        while let Some(ahead) =
            memchr::memmem::find(text.as_bytes().get(at..).unwrap_or_default(), b"\xF0\x9F\x87")
        {
            let place = at + ahead;
            at = place + 4;
            let Some(letter) = text.get(place..).and_then(|rest| rest.chars().next()) else { continue };
            if flag_letter(letter).is_none() {
                continue;
            }
            let joined = row.last().is_some_and(|(last, _)| {
                let gap = text.get(last + 4..place).unwrap_or_default();
                gap.chars().all(is_gap) && gap.chars().nth(MAX_FLAG_GAP_CHARS).is_none()
            });
            if !joined || row.len() >= MAX_FLAGS {
                self.flag_row(&row);
                row.clear();
            }
            row.push((place, letter));
        }
        self.flag_row(&row);
    }

    fn flag_row(&mut self, row: &[(usize, char)]) {
        if row.len() >= 3 {
            self.extra(Shape::Region, |reader| {
                for (place, _) in row {
                    let start = u32::try_from(*place).unwrap_or(u32::MAX);
                    reader.units(start, start + 4, false);
                }
            });
        }
    }

    /// Keeps the units that `fill` appends as a chunk of its own.
    fn extra(&mut self, shape: Shape, fill: impl FnOnce(&mut Self)) {
        let start = self.begin();
        fill(self);
        let end = self.begin();
        self.mark_runs(start as usize);
        if end > start {
            let chunk = Chunk { units: (start, end), shape, loose: (false, false), opens: true, told: true };
            self.into.extras.push(chunk);
        }
    }

    fn reverse_from(&mut self, first: usize) {
        if let Some(units) = self.into.units.get_mut(first..) {
            units.reverse();
        }
    }
}
