//! Findings as they are kept: renewed at each sight, ordered worst first, with a short history.

use serde::{Deserialize, Serialize};

use super::journal::{FINDING, SEEN};
use super::rows::{FindingRow, OrderRow};
use super::staging::{Draft, Staging};
use super::tables::{Table, Tables};
use super::{StoreError, keys};
use crate::clock::Timestamp;
use crate::finding::{Action, Evidence, Finding, Review, Severity, State, Step, Taken};

/// Steps kept of one finding: a price that changes daily for a quarter, within one stored part.
const MAX_HISTORY: usize = 100;

/// Which findings to list. The default lists all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FindingFilter {
    /// Only those that stand here with the officers; empty: all.
    pub states: Vec<State>,
    /// Only those given to this officer.
    pub assignee: Option<String>,
    /// Leave out what is snoozed beyond this time.
    pub awake_at: Option<Timestamp>,
    /// A class (`medicine.erectile`) or a family (`medicine`).
    pub class: Option<String>,
    /// This severity and worse.
    pub min_severity: Option<Severity>,
    /// Only of this source.
    pub source: Option<String>,
    /// Last seen at or after this time.
    pub since: Option<Timestamp>,
}

impl FindingFilter {
    fn fits(&self, row: &OrderRow) -> bool {
        (self.states.is_empty() || self.states.contains(&row.state))
            && self.assignee.as_ref().is_none_or(|name| Some(name) == row.assignee.as_ref())
            && self.awake_at.is_none_or(|now| row.snoozed.is_none_or(|until| until <= now))
            && self.class.as_deref().is_none_or(|class| in_class(&row.class, class))
            && self.source.as_deref().is_none_or(|source| source == row.source)
            && self.since.is_none_or(|since| row.last_seen >= since)
    }
}

/// `medicine.erectile` is in `medicine.erectile` and in `medicine`, not in `med`.
fn in_class(class: &str, wanted: &str) -> bool {
    class.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// One step in the life of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingStep {
    /// When the listing was seen.
    pub at: Timestamp,
    /// Class then.
    pub class: String,
    /// Severity then.
    pub severity: Severity,
    /// Score then.
    pub score: u8,
    /// Price then, as `39.90 EUR`.
    pub price: Option<String>,
}

impl FindingStep {
    fn of(finding: &Finding) -> Self {
        let price = finding.listing.price.as_ref().map(|price| match &price.currency {
            Some(currency) => format!("{} {currency}", price.amount),
            None => price.amount.to_string(),
        });
        Self {
            at: finding.last_seen,
            class: finding.class.clone(),
            severity: finding.severity,
            score: finding.score,
            price,
        }
    }

    fn differs(&self, other: &Self) -> bool {
        (&self.class, self.severity, self.score, &self.price)
            != (&other.class, other.severity, other.score, &other.price)
    }
}

/// A finding with what happened to it, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct FindingRecord {
    /// As last seen.
    pub finding: Finding,
    /// First sight and every change of class, severity, score or price; the first and the newest are kept.
    pub history: Vec<FindingStep>,
    /// What officers did with it.
    pub review: Review,
}

/// Adds or renews findings; answers how many were new. A finding that says something else than what was decided on
/// goes back to the queue.
pub(super) fn put(
    staging: &mut Staging<'_>,
    findings: Vec<Finding>,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut new = 0;
    for finding in findings {
        keys::check_name("the finding id", &finding.id)?;
        let old: Option<FindingRow> = staging.read_parts(Table::Findings, finding.id.as_bytes())?;
        if old.is_none() {
            new += 1;
            staging.meta.totals.findings += 1;
        }
        let mut row = renewed(old.as_ref(), finding);
        let seen = &row.finding;
        if old.as_ref().is_none_or(|old| content(&old.finding) != content(seen)) {
            staging.journal(Draft { kind: FINDING, id: seen.id.clone(), payload: payload(seen, seen)? });
        } else if old.as_ref().is_some_and(|old| old.finding.evidence != seen.evidence) {
            // The same offer seen again: only the new proof is news, and the chain must cover it.
            let evidence = payload(&seen.evidence, seen)?;
            let payload = serde_json::json!({ "evidence": evidence, "last_seen": seen.last_seen });
            staging.journal(Draft { kind: SEEN, id: seen.id.clone(), payload });
        }
        if row.review.is_outdated(&row.finding) {
            let step = Step { by: "caveat".to_owned(), seen: None, action: Action::Changed, note: None };
            take(staging, &mut row, step, now)?;
        }
        write(staging, old.as_ref(), &row)?;
    }
    Ok(new)
}

/// Takes one step with each finding, whatever becomes of the others; answers one by one.
pub(super) fn decide(
    staging: &mut Staging<'_>,
    steps: Vec<(String, Step)>,
    now: Timestamp,
) -> Result<Vec<Result<Taken, StoreError>>, StoreError> {
    let mut answers = Vec::with_capacity(steps.len());
    for (id, step) in steps {
        let old: Option<FindingRow> = staging.read_parts(Table::Findings, id.as_bytes())?;
        let Some(old) = old else {
            answers.push(Err(StoreError::NotOne { prefix: id, count: 0 }));
            continue;
        };
        let mut row = old.clone();
        let taken = take(staging, &mut row, step, now);
        if taken.is_ok() {
            write(staging, Some(&old), &row)?;
        }
        answers.push(taken);
    }
    Ok(answers)
}

