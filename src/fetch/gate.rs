//! One gate: when the next request to a site may start and how many may be in flight. Pure arithmetic with an explicit
//! `now`; `gates` does the waiting.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use url::{Host, Url};

use crate::clock::Timestamp;

use super::outcome::Hold;

/// The limits of a source are remembered for this long after its last request, so that sources which share a gate keep
/// to the strictest, and for twice the gap where that is longer.
const REMEMBERED: Duration = Duration::from_mins(10);
/// Different limits remembered a gate, at most.
const MAX_LIMITS: usize = 16;
/// Added to every gap, as a part of it: a request reaches the server a little after its start, and not always by the
/// same little.
const PAD: f64 = 0.01;
/// No single pad is longer.
const MAX_PAD: Duration = Duration::from_millis(10);
/// A request on a kept connection may count as sent later than it started by this part of the gap: as long as its answer
/// took, but not so long that slow answers would cost the site's rate.
const LATE: f64 = 0.02;
/// The gap is never stretched beyond this by slowing down, only by what the site or the source asks for.
const MAX_STRETCHED: Duration = Duration::from_mins(1);
/// The most that trouble multiplies the gap by.
const MAX_SLOW: f64 = 32.0;
/// A server that answers faster than this is not struggling, whatever the gap.
const SLOW_ANSWER: Duration = Duration::from_millis(500);
/// Failures in a row that open the circuit breaker.
const BREAKER_AT: u32 = 10;
/// How long the breaker stays open the first time; it doubles with every further failure.
const BREAKER_FIRST: Duration = Duration::from_mins(1);
/// The longest that the breaker stays open.
const BREAKER_LONGEST: Duration = Duration::from_hours(1);
/// The pause after a 429 or 503 that names none; it doubles while they go on.
const PAUSE_FIRST: Duration = Duration::from_secs(10);
/// The longest such pause.
const PAUSE_LONGEST: Duration = Duration::from_mins(10);
/// The slowest rate that a source may ask for: one request a day.
const LONGEST_GAP: Duration = Duration::from_hours(24);

/// The gate that a URL belongs to: the registrable domain by the public-suffix list with its private part;
/// address:port for literals and host:port for `localhost`, where every port is a site of its own.
pub fn gate_key(url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or(0);
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            if super::guard::is_localhost(name) {
                format!("{name}:{port}")
            } else {
                psl::domain_str(name).unwrap_or(name).to_owned()
            }
        }
        Some(Host::Ipv4(address)) => format!("{address}:{port}"),
        Some(Host::Ipv6(address)) => format!("[{address}]:{port}"),
        None => String::new(),
    }
}

/// What is worth keeping and showing of a gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateState {
    /// See [`gate_key`].
    pub key: String,
    /// No request starts before this.
    pub next_allowed: Timestamp,
    /// Why the next request has to wait for longer than the usual gap, if it has.
    pub hold: Option<Hold>,
    /// From the start of one request to the start of the next, in milliseconds, as it stands now.
    pub gap_ms: u64,
    /// What trouble multiplies the gap by at present; 1 for a site that answers well.
    pub slow: f64,
    /// Failures in a row.
    pub failures: u32,
    /// Answers in a row that asked for a pause.
    pub pauses: u32,
    /// Failures and wishes for a pause since this process knows the gate.
    #[serde(default)]
    pub errors: u64,
}

/// What one source, and robots.txt, ask of a gate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ask {
    pub(super) gap: Duration,
    pub(super) concurrency: usize,
}

impl Ask {
    pub(super) fn new(rate_per_second: f64, concurrency: usize, crawl_delay: Option<Duration>) -> Self {
        let gap = Duration::try_from_secs_f64(rate_per_second.max(0.0).recip()).unwrap_or(LONGEST_GAP);
        Self {
            gap: gap.max(crawl_delay.unwrap_or_default()).min(LONGEST_GAP),
            concurrency: concurrency.max(1),
        }
    }
}

