//! A rule's inline test: a listing written as a TOML table, and what the rule must say of it.

use serde::Deserialize;
use toml::de::ValueDeserializer;

use super::keys;
use super::model::RuleTest;
use crate::document::{Entry, Problem, Table, code, is_country};
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

/// The table as a listing, or an error at the value that is none.
fn listing(entry: &Entry<'_>, document: &crate::document::Document<'_>) -> Option<Listing> {
    let before = document.errors();
    let table = entry.table(format!("test.{}", entry.key().value), Some(&keys::LISTING))?;
    for part in ["price", "seller"] {
        table.entry(part).filter(Entry::is_table).and_then(|_| table.table(part));
    }
    match Listing::deserialize(ValueDeserializer::from(entry.value().clone())) {
        Ok(listing) => (document.errors() == before).then_some(listing),
        // What is missing has been reported.
        Err(fault) if document.errors() > before && fault.message().starts_with("missing field") => None,
        Err(fault) => {
            let span = fault.span().unwrap_or_else(|| entry.span());
            let said = fault.message().replace("a sequence", "a list").replace("a map", "a table");
            let said = said.replace("struct Price", "a table { amount = \"…\", currency = \"…\" }");
            let said = said.replace("struct Seller", "a table { name = \"…\" }");
            let message = format!("this is not a listing: {said}");
            document.report(Problem::error(code::BAD_LISTING, span, message));
            None
        }
    }
}
