//! Which listings can make a condition hold: tried over every combination of what a listing may contain.
//!
//! A condition is a formula over atoms: a pattern occurs, two stand near, a price is low. With up to
//! [`MAX_ATOMS`] of them, all combinations are tried; impossible ones (`near(a, b, 9)` without `a`) are passed over.

use rust_decimal::Decimal;

use super::model::{Comparison, Condition};

/// Two to this power combinations are tried; larger conditions are not examined.
const MAX_ATOMS: usize = 14;

/// Parts of the condition looked at over all combinations; larger conditions are not examined.
const MAX_STEPS: usize = 1 << 22;

/// What was found about a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Truth {
    /// Some listing makes it hold.
    pub(super) can_hold: bool,
    /// Some listing makes it fail.
    pub(super) can_fail: bool,
    /// It can hold for a listing in which no pattern occurs.
    pub(super) holds_without_patterns: bool,
}

/// Examines a condition; `None` when it has too many atoms.
pub(super) fn examine(condition: &Condition) -> Option<Truth> {
    let mut truth = Truth { can_hold: false, can_fail: false, holds_without_patterns: false };
    each_world(condition, |world| {
        if world.holds(condition) {
            truth.can_hold = true;
            truth.holds_without_patterns |= world.is_without_patterns();
        } else {
            truth.can_fail = true;
        }
    })?;
    Some(truth)
}

/// Whether some listing makes `condition` hold in which none of `patterns` occurs; `None` when it has too many
/// atoms to be tried.
pub(super) fn can_hold_without(condition: &Condition, patterns: &[usize]) -> Option<bool> {
    let mut can = false;
    each_world(condition, |world| {
        can |= world.holds(condition) && patterns.iter().all(|pattern| !world.occurs(*pattern));
    })?;
    Some(can)
}

/// One combination: which of the atoms are true.
struct World<'a> {
    atoms: &'a [Condition],
    bits: u32,
}

fn each_world(condition: &Condition, mut visit: impl FnMut(&World<'_>)) -> Option<()> {
    let mut atoms = Vec::new();
    collect_atoms(condition, &mut atoms);
    if atoms.len() > MAX_ATOMS || parts(condition) > MAX_STEPS >> atoms.len() {
        return None;
    }
    for bits in 0..1u32 << atoms.len() {
        let world = World { atoms: &atoms, bits };
        if world.is_possible() {
            visit(&world);
        }
    }
    Some(())
}

impl World<'_> {
    fn is_possible(&self) -> bool {
        self.atoms.iter().enumerate().all(|(at, atom)| {
            let is = self.bits >> at & 1 == 1;
            match atom {
                Condition::Near { a, b, .. } => !is || (self.occurs(*a) && self.occurs(*b)),
                Condition::Count { pattern, comparison, value } if self.occurs(*pattern) => {
                    possible_count(*comparison, *value, is)
                }
                Condition::Count { comparison, value, .. } => is == comparison.holds(&Decimal::ZERO, value),
                _ => true,
            }
        })
    }

    fn is_without_patterns(&self) -> bool {
        self.atoms.iter().enumerate().all(|(at, atom)| {
            self.bits >> at & 1 == 0 || !matches!(atom, Condition::Pattern(_) | Condition::Near { .. })
        })
    }

    fn occurs(&self, pattern: usize) -> bool {
        self.is_true(&Condition::Pattern(pattern))
    }

    fn is_true(&self, atom: &Condition) -> bool {
        self.atoms.iter().position(|known| known == atom).is_some_and(|at| self.bits >> at & 1 == 1)
    }

    fn holds(&self, condition: &Condition) -> bool {
        match condition {
            Condition::Not(inner) => !self.holds(inner),
            Condition::And(parts) => parts.iter().all(|part| self.holds(part)),
            Condition::Or(parts) => parts.iter().any(|part| self.holds(part)),
            Condition::AtLeast { n, of } => of.iter().filter(|pattern| self.occurs(**pattern)).count() >= *n,
            atom => self.is_true(atom),
        }
    }
}

fn parts(condition: &Condition) -> usize {
    1 + match condition {
        Condition::Not(inner) => parts(inner),
        Condition::And(inner) | Condition::Or(inner) => inner.iter().map(parts).sum(),
        Condition::AtLeast { of, .. } => of.len(),
        _ => 0,
    }
}

/// Whether some whole number from 1 on makes the comparison come out as `is`.
fn possible_count(comparison: Comparison, value: Decimal, is: bool) -> bool {
    let around = [Decimal::ONE, value - Decimal::ONE, value, value + Decimal::ONE];
    around.iter().filter(|count| **count >= Decimal::ONE).any(|count| comparison.holds(count, &value) == is)
}

fn collect_atoms(condition: &Condition, atoms: &mut Vec<Condition>) {
    match condition {
        Condition::Not(inner) => collect_atoms(inner, atoms),
        Condition::And(parts) | Condition::Or(parts) => {
            for part in parts {
                collect_atoms(part, atoms);
            }
        }
        Condition::AtLeast { of, .. } => {
            for pattern in of {
                add_atom(Condition::Pattern(*pattern), atoms);
            }
        }
        Condition::Near { a, b, .. } => {
            add_atom(Condition::Pattern(*a), atoms);
            add_atom(Condition::Pattern(*b), atoms);
            add_atom(condition.clone(), atoms);
        }
        Condition::Count { pattern, .. } => {
            add_atom(Condition::Pattern(*pattern), atoms);
            add_atom(condition.clone(), atoms);
        }
        atom => add_atom(atom.clone(), atoms),
    }
}

/// Adds an atom once. Stops at one more than will be tried, so that a condition of thousands costs nothing.
fn add_atom(atom: Condition, atoms: &mut Vec<Condition>) {
    if atoms.len() <= MAX_ATOMS && !atoms.contains(&atom) {
        atoms.push(atom);
    }
}

#[cfg(test)]
mod tests {
    use super::{can_hold_without, examine};
    use crate::rules::condition::{Names, parse};

    fn condition(text: &str) -> crate::rules::model::Condition {
        parse(text, Names { patterns: &["a", "b", "c"], exceptions: &[] }).unwrap().condition
    }

    #[test]
    fn what_can_hold_and_fail() {
        for (text, can_hold, can_fail, without_patterns) in [
            ("a", true, true, false),
            ("a or not a", true, false, true),
            ("a and not a", false, true, false),
            ("a and not any of (a, b)", false, true, false),
            ("near(a, b, 5) and not b", false, true, false),
            ("count(a) >= 2 and not a", false, true, false),
            ("count(a) >= 0", true, false, true),
            ("count(a) >= 1 or not a", true, false, true),
            ("count(a) < 1 and a", false, true, false),
            ("a or not b", true, true, true),
            ("price_eur < 5", true, true, true),
            ("2 of (a, b, c) and not (a or b)", false, true, false),
            ("has brand and missing brand", false, true, false),
        ] {
            let truth = examine(&condition(text)).unwrap();
            let found = (truth.can_hold, truth.can_fail, truth.holds_without_patterns);
            assert_eq!(found, (can_hold, can_fail, without_patterns), "{text}");
        }
    }

    #[test]
    fn a_required_pattern_is_recognised() {
        assert_eq!(can_hold_without(&condition("a and (b or c)"), &[0]), Some(false));
        assert_eq!(can_hold_without(&condition("a and (b or c)"), &[1]), Some(true));
        assert_eq!(can_hold_without(&condition("a and (b or c)"), &[1, 2]), Some(false));
    }
}
