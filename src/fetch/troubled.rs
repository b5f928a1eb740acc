//! Gates as people look at them: how many are open, and which make trouble. Pure.

use std::collections::BTreeMap;

use super::gate::GateState;

/// How many gates there are in each state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GateTally {
    /// Open, or waiting for the usual gap only.
    pub open: u64,
    /// Held, by the word for why.
    pub held: BTreeMap<&'static str, u64>,
    /// Failures in a row, over all gates.
    pub failures: u64,
}

impl GateTally {
    pub(super) fn of(states: &[GateState]) -> Self {
        let mut tally = Self::default();
        for state in states {
            match state.hold {
                None => tally.open += 1,
                Some(hold) => *tally.held.entry(hold.word()).or_default() += 1,
            }
            tally.failures += u64::from(state.failures);
        }
        tally
    }
}

/// The gates that are held or had errors: those that are held first, then those with the most errors; `most` of them.
pub fn troubled(mut states: Vec<GateState>, most: usize) -> Vec<GateState> {
    states.retain(|state| state.hold.is_some() || state.errors > 0 || state.failures > 0);
    states.sort_by(|a, b| {
        let rank = |state: &GateState| (state.hold.is_none(), std::cmp::Reverse(state.errors));
        rank(a).cmp(&rank(b)).then_with(|| a.key.cmp(&b.key))
    });
    states.truncate(most);
    states
}

#[cfg(test)]
mod tests {
    use super::super::Hold;
    use super::*;
    use crate::clock::Timestamp;

    fn gate(key: &str, hold: Option<Hold>, errors: u64) -> GateState {
        GateState {
            key: key.to_owned(),
            next_allowed: Timestamp(0),
            hold,
            gap_ms: 1000,
            slow: 1.0,
            failures: u32::from(hold.is_some()),
            pauses: 0,
            errors,
        }
    }

    #[test]
    fn held_gates_come_before_those_with_errors() {
        let states = vec![
            gate("calm", None, 0),
            gate("many", None, 9),
            gate("held", Some(Hold::Breaker), 1),
            gate("some", None, 3),
        ];
        let tally = GateTally::of(&states);
        assert_eq!((tally.open, tally.held, tally.failures), (3, [("breaker", 1)].into(), 1));
        let keys: Vec<String> = troubled(states.clone(), 9).into_iter().map(|state| state.key).collect();
        assert_eq!(keys, ["held", "many", "some"]);
        assert_eq!(troubled(states, 1).len(), 1);
    }
}
