//! Time stamps (RFC 3161): what an authority signs about the end of the digest chain, kept beside the evidence.
//!
//! A stamp says that everything up to a line of the journal existed at a time, by the authority's clock instead of this
//! machine's. Here it is asked for, read and kept; whether its signature holds is for a program with certificates to say
//! (`openssl ts -verify`).

mod der;

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use self::der::{Der, Tag};
use super::{EvidenceError, digest, files};
use crate::clock::Timestamp;

/// 2.16.840.1.101.3.4.2.1
const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// 1.2.840.113549.1.7.2
const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];
/// 1.2.840.113549.1.9.16.1.4
const TST_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
/// A token has some kilobytes, with its certificates up to about twenty.
pub const MAX_TOKEN: usize = 256 << 10;
/// Stamps that are read: ten a day for a year.
const MAX_STAMPS: usize = 4_000;

/// What a token says; nothing of it is proven before its signature is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The digest that was stamped, hexadecimal.
    pub sha256: String,
    /// When, by the authority's clock, to the second.
    pub at: Timestamp,
    /// The number that came with the request.
    pub nonce: Option<u64>,
}

/// Why an answer is no time stamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampFault {
    /// Not in the form that RFC 3161 wants.
    #[error("the answer is no time stamp: {0}")]
    Malformed(&'static str),
    /// The authority says no.
    #[error("the authority refused to stamp: status {status}{}", .said.as_deref().map(|said| format!(", {said:?}")).unwrap_or_default())]
    Refused {
        /// 2 is a rejection; others see RFC 3161, 2.4.2.
        status: u64,
        /// What it said.
        said: Option<String>,
    },
    /// Another digest than the one that was sent.
    #[error("the answer stamps something else than what was asked for")]
    OtherDigest,
    /// An answer to somebody else's question, or an old one.
    #[error("the answer does not carry the number of the request")]
    OtherNonce,
}

/// The bytes of a SHA-256 in hexadecimal digits.
pub fn digest_of(text: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    for (place, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(place * 2..place * 2 + 2)?, 16).ok()?;
    }
    (text.len() == 64).then_some(digest)
}

/// A request to stamp a SHA-256, with the authority's certificate in the answer.
pub fn request(sha256: &[u8; 32], nonce: u64) -> Vec<u8> {
    let algorithm = der::sequence(&[der::value(Tag::Oid, SHA256), der::value(Tag::Null, &[])]);
    let imprint = der::sequence(&[algorithm, der::value(Tag::Octets, sha256)]);
    der::sequence(&[der::integer(1), imprint, der::integer(nonce), der::value(Tag::Boolean, &[0xff])])
}

/// Reads the answer to a request.
pub fn read(answer: &[u8]) -> Result<Stamp, StampFault> {
    if answer.len() > MAX_TOKEN {
        return Err(StampFault::Malformed("it is too long"));
    }
    let mut whole = Der::new(answer);
    let mut response = whole.inside(Tag::Sequence)?;
    if !whole.is_empty() {
        return Err(StampFault::Malformed("bytes follow it"));
    }
    let mut status_info = response.inside(Tag::Sequence)?;
    let status = der::small(status_info.take(Tag::Integer)?).unwrap_or(u64::MAX);
    // 0 granted, 1 granted with modifications.
    if status > 1 {
        let said = status_info.inside(Tag::Sequence).and_then(|mut texts| texts.take(Tag::Utf8));
        let said = said.ok().map(|said| String::from_utf8_lossy(said).into_owned());
        return Err(StampFault::Refused { status, said });
    }
    let mut content = response.inside(Tag::Sequence)?;
    if content.take(Tag::Oid)? != SIGNED_DATA {
        return Err(StampFault::Malformed("it is not signed data"));
    }
    let mut signed = content.inside(Tag::Explicit0)?.inside(Tag::Sequence)?;
    signed.take(Tag::Integer)?;
    signed.take(Tag::Set)?;
    let mut encapsulated = signed.inside(Tag::Sequence)?;
    if encapsulated.take(Tag::Oid)? != TST_INFO {
        return Err(StampFault::Malformed("what is signed is no time stamp"));
    }
    let info = encapsulated.inside(Tag::Explicit0)?.take(Tag::Octets)?;
    stamp(&mut Der::new(info).inside(Tag::Sequence)?)
}

