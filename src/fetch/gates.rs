//! Waits at gates: one queue per gate, first come first served, behind it the cap per address and the process's ceiling.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::clock::{Clock, Timestamp};

use super::ceilings::Ceilings;
use super::connecting::Observer;
use super::gate::{Ask, Entry, Gate, GateState, Signal};
use super::lock;
use super::outcome::{Hold, NotFetched};

/// Requests in flight to one address, at most, whatever the number of sites behind it: shared hosts are small.
const PER_ADDRESS: usize = 16;
/// Gates and addresses kept; above this the idle ones are forgotten.
const MAX_KEPT: usize = 20_000;

pub(super) struct Gates {
    clock: Arc<dyn Clock>,
    doors: Mutex<HashMap<String, Arc<Door>>>,
    addresses: Mutex<HashMap<SocketAddr, Arc<Semaphore>>>,
    ceilings: Ceilings,
    /// When an earlier process's gates were taken over: its last requests may lie just before.
    resumed_at: Mutex<Option<Instant>>,
}

struct Door {
    gate: Mutex<Gate>,
    /// Whoever holds it is next.
    queue: tokio::sync::Mutex<()>,
    queued: AtomicU32,
    /// A request ended.
    freed: Notify,
}

impl Door {
    /// When a newcomer with `ahead` others before it would get through.
    fn expected(&self, ask: Ask, ahead: u32) -> (Instant, Hold) {
        let now = Instant::now();
        let mut gate = lock(&self.gate);
        gate.note(ask, now);
        let (until, hold) = gate.next_allowed(now);
        let behind = gate.gap().saturating_mul(ahead).min(super::retry::LONGEST_RETRY_AFTER);
        (until + behind, hold)
    }
}

/// Who wants to enter.
#[derive(Clone, Copy)]
pub(super) struct Visitor<'a> {
    pub(super) ask: Ask,
    /// A source's id with its own ceiling in requests a second.
    pub(super) ceiling: Option<(&'a str, NonZeroU32)>,
}

/// The right to have one request in flight; ends when dropped.
pub(super) struct Pass {
    door: Arc<Door>,
    started: Instant,
    /// True once a connection has been made for the request.
    is_new: Arc<AtomicBool>,
    _address: OwnedSemaphorePermit,
}

impl Pass {
    pub(super) fn report(&self, signal: Signal) {
        lock(&self.door.gate).report(signal, Instant::now());
    }

    /// The answer begins.
    pub(super) fn answered(&self) {
        let is_new = self.is_new.load(Ordering::Relaxed);
        lock(&self.door.gate).answered(self.started, is_new, Instant::now());
    }

    /// Keeps the gate informed of connections that are made for the request.
    pub(super) fn observer(&self) -> Observer {
        let (door, is_new) = (Arc::clone(&self.door), Arc::clone(&self.is_new));
        Arc::new(move |begins| {
            if begins {
                is_new.store(true, Ordering::Relaxed);
                lock(&door.gate).connecting();
            } else {
                lock(&door.gate).connected(Instant::now());
                door.freed.notify_one();
            }
        })
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        lock(&self.door.gate).end();
        self.door.freed.notify_one();
    }
}

/// A place in a gate's queue; left when dropped.
struct Place<'a>(&'a AtomicU32);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Gates {
    pub(super) fn new(clock: Arc<dyn Clock>, requests_per_second: NonZeroU32) -> Self {
        Self {
            clock,
            doors: Mutex::new(HashMap::new()),
            addresses: Mutex::new(HashMap::new()),
            ceilings: Ceilings::new(requests_per_second),
            resumed_at: Mutex::new(None),
        }
    }

    /// Waits until a request may start, but not longer than `patience`; then [`NotFetched::Held`] says when to come back.
    pub(super) async fn enter(
        &self,
        key: &str,
        visitor: Visitor<'_>,
        address: SocketAddr,
        patience: Duration,
    ) -> Result<Pass, NotFetched> {
        let ask = visitor.ask;
        let door = self.door(key);
        let deadline = Instant::now() + patience;
        let ahead = door.queued.fetch_add(1, Ordering::Relaxed);
        let _place = Place(&door.queued);
        let expected = door.expected(ask, ahead);
        if expected.0 > deadline {
            return Err(self.held(expected));
        }
        let Ok(_next) = timeout_at(deadline, door.queue.lock()).await else {
            return Err(self.held(door.expected(ask, ahead)));
        };
        self.turn(&door, deadline).await?;
        let address = self.address(address);
        let Ok(Ok(permit)) = timeout_at(deadline, address.acquire_owned()).await else {
            return Err(self.held((Instant::now() + Duration::from_secs(1), Hold::Queue)));
        };
        if timeout_at(deadline, self.ceilings.wait(visitor.ceiling)).await.is_err() {
            return Err(self.held((Instant::now() + Duration::from_secs(1), Hold::Queue)));
        }
        // Something may have happened while the address or the ceiling was waited for.
        self.turn(&door, deadline).await?;
        let started = Instant::now();
        lock(&door.gate).start(started);
        Ok(Pass { door: Arc::clone(&door), started, is_new: Arc::default(), _address: permit })
    }

