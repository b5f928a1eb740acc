//! Looking the store over: everything that opening checks, and what would take too long at every start.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::rows::{DepthRow, FindingRow, ListingRow, OrderRow, RowStatus, UrlRow};
use super::tables::Table;
use super::{Store, StoreError, keys, space, watch};
use crate::clock::Clock;
use crate::finding::Ruling;

/// Free space below this is worth a word before crawling stops.
const COMFORTABLE: u64 = 1 << 30;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// Short name, such as `journal`.
    pub name: &'static str,
    /// Whether all is well.
    pub ok: bool,
    /// What was seen.
    pub message: String,
    /// What to do, when something is wrong.
    pub cure: Option<String>,
}

impl Check {
    fn good(name: &'static str, message: String) -> Self {
        Self { name, ok: true, message, cure: None }
    }

    fn bad(name: &'static str, message: String, cure: &str) -> Self {
        Self { name, ok: false, message, cure: Some(cure.to_owned()) }
    }

    fn of(name: &'static str, looked: Result<String, StoreError>, cure: &str) -> Self {
        match looked {
            Ok(message) => Self::good(name, message),
            Err(error) => Self::bad(name, error.to_string(), cure),
        }
    }
}

const COPY: &str = "keep a copy of the data folder as it is, then restore the last backup; every finding is also a line \
                    of journal.jsonl";