/// The `TSTInfo`.
fn stamp(info: &mut Der<'_>) -> Result<Stamp, StampFault> {
    info.take(Tag::Integer)?;
    info.take(Tag::Oid)?;
    let mut imprint = info.inside(Tag::Sequence)?;
    if imprint.inside(Tag::Sequence)?.take(Tag::Oid)? != SHA256 {
        return Err(StampFault::Malformed("it stamps a digest that is not SHA-256"));
    }
    let sha256 = imprint.take(Tag::Octets)?;
    if sha256.len() != 32 {
        return Err(StampFault::Malformed("its digest has not 32 bytes"));
    }
    info.take(Tag::Integer)?;
    let at = time(info.take(Tag::Time)?).ok_or(StampFault::Malformed("its time cannot be read"))?;
    // Accuracy and ordering may stand before it.
    let nonce = loop {
        match info.next()? {
            Some((tag, bytes)) if tag == Tag::Integer as u8 => break der::small(bytes),
            Some(_) => {}
            None => break None,
        }
    };
    Ok(Stamp { sha256: digest::hex(sha256), at, nonce })
}

/// `YYYYMMDDHHMMSS[.f…]Z`, to the second.
fn time(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (digits, fraction) = text.split_at_checked(14)?;
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(digits) || !(fraction.is_empty() || fraction.strip_prefix('.').is_some_and(plain)) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to);
    let [year, month, day] = [part(0, 4)?, part(4, 6)?, part(6, 8)?];
    let [hour, minute, second] = [part(8, 10)?, part(10, 12)?, part(12, 14)?];
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

/// Checks the answer to a request and keeps it beside the evidence of a data folder, on disk. Answers what it says and
/// where it lies.
pub fn keep(
    data: &Path,
    line: u64,
    sha256: &[u8; 32],
    nonce: u64,
    answer: &[u8],
) -> Result<(Stamp, PathBuf), KeepError> {
    let stamp = read(answer)?;
    if stamp.sha256 != digest::hex(sha256) {
        return Err(StampFault::OtherDigest.into());
    }
    if stamp.nonce != Some(nonce) {
        return Err(StampFault::OtherNonce.into());
    }
    let folder = folder(data);
    let unusable = |error| files::unusable("write", &folder, error);
    fs::create_dir_all(&folder).map_err(unusable)?;
    let path = folder.join(format!("journal-{line:09}.tsr"));
    let unfinished = path.with_extension("part");
    let mut file = File::create(&unfinished).map_err(unusable)?;
    file.write_all(answer).and_then(|()| file.sync_all()).map_err(unusable)?;
    fs::rename(&unfinished, &path).map_err(unusable)?;
    files::sync_folder(&folder)?;
    Ok((stamp, path))
}

