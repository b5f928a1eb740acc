//! How to behave towards one source: the part of its definition that fetching needs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use url::{Host, Url};

use crate::source::{Limits, Source};

/// Longest crawl delay that is obeyed; a longer one pauses the source. At two minutes, a source of 5,000 pages
/// already takes a week.
const CRAWL_DELAY_CAP: Duration = Duration::from_mins(2);

/// How to behave towards one source.
#[derive(Debug, Clone)]
pub struct Manners {
    /// The source's id.
    pub source: String,
    /// Requests a second and gate, at most.
    pub rate_per_second: f64,
    /// Requests in flight a gate, at most.
    pub concurrency: usize,
    /// Requests a second over all gates of the source, at most; `None` leaves it to the gates.
    pub ceiling_per_second: Option<NonZeroU32>,
    /// `Accept-Language`.
    pub accept_language: Option<String>,
    /// Sent to `cookie_hosts` only.
    pub cookies: BTreeMap<String, String>,
    /// The hosts of the start pages, lower case.
    pub cookie_hosts: BTreeSet<String>,
    /// The only loopback address:port pairs that may be contacted.
    pub loopback: Vec<SocketAddr>,
    /// A longer crawl delay is not waited for but reported.
    pub crawl_delay_cap: Duration,
    /// Where redirects may lead; `None` allows every public host.
    pub scope: Option<Scope>,
}

/// Where redirects may lead.
#[derive(Clone)]
pub struct Scope(Arc<dyn Fn(&Url) -> bool + Send + Sync>);

impl Scope {
    /// A scope that allows the URLs for which `allows` says true.
    pub fn new(allows: impl Fn(&Url) -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(allows))
    }

    pub(super) fn allows(&self, url: &Url) -> bool {
        (self.0)(url)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scope")
    }
}

impl Default for Manners {
    /// One request a second, two at a time, nothing of one's own to send, no loopback.
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            source: String::new(),
            ceiling_per_second: None,
            rate_per_second: limits.rate_per_second,
            concurrency: limits.concurrency,
            accept_language: None,
            cookies: BTreeMap::new(),
            cookie_hosts: BTreeSet::new(),
            loopback: Vec::new(),
            crawl_delay_cap: CRAWL_DELAY_CAP,
            scope: None,
        }
    }
}

impl Manners {
    /// The manners that a source asks for.
    pub fn of(source: &Source) -> Self {
        let loopback = if source.allow_loopback {
            source.start.iter().flat_map(loopback_pairs).collect()
        } else {
            Vec::new()
        };
        Self {
            source: source.id.clone(),
            rate_per_second: source.limits.rate_per_second,
            concurrency: source.limits.concurrency,
            accept_language: source.request.accept_language.clone(),
            cookies: source.request.cookies.clone(),
            cookie_hosts: source.start.iter().filter_map(|url| url.host_str().map(str::to_owned)).collect(),
            loopback,
            ..Self::default()
        }
    }

    pub(super) fn ceiling(&self) -> Option<(&str, NonZeroU32)> {
        self.ceiling_per_second.map(|rate| (self.source.as_str(), rate))
    }
}

/// The loopback pairs that a start page names: a literal is itself, `localhost` is both families.
fn loopback_pairs(url: &Url) -> Vec<SocketAddr> {
    let Some(port) = url.port_or_known_default() else { return Vec::new() };
    let addresses: Vec<IpAddr> = match url.host() {
        Some(Host::Ipv4(address)) => vec![address.into()],
        Some(Host::Ipv6(address)) => vec![address.into()],
        Some(Host::Domain(name)) if super::guard::is_localhost(name) => {
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
        }
        _ => Vec::new(),
    };
    addresses.into_iter().filter(IpAddr::is_loopback).map(|address| SocketAddr::new(address, port)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_opens_exactly_the_pairs_of_the_start_pages() {
        for (start, pairs) in [
            ("http://127.0.0.1:8080/x", vec!["127.0.0.1:8080"]),
            ("http://127.0.0.2/", vec!["127.0.0.2:80"]),
            ("https://[::1]/", vec!["[::1]:443"]),
            ("http://localhost:81/", vec!["127.0.0.1:81", "[::1]:81"]),
            ("http://shop.localhost/", vec!["127.0.0.1:80", "[::1]:80"]),
            ("http://192.168.0.1/", vec![]),
            ("http://8.8.8.8/", vec![]),
            ("http://shop.example/", vec![]),
        ] {
            let opened: Vec<String> =
                loopback_pairs(&Url::parse(start).unwrap()).iter().map(SocketAddr::to_string).collect();
            assert_eq!(opened, pairs, "{start}");
        }
    }
}
