//! The corpus: labelled listings that rules are measured on, read from JSON Lines, and everything wrong with them.
//!
//! A line that cannot be used costs itself only; two lines that contradict each other cost both, for nobody can know
//! which is right. Every entry and every problem says where it stands.

mod line;
mod reading;

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};

pub(crate) use line::content;
pub use line::{CorpusLine, LineFault, read_line};
pub use reading::{CorpusError, FileText, LOOKS_FILE, read, read_file, read_texts, texts};

use crate::finding::Ruling;
use crate::listing::Listing;

/// Labelled listings in the order of their ids, which no two share.
#[derive(Debug, Clone, Default)]
pub struct Corpus {
    /// The labelled listings.
    pub entries: Vec<Entry>,
    /// Listings that nobody has labelled yet.
    pub waiting: Vec<Waiting>,
    /// Lines that were left out, by place.
    pub problems: Vec<Problem>,
    /// The files that were read, in order.
    pub files: Vec<String>,
    /// Files in folders that hold no corpus lines and were passed over.
    pub passed_over: Vec<String>,
    /// SHA-256 (hex) over everything in `entries` that a measurement rests on. The order and the names of files do
    /// not matter, notes do not matter.
    pub hash: String,
}

/// One labelled listing.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name, unique in the corpus.
    pub id: String,
    /// The listing.
    pub listing: Listing,
    /// Flag or pass, as an officer decided.
    pub label: Ruling,
    /// What it is flagged for; of a pass, what it comes close to, which counts for nothing.
    pub class: Option<String>,
    /// Which part it belongs to.
    pub split: Split,
    /// Whether the line itself names its split; without one it is `train`.
    pub placed: bool,
    /// `lang:de`, `trick:spaced`, `kind:near-miss`, `month:2026-09`, `market:DE`, `also:CLASS`, …
    pub slices: Vec<String>,
    /// For people.
    pub note: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A listing without a label.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// Its name.
    pub id: String,
    /// The listing.
    pub listing: Listing,
    /// Where it stands.
    pub place: Place,
}

/// The part of a corpus that a listing belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    /// Authors look at it as they please.
    #[default]
    Train,
    /// Only totals of it are shown, and each look is counted.
    Blind,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file, as it was named.
    pub file: String,
    /// From 1.
    pub line: usize,
}

/// A line that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where it stands.
    pub place: Place,
    /// The line that it is at odds with.
    pub other: Option<Place>,
    /// What kind of problem it is.
    pub kind: ProblemKind,
    /// What is wrong and what to do.
    pub message: String,
}

/// Kinds of problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The line is no corpus line.
    Unreadable,
    /// The same id or the same listing twice, labelled alike: the first counts.
    Duplicate,
    /// The same id or the same listing twice, labelled differently: neither counts.
    Contradiction,
}

impl Corpus {
    /// The entries of one split, as a corpus with a hash of its own. What authors look at is `Split::Train`.
    #[must_use]
    pub fn part(&self, split: Split) -> Self {
        let entries: Vec<Entry> = self.entries.iter().filter(|entry| entry.split == split).cloned().collect();
        let hash = hash(&entries);
        Self { entries, hash, ..self.clone_without_entries() }
    }

    /// Classes that labels name and `known` does not hold, each with the first place, in the order of their names.
    pub fn unknown_classes(&self, known: impl Fn(&str) -> bool) -> BTreeMap<&str, &Place> {
        let mut unknown: BTreeMap<&str, &Place> = BTreeMap::new();
        for entry in &self.entries {
            let also = entry.slices.iter().filter_map(|slice| slice.strip_prefix("also:"));
            for class in entry.class.as_deref().into_iter().chain(also).filter(|class| !known(class)) {
                let first = unknown.entry(class).or_insert(&entry.place);
                *first = (*first).min(&entry.place);
            }
        }
        unknown
    }

    /// The entry with this id.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        let place = self.entries.binary_search_by(|entry| entry.id.as_str().cmp(id)).ok()?;
        self.entries.get(place)
    }

    /// The first characters of the hash, enough to tell corpora apart on a screen.
    pub fn short_hash(&self) -> &str {
        self.hash.get(..12).unwrap_or(&self.hash)
    }

    fn clone_without_entries(&self) -> Self {
        Self {
            entries: Vec::new(),
            waiting: self.waiting.clone(),
            problems: self.problems.clone(),
            files: self.files.clone(),
            passed_over: self.passed_over.clone(),
            hash: String::new(),
        }
    }
}

impl Entry {
    /// The value of the first slice `key:value`.
    pub fn slice(&self, key: &str) -> Option<&str> {
        self.slices.iter().find_map(|slice| slice.strip_prefix(key)?.strip_prefix(':'))
    }

    /// Where the offer is aimed, if a slice says so (`market:DE`): rules for some markets run only where it is known.
    pub fn market(&self) -> Option<&str> {
        self.slice("market")
    }

    /// Whether the listing is rightly flagged for `class`: it is its class, or a slice `also:CLASS` names it.
    pub fn is_of(&self, class: &str) -> bool {
        self.label == Ruling::Flag
            && (self.class.as_deref() == Some(class)
                || self.slices.iter().any(|slice| slice.strip_prefix("also:") == Some(class)))
    }

    /// Whether any class of the listing is of the same family.
    pub fn is_kin_of(&self, class: &str) -> bool {
        let family = family(class);
        let also = self.slices.iter().filter_map(|slice| slice.strip_prefix("also:"));
        self.label == Ruling::Flag
            && self.class.as_deref().into_iter().chain(also).any(|own| self::family(own) == family)
    }

    /// Who sells it, as one text that is equal for equal sellers: the marketplace's number, else the name, else the
    /// address; `None` when nothing is known.
    pub fn seller(&self) -> Option<String> {
        let seller = self.listing.seller.as_ref()?;
        let known = |text: &Option<String>| {
            text.as_ref().map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty())
        };
        known(&seller.id).or_else(|| known(&seller.name)).or_else(|| known(&seller.url))
    }
}

impl Split {
    /// `train` or `blind`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Blind => "blind",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// The first part of a class.
pub fn family(class: &str) -> &str {
    class.split_once('.').map_or(class, |(family, _)| family)
}

/// The hash of entries that are in the order of their ids.
fn hash(entries: &[Entry]) -> String {
    let mut hasher = Sha256::new();
    for digest in super::parallel::map(entries, line::digest) {
        hasher.update(digest);
    }
    hex(&hasher.finalize())
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use fmt::Write as _;
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
