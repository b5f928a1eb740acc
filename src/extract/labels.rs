//! Labels with their values, and short texts in elements that are named as a number or brand.

use super::outline::{Id, Outline, Tag, mark};
use super::record::Field;
use super::{names, words};

/// An element that is named as a product's number or brand, by class, id or test hook.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) field: Field,
    pub(super) value: String,
    pub(super) place: String,
    pub(super) run: usize,
}

/// Named elements read.
const NAMED_MAX: usize = 40;

/// Short texts in elements that are named as a number or brand.
pub(super) fn named(outline: &Outline<'_>) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    for id in outline.ids() {
        if !outline.has(id, mark::CLASS | mark::ID | mark::DATA)
            || outline.has(id, mark::FRAME | mark::HIDDEN)
            || found.len() >= NAMED_MAX
        {
            continue;
        }
        let Some(element) = outline.element(id) else { break };
        let runs = element.last_run - element.first_run;
        if runs == 0 || runs > 4 || outline.text_size(id) > 120 {
            continue;
        }
        let Some(field) = field_named(outline, id) else { continue };
        let value = outline.text_up_to(id, 120, false);
        if value.chars().count() <= 60 {
            found.push(Named { field, value, place: outline.place(id), run: element.first_run as usize });
        }
    }
    found
}

/// Whose value an element's class, id or test hook says it holds.
fn field_named(outline: &Outline<'_>, id: Id) -> Option<Field> {
    const SKU: &[&str] = &[
        "sku",
        "product-code",
        "productcode",
        "product_code",
        "article-number",
        "articlenumber",
        "product-reference",
        "product-number",
        "productnumber",
        "item-number",
        "itemnumber",
        "product-id",
        "productid",
        "product_id",
        "artnr",
        "art-nr",
        "article-no",
        "item-code",
        "itemcode",
    ];
    const MPN: &[&str] =
        &["mpn", "model-number", "modelnumber", "part-number", "partnumber", "manufacturer-number"];
    const BRAND: &[&str] = &["brand", "manufacturer", "marke", "marca", "marque", "producer", "vendor"];
    let holds = |names: &str| {
        let names = names.to_ascii_lowercase();
        [(SKU, Field::Sku), (MPN, Field::Mpn), (BRAND, Field::Brand)].into_iter().find_map(
            |(parts, field)| {
                let holds_part = |name: &str| {
                    parts.iter().any(|part| {
                        name.match_indices(part).any(|(at, _)| words::begins_part(name, at, part.len()))
                    })
                };
                names.split_ascii_whitespace().any(holds_part).then_some(field)
            },
        )
    };
    // Most elements have other names; lower-casing all of them would cost more than reading the page.
    let own = || holds(outline.class(id)).or_else(|| holds(outline.id_attribute(id)));
    outline.is_named(id, names::NUMBER).then(own).flatten().or_else(|| {
        if !outline.has(id, mark::DATA) {
            return None;
        }
        outline
            .raw_attributes(id)
            .filter(|(name, value)| {
                name.len() < 40
                    && value.len() < 60
                    && ["test", "qa", "auto"].iter().any(|hook| name.contains(hook))
            })
            .find_map(|(_, value)| holds(value))
    })
}

/// A label with its value.
#[derive(Debug, Clone)]
pub(super) struct Labelled {
    pub(super) id: Id,
    pub(super) label: String,
    /// The label for comparison.
    pub(super) key: String,
    pub(super) value: String,
    /// From a table or definition list, not from a line of text.
    pub(super) tabular: bool,
}

/// Labels read of a page.
const LABELS_MAX: usize = 1500;
/// Bytes of a box that may be one label with one value.
const PAIR_BYTES: usize = 1200;

/// Labels and values: table rows, definition lists, `Label: value` lines, boxes of two parts.
pub(super) fn labels(outline: &Outline<'_>) -> Vec<Labelled> {
    let mut found: Vec<Labelled> = Vec::new();
    for id in outline.ids().skip(1) {
        if found.len() >= LABELS_MAX {
            break;
        }
        let Some(element) = outline.element(id) else { break };
        let runs = element.last_run - element.first_run;
        if runs == 0
            || runs > 60
            || element.marks & (mark::FRAME | mark::LINKED) != 0
            || element.tag == Tag::A
        {
            continue;
        }
        if element.tag == Tag::Table {
            for (id, label, value) in headed(outline, id) {
                found.push(Labelled { id, key: words::label(&label), label, value, tabular: true });
            }
            continue;
        }
        let pair = match element.tag {
            Tag::Tr => row(outline, id).map(|pair| (pair, true)),
            Tag::Dt => definition(outline, id).map(|pair| (pair, true)),
            Tag::Li | Tag::Div | Tag::P | Tag::Span if runs <= 8 && outline.text_size(id) <= PAIR_BYTES => {
                box_of_two(outline, id).or_else(|| line(outline, id)).map(|pair| (pair, false))
            }
            _ => None,
        };
        let Some(((label, value), tabular)) = pair else { continue };
        let label = label.trim_end_matches([':', '：', ' ']).trim().to_owned();
        let lettered =
            label.chars().filter(|c| c.is_alphabetic()).count() >= 2 && !label.contains(['€', '$', '£', '%']);
        if !lettered || value.is_empty() || label.chars().count() > 80 || label == value {
            continue;
        }
        found.push(Labelled { id, key: words::label(&label), label, value, tabular });
    }
    found
}

