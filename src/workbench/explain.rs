//! `rules explain`: why a rule hits a listing, or how near it came: every clause of the condition, what each pattern
//! saw or missed by how much, and the exceptions.

mod clauses;
mod near;

use serde::Serialize;

use crate::finding::Match;
use crate::listing::Listing;
use crate::matcher::{Matcher, Scratch};
use crate::rules::model::{Rule, RuleSet};
use crate::workbench::probe::{Probe, texts};
pub use clauses::{Clause, Join};
pub use near::{How, Near};

/// What one rule says of one listing, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// The rule's id.
    pub rule: String,
    /// Its title.
    pub title: String,
    /// Its class.
    pub class: String,
    /// What comes of it.
    pub outcome: Outcome,
    /// The exception that suppressed the hit.
    pub suppressed_by: Option<String>,
    /// Why the rule does not look at this listing at all, if so.
    pub elsewhere: Option<String>,
    /// The condition, clause by clause.
    pub condition: Clause,
    /// Where the condition does not hold: the fewest clauses that would have to change, nearest first.
    pub needs: Vec<String>,
    /// The patterns in the order of the rule.
    pub patterns: Vec<PatternSeen>,
    /// The exceptions.
    pub exceptions: Vec<ExceptionSeen>,
    /// The listing's texts, with what was found in them.
    pub texts: Vec<Text>,
}

/// What comes of a rule on a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It hits, and no exception lets the listing off.
    Hit,
    /// It hits, and an exception lets the listing off.
    Suppressed,
    /// The condition does not hold.
    Miss,
    /// The rule is for other languages or markets.
    Elsewhere,
}

/// What one pattern saw.
#[derive(Debug, Clone, Serialize)]
pub struct PatternSeen {
    /// Its name.
    pub name: String,
    /// Where it occurs.
    pub matches: Vec<Match>,
    /// Where it nearly does; only of patterns that do not occur.
    pub near: Vec<Near>,
}

/// What one exception saw.
#[derive(Debug, Clone, Serialize)]
pub struct ExceptionSeen {
    /// Its name and what it saw.
    #[serde(flatten)]
    pub seen: PatternSeen,
    /// Why the author lets such listings off.
    pub why: String,
    /// The patterns that keep the hit although the exception occurs.
    pub kept_by: Vec<String>,
}

/// A text of the listing.
#[derive(Debug, Clone, Serialize)]
pub struct Text {
    /// `title`, `attributes.NAME`, …
    pub field: String,
    /// What it says.
    pub text: String,
    /// What was found in it, ordered by place.
    pub marks: Vec<Mark>,
}

/// A stretch of a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Mark {
    /// Byte offset.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// It is no match, but nearly one.
    pub near: bool,
    /// The pattern or exception.
    pub pattern: String,
}

/// Explains what `rule` of `set` says of a listing. `market` is where the offer is aimed, if known.
pub fn explain(set: &RuleSet, rule: &Rule, listing: &Listing, market: Option<&str>) -> Explanation {
    let own = rule.patterns.iter();
    let exceptions = rule.exceptions.iter().map(|exception| &exception.pattern);
    let probe = Probe::new(own.chain(exceptions).cloned());
    let mut matches = probe.occurrences(listing, &mut Scratch::default());
    let of_exceptions = matches.split_off(rule.patterns.len().min(matches.len()));

    let alone =
        RuleSet { rules: vec![rule.clone()], taxonomy: set.taxonomy.clone(), rates: set.rates.clone() };
    let hits = Matcher::compile_with(&alone, true).0.hits(listing, market);
    let suppressed_by = hits.first().and_then(|hit| hit.suppressed_by.clone());
    let elsewhere = elsewhere(rule, listing, market);
    let outcome = match (hits.first(), &elsewhere) {
        (Some(_), _) if suppressed_by.is_some() => Outcome::Suppressed,
        (Some(_), _) => Outcome::Hit,
        (None, Some(_)) => Outcome::Elsewhere,
        (None, None) => Outcome::Miss,
    };

    let seen = |name: &str, matches: Vec<Match>, pattern, look: bool| {
        let near = if look && matches.is_empty() { near::near(pattern, listing) } else { Vec::new() };
        PatternSeen { name: name.to_owned(), matches, near }
    };
    let patterns: Vec<PatternSeen> = rule
        .patterns
        .iter()
        .zip(matches)
        .map(|(pattern, matches)| seen(&pattern.name, matches, pattern, outcome != Outcome::Hit))
        .collect();
    let occurs = |place: &usize| patterns.get(*place).is_some_and(|seen| !seen.matches.is_empty());
    let exceptions: Vec<ExceptionSeen> = rule
        .exceptions
        .iter()
        .zip(of_exceptions)
        .map(|(exception, matches)| ExceptionSeen {
            kept_by: exception
                .unless
                .iter()
                .filter(|place| !matches.is_empty() && occurs(place))
                .filter_map(|place| Some(rule.patterns.get(*place)?.name.clone()))
                .collect(),
            why: exception.why.clone(),
            seen: {
                let mut seen =
                    seen(&exception.pattern.name, matches, &exception.pattern, outcome == Outcome::Hit);
                // Whatever begins like an exception is not meant by it.
                seen.near.retain(|near| near.how != How::Beginning);
                seen
            },
        })
        .collect();
    let facts = clauses::Facts { rule, set, listing, market, patterns: &patterns };
    let condition = facts.clauses();
    let needs = if condition.holds { Vec::new() } else { clauses::needs(&condition) };
    let texts = marked(listing, patterns.iter().chain(exceptions.iter().map(|one| &one.seen)));
    Explanation {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        class: rule.class.clone(),
        outcome,
        suppressed_by,
        elsewhere,
        condition,
        needs,
        patterns,
        exceptions,
        texts,
    }
}

/// Why the rule does not look at this listing, if so.
fn elsewhere(rule: &Rule, listing: &Listing, market: Option<&str>) -> Option<String> {
    if !rule.markets.is_empty() {
        let listed = rule.markets.join(", ");
        match market {
            None => {
                return Some(format!(
                    "the rule is for offers aimed at {listed}; where this one is aimed is not known (--market CODE)"
                ));
            }
            Some(market) if !rule.markets.iter().any(|one| one.eq_ignore_ascii_case(market)) => {
                return Some(format!(
                    "the rule is for offers aimed at {listed}; this one is aimed at {market}"
                ));
            }
            Some(_) => {}
        }
    }
    let language = listing.language.as_deref()?;
    let primary = language.split(['-', '_']).next().unwrap_or_default();
    let speaks = rule.langs.is_empty()
        || primary.is_empty()
        || rule.langs.iter().any(|lang| lang == "*" || lang.eq_ignore_ascii_case(primary));
    (!speaks)
        .then(|| format!("the rule is for listings in {}; this one is in {language}", rule.langs.join(", ")))
}

fn marked<'s>(listing: &Listing, seen: impl Iterator<Item = &'s PatternSeen>) -> Vec<Text> {
    let mut texts: Vec<Text> = texts(listing)
        .into_iter()
        .map(|(_, field, text)| Text { field, text: text.to_owned(), marks: Vec::new() })
        .collect();
    for one in seen {
        let matches = one.matches.iter().map(|found| (&found.field, found.start, found.end, false));
        let near = one.near.iter().map(|found| (&found.field, found.start, found.end, true));
        for (field, start, end, near) in matches.chain(near) {
            if let Some(text) = texts.iter_mut().find(|text| text.field == *field) {
                text.marks.push(Mark { start, end, near, pattern: one.name.clone() });
            }
        }
    }
    for text in &mut texts {
        text.marks.sort();
    }
    texts
}
