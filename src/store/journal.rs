//! The journal of findings: JSON Lines beside sled, synced before the store acknowledges, each line chained to the one
//! before.
//!
//! It serves two ends. Read alone it gives every finding back when sled is lost; and since the chain runs over
//! digests only, a payload can be erased later without breaking it, while a cut, swapped or rewritten line shows.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::StoreError;
use super::rows::JournalHead;
use super::staging::Draft;
use crate::clock::Timestamp;
use crate::finding::WarcPlace;

/// A line holds one finding; those are capped below this by the store.
const MAX_LINE: u64 = 32 << 20;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    /// 1 for the first line.
    seq: u64,
    at: Timestamp,
    kind: String,
    id: String,
    /// SHA-256 of the payload's JSON.
    digest: String,
    /// `hash` of the line before; empty in the first.
    prev: String,
    /// SHA-256 over all of the above.
    hash: String,
    /// `null` once erased.
    payload: serde_json::Value,
}

impl Entry {
    fn chained(&self) -> String {
        let at = self.at.0;
        let Self { seq, kind, id, digest, prev, .. } = self;
        hex(&Sha256::digest(format!("{seq}\n{at}\n{kind}\n{id}\n{digest}\n{prev}")))
    }

    /// Why this line cannot follow one that ended at `head`.
    fn fault(&self, head: &JournalHead) -> Option<String> {
        if self.seq != head.lines + 1 || self.prev != head.hash {
            Some("does not follow the line before it".to_owned())
        } else {
            self.own_fault()
        }
    }

    /// What is wrong with this line, whatever lies before it.
    fn own_fault(&self) -> Option<String> {
        if self.hash != self.chained() {
            Some("does not have the hash that it states".to_owned())
        } else if !self.payload.is_null() && self.digest != payload_digest(&self.payload) {
            Some(format!("has a payload that was changed (finding {})", self.id))
        } else {
            None
        }
    }
}

/// A line of the journal whose place in the chain has been checked.
#[derive(Debug)]
pub struct JournalLine(Entry);

impl JournalLine {
    /// Counted from 1.
    pub fn seq(&self) -> u64 {
        self.0.seq
    }

    /// The id of the finding that it is about.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// When it was written, by the machine's own clock.
    pub fn at(&self) -> Timestamp {
        self.0.at
    }

    /// SHA-256 over this line and, through the one before, over all earlier ones; hexadecimal.
    pub fn hash(&self) -> &str {
        &self.0.hash
    }

    /// What was written: the whole finding (`kind` `finding`), or where it was seen again (`seen`); null where left out.
    pub fn payload(&self) -> &serde_json::Value {
        &self.0.payload
    }

    /// Whether the payload is a whole finding.
    pub fn is_finding(&self) -> bool {
        self.0.kind == FINDING
    }

    /// The exchange that it vouches for.
    pub fn evidence(&self) -> Option<WarcPlace> {
        self.0.payload.get("evidence").and_then(|place| WarcPlace::deserialize(place).ok())
    }

    /// The line as it is written; without its payload, the chain still holds.
    pub fn text(mut self, with_payload: bool) -> String {
        if !with_payload {
            self.0.payload = serde_json::Value::Null;
        }
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

/// Reads lines of a journal, from any line on, and checks that each follows the one before. Ends at the first that does
/// not.
pub fn journal_lines<R: BufRead>(
    mut reader: R,
    name: &Path,
) -> impl Iterator<Item = Result<JournalLine, StoreError>> + use<R> {
    let name = name.to_owned();
    let mut head: Option<JournalHead> = None;
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let line = match read_line(&mut reader, &name) {
            Ok(line) => line?,
            Err(error) => {
                ended = true;
                return Some(Err(error));
            }
        };
        let entry = parse(&line, &name, head.as_ref()).inspect_err(|_| ended = true);
        Some(entry.map(|entry| {
            advance(head.get_or_insert_default(), &entry, line.len() as u64);
            JournalLine(entry)
        }))
    })
}

/// What a line is about.
pub(super) const FINDING: &str = "finding";
pub(super) const SEEN: &str = "seen";

/// The open journal.
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    head: JournalHead,
}

