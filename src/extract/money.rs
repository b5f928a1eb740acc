//! Prices as people write them: `1.299,00 €`, `Rs 23,450`, `35€ 99`, `CHF 1'049,95`.
//!
//! [`parse`] finds the amount and the currency as written; `currency` says what the sign means. What a separator
//! means is decided by its shape, then the currency's minor digits, then the page's other prices.

use std::collections::HashMap;
use std::sync::LazyLock;

use rust_decimal::Decimal;

use super::currency::{self, SIGNS, code, minor_digits};

/// The most text looked at: a price stands in a short text.
const TEXT_MAX: usize = 400;
/// Digits of an amount; more are a number of something else.
const DIGITS_MAX: usize = 24;

/// An amount with its currency as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Money {
    /// The amount; minor units in their place. The lowest of a range.
    pub amount: Decimal,
    /// The highest of a range.
    pub max: Option<Decimal>,
    /// The currency's sign or code as written; `None` where there is none.
    pub currency: Option<String>,
}

/// What is known about how a page writes prices.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    /// The decimal mark, where the page's other prices show it.
    pub decimal: Option<char>,
    /// The ISO 4217 code, where it is known.
    pub currency: Option<&'a str>,
}

/// The price in `text`: the first amount beside a currency sign, else the first that looks like an amount.
pub fn parse(text: &str, hints: Hints<'_>) -> Option<Money> {
    if is_scientific(text.trim()) {
        // Exact, or nothing.
        let amount = Decimal::from_scientific(text.trim()).ok()?;
        return Some(Money { amount, max: None, currency: None });
    }
    let letters: Vec<char> = text.chars().take(TEXT_MAX).map(plain).collect();
    let numbers = numbers(&letters);
    if numbers.is_empty() {
        return None;
    }
    let signs = signs(&letters, hints.currency);
    let mut best: Option<(u32, Money)> = None;
    for (place, number) in numbers.iter().enumerate() {
        if is_something_else(&letters, number) {
            continue;
        }
        // "26 to 50 €", "£6 - £9": the sign of the end of a range is the sign of its start.
        let end = numbers.get(place + 1).filter(|next| is_range(&letters, number, next, &signs));
        let sign = beside(&letters, number, &signs).or_else(|| beside(&letters, end?, &signs));
        let touches = |sign: &Span| sign.end == number.start || sign.start == number.end;
        if !sign.as_ref().is_some_and(touches) && is_glued(&letters, number) {
            continue;
        }
        let mut rank = if sign.is_some() { 0 } else { 4 };
        if sign.is_none() && is_counted(&letters, number) {
            rank += 3;
        }
        let nothing = letters
            .get(number.start..number.end)
            .is_some_and(|n| n.iter().all(|c| matches!(c, '0' | '.' | ',')));
        if nothing {
            rank += 3;
        }
        if best.as_ref().is_some_and(|(known, _)| *known <= rank) {
            continue;
        }
        if word_before(&letters, number, WAS) {
            rank += 2;
        }
        if best.as_ref().is_some_and(|(known, _)| *known <= rank) {
            continue;
        }
        let written =
            sign.map(|sign| letters.get(sign.start..sign.end).unwrap_or(&[]).iter().collect::<String>());
        let joined = numbers.get(place + 1).and_then(|next| split_by_sign(&letters, number, next, sign));
        let known = hints.currency.or_else(|| written.as_deref().and_then(sure_code));
        if let Some(amount) = joined.or_else(|| amount(&letters, number, hints.decimal, known)) {
            let cents = written.as_deref() == Some("¢");
            let amount = if cents { amount / Decimal::ONE_HUNDRED } else { amount };
            let amount = if is_negative(&letters, number, sign) { -amount } else { amount };
            // Two bare numbers are a range only where nothing else is said.
            let max = end
                .filter(|end| (sign.is_some() || numbers.len() == 2) && !is_something_else(&letters, end))
                .and_then(|end| self::amount(&letters, end, hints.decimal, known))
                .filter(|max| *max > amount);
            best = Some((rank, Money { amount, max, currency: written }));
        }
    }
    let (_, mut found) = best?;
    if found.currency.is_none() {
        // A sign elsewhere in the text still says what the amount is in; single letters and words do not.
        let elsewhere = signs.iter().find(|sign| {
            !is_word(&letters, sign) && (sign.end - sign.start > 1 || !is_letter(&letters, sign.start))
        });
        found.currency = elsewhere.map(|s| letters.get(s.start..s.end).unwrap_or(&[]).iter().collect());
    }
    Some(found)
}

