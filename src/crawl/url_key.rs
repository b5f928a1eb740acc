//! When are two addresses the same page? The duplicate key says so; the address itself is fetched as it stands.
//!
//! The key forgets what never changes the page: fragment, tracking and session parameters, their order, the scheme,
//! and spellings that RFC 3986 section 6.2.2 calls equivalent.

use std::fmt::Write as _;

use url::Url;

/// Parameters that follow a visitor, not a page; names ending in `*` are prefixes. Compiled from the public
/// documentation of the analytics and advertising services that append them.
const TRACKING: &[&str] = &[
    "_ga", "_gl", "dclid", "epik", "fbclid", "gad_*", "gbraid", "gclid", "gclsrc", "igshid", "mc_cid",
    "mc_eid", "mkt_tok", "msclkid", "mtm_*", "pk_*", "scm_*", "spm", "srsltid", "ttclid", "twclid", "utm_*",
    "wbraid", "yclid",
];

/// Parameters that arrange what a page shows and never choose another offer.
const ARRANGING: &[&str] =
    &["dir", "limit", "mode", "order", "orderby", "ref", "ref_", "sort", "sortby", "view"];

/// Parameters that name a visit.
const SESSION: &[&str] = &[
    "aspsessionid*",
    "cfid",
    "cftoken",
    "jsessionid",
    "phpsessid",
    "session_id",
    "sessionid",
    "sid",
    "zenid",
];

/// A value shorter than this is no session id: `?sid=12` may well choose a page.
const SESSION_VALUE_LENGTH: usize = 16;

/// The key under which the address is known: host, path and query in one fixed spelling.
pub fn duplicate_key(url: &Url) -> String {
    let mut key = String::with_capacity(url.as_str().len());
    key.push_str(url.host_str().unwrap_or_default().trim_end_matches('.'));
    if let Some(port) = url.port() {
        key.push(':');
        key.push_str(&port.to_string());
    }
    key.push_str(&normal_escapes(&without_path_session(url.path())));
    if let Some(query) = url.query() {
        let mut parameters: Vec<String> =
            query.split('&').filter(|parameter| names_a_page(parameter)).map(normal_escapes).collect();
        parameters.sort();
        if !parameters.is_empty() {
            key.push('?');
            key.push_str(&parameters.join("&"));
        }
    }
    key
}

/// The address without what follows a visitor, for showing and keeping.
pub fn clean(url: &Url) -> Url {
    let mut clean = url.clone();
    clean.set_fragment(None);
    clean.set_path(&without_path_session(url.path()));
    if let Some(query) = url.query() {
        let kept: Vec<&str> = query.split('&').filter(|parameter| names_a_page(parameter)).collect();
        let kept = kept.join("&");
        clean.set_query((!kept.is_empty()).then_some(kept.as_str()));
    }
    clean
}

/// Whether `word`, a page's own name for itself, and its `address` differ at most in parameters that arrange the page.
pub fn same_page(word: &Url, address: &Url) -> bool {
    let plain = |url: &Url| {
        let mut plain = url.clone();
        let query = url.query().unwrap_or_default().split('&').filter(|parameter| {
            let name = parameter.split('=').next().unwrap_or_default().to_ascii_lowercase();
            !ARRANGING.contains(&name.as_str())
        });
        let query = query.collect::<Vec<_>>().join("&");
        plain.set_query((!query.is_empty()).then_some(query.as_str()));
        duplicate_key(&plain)
    };
    plain(word) == plain(address)
}

fn names_a_page(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let name = name.to_ascii_lowercase();
    let listed = |names: &[&str]| {
        names.iter().any(|listed| match listed.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == *listed,
        })
    };
    !(parameter.is_empty() || listed(TRACKING) || (listed(SESSION) && value.len() >= SESSION_VALUE_LENGTH))
}

