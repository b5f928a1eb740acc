//! The timetable: looks every few seconds which sources are due, runs them a few at a time, and writes down what was
//! planned and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::House;
use crate::cli::crawl::{SOURCES_AT_ONCE, check_contact, plans};
use crate::cli::exit::Failure;
use crate::cli::rulebook::Rulebook;
use crate::cli::summary;
use crate::cli::terminal::harmless;
use crate::clock::Timestamp;
use crate::crawl::stop::Stop;
use crate::crawl::{Ended, Plan, crawl};
use crate::schedule::{Due, Standing, Step, step, upcoming};
use crate::source::Schedule;
use crate::store::{Fate, PlannedRun, Store, StoreError};

/// How often source files are looked at again, and the longest sleep, so that a clock that jumps is noticed.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// The shortest sleep: ticks are whole minutes.
const SHORTEST: Duration = Duration::from_millis(20);

/// What is known of each source's past.
#[derive(Default)]
struct Book(BTreeMap<String, Past>);

#[derive(Debug, Clone, Default)]
struct Past {
    standing: Standing,
    /// The newest planned run, where it did not come to an end.
    open: Option<PlannedRun>,
}

/// Keeps it until a stop is wished, then lets the runs under way end in order.
pub(super) async fn keep(house: Arc<House>, mut stop: Stop) -> Result<(), Failure> {
    let mut book = Book::read(&house.crawler.store)?;
    let mut told = BTreeSet::new();
    let places = Arc::new(Semaphore::new(SOURCES_AT_ONCE));
    let mut runs: JoinSet<String> = JoinSet::new();
    while !stop.is_wished() {
        let sources = scheduled(&house, &mut told);
        let now = house.now();
        for (id, schedule) in &sources {
            let past = book.0.entry(id.clone()).or_default();
            match step(schedule, past.standing, now) {
                Step::Wait => {}
                Step::Skip(due) => skip(&house, id, past, due, now).await,
                Step::Start(due) => {
                    let planned = plan(id, due, now);
                    begin(&house, past, planned, due.is_late(now), &places, &stop, &mut runs).await;
                }
                Step::Resume(due) => {
                    let planned = taken_up(&house, id, past, due, now).await;
                    begin(&house, past, planned, false, &places, &stop, &mut runs).await;
                }
            }
        }
        let next: BTreeMap<String, Timestamp> = sources
            .iter()
            .filter_map(|(id, schedule)| Some((id.clone(), upcoming(schedule, now, 1).first()?.at)))
            .collect();
        let soonest = next.values().min().map_or(LOOK_EVERY, |at| at.since(house.now()));
        house.live.plan(next);
        tokio::select! {
            () = tokio::time::sleep(soonest.clamp(SHORTEST, LOOK_EVERY)) => {}
            () = stop.wished() => {}
            Some(ended) = runs.join_next() => book.ended(ended)?,
        }
    }
    house.live.stop();
    house.shell.say("stopping: pages under way may end; a second signal ends at once");
    while let Some(ended) = runs.join_next().await {
        book.ended(ended)?;
    }
    Ok(())
}

impl Book {
    /// What the store remembers: a run counts from its start, a planned one from its time.
    fn read(store: &Store) -> Result<Self, StoreError> {
        let mut book = Self::default();
        for planned in store.planned(None) {
            let planned = planned?;
            let past = book.0.entry(planned.source.clone()).or_default();
            let is_newest = past.standing.last.is_none();
            past.standing.last = past.standing.last.max(Some(planned.at));
            let is_open = matches!(planned.fate, Fate::Waiting | Fate::Started { .. } | Fate::Stopped { .. });
            if is_newest && is_open {
                past.standing.is_interrupted = true;
                past.open = Some(planned);
            }
        }
        for run in store.runs(None)? {
            let past = book.0.entry(run.source).or_default();
            past.standing.last = past.standing.last.max(Some(run.started));
            past.standing.is_interrupted |= run.finished.is_none();
        }
        Ok(book)
    }

    fn ended(&mut self, ended: Result<String, tokio::task::JoinError>) -> Result<(), Failure> {
        let id = ended.map_err(|error| {
            Failure::incomplete(anyhow::anyhow!("internal error: {error}; please report it"))
        })?;
        if let Some(past) = self.0.get_mut(&id) {
            past.standing.is_running = false;
            past.open = None;
        }
        Ok(())
    }
}

/// Sources with a schedule. What is wrong with a file is said once, until it changes.
fn scheduled(house: &House, told: &mut BTreeSet<String>) -> Vec<(String, Schedule)> {
    let mut wrong = BTreeSet::new();
    let mut sources = Vec::new();
    match house.workspace.source_paths() {
        Err(error) => {
            wrong.insert(error.to_string());
            say_once(house, told, &error.into());
        }
        Ok(paths) => {
            for path in paths {
                match crate::workspace::read_source(&path) {
                    Ok((source, _)) => sources.extend(source.schedule.map(|schedule| (source.id, schedule))),
                    Err(error) => {
                        wrong.insert(error.to_string());
                        say_once(house, told, &error.into());
                    }
                }
            }
        }
    }
    told.retain(|text| wrong.contains(text));
    sources
}

fn say_once(house: &House, told: &mut BTreeSet<String>, failure: &Failure) {
    if told.insert(failure.error.to_string()) {
        house.shell.error(failure);
    }
}

fn plan(id: &str, due: Due, now: Timestamp) -> PlannedRun {
    PlannedRun { source: id.to_owned(), at: due.at, noticed: now, missed: due.missed, fate: Fate::Waiting }
}

