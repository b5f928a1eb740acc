//! A first `[select]` for a source, derived from pages: selectors for what was read, tried on every page before they
//! are suggested.
//!
//! A value that the generic readers found is looked for on the page; every element that shows it gives selectors (its
//! id, classes, `itemprop`, alone and inside its ancestors). A selector is suggested where its first match gives the right
//! value on every page that has one, and the source's own reader (`select`), run with the whole draft, agrees.

use std::collections::BTreeMap;

use url::Url;

use super::css::SelectorSet;
use super::head::{self, resolve};
use super::money::{self, Hints};
use super::outline::{Id, Outline, Tag, mark};
use super::{Extractor, charset, scan, text};
use crate::listing::Listing;
use crate::page::{Extracted, LinkKind, Page, PageType};
use crate::source::{CardSelect, Select, Selector};

/// Elements that show a value and are looked at.
const ELEMENTS_MAX: usize = 12;
/// Selectors tried for one field.
const TRIED_MAX: usize = 400;
/// Ancestors that a selector may name.
const ABOVE_MAX: usize = 6;
/// Cards that are looked at.
const CARDS_MAX: usize = 30;

/// A suggested line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftLine {
    /// The key under `[select]` or `[select.card]`.
    pub field: &'static str,
    /// What stands after `=`, without quotation marks.
    pub selector: String,
    /// Pages (or cards) on which it gave the right value; of as many it was tried on.
    pub right: usize,
}

/// A suggested `[select]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    /// Product pages it was tried on.
    pub products: usize,
    /// Lists it was tried on.
    pub lists: usize,
    /// Fields of product pages, and `next` of lists.
    pub fields: Vec<DraftLine>,
    /// Of cards, `item` first.
    pub card: Vec<DraftLine>,
    /// Fields for which nothing could be suggested, because no page was read to have them.
    pub missing: Vec<&'static str>,
}

/// Fields of product pages that are looked for.
const FIELDS: [&str; 9] =
    ["title", "price", "regular", "brand", "sku", "mpn", "description", "images", "seller"];

/// Derives a `[select]` from pages as they were fetched.
pub fn draft(pages: &[Page]) -> Draft {
    let decoded: Vec<(String, &Page)> = pages
        .iter()
        .filter(|page| super::unreadable(page).is_none())
        .map(|page| (charset::decode(&page.body, page.content_type.as_deref()).text.into_owned(), page))
        .collect();
    let extractor = Extractor::default();
    let read: Vec<Read<'_>> = decoded
        .iter()
        .map(|(text, page)| {
            let outline = scan::outline(text);
            let base = head::read(&outline, page.url.as_ref()).base;
            Read { outline, base, page, extracted: extractor.extract(page) }
        })
        .collect();
    let products: Vec<&Read<'_>> =
        read.iter().filter(|read| read.extracted.page_type == PageType::Product).collect();
    let lists: Vec<&Read<'_>> =
        read.iter().filter(|read| read.extracted.page_type == PageType::Category).collect();
    let mut draft = Draft { products: products.len(), lists: lists.len(), ..Draft::default() };
    for field in FIELDS {
        if products.iter().any(|read| read.wanted(field).is_some()) {
            draft.fields.extend(field_line(field, &products));
        } else {
            draft.missing.push(field);
        }
    }
    draft.fields.extend(next_line(&lists));
    draft.card = card_lines(&lists);
    confirm(&mut draft, &products);
    draft
}

/// One page with what was read of it.
struct Read<'a> {
    outline: Outline<'a>,
    base: Option<Url>,
    page: &'a Page,
    extracted: Extracted,
}

impl Read<'_> {
    fn hints(&self) -> Hints<'_> {
        let price = self.extracted.listing.as_ref().and_then(|listing| listing.price.as_ref());
        Hints { decimal: None, currency: price.and_then(|price| price.currency.as_deref()) }
    }

    /// The value that a selector must give, for comparison.
    fn wanted(&self, field: &str) -> Option<String> {
        self.extracted.listing.as_ref().and_then(|listing| wanted(field, listing))
    }

    /// What an element gives for a field, for comparison.
    fn given(&self, field: &str, id: Id, attribute: Option<&str>) -> Option<String> {
        let outline = &self.outline;
        let written = match attribute {
            Some(name) => outline.attribute(id, name)?.trim().to_owned(),
            None => outline.text_up_to(id, 4000, false),
        };
        match field {
            "price" | "regular" => {
                let short = written.chars().count() <= 40;
                let money = money::parse(&written, self.hints()).filter(|_| short)?;
                Some(money.amount.normalize().to_string())
            }
            "images" | "image" | "url" | "next" => resolve(&written, self.base.as_ref()),
            "description" => Some(opening(&written)).filter(|opening| !opening.is_empty()),
            _ => Some(text::key(&written)).filter(|key| !key.is_empty()),
        }
    }
}