impl Journal {
    /// Opens the journal, which must reach `known` at least. Whole lines after it were written by a group that was never
    /// acknowledged; they stay. A torn last line is cut off.
    pub(super) fn open(dir: &Path, known: &JournalHead) -> Result<Self, StoreError> {
        let path = file_path(dir);
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = open.map_err(|error| super::unusable("open", &path, error))?;
        let unreadable = |error| super::unusable("read", &path, error);
        let length = file.metadata().map_err(unreadable)?.len();
        if length < known.bytes {
            return Err(damaged(
                &path,
                format!("it has {length} of {} bytes: its tail was cut", known.bytes),
            ));
        }
        let mut head = known.clone();
        if known.lines > 0 {
            file.seek(SeekFrom::Start(known.last)).map_err(unreadable)?;
            let mut line = Vec::new();
            (&mut file)
                .take(known.bytes.saturating_sub(known.last))
                .read_to_end(&mut line)
                .map_err(unreadable)?;
            let entry = serde_json::from_slice::<Entry>(&line).ok();
            if entry.is_none_or(|entry| entry.hash != known.hash || entry.own_fault().is_some()) {
                let what = format!("line {} is not the one that the store knows", known.lines);
                return Err(damaged(&path, what));
            }
        }
        file.seek(SeekFrom::Start(known.bytes)).map_err(unreadable)?;
        let mut reader = BufReader::new(&mut file);
        while let Some((entry, length)) = next_line(&mut reader, &path, &head)? {
            advance(&mut head, &entry, length);
        }
        drop(reader);
        if length > head.bytes {
            file.set_len(head.bytes).map_err(|error| super::unusable("cut the torn end of", &path, error))?;
        }
        Ok(Self { file, path, head })
    }

    pub(super) fn head(&self) -> &JournalHead {
        &self.head
    }

    /// Appends and syncs. On failure nothing of it remains.
    pub(super) fn append(&mut self, at: Timestamp, drafts: Vec<Draft>) -> Result<(), StoreError> {
        let mut head = self.head.clone();
        let mut lines = Vec::new();
        for Draft { kind, id, payload } in drafts {
            let mut entry = Entry {
                seq: head.lines + 1,
                at,
                kind: kind.to_owned(),
                id,
                digest: payload_digest(&payload),
                prev: head.hash.clone(),
                hash: String::new(),
                payload,
            };
            entry.hash = entry.chained();
            let start = lines.len();
            serde_json::to_writer(&mut lines, &entry)
                .map_err(|error| super::unusable("write", &self.path, error.into()))?;
            lines.push(b'\n');
            advance(&mut head, &entry, (lines.len() - start) as u64);
        }
        let written = self
            .file
            .seek(SeekFrom::Start(self.head.bytes))
            .and_then(|_| self.file.write_all(&lines))
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What was written is cut off again; should that fail too, opening cuts it.
            drop(self.file.set_len(self.head.bytes));
            return Err(super::unusable("write", &self.path, error));
        }
        self.head = head;
        Ok(())
    }
}

/// Reads the whole chain; answers the number of lines. `known` must be among them.
pub(super) fn verify(dir: &Path, known: &JournalHead) -> Result<u64, StoreError> {
    let path = file_path(dir);
    let file = File::open(&path).map_err(|error| super::unusable("open", &path, error))?;
    let mut reader = BufReader::new(file);
    let mut head = JournalHead::default();
    let mut seen = known.lines == 0;
    while let Some((entry, length)) = next_line(&mut reader, &path, &head)? {
        advance(&mut head, &entry, length);
        seen |= head.lines == known.lines && head.hash == known.hash;
    }
    if !seen {
        let what = format!("it has {} lines and lacks line {} that the store knows", head.lines, known.lines);
        return Err(damaged(&path, what));
    }
    Ok(head.lines)
}

/// The next whole line and its length in bytes; `None` at the end or before a torn last line.
fn next_line(
    reader: &mut impl BufRead,
    path: &Path,
    head: &JournalHead,
) -> Result<Option<(Entry, u64)>, StoreError> {
    let Some(line) = read_line(reader, path)? else { return Ok(None) };
    Ok(Some((parse(&line, path, Some(head))?, line.len() as u64)))
}

fn read_line(reader: &mut impl BufRead, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let mut line = Vec::new();
    reader
        .take(MAX_LINE)
        .read_until(b'\n', &mut line)
        .map_err(|error| super::unusable("read", path, error))?;
    Ok((line.last() == Some(&b'\n')).then_some(line))
}

/// The entry on a line, which must follow `head` where there is one.
fn parse(line: &[u8], path: &Path, head: Option<&JournalHead>) -> Result<Entry, StoreError> {
    let number = head.map_or_else(|| "the first line".to_owned(), |head| format!("line {}", head.lines + 1));
    let entry: Entry = serde_json::from_slice(line)
        .map_err(|error| damaged(path, format!("{number} is no journal entry: {error}")))?;
    match head.map_or_else(|| entry.own_fault(), |head| entry.fault(head)) {
        Some(fault) => Err(damaged(path, format!("{number} {fault}"))),
        None => Ok(entry),
    }
}

