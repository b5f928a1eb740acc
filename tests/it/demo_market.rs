//! The demo marketplace, asked over its own sockets as a crawler would ask it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use caveat::clock::{FixedClock, Timestamp};
use caveat::demo::{self, Host, Label, Market, Verdict};
use scraper::{Html, Selector};
use tokio::runtime::Runtime;

/// Calendar pages that the walk over all links looks at; there is no last one.
const CALENDAR_PAGES: usize = 30;

struct Open {
    market: Market,
    runtime: Runtime,
}

fn open() -> Open {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let clock = Arc::new(FixedClock::new(Timestamp(1_795_000_000_000)));
    let market = runtime.block_on(demo::start(clock, (0, 0))).unwrap();
    Open { market, runtime }
}

struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

fn get(host: SocketAddr, path: &str) -> Answer {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: tester\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a blank line after the headers");
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    Answer { status, headers, body: bytes[end + 4..].to_vec() }
}

/// Asks again where the page is busy or failing, as a polite crawler does.
fn get_at_last(host: SocketAddr, path: &str) -> Answer {
    let mut answer = get(host, path);
    for _ in 0..2 {
        if matches!(answer.status, 429 | 500) {
            answer = get(host, path);
        }
    }
    answer
}

/// The product records as they lie in the repository, with the language of their file.
fn products() -> Vec<(String, toml::Table)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/market/products");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let lang = path.file_stem().unwrap().to_string_lossy().into_owned();
        let file: toml::Table = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        for product in file["product"].as_array().unwrap() {
            found.push((lang.clone(), product.as_table().unwrap().clone()));
        }
    }
    found
}

fn host_of(market: &Market, path: &str) -> SocketAddr {
    if path.starts_with("/corner/") { market.annex } else { market.main }
}

fn sitemap_paths(market: &Market, sitemap: &str) -> Vec<String> {
    let xml = get(market.main, sitemap).text();
    let base = format!("http://{}", market.main);
    xml.split("<loc>")
        .skip(1)
        .map(|part| part.split_once("</loc>").unwrap().0)
        .map(|url| url.strip_prefix(&base).unwrap_or_else(|| panic!("{url} is not below {base}")).to_owned())
        .collect()
}

fn texts(html: &str, css: &str) -> Vec<String> {
    let selector = Selector::parse(css).unwrap();
    Html::parse_document(html).select(&selector).map(|found| found.text().collect::<String>()).collect()
}

fn attributes(html: &str, css: &str, name: &str) -> Vec<String> {
    let selector = Selector::parse(css).unwrap();
    let document = Html::parse_document(html);
    document.select(&selector).filter_map(|found| found.attr(name)).map(str::to_owned).collect()
}

#[test]
fn the_offers_are_many_and_varied() {
    let labels = demo::labels().unwrap();
    let with = |slice: &str| labels.iter().filter(|label| label.slices.iter().any(|s| s == slice)).count();
    let flagged: Vec<&Label> = labels.iter().filter(|label| label.label == Verdict::Flag).collect();
    let lawful = labels.len() - flagged.len();
    assert!(labels.len() >= 150, "{} offers", labels.len());
    assert!(flagged.len() >= 40, "{} to be flagged", flagged.len());
    assert!(lawful > flagged.len(), "most offers of a marketplace are lawful");
    assert!(with("near-miss") * 2 >= lawful, "{} near-misses of {lawful} lawful", with("near-miss"));
    assert!(with("evaded") >= 15, "{} evaded", with("evaded"));
    for style in ["json-ld", "microdata", "open-graph", "next-data", "window-state", "plain"] {
        assert!(with(style) >= 15, "{} offers in {style}", with(style));
    }
    for lang in ["en", "de", "fr", "es", "it", "pl", "nl", "cs", "pt", "ro"] {
        assert!(with(lang) >= 10, "{} offers in {lang}", with(lang));
    }
    let classes: BTreeSet<&str> = flagged.iter().map(|label| label.class.as_deref().unwrap()).collect();
    assert!(classes.len() >= 30, "{} classes", classes.len());
    for label in &labels {
        assert_eq!(label.class.is_some(), label.label == Verdict::Flag, "{}", label.url_path);
        let has = |slice: &str| label.slices.iter().any(|s| s == slice);
        assert!(!has("evaded") || label.label == Verdict::Flag, "{}", label.url_path);
        assert!(!has("near-miss") || label.label == Verdict::Pass, "{}", label.url_path);
    }
}

