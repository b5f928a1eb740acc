//! JSON Schema of every file that people write, made from the same keys that its reader reads.

use serde_json::Value;

use crate::document::schema;
use crate::document::shape::Keys;
use crate::rules::keys;
use crate::{config, source};

/// A kind of file.
#[derive(Debug, Clone, Copy)]
pub struct FileKind {
    /// What `rules schema` calls it.
    pub name: &'static str,
    /// Where such files stand.
    pub place: &'static str,
    keys: &'static Keys,
    json: bool,
}

/// Every kind of file that people write.
pub const KINDS: [FileKind; 9] = [
    FileKind { name: "rule", place: "rules/packs/PACK/ID.toml", keys: &keys::RULE, json: false },
    FileKind { name: "list", place: "rules/lists/NAME.toml", keys: &keys::LIST, json: false },
    FileKind { name: "pack", place: "rules/packs/PACK/pack.toml", keys: &keys::PACK, json: false },
    FileKind { name: "taxonomy", place: "rules/taxonomy.toml", keys: &keys::TAXONOMY, json: false },
    FileKind { name: "rates", place: "rules/rates.toml", keys: &keys::RATES, json: false },
    FileKind { name: "lock", place: "rules/rules.lock", keys: &keys::LOCK, json: false },
    FileKind { name: "source", place: "sources/ID.toml", keys: &source::KEYS, json: false },
    FileKind { name: "config", place: "caveat.toml", keys: &config::KEYS, json: false },
    FileKind { name: "corpus", place: "corpus/NAME.jsonl, one line", keys: &keys::CORPUS_LINE, json: true },
];

impl FileKind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// Its schema.
    pub fn schema(&self) -> Value {
        schema(&format!("Caveat: {}", self.place), self.keys, self.json)
    }
}
