//! What a visitor sees besides prices and labels: headline, breadcrumb trail, description.

use super::outline::{Id, Outline, Tag, mark};
use super::words::Vocabulary;
use super::{entity, names, text};

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

/// Words of a breadcrumb trail's label.
static CRUMB_LABELS: Vocabulary = Vocabulary::new(names::CRUMB_WORDS);

/// Steps of a trail.
const CRUMBS_MAX: usize = 20;

/// The breadcrumb trail that is shown: a box that is named as one, its links and last plain step.
pub(super) fn breadcrumbs(outline: &Outline<'_>) -> Vec<Crumb> {
    let named = |id: Id| {
        outline.is_named(id, names::CRUMBS)
            || (outline.has(id, mark::LABEL)
                && CRUMB_LABELS.in_text(outline.raw_attribute(id, "aria-label").unwrap_or("")))
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

/// The steps inside a breadcrumb box: its links, and one plain step after them, which is the page itself.
pub(super) fn trail(outline: &Outline<'_>, id: Id) -> Vec<Crumb> {
    let inside =
        |at: Id| std::iter::once(at).chain(outline.ancestors(at)).take_while(move |above| *above != id);
    let links = || outline.below(id).filter(|at| outline.tag(*at) == Tag::A);
    // What unfolds below a step leads elsewhere: a list inside an entry that has a link of its own.
    let unfolds = |at: Id| {
        let list = inside(at).find(|above| matches!(outline.tag(*above), Tag::Ul | Tag::Ol | Tag::Dl));
        list.is_some_and(|list| {
            let names = outline.class(list).to_ascii_lowercase();
            let menu = ["dropdown", "submenu", "sub-menu", "menu"].iter().any(|word| names.contains(word));
            menu || inside(list).filter(|above| outline.tag(*above) == Tag::Li).any(|entry| {
                links().any(|link| outline.contains(entry, link) && !outline.contains(list, link))
            })
        })
    };
    let first_run = |at: Id| outline.element(at).map_or(0, |e| e.first_run as usize);
    let start = first_run(id);
    // Links and plain texts in the order in which they stand; a link may show nothing but a picture.
    let mut places: Vec<(usize, Result<Id, usize>)> =
        links().take(LINKS_MAX).map(|link| (first_run(link), Ok(link))).collect();
    let any_link = !places.is_empty();
    for (offset, run) in outline.runs_of(id).iter().enumerate() {
        if !run.hidden && !inside(run.parent).any(|above| outline.tag(above) == Tag::A) {
            places.push((start + offset, Err(start + offset)));
        }
    }
    places.sort_by_key(|(run, _)| *run);
    let mut crumbs: Vec<Crumb> = Vec::new();
    let (mut linked, mut plain) = (false, 0);
    for (_, place) in places {
        if crumbs.len() >= CRUMBS_MAX {
            break;
        }
        match place {
            Ok(link) if !unfolds(link) => {
                let href = outline.attribute(link, "href").map(|href| href.trim().to_owned());
                let name = step_name(outline, link);
                // The first one may be a house.
                if name.is_some() || !linked {
                    crumbs.push(Crumb { name: name.unwrap_or_default(), href });
                }
                (linked, plain) = (true, 0);
            }
            Err(at) => {
                let Some(run) = outline.runs.get(at).filter(|run| !unfolds(run.parent)) else { continue };
                let name = trim_separators(&super::outline::collapse(&entity::decode(outline.run_text(run))));
                // "You are here:" stands before the first link.
                let spoken = !linked && any_link && name.chars().count() < 40;
                let counts = name.chars().any(char::is_alphanumeric) && name.chars().count() <= 150;
                if counts && plain == 0 && !spoken {
                    crumbs.push(Crumb { name, href: None });
                    plain += 1;
                }
            }
            Ok(_) => {}
        }
    }
    crumbs.dedup_by(|next, known| next.name == known.name && next.href == known.href);
    // "Back" leads to where a later step leads too.
    let href = |crumb: &Crumb| crumb.href.clone().filter(|href| href.len() > 1);
    let back = crumbs.first().and_then(href);
    if back.is_some() && crumbs.iter().skip(2).any(|crumb| href(crumb) == back) {
        crumbs.remove(0);
    }
    crumbs
}

/// Links looked at in one trail.
const LINKS_MAX: usize = 100;

/// What a link of a trail is called: its text, hidden text where it shows a picture, its title or its picture's name.
fn step_name(outline: &Outline<'_>, link: Id) -> Option<String> {
    let usable = |name: String| Some(trim_separators(&name)).filter(|name| !name.is_empty());
    usable(outline.text_up_to(link, 200, false))
        .or_else(|| usable(outline.text_up_to(link, 200, true)))
        .or_else(|| usable(text::line(&outline.attribute(link, "title")?)))
        .or_else(|| {
            let picture = outline.below(link).take(20).find(|at| outline.tag(*at) == Tag::Img)?;
            usable(text::line(&outline.attribute(picture, "alt")?))
        })
}

fn trim_separators(text: &str) -> String {
    let is_separator = |c: char| {
        c.is_whitespace()
            || matches!(c, '>' | '/' | '›' | '»' | '|' | '→' | '•' | '·' | '\\' | '<' | '«' | '‹' | '❯')
    };
    let front = text.trim_start_matches(|c: char| is_separator(c) && c != '«');
    // Quotation marks of a name are not the arrows between steps.
    if front.contains('«') && front.matches('«').count() == front.matches('»').count() {
        return front.trim_end().to_owned();
    }
    let bare = front.trim_matches(is_separator);
    bare.trim_end_matches(" -").trim_start_matches("- ").trim().to_owned()
}

/// Bytes of a description: less is a label, more is the page.
const DESCRIPTION_BYTES: std::ops::Range<usize> = 12..30_000;
/// Descriptions kept: a summary beside the title, a tab, a table of details.
const DESCRIPTIONS_MAX: usize = 6;

/// The largest boxes that are named as a description, with their places.
pub(super) fn descriptions(outline: &Outline<'_>) -> Vec<(String, String)> {
    let mut found: Vec<(usize, Id)> = Vec::new();
    let mut skip_until = 0;
    for id in outline.ids() {
        if id < skip_until
            || !outline.is_named(id, names::DESCRIPTION)
            || outline.has(id, mark::FRAME | mark::HIDDEN | mark::LINKED)
        {
            continue;
        }
        let size = outline.text_size(id);
        if DESCRIPTION_BYTES.contains(&size) {
            skip_until = outline.element(id).map_or(0, |e| e.end);
            found.push((size, id));
        }
    }
    found.sort_by_key(|(size, _)| std::cmp::Reverse(*size));
    found.into_iter().take(DESCRIPTIONS_MAX).map(|(_, id)| (outline.text(id), outline.place(id))).collect()
}

/// Runs after the headline that may describe what it names.
const PROSE_RUNS: usize = 400;
/// Bytes of a text run that says something.
const PROSE_LEAST: usize = 20;
/// Bytes of prose kept.
const PROSE_BYTES: usize = 4000;

/// What is written below a headline outside frames, links and whatever `elsewhere` says is of another offer: the
/// description of a page that names none.
pub(super) fn prose(
    outline: &Outline<'_>,
    headline: usize,
    elsewhere: &dyn Fn(Id) -> bool,
) -> Option<(String, String)> {
    let mut text = String::new();
    for run in outline.runs.iter().skip(headline).take(PROSE_RUNS) {
        if run.hidden
            || (run.length as usize) < PROSE_LEAST
            || outline.has(run.parent, mark::FRAME | mark::LINKED | mark::HIDDEN)
            || elsewhere(run.parent)
        {
            continue;
        }
        let piece = super::outline::collapse(&entity::decode(outline.run_text(run)));
        if piece.len() >= PROSE_LEAST && piece.contains(' ') {
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(&piece);
        }
        if text.len() >= PROSE_BYTES {
            text.truncate(text.floor_char_boundary(PROSE_BYTES));
            break;
        }
    }
    (!text.is_empty()).then(|| (text, "below the headline".to_owned()))
}
