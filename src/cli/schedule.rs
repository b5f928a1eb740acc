//! `caveat schedule`

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::Arc;

use serde_json::json;

use super::arguments::{Crawl, Schedule as Command};
use super::crawl;
use super::exit::{Exit, Failure, Outcome};
use super::shell::Shell;
use super::terminal::{harmless, json_line, out, table};
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::schedule::{is_due, upcoming};
use crate::source::Schedule;
use crate::store::{Inside, PlannedRun, Store, StoreError};
use crate::workspace::Workspace;

/// Ticks shown of each source.
const SHOWN: usize = 5;

pub(super) fn run(shell: &Shell, command: Command) -> Outcome {
    let workspace = shell.workspace()?;
    let (sources, exit) = scheduled(shell, &workspace)?;
    let now = SystemClock.now();
    match command {
        Command::List => list(shell, &workspace, &sources, now).map(|done| done.max(exit)),
        Command::Next { source, count } => {
            next(shell, &sources, source.as_deref(), count.unwrap_or(SHOWN), now).map(|done| done.max(exit))
        }
        Command::Run { fail_on } => {
            let last = past(&workspace)?.last;
            let due = sources.into_iter().filter(|(id, plan)| is_due(plan, last.get(id).copied(), now));
            let due: Vec<String> = due.map(|(id, _)| id).collect();
            if due.is_empty() {
                shell.say("no source is due");
                return Ok(exit);
            }
            let crawl = Crawl { sources: due, url: None, dry_run: false, fail_on };
            crawl::run(shell, &crawl).map(|done| done.max(exit))
        }
    }
}

/// Sources that have a schedule, by id; a broken file is shown and does not stop the others.
fn scheduled(shell: &Shell, workspace: &Workspace) -> Result<(Vec<(String, Schedule)>, Exit), Failure> {
    let (mut sources, mut exit) = (Vec::new(), Exit::Done);
    for path in workspace.source_paths()? {
        match crate::workspace::read_source(&path) {
            Ok((source, _)) => sources.extend(source.schedule.map(|schedule| (source.id, schedule))),
            Err(error) => {
                let failure = Failure::from(error);
                shell.error(&failure);
                exit = exit.max(failure.exit);
            }
        }
    }
    Ok((sources, exit))
}

/// What the store remembers of scheduled runs.
#[derive(Default)]
struct Past {
    /// When each source was seen to last.
    last: BTreeMap<String, Timestamp>,
    /// Each source's newest planned run.
    planned: BTreeMap<String, PlannedRun>,
}

fn past(workspace: &Workspace) -> Result<Past, Failure> {
    let mut past = Past::default();
    if Store::look(&workspace.data) != Inside::Store {
        return Ok(past);
    }
    let store = Store::open_existing(&workspace.data, Arc::new(SystemClock))?;
    for planned in store.planned(None) {
        let planned = planned?;
        past.planned.entry(planned.source.clone()).or_insert(planned);
    }
    for run in store.runs(None)? {
        // Newest first. One that was interrupted is taken up whatever the schedule says.
        let seen = past.planned.get(&run.source).map(|planned| planned.at);
        let began = if run.finished.is_some() {
            seen.map_or(run.started, |at| at.max(run.started))
        } else {
            Timestamp(0)
        };
        past.last.entry(run.source).or_insert(began);
    }
    Ok(past)
}

fn list(shell: &Shell, workspace: &Workspace, sources: &[(String, Schedule)], now: Timestamp) -> Outcome {
    let past = match past(workspace) {
        // `serve` holds it; the plan itself stands in the files.
        Err(failure) if matches!(failure.error.downcast_ref(), Some(StoreError::Held { .. })) => {
            shell
                .warn("another process holds the data folder, so that what is due and what ran is not shown");
            None
        }
        past => Some(past?),
    };
    let mut rows = Vec::new();
    for (id, plan) in sources {
        let due = past.as_ref().is_some_and(|past| is_due(plan, past.last.get(id).copied(), now));
        let planned = past.as_ref().and_then(|past| past.planned.get(id));
        let next = upcoming(plan, now, 1).into_iter().next();
        if shell.global.json {
            let next = next.map(|tick| tick.at);
            let line = json!({"source": id, "cron": plan.cron, "zone": plan.zone, "due": due, "next": next,
                "planned": planned});
            writeln!(out(), "{}", json_line(&line)?)?;
        } else {
            let state = if due { "due now".to_owned() } else { String::new() };
            let planned = planned.map(|run| format!("{} {}", run.at, run.fate.word())).unwrap_or_default();
            let next = next.map(|tick| tick.local).unwrap_or_default();
            rows.push(vec![harmless(id), plan.cron.clone(), plan.zone.clone(), next, planned, state]);
        }
    }
    if !rows.is_empty() {
        write!(out(), "{}", table(&["source", "schedule", "zone", "next", "last planned", ""], &rows))?;
    } else if sources.is_empty() {
        shell.say("no source has a schedule: write `schedule = \"0 3 * * 1-5 Europe/Berlin\"` into its file");
    }
    Ok(Exit::Done)
}

fn next(
    shell: &Shell,
    sources: &[(String, Schedule)],
    only: Option<&str>,
    count: usize,
    now: Timestamp,
) -> Outcome {
    let asked: Vec<_> = sources.iter().filter(|(id, _)| only.is_none_or(|only| only == id)).collect();
    if let (Some(only), true) = (only, asked.is_empty()) {
        return Err(Failure::usage(anyhow::anyhow!(
            "no source {only:?} has a schedule; see `caveat schedule list`"
        )));
    }
    let mut ticks: Vec<_> = asked
        .into_iter()
        .flat_map(|(id, plan)| upcoming(plan, now, count).into_iter().map(move |tick| (tick, id, plan)))
        .collect();
    ticks.sort_by(|(a, one, _), (b, other, _)| (a.at, one).cmp(&(b.at, other)));
    for (tick, id, plan) in ticks.into_iter().take(count) {
        if shell.global.json {
            let line = json!({"source": id, "at": tick.at, "local": tick.local, "zone": plan.zone});
            writeln!(out(), "{}", json_line(&line)?)?;
        } else {
            writeln!(out(), "{}  {:<30} {}", tick.local, plan.zone, harmless(id))?;
        }
    }
    Ok(Exit::Done)
}