/// How an exchange went, as far as the gate cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// The server answered, and not because it was in trouble.
    Fine {
        /// From sending the request to the answer's header.
        latency: Duration,
    },
    /// 429 or 503.
    Busy {
        /// What `Retry-After` said.
        pause: Option<Duration>,
    },
    /// Another 5xx, no connection, a timeout.
    Failed,
}

/// May a request start now?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    Open,
    /// As many are in flight as may be, or one is being connected.
    Full,
    Closed {
        until: Instant,
        hold: Hold,
    },
}

#[derive(Debug, Default)]
pub(super) struct Gate {
    limits: Vec<(Ask, Instant)>,
    last_start: Option<Instant>,
    held: Option<(Instant, Hold)>,
    latency: Duration,
    slow: Slow,
    failures: u32,
    pauses: u32,
    errors: u64,
    in_flight: usize,
    connecting: usize,
}

/// What trouble multiplies the gap by.
#[derive(Debug, Clone, Copy)]
struct Slow(f64);

impl Default for Slow {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Gate {
    /// A gate whose last request may have started as late as `last_start`.
    pub(super) fn resumed(last_start: Option<Instant>) -> Self {
        Self { last_start, ..Self::default() }
    }

    /// Remembers what a source asks for.
    pub(super) fn note(&mut self, ask: Ask, now: Instant) {
        self.limits.retain(|(known, seen)| {
            *known != ask && now.duration_since(*seen) < REMEMBERED.max(known.gap.saturating_mul(2))
        });
        if self.limits.len() >= MAX_LIMITS {
            self.limits.remove(0);
        }
        self.limits.push((ask, now));
    }

    /// From the start of one request to the start of the next.
    pub(super) fn gap(&self) -> Duration {
        let asked = self.limits.iter().map(|(ask, _)| ask.gap).max().unwrap_or_default();
        let padded = asked + asked.mul_f64(PAD).min(MAX_PAD);
        let mut stretched = asked.mul_f64(self.slow.0);
        if self.latency > SLOW_ANSWER {
            stretched = stretched.max(self.latency);
        }
        padded.max(stretched.min(MAX_STRETCHED))
    }

    fn concurrency(&self) -> usize {
        // A site in trouble is asked one thing at a time.
        if self.failures > 0 || self.pauses > 0 {
            return 1;
        }
        self.limits.iter().map(|(ask, _)| ask.concurrency).min().unwrap_or(1)
    }

    /// The earliest start of the next request, and why it is not now.
    pub(super) fn next_allowed(&self, now: Instant) -> (Instant, Hold) {
        let spaced = self.last_start.map_or(now, |start| start + self.gap());
        match self.held {
            Some((until, hold)) if until > spaced => (until.max(now), hold),
            _ => (spaced.max(now), Hold::Queue),
        }
    }

    pub(super) fn entry(&self, now: Instant) -> Entry {
        let (until, hold) = self.next_allowed(now);
        if until > now {
            Entry::Closed { until, hold }
        } else if self.in_flight >= self.concurrency() || self.connecting > 0 {
            Entry::Full
        } else {
            Entry::Open
        }
    }

    /// A request starts now; [`Gate::end`] must follow.
    pub(super) fn start(&mut self, now: Instant) {
        self.last_start = Some(now);
        self.in_flight += 1;
    }

    /// A connection is being made for a request that has started. Until it stands, nobody else may start: the request is
    /// not sent yet, and two that wait for their connections would arrive together.
    pub(super) fn connecting(&mut self) {
        self.connecting += 1;
    }

    /// The connection stands, or failed: the request that waits for it is sent now.
    pub(super) fn connected(&mut self, now: Instant) {
        self.connecting = self.connecting.saturating_sub(1);
        self.sent(now);
    }

    /// The answer to the request that started at `start` begins now, so the server has had it since some moment between
    /// the two: the gap is counted from the later end, where that is bearable. On a new connection it always is.
    pub(super) fn answered(&mut self, start: Instant, is_new: bool, now: Instant) {
        let latest = if is_new { now } else { now.min(start + self.gap().mul_f64(LATE)) };
        self.sent(latest);
    }

