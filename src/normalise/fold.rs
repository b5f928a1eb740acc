//! The standard view: NFKC, case folding, marks stripped by script, invisible characters and left-over markup out,
//! digits of every script to ASCII, quotes and dashes to one form, white space runs to one space.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, compose};

use super::block;
use super::letters::{self, COMPOSE, COMPOSE_UNBOUNDED, INVISIBLE, OTHER, SPACE, STRIP, UNBOUNDED, WORD};
use super::map::OffsetMap;
use super::markup;

/// Text beyond this is not looked at: no listing is so long, and offsets stay within 32 bits.
pub const MAX_TEXT_BYTES: usize = 64 << 20;
/// Marks kept on one letter; more are no writing, and putting them in order would take time without end.
const MAX_MARKS: usize = 16;
/// Bytes looked at in one step of the ASCII path: a compiler turns it into a few vector instructions.
const CHUNK: usize = 32;
/// Longer replacements are rare, and written one by one.
const SHORT: usize = 8;

/// A text in the standard view with a map back to the original bytes. Reuse it: its buffers keep their room.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    text: String,
    map: OffsetMap,
}

impl Folded {
    /// Folds one text.
    pub fn new(text: &str) -> Self {
        let mut folded = Self::default();
        folded.fold(text);
        folded
    }

    /// Replaces the content by `text`, folded. Folding a folded text changes nothing.
    pub fn fold(&mut self, text: &str) {
        let text = text.get(..text.floor_char_boundary(MAX_TEXT_BYTES)).unwrap_or(text);
        self.map.clear();
        let mut out = std::mem::take(&mut self.text).into_bytes();
        out.clear();
        out.reserve(text.len() + CHUNK);
        let mut folder = Folder { out, map: &mut self.map };
        folder.run(text);
        // Every write was of whole characters.
        self.text = String::from_utf8(folder.out).unwrap_or_default();
    }

    /// The folded text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the original that the folded bytes of `range` came from: on character boundaries, a letter with
    /// all its marks, without what was dropped before or after it.
    pub fn original_span(&self, range: Range<usize>) -> Range<usize> {
        self.map.original(&range)
    }
}

/// A term in the standard view, without white space around it: the same folding as a text's, without the map.
pub fn fold_term(term: &str) -> String {
    Folded::new(term).text.trim().to_owned()
}

struct Folder<'m> {
    out: Vec<u8>,
    map: &'m mut OffsetMap,
}

