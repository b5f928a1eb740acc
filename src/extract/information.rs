//! Who made the product, who answers for it in the Union, which warnings are given: found or missing.
//!
//! Beside labels with values, marketplaces show blocks: a heading ("Manufacturer information", "EU responsible
//! person") over some lines. Warnings also stand in plain sentences.

use super::outline::{Id, Outline, Tag, mark};
use super::words::Vocabulary;
use super::{ExplainedCandidate, FieldExplanation, entity};
use crate::listing::{Information, Listing};

/// Headings that are looked at.
const HEADINGS_MAX: usize = 3000;
/// Bytes of a block that is kept.
const BLOCK_BYTES: usize = 1500;
/// Bytes of a sentence that may be a warning.
const SENTENCE_BYTES: usize = 600;
/// How far up the box of a heading is looked for.
const CLIMB_MAX: usize = 3;

/// Adds what the page says of each piece of information, and that it says nothing.
pub(super) fn complete(outline: &Outline<'_>, listing: &mut Listing, explained: &mut Vec<FieldExplanation>) {
    let mut blocks = blocks(outline);
    for what in Information::ALL {
        let name = what.name();
        let told = listing.information(what).map(str::to_owned);
        let reader = listing.provenance.get("attributes").cloned().unwrap_or_else(|| "text".to_owned());
        let found = match (told, blocks.iter().position(|(known, ..)| *known == what)) {
            // A block holds the address that a row of a table leaves out.
            (Some(told), Some(at)) if what != Information::Identifier => {
                let (_, value, place) = blocks.swap_remove(at);
                Some(if value.len() > told.len() {
                    (value, "text".to_owned(), place)
                } else {
                    (told, reader, "attributes".to_owned())
                })
            }
            (Some(told), _) => Some((told, reader, "attributes".to_owned())),
            (None, Some(at)) => {
                let (_, value, place) = blocks.swap_remove(at);
                Some((value, "text".to_owned(), place))
            }
            (None, None) if what == Information::Warnings => warning(outline),
            (None, None) => None,
        };
        if let Some((value, reader, _)) = &found
            && what != Information::Identifier
        {
            listing.attributes.insert(name.to_owned(), value.clone());
            listing.provenance.insert(name.to_owned(), reader.clone());
        }
        let candidates = found.iter().map(|(value, source, place)| ExplainedCandidate {
            value: value.clone(),
            source: source.clone(),
            place: place.clone(),
            won: true,
        });
        let contact = |value: &str| value.contains('@') || value.contains("www.") || value.contains("http");
        let why = match (&found, what) {
            (None, _) => "missing: no label, block or markup of the page gives it",
            (Some((value, ..)), Information::Manufacturer | Information::ResponsiblePerson)
                if !contact(value) =>
            {
                "found; no electronic address is in it"
            }
            (Some(_), _) => "found",
        };
        explained.push(FieldExplanation {
            field: name.to_owned(),
            value: found.as_ref().map(|(value, ..)| value.clone()),
            why: why.to_owned(),
            candidates: candidates.collect(),
        });
    }
}

/// What stands below headings that announce it.
fn blocks(outline: &Outline<'_>) -> Vec<(Information, String, String)> {
    let mut found: Vec<(Information, String, String)> = Vec::new();
    let mut left = HEADINGS_MAX;
    for id in outline.ids() {
        let tag = outline.tag(id);
        let heading = tag.is_heading()
            || matches!(
                tag,
                Tag::Summary
                    | Tag::Strong
                    | Tag::B
                    | Tag::Button
                    | Tag::Dt
                    | Tag::Th
                    | Tag::Legend
                    | Tag::Label
            )
            || matches!(tag, Tag::Div | Tag::Span | Tag::P | Tag::Td)
                && outline.has(id, mark::CLASS | mark::ID);
        let size =
            outline.element(id).map_or(0, |element| element.inner_end.saturating_sub(element.inner_start));
        if !heading || size == 0 || size > 400 || left == 0 || outline.has(id, mark::FRAME) {
            continue;
        }
        left -= 1;
        let label = outline.text_up_to(id, 120, true);
        let Some(what) = Information::of_label(&label).filter(|what| *what != Information::Identifier) else {
            continue;
        };
        if found.iter().any(|(known, ..)| *known == what) {
            continue;
        }
        if let Some(value) = below(outline, id, &label) {
            found.push((what, value, label));
        }
    }
    found
}

