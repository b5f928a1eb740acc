//! Checking a package, whoever made it: every byte belongs to an entry, every entry to the manifest, every record to its
//! digests, every finding to a record, and what a replay tool reads to what is there.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use super::super::zip::{Entry, ZipReader};
use super::super::{EvidenceError, Problem, Record, WarcError, WarcFault, WarcReader, cdxj, files, revisit};
use super::{
    ARCHIVE, FINDINGS, INDEX, JOURNAL, MANIFEST, MANIFEST_DIGEST, PAGES, PackedFinding, STAMPS, WARC, hash,
    index_text, pages, resources,
};

/// Bytes of a block that are held: larger than any page that is fetched.
const BLOCK_CAP: usize = 64 << 20;
/// Inflated bytes of all records: a thousand times the largest package would take hours, and no page is made so.
const MAX_INFLATED: u64 = 64 << 30;
/// Bytes of a text file of a package that are read into memory.
const MAX_TEXT: u64 = 256 << 20;
/// A time stamp has some kilobytes.
const MAX_STAMP: u64 = 1 << 20;
/// Damage beyond this number is not listed.
const MAX_PROBLEMS: usize = 100;

/// A package and what is wrong with it. What the journal and the stamps prove is the caller's to say.
#[derive(Debug, Default)]
pub struct Package {
    /// Records read.
    pub records: u64,
    /// The findings in it.
    pub findings: Vec<PackedFinding>,
    /// Exchanges of findings that are there, unchanged.
    pub proven: u64,
    /// The excerpt of the journal.
    pub journal: Vec<u8>,
    /// Time stamps: name and token.
    pub stamps: Vec<(String, Vec<u8>)>,
    /// SHA-256 of the manifest.
    pub manifest_sha256: String,
    /// When it was made, by its own word.
    pub created: String,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
}

/// Reads a package and checks everything in it that needs nothing but itself.
pub fn open(path: &Path) -> Result<Package, EvidenceError> {
    let unreadable = |error| files::unusable("read", path, error);
    let file = File::open(path).map_err(unreadable)?;
    let mut package = Package::default();
    let mut check = Check { path, package: &mut package };
    let zip = match ZipReader::open(file) {
        Ok(zip) => zip,
        Err(fault) => {
            check.problem("", 0, fault.to_string());
            return Ok(package);
        }
    };
    check.names(&zip);
    check.manifest(&zip).map_err(unreadable)?;
    let records = check.records(&zip).map_err(unreadable)?;
    check.findings(&zip, &records).map_err(unreadable)?;
    check.derived(&zip, &records).map_err(unreadable)?;
    check.rest(&zip).map_err(unreadable)?;
    Ok(package)
}

struct Check<'a> {
    path: &'a Path,
    package: &'a mut Package,
}

/// What is kept of the records.
#[derive(Default)]
struct Records {
    /// Offset → SHA-256 of the member, URL, date, by those that findings may point at.
    places: BTreeMap<u64, (String, String, String)>,
    lines: Vec<String>,
}

