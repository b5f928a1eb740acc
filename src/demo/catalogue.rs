//! What the mall sells: shelves, products and labels, read from the embedded `corpus/market`.

use std::collections::{BTreeMap, BTreeSet};

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::MarketError;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/corpus/market");

/// Whether an officer ought to see an offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It ought to be flagged.
    Flag,
    /// It is lawful.
    Pass,
}

/// What the author of an offer knows about it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// Path of the product page; unique over both hosts.
    pub url_path: String,
    /// Flag or pass.
    pub label: Verdict,
    /// The class it belongs to, for a flagged one.
    pub class: Option<String>,
    /// `evaded`, `near-miss`, `sitemap-only` and the like.
    pub slices: Vec<String>,
}

/// A shop of the mall; each writes its pages in a way of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Style {
    /// JSON-LD with `@graph`.
    JsonLd,
    /// Microdata attributes in the visible text.
    Microdata,
    /// Open Graph and product meta elements only.
    OpenGraph,
    /// A `__NEXT_DATA__` script element.
    NextData,
    /// A `window.__STATE__ = {…};` script.
    WindowState,
    /// Nothing but text; the source file must say where the fields stand.
    Plain,
    /// The second host: a lone JSON-LD Product.
    Annex,
}

impl Style {
    pub(super) const MALL: [Self; 6] =
        [Self::JsonLd, Self::Microdata, Self::OpenGraph, Self::NextData, Self::WindowState, Self::Plain];

    /// The name in data files and of the template file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::JsonLd => "json-ld",
            Self::Microdata => "microdata",
            Self::OpenGraph => "open-graph",
            Self::NextData => "next-data",
            Self::WindowState => "window-state",
            Self::Plain => "plain",
            Self::Annex => "annex",
        }
    }

    /// The shop's name.
    pub(super) fn shop(self) -> &'static str {
        match self {
            Self::JsonLd => "Morgenrot",
            Self::Microdata => "Kontor Elektro",
            Self::OpenGraph => "Petit Nuage",
            Self::NextData => "Werkhalle",
            Self::WindowState => "Roadhouse Depot",
            Self::Plain => "Bazar am Tor",
            Self::Annex => "Corner Nine",
        }
    }

    pub(super) fn product_path(self, slug: &str) -> String {
        match self {
            Self::JsonLd => format!("/p/{slug}"),
            Self::Microdata => format!("/artikel/{slug}.html"),
            Self::OpenGraph => format!("/boutique/{slug}"),
            Self::NextData => format!("/product/{slug}"),
            Self::WindowState => format!("/o/{slug}"),
            Self::Plain => format!("/bazar/ad-{slug}.html"),
            Self::Annex => format!("/corner/{slug}"),
        }
    }

    /// Path and query of a page (from 1) of a shelf's list.
    pub(super) fn list_path(self, slug: &str, page: usize) -> String {
        let first = match self {
            Self::JsonLd => format!("/c/{slug}"),
            Self::Microdata => format!("/katalog/{slug}"),
            Self::OpenGraph => format!("/rayon/{slug}"),
            Self::NextData => format!("/list/{slug}"),
            Self::WindowState => format!("/browse/{slug}"),
            Self::Plain if page > 1 => return format!("/bazar/list-{slug}-{page}.html"),
            Self::Plain => return format!("/bazar/list-{slug}.html"),
            Self::Annex => format!("/shelf/{slug}"),
        };
        match self {
            _ if page <= 1 => first,
            Self::JsonLd => format!("{first}/{page}"),
            Self::OpenGraph => format!("{first}?p={page}"),
            _ => format!("{first}?page={page}"),
        }
    }
}

/// A shelf: products of one shop in one language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shelf {
    pub(super) slug: String,
    pub(super) style: Style,
    pub(super) lang: String,
    /// Category names, outermost first.
    pub(super) path: Vec<String>,
}

/// How a product page misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fault {
    /// 429 with `Retry-After: 1` on the first two requests.
    Busy,
    /// 500 on the first request.
    Hiccup,
    /// Answers after a second and a half.
    Slow,
    /// UTF-8 that the HTTP header declares as ISO 8859-1.
    WrongCharset,
    /// Windows-1250, declared only in a meta element.
    LegacyCharset,
}

/// One offer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Product {
    pub(super) slug: String,
    pub(super) shelf: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) price: String,
    pub(super) currency: String,
    pub(super) regular: Option<String>,
    pub(super) brand: Option<String>,
    pub(super) gtin: Option<String>,
    pub(super) mpn: Option<String>,
    pub(super) sku: String,
    pub(super) seller: String,
    #[serde(default)]
    pub(super) sold_out: bool,
    #[serde(default)]
    pub(super) sitemap_only: bool,
    pub(super) fault: Option<Fault>,
    #[serde(default)]
    pub(super) attributes: toml::Table,
}

