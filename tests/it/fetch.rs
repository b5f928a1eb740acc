//! The fetcher against shops on loopback, well-behaved and hostile.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use caveat::clock::{FixedClock, Timestamp};
use caveat::fetch::{
    FetchOptions, Fetched, Fetcher, Hold, Manners, NotFetched, Phase, Scope, Timeouts, Validators,
};
use flate2::Compression;
use flate2::write::GzEncoder;
use url::Url;

use crate::shop::{Answer, Part, Request, Shop};

const NOW: Timestamp = Timestamp(1_764_000_000_000);
const AGENT: &str = "caveat/0.1 (Test Authority; +test@authority.example)";

fn options() -> FetchOptions {
    FetchOptions::new(AGENT, Arc::new(FixedClock::new(NOW)))
}

fn fetcher() -> Fetcher {
    Fetcher::new(options()).unwrap()
}

/// Short timeouts, for servers that make one wait.
fn impatient() -> Fetcher {
    let timeouts = Timeouts {
        lookup: Duration::from_secs(1),
        connect: Duration::from_secs(1),
        header: Duration::from_millis(600),
        idle: Duration::from_millis(600),
        drip: Duration::from_millis(200),
        total: Duration::from_secs(3),
    };
    Fetcher::new(FetchOptions { timeouts, ..options() }).unwrap()
}

/// Fast, and allowed to visit these shops only.
fn manners(shops: &[&Shop]) -> Manners {
    Manners {
        rate_per_second: 2000.0,
        concurrency: 8,
        loopback: shops.iter().map(|shop| shop.address()).collect(),
        ..Manners::default()
    }
}

/// A shop without robots.txt.
fn shop(handler: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Shop {
    Shop::open(move |request| match request.path.as_str() {
        "/robots.txt" => Answer::not_found(),
        _ => handler(request),
    })
}

/// One page from a shop without robots.txt.
async fn get(fetcher: &Fetcher, answer: Answer) -> Fetched {
    let shop = shop(move |_| answer.clone());
    fetcher.get(&shop.url("/p/1"), &manners(&[&shop])).await
}

async fn failure(fetcher: &Fetcher, answer: Answer) -> NotFetched {
    get(fetcher, answer).await.outcome.unwrap_err()
}

fn gzip(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).unwrap();
    encoder.finish().unwrap()
}

fn at(ms: u64) -> Timestamp {
    NOW.after(Duration::from_millis(ms))
}

