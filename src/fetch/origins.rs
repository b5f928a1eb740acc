//! What is known of each origin's robots.txt, and for how long. Asking for it is the fetcher's business.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use url::Url;

use crate::clock::Timestamp;

use super::lock;
use super::outcome::NotFetched;
use super::robots::Robots;

/// RFC 9309, 2.4: a copy should not be used for longer.
const FRESH: Duration = Duration::from_hours(24);
/// The first wait for an unreachable robots.txt; it doubles.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest such wait.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// Origins kept; above this those that are not in use are forgotten and asked again when needed.
const MAX_KEPT: usize = 20_000;

/// Every origin's robots.txt. Whoever locks a slot is the only one to ask for it.
#[derive(Default)]
pub(super) struct Origins {
    slots: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Slot>>>>,
    /// What was learned since somebody asked for it last.
    news: Mutex<BTreeMap<String, RobotsState>>,
}

impl Origins {
    pub(super) fn slot(&self, origin: &str) -> Arc<tokio::sync::Mutex<Slot>> {
        let mut slots = lock(&self.slots);
        if slots.len() >= MAX_KEPT && !slots.contains_key(origin) {
            // Half of them, so that the next thousands of newcomers need not look again.
            let mut left = slots.len() / 2;
            slots.retain(|_, slot| {
                let keep = Arc::strong_count(slot) > 1 || left == 0;
                left = left.saturating_sub(usize::from(!keep));
                keep
            });
        }
        Arc::clone(slots.entry(origin.to_owned()).or_default())
    }

    /// Takes what a robots.txt, or the failure to read it, taught.
    pub(super) fn learn(&self, origin: &str, slot: &mut Slot, reading: Reading, now: Timestamp) {
        slot.learn(reading, now);
        if let Some(state) = slot.state(origin) {
            lock(&self.news).insert(origin.to_owned(), state);
        }
    }

    /// What was learned since the last call, by origin.
    pub(super) fn take_news(&self) -> Vec<RobotsState> {
        std::mem::take(&mut *lock(&self.news)).into_values().collect()
    }

    pub(super) fn restore(&self, states: &[RobotsState], now: Timestamp) {
        for state in states {
            if let Ok(mut slot) = self.slot(&state.origin).try_lock() {
                *slot = Slot::restored(state, now);
            }
        }
    }
}

/// Scheme, host and port: what one robots.txt rules.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// What is worth keeping of an origin's robots.txt over a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotsState {
    /// Scheme, host and port.
    pub origin: String,
    /// The copy that was read last; empty where there is no such file.
    pub text: Option<Vec<u8>>,
    /// When the copy must be replaced.
    pub fresh_until: Timestamp,
    /// Failures in a row to read it.
    pub failures: u32,
    /// What the last failure was; empty without one.
    pub why: String,
    /// When it may be asked for again after a failure.
    pub not_before: Timestamp,
}

/// What asking for a robots.txt gave.
pub(super) enum Reading {
    /// It was read; empty where it is known not to exist.
    Known(Vec<u8>),
    /// Wait, do not go (RFC 9309, 2.3.1.4).
    Unreachable {
        why: String,
        /// The site's own wish.
        not_before: Option<Timestamp>,
    },
}

/// One origin's robots.txt.
#[derive(Default)]
pub(super) struct Slot {
    known: Option<Known>,
    unreachable: Option<Unreachable>,
}

struct Known {
    robots: Arc<Robots>,
    text: Box<[u8]>,
    until: Timestamp,
}

struct Unreachable {
    why: String,
    until: Timestamp,
    failures: u32,
}

impl Slot {
    /// What holds now; `None` when robots.txt has to be asked for. An older copy serves while a newer one cannot be had.
    pub(super) fn answer(&self, origin: &str, now: Timestamp) -> Option<Result<Arc<Robots>, NotFetched>> {
        if let Some(known) = &self.known
            && now < known.until
        {
            return Some(Ok(Arc::clone(&known.robots)));
        }
        let failed = self.unreachable.as_ref().filter(|failed| now < failed.until)?;
        Some(match &self.known {
            Some(known) => Ok(Arc::clone(&known.robots)),
            None => Err(NotFetched::RobotsUnreachable {
                origin: origin.to_owned(),
                why: failed.why.clone(),
                until: failed.until,
            }),
        })
    }

    pub(super) fn learn(&mut self, reading: Reading, now: Timestamp) {
        match reading {
            Reading::Known(text) => {
                self.known = Some(Known::new(text, now.after(FRESH)));
                self.unreachable = None;
            }
            Reading::Unreachable { why, not_before } => {
                let failures =
                    self.unreachable.as_ref().map_or(0, |failed| failed.failures).saturating_add(1);
                let wait = FIRST_WAIT.saturating_mul(1 << (failures - 1).min(16)).min(LONGEST_WAIT);
                let until = not_before.map_or(now, |time| time.max(now)).max(now.after(wait));
                self.unreachable = Some(Unreachable { why, until, failures });
            }
        }
    }

