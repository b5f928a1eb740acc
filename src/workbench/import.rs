//! Foreign files as corpus lines: JSON Lines of many kinds, and tables with a header.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::corpus::{
    self, Corpus, CorpusLine, FileText, Problem, ProblemKind, Waiting, hex, read_line, read_texts,
};
use super::csv;
use crate::finding::Ruling;
use crate::listing::{Amount, Listing, Price, Seller};

/// Columns that a table may have, besides `attributes.NAME`.
pub const COLUMNS: [&str; 20] = [
    "id",
    "url",
    "title",
    "description",
    "price",
    "currency",
    "availability",
    "brand",
    "gtin",
    "mpn",
    "sku",
    "category",
    "seller",
    "seller_url",
    "language",
    "label",
    "class",
    "split",
    "slices",
    "note",
];

/// What imported lines get where they say nothing themselves.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// Label.
    pub label: Option<Ruling>,
    /// Class.
    pub class: Option<String>,
    /// Added to every line's slices.
    pub slices: Vec<String>,
    /// Column of the table → name of ours.
    pub columns: BTreeMap<String, String>,
}

/// What came of a file.
#[derive(Debug, Clone, Default)]
pub struct Imported {
    /// Lines to add, in order.
    pub lines: Vec<CorpusLine>,
    /// Listings that were there already, labelled alike.
    pub known: usize,
    /// Lines that cannot be used.
    pub problems: Vec<Problem>,
    /// Columns that nothing is made of.
    pub ignored: Vec<String>,
}

/// Reads a file and keeps what is new beside `files`, the corpus so far with the names of its files.
pub fn import(name: &str, text: &[u8], defaults: &Defaults, files: &[FileText]) -> Imported {
    let mut imported = Imported::default();
    let mut read: Vec<(usize, Result<CorpusLine, String>)> = Vec::new();
    let extension = std::path::Path::new(name).extension().unwrap_or_default();
    if extension.eq_ignore_ascii_case("csv") || extension.eq_ignore_ascii_case("tsv") {
        match std::str::from_utf8(text)
            .map_err(|error| format!("is not UTF-8 (byte {}); save it as UTF-8", error.valid_up_to()))
        {
            Err(fault) => read.push((1, Err(fault))),
            Ok(text) => match csv::read(text) {
                Err(fault) => read.push((1, Err(fault.to_string()))),
                Ok(rows) => read = table(&rows, defaults, &mut imported.ignored),
            },
        }
    } else {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).enumerate();
        read.extend(
            lines.filter(|(_, line)| !line.is_empty()).map(|(number, line)| (number + 1, json_line(line))),
        );
    }
    let mut sound = Vec::new();
    for (line, outcome) in read {
        match outcome.and_then(|mut read| {
            complete(&mut read, defaults);
            let text = serde_json::to_vec(&read).map_err(|error| error.to_string())?;
            read_line(&text).map_err(|fault| fault.to_string())?;
            Ok((read, text))
        }) {
            Ok((read, text)) => sound.push((line, read, text)),
            Err(message) => {
                let place = corpus::Place { file: name.to_owned(), line };
                imported.problems.push(Problem {
                    place,
                    other: None,
                    kind: ProblemKind::Unreadable,
                    message,
                });
            }
        }
    }
    keep_new(name, sound, files, &mut imported);
    imported
}

