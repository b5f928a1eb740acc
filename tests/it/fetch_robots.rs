//! robots.txt as the fetcher obeys it, and the suites of outside data for robots.txt and encodings.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use caveat::clock::{FixedClock, Timestamp};
use caveat::fetch::decode::{Caps, decode};
use caveat::fetch::robots::{Robots, target_as_written};
use caveat::fetch::{FetchOptions, Fetcher, Hold, Manners, NotFetched};

use crate::shop::{Answer, Part, Shop};

const NOW: Timestamp = Timestamp(1_764_000_000_000);

fn fetcher_at(clock: Arc<FixedClock>) -> Fetcher {
    Fetcher::new(FetchOptions::new("caveat/0.1 (test)", clock)).unwrap()
}

fn fetcher() -> Fetcher {
    fetcher_at(Arc::new(FixedClock::new(NOW)))
}

fn manners(shops: &[&Shop]) -> Manners {
    Manners {
        rate_per_second: 2000.0,
        loopback: shops.iter().map(|shop| shop.address()).collect(),
        ..Manners::default()
    }
}

/// A shop whose robots.txt is `answer` and whose every other page exists.
fn shop(answer: Answer) -> Shop {
    Shop::open(move |request| match request.path.as_str() {
        "/robots.txt" => answer.clone(),
        _ => Answer::html("a page"),
    })
}

async fn outcome(fetcher: &Fetcher, shop: &Shop, path: &str) -> Result<(), NotFetched> {
    fetcher.get(&shop.url(path), &manners(&[shop])).await.outcome.map(|_| ())
}

#[tokio::test]
async fn rules_are_obeyed_and_asked_for_once() {
    let shop = shop(Answer::text("user-agent: *\ndisallow: /cart\nallow: /cart/help\n"));
    let fetcher = fetcher();
    assert_eq!(outcome(&fetcher, &shop, "/p/1").await, Ok(()));
    assert_eq!(outcome(&fetcher, &shop, "/cart/help").await, Ok(()));
    let origin = format!("http://{}", shop.address());
    let refused = NotFetched::Refused { origin, line: 2, rule: "disallow: /cart".into() };
    assert_eq!(outcome(&fetcher, &shop, "/cart?x=1").await, Err(refused));
    assert_eq!(shop.paths(), ["/robots.txt", "/p/1", "/cart/help"]);
}

#[tokio::test]
async fn our_own_group_comes_first() {
    let shop = shop(Answer::text("user-agent: *\ndisallow: /\nuser-agent: Caveat\ndisallow: /x\n"));
    let fetcher = fetcher();
    assert_eq!(outcome(&fetcher, &shop, "/p").await, Ok(()));
    assert!(outcome(&fetcher, &shop, "/x").await.is_err());
}

#[tokio::test]
async fn redirects_are_checked_against_the_robots_txt_of_their_host() {
    let closed = shop(Answer::text("user-agent: *\ndisallow: /\n"));
    let to = closed.url("/p");
    let open = Shop::open(move |request| match request.path.as_str() {
        "/robots.txt" => Answer::not_found(),
        _ => Answer::redirect(to.clone()),
    });
    let fetched = fetcher().get(&open.url("/"), &manners(&[&open, &closed])).await;
    assert!(matches!(fetched.outcome, Err(NotFetched::Refused { .. })));
    assert_eq!((fetched.exchanges.len(), closed.paths()), (1, vec!["/robots.txt".to_owned()]));
}

#[tokio::test]
async fn what_does_not_exist_forbids_nothing() {
    let page = "<html><body>User-agent: *<br>\nDisallow: /</body></html>";
    for (what, answer) in [
        ("404", Answer::not_found()),
        ("401", Answer::status(401)),
        ("403", Answer::status(403)),
        ("410", Answer::status(410)),
        ("html", Answer::html(page)),
        ("empty", Answer::text("")),
        ("binary", Answer::text(vec![0xff; 3000])),
        ("lost redirect", Answer::status(301)),
        ("circle", Answer::redirect("/robots.txt")),
    ] {
        let shop = shop(answer);
        assert_eq!(outcome(&fetcher(), &shop, "/p").await, Ok(()), "{what}");
    }
}

