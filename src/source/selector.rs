//! Where a field stands: `h1.title`, `a[rel=next]@href` or `$.product.offers[0].price`.

use std::ops::Range;

use super::Selector;

/// Longer selectors are copied from a browser and break with the next release of the shop.
const MAX_BYTES: usize = 1000;

/// Why a selector cannot be used.
#[derive(Debug)]
pub(super) struct Fault {
    /// Byte range in the text.
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// Where a selector is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// On a whole page, and in the JSON embedded in it.
    Page,
    /// Inside one card. `@href` alone is an attribute of the card itself.
    Card,
}

/// Reads a selector. What begins with `$` is a JSON path. Otherwise the last `@` outside of brackets and quotation
/// marks parts a CSS selector from an attribute's name.
pub(super) fn parse(text: &str, within: Within) -> Result<Selector, Fault> {
    let whole = 0..text.len();
    if text.len() > MAX_BYTES {
        let message = format!("a selector has at most {MAX_BYTES} bytes");
        return Err(Fault { range: whole, message, help: "choose a class or an id that stands nearer" });
    }
    if text.trim_start().starts_with('$') {
        if within == Within::Card {
            let message = "a JSON path cannot lead into a card".to_owned();
            return Err(Fault { range: whole, message, help: "write a CSS selector: \"a.title@href\"" });
        }
        check_json_path(text)?;
        return Ok(Selector::Json(text.trim().to_owned()));
    }
    let (css, attribute) = match attribute_mark(text) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
        None => (text, None),
    };
    if let Some(name) = attribute {
        check_attribute(name, text.len() - name.len()..text.len())?;
    }
    let of_card_itself = within == Within::Card && attribute.is_some();
    if css.trim().is_empty() {
        if !of_card_itself {
            let message = "there is no selector here".to_owned();
            let help = "write a tag, a class or an id: \"h1.product-title\"";
            return Err(Fault { range: whole, message, help });
        }
    } else if let Err(error) = scraper::Selector::parse(css) {
        // The parser's own words are meant for programmers; one of its faults is common and worth a name.
        let message = if format!("{error:?}").contains("UnsupportedPseudoClass") {
            "this selector uses a pseudo-class that cannot be used here".to_owned()
        } else {
            "this is not a CSS selector".to_owned()
        };
        let help = "as in \"h1.product-title\", \"#price .now\", \"meta[itemprop=sku]@content\"";
        return Err(Fault { range: 0..css.len(), message, help });
    }
    let attribute = attribute.map(|name| name.trim().to_ascii_lowercase());
    Ok(Selector::Css { css: css.trim().to_owned(), attribute })
}

/// The last `@` outside of brackets and quotation marks.
fn attribute_mark(text: &str) -> Option<usize> {
    let (mut mark, mut quote, mut depth, mut escaped) = (None, None, 0usize, false);
    for (at, letter) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (letter, quote) {
            ('\\', _) => escaped = true,
            (_, Some(open)) if letter == open => quote = None,
            ('"' | '\'', None) => quote = Some(letter),
            ('[' | '(', None) => depth += 1,
            (']' | ')', None) => depth = depth.saturating_sub(1),
            ('@', None) if depth == 0 => mark = Some(at),
            _ => {}
        }
    }
    mark
}

fn check_attribute(name: &str, range: Range<usize>) -> Result<(), Fault> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_:.".contains(letter);
    let trimmed = name.trim();
    if trimmed.is_empty() || !trimmed.chars().all(plain) {
        let message = "after `@` stands the name of an attribute".to_owned();
        return Err(Fault { range, message, help: "as in \"a[rel=next]@href\"" });
    }
    Ok(())
}

/// `$`, then `.name`, `..name`, `.*`, `["name"]`, `[0]` or `[*]` as often as needed.
fn check_json_path(text: &str) -> Result<(), Fault> {
    let path = text.trim();
    let offset = text.len() - text.trim_start().len();
    let fault = |at: usize, message: &str| {
        let range = offset + at..offset + path.len();
        Err(Fault {
            range,
            message: message.to_owned(),
            help: "as in $.product.offers[0].price or $[\"full name\"]",
        })
    };
    let mut at = 1;
    while let Some(rest) = path.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(".*") || rest.starts_with("[*]") {
            at += if rest.starts_with('.') { 2 } else { 3 };
        } else if let Some(name) = rest.strip_prefix("..").or_else(|| rest.strip_prefix('.')) {
            let length = name.find(['.', '[', ']', ' ', '"', '\'', '*', '?', '$']).unwrap_or(name.len());
            if length == 0 {
                return fault(at, "after `.` stands a name");
            }
            at += rest.len() - name.len() + length;
        } else if let Some(inner) = rest.strip_prefix('[') {
            let Some(length) = json_index_length(inner) else {
                return fault(
                    at,
                    "between [ and ] stands a number from 0, `*`, or a name in quotation marks",
                );
            };
            at += 1 + length;
        } else {
            return fault(at, "this is no step of a JSON path");
        }
    }
    if at == 1 { fault(0, "this path leads nowhere") } else { Ok(()) }
}

/// Bytes of `0]`, `"name"]` or `'name']`.
fn json_index_length(inner: &str) -> Option<usize> {
    let close = match inner.chars().next()? {
        quote @ ('"' | '\'') => {
            let name = inner.get(1..)?;
            let end = name.find(quote).filter(|end| *end > 0)?;
            1 + end + 1
        }
        _ => inner.find(|letter: char| !letter.is_ascii_digit()).filter(|digits| (1..=6).contains(digits))?,
    };
    inner.get(close..)?.starts_with(']').then_some(close + 1)
}

#[cfg(test)]
mod tests {
    use super::{Selector, Within, parse};

    fn css(css: &str, attribute: Option<&str>) -> Selector {
        Selector::Css { css: css.to_owned(), attribute: attribute.map(str::to_owned) }
    }

    #[test]
    fn selectors_are_parted_from_attributes() {
        for (text, expected) in [
            ("h1.product-title", css("h1.product-title", None)),
            ("a[rel=next]@href", css("a[rel=next]", Some("href"))),
            ("a[href*='@']", css("a[href*='@']", None)),
            ("a[href*='@']@HREF", css("a[href*='@']", Some("href"))),
            ("[data-x=\"a@b\"] > b @ data-y", css("[data-x=\"a@b\"] > b", Some("data-y"))),
            ("div:has(a) .x", css("div:has(a) .x", None)),
            ("$.product.offers[0].price", Selector::Json("$.product.offers[0].price".to_owned())),
            ("$..offers[*].price", Selector::Json("$..offers[*].price".to_owned())),
            ("$.a.*", Selector::Json("$.a.*".to_owned())),
            ("$[\"a b\"].c", Selector::Json("$[\"a b\"].c".to_owned())),
        ] {
            assert_eq!(parse(text, Within::Page).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_card_may_give_its_own_attribute() {
        assert_eq!(parse("@href", Within::Card).unwrap(), css("", Some("href")));
        assert!(parse("@href", Within::Page).is_err());
        assert!(parse("", Within::Card).is_err());
        assert!(parse("$.a", Within::Card).is_err());
    }

    #[test]
    fn others_are_refused_with_a_place() {
        for (text, part) in [
            ("div[", "div["),
            ("@href", "@href"),
            ("a@b@", ""),
            ("a@hr ef", "hr ef"),
            ("$", "$"),
            ("$.a...b", "...b"),
            ("$.a[x]", "[x]"),
            ("$a", "a"),
        ] {
            let fault = parse(text, Within::Page).unwrap_err();
            assert_eq!(text.get(fault.range).unwrap(), part, "{text}");
        }
    }
}