/// The planned run under which an interrupted one goes on: its own, or the one that came due meanwhile.
async fn taken_up(house: &House, id: &str, past: &mut Past, due: Due, now: Timestamp) -> PlannedRun {
    past.standing.is_interrupted = false;
    match past.open.take() {
        Some(open) if due.at == now || due.at <= open.at => open,
        Some(open) => {
            let why = format!("it was interrupted, and goes on as the run planned for {}", due.at);
            write_down(house, PlannedRun { fate: Fate::Skipped { why }, ..open }).await;
            plan(id, due, now)
        }
        None => plan(id, due, now),
    }
}

async fn skip(house: &House, id: &str, past: &mut Past, due: Due, now: Timestamp) {
    past.standing.last = Some(due.at);
    let why = "the run before still went on".to_owned();
    house.shell.warn(format_args!("{id}: the run planned for {} is left out: {why}", due.at));
    house.event(
        &json!({"event": "skipped", "source": id, "planned": due.at, "missed": due.missed, "why": why}),
    );
    house.live.skipped(due.missed);
    write_down(house, PlannedRun { fate: Fate::Skipped { why }, ..plan(id, due, now) }).await;
}

/// Keeps a planned run. A store that does not take it stops no crawl; it is said, and health tells.
async fn write_down(house: &House, planned: PlannedRun) {
    let kept = house.crawler.store.put_planned(planned).await;
    if let Err(error) = &kept {
        house
            .shell
            .problem(format_args!("the timetable could not be kept: {}", harmless(&error.to_string())));
    }
    house.live.set_trouble(kept.err().map(|error| error.to_string()));
}

async fn begin(
    house: &Arc<House>,
    past: &mut Past,
    planned: PlannedRun,
    late: bool,
    places: &Arc<Semaphore>,
    stop: &Stop,
    runs: &mut JoinSet<String>,
) {
    let now = house.now();
    past.standing.last = past.standing.last.max(Some(planned.at));
    past.standing.is_running = true;
    // Written before anything else happens, so that a crash from here on is seen.
    write_down(house, planned.clone()).await;
    house.live.queued(planned.missed, late);
    let id = planned.source.clone();
    if late {
        house.shell.say(format_args!(
            "{id}: planned for {}, begins late ({} earlier times were missed)",
            planned.at, planned.missed
        ));
    }
    house.event(&json!({"event": "planned", "source": id, "planned": planned.at, "late": late,
        "missed": planned.missed, "at": now}));
    let (house, places, mut stop) = (Arc::clone(house), Arc::clone(places), stop.clone());
    runs.spawn(async move {
        let place = tokio::select! {
            place = places.acquire_owned() => place,
            () = stop.wished() => {
                house.live.left();
                return id;
            }
        };
        carry_out(&house, planned, &mut stop).await;
        drop(place);
        id
    });
}

/// One run, from its preparation to its report.
async fn carry_out(house: &Arc<House>, planned: PlannedRun, stop: &mut Stop) {
    let (id, started) = (planned.source.clone(), house.now());
    house.live.began(&id, started);
    write_down(house, PlannedRun { fate: Fate::Started { started }, ..planned.clone() }).await;
    house.event(&json!({"event": "started", "source": id, "planned": planned.at, "at": started}));
    let ended = match prepared(house, &id).await {
        Ok(plan) => crawl(&house.crawler, &plan, stop, |_| {}).await.map_err(Failure::incomplete),
        Err(failure) => Err(failure),
    };
    let finished = house.now();
    let (fate, report) = match &ended {
        Ok(Ended { report, complete: true, .. }) => (Fate::Finished { started, finished }, Some(report)),
        Ok(Ended { report, .. }) => (Fate::Stopped { started }, Some(report)),
        Err(failure) => (Fate::Failed { why: failure.error.to_string() }, None),
    };
    let took = matches!(fate, Fate::Finished { .. }).then(|| finished.since(started));
    house.live.ended(&id, fate.word(), report, took);
    house.event(&json!({"event": fate.word(), "source": id, "planned": planned.at, "at": finished,
        "report": report}));
    match &ended {
        Ok(ended) => {
            house.shell.say(summary::report(&ended.report, ended.complete));
            for (url, why) in &ended.failed_starts {
                house.shell.problem(format_args!("{}: {}", harmless(url), harmless(why)));
            }
        }
        Err(failure) => {
            house.shell.problem(format_args!("{id}: the planned run failed"));
            house.shell.error(failure);
        }
    }
    let is_over = matches!(fate, Fate::Finished { .. });
    write_down(house, PlannedRun { fate, ..planned }).await;
    if is_over && let Err(error) = house.crawler.drop_old(&house.workspace.config.retention).await {
        house.shell.problem(format_args!("old rows could not be dropped: {}", harmless(&error.to_string())));
    }
}

/// The source's file and the rules as they stand now, so that a change counts from the next run on.
async fn prepared(house: &Arc<House>, id: &str) -> Result<Arc<Plan>, Failure> {
    let (house, id) = (Arc::clone(house), id.to_owned());
    let work = tokio::task::spawn_blocking(move || {
        let (source, warnings) = house.workspace.source(&id)?;
        house.shell.diagnostics(&warnings);
        check_contact(&house.workspace.config, std::slice::from_ref(&source))?;
        let mut rulebook = Rulebook::open(&house.shell, &house.workspace)?;
        plans(&house.shell, &mut rulebook, vec![source], None)
    });
    let plans = work
        .await
        .map_err(|error| Failure::incomplete(anyhow::anyhow!("internal error: {error}; please report it")))?;
    plans?
        .into_iter()
        .next()
        .ok_or_else(|| Failure::usage(anyhow::anyhow!("the source gives nothing to crawl")))
}
