//! Lists of offers: boxes of one shape, side by side, each with a link, a name and usually a price.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use url::Url;

use super::currency::{self, Locale};
use super::head::resolve;
use super::money;
use super::outline::{Id, Outline, Tag, mark};
use super::prices::ShownPrice;
use super::record::{Field, Record};
use super::{gtin, names, text};
use crate::listing::{Amount, Listing, Price};

/// Cards kept of a page.
const CARDS_MAX: usize = 500;
/// How far up from a price its card's box is looked for.
const CLIMB_MAX: usize = 8;
/// Text of a card, in bytes: more is a section of the page.
const CARD_BYTES: usize = 4000;
/// A name that this share of the boxes has (one in so many) is none.
const REPEATED_SHARE: usize = 5;
/// How far up a larger box is looked for that holds the name.
const WIDEN_MAX: usize = 5;
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
    let ids: Vec<Id> = by_box.keys().copied().collect();
    let mut drafts = Vec::new();
    for (id, prices) in by_box {
        let alike =
            shapes.get(&shape(id)).copied().unwrap_or(0).max(lists.get(&kind(id)).copied().unwrap_or(0));
        if alike >= least && drafts.len() < CARDS_MAX {
            drafts.push((id, prices, alike, names(outline, id, base)));
        }
    }
    // What most boxes say alike ("details", "add to cart") names none of them.
    let mut times: HashMap<String, usize> = HashMap::new();
    for (_, _, _, names) in &drafts {
        let keys: BTreeSet<String> = names.iter().map(|name| repetition_key(&name.text)).collect();
        for key in keys {
            *times.entry(key).or_default() += 1;
        }
    }
    let mut cards = Vec::new();
    for (id, prices, alike, mut found) in drafts {
        let own = |names: &[Name]| -> Option<usize> {
            let repeated = |name: &Name| {
                let times = times.get(&repetition_key(&name.text)).copied().unwrap_or(0);
                times > 1 && times * REPEATED_SHARE >= alike
            };
            let usable = names.iter().enumerate().filter(|(_, name)| !repeated(name));
            usable.max_by_key(|(at, name)| (name.rank, std::cmp::Reverse(*at))).map(|(at, _)| at)
        };
        let mut best = own(&found);
        if best.is_none() {
            // The name stands in a larger box around price and link.
            let wider = names(outline, widened(outline, id, &ids), base);
            best = own(&wider);
            if best.is_some() {
                found = wider;
            }
        }
        let best = best.or_else(|| {
            let all = found.iter().enumerate();
            all.max_by_key(|(at, name)| (name.rank, std::cmp::Reverse(*at))).map(|(at, _)| at)
        });
        let Some(name) = best.and_then(|at| found.get(at)) else { continue };
        let link = found.iter().filter(|name| name.url.is_some()).max_by_key(|name| name.rank);
        let Some(url) = name.url.clone().or_else(|| link?.url.clone()) else { continue };
        cards.push(Card { id, url, name: name.text.clone(), prices, image: image(outline, id, base), alike });
    }
    cards
}

/// The largest box around `id` that holds no other of `boxes`.
fn widened(outline: &Outline<'_>, id: Id, boxes: &[Id]) -> Id {
    let fits = |above: &Id| {
        outline.text_size(*above) <= CARD_BYTES
            && !matches!(outline.tag(*above), Tag::Body | Tag::Main)
            && boxes.iter().filter(|other| outline.contains(*above, **other)).count() == 1
    };
    outline.ancestors(id).take(WIDEN_MAX).take_while(fits).last().unwrap_or(id)
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
            && !link_names(outline, at).is_empty()
    })
}

/// What an offer in a list may be called.
struct Name {
    rank: u32,
    text: String,
    url: Option<String>,
}

