//! How runs begin and end and how jobs are queued and settled, as plans over rows.

use super::frontier::{
    Child, GateState, Job, JobResult, Outcome, RobotsCopy, Run, Seed, Seen, Settled, Tally,
};
use super::keys;
use super::rows::{GateRow, OpenRunRow, ReportRow, RobotsRow, RowStatus, RunRow, UrlRow};
use super::staging::{Lease, Staging};
use super::tables::{Table, Tables};
use super::{StoreError, findings, listings};
use crate::clock::Timestamp;

/// Bytes of a reason: two or three lines.
const MAX_REASON: usize = 300;

pub(super) fn begin_or_resume(
    staging: &mut Staging<'_>,
    source: &str,
    seeds: Vec<Seed>,
    now: Timestamp,
) -> Result<Run, StoreError> {
    keys::check_name("the source id", source)?;
    let mut run = match open_run(staging, source)? {
        Some(mut run) => {
            run.resumed = Some(now);
            run
        }
        None => new_run(staging, source, now),
    };
    for Seed { key, url, gate, priority } in seeds {
        let child = Child { key, url, gate, depth: 0, priority };
        check_place(&child.key, &child.url, &child.gate)?;
        enqueue(staging, &mut run, child, None)?;
    }
    write_run(staging, &run);
    Ok(run.into_run(None))
}

fn new_run(staging: &mut Staging<'_>, source: &str, now: Timestamp) -> RunRow {
    staging.meta.next_run += 1;
    staging.meta.totals.runs += 1;
    let id = staging.meta.next_run;
    staging.write(Table::OpenRuns, source.as_bytes().to_vec(), &OpenRunRow { run: id });
    RunRow {
        id,
        source: source.to_owned(),
        started: now,
        resumed: None,
        finished: None,
        tally: Tally::default(),
        counters: super::Counters::new(),
    }
}

pub(super) fn finish(
    staging: &mut Staging<'_>,
    source: &str,
    id: u64,
    report: serde_json::Value,
    leased: u64,
    now: Timestamp,
) -> Result<Run, StoreError> {
    let Some(mut run) = open_run(staging, source)?.filter(|run| run.id == id) else {
        return Err(StoreError::NoRun { source_id: source.to_owned(), run: id });
    };
    if run.tally.queued > 0 {
        let queued = run.tally.queued;
        return Err(StoreError::Unfinished { source_id: source.to_owned(), run: id, queued, leased });
    }
    run.finished = Some(now);
    let report = ReportRow { report };
    staging.write_parts(Table::Reports, &keys::run(source, id), &report)?;
    write_run(staging, &run);
    staging.delete(Table::OpenRuns, source.as_bytes().to_vec());
    Ok(run.into_run(Some(report)))
}

/// `held`: those of `also_seen` that are queued and that the caller has leased.
pub(super) fn settle(
    staging: &mut Staging<'_>,
    outcome: Outcome,
    held: &[Job],
    now: Timestamp,
) -> Result<Settled, StoreError> {
    let Outcome { job, result, children, also_seen, listings, findings, counters, gates } = outcome;
    let mut run = run_of(staging, &job)?;
    close(staging, &mut run, &job, result)?;
    // Before the children: a page that links to itself by its other address is not queued again.
    for other in also_seen {
        mark_seen(staging, &mut run, other, &job)?;
    }
    for other in held {
        close(staging, &mut run, other, JobResult::Done)?;
    }
    let mut settled = Settled::default();
    for child in children {
        if check_place(&child.key, &child.url, &child.gate).is_err() {
            settled.bad_urls += 1;
        } else if enqueue(staging, &mut run, child, Some(&job.url))? {
            settled.new_urls += 1;
        } else {
            settled.known_urls += 1;
        }
    }
    for (name, count) in counters {
        *run.counters.entry(name).or_default() += count;
    }
    write_run(staging, &run);
    put_gates(staging, gates)?;
    for listing in listings {
        listings::put(staging, listing)?;
    }
    settled.new_findings = findings::put(staging, findings, now)?;
    Ok(settled)
}

