//! Rules compared with each other: one that flags nothing which another does not flag adds nothing.

use std::collections::BTreeMap;

use super::applies;
use crate::document::{Problem, code};
use crate::rules::load::TypedRule;
use crate::rules::model::{Condition, Rule, Status};
use crate::workbench::inclusion::{FoldedPattern, Inclusion};
use crate::workbench::truth::{self, Facts};

/// Rules of one class that are compared with each other; comparisons grow with the square.
const MAX_KIN: usize = 200;
/// Patterns of two rules together; of larger ones nothing is said.
const MAX_PATTERNS: usize = 64;

/// For each rule that another one implies, by its place: the warning.
pub(super) fn lint(rules: &[TypedRule], folded: &[Vec<FoldedPattern<'_>>]) -> BTreeMap<usize, Problem> {
    let mut kin: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, typed) in rules.iter().enumerate() {
        if typed.rule.status != Status::Deprecated {
            kin.entry(&typed.rule.class).or_default().push(place);
        }
    }
    let mut found = BTreeMap::new();
    let pairs = kin.values().flat_map(|kin| {
        let kin = kin.get(..MAX_KIN.min(kin.len())).unwrap_or_default();
        kin.iter().flat_map(move |one| kin.iter().map(move |other| (*one, *other)))
    });
    for (one, other) in pairs.filter(|(one, other)| one != other) {
        // Of two that imply each other, the later one is superfluous.
        let (Some(narrow), Some(wide)) = (rules.get(one), rules.get(other)) else { continue };
        let (Some(narrow_patterns), Some(wide_patterns)) = (folded.get(one), folded.get(other)) else {
            continue;
        };
        if found.contains_key(&one)
            || found.contains_key(&other)
            || !is_implied((&narrow.rule, narrow_patterns), (&wide.rule, wide_patterns))
        {
            continue;
        }
        let message = format!("`{}` flags everything that this rule flags, in the same class", wide.rule.id);
        let problem = Problem::warning(code::IMPLIED_RULE, narrow.written.id.span.clone(), message)
            .help("remove one of the two, or let this one look for what the other misses");
        found.insert(one, problem);
    }
    found
}

/// Whether `wide` surely flags every listing that `narrow` flags.
fn is_implied(narrow: (&Rule, &[FoldedPattern<'_>]), wide: (&Rule, &[FoldedPattern<'_>])) -> bool {
    let ((narrow, narrow_patterns), (wide, wide_patterns)) = (narrow, wide);
    let covers = |wide: &[String], narrow: &[String]| {
        wide.is_empty() || !narrow.is_empty() && narrow.iter().all(|one| wide.contains(one))
    };
    let runs = |rule: &Rule| matches!(rule.status, Status::Trial | Status::Active);
    if !covers(&wide.langs, &narrow.langs)
        || !covers(&wide.markets, &narrow.markets)
        || (runs(narrow) && !runs(wide))
        || narrow_patterns.len() + wide_patterns.len() > MAX_PATTERNS
    {
        return false;
    }
    let all: Vec<&FoldedPattern<'_>> = narrow_patterns.iter().chain(wide_patterns).collect();
    let shift = narrow_patterns.len();
    let inclusion = Inclusion::new(&all);
    let touches = |place: usize| inclusion.of(place).any(|(other, includes)| includes && other >= shift);
    if !(0..narrow.patterns.len()).any(touches) {
        return false;
    }
    let facts = Facts { inclusion, langs: &narrow.langs, markets: &narrow.markets };
    let flags = |rule: &Rule, shift: usize| {
        let exceptions = rule.exceptions.iter().enumerate().map(|(number, exception)| {
            Condition::Not(Box::new(applies(shift + rule.patterns.len() + number, exception, shift)))
        });
        Condition::And(std::iter::once(shifted(&rule.when, shift)).chain(exceptions).collect())
    };
    let only_narrow = vec![flags(narrow, 0), Condition::Not(Box::new(flags(wide, shift)))];
    truth::can_hold(&Condition::And(only_narrow), &facts) == Some(false)
        && truth::can_hold(&flags(narrow, 0), &facts) == Some(true)
}

/// The condition with every pattern's number greater by `by`.
fn shifted(condition: &Condition, by: usize) -> Condition {
    let each = |parts: &[Condition]| parts.iter().map(|part| shifted(part, by)).collect();
    match condition {
        Condition::Pattern(pattern) => Condition::Pattern(pattern + by),
        Condition::Not(inner) => Condition::Not(Box::new(shifted(inner, by))),
        Condition::And(parts) => Condition::And(each(parts)),
        Condition::Or(parts) => Condition::Or(each(parts)),
        Condition::AtLeast { n, of } => {
            Condition::AtLeast { n: *n, of: of.iter().map(|pattern| pattern + by).collect() }
        }
        Condition::Near { a, b, distance } => Condition::Near { a: a + by, b: b + by, distance: *distance },
        Condition::Count { pattern, comparison, value } => {
            Condition::Count { pattern: pattern + by, comparison: *comparison, value: *value }
        }
        other => other.clone(),
    }
}
