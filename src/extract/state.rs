//! Embedded state: the JSON that a shop's own program reads, found generically.
//!
//! A value counts when it looks like a product: an object with a name and a price or an identifier. Where the JSON
//! stands is all the same: `application/json` scripts, `window.X = {…}`, arguments of a call, JSON in a string, data
//! attributes.

use std::fmt;

use serde_json::{Map, Value};

use super::outline::{Outline, Tag, mark};
use super::record::{self, Field, Origin, Record};
use super::words::Vocabulary;
use super::{entity, lenient, text};

/// Bytes of one JSON text; a parsed value takes up to 30 times as much memory.
const TEXT_MAX: usize = 3 * 1024 * 1024;
/// Bytes of JSON parsed on a page.
const PAGE_MAX: usize = 8 * 1024 * 1024;
/// Places tried in scripts.
const PLACES_MAX: usize = 3000;
/// Values visited in one JSON text.
const VISITS_MAX: usize = 200_000;
/// Records kept.
const RECORDS_MAX: usize = 400;
/// Nesting of JSON in strings in JSON.
const STRINGS_DEEP: usize = 2;

/// Every JSON value embedded in the page, largest texts bounded, handed to `each` with its place.
pub(super) fn each_json(
    outline: &Outline<'_>,
    wanted: impl Fn(&str) -> bool,
    mut each: impl FnMut(&str, &Value),
) {
    let (mut left, mut places) = (PAGE_MAX, PLACES_MAX);
    for id in outline.ids() {
        match outline.tag(id) {
            Tag::Script => {
                let kind = outline.raw_attribute(id, "type").unwrap_or("").trim().to_ascii_lowercase();
                if kind.contains("ld+json") {
                    continue;
                }
                let inner = outline.inner(id);
                if inner.len() < 8 || inner.len() > left || !wanted(inner) {
                    continue;
                }
                let place = match outline.id_attribute(id) {
                    "" => "script".to_owned(),
                    name => format!("script#{name}"),
                };
                if kind.contains("json") || kind == "text/x-magento-init" {
                    left = left.saturating_sub(inner.len());
                    if inner.len() <= TEXT_MAX {
                        for value in lenient::read(inner) {
                            each(&place, &value);
                        }
                    }
                } else if kind.is_empty() || kind.contains("javascript") || kind == "module" {
                    in_program(inner, &mut left, &mut places, &mut |name, value| {
                        each(&format!("{place} {name}"), value);
                    });
                }
            }
            _ if outline.has(id, mark::DATA) => {
                for (name, value) in outline.raw_attributes(id) {
                    if value.len() > 20
                        && value.len() < left
                        && name.len() > 5
                        && looks_like_json(value)
                        && wanted(value)
                    {
                        left = left.saturating_sub(value.len());
                        let decoded = entity::decode(value);
                        if let Ok(value) = serde_json::from_str::<Value>(decoded.trim()) {
                            each(&format!("{}@{name}", outline.place(id)), &value);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

fn looks_like_json(value: &str) -> bool {
    value.trim_start().starts_with(['{', '[']) && value.trim_end().ends_with(['}', ']'])
}

/// Object literals and JSON strings in program text.
fn in_program(script: &str, left: &mut usize, places: &mut usize, each: &mut dyn FnMut(&str, &Value)) {
    let bytes = script.as_bytes();
    let mut at = 0;
    while let Some(open) =
        memchr::memchr3(b'{', b'[', b'(', bytes.get(at..).unwrap_or(&[])).map(|offset| at + offset)
    {
        at = open + 1;
        if *places == 0 || *left == 0 {
            return;
        }
        let before = script.get(..open).unwrap_or("").trim_end();
        if bytes.get(open) == Some(&b'(') {
            // JSON.parse("…"): the text of a string.
            if before.ends_with("JSON.parse") || before.ends_with("parseJSON") {
                *places -= 1;
                if let Some((text, end)) = string_argument(script, open + 1, *left) {
                    *left = left.saturating_sub(text.len());
                    if let Ok(value) = serde_json::from_str::<Value>(&text) {
                        each("JSON.parse", &value);
                    }
                    at = end;
                }
            }
            continue;
        }
        // Data is assigned, passed or returned; anything else in front makes a block of code.
        let Some(previous) = before.bytes().next_back() else { continue };
        if !matches!(previous, b'=' | b'(' | b',' | b':' | b'[') && !before.ends_with("return") {
            continue;
        }
        *places -= 1;
        let window_end = script.floor_char_boundary((open + TEXT_MAX.min(*left)).min(script.len()));
        let window = script.get(..window_end).unwrap_or("");
        let (value, end) = lenient::literal(window, open);
        *left = left.saturating_sub(end - open);
        if let Some(value) = value {
            at = end.max(at);
            if end - open > 12 {
                each(&name_before(before), &value);
            }
        }
    }
}

/// The variable or function in front of a literal.
fn name_before(before: &str) -> String {
    let head = before.trim_end_matches(['=', '(', ',', ':', '[', ' ']);
    let name: String = head
        .chars()
        .rev()
        .take(60)
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '$'))
        .collect();
    name.chars().rev().collect()
}

/// The decoded text of the string literal at `at`.
fn string_argument(script: &str, at: usize, limit: usize) -> Option<(String, usize)> {
    let start = at + script.get(at..)?.bytes().take_while(u8::is_ascii_whitespace).count();
    let quote = *script.as_bytes().get(start)?;
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let window =
        script.get(start..script.floor_char_boundary((start + limit.min(TEXT_MAX)).min(script.len())))?;
    let (value, end) = lenient::script_string(window)?;
    Some((value, start + end))
}

/// Whether a text may speak of products at all: a cheap look before parsing.
pub(super) fn may_hold_product(text: &str) -> bool {
    const WORDS: &[&[u8]] = &[b"rice", b"sku", b"SKU", b"gtin", b"ean", b"mount", b"RICE"];
    WORDS.iter().any(|word| memchr::memmem::find(text.as_bytes(), word).is_some())
}

/// Product-like objects of the page's embedded JSON whose name `fits` the page.
/// `also` sees every value that was looked at.
pub(super) fn records(
    outline: &Outline<'_>,
    fits: &dyn Fn(&str) -> bool,
    also: &mut dyn FnMut(&Value),
) -> Vec<Record> {
    let mut found = Vec::new();
    each_json(outline, may_hold_product, |place, value| {
        also(value);
        let mut visits = VISITS_MAX;
        walk(value, Path::Root(place), 0, STRINGS_DEEP, &mut visits, fits, &mut found);
    });
    found
}

/// Where a value stands, written out only for what is kept.
#[derive(Clone, Copy)]
enum Path<'p> {
    Root(&'p str),
    Key(&'p Path<'p>, &'p str),
    At(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root(place) => out.write_str(place),
            Self::Key(above, key) => write!(out, "{above}.{key}"),
            Self::At(above, at) => write!(out, "{above}[{at}]"),
        }
    }
}

fn walk(
    value: &Value,
    path: Path<'_>,
    depth: usize,
    strings: usize,
    visits: &mut usize,
    fits: &dyn Fn(&str) -> bool,
    found: &mut Vec<Record>,
) {
    if depth > 40 || *visits == 0 || found.len() >= RECORDS_MAX {
        return;
    }
    *visits -= 1;
    match value {
        Value::Array(list) => {
            for (at, item) in list.iter().enumerate() {
                if item.is_object() || item.is_array() {
                    walk(item, Path::At(&path, at), depth + 1, strings, visits, fits, found);
                }
            }
        }
        Value::Object(node) => {
            if let Some(record) = product(node, path, fits) {
                found.push(record);
            }
            for (key, item) in node {
                let path = Path::Key(&path, key);
                match item {
                    Value::Object(_) | Value::Array(_) if !ELSEWHERE.in_text(key) => {
                        walk(item, path, depth + 1, strings, visits, fits, found);
                    }
                    Value::String(written)
                        if strings > 0 && written.len() > 40 && looks_like_json(written) =>
                    {
                        if let Ok(inner) = serde_json::from_str::<Value>(written) {
                            walk(&inner, path, depth + 1, strings - 1, visits, fits, found);
                        }
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

/// Keys under which a shop keeps other products.
#[rustfmt::skip]
static ELSEWHERE: Vocabulary = Vocabulary::new(&[
    "related", "recommend", "similar", "crosssell", "upsell", "alsobought", "recentlyviewed", "suggest",
    "reviews", "breadcrumb", "translations",
]);

const NAME_KEYS: &[&str] = &[
    "name",
    "title",
    "productname",
    "displayname",
    "producttitle",
    "product_name",
    "item_name",
    "fn",
    "itemname",
    "product_title",
];
const SKU_KEYS: &[&str] = &[
    "sku",
    "productid",
    "product_id",
    "item_id",
    "productcode",
    "product_code",
    "articlenumber",
    "itemid",
    "skuid",
    "code",
    "id",
];

/// The record of an object that looks like a product.
fn product(node: &Map<String, Value>, path: Path<'_>, fits: &dyn Fn(&str) -> bool) -> Option<Record> {
    let get = |keys: &[&str]| -> Option<(&str, &Value)> {
        keys.iter().find_map(|key| {
            node.iter()
                .find(|(known, value)| known.eq_ignore_ascii_case(key) && !value.is_null())
                .map(|(k, v)| (k.as_str(), v))
        })
    };
    let (_, name) = get(NAME_KEYS)?;
    let name = scalar(name)?;
    if name.len() < 3 || !fits(&name) {
        return None;
    }
    let mut record = Record::new(Origin::State, path.to_string());
    record.claim(Field::Title, text::line(&name), "name");
    prices(node, &mut record, 0);
    for key in SKU_KEYS {
        if let Some((key, value)) = get(&[key])
            && let Some(value) = scalar(value).filter(|v| v.len() <= 40)
        {
            record.claim(Field::Sku, value, key);
        }
    }
    for (keys, field) in [
        (
            &[
                "gtin", "gtin13", "gtin14", "gtin12", "gtin8", "ean", "ean13", "upc", "isbn", "barcode",
                "eancode",
            ][..],
            Field::Gtin,
        ),
        (
            &[
                "mpn",
                "manufacturerpartnumber",
                "partnumber",
                "modelnumber",
                "manufacturer_part_number",
                "vendorcode",
            ][..],
            Field::Mpn,
        ),
        (
            &["brand", "brandname", "brand_name", "vendor", "item_brand", "manufacturer", "manufacturername"]
                [..],
            Field::Brand,
        ),
        (
            &["currency", "currencycode", "pricecurrency", "currency_code", "currencyiso", "currencyisocode"]
                [..],
            Field::Currency,
        ),
        (&["description", "shortdescription", "longdescription", "body_html"][..], Field::Description),
        (&["url", "producturl", "canonicalurl", "link", "pdpurl"][..], Field::Url),
    ] {
        for key in keys {
            if let Some((key, value)) = get(&[key])
                && let Some(value) = scalar(value).or_else(|| named(value))
            {
                record.claim(field, if field == Field::Url { value } else { text::line(&value) }, key);
            }
        }
    }
    if let Some((key, value)) = get(&[
        "availability",
        "stockstatus",
        "availabilitystatus",
        "stock_status",
        "instock",
        "isinstock",
        "available",
        "is_in_stock",
        "isavailable",
        "inventorystatus",
    ]) {
        let word = match value {
            Value::Bool(true) => Some("InStock".to_owned()),
            Value::Bool(false) => Some("OutOfStock".to_owned()),
            other => scalar(other).or_else(|| named(other)),
        };
        if let Some(word) = word {
            record.claim(Field::Availability, word, key);
        }
    }
    // "Default Title" is what Shopify calls the only form of a product.
    if let Some((_, Value::Array(variants))) = get(&["variants", "variations", "skus"]) {
        let names = variants.iter().take(record::FORMS_MAX).filter_map(Value::as_object);
        names
            .filter_map(|variant| {
                ["name", "title", "public_title"].iter().find_map(|key| scalar(variant.get(*key)?))
            })
            .filter(|name| name != "Default Title")
            .for_each(|name| record.form(text::line(&name)));
    }
    let identified = record.has(Field::Gtin) || record.has(Field::Mpn) || get(&["sku"]).is_some();
    let described = u8::from(record.has(Field::Brand))
        + u8::from(record.has(Field::Url))
        + u8::from(record.has(Field::Sku));
    (record.has(Field::Price) || (identified && described >= 2)).then_some(record)
}

/// Prices of an object, some levels down: `price: {current: {value: 9.9, currency: "EUR"}}`.
fn prices(node: &Map<String, Value>, record: &mut Record, depth: usize) {
    if depth > 3 {
        return;
    }
    for (key, value) in node {
        let lowered = key.to_ascii_lowercase();
        let about_price = lowered.contains("price")
            || lowered.contains("amount")
            || (depth > 0
                && matches!(
                    lowered.as_str(),
                    "value"
                        | "current"
                        | "sale"
                        | "selling"
                        | "final"
                        | "min"
                        | "gross"
                        | "withtax"
                        | "offer"
                ));
        if depth > 0 && lowered.starts_with("currency") {
            if let Some(code) = scalar(value) {
                record.claim(Field::Currency, code, key);
            }
            continue;
        }
        if lowered == "offers"
            && let Value::Object(inner) = value
        {
            prices(inner, record, depth + 1);
            continue;
        }
        if !about_price || lowered.contains("currency") || lowered.contains("label") && depth == 0 {
            continue;
        }
        let old = [
            "old", "regular", "list", "was", "original", "compare", "rrp", "msrp", "strike", "base",
            "retail", "before", "crossed",
        ]
        .iter()
        .any(|word| lowered.contains(word));
        let other = [
            "shipping", "unit", "per", "tax", "save", "saving", "discount", "diff", "max", "high", "range",
            "rate", "type", "valid", "id", "count", "net", "excl", "month", "cents", "points",
        ]
        .iter()
        .any(|word| lowered.contains(word));
        if other {
            continue;
        }
        let field = if old { Field::Regular } else { Field::Price };
        match value {
            Value::Object(inner) if !old => prices(inner, record, depth + 1),
            Value::Number(_) | Value::String(_) => {
                if let Some(written) =
                    scalar(value).filter(|v| v.chars().any(|c| c.is_ascii_digit()) && v.len() <= 30)
                {
                    record.claim(field, written, key);
                }
            }
            _ => {}
        }
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(written) if written.len() <= 20_000 => {
            Some(written.trim().to_owned()).filter(|v| !v.is_empty())
        }
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The name of `{name: …}`, `{label: …}`, `{value: …}`.
fn named(value: &Value) -> Option<String> {
    let node = value.as_object()?;
    ["name", "label", "value", "title", "displayName", "status"]
        .iter()
        .find_map(|key| scalar(node.get(*key)?))
}
