//! Verdict: what the hits on one listing come to. Pure.

use crate::finding::{Hit, Ruling, Severity, Verdict};

/// Hits of this class are shown but never decide anything: the page may just not say it.
pub const UNDECIDED_CLASS: &str = "information.missing";

/// What one needless disguise adds; ten of them would not make a lawful offer unlawful, so it is capped.
const PER_TRICK: usize = 4;
const TRICKS_CAP: usize = 12;
/// What each further rule, and each further family of classes, adds.
const PER_RULE: usize = 3;
const RULES_CAP: usize = 9;
const PER_FAMILY: usize = 4;
const FAMILIES_CAP: usize = 8;

/// Decides on the hits of one listing.
///
/// A hit counts when it is not suppressed and its class is not [`UNDECIDED_CLASS`]. Without one the listing passes
/// with score 0. Otherwise
///
/// score = min(100, base + 3·(rules − 1, at most 3) + 4·(families − 1, at most 2) + 4·(tricks, at most 3))
///
/// over the counting hits: `base` is that of the highest severity (low 20, medium 40, high 60, critical 75), `rules`
/// the distinct rules, `families` the distinct first parts of classes, `tricks` the distinct disguises undone.
/// Severity and class are those of the top hit: by severity, then by tricks and matched patterns, then by rule id.
/// All hits are kept: counting ones first, each group best first.
pub fn decide(mut hits: Vec<Hit>) -> Verdict {
    hits.sort_by(|a, b| {
        let rank = |hit: &Hit| (counts(hit), hit.severity, strength(hit));
        rank(b).cmp(&rank(a)).then_with(|| a.rule.cmp(&b.rule))
    });
    let counting: Vec<&Hit> = hits.iter().take_while(|hit| counts(hit)).collect();
    let Some(top) = counting.first() else {
        return Verdict { ruling: Ruling::Pass, score: 0, severity: None, class: None, hits };
    };
    let rules = distinct(counting.iter().map(|hit| hit.rule.as_str()));
    let families = distinct(counting.iter().map(|hit| family(&hit.class)));
    let tricks = distinct(counting.iter().flat_map(|hit| tricks(hit)));
    let score = base(top.severity)
        + (PER_RULE * (rules - 1)).min(RULES_CAP)
        + (PER_FAMILY * (families - 1)).min(FAMILIES_CAP)
        + (PER_TRICK * tricks).min(TRICKS_CAP);
    let (severity, class) = (Some(top.severity), Some(top.class.clone()));
    Verdict {
        ruling: Ruling::Flag,
        score: u8::try_from(score.min(100)).unwrap_or(100),
        severity,
        class,
        hits,
    }
}

fn counts(hit: &Hit) -> bool {
    hit.suppressed_by.is_none() && hit.class != UNDECIDED_CLASS
}

fn base(severity: Severity) -> usize {
    match severity {
        Severity::Low => 20,
        Severity::Medium => 40,
        Severity::High => 60,
        Severity::Critical => 75,
    }
}

/// Orders hits of one severity: what was disguised first, then what was confirmed by more patterns.
fn strength(hit: &Hit) -> (usize, usize) {
    (distinct(tricks(hit)), distinct(hit.matches.iter().map(|found| found.pattern.as_str())))
}

fn tricks(hit: &Hit) -> impl Iterator<Item = &str> {
    hit.matches.iter().flat_map(|found| &found.tricks).map(String::as_str)
}

fn family(class: &str) -> &str {
    class.split_once('.').map_or(class, |(family, _)| family)
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names.collect::<std::collections::BTreeSet<_>>().len()
}
