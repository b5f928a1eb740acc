//! Draft → trial → active, and back, on measured bars only; and rules.lock, which says what was measured.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Serialize;

use super::eval::{RuleMeasure, status_name};
use super::statistics::Share;
use crate::rules::load::Typed;
use crate::rules::lock::{Measurement, content_digest};
use crate::rules::model::{Rule, Status};

/// Observations of hits that a draft needs: fewer say nothing at all.
pub const LEAST_FOR_TRIAL: f64 = 5.0;
/// What a draft must reach that promises nothing itself.
pub const USUAL_BAR: f64 = 0.8;
/// Right observations beyond which nobody is told how many are missing.
const MOST_TOLD: u32 = 1_000;

/// What becomes of one rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The rule's id.
    pub rule: String,
    /// As its file says.
    pub from: &'static str,
    /// As it measures.
    pub to: &'static str,
    /// Whether that is a step back.
    pub back: bool,
    /// Why, in words.
    pub why: String,
    /// Its precision.
    pub precision: Share,
    /// What the precision is at least, 95 times in 100.
    pub surely: Option<f64>,
    /// What the rule promises.
    pub bar: Option<f64>,
}

/// What becomes of a rule by its status, its bar, its measure and whether its own tests hold.
///
/// - draft → trial: the tests hold, at least [`LEAST_FOR_TRIAL`] observations, precision at or above the bar
///   ([`USUAL_BAR`] where none is promised).
/// - trial → active: the tests hold, a bar is promised, and the precision is surely above it: its one-sided 95 % bound.
/// - active → trial: that no longer holds.
/// - trial → draft: the precision is surely below the bar: the upper end of its interval.
pub fn step(rule: &Rule, measure: &RuleMeasure, tests_hold: bool) -> Step {
    let share = measure.precision;
    let surely = share.at_least();
    let bar = rule.bar_precision.unwrap_or(USUAL_BAR);
    let reaches = share.value().is_some_and(|value| value >= bar);
    let (to, why) = match (rule.status, rule.bar_precision) {
        (Status::Deprecated, _) => (Status::Deprecated, "does not run".to_owned()),
        (Status::Draft, _) if !tests_hold => (Status::Draft, "its own tests fail".to_owned()),
        (Status::Draft, _) if share.of < LEAST_FOR_TRIAL => {
            let few = super::statistics::rounded(share.of);
            (Status::Draft, format!("{few} observations; a trial takes {LEAST_FOR_TRIAL}"))
        }
        (Status::Draft, _) if !reaches => (Status::Draft, format!("below its bar of {bar:.2}")),
        (Status::Draft, _) => (Status::Trial, format!("at or above {bar:.2}")),
        (Status::Trial, _) if share.interval().is_some_and(|(_, high)| high < bar) => {
            (Status::Draft, format!("surely below its bar of {bar:.2}"))
        }
        (status, None) => {
            (fallen(status), "promises no precision: write [bar] precision = 0.9 into it".to_owned())
        }
        (status, Some(_)) if !tests_hold => (fallen(status), "its own tests fail".to_owned()),
        // Loading compares the listings themselves with the bar, too.
        (_, Some(_)) if surely.is_some_and(|surely| surely >= bar) && plain(measure) >= bar => {
            (Status::Active, format!("surely at or above its bar of {bar:.2}"))
        }
        (status, Some(_)) => (fallen(status), missing(measure, bar)),
    };
    let rank = |status: Status| {
        [Status::Deprecated, Status::Draft, Status::Trial].iter().position(|one| *one == status)
    };
    let back = rank(to).unwrap_or(usize::MAX) < rank(rule.status).unwrap_or(usize::MAX);
    Step {
        rule: rule.id.clone(),
        from: status_name(rule.status),
        to: status_name(to),
        back,
        why,
        precision: share,
        surely: surely.map(super::statistics::rounded),
        bar: rule.bar_precision,
    }
}

/// What an active rule becomes that does not meet its bar; a trial stays one.
fn fallen(status: Status) -> Status {
    if status == Status::Active { Status::Trial } else { status }
}

