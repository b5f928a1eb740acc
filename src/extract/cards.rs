//! Lists of offers: boxes of one shape, side by side, each with a link, a name and usually a price.

use std::collections::{BTreeMap, HashMap};

use url::Url;

use super::currency::{self, Locale};
use super::head::resolve;
use super::outline::{Id, Outline, Tag, mark};
use super::prices::ShownPrice;
use super::record::{Field, Record};
use super::{gtin, text};
use crate::listing::{Amount, Listing, Price};

/// Cards kept of a page.
const CARDS_MAX: usize = 500;
/// How far up from a price its card's box is looked for.
const CLIMB_MAX: usize = 8;
/// Text of a card, in bytes: more is a section of the page.
const CARD_BYTES: usize = 4000;
/// Barcodes kept of one card.
const GTINS_MAX: usize = 20;
/// Shortest name of an offer, in letters and digits.
const NAME_MIN: usize = 3;

/// A box that shows one offer of a list.
#[derive(Debug)]
pub(super) struct Card {
    pub(super) id: Id,
    pub(super) url: String,
    pub(super) name: String,
    /// Places in the list of shown prices.
    pub(super) prices: Vec<usize>,
    pub(super) image: Option<String>,
    /// How many boxes of this shape stand together.
    pub(super) alike: usize,
}

/// The cards of every list of at least `least` boxes, in page order.
pub(super) fn find(
    outline: &Outline<'_>,
    prices: &[ShownPrice],
    base: Option<&Url>,
    least: usize,
) -> Vec<Card> {
    let mut by_box: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
    for (at, price) in prices.iter().enumerate() {
        if let Some(box_id) = card_box(outline, price.id) {
            by_box.entry(box_id).or_default().push(at);
        }
    }
    let mut shapes: HashMap<(Id, Tag, &str), usize> = HashMap::new();
    let shape = |id: Id| {
        (outline.parent(id).unwrap_or(0), outline.tag(id), outline.class(id).split(' ').next().unwrap_or(""))
    };
    let mut lists: HashMap<(u16, Tag, &str), usize> = HashMap::new();
    let kind = |id: Id| {
        let class = outline.class(id).split_ascii_whitespace().next().unwrap_or("");
        (outline.element(id).map_or(0, |e| e.depth), outline.tag(id), class)
    };
    for id in by_box.keys() {
        *shapes.entry(shape(*id)).or_default() += 1;
        *lists.entry(kind(*id)).or_default() += 1;
    }
    let mut cards = Vec::new();
    for (id, prices) in by_box {
        let alike =
            shapes.get(&shape(id)).copied().unwrap_or(0).max(lists.get(&kind(id)).copied().unwrap_or(0));
        if alike < least || cards.len() >= CARDS_MAX {
            continue;
        }
        let Some((url, name)) = link_and_name(outline, id, base) else { continue };
        cards.push(Card { id, url, name, prices, image: image(outline, id, base), alike });
    }
    cards
}

/// The smallest box around a price that also holds a link with a name.
fn card_box(outline: &Outline<'_>, price: Id) -> Option<Id> {
    for above in std::iter::once(price).chain(outline.ancestors(price)).take(CLIMB_MAX) {
        if outline.text_size(above) > CARD_BYTES || matches!(outline.tag(above), Tag::Body | Tag::Main) {
            return None;
        }
        if has_named_link(outline, above) {
            // A box that is itself the link, or lies in one, is no larger than that link's own box.
            let linked = outline.tag(above) == Tag::A;
            return Some(if linked { single_parent(outline, above) } else { above });
        }
    }
    None
}

/// The box of a link that is alone in it (`li > a`).
fn single_parent(outline: &Outline<'_>, link: Id) -> Id {
    match outline.parent(link) {
        Some(parent) if matches!(outline.tag(parent), Tag::Li | Tag::Div | Tag::Article) => {
            if outline.text_size(parent) == outline.text_size(link) { parent } else { link }
        }
        _ => link,
    }
}

fn has_named_link(outline: &Outline<'_>, id: Id) -> bool {
    std::iter::once(id).chain(outline.below(id)).take(400).any(|at| {
        outline.tag(at) == Tag::A
            && outline
                .raw_attribute(at, "href")
                .is_some_and(|href| !href.trim_start().starts_with(['#', 'j']) || href.contains('/'))
            && link_name(outline, at).is_some()
    })
}

/// The name a link gives its target: a heading in it, its text, its picture's or its own title.
fn link_name(outline: &Outline<'_>, link: Id) -> Option<String> {
    let heading = outline
        .below(link)
        .take(200)
        .find(|at| outline.tag(*at).is_heading() || is_named_title(outline, *at));
    let heading = heading.map(|id| outline.text_up_to(id, 400, false)).filter(|name| is_name(name));
    heading
        .or_else(|| {
            (outline.text_size(link) < 1000)
                .then(|| outline.text_up_to(link, 400, false))
                .filter(|name| is_name(name))
        })
        .or_else(|| {
            outline.attribute(link, "title").map(|title| text::line(&title)).filter(|name| is_name(name))
        })
        .or_else(|| {
            let picture = outline.below(link).take(100).find(|at| outline.tag(*at) == Tag::Img)?;
            outline.attribute(picture, "alt").map(|alt| text::line(&alt)).filter(|name| is_name(name))
        })
}

fn is_named_title(outline: &Outline<'_>, id: Id) -> bool {
    let class = outline.class(id).to_ascii_lowercase();
    ["title", "name", "titel", "heading"].iter().any(|word| class.contains(word)) && outline.text_size(id) > 0
}

