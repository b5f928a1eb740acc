//! The HTTP answer inside a response record.

use super::{Record, WarcError, WarcFault};

/// Bytes of an HTTP header; servers and browsers stop far below.
const MAX_HEADER: usize = 256 << 10;

/// An HTTP answer taken out of a record: transfer-encoding removed, content-encoding kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpMessage {
    /// Status code.
    pub status: u16,
    /// Header fields in file order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body as transferred, without chunks.
    pub body: Vec<u8>,
}

impl HttpMessage {
    /// The first value of a header field, if it is UTF-8.
    pub fn header(&self, name: &str) -> Option<&str> {
        let field = self.headers.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        field.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }
}

/// Reads the HTTP answer in a `response` record. A `resource` record has none; it becomes status 200 with the record's
/// own content type.
pub fn http_response(record: &Record) -> Result<HttpMessage, WarcError> {
    if record.kind == "resource" {
        let kind = record.field("Content-Type").map(|kind| ("Content-Type".to_owned(), kind.into()));
        return Ok(HttpMessage {
            status: 200,
            headers: kind.into_iter().collect(),
            body: record.block.clone(),
        });
    }
    parse(&record.block).map_err(|fault| WarcError { offset: record.offset, fault: WarcFault::Http(fault) })
}

/// The bytes after the HTTP header, chunks and all.
pub(super) fn body_as_stored(block: &[u8]) -> Option<&[u8]> {
    let mut rest = block;
    loop {
        let (line, after) = split_line(rest)?;
        if block.len() - after.len() > MAX_HEADER {
            return None;
        }
        if line.is_empty() {
            return Some(after);
        }
        rest = after;
    }
}

fn parse(block: &[u8]) -> Result<HttpMessage, &'static str> {
    let (line, mut rest) = split_line(block).ok_or("it has no status line")?;
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    if !words.next().is_some_and(|protocol| protocol.starts_with(b"HTTP/")) {
        return Err("it does not begin with HTTP/");
    }
    let code = words.next().and_then(|code| std::str::from_utf8(code).ok());
    let status = code.and_then(|code| code.parse().ok()).filter(|code| (100..=999).contains(code));
    let status = status.ok_or("its status is no number")?;
    let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
    loop {
        // A record without a body may end with its header.
        let Some((line, after)) = split_line(rest) else {
            rest = &[];
            break;
        };
        rest = after;
        if line.is_empty() {
            break;
        }
        if block.len() - rest.len() > MAX_HEADER {
            return Err("its header is too long");
        }
        // A line without colon is no field; browsers ignore it too.
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        headers.push((String::from_utf8_lossy(name.trim_ascii()).into_owned(), value.to_vec()));
    }
    let chunked = headers.iter().any(|(name, value)| {
        name.eq_ignore_ascii_case("transfer-encoding") && value.to_ascii_lowercase().ends_with(b"chunked")
    });
    let body = if chunked { without_chunks(rest) } else { rest.to_vec() };
    Ok(HttpMessage { status, headers, body })
}

/// Removes chunk sizes (RFC 9112, 7.1). Many archives keep the header field but have removed the chunks already: a body
/// that does not begin with a chunk is whole. What follows a damaged chunk is lost.
fn without_chunks(body: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((line, after)) = split_line(rest) {
        let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        let Ok(size) = usize::from_str_radix(digits, 16) else {
            return if joined.is_empty() { body.to_vec() } else { joined };
        };
        if size == 0 {
            return joined;
        }
        let chunk = after.get(..size).unwrap_or(after);
        joined.extend_from_slice(chunk);
        rest = after.get(chunk.len()..).unwrap_or_default();
        rest = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")).unwrap_or(rest);
    }
    if joined.is_empty() { body.to_vec() } else { joined }
}

/// The first line without its end, and what follows it.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(b'\n', bytes)?;
    let (line, rest) = bytes.split_at(end);
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest.get(1..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn chunks_are_removed_where_there_are_any() {
        let cases: [(&str, &str); 7] = [
            ("4\r\nWiki\r\n6;ext=1\r\npedia \r\n0\r\n\r\n", "Wikipedia "),
            ("4\nWiki\n0\n\n", "Wiki"),
            ("<!doctype html>\n<p>no chunks", "<!doctype html>\n<p>no chunks"),
            ("4\r\nWiki\r\nzz\r\npedia", "Wiki"),
            ("10\r\ncut", "cut"),
            ("ffffffffffffffffff\r\nx", "ffffffffffffffffff\r\nx"),
            ("0\r\n\r\n", ""),
        ];
        for (body, expected) in cases {
            assert_eq!(without_chunks(body.as_bytes()), expected.as_bytes(), "{body:?}");
        }
    }

    #[test]
    fn a_message_is_read_and_what_is_none_is_told() {
        let message =
            parse(b"HTTP/1.1 404 Not Found\r\nContent-Type : text/html\r\nodd\nX:\r\n\r\nbody").unwrap();
        assert_eq!((message.status, message.header("content-type")), (404, Some("text/html")));
        assert_eq!((message.headers.len(), message.body.as_slice()), (2, &b"body"[..]));
        assert_eq!(parse(b"HTTP/1.1 204 \r\nA: b").unwrap().body, b"");
        for (bad, told) in [
            ("", "no status line"),
            ("GET / HTTP/1.1\r\n\r\n", "HTTP/"),
            ("HTTP/1.1 abc\r\n\r\n", "no number"),
        ] {
            let error = parse(bad.as_bytes()).unwrap_err();
            assert!(error.contains(told), "{bad:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            drop(parse(&bytes));
            drop(without_chunks(&bytes));
        }
    }
}
