//! One question to a service that its operator named in the configuration: a time-stamping authority. It is no crawl, so
//! neither robots.txt nor gates apply; guard, caps and times do.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use url::{Host, Url};

use super::Fetcher;
use super::guard::{check_address, check_url, shortened};
use super::outcome::NotFetched;
use super::transport::Size;

impl Fetcher {
    /// Sends `body` and answers the body of an answer 200, which has `most` bytes at most. Redirects are not followed.
    /// A loopback address is reached only where the URL names it as a literal with its port.
    pub async fn post(
        &self,
        url: &Url,
        content_type: &str,
        body: Vec<u8>,
        most: usize,
    ) -> Result<Vec<u8>, NotFetched> {
        let loopback: Vec<SocketAddr> = literal(url).into_iter().collect();
        check_url(url, &loopback)?;
        let headers = vec![
            ("user-agent".to_owned(), self.options.user_agent.clone()),
            ("content-type".to_owned(), content_type.to_owned()),
        ];
        let head = self.transport.post(url, headers, body, Arc::new(|_| {})).await?;
        if let Some(remote) = head.exchange.remote {
            check_address(remote, &loopback).map_err(|kind| NotFetched::PrivateAddress {
                host: shortened(url.host_str().unwrap_or_default()),
                address: format!("{remote}, {kind}"),
            })?;
        }
        let (exchange, read) = self.transport.read(head, Size::Refuse(most)).await;
        read?;
        if exchange.status == 200 {
            Ok(exchange.body)
        } else {
            Err(NotFetched::Status { status: exchange.status })
        }
    }
}

/// The address and port that a URL names as they are.
fn literal(url: &Url) -> Option<SocketAddr> {
    let ip = match url.host()? {
        Host::Ipv4(address) => IpAddr::V4(address),
        Host::Ipv6(address) => IpAddr::V6(address),
        Host::Domain(_) => return None,
    };
    Some(SocketAddr::new(ip, url.port_or_known_default()?))
}
