//! Pieces: broken blocks, price strings, markup snippets, fields, identifiers, examples in three syntaxes.

use std::fs;
use std::path::Path;

use caveat::extract::{Extractor, elements};
use caveat::listing::Listing;
use caveat::page::{Extracted, LinkKind};
use serde_json::Value;

use super::{Row, amount, extract, fold, json_lines, page};

pub(super) fn broken_json_ld(root: &Path) -> Vec<Row> {
    let root = root.join("broken-jsonld");
    let mut equal = Row::checks("broken JSON-LD equal to the reference", 0.95, 1.0, 1.0);
    let mut siblings = Row::checks("sibling blocks kept", 1.0, 1.0, 1.0);
    for row in json_lines(&root.join("blocks.jsonl")) {
        let raw = row["raw"].as_str().unwrap();
        if !row["expected"].is_null() {
            let read = caveat::extract::lenient::read(raw);
            let expected = match &row["expected"] {
                Value::String(text) => serde_json::from_str(text).unwrap_or(Value::String(text.clone())),
                other => other.clone(),
            };
            equal.check(read.first() == Some(&expected), || {
                format!(
                    "{} {}: {}",
                    row["id"],
                    row["category"],
                    difference(&expected, read.first().unwrap_or(&Value::Null), "$")
                )
            });
        }
        let sibling =
            r#"{"@type":"Product","name":"Sibling","offers":{"price":"1.5","priceCurrency":"EUR"}}"#;
        let html = format!(
            "<script type=application/ld+json>{raw}</script><script type=application/ld+json>{sibling}</script><h1>Sibling</h1>"
        );
        let listing = extract(None, &html).listing;
        siblings.check(listing.is_some_and(|l| l.title == "Sibling" && l.price.is_some()), || {
            row["id"].to_string()
        });
    }
    vec![equal, siblings]
}

/// The first place where two values differ.
fn difference(expected: &Value, read: &Value, path: &str) -> String {
    match (expected, read) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let other = b.get(key).unwrap_or(&Value::Null);
                if value != other {
                    return difference(value, other, &format!("{path}.{key}"));
                }
            }
            let more: Vec<&String> = b.keys().filter(|key| !a.contains_key(*key)).collect();
            format!("{path}: more keys {more:?}")
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let at = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(0);
            difference(&a[at], &b[at], &format!("{path}[{at}]"))
        }
        _ => format!("{path}: {expected} read {read}").chars().take(300).collect(),
    }
}

pub(super) fn price_strings(root: &Path) -> Vec<Row> {
    use caveat::extract::money::{Hints, parse, sign_in};
    let root = root.join("price-strings");
    let mut supported = Row::checks("price strings, supported rows", 0.98, 0.995, 0.995);
    let mut xfail = Row::checks("price strings, xfail rows", 0.60, 0.85, 0.90);
    for row in json_lines(&root.join("cases.jsonl")) {
        let text = row["input"]["price"].as_str().unwrap_or("");
        let hint = row["input"]["currency_hint"].as_str().unwrap_or("");
        let decimal = row["input"]["decimal_separator"].as_str().and_then(|d| d.chars().next());
        let money = parse(text, Hints { decimal, currency: None });
        let read_amount = money.as_ref().map(|m| m.amount.normalize());
        let read_currency =
            money.and_then(|m| m.currency).or_else(|| sign_in(hint)).or_else(|| sign_in(text));
        let expected = row["expected"]["amount"].as_str().map(amount);
        let currency = row["expected"]["currency"].as_str().map(str::to_owned);
        let right = read_amount == expected && read_currency == currency;
        let target =
            if row["list"].as_str().unwrap().contains("xfail") { &mut xfail } else { &mut supported };
        target.check(right, || {
            format!(
                "{text:?} hint {hint:?}: {expected:?} {currency:?} read {read_amount:?} {read_currency:?}"
            )
        });
    }
    vec![supported, xfail]
}

