//! The values of the frontier: runs, jobs, outcomes and what waits at each gate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::finding::{Finding, Ruling, Severity};
use crate::listing::Listing;

/// Named counts of one run, such as `fetched` or `refused.robots`. The crawl chooses the names.
pub type Counters = BTreeMap<String, u64>;

/// Where a crawl begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seed {
    /// What tells pages apart: two spellings of one address have the same key. The seen marker.
    pub key: String,
    /// The absolute URL that is fetched.
    pub url: String,
    /// The politeness gate that it belongs to: registrable domain, or address:port.
    pub gate: String,
    /// Smaller is sooner.
    pub priority: u8,
}

/// A URL found on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    /// What tells pages apart: two spellings of one address have the same key. The seen marker.
    pub key: String,
    /// The absolute URL that is fetched, without fragment. Of several spellings the first one stays.
    pub url: String,
    /// Its politeness gate.
    pub gate: String,
    /// Links followed from a start page.
    pub depth: u32,
    /// Smaller is sooner.
    pub priority: u8,
}

/// Another address of a fetched page, such as the end of a redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Its key.
    pub key: String,
    /// The address itself.
    pub url: String,
    /// Its politeness gate.
    pub gate: String,
}

/// One crawl of one source.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// Number of the run, counted over all sources.
    pub id: u64,
    /// The source's id.
    pub source: String,
    /// When it was begun first.
    pub started: Timestamp,
    /// When it was taken up again after an interruption, the last time.
    pub resumed: Option<Timestamp>,
    /// When it was finished.
    pub finished: Option<Timestamp>,
    /// What has become of its URLs so far.
    pub tally: Tally,
    /// Counts that the crawl keeps.
    pub counters: Counters,
    /// The crawl's own report, once finished.
    pub report: Option<serde_json::Value>,
}

/// What has become of a run's URLs. Each URL is counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// Still to be fetched, those in flight too.
    pub queued: u64,
    /// Fetched.
    pub done: u64,
    /// Given up.
    pub failed: u64,
    /// Not allowed: robots.txt, scope, budget.
    pub refused: u64,
}

/// One URL that a worker holds. Leases live in memory: after a restart the job is queued again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The source's id.
    pub source: String,
    /// The run it belongs to.
    pub run: u64,
    /// What tells the page apart from others.
    pub key: String,
    /// What to fetch.
    pub url: String,
    /// Its politeness gate.
    pub gate: String,
    /// Links followed from a start page.
    pub depth: u32,
    /// Smaller is sooner.
    pub priority: u8,
    /// Earlier tries in this run.
    pub attempts: u32,
    /// The page it was found on; `None` for a seed.
    pub found_on: Option<String>,
}

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobResult {
    /// Fetched and read.
    Done,
    /// To be tried again, not before a time.
    Retry {
        /// Earliest next try.
        not_before: Timestamp,
        /// Why, for people.
        reason: String,
    },
    /// Given up, with the reason for people.
    Failed(String),
    /// Not allowed (robots.txt, scope, budget), with the reason for people.
    Refused(String),
}

/// A URL's place in the frontier, for `sources why` and for tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlState {
    /// The address in the spelling that was seen first.
    pub url: String,
    /// Where it stands.
    pub status: UrlStatus,
    /// The run that saw it last.
    pub run: u64,
    /// Its politeness gate.
    pub gate: String,
    /// Links followed from a start page.
    pub depth: u32,
    /// Tries in its run so far.
    pub attempts: u32,
    /// The page it was found on; `None` for a seed.
    pub found_on: Option<String>,
}

/// Where a URL stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlStatus {
    /// To be fetched, not before a time.
    Queued {
        /// Earliest try.
        not_before: Timestamp,
        /// Why the last try did not do.
        reason: Option<String>,
    },
    /// A worker holds it now.
    Leased,
    /// Fetched.
    Done,
    /// Given up.
    Failed(String),
    /// Not allowed.
    Refused(String),
}