/// Opens the folder and looks at everything in it.
pub(super) fn examine(dir: &Path, clock: Arc<dyn Clock>) -> Vec<Check> {
    let mut checks = vec![free_space(dir)];
    let store = match Store::open(dir, clock) {
        Ok(store) => store,
        Err(error) => {
            let cure = match &error {
                StoreError::Held { .. } => "wait for the other process or stop it, then ask again",
                StoreError::DiskFull { .. } => "free some space",
                StoreError::Unusable { .. } => "check the folder's owner, its permissions and its disk",
                StoreError::UnknownVersion { .. } => "use the version of caveat that wrote it",
                _ => COPY,
            };
            checks.push(Check::bad("open", error.to_string(), cure));
            return checks;
        }
    };
    checks.push(Check::good("open", format!("{} opens, STATE agrees", dir.display())));
    let store = Arc::new(store);
    let looks: [(&'static str, Look); 4] =
        [("journal", journal), ("frontier", frontier), ("findings", findings), ("listings", listings)];
    for (name, look) in looks {
        let under = Arc::clone(&store);
        checks.push(Check::of(name, watch::watched(dir, move || look(&under)), COPY));
    }
    checks
}

type Look = fn(&Store) -> Result<String, StoreError>;

fn journal(store: &Store) -> Result<String, StoreError> {
    Ok(format!("{} lines, every one follows the one before", store.verify_journal()?))
}

fn free_space(dir: &Path) -> Check {
    // The folder may not exist yet; the nearest one that does lies on the same disk.
    let Some(free) = dir.ancestors().find_map(space::free) else {
        return Check::good("disk", "the system does not tell how much space is free".to_owned());
    };
    let message = format!("{} MB are free", free >> 20);
    if free < COMFORTABLE {
        Check::bad("disk", message, "free some space or move the data folder before the next crawl")
    } else {
        Check::good("disk", message)
    }
}

/// Every queued row lies in its index and nothing else does, and the counts agree.
fn frontier(store: &Store) -> Result<String, StoreError> {
    let tables = &store.tables;
    let mut depths: BTreeMap<Vec<u8>, DepthRow> = BTreeMap::new();
    let (mut urls, mut queued) = (0_u64, 0_u64);
    for row in tables.scan(Table::Urls, &[]) {
        let (key, value) = row?;
        let row: UrlRow = tables.decode(Table::Urls, &key, &value)?;
        urls += 1;
        if row.status != RowStatus::Queued {
            continue;
        }
        queued += 1;
        let source = String::from_utf8_lossy(key.split(|byte| *byte == 0).next().unwrap_or_default());
        let depth = depths.entry(keys::of_gate(&source, &row.gate)).or_default();
        let (table, place) = row.place(&source);
        *(if table == Table::Ready { &mut depth.ready } else { &mut depth.waiting }) += 1;
        let own = key.get(source.len() + 1..).unwrap_or_default();
        if tables.get(table, &place)?.is_none_or(|value| value != own) {
            return Err(disagree(store, format!("the queued URL {} is in no index", key.escape_ascii())));
        }
    }
    let indexed = count(store, Table::Ready)? + count(store, Table::Waiting)?;
    let mut kept: BTreeMap<Vec<u8>, DepthRow> = BTreeMap::new();
    for row in tables.scan(Table::Depths, &[]) {
        let (key, value) = row?;
        kept.insert(key.to_vec(), tables.decode(Table::Depths, &key, &value)?);
    }
    let totals = store.totals()?;
    if (urls, queued, queued) != (totals.urls, totals.queued, indexed) || kept != depths {
        let what = format!(
            "{urls} URLs and {queued} queued ones lie there, {indexed} in the indexes; counted are {} and {}",
            totals.urls, totals.queued
        );
        return Err(disagree(store, what));
    }
    Ok(format!("{urls} URLs, {queued} of them queued, indexes agree"))
}

/// Every finding can be read and lies at its place in the order.
fn findings(store: &Store) -> Result<String, StoreError> {
    let tables = &store.tables;
    let mut findings = 0_u64;
    for base in bases(store, Table::Findings) {
        let base = base?;
        let Some(row) = tables.read_parts::<FindingRow>(Table::Findings, &base)? else { continue };
        findings += 1;
        let place = keys::order(row.finding.severity, row.finding.score, &row.finding.id);
        let order: Option<OrderRow> = tables.read(Table::Order, &place)?;
        if order.is_none_or(|order| order.id != row.finding.id) {
            return Err(disagree(store, format!("the finding {} is not in the index", row.finding.id)));
        }
    }
    let (indexed, counted) = (count(store, Table::Order)?, store.totals()?.findings);
    if (findings, findings) != (indexed, counted) {
        let what = format!("{findings} findings lie there, {indexed} in the index; counted are {counted}");
        return Err(disagree(store, what));
    }
    Ok(format!("{findings} findings, index agrees"))
}

/// Every listing can be read, and the passed ones are known by their age.
fn listings(store: &Store) -> Result<String, StoreError> {
    let tables = &store.tables;
    let (mut listings, mut passed) = (0_u64, 0_u64);
    for base in bases(store, Table::Listings) {
        let base = base?;
        let Some(row) = tables.read_parts::<ListingRow>(Table::Listings, &base)? else { continue };
        listings += 1;
        if row.verdict.ruling == Ruling::Pass {
            passed += 1;
            if tables.get(Table::Ages, &keys::age(row.seen_at, &row.source, &row.url))?.is_none() {
                return Err(disagree(store, format!("the listing {} is not in the index of ages", row.url)));
            }
        }
    }
    let (indexed, counted) = (count(store, Table::Ages)?, store.totals()?.listings);
    if (listings, passed) != (counted, indexed) {
        let what = format!(
            "{listings} listings lie there, {passed} of them passed and {indexed} in the index; counted are {counted}"
        );
        return Err(disagree(store, what));
    }
    Ok(format!("{listings} listings, index agrees"))
}

/// The keys of values that are kept in parts.
fn bases(store: &Store, table: Table) -> impl Iterator<Item = Result<Vec<u8>, StoreError>> + use<> {
    store.tables.scan(table, &[]).filter_map(|row| match row {
        Ok((key, _)) => keys::first_part(&key).map(|base| Ok(base.to_vec())),
        Err(error) => Some(Err(error)),
    })
}

fn count(store: &Store, table: Table) -> Result<u64, StoreError> {
    store.tables.scan(table, &[]).try_fold(0, |count, row| row.map(|_| count + 1))
}

fn disagree(store: &Store, what: String) -> StoreError {
    StoreError::Damaged { path: store.tables.path().to_owned(), what }
}
