//! One line of a corpus: read, written, and its digest.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Entry, Split};
use crate::document::nearest;
use crate::finding::Ruling;
use crate::listing::Listing;

const KEYS: [&str; 7] = ["id", "listing", "label", "class", "split", "slices", "note"];
/// Characters of a wrong value that a message shows.
const SHOWN: usize = 40;

/// A line as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusLine {
    /// The listing's name in the corpus.
    pub id: String,
    /// The listing.
    pub listing: Listing,
    /// What an officer decided; nothing yet when absent.
    #[serde(default)]
    pub label: Option<Ruling>,
    /// What it is flagged for.
    #[serde(default)]
    pub class: Option<String>,
    /// `train` or `blind`; not yet placed when absent.
    #[serde(default)]
    pub split: Option<Split>,
    /// Groups that measurements are also shown for.
    #[serde(default)]
    pub slices: Option<Vec<String>>,
    /// For people.
    #[serde(default)]
    pub note: Option<String>,
}

/// Why a line cannot be used: what is wrong and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LineFault(pub String);

impl<'de> Deserialize<'de> for Split {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match <std::borrow::Cow<'de, str>>::deserialize(deserializer)?.as_ref() {
            "train" => Ok(Self::Train),
            "blind" => Ok(Self::Blind),
            other => Err(serde::de::Error::unknown_variant(other, &["train", "blind"])),
        }
    }
}

/// Reads a line.
pub fn read_line(text: &[u8]) -> Result<CorpusLine, LineFault> {
    // Sound lines are read straight into the struct; words for the others are found afterwards.
    let line: CorpusLine = serde_json::from_slice(text).map_err(|error| fault(text, &error))?;
    if line.id.trim().is_empty() {
        return Err(LineFault("`id` is empty; give every listing a name of its own".to_owned()));
    }
    if line.listing.title.trim().is_empty() && line.listing.description.trim().is_empty() {
        return Err(LineFault("the listing has neither title nor description".to_owned()));
    }
    if line.label == Some(Ruling::Flag) && line.class.as_deref().is_none_or(|class| class.trim().is_empty()) {
        return Err(LineFault(
            "`label` is flag, but `class` does not say what for; write a class of the taxonomy".to_owned(),
        ));
    }
    Ok(line)
}

fn fault(text: &[u8], error: &serde_json::Error) -> LineFault {
    let Ok(value) = serde_json::from_slice::<Value>(text) else {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        return LineFault(format!(
            "is not JSON: {what}, at column {}; each line is one object",
            error.column()
        ));
    };
    let Value::Object(object) = &value else {
        return LineFault(
            "is not an object; a line is {\"id\":\"…\",\"listing\":{…},\"label\":\"flag\"}".to_owned(),
        );
    };
    if let Some(key) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let help = nearest(key, KEYS.iter().copied()).map_or_else(
            || format!("there are {}", KEYS.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return LineFault(format!("has an unknown key `{}`; {help}", cut(key)));
    }
    for (key, sound, cure) in [
        ("id", Value::is_string as fn(&Value) -> bool, "write a name in quotes"),
        (
            "label",
            |value| matches!(value.as_str(), Some("flag" | "pass")) || value.is_null(),
            "write \"flag\" or \"pass\"",
        ),
        (
            "class",
            |value| value.is_string() || value.is_null(),
            "write a class of the taxonomy in quotes, or null",
        ),
        (
            "split",
            |value| matches!(value.as_str(), Some("train" | "blind")) || value.is_null(),
            "write \"train\" or \"blind\"",
        ),
        (
            "slices",
            |value| value.is_null() || value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
            "write a list of texts, such as [\"lang:de\"]",
        ),
        ("note", |value| value.is_string() || value.is_null(), "write a text in quotes"),
    ] {
        match object.get(key) {
            None if key == "id" => {
                return LineFault("has no `id`; give every listing a name of its own".to_owned());
            }
            Some(value) if !sound(value) => {
                return LineFault(format!("`{key}` is {}; {cure}", cut(&value.to_string())));
            }
            _ => {}
        }
    }
    match object.get("listing") {
        None => LineFault("has no `listing`".to_owned()),
        Some(listing) => match Listing::from_line(listing.to_string().as_bytes()) {
            Err(error) => LineFault(format!("`listing`: {error}")),
            Ok(_) => LineFault(format!("is no corpus line: {error}")),
        },
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl From<&Entry> for CorpusLine {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id.clone(),
            listing: entry.listing.clone(),
            label: Some(entry.label),
            class: entry.class.clone(),
            split: entry.placed.then_some(entry.split),
            slices: Some(entry.slices.clone()),
            note: entry.note.clone(),
        }
    }
}

/// A digest of everything that a measurement rests on.
pub(super) fn digest(entry: &Entry) -> [u8; 32] {
    let parts = (&entry.id, entry.label, &entry.class, entry.split, &entry.slices, &entry.listing);
    let mut hasher = Sha256::new();
    // Maps of a listing are ordered, so equal entries give equal bytes; writing to memory cannot fail.
    hasher.update(serde_json::to_vec(&parts).unwrap_or_default());
    hasher.finalize().into()
}

/// A hash over what of a listing matching and an officer look at: not its address, nor where values came from.
pub(crate) fn content(listing: &Listing) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (&listing.title, &listing.description, &listing.brand, &listing.gtin, &listing.category)
        .hash(&mut hasher);
    (&listing.attributes, &listing.mpn, &listing.sku, &listing.language).hash(&mut hasher);
    if let Some(seller) = &listing.seller {
        (&seller.name, &seller.id).hash(&mut hasher);
    }
    if let Some(price) = &listing.price {
        (price.amount, &price.currency).hash(&mut hasher);
    }
    hasher.finish()
}