/// Precision in listings.
fn plain(measure: &RuleMeasure) -> f64 {
    let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    if measure.hits == 0 { 0.0 } else { count(measure.right) / count(measure.hits) }
}

fn missing(measure: &RuleMeasure, bar: f64) -> String {
    let share = measure.precision;
    let Some(surely) = share.at_least() else { return "it hits nothing in the corpus".to_owned() };
    let enough = (1..=MOST_TOLD).find(|more| {
        let more = f64::from(*more);
        Share { part: share.part + more, of: share.of + more }.at_least().is_some_and(|surely| surely >= bar)
    });
    let need = match enough {
        Some(more) => format!("{more} more right observations without a fault would do"),
        None => "it needs fewer false hits".to_owned(),
    };
    format!("only at {surely:.2} is it sure, its bar is {bar:.2}; {need}")
}

/// What rules.lock says of a rule after this measurement.
pub fn measurement(rule: &Rule, measure: &RuleMeasure, corpus: &str, date: &str) -> Measurement {
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    Measurement {
        content: content_digest(rule),
        corpus: corpus.to_owned(),
        date: date.to_owned(),
        flagged: count(measure.hits),
        right: count(measure.right),
        missed: count(measure.missed),
    }
}

/// The text of rules.lock.
pub fn lock_text(rules: &BTreeMap<String, Measurement>) -> String {
    let mut text = "# Written by `caveat rules promote`, not by hand: `caveat rules check` compares it with the rules.\n\
                    format = 1\n"
        .to_owned();
    for (id, Measurement { content, corpus, date, flagged, right, missed }) in rules {
        let _ = write!(
            text,
            "\n[rule.\"{id}\"]\ncontent = \"{content}\"\ncorpus  = \"{corpus}\"\ndate    = {date}\n\
             flagged = {flagged}\nright   = {right}\nmissed  = {missed}\n"
        );
    }
    text
}

/// A rule file's text with another status. `None` where the line is not found, or is found twice.
pub fn with_status(text: &str, from: &str, to: &str) -> Option<String> {
    let mut found = 0;
    let mut changed = String::with_capacity(text.len());
    // Keys of the rule itself stand before the first table.
    let mut top = true;
    for line in text.split_inclusive('\n') {
        top &= !line.trim_start().starts_with('[');
        let is_status = line.split_once('=').is_some_and(|(key, _)| key.trim() == "status");
        let place = if top && is_status { line.find(&format!("\"{from}\"")) } else { None };
        match place.and_then(|at| Some((line.get(..at)?, line.get(at + from.len() + 2..)?))) {
            Some((before, after)) => {
                found += 1;
                changed.push_str(before);
                changed.push('"');
                changed.push_str(to);
                changed.push('"');
                changed.push_str(after);
            }
            None => changed.push_str(line),
        }
    }
    (found == 1).then_some(changed)
}

/// Something in which rules.lock and the rules do not agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Disagreement {
    /// The rule's id.
    pub rule: String,
    /// The rule's file below the rules folder; none where the rule is gone.
    pub path: Option<String>,
    /// What is wrong and what to do.
    pub message: String,
}

