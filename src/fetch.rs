//! Asks crawled sites for pages, politely and safely: the only room that contacts them.
//!
//! [`Fetcher::get`] makes one attempt at one URL: address guard, robots.txt, gate, request, redirects by hand,
//! decoding. It never sleeps long: what must wait comes back as a [`NotFetched`] with a time, and the caller,
//! who keeps the queue, asks again then. Every hop, robots.txt included, goes through the same guard and gate.

mod ceilings;
mod connecting;
pub mod decode;
mod gate;
mod gates;
mod guard;
mod manners;
mod names;
mod obey;
mod options;
mod origins;
mod outcome;
mod post;
pub mod retry;
pub mod robots;
mod transport;
mod troubled;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use url::{Host, Url};

use crate::clock::Timestamp;
use crate::page::{Exchange, Page};

use decode::{DecodeError, Fault};
use gate::{Ask, Signal};
use gates::{Gates, Visitor};
use guard::{check_address, shortened};
use names::Names;
use origins::Origins;
use transport::{Size, Transport};

pub use gate::{GateState, gate_key};
pub use guard::check_url;
pub use manners::{Manners, Scope};
pub use names::Lookup;
pub use options::{FetchOptions, FetchSetupError, Timeouts};
pub use origins::RobotsState;

pub use outcome::{Hold, NotFetched, Phase};
pub use troubled::{GateTally, troubled};

/// Redirects followed for a page, at most; browsers give up at twenty, real chains end before five.
const MAX_REDIRECTS: usize = 10;
/// How long a call waits at a gate before it sends the caller away with a time. Long enough for the gaps of most sites,
/// short enough that a caller who is told to stop need not wait.
const FIRST_PATIENCE: Duration = Duration::from_secs(30);

/// `X-Robots-Tag` fields of one answer that are read, at most: a field for each crawler that a site has heard of.
const MAX_ROBOTS_TAGS: usize = 50;

/// An encoded body from this many bytes on is decoded aside. Below, the ratio cap ends it within some milliseconds.
const DECODED_ASIDE: usize = 16 << 10;
/// Bodies decoded aside at the same time, at most.
const DECODERS: usize = 4;

const ACCEPT_PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5";

/// What one call of [`Fetcher::get`] gave.
#[derive(Debug)]
pub struct Fetched {
    /// Every HTTP exchange on the way, redirects first, in order. Exchanges for robots.txt are not among them.
    pub exchanges: Vec<Exchange>,
    /// The page, or why there is none.
    pub outcome: Result<Page, NotFetched>,
}

/// What a server gave to recognise a page by (RFC 9110, 8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The `ETag` value.
    pub etag: Option<String>,
    /// The `Last-Modified` value.
    pub last_modified: Option<String>,
}

impl Validators {
    /// Those of an answer, as far as they can be sent back.
    pub fn of(exchange: &Exchange) -> Self {
        let value = |name| {
            exchange
                .header(name)
                .filter(|value| value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '))
        };
        Self {
            etag: value("etag").map(str::to_owned),
            last_modified: value("last-modified").map(str::to_owned),
        }
    }

    fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        let etag = self.etag.clone().map(|etag| ("if-none-match", etag));
        etag.into_iter().chain(self.last_modified.clone().map(|date| ("if-modified-since", date)))
    }
}

/// Asks crawled sites for pages. Cheap to share behind an `Arc`; one per process, since the gates live in it.
pub struct Fetcher {
    options: FetchOptions,
    names: Arc<Names>,
    transport: Transport,
    gates: Gates,
    origins: Origins,
    decoders: Semaphore,
}

impl Fetcher {
    /// A fetcher with empty gates and no cached robots.txt.
    pub fn new(options: FetchOptions) -> Result<Self, FetchSetupError> {
        let sendable = options.user_agent.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if options.user_agent.is_empty() || !sendable {
            return Err(FetchSetupError::UserAgent(options.user_agent));
        }
        let names = Arc::new(Names::new(options.lookup.clone(), options.timeouts.lookup));
        Ok(Self {
            transport: Transport::new(&options, &names)?,
            gates: Gates::new(Arc::clone(&options.clock), options.requests_per_second),
            origins: Origins::default(),
            decoders: Semaphore::new(DECODERS),
            names,
            options,
        })
    }

