//! Tests of ticks over changes of clocks, of missed and overlapping runs.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

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
    assert_eq!(local("0 0 29 2 *", "Asia/Tokyo", "2026-01-01T00:00:00Z", 1), ["Tue 2028-02-29 00:00 JST"]);
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
fn one_tick_a_day_stays_one_a_day_in_every_zone_that_changes_its_clocks() {
    // Midnight itself is skipped in Cairo, Beirut and Santiago; half an hour changes on Lord Howe Island; Casablanca
    // changes twice about Ramadan.
    for zone in [
        "Europe/Berlin",
        "Europe/Dublin",
        "America/New_York",
        "America/Santiago",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "UTC",
    ] {
        for cron in ["0 0 * * *", "15 2 * * *", "30 3 * * *"] {
            let ticks = upcoming(&schedule(cron, zone), at("2026-01-01T12:00:00Z"), 365);
            let days: Vec<&str> = ticks.iter().map(|tick| tick.local.get(4..14).unwrap()).collect();
            let mut once = days.clone();
            once.dedup();
            assert_eq!((once.len(), days.len()), (365, 365), "{cron} {zone}: a day has two ticks");
            for pair in ticks.windows(2) {
                let hours = pair[1].at.since(pair[0].at).as_secs_f64() / 3600.0;
                assert!(
                    (22.0..=26.0).contains(&hours),
                    "{cron} {zone}: {hours} hours before {}",
                    pair[1].local
                );
            }
        }
    }
}

#[test]
fn what_comes_every_so_many_minutes_keeps_its_pace_over_a_change_of_clocks() {
    for (after, what) in [("2026-03-28T23:00:00Z", "gap"), ("2026-10-24T23:00:00Z", "overlap")] {
        let ticks = upcoming(&schedule("*/20 * * * *", "Europe/Berlin"), at(after), 15);
        for pair in ticks.windows(2) {
            assert_eq!(pair[1].at.since(pair[0].at), Duration::from_mins(20), "{what}: {ticks:?}");
        }
    }
}

#[test]
fn missed_ticks_make_one_run() {
    let daily = schedule("0 3 * * *", "UTC");
    let now = at("2026-11-24T12:00:00Z");
    let today = at("2026-11-24T03:00:00Z");
    for (last, expected) in [
        (None, Some((now, 0))),
        (Some("2026-11-24T02:59:00Z"), Some((today, 0))),
        (Some("2026-11-23T03:00:00Z"), Some((today, 0))),
        (Some("2026-11-20T03:00:00Z"), Some((today, 3))),
        (Some("2026-11-24T03:00:00Z"), None),
        (Some("2026-11-24T11:00:00Z"), None),
        // The clock was set back.
        (Some("2027-01-01T00:00:00Z"), None),
    ] {
        let found = due(&daily, last.map(at), now);
        assert_eq!(found.map(|due| (due.at, due.missed)), expected, "{last:?}");
        assert_eq!(is_due(&daily, last.map(at), now), expected.is_some(), "{last:?}");
    }
    let found = due(&daily, Some(at("2026-11-23T03:00:00Z")), today.after(Duration::from_secs(30))).unwrap();
    assert!(!found.is_late(today.after(Duration::from_secs(30))));
    assert!(found.is_late(now));
}

#[test]
fn a_year_of_missed_minutes_is_counted_to_a_week_and_makes_one_run() {
    let (then, now) = (at("2025-11-24T12:00:00Z"), at("2026-11-24T12:00:00Z"));
    let every_minute = schedule("* * * * *", "Europe/Berlin");
    let found = due(&every_minute, Some(then), now).unwrap();
    assert_eq!((found.at, found.missed), (now, MAX_COUNTED as u64 - 1));
    assert_eq!(due(&every_minute, Some(found.at), now), None);
}

#[test]
fn every_case_of_the_scheduler() {
    let daily = schedule("0 3 * * *", "UTC");
    let (last, tick) = (at("2026-11-23T03:00:00Z"), at("2026-11-24T03:00:00Z"));
    let before = at("2026-11-24T02:00:00Z");
    let seen = Standing { last: Some(last), ..Standing::default() };
    let running = Standing { is_running: true, ..seen };
    let interrupted = Standing { is_interrupted: true, ..seen };
    let due = Due { at: tick, missed: 0 };
    for (standing, now, expected) in [
        (Standing::default(), before, Step::Start(Due { at: before, missed: 0 })),
        // It waits for its first turn, or runs for the first time.
        (Standing { is_running: true, ..Standing::default() }, tick, Step::Wait),
        (seen, before, Step::Wait),
        (seen, tick, Step::Start(due)),
        (running, before, Step::Wait),
        (running, tick, Step::Skip(due)),
        (Standing { last: Some(tick), ..running }, tick, Step::Wait),
        (interrupted, before, Step::Resume(Due { at: before, missed: 0 })),
        (interrupted, tick, Step::Resume(due)),
        // Interrupted before, taken up by now.
        (Standing { is_running: true, ..interrupted }, before, Step::Wait),
    ] {
        assert_eq!(step(&daily, standing, now), expected, "{standing:?} at {now}");
    }
}

proptest! {
    #![proptest_config(Config { rng_seed: RngSeed::Fixed(7), cases: 12, ..Config::default() })]

    /// A machine that looks at odd moments, sleeps and wakes: every tick is seen to exactly once, as a run or as one of
    /// those that a run stands for, and there is never more than one run a look.
    #[test]
    fn every_tick_is_seen_to_once(
        minutes in 1u64..90,
        looks in prop::collection::vec(1u64..30_000, 1..40),
        zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe"]),
        start in 1_770_000_000_000i64..1_800_000_000_000,
    ) {
        let cron = if minutes < 60 { format!("*/{minutes} * * * *") } else { format!("{} 2,14 * * *", minutes - 60) };
        let plan = schedule(&cron, zone);
        let begin = Timestamp(start);
        let (mut last, mut now, mut seen) = (begin, begin, 0);
        for seconds in looks {
            now = now.after(Duration::from_secs(seconds));
            if let Step::Start(due) = step(&plan, Standing { last: Some(last), ..Standing::default() }, now) {
                prop_assert!(due.at > last && due.at <= now);
                seen += due.missed + 1;
                last = due.at;
            }
        }
        let all = upcoming(&plan, begin, 20_000).iter().filter(|tick| tick.at <= now).count();
        prop_assert_eq!(seen, all as u64);
    }
}