/// The currency sign or code in `text` when it holds no amount of its own worth reading.
pub fn sign_in(text: &str) -> Option<String> {
    let letters: Vec<char> = text.chars().take(TEXT_MAX).map(plain).collect();
    let sign = signs(&letters, None).into_iter().find(|sign| {
        letters.len() == sign.end - sign.start
            || sign.end - sign.start > 1
            || !is_letter(&letters, sign.start)
    })?;
    Some(letters.get(sign.start..sign.end)?.iter().collect())
}

/// An amount of data (`"1299.00"`, `1299`, `"1.299,00"`): markup fields that hold a bare number.
pub fn parse_amount(text: &str, hints: Hints<'_>) -> Option<Decimal> {
    parse(text, hints).map(|money| money.amount)
}

/// The decimal mark that `text` proves: two digits after the last separator.
pub fn proven_decimal(text: &str) -> Option<char> {
    let letters: Vec<char> = text.chars().take(TEXT_MAX).map(plain).collect();
    numbers(&letters).iter().find_map(|number| {
        let shape = letters.get(number.start..number.end)?;
        let last = shape.iter().rposition(|c| matches!(c, '.' | ','))?;
        let mark = *shape.get(last)?;
        (shape.len() - last - 1 == 2 && last > 0).then_some(mark)
    })
}

const WAS: &[&str] =
    &["was", "statt", "rrp", "uvp", "msrp", "before", "avant", "antes", "prima", "od", "från"];

#[derive(Debug, Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
}

/// Digits of all scripts as ASCII, exotic spaces and separators as plain ones.
fn plain(letter: char) -> char {
    if letter.is_ascii_alphanumeric() {
        return letter;
    }
    let digit = |zero: u32| char::from_digit(u32::from(letter) - zero, 10).unwrap_or(letter);
    match letter {
        '\u{660}'..='\u{669}' => digit(0x660),
        '\u{6F0}'..='\u{6F9}' => digit(0x6F0),
        '\u{966}'..='\u{96F}' => digit(0x966),
        '\u{9E6}'..='\u{9EF}' => digit(0x9E6),
        '\u{E50}'..='\u{E59}' => digit(0xE50),
        '\u{FF10}'..='\u{FF19}' => digit(0xFF10),
        '\u{66B}' | '\u{FF0C}' => ',',
        '\u{66C}' | '\u{2019}' | '\u{2018}' | '\u{B4}' | '`' => '\'',
        '\u{FF0E}' => '.',
        '\u{2212}' => '-',
        _ if letter.is_whitespace() || letter == '\u{200B}' => ' ',
        _ => letter,
    }
}

fn digit_at(letters: &[char], at: usize) -> bool {
    letters.get(at).is_some_and(char::is_ascii_digit)
}

fn is_letter(letters: &[char], at: usize) -> bool {
    letters.get(at).is_some_and(|c| c.is_alphabetic())
}

/// Numbers with their separators: a space or apostrophe belongs to a number only before a group of three.
fn numbers(letters: &[char]) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let leads = matches!(letters.get(at), Some('.' | ',')) && digit_at(letters, at + 1);
        if !digit_at(letters, at) && !leads {
            at += 1;
            continue;
        }
        let start = at;
        let mut end = at;
        let mut spaced = false;
        while end < letters.len() {
            if digit_at(letters, end) {
                end += 1;
                continue;
            }
            let group = (1..=3).all(|ahead| digit_at(letters, end + ahead)) && !digit_at(letters, end + 4);
            match letters.get(end) {
                // "1 299": the group before must be short enough to be one.
                Some(' ' | '\'') if group => {
                    let run = letters
                        .get(start..end)
                        .unwrap_or(&[])
                        .iter()
                        .rev()
                        .take_while(|c| c.is_ascii_digit());
                    let run = run.count();
                    if run > 3 || run == 0 || (spaced && run != 3) {
                        break;
                    }
                    spaced = true;
                    end += 1;
                }
                Some('.' | ',') if digit_at(letters, end + 1) => end += 1,
                // "12, 50" and "12 ,50" are damage from inline tags.
                Some('.' | ',')
                    if letters.get(end + 1) == Some(&' ')
                        && digit_at(letters, end + 2)
                        && digit_at(letters, end + 3)
                        && !digit_at(letters, end + 4)
                        && (end + 4 >= letters.len()
                            || !matches!(letters.get(end + 4), Some(',' | '.' | '%'))) =>
                {
                    end += 2;
                }
                _ => break,
            }
        }
        found.push(Span { start, end });
        at = end.max(at + 1);
    }
    found
}

