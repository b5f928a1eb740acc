//! What is answered over HTTP, and under which names: a page of a foreign site that makes its own name point here must
//! not be able to read anything (DNS rebinding).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::House;
use super::metrics;

/// The text format of Prometheus.
const METRICS_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The names under which this server answers.
#[derive(Debug, Clone)]
pub(super) struct Hosts(Arc<[String]>);

impl Hosts {
    /// Loopback names where it listens on loopback, the address itself, and what the configuration names.
    pub(super) fn new(address: SocketAddr, named: &[String]) -> Self {
        let mut names: Vec<String> = named.iter().map(|name| name.to_ascii_lowercase()).collect();
        let ip = address.ip();
        if ip.is_loopback() || ip.is_unspecified() {
            names.extend(["localhost", "127.0.0.1", "[::1]"].map(str::to_owned));
        }
        if !ip.is_unspecified() {
            names.push(if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() });
        }
        Self(names.into())
    }

    /// Whether a request that names this authority (`host` or `host:port`) is meant for us.
    fn include(&self, authority: &str) -> bool {
        let host = match authority.strip_prefix('[') {
            // An IPv6 literal holds colons of its own.
            Some(rest) => rest.find(']').and_then(|end| authority.get(..end + 2)).unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        self.0.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// Metrics and health, and whatever pages are merged in, all behind the check of the host.
pub(super) fn router(house: &Arc<House>, pages: Router, hosts: Hosts) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics))
        .route("/health", get(show_health))
        .with_state(Arc::clone(house))
        .merge(pages)
        .layer(middleware::from_fn_with_state(hosts, only_our_names))
}

async fn only_our_names(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    if !asked_for(request.uri(), request.headers()).is_some_and(|authority| hosts.include(authority)) {
        let text = "this server does not answer under that name; see `web_hosts` in caveat.toml\n";
        return (StatusCode::MISDIRECTED_REQUEST, text).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The authority that a request names: of its target, where that is a whole URL, else its one Host field.
fn asked_for<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    if let Some(authority) = uri.authority() {
        return Some(authority.as_str());
    }
    let mut fields = headers.get_all(header::HOST).iter();
    let only = fields.next()?;
    if fields.next().is_some() { None } else { only.to_str().ok() }
}

async fn show_metrics(State(house): State<Arc<House>>) -> Response {
    match tokio::task::spawn_blocking(move || metrics::render(&house)).await {
        Ok(text) => ([(header::CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// 200 while the timetable is kept and the store answers; 503 else.
async fn show_health(State(house): State<Arc<House>>) -> Response {
    let store = house.crawler.store.totals();
    let (active, waiting) = house.live.runs();
    let trouble = match &store {
        Err(error) => Some(error.to_string()),
        Ok(_) => house.live.trouble(),
    };
    let (status, word) = match (house.live.is_stopping(), &trouble) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        (false, Some(_)) => (StatusCode::SERVICE_UNAVAILABLE, "trouble"),
        (false, None) => (StatusCode::OK, "ok"),
    };
    let now = house.now();
    let body = json!({
        "status": word,
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_seconds": now.since(house.live.since).as_secs(),
        "runs_active": active,
        "runs_waiting": waiting,
        // What went wrong may name paths of this machine: it is said on standard error, not to the network.
        "trouble": trouble.is_some(),
    });
    (status, [(header::CONTENT_TYPE, "application/json")], format!("{body}\n")).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_answered() {
        let loopback = Hosts::new("127.0.0.1:8620".parse().unwrap(), &[]);
        for (authority, ours) in [
            ("localhost", true),
            ("localhost:8620", true),
            ("LocalHost.:8620", true),
            ("127.0.0.1", true),
            ("127.0.0.1:9", true),
            ("[::1]:8620", true),
            ("evil.example", false),
            ("evil.example:8620", false),
            ("localhost.evil.example", false),
            ("127.0.0.1.nip.example", false),
            ("127.0.0.2", false),
            ("[::2]", false),
            ("[::1", false),
            ("", false),
            (":8620", false),
            ("user@localhost", false),
        ] {
            assert_eq!(loopback.include(authority), ours, "{authority}");
        }
        let network = Hosts::new("192.0.2.7:80".parse().unwrap(), &["Caveat.Authority.example".to_owned()]);
        for (authority, ours) in
            [("192.0.2.7", true), ("caveat.authority.example:80", true), ("localhost", false)]
        {
            assert_eq!(network.include(authority), ours, "{authority}");
        }
        let everywhere = Hosts::new("[::]:80".parse().unwrap(), &[]);
        assert!(everywhere.include("localhost") && !everywhere.include("[::]"));
    }

    #[test]
    fn two_host_fields_are_none() {
        let mut headers = HeaderMap::new();
        assert_eq!(asked_for(&Uri::from_static("/metrics"), &headers), None);
        headers.append(header::HOST, HeaderValue::from_static("localhost"));
        assert_eq!(asked_for(&Uri::from_static("/metrics"), &headers), Some("localhost"));
        assert_eq!(
            asked_for(&Uri::from_static("http://evil.example/metrics"), &headers),
            Some("evil.example")
        );
        headers.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert_eq!(asked_for(&Uri::from_static("/metrics"), &headers), None);
    }
}
