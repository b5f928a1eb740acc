//! Evidence: the exchanges as they happened, in WARC 1.1 files that other tools read.
//!
//! An [`EvidenceWriter`] answers only when the records are on disk, so that a finding never points at nothing. A
//! [`WarcReader`] reads our own and foreign files. [`verify`] proves that what findings point at is unchanged. Files lie
//! in the `evidence` folder of a data folder, as `caveat-YYYYMMDDHHMMSS-NNNNN.warc.gz`; exchanges that led to no finding
//! in `evidence/unflagged`, a file a day, so that they can be dropped by whole files.

mod cdxj;
mod digest;
mod error;
mod files;
mod http;
mod input;
pub mod package;
mod reader;
mod record;
mod revisit;
pub mod stamp;
mod surt;
mod verify;
mod writer;
mod zip;

pub use cdxj::{Index, index};
pub use error::{EvidenceError, WarcError, WarcFault};
pub use files::Repair;
pub use http::{HttpMessage, http_response};
pub use reader::{Record, WarcReader};
pub use record::{Collector, Provenance};
pub use verify::{Claim, Problem, Verified, read_place, verify};
pub use writer::{Chain, EvidenceWriter, Kept, Pruned};