fn row(outline: &Outline<'_>, id: Id) -> Option<(String, String)> {
    let cells: Vec<Id> = outline
        .children(id)
        .take(50)
        .filter(|cell| matches!(outline.tag(*cell), Tag::Td | Tag::Th))
        .take(5)
        .collect();
    let filled: Vec<(Id, String)> = cells
        .into_iter()
        .map(|cell| (cell, outline.text_up_to(cell, PAIR_BYTES, true)))
        .filter(|(_, text)| !text.is_empty())
        .collect();
    match filled.as_slice() {
        [(_, label), (_, value)] => Some((label.clone(), value.clone())),
        _ => None,
    }
}

/// A table of one offer: a row of labels and a row of values.
fn headed(outline: &Outline<'_>, table: Id) -> Vec<(Id, String, String)> {
    let rows: Vec<Id> =
        outline.below(table).take(200).filter(|id| outline.tag(*id) == Tag::Tr).take(3).collect();
    let [head, row] = rows.as_slice() else { return Vec::new() };
    let cells = |row: Id| -> Vec<Id> {
        let cells = outline.children(row).filter(|cell| matches!(outline.tag(*cell), Tag::Td | Tag::Th));
        cells.take(20).collect()
    };
    let (head, row) = (cells(*head), cells(*row));
    let labels: Vec<String> = head.iter().map(|cell| outline.text_up_to(*cell, 80, true)).collect();
    let known = labels.iter().filter(|label| is_column(label)).count();
    if head.len() != row.len() || head.len() < 2 || known < 2 {
        return Vec::new();
    }
    let values = row.into_iter().map(|cell| (cell, outline.text_up_to(cell, PAIR_BYTES, true)));
    labels
        .into_iter()
        .zip(values)
        .filter(|(label, (_, value))| !label.is_empty() && !value.is_empty())
        .map(|(label, (cell, value))| (cell, label, value))
        .collect()
}

/// Whether a column of a table of offers may be headed so.
pub(super) fn is_column(label: &str) -> bool {
    let key = words::label(label);
    let more = [&words::NAME_LABELS, &words::PRICE_LABELS, &words::STOCK_LABELS, &words::DESCRIPTION_LABELS];
    known_label(label) || more.iter().any(|labels| labels.has(&key))
}

/// The text under a heading that says "description" in one of the languages, up to the next heading.
pub(super) fn described(outline: &Outline<'_>) -> Option<(String, String)> {
    let mut best: Option<(String, String)> = None;
    let headings = outline.ids().filter(|id| {
        let tag = outline.tag(*id);
        (tag.is_heading()
            || matches!(tag, Tag::Strong | Tag::B | Tag::P | Tag::Div | Tag::Span | Tag::Summary))
            && (4..60).contains(&outline.text_size(*id))
            && !outline.has(*id, mark::FRAME | mark::HIDDEN | mark::LINKED)
    });
    for id in headings.take(HEADINGS_MAX) {
        if !words::DESCRIPTION_LABELS.has(&words::label(&outline.text_up_to(id, 60, false))) {
            continue;
        }
        let Some(text) = following(outline, id) else { continue };
        if text.len() >= DESCRIPTION_LEAST && best.as_ref().is_none_or(|(known, _)| text.len() > known.len())
        {
            best = Some((text, outline.place(id)));
        }
    }
    best
}

/// Short elements looked at for a heading.
const HEADINGS_MAX: usize = 20_000;
/// Bytes of a description; less is a label.
const DESCRIPTION_LEAST: usize = 12;
/// Bytes of a section.
const SECTION_BYTES: usize = 20_000;