impl Product {
    /// Attributes as text, in name order.
    pub(super) fn attributes(&self) -> Vec<(&str, String)> {
        self.attributes
            .iter()
            .map(|(name, value)| {
                (name.as_str(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            })
            .collect()
    }
}

/// A page of the house: about, imprint, a blog article.
#[derive(Debug, Clone)]
pub(super) struct Article {
    pub(super) slug: String,
    pub(super) lang: String,
    pub(super) title: String,
    /// HTML with `{{key}}` places.
    pub(super) body: &'static str,
}

/// Everything the mall is made of.
#[derive(Debug)]
pub(super) struct Catalogue {
    pub(super) shelves: Vec<Shelf>,
    /// In the order of the shelves, then of the files.
    pub(super) products: Vec<Product>,
    pub(super) articles: Vec<Article>,
    /// Language → key → word of the shop's own furniture.
    words: BTreeMap<String, BTreeMap<String, String>>,
    shelf_of: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ShelfFile {
    shelf: Vec<Shelf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductFile {
    product: Vec<Product>,
}

impl Catalogue {
    pub(super) fn read() -> Result<Self, MarketError> {
        let shelves = from_toml::<ShelfFile>("shelves.toml")?.shelf;
        let shelf_of: BTreeMap<String, usize> =
            shelves.iter().enumerate().map(|(at, shelf)| (shelf.slug.clone(), at)).collect();
        let words = from_toml("words.toml")?;
        let mut products = Vec::new();
        let mut slugs = BTreeSet::new();
        for file in files_below("products") {
            for product in from_toml::<ProductFile>(&file)?.product {
                if !shelf_of.contains_key(&product.shelf) {
                    return Err(wrong(&file, format!("{}: no shelf {:?}", product.slug, product.shelf)));
                }
                if !slugs.insert(product.slug.clone()) {
                    return Err(wrong(&file, format!("{} stands twice", product.slug)));
                }
                products.push(product);
            }
        }
        products.sort_by_key(|product| shelf_of.get(&product.shelf).copied());
        let articles = files_below("pages").iter().map(|file| article(file)).collect::<Result<_, _>>()?;
        Ok(Self { shelves, products, articles, words, shelf_of })
    }

    pub(super) fn shelf(&self, slug: &str) -> Option<&Shelf> {
        self.shelf_of.get(slug).and_then(|&at| self.shelves.get(at))
    }

    pub(super) fn style_of(&self, product: &Product) -> Style {
        self.shelf(&product.shelf).map_or(Style::Plain, |shelf| shelf.style)
    }

    pub(super) fn lang_of(&self, product: &Product) -> &str {
        self.shelf(&product.shelf).map_or("en", |shelf| shelf.lang.as_str())
    }

    pub(super) fn path_of(&self, product: &Product) -> String {
        self.style_of(product).product_path(&product.slug)
    }

    pub(super) fn products_of(&self, style: Style) -> impl Iterator<Item = &Product> {
        self.products.iter().filter(move |product| self.style_of(product) == style)
    }

    pub(super) fn shelves_of(&self, style: Style) -> impl Iterator<Item = &Shelf> {
        self.shelves.iter().filter(move |shelf| shelf.style == style)
    }

    /// The words of a language, or English.
    pub(super) fn words(&self, lang: &str) -> impl Iterator<Item = (&str, &str)> {
        self.words
            .get(lang)
            .or_else(|| self.words.get("en"))
            .into_iter()
            .flatten()
            .map(|(key, word)| (key.as_str(), word.as_str()))
    }

    pub(super) fn word(&self, lang: &str, key: &str) -> &str {
        self.words(lang).find(|(name, _)| *name == key).map_or("", |(_, word)| word)
    }
}

pub(super) fn read_labels() -> Result<Vec<Label>, MarketError> {
    const FILE: &str = "labels.jsonl";
    text(FILE)?
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|error| wrong(FILE, format!("line {}: {error}", at + 1)))
        })
        .collect()
}

/// The text of an embedded file.
pub(super) fn text(file: &str) -> Result<&'static str, MarketError> {
    let found = FILES.get_file(file).ok_or_else(|| wrong(file, "is missing"))?;
    found.contents_utf8().ok_or_else(|| wrong(file, "is not UTF-8"))
}

pub(super) fn wrong(file: &str, problem: impl std::fmt::Display) -> MarketError {
    MarketError::Embedded { file: file.to_owned(), problem: problem.to_string() }
}

fn from_toml<T: DeserializeOwned>(file: &str) -> Result<T, MarketError> {
    toml::from_str(text(file)?).map_err(|error| wrong(file, error))
}

/// Paths below `corpus/market`, sorted, so that every build shows the same shop.
fn files_below(folder: &str) -> Vec<String> {
    let mut files: Vec<String> = FILES
        .get_dir(folder)
        .into_iter()
        .flat_map(Dir::files)
        .map(|file| file.path().to_string_lossy().replace('\\', "/"))
        .collect();
    files.sort();
    files
}

/// The first line of a page file is `<!-- LANGUAGE: TITLE -->`.
fn article(file: &str) -> Result<Article, MarketError> {
    let whole = text(file)?;
    let (first, body) = whole.split_once('\n').unwrap_or((whole, ""));
    let head = first.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
    let (lang, title) = head
        .and_then(|head| head.split_once(':'))
        .ok_or_else(|| wrong(file, "line 1: `<!-- LANGUAGE: TITLE -->` expected"))?;
    let slug = file.rsplit('/').next().unwrap_or(file).trim_end_matches(".html").to_owned();
    Ok(Article { slug, lang: lang.trim().to_owned(), title: title.trim().to_owned(), body })
}
