//! What the fetcher knows of gates and robots.txt files, in the store's own words and back: neither room knows the
//! other's.

use crate::fetch::{self, Hold, RobotsState};
use crate::store::{GateState, RobotsCopy};

pub(super) fn gate_row(state: fetch::GateState) -> GateState {
    let hold = state.hold.map(|hold| hold.word().to_owned());
    GateState {
        gate: state.key,
        next_allowed: state.next_allowed,
        hold,
        gap_ms: state.gap_ms,
        slow_percent: percent(state.slow),
        failures: state.failures,
        pauses: state.pauses,
    }
}

pub(super) fn gate_state(row: GateState) -> fetch::GateState {
    fetch::GateState {
        key: row.gate,
        next_allowed: row.next_allowed,
        hold: row.hold.as_deref().and_then(Hold::of_word),
        gap_ms: row.gap_ms,
        slow: f64::from(row.slow_percent) / 100.0,
        failures: row.failures,
        pauses: row.pauses,
        errors: 0,
    }
}

pub(super) fn robots_copy(state: RobotsState) -> RobotsCopy {
    let RobotsState { origin, text, fresh_until, failures, why, not_before } = state;
    RobotsCopy { origin, body: text, fresh_until, failures, why, not_before }
}

pub(super) fn robots_state(copy: RobotsCopy) -> RobotsState {
    let RobotsCopy { origin, body, fresh_until, failures, why, not_before } = copy;
    RobotsState { origin, text: body, fresh_until, failures, why, not_before }
}

/// The fetcher's factor lies between 1 and some hundreds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and a cast saturates")]
fn percent(factor: f64) -> u32 {
    (factor.clamp(1.0, 10_000.0) * 100.0).round() as u32
}