#[tokio::test]
async fn unreachable_means_wait() {
    let break_off = Answer::raw(vec![
        Part::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nuser".to_vec()),
        Part::Close,
    ]);
    for (what, answer, seconds) in [
        ("500", Answer::status(500), 30),
        ("503", Answer::status(503).header("Retry-After", "100"), 100),
        ("429", Answer::status(429), 30),
        ("short", break_off, 30),
        ("private", Answer::redirect("http://10.0.0.1/robots.txt"), 30),
        ("file", Answer::redirect("file:///etc/passwd"), 30),
        ("too many encodings", Answer::text("x").header("Content-Encoding", "br,br,br,br"), 30),
        ("wrong encoding", Answer::text("x").header("Content-Encoding", "gzip"), 30),
    ] {
        let shop = shop(answer);
        let fetcher = fetcher();
        let Err(NotFetched::RobotsUnreachable { until, .. }) = outcome(&fetcher, &shop, "/p").await else {
            panic!("{what}: it must wait");
        };
        let waits = until.since(NOW).as_secs_f64();
        assert!((waits - f64::from(seconds)).abs() < 2.0, "{what}: {waits}");
        assert!(outcome(&fetcher, &shop, "/q").await.is_err(), "{what}");
        assert_eq!(shop.paths(), ["/robots.txt"], "{what}: and nothing is asked meanwhile");
    }
}

#[tokio::test]
async fn it_is_asked_again_when_its_time_comes() {
    let asked = AtomicUsize::new(0);
    let shop = Shop::open(move |request| match request.path.as_str() {
        "/robots.txt" => match asked.fetch_add(1, Ordering::SeqCst) {
            0 | 2 => Answer::status(500),
            1 => Answer::text("user-agent: *\ndisallow: /x\n"),
            _ => Answer::not_found(),
        },
        _ => Answer::html("a page"),
    });
    let clock = Arc::new(FixedClock::new(NOW));
    let fetcher = fetcher_at(Arc::clone(&clock));
    assert!(
        outcome(&fetcher, &shop, "/x").await.is_err_and(|failure| failure.code() == "robots-unreachable")
    );
    clock.advance(Duration::from_secs(31));
    assert!(outcome(&fetcher, &shop, "/x").await.is_err_and(|failure| failure.code() == "refused"));
    clock.advance(Duration::from_hours(24));
    assert!(
        outcome(&fetcher, &shop, "/x").await.is_err_and(|failure| failure.code() == "refused"),
        "the old copy holds while the new one cannot be had"
    );
    clock.advance(Duration::from_secs(31));
    assert_eq!(outcome(&fetcher, &shop, "/x").await, Ok(()));
}

#[tokio::test]
async fn five_redirects_are_followed_for_robots_txt() {
    let chain = |length: usize| {
        Shop::open(move |request| {
            let hop = match request.path.as_str() {
                "/robots.txt" => 0,
                path => match path.strip_prefix("/hop") {
                    Some(number) => number.parse().unwrap(),
                    None => return Answer::html("a page"),
                },
            };
            if hop < length {
                Answer::redirect(format!("/hop{}", hop + 1))
            } else {
                Answer::text("user-agent: *\ndisallow: /p\n")
            }
        })
    };
    assert!(outcome(&fetcher(), &chain(5), "/p").await.is_err());
    assert_eq!(outcome(&fetcher(), &chain(6), "/p").await, Ok(()), "RFC 9309, 2.3.1.2");
}

#[tokio::test]
async fn the_crawl_delay_holds_in_the_servers_log() {
    let shop = shop(Answer::text("user-agent: *\ncrawl-delay: 0.1\n"));
    let fetcher = fetcher();
    for number in 0..4 {
        outcome(&fetcher, &shop, &format!("/{number}")).await.unwrap();
    }
    shop.assert_spaced(Duration::from_millis(100));
}

#[tokio::test]
async fn absurd_crawl_delays_pause_the_source() {
    for (delay, seconds) in [("121", 121), ("1e9", 1_000_000_000), ("inf", u64::MAX)] {
        let shop = shop(Answer::text(format!("user-agent: *\ncrawl-delay: {delay}\n")));
        let failure = outcome(&fetcher(), &shop, "/p").await.unwrap_err();
        assert!(
            matches!(failure, NotFetched::CrawlDelayTooLong { seconds: told, cap: 120, .. } if told == seconds),
            "{failure:?}"
        );
        assert_eq!(shop.paths(), ["/robots.txt"]);
    }
    for delay in ["-1", "nan", "soon"] {
        let shop = shop(Answer::text(format!("user-agent: *\ncrawl-delay: {delay}\n")));
        assert_eq!(outcome(&fetcher(), &shop, "/p").await, Ok(()), "{delay}");
    }
}

#[tokio::test]
async fn a_long_crawl_delay_sends_the_caller_away() {
    let shop = shop(Answer::text("user-agent: *\ncrawl-delay: 60\n"));
    let fetcher = fetcher();
    // robots.txt itself was the first request.
    let failure = outcome(&fetcher, &shop, "/p").await.unwrap_err();
    let NotFetched::Held { until, hold: Hold::Queue } = failure else { panic!("{failure}") };
    assert_eq!(until.since(NOW).as_secs(), 60);
}

