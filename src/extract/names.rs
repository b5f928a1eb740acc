//! What classes and ids say: each name of a page is looked up once, in one pass, for all readers.
//!
//! Shops name their elements in program English and a few other languages; a page has thousands of elements and some
//! hundreds of names.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Facts, as bits.
pub(super) const MENU: u16 = 1;
pub(super) const CRUMBS: u16 = 1 << 1;
pub(super) const DESCRIPTION: u16 = 1 << 2;
/// In every class of a next link.
pub(super) const NEXT: u16 = 1 << 3;
/// A row of page numbers.
pub(super) const PAGING: u16 = 1 << 4;
/// A title or name; counts in classes only, for every second id is a name.
pub(super) const TITLE: u16 = 1 << 5;
/// Part of every name that `labels` knows for a number or brand.
pub(super) const NUMBER: u16 = 1 << 6;

/// Lower case; case does not matter.
#[rustfmt::skip]
const WORDS: &[(u16, &[&str])] = &[
    (MENU, &["nav", "menu", "breadcrumb", "categor", "department"]),
    (CRUMBS, CRUMB_WORDS),
    (DESCRIPTION, &[
        "description", "descripcion", "descricao", "beschreibung", "omschrijving", "descrizione", "opis", "popis",
        "beskrivning", "beskrivelse", "product-details", "product-detail", "productdetails", "product-info",
        "prod-desc", "product-desc", "pdp-desc", "feature-bullets", "about-item",
    ]),
    (NEXT, &["next"]),
    (PAGING, PAGING_WORDS),
    (TITLE, &["title", "name", "titel", "heading"]),
    (NUMBER, &[
        "sku", "rod", "rtic", "art", "tem", "mpn", "umber", "rand", "anuf", "mar", "endor",
    ]),
];

/// A breadcrumb trail's class, id or label.
#[rustfmt::skip]
pub(super) const CRUMB_WORDS: &[&str] = &[
    "breadcrumb", "bread-crumb", "bread_crumb", "crumbs", "brotkrumen", "ariane", "krumm", "migas",
];

/// Class, id or role of a box of page numbers.
#[rustfmt::skip]
pub(super) const PAGING_WORDS: &[&str] = &[
    "pagin", "pager", "pagenav", "page-nav", "page_nav", "pages", "paging", "page-numbers", "pagelinks",
    "blaettern",
];

/// Finds all words; the fact of each by its place.
static FINDER: LazyLock<(Option<AhoCorasick>, Vec<u16>)> = LazyLock::new(|| {
    let pairs = || WORDS.iter().flat_map(|(fact, words)| words.iter().map(|word| (*fact, *word)));
    let finder =
        AhoCorasick::builder().ascii_case_insensitive(true).build(pairs().map(|(_, word)| word)).ok();
    (finder, pairs().map(|(fact, _)| fact).collect())
});

/// The names of a page that were looked up.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    known: HashMap<&'a str, u16>,
}

impl<'a> Names<'a> {
    /// The facts that a class says.
    pub(super) fn of_class(&mut self, name: &'a str) -> u16 {
        *self.known.entry(name).or_insert_with(|| facts(name))
    }

    /// The facts that an id says.
    pub(super) fn of_id(&mut self, name: &'a str) -> u16 {
        self.of_class(name) & !TITLE
    }
}

fn facts(name: &str) -> u16 {
    let (Some(finder), facts) = &*FINDER else { return 0 };
    finder
        .find_overlapping_iter(name)
        .filter_map(|found| facts.get(found.pattern().as_usize()))
        .fold(0, |all, fact| all | fact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_their_words_say() {
        let mut names = Names::default();
        for (name, facts) in [
            ("Product-Title h1", TITLE | NUMBER),
            ("nav breadcrumbs", MENU | CRUMBS),
            ("pagination__next", PAGING | NEXT),
            ("box", 0),
        ] {
            assert_eq!(names.of_class(name), facts, "{name}");
            assert_eq!(names.of_class(name), facts, "{name} again");
        }
        assert_eq!(names.of_id("product-title"), NUMBER);
    }
}