/// Exponent notation, as programs write large and tiny numbers.
fn is_scientific(text: &str) -> bool {
    let digits = |part: &str| {
        let part = part.trim_start_matches(['-', '+']);
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    text.split_once(['e', 'E']).is_some_and(|(mantissa, exponent)| digits(mantissa) && digits(exponent))
}

/// Whether `number` and `next` are the ends of a range: nothing between them but a dash or word and a sign.
fn is_range(letters: &[char], number: &Span, next: &Span, signs: &[Span]) -> bool {
    let between =
        (number.end..next.start).filter(|at| !signs.iter().any(|sign| (sign.start..sign.end).contains(at)));
    let words: String = between.filter_map(|at| letters.get(at)).collect();
    RANGE.contains(&words.trim().to_lowercase().as_str())
}

/// What stands between the ends of a range.
const RANGE: &[&str] = &[
    "-",
    "–",
    "—",
    "~",
    "to",
    "bis",
    "à",
    "a",
    "до",
    "tot",
    "do",
    "till",
    "til",
    "al",
    "hasta",
    "fino a",
    "até",
    "à partir de",
    "έως",
    "ως",
    "până la",
    "-ig",
];

/// A number within a word: `B550`, `1e999`, `400-Series`, `A8`.
fn is_glued(letters: &[char], number: &Span) -> bool {
    let before = number.start.checked_sub(1).is_some_and(|at| is_letter(letters, at));
    let dashed = letters.get(number.end) == Some(&'-') && is_letter(letters, number.end + 1);
    let mixed = is_letter(letters, number.end)
        && letters
            .get(number.end..)
            .unwrap_or(&[])
            .iter()
            .find(|c| !c.is_alphabetic())
            .is_some_and(char::is_ascii_digit);
    before || dashed || mixed
}

/// Currency signs and codes, the longest at each place. A code that is also a word or a name counts where it is the
/// currency of the page, or where nothing but it and an amount is written.
fn signs(letters: &[char], currency: Option<&str>) -> Vec<Span> {
    let mut found = every_sign(letters);
    let lettered = letters.iter().filter(|c| c.is_alphabetic()).count();
    found.retain(|sign| {
        let written: String = letters.get(sign.start..sign.end).unwrap_or(&[]).iter().collect();
        !is_word(letters, sign) || currency == Some(written.as_str()) || lettered <= 3
    });
    found
}

/// Whether a sign is a code that people also write for other things: AMD makes processors, GEL is a jelly.
fn is_word(letters: &[char], sign: &Span) -> bool {
    let written: String = letters.get(sign.start..sign.end).unwrap_or(&[]).iter().collect();
    currency::is_word(&written)
}

fn every_sign(letters: &[char]) -> Vec<Span> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let Some(first) = letters.get(at) else { break };
        let within_word = is_letter(letters, at) && at > 0 && is_letter(letters, at - 1);
        if within_word || first.is_ascii_digit() || matches!(first, ' ' | ',' | '-' | '(') {
            at += 1;
            continue;
        }
        let length = sign_at(letters, at);
        if length > 0 {
            found.push(Span { start: at, end: at + length });
        }
        at += length.max(1);
    }
    found
}