impl Check<'_> {
    fn problem(&mut self, entry: &str, offset: u64, message: String) {
        self.problem_of(entry, offset, message, None);
    }

    fn problem_of(&mut self, entry: &str, offset: u64, message: String, finding: Option<String>) {
        if self.package.problems.len() < MAX_PROBLEMS {
            let file = if entry.is_empty() { self.path.to_owned() } else { self.path.join(entry) };
            self.package.problems.push(Problem { file, offset, message, finding });
        }
    }

    fn names(&mut self, zip: &ZipReader) {
        let known = [ARCHIVE, INDEX, PAGES, FINDINGS, JOURNAL, MANIFEST, MANIFEST_DIGEST];
        for name in known.iter().filter(|name| zip.entry(name).is_none()) {
            self.problem(name, 0, "the package lacks this file".to_owned());
        }
        for entry in &zip.entries {
            let stamp = entry.name.strip_prefix(STAMPS).is_some_and(|name| !name.contains('/'));
            if !stamp && !known.contains(&entry.name.as_str()) {
                self.problem(&entry.name, 0, "no package of this program has such a file".to_owned());
            }
        }
    }

    fn manifest(&mut self, zip: &ZipReader) -> io::Result<()> {
        let Some(entry) = zip.entry(MANIFEST) else { return Ok(()) };
        self.package.manifest_sha256.clone_from(&entry.sha256);
        let manifest: Value = self.json(zip, entry)?;
        let listed = |entry: &&Entry| !matches!(entry.name.as_str(), MANIFEST | MANIFEST_DIGEST);
        let there = resources(zip.entries.iter().filter(listed));
        let stated = manifest.get("resources").and_then(Value::as_array);
        for resource in &there {
            if !stated.is_some_and(|stated| stated.contains(resource)) {
                let name = resource.get("path").and_then(Value::as_str).unwrap_or_default();
                self.problem(name, 0, "the manifest does not list it with this digest".to_owned());
            }
        }
        if stated.map_or(0, Vec::len) != there.len() {
            self.problem(MANIFEST, 0, "it lists other files than the package has".to_owned());
        }
        manifest
            .get("created")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .clone_into(&mut self.package.created);
        if let Some(digest) = zip.entry(MANIFEST_DIGEST) {
            let stated = self.json(zip, digest)?;
            if stated != json!({ "path": MANIFEST, "hash": hash(&entry.sha256) }) {
                self.problem(MANIFEST_DIGEST, 0, "it does not state the digest of the manifest".to_owned());
            }
        }
        Ok(())
    }

    fn records(&mut self, zip: &ZipReader) -> io::Result<Records> {
        let mut found = Records::default();
        let Some(entry) = zip.entry(ARCHIVE) else { return Ok(found) };
        let mut originals: BTreeMap<String, Record> = BTreeMap::new();
        let mut revisits: Vec<Record> = Vec::new();
        let mut inflated = 0;
        for record in WarcReader::checking(BufReader::new(zip.content(entry)?), BLOCK_CAP).of_members() {
            let mut record = match record {
                Ok(record) => record,
                Err(WarcError { offset, fault }) => {
                    self.problem(ARCHIVE, offset, fault.to_string());
                    if matches!(fault, WarcFault::TooLong { .. }) {
                        break;
                    }
                    continue;
                }
            };
            self.package.records += 1;
            inflated += record.block.len() as u64;
            if record.cut || inflated > MAX_INFLATED {
                let message = "it holds more than any page; the rest was not read".to_owned();
                self.problem(ARCHIVE, record.offset, message);
                break;
            }
            let Some(sha256) = record.member_sha256.clone() else {
                self.problem(ARCHIVE, record.offset, "it does not fill a gzip member of its own".to_owned());
                continue;
            };
            found.lines.extend(cdxj::line(&record, WARC, record.offset));
            record.block = Vec::new();
            let field = |name| record.field(name).unwrap_or_default().to_owned();
            if matches!(record.kind.as_str(), "response" | "revisit") {
                let target = record.target().unwrap_or_default().to_owned();
                found.places.insert(record.offset, (sha256, target, field("WARC-Date")));
            }
            match record.kind.as_str() {
                "response" => drop(originals.insert(field("WARC-Record-ID"), record)),
                "revisit" => revisits.push(record),
                _ => {}
            }
        }
        for revisit in revisits {
            let original = revisit.field("WARC-Refers-To").and_then(|id| originals.get(id));
            let fault = match original {
                Some(original) => revisit::mismatch(&revisit, original),
                None => {
                    Some(WarcFault::Other("the record that it refers to is not in the package".to_owned()))
                }
            };
            if let Some(fault) = fault {
                self.problem(ARCHIVE, revisit.offset, fault.to_string());
                found.places.remove(&revisit.offset);
            }
        }
        Ok(found)
    }

    fn findings(&mut self, zip: &ZipReader, records: &Records) -> io::Result<()> {
        let Some(entry) = zip.entry(FINDINGS) else { return Ok(()) };
        let text = self.text(zip, entry)?;
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let packed: PackedFinding = match serde_json::from_slice(line) {
                Ok(packed) => packed,
                Err(error) => {
                    self.problem(FINDINGS, 0, format!("a line is no finding: {error}"));
                    continue;
                }
            };
            let id = packed.finding.id.clone();
            if packed.evidence.is_empty() {
                self.problem_of(FINDINGS, 0, "it names no proof".to_owned(), Some(id.clone()));
            }
            for place in &packed.evidence {
                match records.places.get(&place.offset) {
                    Some((sha256, _, _)) if *sha256 == place.sha256 => self.package.proven += 1,
                    Some((sha256, _, _)) => {
                        let message = format!("its SHA-256 is {sha256}, the finding says {}", place.sha256);
                        self.problem_of(ARCHIVE, place.offset, message, Some(id.clone()));
                    }
                    None => {
                        let message = "no sound response begins here".to_owned();
                        self.problem_of(ARCHIVE, place.offset, message, Some(id.clone()));
                    }
                }
            }
            self.package.findings.push(packed);
        }
        Ok(())
    }

    /// Index and pages say what the records and findings say.
    fn derived(&mut self, zip: &ZipReader, records: &Records) -> io::Result<()> {
        if let Some(entry) = zip.entry(INDEX) {
            let expected = index_text(records.lines.clone());
            let mut index = Vec::new();
            let most = expected.len() as u64 + 1;
            let read = GzDecoder::new(zip.content(entry)?).take(most).read_to_end(&mut index);
            if read.is_err() || index != expected.as_bytes() {
                let message = "it is not the index of the records: replay tools may show something else";
                self.problem(INDEX, 0, message.to_owned());
            }
        }
        if let Some(entry) = zip.entry(PAGES) {
            let target =
                |offset| records.places.get(&offset).map(|(_, url, date)| (url.clone(), date.clone()));
            let expected = pages(&self.package.findings, target);
            if self.text(zip, entry)? != expected {
                self.problem(PAGES, 0, "it does not list the pages of the findings".to_owned());
            }
        }
        Ok(())
    }

    fn rest(&mut self, zip: &ZipReader) -> io::Result<()> {
        if let Some(entry) = zip.entry(JOURNAL) {
            self.package.journal = self.text(zip, entry)?;
        }
        for entry in &zip.entries {
            let Some(name) = entry.name.strip_prefix(STAMPS) else { continue };
            if entry.bytes > MAX_STAMP {
                self.problem(&entry.name, 0, "it is too long for a time stamp".to_owned());
                continue;
            }
            let token = self.text(zip, entry)?;
            self.package.stamps.push((name.to_owned(), token));
        }
        Ok(())
    }

    fn json(&mut self, zip: &ZipReader, entry: &Entry) -> io::Result<Value> {
        let text = self.text(zip, entry)?;
        Ok(serde_json::from_slice(&text).unwrap_or_else(|error| {
            self.problem(&entry.name, 0, format!("it is no JSON: {error}"));
            Value::Null
        }))
    }

    fn text(&mut self, zip: &ZipReader, entry: &Entry) -> io::Result<Vec<u8>> {
        if entry.bytes > MAX_TEXT {
            self.problem(&entry.name, 0, format!("it is longer than the {MAX_TEXT} bytes that are read"));
            return Ok(Vec::new());
        }
        let mut text = Vec::new();
        zip.content(entry)?.read_to_end(&mut text)?;
        Ok(text)
    }
}
