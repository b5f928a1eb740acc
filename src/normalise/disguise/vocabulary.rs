//! What is known of all terms together, so that almost every word of a text is put aside at a glance.

use super::leet::read;
use super::{DisguisedTerm, KeyHash, MIN_ALIKE_CHARS, MIN_SPLIT_CHARS, MIN_SPLIT_CHARS_UNBOUNDED};
use crate::normalise::bloom::Bloom;
use crate::normalise::letters::is_unbounded;
use crate::normalise::words;

/// The words of the terms that are looked for in disguise.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    /// Collapsed keys of the words of all terms.
    pub(super) words: Bloom,
    /// Terms of one word with `i` or `l` in it, by [`words::alike`].
    pub(super) alike: Bloom,
    /// Proper beginnings of terms of one word, by [`words::alike`].
    pub(super) starts: Bloom,
    /// Proper endings of them.
    pub(super) ends: Bloom,
    /// Words of the longest phrase.
    phrase: usize,
    /// Some terms may stand inside words: every disguised word is kept.
    pub(super) inner: bool,
}

impl Vocabulary {
    /// The vocabulary of `terms`, given as they stand in the standard view. `inner`: others may stand inside words.
    pub fn new<'t>(terms: impl Iterator<Item = &'t str>, inner: bool) -> Self {
        let mut vocabulary = Self { inner, ..Self::default() };
        let (mut keys, mut alike, mut starts, mut ends) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for term in terms {
            vocabulary.phrase = vocabulary.phrase.max(term.split(' ').count());
            keys.extend(
                term.split(' ').map(|word| KeyHash::of(word.chars().map(|letter| read(letter, letter).0))),
            );
            if term.contains(' ') {
                continue;
            }
            // A term that is written in disguise itself is found in the plain word, too.
            let plain: String = term.chars().map(|letter| read(letter, letter).0).collect();
            for form in [term, &plain].into_iter().take(1 + usize::from(plain != term)) {
                if form.chars().count() >= MIN_ALIKE_CHARS && form.contains(['i', 'l']) {
                    alike.push(words::alike(form.as_bytes()));
                }
                if may_be_split(form) {
                    for (cut, _) in form.char_indices().skip(1) {
                        let (start, end) = form.split_at_checked(cut).unwrap_or_default();
                        starts.push(words::alike(start.as_bytes()));
                        ends.push(words::alike(end.as_bytes()));
                    }
                }
            }
        }
        vocabulary.words = Bloom::new(keys.into_iter());
        vocabulary.alike = Bloom::new(alike.into_iter());
        vocabulary.starts = Bloom::new(starts.into_iter());
        vocabulary.ends = Bloom::new(ends.into_iter());
        vocabulary
    }

    /// A vocabulary that puts nothing aside, for terms of up to `phrase` words: slow, and right by definition.
    pub fn everything(phrase: usize) -> Self {
        let all = Bloom::everything;
        Self { words: all(), alike: all(), starts: all(), ends: all(), phrase, inner: true }
    }

    /// Whether there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.phrase == 0 && !self.inner
    }

    /// Words of the longest phrase.
    pub fn phrase(&self) -> usize {
        self.phrase
    }
}

/// Whether a term of one word is long enough to be looked for in two or more pieces.
pub(super) fn may_be_split(term: &str) -> bool {
    let letters = term.chars().count();
    letters >= MIN_SPLIT_CHARS || (letters >= MIN_SPLIT_CHARS_UNBOUNDED && term.chars().all(is_unbounded))
}

impl DisguisedTerm {
    /// The same of a term that is read already.
    pub(super) fn may_be_split(&self) -> bool {
        self.words() == 1
            && (self.length() >= MIN_SPLIT_CHARS
                || (self.length() >= MIN_SPLIT_CHARS_UNBOUNDED && self.letters().all(is_unbounded)))
    }
}