fn sign_at(letters: &[char], at: usize) -> usize {
    let word_before = at > 0 && is_letter(letters, at - 1);
    let ends = |length: usize| !is_letter(letters, at + length - 1) || !is_letter(letters, at + length);
    // Russian declines its rouble: "рублей", "рубля".
    let declined =
        |sign: &[char]| sign == ['р', 'у', 'б'] && matches!(letters.get(at + 3), Some('л' | 'ь' | 'я'));
    let starts = !is_letter(letters, at) || !word_before;
    let mut longest = 0;
    if starts {
        let first = letters.get(at).copied().unwrap_or(' ');
        for (sign, any_case) in SIGNS_BY_FIRST.get(first) {
            let length = sign.len();
            if length > longest
                && (ends(length) || declined(sign))
                && matches_at(letters, at, sign, *any_case)
            {
                longest = length;
            }
        }
        let three = letters.get(at..at + 3).unwrap_or(&[]);
        if longest < 3 && three.len() == 3 && !is_letter(letters, at + 3) {
            let upper = three.iter().all(char::is_ascii_uppercase);
            let lower = three.iter().all(char::is_ascii_lowercase);
            if (upper && code(&three.iter().collect::<String>()).is_some())
                || (lower && LOWER_CODES.iter().any(|code| code.chars().eq(three.iter().copied())))
            {
                longest = 3;
            }
        }
    }
    longest
}

/// Codes that people also write in lower case; `all`, `top`, `try` and `pen` are words.
const LOWER_CODES: &[&str] = &[
    "eur", "usd", "gbp", "chf", "pln", "czk", "sek", "nok", "dkk", "huf", "ron", "uah", "rub", "cad", "aud",
    "nzd", "jpy", "cny", "inr", "brl", "zar", "aed", "sar", "ils", "bgn", "rsd",
];

/// The letters of a sign, and whether case matters not.
type PlainSign = (Vec<char>, bool);

/// Signs as plain letters by their first letter, and whether case matters: `Ft` is money, `ft` is a length.
static SIGNS_BY_FIRST: LazyLock<SignsByFirst> = LazyLock::new(|| {
    let mut by_first = SignsByFirst { ascii: vec![Vec::new(); 128], other: HashMap::new() };
    for (sign, _) in SIGNS {
        let letters: Vec<char> = sign.chars().map(plain).collect();
        let any_case = letters.len() > 3 || *sign == "lei";
        let Some(first) = letters.first().copied() else { continue };
        let mut firsts = vec![first];
        if any_case {
            firsts.extend(first.to_lowercase().chain(first.to_uppercase()));
            firsts.sort_unstable();
            firsts.dedup();
        }
        for first in firsts {
            let signs = match by_first.ascii.get_mut(first as usize) {
                Some(signs) => signs,
                None => by_first.other.entry(first).or_default(),
            };
            signs.push((letters.clone(), any_case));
        }
    }
    by_first
});

struct SignsByFirst {
    ascii: Vec<Vec<PlainSign>>,
    other: HashMap<char, Vec<PlainSign>>,
}

impl SignsByFirst {
    fn get(&self, first: char) -> &[PlainSign] {
        self.ascii.get(first as usize).or_else(|| self.other.get(&first)).map_or(&[], Vec::as_slice)
    }
}

fn matches_at(letters: &[char], at: usize, sign: &[char], any_case: bool) -> bool {
    for (place, expected) in sign.iter().copied().enumerate() {
        let Some(letter) = letters.get(at + place) else { return false };
        let same = *letter == expected || (any_case && letter.to_lowercase().eq(expected.to_lowercase()));
        if !same {
            return false;
        }
    }
    true
}

/// The sign before or after a number, with nothing between but space and a minus.
fn beside(letters: &[char], number: &Span, signs: &[Span]) -> Option<Span> {
    let filler = |from: usize, to: usize| {
        to.checked_sub(from).is_some_and(|gap| gap <= 3)
            && letters
                .get(from..to)
                .is_some_and(|gap| gap.iter().all(|c| matches!(c, ' ' | '-' | ':' | '\u{AD}' | '.')))
    };
    let single = |sign: &Span| sign.end - sign.start == 1 && is_letter(letters, sign.start);
    // Before wins: in "€ 12 € 15" the sign between belongs to the second.
    let before = signs.iter().rev().find(|sign| {
        sign.end <= number.start
            && filler(sign.end, number.start)
            && !(single(sign) && sign.end + 1 < number.start)
            && !owned_by_number_before(letters, sign)
    });
    let after = signs.iter().find(|sign| {
        sign.start >= number.end
            && filler(number.end, sign.start)
            && !(single(sign) && sign.start > number.end + 1)
    });
    // "$1,190.00 AUD": the code says which dollar.
    let coded = after.filter(|sign| sign.end - sign.start == 3 && is_letter(letters, sign.start));
    match (before, coded) {
        (Some(sign), Some(code)) if !is_letter(letters, sign.start) => Some(*code),
        _ => before.or(after).copied(),
    }
}

