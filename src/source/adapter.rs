//! How a shop platform builds its pages, as data: `src/extract/adapters/NAME.toml`, in the words of a source's `[select]`.

use std::collections::BTreeMap;

use super::Selector;
use super::parser::{CARD_FIELDS, FIELDS, sound_selector};
use super::selector::Within;
use crate::document::{self, Diagnostic, Problem, Table, code};

/// Selectors of one field, tried in order.
const MAX_PLACES: usize = 20;

/// A platform that many shops run on: how its pages are known, and where fields stand on them.
#[derive(Debug, Clone, Default)]
pub struct Adapter {
    /// Same as the file's name without `.toml`.
    pub id: String,
    /// Pieces of markup that only this platform writes; one is enough.
    pub markers: Vec<String>,
    /// What only product pages have; without one of these only cards and next links are read.
    pub product: Vec<Selector>,
    /// What only lists of products have.
    pub category: Vec<Selector>,
    /// Listing field → places, the first that gives a value wins.
    pub fields: BTreeMap<String, Vec<Selector>>,
    /// Next pages of a list.
    pub next: Vec<Selector>,
    /// Card selectors, each with the places of its fields.
    pub cards: Vec<AdapterCard>,
    /// JSON values embedded in product pages.
    pub data: Vec<AdapterData>,
}

/// How cards stand on the platform's category pages.
#[derive(Debug, Clone, Default)]
pub struct AdapterCard {
    /// CSS of one card.
    pub item: String,
    /// `title`, `price`, `url`, `image` → places inside the card.
    pub fields: BTreeMap<String, Vec<Selector>>,
}

/// One kind of embedded JSON value.
#[derive(Debug, Clone, Default)]
pub struct AdapterData {
    /// The path that tells it from others: it must lead somewhere.
    pub holds: String,
    /// Where it names its product; a value that names another than the page's is left alone.
    pub title: Option<String>,
    /// Listing field → path.
    pub fields: BTreeMap<String, String>,
    /// `price`, `regular`, `max` → path to an amount in hundredths.
    pub hundredths: BTreeMap<String, String>,
}

/// Reads an adapter file.
pub fn parse(file: &str, text: &[u8]) -> (Option<Adapter>, Vec<Diagnostic>) {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = name.strip_suffix(".toml").unwrap_or(name);
    let (adapter, diagnostics) = document::read(file, text, |table| {
        let document = table.document();
        let adapter = read(table, stem);
        adapter.filter(|_| document.errors() == 0)
    });
    (adapter.flatten(), diagnostics)
}

fn read(mut table: Table<'_>, stem: &str) -> Option<Adapter> {
    table.require("id", &format!("{stem:?}"));
    table.require("markers", "[\"/assets/of-this-platform/\"]");
    let id = table.string("id");
    if let Some(id) = &id {
        table.check_id(id, stem, &['-']);
    }
    let markers = table.strings("markers").unwrap_or_default().into_iter().map(|text| text.value).collect();
    let product = places(&mut table, "product", Within::Page);
    let category = places(&mut table, "category", Within::Page);
    let next = places(&mut table, "next", Within::Page);
    let fields = match table.table("select") {
        Some(mut select) => {
            let fields = read_fields(&mut select, &FIELDS, Within::Page);
            select.finish();
            fields
        }
        None => BTreeMap::new(),
    };
    let cards = table.tables("card").unwrap_or_default().into_iter().filter_map(card).collect();
    let data = table.tables("data").unwrap_or_default().into_iter().filter_map(data).collect();
    table.finish();
    Some(Adapter { id: id?.value, markers, product, category, fields, next, cards, data })
}

fn card(mut table: Table<'_>) -> Option<AdapterCard> {
    table.require("item", "\".result\"");
    let item = table.string("item").and_then(|text| match sound_selector(&table, &text, Within::Page)? {
        Selector::Css { css, attribute: None } => Some(css),
        _ => None,
    });
    let fields = read_fields(&mut table, &CARD_FIELDS, Within::Card);
    table.finish();
    Some(AdapterCard { item: item?, fields })
}

fn data(mut table: Table<'_>) -> Option<AdapterData> {
    table.require("holds", "\"$.product.variants\"");
    let holds = path(&mut table, "holds");
    let title = path(&mut table, "title");
    let hundredths = match table.table("hundredths") {
        Some(mut amounts) => {
            let paths = paths(&mut amounts, &["price", "regular", "max"]);
            amounts.finish();
            paths
        }
        None => BTreeMap::new(),
    };
    let fields = match table.table("select") {
        Some(mut select) => {
            let fields = paths(&mut select, &FIELDS);
            select.finish();
            fields
        }
        None => BTreeMap::new(),
    };
    table.finish();
    Some(AdapterData { holds: holds?, title, fields, hundredths })
}

fn paths(table: &mut Table<'_>, names: &[&'static str]) -> BTreeMap<String, String> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), path(table, name)?))).collect()
}

fn path(table: &mut Table<'_>, key: &'static str) -> Option<String> {
    let text = table.string(key)?;
    if let Selector::Json(path) = sound_selector(table, &text, Within::Page)? {
        return Some(path);
    }
    let problem = Problem::error(code::BAD_SELECTOR, text.span, "data is read by a JSON path")
        .help("as in $.product.variants[0].sku");
    table.document().report(problem);
    None
}

fn read_fields(
    table: &mut Table<'_>,
    names: &[&'static str],
    within: Within,
) -> BTreeMap<String, Vec<Selector>> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), places(table, name, within)))
        .filter(|(_, places)| !places.is_empty())
        .collect()
}

fn places(table: &mut Table<'_>, key: &'static str, within: Within) -> Vec<Selector> {
    let written = table.one_or_more(key).unwrap_or_default();
    written.iter().take(MAX_PLACES).filter_map(|text| sound_selector(table, text, within)).collect()
}
