//! Obeying robots.txt: asking for it through guard and gate like for any page, and what its statuses mean (RFC 9309, 2.3).

use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::page::Exchange;

use super::decode::{self, DecodeError, Fault};
use super::gate::{Ask, gate_key};
use super::manners::Manners;
use super::origins::{self, Reading};
use super::outcome::{NotFetched, Phase};
use super::robots::{self, Robots};
use super::transport::Size;
use super::{FIRST_PATIENCE, Fetcher, Visit, check_url, content_encoding, redirect_target};

/// Redirects followed for a robots.txt (RFC 9309, 2.3.1.2).
const MAX_ROBOTS_REDIRECTS: usize = 5;
const ACCEPT_ROBOTS: &str = "text/plain,*/*;q=0.5";

impl Fetcher {
    /// The robots.txt that rules `url`: from the cache for up to 24 hours, else from the site.
    pub async fn robots(&self, url: &Url, manners: &Manners) -> Result<Arc<Robots>, NotFetched> {
        check_url(url, &manners.loopback)?;
        let origin = origins::origin(url);
        let slot = self.origins.slot(&origin);
        let mut slot = slot.lock().await;
        if let Some(answer) = slot.answer(&origin, self.options.clock.now()) {
            return answer;
        }
        let reading = Box::pin(self.read_robots(url, manners)).await?;
        let now = self.options.clock.now();
        self.origins.learn(&origin, &mut slot, reading, now);
        slot.answer(&origin, now).unwrap_or_else(|| Ok(Arc::default()))
    }

    /// The crawl delay to keep, if robots.txt lets the URL be fetched at all.
    pub(super) async fn obey_robots(
        &self,
        url: &Url,
        manners: &Manners,
    ) -> Result<Option<Duration>, NotFetched> {
        let robots = self.robots(url, manners).await?;
        let token = &self.options.robots_token;
        let decision = robots.decide(token, &robots::target(url));
        if !decision.allowed {
            return Err(NotFetched::Refused {
                origin: origins::origin(url),
                line: decision.line.unwrap_or_default(),
                rule: decision.rule.unwrap_or_default(),
            });
        }
        let Some(seconds) = robots.crawl_delay(token) else { return Ok(None) };
        let delay = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        if delay > manners.crawl_delay_cap {
            return Err(NotFetched::CrawlDelayTooLong {
                origin: origins::origin(url),
                seconds: delay.as_secs(),
                cap: manners.crawl_delay_cap.as_secs(),
            });
        }
        Ok(Some(delay))
    }

    /// Asks for robots.txt. An error means that the page itself would fail alike, or that its gate is closed.
    async fn read_robots(&self, url: &Url, manners: &Manners) -> Result<Reading, NotFetched> {
        let unreachable = |why: String, not_before| Ok(Reading::Unreachable { why, not_before });
        let mut current = url.clone();
        current.set_path("/robots.txt");
        current.set_query(None);
        current.set_fragment(None);
        let ask = Ask::new(manners.rate_per_second, manners.concurrency, None);
        for hop in 0..=MAX_ROBOTS_REDIRECTS {
            let size = Size::Cut(robots::MAX_BYTES + 1);
            let visit = Visit { accept: ACCEPT_ROBOTS, seen: None, size, patience: FIRST_PATIENCE };
            let (exchange, read) = match self.exchange(&current, manners, ask, visit).await {
                Ok(exchanged) => exchanged,
                Err(error) if is_of_the_host(&error) && hop == 0 => return Err(error),
                Err(error @ NotFetched::Held { .. }) => return Err(error),
                Err(error) => return unreachable(error.to_string(), None),
            };
            match exchange.status {
                429 | 500.. => {
                    let not_before = self.gates.next_allowed(&gate_key(&current));
                    return unreachable(format!("it answered {}", exchange.status), Some(not_before));
                }
                200..=299 => {
                    return match read.and_then(|()| robots_text(&exchange)) {
                        Ok(text) => Ok(Reading::Known(text)),
                        Err(error) => unreachable(error.to_string(), None),
                    };
                }
                _ => {}
            }
            match redirect_target(&exchange, &current) {
                Some(Ok(next)) => current = next,
                // RFC 9309, 2.3.1.3: a robots.txt that does not exist forbids nothing.
                _ => return Ok(Reading::Known(Vec::new())),
            }
        }
        // RFC 9309, 2.3.1.2: five redirects are followed; a longer chain counts as none.
        Ok(Reading::Known(Vec::new()))
    }
}

/// The text of a robots.txt. Of one that is longer than the cap, as transferred or decoded, the beginning.
fn robots_text(exchange: &Exchange) -> Result<Vec<u8>, NotFetched> {
    let caps = decode::Caps { bytes: robots::MAX_BYTES + 1, ..decode::Caps::default() };
    match decode::decode(&content_encoding(exchange), &exchange.body, caps) {
        Ok(text) => Ok(text),
        Err(DecodeError { fault: Fault::TooLarge(_), partial }) => Ok(partial),
        Err(DecodeError { fault: Fault::Truncated(_), partial }) if exchange.truncated => Ok(partial),
        Err(error) => Err(NotFetched::Decode { why: error.to_string() }),
    }
}

/// True for failures that the page would meet as well, since it lies on the same host.
fn is_of_the_host(error: &NotFetched) -> bool {
    matches!(
        error,
        NotFetched::BadUrl { .. }
            | NotFetched::BadHeader { .. }
            | NotFetched::PrivateAddress { .. }
            | NotFetched::Lookup { .. }
            | NotFetched::Connect { .. }
            | NotFetched::Tls { .. }
            | NotFetched::Timeout { phase: Phase::Lookup | Phase::Connect }
    )
}
