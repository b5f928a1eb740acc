//! What is kept in sled: the frontier, listings, findings, gates and robots.txt copies.
//!
//! One writer thread owns every change. It groups what arrives, writes one transaction over all tables, flushes,
//! syncs and only then answers ([`Receipt`]). Reads go to sled directly. Nothing outside this room names sled.
//!
//! A data folder holds `LOCK`, `STATE`, `journal.jsonl`, `seller.key` and `store/` (sled); evidence lies beside them.

mod board;
mod doctor;
mod error;
mod findings;
mod frontier;
mod journal;
mod keys;
mod listings;
mod opening;
mod parts;
mod queue;
mod receipt;
mod rows;
mod sellers;
mod space;
mod staging;
mod state;
mod tables;
mod taking;
mod ticks;
mod watch;
mod writer;

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use serde::{Deserialize, Serialize};

pub use doctor::Check;
pub use error::{Cause, Holder, StoreError};
pub use findings::{FindingFilter, FindingRecord, FindingStep};
pub use frontier::{
    Child, Counters, GateQueue, GateState, Job, JobResult, KeptListing, Outcome, QueueCounts, RobotsCopy,
    Run, Seed, Seen, Settled, Tally, UrlState, UrlStatus, VerdictSummary,
};
pub use journal::{JournalLine, journal_lines};
pub use receipt::Receipt;
pub use ticks::{Fate, PlannedRun};

use self::board::{Board, Held};
use self::rows::{GateRow, MetaRow, RunRow};
use self::sellers::SellerKey;
use self::staging::Staging;
use self::tables::{Table, Tables};
use self::writer::{Answer, Command, META_KEY};
use crate::clock::{Clock, Timestamp};
use crate::finding::{Finding, Step, Taken};
use crate::listing::Seller;

/// The open store of one data folder. Share it in an [`Arc`]; dropping the last one closes it.
pub struct Store {
    clock: Arc<dyn Clock>,
    tables: Tables,
    board: Arc<Board>,
    sellers: SellerKey,
    commands: Option<SyncSender<Command>>,
    writer: Option<JoinHandle<()>>,
    /// Held until everything else is closed.
    _lock: File,
}

/// How the store uses memory and disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreOptions {
    /// sled's page cache in bytes. The process grows to several times this.
    pub cache_bytes: u64,
    /// Bytes that must be free before anything is written.
    pub min_free_bytes: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, min_free_bytes: space::MIN_FREE }
    }
}

/// Decisions in one change: each rewrites a finding of some kilobytes, and crawls wait for it.
pub const MAX_DECISIONS: usize = 200;

/// What a folder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// It is not there, or empty.
    Nothing,
    /// A store.
    Store,
    /// Something else, which is not ours to write into.
    Other,
}

/// How many rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Totals {
    /// URLs ever seen.
    pub urls: u64,
    /// URLs to be fetched, over all sources.
    pub queued: u64,
    /// Listings kept.
    pub listings: u64,
    /// Findings.
    pub findings: u64,
    /// Runs.
    pub runs: u64,
}