/// Refuses jobs that the caller has leased, for one reason.
pub(super) fn refuse(staging: &mut Staging<'_>, jobs: &[Job], reason: &str) -> Result<u64, StoreError> {
    let Some(first) = jobs.first() else { return Ok(0) };
    let mut run = run_of(staging, first)?;
    let mut refused = 0;
    for job in jobs {
        close(staging, &mut run, job, JobResult::Refused(reason.to_owned()))?;
        refused += 1;
    }
    write_run(staging, &run);
    Ok(refused)
}

fn run_of(staging: &Staging<'_>, job: &Job) -> Result<RunRow, StoreError> {
    open_run(staging, &job.source)?.filter(|run| run.id == job.run).ok_or_else(|| not_queued(job))
}

/// Takes the job out of the queue and writes down what came of it.
fn close(
    staging: &mut Staging<'_>,
    run: &mut RunRow,
    job: &Job,
    result: JobResult,
) -> Result<(), StoreError> {
    let key = keys::url(&job.source, &job.key);
    let Some(mut row) = staging
        .read::<UrlRow>(Table::Urls, &key)?
        .filter(|row| row.status == RowStatus::Queued && row.run == job.run)
    else {
        return Err(not_queued(job));
    };
    leave_queue(staging, &job.source, &row);
    run.tally.queued = run.tally.queued.saturating_sub(1);
    row.not_before = None;
    match result {
        JobResult::Done => {
            row.status = RowStatus::Done;
            row.reason = None;
            run.tally.done += 1;
        }
        JobResult::Failed(reason) => {
            row.status = RowStatus::Failed;
            row.reason = Some(shortened(reason));
            run.tally.failed += 1;
        }
        JobResult::Refused(reason) => {
            row.status = RowStatus::Refused;
            row.reason = Some(shortened(reason));
            run.tally.refused += 1;
        }
        JobResult::Retry { not_before, reason } => {
            row.reason = Some(shortened(reason));
            row.attempts += 1;
            row.not_before = Some(not_before.0);
            run.tally.queued += 1;
            staging.meta.totals.queued += 1;
            let (table, place) = row.place(&job.source);
            staging.put(table, place, job.key.as_bytes());
            staging.shift_depth(&job.source, &row.gate, 0, 1);
        }
    }
    staging.write(Table::Urls, key, &row);
    staging.free(Lease { source: job.source.clone(), gate: row.gate, key: job.key.clone() });
    Ok(())
}

/// Queues a URL that this run has not seen; true when it was queued.
fn enqueue(
    staging: &mut Staging<'_>,
    run: &mut RunRow,
    child: Child,
    found_on: Option<&str>,
) -> Result<bool, StoreError> {
    let Child { key, url, gate, depth, priority } = child;
    let place = keys::url(&run.source, &key);
    if !is_new(staging, &place, run.id)? {
        return Ok(false);
    }
    staging.meta.next_sequence += 1;
    staging.meta.totals.queued += 1;
    run.tally.queued += 1;
    let row = UrlRow {
        status: RowStatus::Queued,
        reason: None,
        run: run.id,
        url: (url != key).then_some(url),
        gate,
        depth,
        priority,
        attempts: 0,
        not_before: None,
        sequence: staging.meta.next_sequence,
        found_on: found_on.map(str::to_owned),
    };
    let (table, ready) = row.place(&run.source);
    staging.put(table, ready, key.as_bytes());
    staging.shift_depth(&run.source, &row.gate, 1, 0);
    staging.write(Table::Urls, place, &row);
    Ok(true)
}

/// Marks another address of a fetched page as fetched, if this run has not seen it.
fn mark_seen(staging: &mut Staging<'_>, run: &mut RunRow, seen: Seen, job: &Job) -> Result<(), StoreError> {
    let Seen { key, url, gate } = seen;
    check_place(&key, &url, &gate)?;
    let place = keys::url(&run.source, &key);
    if !is_new(staging, &place, run.id)? {
        return Ok(());
    }
    run.tally.done += 1;
    let row = UrlRow {
        status: RowStatus::Done,
        reason: None,
        run: run.id,
        url: (url != key).then_some(url),
        gate,
        depth: job.depth,
        priority: job.priority,
        attempts: 0,
        not_before: None,
        sequence: 0,
        found_on: Some(job.url.clone()),
    };
    staging.write(Table::Urls, place, &row);
    Ok(())
}