/// Checks the new lines against each other and the corpus. Each stands on the line that it came from, so that problems
/// name the right place.
fn keep_new(
    name: &str,
    sound: Vec<(usize, CorpusLine, Vec<u8>)>,
    files: &[FileText],
    imported: &mut Imported,
) {
    let mut text = Vec::new();
    let mut at = 1;
    for (line, _, content) in &sound {
        while at < *line {
            text.push(b'\n');
            at += 1;
        }
        text.extend_from_slice(content);
        text.push(b'\n');
        at += 1;
    }
    let mut all = files.to_vec();
    all.push((name.to_owned(), text));
    let together: Corpus = read_texts(&all);
    let own = |problem: &&Problem| problem.place.file == name;
    let mut left_out: BTreeSet<usize> = BTreeSet::new();
    for problem in together.problems.iter().filter(own) {
        left_out.insert(problem.place.line);
        // An earlier line of this file that contradicts this one is out, too.
        if let Some(other) = problem.other.as_ref().filter(|other| other.file == name)
            && problem.kind == ProblemKind::Contradiction
        {
            left_out.insert(other.line);
        }
        if problem.kind == ProblemKind::Duplicate {
            imported.known += 1;
        } else {
            imported.problems.push(problem.clone());
        }
    }
    // What waits for a label is known when its listing is, labelled or not.
    let before = read_texts(files);
    let labelled =
        || before.entries.iter().chain(together.entries.iter().filter(|entry| entry.place.file == name));
    let mut known: HashSet<u64> = labelled().map(|entry| corpus::content(&entry.listing)).collect();
    let mut ids: HashSet<&str> = labelled().map(|entry| entry.id.as_str()).collect();
    for Waiting { id, listing, place } in &together.waiting {
        let fresh = known.insert(corpus::content(listing));
        if place.file == name && (!fresh || ids.contains(id.as_str())) {
            left_out.insert(place.line);
            imported.known += 1;
        }
        ids.insert(id);
    }
    imported
        .lines
        .extend(sound.into_iter().filter(|(line, ..)| !left_out.contains(line)).map(|(_, line, _)| line));
    imported.problems.sort_by(|a, b| a.place.cmp(&b.place));
}

fn complete(line: &mut CorpusLine, defaults: &Defaults) {
    if line.label.is_none() {
        line.label = defaults.label;
    }
    // A class without a label is what rules said, not what a person decided.
    line.class = match line.label {
        Some(_) => line.class.take().or_else(|| defaults.class.clone()),
        None => None,
    };
    let slices = line.slices.get_or_insert_default();
    for slice in &defaults.slices {
        if !slices.contains(slice) {
            slices.push(slice.clone());
        }
    }
    if line.id.trim().is_empty() {
        line.id = id(&line.listing);
    }
}

/// A name made of the listing itself, so that importing the same file again adds nothing.
fn id(listing: &Listing) -> String {
    let mut hasher = Sha256::new();
    // Plain texts and numbers: serialising to memory cannot fail.
    hasher.update(serde_json::to_vec(listing).unwrap_or_default());
    let digest = hex(&hasher.finalize());
    format!("x{}", digest.get(..12).unwrap_or_default())
}

/// A corpus line, a listing, or any object with a listing inside (a line of `scan` or of `findings export`).
fn json_line(text: &[u8]) -> Result<CorpusLine, String> {
    if let Ok(line) = read_line(text) {
        return Ok(line);
    }
    let (id, listing) = Listing::from_line(text).map_err(|error| error.to_string())?;
    let object: Map<String, Value> = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let id = id.or_else(|| listing.id.clone()).unwrap_or_default();
    let mut line =
        CorpusLine { id, listing, label: None, class: None, split: None, slices: None, note: None };
    // Only what is a corpus line but for a fault has these; a fault in them must not be passed over.
    if object.get("label").is_some_and(|label| !label.is_null()) && object.get("listing").is_some() {
        read_line(text).map_err(|fault| fault.to_string())?;
    }
    if let Some(source) = object.get("source").and_then(Value::as_str) {
        line.slices = Some(vec![format!("source:{source}")]);
    }
    Ok(line)
}

fn table(
    rows: &[csv::Row],
    defaults: &Defaults,
    ignored: &mut Vec<String>,
) -> Vec<(usize, Result<CorpusLine, String>)> {
    let Some((header, rows)) = rows.split_first() else { return Vec::new() };
    let names: Vec<String> = header
        .cells
        .iter()
        .map(|cell| defaults.columns.get(cell.trim()).cloned().unwrap_or_else(|| cell.trim().to_owned()))
        .map(|name| if name.starts_with("attributes.") { name } else { name.to_lowercase() })
        .collect();
    let known = |name: &str| COLUMNS.contains(&name) || name.starts_with("attributes.");
    ignored.extend(names.iter().filter(|name| !known(name) && !name.is_empty()).cloned());
    if !names.iter().any(|name| name == "title") {
        let fault = "the header has no column `title`; name yours with --column title=NAME";
        return vec![(header.line, Err(fault.to_owned()))];
    }
    rows.iter()
        .map(|row| {
            if row.cells.len() > names.len() {
                let fault = format!("has {} cells, but the header has {}", row.cells.len(), names.len());
                return (row.line, Err(fault));
            }
            let cells = names.iter().zip(&row.cells).filter(|(_, cell)| !cell.trim().is_empty());
            (row.line, from_cells(&cells.map(|(name, cell)| (name.as_str(), cell.as_str())).collect()))
        })
        .collect()
}