impl Store {
    /// Opens the store in a data folder, which is created when it is missing.
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        Self::open_with(dir, clock, StoreOptions::default())
    }

    /// Opens a store that must be there already: whoever only reads makes none by mistake.
    pub fn open_existing(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, StoreError> {
        match opening::look(dir) {
            Inside::Store => Self::open(dir, clock),
            Inside::Nothing | Inside::Other => Err(StoreError::NoStore { path: dir.to_owned() }),
        }
    }

    /// What lies in a folder, without touching it.
    pub fn look(dir: &Path) -> Inside {
        opening::look(dir)
    }

    /// Opens the store with other bounds than the usual ones.
    pub fn open_with(dir: &Path, clock: Arc<dyn Clock>, options: StoreOptions) -> Result<Self, StoreError> {
        Self::start(opening::open(dir, Arc::clone(&clock), options)?, clock, dir)
    }

    fn start(opened: opening::Opened, clock: Arc<dyn Clock>, dir: &Path) -> Result<Self, StoreError> {
        let opening::Opened { writer, sellers, lock } = opened;
        let (tables, board) = (writer.tables.clone(), Arc::clone(&writer.board));
        let (sender, receiver) = sync_channel(writer::MAX_WAITING);
        let thread = std::thread::Builder::new()
            .name("caveat-store".to_owned())
            .spawn(move || writer.run(&receiver))
            .map_err(|error| unusable("start the writer for", dir, error))?;
        let (commands, writer) = (Some(sender), Some(thread));
        Ok(Self { clock, tables, board, sellers, commands, writer, _lock: lock })
    }

    /// Takes up the source's unfinished run, or begins a new one in which every URL may be fetched again.
    /// Seeds that the run has seen are dropped. [`Run::resumed`] tells which it was.
    pub fn begin_or_resume_run(&self, source: &str, seeds: Vec<Seed>) -> Receipt<Run> {
        let (source, now) = (source.to_owned(), self.clock.now());
        self.submit(move |staging| queue::begin_or_resume(staging, &source, seeds, now))
    }

    /// Leases up to `count` jobs of one gate whose time has come: retries first, then best priority, then first come.
    pub fn take(
        &self,
        source: &str,
        gate: &str,
        count: usize,
        now: Timestamp,
    ) -> Result<Vec<Job>, StoreError> {
        taking::take(&self.tables, &self.board, source, gate, count, now)
    }

    /// Gives a lease back untouched.
    pub fn release(&self, job: &Job) {
        self.board.release(&job.source, &job.gate, &job.key);
    }

    /// What waits at each gate of a source that has anything queued or leased, by gate name.
    pub fn gates_with_work(&self, source: &str, now: Timestamp) -> Result<Vec<GateQueue>, StoreError> {
        taking::gates_with_work(&self.tables, &self.board, source, now)
    }

    /// Writes everything that came of a job as one transaction and ends its lease. When the change itself is refused
    /// ([`StoreError::BadKey`], [`StoreError::TooLarge`]), the lease goes on and the job can be settled in another way;
    /// when writing fails, the job is free to be taken again. The sellers of passed listings are kept as a keyed hash.
    pub fn settle(&self, mut outcome: Outcome) -> Receipt<Settled> {
        for kept in &mut outcome.listings {
            listings::veil_seller(kept, &self.sellers);
        }
        let others =
            outcome.also_seen.iter().map(|seen| seen.key.clone()).filter(|key| *key != outcome.job.key);
        let held = match taking::hold(&self.tables, &self.board, &outcome.job.source, others) {
            Ok(jobs) => Held::new(&self.board, jobs),
            Err(error) => return Receipt::answered(Err(error)),
        };
        let now = self.clock.now();
        self.submit(move |staging| {
            let settled = queue::settle(staging, outcome, &held.jobs, now)?;
            held.hand_over();
            Ok(settled)
        })
    }

    /// Refuses up to `most` queued jobs of the source that are not in flight, for one reason (a budget that is used
    /// up). Answers how many were refused; call again until it answers 0.
    pub fn refuse_queued(&self, source: &str, reason: &str, most: usize) -> Receipt<u64> {
        let (reason, far) = (reason.to_owned(), Timestamp(i64::MAX));
        let mut held = Held::new(&self.board, Vec::new());
        let gates: Vec<String> =
            self.board.lock().get(source).into_iter().flat_map(|gates| gates.keys().cloned()).collect();
        for gate in gates {
            match self.take(source, &gate, most.saturating_sub(held.jobs.len()), far) {
                Ok(taken) => held.jobs.extend(taken),
                Err(error) => return Receipt::answered(Err(error)),
            }
        }
        self.submit(move |staging| {
            let refused = queue::refuse(staging, &held.jobs, &reason)?;
            held.hand_over();
            Ok(refused)
        })
    }

    /// Ends a run. Refused while anything of it is queued or in flight.
    pub fn finish_run(&self, source: &str, run: u64, report: serde_json::Value) -> Receipt<Run> {
        let (now, leased) = (self.clock.now(), self.board.counts(source).leased);
        let source = source.to_owned();
        self.submit(move |staging| queue::finish(staging, &source, run, report, leased, now))
    }

    /// All runs, of one source or of all, newest first.
    pub fn runs(&self, source: Option<&str>) -> Result<Vec<Run>, StoreError> {
        let prefix = source.map(keys::of_source).unwrap_or_default();
        let mut runs = Vec::new();
        for row in self.tables.scan(Table::Runs, &prefix) {
            let (key, value) = row?;
            let row: RunRow = self.tables.decode(Table::Runs, &key, &value)?;
            runs.push(row.into_run(self.tables.read_parts(Table::Reports, &key)?));
        }
        runs.sort_by_key(|run| std::cmp::Reverse(run.id));
        Ok(runs)
    }

    /// What waits for one source, over all gates.
    pub fn queue_counts(&self, source: &str) -> QueueCounts {
        self.board.counts(source)
    }

    /// Where the URL with this key stands in the frontier.
    pub fn url_state(&self, source: &str, key: &str) -> Result<Option<UrlState>, StoreError> {
        taking::url_state(&self.tables, &self.board, source, key)
    }

    /// Keeps gate times.
    pub fn put_gates(&self, gates: Vec<GateState>) -> Receipt<()> {
        self.submit(move |staging| queue::put_gates(staging, gates))
    }

    /// All gates that were ever kept, by name.
    pub fn gates(&self) -> Result<Vec<GateState>, StoreError> {
        let rows = self.tables.scan(Table::Gates, &[]);
        rows.map(|row| {
            let (key, value) = row?;
            let row: GateRow = self.tables.decode(Table::Gates, &key, &value)?;
            let GateRow { next_allowed, hold, gap_ms, slow_percent, failures, pauses } = row;
            let gate = String::from_utf8_lossy(&key).into_owned();
            Ok(GateState { gate, next_allowed, hold, gap_ms, slow_percent, failures, pauses })
        })
        .collect()
    }

    /// Keeps a planned run, new or changed: source and time name it. The oldest of the source are dropped.
    pub fn put_planned(&self, run: PlannedRun) -> Receipt<()> {
        match ticks::surplus(&self.tables, &run.source) {
            Ok(surplus) => self.submit(move |staging| ticks::put(staging, &run, surplus)),
            Err(error) => Receipt::answered(Err(error)),
        }
    }

    /// Planned runs of one source, or of all by source, newest first. Streams.
    pub fn planned(
        &self,
        source: Option<&str>,
    ) -> impl Iterator<Item = Result<PlannedRun, StoreError>> + use<> {
        ticks::list(&self.tables, source)
    }

    /// Keeps what is known of some origins' robots.txt.
    pub fn put_robots(&self, copies: Vec<RobotsCopy>) -> Receipt<()> {
        self.submit(move |staging| queue::put_robots(staging, copies))
    }

    /// Every kept robots.txt, by origin. Streams.
    pub fn robots(&self) -> impl Iterator<Item = Result<RobotsCopy, StoreError>> + use<> {
        queue::robots(&self.tables)
    }

    /// Adds or renews findings outside a crawl: a known id keeps its state, `first_seen` and proof. Answers how many
    /// were new.
    pub fn put_findings(&self, findings: Vec<Finding>) -> Receipt<u64> {
        let now = self.clock.now();
        self.submit(move |staging| findings::put(staging, findings, now))
    }

    /// Takes a step with each of some findings, named by whole ids. Each is answered for itself: what one officer did
    /// meanwhile, or what does not follow, refuses that one. All that were taken are one transaction with their lines
    /// in the journal. At most [`MAX_DECISIONS`] at once.
    pub fn decide(&self, steps: Vec<(String, Step)>) -> Receipt<Vec<Result<Taken, StoreError>>> {
        if steps.len() > MAX_DECISIONS {
            return Receipt::answered(Err(StoreError::TooLarge {
                what: "a set of decisions".to_owned(),
                size: steps.len(),
                cap: MAX_DECISIONS,
            }));
        }
        let now = self.clock.now();
        self.submit(move |staging| findings::decide(staging, steps, now))
    }

    /// Findings that fit, worst first: by severity, score, id. Streams; a bad row is an error and the rest goes on.
    pub fn findings(
        &self,
        filter: FindingFilter,
    ) -> impl Iterator<Item = Result<Finding, StoreError>> + use<> {
        findings::list(&self.tables, filter)
    }

    /// The finding with this id, or the only one whose id begins with it.
    pub fn finding(&self, id_or_prefix: &str) -> Result<FindingRecord, StoreError> {
        findings::one(&self.tables, id_or_prefix)
    }

    /// A seller who is told only by a keyed hash: the same seller of a source has the same, and the key never leaves the
    /// data folder.
    pub fn veiled(&self, source: &str, seller: &Seller) -> Seller {
        self.sellers.veiled(source, seller)
    }

    /// Every kept listing, by source and URL. Streams; a bad row is an error and the rest goes on.
    pub fn listings(
        &self,
        source: Option<&str>,
    ) -> impl Iterator<Item = Result<KeptListing, StoreError>> + use<> {
        listings::list(&self.tables, source)
    }

    /// Drops up to `most` passed listings last seen before a time. Answers how many; call again until it answers 0.
    pub fn prune_listings(&self, before: Timestamp, most: usize) -> Receipt<u64> {
        match listings::older(&self.tables, before, most) {
            Ok(ages) => self.submit(move |staging| listings::prune(staging, &ages, before)),
            Err(error) => Receipt::answered(Err(error)),
        }
    }

    /// How many rows there are, as of the last group that was written.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        Ok(self.meta()?.totals)
    }

    /// Reads the whole findings journal: its chain, its payloads, and the line that the store knows as its end.
    /// Answers the number of lines.
    pub fn verify_journal(&self) -> Result<u64, StoreError> {
        journal::verify(self.tables.path(), &self.meta()?.journal)
    }

    /// The findings journal from its first line on, each line checked against the one before.
    pub fn journal(
        &self,
    ) -> Result<impl Iterator<Item = Result<JournalLine, StoreError>> + use<>, StoreError> {
        let path = journal::file_path(self.tables.path());
        let file = File::open(&path).map_err(|error| unusable("open", &path, error))?;
        Ok(journal_lines(io::BufReader::new(file), &path))
    }

    /// Where the findings journal ends: the number of its last line and that line's hash; `None` while it is empty.
    pub fn journal_head(&self) -> Result<Option<(u64, String)>, StoreError> {
        let head = self.meta()?.journal;
        Ok((head.lines > 0).then_some((head.lines, head.hash)))
    }

    /// Looks at everything: free space, the folder, journal, frontier, findings, listings and their indexes. Each check
    /// says what it saw and, when something is wrong, what to do. Takes as long as reading all rows takes.
    pub fn doctor(dir: &Path, clock: Arc<dyn Clock>) -> Vec<Check> {
        doctor::examine(dir, clock)
    }

    fn meta(&self) -> Result<MetaRow, StoreError> {
        Ok(self.tables.read(Table::Meta, META_KEY)?.unwrap_or_default())
    }

    /// Hands a change to the writer.
    fn submit<T: Send + 'static>(
        &self,
        stage: impl FnOnce(&mut Staging<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Receipt<T> {
        let (sender, receipt) = Receipt::pair();
        let command: Command = Box::new(move |staging| {
            let staged = staging.and_then(|staging| {
                let staged = stage(staging);
                if staged.is_ok() {
                    staging.keep();
                } else {
                    staging.undo();
                }
                staged
            });
            match staged {
                Ok(value) => {
                    let answer = move |outcome: Result<(), _>| drop(sender.send(outcome.map(|()| value)));
                    Some(Box::new(answer) as Answer)
                }
                Err(error) => {
                    drop(sender.send(Err(error)));
                    None
                }
            }
        });
        match self.commands.as_ref().map(|commands| commands.try_send(command)) {
            Some(Ok(())) => receipt,
            Some(Err(TrySendError::Full(_))) => {
                Receipt::answered(Err(StoreError::Overloaded(writer::MAX_WAITING)))
            }
            Some(Err(TrySendError::Disconnected(_))) | None => {
                Receipt::answered(Err(StoreError::Stopped("its writer thread is gone".to_owned())))
            }
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // The writer ends when its last sender is gone; what was submitted is still written.
        drop(self.commands.take());
        if let Some(writer) = self.writer.take() {
            drop(writer.join());
        }
    }
}

/// An error of the file system, a full disk told apart.
fn unusable(doing: &'static str, path: &Path, error: io::Error) -> StoreError {
    if error.kind() == io::ErrorKind::StorageFull {
        let free = space::free(path.parent().unwrap_or(path)).unwrap_or(0);
        return StoreError::DiskFull { path: path.to_owned(), needed: space::MIN_FREE, free };
    }
    StoreError::Unusable { doing, path: path.to_owned(), cause: error.into() }
}
