//! `rules/taxonomy.toml`: the classes of danger.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::common;
use super::taxonomy::{Class, LegalBasis, Taxonomy};
use crate::document::{Entry, Located, Problem, Table, code, is_language};
use crate::finding::Severity;

/// Classes in one file.
const MAX_CLASSES: usize = 2000;
/// After as many days a provision should be looked at again: EU acts are amended about once in two years.
const STALE_AFTER_DAYS: i32 = 730;

const SEVERITIES: [(&str, Severity); 4] = [
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

const NOTICES: [(&str, &str); 4] =
    [("dsa16", "dsa16"), ("dsa9", "dsa9"), ("gpsr22", "gpsr22"), ("safetygate", "safetygate")];

/// What was read: the sound classes, and the names of the others, so that rules can say why they cannot run.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) taxonomy: Taxonomy,
    pub(super) broken: BTreeSet<String>,
}

/// Reads the file. With `today`, provisions that nobody has checked for long are warned of.
pub(super) fn read(mut table: Table<'_>, today: Option<Date>) -> Read {
    common::format(&mut table);
    table.require("class", "{ … }, as tables [class.\"medicine.erectile\"]");
    let document = table.document();
    let mut read = Read::default();
    for (name, class) in table.named_tables("class", MAX_CLASSES) {
        if !is_class_name(&name.value) {
            let nested = class.entries().first().map(|entry| entry.key().value).unwrap_or_default();
            let help = format!("write the whole name in quotes: [class.\"{}.{nested}\"]", name.value);
            let problem = Problem::error(
                code::BAD_NAME,
                name.span,
                "a class has a family and a name, with a point between, of letters a to z, digits and `-`",
            );
            document.report(problem.help(help));
            continue;
        }
        let before = document.errors();
        let class = read_class(class, today);
        match class {
            Some(class) if document.errors() == before => {
                read.taxonomy.classes.insert(name.value, class);
            }
            _ => {
                read.broken.insert(name.value);
            }
        }
    }
    table.finish();
    read
}

fn is_class_name(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.len() <= 40
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    name.split_once('.').is_some_and(|(family, own)| plain(family) && plain(own))
}

fn read_class(mut table: Table<'_>, today: Option<Date>) -> Option<Class> {
    table.require("severity", "\"high\"");
    table.require("authority", "\"medicines\"");
    table.require("title", "{ en = \"…\" }");
    let severity = table.choice("severity", &SEVERITIES);
    let authority = table.line("authority");
    let mut notices: Vec<String> = Vec::new();
    for notice in table.strings("notices").unwrap_or_default() {
        if let Some(kind) = table.find_choice("kind of notice", &notice, &NOTICES) {
            notices.push(kind.to_owned());
        }
    }
    let title = by_language(&mut table, "title");
    let check = by_language(&mut table, "check");
    let legal_basis = table
        .tables("legal_basis")
        .unwrap_or_default()
        .into_iter()
        .filter_map(|provision| read_provision(provision, today))
        .collect();
    table.finish();
    Some(Class { title, check, severity: severity?.value, authority: authority?, legal_basis, notices })
}

/// Texts by language; English must be among them, because every user can fall back on it.
fn by_language(table: &mut Table<'_>, key: &'static str) -> BTreeMap<String, String> {
    let Some(texts) = table.table(key) else { return BTreeMap::new() };
    let mut read = BTreeMap::new();
    for entry in texts.entries() {
        let language = entry.key();
        if is_language(&language.value) {
            read.extend(entry.string().map(|text| (language.value, text.value)));
        } else {
            let problem = Problem::error(code::BAD_VALUE, language.span, "this is not a language")
                .help("write the two or three letters of ISO 639, such as de");
            table.document().report(problem);
        }
    }
    if !read.contains_key("en") {
        let message = format!("`{key}` has no English text");
        let problem = Problem::error(code::MISSING_KEY, texts.span(), message).help("write `en = \"…\"`");
        table.document().report(problem);
    }
    read
}

fn read_provision(mut table: Table<'_>, today: Option<Date>) -> Option<LegalBasis> {
    table.require("provision", "\"Directive 2001/83/EC, Article 85c\"");
    table.require("url", "\"https://eur-lex.europa.eu/eli/…\"");
    table.require("checked", "2026-11-24");
    let provision = table.line("provision");
    let url = table.entry("url").and_then(|entry| http_url(&table, &entry));
    let checked = table.date("checked");
    if let (Some(today), Some(checked)) = (today, &checked) {
        warn_if_stale(&table, checked, today);
    }
    table.finish();
    Some(LegalBasis { provision: provision?, url: url?, checked: checked?.value.to_string() })
}

fn http_url(table: &Table<'_>, entry: &Entry<'_>) -> Option<String> {
    let text = entry.string()?;
    let sound = url::Url::parse(&text.value).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !sound {
        let problem = Problem::error(code::BAD_URL, text.span, "this is not a web address")
            .help("write it whole, with https://");
        table.document().report(problem);
        return None;
    }
    Some(text.value)
}

fn warn_if_stale(table: &Table<'_>, checked: &Located<Date>, today: Date) {
    let days = checked.value.until(today).map_or(0, |span| span.get_days());
    if days > STALE_AFTER_DAYS {
        let message = format!("nobody has checked this provision for {days} days");
        let problem = Problem::warning(code::STALE_LEGAL_CHECK, checked.span.clone(), message)
            .help("look it up at its address, then write today's date");
        table.document().report(problem);
    }
}