    fn sent(&mut self, at: Instant) {
        self.last_start = self.last_start.max(Some(at));
    }

    pub(super) fn end(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Learns from an exchange.
    pub(super) fn report(&mut self, signal: Signal, now: Instant) {
        self.errors += u64::from(!matches!(signal, Signal::Fine { .. }));
        match signal {
            Signal::Fine { latency } => {
                self.latency = (self.latency * 3 + latency) / 4;
                self.slow.0 = (self.slow.0 * 0.9).max(1.0);
                self.failures = 0;
                self.pauses = 0;
            }
            Signal::Busy { pause } => {
                self.slow.0 = (self.slow.0 * 2.0).min(MAX_SLOW);
                self.pauses = self.pauses.saturating_add(1);
                let usual = doubled(PAUSE_FIRST, self.pauses - 1, PAUSE_LONGEST);
                self.hold(now + pause.unwrap_or(usual), Hold::RetryAfter);
            }
            Signal::Failed => {
                self.slow.0 = (self.slow.0 * 1.5).min(MAX_SLOW);
                self.failures = self.failures.saturating_add(1);
                if let Some(further) = self.failures.checked_sub(BREAKER_AT) {
                    self.hold(now + doubled(BREAKER_FIRST, further, BREAKER_LONGEST), Hold::Breaker);
                }
            }
        }
    }

    fn hold(&mut self, until: Instant, hold: Hold) {
        if self.held.is_none_or(|(known, _)| known < until) {
            self.held = Some((until, hold));
        }
    }

    /// True when forgetting the gate would change nothing.
    pub(super) fn is_idle(&self, now: Instant) -> bool {
        self.in_flight == 0
            && self.next_allowed(now).0 <= now
            && self.failures == 0
            && self.limits.iter().all(|(_, seen)| now.duration_since(*seen) > REMEMBERED)
    }

    /// What to keep. `wall` is the wall-clock time that belongs to `now`.
    pub(super) fn state(&self, key: &str, now: Instant, wall: Timestamp) -> GateState {
        let (until, hold) = self.next_allowed(now);
        GateState {
            key: key.to_owned(),
            next_allowed: wall.after(until.duration_since(now)),
            hold: (until > now && hold != Hold::Queue).then_some(hold),
            gap_ms: u64::try_from(self.gap().as_millis()).unwrap_or(u64::MAX),
            slow: self.slow.0,
            failures: self.failures,
            pauses: self.pauses,
            errors: self.errors,
        }
    }

    /// Takes a kept state back. The process that kept it may have sent another request before it died, so the gate opens
    /// one gap from `now` at the earliest.
    pub(super) fn restore(&mut self, state: &GateState, now: Instant, wall: Timestamp) {
        let gap = Duration::from_millis(state.gap_ms).min(LONGEST_GAP);
        let wait = state.next_allowed.since(wall).min(super::retry::LONGEST_RETRY_AFTER);
        self.hold(now + wait.max(gap), state.hold.unwrap_or(Hold::Queue));
        if state.slow.is_finite() {
            self.slow.0 = state.slow.clamp(1.0, MAX_SLOW);
        }
        self.failures = self.failures.max(state.failures);
        self.pauses = self.pauses.max(state.pauses);
    }
}

fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << times.min(16)).min(longest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const WALL: Timestamp = Timestamp(1_764_000_000_000);

    fn ask(rate: f64) -> Ask {
        Ask::new(rate, 2, None)
    }

    fn waits(gate: &Gate, now: Instant) -> Duration {
        gate.next_allowed(now).0.duration_since(now)
    }

    #[test]
    fn keys_are_registrable_domains_and_literal_pairs() {
        for (url, key) in [
            ("https://www.shop.example.co.uk/x", "example.co.uk"),
            ("https://shop.example/", "shop.example"),
            ("https://a.myshopify.com/", "a.myshopify.com"),
            ("https://b.github.io/", "b.github.io"),
            ("https://WWW.Shop.De./", "shop.de"),
            ("http://127.0.0.1:8080/", "127.0.0.1:8080"),
            ("http://2130706433/", "127.0.0.1:80"),
            ("https://[2606:4700::1111]/", "[2606:4700::1111]:443"),
            ("http://localhost:81/", "localhost:81"),
            ("http://co.uk/", "co.uk"),
        ] {
            assert_eq!(gate_key(&Url::parse(url).unwrap()), key, "{url}");
        }
    }

    #[test]
    fn the_gap_runs_from_start_to_start() {
        let now = Instant::now();
        let mut gate = Gate::default();
        gate.note(ask(1.0), now);
        assert_eq!(gate.entry(now), Entry::Open);
        gate.start(now);
        let later = now + SECOND / 2;
        gate.end();
        assert_eq!(waits(&gate, later), SECOND / 2 + MAX_PAD);
        assert_eq!(gate.entry(now + SECOND + MAX_PAD), Entry::Open);
    }

    #[test]
    fn the_strictest_source_rules_until_it_is_forgotten() {
        let now = Instant::now();
        let mut gate = Gate::default();
        gate.note(Ask::new(10.0, 8, None), now);
        gate.note(Ask::new(2.0, 1, Some(5 * SECOND)), now);
        gate.note(Ask::new(10.0, 8, None), now);
        gate.start(now);
        assert_eq!(waits(&gate, now), 5 * SECOND + MAX_PAD);
        assert_eq!(gate.entry(now + 6 * SECOND), Entry::Full);
        gate.note(Ask::new(10.0, 8, None), now + REMEMBERED);
        assert_eq!(gate.gap(), SECOND / 10 + SECOND / 1000);
        assert_eq!(gate.entry(now + REMEMBERED), Entry::Open);
    }

    #[test]
    fn the_gap_runs_from_the_moment_when_the_connection_stands() {
        let now = Instant::now();
        let mut gate = Gate::default();
        gate.note(ask(1.0), now);
        gate.start(now);
        gate.connecting();
        let stands = now + 3 * SECOND;
        assert_eq!(gate.entry(stands), Entry::Full, "the first request has not reached the server yet");
        gate.connected(stands);
        assert_eq!(waits(&gate, stands), SECOND + MAX_PAD);
        assert_eq!(gate.entry(stands + SECOND + MAX_PAD), Entry::Open);
    }

    #[test]
    fn the_gap_counts_from_the_answer_as_far_as_that_is_bearable() {
        let now = Instant::now();
        for (latency_ms, is_new, late_ms) in [(5, false, 5), (300, false, 20), (300, true, 300)] {
            let mut gate = Gate::default();
            gate.note(ask(1.0), now);
            gate.start(now);
            gate.answered(now, is_new, now + Duration::from_millis(latency_ms));
            let late = waits(&gate, now).as_millis() - 1010;
            assert_eq!(late, late_ms, "{latency_ms} {is_new}");
        }
    }

    #[test]
    fn absurd_rates_and_delays_stay_finite() {
        let now = Instant::now();
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, 1e300] {
            for delay in [None, Some(Duration::MAX)] {
                let mut gate = Gate::default();
                gate.note(Ask::new(rate, 0, delay), now);
                gate.start(now);
                assert!(waits(&gate, now) <= LONGEST_GAP + MAX_PAD, "{rate} {delay:?}");
            }
        }
    }

