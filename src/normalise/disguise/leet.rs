//! What single characters may stand for, and what stands between letters pulled apart.

use super::Kind;
use crate::normalise::letters::{is_word, look_alike};

/// Between two pulled-apart letters.
const MAX_GAP_CHARS: usize = 4;

/// What a character may stand for, how, and whether its shape is close enough to stand alone. `original` is the
/// character before folding: В looks like B, в does not.
pub(super) fn read(letter: char, original: char) -> (char, Kind, bool) {
    let leet = match letter {
        'l' => return ('i', Kind::Plain, true),
        _ if letter.is_ascii_alphabetic() => return (letter, Kind::Plain, true),
        '0' => 'o',
        '1' | '!' | '|' | '£' => 'i',
        '2' => 'z',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '8' => 'b',
        '7' | '+' => 't',
        '9' => 'g',
        '(' | '¢' => 'c',
        '¥' => 'y',
        _ if is_mask(letter) => return (letter, Kind::Mask, false),
        _ if letter.is_ascii() => return (letter, Kind::Plain, false),
        _ => {
            return if let Some(key) = flag_letter(letter) {
                (key, Kind::LookAlike, true)
            } else if is_mask(letter) {
                (letter, Kind::Mask, false)
            } else if let Some((key, exact)) = look_alike(original) {
                (key, Kind::LookAlike, exact)
            } else if let Some((key, _)) = look_alike(letter) {
                (key, Kind::LookAlike, false)
            } else {
                (letter, Kind::Plain, false)
            };
        }
    };
    (leet, Kind::Leet, true)
}

/// An ASCII byte as it looks at a glance, by the rules of [`read`].
pub(crate) fn seen_as(byte: u8) -> u8 {
    if !byte.is_ascii_alphanumeric() {
        return byte;
    }
    let letter = char::from(byte);
    u8::try_from(read(letter, letter).0).unwrap_or(byte)
}

/// What stands for a letter that is not shown. Others than these part words or belong to prices and addresses.
pub(super) fn is_mask(letter: char) -> bool {
    matches!(
        letter,
        '*' | '#' | '_' | '\u{2022}' | '\u{25CF}' | '\u{25A0}' | '\u{2731}' | '\u{2606}' | '\u{2605}'
    )
}

/// The Latin letter of a regional indicator; two of them make a flag.
pub(super) fn flag_letter(letter: char) -> Option<char> {
    let number = u32::from(letter).checked_sub(0x1F1E6).filter(|number| *number < 26)?;
    let letter = char::from(b'a' + u8::try_from(number).ok()?);
    Some(if letter == 'l' { 'i' } else { letter })
}

/// The letter that a letter is when turned upside down.
pub(super) fn turned(letter: char) -> Option<char> {
    Some(match letter {
        'ɐ' => 'a',
        'ɔ' => 'c',
        'ǝ' | 'ə' => 'e',
        'ɟ' => 'f',
        'ƃ' | 'ɓ' => 'g',
        'ɥ' => 'h',
        'ᴉ' | 'ı' => 'i',
        'ɾ' | 'ſ' => 'j',
        'ʞ' => 'k',
        'ɯ' => 'm',
        'ɹ' => 'r',
        'ʇ' => 't',
        'ʌ' => 'v',
        'ʍ' => 'w',
        'ʎ' => 'y',
        'q' => 'b',
        'p' => 'd',
        'u' => 'n',
        'd' => 'p',
        'b' => 'q',
        'n' => 'u',
        'l' | 'ʅ' => 'l',
        'i' | 'o' | 's' | 'x' | 'z' => letter,
        _ => return None,
    })
}

/// Symbols that stand for letters inside a word.
pub(super) fn is_leet_symbol(letter: char) -> bool {
    matches!(letter, '@' | '$' | '!' | '|' | '+' | '(' | '€' | '£' | '¢' | '¥')
}

/// What sellers put between the letters of a word: anything that is no letter and stands for none.
pub(super) fn is_gap(letter: char) -> bool {
    !is_word(letter) && !matches!(letter, '@' | '$' | '€' | '£' | '¢' | '¥')
}

/// What stands between two single letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    /// They do not belong together.
    Text,
    /// What sellers put between the letters of a word.
    Gap,
    /// The same around a symbol that may be a letter, at this offset.
    Symbol(u32),
}

/// What the text between two single letters is.
pub(super) fn between(text: &str) -> Between {
    if text.is_empty() || text.chars().nth(MAX_GAP_CHARS).is_some() {
        return Between::Text;
    }
    let mut symbol = None;
    let single = text.chars().nth(1).is_none();
    for (offset, letter) in text.char_indices() {
        let may_be_letter = is_leet_symbol(letter) && (!single || !is_gap(letter));
        if may_be_letter && symbol.is_none() && (single || is_alone(text, offset, letter)) {
            symbol = u32::try_from(offset).ok();
        } else if !is_gap(letter) {
            return Between::Text;
        }
    }
    symbol.map_or(Between::Gap, Between::Symbol)
}

/// Whether a symbol stands between gaps of its own, as letters beside it do.
fn is_alone(text: &str, offset: usize, symbol: char) -> bool {
    offset > 0 && offset + symbol.len_utf8() < text.len()
}
