//! One HTTP exchange: a request, its answer's header, its body within caps on size and time. Knows no manners.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Response, redirect, retry};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use url::Url;

use crate::clock::Clock;
use crate::page::Exchange;

use super::connecting::{Observe, Observer, observed};
use super::guard::shortened;
use super::names::{Names, Resolver};
use super::outcome::{NotFetched, Phase};
use super::{FetchOptions, FetchSetupError, Timeouts};

/// Header fields of one answer, at most; real sites send up to about sixty.
const MAX_HEADERS: usize = 200;
/// Within one drip window (ten seconds by default), at least so many bytes of the body must come: a small part of what
/// a telephone line carries, so that only those fall below who mean to.
const DRIP_BYTES: usize = 1024;
/// A body above this many bytes is large. Most pages stay far below as transferred.
const LARGE_BYTES: usize = 256 << 10;
/// Large bodies read at the same time, at most; others wait, within their deadline. It bounds what any number of hostile
/// sites can make the process hold: this many times the cap on a body, and 256 KiB for everybody else.
const LARGE_AT_ONCE: usize = 6;
/// An idle connection is kept for this long: a few gaps of a slow gate.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Idle connections kept a host.
const MAX_IDLE: usize = 2;

pub(super) struct Transport {
    client: Client,
    clock: Arc<dyn Clock>,
    timeouts: Timeouts,
    large: Semaphore,
    /// False when the system has no certificates to trust, so that every https site will fail.
    has_roots: bool,
}

/// What happens to a body that is longer than the cap.
#[derive(Debug, Clone, Copy)]
pub(super) enum Size {
    /// The exchange fails.
    Refuse(usize),
    /// What lies beyond is not read.
    Cut(usize),
}

/// An answer whose body has not been read.
pub(super) struct Head {
    pub(super) exchange: Exchange,
    pub(super) latency: Duration,
    response: Response,
    started: Instant,
    deadline: Instant,
}

