//! Upper bounds over many gates: for the whole process, and for one source that spans several sites.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::time::sleep;

use super::lock;

/// A ceiling of its own is kept for so many sources; there is one for each source file.
const MAX_SOURCES: usize = 10_000;

/// The limiter counts in nanoseconds; nobody comes near a million requests a second.
const HIGHEST: NonZeroU32 = NonZeroU32::new(1_000_000).expect("it is not zero");

pub(super) struct Ceilings {
    process: DefaultDirectRateLimiter,
    sources: Mutex<HashMap<String, Arc<Ceiling>>>,
}

struct Ceiling {
    rate: NonZeroU32,
    limiter: DefaultDirectRateLimiter,
}

impl Ceilings {
    pub(super) fn new(requests_per_second: NonZeroU32) -> Self {
        Self { process: limiter(requests_per_second), sources: Mutex::new(HashMap::new()) }
    }

    /// Waits until one more request is below both ceilings. `source` is a source's id with its own.
    pub(super) async fn wait(&self, source: Option<(&str, NonZeroU32)>) {
        if let Some((id, rate)) = source {
            below(&self.source(id, rate).limiter).await;
        }
        below(&self.process).await;
    }

    fn source(&self, id: &str, rate: NonZeroU32) -> Arc<Ceiling> {
        let mut sources = lock(&self.sources);
        if let Some(known) = sources.get(id).filter(|known| known.rate == rate) {
            return Arc::clone(known);
        }
        if sources.len() >= MAX_SOURCES {
            sources.retain(|_, ceiling| Arc::strong_count(ceiling) > 1);
        }
        let ceiling = Arc::new(Ceiling { rate, limiter: limiter(rate) });
        sources.insert(id.to_owned(), Arc::clone(&ceiling));
        ceiling
    }
}

fn limiter(rate: NonZeroU32) -> DefaultDirectRateLimiter {
    let rate = rate.min(HIGHEST);
    // A burst of a twentieth of a second: smooth, yet not a wake-up per request.
    let burst = NonZeroU32::new(rate.get() / 20).unwrap_or(NonZeroU32::MIN);
    RateLimiter::direct(Quota::per_second(rate).allow_burst(burst))
}

async fn below(limiter: &DefaultDirectRateLimiter) {
    while let Err(not_until) = limiter.check() {
        sleep(not_until.wait_time_from(DefaultClock::default().now())).await;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn rate(per_second: u32) -> NonZeroU32 {
        NonZeroU32::new(per_second).unwrap()
    }

    // governor reads the real clock, so these take a few real milliseconds.
    #[tokio::test]
    async fn the_lower_ceiling_rules() {
        for (process, source) in [(100, u32::MAX), (u32::MAX, 100)] {
            let ceilings = Ceilings::new(rate(process));
            let began = Instant::now();
            for _ in 0..11 {
                ceilings.wait(Some(("shop", rate(source)))).await;
            }
            // A burst of five, then six more at one in 10 ms.
            assert!(began.elapsed().as_millis() >= 59, "{:?}", began.elapsed());
        }
    }

    #[tokio::test]
    async fn a_changed_rate_counts_at_once() {
        let ceilings = Ceilings::new(rate(100_000));
        assert_eq!(ceilings.source("shop", rate(5)).rate, rate(5));
        assert_eq!(ceilings.source("shop", rate(7)).rate, rate(7));
        assert_eq!(lock(&ceilings.sources).len(), 1);
    }
}
