//! When to ask again: what `Retry-After` says, and exponential waits with full jitter. Pure.

use std::time::{Duration, SystemTime};

use crate::clock::Timestamp;

use super::outcome::{NotFetched, Phase};

/// Attempts at one URL that fails for a passing reason, the first included. With the waits below they reach over some
/// ten minutes, which is how long a restart or a deployment takes.
const ATTEMPTS: u32 = 5;
/// Attempts where another try seldom helps: damaged bodies, TLS failures, unknown names.
const ATTEMPTS_UNLIKELY: u32 = 2;
/// Attempts where the server itself says when to come back.
const ATTEMPTS_INVITED: u32 = 8;
/// The first wait; it doubles from attempt to attempt.
const FIRST_WAIT: Duration = Duration::from_secs(10);
/// No wait is longer than this, unless the server asks for it.
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// A `Retry-After` beyond this counts as this: a longer one is a mistake or a trap, and tomorrow is another day.
pub(super) const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);

/// When the next attempt may be made after attempt number `attempt` (counted from 1) ended with `failure`; `None` when
/// there is nothing to be gained by another. [`NotFetched::Held`] comes back at its time and counts as no attempt.
///
/// The wait is uniform between zero and 10 s · 2^(attempt−1), at most ten minutes (full jitter), and never ends before
/// the time that the failure names.
pub fn next_attempt(
    attempt: u32,
    failure: &NotFetched,
    now: Timestamp,
    rng: &mut fastrand::Rng,
) -> Option<Timestamp> {
    if let NotFetched::Held { until, .. } = failure {
        return Some((*until).max(now));
    }
    if attempt >= attempts(failure) {
        return None;
    }
    let ceiling = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_WAIT);
    let wait = ceiling.mul_f64(rng.f64());
    Some(match failure.retry_after() {
        // The site named a time: come soon after it, but not all at once.
        Some(until) => until.max(now).after(wait / 10),
        None => now.after(wait),
    })
}

/// How many attempts a failure is worth, the first included.
fn attempts(failure: &NotFetched) -> u32 {
    match failure {
        failure if failure.is_final() => 1,
        NotFetched::RetryLater { .. } => ATTEMPTS_INVITED,
        NotFetched::Decode { .. }
        | NotFetched::Tls { .. }
        | NotFetched::Lookup { .. }
        | NotFetched::Timeout { phase: Phase::Drip } => ATTEMPTS_UNLIKELY,
        _ => ATTEMPTS,
    }
}

/// How long a `Retry-After` value asks to wait: seconds, or a date, which is read against the server's own `Date` where
/// that is given, so that a wrong clock there does no harm. At most 24 hours; `None` when it is neither.
pub fn retry_after(value: &str, date: Option<&str>, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<f64>() {
        // `1e9` and `inf` are no seconds by the standard, but they are a request to stay away.
        return (seconds >= 0.0).then(|| {
            Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_RETRY_AFTER).min(LONGEST_RETRY_AFTER)
        });
    }
    let until = httpdate::parse_http_date(value).ok()?;
    let since =
        date.and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or_else(|| system_time(now));
    Some(until.duration_since(since).unwrap_or(Duration::ZERO).min(LONGEST_RETRY_AFTER))
}

fn system_time(time: Timestamp) -> SystemTime {
    let since_epoch = Duration::from_millis(u64::try_from(time.0).unwrap_or(0));
    SystemTime::UNIX_EPOCH.checked_add(since_epoch).unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::outcome::Hold;
    use super::*;

    const NOW: Timestamp = Timestamp(1_764_000_000_000);

    #[test]
    fn retry_after_is_read_and_clamped() {
        let seconds = |value: &str| retry_after(value, None, NOW).map(|wait| wait.as_secs());
        for (value, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("1.5", Some(1)),
            ("1e9", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("inf", Some(86_400)),
            ("-5", None),
            ("nan", None),
            ("soon", None),
            ("", None),
            ("Mon, 24 Nov 2025 16:02:00 GMT", Some(120)),
            ("Mon, 24 Nov 2025 15:00:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400)),
        ] {
            assert_eq!(seconds(value), expected, "{value}");
        }
    }

    #[test]
    fn a_date_is_read_by_the_servers_own_clock() {
        let wait = retry_after("Sat, 01 Jan 2000 00:01:00 GMT", Some("Sat, 01 Jan 2000 00:00:00 GMT"), NOW);
        assert_eq!(wait, Some(Duration::from_mins(1)));
    }

    #[test]
    fn final_failures_are_not_tried_again() {
        let mut rng = fastrand::Rng::with_seed(1);
        let gone = NotFetched::Status { status: 404 };
        assert_eq!(next_attempt(1, &gone, NOW, &mut rng), None);
        let broken = NotFetched::Status { status: 500 };
        assert!(next_attempt(4, &broken, NOW, &mut rng).is_some());
        assert_eq!(next_attempt(5, &broken, NOW, &mut rng), None);
    }

    #[test]
    fn a_held_url_comes_back_at_its_time_for_ever() {
        let mut rng = fastrand::Rng::with_seed(1);
        let held = NotFetched::Held { until: NOW.after(Duration::from_secs(9)), hold: Hold::Queue };
        assert_eq!(next_attempt(1000, &held, NOW, &mut rng), Some(NOW.after(Duration::from_secs(9))));
    }

    proptest! {
        #[test]
        fn waits_stay_between_their_bounds(attempt in 1u32..5, seed: u64) {
            let mut rng = fastrand::Rng::with_seed(seed);
            let failure = NotFetched::Connect { why: String::new() };
            let next = next_attempt(attempt, &failure, NOW, &mut rng).unwrap();
            prop_assert!(next >= NOW && next.since(NOW) <= FIRST_WAIT * 2u32.pow(attempt - 1));
        }

        #[test]
        fn nothing_is_asked_before_its_time(attempt in 1u32..8, seed: u64, seconds in 0u64..100_000) {
            let mut rng = fastrand::Rng::with_seed(seed);
            let until = NOW.after(Duration::from_secs(seconds));
            let failure = NotFetched::RetryLater { status: 429, until };
            let next = next_attempt(attempt, &failure, NOW, &mut rng).unwrap();
            prop_assert!(next >= until && next.since(until) <= Duration::from_mins(1));
        }
    }
}
