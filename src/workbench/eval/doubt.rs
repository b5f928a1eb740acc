//! Labels that the rules doubt: where a person should look again before a rule is changed.

use serde::Serialize;

use super::Truth;
use crate::finding::Ruling;
use crate::workbench::bitmaps::{Bitmap, HitTable};
use crate::workbench::clusters;
use crate::workbench::corpus::{Entry, Place};
use crate::workbench::statistics::{Groups, Share, rounded};

/// Doubts that are kept; a person looks at the first few.
const MAX_DOUBTS: usize = 200;
/// Below this, a doubt is none.
const LEAST: f64 = 0.2;

/// A label that may be wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Doubt {
    /// The listing's id.
    pub id: String,
    /// Where it stands.
    pub place: Place,
    /// Its title.
    pub title: String,
    /// Its label.
    pub label: Ruling,
    /// Its class.
    pub class: Option<String>,
    /// How strong the doubt is, from 0 to 1.
    pub doubt: f64,
    /// What speaks against the label.
    pub because: String,
}

/// The labels doubted most.
///
/// A rule speaks against a label when it hits a listing that is labelled pass, or flag of another family; it weighs as much
/// as its precision surely is (95 times in 100), measured without that listing. Near-duplicates that are labelled
/// otherwise weigh as much as their part of the cluster.
pub fn doubts(entries: &[Entry], table: &HitTable, truth: &Truth, groups: &Groups) -> Vec<Doubt> {
    let mut found: Vec<(f64, usize, String)> = Vec::new();
    let mut strongest = vec![(0.0, usize::MAX); entries.len()];
    let mut objectors = vec![0_usize; entries.len()];
    for (number, rule) in table.rules.iter().enumerate().filter(|(_, rule)| rule.decides()) {
        let class = truth.class(&rule.class);
        let weights = groups.weights(&rule.hits);
        let mut share = Share::default();
        for (place, weight) in &weights {
            share.of += weight;
            share.part += if class.get(*place) { *weight } else { 0.0 };
        }
        let against = rule.hits.minus(truth.family_of(&rule.class));
        for (place, weight) in weights.into_iter().filter(|(place, _)| against.get(*place)) {
            let without = Share { of: share.of - weight, ..share };
            let weighs = without.at_least().unwrap_or(0.0);
            if let (Some(best), Some(count)) = (strongest.get_mut(place), objectors.get_mut(place)) {
                *count += 1;
                if weighs > best.0 {
                    *best = (weighs, number);
                }
            }
        }
    }
    for (place, (weighs, rule)) in strongest.iter().enumerate() {
        if let Some(rule) = table.rules.get(*rule) {
            let others = objectors.get(place).copied().unwrap_or(1).saturating_sub(1);
            let others = if others == 0 { String::new() } else { format!(" and {others} more") };
            let because = format!(
                "{}{others} hit it; its hits are {} in at least {:.0} of 100 others",
                rule.rule,
                rule.class,
                weighs * 100.0
            );
            found.push((*weighs, place, because));
        }
    }
    found.extend(by_cluster(entries, &truth.flag, groups));
    found.retain(|(doubt, ..)| *doubt >= LEAST);
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut seen = Bitmap::new(entries.len());
    found.retain(|(_, place, _)| {
        let fresh = !seen.get(*place);
        seen.set(*place);
        fresh
    });
    found.truncate(MAX_DOUBTS);
    let doubt = |(doubt, place, because): (f64, usize, String)| {
        let entry = entries.get(place)?;
        Some(Doubt {
            id: entry.id.clone(),
            place: entry.place.clone(),
            title: entry.listing.title.clone(),
            label: entry.label,
            class: entry.class.clone(),
            doubt: rounded(doubt),
            because,
        })
    };
    found.into_iter().filter_map(doubt).collect()
}

fn by_cluster(entries: &[Entry], flag: &Bitmap, groups: &Groups) -> Vec<(f64, usize, String)> {
    let mut found = Vec::new();
    for members in clusters::members(&groups.clusters) {
        let flagged = members.iter().filter(|place| flag.get(**place)).count();
        if flagged == 0 || flagged == members.len() {
            continue;
        }
        for place in &members {
            let own = if flag.get(*place) { flagged } else { members.len() - flagged };
            let (otherwise, others) = (members.len() - own, members.len() - 1);
            let example = members.iter().find(|other| flag.get(**other) != flag.get(*place));
            let example = example.and_then(|other| entries.get(*other)).map(|entry| entry.place.to_string());
            let because = format!(
                "{otherwise} of its {others} near-duplicates are labelled otherwise, such as {}",
                example.unwrap_or_default()
            );
            let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
            found.push((count(otherwise) / count(others), *place, because));
        }
    }
    found
}
