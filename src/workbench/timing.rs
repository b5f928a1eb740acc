//! What one rule costs: the time that it takes alone, less the time of a rule that never hits.

use std::time::{Duration, Instant};

use super::corpus::Entry;
use super::parallel;
use crate::matcher::{Matcher, Scratch};
use crate::rules::model::{Rule, RuleSet};

/// Listings that a rule is timed on, spread over the corpus. More would cost more than the measurement itself.
const SAMPLE: usize = 96;
/// Rounds, the fastest of which counts: whatever else the machine does makes a round slower, never faster.
const ROUNDS: usize = 3;
/// With more rules than this none is timed; `rules profile` takes its time.
const MAX_RULES: usize = 2_000;

/// Milliseconds for 1,000 listings, by rule in the order of `rules`. `idle` is a rule that never hits.
pub fn milliseconds(set: &RuleSet, idle: &Rule, rules: &[&Rule], entries: &[Entry]) -> Vec<f64> {
    if rules.len() > MAX_RULES || entries.is_empty() {
        return Vec::new();
    }
    let step = entries.len().div_ceil(SAMPLE);
    let sample: Vec<&Entry> = entries.iter().step_by(step).collect();
    let base = time(set, idle, &sample);
    // Small chunks, so that a thread has its buffers warm and rules of one pack do not all fall to one core.
    parallel::map(rules, |rule| {
        let took = time(set, rule, &sample).saturating_sub(base);
        took.as_secs_f64() * 1_000_000.0 / f64::from(u32::try_from(sample.len()).unwrap_or(u32::MAX))
    })
}

fn time(set: &RuleSet, rule: &Rule, sample: &[&Entry]) -> Duration {
    let alone =
        RuleSet { rules: vec![rule.clone()], taxonomy: set.taxonomy.clone(), rates: set.rates.clone() };
    let (matcher, _) = Matcher::compile_with(&alone, true);
    let mut scratch = Scratch::default();
    let mut round = || {
        let start = Instant::now();
        for entry in sample {
            std::hint::black_box(matcher.hits_with(&entry.listing, entry.market(), &mut scratch));
        }
        start.elapsed()
    };
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}
