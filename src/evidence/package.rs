//! WACZ 1.1.1: the proof of some findings in one file that leaves the house, readable by replay tools, and checked on
//! any machine without the data folder it came from.
//!
//! `archive/` holds the records byte for byte as they lie in the data folder, so that the SHA-256 a finding states stays
//! true. Index and pages can be derived from the rest, and are: [`open`] derives them again and compares, so that nobody
//! can make a replay tool show another page.

mod export;
mod open;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::zip::Entry;
use crate::finding::{Finding, WarcPlace};

pub use export::{Export, Exported, export};
pub use open::{Package, open};

const WARC: &str = "evidence.warc.gz";
const ARCHIVE: &str = "archive/evidence.warc.gz";
const INDEX: &str = "indexes/index.cdx.gz";
const PAGES: &str = "pages/pages.jsonl";
const FINDINGS: &str = "caveat/findings.jsonl";
const JOURNAL: &str = "caveat/journal.jsonl";
const STAMPS: &str = "caveat/stamps/";
const MANIFEST: &str = "datapackage.json";
const MANIFEST_DIGEST: &str = "datapackage-digest.json";
const VERSION: &str = "1.1.1";

/// A finding in a package, and where its proof lies there; the latest last.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PackedFinding {
    /// The finding as it was when the package was made.
    pub finding: Finding,
    /// Every exchange that proves it.
    pub evidence: Vec<PackedPlace>,
}

/// One exchange of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedPlace {
    /// Byte offset in `archive/evidence.warc.gz`.
    pub offset: u64,
    /// SHA-256 of the record's gzip member, hexadecimal.
    pub sha256: String,
    /// File name in the data folder that it was copied from.
    pub from: String,
    /// Byte offset there.
    pub from_offset: u64,
}

impl PackedPlace {
    /// Where it lay in the data folder.
    pub fn origin(&self) -> WarcPlace {
        WarcPlace { warc: self.from.clone(), offset: self.from_offset, sha256: self.sha256.clone() }
    }
}

/// `pages/pages.jsonl`: what a replay tool lists. `target` gives URL and date of the record at an offset.
fn pages(findings: &[PackedFinding], target: impl Fn(u64) -> Option<(String, String)>) -> Vec<u8> {
    let mut lines = vec![json!({ "format": "json-pages-1.0", "id": "pages", "title": "Findings" })];
    for PackedFinding { finding, evidence } in findings {
        for (number, place) in evidence.iter().rev().enumerate() {
            let Some((url, date)) = target(place.offset) else { continue };
            let id = if number == 0 { finding.id.clone() } else { format!("{}-{number}", finding.id) };
            lines.push(json!({ "id": id, "url": url, "ts": date, "title": finding.listing.title }));
        }
    }
    json_lines(lines)
}

fn json_lines(lines: impl IntoIterator<Item = Value>) -> Vec<u8> {
    lines.into_iter().flat_map(|line| (line.to_string() + "\n").into_bytes()).collect()
}

/// The index as it is compressed into the package.
fn index_text(mut lines: Vec<String>) -> String {
    lines.sort_unstable();
    lines.into_iter().map(|line| line + "\n").collect()
}

/// The `resources` of the manifest.
fn resources<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<Value> {
    let resource = |entry: &Entry| {
        let name = entry.name.rsplit('/').next().unwrap_or_default();
        json!({ "name": name, "path": entry.name, "hash": hash(&entry.sha256), "bytes": entry.bytes })
    };
    entries.into_iter().map(resource).collect()
}

fn hash(sha256: &str) -> String {
    format!("sha256:{sha256}")
}