/// Java servers write the session into the path: `/shop;jsessionid=…`.
fn without_path_session(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment.split_once(';') {
        Some((name, rest)) if rest.to_ascii_lowercase().starts_with("jsessionid=") => name,
        _ => segment,
    });
    segments.collect::<Vec<_>>().join("/")
}

/// Escapes of unreserved characters undone, the others in capitals (RFC 3986 section 6.2.2).
fn normal_escapes(text: &str) -> String {
    let mut normal = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        normal.push_str(before);
        let digits = after.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
            normal.push_str("%25");
            rest = after;
            continue;
        };
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric() || "-._~".contains(letter) {
            normal.push(letter);
        } else {
            // Writing to a string cannot fail.
            let _ = write!(normal, "%{byte:02X}");
        }
        rest = after.get(2..).unwrap_or_default();
    }
    normal.push_str(rest);
    normal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(url: &str) -> String {
        duplicate_key(&Url::parse(url).unwrap())
    }

    #[test]
    fn what_never_changes_the_page_is_forgotten() {
        let same = [
            ("http://shop.example/p/1", "https://shop.example/p/1"),
            ("https://shop.example/p/1#reviews", "https://shop.example/p/1"),
            ("https://SHOP.example:443/p/1", "https://shop.example/p/1"),
            ("https://shop.example/p?b=2&a=1", "https://shop.example/p?a=1&b=2"),
            ("https://shop.example/p?id=7&utm_source=x&gclid=y", "https://shop.example/p?id=7"),
            ("https://shop.example/p;jsessionid=0A1B?id=7", "https://shop.example/p?id=7"),
            ("https://shop.example/p?PHPSESSID=0123456789abcdef0123", "https://shop.example/p"),
            ("https://shop.example/%7euser/%c3%a9", "https://shop.example/~user/é"),
            ("https://shop.example./p", "https://shop.example/p"),
            ("https://shop.example/p?", "https://shop.example/p"),
        ];
        for (left, right) in same {
            assert_eq!(key(left), key(right), "{left} and {right}");
        }
    }

    #[test]
    fn what_may_change_the_page_is_kept() {
        let different = [
            ("https://shop.example/p/1", "https://shop.example/p/2"),
            ("https://shop.example/p/1", "https://shop.example/P/1"),
            ("https://shop.example/p?id=1", "https://shop.example/p?id=2"),
            ("https://shop.example/p?sid=12", "https://shop.example/p"),
            ("https://shop.example:8443/p", "https://shop.example/p"),
            ("https://a.shop.example/p", "https://b.shop.example/p"),
            ("https://shop.example/a%2Fb", "https://shop.example/a/b"),
        ];
        for (left, right) in different {
            assert_ne!(key(left), key(right), "{left} and {right}");
        }
    }

    #[test]
    fn a_page_cannot_call_itself_by_another_offers_name() {
        let same =
            |word: &str, address: &str| same_page(&Url::parse(word).unwrap(), &Url::parse(address).unwrap());
        assert!(same("https://shop.example/p/1", "https://shop.example/p/1?sort=price&view=grid"));
        assert!(!same("https://shop.example/p/1", "https://shop.example/p/2"));
        assert!(!same("https://shop.example/item?id=1", "https://shop.example/item?id=666"));
        assert!(!same("https://shop.example/item", "https://shop.example/item?id=666"));
    }

    #[test]
    fn a_clean_address_still_leads_there() {
        let url = Url::parse("https://shop.example/p;jsessionid=1?utm_source=x&id=7&fbclid=z#top").unwrap();
        assert_eq!(clean(&url).as_str(), "https://shop.example/p?id=7");
    }

    proptest::proptest! {
        #[test]
        fn cleaning_keeps_the_key(path in "[a-z%;=/]{0,20}", query in "[a-z%&=_]{0,30}") {
            let url = Url::parse(&format!("https://shop.example/{path}?{query}")).unwrap();
            proptest::prop_assert_eq!(duplicate_key(&clean(&url)), duplicate_key(&url));
        }
    }
}
