//! `rules/packs/PACK/pack.toml`: what a folder of rules is for, and whether it is on.

use super::common;
use crate::document::Table;

/// A folder of rules, as its `pack.toml` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackInfo {
    /// The folder's name.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What it covers.
    pub description: String,
    /// Whether it is on where nobody says otherwise.
    pub default: bool,
    /// ISO 3166 alpha-2 codes of markets that it is meant for; empty: every market.
    pub markets: Vec<String>,
    /// Sound rules of it that are in the set.
    pub rules: usize,
}

impl PackInfo {
    /// A pack whose manifest is missing or broken. It is on: better a reported fault than silence about products.
    pub(super) fn unknown(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            title: name.to_owned(),
            description: String::new(),
            default: true,
            markets: Vec::new(),
            rules: 0,
        }
    }
}

/// Reads a manifest.
pub(super) fn read(table: &Table<'_>, name: &str) -> PackInfo {
    common::format(table);
    let title = table.line("title").unwrap_or_else(|| name.to_owned());
    let description = table.string("description").map(|text| text.value).unwrap_or_default();
    let default = table.boolean("default").unwrap_or(true);
    let markets = table.countries("markets");
    PackInfo { name: name.to_owned(), title, description, default, markets, rules: 0 }
}
