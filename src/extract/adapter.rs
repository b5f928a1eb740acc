//! Shop platforms (Shopify, `WooCommerce`, Magento, `PrestaShop`): pages read by where their own themes put things.
//!
//! What is where stands in `adapters/*.toml`. A page is a platform's when its markup holds one of the platform's
//! markers; of several platforms the one with most markers. The record that comes of it counts more than any one
//! generic reader and less than a source's own selectors.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use rust_decimal::Decimal;
use serde_json::Value;

use super::css::SelectorSet;
use super::json_path::JsonPath;
use super::outline::{Id, Outline};
use super::record::{Field, Origin, Record};
use crate::source::Selector;
use crate::source::adapter::{self as definition, Adapter, AdapterData};

/// The adapters that are shipped.
const FILES: [(&str, &str); 4] = [
    ("adapters/magento.toml", include_str!("adapters/magento.toml")),
    ("adapters/prestashop.toml", include_str!("adapters/prestashop.toml")),
    ("adapters/shopify.toml", include_str!("adapters/shopify.toml")),
    ("adapters/woocommerce.toml", include_str!("adapters/woocommerce.toml")),
];

/// Bytes at the front of a page in which markers are looked for: the head and the first of the body.
const MARKED_BYTES: usize = 96 * 1024;
/// Values of one field that are kept: pictures, prices of forms.
const VALUES_MAX: usize = 50;
/// Cards of a page.
const CARDS_MAX: usize = 500;

static PLATFORMS: LazyLock<Platforms> = LazyLock::new(Platforms::shipped);

#[derive(Debug)]
struct Platforms {
    markers: Option<Searcher>,
    /// Which platform each marker is of.
    of_marker: Vec<usize>,
    known: Vec<Platform>,
}

/// One platform's adapter, ready to run.
#[derive(Debug)]
pub(super) struct Platform {
    id: String,
    set: SelectorSet,
    product: Vec<Place>,
    category: Vec<Place>,
    fields: Vec<(Field, Vec<Place>)>,
    next: Vec<Place>,
    cards: Vec<Cards>,
    data: Vec<Data>,
}

/// A selector of a set, and what is read of an element that it finds.
#[derive(Debug)]
struct Place {
    selector: Option<usize>,
    attribute: Option<String>,
    written: String,
}

#[derive(Debug)]
struct Cards {
    item: usize,
    set: SelectorSet,
    fields: Vec<(String, Vec<Place>)>,
}

#[derive(Debug)]
struct Data {
    holds: JsonPath,
    title: Option<JsonPath>,
    /// True for amounts in hundredths.
    fields: Vec<(Field, JsonPath, bool)>,
}

/// What an adapter read on a page.
#[derive(Debug)]
pub(super) struct Adapted {
    platform: &'static Platform,
    /// The page's own offer; `typed` where the page is a product page.
    pub(super) record: Record,
    /// The page is a list of products.
    pub(super) category: bool,
    /// Addresses of next pages as written.
    pub(super) next: Vec<String>,
    /// Fields of each card, by name.
    pub(super) cards: Vec<BTreeMap<String, String>>,
    /// What each kind of embedded value said.
    data: Vec<Option<Vec<(Field, String, String)>>>,
}

/// Reads a page with the adapter of its platform, if it is known.
pub(super) fn read(outline: &Outline<'_>) -> Option<Adapted> {
    Some(PLATFORMS.of(outline.source)?.read(outline))
}

impl Platforms {
    fn shipped() -> Self {
        // A test holds that every shipped file is sound.
        let adapters: Vec<Adapter> =
            FILES.iter().filter_map(|(name, text)| definition::parse(name, text.as_bytes()).0).collect();
        let (mut markers, mut of_marker, mut platforms) = (Vec::new(), Vec::new(), Vec::new());
        for adapter in adapters {
            let Ok(platform) = Platform::new(&adapter) else { continue };
            for marker in adapter.markers {
                markers.push(marker);
                of_marker.push(platforms.len());
            }
            platforms.push(platform);
        }
        Self { markers: Searcher::new(&markers), of_marker, known: platforms }
    }

    /// The platform with most markers in a page.
    fn of(&self, source: &str) -> Option<&Platform> {
        let front = source.get(..source.floor_char_boundary(MARKED_BYTES)).unwrap_or(source);
        let mut seen = 0_u64;
        for found in self.markers.as_ref()?.find_iter(front) {
            seen |= 1 << (found.pattern().as_usize() % 64);
        }
        if seen == 0 {
            return None;
        }
        let count = |platform: usize| {
            let own = self.of_marker.iter().enumerate().filter(|(_, of)| **of == platform);
            own.filter(|(marker, _)| seen & (1 << (marker % 64)) != 0).count()
        };
        let most = (0..self.known.len()).rev().max_by_key(|platform| count(*platform))?;
        self.known.get(most)
    }
}