pub(super) fn hard_cases(root: &Path) -> Vec<Row> {
    use caveat::extract::money::{Hints, parse};
    let root = root.join("hard-cases");
    let mut markup = Row::checks("hard cases, markup", 0.90, 1.0, 1.0);
    for row in json_lines(&root.join("markup_snippets.jsonl")) {
        let expected = row["expected"].as_object().unwrap();
        let Some(html) = row["html"].as_str() else { continue };
        let body = html.as_bytes().to_vec();
        let explained = Extractor::default().explain(&page(
            Some("https://x.test/p/1"),
            Some("text/html; charset=utf-8"),
            body,
        ));
        let mut extracted = explained.extracted;
        if extracted.listing.is_none() {
            // A snippet without a title is no listing, but its price was read.
            let field =
                |name: &str| explained.fields.iter().find(|f| f.field == name).and_then(|f| f.value.clone());
            let price = field("price").map(|amount| caveat::listing::Price {
                amount: amount.parse().unwrap(),
                currency: field("price.currency"),
                regular: None,
                max: None,
            });
            extracted.listing = Some(Listing { price, ..Listing::default() });
        }
        let wrong: Vec<String> =
            expected.iter().filter_map(|(key, value)| fault(key, value, &extracted, html)).collect();
        markup.check(wrong.is_empty(), || format!("{} {}: {}", row["id"], row["name"], wrong.join("; ")));
    }
    let mut prices = Row::checks("hard cases, prices", 0.90, 1.0, 1.0);
    for row in json_lines(&root.join("price_strings.jsonl")) {
        let context = &row["context"];
        let hints = Hints {
            decimal: context["site_decimal"].as_str().and_then(|d| d.chars().next()),
            currency: context["currency"].as_str(),
        };
        let money = parse(row["input"].as_str().unwrap(), hints);
        let expected = row["expected"]["amount"].as_str().map(amount);
        let currency = row["expected"]["currency_raw"].as_str();
        let read = money.as_ref().map(|m| m.amount.normalize());
        let host = context["domain"].as_str();
        let locale = caveat::extract::currency::Locale { host, language: context["lang"].as_str() };
        let written = money.as_ref().and_then(|m| m.currency.as_deref());
        let meant = written.and_then(|w| caveat::extract::currency::iso(w, locale)).or(hints.currency);
        let right = read == expected && (expected.is_none() || written == currency || meant == currency);
        prices.check(right, || {
            format!("{} {}: {expected:?} {currency:?} read {read:?} {written:?}", row["id"], row["input"])
        });
    }
    vec![markup, prices]
}

/// What is wrong with one expectation of a hard case.
fn fault(key: &str, value: &Value, extracted: &Extracted, html: &str) -> Option<String> {
    let listing = extracted.listing.clone().unwrap_or_default();
    let price = listing.price.as_ref();
    let text = value.as_str().map(str::to_owned);
    let number = |a: Option<caveat::listing::Amount>| a.map(|a| a.0.normalize().to_string());
    let wanted = text.as_deref().map(|t| amount(t).to_string());
    let (read, expected) = match key {
        "name" => (Some(listing.title.clone()), text),
        "price" => (number(price.map(|p| p.amount)), wanted),
        "price_max" => (number(price.and_then(|p| p.max)), wanted),
        "regular_price" => (number(price.and_then(|p| p.regular)), wanted),
        "currency" => (price.and_then(|p| p.currency.clone()), text),
        "brand" => (listing.brand.clone(), text),
        "sku" => (listing.sku.clone(), text),
        "description" => (Some(listing.description.clone()), text),
        "gtin" => (listing.gtin.first().cloned(), text),
        "availability" => (Some(format!("{:?}", listing.availability)), text),
        "seller" => (listing.seller.and_then(|s| s.name), text),
        "image" => (listing.images.first().cloned(), text),
        "page_type" => (
            Some(format!("{:?}", extracted.page_type).to_lowercase()),
            text.map(|t| t.replace("listing", "category")),
        ),
        "conflict" => {
            (Some(listing.conflicts.iter().any(|c| c.field == "price").to_string()), Some(value.to_string()))
        }
        "links" => {
            let products: Vec<String> = extracted
                .links
                .iter()
                .filter(|l| l.kind == LinkKind::Product)
                .map(|l| l.url.clone())
                .collect();
            (Some(serde_json::to_string(&products).unwrap()), Some(value.to_string()))
        }
        "charset" => {
            let read = caveat::extract::charset::decode(html.as_bytes(), None).encoding.name().to_lowercase();
            (Some(read), text)
        }
        _ => return None,
    };
    (read != expected).then(|| format!("{key} {expected:?} read {read:?} ({:?})", extracted.page_type))
}

