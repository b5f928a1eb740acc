//! How a shop platform builds its pages, as data: `src/extract/adapters/NAME.toml`, in the words of a source's `[select]`.

use std::collections::BTreeMap;

use super::Selector;
use super::keys::{ADAPTER, CARD_FIELDS, FIELDS};
use super::parser::sound_selector;
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
    let (adapter, diagnostics) = document::read(file, text, &ADAPTER, |table| {
        let document = table.document();
        let adapter = read(&table, stem);
        adapter.filter(|_| document.errors() == 0)
    });
    (adapter.flatten(), diagnostics)
}

fn read(table: &Table<'_>, stem: &str) -> Option<Adapter> {
    let id = table.string("id");
    if let Some(id) = &id {
        table.check_id(id, stem, &['-']);
    }
    let markers = table.strings("markers").unwrap_or_default().into_iter().map(|text| text.value).collect();
    let product = places(table, "product", Within::Page);
    let category = places(table, "category", Within::Page);
    let next = places(table, "next", Within::Page);
    let select = table.table("select");
    let fields = select.map(|select| read_fields(&select, &FIELDS, Within::Page)).unwrap_or_default();
    let cards =
        table.tables("card").unwrap_or_default().into_iter().filter_map(|table| card(&table)).collect();
    let data =
        table.tables("data").unwrap_or_default().into_iter().filter_map(|table| data(&table)).collect();
    Some(Adapter { id: id?.value, markers, product, category, fields, next, cards, data })
}

fn card(table: &Table<'_>) -> Option<AdapterCard> {
    let item = table.string("item").and_then(|text| match sound_selector(table, &text, Within::Page)? {
        Selector::Css { css, attribute: None } => Some(css),
        _ => None,
    });
    let fields = read_fields(table, &CARD_FIELDS, Within::Card);
    Some(AdapterCard { item: item?, fields })
}

fn data(table: &Table<'_>) -> Option<AdapterData> {
    let holds = path(table, "holds");
    let title = path(table, "title");
    let amounts = table.table("hundredths");
    let hundredths = amounts.map(|amounts| paths(&amounts, &["price", "regular", "max"])).unwrap_or_default();
    let select = table.table("select");
    let fields = select.map(|select| paths(&select, &FIELDS)).unwrap_or_default();
    Some(AdapterData { holds: holds?, title, fields, hundredths })
}

fn paths(table: &Table<'_>, names: &[&'static str]) -> BTreeMap<String, String> {
    names.iter().filter_map(|name| Some(((*name).to_owned(), path(table, name)?))).collect()
}

fn path(table: &Table<'_>, key: &'static str) -> Option<String> {
    let text = table.string(key)?;
    if let Selector::Json(path) = sound_selector(table, &text, Within::Page)? {
        return Some(path);
    }
    let problem = Problem::error(code::BAD_SELECTOR, text.span, "data is read by a JSON path")
        .help("as in $.product.variants[0].sku");
    table.document().report(problem);
    None
}

fn read_fields(table: &Table<'_>, names: &[&'static str], within: Within) -> BTreeMap<String, Vec<Selector>> {
    names
        .iter()
        .map(|name| ((*name).to_owned(), places(table, name, within)))
        .filter(|(_, places)| !places.is_empty())
        .collect()
}

fn places(table: &Table<'_>, key: &'static str, within: Within) -> Vec<Selector> {
    let written = table.one_or_more(key).unwrap_or_default();
    written.iter().take(MAX_PLACES).filter_map(|text| sound_selector(table, text, within)).collect()
}