fn advance(head: &mut JournalHead, entry: &Entry, length: u64) {
    head.lines = entry.seq;
    head.last = head.bytes;
    head.bytes += length;
    head.hash.clone_from(&entry.hash);
}

pub(super) fn file_path(dir: &Path) -> PathBuf {
    dir.join("journal.jsonl")
}

fn damaged(path: &Path, what: String) -> StoreError {
    StoreError::Damaged { path: path.to_owned(), what }
}

fn payload_digest(payload: &serde_json::Value) -> String {
    hex(&Sha256::digest(payload.to_string()))
}

/// Hexadecimal digits of some bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(id: &str) -> Draft {
        Draft { kind: "finding", id: id.to_owned(), payload: serde_json::json!({ "title": id, "score": 80 }) }
    }

    fn journal_of(dir: &Path, ids: &[&str]) -> JournalHead {
        let mut journal = Journal::open(dir, &JournalHead::default()).unwrap();
        for id in ids {
            journal.append(Timestamp(1_764_000_000_123), vec![draft(id)]).unwrap();
        }
        journal.head().clone()
    }

    #[test]
    fn a_chain_is_proven_and_taken_up_again() {
        let dir = tempfile::tempdir().unwrap();
        let head = journal_of(dir.path(), &["a", "b", "c"]);
        assert_eq!(verify(dir.path(), &head).unwrap(), 3);
        let mut again = Journal::open(dir.path(), &head).unwrap();
        again.append(Timestamp(5), vec![draft("d"), draft("e")]).unwrap();
        assert_eq!(verify(dir.path(), again.head()).unwrap(), 5);
        assert_eq!(verify(dir.path(), &head).unwrap(), 5, "an older head is still among the lines");
    }

    #[test]
    fn a_torn_last_line_is_cut_and_an_unacknowledged_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let known = journal_of(dir.path(), &["a"]);
        let whole = {
            let mut journal = Journal::open(dir.path(), &known).unwrap();
            journal.append(Timestamp(2), vec![draft("b")]).unwrap();
            journal.head().clone()
        };
        let path = file_path(dir.path());
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(b"{\"seq\":3,\"at\":");
        std::fs::write(&path, &bytes).unwrap();
        let journal = Journal::open(dir.path(), &known).unwrap();
        assert_eq!(journal.head(), &whole);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), whole.bytes);
    }

    #[test]
    fn every_kind_of_tampering_shows() {
        type Tamper = fn(&mut Vec<String>);
        let cases: [(&str, Tamper, &str); 6] = [
            ("tail cut", |lines| drop(lines.pop()), "its tail was cut"),
            ("line removed", |lines| drop(lines.remove(1)), "does not follow"),
            ("lines swapped", |lines| lines.swap(0, 1), "does not follow"),
            (
                "payload changed",
                |lines| lines[1] = lines[1].replace("\"title\":\"b\"", "\"title\":\"x\""),
                "payload",
            ),
            ("time changed", |lines| lines[1] = lines[1].replace(".123Z", ".124Z"), "does not have the hash"),
            ("no JSON", |lines| lines[1] = "x".repeat(lines[1].len()), "no journal entry"),
        ];
        for (name, tamper, told) in cases {
            let dir = tempfile::tempdir().unwrap();
            let head = journal_of(dir.path(), &["a", "b", "c"]);
            let path = file_path(dir.path());
            let text = std::fs::read_to_string(&path).unwrap();
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            tamper(&mut lines);
            std::fs::write(&path, lines.join("\n") + "\n").unwrap();
            let opened = Journal::open(dir.path(), &head).err().map(|error| error.to_string());
            let verified = verify(dir.path(), &head).err().map(|error| error.to_string());
            let said = format!("{opened:?} {verified:?}");
            assert!(verified.is_some() && said.contains(told), "{name}: {said}");
        }
    }

    #[test]
    fn an_erased_payload_keeps_the_chain() {
        let dir = tempfile::tempdir().unwrap();
        let head = journal_of(dir.path(), &["a", "b", "c"]);
        let path = file_path(dir.path());
        let text = std::fs::read_to_string(&path).unwrap();
        // Padded, so that every later line stays where the store knows it.
        let erased = text.replace(r#"{"title":"b","score":80}"#, "null                    ");
        assert_eq!(erased.len(), text.len());
        std::fs::write(&path, erased).unwrap();
        assert_eq!(verify(dir.path(), &head).unwrap(), 3);
        assert_eq!(Journal::open(dir.path(), &head).unwrap().head(), &head);
    }
}