    /// Waits until the gate is open. Only the head of the queue calls it.
    async fn turn(&self, door: &Door, deadline: Instant) -> Result<(), NotFetched> {
        loop {
            let now = Instant::now();
            let entry = lock(&door.gate).entry(now);
            match entry {
                Entry::Open => return Ok(()),
                Entry::Closed { until, hold } if until > deadline => return Err(self.held((until, hold))),
                Entry::Closed { until, .. } => sleep_until(until).await,
                Entry::Full => {
                    if timeout_at(deadline, door.freed.notified()).await.is_err() {
                        let gap = lock(&door.gate).gap();
                        return Err(self.held((Instant::now() + gap, Hold::Queue)));
                    }
                }
            }
        }
    }

    fn held(&self, (until, hold): (Instant, Hold)) -> NotFetched {
        NotFetched::Held { until: self.wall(until), hold }
    }

    fn wall(&self, at: Instant) -> Timestamp {
        self.clock.now().after(at.duration_since(Instant::now()))
    }

    /// The hold on a gate, if it is longer than `patience`: asked before work is done that the hold would waste.
    pub(super) fn check_hold(&self, key: &str, patience: Duration) -> Result<(), NotFetched> {
        let Some(door) = lock(&self.doors).get(key).map(Arc::clone) else { return Ok(()) };
        let now = Instant::now();
        let next = lock(&door.gate).next_allowed(now);
        if next.0 > now + patience { Err(self.held(next)) } else { Ok(()) }
    }

    /// Learns of a failure that happened before the gate was passed.
    pub(super) fn report(&self, key: &str, signal: Signal) {
        lock(&self.door(key).gate).report(signal, Instant::now());
    }

    pub(super) fn next_allowed(&self, key: &str) -> Timestamp {
        let now = Instant::now();
        let door = lock(&self.doors).get(key).map(Arc::clone);
        match door {
            Some(door) => self.wall(lock(&door.gate).next_allowed(now).0),
            None => self.wall(Gate::resumed(*lock(&self.resumed_at)).next_allowed(now).0),
        }
    }

    pub(super) fn state(&self, key: &str) -> Option<GateState> {
        let door = lock(&self.doors).get(key).map(Arc::clone)?;
        let state = lock(&door.gate).state(key, Instant::now(), self.clock.now());
        Some(state)
    }

    pub(super) fn states(&self) -> Vec<GateState> {
        let (now, wall) = (Instant::now(), self.clock.now());
        let doors: Vec<_> =
            lock(&self.doors).iter().map(|(key, door)| (key.clone(), Arc::clone(door))).collect();
        let mut states: Vec<GateState> =
            doors.iter().map(|(key, door)| lock(&door.gate).state(key, now, wall)).collect();
        states.sort_by(|a, b| a.key.cmp(&b.key));
        states
    }

    pub(super) fn restore(&self, states: &[GateState]) {
        let (now, wall) = (Instant::now(), self.clock.now());
        *lock(&self.resumed_at) = Some(now);
        for state in states {
            lock(&self.door(&state.key).gate).restore(state, now, wall);
        }
    }

    fn door(&self, key: &str) -> Arc<Door> {
        let mut doors = lock(&self.doors);
        if let Some(door) = doors.get(key) {
            return Arc::clone(door);
        }
        if doors.len() >= MAX_KEPT {
            let now = Instant::now();
            doors.retain(|_, door| Arc::strong_count(door) > 1 || !lock(&door.gate).is_idle(now));
        }
        let door = Arc::new(Door {
            gate: Mutex::new(Gate::resumed(*lock(&self.resumed_at))),
            queue: tokio::sync::Mutex::new(()),
            queued: AtomicU32::new(0),
            freed: Notify::new(),
        });
        doors.insert(key.to_owned(), Arc::clone(&door));
        door
    }

