//! What waits at which gate and who holds it: the part of the frontier that lives in memory.
//!
//! Only counts and leases are held here, nothing for each URL, so that a million queued URLs cost nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::rows::DepthRow;
use super::staging::{DepthShift, Lease};
use super::{Job, QueueCounts};

/// Shared by the takers and the writer.
#[derive(Default)]
pub(super) struct Board(Mutex<Spots>);

/// source → gate → what waits there.
pub(super) type Spots = BTreeMap<String, BTreeMap<String, Spot>>;

/// One gate of one source.
#[derive(Debug, Default)]
pub(super) struct Spot {
    pub depth: DepthRow,
    /// Leased keys, and which index each was taken from.
    pub leased: HashMap<String, Origin>,
}

/// The index that a leased job lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Ready,
    Waiting,
}

impl Spot {
    fn leased_from(&self, origin: Origin) -> u64 {
        self.leased.values().filter(|taken| **taken == origin).count() as u64
    }

    /// Jobs that nobody holds.
    pub(super) fn free(&self) -> QueueCounts {
        QueueCounts {
            ready: self.depth.ready.saturating_sub(self.leased_from(Origin::Ready)),
            waiting: self.depth.waiting.saturating_sub(self.leased_from(Origin::Waiting)),
            leased: self.leased.len() as u64,
        }
    }
}

impl Board {
    pub(super) fn lock(&self) -> MutexGuard<'_, Spots> {
        // The map is whole at every point where a holder could panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets what waited at a gate when the store was opened.
    pub(super) fn set(&self, source: &str, gate: &str, depth: DepthRow) {
        let mut spots = self.lock();
        spots.entry(source.to_owned()).or_default().entry(gate.to_owned()).or_default().depth = depth;
    }

    /// Follows a committed group.
    pub(super) fn follow(&self, depths: &BTreeMap<(String, String), DepthShift>, freed: &[Lease]) {
        let mut spots = self.lock();
        for ((source, gate), shift) in depths {
            let spot = spots.entry(source.clone()).or_default().entry(gate.clone()).or_default();
            spot.depth.ready = spot.depth.ready.saturating_add_signed(shift.ready);
            spot.depth.waiting = spot.depth.waiting.saturating_add_signed(shift.waiting);
        }
        for Lease { source, gate, key } in freed {
            give_back(&mut spots, source, gate, key);
        }
    }

    pub(super) fn release(&self, source: &str, gate: &str, key: &str) {
        give_back(&mut self.lock(), source, gate, key);
    }

    pub(super) fn is_leased(&self, source: &str, gate: &str, key: &str) -> bool {
        let spots = self.lock();
        spots.get(source).and_then(|gates| gates.get(gate)).is_some_and(|spot| spot.leased.contains_key(key))
    }

    pub(super) fn counts(&self, source: &str) -> QueueCounts {
        let spots = self.lock();
        let mut sum = QueueCounts::default();
        for spot in spots.get(source).into_iter().flat_map(BTreeMap::values) {
            let free = spot.free();
            sum.ready += free.ready;
            sum.waiting += free.waiting;
            sum.leased += free.leased;
        }
        sum
    }
}

/// Leases that the store itself took for a change. They are given back unless the change takes them over.
pub(super) struct Held {
    board: Arc<Board>,
    pub jobs: Vec<Job>,
}

impl Held {
    pub(super) fn new(board: &Arc<Board>, jobs: Vec<Job>) -> Self {
        Self { board: Arc::clone(board), jobs }
    }

    /// From here on the end of the group ends the leases.
    pub(super) fn hand_over(mut self) {
        self.jobs.clear();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for Job { source, gate, key, .. } in &self.jobs {
            self.board.release(source, gate, key);
        }
    }
}

fn give_back(spots: &mut Spots, source: &str, gate: &str, key: &str) {
    let Some(gates) = spots.get_mut(source) else { return };
    let Some(spot) = gates.get_mut(gate) else { return };
    spot.leased.remove(key);
    if spot.leased.is_empty() && spot.depth == DepthRow::default() {
        gates.remove(gate);
    }
}
