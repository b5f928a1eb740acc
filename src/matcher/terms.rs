//! Terms: how each is found in a text, and how a candidate is verified.

use crate::normalise::{is_unbounded, is_word};
use crate::rules::model::Bound;

/// Separators that may stand between two words of a phrase, such as " - ".
const MAX_SEPARATOR_BYTES: usize = 8;

/// A term or stem in the standard view (raw for exact ones), its words parted by single spaces.
#[derive(Debug, Clone)]
pub(super) struct Term {
    pub(super) text: Box<str>,
    pub(super) bound: Bound,
    /// A word beginning: the span runs to the word's end.
    pub(super) stem: bool,
    /// It was written with accents, so accents in the text are no trick.
    pub(super) accents: bool,
    /// Where in `text` the part stands that it is looked up by.
    pub(super) anchor: u32,
    /// Number of its group: the patterns that have it.
    pub(super) group: u32,
}

/// Whether a byte parts the words of a phrase.
fn separates(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b'_')
}

/// A folded term with every run of separators as one space, none around it.
pub(super) fn with_single_spaces(folded: &str) -> String {
    folded.split([' ', '-', '_']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

impl Term {
    /// The span of this term in `text`, which is in the term's view, if its part at `anchor` stands at `at`.
    pub(super) fn span_at(&self, text: &str, at: usize) -> Option<(usize, usize)> {
        let anchor = self.anchor as usize;
        let (before, from_anchor) = self.text.as_bytes().split_at_checked(anchor)?;
        let bytes = text.as_bytes();
        let start = walk_back(bytes, at, before)?;
        let end = walk(bytes, at, from_anchor)?;
        self.bounded(text, start, end)
            .then(|| if self.stem { (start, word_end(text, end)) } else { (start, end) })
    }

    /// The span of this term in a raw text, byte for byte.
    pub(super) fn raw_span_at(&self, text: &str, at: usize) -> Option<(usize, usize)> {
        let end = at + self.text.len();
        self.bounded(text, at, end).then(|| if self.stem { (at, word_end(text, end)) } else { (at, end) })
    }

    fn bounded(&self, text: &str, start: usize, end: usize) -> bool {
        let auto = self.bound == Bound::Auto || self.stem;
        let before = match self.bound {
            Bound::None if !self.stem => true,
            _ => edge_is_free(letter_before(text, start), letter_at(text, start), auto),
        };
        let after = match self.bound {
            Bound::Word | Bound::Auto if !self.stem => {
                edge_is_free(letter_at(text, end), letter_before(text, end), auto)
            }
            _ => true,
        };
        before && after
    }
}

/// Whether nothing beside an edge keeps it from being a word's edge. `auto` asks for nothing beside scripts without
/// boundaries.
fn edge_is_free(outside: Option<char>, inside: Option<char>, auto: bool) -> bool {
    outside.is_none_or(|outside| {
        !is_word(outside) || (auto && (is_unbounded(outside) || inside.is_some_and(is_unbounded)))
    })
}

fn letter_before(text: &str, at: usize) -> Option<char> {
    text.get(..at)?.chars().next_back()
}

fn letter_at(text: &str, at: usize) -> Option<char> {
    text.get(at..)?.chars().next()
}

fn word_end(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    let wanted = letter_before(text, from).is_some_and(is_unbounded);
    from + rest.find(|letter| !is_word(letter) || is_unbounded(letter) != wanted).unwrap_or(rest.len())
}

/// Compares `term` with `text` from `at` on, a space of the term with a run of separators; gives the end.
fn walk(text: &[u8], mut at: usize, term: &[u8]) -> Option<usize> {
    for byte in term {
        if *byte == b' ' {
            let run =
                text.get(at..)?.iter().take(MAX_SEPARATOR_BYTES).take_while(|byte| separates(**byte)).count();
            at += (run > 0).then_some(run)?;
        } else {
            if text.get(at) != Some(byte) {
                return None;
            }
            at += 1;
        }
    }
    Some(at)
}

/// The same backwards: compares `term` with what ends before `at`; gives the start.
fn walk_back(text: &[u8], mut at: usize, term: &[u8]) -> Option<usize> {
    for byte in term.iter().rev() {
        let before = text.get(..at)?;
        if *byte == b' ' {
            let run =
                before.iter().rev().take(MAX_SEPARATOR_BYTES).take_while(|byte| separates(**byte)).count();
            at -= (run > 0).then_some(run)?;
        } else {
            if before.last() != Some(byte) {
                return None;
            }
            at -= 1;
        }
    }
    Some(at)
}