fn from_cells(cells: &BTreeMap<&str, &str>) -> Result<CorpusLine, String> {
    let text = |name: &str| cells.get(name).map(|cell| cell.trim().to_owned());
    let parts = |name: &str, by: &[char]| -> Vec<String> {
        let cell = cells.get(name).copied().unwrap_or_default();
        cell.split(by).map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
    };
    let amount = |cell: &str| {
        let number = cell.trim().replace(',', ".");
        number.parse::<Amount>().map_err(|_| {
            format!("`price` is {cell:?}; write a decimal amount such as 39.90, with the currency in a column of its own")
        })
    };
    let price = cells.get("price").copied().map(amount).transpose()?;
    let price = price.map(|amount| Price { amount, currency: text("currency"), regular: None, max: None });
    let label = match cells.get("label").map(|label| label.trim().to_lowercase()).as_deref() {
        None => None,
        Some("flag") => Some(Ruling::Flag),
        Some("pass") => Some(Ruling::Pass),
        Some(other) => return Err(format!("`label` is {other:?}; write flag or pass, or leave it empty")),
    };
    let split = match cells.get("split").map(|split| split.trim()) {
        None => None,
        Some("train") => Some(corpus::Split::Train),
        Some("blind") => Some(corpus::Split::Blind),
        Some(other) => return Err(format!("`split` is {other:?}; write train or blind, or leave it empty")),
    };
    let availability = cells.get("availability").map(|word| serde_json::from_value(Value::from(word.trim())));
    let availability = availability
        .transpose()
        .map_err(|_| "`availability` is none of InStock, OutOfStock, PreOrder, Unknown")?;
    let (seller, seller_url) = (text("seller"), text("seller_url"));
    let seller = (seller.is_some() || seller_url.is_some()).then_some(Seller {
        name: seller,
        url: seller_url,
        id: None,
    });
    let attributes = cells
        .iter()
        .filter_map(|(name, cell)| Some((name.strip_prefix("attributes.")?.to_owned(), (*cell).to_owned())));
    let listing = Listing {
        url: text("url"),
        title: text("title").unwrap_or_default(),
        description: cells.get("description").map(|cell| (*cell).to_owned()).unwrap_or_default(),
        price,
        availability: availability.unwrap_or_default(),
        brand: text("brand"),
        gtin: parts("gtin", &[' ', ';', '|']),
        mpn: text("mpn"),
        sku: text("sku"),
        category: parts("category", &['>', '|']),
        attributes: attributes.collect(),
        seller,
        language: text("language"),
        ..Listing::default()
    };
    Ok(CorpusLine {
        id: text("id").unwrap_or_default(),
        listing,
        label,
        class: text("class"),
        split,
        slices: Some(parts("slices", &[' ', ';', '|'])),
        note: text("note"),
    })
}

