//! Exchanges as WARC 1.1 records, each a gzip member of its own (ISO 28500:2017, annex D).
//!
//! A chain of exchanges (redirects, then the page) lies together in one file: `metadata` about the whole, then request and
//! response by turns. The last response says how many bytes of the chain lie before it, so that it leads to all of them.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use url::{Position, Url};

use super::digest;
use crate::clock::Timestamp;
use crate::page::Exchange;

/// Header fields that would make a reader undo what is undone already; kept under another name.
const RENAMED: [(&str, &str); 2] = [
    ("transfer-encoding", "X-Caveat-Orig-Transfer-Encoding"),
    ("content-length", "X-Caveat-Orig-Content-Length"),
];
/// Bytes of the chain that lie before a record, in the same file.
pub(super) const CHAIN_BYTES: &str = "X-Caveat-Chain-Bytes";
/// The file and byte offset of the record that a `revisit` refers to.
pub(super) const REFERS_TO_FILE: &str = "WARC-Refers-To-Filename";
pub(super) const REFERS_TO_OFFSET: &str = "WARC-Refers-To-File-Offset";
/// Links shown in `hopsFromSeed`; whoever is deeper than this is lost in a trap anyway.
const MAX_HOPS: usize = 100;

const UNCHANGED: &str = "http://netpreserve.org/warc/1.1/revisit/server-not-modified";
const IDENTICAL: &str = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";

/// Who collects: what the `warcinfo` record of each file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Collector {
    /// The authority or organisation.
    pub operator: Option<String>,
    /// The crawler's name as sites see it.
    pub user_agent: Option<String>,
}

/// Why a page was asked for and by which rules it was judged: what the `metadata` record of a chain says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The source's id.
    pub source: String,
    /// The run's number.
    pub run: u64,
    /// SHA-256 of what the rules mean, hexadecimal.
    pub rules: String,
    /// The page it was found on.
    pub found_on: Option<String>,
    /// Links followed from a start page.
    pub depth: u32,
}

/// The record that a `revisit` refers to instead of repeating it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Original {
    pub(super) id: String,
    pub(super) target: String,
    pub(super) date: String,
    pub(super) payload_digest: String,
    pub(super) file: String,
    pub(super) offset: u64,
}

impl Original {
    /// Whether an exchange brought the very payload of this record, or the server says that it would have.
    fn profile(&self, exchange: &Exchange) -> Option<&'static str> {
        if exchange.status == 304 {
            return Some(UNCHANGED);
        }
        let same = !exchange.truncated && digest::labelled(&exchange.body) == self.payload_digest;
        same.then_some(IDENTICAL)
    }
}

