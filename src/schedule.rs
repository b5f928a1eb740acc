//! When a source is due, by the cron expression and zone of its file.
//!
//! A fixed hour that a change to summer time skips comes when the gap ends, one that the change back repeats comes
//! once. A tick that passed while nothing ran makes the source due once, however many have passed.

use std::time::Duration;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::source::Schedule;

/// A run that begins this long after its tick is late. Below, it is the scheduler's own grain.
pub const LATE: Duration = Duration::from_mins(2);
/// Missed ticks that are counted, at most: a week of a schedule that comes every minute.
const MAX_COUNTED: usize = 10_080;

/// One time at which a source is to be crawled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The moment.
    pub at: Timestamp,
    /// The same as the zone's clocks show it: `Mon 2026-11-30 03:00 CET`.
    pub local: String,
}

/// A tick that has come and was not seen to yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The newest tick that has passed; now, for a source that was never crawled.
    pub at: Timestamp,
    /// Earlier ticks that passed unseen and that this one stands for; at most a week's worth is counted.
    pub missed: u64,
}

impl Due {
    /// Whether a run that begins now is late.
    pub fn is_late(&self, now: Timestamp) -> bool {
        self.missed > 0 || now.since(self.at) > LATE
    }
}

/// How a source stands when the scheduler looks at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// The newest tick that was seen to, or the start of the newest run, whichever is later.
    pub last: Option<Timestamp>,
    /// A run of it is under way, or waits for its turn.
    pub is_running: bool,
    /// A run of it was interrupted and can be taken up.
    pub is_interrupted: bool,
}

/// What the scheduler has to do about a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Nothing yet.
    Wait,
    /// Begin a run.
    Start(Due),
    /// Take up the run that was interrupted; what came due meanwhile is in it.
    Resume(Due),
    /// Its time has come while it still runs: write down that it was left out.
    Skip(Due),
}

/// What to do about a source now.
pub fn step(schedule: &Schedule, standing: Standing, now: Timestamp) -> Step {
    let due = due(schedule, standing.last, now);
    match due {
        // A source that was never seen to and runs is on its first run.
        Some(due) if standing.is_running && standing.last.is_some() => Step::Skip(due),
        _ if standing.is_running => Step::Wait,
        due if standing.is_interrupted => Step::Resume(due.unwrap_or(Due { at: now, missed: 0 })),
        Some(due) => Step::Start(due),
        None => Step::Wait,
    }
}

/// The next `count` ticks after a time; fewer where the expression has no more.
pub fn upcoming(schedule: &Schedule, after: Timestamp, count: usize) -> Vec<Tick> {
    let Some((cron, start)) = parts(schedule, after) else { return Vec::new() };
    let tick = |time: Zoned| Tick {
        at: Timestamp(time.timestamp().as_millisecond()),
        local: time.strftime("%a %Y-%m-%d %H:%M %Z").to_string(),
    };
    cron.iter_after(start).take(count).map(tick).collect()
}

/// What is due at `now` of a source that was seen to last at `last`; a source that never was is due at once.
pub fn due(schedule: &Schedule, last: Option<Timestamp>, now: Timestamp) -> Option<Due> {
    let Some(last) = last else { return Some(Due { at: now, missed: 0 }) };
    let (cron, start) = parts(schedule, last)?;
    let ticks = cron.iter_after(start).map(|time| Timestamp(time.timestamp().as_millisecond()));
    let mut found: Option<Due> = None;
    for at in ticks.take_while(|at| *at <= now).take(MAX_COUNTED) {
        found = Some(Due { at, missed: found.map_or(0, |due| due.missed + 1) });
    }
    // After so many the newest is not looked for; now stands for it, and the next one comes by the clock again.
    found.map(|due| if due.missed + 1 >= MAX_COUNTED as u64 { Due { at: now, ..due } } else { due })
}

/// Whether a source that was crawled last at `last` is due at `now`. One that was never crawled is.
pub fn is_due(schedule: &Schedule, last: Option<Timestamp>, now: Timestamp) -> bool {
    match last {
        None => true,
        Some(last) => upcoming(schedule, last, 1).first().is_some_and(|tick| tick.at <= now),
    }
}

/// The reader of source files has checked both parts; what it would have refused gives no tick.
fn parts(schedule: &Schedule, at: Timestamp) -> Option<(Cron, Zoned)> {
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    let zone = TimeZone::get(&schedule.zone).ok()?;
    let time = jiff::Timestamp::from_millisecond(at.0).ok()?;
    Some((parser.parse(&schedule.cron).ok()?, time.to_zoned(zone)))
}

#[cfg(test)]
mod tests;
