//! What is not kept for ever: unflagged listings, and exchanges that led to no finding. Nothing that a finding needs.

use std::time::Duration;

use super::{CrawlError, Crawler};
use crate::clock::Timestamp;
use crate::config::Retention;
use crate::evidence::Pruned;

/// Listings dropped in one transaction, so that a crawl under way is not held up.
const AT_ONCE: usize = 500;

/// What was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dropped {
    /// Unflagged listings.
    pub listings: u64,
    /// Files of exchanges.
    pub exchanges: Pruned,
}

impl Crawler {
    /// Drops what has been kept long enough.
    pub async fn drop_old(&self, retention: &Retention) -> Result<Dropped, CrawlError> {
        let before = |days: u32| {
            let kept = Duration::from_hours(24).saturating_mul(days);
            Timestamp(self.clock.now().0.saturating_sub(i64::try_from(kept.as_millis()).unwrap_or(i64::MAX)))
        };
        let mut dropped = Dropped::default();
        loop {
            let listings = self.store.prune_listings(before(retention.listings_days), AT_ONCE).await?;
            dropped.listings += listings;
            if listings == 0 {
                break;
            }
        }
        dropped.exchanges = self.evidence.prune(before(retention.unflagged_evidence_days))?;
        Ok(dropped)
    }
}
