//! A rule as its author typed it: every value with its place, nothing looked up yet. `meaning` makes a
//! [`super::model::Rule`] of it; lints read this form, because they point at what stands in the file.

use std::ops::Range;

use jiff::civil::Date;

use super::model::{Bound, Field, Fold, NumberFilter, RuleTest, Status};
use crate::document::Located;

/// One rule file. Where a key is missing, its value is absent; that has been reported.
#[derive(Debug, Clone)]
pub struct WrittenRule {
    /// Same as the file's name without `.toml`.
    pub id: Located<String>,
    /// One line for officers.
    pub title: String,
    /// How far the rule has come.
    pub status: Located<Status>,
    /// The class's name.
    pub class: Located<String>,
    /// BCP 47 primary subtags; empty means every language.
    pub langs: Vec<String>,
    /// ISO 3166 alpha-2 codes; empty means every market.
    pub markets: Vec<String>,
    /// The condition.
    pub when: Located<String>,
    /// The patterns, in file order.
    pub patterns: Vec<WrittenPattern>,
    /// Names below `[pat]` that hold no table. That has been reported; naming them is no further error.
    pub misread: Vec<String>,
    /// The exceptions, in file order.
    pub exceptions: Vec<WrittenException>,
    /// The promised precision, 0 to 1.
    pub bar_precision: Option<f64>,
    /// The tests.
    pub tests: Vec<RuleTest>,
    /// For a deprecated rule, the one that took its place.
    pub replaced_by: Option<Located<String>>,
    /// For a deprecated rule, why.
    pub reason: Option<String>,
    /// Lints that the author allows.
    pub allow: Vec<Allow>,
}

/// One `[pat.NAME]`, or what an `[except.NAME]` looks for.
#[derive(Debug, Clone)]
pub struct WrittenPattern {
    /// The name, where it stands in the header.
    pub name: Located<String>,
    /// Where the table begins.
    pub span: Range<usize>,
    /// Names of lists.
    pub lists: Vec<Located<String>>,
    /// Words and phrases.
    pub terms: Vec<Located<String>>,
    /// Word beginnings.
    pub stems: Vec<Located<String>>,
    /// Regular expressions.
    pub regexes: Vec<Located<String>>,
    /// A bound on a captured number.
    pub number: Option<Located<NumberFilter>>,
    /// Where to look.
    pub fields: Vec<Field>,
    /// Of the attributes, only those of these names; empty: all.
    pub attributes: Vec<String>,
    /// What must stand beside a term.
    pub bound: Bound,
    /// How much disguise is undone.
    pub fold: Fold,
}

/// One `[except.NAME]`.
#[derive(Debug, Clone)]
pub struct WrittenException {
    /// What to look for.
    pub pattern: WrittenPattern,
    /// Patterns that keep the hit.
    pub unless: Vec<Located<String>>,
    /// Why it is let off.
    pub why: String,
    /// The last day on which nobody need look at it again.
    pub until: Option<Located<Date>>,
}

/// A lint that an author allows, and why.
#[derive(Debug, Clone)]
pub struct Allow {
    /// The lint's code.
    pub lint: Located<String>,
    /// Why.
    pub why: String,
    /// The whole entry, where it stands in a list in brackets.
    pub item: Option<Range<usize>>,
}
