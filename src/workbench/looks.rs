//! How often the blind split was looked at. Each look lets a person choose what suits it, so each is counted, and where it
//! cannot be counted it is not shown.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::corpus::{Corpus, LOOKS_FILE};
use super::eval::Totals;

/// Beyond this the file is no list of looks.
const MAX_BYTES: u64 = 64 << 20;

/// One look.
#[derive(Debug, Clone, Serialize)]
pub struct Look<'t> {
    /// When (RFC 3339).
    pub time: String,
    /// What looked (`rules eval`, `corpus export`).
    pub by: &'static str,
    /// Hash of the blind split.
    pub corpus: &'t str,
    /// Hash of the rules that ran, if rules ran.
    pub rules: Option<&'t str>,
    /// What was seen.
    pub totals: Option<&'t Totals>,
}

/// The part of a look that is read again.
#[derive(Debug, Deserialize)]
struct Seen {
    corpus: String,
}

/// The file beside the blind listings, in the folder of the first of their files: whoever names the corpus in another way
/// finds the same count.
pub fn file(blind: &Corpus) -> PathBuf {
    let first = blind.entries.iter().map(|entry| Path::new(entry.place.file.as_str())).min();
    first.and_then(Path::parent).unwrap_or(Path::new("")).join(LOOKS_FILE)
}

/// How often this blind split was looked at, and any.
pub fn count(file: &Path, corpus: &str) -> io::Result<(usize, usize)> {
    match fs::metadata(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((0, 0)),
        other => {
            if other?.len() > MAX_BYTES {
                return Err(io::Error::other(format!("larger than {} MB", MAX_BYTES >> 20)));
            }
        }
    }
    let text = fs::read_to_string(file)?;
    // A damaged line was a look, too.
    let looks = text.lines().filter(|line| !line.trim().is_empty());
    let looks: Vec<Option<Seen>> = looks.map(|line| serde_json::from_str(line).ok()).collect();
    let same = looks.iter().flatten().filter(|seen| seen.corpus == corpus).count();
    Ok((same, looks.len()))
}

/// Notes a look, on disk before it answers.
pub fn note(file: &Path, look: &Look<'_>) -> io::Result<()> {
    let mut line = serde_json::to_vec(look)?;
    line.push(b'\n');
    let mut out = fs::OpenOptions::new().create(true).append(true).open(file)?;
    out.write_all(&line)?;
    out.sync_data()
}
