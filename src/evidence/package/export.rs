//! Making a package.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::super::record::{self, CHAIN_BYTES, Collector};
use super::super::zip::{Entry, ZipWriter};
use super::super::{
    EvidenceError, Problem, Record, WarcError, WarcFault, WarcReader, files, revisit, verify,
};
use super::{
    ARCHIVE, FINDINGS, INDEX, JOURNAL, MANIFEST, MANIFEST_DIGEST, PAGES, PackedFinding, PackedPlace, STAMPS,
    VERSION, WARC, hash, index_text, json_lines, pages, resources,
};
use crate::clock::Timestamp;
use crate::evidence::cdxj;
use crate::finding::{Evidence, Finding, WarcPlace};

/// Bytes of a block that are held to check its payload digest.
const BLOCK_CAP: usize = 64 << 20;
/// Bytes of the chain before a page, at most: ten redirects, each with a body as large as any that is fetched.
const MAX_CHAIN: u64 = 128 << 20;

/// What goes into a package.
pub struct Export<'a> {
    /// The findings, each with the exchanges that the journal names for it besides the one that it points at.
    pub findings: Vec<(Finding, Vec<WarcPlace>)>,
    /// The journal from the first line about one of them to its end, other payloads left out.
    pub journal: String,
    /// Time stamps: name and token.
    pub stamps: Vec<(String, Vec<u8>)>,
    /// Who hands it out.
    pub collector: &'a Collector,
    /// When.
    pub at: Timestamp,
}

/// What [`export`] made.
#[derive(Debug)]
pub struct Exported {
    /// Findings in it.
    pub findings: usize,
    /// WARC records in it.
    pub records: usize,
    /// SHA-256 of its manifest, which covers everything in it; to be told to the recipient by another way.
    pub manifest_sha256: String,
    /// Earlier exchanges that could not be copied.
    pub problems: Vec<Problem>,
}

/// Bytes of evidence files that belong together: file, then where they begin → where they end.
type Ranges = BTreeMap<String, BTreeMap<u64, u64>>;

/// Writes a package of some findings of a data folder into a new file. The exchange that a finding points at must be
/// sound; an earlier one that is not is left out and told.
pub fn export(data: &Path, export: Export<'_>, to: &Path) -> Result<Exported, EvidenceError> {
    let mut problems = Vec::new();
    let mut ranges = Ranges::new();
    let mut wanted: Vec<(Finding, Vec<WarcPlace>)> = Vec::new();
    for (finding, mut places) in export.findings {
        let Evidence::Warc(latest) = finding.evidence.clone() else { continue };
        places.retain(|place| *place != latest);
        places.dedup();
        places.push(latest.clone());
        let mut sound = Vec::new();
        for place in places {
            let needed = needed(data, &place);
            match needed {
                Ok(needed) => {
                    for (file, start, end) in needed {
                        let last = ranges.entry(file).or_default().entry(start).or_insert(end);
                        *last = end.max(*last);
                    }
                    sound.push(place);
                }
                Err(error) => {
                    let file = files::folder(data).join(&place.warc);
                    let told = Problem {
                        file,
                        offset: error.offset,
                        message: error.fault.to_string(),
                        finding: Some(finding.id.clone()),
                    };
                    if place == latest {
                        return Err(EvidenceError::Unproven(Box::new(told)));
                    }
                    problems.push(told);
                }
            }
        }
        wanted.push((finding, sound));
    }
    // Beside the file that is asked for, so that a failed export leaves nothing under its name.
    let unfinished = to.with_extension("wacz.part");
    let unusable = |doing, error| files::unusable(doing, to, error);
    let file = File::create(&unfinished).map_err(|error| unusable("create", error))?;
    let packed =
        pack(data, file, &wanted, &ranges, &export.journal, &export.stamps, export.collector, export.at);
    let (manifest_sha256, records) = match packed {
        Ok(packed) => packed,
        Err(error) => {
            drop(std::fs::remove_file(&unfinished));
            return Err(unusable("write", error));
        }
    };
    // A package that was handed out is never written over.
    let free = OpenOptions::new().write(true).create_new(true).open(to);
    let named = free.and_then(|_| std::fs::rename(&unfinished, to));
    if let Err(error) = named {
        drop(std::fs::remove_file(&unfinished));
        return Err(unusable("create", error));
    }
    Ok(Exported { findings: wanted.len(), records, manifest_sha256, problems })
}

/// The chain of records that ends at a place and, where that is a revisit, the chain of its original.
fn needed(data: &Path, place: &WarcPlace) -> Result<Vec<(String, u64, u64)>, WarcError> {
    let record = verify::read_place(data, place, BLOCK_CAP)?;
    let mut needed = vec![range(&record, &place.warc)?];
    if record.kind == "revisit" {
        let original = revisit::original_at(data, place)?;
        let record = verify::read_at(data, &original.file, original.offset, BLOCK_CAP)?;
        needed.push(range(&record, &original.file)?);
    }
    Ok(needed)
}

fn range(record: &Record, file: &str) -> Result<(String, u64, u64), WarcError> {
    let offset = record.offset;
    let before = record.field(CHAIN_BYTES).and_then(|bytes| bytes.parse::<u64>().ok()).unwrap_or(0);
    let start = offset.checked_sub(before).filter(|_| before <= MAX_CHAIN);
    let end = record.member_bytes.and_then(|bytes| offset.checked_add(bytes));
    let range = start.zip(end).map(|(start, end)| (file.to_owned(), start, end));
    range.ok_or_else(|| WarcError {
        offset,
        fault: WarcFault::Other("it does not say truly where its chain begins".to_owned()),
    })
}

