//! What a seller did to hide a word, as far as folding had to undo it.

use super::letters::{self, INVISIBLE, STRIP};
use super::tables::REPLACE;

/// One way to hide a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trick {
    /// Letters of another script or shape that look the same.
    LookAlike,
    /// Letters pulled apart.
    Spacing,
    /// Digits and symbols for letters.
    Leet,
    /// Zero-width, bidirectional and control characters, soft hyphens.
    Invisible,
    /// Fullwidth letters.
    Fullwidth,
    /// Mathematical, enclosed, raised and other styled letters.
    Styled,
    /// Accents that the word does not have.
    Marks,
    /// Letters repeated.
    Repeated,
    /// Left-over HTML entities.
    Entity,
    /// Left-over HTML tags inside the word.
    Markup,
}

impl Trick {
    /// All of them, in the order of their bits.
    pub const ALL: [Self; 10] = [
        Self::LookAlike,
        Self::Spacing,
        Self::Leet,
        Self::Invisible,
        Self::Fullwidth,
        Self::Styled,
        Self::Marks,
        Self::Repeated,
        Self::Entity,
        Self::Markup,
    ];

    /// The name used in output.
    pub fn name(self) -> &'static str {
        match self {
            Self::LookAlike => "look-alike",
            Self::Spacing => "spacing",
            Self::Leet => "leet",
            Self::Invisible => "invisible",
            Self::Fullwidth => "fullwidth",
            Self::Styled => "styled",
            Self::Marks => "marks",
            Self::Repeated => "repeated",
            Self::Entity => "entity",
            Self::Markup => "markup",
        }
    }
}

/// A set of tricks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Tricks(u16);

impl Tricks {
    /// Adds one.
    pub fn insert(&mut self, trick: Trick) {
        self.0 |= 1 << trick as u16;
    }

    /// Whether it has `trick`.
    pub fn contains(self, trick: Trick) -> bool {
        self.0 & (1 << trick as u16) != 0
    }

    /// Whether it has none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// In the order of [`Trick::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Trick> {
        Trick::ALL.into_iter().filter(move |trick| self.contains(*trick))
    }
}

/// The tricks that the standard view undid in `original`, a matched stretch of the seller's text. Accents count only
/// where the term that matched has none (`accents_expected` is false): "crème" is no disguise of itself.
pub fn undone_by_standard(original: &str, accents_expected: bool) -> Tricks {
    let mut tricks = Tricks::default();
    if original.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b' ') {
        return tricks;
    }
    let mut entity_open = false;
    for letter in original.chars() {
        match letter {
            '&' => entity_open = true,
            ';' if entity_open => tricks.insert(Trick::Entity),
            '<' => tricks.insert(Trick::Markup),
            '\t'..='\r' => {}
            '\0'..='\x1f' | '\x7f' => tricks.insert(Trick::Invisible),
            _ if letter.is_ascii() => {}
            '\u{FF00}'..='\u{FF5E}' => tricks.insert(Trick::Fullwidth),
            _ => {
                if let Some(trick) = beyond_ascii(letter)
                    && (trick != Trick::Marks || !accents_expected)
                {
                    tricks.insert(trick);
                }
            }
        }
    }
    tricks
}

/// Whether a term has accents that folding strips.
pub fn has_accents(term: &str) -> bool {
    term.chars().any(|letter| !letter.is_ascii() && beyond_ascii(letter) == Some(Trick::Marks))
}

fn beyond_ascii(letter: char) -> Option<Trick> {
    let code = letters::code(letter);
    match code {
        INVISIBLE => Some(Trick::Invisible),
        STRIP => Some(Trick::Marks),
        REPLACE.. => match letter {
            'ª'
            | '²'
            | '³'
            | '¹'
            | 'º'
            | '\u{1D2C}'..='\u{1D6A}'
            | '\u{1D78}'
            | '\u{1D9B}'..='\u{1DBF}'
            | '\u{2070}'..='\u{209F}'
            | '\u{2100}'..='\u{218F}'
            | '\u{2460}'..='\u{24FF}'
            | '\u{1D400}'..='\u{1D7FF}'
            | '\u{1F100}'..='\u{1F1FF}'
            | '\u{FB00}'..='\u{FB06}' => Some(Trick::Styled),
            _ => loses_accent(letter).then_some(Trick::Marks),
        },
        _ => None,
    }
}

/// Whether folding strips an accent from a letter: its decomposition has a mark that its folding lacks.
fn loses_accent(letter: char) -> bool {
    let mut marks = false;
    unicode_normalization::char::decompose_canonical(letter, |part| marks |= letters::code(part) == STRIP);
    marks && !matches!(letter, 'Й' | 'Ў' | 'Ї' | 'Ѓ' | 'Ќ')
}
