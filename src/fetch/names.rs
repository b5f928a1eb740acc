//! Looks names up, once per short while, and lets only public addresses through, to the fetcher and to the HTTP client
//! alike: a name that answers differently to the second question gains nothing.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::{Instant, timeout};

use super::guard::{is_localhost, not_public, shortened};
use super::lock;
use super::outcome::{NotFetched, Phase};

/// How long an answer is kept. Short enough for a site that moves, long enough to serve guard and connection alike.
const KEPT: Duration = Duration::from_mins(1);
/// Answers kept, at most; a crawl of more hosts than this looks some up again.
const MAX_KEPT: usize = 10_000;
/// Addresses used of one answer, at most; the rest of a flood is dropped.
const MAX_ADDRESSES: usize = 16;

/// A name lookup other than the system's: replay and tests.
#[derive(Clone)]
pub struct Lookup(Arc<Answers>);

type Answers = dyn Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync;

impl Lookup {
    /// Answers from a function. What it says goes through the same guard as the system's answers.
    pub fn new(answer: impl Fn(&str) -> io::Result<Vec<IpAddr>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}

pub(super) struct Names {
    lookup: Option<Lookup>,
    patience: Duration,
    kept: Mutex<HashMap<String, Kept>>,
}

struct Kept {
    addresses: Arc<[IpAddr]>,
    until: Instant,
}

impl Names {
    pub(super) fn new(lookup: Option<Lookup>, patience: Duration) -> Self {
        Self { lookup, patience, kept: Mutex::new(HashMap::new()) }
    }

    /// The public addresses of `name`, at least one; for `localhost` the two loopback addresses, whose port the caller
    /// has to check.
    pub(super) async fn addresses(&self, name: &str) -> Result<Arc<[IpAddr]>, NotFetched> {
        if is_localhost(name) {
            return Ok(Arc::new([Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]));
        }
        let now = Instant::now();
        if let Some(known) = lock(&self.kept).get(name)
            && known.until > now
        {
            return Ok(Arc::clone(&known.addresses));
        }
        let answers = match timeout(self.patience, self.ask(name)).await {
            Err(_) => return Err(NotFetched::Timeout { phase: Phase::Lookup }),
            Ok(Err(error)) => {
                return Err(NotFetched::Lookup { host: shortened(name), why: error.to_string() });
            }
            Ok(Ok(answers)) => answers,
        };
        let public = only_public(name, &answers)?;
        let mut kept = lock(&self.kept);
        if kept.len() >= MAX_KEPT {
            kept.retain(|_, known| known.until > now);
        }
        if kept.len() < MAX_KEPT {
            kept.insert(name.to_owned(), Kept { addresses: Arc::clone(&public), until: now + KEPT });
        }
        Ok(public)
    }

    async fn ask(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        match &self.lookup {
            Some(lookup) => (lookup.0)(name),
            None => Ok(tokio::net::lookup_host((name, 0)).await?.map(|address| address.ip()).collect()),
        }
    }
}

/// Drops what is not public; an error when nothing remains.
fn only_public(name: &str, answers: &[IpAddr]) -> Result<Arc<[IpAddr]>, NotFetched> {
    let public: Arc<[IpAddr]> = answers
        .iter()
        .copied()
        .filter(|address| not_public(*address).is_none())
        .take(MAX_ADDRESSES)
        .collect();
    if !public.is_empty() {
        return Ok(public);
    }
    Err(match answers.first() {
        Some(first) => NotFetched::PrivateAddress {
            host: shortened(name),
            address: format!("{first}, {}", not_public(*first).unwrap_or_default()),
        },
        None => NotFetched::Lookup { host: shortened(name), why: "it has no address".to_owned() },
    })
}

/// The HTTP client's view of the same answers.
pub(super) struct Resolver(pub(super) Arc<Names>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let names = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses = names.addresses(name.as_str()).await?;
            let addresses: Vec<SocketAddr> = addresses.iter().map(|ip| SocketAddr::new(*ip, 0)).collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const PUBLIC: IpAddr = IpAddr::V4(Ipv4Addr::new(93, 184, 215, 14));
    const PRIVATE: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

    #[tokio::test(start_paused = true)]
    async fn a_rebinding_name_never_yields_a_private_address() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let lookup = Lookup::new(move |_| {
            Ok(if counter.fetch_add(1, Ordering::SeqCst) == 0 { vec![PUBLIC] } else { vec![PRIVATE] })
        });
        let names = Names::new(Some(lookup), Duration::from_secs(1));
        assert_eq!(*names.addresses("shop.example").await.unwrap(), [PUBLIC]);
        assert_eq!(*names.addresses("shop.example").await.unwrap(), [PUBLIC], "kept for the connection");
        tokio::time::advance(KEPT).await;
        let refused = names.addresses("shop.example").await.unwrap_err();
        assert!(matches!(refused, NotFetched::PrivateAddress { .. }), "{refused}");
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn mixed_answers_lose_their_private_part() {
        let lookup = Lookup::new(|_| Ok(vec![PRIVATE, PUBLIC, "::1".parse().unwrap()]));
        let names = Names::new(Some(lookup), Duration::from_secs(1));
        assert_eq!(*names.addresses("shop.example").await.unwrap(), [PUBLIC]);
    }

    #[tokio::test]
    async fn a_name_without_addresses_is_a_lookup_error() {
        let names = Names::new(Some(Lookup::new(|_| Ok(Vec::new()))), Duration::from_secs(1));
        assert!(matches!(names.addresses("shop.example").await, Err(NotFetched::Lookup { .. })));
    }
}
