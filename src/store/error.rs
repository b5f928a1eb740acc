//! Why the store refused: each with the path or key it is about, and what to do next.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::finding::Refusal;

/// What can go wrong in the store. Cheap to clone, because one failed group answers many callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another process has the folder open.
    #[error(
        "another caveat process{holder} holds the data folder {path}; wait until it has finished, stop it, \
         or choose another folder with --data"
    )]
    Held {
        /// The data folder.
        path: PathBuf,
        /// Who holds it, as far as the lock file tells.
        holder: Holder,
    },
    /// The folder holds no store.
    #[error(
        "{path} is no data folder of caveat: crawl something first (`caveat demo` needs nothing), or name another \
         with --data"
    )]
    NoStore {
        /// The folder.
        path: PathBuf,
    },
    /// The folder cannot be created, read or written.
    #[error("cannot {doing} {path}: {cause}; check that the folder exists and that you may write there")]
    Unusable {
        /// What was tried: `create`, `read`, `write`, …
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: Cause,
    },
    /// The file system has no room for another group of changes.
    #[error(
        "the disk that holds {path} is full: {needed} bytes must be free, {free} are; free some space or \
         move the data folder, nothing that was acknowledged is lost"
    )]
    DiskFull {
        /// The data folder.
        path: PathBuf,
        /// Bytes that must be free before anything is written.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// Written by a newer (or unknown) version of this program.
    #[error(
        "{what} in {path} has format {found}, this program knows {known}; use the version of caveat that \
         wrote it"
    )]
    UnknownVersion {
        /// The data folder.
        path: PathBuf,
        /// Which file or kind of row.
        what: String,
        /// The version byte or number found.
        found: u64,
        /// The newest version known here.
        known: u64,
    },
    /// The store, its STATE file and its journal do not tell the same story.
    #[error("{path} is damaged: {what}; run `caveat doctor` before anything else")]
    Damaged {
        /// The data folder.
        path: PathBuf,
        /// What disagrees.
        what: String,
    },
    /// sled failed underneath.
    #[error("the store in {path} failed: {cause}; run `caveat doctor`")]
    Engine {
        /// The data folder.
        path: PathBuf,
        /// What sled said.
        cause: Cause,
    },
    /// A row does not decode.
    #[error("a row of {table} cannot be read ({key}): {cause}; run `caveat doctor`")]
    BadRow {
        /// The table.
        table: &'static str,
        /// The row's key, escaped.
        key: String,
        /// What is wrong with it.
        cause: Cause,
    },
    /// A source id, gate, host or URL that cannot be a key.
    #[error("{what} {value:?} cannot be stored: {why}")]
    BadKey {
        /// What kind of name.
        what: &'static str,
        /// The name, cut.
        value: String,
        /// Why not.
        why: &'static str,
    },
    /// A value above its cap.
    #[error("{what} is {size} bytes, more than the {cap} that the store keeps")]
    TooLarge {
        /// What it is.
        what: String,
        /// Its size in bytes.
        size: usize,
        /// The cap in bytes.
        cap: usize,
    },
    /// A step that does not follow, or that somebody was faster with.
    #[error("finding {finding}: {refusal}")]
    Refused {
        /// The finding's id.
        finding: String,
        /// Why.
        refusal: Refusal,
    },
    /// The job is not queued: it was settled before, or belongs to an earlier run.
    #[error("{url} of source {source_id} is not queued, so it cannot be settled (again)")]
    NotQueued {
        /// The source.
        source_id: String,
        /// The job's URL.
        url: String,
    },
    /// No such run.
    #[error("source {source_id} has no run {run}")]
    NoRun {
        /// The source.
        source_id: String,
        /// The run's number.
        run: u64,
    },
    /// A run cannot be finished while anything is queued.
    #[error(
        "run {run} of source {source_id} is not finished: {queued} pages are queued, {leased} of them in flight"
    )]
    Unfinished {
        /// The source.
        source_id: String,
        /// The run's number.
        run: u64,
        /// Jobs queued, leased ones too.
        queued: u64,
        /// Jobs in flight.
        leased: u64,
    },
    /// A finding id or prefix that names none or several.
    #[error(
        "{count} an id that begins with {prefix:?}; give one whole id from `caveat findings list`",
        count = match count { 0 => "no finding has", _ => "several findings have" }
    )]
    NotOne {
        /// What was asked for.
        prefix: String,
        /// How many there are; 2 stands for several.
        count: usize,
    },
    /// More changes wait than the writer can hold.
    #[error("{0} changes wait for the disk already; wait for some to be acknowledged")]
    Overloaded(usize),
    /// The writer has stopped after an earlier failure or because the store is closing.
    #[error("the store has stopped writing: {0}")]
    Stopped(String),
}

/// What the layer below said.
#[derive(Debug, Clone)]
pub struct Cause(Arc<dyn std::error::Error + Send + Sync>);

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Cause {
    fn from(cause: E) -> Self {
        Self(Arc::from(cause.into()))
    }
}

/// Which process holds a data folder; empty when the lock file does not say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder(pub Option<u32>);

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(process) => write!(f, " (process {process})"),
            None => Ok(()),
        }
    }
}