/// `12 € 15 €`: a sign that follows a number directly, where the text does not begin with a sign.
fn owned_by_number_before(letters: &[char], sign: &Span) -> bool {
    let head = letters.get(..sign.start).unwrap_or(&[]);
    let trimmed = head.iter().rposition(|c| *c != ' ');
    trimmed.is_some_and(|last| digit_at(letters, last)) && {
        let first = letters.iter().position(char::is_ascii_digit).unwrap_or(0);
        let same: Vec<char> = letters.get(sign.start..sign.end).unwrap_or(&[]).to_vec();
        let lead = letters.get(..first).unwrap_or(&[]);
        !lead.windows(same.len().max(1)).any(|window| window == same)
    }
}

/// Dates, percentages, numbers glued to words: not amounts.
fn is_something_else(letters: &[char], number: &Span) -> bool {
    let after = letters.get(number.end).copied();
    let next = letters.get(number.end + 1).copied();
    if after == Some('%') || (after == Some(' ') && next == Some('%')) {
        return true;
    }
    let shape = letters.get(number.start..number.end).unwrap_or(&[]);
    // Times: "1:20".
    let clock = |at: Option<usize>| at.is_some_and(|at| letters.get(at) == Some(&':'));
    if (clock(number.start.checked_sub(1)) && number.start >= 2 && digit_at(letters, number.start - 2))
        || (clock(Some(number.end)) && digit_at(letters, number.end + 1))
    {
        return true;
    }
    let mut parts = shape.split(|c| matches!(c, '.' | ','));
    if let (Some(day), Some(month), Some(year), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
        && (1..=2).contains(&day.len())
        && month.len() == 2
        && (year.len() == 4 || year.len() == 2)
    {
        return true;
    }
    let digits = shape.iter().filter(|c| c.is_ascii_digit()).count();
    if digits > DIGITS_MAX {
        return true;
    }
    // "16.00 ft" is a length; "49+" is a threshold.
    let rest = letters.get(number.end..).unwrap_or(&[]);
    let rest = rest.get(rest.iter().take_while(|c| **c == ' ').count()..).unwrap_or(&[]);
    let length = rest.iter().take(5).take_while(|c| c.is_alphabetic()).count();
    let unit = rest.get(..length).unwrap_or(&[]);
    after == Some('+')
        || UNITS.iter().any(|known| known.len() == length && known.chars().eq(unit.iter().copied()))
}

/// What is measured, not paid.
const UNITS: &[&str] = &["ft", "mm", "cm", "kg", "ml", "mg", "inch", "GB", "TB", "mAh", "Hz", "kWh"];

/// "3 options", "2 pairs", "4x": a count, where no currency stands beside it.
fn is_counted(letters: &[char], number: &Span) -> bool {
    let mut rest = letters.get(number.end..).unwrap_or(&[]).iter().skip_while(|c| **c == ' ');
    rest.next().is_some_and(|c| c.is_alphabetic())
}

fn word_before(letters: &[char], number: &Span, words: &[&str]) -> bool {
    let head = letters.get(number.start.saturating_sub(16)..number.start).unwrap_or(&[]);
    if !head.iter().any(|c| c.is_alphabetic()) {
        return false;
    }
    let head = head.iter().collect::<String>().to_lowercase();
    let last = head.split(|c: char| !c.is_alphabetic()).rfind(|word| word.len() > 1 && code(word).is_none());
    last.is_some_and(|word| words.contains(&word))
}

/// `35€ 99`: the currency sign is the decimal mark.
fn split_by_sign(letters: &[char], number: &Span, next: &Span, sign: Option<Span>) -> Option<Decimal> {
    let sign = sign.filter(|sign| sign.start >= number.end && sign.end <= next.start)?;
    let tight = sign.start == number.end && next.start - sign.end <= 1;
    let whole: String =
        letters.get(number.start..number.end)?.iter().filter(|c| c.is_ascii_digit()).collect();
    let cents: String = letters.get(next.start..next.end)?.iter().collect();
    let plain_whole = letters.get(number.start..number.end)?.iter().all(|c| c.is_ascii_digit() || *c == ' ');
    let alone = !matches!(letters.get(next.end), Some('%' | '€' | '$'))
        && signs_follow(letters, next.end)
        && cents.chars().all(|c| c.is_ascii_digit());
    let glued = next.start == sign.end && (2..=3).contains(&cents.len());
    (tight && plain_whole && alone && (cents.len() == 2 || glued))
        .then(|| Decimal::from_str_exact(&format!("{whole}.{cents}")).ok())?
}

/// No sign of its own follows the digits that end at `end`.
fn signs_follow(letters: &[char], end: usize) -> bool {
    let at = end + letters.get(end..).unwrap_or(&[]).iter().take_while(|c| **c == ' ').count();
    at >= letters.len() || sign_at(letters, at) == 0
}

fn is_negative(letters: &[char], number: &Span, sign: Option<Span>) -> bool {
    let minus_at = |at: usize| {
        letters.get(at) == Some(&'-')
            && (at == 0 || matches!(letters.get(at - 1), Some(' ' | '(' | '$' | '€')))
    };
    let start = sign.filter(|sign| sign.end <= number.start).map_or(number.start, |sign| sign.start);
    let before_number = number.start > 0 && minus_at(number.start - 1);
    let range = letters.get(..start).is_some_and(|head| head.iter().any(char::is_ascii_digit));
    !range && (before_number || (start > 0 && minus_at(start - 1)))
}

/// A code or sign that means one currency everywhere.
fn sure_code(written: &str) -> Option<&'static str> {
    code(written).or_else(|| {
        let (_, codes) = SIGNS.iter().find(|(sign, _)| *sign == written)?;
        codes.first().filter(|_| codes.len() == 1).copied()
    })
}

