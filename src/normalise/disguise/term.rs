//! A term as disguised words are compared with it, letter by letter.

use super::leet::read;
use super::{KeyHash, Kind, MIN_ALIKE_ALONE_CHARS, MIN_FOREIGN_CHARS, Shape, Unit};
use crate::normalise::tricks::{Trick, Tricks};

/// Longer terms are not looked for in disguise: the alignment keeps one bit a letter.
pub const MAX_TERM_CHARS: usize = 100;
/// From this length on a doubled letter counts as repeated; "god" must not be found in "g00d".
const MIN_DOUBLED_CHARS: usize = 6;
/// Leet needs so long a term, and at least as many true letters as false ones: "mp3" is no disguise of "mpe".
const MIN_LEET_CHARS: usize = 4;

/// A term as disguised words are compared with it.
#[derive(Debug, Clone)]
pub struct DisguisedTerm {
    letters: Vec<TermLetter>,
    words: u16,
    key_hashes: [u32; 2],
}

#[derive(Debug, Clone, Copy)]
struct TermLetter {
    letter: char,
    key: char,
    kind: Kind,
}

impl DisguisedTerm {
    /// Reads a term in the standard view. `None` where it is too long or too short to be told in disguise.
    pub fn new(term: &str) -> Option<Self> {
        let letters: Vec<TermLetter> = term
            .chars()
            .filter(|letter| *letter != ' ')
            .map(|letter| {
                let (key, kind, _) = read(letter, letter);
                TermLetter { letter, key, kind }
            })
            .collect();
        let words = u16::try_from(term.split(' ').filter(|word| !word.is_empty()).count()).ok()?;
        let usable = letters.len() >= 2 && letters.len() <= MAX_TERM_CHARS;
        let flat = KeyHash::of(letters.iter().map(|each| each.key));
        let key_hashes = [flat, KeyHash::of(term.chars().map(|letter| read(letter, letter).0))];
        let term = Self { letters, words, key_hashes };
        (usable && term.letters().any(char::is_alphabetic)).then_some(term)
    }

    /// How many words it has.
    pub fn words(&self) -> usize {
        usize::from(self.words)
    }

    /// How many letters it has.
    pub(super) fn length(&self) -> usize {
        self.letters.len()
    }

    pub(super) fn letters(&self) -> impl Iterator<Item = char> {
        self.letters.iter().map(|each| each.letter)
    }

    /// The hashes that its windows have: of its letters pulled apart, and word by word.
    pub fn key_hashes(&self) -> [u32; 2] {
        self.key_hashes
    }

    /// Its collapsed key, for terms that may stand inside words.
    pub fn key(&self) -> String {
        let mut key = String::new();
        for each in &self.letters {
            if !key.ends_with(each.key) {
                key.push(each.key);
            }
        }
        key
    }

    /// Whether `units`, all of them, are this term in disguise, and by which tricks.
    pub(super) fn fits(&self, units: &[Unit], shape: Shape, foreign_text: bool) -> Option<Tricks> {
        if shape == Shape::Alike {
            return self.fits_alike(units);
        }
        let length = self.letters.len();
        // Pieces are looked up as they stand, so that a repetition between them is none of the word's.
        if units.len() < length
            || (shape == Shape::Split && units.len() > length)
            || (shape == Shape::Foreign && foreign_text && length < MIN_FOREIGN_CHARS)
            || self.align(units, shape) != Some(units.len())
        {
            return None;
        }
        self.tricks(units, shape)
    }

    /// Whether a plain word is this term with `l` for `i` or the other way round. Capitals that no word has (`ClALlS`)
    /// prove it; else the term must be long, and the letter stand alone: "Steile" is no "Stelle".
    fn fits_alike(&self, units: &[Unit]) -> Option<Tricks> {
        if units.len() != self.letters.len() {
            return None;
        }
        let thin = |unit: Option<&Unit>| unit.is_some_and(|unit| unit.key == 'i');
        let mut any = false;
        for (number, (unit, of)) in units.iter().zip(&self.letters).enumerate() {
            if unit.letter == of.letter {
                continue;
            }
            let alone = !thin(number.checked_sub(1).and_then(|before| units.get(before)))
                && !thin(units.get(number + 1));
            let sure = unit.kind == Kind::LookAlike || (alone && units.len() >= MIN_ALIKE_ALONE_CHARS);
            if unit.key != of.key || !sure {
                return None;
            }
            any = true;
        }
        let mut tricks = Tricks::default();
        tricks.insert(Trick::LookAlike);
        any.then_some(tricks)
    }