    #[test]
    fn a_pause_holds_everybody() {
        let now = Instant::now();
        let mut gate = Gate::default();
        gate.note(ask(1.0), now);
        gate.start(now);
        gate.end();
        gate.report(Signal::Busy { pause: Some(90 * SECOND) }, now);
        gate.report(Signal::Busy { pause: Some(SECOND) }, now);
        assert_eq!(
            gate.entry(now + 89 * SECOND),
            Entry::Closed { until: now + 90 * SECOND, hold: Hold::RetryAfter }
        );
        assert_eq!(gate.entry(now + 90 * SECOND), Entry::Open);
        assert_eq!(gate.gap(), 4 * SECOND, "and the gap has grown");
    }

    #[test]
    fn unnamed_pauses_double() {
        let now = Instant::now();
        let mut gate = Gate::default();
        let mut seen = Vec::new();
        for _ in 0..8 {
            gate.held = None;
            gate.report(Signal::Busy { pause: None }, now);
            seen.push(waits(&gate, now).as_secs());
        }
        assert_eq!(seen, [10, 20, 40, 80, 160, 320, 600, 600]);
    }

    #[test]
    fn the_breaker_opens_and_one_answer_closes_it() {
        let now = Instant::now();
        let mut gate = Gate::default();
        gate.note(ask(1.0), now);
        for _ in 1..BREAKER_AT {
            gate.report(Signal::Failed, now);
        }
        assert_eq!(gate.entry(now), Entry::Open);
        gate.report(Signal::Failed, now);
        let reopened = now + BREAKER_FIRST;
        assert_eq!(gate.entry(now), Entry::Closed { until: reopened, hold: Hold::Breaker });
        gate.start(reopened);
        assert_eq!(gate.entry(reopened + MAX_STRETCHED), Entry::Full, "one at a time while it is in doubt");
        gate.report(Signal::Failed, reopened);
        gate.end();
        assert_eq!(waits(&gate, reopened), 2 * BREAKER_FIRST);
        for _ in 0..60 {
            gate.report(Signal::Fine { latency: SECOND / 10 }, reopened + 2 * BREAKER_FIRST);
        }
        assert_eq!(gate.failures, 0);
        assert_eq!(gate.gap(), SECOND + MAX_PAD, "back to the usual gap");
    }

