//! One marketplace or shop to crawl, as its `sources/ID.toml` says.

pub mod adapter;
mod keys;
mod parser;
mod schedule;
mod selector;

use std::collections::BTreeMap;

use url::Url;

pub use keys::KEYS;
pub use parser::{Known, parse, parse_against};

/// A shop: where to start, how far to go, how gently, and how to read it.
#[derive(Debug, Clone)]
pub struct Source {
    /// Same as the file's name without `.toml`: lower-case letters, digits, `-`.
    pub id: String,
    /// For people.
    pub name: String,
    /// Pages, sitemaps or feeds. Exempt from `allow` and `deny`.
    pub start: Vec<Url>,
    /// ISO 3166 alpha-2 code of where the offers are aimed.
    pub market: Option<String>,
    /// robots.txt-style path patterns; empty allows all. The longest match wins, deny wins ties.
    pub allow: Vec<String>,
    /// robots.txt-style path patterns.
    pub deny: Vec<String>,
    /// Rule packs; empty means all that are on.
    pub packs: Vec<String>,
    /// When to crawl.
    pub schedule: Option<Schedule>,
    /// Opens the address:port pairs of `start`, and only those, when they are loopback addresses.
    pub allow_loopback: bool,
    /// What to send.
    pub request: RequestOptions,
    /// How much and how fast.
    pub limits: Limits,
    /// The shop's own search, to be asked.
    pub search: Option<Search>,
    /// Where a field stands on this shop's pages.
    pub select: Select,
}

/// A cron expression (five fields) and an IANA zone, both checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The five fields.
    pub cron: String,
    /// IANA name, such as `Europe/Berlin`.
    pub zone: String,
}

/// Header fields that the shop needs.
#[derive(Debug, Clone, Default)]
pub struct RequestOptions {
    /// `Accept-Language`.
    pub accept_language: Option<String>,
    /// Sent on every request to the start pages' hosts.
    pub cookies: BTreeMap<String, String>,
}

/// Upper bounds for one source.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Requests a second and gate, at most. Default 1.
    pub rate_per_second: f64,
    /// Requests in flight a gate, at most. Default 2.
    pub concurrency: usize,
    /// Pages fetched in one run, at most. Default 5,000.
    pub max_pages: usize,
    /// Links followed from a start page, at most. Default 12.
    pub max_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rate_per_second: 1.0, concurrency: 2, max_pages: 5000, max_depth: 12 }
    }
}

/// The shop's own search. robots.txt still binds.
#[derive(Debug, Clone)]
pub struct Search {
    /// With `{query}` and, for paging, `{page}`.
    pub url: String,
    /// Words, `@list` names, `@alerts`.
    pub terms: Vec<String>,
}

/// Where fields stand on a shop's pages: listing field (`title`, `price`, `attributes.Wirkstoff`, `next`, …) → place.
#[derive(Debug, Clone, Default)]
pub struct Select {
    /// On a product page; `next` on a category page.
    pub fields: BTreeMap<String, Selector>,
    /// On a category page.
    pub card: Option<CardSelect>,
}

/// How cards stand on a category page.
#[derive(Debug, Clone)]
pub struct CardSelect {
    /// CSS of one card.
    pub item: String,
    /// Inside the card: `title`, `price`, `url`, `image`.
    pub fields: BTreeMap<String, Selector>,
}

/// One place on a page, checked when the file was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selector {
    /// A CSS selector; with `@attr` an attribute's value, else the element's text.
    Css {
        /// The selector. Empty, inside a card, for the card itself.
        css: String,
        /// The attribute.
        attribute: Option<String>,
    },
    /// A path (`$.product.offers[0].price`) into the page's embedded JSON.
    Json(String),
}
