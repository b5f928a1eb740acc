//! `rules test`: every rule against the listings that stand in its file, and every exception against being needed.
//!
//! Each rule is compiled by itself, so that a test says something about its own rule only. The result is plain data;
//! showing it is for `cli`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::probe::Probe;
use crate::finding::Hit;
use crate::matcher::{Matcher, Scratch};
use crate::rules::condition;
use crate::rules::model::{Condition, Exception, Rule, RuleSet, RuleTest};

/// What came of all tests.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Rules that were tried.
    pub rules: usize,
    /// Tests that were run.
    pub tests: usize,
    /// Exceptions that were taken away to see whether a test notices.
    pub exceptions: usize,
    /// What failed, in the order of rules, then of tests.
    pub failures: Vec<Failure>,
}

/// One thing that is not as the rule's file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The rule's id.
    pub rule: String,
    /// The rule's file, where known.
    pub file: Option<String>,
    /// The 1-based line of the test; `None` where no one test is at fault.
    pub line: Option<usize>,
    /// The test's name.
    pub test: Option<String>,
    /// What kind of failure it is.
    pub kind: FailureKind,
    /// In words, with what was found instead.
    pub message: String,
}

/// Kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The rule cannot be compiled for matching.
    NotCompiled,
    /// A `flag` listing is not flagged.
    NotFlagged,
    /// A `pass` listing is flagged.
    Flagged,
    /// A text of `hits` is not what any match of the pattern covers.
    WrongHit,
    /// No `pass` test would flag without the exception.
    UndefendedException,
}

/// Runs the tests of every rule in `set`. `files` gives rule id → file, as `Loaded::files` does.
pub fn run(set: &RuleSet, files: &BTreeMap<String, String>) -> Report {
    let mut report = Report::default();
    for rule in &set.rules {
        let bench = Bench { set, rule, file: files.get(&rule.id) };
        report.rules += 1;
        report.tests += rule.tests.len();
        report.exceptions += rule.exceptions.len();
        report.failures.extend(bench.failures());
    }
    report
}

/// One rule under test.
struct Bench<'r> {
    set: &'r RuleSet,
    rule: &'r Rule,
    file: Option<&'r String>,
}

