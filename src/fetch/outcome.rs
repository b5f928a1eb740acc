//! Why a URL gave no page: one reason per case, for people, for counting, and for the decision to try again.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum NotFetched {
    /// Not a URL that is ever fetched.
    #[error("the URL {url} is not fetched: {why}")]
    BadUrl {
        /// The URL.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// A header field of the source's own cannot be sent.
    #[error("the source's {name} header cannot be sent: use visible ASCII only")]
    BadHeader {
        /// The field's name.
        name: String,
    },
    /// The host is, or resolves to, an address that is not on the public internet.
    #[error("{host} is not on the public internet ({address}): refused")]
    PrivateAddress {
        /// As the URL names it.
        host: String,
        /// The address that was refused.
        address: String,
    },
    /// A redirect led outside the caller's scope.
    #[error("redirected to {url}, which is outside the scope of the source")]
    OutOfScope {
        /// Where to.
        url: String,
    },
    /// robots.txt forbids it.
    #[error("robots.txt of {origin} forbids it (line {line}: {rule})")]
    Refused {
        /// Scheme, host and port of the robots.txt.
        origin: String,
        /// Counted from 1.
        line: usize,
        /// The rule as written.
        rule: String,
    },
    /// robots.txt could not be read, which means wait, not go (RFC 9309, 2.3.1.4).
    #[error("robots.txt of {origin} could not be read ({why}); not before {until}")]
    RobotsUnreachable {
        /// Scheme, host and port of the robots.txt.
        origin: String,
        /// What happened.
        why: String,
        /// When it will be asked for again.
        until: Timestamp,
    },
    /// The site asks for more seconds between requests than the source's cap.
    #[error(
        "robots.txt of {origin} asks for a crawl delay of {seconds} s, above the cap of {cap} s: the source is paused"
    )]
    CrawlDelayTooLong {
        /// Scheme, host and port of the robots.txt.
        origin: String,
        /// Asked for; `u64::MAX` stands for an infinite or absurd number.
        seconds: u64,
        /// The cap.
        cap: u64,
    },
    /// The gate is closed for longer than a call waits. Nothing was sent.
    #[error("held until {until}: {hold}")]
    Held {
        /// When to ask again.
        until: Timestamp,
        /// Why.
        hold: Hold,
    },
    /// The server said not now (429, 503), and the gate waits.
    #[error("the server answered {status} and wants a pause until {until}")]
    RetryLater {
        /// 429 or 503.
        status: u16,
        /// When to ask again.
        until: Timestamp,
    },
    /// The page is the one that was seen before (304).
    #[error("the page has not changed")]
    NotModified,
    /// A status that carries no page.
    #[error("the server answered {status}")]
    Status {
        /// The HTTP status code.
        status: u16,
    },
    /// The chain of redirects came back to a URL it had passed.
    #[error("redirects in a circle at {url}")]
    RedirectLoop {
        /// The URL seen twice.
        url: String,
    },
    /// The chain of redirects is longer than the cap.
    #[error("more than {cap} redirects")]
    TooManyRedirects {
        /// The cap.
        cap: usize,
    },
    /// A redirect without a usable `Location`.
    #[error("a redirect ({status}) that leads nowhere: {location}")]
    BadRedirect {
        /// The HTTP status code.
        status: u16,
        /// The header's value, if any.
        location: String,
    },
    /// Something took too long.
    #[error("timed out: {phase}")]
    Timeout {
        /// What did.
        phase: Phase,
    },
    /// The body is longer than the cap; the exchange holds what came before the cut, if anything.
    #[error("the body is longer than {cap} bytes")]
    TooLarge {
        /// In bytes as transferred.
        cap: u64,
    },
    /// The body decodes to absurdly much.
    #[error("the body is a decompression bomb: {why}")]
    Bomb {
        /// Which cap it broke.
        why: String,
    },
    /// The body could not be decoded.
    #[error("the body could not be decoded: {why}")]
    Decode {
        /// What is wrong.
        why: String,
    },
    /// The host's name could not be resolved.
    #[error("the name {host} could not be resolved: {why}")]
    Lookup {
        /// The name.
        host: String,
        /// What the resolver said.
        why: String,
    },
    /// No connection.
    #[error("no connection: {why}")]
    Connect {
        /// What happened.
        why: String,
    },
    /// The certificate or the handshake failed.
    #[error("TLS failed: {why}")]
    Tls {
        /// What happened.
        why: String,
    },
    /// The answer was no valid HTTP, or ended early.
    #[error("the answer broke off or was no valid HTTP: {why}")]
    Protocol {
        /// What happened.
        why: String,
    },
}

/// Why a gate is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hold {
    /// Other requests of this gate come first.
    Queue,
    /// The server asked for a pause.
    RetryAfter,
    /// Too many failures in a row: the circuit breaker is open.
    Breaker,
}

impl Hold {
    const ALL: [Self; 3] = [Self::Queue, Self::RetryAfter, Self::Breaker];

    /// One word, for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::RetryAfter => "retry-after",
            Self::Breaker => "breaker",
        }
    }

    /// The hold with that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hold| hold.word() == word)
    }
}

