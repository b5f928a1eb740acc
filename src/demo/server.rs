//! The two loopback hosts: they answer what the site says, note every request, and end with the [`Market`].

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::{Clock, Timestamp};

use super::MarketError;
use super::catalogue::Catalogue;
use super::site::Site;

/// Requests kept in the log: many times what a crawl of the mall makes, and a bound for one that runs for days.
const MAX_LOGGED: usize = 100_000;

/// How long an open request may hold up [`Market::close`]: longer than the slow page takes.
const CLOSING: Duration = Duration::from_secs(3);

/// Which of the two hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// The mall.
    Main,
    /// The small shop with a crawl delay.
    Annex,
}

/// A request that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where.
    pub host: Host,
    /// Path and, after a `?`, query.
    pub path: String,
    /// When, by the clock that [`start`] was given.
    pub at: Timestamp,
    /// The status of the answer.
    pub status: u16,
    /// The `User-Agent` header; empty where it was not sent.
    pub user_agent: String,
}

/// The open marketplace. Dropping it closes both hosts.
#[derive(Debug)]
pub struct Market {
    /// Address of the mall.
    pub main: SocketAddr,
    /// Address of the annex.
    pub annex: SocketAddr,
    sources: Vec<(String, String)>,
    log: Arc<Mutex<Log>>,
    closing: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Log {
    requests: Vec<Request>,
    /// How often a path was asked for; decides what a troubled page answers.
    attempts: BTreeMap<(Host, String), usize>,
}

/// One host, as its handler sees it.
struct Door {
    host: Host,
    site: Arc<Site>,
    log: Arc<Mutex<Log>>,
    clock: Arc<dyn Clock>,
}

/// Opens the mall and the annex on 127.0.0.1 at `ports` (mall, annex; 0 is any free one).
///
/// # Errors
/// [`MarketError::Listen`] for a port that is taken; [`MarketError::Embedded`] for a broken build.
pub async fn start(clock: Arc<dyn Clock>, ports: (u16, u16)) -> Result<Market, MarketError> {
    let catalogue = Catalogue::read()?;
    let (main_listener, main) = listen(ports.0).await?;
    let (annex_listener, annex) = listen(ports.1).await?;
    let site = Arc::new(Site::new(catalogue, main, annex)?);
    let sources = site.source_files()?;
    let log = Arc::new(Mutex::new(Log::default()));
    let (closing, closed) = watch::channel(false);
    let mut servers = Vec::new();
    for (host, listener) in [(Host::Main, main_listener), (Host::Annex, annex_listener)] {
        let door = Door { host, site: Arc::clone(&site), log: Arc::clone(&log), clock: Arc::clone(&clock) };
        let router = Router::new().fallback(answer).with_state(Arc::new(door));
        let mut closed = closed.clone();
        servers.push(tokio::spawn(async move {
            // Ends when the market is closed, or dropped with its sender.
            let until_closed = async move {
                let _ = closed.wait_for(|closing| *closing).await;
            };
            let _ = axum::serve(listener, router).with_graceful_shutdown(until_closed).await;
        }));
    }
    Ok(Market { main, annex, sources, log, closing, servers })
}

impl Market {
    /// The source files of both hosts, with their ports: file name and TOML text.
    pub fn source_files(&self) -> &[(String, String)] {
        &self.sources
    }

    /// Every request so far, in the order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).requests.clone()
    }

    /// How often each path was asked for, queries included.
    pub fn request_counts(&self) -> BTreeMap<(Host, String), usize> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).attempts.clone()
    }

    /// Stops listening and waits until requests under way are answered, a few seconds at most.
    pub async fn close(self) {
        self.closing.send_replace(true);
        for server in self.servers {
            let stop = server.abort_handle();
            if tokio::time::timeout(CLOSING, server).await.is_err() {
                stop.abort();
            }
        }
    }
}

async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), MarketError> {
    let failed = |cause| MarketError::Listen { port, cause };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(failed)?;
    let addr = listener.local_addr().map_err(failed)?;
    Ok((listener, addr))
}

async fn answer(State(door): State<Arc<Door>>, request: axum::extract::Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let user_agent = request
        .headers()
        .get(header::USER_AGENT)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .unwrap_or_default();
    let at = door.clock.now();
    let attempt = {
        let mut log = door.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.attempts.len() >= MAX_LOGGED {
            log.attempts.clear();
        }
        let count = log.attempts.entry((door.host, path.clone())).or_default();
        *count += 1;
        *count
    };
    let reply = if matches!(*request.method(), Method::GET | Method::HEAD) {
        door.site.reply(door.host, &path, attempt)
    } else {
        super::site::Reply::status(405)
    };
    {
        let mut log = door.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.requests.len() < MAX_LOGGED {
            log.requests.push(Request { host: door.host, path, at, status: reply.status, user_agent });
        }
    }
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
