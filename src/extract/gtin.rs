//! Global Trade Item Numbers: 8, 12, 13 or 14 digits with the check digit of the GS1 General Specifications (7.9).
//! An ISBN-10 becomes the ISBN-13 it stands for.

/// The GTIN in `text`, digits only; `None` where the check digit is wrong or something else stands there.
pub fn parse(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '[' | ']'));
    let text = strip_label(text);
    let mut digits = String::new();
    let mut isbn10_x = false;
    for letter in text.chars() {
        match letter {
            '0'..='9' if !isbn10_x => digits.push(letter),
            '-' | ' ' | '\u{A0}' | '\u{2010}'..='\u{2014}' => {}
            'x' | 'X' if digits.len() == 9 => isbn10_x = true,
            _ => return None,
        }
    }
    if isbn10_x || (digits.len() == 10 && isbn10_is_valid(&digits)) {
        return isbn13(&digits, isbn10_x);
    }
    is_valid(&digits).then_some(digits)
}

/// Whether `digits` has a length and check digit of a GTIN and is not a placeholder.
pub fn is_valid(digits: &str) -> bool {
    if !matches!(digits.len(), 8 | 12 | 13 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let distinct = digits.bytes().skip(1).any(|b| Some(b) != digits.bytes().next());
    // GS1 keeps prefixes 02, 04 and 2x for use inside a company; a check digit there proves nothing but also harms
    // nothing, so only the all-equal placeholder is refused.
    distinct && check_digit(digits)
}

fn check_digit(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| u32::from(digit - b'0') * if place % 2 == 1 { 3 } else { 1 })
        .sum();
    sum.is_multiple_of(10)
}

fn isbn10_is_valid(digits: &str) -> bool {
    let sum: u32 =
        digits.bytes().zip((1..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    sum.is_multiple_of(11)
}

fn isbn13(digits: &str, ends_in_x: bool) -> Option<String> {
    let nine = digits.get(..9)?;
    if ends_in_x {
        let sum: u32 =
            nine.bytes().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
        if !(sum + 10).is_multiple_of(11) {
            return None;
        }
    }
    (0..10).map(|check| format!("978{nine}{check}")).find(|candidate| check_digit(candidate))
}

/// `isbn:…`, `EAN …`, `urn:gtin:…`: schema.org's productID and real pages put the kind before the number.
fn strip_label(text: &str) -> &str {
    let start = text.find(|c: char| c.is_ascii_digit()).unwrap_or(0);
    let label = text.get(..start).unwrap_or("").to_ascii_lowercase();
    let known =
        label.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).all(|word| {
            matches!(
                word,
                "isbn" | "ean" | "gtin" | "upc" | "urn" | "jan" | "issn" | "code" | "barcode" | "no" | "nr"
            )
        });
    // "ISBN-13: 978…": the 13 belongs to the label.
    let rest = if known { text.get(start..).unwrap_or(text) } else { text };
    ["13:", "10:", "12:", "14:", "8:", "13 ", "-13 ", "13 :", "12 :", "14 :", "8 :"]
        .iter()
        .find_map(|kind| rest.strip_prefix(kind).filter(|_| !label.is_empty()))
        .map_or(rest, str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_numbers_pass() {
        for (text, expected) in [
            ("4006381333931", Some("4006381333931")),
            ("4006381333932", None),
            ("978-1-933624-34-1", Some("9781933624341")),
            ("isbn:9780002551328", Some("9780002551328")),
            ("ISBN-13: 978-1-933624-34-1", Some("9781933624341")),
            ("0-306-40615-2", Some("9780306406157")),
            ("080442957X", Some("9780804429573")),
            ("96385074", Some("96385074")),
            ("(96385074)", Some("96385074")),
            ("gtin8 : 96385074", Some("96385074")),
            ("00012345600012", Some("00012345600012")),
            ("0000000000000", None),
            ("B01GOH7PKA", None),
            ("", None),
        ] {
            assert_eq!(parse(text).as_deref(), expected, "{text}");
        }
    }
}