#[test]
fn labels_and_products_join_one_to_one() {
    let open = open();
    let labels = demo::labels().unwrap();
    let labelled: BTreeSet<String> = labels.iter().map(|label| label.url_path.clone()).collect();
    assert_eq!(labelled.len(), labels.len(), "a path is labelled twice");
    assert_eq!(labels.len(), products().len());
    let mut sold: BTreeSet<String> =
        sitemap_paths(&open.market, "/sitemap-products.xml").into_iter().collect();
    assert!(sold.remove("/p/ended-with-the-summer"), "the sitemap lists a page that has ended");
    assert!(sold.remove("/private/trade-price-list"), "the sitemap lists a page that robots.txt forbids");
    sold.extend(attributes(&get(open.market.annex, "/").text(), ".others a", "href"));
    assert_eq!(labelled, sold);
}

#[test]
fn barcodes_are_valid_and_none_is_used_twice() {
    let mut seen = BTreeSet::new();
    for (_, product) in products() {
        let Some(gtin) = product.get("gtin").and_then(toml::Value::as_str) else { continue };
        let digits: Vec<u32> = gtin.chars().map(|digit| digit.to_digit(10).unwrap()).collect();
        assert_eq!(digits.len(), 13, "{gtin}");
        let sum: u32 =
            digits.iter().enumerate().map(|(at, digit)| digit * if at % 2 == 0 { 1 } else { 3 }).sum();
        assert_eq!(sum % 10, 0, "{gtin}: wrong check digit");
        assert!(seen.insert(gtin.to_owned()), "{gtin} stands on two products");
    }
    assert!(seen.len() > 60);
    let skus: BTreeSet<String> =
        products().iter().map(|(_, p)| p["sku"].as_str().unwrap().to_owned()).collect();
    assert_eq!(skus.len(), products().len(), "an item number stands on two products");
}

#[test]
fn every_product_page_says_what_its_record_says() {
    let open = open();
    let by_slug: BTreeMap<String, toml::Table> =
        products().into_iter().map(|(_, p)| (p["slug"].as_str().unwrap().to_owned(), p)).collect();
    for label in demo::labels().unwrap() {
        let path = &label.url_path;
        let last = path.rsplit('/').next().unwrap().trim_end_matches(".html");
        let slug = last.strip_prefix("ad-").filter(|_| path.starts_with("/bazar/")).unwrap_or(last);
        let product = &by_slug[slug];
        let answer = get_at_last(host_of(&open.market, path), path);
        assert_eq!(answer.status, 200, "{path}");
        let legacy = product.get("fault").and_then(toml::Value::as_str) == Some("legacy-charset");
        let html = if legacy {
            encoding_rs::WINDOWS_1250.decode(&answer.body).0.into_owned()
        } else {
            String::from_utf8(answer.body).unwrap()
        };
        assert!(!html.contains("{{"), "{path}: a place of the template was not filled");
        let title = product["title"].as_str().unwrap();
        let heading = texts(&html, if path.starts_with("/bazar/") { ".zt-kopf" } else { "h1" });
        assert_eq!(heading, [title], "{path}");
        let price = product["price"].as_str().unwrap();
        let carries = match path.split('/').nth(1).unwrap() {
            "p" | "corner" => {
                json_of(&html, "script[type='application/ld+json']").contains(&format!("\"{price}\""))
            }
            "artikel" => attributes(&html, "[itemprop=offers] [itemprop=price]", "content") == [price],
            "boutique" => attributes(&html, "meta[property='product:price:amount']", "content") == [price],
            "product" => json_of(&html, "#__NEXT_DATA__").contains(&format!("\"{price}\"")),
            "o" => {
                let (_, state) = html.split_once("window.__STATE__ = ").unwrap();
                let mut values = serde_json::Deserializer::from_str(state).into_iter::<serde_json::Value>();
                values.next().unwrap().unwrap()["pdp"]["item"]["price"]["amount"] == price
            }
            "bazar" => {
                let machine_readable = ["ld+json", "itemprop", "og:", "__NEXT_DATA__", "__STATE__"];
                machine_readable.iter().all(|mark| !html.contains(mark))
                    && texts(&html, ".zt-geld").len() == 1
            }
            other => panic!("{path}: no shop at {other}"),
        };
        assert!(carries, "{path}: the price is not where this shop keeps it");
    }
}

/// The only script's content, reprinted so that it must have been valid JSON.
fn json_of(html: &str, css: &str) -> String {
    let scripts = texts(html, css);
    assert_eq!(scripts.len(), 1);
    serde_json::from_str::<serde_json::Value>(&scripts[0]).unwrap().to_string()
}

