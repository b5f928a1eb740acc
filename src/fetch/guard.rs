//! Which URLs and addresses may be contacted at all: http and https, public addresses, and the loopback pairs that a
//! source opens by naming them as start pages. Pure; the fetcher applies it to every hop and the resolver to every answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use super::outcome::NotFetched;

/// Longest URL that is fetched. RFC 9110, 4.1 asks everybody to support 8,000 octets; longer ones are traps.
const MAX_URL_BYTES: usize = 8192;

/// Last labels of names that never belong to a public site (RFC 6761, 6762, 7686, 8375 and common practice).
const LOCAL_NAMES: &[&str] = &[
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "home.arpa",
    "onion",
    "invalid",
];

/// Registered ports above 1023 that speak something else than HTTP (WHATWG Fetch, "bad ports"). Below 1024 only 80 and
/// 443 are opened, so that nobody can aim the crawler at a mail server.
const FOREIGN_PORTS: &[u16] = &[
    1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679,
    6697, 10080,
];

/// Checks what can be told without looking the host up: scheme, length, userinfo, port, local names, and addresses in
/// every spelling that the URL standard knows. `loopback` lists the loopback pairs that are open.
pub fn check_url(url: &Url, loopback: &[SocketAddr]) -> Result<(), NotFetched> {
    let bad = |why: &str| Err(NotFetched::BadUrl { url: shortened(url.as_str()), why: why.to_owned() });
    if !matches!(url.scheme(), "http" | "https") {
        return bad("only http and https are fetched");
    }
    if url.as_str().len() > MAX_URL_BYTES {
        return bad("it is longer than 8192 bytes");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return bad("it carries a user name or password");
    }
    let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
        return bad("it names no host");
    };
    let opened = match host {
        Host::Domain(name) => {
            return check_name(name, port, loopback).and_then(|opened| {
                if opened || port_is_open(port) { Ok(()) } else { bad("its port is not one of the web") }
            });
        }
        Host::Ipv4(address) => check_address(SocketAddr::new(address.into(), port), loopback),
        Host::Ipv6(address) => check_address(SocketAddr::new(address.into(), port), loopback),
    };
    match opened {
        Ok(true) => Ok(()),
        Ok(false) if port_is_open(port) => Ok(()),
        Ok(false) => bad("its port is not one of the web"),
        Err(kind) => Err(NotFetched::PrivateAddress {
            host: url.host_str().unwrap_or_default().to_owned(),
            address: kind.to_owned(),
        }),
    }
}

/// True for the names that always mean this machine (RFC 6761, 6.3).
pub(super) fn is_localhost(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.rsplit('.').next().is_some_and(|label| label.eq_ignore_ascii_case("localhost"))
}

/// `Ok(true)` for a loopback pair that is open, `Ok(false)` for a public address, else what the address is.
pub(super) fn check_address(address: SocketAddr, loopback: &[SocketAddr]) -> Result<bool, &'static str> {
    if address.ip().is_loopback() && loopback.contains(&address) {
        return Ok(true);
    }
    match not_public(address.ip()) {
        None => Ok(false),
        Some(kind) => Err(kind),
    }
}

/// What an address is when it is not one of the public internet; `None` for public ones. After the IANA registries of
/// special-purpose addresses (RFC 6890 and its successors). In IPv6 only what is known to be public passes.
pub(super) fn not_public(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => not_public_v4(address),
        IpAddr::V6(address) => not_public_v6(address),
    }
}

fn not_public_v4(address: Ipv4Addr) -> Option<&'static str> {
    Some(match address.octets() {
        [0, ..] => "an address of this network (0.0.0.0/8)",
        [127, ..] => "a loopback address",
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] => "a private address",
        [100, 64..=127, ..] => "an address inside a carrier's network (100.64.0.0/10)",
        [169, 254, ..] => "a link-local address",
        [192, 0, 0, _] | [192, 88, 99, _] => "an address of protocol machinery",
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => "an address for documentation",
        [198, 18..=19, ..] => "an address for benchmarks",
        [224..=239, ..] => "a multicast address",
        [240..=255, ..] => "a reserved address",
        _ => return None,
    })
}

