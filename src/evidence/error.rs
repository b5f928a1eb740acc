//! What can be wrong with evidence: each with file, offset and what to do.

use std::path::PathBuf;
use std::sync::Arc;

use super::Problem;

/// Why evidence could not be written or read. Cheap to clone, because one failed group answers many callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EvidenceError {
    /// Another process writes there.
    #[error("another caveat process writes evidence in {path}; wait until it has finished or stop it")]
    Held {
        /// The evidence folder.
        path: PathBuf,
    },
    /// The folder or a file cannot be created, read or written.
    #[error("cannot {doing} {path}: {cause}; check that it exists and that you may do that")]
    Unusable {
        /// What was tried.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        cause: Arc<std::io::Error>,
    },
    /// No room.
    #[error("the disk that holds {path} is full: {needed} bytes must be free, {free} are; free some space")]
    DiskFull {
        /// The evidence folder.
        path: PathBuf,
        /// Bytes that must be free.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// More exchanges wait than may.
    #[error("{0} exchanges wait for the disk already; wait for some to be kept")]
    Overloaded(usize),
    /// The server says that a page is unchanged, and the record of the page cannot be read.
    #[error("the page is said to be unchanged, but its earlier record {0}; ask for the whole page again")]
    NoOriginal(String),
    /// The record that a finding points at is not as it was written, so that nothing can be exported.
    #[error("{} at byte {}: {}; `caveat evidence verify` shows everything that is wrong", .0.file.display(), .0.offset, .0.message)]
    Unproven(Box<Problem>),
    /// Nothing to keep.
    #[error("no exchange to keep")]
    Empty,
    /// The writer has stopped.
    #[error("the evidence writer has stopped: {0}")]
    Stopped(String),
}

/// Why a record could not be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("at byte {offset}: {fault}")]
pub struct WarcError {
    /// Byte offset into the file of the record (in a compressed file: of its gzip member).
    pub offset: u64,
    /// What is wrong.
    pub fault: WarcFault,
}

/// What is wrong with a record.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WarcFault {
    /// The bytes could not be read.
    #[error("cannot be read: {0}")]
    Io(Arc<std::io::Error>),
    /// No `WARC/1.x` line where a record must begin.
    #[error("not a WARC record: begins with {0:?}")]
    NotWarc(String),
    /// An ARC file, the format before WARC.
    #[error("an ARC file, the format before WARC, which is not read; convert it first")]
    Arc,
    /// A header without end, or above its cap.
    #[error("the record header has more than {0} bytes")]
    HeaderTooLong(usize),
    /// A header line without colon, or no UTF-8.
    #[error("the record header has a line that is no field: {0:?}")]
    BadField(String),
    /// No Content-Length, or no number.
    #[error("the record has no usable Content-Length")]
    NoLength,
    /// The file ends inside a record.
    #[error("the file ends inside the record: {missing} of {length} bytes are missing")]
    Cut {
        /// Bytes that the record has according to its header.
        length: u64,
        /// Bytes that are missing.
        missing: u64,
    },
    /// The record does not end where its Content-Length says.
    #[error("the record does not end where its Content-Length says")]
    BadEnd,
    /// The gzip member is damaged.
    #[error("the gzip member is damaged: {0}")]
    Gzip(String),
    /// Longer than anything that is read.
    #[error("the record claims {length} bytes, more than the {most} that are read")]
    TooLong {
        /// Bytes that the record has according to its header.
        length: u64,
        /// Bytes that are read at most.
        most: u64,
    },
    /// The file ends inside a record's header.
    #[error("the file ends inside the record header")]
    HeaderCut,
    /// A response that is none.
    #[error("the HTTP message in the record cannot be read: {0}")]
    Http(&'static str),
    /// The place does not hold what was promised.
    #[error("the record is not the one that the finding points at: {0}")]
    Other(String),
    /// A digest that does not fit.
    #[error("{field} is {stated}, but the bytes give {found}")]
    Digest {
        /// Which digest.
        field: &'static str,
        /// What the header says.
        stated: String,
        /// What the bytes give.
        found: String,
    },
}