impl Folder<'_> {
    fn run(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<CHUNK>)
                && is_plain(chunk, self.out.last() == Some(&b' '))
            {
                let mut folded = *chunk;
                folded.make_ascii_lowercase();
                self.map.copy(self.out.len(), at);
                self.out.extend_from_slice(&folded);
                at += CHUNK;
                continue;
            }
            let stop = at + CHUNK;
            while at < stop {
                at = self.stretch(bytes, at, stop);
                if at >= stop {
                    break;
                }
                let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) else { return };
                let end = at + letter.len_utf8();
                if letter.is_ascii() {
                    self.ascii(letter, at);
                } else {
                    self.letter(letter, at..end);
                }
                at = end;
            }
        }
    }

    /// Writes the characters from `at` to about `stop`, a chunk away, as far as each folds by itself; gives the place
    /// after them.
    fn stretch(&mut self, bytes: &[u8], mut at: usize, stop: usize) -> usize {
        let base = self.out.len();
        let mut written = [0; CHUNK + SHORT];
        let mut used = 0;
        let mut last = self.out.last().copied().unwrap_or_default();
        while at < stop && used < CHUNK {
            let eight = block::read(bytes, at);
            let spaces = block::equal(eight, b' ');
            let doubled = spaces & ((spaces << 8) | if last == b' ' { 0x80 } else { 0 });
            let special = block::equal(eight, b';') | block::equal(eight, b'>') | doubled;
            let count = block::leading(block::within(eight, 0x20, 0x5F) & !special) as usize;
            if count > 0 {
                let upper = block::within(eight, b'A', 26);
                let Some(to) = written.get_mut(used..).and_then(<[u8]>::first_chunk_mut::<8>) else { break };
                *to = (eight | (upper >> 2)).to_le_bytes();
                self.map.copy(base + used, at);
                used += count;
                at += count;
                last = bytes.get(at - 1).copied().unwrap_or_default();
                continue;
            }
            if bytes.get(at).is_none_or(u8::is_ascii) {
                break;
            }
            let (point, width) = decode(bytes, at);
            if width == 2
                && let Some([written_as, one, two]) = letters::TWO_BYTES.get(point as usize).copied()
                && written_as != 0
                && let Some([first, second]) = written.get_mut(used..).and_then(<[u8]>::first_chunk_mut::<2>)
            {
                if written_as == letters::SAME_WIDTH {
                    self.map.copy(base + used, at);
                } else {
                    self.map.replace(base + used, &(at..at + width));
                }
                (*first, *second) = (one, two);
                last = 0;
                used += if written_as == letters::ONE_BYTE { 1 } else { 2 };
                at += width;
                continue;
            }
            let code = letters::code_of(point);
            let from = if code <= UNBOUNDED {
                self.map.copy(base + used, at);
                bytes.get(at..at + width).unwrap_or_default()
            } else {
                let (text, staged) = letters::replacement(code);
                if staged || text.is_empty() || text.len() > SHORT {
                    break;
                }
                let one = text.bytes().next().is_some_and(|first| width_of(first) == text.len());
                if one && text.len() == width {
                    self.map.copy(base + used, at);
                } else {
                    self.map.replace(base + used, &(at..at + width));
                }
                text.as_bytes()
            };
            let Some(to) = written.get_mut(used..used + from.len()) else { break };
            for (byte, place) in from.iter().zip(to) {
                *place = *byte;
            }
            last = 0;
            used += from.len();
            at += width;
        }
        self.out.extend_from_slice(written.get(..used).unwrap_or_default());
        at
    }

    #[inline]
    fn ascii(&mut self, letter: char, at: usize) {
        match letter {
            ' ' | '\t'..='\r' => self.space(at..at + 1),
            '\0'..='\x1f' | '\x7f' => {}
            _ => {
                self.map.copy(self.out.len(), at);
                self.out.push((letter as u8).to_ascii_lowercase());
                if letter == ';' {
                    self.entity(at + 1);
                } else if letter == '>' {
                    self.tag(at + 1);
                }
            }
        }
    }

    #[inline]
    fn letter(&mut self, letter: char, from: Range<usize>) {
        match letters::code(letter) {
            WORD | OTHER | UNBOUNDED => self.push(letter, from),
            STRIP => self.mark(letter, &from),
            INVISIBLE => {}
            SPACE => self.space(from),
            COMPOSE | COMPOSE_UNBOUNDED => self.join(letter, from),
            code => {
                let (text, staged) = letters::replacement(code);
                if staged {
                    for part in text.chars() {
                        self.staged(part, &from);
                    }
                } else if text.len() == from.len() && text.chars().nth(1).is_none() {
                    self.map.copy(self.out.len(), from.start);
                    self.out.extend_from_slice(text.as_bytes());
                } else {
                    self.map.replace(self.out.len(), &from);
                    self.out.extend_from_slice(text.as_bytes());
                }
            }
        }
    }

    /// One letter of a replacement, which is in the standard view but may join what stands before it.
    fn staged(&mut self, part: char, from: &Range<usize>) {
        match letters::code(part) {
            SPACE => self.space(from.clone()),
            COMPOSE | COMPOSE_UNBOUNDED => self.join(part, from.clone()),
            _ => {
                self.replace_with(part, from);
                if part == ';' {
                    self.entity(from.end);
                } else if part == '>' {
                    self.tag(from.end);
                }
            }
        }
    }

    fn push(&mut self, letter: char, from: Range<usize>) {
        if letter.len_utf8() == from.len() {
            self.map.copy(self.out.len(), from.start);
            self.out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            self.replace_with(letter, &from);
        }
    }

    fn replace_with(&mut self, letter: char, from: &Range<usize>) {
        self.map.replace(self.out.len(), from);
        self.out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    }

    fn space(&mut self, from: Range<usize>) {
        if self.out.last() != Some(&b' ') {
            self.push(' ', from);
        }
    }

    /// A mark that carries no letter goes, and belongs to the letter before it. й and its like stay letters.
    fn mark(&mut self, mark: char, from: &Range<usize>) {
        let Some((base, at)) = self.last() else { return };
        if base == ' ' {
            return;
        }
        let original = self.map.original(&(at..self.out.len())).start;
        let letter = match (base, mark) {
            ('и', '\u{306}') => 'й',
            ('у', '\u{306}') => 'ў',
            ('і', '\u{308}') => 'ї',
            ('г', '\u{301}') => 'ѓ',
            ('к', '\u{301}') => 'ќ',
            _ => base,
        };
        self.cut(at);
        self.replace_with(letter, &(original..from.end));
    }

    /// A mark or jamo that is part of a letter: composed with what stands before it, or put in canonical order.
    fn join(&mut self, mark: char, from: Range<usize>) {
        let hamza_or_madda = matches!(mark, '\u{653}'..='\u{655}');
        let Some((base, at)) = self.last() else {
            return if hamza_or_madda { self.mark(mark, &from) } else { self.push(mark, from) };
        };
        if hamza_or_madda && base == 'ا' {
            return self.mark(mark, &from);
        }
        if let Some(letter) = compose(base, mark) {
            let original = self.map.original(&(at..self.out.len())).start;
            self.cut(at);
            return self.replace_with(letter, &(original..from.end));
        }
        if hamza_or_madda {
            return self.mark(mark, &from);
        }
        if canonical_combining_class(mark) == 0 || canonical_combining_class(base) == 0 {
            return self.push(mark, from);
        }
        self.reorder(mark, from);
    }

    fn reorder(&mut self, mark: char, from: Range<usize>) {
        let mut start = self.out.len();
        let mut marks = 0;
        while let Some((letter, at)) = last_letter(self.out.get(..start).unwrap_or_default()) {
            start = at;
            if canonical_combining_class(letter) == 0 {
                break;
            }
            marks += 1;
            if marks == MAX_MARKS {
                return;
            }
        }
        let cluster = self.out.get(start..).and_then(|bytes| std::str::from_utf8(bytes).ok());
        let cluster = cluster.unwrap_or_default();
        let composed: String = cluster.chars().chain([mark]).nfc().collect();
        if composed.strip_prefix(cluster).is_some_and(|rest| rest.chars().eq([mark])) {
            return self.push(mark, from);
        }
        let original = self.map.original(&(start..self.out.len())).start;
        self.cut(start);
        self.map.replace(self.out.len(), &(original..from.end));
        self.out.extend_from_slice(composed.as_bytes());
    }

    /// Replaces the entity that ends here, and the one that its replacement may complete.
    fn entity(&mut self, end: usize) {
        while let Some((start, letter)) = markup::entity_at_end(&self.out) {
            let original = self.map.original(&(start..self.out.len())).start;
            self.cut(start);
            let semicolon = letter == ';' || letters::replacement(letters::code(letter)).0 == ";";
            if !semicolon {
                // Never a semicolon, so this cannot come back here; a `>` may complete a tag, which ends there.
                return match letter {
                    '>' => {
                        self.replace_with(letter, &(original..end));
                        self.tag(end);
                    }
                    ' ' | '\t'..='\r' => self.space(original..end),
                    '\0'..='\x1f' | '\x7f' => {}
                    _ if letter.is_ascii() => {
                        self.replace_with(letter.to_ascii_lowercase(), &(original..end));
                    }
                    _ => self.letter(letter, original..end),
                };
            }
            self.replace_with(';', &(original..end));
        }
    }

    fn tag(&mut self, end: usize) {
        if let Some((start, parts_words)) = markup::tag_at_end(&self.out) {
            let original = self.map.original(&(start..self.out.len())).start;
            self.cut(start);
            if parts_words && self.out.last() != Some(&b' ') {
                self.replace_with(' ', &(original..end));
            }
        }
    }

    fn cut(&mut self, at: usize) {
        self.out.truncate(at);
        self.map.truncate(at);
    }

    fn last(&self) -> Option<(char, usize)> {
        last_letter(&self.out)
    }
}

