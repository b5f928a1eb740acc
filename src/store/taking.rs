//! Reading the frontier: leasing jobs and telling what waits.

use super::board::{Board, Origin};
use super::frontier::{GateQueue, Job, UrlState, UrlStatus};
use super::rows::{RowStatus, UrlRow};
use super::tables::{Table, Tables};
use super::{StoreError, keys};
use crate::clock::Timestamp;

/// Leases up to `count` jobs: retries that are due first (they have waited longest), then ready ones in order.
pub(super) fn take(
    tables: &Tables,
    board: &Board,
    source: &str,
    gate: &str,
    count: usize,
    now: Timestamp,
) -> Result<Vec<Job>, StoreError> {
    let mut spots = board.lock();
    let Some(spot) = spots.get_mut(source).and_then(|gates| gates.get_mut(gate)) else {
        return Ok(Vec::new());
    };
    let prefix = keys::of_gate(source, gate);
    let mut jobs = Vec::new();
    for (table, origin) in [(Table::Waiting, Origin::Waiting), (Table::Ready, Origin::Ready)] {
        for row in tables.scan(table, &prefix) {
            let (place, key) = row?;
            if jobs.len() == count {
                break;
            }
            // Waiting rows lie in the order of their times.
            let due = |at| at <= now;
            if origin == Origin::Waiting
                && !place.get(prefix.len()..).and_then(keys::read_time).is_some_and(due)
            {
                break;
            }
            let key = String::from_utf8_lossy(&key).into_owned();
            if spot.leased.contains_key(&key) {
                continue;
            }
            // A row that is no longer queued was settled while this loop ran.
            let Some(row) = queued(tables, source, &key)? else { continue };
            spot.leased.insert(key.clone(), origin);
            jobs.push(job(source, key, row));
        }
    }
    Ok(jobs)
}

fn job(source: &str, key: String, row: UrlRow) -> Job {
    let UrlRow { run, url, gate, depth, priority, attempts, found_on, .. } = row;
    let url = url.unwrap_or_else(|| key.clone());
    Job { source: source.to_owned(), run, key, url, gate, depth, priority, attempts, found_on }
}

/// Leases those of these keys that are queued and that nobody holds.
pub(super) fn hold(
    tables: &Tables,
    board: &Board,
    source: &str,
    keys: impl Iterator<Item = String>,
) -> Result<Vec<Job>, StoreError> {
    let mut spots = board.lock();
    let mut held = Vec::new();
    for key in keys {
        let Some(row) = queued(tables, source, &key)? else { continue };
        let Some(spot) = spots.get_mut(source).and_then(|gates| gates.get_mut(&row.gate)) else { continue };
        if spot.leased.contains_key(&key) {
            continue;
        }
        let origin = if row.not_before.is_some() { Origin::Waiting } else { Origin::Ready };
        spot.leased.insert(key.clone(), origin);
        held.push(job(source, key, row));
    }
    Ok(held)
}

fn queued(tables: &Tables, source: &str, key: &str) -> Result<Option<UrlRow>, StoreError> {
    let row: Option<UrlRow> = tables.read(Table::Urls, &keys::url(source, key))?;
    Ok(row.filter(|row| row.status == RowStatus::Queued))
}

/// What waits at each gate of a source.
pub(super) fn gates_with_work(
    tables: &Tables,
    board: &Board,
    source: &str,
    now: Timestamp,
) -> Result<Vec<GateQueue>, StoreError> {
    let spots = board.lock();
    let mut queues = Vec::new();
    for (gate, spot) in spots.get(source).into_iter().flatten() {
        let free = spot.free();
        let next = if free.ready > 0 {
            Some(now)
        } else if free.waiting > 0 {
            let prefix = keys::of_gate(source, gate);
            let mut rows = tables.scan(Table::Waiting, &prefix);
            rows.find_map(|row| match row {
                Ok((_, key)) if spot.leased.contains_key(&*String::from_utf8_lossy(&key)) => None,
                Ok((place, _)) => place.get(prefix.len()..).and_then(keys::read_time).map(Ok),
                Err(error) => Some(Err(error)),
            })
            .transpose()?
        } else {
            None
        };
        let (ready, waiting, leased) = (free.ready, free.waiting, free.leased);
        queues.push(GateQueue { gate: gate.clone(), ready, waiting, leased, next });
    }
    Ok(queues)
}

pub(super) fn url_state(
    tables: &Tables,
    board: &Board,
    source: &str,
    key: &str,
) -> Result<Option<UrlState>, StoreError> {
    let Some(row) = tables.read::<UrlRow>(Table::Urls, &keys::url(source, key))? else { return Ok(None) };
    let reason = row.reason;
    let status = match row.status {
        RowStatus::Queued if board.is_leased(source, &row.gate, key) => UrlStatus::Leased,
        RowStatus::Queued => UrlStatus::Queued {
            not_before: row.not_before.map_or_else(Timestamp::default, Timestamp),
            reason,
        },
        RowStatus::Done => UrlStatus::Done,
        RowStatus::Failed => UrlStatus::Failed(reason.unwrap_or_default()),
        RowStatus::Refused => UrlStatus::Refused(reason.unwrap_or_default()),
    };
    let UrlRow { run, url, gate, depth, attempts, found_on, .. } = row;
    let url = url.unwrap_or_else(|| key.to_owned());
    Ok(Some(UrlState { url, status, run, gate, depth, attempts, found_on }))
}