    /// Makes one attempt at `url`, redirects included.
    pub async fn get(&self, url: &Url, manners: &Manners) -> Fetched {
        self.get_if_changed(url, manners, &Validators::default()).await
    }

    /// The same, unless the server says that the page is the one seen before: then [`NotFetched::NotModified`].
    pub async fn get_if_changed(&self, url: &Url, manners: &Manners, seen: &Validators) -> Fetched {
        let mut exchanges = Vec::new();
        let outcome = Box::pin(self.follow(url, manners, seen, &mut exchanges)).await;
        Fetched { exchanges, outcome }
    }

    /// Whether an answer's `X-Robots-Tag` fields ask us not to follow the page's links. What else they ask (`noindex`) is
    /// about search engines: an authority that looks at an offer puts it into no index.
    pub fn asks_not_to_follow(&self, exchange: &Exchange) -> bool {
        let fields =
            exchange.response_headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-robots-tag"));
        fields.take(MAX_ROBOTS_TAGS).any(|(_, value)| {
            robots::forbids_links(&String::from_utf8_lossy(value), &self.options.robots_token)
        })
    }

    /// The earliest time at which the gate `key` (see [`gate_key`]) lets a request start.
    pub fn next_allowed(&self, key: &str) -> Timestamp {
        self.gates.next_allowed(key)
    }

    /// The gate `key`, if a request has asked for it: to be kept with the outcome of a page.
    pub fn gate_state(&self, key: &str) -> Option<GateState> {
        self.gates.state(key)
    }

    /// Every gate, sorted by key: to be shown, and to be kept over a restart.
    pub fn gate_states(&self) -> Vec<GateState> {
        self.gates.states()
    }

    /// How many gates are open, and how many are held and why.
    pub fn gate_tally(&self) -> GateTally {
        GateTally::of(&self.gates.states())
    }

    /// Takes back what [`Fetcher::gate_states`] gave before a restart. From then on no gate, known or not, opens before
    /// one gap has passed, because the earlier process may have sent a request just before it ended.
    pub fn restore_gates(&self, states: &[GateState]) {
        self.gates.restore(states);
    }

    /// What was learned of robots.txt files since the last call, by origin: to be kept over a restart.
    pub fn take_robots_news(&self) -> Vec<RobotsState> {
        self.origins.take_news()
    }

    /// Takes back what [`Fetcher::take_robots_news`] gave before a restart.
    pub fn restore_robots(&self, states: &[RobotsState]) {
        self.origins.restore(states, self.options.clock.now());
    }

    async fn follow(
        &self,
        url: &Url,
        manners: &Manners,
        seen: &Validators,
        exchanges: &mut Vec<Exchange>,
    ) -> Result<Page, NotFetched> {
        let mut current = url.clone();
        current.set_fragment(None);
        let mut passed: Vec<Url> = Vec::new();
        loop {
            let crawl_delay = self.obey_robots(&current, manners).await?;
            // A chain that was begun is finished, even where the next hop has to wait for a long crawl delay.
            let patience =
                if passed.is_empty() { FIRST_PATIENCE } else { FIRST_PATIENCE.max(manners.crawl_delay_cap) };
            let ask = Ask::new(manners.rate_per_second, manners.concurrency, crawl_delay);
            let size = Size::Refuse(self.options.max_body_bytes);
            let seen = passed.is_empty().then_some(seen);
            let visit = Visit { accept: ACCEPT_PAGE, seen, size, patience };
            let (mut exchange, read) = self.exchange(&current, manners, ask, visit).await?;
            let step = match (redirect_target(&exchange, &current), read) {
                // What follows the header of a redirect does not matter.
                (Some(next), _) => next.map(Step::Redirected),
                (None, Ok(())) => self.arrive(&mut exchange).await.map(Step::Arrived),
                (None, Err(failure)) => Err(failure),
            };
            exchanges.push(exchange);
            let next = match step? {
                Step::Arrived(page) => return Ok(page),
                Step::Redirected(next) => next,
            };
            passed.push(std::mem::replace(&mut current, next));
            if passed.contains(&current) {
                return Err(NotFetched::RedirectLoop { url: shortened(current.as_str()) });
            }
            if passed.len() > MAX_REDIRECTS {
                return Err(NotFetched::TooManyRedirects { cap: MAX_REDIRECTS });
            }
            check_url(&current, &manners.loopback)?;
            if manners.scope.as_ref().is_some_and(|scope| !scope.allows(&current)) {
                return Err(NotFetched::OutOfScope { url: shortened(current.as_str()) });
            }
        }
    }