/// Bytes of the character that starts with `first`.
#[inline]
fn width_of(first: u8) -> usize {
    match first {
        ..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 => 3,
        _ => 4,
    }
}

/// The code point at `at` of valid UTF-8, where a character beyond ASCII starts, and its bytes.
#[inline]
fn decode(bytes: &[u8], at: usize) -> (u32, usize) {
    let byte = |ahead: usize| u32::from(bytes.get(at + ahead).copied().unwrap_or_default());
    let width = width_of(bytes.get(at).copied().unwrap_or_default());
    let rest = |ahead| byte(ahead) & 0x3F;
    let point = match width {
        2 => (byte(0) & 0x1F) << 6 | rest(1),
        3 => (byte(0) & 0x0F) << 12 | rest(1) << 6 | rest(2),
        _ => (byte(0) & 0x07) << 18 | rest(1) << 12 | rest(2) << 6 | rest(3),
    };
    (point, width)
}

/// The last character of UTF-8 bytes and where it starts.
fn last_letter(bytes: &[u8]) -> Option<(char, usize)> {
    let back = bytes.iter().rev().take(4).position(|byte| !(0x80..0xC0).contains(byte))?;
    let at = bytes.len() - 1 - back;
    let letter = std::str::from_utf8(bytes.get(at..)?).ok()?.chars().next()?;
    Some((letter, at))
}

/// Printable ASCII without anything but case to fold. A second space in a row is to be dropped; `after_space` says
/// that one stands before.
#[inline]
fn is_plain(chunk: &[u8; CHUNK], after_space: bool) -> bool {
    let mut odd = 0;
    let mut space_before = u8::from(after_space);
    for byte in chunk {
        let space = u8::from(*byte == b' ');
        odd |= u8::from(byte.wrapping_sub(0x20) > 0x5E) | u8::from(*byte == b';') | u8::from(*byte == b'>');
        odd |= space & space_before;
        space_before = space;
    }
    odd == 0
}
