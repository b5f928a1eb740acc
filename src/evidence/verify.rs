//! Proving evidence: every record's digests, every gzip member, and that what findings point at is unchanged.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{EvidenceError, Record, WarcError, WarcFault, WarcReader, files, revisit};
use crate::finding::WarcPlace;

/// Bytes of a block that are held to check its payload digest; longer blocks have their block digest checked only.
const BLOCK_CAP: usize = 64 << 20;
const BUFFER: usize = 256 << 10;

/// A finding's claim: its id and what it points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The finding's id.
    pub finding: String,
    /// Where its proof lies.
    pub place: WarcPlace,
}

/// What [`verify`] saw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verified {
    /// WARC files read.
    pub files: u64,
    /// Records read.
    pub records: u64,
    /// Claims that hold.
    pub proven: u64,
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong with the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// Where in it.
    pub offset: u64,
    /// What is wrong.
    pub message: String,
    /// The finding that loses its proof by it; `None` when no finding points there.
    pub finding: Option<String>,
}

/// Reads every record of a data folder's evidence, checks digests and gzip members, and proves the claims.
pub fn verify(data: &Path, claims: &[Claim]) -> Result<Verified, EvidenceError> {
    let folder = files::folder(data);
    let mut claimed: BTreeMap<&str, BTreeMap<u64, Vec<&Claim>>> = BTreeMap::new();
    for claim in claims {
        let places = claimed.entry(claim.place.warc.as_str()).or_default();
        places.entry(claim.place.offset).or_default().push(claim);
    }
    let mut verified = Verified::default();
    // A workspace that has flagged nothing yet has no evidence folder.
    let list = if folder.exists() { files::list(&folder)? } else { Vec::new() };
    for path in list {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let places = claimed.remove(name.as_str()).unwrap_or_default();
        verify_file(data, &path, places, &mut verified)?;
    }
    let passing = files::passing_folder(data);
    for path in if passing.exists() { files::list(&passing)? } else { Vec::new() } {
        verify_file(data, &path, BTreeMap::new(), &mut verified)?;
    }
    for (name, places) in claimed {
        for claim in places.into_values().flatten() {
            verified.problems.push(Problem {
                file: folder.join(name),
                offset: claim.place.offset,
                message: "the file is missing".to_owned(),
                finding: Some(claim.finding.clone()),
            });
        }
    }
    Ok(verified)
}

fn verify_file(
    data: &Path,
    path: &Path,
    mut places: BTreeMap<u64, Vec<&Claim>>,
    verified: &mut Verified,
) -> Result<(), EvidenceError> {
    let file = File::open(path).map_err(|error| files::unusable("read", path, error))?;
    verified.files += 1;
    let problem = |offset, message: String, finding: Option<&Claim>| Problem {
        file: path.to_owned(),
        offset,
        message,
        finding: finding.map(|claim| claim.finding.clone()),
    };
    for record in WarcReader::checking(BufReader::with_capacity(BUFFER, file), BLOCK_CAP) {
        match record {
            Ok(record) => {
                verified.records += 1;
                // A revisit is worth what its original is worth.
                let broken = (record.kind == "revisit").then(|| revisit::read_original(data, &record).err());
                let broken = broken.flatten().map(|error| error.fault);
                if let (Some(fault), false) = (&broken, places.contains_key(&record.offset)) {
                    verified.problems.push(problem(record.offset, fault.to_string(), None));
                }
                for claim in places.remove(&record.offset).unwrap_or_default() {
                    match mismatch(&record, &claim.place).or_else(|| broken.clone()) {
                        None => verified.proven += 1,
                        Some(fault) => {
                            verified.problems.push(problem(record.offset, fault.to_string(), Some(claim)));
                        }
                    }
                }
            }
            Err(WarcError { offset, fault }) => {
                let losers = places.remove(&offset).unwrap_or_default();
                if losers.is_empty() {
                    verified.problems.push(problem(offset, fault.to_string(), None));
                }
                for claim in losers {
                    verified.problems.push(problem(offset, fault.to_string(), Some(claim)));
                }
            }
        }
    }
    for claim in places.into_values().flatten() {
        let message = "no record begins here".to_owned();
        verified.problems.push(problem(claim.place.offset, message, Some(claim)));
    }
    Ok(())
}

/// Reads the record that a finding points at and checks that it is the one.
pub fn read_place(data: &Path, place: &WarcPlace, block_cap: usize) -> Result<Record, WarcError> {
    let record = read_at(data, &place.warc, place.offset, block_cap)?;
    match mismatch(&record, place) {
        None => Ok(record),
        Some(fault) => Err(WarcError { offset: place.offset, fault }),
    }
}

/// Reads the record at an offset of an evidence file, with its digests checked.
pub(super) fn read_at(data: &Path, warc: &str, offset: u64, block_cap: usize) -> Result<Record, WarcError> {
    let at = |fault| WarcError { offset, fault };
    let file = open(data, warc, offset).map_err(at)?;
    let mut reader = WarcReader::checking(BufReader::new(file), block_cap);
    let record = reader.next().ok_or_else(|| at(WarcFault::Other("the file ends before it".to_owned())))?;
    let mut record = record.map_err(|error| at(error.fault))?;
    record.offset += offset;
    Ok(record)
}

/// An evidence file, at an offset.
pub(super) fn open(data: &Path, warc: &str, offset: u64) -> Result<File, WarcFault> {
    // The name comes from a row or a record; only a plain file name of ours may become a path.
    let name = Path::new(warc);
    if files::serial(name).is_none() || name.components().count() != 1 {
        return Err(WarcFault::Other(format!("{warc:?} is no evidence file")));
    }
    let unreadable = |error| WarcFault::Io(Arc::new(error));
    let mut file = File::open(files::folder(data).join(name)).map_err(unreadable)?;
    file.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
    Ok(file)
}

pub(super) fn mismatch(record: &Record, place: &WarcPlace) -> Option<WarcFault> {
    if !matches!(record.kind.as_str(), "response" | "revisit") {
        return Some(WarcFault::Other(format!("it is a {} record", record.kind)));
    }
    match &record.member_sha256 {
        Some(sha256) if *sha256 == place.sha256 => None,
        Some(sha256) => {
            Some(WarcFault::Other(format!("its SHA-256 is {sha256}, the finding says {}", place.sha256)))
        }
        None => Some(WarcFault::Other("it does not fill a gzip member of its own".to_owned())),
    }
}
