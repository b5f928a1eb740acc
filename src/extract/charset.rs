//! Bytes → text: byte order mark, then HTTP header, then `<meta>`, then a guess.
//!
//! A declaration is believed unless the bytes themselves disprove it (UTF-8 that is not UTF-8), which is told.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How far into the page a `<meta>` is looked for: HTML says 1,024 bytes, real shops put scripts before it.
const PRESCAN_BYTES: usize = 16 * 1024;
/// How much text the guess looks at: enough for certainty, and bounded.
const GUESS_BYTES: usize = 256 * 1024;

/// A page as text.
#[derive(Debug)]
pub struct Decoded<'a> {
    /// The text; borrowed where the page is UTF-8.
    pub text: Cow<'a, str>,
    /// The encoding used.
    pub encoding: &'static Encoding,
    /// A declaration that the bytes disproved, in words for people.
    pub problem: Option<String>,
}

/// Decodes `body`, whose `Content-Type` header was `content_type`.
pub fn decode<'a>(body: &'a [u8], content_type: Option<&str>) -> Decoded<'a> {
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        let rest = body.get(mark..).unwrap_or(&[]);
        return Decoded { text: encoding.decode_without_bom_handling(rest).0, encoding, problem: None };
    }
    let head = body.get(..PRESCAN_BYTES).unwrap_or(body);
    let http =
        content_type.and_then(|value| charset_parameter(value.as_bytes())).and_then(Encoding::for_label);
    let declared = http.or_else(|| prescan(head)).or_else(|| loose_meta(head));
    let Some(encoding) = declared else { return guessed(body, None) };
    let (text, malformed) = encoding.decode_without_bom_handling(body);
    if !malformed {
        return Decoded { text, encoding, problem: None };
    }
    if encoding == UTF_8 {
        // A few stray bytes are damage in a UTF-8 page; many are another encoding.
        let damaged = text.matches('\u{FFFD}').count();
        let foreign = text.chars().filter(|c| !c.is_ascii()).count();
        if damaged * 2 > foreign {
            return guessed(body, Some("declared utf-8, but the bytes are not"));
        }
    }
    Decoded { text, encoding, problem: None }
}

fn guessed<'a>(body: &'a [u8], disproved: Option<&str>) -> Decoded<'a> {
    if disproved.is_none()
        && let Ok(text) = std::str::from_utf8(body)
    {
        let encoding = if body.is_ascii() { WINDOWS_1252 } else { UTF_8 };
        return Decoded { text: Cow::Borrowed(text), encoding, problem: None };
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(body.get(..GUESS_BYTES).unwrap_or(body), true);
    let encoding = detector.guess(None, chardetng::Utf8Detection::Deny);
    let problem = disproved.map(|what| format!("{what}: read as {}", encoding.name()));
    Decoded { text: encoding.decode_without_bom_handling(body).0, encoding, problem }
}

/// The encoding that the page's own `<meta>` declares: the prescan of the HTML standard (13.2.3.2).
pub fn prescan(head: &[u8]) -> Option<&'static Encoding> {
    let mut at = 0;
    while let Some(open) = memchr::memchr(b'<', head.get(at..)?).map(|offset| at + offset) {
        let rest = head.get(open..)?;
        if rest.starts_with(b"<!--") {
            at = open + 2 + memchr::memmem::find(rest.get(2..)?, b"-->")? + 3;
            continue;
        }
        let lowered: Vec<u8> = rest.iter().take(6).map(u8::to_ascii_lowercase).collect();
        let after_meta = matches!(rest.get(5), Some(b'\t' | b'\n' | 0x0C | b'\r' | b' ' | b'/'));
        if lowered.starts_with(b"<meta") && after_meta {
            let mut attributes = Attributes { bytes: head, at: open + 5 };
            if let Some(encoding) = meta_encoding(&mut attributes) {
                return Some(encoding);
            }
            at = attributes.at;
        } else if rest.get(1).is_some_and(u8::is_ascii_alphabetic)
            || (rest.get(1) == Some(&b'/') && rest.get(2).is_some_and(u8::is_ascii_alphabetic))
        {
            let name_end =
                rest.iter().position(|b| matches!(b, b'\t' | b'\n' | 0x0C | b'\r' | b' ' | b'>'))?;
            let mut attributes = Attributes { bytes: head, at: open + name_end };
            while attributes.next_pair().is_some() {}
            at = attributes.at;
        } else if matches!(rest.get(1), Some(b'!' | b'/' | b'?')) {
            at = open + memchr::memchr(b'>', rest)?;
        } else {
            at = open + 1;
        }
    }
    None
}