/// A line as cells in the order of [`COLUMNS`], with the listing's attributes after them as `NAME: value`.
pub fn cells(line: &CorpusLine) -> Vec<String> {
    let listing = &line.listing;
    let own = |text: &Option<String>| text.clone().unwrap_or_default();
    let seller = listing.seller.as_ref();
    let price = listing.price.as_ref();
    vec![
        line.id.clone(),
        own(&listing.url),
        listing.title.clone(),
        listing.description.clone(),
        price.map(|price| price.amount.to_string()).unwrap_or_default(),
        price.and_then(|price| price.currency.clone()).unwrap_or_default(),
        serde_json::to_value(listing.availability)
            .ok()
            .and_then(|word| Some(word.as_str()?.to_owned()))
            .unwrap_or_default(),
        own(&listing.brand),
        listing.gtin.join(" "),
        own(&listing.mpn),
        own(&listing.sku),
        listing.category.join(" > "),
        seller.map(|seller| own(&seller.name)).unwrap_or_default(),
        seller.map(|seller| own(&seller.url)).unwrap_or_default(),
        own(&listing.language),
        line.label
            .map(|label| if label == Ruling::Flag { "flag" } else { "pass" }.to_owned())
            .unwrap_or_default(),
        own(&line.class),
        line.split.map(|split| split.name().to_owned()).unwrap_or_default(),
        line.slices.as_ref().map(|slices| slices.join(" ")).unwrap_or_default(),
        own(&line.note),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str, files: &[(&str, &str)]) -> Imported {
        let files: Vec<_> =
            files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
        let columns = BTreeMap::from([("Titel".to_owned(), "title".to_owned())]);
        let defaults = Defaults { slices: vec!["month:2026-11".to_owned()], columns, ..Defaults::default() };
        import(name, text.as_bytes(), &defaults, &files)
    }

    fn said(imported: &Imported) -> Vec<String> {
        imported.problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn tables_become_lines() {
        let text = "id;Titel;price;currency;seller;label;class;slices;attributes.Form;Bild\n\
                    a;Magnete;12,50;EUR;Shop 1;flag;toy.magnet;lang:de kind:plain;Kugel;x.png\n\
                    ;Buch;;;;;;;;\n\
                    c;Kugeln;viel;;;;;;;\n";
        let imported = of("t.csv", text, &[]);
        assert_eq!(
            said(&imported),
            [
                "t.csv:4: `price` is \"viel\"; write a decimal amount such as 39.90, with the currency in a column of its own"
            ]
        );
        assert_eq!(imported.ignored, ["bild"]);
        let [a, b] = &imported.lines[..] else { panic!("{:?}", imported.lines) };
        assert_eq!((a.label, a.class.as_deref()), (Some(Ruling::Flag), Some("toy.magnet")));
        assert_eq!(a.slices.as_deref().unwrap(), ["lang:de", "kind:plain", "month:2026-11"]);
        assert_eq!(a.listing.attributes["Form"], "Kugel");
        assert_eq!(a.listing.price.as_ref().unwrap().amount.to_string(), "12.50");
        assert!(b.label.is_none() && b.id.starts_with('x') && b.id.len() == 13, "{}", b.id);
        assert_eq!(
            said(&of("t.csv", "a,b\n1,2\n", &[])),
            ["t.csv:1: the header has no column `title`; name yours with --column title=NAME"]
        );
    }

    #[test]
    fn lines_of_many_kinds_are_read_and_rules_label_nothing() {
        let text = r#"{"title":"bare"}
{"id":"scan-1","listing":{"title":"scanned"}}
{"id":"f1","source":"shop-a","class":"toy.magnet","listing":{"title":"found"}}
{"id":"c1","listing":{"title":"labelled"},"label":"flag","class":"toy.magnet"}
{"id":"c2","listing":{"title":"wrong"},"label":"flag"}
nothing
"#;
        let imported = of("x.jsonl", text, &[]);
        let labels: Vec<_> = imported
            .lines
            .iter()
            .map(|line| (line.listing.title.as_str(), line.label, line.class.as_deref()))
            .collect();
        assert_eq!(
            labels,
            [
                ("bare", None, None),
                ("scanned", None, None),
                ("found", None, None),
                ("labelled", Some(Ruling::Flag), Some("toy.magnet")),
            ]
        );
        assert_eq!(imported.lines[2].slices.as_deref().unwrap()[0], "source:shop-a");
        let said = said(&imported);
        assert!(
            said.len() == 2
                && said[0].starts_with("x.jsonl:5: `label` is flag, but")
                && said[1].starts_with("x.jsonl:6: is not JSON"),
            "{said:?}"
        );
    }

    #[test]
    fn what_is_known_is_not_added_and_contradictions_name_both_places() {
        let corpus = r#"{"id":"old","listing":{"title":"Magnets"},"label":"flag","class":"toy.magnet"}"#;
        let text = r#"{"title":"Magnets"}
{"id":"p","listing":{"title":"Magnets"},"label":"pass"}
{"id":"q","listing":{"title":"Magnets"},"label":"flag","class":"toy.magnet"}
{"title":"new"}
{"title":"new"}
"#;
        let imported = of("x.jsonl", text, &[("corpus/a.jsonl", corpus)]);
        assert_eq!(
            imported.lines.iter().map(|line| line.listing.title.as_str()).collect::<Vec<_>>(),
            ["new"]
        );
        assert_eq!(imported.known, 3);
        let said = said(&imported);
        assert!(
            said.len() == 1
                && said[0].starts_with(
                    "x.jsonl:2: the same listing as at corpus/a.jsonl:1, which is labelled flag"
                ),
            "{said:?}"
        );
    }
}