#[tokio::test]
async fn an_endless_robots_txt_is_read_to_its_cap() {
    let head = b"HTTP/1.1 200 OK\r\n\r\nuser-agent: *\ndisallow: /x\n".to_vec();
    let shop = shop(Answer::raw(vec![Part::Bytes(head), Part::Forever(vec![b'#'; 10_000], Duration::ZERO)]));
    let fetcher = fetcher();
    assert!(outcome(&fetcher, &shop, "/x").await.is_err_and(|failure| failure.code() == "refused"));
    assert_eq!(outcome(&fetcher, &shop, "/p").await, Ok(()));
}

fn suites() -> Option<PathBuf> {
    let suites = std::env::var_os("CAVEAT_SUITES").map(PathBuf::from);
    if suites.is_none() {
        eprintln!("not run: CAVEAT_SUITES is unset");
    }
    suites
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for digit in text.chars().filter_map(|letter| DIGITS.find(letter)) {
        bits = bits << 6 | u32::try_from(digit).unwrap();
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    out
}

#[test]
fn suite_of_robots_decisions() {
    let Some(suites) = suites() else { return };
    let text = fs::read_to_string(suites.join("suites/robots/cases.json")).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let text = |field: &str| case[field].as_str().unwrap();
        let target = target_as_written(text("url"));
        let decision = Robots::parse(&base64(text("robots_b64"))).decide(text("agent"), &target);
        if decision.allowed != case["allowed"].as_bool().unwrap() {
            wrong.push(format!("{}: {} {} gave {decision:?}", text("file"), text("agent"), text("url")));
        }
    }
    assert!(cases.len() >= 200);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn suite_of_real_robots_files() {
    let Some(suites) = suites() else { return };
    let targets: Vec<String> = ["/", "/search?q=a", "/product/100/some-name.html?variant=2&ref=x"]
        .into_iter()
        .map(str::to_owned)
        .chain([format!("/{}", "a/".repeat(4000)), format!("/?{}", "a=*&".repeat(2000))])
        .collect();
    let mut files = 0;
    for entry in fs::read_dir(suites.join("suites/robots/real")).unwrap() {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let began = Instant::now();
        let robots = Robots::parse(&bytes);
        for target in &targets {
            for agent in ["caveat", "googlebot", "*"] {
                robots.decide(agent, target);
                robots.crawl_delay(agent);
            }
        }
        assert!(began.elapsed() < Duration::from_secs(3), "{}: {:?}", path.display(), began.elapsed());
        files += 1;
    }
    assert!(files > 400);
}

#[test]
fn suite_of_encoded_bodies() {
    let Some(suites) = suites() else { return };
    let read = |name: &str| fs::read(suites.join("suites/compressed").join(name)).unwrap();
    let page = decode("gzip", &read("html-gzip.bin"), Caps::default()).unwrap();
    assert!(page.len() > 10_000);
    for (name, encodings) in [
        ("html-br.bin", "br"),
        ("html-rawdeflate.bin", "deflate"),
        ("html-zlibdeflate.bin", "deflate"),
        ("html-zstd-static-content-size.bin", "zstd"),
        ("html-zstd-static-no-content-size.bin", "zstd"),
        ("html-zstd-streaming-no-content-size.bin", "zstd"),
        ("html-gzip-deflate.bin", "gzip, deflate"),
        ("html-gzip-deflate-gzip.bin", "gzip, deflate, gzip"),
    ] {
        let decoded = decode(encodings, &read(name), Caps::default());
        let decoded = decoded.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(decoded.len() > 10_000 && decoded.starts_with(&page[..4]), "{name}: {}", decoded.len());
    }
    assert_eq!(
        decode("gzip", &read("feed-sample1.xml.gz"), Caps::default()).unwrap(),
        read("feed-sample1.xml")
    );
    for (name, encoding) in [
        ("bomb-gzip.bin", "gzip"),
        ("bomb-deflate.bin", "deflate"),
        ("bomb-br.bin", "br"),
        ("bomb-zstd.bin", "zstd"),
    ] {
        let error = decode(encoding, &read(name), Caps::default()).unwrap_err();
        assert!(error.fault.is_bomb(), "{name}: {error}");
        assert!(error.partial.len() < 8 << 20, "{name}: {}", error.partial.len());
    }
    for name in ["unexpected-eof.gz", "truncated-crc-error.gz", "truncated-crc-error-short.gz"] {
        let error = decode("gzip", &read(name), Caps::default()).unwrap_err();
        assert!(!error.partial.is_empty(), "{name}: {error}");
    }
}
