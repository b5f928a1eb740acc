//! Measuring rules on a corpus: what each hits, how much of that is right, how much it misses, and how sure that is.
//!
//! Hits are counted in listings, shares in observations ([`Groups::weights`]). docs/rules.md says what each figure means.

mod doubt;
mod slices;

use std::collections::BTreeMap;

use serde::Serialize;

pub use doubt::{Doubt, doubts};
pub use slices::Slices;

use super::bitmaps::{Bitmap, HitTable, RuleHits};
use super::clusters;
use super::corpus::{Corpus, Entry, family};
use super::statistics::{Groups, Share};
use crate::finding::Ruling;
use crate::rules::model::{RuleSet, Status};

/// What the labels say, as sets of listings.
#[derive(Debug, Clone, Default)]
pub struct Truth {
    /// Labelled flag.
    pub flag: Bitmap,
    /// Rightly flagged for a class.
    classes: BTreeMap<String, Bitmap>,
    /// Rightly flagged for any class of a family.
    families: BTreeMap<String, Bitmap>,
    nothing: Bitmap,
}

/// One rule on one corpus. Counts are listings.
#[derive(Debug, Clone, Serialize)]
pub struct RuleMeasure {
    /// The rule's id.
    pub rule: String,
    /// Its class.
    pub class: String,
    /// How far it has come.
    pub status: &'static str,
    /// The precision that its author promises.
    pub bar: Option<f64>,
    /// Listings that it hits and no exception lets off: `right + kin + astray + wrong`.
    pub hits: usize,
    /// Of them, labelled flag with the rule's class.
    pub right: usize,
    /// Labelled flag with another class of the family.
    pub kin: usize,
    /// Labelled flag with a class of another family.
    pub astray: usize,
    /// Labelled pass.
    pub wrong: usize,
    /// Listings of the rule's class that it does not hit.
    pub missed: usize,
    /// Listings that an exception lets off.
    pub let_off: usize,
    /// Of those, labelled flag with the rule's class: the exception costs them.
    pub let_off_wrongly: usize,
    /// Right hits that no other rule hits which runs.
    pub unique: usize,
    /// Right in all hits.
    pub precision: Share,
    /// Right in all listings of the rule's class.
    pub recall: Share,
    /// Milliseconds for 1,000 listings beyond folding, measured alone.
    pub ms: Option<f64>,
    /// The same by slice, where the slice holds hits or misses.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<RuleSlice>,
}

/// One rule in one slice.
#[derive(Debug, Clone, Serialize)]
pub struct RuleSlice {
    /// The slice.
    pub slice: String,
    /// Hits in it.
    pub hits: usize,
    /// Right ones.
    pub right: usize,
    /// Labelled pass.
    pub wrong: usize,
    /// Listings of the class that it does not hit.
    pub missed: usize,
    /// Right in all hits.
    pub precision: Share,
    /// Right in all of the class.
    pub recall: Share,
}

/// All rules that run, together: what an officer sees.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Totals {
    /// Listings.
    pub listings: usize,
    /// Labelled flag.
    pub labelled: usize,
    /// Of them, flagged.
    pub found: usize,
    /// Of them, hit by a rule of the right class.
    pub in_class: usize,
    /// Labelled flag and passed.
    pub missed: usize,
    /// Labelled pass and flagged.
    pub false_alarms: usize,
    /// Labelled flag among all that are flagged.
    pub precision: Share,
    /// Flagged among all labelled flag.
    pub recall: Share,
    /// Hit by a rule of the right class among all labelled flag.
    pub recall_in_class: Share,
}

/// All rules together on a part of the corpus.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// The slice (`lang:de`) or the class (`class:toy.magnet`).
    pub part: String,
    /// What comes of it. Of a class, precision and false alarms are those of its own rules on all listings.
    #[serde(flatten)]
    pub totals: Totals,
}

/// Everything that is measured.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// All rules that run, together.
    pub total: Totals,
    /// Sellers and near-duplicate clusters in the corpus.
    pub sellers: usize,
    /// See `sellers`.
    pub clusters: usize,
    /// Rule by rule, in the order of their ids.
    pub rules: Vec<RuleMeasure>,
    /// Class by class, then slice by slice, each in the order of their names.
    pub parts: Vec<Part>,
    /// Labels that the rules doubt most, most doubted first.
    pub doubts: Vec<Doubt>,
}

