//! CDXJ: one line for each page in some WARC files, sorted by SURT key and time, which is what replay tools search.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Serialize;
use url::Url;

use super::surt::surt;
use super::{EvidenceError, HttpMessage, Problem, Record, WarcReader, files, http_response};

/// Bytes of a block that are held; beyond them a page is indexed all the same.
const BLOCK_CAP: usize = 1 << 20;
const BUFFER: usize = 256 << 10;

/// The lines of an index, and what could not be read for it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Index {
    /// Sorted, without line ends.
    pub lines: Vec<String>,
    /// Damage that was met; what lies beyond it is indexed.
    pub problems: Vec<Problem>,
}

/// The fields that replay tools ask for, all of them text.
#[derive(Serialize)]
struct Entry<'a> {
    url: &'a str,
    mime: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<&'a str>,
    length: String,
    offset: String,
    filename: &'a str,
}

/// Indexes the evidence of a data folder: what findings point at, not what is kept for some days only.
pub fn index(data: &Path) -> Result<Index, EvidenceError> {
    let folder = files::folder(data);
    let mut index = Index::default();
    for path in if folder.exists() { files::list(&folder)? } else { Vec::new() } {
        let file = File::open(&path).map_err(|error| files::unusable("read", &path, error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for record in WarcReader::checking(BufReader::with_capacity(BUFFER, file), BLOCK_CAP) {
            match record {
                Ok(record) => index.lines.extend(line(&record, &name, record.offset)),
                Err(error) => index.problems.push(Problem {
                    file: path.clone(),
                    offset: error.offset,
                    message: error.fault.to_string(),
                    finding: None,
                }),
            }
        }
    }
    index.lines.sort_unstable();
    Ok(index)
}

/// The line of a record, if pages are looked up by it.
pub(super) fn line(record: &Record, file: &str, offset: u64) -> Option<String> {
    if !matches!(record.kind.as_str(), "response" | "revisit") {
        return None;
    }
    let target = record.target()?;
    let key = surt(&Url::parse(target).ok()?)?;
    let date: String = record.date()?.to_string().chars().filter(char::is_ascii_digit).take(14).collect();
    let message = http_response(record).ok();
    let kind = message.as_ref().and_then(mime);
    let mime = if record.kind == "revisit" { "warc/revisit" } else { kind.as_deref().unwrap_or("unk") };
    let entry = Entry {
        url: target,
        mime,
        status: message.map(|message| message.status.to_string()),
        digest: record.field("WARC-Payload-Digest"),
        length: record.member_bytes?.to_string(),
        offset: offset.to_string(),
        filename: file,
    };
    let json = serde_json::to_string(&entry).ok()?;
    Some(format!("{key} {date} {json}"))
}

/// The media type without its parameters.
fn mime(message: &HttpMessage) -> Option<String> {
    let kind = message.header("content-type")?.split(';').next()?.trim();
    (!kind.is_empty()).then(|| kind.to_ascii_lowercase())
}
