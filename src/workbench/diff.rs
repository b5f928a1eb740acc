//! What a change of rules gains and loses, listing by listing, and what it costs those who review.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::bitmaps::{Bitmap, HitTable};
use super::corpus::{Entry, Place};
use crate::clock::Timestamp;
use crate::finding::{Ruling, Verdict};
use crate::listing::Listing;
use crate::matcher::{Matcher, Scratch};
use crate::rules::model::{RuleSet, Status};
use crate::verdict::{UNDECIDED_CLASS, decide};

/// Milliseconds of a week.
const WEEK: f64 = 7.0 * 24.0 * 3_600_000.0;

/// What changed on a corpus.
#[derive(Debug, Clone, Default)]
pub struct Diff {
    /// Rules that hit otherwise, or are new or gone, in the order of their ids.
    pub rules: Vec<RuleChange>,
    /// Listings whose verdict changed, in the order of the corpus.
    pub listings: Vec<Change>,
}

/// One rule.
#[derive(Debug, Clone, Serialize)]
pub struct RuleChange {
    /// The rule's id.
    pub rule: String,
    /// New, gone, or changed.
    pub change: &'static str,
    /// Listings that it hits now and did not.
    pub gained: usize,
    /// Of them, labelled flag.
    pub gained_flag: usize,
    /// Listings that it hit and does no longer.
    pub lost: usize,
    /// Of them, labelled flag.
    pub lost_flag: usize,
}

/// One listing.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// Gained: passed, is flagged now. Lost: the reverse. Flipped: flagged in another class.
    pub change: Kind,
    /// Whether the label says that this is for the better; `None` where the label does not tell.
    pub better: Option<bool>,
    /// The listing's id.
    pub id: String,
    /// Where it stands.
    pub place: Place,
    /// Its title.
    pub title: String,
    /// Its label.
    pub label: Ruling,
    /// Its labelled class.
    pub class: Option<String>,
    /// The class that it was flagged for.
    pub was: Option<String>,
    /// The class that it is flagged for.
    pub is: Option<String>,
    /// Rules that hit it now and did not.
    pub gained_rules: Vec<String>,
    /// Rules that hit it and do no longer.
    pub lost_rules: Vec<String>,
}

/// Kinds of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Flagged now.
    Gained,
    /// Flagged no longer.
    Lost,
    /// Flagged in another class.
    Flipped,
}

/// What a change costs on listings that crawls kept.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Cost {
    /// Listings that were judged by both.
    pub listings: usize,
    /// Weeks between the first and the last of them, by when each was first seen.
    pub weeks: f64,
    /// Listings that some rule hits now which did not hit them.
    pub new_hits: usize,
    /// Of them, flagged by another rule before.
    pub already_flagged: usize,
    /// Listings flagged now that passed.
    pub gained: usize,
    /// Listings that pass now and were flagged.
    pub lost: usize,
}

impl Cost {
    /// A count for each week; `None` where less than a week was seen, for that would be guessing.
    pub fn a_week(&self, count: usize) -> Option<f64> {
        (self.weeks >= 1.0).then(|| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / self.weeks)
    }
}

/// Compares two rule sets by their tables over the same entries. Only listings on which rules differ are judged again.
pub fn diff(old: (&RuleSet, &HitTable), new: (&RuleSet, &HitTable), entries: &[Entry]) -> Diff {
    let flag = Bitmap::of(entries.len(), |place| {
        entries.get(place).is_some_and(|entry| entry.label == Ruling::Flag)
    });
    let ids: BTreeSet<&str> = old.1.rules.iter().chain(&new.1.rules).map(|rule| rule.rule.as_str()).collect();
    let nothing = Bitmap::new(entries.len());
    let mut differing = Bitmap::new(entries.len());
    let mut rules = Vec::new();
    for id in ids {
        let (before, after) = (old.1.rule(id), new.1.rule(id));
        let hits = |rule: Option<&super::bitmaps::RuleHits>| {
            rule.filter(|rule| rule.decides()).map_or_else(|| nothing.clone(), |rule| rule.hits.clone())
        };
        let (was, is) = (hits(before), hits(after));
        let (gained, lost) = (is.minus(&was), was.minus(&is));
        differing.add(&gained);
        differing.add(&lost);
        let change = match (before, after) {
            (None, _) => "new",
            (_, None) => "gone",
            (Some(a), Some(b)) if (&a.class, a.severity) != (&b.class, b.severity) => {
                differing.add(&is);
                "changed"
            }
            _ if !gained.is_empty() || !lost.is_empty() => "changed",
            _ => continue,
        };
        rules.push(RuleChange {
            rule: id.to_owned(),
            change,
            gained: gained.count(),
            gained_flag: gained.count_both(&flag),
            lost: lost.count(),
            lost_flag: lost.count_both(&flag),
        });
    }
    let (before, after) = (Judge::new(old.0), Judge::new(new.0));
    let listings =
        differing.iter().filter_map(|place| change(entries.get(place)?, &before, &after)).collect();
    Diff { rules, listings }
}