/// In what rules.lock and the rules disagree: active rules that it does not hold, or holds otherwise, and rules that are
/// gone. `typed` comes from loading with `keep_typed`; `known` are the ids of all rule files, broken ones too.
pub fn disagreements(typed: &Typed, known: &BTreeSet<&str>) -> Vec<Disagreement> {
    let active = typed.rules.iter().filter_map(|rule| {
        let reason = rule.unmeasured.as_ref()?;
        Some(Disagreement {
            rule: rule.rule.id.clone(),
            path: Some(rule.path.clone()),
            message: format!("is active, but {reason}; run `caveat rules promote`"),
        })
    });
    let gone =
        typed.measured.iter().filter(|name| !known.contains(name.value.as_str())).map(|name| Disagreement {
            rule: name.value.clone(),
            path: None,
            message: "is in rules.lock, but there is no such rule; run `caveat rules promote`".to_owned(),
        });
    active.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measure(right: u32, wrong: u32) -> RuleMeasure {
        let (right, wrong) = (f64::from(right), f64::from(wrong));
        let count = |count: f64| format!("{count:.0}").parse::<usize>().unwrap();
        RuleMeasure {
            rule: "x".to_owned(),
            class: "toy.magnet".to_owned(),
            status: "",
            bar: None,
            hits: count(right + wrong),
            right: count(right),
            kin: 0,
            astray: 0,
            wrong: count(wrong),
            missed: 0,
            let_off: 0,
            let_off_wrongly: 0,
            unique: 0,
            precision: Share { part: right, of: right + wrong },
            recall: Share::default(),
            ms: None,
            slices: Vec::new(),
        }
    }

    fn rule(status: Status, bar: Option<f64>) -> Rule {
        Rule {
            id: "x".to_owned(),
            title: String::new(),
            status,
            class: "toy.magnet".to_owned(),
            pack: String::new(),
            langs: Vec::new(),
            markets: Vec::new(),
            patterns: Vec::new(),
            when: crate::rules::model::Condition::And(Vec::new()),
            exceptions: Vec::new(),
            bar_precision: bar,
            tests: Vec::new(),
        }
    }

    #[test]
    fn rules_rise_and_fall_on_what_was_measured_only() {
        use Status::{Active, Draft, Trial};
        let cases = [
            (Draft, None, (4, 0), true, "draft", "4 observations; a trial takes 5"),
            (Draft, None, (5, 0), true, "trial", "at or above 0.80"),
            (Draft, None, (5, 0), false, "draft", "its own tests fail"),
            (Draft, Some(0.9), (8, 1), true, "draft", "below its bar of 0.90"),
            (
                Trial,
                Some(0.9),
                (24, 0),
                true,
                "trial",
                "only at 0.90 is it sure, its bar is 0.90; 1 more right",
            ),
            (Trial, Some(0.9), (25, 0), true, "active", "surely at or above"),
            (Trial, Some(0.9), (25, 0), false, "trial", "its own tests fail"),
            (Trial, None, (500, 0), true, "trial", "promises no precision"),
            (Trial, Some(0.9), (0, 0), true, "trial", "it hits nothing"),
            (Trial, Some(0.9), (10, 10), true, "draft", "surely below its bar"),
            (Active, Some(0.9), (25, 0), true, "active", "surely at or above"),
            (Active, Some(0.9), (25, 1), true, "trial", "only at 0.8"),
            (Active, None, (25, 0), true, "trial", "promises no precision"),
            (Active, Some(0.9), (0, 0), true, "trial", "it hits nothing"),
        ];
        for (status, bar, (right, wrong), tests, to, why) in cases {
            let step = step(&rule(status, bar), &measure(right, wrong), tests);
            assert_eq!(step.to, to, "{status:?} {bar:?} {right}/{wrong}: {}", step.why);
            assert!(step.why.starts_with(why), "{}", step.why);
            let rank = |name: &str| ["draft", "trial", "active"].iter().position(|one| *one == name);
            assert_eq!(step.back, rank(step.to) < rank(step.from));
        }
    }

    #[test]
    fn two_hundred_right_hits_of_one_seller_make_no_rule_active() {
        let mut measure = measure(200, 0);
        measure.precision = Share { part: 1.0, of: 1.0 };
        assert_eq!(step(&rule(Status::Trial, Some(0.5)), &measure, true).to, "trial");
    }

    #[test]
    fn the_status_line_changes_and_nothing_else() {
        let text = "format = 1\nstatus   = \"draft\" # \"draft\" for now\ntitle = \"status = x\"\n[[test]]\nstatus = \"draft\"\n";
        let changed = with_status(text, "draft", "trial").unwrap();
        assert_eq!(changed, text.replacen("\"draft\"", "\"trial\"", 1));
        assert_eq!(with_status("[bar]\nstatus = \"draft\"\n", "draft", "trial"), None);
        assert_eq!(with_status("status = \"trial\"\n", "draft", "trial"), None);
    }
}