impl Platform {
    fn new(adapter: &Adapter) -> Result<Self, String> {
        let mut set = SelectorSet::default();
        let product = prepare(&mut set, &adapter.product)?;
        let category = prepare(&mut set, &adapter.category)?;
        let next = prepare(&mut set, &adapter.next)?;
        let mut fields = Vec::new();
        for (name, places) in &adapter.fields {
            let field = Field::named(name).ok_or_else(|| format!("{name} is no field"))?;
            fields.push((field, prepare(&mut set, places)?));
        }
        let mut cards = Vec::new();
        for card in &adapter.cards {
            let mut inner = SelectorSet::default();
            let mut fields = Vec::new();
            for (name, places) in &card.fields {
                fields.push((name.clone(), prepare(&mut inner, places)?));
            }
            cards.push(Cards { item: set.add(&card.item)?, set: inner, fields });
        }
        let data = adapter.data.iter().map(Data::new).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { id: adapter.id.clone(), set, product, category, fields, next, cards, data })
    }

    fn read(&'static self, outline: &Outline<'_>) -> Adapted {
        let found = self.set.find(outline, outline.ids());
        let mut record = Record::new(Origin::Adapter, self.id.clone());
        let is = |places: &[Place]| places.iter().any(|place| !elements(place, &found).is_empty());
        let category = is(&self.category);
        record.typed = !category && is(&self.product);
        if record.typed {
            for (field, places) in &self.fields {
                let many = matches!(field, Field::Image | Field::Price | Field::Gtin);
                // A description may stand in a tab that is not open.
                let hidden = *field == Field::Description;
                for place in places {
                    let values = elements(place, &found)
                        .iter()
                        .filter_map(|id| value_of(outline, *id, place, hidden))
                        .take(if many { VALUES_MAX } else { 1 });
                    let before = record.claims.len();
                    values.for_each(|value| self.claim(&mut record, *field, value, &place.written));
                    if record.claims.len() > before {
                        break;
                    }
                }
            }
        }
        let mut next = Vec::new();
        for place in &self.next {
            next.extend(elements(place, &found).iter().filter_map(|id| value_of(outline, *id, place, false)));
            if !next.is_empty() {
                break;
            }
        }
        Adapted {
            platform: self,
            record,
            category,
            next,
            cards: self.cards(outline, &found),
            data: vec![None; self.data.len()],
        }
    }

    /// Adds a value; its place is the platform's name and the selector.
    fn claim(&self, record: &mut Record, field: Field, value: String, written: &str) {
        let before = record.claims.len();
        record.claim(field, value, "");
        if let Some(claim) = record.claims.get_mut(before) {
            claim.place = format!("{}: {written}", self.id);
        }
    }

    fn cards(&self, outline: &Outline<'_>, found: &[Vec<Id>]) -> Vec<BTreeMap<String, String>> {
        let mut cards = Vec::new();
        for kind in &self.cards {
            let mut read_up_to = 0;
            for item in found.get(kind.item).into_iter().flatten().take(CARDS_MAX) {
                let end = outline.element(*item).map_or(0, |e| e.end);
                if *item < read_up_to {
                    continue; // A card in a card is the same offer.
                }
                read_up_to = end;
                let inside = kind.set.find(outline, outline.below(*item));
                let mut card = BTreeMap::new();
                for (name, places) in &kind.fields {
                    let value = places.iter().find_map(|place| match place.selector {
                        None => value_of(outline, *item, place, false),
                        Some(_) => elements(place, &inside)
                            .iter()
                            .find_map(|id| value_of(outline, *id, place, false)),
                    });
                    if let Some(value) = value {
                        card.insert(name.clone(), value);
                    }
                }
                if card.contains_key("title") {
                    cards.push(card);
                }
            }
            if !cards.is_empty() {
                break;
            }
        }
        cards
    }
}

impl Data {
    fn new(definition: &AdapterData) -> Result<Self, String> {
        let mut fields = Vec::new();
        for (paths, hundredths) in [(&definition.fields, false), (&definition.hundredths, true)] {
            for (name, path) in paths {
                let field = Field::named(name).ok_or_else(|| format!("{name} is no field"))?;
                fields.push((field, JsonPath::parse(path)?, hundredths));
            }
        }
        let title = definition.title.as_deref().map(JsonPath::parse).transpose()?;
        Ok(Self { holds: JsonPath::parse(&definition.holds)?, title, fields })
    }