    /// One exchange, through guard and gate. The inner result is about the body.
    async fn exchange(
        &self,
        url: &Url,
        manners: &Manners,
        ask: Ask,
        visit: Visit<'_>,
    ) -> Result<(Exchange, Result<(), NotFetched>), NotFetched> {
        check_url(url, &manners.loopback)?;
        let key = gate_key(url);
        self.gates.check_hold(&key, visit.patience)?;
        let address = match self.address(url).await {
            Ok(address) => address,
            Err(error) => {
                self.gates.report(&key, Signal::Failed);
                return Err(error);
            }
        };
        let visitor = Visitor { ask, ceiling: manners.ceiling() };
        let pass = self.gates.enter(&key, visitor, address, visit.patience).await?;
        let headers = self.request_headers(url, manners, &visit);
        let head = match self.transport.ask(url, headers, pass.observer()).await {
            Ok(head) => head,
            Err(error) => {
                pass.report(Signal::Failed);
                return Err(error);
            }
        };
        pass.answered();
        // The guard was before the connection; this is the proof that nothing got past it.
        if let Some(remote) = head.exchange.remote {
            check_address(remote, &manners.loopback).map_err(|kind| NotFetched::PrivateAddress {
                host: shortened(url.host_str().unwrap_or_default()),
                address: format!("{remote}, {kind}"),
            })?;
        }
        let signal = self.signal(&head.exchange, head.latency);
        if let Signal::Busy { .. } = signal {
            // At once, for the others who wait at the gate; the body may take its time.
            pass.report(signal);
        }
        let (exchange, read) = self.transport.read(head, visit.size).await;
        match signal {
            Signal::Busy { .. } => {}
            _ if matches!(read, Err(NotFetched::Timeout { .. } | NotFetched::Protocol { .. })) => {
                pass.report(Signal::Failed);
            }
            _ => pass.report(signal),
        }
        Ok((exchange, read))
    }