/// Everything in a box that may be the name of its offer: links by their heading, text, title or picture; headings and
/// elements named as a title without link.
fn names(outline: &Outline<'_>, id: Id, base: Option<&Url>) -> Vec<Name> {
    let mut found = Vec::new();
    for at in std::iter::once(id).chain(outline.below(id)).take(600) {
        let linked = outline.has(at, mark::LINKED);
        let heading = outline.tag(at).is_heading();
        if outline.tag(at) == Tag::A {
            let Some(url) = outline.attribute(at, "href").and_then(|href| resolve(&href, base)) else {
                continue;
            };
            let in_heading = outline.ancestors(at).take(3).any(|above| outline.tag(above).is_heading());
            let has_heading = outline.below(at).take(200).any(|below| outline.tag(below).is_heading());
            let named = is_named_title(outline, at)
                || outline.ancestors(at).take(2).any(|above| is_named_title(outline, above));
            let more = if in_heading || has_heading { 100 } else { 0 } + if named { 50 } else { 0 };
            for (text, less) in link_names(outline, at) {
                let rank = (rank_of(&text) + more).saturating_sub(less);
                found.push(Name { rank, text, url: Some(url.clone()) });
            }
        } else if !linked
            && !holds_link(outline, at)
            && (heading || is_named_title(outline, at))
            && outline.text_size(at) < 1000
        {
            let text = outline.text_up_to(at, 400, false);
            if is_name(&text) {
                let more = if heading { 170 } else { 40 };
                found.push(Name { rank: rank_of(&text) + more, text, url: None });
            }
        }
    }
    found
}

/// What makes two names the same: "31 offers" and "from € 9" say the same whatever the number.
fn repetition_key(name: &str) -> String {
    let key = text::key(name);
    let counted = name.starts_with(|c: char| !c.is_alphabetic()) || speaks_of_money(name);
    if counted { key.chars().filter(|c| c.is_alphabetic()).collect() } else { key }
}

fn holds_link(outline: &Outline<'_>, id: Id) -> bool {
    outline.below(id).take(200).any(|at| outline.tag(at) == Tag::A)
}

/// Longer names say more; a name that speaks of money is none.
fn rank_of(name: &str) -> u32 {
    let length = u32::try_from(name.chars().count().min(60)).unwrap_or(60);
    if speaks_of_money(name) { length / 4 } else { length }
}

fn speaks_of_money(name: &str) -> bool {
    name.bytes().any(|b| b.is_ascii_digit()) && money::sign_in(name).is_some()
}

/// The names a link gives its target, and how much each counts less: a heading in it, its text, its longest line where
/// that is not all, its own title, its picture's.
fn link_names(outline: &Outline<'_>, link: Id) -> Vec<(String, u32)> {
    let heading = outline
        .below(link)
        .take(200)
        .find(|at| outline.tag(*at).is_heading() || is_named_title(outline, *at));
    let heading = heading.map(|id| (outline.text_up_to(id, 400, false), 0));
    let small = outline.text_size(link) < 1000;
    let whole = (small && heading.is_none()).then(|| (outline.text_up_to(link, 400, false), 0));
    let runs = outline.runs_of(link).iter().filter(|run| small && !run.hidden).take(40);
    let lines = runs.map(|run| text::line(outline.run_text(run)));
    let line =
        lines.max_by_key(|line| line.chars().filter(|c| c.is_alphabetic()).count()).map(|line| (line, 5));
    let title = outline.attribute(link, "title").map(|title| (text::line(&title), 8));
    let picture = outline.below(link).take(100).find(|at| outline.tag(*at) == Tag::Img);
    let alt = picture.and_then(|at| outline.attribute(at, "alt")).map(|alt| (text::line(&alt), 10));
    [heading, whole, line, title, alt].into_iter().flatten().filter(|(name, _)| is_name(name)).collect()
}

fn is_named_title(outline: &Outline<'_>, id: Id) -> bool {
    outline.is_named(id, names::TITLE) && outline.text_size(id) > 0
}

/// Letters enough, and not a price.
fn is_name(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let characters = text.chars().filter(|c| c.is_alphanumeric()).count();
    letters >= NAME_MIN && letters * 3 >= characters
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
pub(super) fn listing(
    card: &Card,
    prices: &[ShownPrice],
    locale: Locale<'_>,
    currency: Option<&str>,
) -> Listing {
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
                .map_or(currency, |sign| currency::iso(sign, locale))
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