impl std::fmt::Display for Hold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Queue => "other requests to the same site come first",
            Self::RetryAfter => "the site asked for a pause",
            Self::Breaker => "the site failed too often in a row",
        })
    }
}

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Looking up the name.
    Lookup,
    /// Connecting.
    Connect,
    /// Waiting for the answer's header.
    Header,
    /// The pause between two pieces of the body.
    Idle,
    /// The body came, but too slowly to be worth waiting for.
    Drip,
    /// The whole exchange.
    Total,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lookup => "the name was not resolved in time",
            Self::Connect => "no connection in time",
            Self::Header => "no complete header in time",
            Self::Idle => "the body paused for too long",
            Self::Drip => "the body dripped too slowly",
            Self::Total => "the whole exchange took too long",
        })
    }
}

impl NotFetched {
    /// True when asking again would give the same answer.
    pub fn is_final(&self) -> bool {
        match self {
            Self::BadUrl { .. }
            | Self::BadHeader { .. }
            | Self::PrivateAddress { .. }
            | Self::OutOfScope { .. }
            | Self::Refused { .. }
            | Self::CrawlDelayTooLong { .. }
            | Self::NotModified
            | Self::RedirectLoop { .. }
            | Self::TooManyRedirects { .. }
            | Self::BadRedirect { .. }
            | Self::TooLarge { .. }
            | Self::Bomb { .. } => true,
            Self::Status { status } => !matches!(status, 408 | 421 | 425 | 429 | 500 | 502..=504 | 520..=599),
            Self::RobotsUnreachable { .. }
            | Self::Held { .. }
            | Self::RetryLater { .. }
            | Self::Timeout { .. }
            | Self::Decode { .. }
            | Self::Lookup { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Protocol { .. } => false,
        }
    }

    /// The time before which asking again is useless or rude, where one is known.
    pub fn retry_after(&self) -> Option<Timestamp> {
        match self {
            Self::RobotsUnreachable { until, .. }
            | Self::Held { until, .. }
            | Self::RetryLater { until, .. } => Some(*until),
            _ => None,
        }
    }

    /// True when a request was sent or tried for the URL itself, so that the try counts against its attempts.
    /// [`NotFetched::Held`] does not count: nothing was asked.
    pub fn counts_as_attempt(&self) -> bool {
        !matches!(self, Self::Held { .. })
    }

    /// A short fixed word for counting; the same as `reason` in JSON.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadUrl { .. } => "bad-url",
            Self::BadHeader { .. } => "bad-header",
            Self::PrivateAddress { .. } => "private-address",
            Self::OutOfScope { .. } => "out-of-scope",
            Self::Refused { .. } => "refused",
            Self::RobotsUnreachable { .. } => "robots-unreachable",
            Self::CrawlDelayTooLong { .. } => "crawl-delay-too-long",
            Self::Held { .. } => "held",
            Self::RetryLater { .. } => "retry-later",
            Self::NotModified => "not-modified",
            Self::Status { .. } => "status",
            Self::RedirectLoop { .. } => "redirect-loop",
            Self::TooManyRedirects { .. } => "too-many-redirects",
            Self::BadRedirect { .. } => "bad-redirect",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge { .. } => "too-large",
            Self::Bomb { .. } => "bomb",
            Self::Decode { .. } => "decode",
            Self::Lookup { .. } => "lookup",
            Self::Connect { .. } => "connect",
            Self::Tls { .. } => "tls",
            Self::Protocol { .. } => "protocol",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_reason_in_json() {
        let until = Timestamp(0);
        let text = String::new;
        for case in [
            NotFetched::BadUrl { url: text(), why: text() },
            NotFetched::BadHeader { name: text() },
            NotFetched::PrivateAddress { host: text(), address: text() },
            NotFetched::OutOfScope { url: text() },
            NotFetched::Refused { origin: text(), line: 1, rule: text() },
            NotFetched::RobotsUnreachable { origin: text(), why: text(), until },
            NotFetched::CrawlDelayTooLong { origin: text(), seconds: 1, cap: 1 },
            NotFetched::Held { until, hold: Hold::Breaker },
            NotFetched::RetryLater { status: 429, until },
            NotFetched::NotModified,
            NotFetched::Status { status: 404 },
            NotFetched::RedirectLoop { url: text() },
            NotFetched::TooManyRedirects { cap: 10 },
            NotFetched::BadRedirect { status: 302, location: text() },
            NotFetched::Timeout { phase: Phase::Drip },
            NotFetched::TooLarge { cap: 1 },
            NotFetched::Bomb { why: text() },
            NotFetched::Decode { why: text() },
            NotFetched::Lookup { host: text(), why: text() },
            NotFetched::Connect { why: text() },
            NotFetched::Tls { why: text() },
            NotFetched::Protocol { why: text() },
        ] {
            let json = serde_json::to_value(&case).unwrap();
            assert_eq!(json["reason"], case.code());
            assert_eq!(serde_json::from_value::<NotFetched>(json).unwrap(), case);
            assert_eq!(
                case.retry_after().is_some(),
                matches!(case.code(), "robots-unreachable" | "held" | "retry-later")
            );
        }
    }

    #[test]
    fn passing_troubles_are_not_final() {
        for (status, is_final) in [
            (404, true),
            (410, true),
            (403, true),
            (204, true),
            (501, true),
            (500, false),
            (502, false),
            (408, false),
            (520, false),
        ] {
            assert_eq!(NotFetched::Status { status }.is_final(), is_final, "{status}");
        }
    }
}