/// Judges kept listings by both rule sets. `seen` is when each was first seen.
pub fn cost(old: &RuleSet, new: &RuleSet, kept: impl Iterator<Item = (Timestamp, Listing)>) -> Cost {
    let (before, after) = (Judge::new(old), Judge::new(new));
    let mut cost = Cost::default();
    let mut span: Option<(i64, i64)> = None;
    for (seen, listing) in kept {
        cost.listings += 1;
        span = Some(span.map_or((seen.0, seen.0), |(first, last)| (first.min(seen.0), last.max(seen.0))));
        let (was, is) = (before.judge(&listing, None), after.judge(&listing, None));
        let flagged = was.ruling == Ruling::Flag;
        let (rules_before, rules_after) = (counting(&was), counting(&is));
        if rules_after.iter().any(|rule| !rules_before.contains(rule)) {
            cost.new_hits += 1;
            cost.already_flagged += usize::from(flagged);
        }
        cost.gained += usize::from(!flagged && is.ruling == Ruling::Flag);
        cost.lost += usize::from(flagged && is.ruling == Ruling::Pass);
    }
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of some years, far below 2^52")]
    let weeks = span.map_or(0.0, |(first, last)| last.saturating_sub(first) as f64 / WEEK);
    Cost { weeks, ..cost }
}

struct Judge(Matcher);

impl Judge {
    fn new(set: &RuleSet) -> Self {
        let mut running = set.clone();
        running.rules.retain(|rule| {
            matches!(rule.status, Status::Trial | Status::Active) && rule.class != UNDECIDED_CLASS
        });
        Self(Matcher::compile(&running).0)
    }

    fn judge(&self, listing: &Listing, market: Option<&str>) -> Verdict {
        thread_local! {
            static SCRATCH: std::cell::RefCell<Scratch> = std::cell::RefCell::default();
        }
        decide(SCRATCH.with_borrow_mut(|scratch| self.0.hits_with(listing, market, scratch)))
    }
}

fn counting(verdict: &Verdict) -> BTreeSet<String> {
    verdict.hits.iter().filter(|hit| hit.suppressed_by.is_none()).map(|hit| hit.rule.clone()).collect()
}

fn change(entry: &Entry, before: &Judge, after: &Judge) -> Option<Change> {
    let judge = |judge: &Judge| judge.judge(&entry.listing, entry.market());
    let (was, is) = (judge(before), judge(after));
    let should = entry.label == Ruling::Flag;
    let (change, better) = match (was.ruling, is.ruling) {
        (Ruling::Pass, Ruling::Flag) => (Kind::Gained, Some(should)),
        (Ruling::Flag, Ruling::Pass) => (Kind::Lost, Some(!should)),
        (Ruling::Flag, Ruling::Flag) if was.class != is.class => {
            let right = |verdict: &Verdict| verdict.class.as_deref().is_some_and(|class| entry.is_of(class));
            let better = (right(&was) != right(&is)).then(|| right(&is));
            (Kind::Flipped, better)
        }
        _ => return None,
    };
    let (rules_before, rules_after) = (counting(&was), counting(&is));
    Some(Change {
        change,
        better,
        id: entry.id.clone(),
        place: entry.place.clone(),
        title: entry.listing.title.clone(),
        label: entry.label,
        class: entry.class.clone(),
        was: was.class,
        is: is.class,
        gained_rules: rules_after.difference(&rules_before).cloned().collect(),
        lost_rules: rules_before.difference(&rules_after).cloned().collect(),
    })
}

/// How many listings changed in which way, and for how many the labels call it better or worse.
pub fn counts(listings: &[Change]) -> BTreeMap<Kind, (usize, usize, usize)> {
    let mut counts: BTreeMap<Kind, (usize, usize, usize)> = BTreeMap::new();
    for change in listings {
        let (all, better, worse) = counts.entry(change.change).or_default();
        *all += 1;
        *better += usize::from(change.better == Some(true));
        *worse += usize::from(change.better == Some(false));
    }
    counts
}