/// The text of the siblings after an element, or after the box that holds it alone, up to a heading.
fn following(outline: &Outline<'_>, id: Id) -> Option<String> {
    let mut at = id;
    for _ in 0..3 {
        let (parent, mut next) = (outline.parent(at)?, outline.element(at)?.end);
        let mut text = String::new();
        while outline.parent(next) == Some(parent) && text.len() < SECTION_BYTES {
            if outline.tag(next).is_heading() {
                break;
            }
            let piece = outline.text_up_to(next, SECTION_BYTES, false);
            if !piece.is_empty() {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(&piece);
            }
            next = outline.element(next)?.end;
        }
        if !text.is_empty() || outline.text_size(parent) > outline.text_size(at) + 3 {
            return Some(text).filter(|text| !text.is_empty());
        }
        at = parent;
    }
    None
}

fn definition(outline: &Outline<'_>, id: Id) -> Option<(String, String)> {
    let end = outline.element(id)?.end;
    let parent = outline.parent(id)?;
    // The next sibling begins where this element ends.
    let next = Some(end).filter(|next| outline.parent(*next) == Some(parent))?;
    (outline.tag(next) == Tag::Dd)
        .then(|| (outline.text_up_to(id, 200, true), outline.text_up_to(next, PAIR_BYTES, true)))
}

fn box_of_two(outline: &Outline<'_>, id: Id) -> Option<(String, String)> {
    let mut children = outline.children(id).take(20).filter(|child| outline.text_size(*child) > 0);
    let (first, second) = (children.next()?, children.next()?);
    let own_text =
        outline.runs_of(id).iter().any(|run| run.parent == id && outline.run_text(run).trim().len() > 2);
    if children.next().is_some() || own_text || outline.tag(first) == Tag::A {
        return None;
    }
    let (label, value) =
        (outline.text_up_to(first, 200, false), outline.text_up_to(second, PAIR_BYTES, false));
    let named = label.ends_with(':')
        || is_named(
            outline,
            first,
            &["label", "name", "title", "key", "attr", "term", "prop", "param", "spec"],
        );
    (label.chars().count() <= 60 && (named || known_label(&label))).then_some((label, value))
}

fn known_label(label: &str) -> bool {
    let key = words::label(label);
    [
        &words::GTIN_LABELS,
        &words::MPN_LABELS,
        &words::SKU_LABELS,
        &words::BRAND_LABELS,
        &words::CATEGORY_LABELS,
        &words::SELLER_LABELS,
        &words::PRICE_LABELS,
        &words::DESCRIPTION_LABELS,
    ]
    .iter()
    .any(|labels| labels.has(&key))
}

fn is_named(outline: &Outline<'_>, id: Id, names: &[&str]) -> bool {
    words::any_in(&outline.class(id).to_ascii_lowercase(), names)
}

fn line(outline: &Outline<'_>, id: Id) -> Option<(String, String)> {
    // Only the innermost box of the line: a larger one holds several.
    let holds_box = outline.below(id).take(50).any(|below| {
        matches!(outline.tag(below), Tag::Li | Tag::Div | Tag::P | Tag::Table | Tag::Dl | Tag::Ul)
            && outline.text_size(below) > 0
    });
    // `<span>SKU: 1</span><span>Category: …</span>` is two lines, whatever stands between.
    let parts =
        outline.children(id).take(20).filter(|child| outline.text_up_to(*child, 100, false).contains(':'));
    if holds_box || outline.text_size(id) > 300 || parts.count() > 1 {
        return None;
    }
    // Menus are links and nothing else.
    if outline.runs_of(id).first().is_some_and(|run| outline.has(run.parent, mark::LINKED)) {
        return None;
    }
    let text = outline.text_up_to(id, 400, false);
    let (label, value) = match text.split_once(':').or_else(|| text.split_once('：')) {
        Some((label, value)) => (label.trim(), value.trim()),
        None => return bare_line(&text),
    };
    let wordy = label.split_whitespace().count() <= 5 && label.chars().count() <= 40;
    (wordy && label.chars().any(char::is_alphabetic) && !value.starts_with("//") && !value.is_empty())
        .then(|| (label.to_owned(), value.to_owned()))
}

/// `SKU 12345`, `Art.-Nr. 4711`: a known label and a number without a colon.
fn bare_line(text: &str) -> Option<(String, String)> {
    if text.chars().count() > 60 {
        return None;
    }
    let (label, value) = text.rsplit_once(' ')?;
    let coded = value.chars().any(|c| c.is_ascii_digit()) && value.chars().count() >= 3;
    let key = words::label(label);
    let known =
        [&words::GTIN_LABELS, &words::MPN_LABELS, &words::SKU_LABELS].iter().any(|labels| labels.has(&key));
    (coded && known).then(|| (label.to_owned(), value.to_owned()))
}