#[tokio::test]
async fn a_page_comes_with_its_exchange() {
    let shop = shop(|_| Answer::html("<h1>Toy</h1>").header("X-Shop", "one"));
    let mut manners = manners(&[&shop]);
    manners.accept_language = Some("de".into());
    let got = fetcher().get(&shop.url("/p/1?a=b#reviews"), &manners).await;
    let page = got.outcome.unwrap();
    assert_eq!(page.url, Some(shop.url("/p/1?a=b")));
    assert_eq!(page.content_type.as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(page.body, b"<h1>Toy</h1>");
    let [exchange] = got.exchanges.as_slice() else { panic!("one exchange") };
    assert_eq!((exchange.status, exchange.truncated, exchange.sent_at), (200, false, NOW));
    assert_eq!((exchange.remote, exchange.header("x-shop")), (Some(shop.address()), Some("one")));
    let request = &shop.requests()[1];
    let recorded: String =
        exchange.request_headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    assert_eq!(request.head, format!("GET /p/1?a=b HTTP/1.1\r\n{recorded}\r\n"), "evidence is what was sent");
    assert_eq!(request.header("user-agent"), Some(AGENT));
    assert_eq!(request.header("accept-language"), Some("de"));
    assert_eq!(shop.paths(), ["/robots.txt", "/p/1?a=b"]);
}

#[tokio::test]
async fn the_exchange_keeps_the_encoded_body_and_the_page_the_decoded_one() {
    let body = gzip(b"<h1>Toy</h1>");
    let got = get(&fetcher(), Answer::html(body.clone()).header("Content-Encoding", "gzip")).await;
    assert_eq!(got.outcome.unwrap().body, b"<h1>Toy</h1>");
    assert_eq!(got.exchanges[0].body, body);
}

#[tokio::test]
async fn chunked_bodies_are_joined() {
    let raw = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n";
    let got = get(&fetcher(), Answer::raw(vec![Part::Bytes(raw.to_vec())])).await;
    assert_eq!(got.outcome.unwrap().body, b"abcdefg");
}

#[tokio::test]
async fn statuses_without_a_page_are_told_apart() {
    let fetcher = fetcher();
    for (status, is_final) in [(404, true), (410, true), (403, true), (204, true), (500, false), (502, false)]
    {
        let got = get(&fetcher, Answer::status(status).body(if status == 204 { "" } else { "sorry" })).await;
        let failure = got.outcome.unwrap_err();
        assert_eq!(failure, NotFetched::Status { status });
        assert_eq!(failure.is_final(), is_final, "{status}");
        assert_eq!(got.exchanges.len(), 1, "the answer is evidence too");
    }
}

#[tokio::test]
async fn a_wish_for_a_pause_is_kept_by_the_gate() {
    for (status, value, pause_ms) in [
        (429, Some("7"), 7_000),
        (503, Some("Mon, 24 Nov 2025 16:01:00 GMT"), 60_000),
        (503, Some("1e9"), 86_400_000),
        (429, Some("soon"), 10_000),
        (429, None, 10_000),
    ] {
        let shop = shop(move |_| match value {
            Some(value) => Answer::status(status).header("Retry-After", value),
            None => Answer::status(status),
        });
        let (fetcher, manners) = (fetcher(), manners(&[&shop]));
        let began = Instant::now();
        let failure = fetcher.get(&shop.url("/a"), &manners).await.outcome.unwrap_err();
        let NotFetched::RetryLater { status: told, until } = failure else { panic!("{failure}") };
        assert_eq!(told, status);
        assert!(until > at(pause_ms - 2000) && until <= at(pause_ms), "{value:?}: {until}");
        if pause_ms > 30_000 {
            // Another page of the same site has to wait as well, and is told so at once.
            let failure = fetcher.get(&shop.url("/b"), &manners).await.outcome.unwrap_err();
            assert!(matches!(failure, NotFetched::Held { hold: Hold::RetryAfter, .. }), "{failure}");
            assert_eq!(shop.paths(), ["/robots.txt", "/a"]);
            assert!(began.elapsed() < Duration::from_secs(5));
        }
    }
}

#[tokio::test]
async fn redirects_are_followed_by_hand() {
    let shop = shop(|request| match request.path.as_str() {
        "/old" => Answer::status(301).header("Location", "/new?x=1#part"),
        "/new?x=1" => Answer::status(308).header("Location", "last"),
        "/last" => Answer::html("found"),
        _ => Answer::not_found(),
    });
    let got = fetcher().get(&shop.url("/old"), &manners(&[&shop])).await;
    let page = got.outcome.unwrap();
    assert_eq!(page.url, Some(shop.url("/last")));
    let hops: Vec<_> = got.exchanges.iter().map(|exchange| (exchange.status, exchange.url.path())).collect();
    assert_eq!(hops, [(301, "/old"), (308, "/new"), (200, "/last")]);
}

#[tokio::test]
async fn a_redirect_needs_no_body() {
    let shop = shop(|request| match request.path.as_str() {
        "/new" => Answer::html("found"),
        _ => Answer::raw(vec![
            Part::Bytes(b"HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 50\r\n\r\nshort".to_vec()),
            Part::Close,
        ]),
    });
    let got = fetcher().get(&shop.url("/old"), &manners(&[&shop])).await;
    assert_eq!(got.outcome.unwrap().body, b"found");
    assert_eq!((got.exchanges[0].truncated, got.exchanges[1].truncated), (true, false));
}

#[tokio::test]
async fn endless_redirects_end() {
    let counter = AtomicUsize::new(0);
    let shop = shop(move |request| match request.path.as_str() {
        "/circle" => Answer::redirect("/circle2"),
        "/circle2" => Answer::redirect("/circle#again"),
        "/nowhere" => Answer::status(302),
        "/broken" => Answer::redirect("http://[oops"),
        _ => Answer::redirect(format!("/n{}", counter.fetch_add(1, Ordering::SeqCst))),
    });
    let (fetcher, manners) = (fetcher(), manners(&[&shop]));
    let got = fetcher.get(&shop.url("/circle"), &manners).await;
    assert_eq!(got.outcome.unwrap_err(), NotFetched::RedirectLoop { url: shop.url("/circle").into() });
    assert_eq!(got.exchanges.len(), 2);
    let got = fetcher.get(&shop.url("/chain"), &manners).await;
    assert_eq!(got.outcome.unwrap_err(), NotFetched::TooManyRedirects { cap: 10 });
    assert_eq!(got.exchanges.len(), 11);
    for path in ["/nowhere", "/broken"] {
        let failure = fetcher.get(&shop.url(path), &manners).await.outcome.unwrap_err();
        assert!(matches!(failure, NotFetched::BadRedirect { status: 302, .. }), "{failure}");
    }
}

#[tokio::test]
async fn no_redirect_reaches_a_private_address_or_another_scheme() {
    let canary = Shop::canary();
    let port = canary.address().port();
    let fetcher = fetcher();
    for (location, code) in [
        (format!("http://127.0.0.1:{port}/"), "private-address"),
        (format!("http://2130706433:{port}/"), "private-address"),
        (format!("http://0x7f000001:{port}/"), "private-address"),
        (format!("http://0177.0.0.1:{port}/"), "private-address"),
        (format!("http://127.1:{port}/"), "private-address"),
        (format!("http://0:{port}/"), "private-address"),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), "private-address"),
        (format!("http://[::ffff:7f00:1]:{port}/"), "private-address"),
        (format!("http://[64:ff9b::7f00:1]:{port}/"), "private-address"),
        (format!("http://[2002:7f00:1::]:{port}/"), "private-address"),
        (format!("http://[::1]:{port}/"), "private-address"),
        (format!("http://localhost:{port}/"), "private-address"),
        (format!("http://localhost.:{port}/"), "private-address"),
        (format!("http://shop.localhost:{port}/"), "private-address"),
        (format!("http://127.0.0.1.:{port}/"), "private-address"),
        (format!("//127.0.0.1:{port}/"), "private-address"),
        (format!("http://user@127.0.0.1:{port}/"), "bad-url"),
        ("http://169.254.169.254/latest/meta-data".to_owned(), "private-address"),
        ("file:///etc/passwd".to_owned(), "bad-url"),
        ("gopher://127.0.0.1/".to_owned(), "bad-url"),
        ("data:text/html,hello".to_owned(), "bad-url"),
        ("javascript:alert(1)".to_owned(), "bad-url"),
    ] {
        let failure = failure(&fetcher, Answer::redirect(location.clone())).await;
        assert_eq!(failure.code(), code, "{location}: {failure}");
        assert!(failure.is_final());
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn start_urls_are_guarded_as_well() {
    let canary = Shop::canary();
    let other = shop(|_| Answer::html("other"));
    let fetcher = fetcher();
    for url in
        [canary.url("/"), Url::parse("file:///etc/passwd").unwrap(), Url::parse("http://10.0.0.1/").unwrap()]
    {
        let got = fetcher.get(&url, &manners(&[&other])).await;
        assert!(got.outcome.unwrap_err().is_final());
        assert!(got.exchanges.is_empty());
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_name_that_turns_private_is_not_connected_to() {
    let canary = Shop::canary();
    let lookup = caveat::fetch::Lookup::new(|_| Ok(vec![[127, 0, 0, 1].into(), [10, 0, 0, 1].into()]));
    let fetcher = Fetcher::new(FetchOptions { lookup: Some(lookup), ..options() }).unwrap();
    let url = Url::parse(&format!("http://rebound.example:{}/", canary.address().port())).unwrap();
    // Even a source that opens the canary's pair opens it for its address only, not for a foreign name.
    let failure = fetcher.get(&url, &manners(&[&canary])).await.outcome.unwrap_err();
    assert!(matches!(failure, NotFetched::PrivateAddress { .. }), "{failure}");
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn localhost_is_open_where_a_start_page_names_it() {
    let shop = shop(|_| Answer::html("hello"));
    let port = shop.address().port();
    let mut manners = manners(&[&shop]);
    manners.loopback.push(SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, port)));
    let url = Url::parse(&format!("http://localhost:{port}/")).unwrap();
    assert_eq!(fetcher().get(&url, &manners).await.outcome.unwrap().body, b"hello");
}

#[tokio::test]
async fn redirects_stay_in_scope() {
    let other = shop(|_| Answer::html("other"));
    let to = other.url("/");
    let shop = shop(move |_| Answer::redirect(to.clone()));
    let mut manners = manners(&[&shop, &other]);
    let home = shop.address().port();
    manners.scope = Some(Scope::new(move |url| url.port() == Some(home)));
    let failure = fetcher().get(&shop.url("/"), &manners).await.outcome.unwrap_err();
    assert_eq!(failure, NotFetched::OutOfScope { url: other.url("/").into() });
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn cookies_go_to_the_start_hosts_only() {
    let shop = shop(|_| Answer::html("hello").header("Set-Cookie", "session=1"));
    let fetcher = fetcher();
    let mut manners = manners(&[&shop]);
    manners.cookies = [("consent".to_owned(), "yes".to_owned()), ("lang".to_owned(), "de".to_owned())].into();
    fetcher.get(&shop.url("/1"), &manners).await.outcome.unwrap();
    manners.cookie_hosts.insert("127.0.0.1".to_owned());
    fetcher.get(&shop.url("/2"), &manners).await.outcome.unwrap();
    let sent: Vec<_> =
        shop.requests().iter().map(|request| request.header("cookie").map(str::to_owned)).collect();
    assert_eq!(sent, [None, None, Some("consent=yes; lang=de".to_owned())]);
}

#[tokio::test]
async fn an_unsendable_header_is_named() {
    let shop = shop(|_| Answer::html("hello"));
    let mut manners = manners(&[&shop]);
    manners.accept_language = Some("de\r\nX-Injected: 1".into());
    let failure = fetcher().get(&shop.url("/"), &manners).await.outcome.unwrap_err();
    assert_eq!(failure, NotFetched::BadHeader { name: "accept-language".into() });
    assert!(shop.requests().is_empty());
    assert!(Fetcher::new(FetchOptions::new("caveat\n", Arc::new(FixedClock::new(NOW)))).is_err());
}

#[tokio::test]
async fn an_unchanged_page_is_not_sent_again() {
    let shop = shop(|request| match request.header("if-none-match") {
        Some("\"v1\"") => Answer::status(304),
        _ => Answer::html("page")
            .header("ETag", "\"v1\"")
            .header("Last-Modified", "Mon, 24 Nov 2025 16:00:00 GMT"),
    });
    let (fetcher, manners) = (fetcher(), manners(&[&shop]));
    let first = fetcher.get(&shop.url("/p"), &manners).await;
    let seen = Validators::of(&first.exchanges[0]);
    assert_eq!(seen.etag.as_deref(), Some("\"v1\""));
    let second = fetcher.get_if_changed(&shop.url("/p"), &manners, &seen).await;
    assert_eq!(second.outcome.unwrap_err(), NotFetched::NotModified);
    assert_eq!(second.exchanges[0].status, 304);
    assert_eq!(shop.requests()[2].header("if-modified-since"), Some("Mon, 24 Nov 2025 16:00:00 GMT"));
}

#[tokio::test]
async fn robots_txt_survives_a_restart() {
    let shop = Shop::open(|request| match request.path.as_str() {
        "/robots.txt" => Answer::text("user-agent: *\ndisallow: /x\n"),
        _ => Answer::html("page"),
    });
    let manners = manners(&[&shop]);
    let before = fetcher();
    before.get(&shop.url("/p"), &manners).await.outcome.unwrap();
    let after = fetcher();
    after.restore_robots(&before.take_robots_news());
    assert!(after.get(&shop.url("/x"), &manners).await.outcome.is_err());
    after.get(&shop.url("/q"), &manners).await.outcome.unwrap();
    assert_eq!(shop.paths(), ["/robots.txt", "/p", "/q"]);
}

#[tokio::test]
async fn slow_servers_are_left() {
    let head = |rest: &str| Part::Bytes(format!("HTTP/1.1 200 OK\r\n{rest}").into_bytes());
    let silence = Part::Pause(Duration::from_mins(1));
    let tick = |bytes: &[u8], ms| Part::Forever(bytes.to_vec(), Duration::from_millis(ms));
    let began = Instant::now();
    let visits = [
        ("silence", Answer::html("late").after(Duration::from_mins(1)), Phase::Header, false),
        ("slow header", Answer::raw(vec![head(""), tick(b"X-More: 1\r\n", 50)]), Phase::Header, false),
        ("silent body", Answer::raw(vec![head("Content-Length: 9\r\n\r\nabc"), silence]), Phase::Idle, true),
        (
            "drip body",
            Answer::raw(vec![head("Content-Length: 900000\r\n\r\n"), tick(b"a", 40)]),
            Phase::Drip,
            true,
        ),
        ("slow stream", Answer::raw(vec![head("\r\n"), tick(&[b'a'; 2000], 50)]), Phase::Total, true),
    ]
    .map(|(what, answer, phase, has_exchange)| {
        tokio::spawn(async move {
            let got = get(&impatient(), answer).await;
            assert_eq!(got.outcome.unwrap_err(), NotFetched::Timeout { phase }, "{what}");
            assert_eq!(got.exchanges.len(), usize::from(has_exchange), "{what}");
            assert!(got.exchanges.iter().all(|exchange| exchange.truncated), "{what}");
        })
    });
    for visit in visits {
        visit.await.unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn large_bodies_are_cut() {
    let fetcher = Fetcher::new(FetchOptions { max_body_bytes: 100_000, ..options() }).unwrap();
    let too_large = NotFetched::TooLarge { cap: 100_000 };
    let endless = Answer::raw(vec![
        Part::Bytes(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        Part::Forever(vec![b'a'; 10_000], Duration::ZERO),
    ]);
    let got = get(&fetcher, endless).await;
    assert_eq!(got.outcome.unwrap_err(), too_large);
    assert_eq!((got.exchanges[0].body.len(), got.exchanges[0].truncated), (100_000, true));
    let announced = Answer::html("x").header("Content-Length", "99999999999");
    let got = get(&fetcher, announced).await;
    assert_eq!(got.outcome.unwrap_err(), too_large);
    assert!(got.exchanges[0].body.is_empty(), "what is announced as too large is not even begun");
    assert_eq!(get(&fetcher, Answer::html(vec![b'a'; 100_000])).await.outcome.unwrap().body.len(), 100_000);
}

#[tokio::test]
async fn many_endless_bodies_end_and_a_usual_page_passes_between_them() {
    let endless = Answer::raw(vec![
        Part::Bytes(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        Part::Forever(vec![b'a'; 100_000], Duration::ZERO),
    ]);
    let hostile: Vec<Arc<Shop>> = (0..20)
        .map(|_| {
            let endless = endless.clone();
            Arc::new(shop(move |_| endless.clone()))
        })
        .collect();
    let usual = shop(|_| Answer::html("ok"));
    let fetcher = Arc::new(Fetcher::new(FetchOptions { max_body_bytes: 2 << 20, ..options() }).unwrap());
    let tasks: Vec<_> = hostile
        .iter()
        .map(|shop| {
            let (fetcher, url, manners) = (Arc::clone(&fetcher), shop.url("/"), manners(&[shop]));
            tokio::spawn(async move { fetcher.get(&url, &manners).await.outcome.unwrap_err() })
        })
        .collect();
    assert!(fetcher.get(&usual.url("/"), &manners(&[&usual])).await.outcome.is_ok());
    for task in tasks {
        assert_eq!(task.await.unwrap(), NotFetched::TooLarge { cap: 2 << 20 });
    }
}

#[tokio::test]
async fn bombs_are_refused() {
    let zeros = gzip(&vec![0; 24 << 20]);
    let fetcher = fetcher();
    for (encoding, body) in [
        ("gzip", zeros.clone()),
        ("gzip, gzip", gzip(&zeros)),
        ("gzip, gzip, gzip, gzip", gzip(&gzip(&gzip(&zeros)))),
    ] {
        let failure = failure(&fetcher, Answer::html(body).header("Content-Encoding", encoding)).await;
        assert!(matches!(failure, NotFetched::Bomb { .. }) && failure.is_final(), "{encoding}: {failure}");
    }
}

#[tokio::test]
async fn damaged_bodies_say_what_is_wrong() {
    let fetcher = fetcher();
    let whole = gzip(b"<h1>Toy</h1>");
    for (encoding, body, word) in [
        ("gzip", whole[..whole.len() - 9].to_vec(), "ends too early"),
        ("gzip", b"<h1>Toy</h1>".to_vec(), "damaged"),
        ("br", b"<h1>Toy</h1>".to_vec(), "damaged"),
        ("zstd", whole.clone(), "damaged"),
        ("lzma", whole.clone(), "not supported"),
    ] {
        let got = get(&fetcher, Answer::html(body.clone()).header("Content-Encoding", encoding)).await;
        let failure = got.outcome.unwrap_err();
        assert!(failure.to_string().contains(word), "{encoding}: {failure}");
        assert_eq!(got.exchanges[0].body, body, "what came is kept");
    }
    // Two header lines are one list.
    let stacked =
        Answer::html(gzip(&whole)).header("Content-Encoding", "gzip").header("content-encoding", "gzip");
    assert_eq!(get(&fetcher, stacked).await.outcome.unwrap().body, b"<h1>Toy</h1>");
}

#[tokio::test]
async fn broken_http_is_a_protocol_error() {
    let fetcher = impatient();
    let flood = "X-Flood: 1\r\n".repeat(5000);
    for (what, raw) in [
        ("short body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort".to_owned()),
        ("no http", "220 mail.example ESMTP\r\n\r\n".to_owned()),
        ("nothing", String::new()),
        ("two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_owned()),
        ("broken chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab".to_owned()),
        ("header flood", format!("HTTP/1.1 200 OK\r\n{flood}\r\n")),
        ("cookie flood", format!("HTTP/1.1 200 OK\r\n{}\r\n", "Set-Cookie: a=1\r\n".repeat(1000))),
        ("huge header", format!("HTTP/1.1 200 OK\r\nX-Huge: {}\r\n\r\n", "a".repeat(2 << 20))),
    ] {
        let answer = Answer::raw(vec![Part::Bytes(raw.into_bytes()), Part::Close]);
        let failure = failure(&fetcher, answer).await;
        assert!(matches!(failure, NotFetched::Protocol { .. }), "{what}: {failure:?}");
        assert!(!failure.is_final(), "{what}");
    }
}

#[tokio::test]
async fn a_lying_length_ends_the_page_where_it_says() {
    let raw = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef".to_vec();
    let got = get(&fetcher(), Answer::raw(vec![Part::Bytes(raw), Part::Close])).await;
    assert_eq!(got.outcome.unwrap().body, b"abc");
}

#[tokio::test]
async fn interim_answers_are_passed_over_and_their_storms_end() {
    let hint = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n".to_vec();
    let page = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
    let some = Answer::raw(vec![Part::Bytes(hint.repeat(20)), Part::Bytes(page)]);
    assert_eq!(get(&impatient(), some).await.outcome.unwrap().body, b"ok");
    let storm = Answer::raw(vec![Part::Forever(hint, Duration::ZERO)]);
    assert_eq!(failure(&impatient(), storm).await, NotFetched::Timeout { phase: Phase::Header });
}

#[tokio::test]
async fn no_server_is_a_connect_error_and_no_tls_a_tls_error() {
    let gone = {
        let shop = Shop::canary();
        shop.address()
    };
    let manners_for =
        |address| Manners { loopback: vec![address], rate_per_second: 2000.0, ..Manners::default() };
    let url = Url::parse(&format!("http://{gone}/")).unwrap();
    let failure = fetcher().get(&url, &manners_for(gone)).await.outcome.unwrap_err();
    assert!(matches!(failure, NotFetched::Connect { .. }), "{failure:?}");
    assert!(!failure.is_final());

    let raw = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = raw.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = raw.accept().unwrap();
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        let _ = std::io::Read::read(&mut stream, &mut [0; 4096]);
    });
    let url = Url::parse(&format!("https://{address}/")).unwrap();
    let failure = fetcher().get(&url, &manners_for(address)).await.outcome.unwrap_err();
    assert!(matches!(failure, NotFetched::Tls { .. }), "{failure:?}");
}

#[tokio::test]
async fn a_failing_site_opens_the_breaker() {
    let shop = shop(|_| Answer::status(500));
    let (fetcher, manners) = (fetcher(), manners(&[&shop]));
    for number in 0..10 {
        let failure = fetcher.get(&shop.url(&format!("/{number}")), &manners).await.outcome.unwrap_err();
        assert_eq!(failure, NotFetched::Status { status: 500 });
    }
    let failure = fetcher.get(&shop.url("/more"), &manners).await.outcome.unwrap_err();
    assert!(matches!(failure, NotFetched::Held { hold: Hold::Breaker, .. }), "{failure}");
    let states = fetcher.gate_states();
    assert_eq!((states.len(), states[0].failures, states[0].hold), (1, 10, Some(Hold::Breaker)));
    assert!(fetcher.gate_state(&states[0].key).is_some() && fetcher.gate_state("other.example").is_none());
    assert_eq!(shop.paths().len(), 11);

    let next_process = self::fetcher();
    next_process.restore_gates(&states);
    let failure = next_process.get(&shop.url("/more"), &manners).await.outcome.unwrap_err();
    assert!(matches!(failure, NotFetched::Held { hold: Hold::Breaker, .. }), "{failure}");
}

#[tokio::test]
async fn bodies_that_break_off_open_the_breaker_too() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort".to_vec();
    let shop = shop(move |_| Answer::raw(vec![Part::Bytes(cut.clone()), Part::Close]));
    let (fetcher, manners) = (fetcher(), manners(&[&shop]));
    for number in 0..10 {
        let got = fetcher.get(&shop.url(&format!("/{number}")), &manners).await;
        assert!(matches!(got.outcome, Err(NotFetched::Protocol { .. })));
        assert_eq!((got.exchanges[0].body.as_slice(), got.exchanges[0].truncated), (&b"short"[..], true));
    }
    let failure = fetcher.get(&shop.url("/more"), &manners).await.outcome.unwrap_err();
    assert!(matches!(failure, NotFetched::Held { hold: Hold::Breaker, .. }), "{failure}");
}

#[tokio::test]
async fn connections_are_kept_and_closed_ones_replaced() {
    let closing = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbye".to_vec();
    let shop = shop(move |request| match request.path.as_str() {
        "/bye" => Answer::raw(vec![Part::Bytes(closing.clone()), Part::Close]),
        _ => Answer::html("ok"),
    });
    let (fetcher, manners) = (fetcher(), manners(&[&shop]));
    for path in ["/1", "/2", "/bye", "/3"] {
        fetcher.get(&shop.url(path), &manners).await.outcome.unwrap();
    }
    let connections: Vec<_> = shop.requests().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 0, 0, 1]);
}

#[tokio::test]
async fn the_gap_holds_in_the_servers_log() {
    let shop = Arc::new(shop(|_| Answer::html("ok")));
    let fetcher = Arc::new(fetcher());
    let manners = Manners { rate_per_second: 20.0, ..manners(&[&shop]) };
    let tasks: Vec<_> = (0..12)
        .map(|number| {
            let (fetcher, manners, url) =
                (Arc::clone(&fetcher), manners.clone(), shop.url(&format!("/{number}")));
            tokio::spawn(async move { fetcher.get(&url, &manners).await.outcome.is_ok() })
        })
        .collect();
    for task in tasks {
        assert!(task.await.unwrap());
    }
    assert_eq!(shop.requests().len(), 13);
    shop.assert_spaced(Duration::from_millis(50));
}

#[tokio::test]
async fn many_gates_keep_their_pace_side_by_side() {
    let shops: Vec<Arc<Shop>> = (0..40).map(|_| Arc::new(shop(|_| Answer::html("ok")))).collect();
    let fetcher = Arc::new(fetcher());
    let loopback = shops.iter().map(|shop| shop.address()).collect();
    let manners = Arc::new(Manners { rate_per_second: 10.0, loopback, ..Manners::default() });
    let began = Instant::now();
    let tasks: Vec<_> = shops
        .iter()
        .map(|shop| {
            let (shop, fetcher, manners) = (Arc::clone(shop), Arc::clone(&fetcher), Arc::clone(&manners));
            tokio::spawn(async move {
                for number in 0..10 {
                    fetcher.get(&shop.url(&format!("/{number}")), &manners).await.outcome.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // One after another, 40 gates would take 40 seconds.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    for shop in shops {
        shop.assert_spaced(Duration::from_millis(100));
    }
}

#[tokio::test]
async fn a_hanging_site_does_not_slow_another() {
    let hanging = shop(|_| Answer::html("late").after(Duration::from_mins(1)));
    let quick = shop(|_| Answer::html("ok"));
    let fetcher = Arc::new(impatient());
    let (stuck, manners, url) = (Arc::clone(&fetcher), manners(&[&hanging, &quick]), hanging.url("/"));
    let waiting = tokio::spawn({
        let manners = manners.clone();
        async move { stuck.get(&url, &manners).await.outcome }
    });
    let began = Instant::now();
    for number in 0..20 {
        assert!(fetcher.get(&quick.url(&format!("/{number}")), &manners).await.outcome.is_ok());
    }
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(waiting.await.unwrap().is_err());
}