#[test]
fn every_link_of_the_mall_answers_and_none_leads_out() {
    let open = open();
    let bases = [format!("http://{}", open.market.main), format!("http://{}", open.market.annex)];
    let mut queue = VecDeque::from(["/".to_owned()]);
    queue.extend(sitemap_paths(&open.market, "/sitemap-shops.xml"));
    let mut seen: BTreeSet<String> = queue.iter().cloned().collect();
    let mut statuses: BTreeMap<String, u16> = BTreeMap::new();
    let (mut calendars, mut lists) = (0, 0);
    while let Some(path) = queue.pop_front() {
        if path.starts_with("/calendar/") {
            calendars += 1;
            if calendars > CALENDAR_PAGES {
                continue;
            }
        }
        let answer = get_at_last(open.market.main, &path);
        statuses.insert(path.clone(), answer.status);
        if !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        let html = answer.text();
        assert!(!html.contains("{{"), "{path}: a place of the template was not filled");
        let is_list = !texts(&html, ".product-card, .row, .tile, .css-cd7, .box, .zt-zeile").is_empty();
        lists += usize::from(is_list && demo::labels().unwrap().iter().all(|label| label.url_path != path));
        let mut links = attributes(&html, "a[href]", "href");
        links.extend(attributes(&html, "img[src]", "src"));
        links.extend(attributes(&html, "link[href]:not([itemprop])", "href"));
        for link in links {
            let link = link.strip_prefix(&bases[0]).unwrap_or(&link).to_owned();
            if link.starts_with(&bases[1]) {
                continue;
            }
            assert!(link.starts_with('/'), "{path}: {link} leads out of the mall");
            if seen.insert(link.clone()) {
                queue.push_back(link);
            }
        }
    }
    assert!(calendars > CALENDAR_PAGES, "the calendar ends");
    let failing: Vec<(&String, &u16)> =
        statuses.iter().filter(|(_, status)| !matches!(status, 200 | 302)).collect();
    assert_eq!(failing, [(&"/bazar/ad-gone-with-the-wind.html".to_owned(), &404)]);
    let only_in_sitemap = |path: &str| !seen.contains(path);
    let labels = demo::labels().unwrap();
    for label in labels.iter().filter(|label| !label.url_path.starts_with("/corner/")) {
        let hidden = label.slices.iter().any(|slice| slice == "sitemap-only");
        assert_eq!(only_in_sitemap(&label.url_path), hidden, "{}", label.url_path);
    }
    assert!(lists >= 40, "{lists} list pages");
}

#[test]
fn lists_turn_their_pages_in_more_than_one_way() {
    let open = open();
    let first = get(open.market.main, "/c/all").text();
    assert_eq!(attributes(&first, "a[rel=next]", "href"), ["/c/all/2"]);
    assert_eq!(
        attributes(&first, "link[rel=next]", "href"),
        [format!("http://{}/c/all/2", open.market.main)]
    );
    let second = get(open.market.main, "/katalog/all?page=2");
    assert_eq!(second.status, 200);
    assert!(attributes(&second.text(), "[rel=next]", "href").is_empty());
    assert!(attributes(&second.text(), ".pages a", "href").contains(&"/katalog/all?page=3".to_owned()));
    let bazar = get(open.market.main, "/bazar/list-all.html").text();
    assert_eq!(attributes(&bazar, "a.zt-weiter", "href"), ["/bazar/list-all-2.html"]);
    assert_eq!(get(open.market.main, "/c/all/99").status, 404);
}

#[test]
fn troubled_pages_fail_as_promised() {
    let open = open();
    let main = open.market.main;
    let status = |path: &str| get(main, path).status;
    let busy = get(main, "/p/blue-diamond-tabs-100");
    assert_eq!((busy.status, busy.header("retry-after")), (429, "1"));
    assert_eq!([status("/p/blue-diamond-tabs-100"), status("/p/blue-diamond-tabs-100")], [429, 200]);
    assert_eq!(
        [status("/product/methylene-stripper-5l"), status("/product/methylene-stripper-5l")],
        [500, 200]
    );
    assert_eq!(status("/p/ended-with-the-summer"), 404);

    let mut hops = vec!["/go/spring".to_owned()];
    loop {
        let answer = get(main, hops.last().unwrap());
        if answer.status != 302 {
            assert_eq!(answer.status, 200);
            break;
        }
        hops.push(answer.header("location").to_owned());
    }
    assert_eq!(hops.len(), 4, "{hops:?}");
    assert_eq!(get(main, "/go/newsletter").header("location"), "/go/newsletter-welcome");
    assert_eq!(get(main, "/go/newsletter-welcome").header("location"), "/go/newsletter");

    assert!(get(main, "/flash-sale").body.is_empty());
    assert!(get(main, "/checkpoint").text().contains("captcha"));
    assert!(std::str::from_utf8(&get(main, "/downloads/winter-catalogue").body).is_err());

    let december = get(main, "/calendar/2026/12?view=week").text();
    assert!(december.contains("/calendar/2027/01?view=week"));
    assert_eq!(status("/calendar/2026/13"), 404);
    assert_eq!(status("/calendar/x/1"), 404);
}