fn meta_encoding(attributes: &mut Attributes<'_>) -> Option<&'static Encoding> {
    let (mut pragma, mut needs_pragma, mut charset) = (false, None, None);
    let mut seen: Vec<Vec<u8>> = Vec::new();
    while let Some((name, value)) = attributes.next_pair() {
        if seen.contains(&name) {
            continue;
        }
        match name.as_slice() {
            b"http-equiv" => pragma |= value == b"content-type",
            b"content" if charset.is_none() => {
                if let Some(found) = charset_parameter(&value).and_then(Encoding::for_label) {
                    charset = Some(found);
                    needs_pragma = Some(true);
                }
            }
            b"charset" => {
                charset = Encoding::for_label(&value);
                needs_pragma = Some(false);
            }
            _ => {}
        }
        seen.push(name);
    }
    if needs_pragma? && !pragma {
        return None;
    }
    let encoding = charset?;
    Some(if encoding == UTF_16BE || encoding == UTF_16LE {
        UTF_8
    } else if encoding.name() == "x-user-defined" {
        WINDOWS_1252
    } else {
        encoding
    })
}

/// A `charset=` anywhere inside a `<meta>` tag: what damaged declarations (`httpequiv`, stray quotes) still mean.
fn loose_meta(head: &[u8]) -> Option<&'static Encoding> {
    let lowered = head.to_ascii_lowercase();
    let comment_free = without_comments(&lowered);
    for at in memchr::memmem::find_iter(&comment_free, b"<meta") {
        let rest = comment_free.get(at..)?;
        let tag = rest.get(..memchr::memchr(b'>', rest).unwrap_or(rest.len()))?;
        let found = charset_parameter(tag).and_then(Encoding::for_label);
        if let Some(encoding) = found.filter(|e| *e != UTF_16BE && *e != UTF_16LE) {
            return Some(encoding);
        }
    }
    None
}

fn without_comments(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = memchr::memmem::find(rest, b"<!--") {
        let (before, comment) = rest.split_at(at);
        out.extend_from_slice(before);
        let end = memchr::memmem::find(comment, b"-->").map_or(comment.len(), |end| end + 3);
        rest = comment.get(end..).unwrap_or(&[]);
    }
    out.extend_from_slice(rest);
    out
}

/// The value of the first `charset=` of a header or `content` attribute (HTML standard 2.6.5).
fn charset_parameter(value: &[u8]) -> Option<&[u8]> {
    let lowered = value.to_ascii_lowercase();
    let mut from = 0;
    loop {
        let found = memchr::memmem::find(lowered.get(from..)?, b"charset")?;
        from += found + "charset".len();
        let mut at = from + spaces(value.get(from..)?);
        if value.get(at) != Some(&b'=') {
            continue;
        }
        at += 1;
        at += spaces(value.get(at..)?);
        let rest = value.get(at..)?;
        return if let quote @ (b'"' | b'\'') = rest.first()? {
            let inner = rest.get(1..)?;
            inner.get(..memchr::memchr(*quote, inner)?)
        } else {
            let end = rest.iter().position(|b| b.is_ascii_whitespace() || matches!(b, b';' | b'"' | b'\''));
            rest.get(..end.unwrap_or(rest.len())).filter(|label| !label.is_empty())
        };
    }
}

fn spaces(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|b| b.is_ascii_whitespace()).count()
}

/// "Get an attribute" of the prescan: lower-cased names and values, one after the other.
struct Attributes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Attributes<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(|b| matches!(b, b'\t' | b'\n' | 0x0C | b'\r' | b' ')) {
            self.at += 1;
        }
    }

    /// The next name and value; `None` at the tag's end, with `at` on or after it.
    fn next_pair(&mut self) -> Option<(Vec<u8>, Vec<u8>)> {
        while self.peek().is_some_and(|b| matches!(b, b'\t' | b'\n' | 0x0C | b'\r' | b' ' | b'/')) {
            self.at += 1;
        }
        if matches!(self.peek()?, b'>') {
            return None;
        }
        let mut name = Vec::new();
        loop {
            match self.peek()? {
                b'=' if !name.is_empty() => break,
                b'\t' | b'\n' | 0x0C | b'\r' | b' ' => {
                    self.skip_spaces();
                    if self.peek()? != b'=' {
                        return Some((name, Vec::new()));
                    }
                    break;
                }
                b'/' | b'>' => return Some((name, Vec::new())),
                letter => name.push(letter.to_ascii_lowercase()),
            }
            self.at += 1;
        }
        self.at += 1;
        self.skip_spaces();
        let mut value = Vec::new();
        match self.peek()? {
            quote @ (b'"' | b'\'') => {
                self.at += 1;
                loop {
                    let letter = self.peek()?;
                    self.at += 1;
                    if letter == quote {
                        return Some((name, value));
                    }
                    value.push(letter.to_ascii_lowercase());
                }
            }
            b'>' => Some((name, value)),
            _ => loop {
                match self.peek()? {
                    b'\t' | b'\n' | 0x0C | b'\r' | b' ' | b'>' => return Some((name, value)),
                    letter => value.push(letter.to_ascii_lowercase()),
                }
                self.at += 1;
            },
        }
    }
}

