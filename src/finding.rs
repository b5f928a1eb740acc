//! What matching says of a listing ([`Verdict`], its [`Hit`]s) and what is kept of a flagged one ([`Finding`]).

mod review;

use serde::{Deserialize, Serialize};

pub use review::{
    Action, MAX_NAME, MAX_NOTE, MAX_STEPS, Reason, Refusal, Review, Step, Subject, Taken, content_digest,
};

use crate::clock::Timestamp;
use crate::listing::Listing;

/// How much harm a class of products can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// A formal fault.
    Low,
    /// Harm is possible.
    Medium,
    /// Serious harm is likely for some.
    High,
    /// Death or lasting injury.
    Critical,
}

impl Severity {
    /// All severities, mildest first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The lower-case name used in files and output.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl std::str::FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.name() == text)
            .ok_or_else(|| format!("{text:?} is not one of low, medium, high, critical"))
    }
}

/// Flag or pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ruling {
    /// At least one unsuppressed hit of a trial or active rule.
    Flag,
    /// Nothing that an officer needs to see.
    Pass,
}

/// What the rules say of one listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Flag or pass.
    #[serde(rename = "verdict")]
    pub ruling: Ruling,
    /// 0 to 100; the formula stands in docs/rules.md.
    pub score: u8,
    /// Of the top hit; `None` on a pass.
    pub severity: Option<Severity>,
    /// Of the top hit; `None` on a pass.
    pub class: Option<String>,
    /// Every hit, suppressed ones too, best first.
    pub hits: Vec<Hit>,
}

/// One rule that matched one listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// The rule's id.
    pub rule: String,
    /// The rule's class in the taxonomy.
    pub class: String,
    /// The class's severity.
    pub severity: Severity,
    /// The exception that suppressed it, if one did.
    pub suppressed_by: Option<String>,
    /// Where its patterns matched, in field order, then by place.
    pub matches: Vec<Match>,
}

/// Where one pattern matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// The pattern's name in its rule.
    pub pattern: String,
    /// `title`, `description`, `attributes.NAME`, `category[0]`, …
    pub field: String,
    /// The original text between `start` and `end`.
    pub text: String,
    /// Byte offset into the field's UTF-8 value, on a character boundary.
    pub start: usize,
    /// Byte offset one past the last byte.
    pub end: usize,
    /// The view it was found in: `raw`, `standard`, `skeleton`, `squeezed`.
    pub view: String,
    /// What the seller did to hide it, as far as folding had to undo it.
    pub tricks: Vec<String>,
}

/// A flagged listing, kept for an officer. One per source and canonical URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name: the first 16 hexadecimal digits of SHA-256 over source id, a zero byte, canonical URL.
    pub id: String,
    /// The canonical URL of the offer.
    pub url: String,
    /// The source's id.
    pub source: String,
    /// Where it stands with the officers.
    pub state: State,
    /// Top class.
    pub class: String,
    /// Top severity.
    pub severity: Severity,
    /// Top score.
    pub score: u8,
    /// Every hit at the last sight.
    pub hits: Vec<Hit>,
    /// The listing at the last sight.
    pub listing: Listing,
    /// When it was first flagged.
    pub first_seen: Timestamp,
    /// When it was last seen flagged.
    pub last_seen: Timestamp,
    /// The exchange that proves it.
    pub evidence: Evidence,
}

/// Where a finding stands with the officers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nobody has looked yet.
    New,
    /// Somebody looks.
    InReview,
    /// It is what it was flagged for.
    Confirmed,
    /// It is not, or nothing is to be done.
    Dismissed,
    /// Another authority deals with it.
    Referred,
    /// The offer is dealt with.
    Closed,
}

impl State {
    /// All states, in the order of work.
    pub const ALL: [Self; 6] =
        [Self::New, Self::InReview, Self::Confirmed, Self::Dismissed, Self::Referred, Self::Closed];

    /// The name used in files and output.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InReview => "in_review",
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
            Self::Referred => "referred",
            Self::Closed => "closed",
        }
    }

    /// Whether an officer has said what it is.
    pub fn is_decided(self) -> bool {
        !matches!(self, Self::New | Self::InReview)
    }
}

impl std::str::FromStr for State {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.replace(['-', ' '], "_");
        Self::ALL.into_iter().find(|state| state.name() == wanted).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("{text:?} is not one of {names}")
        })
    }
}

/// Proof of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Evidence {
    /// A WARC response record.
    Warc(WarcPlace),
    /// Nothing was kept; the string is always `none`.
    None(NoEvidence),
}

/// The word `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum NoEvidence {
    /// Found by a rescan of kept listings; to be fetched again.
    #[serde(rename = "none")]
    None,
}

/// Where a WARC response record lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarcPlace {
    /// File name inside the data folder's `evidence` folder.
    pub warc: String,
    /// Byte offset of the record's gzip member.
    pub offset: u64,
    /// SHA-256 of the record's gzip member, hexadecimal.
    pub sha256: String,
}

/// The id of the finding for an offer: the first 16 hexadecimal digits of SHA-256 over source, zero byte, URL.
pub fn finding_id(source: &str, canonical_url: &str) -> String {
    use sha2::{Digest, Sha256};

    let digest = Sha256::new().chain_update(source).chain_update([0]).chain_update(canonical_url).finalize();
    hex(digest.get(..8).unwrap_or_default())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;

    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
