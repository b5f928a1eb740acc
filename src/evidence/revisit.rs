//! Where a `revisit` record leads: to the response whose payload it does not repeat. A revisit alone proves no page.

use std::path::Path;

use super::record::{Original, REFERS_TO_FILE, REFERS_TO_OFFSET};
use super::verify::{read_at, read_place};
use super::{Record, WarcError, WarcFault, digest};
use crate::finding::WarcPlace;

/// Bytes of a block that are held; only its header and digests are needed.
const BLOCK_CAP: usize = 16 << 20;

/// What a new revisit can refer to: the response at `place`, or the one that the revisit there refers to.
pub(super) fn original_at(data: &Path, place: &WarcPlace) -> Result<Original, WarcError> {
    let record = read_place(data, place, BLOCK_CAP)?;
    let at = |fault| WarcError { offset: place.offset, fault };
    let (record, file) = if record.kind == "revisit" {
        let (file, _) = reference(&record).map_err(at)?;
        (read_original(data, &record)?, file.to_owned())
    } else {
        (record, place.warc.clone())
    };
    let field = |name| record.field(name).map(str::to_owned);
    let original = || {
        Some(Original {
            id: field("WARC-Record-ID")?,
            target: record.target()?.to_owned(),
            date: field("WARC-Date")?,
            payload_digest: field("WARC-Payload-Digest")?,
            file,
            offset: record.offset,
        })
    };
    original().ok_or_else(|| at(WarcFault::Other("it lacks a field that a revisit needs".to_owned())))
}

/// Reads the response that a revisit of a data folder refers to and checks that it is the one.
pub(super) fn read_original(data: &Path, revisit: &Record) -> Result<Record, WarcError> {
    let at = |fault| WarcError { offset: revisit.offset, fault };
    let (file, offset) = reference(revisit).map_err(at)?;
    let original = read_at(data, file, offset, BLOCK_CAP)?;
    match mismatch(revisit, &original) {
        None => Ok(original),
        Some(fault) => Err(at(fault)),
    }
}

/// Why a record is not the one that a revisit refers to.
pub(super) fn mismatch(revisit: &Record, original: &Record) -> Option<WarcFault> {
    let other = |what: &str| Some(WarcFault::Other(format!("it refers to a record that {what}")));
    let id = revisit.field("WARC-Refers-To");
    if original.kind != "response" {
        return other("is no response");
    }
    if id.is_none() || id != original.field("WARC-Record-ID") {
        return other("is not there");
    }
    let stated = revisit.field("WARC-Payload-Digest");
    if stated.is_some() && stated != original.field("WARC-Payload-Digest") {
        return other("has another payload");
    }
    // Only a digest of ours has been checked by the reader.
    let ours = |digest: &str| digest.starts_with(digest::LABEL);
    if original.field("WARC-Payload-Digest").is_some_and(ours) { None } else { other("has no digest") }
}

fn reference(revisit: &Record) -> Result<(&str, u64), WarcFault> {
    let file = revisit.field(REFERS_TO_FILE);
    let offset = revisit.field(REFERS_TO_OFFSET).and_then(|offset| offset.parse().ok());
    file.zip(offset).ok_or_else(|| WarcFault::Other("it does not say where its original lies".to_owned()))
}
