//! What is going on now and what this process has seen end: the numbers behind metrics and health.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Timestamp;
use crate::crawl::report::Report;

/// Upper bounds of the classes in which durations of runs are counted, in seconds: a minute to a week.
pub(super) const BUCKETS: [u64; 9] = [60, 300, 900, 3600, 10_800, 21_600, 43_200, 86_400, 604_800];

/// Shared by the timetable, which writes, and the answers, which read.
pub(super) struct Live {
    /// When this process began.
    pub(super) since: Timestamp,
    inside: Mutex<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    active: BTreeMap<String, Timestamp>,
    waiting: u64,
    next: BTreeMap<String, Timestamp>,
    last: BTreeMap<String, Timestamp>,
    ended: Ended,
    stopping: bool,
    trouble: Option<String>,
}

/// Sums over what has ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Ended {
    /// Planned runs by what came of them.
    pub(super) outcomes: BTreeMap<&'static str, u64>,
    /// Runs that began late.
    pub(super) late: u64,
    /// Ticks that passed unseen.
    pub(super) missed: u64,
    /// What the runs counted.
    pub(super) sums: Sums,
    /// Durations of finished runs: how many were at most as long as each bound.
    pub(super) durations: [u64; BUCKETS.len()],
    /// How many finished.
    pub(super) finished: u64,
    /// Their durations together.
    pub(super) seconds: u64,
}

/// Counts out of reports, added up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) pages: BTreeMap<String, u64>,
    pub(super) errors: BTreeMap<String, u64>,
    pub(super) flagged: BTreeMap<String, u64>,
    pub(super) listings: u64,
    pub(super) retries: u64,
}

impl Sums {
    pub(super) fn add(&mut self, report: &Report) {
        let add = |sums: &mut BTreeMap<String, u64>, counts: &BTreeMap<String, u64>| {
            for (name, n) in counts {
                *sums.entry(name.clone()).or_default() += n;
            }
        };
        add(&mut self.pages, &report.pages);
        add(&mut self.flagged, &report.flagged);
        for (reason, n) in &report.not_fetched {
            *self.errors.entry(kind(reason)).or_default() += n;
        }
        self.listings += report.listings;
        self.retries += report.retries;
    }
}

/// The kind of an error. Servers answer with what they like; statuses that nobody uses are counted by their hundred, so
/// that no server decides how many series there are.
fn kind(reason: &str) -> String {
    const USUAL: [&str; 12] =
        ["400", "401", "403", "404", "410", "429", "451", "500", "502", "503", "504", "520"];
    match reason.strip_prefix("status-") {
        Some(status) if !USUAL.contains(&status) => {
            let hundred = status.chars().next().filter(char::is_ascii_digit).unwrap_or('0');
            format!("status-{hundred}xx")
        }
        _ => reason.to_owned(),
    }
}

/// What an answer is made from, as it stood at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Snapshot {
    /// Runs under way, and since when.
    pub(super) active: BTreeMap<String, Timestamp>,
    pub(super) waiting: u64,
    pub(super) next: BTreeMap<String, Timestamp>,
    pub(super) last: BTreeMap<String, Timestamp>,
    pub(super) ended: Ended,
}

impl Live {
    pub(super) fn new(since: Timestamp) -> Self {
        Self { since, inside: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inside> {
        // Every change is a single step, so that a holder that panicked left nothing half done.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let inside = self.lock();
        Snapshot {
            active: inside.active.clone(),
            waiting: inside.waiting,
            next: inside.next.clone(),
            last: inside.last.clone(),
            ended: inside.ended.clone(),
        }
    }

    /// Runs under way and runs that wait for their turn.
    pub(super) fn runs(&self) -> (u64, u64) {
        let inside = self.lock();
        (inside.active.len() as u64, inside.waiting)
    }

    /// A run waits for its turn.
    pub(super) fn queued(&self, missed: u64, late: bool) {
        let mut inside = self.lock();
        inside.waiting += 1;
        inside.ended.missed += missed;
        inside.ended.late += u64::from(late);
    }

    /// A run that waited begins.
    pub(super) fn began(&self, source: &str, now: Timestamp) {
        let mut inside = self.lock();
        inside.waiting = inside.waiting.saturating_sub(1);
        inside.active.insert(source.to_owned(), now);
        inside.last.insert(source.to_owned(), now);
    }

    /// A run that waited was told to stop before its turn came.
    pub(super) fn left(&self) {
        let mut inside = self.lock();
        inside.waiting = inside.waiting.saturating_sub(1);
    }

    /// A run ended, as `outcome` says; what it counted, if it came that far, and how long it took if it finished.
    pub(super) fn ended(
        &self,
        source: &str,
        outcome: &'static str,
        report: Option<&Report>,
        took: Option<Duration>,
    ) {
        let mut inside = self.lock();
        inside.active.remove(source);
        *inside.ended.outcomes.entry(outcome).or_default() += 1;
        if let Some(report) = report {
            inside.ended.sums.add(report);
        }
        if let Some(took) = took {
            let seconds = took.as_secs();
            inside.ended.finished += 1;
            inside.ended.seconds += seconds;
            for (count, bound) in inside.ended.durations.iter_mut().zip(BUCKETS) {
                *count += u64::from(seconds <= bound);
            }
        }
    }

    /// A tick came while its source still ran.
    pub(super) fn skipped(&self, missed: u64) {
        let mut inside = self.lock();
        *inside.ended.outcomes.entry("skipped").or_default() += 1;
        inside.ended.missed += missed;
    }

    /// The next tick of each source.
    pub(super) fn plan(&self, next: BTreeMap<String, Timestamp>) {
        self.lock().next = next;
    }

    /// Something that keeps the timetable from being kept, or that it works again.
    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        self.lock().trouble = trouble;
    }

    pub(super) fn trouble(&self) -> Option<String> {
        self.lock().trouble.clone()
    }

    pub(super) fn stop(&self) {
        self.lock().stopping = true;
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.lock().stopping
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_does_not_decide_how_many_kinds_of_errors_there_are() {
        for (reason, expected) in [
            ("status-404", "status-404"),
            ("status-418", "status-4xx"),
            ("status-999", "status-9xx"),
            ("status-", "status-0xx"),
            ("timeout", "timeout"),
        ] {
            assert_eq!(kind(reason), expected);
        }
    }

    #[test]
    fn a_run_is_counted_where_it_stands() {
        let live = Live::new(Timestamp(0));
        live.queued(3, true);
        assert_eq!(live.runs(), (0, 1));
        live.began("shop", Timestamp(5));
        assert_eq!(live.runs(), (1, 0));
        live.ended("shop", "finished", None, Some(Duration::from_secs(301)));
        live.skipped(0);
        let seen = live.snapshot();
        assert_eq!((seen.ended.late, seen.ended.missed, seen.ended.seconds), (1, 3, 301));
        assert_eq!(seen.ended.durations, [0, 0, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(seen.ended.outcomes, [("finished", 1), ("skipped", 1)].into());
        assert_eq!(seen.last["shop"], Timestamp(5));
    }
}
