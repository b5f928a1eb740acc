//! SURT keys: an address turned round, so that what lies on one site sorts together (`example,shop)/p/1`).
//!
//! The form that replay tools look pages up by: host labels from the right, `www` and usual ports out, percent-encoding
//! undone where it can be, lower case, parameters sorted, session ids out. Two addresses may share a key; the index line
//! holds the address itself.

use std::borrow::Cow;

use url::{Host, Url};

/// Rounds of undoing `%25…`; nobody means more.
const MAX_ROUNDS: usize = 10;
/// Parameters that carry nothing but a session, with the length of their value.
const SESSION_IDS: [(&str, usize); 3] = [("jsessionid", 32), ("phpsessid", 32), ("sid", 32)];
const ASP_SESSION: &str = "aspsessionid";

/// The key of an absolute address; `None` where it has no host.
pub(super) fn surt(url: &Url) -> Option<String> {
    let mut key = match url.host()? {
        Host::Domain(name) => {
            let name = name.trim_matches('.').to_ascii_lowercase();
            let labels: Vec<&str> = without_www(&name).split('.').rev().collect();
            labels.join(",")
        }
        Host::Ipv4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d},{c},{b},{a}")
        }
        Host::Ipv6(address) => address.to_string(),
    };
    if let Some(port) = url.port() {
        key.push(':');
        key.push_str(&port.to_string());
    }
    key.push(')');
    key.push_str(&path(url.path()));
    if let Some(query) = url.query().map(query).filter(|query| !query.is_empty()) {
        key.push('?');
        key.push_str(&query);
    }
    Some(key)
}

/// `www.`, `www2.` and the like are dropped.
fn without_www(name: &str) -> &str {
    let Some(rest) = name.strip_prefix("www") else { return name };
    let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
    rest.strip_prefix('.').filter(|rest| !rest.is_empty()).unwrap_or(name)
}

fn path(written: &str) -> String {
    let plain = unescaped(written.as_bytes());
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in plain.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let joined = kept.iter().flat_map(|segment| [b"/".as_slice(), segment]).collect::<Vec<_>>().concat();
    let path = escaped(if joined.is_empty() { b"/" } else { &joined });
    path.to_ascii_lowercase()
}

fn query(written: &str) -> String {
    let plain = escaped(&unescaped(written.as_bytes())).to_ascii_lowercase();
    let mut parameters: Vec<(&str, Option<&str>)> = plain
        .split('&')
        .map(|parameter| match parameter.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (parameter, None),
        })
        .collect();
    let cold_fusion = parameters.iter().any(|(name, _)| *name == "cftoken");
    parameters.retain(|(name, value)| !is_session(name, value.unwrap_or_default(), cold_fusion));
    parameters.sort_unstable();
    let shown = parameters.into_iter().map(|(name, value)| match value {
        Some(value) => Cow::Owned(format!("{name}={value}")),
        None => Cow::Borrowed(name),
    });
    shown.collect::<Vec<_>>().join("&")
}

fn is_session(name: &str, value: &str, cold_fusion: bool) -> bool {
    let letters = value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    SESSION_IDS.iter().any(|(known, length)| *known == name && value.len() == *length && letters)
        || (name.len() == 20 && name.starts_with(ASP_SESSION) && value.len() == 24 && letters)
        || (cold_fusion && matches!(name, "cfid" | "cftoken"))
}

/// Percent-encoding undone until nothing is left to undo.
fn unescaped(text: &[u8]) -> Vec<u8> {
    let mut plain = text.to_vec();
    for _ in 0..MAX_ROUNDS {
        let next = unescaped_once(&plain);
        if next == plain {
            break;
        }
        plain = next;
    }
    plain
}

fn unescaped_once(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        let byte = match (first, after) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        plain.push(byte.unwrap_or(*first));
        rest = after.get(if byte.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    plain
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// What is not visible ASCII is percent-encoded, once, and so are `#` and `%`.
fn escaped(plain: &[u8]) -> String {
    use std::fmt::Write;

    let mut text = String::with_capacity(plain.len());
    for byte in plain {
        if byte.is_ascii_graphic() && !matches!(byte, b'#' | b'%') {
            text.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(url: &str) -> String {
        surt(&Url::parse(url).unwrap()).unwrap()
    }

    /// Beside each address what `surt` 0.3 (Python) gives.
    #[test]
    fn keys_are_those_that_replay_tools_look_for() {
        let cases = [
            ("http://www.Example.com:80/", "com,example)/"),
            ("https://www2.shop.example:443/A/B/?b=2&a=1", "example,shop)/a/b?a=1&b=2"),
            ("http://127.0.0.1:8080/x/", "1,0,0,127:8080)/x"),
            ("http://[2001:db8::1]:8080/y", "2001:db8::1:8080)/y"),
            ("http://münchen.example/Straße?q=ü", "example,xn--mnchen-3ya)/stra%c3%9fe?q=%c3%bc"),
            ("http://shop.example/a//b/../c/./d", "example,shop)/a/c/d"),
            ("http://shop.example/p?", "example,shop)/p"),
            ("http://shop.example/p?a=&b", "example,shop)/p?a=&b"),
            ("http://shop.example/%7Euser/%C3%BC?x=%2F%20", "example,shop)/~user/%c3%bc?x=/%20"),
            ("http://shop.example/p?sid=0123456789ABCDEF0123456789ABCDEF&x=1", "example,shop)/p?x=1"),
            ("http://user:pw@shop.example/", "example,shop)/"),
            ("http://shop.example.:81/q", "example,shop:81)/q"),
            ("http://www.com/", "com)/"),
            ("https://shop.example/#frag", "example,shop)/"),
            ("http://shop.example/a%252Fb", "example,shop)/a/b"),
            ("http://shop.example/%", "example,shop)/%25"),
            ("http://shop.example/a,b|c?d|e", "example,shop)/a,b|c?d|e"),
            ("http://wwww.shop.example/", "example,shop,wwww)/"),
        ];
        for (url, expected) in cases {
            assert_eq!(key(url), expected, "{url}");
        }
        assert_eq!(surt(&Url::parse("data:text/plain,x").unwrap()), None);
    }

    proptest! {
        #[test]
        fn a_key_is_one_word_and_does_not_depend_on_order(tail in "[ -~ü]{0,30}", a in "[a-z]{1,3}", b in "[a-z]{1,3}") {
            if let Ok(url) = Url::parse(&format!("http://shop.example/{tail}")) {
                let key = surt(&url).unwrap();
                prop_assert!(key.starts_with("example,shop)/") && key.bytes().all(|byte| byte.is_ascii_graphic()));
            }
            prop_assert_eq!(key(&format!("http://s.example/?{a}=1&{b}=2")), key(&format!("http://s.example/?{b}=2&{a}=1")));
        }
    }
}