impl Truth {
    /// What the entries' labels say.
    pub fn of(entries: &[Entry]) -> Self {
        let nothing = Bitmap::new(entries.len());
        let mut truth = Self { flag: nothing.clone(), nothing, ..Self::default() };
        for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.label == Ruling::Flag) {
            truth.flag.set(place);
            let also = entry.slices.iter().filter_map(|slice| slice.strip_prefix("also:"));
            for class in entry.class.as_deref().into_iter().chain(also) {
                set(&mut truth.classes, class, place, entries.len());
                set(&mut truth.families, family(class), place, entries.len());
            }
        }
        truth
    }

    /// Listings rightly flagged for a class.
    pub fn class(&self, class: &str) -> &Bitmap {
        self.classes.get(class).unwrap_or(&self.nothing)
    }

    /// Listings rightly flagged for any class of the same family.
    pub fn family_of(&self, class: &str) -> &Bitmap {
        self.families.get(family(class)).unwrap_or(&self.nothing)
    }
}

fn set(sets: &mut BTreeMap<String, Bitmap>, name: &str, place: usize, len: usize) {
    if let Some(set) = sets.get_mut(name) {
        set.set(place);
        return;
    }
    let mut set = Bitmap::new(len);
    set.set(place);
    sets.insert(name.to_owned(), set);
}

/// Measures all rules of the table. `set` gives their bars, `ms` the time of a rule.
pub fn evaluate(
    corpus: &Corpus,
    set: &RuleSet,
    table: &HitTable,
    ms: impl Fn(&str) -> Option<f64>,
) -> Evaluation {
    let entries = &corpus.entries;
    let groups = clusters::groups(entries);
    let truth = Truth::of(entries);
    let slices = Slices::of(entries);
    let others = hit_by_one(table);
    let rules: Vec<RuleMeasure> = table
        .rules
        .iter()
        .map(|hits| {
            let mut measure = measure(hits, &truth, &groups, &others);
            measure.bar =
                set.rules.iter().find(|rule| rule.id == hits.rule).and_then(|rule| rule.bar_precision);
            measure.ms = ms(&hits.rule);
            measure.slices = by_slice(hits, &truth, &groups, &slices);
            measure
        })
        .collect();
    let verdicts = Verdicts::of(table, &truth);
    let all = Bitmap::full(entries.len());
    let classes = truth.classes.iter().map(|(class, listings)| Part {
        part: format!("class:{class}"),
        totals: of_class(class, table, &verdicts.totals(listings, &truth, &groups), &truth, &groups),
    });
    let slices = slices.sets().map(|(name, listings)| Part {
        part: name.to_owned(),
        totals: verdicts.totals(listings, &truth, &groups),
    });
    Evaluation {
        total: verdicts.totals(&all, &truth, &groups),
        sellers: clusters::distinct(&groups.sellers, &all),
        clusters: clusters::distinct(&groups.clusters, &all),
        parts: classes.chain(slices).collect(),
        doubts: doubts(entries, table, &truth, &groups),
        rules,
    }
}

/// Every listing of a class is labelled flag, so that its precision says nothing; what says something is the precision of
/// the rules of the class, on all listings.
fn of_class(class: &str, table: &HitTable, totals: &Totals, truth: &Truth, groups: &Groups) -> Totals {
    let mut hits = Bitmap::new(table.listings);
    for rule in table.rules.iter().filter(|rule| rule.decides() && rule.class == class) {
        hits.add(&rule.hits);
    }
    let false_alarms = hits.minus(&truth.flag).count();
    Totals { false_alarms, precision: groups.share(truth.class(class), &hits), ..totals.clone() }
}

/// Only the totals, for a split that nobody may look into.
pub fn totals(entries: &[Entry], table: &HitTable) -> Totals {
    let truth = Truth::of(entries);
    let groups = clusters::groups(entries);
    Verdicts::of(table, &truth).totals(&Bitmap::full(entries.len()), &truth, &groups)
}

