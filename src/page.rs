//! What one URL gave: the [`Page`] that extraction reads, and the [`Exchange`] that evidence keeps.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::Timestamp;
use crate::listing::Listing;

/// The bytes of one page, content-encoding removed, character set not yet decided.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// Where the page was found after redirects; `None` for a saved file of unknown origin.
    pub url: Option<Url>,
    /// The value of the HTTP `Content-Type` header, if there was one.
    pub content_type: Option<String>,
    /// The page itself.
    pub body: Vec<u8>,
}

/// One HTTP exchange as it happened, ready to be written as evidence.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The URL that was asked for on this hop.
    pub url: Url,
    /// When the request was sent.
    pub sent_at: Timestamp,
    /// From sending the request to the last byte of the answer.
    pub took: Duration,
    /// The address that answered.
    pub remote: Option<SocketAddr>,
    /// The request's header fields, in the order sent. The method is always GET.
    pub request_headers: Vec<(String, String)>,
    /// The HTTP status code.
    pub status: u16,
    /// The answer's header fields as bytes that were valid header values, in the order received.
    pub response_headers: Vec<(String, Vec<u8>)>,
    /// The body as transferred: transfer-encoding removed, content-encoding kept.
    pub body: Vec<u8>,
    /// True when the body was cut because a size or time cap was reached.
    pub truncated: bool,
}

impl Exchange {
    /// The first value of a response header field, if it is UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response_headers
            .iter()
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .and_then(|(_, value)| std::str::from_utf8(value).ok())
    }
}

/// What a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PageType {
    /// One offer.
    Product,
    /// Many offers, each a card.
    Category,
    /// News, blog, help: text that offers nothing.
    Article,
    /// A captcha, consent wall, login wall or a shell that needs scripts: not seen.
    Blocked,
    /// None of these.
    Other,
}

/// What a link seems to lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LinkKind {
    /// A product page.
    Product,
    /// The next page of the same list.
    Next,
    /// A list of products.
    Category,
    /// Anything else.
    Other,
}

/// A link found on a page, resolved against its base URL.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Link {
    /// Absolute http or https URL without fragment; relative only where the page's own URL is unknown.
    pub url: String,
    /// What it seems to lead to.
    pub kind: LinkKind,
}

/// Everything that extraction reads from one page.
#[derive(Debug, Clone, Serialize)]
pub struct Extracted {
    /// What the page is for.
    pub page_type: PageType,
    /// The page's own offer.
    pub listing: Option<Listing>,
    /// Partial listings of other offers, in page order.
    pub cards: Vec<Listing>,
    /// Where the page leads, without repeats, in page order.
    pub links: Vec<Link>,
    /// What went wrong or was cut, in words for people.
    pub problems: Vec<String>,
    /// The page asks robots not to follow its links (`<meta name="robots" content="nofollow">`).
    #[serde(skip)]
    pub nofollow: bool,
    /// The page's own word for its address (`<link rel="canonical">`), resolved.
    #[serde(skip)]
    pub canonical: Option<String>,
}