/// Every example whose author gave three entries. Where an entry is a sentence ("This example is JSON only") instead of
/// markup, those that are markup are compared; the second row has only the examples with markup in all three.
pub(super) fn three_syntaxes(root: &Path) -> Vec<Row> {
    let mut every = Row::checks("three syntaxes of one example agree (68)", 62.0 / 68.0, 1.0, 0.94);
    let mut three = Row::checks("the same, of those with markup in all three", 0.85, 1.0, 0.88);
    for example in json_lines(&root.join("schemaorg-examples/product_offer_examples.jsonl")) {
        let text = |syntax: &str| example[syntax].as_str().unwrap_or_default().trim().to_owned();
        let given = ["microdata", "rdfa", "jsonld"].map(text);
        let is_note = |entry: &String| {
            matches!(entry.as_str(), "" | "TODO" | "N/A")
                || (entry.starts_with("<!--") && entry.matches('<').count() == 1)
        };
        if given.iter().any(is_note) {
            continue;
        }
        let [micro, rdfa, json] = given;
        let json = if json.starts_with('{') {
            format!("<script type='application/ld+json'>{json}</script>")
        } else {
            json
        };
        let sources: Vec<String> = [(micro, "itemscope"), (rdfa, "typeof"), (json, "ld+json")]
            .into_iter()
            .filter(|(source, sign)| source.contains(sign))
            .map(|(source, _)| source)
            .collect();
        let read: Vec<Vec<String>> = sources.iter().map(|html| essence(html)).collect();
        let right = read.iter().all(|r| *r == read[0]);
        let facts: Vec<String> = read.iter().map(|r| format!("{r:?}")).collect();
        let miss = || format!("{} {}\n        {}", example["id"], example["types"], facts.join("\n        "));
        every.check(right, miss);
        if sources.len() == 3 {
            three.check(right, miss);
        }
    }
    vec![every, three]
}