impl Transport {
    pub(super) fn new(options: &FetchOptions, names: &Arc<Names>) -> Result<Self, FetchSetupError> {
        // Another part of the process may have installed a provider before; any will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            Client::builder()
                .connector_layer(Observe)
                .dns_resolver(Resolver(Arc::clone(names)))
                .redirect(redirect::Policy::none())
                .retry(retry::never())
                .referer(false)
                .no_proxy()
                .http1_only()
                .http1_max_headers(MAX_HEADERS)
                .http1_ignore_invalid_headers_in_responses(true)
                .http1_allow_spaces_after_header_name_in_responses(true)
                .http1_allow_obsolete_multiline_headers_in_responses(true)
                .connect_timeout(options.timeouts.connect)
                .pool_idle_timeout(KEEP_ALIVE)
                .pool_max_idle_per_host(MAX_IDLE)
        };
        let (client, has_roots) = match builder().build() {
            Ok(client) => (client, true),
            // Most likely a system without CA certificates: http still works, and https fails with a clear word.
            Err(_) => match builder().tls_certs_only([]).build() {
                Ok(client) => (client, false),
                Err(error) => return Err(FetchSetupError::Client(chain(&error))),
            },
        };
        Ok(Self {
            client,
            clock: Arc::clone(&options.clock),
            timeouts: options.timeouts.clone(),
            large: Semaphore::new(LARGE_AT_ONCE),
            has_roots,
        })
    }

    /// Sends a GET request and waits for the answer's header.
    pub(super) async fn ask(
        &self,
        url: &Url,
        headers: Vec<(String, String)>,
        observer: Observer,
    ) -> Result<Head, NotFetched> {
        self.send(Request::new(Method::GET, url.clone()), headers, observer).await
    }

    /// The same with a POST request.
    pub(super) async fn post(
        &self,
        url: &Url,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
        observer: Observer,
    ) -> Result<Head, NotFetched> {
        let mut request = Request::new(Method::POST, url.clone());
        *request.body_mut() = Some(body.into());
        self.send(request, headers, observer).await
    }

    async fn send(
        &self,
        mut request: Request,
        headers: Vec<(String, String)>,
        observer: Observer,
    ) -> Result<Head, NotFetched> {
        let url = request.url().clone();
        *request.headers_mut() = header_map(&headers)?;
        let started = Instant::now();
        let deadline = started + self.timeouts.total;
        let sent_at = self.clock.now();
        let request = observed(observer, self.client.execute(request));
        let answered = timeout_at(started + self.timeouts.header, request).await;
        let response = match answered {
            Err(_) => return Err(NotFetched::Timeout { phase: Phase::Header }),
            Ok(Err(error)) => return Err(self.classified(&error)),
            Ok(Ok(response)) => response,
        };
        let latency = started.elapsed();
        let exchange = Exchange {
            url,
            sent_at,
            took: latency,
            remote: response.remote_addr(),
            request_headers: headers,
            status: response.status().as_u16(),
            response_headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .collect(),
            body: Vec::new(),
            truncated: false,
        };
        Ok(Head { exchange, latency, response, started, deadline })
    }

    /// Reads the body into the exchange. On an error, the exchange holds what came before, marked as truncated.
    pub(super) async fn read(&self, head: Head, size: Size) -> (Exchange, Result<(), NotFetched>) {
        let Head { mut exchange, mut response, started, deadline, .. } = head;
        let result = self.read_body(&mut response, &mut exchange.body, deadline, size).await;
        exchange.truncated = !matches!(result, Ok(true));
        exchange.took = started.elapsed();
        (exchange, result.map(|_whole| ()))
    }

    /// True when the whole body was read, false when it was cut as allowed.
    async fn read_body(
        &self,
        response: &mut Response,
        body: &mut Vec<u8>,
        deadline: Instant,
        size: Size,
    ) -> Result<bool, NotFetched> {
        let (Size::Refuse(cap) | Size::Cut(cap)) = size;
        let too_large = NotFetched::TooLarge { cap: cap as u64 };
        if matches!(size, Size::Refuse(_))
            && response.content_length().is_some_and(|length| length > cap as u64)
        {
            return Err(too_large);
        }
        let mut window = (Instant::now() + self.timeouts.drip, 0);
        let mut large = None;
        loop {
            if body.len() > LARGE_BYTES && large.is_none() {
                let Ok(Ok(permit)) = timeout_at(deadline, self.large.acquire()).await else {
                    return Err(NotFetched::Timeout { phase: Phase::Total });
                };
                large = Some(permit);
                window = (Instant::now() + self.timeouts.drip, 0);
            }
            let patience = (Instant::now() + self.timeouts.idle).min(deadline);
            let chunk = match timeout_at(patience, response.chunk()).await {
                Err(_) if patience == deadline => return Err(NotFetched::Timeout { phase: Phase::Total }),
                Err(_) => return Err(NotFetched::Timeout { phase: Phase::Idle }),
                Ok(Err(error)) => return Err(self.classified(&error)),
                Ok(Ok(None)) => return Ok(true),
                Ok(Ok(Some(chunk))) => chunk,
            };
            let room = cap - body.len();
            body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
            if chunk.len() > room {
                return if matches!(size, Size::Cut(_)) { Ok(false) } else { Err(too_large) };
            }
            window.1 += chunk.len();
            if Instant::now() >= window.0 {
                if window.1 < DRIP_BYTES {
                    return Err(NotFetched::Timeout { phase: Phase::Drip });
                }
                window = (Instant::now() + self.timeouts.drip, 0);
            }
        }
    }

    fn classified(&self, error: &reqwest::Error) -> NotFetched {
        let mut why = chain(error);
        if let Some(refused) = find::<NotFetched>(error) {
            return refused.clone();
        }
        if error.is_timeout() && error.is_connect() {
            return NotFetched::Timeout { phase: Phase::Connect };
        }
        if find::<rustls::Error>(error).is_some() || (error.is_connect() && why.contains("tls")) {
            if !self.has_roots {
                why.push_str("; this system has no CA certificates: install the package ca-certificates");
            }
            return NotFetched::Tls { why };
        }
        if error.is_connect() { NotFetched::Connect { why } } else { NotFetched::Protocol { why } }
    }
}

fn header_map(headers: &[(String, String)]) -> Result<HeaderMap, NotFetched> {
    let mut map = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let unusable = || NotFetched::BadHeader { name: name.clone() };
        let field = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?;
        map.append(field, HeaderValue::from_str(value).map_err(|_| unusable())?);
    }
    Ok(map)
}

/// The first error of type `E` among an error and its causes, also inside I/O errors, which hide theirs.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| find::<E>(inner)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// An error's causes in one line, without its URL and without repeats.
fn chain(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        next = cause.source();
    }
    if parts.is_empty() {
        parts.push(error.to_string());
    }
    shortened(&parts.join(": "))
}
