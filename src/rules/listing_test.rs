//! A rule's inline test: a listing written as a TOML table, and what the rule must say of it.

use serde::Deserialize;
use toml::de::ValueDeserializer;

use super::keys;
use super::model::RuleTest;
use crate::document::shape::{Keys, Shape};
use crate::document::{Document, Entry, Located, Problem, Table, code, is_country};
use crate::listing::Listing;

/// Reads one `[[test]]`. `patterns` are the names that `hits` may use.
pub(super) fn read(table: &Table<'_>, patterns: &[&str]) -> Option<RuleTest> {
    let document = table.document();
    let start = table.span();
    let name = table.line("name").unwrap_or_default();
    let (flag, pass) = (table.entry("flag"), table.entry("pass"));
    let (entry, flagged) = match (flag, pass) {
        (Some(entry), None) => (Some(entry), true),
        (None, Some(entry)) => (Some(entry), false),
        (both, _) => {
            let span = both.map_or(start.clone(), |entry| entry.key().span);
            let problem = Problem::error(
                code::TEST_WITHOUT_VERDICT,
                span,
                "a test has either `flag` or `pass`, each with a listing",
            )
            .help(
                "write `flag = { title = \"…\" }` where the rule must hit, `pass = { … }` where it must not",
            );
            document.report(problem);
            (None, false)
        }
    };
    let hits = hits(table, patterns);
    let market = table.string("market");
    if let Some(market) = &market
        && !is_country(&market.value)
    {
        let problem = Problem::error(code::BAD_VALUE, market.span.clone(), "this is not a country code")
            .help("write the two capitals of ISO 3166, such as \"DE\"");
        document.report(problem);
    }
    let listing = listing(&entry?, document)?;
    let line = document.line(start.start);
    Some(RuleTest { name, listing, flag: flagged, hits, market: market.map(|market| market.value), line })
}

fn hits(table: &Table<'_>, patterns: &[&str]) -> Vec<(String, String)> {
    let Some(group) = table.table("hits") else { return Vec::new() };
    let mut hits = Vec::new();
    for entry in group.entries() {
        let name = entry.key();
        if !patterns.contains(&name.value.as_str()) {
            let help = group
                .document()
                .nearest(&name.value, patterns.iter().copied())
                .map(|nearest| format!("did you mean `{nearest}`?"));
            let message = format!("this rule has no pattern `{}`", name.value);
            let problem = Problem::error(code::UNKNOWN_PATTERN, name.span, message).maybe_help(help);
            group.document().report(problem);
        } else if let Some(text) = entry.string() {
            hits.push((name.value, text.value));
        }
    }
    hits
}

/// The table as a listing, or an error at every value that cannot be part of one.
fn listing(entry: &Entry<'_>, document: &Document<'_>) -> Option<Listing> {
    let before = document.errors();
    let verdict = entry.key().value;
    if let Some(title) = entry.text() {
        let title: String = title.chars().take(60).collect();
        entry.wrong_type("a listing", Some(format!("write `{verdict} = {{ title = {title:?} }}`")));
        return None;
    }
    let table = entry.table(format!("test.{verdict}"), Some(&keys::LISTING))?;
    check_values(&table, &keys::LISTING);
    for (part, keys, example) in [
        ("price", &keys::PRICE, "price = { amount = \"39.90\", currency = \"EUR\" }"),
        ("seller", &keys::SELLER, "seller = { name = \"…\" }"),
    ] {
        let Some(entry) = table.entry(part) else { continue };
        if entry.is_table() {
            if let Some(table) = table.table(part) {
                check_values(&table, keys);
            }
        } else {
            entry.wrong_type("a table", Some(format!("write `{example}`")));
        }
    }
    if document.errors() > before {
        return None;
    }
    Listing::deserialize(ValueDeserializer::from(entry.value().clone()))
        .map_err(|fault| {
            let span = fault.span().unwrap_or_else(|| entry.span());
            let message = format!("this is not a listing: {}", fault.message());
            document.report(Problem::error(code::BAD_LISTING, span, message));
        })
        .ok()
}

/// Reports values of the wrong kind, and those of the right kind that no listing has.
fn check_values(table: &Table<'_>, keys: &Keys) {
    for key in keys.keys {
        match key.shape {
            Shape::List(_) => drop(table.strings(key.name)),
            Shape::Decimal => drop(table.decimal(key.name)),
            Shape::Map(..) => {
                for entry in table.table(key.name).map(|map| map.entries()).unwrap_or_default() {
                    entry.string();
                }
            }
            Shape::Choice(names) => {
                if let Some(text) =
                    table.string(key.name).filter(|text| !names.contains(&text.value.as_str()))
                {
                    let help = table.document().nearest(&text.value, names.iter().copied()).map_or_else(
                        || format!("one of {}", names.join(", ")),
                        |near| format!("did you mean \"{near}\"?"),
                    );
                    let message = format!("no listing has this {}", key.name);
                    table.document().report(Problem::error(code::BAD_LISTING, text.span, message).help(help));
                }
            }
            Shape::Table(_) => {}
            _ => {
                if let Some(text) = table.string(key.name) {
                    check_text(table, key.name, &text);
                }
            }
        }
    }
}

fn check_text(table: &Table<'_>, key: &str, text: &Located<String>) {
    let is_currency = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let (message, help) = match key {
        "title" if text.value.trim().is_empty() => {
            ("the title is empty", "write what the page shows as its headline")
        }
        "currency" if !is_currency(&text.value) => {
            ("this is not a currency", "write the three capitals of ISO 4217, such as \"EUR\"")
        }
        _ => return,
    };
    table.document().report(Problem::error(code::BAD_LISTING, text.span.clone(), message).help(help));
}
