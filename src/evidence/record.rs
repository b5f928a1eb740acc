//! Exchanges as WARC 1.1 records, each a gzip member of its own (ISO 28500:2017, annex D).

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use url::Position;

use super::digest;
use crate::clock::Timestamp;
use crate::page::Exchange;

/// Header fields that would make a reader undo what is undone already; kept under another name.
const RENAMED: [(&str, &str); 2] = [
    ("transfer-encoding", "X-Caveat-Orig-Transfer-Encoding"),
    ("content-length", "X-Caveat-Orig-Content-Length"),
];

/// The gzip member of a `warcinfo` record, first in every file.
pub(super) fn warcinfo(file: &str, at: Timestamp) -> Vec<u8> {
    let block = format!(
        "software: caveat/{}\r\nformat: WARC File Format 1.1\r\n\
         conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n",
        env!("CARGO_PKG_VERSION")
    );
    let fields = [
        ("WARC-Type", "warcinfo".to_owned()),
        ("WARC-Record-ID", record_id()),
        ("WARC-Date", at.to_string()),
        ("WARC-Filename", file.to_owned()),
        ("WARC-Block-Digest", digest::labelled(block.as_bytes())),
        ("Content-Type", "application/warc-fields".to_owned()),
    ];
    member(&fields, block.as_bytes())
}

/// The gzip members of one exchange: request, then response.
pub(super) fn exchange(exchange: &Exchange) -> [Vec<u8>; 2] {
    let request = request_block(exchange);
    let head = response_head(exchange);
    let response = [head.as_slice(), &exchange.body].concat();
    let (request_id, response_id) = (record_id(), record_id());
    let mut target = exchange.url.clone();
    target.set_fragment(None);
    let common = |kind: &str, id: &str, block: &[u8]| {
        vec![
            ("WARC-Type", kind.to_owned()),
            ("WARC-Record-ID", id.to_owned()),
            ("WARC-Date", exchange.sent_at.to_string()),
            ("WARC-Target-URI", target.to_string()),
            ("WARC-Block-Digest", digest::labelled(block)),
            ("Content-Type", format!("application/http; msgtype={kind}")),
        ]
    };
    let mut request_fields = common("request", &request_id, &request);
    request_fields.push(("WARC-Concurrent-To", response_id.clone()));
    let mut response_fields = common("response", &response_id, &response);
    response_fields.push(("WARC-Concurrent-To", request_id));
    response_fields.push(("WARC-Payload-Digest", digest::labelled(&exchange.body)));
    if let Some(remote) = exchange.remote {
        let address = remote.ip().to_canonical().to_string();
        request_fields.push(("WARC-IP-Address", address.clone()));
        response_fields.push(("WARC-IP-Address", address));
    }
    if exchange.truncated {
        response_fields.push(("WARC-Truncated", "unspecified".to_owned()));
    }
    [member(&request_fields, &request), member(&response_fields, &response)]
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