/// Digits and separators to a decimal.
fn amount(letters: &[char], number: &Span, decimal: Option<char>, currency: Option<&str>) -> Option<Decimal> {
    let shape: Vec<char> =
        letters.get(number.start..number.end)?.iter().copied().filter(|c| !matches!(c, ' ' | '\'')).collect();
    let grouped_otherwise = letters.get(number.start..number.end)?.iter().any(|c| matches!(c, ' ' | '\''));
    let mark = decimal_mark(&shape, grouped_otherwise, decimal, currency);
    let mut text = String::new();
    for (place, letter) in shape.iter().enumerate() {
        if letter.is_ascii_digit() {
            text.push(*letter);
        } else if Some(place) == mark {
            if text.is_empty() {
                text.push('0');
            }
            text.push('.');
        }
    }
    // What the type cannot hold exactly must not become another number.
    Decimal::from_str_exact(&text).ok()
}

/// The place of the decimal mark within `shape` (digits, `.` and `,`).
fn decimal_mark(
    shape: &[char],
    grouped_otherwise: bool,
    decimal: Option<char>,
    currency: Option<&str>,
) -> Option<usize> {
    let last = shape.iter().rposition(|c| !c.is_ascii_digit())?;
    let mark = *shape.get(last)?;
    let first = shape.iter().position(|c| !c.is_ascii_digit())?;
    let times = shape.iter().filter(|c| **c == mark).count();
    let after = shape.len() - last - 1;
    let others = shape.iter().any(|c| !c.is_ascii_digit() && *c != mark);
    if others {
        if let Some(wanted) =
            decimal.filter(|wanted| *wanted != mark && first == 0 && shape.first() == Some(wanted))
        {
            // ".75,333" on a page whose decimal mark is the full stop.
            return shape.iter().position(|c| *c == wanted);
        }
        return (times == 1).then_some(last);
    }
    if times > 1 {
        return (after != 3).then_some(last);
    }
    if after != 3 || last == 0 || last > 3 || grouped_otherwise {
        return Some(last);
    }
    if shape.first() == Some(&'0') {
        return Some(last);
    }
    // One separator before three digits: grouping, unless the currency has three minor digits or the page says so.
    if let Some(wanted) = decimal {
        return (wanted == mark && currency.is_none_or(|code| minor_digits(code) != 0)).then_some(last);
    }
    (currency.is_some_and(|code| minor_digits(code) == 3)).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_read_as_people_mean_them() {
        for (text, amount, currency) in [
            ("1.299,00 €", "1299.00", "€"),
            ("$1,299.00", "1299.00", "$"),
            ("CHF 1’049,95", "1049.95", "CHF"),
            ("Rs 23,450", "23450", "Rs"),
            ("35€ 99", "35.99", "€"),
            ("1250€60", "1250.60", "€"),
            ("12 990 ₸", "12990", "₸"),
            ("2 pairs from $349", "349", "$"),
            ("Was $120.00 Now $60.00", "60.00", "$"),
            ("£6.95 - £9.95", "6.95", "£"),
            ("From 26 to 50 €", "26", "€"),
            (",89 €", "0.89", "€"),
            ("R$ -2,00", "-2.00", "R$"),
            ("-$100,000.00", "-100000.00", "$"),
            ("99¢", "0.99", "¢"),
            ("3,990 Ft", "3990", "Ft"),
            ("R8,499", "8499", "R"),
            ("١٢٣٫٥٠ ر.س", "123.50", "ر.س"),
            ("KD 1.250", "1.250", "KD"),
            ("179:-", "179", ":-"),
            ("24.990", "24990", ""),
            ("3.3500", "3.3500", ""),
        ] {
            let money = parse(text, Hints::default()).unwrap_or_else(|| panic!("{text} gave nothing"));
            assert_eq!(
                (money.amount.to_string().as_str(), money.currency.as_deref().unwrap_or("")),
                (amount, currency),
                "{text}"
            );
        }
        for (text, amount, max) in [
            ("25-30", "25", "30"),
            ("£6.95 - £9.95", "6.95", "9.95"),
            ("From 26 to 50 €", "26", "50"),
            ("12–15 zł", "12", "15"),
        ] {
            let money = parse(text, Hints::default()).unwrap();
            assert_eq!(money.amount.to_string(), amount, "{text}");
            assert_eq!(money.max.map(|max| max.to_string()).as_deref(), Some(max), "{text}");
        }
        for (text, amount) in [("1.2e3", "1200"), ("5E-1", "0.5"), ("AMD 400", "400"), ("25.00-", "25.00")] {
            assert_eq!(parse(text, Hints::default()).unwrap().amount.to_string(), amount, "{text}");
        }
        let nines = "9".repeat(38);
        for text in [
            "1e999",
            "1e38",
            "1e+38",
            nines.as_str(),
            "B550",
            "400-Series",
            "0.00000000000000000000000000000000001",
        ] {
            assert_eq!(parse(text, Hints::default()), None, "{text}");
        }
        let named = parse("AMD B550 and 400-Series boards", Hints::default());
        assert_eq!(named, None, "a maker is no currency");
        for text in ["15.08.2017", "16.00 ft", "-20%", "sold out", "", "Free Shipping on Orders $49+."] {
            assert_eq!(parse(text, Hints::default()), None, "{text}");
        }
    }

    #[test]
    fn the_page_decides_a_lone_separator() {
        let point = Hints { decimal: Some('.'), currency: None };
        assert_eq!(parse("3.350", point).unwrap().amount.to_string(), "3.350");
        let pesos = Hints { decimal: Some('.'), currency: Some("CLP") };
        assert_eq!(parse("$24.990", pesos).unwrap().amount.to_string(), "24990");
        assert_eq!(proven_decimal("1.299,50 €"), Some(','));
        assert_eq!(proven_decimal("1.299 €"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "[0-9., '€$kr%+-]{0,40}") {
            parse(&text, Hints::default());
            parse(&text, Hints { decimal: Some(','), currency: Some("KWD") });
        }

        #[test]
        fn written_amounts_are_read_back(cents in 100_u64..100_000_000) {
            let written = format!("{}.{:02} EUR", cents / 100, cents % 100);
            let money = parse(&written, Hints::default()).unwrap();
            proptest::prop_assert_eq!(money.amount, Decimal::new(i64::try_from(cents).unwrap(), 2));
        }
    }
}