    #[test]
    fn slow_answers_stretch_the_gap() {
        let mut gate = Gate::default();
        let now = Instant::now();
        gate.note(ask(1.0), now);
        for _ in 0..30 {
            gate.report(Signal::Fine { latency: 4 * SECOND }, now);
        }
        assert!(gate.gap() > SECOND * 39 / 10 && gate.gap() <= 4 * SECOND, "{:?}", gate.gap());
    }

    #[test]
    fn a_restored_gate_keeps_its_hold_and_waits_one_gap_at_least() {
        let now = Instant::now();
        let mut gate = Gate::default();
        gate.note(ask(0.5), now);
        gate.start(now);
        gate.report(Signal::Busy { pause: Some(90 * SECOND) }, now);
        let state = gate.state("shop.example", now, WALL);
        assert_eq!((state.next_allowed, state.hold), (WALL.after(90 * SECOND), Some(Hold::RetryAfter)));
        let json = serde_json::to_string(&state).unwrap();
        let state: GateState = serde_json::from_str(&json).unwrap();

        let mut restored = Gate::default();
        restored.restore(&state, now, WALL.after(30 * SECOND));
        assert_eq!(restored.next_allowed(now), (now + 60 * SECOND, Hold::RetryAfter));
        let mut late = Gate::default();
        late.restore(&state, now, WALL.after(3600 * SECOND));
        assert_eq!(waits(&late, now), 4 * SECOND, "the gap, which had doubled");
    }

    proptest! {
        #[test]
        fn no_two_starts_are_closer_than_the_asked_gap(
            rate in 0.1f64..50.0,
            steps in prop::collection::vec((0u64..3000, 0u8..4, 0u64..5), 1..60),
        ) {
            let mut now = Instant::now();
            let mut gate = Gate::default();
            let asked = Ask::new(rate, 3, None);
            let mut last: Option<Instant> = None;
            for (ms, kind, seconds) in steps {
                now += Duration::from_millis(ms);
                gate.note(asked, now);
                if gate.entry(now) == Entry::Open {
                    prop_assert!(last.is_none_or(|last| now.duration_since(last) >= asked.gap));
                    last = Some(now);
                    gate.start(now);
                    gate.end();
                    gate.report(
                        match kind {
                            0 => Signal::Failed,
                            1 => Signal::Busy { pause: Some(Duration::from_secs(seconds)) },
                            _ => Signal::Fine { latency: Duration::from_secs(seconds) },
                        },
                        now,
                    );
                }
            }
        }
    }
}
