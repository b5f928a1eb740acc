//! `rules profile`: what each rule costs, and on which listing most.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::corpus::Entry;
use super::probe::{self, NEVER, Probe};
use super::removal::Alone;
use crate::matcher::{Matcher, Scratch};
use crate::rules::model::{Rule, RuleSet};

/// The fastest of so many runs counts: whatever else the machine does only adds time.
const RUNS: usize = 5;

/// What all rules cost together.
#[derive(Debug, Clone, Serialize)]
pub struct Profile {
    /// Listings that were measured.
    pub listings: usize,
    /// Microseconds a listing for all rules in one pass.
    pub together: f64,
    /// Of these, reading and folding the texts, which no rule causes.
    pub folding: f64,
    /// Rule by rule, the dearest first.
    pub rules: Vec<Cost>,
}

/// What one rule costs when it runs alone, folding not counted.
#[derive(Debug, Clone, Serialize)]
pub struct Cost {
    /// The rule's id.
    pub rule: String,
    /// Microseconds a listing, on average.
    pub mean: f64,
    /// Microseconds on the worst listing.
    pub worst: f64,
    /// That listing's id.
    pub worst_listing: String,
}

/// Measures the rules over the entries. The numbers are of this machine; only their order means something elsewhere.
pub fn profile(set: &RuleSet, rules: &[&Rule], entries: &[Entry]) -> Profile {
    let mut scratch = Scratch::default();
    // A word that no text holds makes matching read and fold every text, and nothing else.
    let nothing = Probe::new([probe::word(NEVER)]);
    let folding = time(entries, |entry| drop(nothing.occurring(&entry.listing, &mut scratch)));
    let (all, _) = Matcher::compile_with(set, true);
    let together = time(entries, |entry| drop(all.hits_with(&entry.listing, entry.market(), &mut scratch)));
    let mut costs: Vec<Cost> = rules
        .iter()
        .map(|rule| {
            let alone = Alone::new(set, (*rule).clone());
            let times = time(entries, |entry| drop(alone.hit(&entry.listing, entry.market(), &mut scratch)));
            let own: Vec<f64> = times
                .iter()
                .zip(&folding)
                .map(|(time, folding)| (micros(*time) - micros(*folding)).max(0.0))
                .collect();
            let worst = own.iter().enumerate().max_by(|one, other| one.1.total_cmp(other.1));
            Cost {
                rule: rule.id.clone(),
                mean: mean(&own),
                worst: worst.map(|(_, time)| *time).unwrap_or_default(),
                worst_listing: worst
                    .and_then(|(place, _)| entries.get(place))
                    .map(|entry| entry.id.clone())
                    .unwrap_or_default(),
            }
        })
        .collect();
    costs.sort_by(|one, other| other.mean.total_cmp(&one.mean));
    let average = |times: &[Duration]| mean(&times.iter().copied().map(micros).collect::<Vec<_>>());
    Profile {
        listings: entries.len(),
        together: average(&together),
        folding: average(&folding),
        rules: costs,
    }
}

fn time(entries: &[Entry], mut work: impl FnMut(&Entry)) -> Vec<Duration> {
    let mut best = vec![Duration::MAX; entries.len()];
    for _ in 0..RUNS {
        for (entry, best) in entries.iter().zip(&mut best) {
            let start = Instant::now();
            work(entry);
            *best = start.elapsed().min(*best);
        }
    }
    best
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

#[expect(clippy::cast_precision_loss, reason = "counts of listings are far below 2^52")]
fn mean(times: &[f64]) -> f64 {
    times.iter().sum::<f64>() / times.len().max(1) as f64
}
