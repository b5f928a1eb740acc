//! `rules/taxonomy.toml`: the classes of danger.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::common;
use super::provision::{self, Act};
use super::taxonomy::{Class, LegalBasis, Taxonomy};
use crate::document::shape;
use crate::document::{Entry, Located, Problem, Table, code, is_language};
use crate::finding::Severity;

/// Classes in one file.
const MAX_CLASSES: usize = 2000;

pub(super) const SEVERITY_NAMES: [&str; 4] = shape::names(&SEVERITIES);
const SEVERITIES: [(&str, Severity); 4] = [
    ("low", Severity::Low),
    ("medium", Severity::Medium),
    ("high", Severity::High),
    ("critical", Severity::Critical),
];

pub(super) const NOTICE_NAMES: [&str; 4] = ["dsa16", "dsa9", "gpsr22", "safetygate"];

/// Who may be competent.
pub(super) const AUTHORITY_NAMES: [&str; 14] = [
    "market-surveillance",
    "medicines",
    "veterinary-medicines",
    "medical-devices",
    "cosmetics",
    "food",
    "chemicals",
    "plant-protection",
    "explosives-precursors",
    "radio-equipment",
    "tobacco",
    "police",
    "customs",
    "other",
];

/// Whose products the General Product Safety Regulation leaves to other law (Article 2(2)), and the notices under it.
const OUTSIDE_GPSR: [&str; 4] = ["medicines", "veterinary-medicines", "food", "plant-protection"];
const GPSR_NOTICES: [&str; 2] = ["gpsr22", "safetygate"];

/// What was read: the sound classes, and the names of the others, so that rules can say why they cannot run.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) taxonomy: Taxonomy,
    pub(super) broken: BTreeSet<String>,
    /// The days on which somebody checked a provision.
    pub(super) checked: Vec<Located<Date>>,
}

/// Reads the file.
pub(super) fn read(table: &Table<'_>) -> Read {
    common::format(table);
    let document = table.document();
    let mut read = Read::default();
    for (name, class) in table.named_tables("class", MAX_CLASSES, has_class_name) {
        let before = document.errors();
        let class = read_class(&class, &mut read.checked);
        match class {
            Some(class) if document.errors() == before => {
                read.taxonomy.classes.insert(name.value, class);
            }
            _ => {
                read.broken.insert(name.value);
            }
        }
    }
    read
}

fn has_class_name(entry: &Entry<'_>) -> bool {
    let name = entry.key();
    let is_sound = is_class_name(&name.value);
    if !is_sound {
        let nested = entry.try_table().and_then(|table| Some(table.entries().first()?.key().value));
        let help = format!(
            "write the whole name in quotes: [class.\"{}.{}\"]",
            name.value,
            nested.as_deref().unwrap_or("name")
        );
        let problem = Problem::error(
            code::BAD_NAME,
            name.span,
            "a class has a family and a name, with a point between, of letters a to z, digits and `-`",
        );
        entry.document().report(problem.help(help));
    }
    is_sound
}

fn is_class_name(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part.len() <= 40
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    name.split_once('.').is_some_and(|(family, own)| plain(family) && plain(own))
}

fn read_class(table: &Table<'_>, days: &mut Vec<Located<Date>>) -> Option<Class> {
    let severity = table.choice("severity", &SEVERITIES);
    let authority = table.choice("authority", &AUTHORITY_NAMES.map(|name| (name, name)));
    let notices = notices(table, authority.as_ref().map(|authority| authority.value));
    let title = by_language(table, "title");
    let check = by_language(table, "check");
    let legal_basis = table
        .tables("legal_basis")
        .unwrap_or_default()
        .into_iter()
        .filter_map(|provision| read_provision(&provision, days))
        .collect();
    Some(Class {
        title,
        check,
        severity: severity?.value,
        authority: authority?.value.to_owned(),
        legal_basis,
        notices,
    })
}

fn notices(table: &Table<'_>, authority: Option<&str>) -> Vec<String> {
    let mut notices = Vec::new();
    for notice in table.strings("notices").unwrap_or_default() {
        let kinds = NOTICE_NAMES.map(|name| (name, name));
        let Some(kind) = table.find_choice("kind of notice", &notice, &kinds) else { continue };
        if let Some(authority) = authority.filter(|authority| OUTSIDE_GPSR.contains(authority))
            && GPSR_NOTICES.contains(&kind)
        {
            let message = format!("this notice does not fit what the authority for {authority} looks after");
            let problem = Problem::error(code::BAD_VALUE, notice.span, message).help(
                "Regulation (EU) 2023/988 leaves medicines, food, feed and plant protection products to other law \
                 (Article 2(2)); take the notice out, or name another authority",
            );
            table.document().report(problem);
        }
        notices.push(kind.to_owned());
    }
    notices
}

/// Texts by language; English must be among them, because every user can fall back on it.
fn by_language(table: &Table<'_>, key: &'static str) -> BTreeMap<String, String> {
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

fn read_provision(table: &Table<'_>, days: &mut Vec<Located<Date>>) -> Option<LegalBasis> {
    let written = table.string("provision");
    let provision = written.as_ref().and_then(|text| read_act(table, text));
    let url = table.entry("url").and_then(|entry| http_url(table, &entry));
    if let (Some(act), Some(url)) = (&provision, &url)
        && let Some(other) = provision::act_at(url).filter(|other| other != act)
    {
        let span = table.entry("url").map_or(0..0, |entry| entry.span());
        let message = format!("this is the address of {other}, and the provision is of {act}");
        let problem = Problem::error(code::BAD_URL, span, message)
            .help("officers quote the one and open the other; correct whichever is wrong");
        table.document().report(problem);
    }
    let checked = table.date("checked");
    days.extend(checked.clone());
    let provision = table.line("provision").zip(provision).map(|(text, _)| text);
    Some(LegalBasis { provision: provision?, url: url?, checked: checked?.value.to_string() })
}

fn read_act(table: &Table<'_>, text: &Located<String>) -> Option<Act> {
    let act = provision::act_of(&text.value);
    if act.is_none() {
        let problem =
            Problem::error(code::BAD_VALUE, text.span.clone(), "this does not begin with an act that can be quoted")
                .help(
                    "write the act and the place in it: \"Directive 2001/83/EC, Article 85c\", \"Regulation (EC) No 1223/2009, \
                     Article 14(1)\"; national law begins with its country: \"DE: AMG, § 43\"",
                );
        table.document().report(problem);
    }
    act
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