/// Why a stamp was not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// It is none, or not the one that was asked for.
    #[error(transparent)]
    Stamp(#[from] StampFault),
    /// The disk.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

/// Every kept token of a data folder, by name.
pub fn kept(data: &Path) -> Result<Vec<(String, Vec<u8>)>, EvidenceError> {
    let folder = folder(data);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let unusable = |error| files::unusable("read", &folder, error);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(unusable)? {
        let name = entry.map_err(unusable)?.file_name().to_string_lossy().into_owned();
        let ours = name.strip_suffix(".tsr").is_some_and(|name| {
            name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        });
        if ours && names.len() < MAX_STAMPS {
            names.push(name);
        }
    }
    names.sort();
    let read = |name: String| {
        let mut token = Vec::new();
        let file = OpenOptions::new().read(true).open(folder.join(&name)).map_err(unusable)?;
        file.take(MAX_TOKEN as u64 + 1).read_to_end(&mut token).map_err(unusable)?;
        Ok((name, token))
    };
    names.into_iter().map(read).collect()
}

fn folder(data: &Path) -> PathBuf {
    files::folder(data).join("stamps")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: &[u8] = b"20261124200000Z";

    fn answer(status: u64, algorithm: &[u8], sha256: &[u8], time: &[u8], nonce: Option<u64>) -> Vec<u8> {
        let imprint = der::sequence(&[
            der::sequence(&[der::value(Tag::Oid, algorithm)]),
            der::value(Tag::Octets, sha256),
        ]);
        let mut parts = vec![
            der::integer(1),
            der::value(Tag::Oid, &[0x2a, 3, 4]),
            imprint,
            der::integer(7),
            der::value(Tag::Time, time),
            der::sequence(&[der::integer(1)]),
        ];
        parts.extend(nonce.map(der::integer));
        let info = der::value(Tag::Octets, &der::sequence(&parts));
        let inner = der::sequence(&[der::value(Tag::Oid, TST_INFO), der::value(Tag::Explicit0, &info)]);
        let signed = der::sequence(&[der::integer(3), der::value(Tag::Set, &[]), inner]);
        let content =
            der::sequence(&[der::value(Tag::Oid, SIGNED_DATA), der::value(Tag::Explicit0, &signed)]);
        der::sequence(&[der::sequence(&[der::integer(status)]), content])
    }

    #[test]
    fn a_token_is_read_and_what_is_none_is_told() {
        let read = |bytes: &[u8]| super::read(bytes).map_err(|fault| fault.to_string());
        let good = answer(0, SHA256, &[7; 32], NOW, Some(0xffee_ddcc_bbaa_9988));
        let stamp = read(&good).unwrap();
        assert_eq!((stamp.sha256, stamp.nonce), ("07".repeat(32), Some(0xffee_ddcc_bbaa_9988)));
        assert_eq!(stamp.at.to_string(), "2026-11-24T20:00:00Z");
        assert_eq!(read(&answer(1, SHA256, &[7; 32], b"20261124200000.25Z", None)).unwrap().nonce, None);
        let refusal = der::sequence(&[der::sequence(&[
            der::integer(2),
            der::sequence(&[der::value(Tag::Utf8, b"no\x1b[2J")]),
        ])]);
        for (bytes, told) in [
            (refusal, "status 2, \"no\\u{1b}[2J\""),
            (answer(0, &[0x2a], &[7; 32], NOW, None), "not SHA-256"),
            (answer(0, SHA256, &[7; 31], NOW, None), "not 32 bytes"),
            (answer(0, SHA256, &[7; 32], b"20261324200000Z", None), "time cannot be read"),
            (answer(0, SHA256, &[7; 32], b"20261124200000", None), "time cannot be read"),
            ([good.as_slice(), b"x"].concat(), "bytes follow it"),
            (good[..good.len() - 1].to_vec(), "no time stamp"),
            (b"<html>".to_vec(), "no time stamp"),
            (Vec::new(), "no time stamp"),
            (vec![0x30; MAX_TOKEN + 1], "too long"),
        ] {
            let error = read(&bytes).unwrap_err();
            assert!(error.contains(told), "{error:?} lacks {told:?}");
        }
    }

    #[test]
    fn only_the_answer_to_the_question_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let token = answer(0, SHA256, &[7; 32], NOW, Some(5));
        let keep = |sha256, nonce| keep(dir.path(), 12, &sha256, nonce, &token);
        assert!(matches!(keep([8; 32], 5), Err(KeepError::Stamp(StampFault::OtherDigest))));
        assert!(matches!(keep([7; 32], 6), Err(KeepError::Stamp(StampFault::OtherNonce))));
        assert_eq!(kept(dir.path()).unwrap(), []);
        let (_, path) = keep([7; 32], 5).unwrap();
        assert!(path.ends_with("evidence/stamps/journal-000000012.tsr"), "{}", path.display());
        assert_eq!(kept(dir.path()).unwrap(), [("journal-000000012.tsr".to_owned(), token)]);
    }

    proptest! {
        #[test]
        fn damaged_tokens_never_panic(at: usize, byte: u8, cut: usize) {
            let mut token = answer(0, SHA256, &[7; 32], NOW, Some(5));
            let (at, cut) = (at % token.len(), cut % token.len());
            token[at] = byte;
            drop(read(&token));
            drop(read(&token[..cut]));
        }
    }
}