/// The marked-up facts of a page: what all three syntaxes must say alike.
fn essence(html: &str) -> Vec<String> {
    let explanation = Extractor::default().explain(&page(
        Some("https://x.test/p"),
        Some("text/html; charset=utf-8"),
        html.as_bytes().to_vec(),
    ));
    let marked = |source: &str| matches!(source, "json-ld" | "microdata" | "rdfa");
    let mut facts: Vec<String> = explanation
        .fields
        .iter()
        // Authors describe the same thing in other words in each syntax.
        .filter(|f| f.field != "description")
        .filter(|f| f.candidates.iter().any(|c| c.won && marked(&c.source)))
        .map(|f| format!("{}={}", f.field, fold(f.value.as_deref().unwrap_or_default())))
        .collect();
    facts.sort();
    facts
}
/// Pieces of pages that show a brand, a breadcrumb trail or a rating.
pub(super) fn fields(root: &Path) -> Vec<Row> {
    let root = root.join("field-snippets");
    let read =
        |name: &str| -> Vec<Value> { serde_json::from_slice(&fs::read(root.join(name)).unwrap()).unwrap() };
    let mut brand = Row::checks("brand snippets", 0.97, 0.99, 0.97);
    for case in read("brand.json") {
        let html = case["html"].as_str().unwrap();
        let read = elements::brand(html);
        let expected = case["value"].as_str().map(fold);
        brand.check(read.as_deref().map(fold) == expected, || {
            format!("{:?}: {expected:?} read {read:?}", html.chars().take(200).collect::<String>())
        });
    }
    let mut marked = Row::checks("brand snippets inside a marked-up product", 0.97, 0.99, 0.95);
    for case in read("brand.json") {
        let html = case["html"].as_str().unwrap();
        if html.contains("itemprop") || html.contains("itemscope") {
            continue;
        }
        let whole = format!(
            "<div itemscope itemtype='https://schema.org/Product'><b itemprop=name>Red ball</b><div itemprop=brand>{html}</div></div>"
        );
        let read = extract(None, &whole).listing.and_then(|listing| listing.brand);
        // On a page, "Brand: Acme" and "by Acme" are Acme.
        let expected = case["value"].as_str().map(|value| {
            let bare = value.split_once(':').map_or(value, |(_, brand)| brand);
            fold(bare).trim_start_matches("by ").to_owned()
        });
        marked.check(read.as_deref().map(fold) == expected, || {
            format!("{:?}: {expected:?} read {read:?}", html.chars().take(200).collect::<String>())
        });
    }
    let mut trails = Row::checks("breadcrumb snippets", 0.93, 0.99, 0.93);
    for case in read("breadcrumbs.json").iter().filter(|case| case.get("xfail").is_none()) {
        let base: Option<url::Url> = case["base_url"].as_str().and_then(|url| url.parse().ok());
        let read: Vec<(String, Option<String>)> =
            elements::breadcrumbs(case["html"].as_str().unwrap(), base.as_ref())
                .into_iter()
                .map(|step| (fold(&step.name), step.url))
                .collect();
        let expected: Vec<(String, Option<String>)> = case["expected"]
            .as_array()
            .unwrap()
            .iter()
            .map(|step| (fold(step["name"].as_str().unwrap_or("")), step["url"].as_str().map(str::to_owned)))
            .collect();
        let same = |a: &Option<String>, b: &Option<String>| {
            let bare = |url: &Option<String>| -> Option<String> {
                let mut url: url::Url = url.as_deref()?.parse().ok()?;
                url.set_fragment(None);
                Some(url.as_str().trim_end_matches('/').to_owned())
            };
            bare(a) == bare(b)
        };
        let right = read.len() == expected.len()
            && read.iter().zip(&expected).all(|(r, e)| r.0 == e.0 && same(&r.1, &e.1));
        trails.check(right, || format!("{expected:?}\n        read {read:?}"));
    }
    let mut ratings = Row::checks("rating snippets, scale where it is told", 0.97, 0.99, 0.9);
    for case in read("rating.json") {
        let html = case["html"].as_str().unwrap();
        let read = elements::rating_of(html, case["parent_html"].as_str().unwrap_or(""));
        let right = read.map(|r| r.value) == case["ratingValue"].as_f64()
            && (case["bestRating"].is_null() || read.and_then(|r| r.best) == case["bestRating"].as_f64());
        ratings.check(right, || {
            let start = |text: &str| text.chars().take(260).collect::<String>();
            format!(
                "{} {} read {read:?} of {:?} in {:?}",
                case["ratingValue"],
                case["bestRating"],
                start(html),
                start(case["parent_html"].as_str().unwrap_or(""))
            )
        });
    }
    vec![brand, marked, trails, ratings]
}

/// Identifiers of many kinds.
pub(super) fn identifiers(root: &Path) -> Vec<Row> {
    let mut row = Row::checks("strings that are a GTIN or none", 0.95, 1.0, 0.9);
    for case in json_lines(&root.join("gtin-strings/zyte_parsers_gtin.jsonl")) {
        if case["task"] != "classify" {
            continue;
        }
        let input = case["input"].as_str().unwrap_or("");
        let kind = case["expected"].as_str();
        let wanted = kind.is_some_and(|kind| {
            kind.starts_with("gtin") || kind.starts_with("isbn") || kind.starts_with("upc") || kind == "ismn"
        });
        let read = caveat::extract::gtin::parse(input);
        row.check(read.is_some() == wanted, || format!("{input:?} {kind:?} read {read:?}"));
    }
    vec![row]
}
