//! What the scheduler planned and what came of it: one row for each time at which a source was to be crawled, kept apart
//! from the runs, so that a time that passed without a run is known too.

use serde::{Deserialize, Serialize};

use super::rows::Row;
use super::staging::Staging;
use super::tables::{Table, Tables};
use super::{StoreError, keys};
use crate::clock::Timestamp;

/// Rows kept of each source, the newest: three months of a daily schedule, a day of one that comes every quarter of an
/// hour.
const KEPT: usize = 100;

/// A time at which a source was to be crawled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRun {
    /// The source's id.
    pub source: String,
    /// The time by its schedule.
    pub at: Timestamp,
    /// When the scheduler saw that the time had come; much later where nothing was running then.
    pub noticed: Timestamp,
    /// Earlier times that had passed unseen and that this one stands for.
    pub missed: u64,
    /// What came of it.
    pub fate: Fate,
}

/// What came of a planned run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "kebab-case")]
pub enum Fate {
    /// It waits for its turn. After a crash: it never began.
    Waiting,
    /// It began.
    Started {
        /// When.
        started: Timestamp,
    },
    /// It came to its end.
    Finished {
        /// When it began.
        started: Timestamp,
        /// When it ended.
        finished: Timestamp,
    },
    /// It was stopped in order and is taken up at the next start.
    Stopped {
        /// When it began.
        started: Timestamp,
    },
    /// It was left out.
    Skipped {
        /// Why.
        why: String,
    },
    /// It could not begin, or broke off.
    Failed {
        /// Why.
        why: String,
    },
}

impl Fate {
    /// One word for counting and showing.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Started { .. } => "started",
            Self::Finished { .. } => "finished",
            Self::Stopped { .. } => "stopped",
            Self::Skipped { .. } => "skipped",
            Self::Failed { .. } => "failed",
        }
    }
}

impl Row for PlannedRun {}

/// Writes a row, new or changed, and drops the oldest beyond what is kept. `surplus` comes from [`surplus`].
pub(super) fn put(
    staging: &mut Staging<'_>,
    run: &PlannedRun,
    surplus: Vec<Vec<u8>>,
) -> Result<(), StoreError> {
    keys::check_name("the source", &run.source)?;
    for key in surplus {
        staging.delete(Table::Ticks, key);
    }
    staging.write(Table::Ticks, keys::tick(&run.source, run.at), run);
    Ok(())
}

/// The keys of a source's rows that one more row pushes out.
pub(super) fn surplus(tables: &Tables, source: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let rows = tables.scan(Table::Ticks, &keys::of_source(source)).rev().skip(KEPT - 1);
    rows.map(|row| row.map(|(key, _)| key.to_vec())).collect()
}

/// The rows of one source, or of all, by source, newest first.
pub(super) fn list(
    tables: &Tables,
    source: Option<&str>,
) -> impl Iterator<Item = Result<PlannedRun, StoreError>> + use<> {
    let own = tables.clone();
    let prefix = source.map(keys::of_source).unwrap_or_default();
    tables.scan(Table::Ticks, &prefix).rev().map(move |row| {
        let (key, value) = row?;
        own.decode(Table::Ticks, &key, &value)
    })
}