/// Why bytes are no page of text; `None` where they may be one.
pub(super) fn not_text(body: &[u8], content_type: Option<&str>) -> Option<String> {
    const MAGIC: &[(&[u8], &str)] = &[
        (b"\x89PNG", "a PNG picture"),
        (b"\xFF\xD8\xFF", "a JPEG picture"),
        (b"GIF8", "a GIF picture"),
        (b"RIFF", "a media file"),
        (b"%PDF-", "a PDF document"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x1F\x8B", "gzip data"),
        (b"\x28\xB5\x2F\xFD", "Zstandard data"),
        (b"\x7FELF", "a program"),
        (b"wOF", "a font"),
    ];
    /// How much of the page is looked at for NUL bytes, which text in an 8-bit encoding never holds.
    const SAMPLE: usize = 8192;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Some("the page is empty".to_owned());
    }
    for (magic, what) in MAGIC {
        if body.starts_with(magic) {
            return Some(format!("the page is {what}, not HTML"));
        }
    }
    let kind = content_type.unwrap_or("").trim_start().to_ascii_lowercase();
    if ["image/", "video/", "audio/", "font/", "application/pdf", "application/zip"]
        .iter()
        .any(|k| kind.starts_with(k))
    {
        return Some(format!(
            "the server calls the page {}, not HTML",
            kind.split(';').next().unwrap_or("").trim()
        ));
    }
    let wide = Encoding::for_bom(body).is_some() || kind.contains("utf-16");
    let sample = body.get(..SAMPLE).unwrap_or(body);
    let nul = memchr::memchr_iter(0, sample).count();
    (!wide && nul * 100 > sample.len()).then(|| "the page is binary data, not HTML".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_mark_header_meta_guess() {
        let cases: [(&[u8], Option<&str>, &str, &str); 9] = [
            (b"\xEF\xBB\xBF\xD0\x9F", Some("text/html; charset=cp1251"), "UTF-8", "П"),
            (
                b"\xCF<meta charset=utf-8>",
                Some("text/html; charset=cp1251"),
                "windows-1251",
                "П<meta charset=utf-8>",
            ),
            (b"<meta charset='iso-8859-2'>\xB1", None, "ISO-8859-2", "<meta charset='iso-8859-2'>ą"),
            (b"\xC3\xA9t\xC3\xA9", None, "UTF-8", "été"),
            (b"plain", None, "windows-1252", "plain"),
            (b"<meta charset=utf-16>\xC3\xA9", None, "UTF-8", "<meta charset=utf-16>é"),
            (b"\xFF\xFEa\0", Some("text/html; charset=utf-8"), "UTF-16LE", "a"),
            (
                b"<META httpequiv=\"ContentType\" content=\"text/html; charset=gbk\">\xC4\xE3",
                None,
                "GBK",
                "<META httpequiv=\"ContentType\" content=\"text/html; charset=gbk\">你",
            ),
            (
                b"<!-- <meta charset=koi8-r> --><meta charset=utf-8>",
                None,
                "UTF-8",
                "<!-- <meta charset=koi8-r> --><meta charset=utf-8>",
            ),
        ];
        for (body, header, encoding, text) in cases {
            let decoded = decode(body, header);
            assert_eq!((decoded.encoding.name(), decoded.text.as_ref()), (encoding, text), "{body:?}");
        }
    }

    #[test]
    fn a_false_utf8_declaration_is_told() {
        let decoded =
            decode(b"Pr\xE4zise K\xFChlger\xE4te f\xFCr die K\xFCche", Some("text/html; charset=utf-8"));
        assert_eq!(decoded.text, "Präzise Kühlgeräte für die Küche");
        assert!(decoded.problem.unwrap().contains("utf-8"));
    }

    #[test]
    fn what_is_no_text_is_named() {
        assert!(not_text(b"\x89PNG\r\n", None).unwrap().contains("PNG"));
        assert!(not_text(b" \n", None).unwrap().contains("empty"));
        assert!(not_text(b"a\0b\0c\0d", None).unwrap().contains("binary"));
        assert_eq!(not_text(b"<p>a</p>", Some("text/html")), None);
        assert_eq!(not_text(b"\xFF\xFEa\0b\0c\0", None), None);
    }
}
