//! Page → listing: what a page is for, its own offer, the cards of other offers and where it leads.
//!
//! Pure and synchronous: the same page gives the same answer; no clock, no I/O, no printing. The way of a page:
//! bytes → text (`charset`) → outline (`scan`) → records of each reader (`schema`, `annotated`, `head`, `state`,
//! `shown`, `prices`, `labels`, `stock`, `select`) → one listing (`merge`), with cards (`cards`), links (`links`) and the kind of page
//! (`page_type`). No tree is built unless the source has CSS selectors.

mod adapter;
mod annotated;
mod cards;
pub mod charset;
mod css;
pub mod currency;
mod draft;
pub mod elements;
mod entity;
pub mod gtin;
mod head;
mod information;
mod json_path;
mod labels;
mod language;
pub mod lenient;
mod links;
mod merge;
pub mod money;
mod names;
mod outline;
mod page_type;
mod prices;
mod read;
mod record;
mod scan;
mod schema;
mod select;
mod shown;
mod state;
mod stock;
mod tables;
mod text;
mod wall;
mod words;

pub use draft::{Draft, DraftLine, draft};
use serde::Serialize;

use crate::page::{Extracted, Page, PageType};
use crate::source::Select;

/// Bytes of a page that is read; a larger one is no shop's page.
const PAGE_BYTES_MAX: usize = 50 * 1024 * 1024;

/// Reads pages, with a source's own selectors before everything that the page says of itself.
#[derive(Debug, Default)]
pub struct Extractor {
    selectors: select::Selectors,
}

impl Extractor {
    /// An extractor for one source.
    pub fn new(select: &Select) -> Result<Self, SelectError> {
        Ok(Self { selectors: select::Selectors::new(select)? })
    }

    /// What the page says.
    pub fn extract(&self, page: &Page) -> Extracted {
        self.explain(page).extracted
    }

    /// What every reader said of every field, who won and why.
    pub fn explain(&self, page: &Page) -> Explanation {
        if let Some(problem) = unreadable(page) {
            return Explanation { extracted: nothing(problem), fields: Vec::new() };
        }
        let decoded = charset::decode(&page.body, page.content_type.as_deref());
        let mut explanation = read::page(&decoded.text, page.url.as_ref(), &self.selectors);
        explanation.extracted.problems.extend(decoded.problem);
        explanation
    }
}

fn unreadable(page: &Page) -> Option<String> {
    if page.body.len() > PAGE_BYTES_MAX {
        let limit = PAGE_BYTES_MAX / (1024 * 1024);
        return Some(format!("the page has {} bytes, more than {limit} MB: not read", page.body.len()));
    }
    charset::not_text(&page.body, page.content_type.as_deref())
}

fn nothing(problem: String) -> Extracted {
    Extracted {
        page_type: PageType::Other,
        listing: None,
        cards: Vec::new(),
        links: Vec::new(),
        problems: vec![problem],
        nofollow: false,
        canonical: None,
    }
}

/// An extraction with the reasons for it.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// What was extracted.
    pub extracted: Extracted,
    /// One entry a field for which at least one reader gave a value.
    pub fields: Vec<FieldExplanation>,
}

/// How one field was decided.
#[derive(Debug, Clone, Serialize)]
pub struct FieldExplanation {
    /// The listing's field.
    pub field: String,
    /// The winning value; `None` when no candidate was good enough.
    pub value: Option<String>,
    /// Why it won, in words for people.
    pub why: String,
    /// Every value that was read, the winner first.
    pub candidates: Vec<ExplainedCandidate>,
}

/// One value that a reader gave.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainedCandidate {
    /// The value as read.
    pub value: String,
    /// The reader: `select`, `adapter`, `state`, `json-ld`, `microdata`, `rdfa`, `open-graph`, `meta` or `text`.
    pub source: String,
    /// Where it stood: a JSON path, an attribute or an element.
    pub place: String,
    /// True for the one that won.
    pub won: bool,
}

/// A source's selector that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectError {
    /// The CSS does not parse.
    #[error("select.{field}: {css:?} is not a CSS selector: {reason}; correct it in the source file")]
    Css {
        /// The field it stands for.
        field: String,
        /// The selector as written.
        css: String,
        /// What the parser said.
        reason: String,
    },
    /// The JSON path does not parse.
    #[error("select.{field}: {path:?} is not a JSON path: {reason}; write it like $.product.offers[0].price")]
    Json {
        /// The field it stands for.
        field: String,
        /// The path as written.
        path: String,
        /// What is wrong.
        reason: String,
    },
}