    /// The places of an address. On loopback every port is a host of its own.
    fn address(&self, mut address: SocketAddr) -> Arc<Semaphore> {
        if !IpAddr::is_loopback(&address.ip()) {
            address.set_port(0);
        }
        let mut addresses = lock(&self.addresses);
        if addresses.len() >= MAX_KEPT {
            addresses.retain(|_, places| Arc::strong_count(places) > 1);
        }
        Arc::clone(addresses.entry(address).or_insert_with(|| Arc::new(Semaphore::new(PER_ADDRESS))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::FixedClock;

    const SECOND: Duration = Duration::from_secs(1);
    const PATIENCE: Duration = Duration::from_secs(30);

    fn gates() -> Gates {
        Gates::new(Arc::new(FixedClock::new(Timestamp(1_764_000_000_000))), NonZeroU32::MAX)
    }

    fn visitor(rate: f64, concurrency: usize) -> Visitor<'static> {
        Visitor { ask: Ask::new(rate, concurrency, None), ceiling: None }
    }

    fn address() -> SocketAddr {
        SocketAddr::from(([93, 184, 215, 14], 443))
    }

    #[tokio::test(start_paused = true)]
    async fn starts_keep_the_gap_in_order() {
        let gates = Arc::new(gates());
        let ask = visitor(2.0, 4);
        let starts = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for number in 0..10 {
            let (gates, starts) = (Arc::clone(&gates), Arc::clone(&starts));
            tasks.push(tokio::spawn(async move {
                let pass = gates.enter("shop.example", ask, address(), PATIENCE).await.unwrap();
                lock(&starts).push((number, Instant::now()));
                tokio::time::sleep(SECOND / 4).await;
                drop(pass);
            }));
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
        let starts = lock(&starts).clone();
        assert_eq!(starts.iter().map(|(number, _)| *number).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
        for pair in starts.windows(2) {
            let gap = pair[1].1 - pair[0].1;
            assert!(gap >= SECOND / 2 && gap < SECOND * 53 / 100, "{gap:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_gate_does_not_slow_another() {
        let gates = Arc::new(gates());
        let began = Instant::now();
        let mut tasks = Vec::new();
        for number in 0..50 {
            let gates = Arc::clone(&gates);
            tasks.push(tokio::spawn(async move {
                let key = format!("shop{number}.example");
                let address = SocketAddr::from(([93, 184, 215, number], 443));
                for _ in 0..3 {
                    drop(gates.enter(&key, visitor(1.0, 1), address, PATIENCE).await.unwrap());
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert!(began.elapsed() < SECOND * 22 / 10, "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_queue_and_a_long_hold_send_callers_away() {
        let gates = gates();
        let ask = visitor(0.02, 1);
        drop(gates.enter("shop.example", ask, address(), PATIENCE).await.unwrap());
        let Err(NotFetched::Held { until, hold }) =
            gates.enter("shop.example", ask, address(), PATIENCE).await
        else {
            panic!("the gap is 50 seconds");
        };
        assert_eq!((until, hold), (gates.next_allowed("shop.example"), Hold::Queue));
        assert_eq!(until.since(gates.clock.now()).as_secs(), 50);

        gates.report("other.example", Signal::Busy { pause: Some(100 * SECOND) });
        assert!(matches!(
            gates.check_hold("other.example", PATIENCE),
            Err(NotFetched::Held { hold: Hold::RetryAfter, .. })
        ));
        assert!(gates.check_hold("unknown.example", PATIENCE).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn concurrency_is_capped_and_a_cancelled_request_frees_its_place() {
        let gates = gates();
        let ask = visitor(1000.0, 1);
        let pass = gates.enter("shop.example", ask, address(), PATIENCE).await.unwrap();
        let second =
            tokio::time::timeout(SECOND, gates.enter("shop.example", ask, address(), PATIENCE)).await;
        assert!(second.is_err(), "the first is still in flight");
        drop(pass);
        assert!(gates.enter("shop.example", ask, address(), PATIENCE).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_are_capped_over_all_gates() {
        let gates = gates();
        let mut passes = Vec::new();
        for number in 0..PER_ADDRESS {
            let key = format!("shop{number}.example");
            passes.push(gates.enter(&key, visitor(1.0, 1), address(), PATIENCE).await.unwrap());
        }
        let refused = gates.enter("last.example", visitor(1.0, 1), address(), PATIENCE).await;
        assert!(matches!(refused, Err(NotFetched::Held { .. })));
        passes.pop();
        assert!(gates.enter("last.example", visitor(1.0, 1), address(), PATIENCE).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_restart_every_gate_waits_one_gap() {
        let before = gates();
        let ask = visitor(0.5, 1);
        drop(before.enter("shop.example", ask, address(), PATIENCE).await.unwrap());
        let kept = before.states();
        let after = gates();
        after.restore(&kept);
        let began = Instant::now();
        drop(after.enter("shop.example", ask, address(), PATIENCE).await.unwrap());
        assert!(began.elapsed() >= 2 * SECOND);
        let began = Instant::now();
        drop(after.enter("new-to-the-state.example", visitor(0.2, 1), address(), PATIENCE).await.unwrap());
        assert!(began.elapsed() >= 2 * SECOND, "{:?}", began.elapsed());
    }
}