type Fields = Vec<(&'static str, String)>;

/// The gzip member of a `warcinfo` record, first in every file.
pub(super) fn warcinfo(file: &str, at: Timestamp, collector: &Collector, more: &[(&str, &str)]) -> Vec<u8> {
    let software = format!("caveat/{}", env!("CARGO_PKG_VERSION"));
    let mut lines = vec![
        ("software", software.as_str()),
        ("format", "WARC File Format 1.1"),
        ("conformsTo", "http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/"),
        ("robots", "RFC 9309; exceptions stand in the report of the run"),
    ];
    lines.extend(collector.operator.as_deref().map(|operator| ("operator", operator)));
    lines.extend(collector.user_agent.as_deref().map(|agent| ("http-header-user-agent", agent)));
    lines.extend_from_slice(more);
    let block = warc_fields(&lines);
    let fields = [
        ("WARC-Type", "warcinfo".to_owned()),
        ("WARC-Record-ID", record_id()),
        ("WARC-Date", at.to_string()),
        ("WARC-Filename", file.to_owned()),
        ("WARC-Block-Digest", digest::labelled(&block)),
        ("Content-Type", "application/warc-fields".to_owned()),
    ];
    member(&fields, &block)
}

/// The gzip members of a chain of exchanges; the last one is the response, or the revisit, that findings point at.
pub(super) fn chain(
    exchanges: &[Exchange],
    provenance: Option<&Provenance>,
    original: Option<&Original>,
) -> Vec<Vec<u8>> {
    let Some((page, _)) = exchanges.split_last() else { return Vec::new() };
    let page_id = record_id();
    let mut members = Vec::with_capacity(exchanges.len() * 2 + 1);
    if let Some(provenance) = provenance {
        members.push(metadata(provenance, exchanges, page, &page_id));
    }
    for (place, exchange) in exchanges.iter().enumerate() {
        let is_page = place + 1 == exchanges.len();
        let (request_id, id) = (record_id(), if is_page { page_id.clone() } else { record_id() });
        let block = request_block(exchange);
        let mut fields = common(exchange, "request", &request_id, &block);
        fields.push(("WARC-Concurrent-To", id.clone()));
        members.push(member(&fields, &block));
        let before: usize = members.iter().map(Vec::len).sum();
        let original = original.filter(|_| is_page);
        members.push(answer(exchange, &id, request_id, original, is_page.then_some(before)));
    }
    members
}

/// A `response` record, or a `revisit` where the payload lies in an earlier one.
fn answer(
    exchange: &Exchange,
    id: &str,
    request_id: String,
    original: Option<&Original>,
    chain_bytes: Option<usize>,
) -> Vec<u8> {
    let mut block = response_head(exchange);
    let revisited = original.and_then(|original| Some((original, original.profile(exchange)?)));
    let mut fields = if let Some((original, profile)) = revisited {
        let mut fields = common(exchange, "revisit", id, &block);
        fields.push(("WARC-Profile", profile.to_owned()));
        fields.push(("WARC-Refers-To", original.id.clone()));
        fields.push(("WARC-Refers-To-Target-URI", original.target.clone()));
        fields.push(("WARC-Refers-To-Date", original.date.clone()));
        fields.push((REFERS_TO_FILE, original.file.clone()));
        fields.push((REFERS_TO_OFFSET, original.offset.to_string()));
        // Where the server only says so, no payload was seen, and none is vouched for.
        if profile == IDENTICAL {
            fields.push(("WARC-Payload-Digest", original.payload_digest.clone()));
        }
        fields
    } else {
        block.extend_from_slice(&exchange.body);
        let mut fields = common(exchange, "response", id, &block);
        fields.push(("WARC-Payload-Digest", digest::labelled(&exchange.body)));
        fields
    };
    fields.push(("WARC-Concurrent-To", request_id));
    if exchange.truncated {
        fields.push(("WARC-Truncated", "unspecified".to_owned()));
    }
    if let Some(before) = chain_bytes {
        fields.push((CHAIN_BYTES, before.to_string()));
    }
    member(&fields, &block)
}

/// What `request`, `response` and `revisit` have in common.
fn common(exchange: &Exchange, kind: &str, id: &str, block: &[u8]) -> Fields {
    let message = if kind == "request" { "request" } else { "response" };
    let mut fields = vec![
        ("WARC-Type", kind.to_owned()),
        ("WARC-Record-ID", id.to_owned()),
        ("WARC-Date", exchange.sent_at.to_string()),
        ("WARC-Target-URI", target(&exchange.url)),
        ("WARC-Block-Digest", digest::labelled(block)),
        ("Content-Type", format!("application/http; msgtype={message}")),
    ];
    if let Some(remote) = exchange.remote {
        fields.push(("WARC-IP-Address", remote.ip().to_canonical().to_string()));
    }
    fields
}

/// The record about a chain, with the field names that archives use where there are any.
fn metadata(provenance: &Provenance, exchanges: &[Exchange], page: &Exchange, page_id: &str) -> Vec<u8> {
    let Provenance { source, run, rules, found_on, depth } = provenance;
    let redirects = exchanges.len() - 1;
    // L for a link, R for a redirect.
    let links = usize::try_from(*depth).unwrap_or(MAX_HOPS).min(MAX_HOPS);
    let hops = "L".repeat(links) + &"R".repeat(redirects);
    let before = exchanges.iter().rev().nth(1).map(|hop| target(&hop.url));
    let via = before.as_deref().or(found_on.as_deref());
    let (run, took) = (run.to_string(), page.took.as_millis().to_string());
    let software = format!("caveat/{}", env!("CARGO_PKG_VERSION"));
    let mut lines: Vec<(&str, &str)> = via.map(|via| ("via", via)).into_iter().collect();
    lines.extend([("hopsFromSeed", hops.as_str()), ("fetchTimeMs", &took), ("source", source)]);
    lines.extend([("run", run.as_str()), ("rules", rules), ("software", &software)]);
    let block = warc_fields(&lines);
    let fields = [
        ("WARC-Type", "metadata".to_owned()),
        ("WARC-Record-ID", record_id()),
        ("WARC-Date", page.sent_at.to_string()),
        ("WARC-Target-URI", target(&page.url)),
        ("WARC-Refers-To", page_id.to_owned()),
        ("WARC-Concurrent-To", page_id.to_owned()),
        ("WARC-Block-Digest", digest::labelled(&block)),
        ("Content-Type", "application/warc-fields".to_owned()),
    ];
    member(&fields, &block)
}

fn target(url: &Url) -> String {
    let mut target = url.clone();
    target.set_fragment(None);
    target.into()
}

/// A block of type `application/warc-fields`.
fn warc_fields(lines: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in lines {
        field(&mut block, name, value.as_bytes());
    }
    block
}

fn request_block(exchange: &Exchange) -> Vec<u8> {
    let path = &exchange.url[Position::BeforePath..Position::AfterQuery];
    let mut block = format!("GET {path} HTTP/1.1\r\n").into_bytes();
    if !exchange.request_headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        let host = &exchange.url[Position::BeforeHost..Position::AfterPort];
        field(&mut block, "Host", host.as_bytes());
    }
    for (name, value) in &exchange.request_headers {
        field(&mut block, name, value.as_bytes());
    }
    block.extend_from_slice(b"\r\n");
    block
}

