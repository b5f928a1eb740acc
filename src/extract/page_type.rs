//! What a page is for. Product and category need positive evidence; a wall is told from an empty page.

use super::head::Head;
use super::outline::{Outline, Tag, mark};
use super::wall::wall;
use crate::page::PageType;

/// What the readers found, as far as it decides the kind of page.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one piece of evidence")]
pub(super) struct Evidence {
    /// The page's own offer has a title.
    pub(super) titled: bool,
    /// A typed record (schema.org Product, product meta, product-like state) matched the page.
    pub(super) typed: bool,
    /// Its name or address fits what the page shows.
    pub(super) fits: bool,
    /// That record has a price or an availability.
    pub(super) offered: bool,
    /// A price stands near the headline.
    pub(super) priced: bool,
    /// A button buys.
    pub(super) buy: bool,
    /// That price stands behind a word for it.
    pub(super) price_labelled: bool,
    /// Stock is spoken of near the headline.
    pub(super) stocked: bool,
    /// A number of the product stands beside its label.
    pub(super) labelled: bool,
    /// A table of properties.
    pub(super) detailed: bool,
    /// An identifier with a label or in a product field.
    pub(super) identified: bool,
    /// A source's own selector gave title and price.
    pub(super) selected: bool,
    /// Boxes of lists whose price is named as one.
    pub(super) marked_cards: usize,
    /// Boxes of lists with a price.
    pub(super) cards: usize,
    /// Boxes and entries of lists, with or without a price.
    pub(super) listed: usize,
    /// The page calls itself a list.
    pub(super) list: bool,
    /// The page calls itself an article.
    pub(super) article: bool,
    /// The shop's platform marks the page as a list of products.
    pub(super) catalogue: bool,
    /// Share of the cards that stand before the page's own price, if it has one.
    pub(super) cards_first: bool,
}

/// Fewest cards of a list.
const CARDS_MIN: usize = 3;

/// Decides, with the reason for `blocked`.
pub(super) fn decide(outline: &Outline<'_>, head: &Head, evidence: &Evidence) -> (PageType, Option<String>) {
    if evidence.catalogue && evidence.listed > 0 && !evidence.selected {
        return (PageType::Category, None);
    }
    let og_product = head.og_type.contains("product") && !head.og_type.contains("group");
    let strong = evidence.titled && evidence.typed && (evidence.offered || !evidence.list);
    let by_sight = evidence.titled
        && !evidence.article
        && !evidence.cards_first
        && ((evidence.priced
            && (evidence.buy || evidence.identified || evidence.price_labelled || og_product))
            || (evidence.labelled && (evidence.buy || evidence.stocked || evidence.detailed)));
    let own =
        evidence.selected || (strong && (evidence.offered && evidence.fits || !evidence.article)) || by_sight;
    if own && (evidence.offered || !evidence.list || evidence.cards < CARDS_MIN) {
        return (PageType::Product, None);
    }
    let listed = evidence.cards >= CARDS_MIN || evidence.marked_cards > 1;
    if listed && !evidence.article || evidence.list && evidence.listed > 1 {
        return (PageType::Category, None);
    }
    if let Some(wall) = wall(outline, head) {
        return (PageType::Blocked, Some(wall));
    }
    if evidence.titled && og_product && evidence.priced {
        return (PageType::Product, None);
    }
    if evidence.article || is_prose(outline) {
        return (PageType::Article, None);
    }
    (PageType::Other, None)
}

/// Long paragraphs make an article.
fn is_prose(outline: &Outline<'_>) -> bool {
    let mut long = 0;
    for id in
        outline.ids().filter(|id| outline.tag(*id) == Tag::P && !outline.has(*id, mark::HIDDEN | mark::FRAME))
    {
        if outline.text_size(id) > 200 {
            long += 1;
        }
    }
    long >= 4
}