/// One rule, without bar, time and slices. `others` are the listings that exactly one running rule hits.
pub fn measure(hits: &RuleHits, truth: &Truth, groups: &Groups, others: &OneHit) -> RuleMeasure {
    let class = truth.class(&hits.class);
    let right = hits.hits.and(class);
    let kin = hits.hits.and(truth.family_of(&hits.class)).minus(class);
    RuleMeasure {
        rule: hits.rule.clone(),
        class: hits.class.clone(),
        status: status_name(hits.status),
        bar: None,
        hits: hits.hits.count(),
        right: right.count(),
        kin: kin.count(),
        astray: hits.hits.count_both(&truth.flag) - right.count() - kin.count(),
        wrong: hits.hits.count() - hits.hits.count_both(&truth.flag),
        missed: class.minus(&hits.hits).count(),
        let_off: hits.suppressed.count(),
        let_off_wrongly: hits.suppressed.count_both(class),
        unique: others.unique(hits, &right),
        precision: groups.share(class, &hits.hits),
        recall: groups.share(&hits.hits, class),
        ms: None,
        slices: Vec::new(),
    }
}

/// Listings by how many running rules hit them.
#[derive(Debug, Clone)]
pub struct OneHit {
    none: Bitmap,
    one: Bitmap,
}

/// Which listings exactly one running rule hits, and which none.
pub fn hit_by_one(table: &HitTable) -> OneHit {
    let (mut any, mut many) = (Bitmap::new(table.listings), Bitmap::new(table.listings));
    for rule in table.rules.iter().filter(|rule| rule.decides()) {
        many.add(&any.and(&rule.hits));
        any.add(&rule.hits);
    }
    OneHit { none: Bitmap::full(table.listings).minus(&any), one: any.minus(&many) }
}

impl OneHit {
    fn unique(&self, rule: &RuleHits, right: &Bitmap) -> usize {
        // A rule that does not run is compared with those that do.
        right.count_both(if rule.decides() { &self.one } else { &self.none })
    }
}

fn by_slice(hits: &RuleHits, truth: &Truth, groups: &Groups, slices: &Slices) -> Vec<RuleSlice> {
    let class = truth.class(&hits.class);
    let about = hits.hits.or(class);
    let mut found = Vec::new();
    for (slice, listings) in slices.sets() {
        if about.count_both(listings) == 0 {
            continue;
        }
        let (hits, class) = (hits.hits.and(listings), class.and(listings));
        found.push(RuleSlice {
            slice: slice.to_owned(),
            hits: hits.count(),
            right: hits.count_both(&class),
            wrong: hits.count() - hits.count_both(&truth.flag),
            missed: class.minus(&hits).count(),
            precision: groups.share(&class, &hits),
            recall: groups.share(&hits, &class),
        });
    }
    found
}

/// What all running rules together say.
struct Verdicts {
    flagged: Bitmap,
    in_class: Bitmap,
}

impl Verdicts {
    fn of(table: &HitTable, truth: &Truth) -> Self {
        let mut in_class = Bitmap::new(table.listings);
        for rule in table.rules.iter().filter(|rule| rule.decides()) {
            in_class.add(&rule.hits.and(truth.class(&rule.class)));
        }
        Self { flagged: table.flagged(), in_class }
    }

    fn totals(&self, listings: &Bitmap, truth: &Truth, groups: &Groups) -> Totals {
        let labelled = truth.flag.and(listings);
        let flagged = self.flagged.and(listings);
        let found = labelled.count_both(&flagged);
        Totals {
            listings: listings.count(),
            labelled: labelled.count(),
            found,
            in_class: self.in_class.count_both(&labelled),
            missed: labelled.count() - found,
            false_alarms: flagged.count() - found,
            precision: groups.share(&labelled, &flagged),
            recall: groups.share(&flagged, &labelled),
            recall_in_class: groups.share(&self.in_class, &labelled),
        }
    }
}

/// As rule files write it.
pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::Draft => "draft",
        Status::Trial => "trial",
        Status::Active => "active",
        Status::Deprecated => "deprecated",
    }
}
