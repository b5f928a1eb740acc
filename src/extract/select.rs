//! A source's own selectors: CSS over a guarded tree, JSON paths over embedded JSON.
//!
//! The tree is built only when a source has CSS selectors, and only for a page whose outline shows no bomb: HTML trees
//! take quadratic time and memory on deep nesting, many attributes and many open formatting elements.

use std::collections::BTreeMap;

use scraper::{Html, Selector as Css};
use serde_json::Value;

use super::json_path::JsonPath;
use super::outline::{Outline, Tag, collapse};
use super::record::{Field, Origin, Record};
use super::{SelectError, lenient, state};
use crate::source::{Select, Selector};

/// Elements of a page that a tree is built for.
const ELEMENTS_MAX: usize = 100_000;
/// Bytes of a page that a tree is built for: the tree copies all text, some 50 MB a second.
const TREE_BYTES: usize = 8 * 1024 * 1024;
/// Open formatting elements; each costs a copy in every block that follows.
const FORMATTING_MAX: usize = 64;
/// Matches of one selector that are read.
const MATCHES_MAX: usize = 1000;

/// Selectors ready to run.
#[derive(Debug, Default)]
pub(super) struct Selectors {
    fields: Vec<(String, Place)>,
    card: Option<(Css, Vec<(String, Place)>)>,
}

#[derive(Debug)]
enum Place {
    Css { css: Option<Css>, attribute: Option<String>, written: String },
    Json(JsonPath),
}

/// What the selectors found.
#[derive(Debug)]
pub(super) struct Selected {
    pub(super) record: Record,
    /// Addresses of next pages as written.
    pub(super) next: Vec<String>,
    /// Fields of each card, by name.
    pub(super) cards: Vec<BTreeMap<String, String>>,
    pub(super) problems: Vec<String>,
}

impl Selectors {
    /// Checks and prepares the selectors of a source.
    pub(super) fn new(select: &Select) -> Result<Self, SelectError> {
        let prepare = |fields: &BTreeMap<String, Selector>, prefix: &str| {
            fields
                .iter()
                .map(|(field, selector)| Ok((field.clone(), place(&format!("{prefix}{field}"), selector)?)))
                .collect::<Result<Vec<_>, SelectError>>()
        };
        let fields = prepare(&select.fields, "")?;
        let card = match &select.card {
            Some(card) => Some((css("card.item", &card.item)?, prepare(&card.fields, "card.")?)),
            None => None,
        };
        Ok(Self { fields, card })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.card.is_none()
    }

    fn needs_tree(&self) -> bool {
        self.card.is_some() || self.fields.iter().any(|(_, place)| matches!(place, Place::Css { .. }))
    }

    /// Runs all selectors on a page.
    pub(super) fn read(&self, outline: &Outline<'_>) -> Selected {
        let mut selected = Selected {
            record: Record::new(Origin::Select, "select".to_owned()),
            next: Vec::new(),
            cards: Vec::new(),
            problems: Vec::new(),
        };
        let tree = if self.needs_tree() {
            match guard(outline) {
                Ok(()) => Some(Html::parse_document(outline.source)),
                Err(why) => {
                    selected.problems.push(format!("select: CSS selectors were not run: {why}"));
                    None
                }
            }
        } else {
            None
        };
        let documents = self.documents(outline);
        for (field, place) in &self.fields {
            let values = match place {
                Place::Css { css, attribute, .. } => tree.as_ref().map_or_else(Vec::new, |tree| {
                    let Some(css) = css else { return Vec::new() };
                    tree.select(css)
                        .take(MATCHES_MAX)
                        .filter_map(|e| value_of(e, attribute.as_deref()))
                        .collect()
                }),
                Place::Json(path) => path.find_in(&documents),
            };
            Self::keep(field, place, values, &mut selected);
        }
        if let (Some((item, fields)), Some(tree)) = (&self.card, &tree) {
            for element in tree.select(item).take(MATCHES_MAX) {
                let mut card = BTreeMap::new();
                for (field, place) in fields {
                    let Place::Css { css, attribute, .. } = place else { continue };
                    let found = match css {
                        Some(css) => element.select(css).find_map(|e| value_of(e, attribute.as_deref())),
                        None => value_of(element, attribute.as_deref()),
                    };
                    if let Some(value) = found {
                        card.insert(field.clone(), value);
                    }
                }
                if !card.is_empty() {
                    selected.cards.push(card);
                }
            }
        }
        selected
    }

    fn keep(field: &str, place: &Place, values: Vec<String>, selected: &mut Selected) {
        let shown = match place {
            Place::Css { written, .. } => written.clone(),
            Place::Json(path) => path.written().to_owned(),
        };
        if field == "next" {
            selected.next.extend(values);
        } else if let Some(name) = field.strip_prefix("attributes.") {
            if let Some(value) = values.into_iter().next() {
                selected.record.attribute(name.to_owned(), value);
            }
        } else if let Some(known) = Field::named(field) {
            let many = matches!(known, Field::Image | Field::Category | Field::Gtin);
            for value in values.into_iter().take(if many { 50 } else { 1 }) {
                selected.record.claim(known, value, &shown);
            }
        }
    }