fn not_public_v6(address: Ipv6Addr) -> Option<&'static str> {
    // A mapped or translated address reaches the IPv4 address that it carries.
    if let Some(carried) = address.to_ipv4_mapped() {
        return not_public_v4(carried);
    }
    Some(match address.segments() {
        [0x0064, 0xff9b, 0, 0, 0, 0, high, low] => {
            let [a, b] = high.to_be_bytes();
            let [c, d] = low.to_be_bytes();
            return not_public_v4(Ipv4Addr::new(a, b, c, d));
        }
        [0, 0, 0, 0, 0, 0, 0, 1] => "a loopback address",
        [0, ..] => "an unspecified or IPv4-compatible address",
        [0xfe80..=0xfebf, ..] => "a link-local address",
        [0xfec0..=0xfeff, ..] => "a site-local address",
        [0xfc00..=0xfdff, ..] => "a private address",
        [0xff00..=0xffff, ..] => "a multicast address",
        [0x2001, 0..=0x01ff, ..] => "a Teredo or protocol address (2001::/23)",
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => "an address for documentation",
        [0x2002, ..] => "a 6to4 address",
        [0x2000..=0x3fff, ..] => return None,
        _ => "an address outside the public range (2000::/3)",
    })
}

/// `Ok(true)` for `localhost` where both families of its port are open.
fn check_name(name: &str, port: u16, loopback: &[SocketAddr]) -> Result<bool, NotFetched> {
    let refused =
        |what: &str| Err(NotFetched::PrivateAddress { host: shortened(name), address: what.to_owned() });
    let bare = name.trim_end_matches('.').to_ascii_lowercase();
    if is_localhost(&bare) {
        let pairs = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        let open = pairs.iter().all(|address| loopback.contains(&SocketAddr::new(*address, port)));
        return if open { Ok(true) } else { refused("a loopback name") };
    }
    if !bare.contains('.') {
        return refused("a name without a dot, which only a local network knows");
    }
    let local = |suffix: &&&str| bare.strip_suffix(**suffix).is_some_and(|rest| rest.ends_with('.'));
    match LOCAL_NAMES.iter().find(local) {
        Some(suffix) => refused(&format!("a name of local networks (.{suffix})")),
        None => Ok(false),
    }
}

fn port_is_open(port: u16) -> bool {
    matches!(port, 80 | 443) || (port >= 1024 && !FOREIGN_PORTS.contains(&port))
}

