//! What a visitor sees besides prices and labels: headline, breadcrumb trail, description.

use super::outline::{Id, Outline, Tag, mark};
use super::words::Vocabulary;
use super::{entity, text};

/// The headline that names the product.
#[derive(Debug, Clone)]
pub(super) struct Headline {
    pub(super) id: Id,
    pub(super) text: String,
    pub(super) run: usize,
}

/// The headlines (`h1`) of the page, in order, those of its frame last.
pub(super) fn headlines(outline: &Outline<'_>) -> Vec<Headline> {
    let mut found: Vec<(bool, Headline)> = Vec::new();
    for id in outline.ids().filter(|id| outline.tag(*id) == Tag::H1).take(50) {
        let hidden = outline.has(id, mark::HIDDEN);
        let mut text = outline.text_up_to(id, 600, hidden);
        if text.is_empty() {
            // A logo in the headline says the shop's name, not the product's, but nothing else stands there.
            continue;
        }
        if text.len() > 500 {
            text.truncate(text.floor_char_boundary(500));
        }
        let run = outline.element(id).map_or(0, |e| e.last_run as usize);
        found.push((hidden || outline.has(id, mark::FRAME), Headline { id, text, run }));
    }
    found.sort_by_key(|(framed, _)| *framed);
    found.into_iter().map(|(_, headline)| headline).collect()
}

/// The element that names the product where no `h1` does: the longest text that the page's titles begin with.
pub(super) fn titled_element(outline: &Outline<'_>, titles: &[&str]) -> Option<Headline> {
    let keys: Vec<String> =
        titles.iter().map(|title| text::key(title)).filter(|key| key.chars().count() >= 6).collect();
    let opening: Vec<String> = keys.iter().map(|key| key.chars().take(4).collect()).collect();
    let mut best: Option<(usize, Headline)> = None;
    for (at, run) in outline.runs.iter().enumerate() {
        if run.hidden
            || !(6..=600).contains(&run.length)
            || outline.has(run.parent, mark::FRAME | mark::LINKED)
        {
            continue;
        }
        let written = outline.run_text(run);
        let start: String =
            written.chars().filter(|c| c.is_alphanumeric()).take(4).flat_map(char::to_lowercase).collect();
        if !opening.iter().any(|opening| {
            start.starts_with(opening.as_str()) || titles.iter().any(|t| t.contains(written.trim()))
        }) {
            continue;
        }
        let shown = super::outline::collapse(&entity::decode(written));
        let key = text::key(&shown);
        let length = key.chars().count();
        let fits = length >= 6
            && keys.iter().any(|known| known.contains(&key) && length * 5 >= known.chars().count() * 2);
        if fits && best.as_ref().is_none_or(|(known, _)| length > *known) {
            best = Some((length, Headline { id: run.parent, text: shown, run: at }));
        }
    }
    best.map(|(_, headline)| headline)
}

/// One step of a breadcrumb trail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Crumb {
    pub(super) name: String,
    /// The address as written.
    pub(super) href: Option<String>,
}

/// Classes, ids and labels of a breadcrumb trail.
#[rustfmt::skip]
static CRUMB_NAMES: Vocabulary = Vocabulary::new(&[
    "breadcrumb", "bread-crumb", "bread_crumb", "crumbs", "brotkrumen", "ariane", "krumm", "migas",
]);

/// Steps of a trail.
const CRUMBS_MAX: usize = 20;

/// The breadcrumb trail that is shown: a box that is named as one, its links and last plain step.
pub(super) fn breadcrumbs(outline: &Outline<'_>) -> Vec<Crumb> {
    let named = |id: Id| {
        [outline.class(id), outline.id_attribute(id), outline.raw_attribute(id, "aria-label").unwrap_or("")]
            .into_iter()
            .any(|names| CRUMB_NAMES.in_text(names))
    };
    outline
        .ids()
        .filter(|id| outline.has(*id, mark::CLASS | mark::ID) || outline.tag(*id) == Tag::Nav)
        .filter(|id| !outline.has(*id, mark::HIDDEN) && named(*id))
        .take(20)
        .map(|id| trail(outline, id))
        .max_by_key(Vec::len)
        .unwrap_or_default()
}

/// The steps inside a breadcrumb box.
pub(super) fn trail(outline: &Outline<'_>, id: Id) -> Vec<Crumb> {
    let mut crumbs: Vec<Crumb> = Vec::new();
    let mut links: Vec<Id> = Vec::new();
    for run in outline.runs_of(id).iter().filter(|run| !run.hidden) {
        if crumbs.len() >= CRUMBS_MAX {
            break;
        }
        let link = std::iter::once(run.parent)
            .chain(outline.ancestors(run.parent))
            .take_while(|above| *above != id)
            .find(|above| outline.tag(*above) == Tag::A);
        if let Some(link) = link {
            if links.last() == Some(&link) {
                continue;
            }
            links.push(link);
            let name = trim_separators(&outline.text_up_to(link, 200, false));
            if !name.is_empty() {
                crumbs.push(Crumb {
                    name,
                    href: outline.attribute(link, "href").map(|href| href.trim().to_owned()),
                });
            }
        } else {
            let name = trim_separators(&super::outline::collapse(&entity::decode(outline.run_text(run))));
            if name.chars().any(char::is_alphanumeric) && name.chars().count() <= 150 {
                crumbs.push(Crumb { name, href: None });
            }
        }
    }
    crumbs
}

fn trim_separators(text: &str) -> String {
    text.trim_matches(|c: char| {
        c.is_whitespace()
            || matches!(c, '>' | '/' | '›' | '»' | '|' | '→' | '•' | '·' | '\\' | '<' | '«' | '‹' | '❯')
    })
    .to_owned()
}

/// Bytes of a description: less is a label, more is the page.
const DESCRIPTION_BYTES: std::ops::Range<usize> = 40..30_000;

/// Classes and ids of a description.
#[rustfmt::skip]
static DESCRIPTION_NAMES: Vocabulary = Vocabulary::new(&[
    "description", "descripcion", "descricao", "beschreibung", "omschrijving", "descrizione", "opis",
    "popis", "beskrivning", "beskrivelse", "product-details", "product-detail", "productdetails",
    "product-info", "prod-desc", "product-desc", "pdp-desc", "feature-bullets", "about-item",
]);

/// The largest box that is named as a description, with its place.
pub(super) fn description(outline: &Outline<'_>) -> Option<(String, String)> {
    let mut best: Option<(usize, Id)> = None;
    let mut skip_until = 0;
    for id in outline.ids() {
        if id < skip_until
            || !outline.has(id, mark::CLASS | mark::ID)
            || outline.has(id, mark::FRAME | mark::HIDDEN | mark::LINKED)
        {
            continue;
        }
        if !DESCRIPTION_NAMES.in_text(outline.class(id))
            && !DESCRIPTION_NAMES.in_text(outline.id_attribute(id))
        {
            continue;
        }
        let size = outline.text_size(id);
        if DESCRIPTION_BYTES.contains(&size) {
            skip_until = outline.element(id).map_or(0, |e| e.end);
            if best.is_none_or(|(known, _)| size > known) {
                best = Some((size, id));
            }
        }
    }
    let (_, id) = best?;
    Some((outline.text(id), outline.place(id)))
}