    fn state(&self, origin: &str) -> Option<RobotsState> {
        if self.known.is_none() && self.unreachable.is_none() {
            return None;
        }
        let failed = self.unreachable.as_ref();
        Some(RobotsState {
            origin: origin.to_owned(),
            text: self.known.as_ref().map(|known| known.text.to_vec()),
            fresh_until: self.known.as_ref().map_or(Timestamp(0), |known| known.until),
            failures: failed.map_or(0, |failed| failed.failures),
            why: failed.map_or_else(String::new, |failed| failed.why.clone()),
            not_before: failed.map_or(Timestamp(0), |failed| failed.until),
        })
    }

    fn restored(state: &RobotsState, now: Timestamp) -> Self {
        // A clock that was set back must not make a copy live longer, or a wait last longer, than it would from now on.
        let failed = (state.failures > 0).then(|| Unreachable {
            why: state.why.clone(),
            until: state.not_before.min(now.after(FRESH)),
            failures: state.failures,
        });
        Self {
            known: state
                .text
                .as_ref()
                .map(|text| Known::new(text.clone(), state.fresh_until.min(now.after(FRESH)))),
            unreachable: failed,
        }
    }
}

impl Known {
    fn new(text: Vec<u8>, until: Timestamp) -> Self {
        Self { robots: Arc::new(Robots::parse(&text)), text: text.into(), until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_764_000_000_000);

    fn unreachable() -> Reading {
        Reading::Unreachable { why: "it answered 500".into(), not_before: None }
    }

    fn closed() -> Reading {
        Reading::Known(b"user-agent: *\ndisallow: /\n".to_vec())
    }

    #[test]
    fn a_copy_is_used_for_a_day() {
        let mut slot = Slot::default();
        assert!(slot.answer("o", NOW).is_none());
        slot.learn(closed(), NOW);
        assert!(slot.answer("o", Timestamp(NOW.after(FRESH).0 - 1)).is_some_and(|answer| answer.is_ok()));
        assert!(slot.answer("o", NOW.after(FRESH)).is_none());
    }

    #[test]
    fn unreachable_means_wait_with_doubling_pauses() {
        let mut slot = Slot::default();
        let mut now = NOW;
        for expected in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
            slot.learn(unreachable(), now);
            let Some(Err(NotFetched::RobotsUnreachable { until, .. })) = slot.answer("o", now) else {
                panic!("it may not be passed");
            };
            assert_eq!(until.since(now).as_secs(), expected);
            assert!(slot.answer("o", until).is_none(), "then it is asked again");
            now = until;
        }
        slot.learn(closed(), now);
        slot.learn(unreachable(), now.after(FRESH));
        assert_eq!(
            slot.unreachable.as_ref().map(|failed| failed.failures),
            Some(1),
            "a success starts afresh"
        );
    }

    #[test]
    fn the_sites_own_wish_counts_when_longer() {
        let mut slot = Slot::default();
        let wish = NOW.after(Duration::from_hours(2));
        slot.learn(Reading::Unreachable { why: String::new(), not_before: Some(wish) }, NOW);
        assert!(
            matches!(slot.answer("o", NOW), Some(Err(NotFetched::RobotsUnreachable { until, .. })) if until == wish)
        );
    }

    #[test]
    fn an_old_copy_serves_while_a_new_one_cannot_be_had() {
        let mut slot = Slot::default();
        slot.learn(closed(), NOW);
        let later = NOW.after(FRESH);
        slot.learn(unreachable(), later);
        let Some(Ok(robots)) = slot.answer("o", later) else { panic!("the old copy") };
        assert!(!robots.decide("caveat", "/").allowed);
    }

    #[test]
    fn a_restart_forgets_nothing() {
        let origins = Origins::default();
        for (origin, reading) in [("closed", closed()), ("failing", unreachable())] {
            let slot = origins.slot(origin);
            origins.learn(origin, &mut slot.try_lock().unwrap(), reading, NOW);
        }
        let states = origins.take_news();
        assert_eq!(states.len(), 2);
        assert_eq!(origins.take_news(), [], "told once");

        let restored = Origins::default();
        restored.restore(&states, NOW);
        for state in &states {
            assert_eq!(
                restored.slot(&state.origin).try_lock().unwrap().state(&state.origin).as_ref(),
                Some(state)
            );
        }
        let slot = restored.slot("closed");
        let Some(Ok(robots)) = slot.try_lock().unwrap().answer("closed", NOW) else { panic!("it is fresh") };
        assert!(!robots.decide("caveat", "/").allowed);
        assert!(matches!(restored.slot("failing").try_lock().unwrap().answer("failing", NOW), Some(Err(_))));

        let earlier = Timestamp(NOW.0 - 10 * 24 * 3_600_000);
        restored.restore(&states, earlier);
        assert!(
            slot.try_lock().unwrap().answer("closed", earlier.after(FRESH)).is_none(),
            "whatever the clock did"
        );
    }
}