#[test]
fn character_sets_are_wrong_but_not_beyond_recovery() {
    let open = open();
    let lied = get(open.market.main, "/p/bialko-grochu");
    assert_eq!(lied.header("content-type"), "text/html; charset=iso-8859-1");
    assert!(std::str::from_utf8(&lied.body).unwrap().contains("Białko grochu"));
    let legacy = get(open.market.main, "/bazar/ad-fentermina-adipex.html");
    assert_eq!(legacy.header("content-type"), "text/html");
    assert!(std::str::from_utf8(&legacy.body).is_err());
    let (text, ..) = encoding_rs::WINDOWS_1250.decode(&legacy.body);
    assert!(text.contains("<meta charset=\"windows-1250\">") && text.contains("trzy miesiące, głodu zero"));
}

#[test]
fn robots_and_sitemaps_are_well_formed() {
    let open = open();
    let robots = get(open.market.main, "/robots.txt").text();
    for line in ["Disallow: /admin/", "Disallow: /basket", "Disallow: /private/"] {
        assert!(robots.lines().any(|found| found == line), "{line}");
    }
    assert!(robots.ends_with(&format!("Sitemap: http://{}/sitemap.xml\n", open.market.main)));
    assert!(get(open.market.annex, "/robots.txt").text().contains("Crawl-delay: 1\n"));
    let index = get(open.market.main, "/sitemap.xml");
    assert_eq!(index.header("content-type"), "application/xml");
    assert_eq!(sitemap_paths(&open.market, "/sitemap.xml"), ["/sitemap-shops.xml", "/sitemap-products.xml"]);
    for path in sitemap_paths(&open.market, "/sitemap-shops.xml") {
        assert_eq!(get(open.market.main, &path).status, 200, "{path}");
    }
}

#[test]
fn every_request_is_noted() {
    let open = open();
    get(open.market.main, "/c/all?utm_source=test");
    get(open.market.annex, "/nothing");
    get(open.market.annex, "/nothing");
    let requests = open.market.requests();
    let seen: Vec<(Host, &str, u16, &str)> =
        requests.iter().map(|r| (r.host, r.path.as_str(), r.status, r.user_agent.as_str())).collect();
    assert_eq!(
        seen,
        [
            (Host::Main, "/c/all?utm_source=test", 200, "tester"),
            (Host::Annex, "/nothing", 404, "tester"),
            (Host::Annex, "/nothing", 404, "tester"),
        ]
    );
    assert_eq!(requests[0].at, Timestamp(1_795_000_000_000));
    assert_eq!(open.market.request_counts()[&(Host::Annex, "/nothing".to_owned())], 2);
}

#[test]
fn source_files_carry_the_ports() {
    let open = open();
    let files = open.market.source_files();
    assert_eq!(
        files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["demo-market.toml", "demo-annex.toml"]
    );
    for ((name, text), host) in files.iter().zip([open.market.main, open.market.annex]) {
        let file: toml::Table = text.parse().unwrap();
        assert_eq!(format!("{}.toml", file["id"].as_str().unwrap()), *name);
        assert_eq!(file["allow_loopback"].as_bool(), Some(true));
        let start = file["start"].as_array().unwrap();
        assert_eq!(start[0].as_str().unwrap(), format!("http://{host}/"));
    }
}

#[test]
fn a_market_is_the_same_every_time_and_closes() {
    let (one, two) = (open(), open());
    for path in [
        "/",
        "/p/kamagra-oral-jelly-week-pack",
        "/list/all?page=2",
        "/img/x.svg",
        "/downloads/winter-catalogue",
    ] {
        let neutral = |market: &Market| {
            let body = get(market.main, path).body;
            let text = String::from_utf8_lossy(&body).into_owned();
            text.replace(&market.main.to_string(), "MAIN").replace(&market.annex.to_string(), "ANNEX")
        };
        assert_eq!(neutral(&one.market), neutral(&two.market), "{path}");
    }
    let Open { market, runtime } = two;
    let addr = market.main;
    runtime.block_on(market.close());
    assert!(TcpStream::connect(addr).is_err(), "still listening after it was closed");
}