/// Status line and header of the answer. The reason phrase is not known any more, so none is made up.
fn response_head(exchange: &Exchange) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} \r\n", exchange.status).into_bytes();
    let length = exchange.body.len().to_string();
    for (name, value) in &exchange.response_headers {
        let renamed = RENAMED.iter().find(|(old, _)| name.eq_ignore_ascii_case(old));
        match renamed {
            // What the server promised is kept only where it differs from what came.
            Some(("content-length", _)) if value == length.as_bytes() => {}
            Some((_, new)) => field(&mut head, new, value),
            None => field(&mut head, name, value),
        }
    }
    field(&mut head, "Content-Length", length.as_bytes());
    head.extend_from_slice(b"\r\n");
    head
}

fn field(block: &mut Vec<u8>, name: &str, value: &[u8]) {
    // A line end inside a field would forge another field.
    let safe = |byte: u8| if byte == b'\r' || byte == b'\n' { b' ' } else { byte };
    block.extend(name.bytes().map(safe));
    block.extend_from_slice(b": ");
    block.extend(value.iter().copied().map(safe));
    block.extend_from_slice(b"\r\n");
}

fn member(fields: &[(&str, String)], block: &[u8]) -> Vec<u8> {
    let mut header = String::from("WARC/1.1\r\n");
    for (name, value) in fields {
        header.push_str(&[name, ": ", value, "\r\n"].concat());
    }
    header.push_str(&["Content-Length: ", &block.len().to_string(), "\r\n\r\n"].concat());
    let mut encoder = GzEncoder::new(Vec::with_capacity(block.len() / 3 + 512), Compression::default());
    let written =
        [header.as_bytes(), block, b"\r\n\r\n"].iter().try_for_each(|bytes| encoder.write_all(bytes));
    // Writing into a vector does not fail; were it to, the empty member would fail its check at once.
    written.and_then(|()| encoder.finish()).unwrap_or_default()
}

/// A random (version 4) UUID; the same number never names two records in practice, which is all that is asked.
fn record_id() -> String {
    let bits = (fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    let digits = format!("{bits:032x}");
    let mut id = String::from("<urn:uuid:");
    for (place, digit) in digits.chars().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            id.push('-');
        }
        id.push(digit);
    }
    id.push('>');
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_ids_are_version_4_uuids() {
        for _ in 0..100 {
            let id = record_id();
            assert_eq!(id.len(), "<urn:uuid:01234567-0123-4123-8123-012345678901>".len());
            assert_eq!(id.as_bytes()[24], b'4', "{id}");
            assert!(b"89ab".contains(&id.as_bytes()[29]), "{id}");
        }
    }
}