/// The text that follows a heading in its box, up to the next heading of this kind.
fn below(outline: &Outline<'_>, heading: Id, label: &str) -> Option<String> {
    let mut at = heading;
    for _ in 0..CLIMB_MAX {
        let parent = outline.parent(at)?;
        let mut next = outline.element(at)?.end;
        let mut text = String::new();
        while outline.parent(next) == Some(parent) && text.len() < BLOCK_BYTES {
            let piece = outline.text_up_to(next, BLOCK_BYTES, true);
            if Information::of_label(&piece).is_some() || outline.tag(next).is_heading() && !text.is_empty() {
                break;
            }
            if !piece.is_empty() && !outline.tag(next).is_raw() {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(&piece);
            }
            next = outline.element(next)?.end;
        }
        if text.is_empty() && !outline.has(at, mark::LINKED) {
            // `<p><b>Manufacturer:</b> Name, street</p>`
            let whole = outline.text_up_to(parent, BLOCK_BYTES, true);
            let told = whole.strip_prefix(label).unwrap_or("").trim_start_matches([':', ' ', '-', '–']);
            told.clone_into(&mut text);
            if Information::of_label(&text).is_some() {
                text.clear();
            }
        }
        if text.chars().any(char::is_alphanumeric) {
            return Some(text.get(..text.floor_char_boundary(BLOCK_BYTES)).unwrap_or("").to_owned());
        }
        at = parent;
    }
    None
}

/// The first sentence that warns.
fn warning(outline: &Outline<'_>) -> Option<(String, String, String)> {
    outline
        .runs
        .iter()
        .filter(|run| (12..=SENTENCE_BYTES).contains(&(run.length as usize)))
        .filter(|run| !outline.has(run.parent, mark::FRAME | mark::LINKED))
        .find(|run| warns(outline.run_text(run)))
        .map(|run| {
            (
                outline.text_up_to(run.parent, SENTENCE_BYTES, true),
                "text".to_owned(),
                outline.place(run.parent),
            )
        })
}

fn warns(written: &str) -> bool {
    if written.is_ascii() && !written.contains('&') {
        return WARNINGS.in_text(written);
    }
    WARNINGS.in_text(&entity::decode(written).to_lowercase())
}

/// What sentences that warn say, in the languages of the packs; compiled from general knowledge.
#[rustfmt::skip]
static WARNINGS: Vocabulary = Vocabulary::new(&[
    "not suitable for children", "choking hazard", "keep out of reach of children", "keep out of the reach of children",
    "nicht für kinder", "erstickungsgefahr", "außerhalb der reichweite von kindern", "von kindern fernhalten",
    "nicht in die hände von kindern", "ne convient pas aux enfants", "risque d'étouffement", "risque d’étouffement",
    "hors de portée des enfants", "no conviene para niños", "no apto para niños", "no es adecuado para niños",
    "peligro de asfixia", "fuera del alcance de los niños", "non adatto a bambini", "non adatto ai bambini",
    "pericolo di soffocamento", "fuori dalla portata dei bambini", "nie nadaje się dla dzieci",
    "nieodpowiednie dla dzieci", "nieodpowiedni dla dzieci", "ryzyko zadławienia", "ryzyko uduszenia", "chronić przed dziećmi",
    "niedostępnym dla dzieci", "niet geschikt voor kinderen", "verstikkingsgevaar", "buiten bereik van kinderen",
    "buiten het bereik van kinderen", "não é adequado para crianças", "não adequado para crianças",
    "não recomendado a crianças", "perigo de asfixia", "fora do alcance das crianças", "není vhodné pro děti",
    "nevhodné pro děti", "nebezpečí udušení", "nebezpečí vdechnutí", "mimo dosah dětí", "nu este potrivit pentru copii",
    "nu este recomandat copiilor", "nu este destinat copiilor", "pericol de sufocare", "pericol de înecare",
    "la îndemâna copiilor", "inte lämplig för barn", "ej lämplig för barn", "ej lämpligt för barn", "kvävningsrisk",
    "kvävningsfara", "oåtkomligt för barn", "utom räckhåll för barn", "ακατάλληλο για παιδιά",
    "δεν είναι κατάλληλο για παιδιά", "κίνδυνος πνιγμού", "κίνδυνος ασφυξίας", "μακριά από παιδιά",
    "éves kor alatti gyermek", "hónaposnál fiatalabb gyermek", "fulladásveszély", "gyermekektől elzárva",
    "gyermekek elől elzárva", "неподходящо за деца", "не е подходящо за деца", "не е подходящ за деца",
    "опасност от задушаване", "опасност от задавяне", "недостъпно за деца", "ei sovellu alle", "ei sovi alle",
    "tukehtumisvaara", "lasten ulottumattomissa", "lasten ulottuvilta",
]);