    /// Where the client will connect first.
    async fn address(&self, url: &Url) -> Result<SocketAddr, NotFetched> {
        let port = url.port_or_known_default().unwrap_or_default();
        let address = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(name)) => self.names.addresses(name).await?.first().copied(),
            None => None,
        };
        address.map(|address| SocketAddr::new(address, port)).ok_or_else(|| NotFetched::Lookup {
            host: url.host_str().unwrap_or_default().to_owned(),
            why: "it has no address".to_owned(),
        })
    }

    fn request_headers(&self, url: &Url, manners: &Manners, visit: &Visit<'_>) -> Vec<(String, String)> {
        let host = url.host_str().unwrap_or_default();
        let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let mut headers = vec![
            ("host", authority),
            ("user-agent", self.options.user_agent.clone()),
            ("accept", visit.accept.to_owned()),
            ("accept-encoding", "gzip, br".to_owned()),
        ];
        if let Some(language) = &manners.accept_language {
            headers.push(("accept-language", language.clone()));
        }
        if !manners.cookies.is_empty() && manners.cookie_hosts.contains(host) {
            let cookies: Vec<String> =
                manners.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            headers.push(("cookie", cookies.join("; ")));
        }
        headers.extend(visit.seen.into_iter().flat_map(Validators::headers));
        headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn signal(&self, exchange: &Exchange, latency: Duration) -> Signal {
        match exchange.status {
            429 | 503 => {
                let now = self.options.clock.now();
                let pause = exchange
                    .header("retry-after")
                    .and_then(|value| retry::retry_after(value, exchange.header("date"), now));
                Signal::Busy { pause }
            }
            500 | 502 | 504.. => Signal::Failed,
            _ => Signal::Fine { latency },
        }
    }

    /// The page that a complete answer carries, if it does.
    async fn arrive(&self, exchange: &mut Exchange) -> Result<Page, NotFetched> {
        match exchange.status {
            200..=203 => Ok(Page {
                url: Some(exchange.url.clone()),
                content_type: exchange.header("content-type").map(str::to_owned),
                body: self.decoded(exchange).await.map_err(|error| {
                    let why = error.to_string();
                    if error.fault.is_bomb() { NotFetched::Bomb { why } } else { NotFetched::Decode { why } }
                })?,
            }),
            429 | 503 => Err(NotFetched::RetryLater {
                status: exchange.status,
                until: self.gates.next_allowed(&gate_key(&exchange.url)),
            }),
            304 => Err(NotFetched::NotModified),
            status => Err(NotFetched::Status { status }),
        }
    }

    /// The body without its encodings. Large ones are decoded aside, a few at a time, so that bombs neither stop the
    /// other requests nor add up in memory.
    async fn decoded(&self, exchange: &mut Exchange) -> Result<Vec<u8>, DecodeError> {
        let caps = decode::Caps { bytes: self.options.max_decoded_bytes, ..decode::Caps::default() };
        let encodings = content_encoding(exchange);
        if encodings.is_empty() || exchange.body.len() < DECODED_ASIDE {
            return decode::decode(&encodings, &exchange.body, caps);
        }
        let _permit = self.decoders.acquire().await;
        let body = std::mem::take(&mut exchange.body);
        let work = tokio::task::spawn_blocking(move || {
            let decoded = decode::decode(&encodings, &body, caps);
            (body, decoded)
        });
        match work.await {
            Ok((body, decoded)) => {
                exchange.body = body;
                decoded
            }
            // Only when the runtime is shutting down.
            Err(error) => {
                let fault = Fault::Corrupt { encoding: "body", why: error.to_string() };
                Err(DecodeError { fault, partial: Vec::new() })
            }
        }
    }
}

/// Where an answer leads.
enum Step {
    Arrived(Page),
    Redirected(Url),
}

/// All `Content-Encoding` lines as one list (RFC 9110, 5.3).
fn content_encoding(exchange: &Exchange) -> String {
    let values: Vec<&str> = exchange
        .response_headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("content-encoding"))
        .map(|(_, value)| std::str::from_utf8(value).unwrap_or("?"))
        .collect();
    values.join(",")
}

/// What one exchange is for.
#[derive(Clone, Copy)]
struct Visit<'a> {
    accept: &'static str,
    seen: Option<&'a Validators>,
    size: Size,
    patience: Duration,
}

/// Where a redirect leads, without its fragment; `None` when the answer is none.
fn redirect_target(exchange: &Exchange, from: &Url) -> Option<Result<Url, NotFetched>> {
    if !matches!(exchange.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = exchange.header("location");
    let target = location.and_then(|location| from.join(location.trim()).ok()).map(|mut target| {
        target.set_fragment(None);
        target
    });
    Some(target.ok_or_else(|| NotFetched::BadRedirect {
        status: exchange.status,
        location: location.map_or_else(|| "no location".to_owned(), shortened),
    }))
}

/// Locks a mutex whose holder never panics half-way: everything behind one is changed in single steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