/// Whether a run sees a key for the first time; a key that no run has seen is counted.
fn is_new(staging: &mut Staging<'_>, place: &[u8], run: u64) -> Result<bool, StoreError> {
    if let Some(row) = staging.read::<UrlRow>(Table::Urls, place)? {
        return Ok(row.run != run);
    }
    staging.meta.totals.urls += 1;
    Ok(true)
}

fn check_place(key: &str, url: &str, gate: &str) -> Result<(), StoreError> {
    keys::check_url(key)?;
    keys::check_url(url)?;
    keys::check_name("the gate", gate)
}

fn leave_queue(staging: &mut Staging<'_>, source: &str, row: &UrlRow) {
    let (table, place) = row.place(source);
    staging.delete(table, place);
    let (ready, waiting) = if table == Table::Ready { (-1, 0) } else { (0, -1) };
    staging.shift_depth(source, &row.gate, ready, waiting);
    staging.meta.totals.queued = staging.meta.totals.queued.saturating_sub(1);
}

fn open_run(staging: &Staging<'_>, source: &str) -> Result<Option<RunRow>, StoreError> {
    match staging.read::<OpenRunRow>(Table::OpenRuns, source.as_bytes())? {
        Some(open) => staging.read(Table::Runs, &keys::run(source, open.run)),
        None => Ok(None),
    }
}

fn write_run(staging: &mut Staging<'_>, run: &RunRow) {
    staging.write(Table::Runs, keys::run(&run.source, run.id), run);
}

/// Reasons are for people; a server's own words in them may be endless.
fn shortened(mut reason: String) -> String {
    let end = reason.floor_char_boundary(MAX_REASON);
    reason.truncate(end);
    reason
}

fn not_queued(job: &Job) -> StoreError {
    StoreError::NotQueued { source_id: job.source.clone(), url: job.url.clone() }
}

pub(super) fn put_gates(staging: &mut Staging<'_>, gates: Vec<GateState>) -> Result<(), StoreError> {
    for GateState { gate, next_allowed, hold, gap_ms, slow_percent, failures, pauses } in gates {
        keys::check_name("the gate", &gate)?;
        let row = GateRow { next_allowed, hold, gap_ms, slow_percent, failures, pauses };
        staging.write(Table::Gates, gate.into_bytes(), &row);
    }
    Ok(())
}

pub(super) fn put_robots(staging: &mut Staging<'_>, copies: Vec<RobotsCopy>) -> Result<(), StoreError> {
    for RobotsCopy { origin, body, fresh_until, failures, why, not_before } in copies {
        keys::check_name("the origin", &origin)?;
        let (text, bytes) = match body.map(String::from_utf8) {
            Some(Ok(text)) => (Some(text), None),
            Some(Err(error)) => (None, Some(error.into_bytes())),
            None => (None, None),
        };
        let row = RobotsRow { fresh_until, failures, why, not_before, text, bytes };
        staging.write_parts(Table::Robots, origin.as_bytes(), &row)?;
    }
    Ok(())
}

/// Every kept robots.txt, by origin.
pub(super) fn robots(tables: &Tables) -> impl Iterator<Item = Result<RobotsCopy, StoreError>> + use<> {
    let tables = tables.clone();
    tables.scan(Table::Robots, &[]).filter_map(move |row| {
        let (key, _) = match row {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        let base = keys::first_part(&key)?;
        let row = tables.read_parts::<RobotsRow>(Table::Robots, base).transpose()?;
        Some(row.map(|RobotsRow { fresh_until, failures, why, not_before, text, bytes }| {
            let origin = String::from_utf8_lossy(base).into_owned();
            let body = text.map(String::into_bytes).or(bytes);
            RobotsCopy { origin, body, fresh_until, failures, why, not_before }
        }))
    })
}