/// One step, with its line in the journal.
fn take(
    staging: &mut Staging<'_>,
    row: &mut FindingRow,
    step: Step,
    now: Timestamp,
) -> Result<Taken, StoreError> {
    let FindingRow { finding, review, .. } = row;
    let taken = review
        .apply(finding, step, now)
        .map_err(|refusal| StoreError::Refused { finding: finding.id.clone(), refusal })?;
    let payload = payload(&taken, finding)?;
    staging.journal(Draft { kind: "review", id: finding.id.clone(), payload });
    Ok(taken)
}

fn payload(value: &impl Serialize, finding: &Finding) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(value).map_err(|error| StoreError::BadRow {
        table: Table::Findings.name(),
        key: finding.id.clone(),
        cause: error.into(),
    })
}

/// Writes the row and its place in the index.
fn write(staging: &mut Staging<'_>, old: Option<&FindingRow>, row: &FindingRow) -> Result<(), StoreError> {
    if let Some(FindingRow { finding: was, .. }) = old {
        staging.delete(Table::Order, keys::order(was.severity, was.score, &was.id));
    }
    let now = &row.finding;
    let order = OrderRow {
        id: now.id.clone(),
        state: now.state,
        class: now.class.clone(),
        source: now.source.clone(),
        last_seen: now.last_seen,
        assignee: row.review.assignee.clone(),
        snoozed: row.review.snoozed,
    };
    staging.write(Table::Order, keys::order(now.severity, now.score, &now.id), &order);
    staging.write_parts(Table::Findings, now.id.as_bytes(), row)?;
    Ok(())
}

/// What a finding says, without when it was seen and where its latest proof lies.
fn content(finding: &Finding) -> impl PartialEq + use<'_> {
    (&finding.class, finding.severity, finding.score, finding.state, &finding.hits, &finding.listing)
}

/// The officers' state, the first sight and a proof outlive a new sight.
fn renewed(old: Option<&FindingRow>, mut finding: Finding) -> FindingRow {
    let Some(old) = old else {
        return FindingRow { history: vec![FindingStep::of(&finding)], review: Review::default(), finding };
    };
    let FindingRow { finding: was, mut history, review } = old.clone();
    finding.state = was.state;
    finding.first_seen = finding.first_seen.min(was.first_seen);
    finding.last_seen = finding.last_seen.max(was.last_seen);
    if matches!(finding.evidence, Evidence::None(_)) {
        finding.evidence = was.evidence;
    }
    let step = FindingStep::of(&finding);
    if history.last().is_none_or(|last| last.differs(&step)) {
        history.push(step);
        if history.len() > MAX_HISTORY {
            history.remove(1);
        }
    }
    FindingRow { finding, history, review }
}

/// Findings that fit, worst first.
pub(super) fn list(
    tables: &Tables,
    filter: FindingFilter,
) -> impl Iterator<Item = Result<Finding, StoreError>> + use<> {
    let tables = tables.clone();
    let end = filter.min_severity.map(keys::order_after);
    tables
        .scan(Table::Order, &[])
        .take_while(move |row| match (row, &end) {
            (Ok((key, _)), Some(end)) => key.as_ref() < end.as_slice(),
            _ => true,
        })
        .filter_map(move |row| {
            let order = row.and_then(|(key, value)| tables.decode::<OrderRow>(Table::Order, &key, &value));
            match order {
                Ok(order) if !filter.fits(&order) => None,
                Ok(order) => match tables.read_parts::<FindingRow>(Table::Findings, order.id.as_bytes()) {
                    Ok(Some(row)) => Some(Ok(row.finding)),
                    // Moved or removed since the index row was read.
                    Ok(None) => None,
                    Err(error) => Some(Err(error)),
                },
                Err(error) => Some(Err(error)),
            }
        })
}

/// The one finding whose id is, or begins with, `prefix`.
pub(super) fn one(tables: &Tables, prefix: &str) -> Result<FindingRecord, StoreError> {
    let none = || StoreError::NotOne { prefix: prefix.to_owned(), count: 0 };
    let mut ids: Vec<Vec<u8>> = Vec::new();
    if prefix.is_empty() {
        return Err(none());
    }
    for row in tables.scan(Table::Findings, prefix.as_bytes()) {
        let (key, _) = row?;
        let id = key.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
        if ids.last() != Some(&id) {
            ids.push(id);
        }
        // A whole id sorts before every longer one.
        if ids.len() > 1 && ids.first().is_none_or(|first| first != prefix.as_bytes()) {
            return Err(StoreError::NotOne { prefix: prefix.to_owned(), count: 2 });
        } else if ids.len() > 1 {
            break;
        }
    }
    let id = ids.first().ok_or_else(none)?;
    let row: FindingRow = tables.read_parts(Table::Findings, id)?.ok_or_else(none)?;
    let FindingRow { finding, history, review } = row;
    Ok(FindingRecord { finding, history, review })
}