impl Bench<'_> {
    fn failures(&self) -> Vec<Failure> {
        let (matcher, faults) = self.compile(self.rule.clone());
        if !faults.is_empty() {
            let failure = |fault: String| self.failure(None, FailureKind::NotCompiled, fault);
            return faults.into_iter().map(failure).collect();
        }
        let mut failures: Vec<Failure> =
            self.rule.tests.iter().flat_map(|test| self.check(&matcher, test)).collect();
        let passing: Vec<&RuleTest> =
            self.rule.tests.iter().filter(|test| !test.flag && !self.flags(&matcher, test)).collect();
        let defended = self.defended(&matcher, &passing);
        for (place, exception) in self.rule.exceptions.iter().enumerate() {
            if !defended.contains(&place) {
                let name = &exception.pattern.name;
                let message = format!("no `pass` test would flag without exception `{name}`");
                failures.push(self.failure(None, FailureKind::UndefendedException, message));
            }
        }
        failures
    }

    /// The exceptions without which one of `passing` would be flagged: those that alone let it off.
    fn defended(&self, matcher: &Matcher, passing: &[&RuleTest]) -> BTreeSet<usize> {
        let mut defended = BTreeSet::new();
        let let_off: Vec<&&RuleTest> =
            passing.iter().filter(|test| !self.hits(matcher, test).is_empty()).collect();
        if let_off.is_empty() {
            return defended;
        }
        let own = self.rule.patterns.iter();
        let exceptions = self.rule.exceptions.iter().map(|exception| &exception.pattern);
        let probe = Probe::new(own.chain(exceptions).cloned());
        let mut scratch = Scratch::default();
        for test in let_off {
            let occurring = probe.occurring(&test.listing, &mut scratch);
            let suppresses = |(place, exception): (usize, &Exception)| {
                let occurs = occurring.contains(&(self.rule.patterns.len() + place));
                (occurs && !exception.unless.iter().any(|kept| occurring.contains(kept))).then_some(place)
            };
            let mut suppressing = self.rule.exceptions.iter().enumerate().filter_map(suppresses);
            if let (Some(only), None) = (suppressing.next(), suppressing.next()) {
                defended.insert(only);
            }
        }
        defended
    }

    fn check(&self, matcher: &Matcher, test: &RuleTest) -> Vec<Failure> {
        let hits = self.hits(matcher, test);
        let flagged = hits.iter().any(|hit| hit.suppressed_by.is_none());
        if test.flag && !flagged {
            let message = match hits.iter().find_map(|hit| hit.suppressed_by.as_deref()) {
                Some(exception) => format!("must be flagged, but exception `{exception}` lets it off"),
                None => format!("must be flagged, but is not: {}", self.reasons(test)),
            };
            return vec![self.failure(Some(test), FailureKind::NotFlagged, message)];
        }
        if !test.flag && flagged {
            let message = format!("must pass, but is flagged: {}", self.reasons(test));
            return vec![self.failure(Some(test), FailureKind::Flagged, message)];
        }
        test.hits.iter().filter_map(|(pattern, text)| self.check_hit(test, &hits, pattern, text)).collect()
    }

    fn check_hit(&self, test: &RuleTest, hits: &[Hit], pattern: &str, expected: &str) -> Option<Failure> {
        let found: Vec<&str> = hits
            .iter()
            .flat_map(|hit| &hit.matches)
            .filter(|one| one.pattern == pattern)
            .map(|one| one.text.as_str())
            .collect();
        if found.contains(&expected) {
            return None;
        }
        let message = if found.is_empty() {
            format!("`{pattern}` should cover {expected:?}, but does not occur")
        } else {
            let found: Vec<String> = found.iter().map(|covered| format!("{covered:?}")).collect();
            format!("`{pattern}` should cover {expected:?}, but covers {}", found.join(", "))
        };
        Some(self.failure(Some(test), FailureKind::WrongHit, message))
    }

    fn flags(&self, matcher: &Matcher, test: &RuleTest) -> bool {
        self.hits(matcher, test).iter().any(|hit| hit.suppressed_by.is_none())
    }

    fn hits(&self, matcher: &Matcher, test: &RuleTest) -> Vec<Hit> {
        // A rule for some markets is tested as if the offer were aimed at the first of them.
        let market = test.market.as_deref().or_else(|| self.rule.markets.first().map(String::as_str));
        let mut hits = matcher.hits(&test.listing, market);
        hits.retain(|hit| hit.rule == self.rule.id);
        hits
    }

    /// Which parts of the condition hold for the listing and which do not, in the order in which the condition names
    /// them: what an author needs to see why.
    fn reasons(&self, test: &RuleTest) -> String {
        let names: Vec<&str> = self.rule.patterns.iter().map(|pattern| pattern.name.as_str()).collect();
        let mut parts = Vec::new();
        collect_parts(&self.rule.when, &mut parts);
        let says: Vec<String> = parts.into_iter().map(|part| self.reason(test, part, &names)).collect();
        says.join(", ")
    }

    fn reason(&self, test: &RuleTest, part: Condition, names: &[&str]) -> String {
        let shown = condition::shown(&part, names);
        let pattern = if let Condition::Pattern(place) = &part { names.get(*place).copied() } else { None };
        let mut probe = self.rule.clone();
        probe.exceptions.clear();
        probe.when = part;
        let (prober, _) = self.compile(probe);
        let hits = self.hits(&prober, test);
        let Some(hit) = hits.first() else {
            let verb = if pattern.is_some() { "does not occur" } else { "does not hold" };
            return format!("`{shown}` {verb}");
        };
        match hit.matches.iter().find(|one| Some(one.pattern.as_str()) == pattern) {
            Some(found) => format!("`{shown}` occurs ({:?})", found.text),
            None => format!("`{shown}` holds"),
        }
    }

    fn compile(&self, rule: Rule) -> (Matcher, Vec<String>) {
        let set =
            RuleSet { rules: vec![rule], taxonomy: self.set.taxonomy.clone(), rates: self.set.rates.clone() };
        let (matcher, faults) = Matcher::compile_with(&set, true);
        (matcher, faults.iter().map(ToString::to_string).collect())
    }

    fn failure(&self, test: Option<&RuleTest>, kind: FailureKind, message: String) -> Failure {
        Failure {
            rule: self.rule.id.clone(),
            file: self.file.cloned(),
            line: test.map(|test| test.line),
            test: test.map(|test| test.name.clone()),
            kind,
            message,
        }
    }
}

/// Parts of a condition that are shown one by one; more than these nobody reads.
const MAX_PARTS: usize = 20;

/// The parts that a condition joins by `and`, `or`, `not` and sets, each once.
fn collect_parts(condition: &Condition, parts: &mut Vec<Condition>) {
    match condition {
        Condition::Not(inner) => collect_parts(inner, parts),
        Condition::And(inner) | Condition::Or(inner) => {
            for one in inner {
                collect_parts(one, parts);
            }
        }
        Condition::AtLeast { of, .. } => {
            for place in of {
                collect_parts(&Condition::Pattern(*place), parts);
            }
        }
        part => {
            if parts.len() < MAX_PARTS && !parts.contains(part) {
                parts.push(part.clone());
            }
        }
    }
}
