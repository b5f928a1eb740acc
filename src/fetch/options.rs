//! What the operator decides for all sites: who asks, how much is read, how long is waited.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Clock;

use super::decode;
use super::names::Lookup;

/// Bytes of a body as transferred, by default. The largest product pages seen are about 3 MB before compression.
const MAX_BODY_BYTES: usize = 8 << 20;

/// Requests a second over all sites, by default: some 60 MB a second of usual pages, half of a gigabit line.
const REQUESTS_PER_SECOND: NonZeroU32 = NonZeroU32::new(5000).expect("it is not zero");

/// How the fetcher behaves towards every site.
#[derive(Clone)]
pub struct FetchOptions {
    /// The whole `User-Agent` value, such as `caveat/0.1 (OPERATOR; +CONTACT)`.
    pub user_agent: String,
    /// The product token that robots.txt groups are matched against.
    pub robots_token: String,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// Bytes of one body as transferred, at most.
    pub max_body_bytes: usize,
    /// Bytes of one body after decoding, at most.
    pub max_decoded_bytes: usize,
    /// How long each part of a request may take.
    pub timeouts: Timeouts,
    /// Requests a second over all sites, at most. Politeness is the gates' matter; this spares one's own line.
    pub requests_per_second: NonZeroU32,
    /// Where names are looked up; `None` asks the system.
    pub lookup: Option<Lookup>,
}

impl FetchOptions {
    /// The usual limits.
    pub fn new(user_agent: impl Into<String>, clock: Arc<dyn Clock>) -> Self {
        Self {
            user_agent: user_agent.into(),
            robots_token: "caveat".to_owned(),
            clock,
            max_body_bytes: MAX_BODY_BYTES,
            max_decoded_bytes: decode::Caps::default().bytes,
            timeouts: Timeouts::default(),
            requests_per_second: REQUESTS_PER_SECOND,
            lookup: None,
        }
    }
}

/// How long each part of a request may take.
#[derive(Debug, Clone)]
pub struct Timeouts {
    /// Looking up the name.
    pub lookup: Duration,
    /// Connecting, TLS included.
    pub connect: Duration,
    /// From sending the request to the end of the header.
    pub header: Duration,
    /// Between two pieces of the body.
    pub idle: Duration,
    /// In each such window at least one kilobyte of the body must come.
    pub drip: Duration,
    /// The whole exchange.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            lookup: Duration::from_secs(10),
            connect: Duration::from_secs(10),
            header: Duration::from_secs(30),
            idle: Duration::from_secs(15),
            drip: Duration::from_secs(10),
            total: Duration::from_secs(90),
        }
    }
}

/// Why a fetcher could not be made.
#[derive(Debug, thiserror::Error)]
pub enum FetchSetupError {
    /// The user agent cannot be sent as a header value.
    #[error("the user agent {0:?} cannot be sent in a header: use visible ASCII only")]
    UserAgent(String),
    /// The HTTP client could not be built.
    #[error("the HTTP client could not be built: {0}")]
    Client(String),
}