    /// The embedded JSON that JSON paths look into: state and JSON-LD.
    fn documents(&self, outline: &Outline<'_>) -> Vec<Value> {
        if !self.fields.iter().any(|(_, place)| matches!(place, Place::Json(_))) {
            return Vec::new();
        }
        let mut documents = Vec::new();
        for id in outline.ids().filter(|id| outline.tag(*id) == Tag::Script).take(2000) {
            if outline
                .raw_attribute(id, "type")
                .is_some_and(|kind| kind.to_ascii_lowercase().contains("ld+json"))
                && outline.inner(id).len() < 1024 * 1024
                && documents.len() < 64
            {
                documents.extend(lenient::read(outline.inner(id)));
            }
        }
        let mut bytes = 0;
        state::each_json(
            outline,
            |_| true,
            |_, value| {
                // A copy for each path to look into; bounded as the texts are.
                if documents.len() < 200 && bytes < 4 * 1024 * 1024 {
                    bytes += weight(value);
                    documents.push(value.clone());
                }
            },
        );
        documents
    }
}

/// Roughly how many bytes a value holds.
fn weight(value: &Value) -> usize {
    match value {
        Value::Array(list) => 8 + list.iter().map(weight).sum::<usize>(),
        Value::Object(node) => 8 + node.iter().map(|(key, value)| key.len() + weight(value)).sum::<usize>(),
        Value::String(written) => written.len(),
        _ => 8,
    }
}

fn place(field: &str, selector: &Selector) -> Result<Place, SelectError> {
    match selector {
        Selector::Css { css: written, attribute } => {
            // `@href` alone reads an attribute of the card itself.
            let parsed = if written.trim().is_empty() { None } else { Some(css(field, written)?) };
            Ok(Place::Css { css: parsed, attribute: attribute.clone(), written: written.clone() })
        }
        Selector::Json(path) => JsonPath::parse(path).map(Place::Json).map_err(|reason| SelectError::Json {
            field: field.to_owned(),
            path: path.clone(),
            reason,
        }),
    }
}

fn css(field: &str, written: &str) -> Result<Css, SelectError> {
    Css::parse(written).map_err(|error| SelectError::Css {
        field: field.to_owned(),
        css: written.to_owned(),
        reason: error.to_string(),
    })
}

fn value_of(element: scraper::ElementRef<'_>, attribute: Option<&str>) -> Option<String> {
    let value = if let Some(name) = attribute {
        element.value().attr(name)?.trim().to_owned()
    } else {
        let mut text = String::new();
        for node in element.descendants() {
            if let Some(piece) = node.value().as_text() {
                let hidden = node.ancestors().take(3).any(|above| {
                    above
                        .value()
                        .as_element()
                        .is_some_and(|e| matches!(e.name(), "script" | "style" | "template"))
                });
                if !hidden {
                    text.push_str(piece);
                }
            } else if node.value().as_element().is_some_and(|e| !is_inline(e.name())) {
                text.push(' ');
            }
        }
        collapse(&text)
    };
    (!value.is_empty()).then_some(value)
}

fn is_inline(name: &str) -> bool {
    Tag::named(name.as_bytes()).is_inline()
}

/// Whether a tree of this page stays small: linear in the outline.
fn guard(outline: &Outline<'_>) -> Result<(), String> {
    if let Some(cut) = outline.cuts.first() {
        return Err(cut.clone());
    }
    if outline.elements.len() > ELEMENTS_MAX {
        return Err(format!("more than {ELEMENTS_MAX} elements"));
    }
    if outline.source.len() > TREE_BYTES {
        return Err(format!("more than {} MB", TREE_BYTES / (1024 * 1024)));
    }
    // Formatting elements that are still open when a block starts are copied into it; their end tags are what counts.
    let (mut open, mut at) = (0_usize, 0_usize);
    let bytes = outline.source.as_bytes();
    while let Some(tag) = memchr::memchr(b'<', bytes.get(at..).unwrap_or(&[])).map(|offset| at + offset) {
        at = tag + 1;
        let closing = bytes.get(at) == Some(&b'/');
        let name: Vec<u8> = bytes
            .get(at + usize::from(closing)..)
            .unwrap_or(&[])
            .iter()
            .take(7)
            .take_while(|b| b.is_ascii_alphanumeric())
            .map(u8::to_ascii_lowercase)
            .collect();
        let formatting = matches!(
            name.as_slice(),
            b"a" | b"b"
                | b"big"
                | b"code"
                | b"em"
                | b"font"
                | b"i"
                | b"nobr"
                | b"s"
                | b"small"
                | b"strike"
                | b"strong"
                | b"tt"
                | b"u"
        );
        if formatting {
            open = if closing { open.saturating_sub(1) } else { open + 1 };
            if open > FORMATTING_MAX {
                return Err(format!("more than {FORMATTING_MAX} formatting elements open at once"));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::scan;

    #[test]
    fn the_guard_refuses_bombs_and_lets_pages_pass() {
        let storm = "<a><b><i><u>".repeat(100);
        assert!(guard(&scan::outline(&storm)).unwrap_err().contains("formatting"));
        assert!(guard(&scan::outline(&"<div>".repeat(600))).is_err());
        assert!(guard(&scan::outline(&"<p><b>x</b> <a href=y>z</a></p>".repeat(2000))).is_ok());
    }
}
