//! `rules/lists/NAME.toml`: words that several rules and searches share, with where they come from.

use super::common;
use super::terms;
use super::written::Allow;
use crate::document::{Document, Located, Problem, Table, code};

/// A list of words, shared by rules and searches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// File name without `.toml`.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// Where the words come from.
    pub source: String,
    /// The licence under which they may be used.
    pub licence: String,
    /// BCP 47 primary subtags of the words; empty: they belong to no language.
    pub langs: Vec<String>,
    /// Whole words and phrases.
    pub terms: Vec<String>,
    /// Word beginnings.
    pub stems: Vec<String>,
}

/// A list as its author typed it.
#[derive(Debug, Clone)]
pub struct WrittenList {
    /// One line for people.
    pub title: String,
    /// Where the words come from.
    pub source: String,
    /// The licence under which they may be used.
    pub licence: String,
    /// BCP 47 primary subtags of the words.
    pub langs: Vec<String>,
    /// Whole words and phrases.
    pub terms: Vec<Located<String>>,
    /// Word beginnings.
    pub stems: Vec<Located<String>>,
    /// Lints that the author allows.
    pub allow: Vec<Allow>,
}

/// Reads a list's tables.
pub fn read_list(table: &Table<'_>) -> WrittenList {
    common::format(table);
    let title = table.line("title").unwrap_or_default();
    let source = table.line("source").unwrap_or_default();
    let licence = table.line("licence").unwrap_or_default();
    table.date("checked");
    let langs = table.languages("langs");
    let allow = common::allowed(table);
    let terms = table.strings("terms").unwrap_or_default();
    let stems = table.strings("stems").unwrap_or_default();
    if !table.has("terms") && !table.has("stems") {
        let problem = Problem::error(code::EMPTY_PATTERN, 0..0, "this list has neither `terms` nor `stems`")
            .help("write `terms = [\"…\"]`");
        table.document().report(problem);
    }
    WrittenList { title, source, licence, langs, terms, stems, allow }
}

/// Gives a written list its meaning. Unsound words are reported and left out; the others serve.
pub(super) fn resolve(document: &Document<'_>, written: WrittenList, name: &str) -> List {
    List {
        name: name.to_owned(),
        title: written.title,
        source: written.source,
        licence: written.licence,
        langs: written.langs,
        terms: terms::sound(document, written.terms),
        stems: terms::sound(document, written.stems),
    }
}