    /// The tricks that make `units` this term; `None` where there are none or they are no proof.
    pub(super) fn tricks(&self, units: &[Unit], shape: Shape) -> Option<Tricks> {
        let mut tricks = Tricks::default();
        let mut false_letters = 0;
        for unit in units {
            if !self.letters.iter().any(|each| each.letter == unit.letter) {
                let false_letter = matches!(unit.kind, Kind::Leet | Kind::Mask);
                tricks.insert(if false_letter { Trick::Leet } else { Trick::LookAlike });
                false_letters += usize::from(false_letter);
            }
        }
        if false_letters > 0 && (self.letters.len() < MIN_LEET_CHARS || false_letters * 2 > units.len()) {
            return None;
        }
        if units.len() > self.letters.len() {
            tricks.insert(Trick::Repeated);
        } else if units.iter().zip(&self.letters).any(swapped) {
            tricks.insert(Trick::LookAlike);
        }
        match shape {
            Shape::Region | Shape::Split => tricks.insert(Trick::Spacing),
            Shape::Turned => tricks.insert(Trick::LookAlike),
            Shape::Backwards => tricks.insert(Trick::Invisible),
            _ => {}
        }
        (!tricks.is_empty()).then_some(tricks)
    }

    /// How many units from the first on are this term: all of them if that can be, else the fewest. Each letter of
    /// the term takes a unit that may stand for it; a unit equal to the one before it may be passed over as a
    /// repetition. One bit a letter of the term, so linear in the units.
    pub(super) fn align(&self, units: &[Unit], shape: Shape) -> Option<usize> {
        let length = self.letters.len();
        let mut reached: u128 = 1;
        let mut last = None;
        let mut shortest = None;
        for (number, unit) in units.iter().enumerate() {
            let repeated = last == Some(unit.letter)
                && (unit.in_run || length >= MIN_DOUBLED_CHARS || shape == Shape::Region);
            let mut fitting: u128 = 0;
            for (bit, letter) in self.letters.iter().enumerate() {
                if reached & (1 << bit) != 0 && stands_for(unit, letter, shape) {
                    fitting |= 1 << bit;
                }
            }
            // Before the first letter nothing can be repeated.
            let kept = if repeated { reached & !1 } else { 0 };
            reached = (fitting << 1) | kept;
            last = Some(unit.letter);
            if reached == 0 {
                break;
            }
            if reached & (1 << length) != 0 {
                shortest.get_or_insert(number + 1);
                if number + 1 == units.len() {
                    return Some(number + 1);
                }
            }
        }
        shortest
    }
}

/// Whether `l` stands for `i` or the other way round.
fn swapped((unit, of): (&Unit, &TermLetter)) -> bool {
    unit.kind == Kind::LookAlike && unit.letter.is_ascii() && unit.letter != of.letter
}

/// Whether a unit may stand for a letter of a term.
fn stands_for(unit: &Unit, of: &TermLetter, shape: Shape) -> bool {
    if unit.letter == of.letter {
        return true;
    }
    if unit.kind == Kind::Mask {
        return of.letter.is_alphabetic();
    }
    if unit.key != of.key {
        return false;
    }
    match (unit.kind, of.kind) {
        // A digit for a letter, never for another digit or a symbol.
        (Kind::Leet, _) => of.letter.is_alphabetic(),
        (Kind::LookAlike, Kind::Plain | Kind::LookAlike) => true,
        // A Latin letter in a Cyrillic or Greek word.
        (Kind::Plain, Kind::LookAlike) => shape != Shape::Foreign && unit.letter.is_ascii_alphabetic(),
        _ => false,
    }
}
