//! Finds the disguised words of a text and reads them, with the words beside them that a phrase may take in.

use super::leet::{Between, between, is_gap, is_leet_symbol, read};
use super::{Chunk, Disguise, KeyHash, Kind, MAX_REGION_UNITS, Shape, Unit, Vocabulary};
use crate::normalise::fold::Folded;
use crate::normalise::letters::{is_word, look_alike};
use crate::normalise::words::{DIGIT, LETTER, SINGLE, TRIPLE, WIDE, Word};

/// Longer words are no words.
const MAX_WORD_UNITS: usize = 160;
/// Between the words of a phrase, such as " - ".
const MAX_SEPARATOR_BYTES: usize = 8;

/// Reads the words of one text into a [`Disguise`].
pub(super) struct Reader<'a> {
    pub(super) into: &'a mut Disguise,
    pub(super) folded: &'a Folded,
    pub(super) original: &'a str,
    pub(super) words: &'a [Word],
    pub(super) vocabulary: &'a Vocabulary,
    context: usize,
    /// The number of the last word that is in a chunk.
    last: Option<usize>,
    /// How many words after it are wanted as context.
    wanted: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        into: &'a mut Disguise,
        folded: &'a Folded,
        original: &'a str,
        words: &'a [Word],
        vocabulary: &'a Vocabulary,
    ) -> Self {
        let context = vocabulary.phrase().saturating_sub(1);
        Self { into, folded, original, words, vocabulary, context, last: None, wanted: 0 }
    }

    pub(super) fn run(&mut self) {
        self.hidden();
        let mut at = 0;
        while let Some(word) = self.words.get(at) {
            if word.made_of & SINGLE != 0
                && let Some(after) = self.region(at)
            {
                at = after;
                continue;
            }
            at = self.word(at);
        }
    }

    /// The text between two words.
    pub(super) fn between(&self, start: u32, end: u32) -> &'a str {
        self.folded.text().get(start as usize..end as usize).unwrap_or_default()
    }

    /// The last of three or more letters pulled apart that start at word `first`.
    fn region_end(&self, first: usize) -> Option<usize> {
        let mut last = first;
        let mut letters = 1;
        while letters < MAX_REGION_UNITS
            && let (Some(one), Some(next)) = (self.words.get(last), self.words.get(last + 1))
            && one.made_of & next.made_of & SINGLE != 0
            && let gap = between(self.between(one.end, next.start))
            && gap != Between::Text
        {
            letters += 1 + usize::from(gap != Between::Gap);
            last += 1;
        }
        (letters >= 3).then_some(last)
    }

    /// Reads letters pulled apart from word `first` on, if there are any; gives the word after them.
    fn region(&mut self, first: usize) -> Option<usize> {
        let last = self.region_end(first)?;
        self.context_before(first);
        let start = self.begin();
        let before = self.words.get(first).and_then(|word| self.lone_symbol_before(word.start));
        let after = self.words.get(last).and_then(|word| self.lone_symbol_after(word.end));
        if let Some((from, to)) = before {
            self.units(from, to, true);
        }
        for number in first..=last {
            let word = self.words.get(number)?;
            self.units(word.start, word.end, true);
            if let Some(next) = self.words.get(number + 1).filter(|_| number < last)
                && let Between::Symbol(offset) = between(self.between(word.end, next.start))
            {
                let place = word.end + offset;
                let width = self.between(place, next.start).chars().next().map_or(1, char::len_utf8);
                self.units(place, place + u32::try_from(width).unwrap_or(1), true);
            }
        }
        if let Some((from, to)) = after {
            self.units(from, to, true);
        }
        self.finish(start, first, last, Shape::Region, (before.is_some(), after.is_some()), true);
        self.wanted = self.context;
        Some(last + 1)
    }

    /// A symbol that may be the first of letters pulled apart, and stands apart as they do.
    fn lone_symbol_before(&self, start: u32) -> Option<(u32, u32)> {
        let text = self.folded.text().get(..start as usize)?;
        let mut back = text.char_indices().rev();
        back.next().filter(|(_, letter)| is_gap(*letter))?;
        let (at, symbol) = back.next().filter(|(_, letter)| is_leet_symbol(*letter) && !is_gap(*letter))?;
        let stands_apart = back.next().is_none_or(|(_, letter)| !is_word(letter) && !is_leet_symbol(letter));
        let at = u32::try_from(at).ok()?;
        stands_apart.then_some((at, at + u32::try_from(symbol.len_utf8()).ok()?))
    }

    /// The same behind them.
    fn lone_symbol_after(&self, end: u32) -> Option<(u32, u32)> {
        let text = self.folded.text().get(end as usize..)?;
        let mut ahead = text.char_indices();
        ahead.next().filter(|(_, letter)| is_gap(*letter))?;
        let (at, symbol) = ahead.next().filter(|(_, letter)| is_leet_symbol(*letter) && !is_gap(*letter))?;
        let stands_apart = ahead.next().is_none_or(|(_, letter)| !is_word(letter) && !is_leet_symbol(letter));
        let at = end + u32::try_from(at).ok()?;
        stands_apart.then_some((at, at + u32::try_from(symbol.len_utf8()).ok()?))
    }

    /// Reads the word at `first`, with those joined to it by a symbol that may be a letter; gives the word after it.
    fn word(&mut self, first: usize) -> usize {
        if self.words.get(first).is_some_and(|word| self.is_plain(word)) {
            if self.wanted > 0 {
                self.context_after(first);
            }
            return first + 1;
        }
        let mut last = first;
        let mut made_of = 0;
        let mut letters = 0;
        while let Some(word) = self.words.get(last) {
            made_of |= word.made_of & !SINGLE;
            letters += (word.end - word.start) as usize;
            let Some(next) = self.words.get(last + 1) else { break };
            let mut symbols = self.between(word.end, next.start).chars();
            let joined = symbols.next().is_some_and(is_leet_symbol) && symbols.next().is_none();
            if !joined || letters > MAX_WORD_UNITS || self.region_end(last + 1).is_some() {
                break;
            }
            last += 1;
        }
        let changed = self.changed(first, last, made_of);
        if last > first {
            // "v1agra+c1alis": each may be a word of its own.
            for number in first..=last {
                let Some(word) = self.words.get(number) else { break };
                if !self.changed(number, number, word.made_of) && !changed && self.wanted > 0 {
                    self.context_after(number);
                }
            }
        } else if !changed && self.wanted > 0 {
            self.context_after(first);
        }
        last + 1
    }

    /// Whether a word is nothing but itself: almost all are.
    fn is_plain(&self, word: &Word) -> bool {
        let beside = |at: Option<u32>| {
            at.and_then(|at| self.folded.text().as_bytes().get(at as usize))
                .is_none_or(|byte| byte.is_ascii() && !is_leet_symbol(char::from(*byte)))
        };
        word.made_of == LETTER && beside(word.start.checked_sub(1)) && beside(Some(word.end))
    }

    /// Keeps the words `first..=last` as one chunk with its context if it is disguised.
    fn changed(&mut self, first: usize, last: usize, made_of: u8) -> bool {
        let (Some(one), Some(end)) = (self.words.get(first), self.words.get(last)) else { return false };
        let (start, end) = (one.start, end.end);
        let loose = (self.symbol_before(start), self.symbol_after(end));
        let joined = last > first || loose.0 || loose.1;
        let leet = made_of & (LETTER | WIDE) != 0 && (made_of & DIGIT != 0 || joined);
        if !(leet || made_of & (WIDE | TRIPLE) != 0) || (end - start) as usize > MAX_WORD_UNITS * 4 {
            return false;
        }
        let shape = if made_of & WIDE != 0 {
            match self.wide_shape(start, end) {
                Some(shape) => shape,
                None if leet || made_of & TRIPLE != 0 => Shape::Changed,
                None => return false,
            }
        } else {
            Shape::Changed
        };
        let told = self.is_known(start, end, loose);
        if !told && !self.vocabulary.inner {
            return false;
        }
        if told {
            self.context_before(first);
            self.wanted = self.context;
        }
        let begin = self.begin();
        self.units(start - u32::from(loose.0), end + u32::from(loose.1), false);
        self.finish(begin, first, last, shape, loose, told);
        true
    }

    /// Whether the vocabulary may have the word, with or without the symbols beside it.
    fn is_known(&self, start: u32, end: u32, loose: (bool, bool)) -> bool {
        (start - u32::from(loose.0)..=start).any(|start| {
            (end..=end + u32::from(loose.1)).any(|end| {
                let mut at = start as usize;
                let keys = self.between(start, end).chars().take(MAX_WORD_UNITS).map(|letter| {
                    let key = self.read(letter, at).0;
                    at += letter.len_utf8();
                    key
                });
                self.vocabulary.words.may_hold(KeyHash::of(keys))
            })
        })
    }

    fn read(&self, letter: char, at: usize) -> (char, Kind, bool) {
        let original = if letter.is_ascii() { letter } else { self.original_letter(at, letter.len_utf8()) };
        read(letter, original)
    }

    /// The shape of a word with characters beyond ASCII; `None` where it is nothing but itself.
    fn wide_shape(&mut self, start: u32, end: u32) -> Option<Shape> {
        let text = self.between(start, end);
        let latin = text.bytes().any(|byte| byte.is_ascii_alphabetic());
        let mut any = false;
        let mut at = start as usize;
        for letter in text.chars() {
            let width = letter.len_utf8();
            if !letter.is_ascii() {
                match look_alike(letter) {
                    // Case decides only for the few whose small form looks different.
                    Some((_, true)) => any = true,
                    Some((_, false)) if latin || self.looks_exact(at, width) => any = true,
                    _ if latin => {}
                    _ => {
                        self.into.foreign_text = true;
                        return None;
                    }
                }
            }
            at += width;
        }
        any.then_some(if latin { Shape::Changed } else { Shape::Foreign })
    }

    fn looks_exact(&self, at: usize, width: usize) -> bool {
        look_alike(self.original_letter(at, width)).is_some_and(|(_, exact)| exact)
    }

    fn original_letter(&self, at: usize, width: usize) -> char {
        let span = self.folded.original_span(at..at + width);
        self.original.get(span).and_then(|text| text.chars().next()).unwrap_or('\0')
    }

    fn symbol_before(&self, start: u32) -> bool {
        let text = self.folded.text().get(..start as usize).unwrap_or_default();
        let mut back = text.chars().rev();
        matches!(back.next(), Some('$' | '@'))
            && !back.next().is_some_and(|letter| is_word(letter) || is_leet_symbol(letter))
    }

    fn symbol_after(&self, end: u32) -> bool {
        let text = self.folded.text().get(end as usize..).unwrap_or_default();
        let mut ahead = text.chars();
        matches!(ahead.next(), Some('$' | '@'))
            && !ahead.next().is_some_and(|letter| is_word(letter) || is_leet_symbol(letter))
    }

    /// Keeps the words before `first` that a phrase may take in.
    fn context_before(&mut self, first: usize) {
        let mut from = first;
        while from > 0
            && first - from < self.context
            && self.last.is_none_or(|last| last + 1 < from)
            && self.phrase_gap(from - 1)
        {
            from -= 1;
        }
        (from..first).for_each(|number| self.plain(number));
    }

    /// Keeps word `number`, which is not disguised, if a phrase that started before it may go on.
    fn context_after(&mut self, number: usize) {
        if number > 0 && self.last == Some(number - 1) && self.phrase_gap(number - 1) {
            self.plain(number);
            self.wanted -= 1;
        } else {
            self.wanted = 0;
        }
    }

    /// Whether words `number` and `number + 1` may be neighbours in a phrase.
    fn phrase_gap(&self, number: usize) -> bool {
        let (Some(one), Some(next)) = (self.words.get(number), self.words.get(number + 1)) else {
            return false;
        };
        let between = self.between(one.end, next.start);
        (1..=MAX_SEPARATOR_BYTES).contains(&between.len())
            && between.bytes().all(|byte| matches!(byte, b' ' | b'-' | b'_'))
    }

    fn plain(&mut self, number: usize) {
        if let Some(word) = self.words.get(number).copied() {
            let start = self.begin();
            self.units(word.start, word.end, false);
            self.finish(start, number, number, Shape::Plain, (false, false), true);
        }
    }

    pub(super) fn begin(&self) -> u32 {
        u32::try_from(self.into.units.len()).unwrap_or(u32::MAX)
    }

    /// Makes a chunk of the units from `start` on, which are the words `first..=last`.
    fn finish(
        &mut self,
        start: u32,
        first: usize,
        last: usize,
        shape: Shape,
        loose: (bool, bool),
        told: bool,
    ) {
        let end = self.begin();
        self.mark_runs(start as usize);
        let continues = first > 0 && self.last == Some(first - 1) && self.phrase_gap(first - 1);
        self.into.chunks.push(Chunk { units: (start, end), shape, loose, opens: !continues, told });
        self.last = Some(last);
    }

    /// Appends the letters of a stretch. `apart`: they are pulled apart, so that each `i` may be an `l`.
    pub(super) fn units(&mut self, start: u32, end: u32, apart: bool) {
        let mut at = start;
        for letter in self.between(start, end).chars().take(MAX_WORD_UNITS) {
            let (key, mut kind, _) = self.read(letter, at as usize);
            if matches!(letter, 'i' | 'l') && (apart || self.has_odd_case(at)) {
                kind = Kind::LookAlike;
            }
            let next = at + u32::try_from(letter.len_utf8()).unwrap_or(1);
            self.into.units.push(Unit { letter, key, kind, in_run: false, start: at, end: next });
            at = next;
        }
    }

    /// Whether an `l` among capitals or an `I` among small letters was written where no word has one: the two look
    /// the same.
    fn has_odd_case(&self, at: u32) -> bool {
        let place = self.folded.original_span(at as usize..at as usize + 1).start;
        let bytes = self.original.as_bytes();
        let before = place.checked_sub(1).and_then(|before| bytes.get(before)).copied().unwrap_or(b' ');
        let after = bytes.get(place + 1).copied().unwrap_or(b' ');
        match bytes.get(place) {
            Some(b'I') => before.is_ascii_lowercase() || after.is_ascii_lowercase(),
            Some(b'l') => {
                after.is_ascii_uppercase() || (before.is_ascii_uppercase() && !after.is_ascii_lowercase())
            }
            _ => false,
        }
    }

    pub(super) fn mark_runs(&mut self, start: usize) {
        let units = self.into.units.get_mut(start..).unwrap_or_default();
        for run in units.chunk_by_mut(|one, next| one.letter == next.letter) {
            if run.len() >= 3 {
                for unit in run {
                    unit.in_run = true;
                }
            }
        }
    }
}