    fn read(&self, value: &Value, fits: &dyn Fn(&str) -> bool) -> Option<Vec<(Field, String, String)>> {
        if !self.holds.leads(value) {
            return None;
        }
        if let Some(title) = &self.title
            && !title.find(value).first().is_some_and(|title| fits(title))
        {
            return None;
        }
        let mut claims = Vec::new();
        for (field, path, hundredths) in &self.fields {
            for written in path.find(value).into_iter().take(VALUES_MAX) {
                let written = if *hundredths { from_hundredths(&written) } else { Some(written) };
                claims.extend(written.map(|written| (*field, written, path.written().to_owned())));
            }
        }
        Some(claims)
    }
}

impl Adapted {
    /// Looks at one of the page's embedded JSON values; `fits` says whether a name is the page's own product's.
    pub(super) fn see(&mut self, value: &Value, fits: &dyn Fn(&str) -> bool) {
        if !self.record.typed {
            return;
        }
        for (kind, seen) in self.platform.data.iter().zip(&mut self.data) {
            if seen.is_none() {
                *seen = kind.read(value, fits);
            }
        }
    }

    /// Adds what the embedded values said, in the adapter's order, where the page itself did not say it.
    pub(super) fn settle(&mut self) {
        for claims in self.data.iter_mut().filter_map(Option::take) {
            let known: Vec<Field> = claims
                .iter()
                .map(|(field, ..)| *field)
                // The price that is shown is one of those of all forms.
                .filter(|field| *field != Field::Price && self.record.has(*field))
                .collect();
            for (field, value, path) in claims.into_iter().filter(|(field, ..)| !known.contains(field)) {
                self.platform.claim(&mut self.record, field, value, &path);
            }
        }
    }
}

fn prepare(set: &mut SelectorSet, selectors: &[Selector]) -> Result<Vec<Place>, String> {
    let place = |selector: &Selector| match selector {
        Selector::Css { css, attribute } => {
            let selector = if css.is_empty() {
                None
            } else {
                Some(set.add(css).map_err(|why| format!("{css:?}: {why}"))?)
            };
            Ok(Place { selector, attribute: attribute.clone(), written: css.clone() })
        }
        Selector::Json(path) => Err(format!("{path:?}: JSON paths stand under [[data]]")),
    };
    selectors.iter().map(place).collect()
}

fn elements<'f>(place: &Place, found: &'f [Vec<Id>]) -> &'f [Id] {
    place.selector.and_then(|selector| found.get(selector)).map_or(&[], Vec::as_slice)
}

fn value_of(outline: &Outline<'_>, id: Id, place: &Place, hidden: bool) -> Option<String> {
    let value = match &place.attribute {
        Some(name) => outline.attribute(id, name)?.trim().to_owned(),
        None => outline.text_up_to(id, super::outline::TEXT_MAX, hidden),
    };
    (!value.is_empty()).then_some(value)
}

/// `1999` is 19.99, whatever the currency: platforms that count so do it for those without minor units too.
fn from_hundredths(written: &str) -> Option<String> {
    let amount: Decimal = written.parse().ok()?;
    (amount > Decimal::ZERO).then(|| (amount / Decimal::ONE_HUNDRED).normalize().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_adapter_is_sound() {
        for (name, text) in FILES {
            let (adapter, diagnostics) = definition::parse(name, text.as_bytes());
            let shown: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
            assert!(diagnostics.is_empty(), "{}", shown.join("\n"));
            let adapter = adapter.unwrap();
            assert!(!adapter.markers.is_empty() && !adapter.product.is_empty(), "{name}");
            Platform::new(&adapter).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
        assert!(PLATFORMS.of_marker.len() <= 64, "a bit for each marker");
        assert_eq!(PLATFORMS.known.len(), FILES.len());
    }

    #[test]
    fn a_platform_is_known_by_its_markers() {
        for (page, expected) in [
            ("<link href=\"//shop.example/cdn/shop/t/1/assets/base.css\">", Some("shopify")),
            ("<body class=\"single-product woocommerce woocommerce-page\">", Some("woocommerce")),
            ("<script type=\"text/x-magento-init\">{}</script>", Some("magento")),
            ("<script>var prestashop = {};</script>", Some("prestashop")),
            // A picture from another platform does not make a shop one of its shops.
            (
                "<body class='woocommerce woocommerce-page'><link href='/wp-content/plugins/woocommerce/a.css'>\
              <img src='https://x.example/cdn/shop/files/a.png'>",
                Some("woocommerce"),
            ),
            ("<p>We moved from Shopify to WooCommerce.", None),
        ] {
            assert_eq!(PLATFORMS.of(page).map(|p| p.id.as_str()), expected, "{page}");
        }
    }

    #[test]
    fn amounts_in_hundredths() {
        for (written, expected) in
            [("1999", Some("19.99")), ("100000", Some("1000")), ("5", Some("0.05")), ("0", None), ("x", None)]
        {
            assert_eq!(from_hundredths(written).as_deref(), expected, "{written}");
        }
    }
}