fn wanted(field: &str, listing: &Listing) -> Option<String> {
    let amount = |amount: crate::listing::Amount| amount.0.normalize().to_string();
    let key = |text: &str| Some(text::key(text)).filter(|key| !key.is_empty());
    match field {
        "title" => key(&listing.title),
        "price" => Some(amount(listing.price.as_ref()?.amount)),
        "regular" => Some(amount(listing.price.as_ref()?.regular?)),
        "brand" => key(listing.brand.as_deref()?),
        "sku" => key(listing.sku.as_deref()?),
        "mpn" => key(listing.mpn.as_deref()?),
        "seller" => key(listing.seller.as_ref()?.name.as_deref()?),
        "description" => Some(opening(&listing.description)).filter(|opening| opening.chars().count() >= 20),
        "images" | "image" => listing.images.first().cloned(),
        "url" => listing.url.clone(),
        _ => None,
    }
}

/// How a long text begins: two readers cut it at different ends.
fn opening(text: &str) -> String {
    text::key(text.get(..text.floor_char_boundary(400)).unwrap_or("")).chars().take(60).collect()
}

/// The attribute that holds a field's value, besides the text.
fn attributes(field: &str) -> &'static [Option<&'static str>] {
    match field {
        "images" | "image" => &[Some("src"), Some("data-src"), Some("href"), Some("content")],
        "url" | "next" => &[Some("href")],
        "price" | "sku" | "brand" | "mpn" => &[None, Some("content")],
        _ => &[None],
    }
}

/// A selector that is tried: CSS and the attribute that is read.
type Tried = (String, Option<&'static str>);

fn field_line(field: &'static str, products: &[&Read<'_>]) -> Option<DraftLine> {
    let mut tried: Vec<Tried> = Vec::new();
    for read in products {
        let Some(wanted) = read.wanted(field) else { continue };
        let mut elements = 0;
        let outline = &read.outline;
        for id in outline.ids() {
            if outline.has(id, mark::FRAME | mark::HIDDEN) && outline.tag(id) != Tag::Meta
                || matches!(
                    outline.tag(id),
                    Tag::Html | Tag::Head | Tag::Title | Tag::Body | Tag::Script | Tag::Meta
                )
            {
                continue;
            }
            // A box around everything shows the value too, and much else.
            if field != "description" && outline.text_size(id) > 4 * wanted.len() + 200 {
                continue;
            }
            for attribute in attributes(field) {
                if attribute.is_some_and(|name| outline.raw_attribute(id, name).is_none())
                    || read.given(field, id, *attribute).as_ref() != Some(&wanted)
                {
                    continue;
                }
                elements += 1;
                tried.extend(selectors(outline, id, 0).into_iter().map(|css| (css, *attribute)));
            }
            if elements >= ELEMENTS_MAX || tried.len() >= TRIED_MAX {
                break;
            }
        }
    }
    tried.retain(|(css, _)| hints_at(field, css));
    best(field, tried, products, |read| read.wanted(field))
}

/// What a place of this field is called; others happen to hold the value once.
fn hints_at(field: &str, css: &str) -> bool {
    let names: &[&str] = match field {
        "brand" => {
            &["brand", "manufact", "vendor", "marke", "marca", "marque", "merk", "producer", "hersteller"]
        }
        "sku" => &["sku", "ref", "code", "art", "number", "nummer", "productid", "product-id", "product_id"],
        "mpn" => &["mpn", "model", "part"],
        "seller" => &["seller", "vendor", "merchant", "shop", "store", "verk", "vend"],
        _ => return true,
    };
    let css = css.to_ascii_lowercase();
    names.iter().any(|name| css.contains(name))
}

