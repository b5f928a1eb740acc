//! What sellers do to a word so that a filter misses it and a buyer still reads it.
//!
//! Written from what is seen on marketplaces, without looking at the tables that folding undoes them with: a measure
//! that shares its tables with what it measures says nothing. Every evasion is a pure function, so numbers repeat.

/// A way of writing a word so that a filter misses it.
#[derive(Debug, Clone, Copy)]
pub struct Evasion {
    /// Its name in reports.
    pub name: &'static str,
    /// When it takes its turn where two are used at once: letters are replaced before they are pulled apart, and
    /// markup comes last.
    pub(super) turn: u8,
    /// How many forms it has: a single letter changed, every letter changed.
    pub(super) forms: usize,
    change: Change,
}

#[derive(Debug, Clone, Copy)]
enum Change {
    /// Letters that have another form become it.
    Letters(fn(char) -> Option<char>),
    /// Something is put between letters.
    Between(&'static str),
    /// Something is put behind letters.
    Behind(char),
    /// Letters are written twice or more.
    Repeat,
    /// Letters are written as character references.
    Entities,
    /// A letter is hidden behind a sign.
    Masked,
}

/// Every evasion.
pub const EVASIONS: &[Evasion] = &[
    Evasion { name: "look-alike", turn: 0, forms: 2, change: Change::Letters(look_alike) },
    Evasion { name: "greek", turn: 0, forms: 2, change: Change::Letters(greek) },
    Evasion { name: "fullwidth", turn: 0, forms: 2, change: Change::Letters(fullwidth) },
    Evasion { name: "mathematical", turn: 0, forms: 2, change: Change::Letters(mathematical) },
    Evasion { name: "small capitals", turn: 0, forms: 2, change: Change::Letters(small_capital) },
    Evasion { name: "circled", turn: 0, forms: 2, change: Change::Letters(circled) },
    Evasion { name: "accents", turn: 0, forms: 2, change: Change::Letters(accented) },
    Evasion { name: "leet", turn: 0, forms: 2, change: Change::Letters(leet) },
    Evasion { name: "digits", turn: 0, forms: 2, change: Change::Letters(digit) },
    Evasion { name: "capital I for l", turn: 0, forms: 1, change: Change::Letters(capital_i) },
    Evasion { name: "masked letter", turn: 0, forms: 1, change: Change::Masked },
    Evasion { name: "combining marks", turn: 1, forms: 2, change: Change::Behind('\u{336}') },
    Evasion { name: "repeated letters", turn: 1, forms: 2, change: Change::Repeat },
    Evasion { name: "zero-width", turn: 2, forms: 2, change: Change::Between("\u{200b}") },
    Evasion { name: "bidi control", turn: 2, forms: 1, change: Change::Between("\u{202d}") },
    Evasion { name: "soft hyphen", turn: 2, forms: 2, change: Change::Between("\u{ad}") },
    Evasion { name: "spaced", turn: 2, forms: 1, change: Change::Between(" ") },
    Evasion { name: "dotted", turn: 2, forms: 1, change: Change::Between(".") },
    Evasion { name: "hyphenated", turn: 2, forms: 1, change: Change::Between("-") },
    Evasion { name: "underscored", turn: 2, forms: 1, change: Change::Between("_") },
    Evasion { name: "inline tags", turn: 3, forms: 1, change: Change::Between("<b></b>") },
    Evasion { name: "entities", turn: 3, forms: 2, change: Change::Entities },
];

impl Evasion {
    /// The text in the evasion's `form`-th form: 0 changes as much as it can, 1 a single letter. `None` where nothing
    /// changes.
    pub fn apply(&self, text: &str, form: usize) -> Option<String> {
        let single = form == 1;
        let changed = match self.change {
            Change::Letters(map) => letters(text, map, single),
            Change::Between(what) => between(text, what, single),
            Change::Behind(what) => each_letter(text, single, |letter, out| out.extend([letter, what])),
            Change::Repeat => each_letter(text, single, |letter, out| {
                out.extend(std::iter::repeat_n(letter, if single { 3 } else { 2 }));
            }),
            Change::Entities => each_letter(text, single, |letter, out| {
                out.push_str("&#");
                out.push_str(&u32::from(letter).to_string());
                out.push(';');
            }),
            Change::Masked => masked(text),
        };
        (changed != text).then_some(changed)
    }
}

fn letters(text: &str, map: fn(char) -> Option<char>, single: bool) -> String {
    let mut done = false;
    text.chars()
        .map(|letter| {
            let new = map(letter).filter(|_| !(single && done));
            done |= new.is_some();
            new.unwrap_or(letter)
        })
        .collect()
}

/// Where a single change is made: the second letter, for the first is what a buyer looks at.
const SINGLE: usize = 1;

fn each_letter(text: &str, single: bool, mut write: impl FnMut(char, &mut String)) -> String {
    let mut out = String::new();
    let mut seen = 0;
    for letter in text.chars() {
        if letter.is_alphabetic() {
            if !single || seen == SINGLE {
                write(letter, &mut out);
            } else {
                out.push(letter);
            }
            seen += 1;
        } else {
            out.push(letter);
        }
    }
    out
}

/// Something between the letters of each word; marks stay with their letters.
fn between(text: &str, what: &str, single: bool) -> String {
    let mut out = String::new();
    let mut before: Option<char> = None;
    let mut put = 0;
    let wide = what == " ";
    for letter in text.chars() {
        let joins = |one: char| !one.is_whitespace() && !is_mark(one);
        if before.is_some_and(|before| !before.is_whitespace()) && joins(letter) && !(single && put > SINGLE)
        {
            if !single || put == SINGLE {
                out.push_str(what);
            }
            put += 1;
        }
        if letter == ' ' && wide {
            // Words stay apart from each other when their letters are pulled apart.
            out.push_str("  ");
        }
        out.push(letter);
        before = Some(letter);
    }
    out
}

fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

fn masked(text: &str) -> String {
    let mut done = false;
    let mut seen = 0;
    text.chars()
        .map(|letter| {
            seen += usize::from(letter.is_alphabetic());
            let hides = seen > 1 && !done && "aeiouAEIOUаеиоуыАЕИОУαειουω".contains(letter);
            done |= hides;
            if hides { '*' } else { letter }
        })
        .collect()
}

fn paired(pairs: &[(char, char)], letter: char) -> Option<char> {
    pairs.iter().find(|(from, _)| *from == letter).map(|(_, to)| *to)
}

/// The letter's place after `first` in a run of 26.
fn shifted(letter: char, from: char, first: u32) -> Option<char> {
    char::from_u32(first + (u32::from(letter) - u32::from(from)))
}

/// Latin letters and those of other scripts that look like them; from Cyrillic and Greek the way leads back to Latin.
const LOOK_ALIKES: &[(char, char)] = &[
    ('a', 'а'),
    ('c', 'с'),
    ('d', 'ԁ'),
    ('e', 'е'),
    ('g', 'ɡ'),
    ('h', 'һ'),
    ('i', 'і'),
    ('j', 'ј'),
    ('l', 'ⅼ'),
    ('n', 'ո'),
    ('o', 'о'),
    ('p', 'р'),
    ('q', 'ԛ'),
    ('s', 'ѕ'),
    ('u', 'ս'),
    ('v', 'ѵ'),
    ('w', 'ԝ'),
    ('x', 'х'),
    ('y', 'у'),
    ('A', 'А'),
    ('B', 'В'),
    ('C', 'С'),
    ('E', 'Е'),
    ('H', 'Н'),
    ('I', 'І'),
    ('J', 'Ј'),
    ('K', 'К'),
    ('M', 'М'),
    ('O', 'О'),
    ('P', 'Р'),
    ('S', 'Ѕ'),
    ('T', 'Т'),
    ('V', 'Ѵ'),
    ('X', 'Х'),
    ('Y', 'Ү'),
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('х', 'x'),
    ('у', 'y'),
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('Х', 'X'),
    ('ο', 'o'),
    ('ν', 'v'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Χ', 'X'),
];

fn look_alike(letter: char) -> Option<char> {
    paired(LOOK_ALIKES, letter)
}

/// Latin letters and Greek ones that a buyer reads as them.
const GREEK: &[(char, char)] = &[
    ('a', 'α'),
    ('i', 'ι'),
    ('k', 'κ'),
    ('o', 'ο'),
    ('p', 'ρ'),
    ('r', 'г'),
    ('t', 'τ'),
    ('u', 'υ'),
    ('v', 'ν'),
    ('x', 'χ'),
    ('y', 'γ'),
    ('A', 'Α'),
    ('B', 'Β'),
    ('E', 'Ε'),
    ('H', 'Η'),
    ('I', 'Ι'),
    ('K', 'Κ'),
    ('M', 'Μ'),
    ('N', 'Ν'),
    ('O', 'Ο'),
    ('P', 'Ρ'),
    ('T', 'Τ'),
    ('X', 'Χ'),
    ('Y', 'Υ'),
    ('Z', 'Ζ'),
];

fn greek(letter: char) -> Option<char> {
    paired(GREEK, letter)
}

fn fullwidth(letter: char) -> Option<char> {
    letter.is_ascii_graphic().then(|| shifted(letter, '!', 0xFF01)).flatten()
}

fn mathematical(letter: char) -> Option<char> {
    match letter {
        'a'..='z' => shifted(letter, 'a', 0x1_D41A),
        'A'..='Z' => shifted(letter, 'A', 0x1_D400),
        '0'..='9' => shifted(letter, '0', 0x1_D7CE),
        _ => None,
    }
}

fn small_capital(letter: char) -> Option<char> {
    const FORMS: [char; 26] = [
        'ᴀ', 'ʙ', 'ᴄ', 'ᴅ', 'ᴇ', 'ꜰ', 'ɢ', 'ʜ', 'ɪ', 'ᴊ', 'ᴋ', 'ʟ', 'ᴍ', 'ɴ', 'ᴏ', 'ᴘ', 'ꞯ', 'ʀ', 'ꜱ', 'ᴛ',
        'ᴜ', 'ᴠ', 'ᴡ', 'x', 'ʏ', 'ᴢ',
    ];
    let lower = letter.to_ascii_lowercase();
    let place = lower.is_ascii_lowercase().then(|| u32::from(lower) - u32::from('a'))?;
    FORMS.get(usize::try_from(place).ok()?).copied().filter(|form| *form != letter)
}

fn circled(letter: char) -> Option<char> {
    match letter {
        'a'..='z' => shifted(letter, 'a', 0x24D0),
        'A'..='Z' => shifted(letter, 'A', 0x24B6),
        _ => None,
    }
}

/// Letters with accents that they do not have.
const ACCENTS: &[(char, char)] = &[
    ('a', 'á'),
    ('c', 'ç'),
    ('e', 'ë'),
    ('g', 'ğ'),
    ('i', 'ï'),
    ('n', 'ñ'),
    ('o', 'ö'),
    ('s', 'š'),
    ('u', 'ü'),
    ('y', 'ý'),
    ('z', 'ž'),
    ('A', 'Å'),
    ('E', 'É'),
    ('I', 'Í'),
    ('O', 'Ö'),
    ('U', 'Ü'),
];

fn accented(letter: char) -> Option<char> {
    paired(ACCENTS, letter)
}

fn leet(letter: char) -> Option<char> {
    Some(match letter.to_ascii_lowercase() {
        'a' => '@',
        'e' => '3',
        'i' => '!',
        'l' => '|',
        'o' => '0',
        's' => '$',
        't' => '7',
        _ => return None,
    })
}

fn digit(letter: char) -> Option<char> {
    Some(match letter.to_ascii_lowercase() {
        'a' => '4',
        'b' => '8',
        'e' => '3',
        'i' | 'l' => '1',
        'o' => '0',
        's' => '5',
        't' => '7',
        _ => return None,
    })
}

fn capital_i(letter: char) -> Option<char> {
    (letter == 'l').then_some('I')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_evasion_is_what_a_seller_would_write() {
        let cases = [
            ("look-alike", 0, "\u{474}\u{456}\u{430}\u{261}r\u{430}"),
            ("look-alike", 1, "\u{474}iagra"),
            ("fullwidth", 0, "Ｖｉａｇｒａ"),
            ("leet", 0, "V!@gr@"),
            ("digits", 1, "V1agra"),
            ("combining marks", 1, "Vi\u{336}agra"),
            ("repeated letters", 1, "Viiiagra"),
            ("zero-width", 1, "Vi\u{200b}agra"),
            ("spaced", 0, "V i a g r a"),
            ("dotted", 0, "V.i.a.g.r.a"),
            ("inline tags", 0, "V<b></b>i<b></b>a<b></b>g<b></b>r<b></b>a"),
            ("entities", 1, "V&#105;agra"),
            ("masked letter", 0, "V*agra"),
        ];
        for (name, form, expected) in cases {
            let evasion = EVASIONS.iter().find(|one| one.name == name).unwrap();
            assert_eq!(evasion.apply("Viagra", form).as_deref(), Some(expected), "{name}");
        }
        let spaced = EVASIONS.iter().find(|one| one.name == "spaced").unwrap();
        assert_eq!(spaced.apply("no rx", 0).as_deref(), Some("n o   r x"));
        let capital = EVASIONS.iter().find(|one| one.name == "capital I for l").unwrap();
        assert_eq!(capital.apply("viagra", 0), None);
    }
}