/// A listing that is kept for its retention time, with what the rules said.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptListing {
    /// The source's id.
    pub source: String,
    /// Canonical URL: one kept listing for each source and URL.
    pub url: String,
    /// When it was read.
    pub seen_at: Timestamp,
    /// When it was read for the first time. The store knows; what is handed to it counts for new listings only.
    pub first_seen: Timestamp,
    /// What the rules said then.
    pub verdict: VerdictSummary,
    /// The listing itself.
    pub listing: Listing,
}

/// The head of a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictSummary {
    /// Flag or pass.
    pub ruling: Ruling,
    /// 0 to 100.
    pub score: u8,
    /// Of the top hit; `None` on a pass.
    pub severity: Option<Severity>,
    /// Of the top hit; `None` on a pass.
    pub class: Option<String>,
}

/// Everything that one fetched page changes. Settled whole or not at all.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The job, as it was taken.
    pub job: Job,
    /// What came of it.
    pub result: JobResult,
    /// URLs found; those seen in this run already are dropped.
    pub children: Vec<Child>,
    /// Other addresses of the same page: marked as fetched, unless a worker holds them just now.
    pub also_seen: Vec<Seen>,
    /// Listings read.
    pub listings: Vec<KeptListing>,
    /// Flagged listings; their evidence must be durable already.
    pub findings: Vec<Finding>,
    /// Added to the run's counters.
    pub counters: Counters,
    /// Gate times that this fetch moved.
    pub gates: Vec<GateState>,
}

impl Outcome {
    /// An outcome that changes nothing but the job.
    pub fn of(job: Job, result: JobResult) -> Self {
        Self {
            job,
            result,
            children: Vec::new(),
            also_seen: Vec::new(),
            listings: Vec::new(),
            findings: Vec::new(),
            counters: Counters::new(),
            gates: Vec::new(),
        }
    }
}

/// What settling did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settled {
    /// Children queued.
    pub new_urls: u64,
    /// Children that this run had seen.
    pub known_urls: u64,
    /// Children whose address or key cannot be stored (too long, or a zero byte).
    pub bad_urls: u64,
    /// Findings that were not there before.
    pub new_findings: u64,
}

/// A politeness gate as it is kept across restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateState {
    /// Registrable domain, or address:port.
    pub gate: String,
    /// No request before this time.
    pub next_allowed: Timestamp,
    /// Why it is closed for longer than the usual gap, in the crawl's own word.
    pub hold: Option<String>,
    /// From the start of one request to the start of the next, in milliseconds.
    pub gap_ms: u64,
    /// What trouble multiplies the gap by, in percent; 100 for a site that answers well.
    pub slow_percent: u32,
    /// Failures in a row.
    pub failures: u32,
    /// Answers in a row that asked for a pause.
    pub pauses: u32,
}

/// What waits at one gate of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateQueue {
    /// The gate.
    pub gate: String,
    /// Jobs that can be taken now.
    pub ready: u64,
    /// Jobs whose time has not come (or that are due but counted with the waiting).
    pub waiting: u64,
    /// Jobs in flight.
    pub leased: u64,
    /// When the next job can be taken: the past when one is ready, `None` when all are in flight.
    pub next: Option<Timestamp>,
}

/// What waits for one source, over all gates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueCounts {
    /// Jobs that may be taken, leased ones not counted.
    pub ready: u64,
    /// Jobs put off by a retry.
    pub waiting: u64,
    /// Jobs in flight.
    pub leased: u64,
}

/// What is known of an origin's robots.txt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotsCopy {
    /// Scheme, host and port.
    pub origin: String,
    /// The copy that was read last, cut at the crawl's cap; empty where there is no such file, `None` before one was
    /// read.
    pub body: Option<Vec<u8>>,
    /// When the copy must be replaced.
    pub fresh_until: Timestamp,
    /// Failures in a row to read it.
    pub failures: u32,
    /// What the last failure was; empty without one.
    pub why: String,
    /// When it may be asked for again after a failure.
    pub not_before: Timestamp,
}