/// Letters enough, and not a price.
fn is_name(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let characters = text.chars().filter(|c| c.is_alphanumeric()).count();
    letters >= NAME_MIN && letters * 3 >= characters
}

fn link_and_name(outline: &Outline<'_>, id: Id, base: Option<&Url>) -> Option<(String, String)> {
    let mut best: Option<(u32, String, String)> = None;
    for at in std::iter::once(id).chain(outline.below(id)).take(600).filter(|at| outline.tag(*at) == Tag::A) {
        let Some(url) = outline.attribute(at, "href").and_then(|href| resolve(&href, base)) else { continue };
        let Some(name) = link_name(outline, at) else { continue };
        let in_heading = outline.ancestors(at).take(3).any(|above| outline.tag(above).is_heading());
        let has_heading = outline.below(at).take(200).any(|below| outline.tag(below).is_heading());
        let named = is_named_title(outline, at)
            || outline.ancestors(at).take(2).any(|above| is_named_title(outline, above));
        let length = u32::try_from(name.chars().count().min(60)).unwrap_or(60);
        let rank = length + if in_heading || has_heading { 100 } else { 0 } + if named { 50 } else { 0 };
        if best.as_ref().is_none_or(|(known, _, _)| rank > *known) {
            best = Some((rank, url, name));
        }
    }
    let (_, url, mut name) = best?;
    // A heading beside the link names the offer better than a link that says "details".
    let heading = outline.below(id).take(600).find(|at| outline.tag(*at).is_heading());
    if let Some(heading) = heading.map(|id| outline.text_up_to(id, 400, false)).filter(|text| is_name(text)) {
        name = heading;
    }
    Some((url, name))
}

fn image(outline: &Outline<'_>, id: Id, base: Option<&Url>) -> Option<String> {
    let picture = outline.below(id).take(600).find(|at| outline.tag(*at) == Tag::Img)?;
    let lazy = ["data-src", "data-original", "data-lazy-src", "data-lazy", "src"];
    lazy.iter()
        .filter_map(|name| outline.attribute(picture, name))
        .find(|address| !address.trim().is_empty() && !address.starts_with("data:"))
        .and_then(|address| resolve(&address, base))
}

/// A card as a partial listing.
pub(super) fn listing(card: &Card, prices: &[ShownPrice], locale: Locale<'_>) -> Listing {
    let shown: Vec<&ShownPrice> = card.prices.iter().filter_map(|at| prices.get(*at)).collect();
    let paid = shown
        .iter()
        .filter(|price| !price.old && !price.other)
        .max_by_key(|price| {
            (price.now, price.named, price.money.currency.is_some(), std::cmp::Reverse(price.run))
        })
        .or_else(|| shown.iter().min_by_key(|price| price.money.amount));
    let price = paid.map(|paid| {
        let regular =
            shown.iter().filter(|p| p.old).map(|p| p.money.amount).find(|amount| *amount > paid.money.amount);
        Price {
            amount: Amount(paid.money.amount),
            currency: paid
                .money
                .currency
                .as_deref()
                .and_then(|sign| currency::iso(sign, locale))
                .map(str::to_owned),
            regular: regular.map(Amount),
            max: paid.money.max.map(Amount),
        }
    });
    let mut listing =
        Listing { url: Some(card.url.clone()), title: card.name.clone(), price, ..Listing::default() };
    listing.images.extend(card.image.clone());
    for field in ["title", "url", "price"] {
        if field != "price" || listing.price.is_some() {
            listing.provenance.insert(field.to_owned(), "text".to_owned());
        }
    }
    listing
}

/// A record of a list (JSON-LD `ItemList`, microdata) as a partial listing; `None` where it has no title.
pub(super) fn of_record(record: &Record, price: Option<Price>, base: Option<&Url>) -> Option<Listing> {
    let title = text::line(record.first(Field::Title)?);
    if title.is_empty() {
        return None;
    }
    let mut listing = Listing {
        title,
        url: record.first(Field::Url).and_then(|url| resolve(url, base)),
        brand: record.first(Field::Brand).map(str::to_owned),
        sku: record.first(Field::Sku).map(str::to_owned),
        gtin: record.all(Field::Gtin).filter_map(|claim| gtin::parse(&claim.value)).take(GTINS_MAX).collect(),
        description: record.first(Field::Description).map(text::line).unwrap_or_default(),
        price,
        ..Listing::default()
    };
    listing.images.extend(record.first(Field::Image).and_then(|image| resolve(image, base)));
    for (field, present) in [
        ("title", true),
        ("url", listing.url.is_some()),
        ("price", listing.price.is_some()),
        ("brand", listing.brand.is_some()),
        ("sku", listing.sku.is_some()),
        ("gtin", !listing.gtin.is_empty()),
        ("description", !listing.description.is_empty()),
    ] {
        if present {
            listing.provenance.insert(field.to_owned(), record.origin.name().to_owned());
        }
    }
    Some(listing)
}

/// Whether `inner` lies in a card of a list that does not hold the headline.
pub(super) fn in_card(outline: &Outline<'_>, cards: &[Card], inner: Id, headline: Option<Id>) -> bool {
    /// Two boxes of one shape may be two offers of one product.
    const LIST_LEAST: usize = 3;
    cards.iter().filter(|card| card.alike >= LIST_LEAST).any(|card| {
        outline.contains(card.id, inner)
            && headline.is_none_or(|headline| !outline.contains(card.id, headline))
    }) && !outline.has(inner, mark::HIDDEN)
}
