//! The rows as they lie on disk: one version byte, then JSON. Versioned types of their own, so that values can change
//! without changing what is stored. Nested listings, hits and findings lie in their public JSON form, which is stable.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::frontier::{Counters, Run, Tally, VerdictSummary};
use super::tables::Table;
use super::{FindingStep, Totals, keys};
use crate::clock::Timestamp;
use crate::finding::{Finding, Review};
use crate::listing::Listing;

/// A type that is stored, with the version that this program writes and reads.
pub(super) trait Row: Serialize + DeserializeOwned {
    const VERSION: u8 = 1;
}

/// Why bytes are no row.
#[derive(Debug)]
pub(super) enum RowFault {
    Version(u8),
    Content(String),
}

pub(super) fn encode<R: Row>(row: &R) -> Vec<u8> {
    let mut bytes = vec![R::VERSION];
    // Rows hold strings, numbers and lists of them; serialising these into memory has no way to fail.
    if serde_json::to_writer(&mut bytes, row).is_err() {
        bytes.truncate(1);
    }
    bytes
}

pub(super) fn decode<R: Row>(bytes: &[u8]) -> Result<R, RowFault> {
    match bytes.split_first() {
        None => Err(RowFault::Content("the value is empty".to_owned())),
        Some((version, _)) if *version != R::VERSION => Err(RowFault::Version(*version)),
        Some((_, json)) => serde_json::from_slice(json).map_err(|error| RowFault::Content(error.to_string())),
    }
}

/// The one row about the whole store, written in every transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MetaRow {
    /// Counts transactions. The STATE file must not be ahead of it.
    pub generation: u64,
    pub totals: Totals,
    pub next_run: u64,
    pub next_sequence: u64,
    pub journal: JournalHead,
}

impl Row for MetaRow {}

/// Where the findings journal ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JournalHead {
    /// Lines so far.
    pub lines: u64,
    /// Bytes so far.
    pub bytes: u64,
    /// Where the last line begins.
    pub last: u64,
    /// Hash of the last line, hexadecimal; empty before the first.
    pub hash: String,
}

/// A URL in the frontier. Field names are short because there are millions of these.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct UrlRow {
    #[serde(rename = "s")]
    pub status: RowStatus,
    #[serde(rename = "y", default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(rename = "r")]
    pub run: u64,
    /// The address, where it is spelled otherwise than the key.
    #[serde(rename = "u", default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(rename = "g")]
    pub gate: String,
    #[serde(rename = "d")]
    pub depth: u32,
    #[serde(rename = "p")]
    pub priority: u8,
    #[serde(rename = "a", default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Milliseconds since 1970; absent while the URL lies in the ready index.
    #[serde(rename = "n", default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<i64>,
    #[serde(rename = "q")]
    pub sequence: u64,
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub found_on: Option<String>,
}

impl Row for UrlRow {}

impl UrlRow {
    /// The index in which a queued URL lies, and its key there.
    pub(super) fn place(&self, source: &str) -> (Table, Vec<u8>) {
        match self.not_before {
            Some(time) => (Table::Waiting, keys::waiting(source, &self.gate, Timestamp(time), self.sequence)),
            None => (Table::Ready, keys::ready(source, &self.gate, self.priority, self.sequence)),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum RowStatus {
    #[serde(rename = "q")]
    Queued,
    #[serde(rename = "d")]
    Done,
    #[serde(rename = "f")]
    Failed,
    #[serde(rename = "r")]
    Refused,
}

/// What waits at one gate of one source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DepthRow {
    pub ready: u64,
    pub waiting: u64,
}

impl Row for DepthRow {}

/// The unfinished run of a source.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct OpenRunRow {
    pub run: u64,
}

impl Row for OpenRunRow {}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RunRow {
    pub id: u64,
    pub source: String,
    pub started: Timestamp,
    pub resumed: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub tally: Tally,
    pub counters: Counters,
}

impl Row for RunRow {}

impl RunRow {
    pub(super) fn into_run(self, report: Option<ReportRow>) -> Run {
        let Self { id, source, started, resumed, finished, tally, counters } = self;
        let report = report.map(|row| row.report);
        Run { id, source, started, resumed, finished, tally, counters, report }
    }
}

/// Kept in parts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct ReportRow {
    pub report: serde_json::Value,
}

impl Row for ReportRow {}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct GateRow {
    pub next_allowed: Timestamp,
    #[serde(rename = "h", default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    #[serde(rename = "g", default)]
    pub gap_ms: u64,
    #[serde(rename = "s", default)]
    pub slow_percent: u32,
    #[serde(rename = "f", default, skip_serializing_if = "is_zero")]
    pub failures: u32,
    #[serde(rename = "p", default, skip_serializing_if = "is_zero")]
    pub pauses: u32,
}

impl Row for GateRow {}

/// Kept in parts, with the body as text where it is UTF-8: robots.txt nearly always is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RobotsRow {
    pub fresh_until: Timestamp,
    pub failures: u32,
    pub why: String,
    pub not_before: Timestamp,
    pub text: Option<String>,
    pub bytes: Option<Vec<u8>>,
}

impl Row for RobotsRow {}

/// Kept in parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FindingRow {
    pub finding: Finding,
    pub history: Vec<FindingStep>,
    /// Absent in rows that were written before officers could decide.
    #[serde(default)]
    pub review: Review,
}

impl Row for FindingRow {}

/// The part of a finding that filters read, so that a list need not inflate what it drops.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct OrderRow {
    pub id: String,
    pub state: crate::finding::State,
    pub class: String,
    pub source: String,
    pub last_seen: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed: Option<Timestamp>,
}

impl Row for OrderRow {}

/// Kept in parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ListingRow {
    pub source: String,
    pub url: String,
    pub seen_at: Timestamp,
    /// Absent in rows that were written before it was kept.
    #[serde(default)]
    pub first_seen: Option<Timestamp>,
    pub verdict: VerdictSummary,
    pub listing: Listing,
}

impl Row for ListingRow {}