/// The selector that is right wherever a value is known, and matches least else.
fn best(
    field: &'static str,
    mut tried: Vec<Tried>,
    pages: &[&Read<'_>],
    wanted: impl Fn(&Read<'_>) -> Option<String>,
) -> Option<DraftLine> {
    tried.sort();
    tried.dedup();
    tried.truncate(TRIED_MAX);
    let mut set = SelectorSet::default();
    let tried: Vec<(Tried, usize)> =
        tried.into_iter().filter_map(|tried| set.add(&tried.0).ok().map(|place| (tried, place))).collect();
    // Right, matches beyond the first.
    let mut scores = vec![(0_usize, 0_usize); tried.len()];
    let mut known = 0;
    let mut wrong = vec![false; tried.len()];
    for read in pages {
        let found = set.find(&read.outline, read.outline.ids());
        let value = wanted(read);
        known += usize::from(value.is_some());
        for ((((_, attribute), place), score), wrong) in tried.iter().zip(&mut scores).zip(&mut wrong) {
            let Some(elements) = found.get(*place) else { continue };
            let first = elements.iter().find_map(|id| read.given(field, *id, *attribute));
            match (&value, first) {
                (Some(value), Some(first)) if *value == first => score.0 += 1,
                // A page that was read to have no such value may still show one that nobody noticed.
                (None, _) => {}
                _ => *wrong = true,
            }
            score.1 += elements.len().saturating_sub(1);
        }
    }
    let names = field.trim_end_matches('s');
    tried
        .iter()
        .zip(&scores)
        .zip(&wrong)
        .filter(|((_, (right, _)), wrong)| !**wrong && *right == known && known > 0)
        .min_by_key(|((((css, attribute), _), (_, more)), _)| {
            let parts = css.split_whitespace().count();
            (*more > 0, parts > 2, !css.contains(names), *more, parts, attribute.is_some(), css.len())
        })
        .map(|(((tried, _), (right, _)), _)| DraftLine { field, selector: joined(tried), right: *right })
}

fn joined((css, attribute): &Tried) -> String {
    attribute.map_or_else(|| css.clone(), |name| format!("{css}@{name}"))
}

/// Selectors of an element: alone, and inside each of its ancestors below `within`.
fn selectors(outline: &Outline<'_>, id: Id, within: Id) -> Vec<String> {
    let own = compounds(outline, id);
    let mut all: Vec<String> = own.clone();
    let tag = tag_name(outline, id);
    if outline.tag(id) == Tag::H1 || within > 0 && outline.tag(id).is_heading() {
        all.push(tag.clone());
    }
    for above in outline.ancestors(id).take(ABOVE_MAX).take_while(|above| *above > within) {
        if matches!(outline.tag(above), Tag::Html | Tag::Body) {
            break;
        }
        for outer in compounds(outline, above) {
            all.push(format!("{outer} {tag}"));
            all.extend(own.iter().map(|inner| format!("{outer} {inner}")));
        }
    }
    all
}

/// The element's own names: id, `itemprop`, classes that look as if a person chose them.
fn compounds(outline: &Outline<'_>, id: Id) -> Vec<String> {
    let mut names = Vec::new();
    let tag = tag_name(outline, id);
    let sound = |name: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        // What a program numbers or hashes changes with the next product or release.
        !name.is_empty()
            && name.len() <= 40
            && name.chars().all(plain)
            && name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().filter(char::is_ascii_digit).count() < 3
            && !name.starts_with("css-")
            && !name.starts_with("sc-")
    };
    let own_id = outline.id_attribute(id).trim();
    if sound(own_id) {
        names.push(format!("#{own_id}"));
    }
    if let Some(property) = outline.raw_attribute(id, "itemprop").filter(|name| sound(name)) {
        names.push(format!("{tag}[itemprop={property}]"));
    }
    for class in outline.class(id).split_ascii_whitespace().filter(|class| sound(class)).take(6) {
        names.push(format!("{tag}.{class}"));
        names.push(format!(".{class}"));
    }
    if let Some(relation) = outline.raw_attribute(id, "rel").filter(|name| sound(name)) {
        names.push(format!("{tag}[rel={relation}]"));
    }
    names
}

fn tag_name(outline: &Outline<'_>, id: Id) -> String {
    let place = outline.place(id);
    place.split(['.', '#']).next().unwrap_or("div").to_owned()
}

fn next_line(lists: &[&Read<'_>]) -> Option<DraftLine> {
    let next = |read: &Read<'_>| {
        read.extracted.links.iter().find(|link| link.kind == LinkKind::Next).map(|link| link.url.clone())
    };
    let mut tried: Vec<Tried> = Vec::new();
    for read in lists {
        let Some(wanted) = next(read) else { continue };
        let links = read.outline.ids().filter(|id| read.outline.tag(*id) == Tag::A);
        for id in links.filter(|id| read.given("next", *id, Some("href")).as_ref() == Some(&wanted)) {
            tried.extend(selectors(&read.outline, id, 0).into_iter().map(|css| (css, Some("href"))));
        }
    }
    // All matches are followed, so that all of them must lead there.
    tried.retain(|(css, _)| {
        let mut set = SelectorSet::default();
        set.add(css).is_ok()
            && lists.iter().all(|read| {
                let found = set.find(&read.outline, read.outline.ids()).concat();
                let wanted = next(read);
                found.iter().all(|id| read.given("next", *id, Some("href")) == wanted)
            })
    });
    best("next", tried, lists, next)
}

/// `item` and what stands in it, from the list with most cards.
fn card_lines(lists: &[&Read<'_>]) -> Vec<DraftLine> {
    let Some(read) = lists.iter().max_by_key(|read| read.extracted.cards.len()) else { return Vec::new() };
    let cards: Vec<&Listing> =
        read.extracted.cards.iter().filter(|card| card.url.is_some()).take(CARDS_MAX).collect();
    if cards.len() < 2 {
        return Vec::new();
    }
    let outline = &read.outline;
    let links: BTreeMap<&str, Id> = outline
        .ids()
        .filter(|id| outline.tag(*id) == Tag::A)
        .filter_map(|id| {
            let url = read.given("url", id, Some("href"))?;
            Some((cards.iter().find_map(|card| card.url.as_deref().filter(|known| *known == url))?, id))
        })
        .rev()
        .collect();
    let mut tried: BTreeMap<String, usize> = BTreeMap::new();
    for id in links.values() {
        for above in std::iter::once(*id).chain(outline.ancestors(*id)).take(ABOVE_MAX + 2) {
            for css in compounds(outline, above) {
                *tried.entry(css).or_default() += 1;
            }
        }
    }
    let mut set = SelectorSet::default();
    let tried: Vec<(String, usize)> = tried
        .into_iter()
        .filter(|(_, times)| *times >= 2)
        .filter_map(|(css, _)| set.add(&css).ok().map(|place| (css, place)))
        .collect();
    let found = set.find(outline, outline.ids());
    // One offer in each match, as many offers as can be, and the largest box that still holds one only.
    let best = tried
        .iter()
        .filter_map(|(css, place)| {
            let items = found.get(*place)?;
            let holding = |item: &Id| links.values().filter(|link| outline.contains(*item, **link)).count();
            let single = items.iter().all(|item| holding(item) <= 1);
            // Boxes in boxes are parts of a card.
            let apart = items.windows(2).all(|pair| match pair {
                [one, next] => outline.element(*one).is_some_and(|element| element.end <= *next),
                _ => true,
            });
            let covered = items.iter().filter(|item| holding(item) == 1).count();
            let offers =
                links.values().filter(|link| items.iter().any(|item| outline.contains(*item, **link)));
            let once = offers.count() == covered;
            let size: usize = items.iter().map(|item| outline.below(*item).len()).sum();
            let empty = items.len().saturating_sub(covered);
            (single && apart && once).then_some((
                covered,
                std::cmp::Reverse(empty),
                size,
                std::cmp::Reverse(css.len()),
                css,
                items,
            ))
        })
        .max();
    let Some((covered, _, _, _, item, items)) = best.filter(|best| best.0 >= 2) else { return Vec::new() };
    let mut lines = vec![DraftLine { field: "item", selector: item.clone(), right: covered }];
    for field in ["title", "url", "price", "image"] {
        lines.extend(card_line(field, read, items, &links, &cards));
    }
    lines
}

fn card_line(
    field: &'static str,
    read: &Read<'_>,
    items: &[Id],
    links: &BTreeMap<&str, Id>,
    cards: &[&Listing],
) -> Option<DraftLine> {
    let outline = &read.outline;
    let offers: Vec<(Id, String)> = items
        .iter()
        .filter_map(|item| {
            let (url, _) = links.iter().find(|(_, link)| outline.contains(*item, **link))?;
            let card = cards.iter().find(|card| card.url.as_deref() == Some(*url))?;
            Some((*item, wanted(field, card)?))
        })
        .collect();
    let mut tried: Vec<Tried> = Vec::new();
    for (item, wanted) in offers.iter().take(3) {
        for id in outline.below(*item) {
            if field != "image" && outline.tag(id) != Tag::A && outline.text_size(id) > 4 * wanted.len() + 200
            {
                continue;
            }
            for attribute in attributes(field) {
                if read.given(field, id, *attribute).as_ref() == Some(wanted) {
                    let bare = tag_name(outline, id);
                    tried.push((bare, *attribute));
                    tried.extend(selectors(outline, id, *item).into_iter().map(|css| (css, *attribute)));
                }
            }
        }
    }
    tried.sort();
    tried.dedup();
    tried.truncate(TRIED_MAX);
    let mut best: Option<(usize, std::cmp::Reverse<usize>, Tried)> = None;
    for tried in tried {
        let mut set = SelectorSet::default();
        if set.add(&tried.0).is_err() {
            continue;
        }
        let right = offers
            .iter()
            .filter(|(item, wanted)| {
                let found = set.find(outline, outline.below(*item)).concat();
                let first = found.iter().find_map(|id| read.given(field, *id, tried.1));
                first.as_ref() == Some(wanted)
            })
            .count();
        let rank = (right, std::cmp::Reverse(tried.0.len()));
        if best.as_ref().is_none_or(|(known, length, _)| rank > (*known, *length)) {
            best = Some((rank.0, rank.1, tried));
        }
    }
    // A card without a picture is one; a selector that fails on most is none.
    best.filter(|(right, ..)| *right > 0 && right * 10 >= offers.len() * 9)
        .map(|(right, _, tried)| DraftLine { field, selector: joined(&tried), right })
}

/// Runs the draft as a source would and drops what then reads otherwise.
fn confirm(draft: &mut Draft, products: &[&Read<'_>]) {
    let Ok(extractor) = Extractor::new(&draft.select()) else {
        draft.fields.clear();
        draft.card.clear();
        return;
    };
    for read in products {
        let again = extractor.extract(read.page).listing;
        draft.fields.retain(|line| {
            let known = read.wanted(line.field);
            known.is_none() || again.as_ref().and_then(|listing| wanted(line.field, listing)) == known
        });
    }
}

impl Draft {
    /// The draft as a source's `[select]`.
    pub fn select(&self) -> Select {
        let selector = |line: &DraftLine| {
            let (css, attribute) = match line.selector.rsplit_once('@') {
                Some((css, attribute)) => (css.to_owned(), Some(attribute.to_owned())),
                None => (line.selector.clone(), None),
            };
            (line.field.to_owned(), Selector::Css { css, attribute })
        };
        let card = self.card.first().map(|item| CardSelect {
            item: item.selector.clone(),
            fields: self.card.iter().skip(1).map(selector).collect(),
        });
        Select { fields: self.fields.iter().map(selector).collect(), card }
    }

    /// The draft as text to be pasted into a source file.
    pub fn toml(&self) -> String {
        let line = |line: &DraftLine, of: &str| {
            let written = format!("{:<11} = {:?}", line.field, line.selector);
            format!("{written:<58} # right on {} {of}\n", line.right)
        };
        let mut text = format!(
            "# Draft, tried on {} product page(s) and {} list(s). Keep only the lines for fields that are read wrongly\n\
             # or not at all without them: a shop that changes its pages breaks selectors first.\n[select]\n",
            self.products, self.lists
        );
        for field in &self.fields {
            text.push_str(&line(field, if field.field == "next" { "list(s)" } else { "page(s)" }));
        }
        if self.products > 0 && !self.missing.is_empty() {
            text.push_str("# not read on any page; if the pages show it, name the place:\n");
            for field in &self.missing {
                text.extend(["# ", field, " = \"\"\n"]);
            }
        }
        if !self.card.is_empty() {
            text.push_str("\n[select.card]\n");
            for field in &self.card {
                text.push_str(&line(field, "card(s)"));
            }
        }
        text
    }
}
