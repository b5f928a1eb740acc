//! `rules.lock`: what was measured of rules, and of which text of theirs. `promote` writes it; loading asks it whether an
//! active rule is the one that was measured.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::common;
use super::condition;
use super::model::{Bound, Exception, Fold, Pattern, Rule};
use crate::document::{Located, Problem, Table, code};

/// Rules in one file.
const MAX_RULES: usize = 200_000;

/// What was measured of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measurement {
    /// [`content_digest`] of the rule as it was then.
    pub content: String,
    /// SHA-256 of the corpus, in hexadecimal digits.
    pub corpus: String,
    /// The day (ISO date).
    pub date: String,
    /// Listings of the corpus that the rule flagged.
    pub flagged: u64,
    /// How many of them are labelled so.
    pub right: u64,
    /// Listings of the rule's class that it did not flag.
    pub missed: u64,
}

impl Measurement {
    /// The part of flags that was right; `None` where nothing was flagged.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.right, self.flagged)
    }

    /// The part of the class's listings that was found; `None` where there are none.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.right, self.right.saturating_add(self.missed))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a corpus has far less than 2^52 listings")]
fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// All measurements.
#[derive(Debug, Clone, Default)]
pub struct Lock {
    rules: BTreeMap<String, (Located<String>, Measurement)>,
}

impl Lock {
    /// The measurement of a rule.
    pub fn get(&self, id: &str) -> Option<&Measurement> {
        self.rules.get(id).map(|(_, measurement)| measurement)
    }

    /// The rules, with the places of their names.
    pub(super) fn names(&self) -> Vec<Located<String>> {
        self.rules.values().map(|(name, _)| name.clone()).collect()
    }

    /// Why a rule does not count as measured.
    pub(super) fn refuses(&self, rule: &Rule) -> Option<String> {
        let Some(measured) = self.get(&rule.id) else {
            return Some("no rules.lock holds a measurement of this rule".to_owned());
        };
        if measured.content != content_digest(rule) {
            return Some(format!(
                "the rule or a list of it was changed after its measurement of {}",
                measured.date
            ));
        }
        let Some(precision) = measured.precision() else {
            return Some("it flagged nothing when it was measured".to_owned());
        };
        let bar = rule.bar_precision.filter(|bar| precision < *bar)?;
        Some(format!("a precision of {precision:.2} was measured, and the rule promises {bar:.2}"))
    }
}

/// Reads the file. An entry with a fault is reported and left out.
pub(super) fn read(table: &Table<'_>) -> Lock {
    common::format(table);
    let document = table.document();
    let mut lock = Lock::default();
    for (name, entry) in table.named_tables("rule", MAX_RULES, |_| true) {
        if let Some(measurement) = measurement(&entry) {
            if measurement.right > measurement.flagged {
                let problem =
                    Problem::error(code::BAD_VALUE, entry.span(), "more flags are right than there are");
                document.report(problem.help("rules.lock is not written by hand: measure again"));
            } else {
                lock.rules.insert(name.value.clone(), (name, measurement));
            }
        }
    }
    lock
}

fn measurement(table: &Table<'_>) -> Option<Measurement> {
    let digest = |key| {
        let text = table.string(key)?;
        let sound = text.value.len() == 64
            && text.value.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if !sound {
            let problem = Problem::error(code::BAD_VALUE, text.span.clone(), "this is not a SHA-256 digest");
            table.document().report(problem.help("rules.lock is not written by hand: measure again"));
        }
        sound.then_some(text.value)
    };
    let count = |key| table.integer_within(key).and_then(|count| u64::try_from(count).ok());
    let (content, corpus) = (digest("content"), digest("corpus"));
    let date = table.date("date").map(|day| day.value.to_string());
    let (flagged, right, missed) = (count("flagged"), count("right"), count("missed"));
    Some(Measurement {
        content: content?,
        corpus: corpus?,
        date: date?,
        flagged: flagged?,
        right: right?,
        missed: missed?,
    })
}

/// SHA-256, in hexadecimal digits, of what a rule means for matching: class, languages, markets, patterns with the words
/// of their lists, condition, exceptions. Layout, comments, title, status, tests and the order of words do not count.
pub fn content_digest(rule: &Rule) -> String {
    let names: Vec<&str> = rule.patterns.iter().map(|pattern| pattern.name.as_str()).collect();
    let mut hash = Sha256::new();
    put(&mut hash, &["caveat rule 1", &rule.class]);
    put_set(&mut hash, &rule.langs);
    put_set(&mut hash, &rule.markets);
    put(&mut hash, &[&condition::shown(&rule.when, &names)]);
    for pattern in &rule.patterns {
        put_pattern(&mut hash, pattern);
    }
    for Exception { pattern, unless, .. } in &rule.exceptions {
        put_pattern(&mut hash, pattern);
        let unless: Vec<String> =
            unless.iter().filter_map(|place| names.get(*place)).map(|name| (*name).to_owned()).collect();
        put_set(&mut hash, &unless);
    }
    hexadecimal(&hash.finalize())
}

/// SHA-256, in hexadecimal digits, of the rules that run together: their ids and what each means.
pub fn set_digest(rules: &[Rule]) -> String {
    let mut lines: Vec<String> =
        rules.iter().map(|rule| format!("{} {}", rule.id, content_digest(rule))).collect();
    lines.sort();
    let mut hash = Sha256::new();
    put(&mut hash, &["caveat rules 1"]);
    put_set(&mut hash, &lines);
    hexadecimal(&hash.finalize())
}

fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn put_pattern(hash: &mut Sha256, pattern: &Pattern) {
    let bound = match pattern.bound {
        Bound::Word => "word",
        Bound::Start => "start",
        Bound::None => "none",
        Bound::Auto => "auto",
    };
    let fold = match pattern.fold {
        Fold::Exact => "exact",
        Fold::Standard => "standard",
        Fold::Evasive => "evasive",
    };
    put(hash, &[&pattern.name, bound, fold]);
    for words in [&pattern.terms, &pattern.stems, &pattern.regexes, &pattern.attributes] {
        put_set(hash, words);
    }
    let mut fields: Vec<String> = pattern.fields.iter().map(|field| format!("{field:?}")).collect();
    fields.sort();
    put_set(hash, &fields);
    let number = pattern.number.as_ref().map(|number| {
        let bound = |bound: Option<rust_decimal::Decimal>| bound.map(|bound| bound.normalize().to_string());
        format!("{} {:?} {:?}", number.group, bound(number.min), bound(number.max))
    });
    put(hash, &[number.as_deref().unwrap_or_default()]);
}

/// Each text with its length before it, so that no two lists of texts give the same bytes.
fn put(hash: &mut Sha256, texts: &[&str]) {
    for text in texts {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    }
}

fn put_set(hash: &mut Sha256, texts: &[String]) {
    let mut texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    texts.sort_unstable();
    texts.dedup();
    hash.update((texts.len() as u64).to_le_bytes());
    put(hash, &texts);
}