#[expect(clippy::too_many_arguments, reason = "the parts of one package, taken apart by its only caller")]
fn pack(
    data: &Path,
    file: File,
    wanted: &[(Finding, Vec<WarcPlace>)],
    ranges: &Ranges,
    journal: &str,
    stamps: &[(String, Vec<u8>)],
    collector: &Collector,
    at: Timestamp,
) -> io::Result<(String, usize)> {
    let mut zip = ZipWriter::new(file);
    let mut entries: Vec<Entry> = Vec::new();
    let copied = copy_records(data, ranges, collector, at)?;
    let Copied { moved, lines, targets, records, mut warc } = copied;
    warc.seek(SeekFrom::Start(0))?;
    entries.push(zip.add(ARCHIVE, &mut warc)?);
    let mut index = GzEncoder::new(Vec::new(), Compression::default());
    index.write_all(index_text(lines).as_bytes())?;
    entries.push(zip.add(INDEX, index.finish()?.as_slice())?);
    let packed = |place: &WarcPlace| {
        let offset = moved.get(&(place.warc.clone(), place.offset))?;
        Some(PackedPlace {
            offset: *offset,
            sha256: place.sha256.clone(),
            from: place.warc.clone(),
            from_offset: place.offset,
        })
    };
    let findings: Vec<PackedFinding> = wanted
        .iter()
        .map(|(finding, places)| PackedFinding {
            finding: finding.clone(),
            evidence: places.iter().filter_map(packed).collect(),
        })
        .collect();
    let target = |offset| targets.get(&offset).cloned();
    entries.push(zip.add(PAGES, pages(&findings, target).as_slice())?);
    let lines = findings.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
    entries.push(zip.add(FINDINGS, json_lines(lines).as_slice())?);
    entries.push(zip.add(JOURNAL, journal.as_bytes())?);
    for (name, token) in stamps {
        entries.push(zip.add(&format!("{STAMPS}{name}"), token.as_slice())?);
    }
    let latest = findings.first().and_then(|first| target(first.evidence.last()?.offset));
    let mut manifest = json!({
        "profile": "data-package",
        "wacz_version": VERSION,
        "title": format!("Evidence of {} findings", findings.len()),
        "description": "Web pages as they were received, the findings that rest on them, and the digest chain that \
                        fixes their order. `caveat evidence verify FILE` checks all of it.",
        "created": at.to_string(),
        "software": format!("caveat/{}", env!("CARGO_PKG_VERSION")),
        "resources": resources(&entries),
    });
    if let (Some((url, date)), Some(manifest)) = (latest, manifest.as_object_mut()) {
        manifest.insert("mainPageUrl".to_owned(), url.into());
        manifest.insert("mainPageDate".to_owned(), date.into());
    }
    let text = serde_json::to_string_pretty(&manifest)? + "\n";
    let sha256 = zip.add(MANIFEST, text.as_bytes())?.sha256;
    let digest = json!({ "path": MANIFEST, "hash": hash(&sha256) });
    zip.add(MANIFEST_DIGEST, (digest.to_string() + "\n").as_bytes())?;
    zip.finish()?;
    Ok((sha256, records))
}

/// The records of a package, in a file of their own until they are packed.
struct Copied {
    warc: File,
    /// Where a record lay → where it lies now.
    moved: BTreeMap<(String, u64), u64>,
    /// Of the index.
    lines: Vec<String>,
    /// Offset → URL and date.
    targets: BTreeMap<u64, (String, String)>,
    records: usize,
}

fn copy_records(data: &Path, ranges: &Ranges, collector: &Collector, at: Timestamp) -> io::Result<Copied> {
    let mut warc = tempfile_in(data)?;
    let about = [("isPartOf", "an excerpt: the records of some findings, copied byte for byte")];
    let info = record::warcinfo(WARC, at, collector, &about);
    warc.write_all(&info)?;
    let mut to = info.len() as u64;
    let mut copied =
        Copied { warc, moved: BTreeMap::new(), lines: Vec::new(), targets: BTreeMap::new(), records: 1 };
    for (name, ranges) in ranges {
        let mut done = 0;
        for (start, end) in ranges {
            // Chains may overlap only as a whole: one finding's page is another's original.
            let start = (*start).max(done);
            if start >= *end {
                continue;
            }
            let mut from = verify::open(data, name, start).map_err(io::Error::other)?;
            for record in WarcReader::checking(BufReader::new((&mut from).take(end - start)), BLOCK_CAP) {
                let record = record.map_err(io::Error::other)?;
                let (lies, now) = (start + record.offset, to + record.offset);
                copied.lines.extend(cdxj::line(&record, WARC, now));
                if let (Some(target), Some(date)) = (record.target(), record.field("WARC-Date")) {
                    copied.targets.insert(now, (target.to_owned(), date.to_owned()));
                }
                copied.moved.insert((name.clone(), lies), now);
                copied.records += 1;
            }
            from.seek(SeekFrom::Start(start))?;
            to += io::copy(&mut from.take(end - start), &mut copied.warc)?;
            done = *end;
        }
    }
    Ok(copied)
}

/// A file without a name, gone when it is closed.
fn tempfile_in(data: &Path) -> io::Result<File> {
    let path = files::folder(data).join("export.part");
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path)?;
    // Whoever has it open keeps it; nobody else finds it.
    std::fs::remove_file(&path)?;
    Ok(file)
}