/// Long foreign text is cut before it enters a message.
pub(super) fn shortened(text: &str) -> String {
    const SHOWN: usize = 300;
    if text.chars().nth(SHOWN).is_none() {
        return text.to_owned();
    }
    text.chars().take(SHOWN).chain("…".chars()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn checked(text: &str) -> Result<(), String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        check_url(&url, &[]).map_err(|error| error.code().to_owned())
    }

    #[test]
    fn private_addresses_are_refused_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "017700000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "0.0.0.0",
            "0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "0xa9fea9fe",
            "2852039166",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::ffff:10.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[64:ff9b::a9fe:a9fe]",
            "[64:ff9b:1::1]",
            "[2002:7f00:1::]",
            "[2002:808:808::1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[3fff::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[fe80::1]",
            "[fec0::1]",
            "[ff02::1]",
            "[100::1]",
            "localhost",
            "LOCALHOST",
            "localhost.",
            "shop.localhost",
            "shop.localhost.",
            "printer.local",
            "metadata.google.internal",
            "router.home.arpa",
            "intranet",
            "①②⑦.0.0.1",
            "ⓛocalhost",
        ] {
            assert_eq!(checked(&format!("http://{host}/")), Err("private-address".into()), "{host}");
            assert_eq!(checked(&format!("https://{host}:8443/x")), Err("private-address".into()), "{host}");
        }
    }

    #[test]
    fn public_hosts_pass() {
        for url in [
            "http://shop.example/",
            "https://shop.example:8443/",
            "http://8.8.8.8/",
            "http://[2606:4700::1111]/",
            "http://[64:ff9b::8.8.8.8]/",
            "http://[::ffff:8.8.8.8]/",
            "http://172.32.0.1/",
            "http://100.128.0.1/",
            "http://mylocal.example/",
            "http://münchen.example/",
            "http://shop.example./",
        ] {
            assert_eq!(checked(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn other_schemes_ports_and_userinfo_are_bad_urls() {
        let long = format!("http://shop.example/{}", "a".repeat(9000));
        for url in [
            "file:///etc/passwd",
            "ftp://shop.example/",
            "gopher://shop.example/",
            "data:text/html,x",
            "javascript:1",
            "http://user@shop.example/",
            "http://:pw@shop.example/",
            "http://shop.example:25/",
            "http://8.8.8.8:22/",
            "http://shop.example:6667/",
            long.as_str(),
        ] {
            assert_eq!(checked(url), Err("bad-url".into()), "{url}");
        }
    }

    #[test]
    fn only_the_named_loopback_pair_is_open() {
        let open = [SocketAddr::from(([127, 0, 0, 1], 8080))];
        let allowed = |text: &str| check_url(&Url::parse(text).unwrap(), &open).is_ok();
        assert!(allowed("http://127.0.0.1:8080/"));
        assert!(allowed("http://2130706433:8080/"), "the same address in another spelling");
        for other in [
            "http://127.0.0.1:8081/",
            "http://127.0.0.2:8080/",
            "http://localhost:8080/",
            "http://[::1]:8080/",
            "http://[::ffff:127.0.0.1]:8080/",
            "http://0.0.0.0:8080/",
        ] {
            assert!(!allowed(other), "{other}");
        }
        let named = [SocketAddr::from(([127, 0, 0, 1], 80)), SocketAddr::from((Ipv6Addr::LOCALHOST, 80))];
        assert!(check_url(&Url::parse("http://shop.localhost/").unwrap(), &named).is_ok());
    }

    #[test]
    fn private_pairs_cannot_be_opened() {
        let open = [SocketAddr::from(([192, 168, 0, 1], 80))];
        assert!(check_url(&Url::parse("http://192.168.0.1/").unwrap(), &open).is_err());
    }

    proptest! {
        #[test]
        fn every_spelling_of_an_address_is_judged_alike(bits: u32, near in 0u8..8) {
            // Random addresses are mostly public; half of the time take one near the special ranges.
            let bits = match near {
                0 => bits & 0x00ff_ffff | 0x7f00_0000,
                1 => bits & 0x00ff_ffff | 0x0a00_0000,
                2 => bits & 0x0000_ffff | 0xa9fe_0000,
                3 => bits & 0x001f_ffff | 0xac00_0000,
                _ => bits,
            };
            let address = Ipv4Addr::from_bits(bits);
            let private = not_public_v4(address).is_some();
            let [a, b, c, d] = address.octets();
            for host in [
                format!("{a}.{b}.{c}.{d}"),
                format!("{a}.{b}.{c}.{d}."),
                format!("{bits}"),
                format!("0x{bits:x}"),
                format!("0{bits:o}"),
                format!("{a}.{}", bits & 0x00ff_ffff),
                format!("0x{a:x}.0{b:o}.{}", bits & 0xffff),
                format!("[::ffff:{a}.{b}.{c}.{d}]"),
                format!("[64:ff9b::{a}.{b}.{c}.{d}]"),
            ] {
                let checked = checked(&format!("http://{host}/"));
                prop_assert_eq!(checked.is_err(), private, "{}", host);
            }
        }

        #[test]
        fn no_url_panics(text in "(https?|file)://[0-9a-fx.:\\[\\]@%-]{0,30}/.{0,10}") {
            let _ = checked(&text);
        }
    }
}
