//! When a source is due, by the cron expression and zone of its file.
//!
//! A fixed hour that a change to summer time skips comes when the gap ends, one that the change back repeats comes
//! once. A tick that passed while nothing ran makes the source due once, however many have passed.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Zoned;
use jiff::tz::TimeZone;

use crate::clock::Timestamp;
use crate::source::Schedule;

/// One time at which a source is to be crawled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The moment.
    pub at: Timestamp,
    /// The same as the zone's clocks show it: `Mon 2026-11-30 03:00 CET`.
    pub local: String,
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
mod tests {
    use super::*;

    fn schedule(cron: &str, zone: &str) -> Schedule {
        Schedule { cron: cron.to_owned(), zone: zone.to_owned() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn local(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        upcoming(&schedule(cron, zone), at(after), count).into_iter().map(|tick| tick.local).collect()
    }

    #[test]
    fn ticks_come_by_the_zones_clocks() {
        assert_eq!(
            local("0 3 * * 1-5", "Europe/Berlin", "2026-11-26T12:00:00Z", 3),
            ["Fri 2026-11-27 03:00 CET", "Mon 2026-11-30 03:00 CET", "Tue 2026-12-01 03:00 CET"]
        );
        assert_eq!(
            local("0 0 29 2 *", "Asia/Tokyo", "2026-01-01T00:00:00Z", 1),
            ["Tue 2028-02-29 00:00 JST"]
        );
    }

    #[test]
    fn a_change_of_clocks_neither_loses_nor_doubles_a_tick() {
        // Clocks in Berlin went from 2:00 to 3:00 on 29 March 2026, and went from 3:00 back to 2:00 on 25 October.
        let spring = local("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", 3);
        assert_eq!(spring.len(), 3);
        assert!(spring[1].starts_with("Sun 2026-03-29 03:"), "{spring:?}");
        assert_eq!((&*spring[0], &*spring[2]), ("Sat 2026-03-28 02:30 CET", "Mon 2026-03-30 02:30 CEST"));
        assert_eq!(
            local("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
            ["Sun 2026-10-25 02:30 CEST", "Mon 2026-10-26 02:30 CET"]
        );
    }

    #[test]
    fn a_source_is_due_once_after_any_number_of_missed_ticks() {
        let daily = schedule("0 3 * * *", "UTC");
        let now = at("2026-11-24T12:00:00Z");
        for (last, due) in [
            (None, true),
            (Some("2026-11-24T02:59:00Z"), true),
            (Some("2026-11-20T03:00:00Z"), true),
            (Some("2026-11-24T03:00:00Z"), false),
            (Some("2026-11-24T11:00:00Z"), false),
            // The clock was set back.
            (Some("2027-01-01T00:00:00Z"), false),
        ] {
            assert_eq!(is_due(&daily, last.map(at), now), due, "{last:?}");
        }
    }
}
