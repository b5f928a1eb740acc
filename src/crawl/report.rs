//! What a run saw and what it did not see, for people and programs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::store::Run;

/// The counters of a run: every name that [`Report`] reads back is made here.
pub mod count {
    /// Pages of one type, such as `page.product`.
    pub const PAGE: &str = "page.";
    /// Listings read from product pages.
    pub const LISTINGS: &str = "listings";
    /// Cards read from category pages.
    pub const CARDS: &str = "cards";
    /// Pages of the shop's own search.
    pub const SEARCHES: &str = "searches";
    /// Flagged listings of one class.
    pub const FLAGGED: &str = "flagged.";
    /// Addresses that gave no page, by reason.
    pub const NOT_FETCHED: &str = "not-fetched.";
    /// Links that were not followed, by reason.
    pub const NOT_FOLLOWED: &str = "not-followed.";
    /// Tries that are repeated later.
    pub const RETRIES: &str = "retries";
    /// Pages on which something was cut or damaged.
    pub const PROBLEMS: &str = "problems";
}

/// One run of one source.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The source's id.
    pub source: String,
    /// The run's number.
    pub run: u64,
    /// When it began.
    pub started: Timestamp,
    /// When it was taken up again after an interruption, the last time.
    pub resumed: Option<Timestamp>,
    /// When it ended; `None` while it can be resumed.
    pub finished: Option<Timestamp>,
    /// Addresses fetched.
    pub fetched: u64,
    /// Addresses still to be fetched; 0 once finished.
    pub queued: u64,
    /// Pages by type; `blocked` ones were not seen.
    pub pages: BTreeMap<String, u64>,
    /// Listings read from product pages.
    pub listings: u64,
    /// Cards read from category pages.
    pub cards: u64,
    /// Pages of the shop's own search, among the pages above.
    pub searches: u64,
    /// Flagged listings by class.
    pub flagged: BTreeMap<String, u64>,
    /// Addresses that gave no page, by reason.
    pub not_fetched: BTreeMap<String, u64>,
    /// Links not followed, by reason; each link once while the process ran.
    pub not_followed: BTreeMap<String, u64>,
    /// Tries that were repeated later.
    pub retries: u64,
    /// Pages on which something was cut or damaged.
    pub problems: u64,
}

impl Report {
    /// Reads a run's own counts.
    pub fn of(run: &Run) -> Self {
        let (counters, tally) = (&run.counters, run.tally);
        let group = |prefix: &str| -> BTreeMap<String, u64> {
            let named =
                counters.iter().filter_map(|(name, n)| Some((name.strip_prefix(prefix)?.to_owned(), *n)));
            named.collect()
        };
        let single = |name: &str| counters.get(name).copied().unwrap_or(0);
        let pages = group(count::PAGE);
        let mut not_fetched = group(count::NOT_FETCHED);
        // What was refused without a reason of its own is what the budget no longer paid for.
        let budget = (tally.failed + tally.refused).saturating_sub(not_fetched.values().sum());
        if budget > 0 {
            not_fetched.insert("budget".to_owned(), budget);
        }
        Self {
            source: run.source.clone(),
            run: run.id,
            started: run.started,
            resumed: run.resumed,
            finished: run.finished,
            fetched: pages.values().sum(),
            queued: tally.queued,
            pages,
            listings: single(count::LISTINGS),
            cards: single(count::CARDS),
            searches: single(count::SEARCHES),
            flagged: group(count::FLAGGED),
            not_fetched,
            not_followed: group(count::NOT_FOLLOWED),
            retries: single(count::RETRIES),
            problems: single(count::PROBLEMS),
        }
    }

    /// All flagged listings.
    pub fn flagged_total(&self) -> u64 {
        self.flagged.values().sum()
    }

    /// Addresses that gave no page, over all reasons.
    pub fn not_fetched_total(&self) -> u64 {
        self.not_fetched.values().sum()
    }
}
