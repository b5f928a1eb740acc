//! Whole crawls by the real binary against real loopback servers: interrupted, resumed, compared with `scan`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::command::{caveat, err, json_lines, run, succeed};
use crate::site::{Answer, Site};

/// A process that takes longer than this hangs.
const LIMIT: Duration = Duration::from_mins(1);

/// Waits until the site was asked so often. What a process that ends early said is in the panic.
#[track_caller]
fn wait_for_requests(site: &Site, enough: usize, child: &mut Child) {
    let began = Instant::now();
    while site.requests() < enough {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "the crawl ended after {} requests: {ended:?}", site.requests());
        assert!(began.elapsed() < LIMIT, "no {enough} requests within {LIMIT:?}");
        std::thread::yield_now();
    }
}

fn workspace(site: &Site, id: &str, extra: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("caveat.toml"), "time_zone = \"UTC\"\n").unwrap();
    fs::create_dir(folder.path().join("sources")).unwrap();
    let text = format!(
        "id = \"{id}\"\nname = \"Test\"\nstart = [\"{}\"]\nallow_loopback = true\n{extra}\n\
         [limits]\nrate_per_second = 100.0\nconcurrency = 8\nmax_pages = 5000\nmax_depth = 400\n",
        site.url("/")
    );
    fs::write(folder.path().join(format!("sources/{id}.toml")), text).unwrap();
    folder
}

/// A shop of `products` offers on category pages of 50; every tenth offer is one that the built-in rules flag.
fn shop(products: usize) -> Site {
    const PER_PAGE: usize = 50;
    Site::open(move |path| {
        let number = |prefix: &str| path.strip_prefix(prefix).and_then(|n| n.parse::<usize>().ok());
        if path == "/" || path.starts_with("/c/") {
            let page = number("/c/").unwrap_or(0);
            let items: String = (page * PER_PAGE..((page + 1) * PER_PAGE).min(products))
                .map(|n| {
                    format!("<li class=card><a href=\"/p/{n}\">Article {n}</a> <span>{n}.50 €</span></li>")
                })
                .collect();
            let next = if (page + 1) * PER_PAGE < products {
                format!("<a rel=next href=\"/c/{}\">next</a>", page + 1)
            } else {
                String::new()
            };
            return Answer::html(format!(
                "<html lang=en><body><h1>All articles</h1><ul>{items}</ul>{next}</body></html>"
            ));
        }
        match number("/p/") {
            Some(n) if n < products => {
                let title = if n % 10 == 0 {
                    format!("Viagra 100mg tablets no prescription, pack {n}")
                } else {
                    format!("Garden chair no. {n}, oak")
                };
                Answer::html(format!(
                    "<html lang=en><head><title>{title}</title><script type=\"application/ld+json\">\
                     {{\"@context\":\"https://schema.org\",\"@type\":\"Product\",\"name\":\"{title}\",\"sku\":\"{n}\",\
                     \"offers\":{{\"@type\":\"Offer\",\"price\":\"{n}.50\",\"priceCurrency\":\"EUR\"}}}}</script></head>\
                     <body><h1>{title}</h1><p>{n}.50 €</p></body></html>"
                ))
            }
            _ => Answer::not_found(),
        }
    })
}

#[test]
fn killed_six_times_and_resumed_nothing_is_lost() {
    const PRODUCTS: usize = 1500;
    let site = shop(PRODUCTS);
    let folder = workspace(&site, "shop", "");
    for round in 1..=6 {
        let before = site.requests();
        let mut child = caveat(folder.path(), &["crawl", "shop", "-q"]).spawn().unwrap();
        // The moment is chosen by progress and not by time, so that every round dies in the middle of work.
        wait_for_requests(&site, before + 60 * round + 17 * (round % 3), &mut child);
        // SIGKILL on Unix.
        child.kill().unwrap();
        child.wait().unwrap();
    }
    succeed(&run(folder.path(), &["crawl", "shop", "-q"]));

    let counts = site.counts();
    let missing: Vec<usize> = (0..PRODUCTS).filter(|n| !counts.contains_key(&format!("/p/{n}"))).collect();
    assert!(missing.is_empty(), "never fetched: {missing:?}");
    let refetched: usize =
        counts.iter().filter(|(path, _)| path.starts_with("/p/")).map(|(_, n)| n - 1).sum();
    assert!(
        refetched <= 6 * 8,
        "{refetched} pages were fetched again; at most the 8 in flight at each of 6 kills may be"
    );

    assert_eq!(counts["/robots.txt"], 1, "it is known for a day, over seven processes");

    let findings = json_lines(&succeed(&run(folder.path(), &["findings", "list", "--json"])));
    let found: BTreeSet<String> = findings.iter().map(last_part).collect();
    let wanted: BTreeSet<String> = (0..PRODUCTS).step_by(10).map(|n| n.to_string()).collect();
    assert_eq!(found, wanted);
    succeed(&run(folder.path(), &["evidence", "verify"]));
}

#[test]
fn a_second_process_gets_one_clear_sentence() {
    let site = shop(2000);
    let folder = workspace(&site, "shop", "");
    let mut first = caveat(folder.path(), &["crawl", "shop", "-q"]).stderr(Stdio::null()).spawn().unwrap();
    wait_for_requests(&site, 5, &mut first);
    let second = run(folder.path(), &["findings", "list"]);
    first.kill().unwrap();
    first.wait().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(3), "{said}");
    assert_eq!(said.trim().lines().count(), 1, "{said}");
    assert!(said.contains("another"), "{said}");
}

#[cfg(unix)]
#[test]
fn a_wish_to_stop_ends_in_order_and_can_be_resumed() {
    let site = shop(300);
    let folder = workspace(&site, "shop", "");
    let mut child = caveat(folder.path(), &["crawl", "shop"]).stderr(Stdio::piped()).spawn().unwrap();
    wait_for_requests(&site, 100, &mut child);
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(3), "{said}");
    assert!(said.contains("resume"), "{said}");
    let report = json_lines(&succeed(&run(folder.path(), &["crawl", "shop", "--json", "-q"])));
    assert_eq!(report[0]["queued"], 0);
    assert_eq!(report[0]["listings"], 300);
    let again: Vec<_> =
        site.counts().into_iter().filter(|(path, n)| *n > 1 && path != "/robots.txt").collect();
    assert!(again.is_empty(), "fetched twice although the stop was in order: {again:?}");
}

const OFFER: &str = "<script type=\"application/ld+json\">{\"@type\":\"Product\",\"name\":\"Viagra 100mg no \
    prescription\",\"offers\":{\"price\":\"9.50\",\"priceCurrency\":\"EUR\"}}</script><h1>Viagra 100mg no prescription</h1>";

#[test]
fn the_last_page_is_asked_again_when_it_was_too_busy() {
    let asked = AtomicUsize::new(0);
    let site = Site::open(move |path| {
        if path == "/" && asked.fetch_add(1, Ordering::SeqCst) == 0 {
            let headers = vec![("Retry-After", "1".to_owned())];
            return Answer { status: 429, headers, body: Vec::new() };
        }
        if path == "/" { Answer::html(OFFER) } else { Answer::not_found() }
    });
    let folder = workspace(&site, "shop", "");
    let report = json_lines(&succeed(&run(folder.path(), &["crawl", "shop", "--json", "-q"])));
    assert_eq!((&report[0]["fetched"], &report[0]["retries"]), (&1.into(), &1.into()), "{}", report[0]);
    assert_eq!(site.counts()["/"], 2);
}

#[test]
fn what_the_budget_left_out_is_said() {
    let site = shop(120);
    let folder = workspace(&site, "shop", "");
    let file = folder.path().join("sources/shop.toml");
    let text = fs::read_to_string(&file).unwrap().replace("max_pages = 5000", "max_pages = 10");
    fs::write(&file, text).unwrap();
    let report = json_lines(&succeed(&run(folder.path(), &["crawl", "shop", "--json", "-q"]))).remove(0);
    assert_eq!(report["fetched"], 10, "{report}");
    assert!(report["not_fetched"]["budget"].as_u64().unwrap() > 30, "{report}");
    assert_eq!(report["queued"], 0);
}

#[test]
fn an_offer_cannot_hide_behind_another_by_its_canonical_link() {
    let site = Site::open(|path| match path {
        "/" => Answer::html("<a href=\"/item?id=1\">one</a> <a href=\"/item?id=666\">two</a>"),
        "/item?id=1" => Answer::html("<h1>Garden chair</h1><p>9.50 €</p>"),
        _ => Answer::html(format!("<link rel=canonical href=\"/item?id=1\">{OFFER}")),
    });
    let folder = workspace(&site, "shop", "");
    succeed(&run(folder.path(), &["crawl", "shop", "-q"]));
    let findings = json_lines(&succeed(&run(folder.path(), &["findings", "list", "--json"])));
    assert_eq!(findings.iter().map(last_part).collect::<Vec<_>>(), ["item?id=666"]);
}

#[test]
fn what_is_denied_after_it_was_queued_is_not_fetched() {
    let site = shop(200);
    let folder = workspace(&site, "shop", "");
    let mut child = caveat(folder.path(), &["crawl", "shop", "-q"]).spawn().unwrap();
    wait_for_requests(&site, 30, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    let before = site.requests();
    let file = folder.path().join("sources/shop.toml");
    let text = fs::read_to_string(&file).unwrap().replace("[limits]", "deny = [\"/p/\"]\n[limits]");
    fs::write(&file, text).unwrap();
    let report = json_lines(&succeed(&run(folder.path(), &["crawl", "shop", "--json", "-q"]))).remove(0);
    assert!(report["not_fetched"]["denied"].as_u64().unwrap() > 10, "{report}");
    assert!(site.requests() <= before + 10, "{} pages more were asked for", site.requests() - before);
}

#[test]
fn one_broken_source_does_not_stop_the_others() {
    let site = shop(10);
    let folder = workspace(&site, "shop", "");
    fs::write(folder.path().join("sources/broken.toml"), "id = \"broken\"\nstrat = 1\n").unwrap();
    let output = run(folder.path(), &["crawl", "--json", "-q"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(json_lines(&String::from_utf8_lossy(&output.stdout))[0]["listings"], 10);
}

#[test]
fn one_address_is_fetched_without_touching_an_interrupted_run() {
    let site = shop(300);
    let folder = workspace(&site, "shop", "");
    let mut child = caveat(folder.path(), &["crawl", "shop", "-q"]).spawn().unwrap();
    wait_for_requests(&site, 40, &mut child);
    child.kill().unwrap();
    child.wait().unwrap();
    site.rest();
    let before = site.counts();
    let report = json_lines(&succeed(&run(
        folder.path(),
        &["crawl", "shop", "--url", &site.url("/p/290"), "--json", "-q"],
    )));
    assert_eq!((&report[0]["fetched"], &report[0]["queued"]), (&1.into(), &0.into()), "{}", report[0]);
    let more: Vec<_> = site
        .counts()
        .into_iter()
        .filter(|(path, n)| before.get(path) != Some(n) && path != "/robots.txt")
        .collect();
    assert_eq!(more, [("/p/290".to_owned(), 1)]);
    let findings =
        json_lines(&succeed(&run(folder.path(), &["findings", "list", "--json", "--source", "shop"])));
    // What is misspelt does not look like "nothing found".
    for (option, name, says) in
        [("--source", "shpo", "\"shop\""), ("--class", "medicine.erectil", "\"medicine.erectile\"")]
    {
        let output = run(folder.path(), &["findings", "list", option, name]);
        assert_eq!(output.status.code(), Some(2));
        assert!(err(&output).contains(says), "{}", err(&output));
    }
    assert!(findings.iter().any(|finding| last_part(finding) == "290"), "{findings:?}");
    let report = json_lines(&succeed(&run(folder.path(), &["crawl", "shop", "--json", "-q"])));
    assert_eq!(report[0]["listings"], 300);
}

#[test]
fn a_page_that_cannot_be_stored_does_not_hold_up_the_others() {
    let site = Site::open(|path| match path {
        "/" => Answer::html("<a href=\"/p/1\">one</a> <a href=\"/p/2\">two</a>"),
        // The address that it leads to is longer than a key of the store.
        "/p/1" => Answer {
            status: 302,
            headers: vec![("Location", format!("/p/3?x={}", "y".repeat(3000)))],
            body: Vec::new(),
        },
        _ => Answer::html(
            "<script type=\"application/ld+json\">{\"@type\":\"Product\",\"name\":\"Viagra 100mg no prescription\",\
             \"offers\":{\"price\":\"9.50\",\"priceCurrency\":\"EUR\"}}</script><h1>Viagra 100mg no prescription</h1>",
        ),
    });
    let folder = workspace(&site, "shop", "");
    let report = json_lines(&succeed(&run(folder.path(), &["crawl", "shop", "--json", "-q"])));
    assert_eq!(report[0]["not_fetched"]["not-kept"], 1, "{}", report[0]);
    let findings = json_lines(&succeed(&run(folder.path(), &["findings", "list", "--json"])));
    assert_eq!(findings.iter().map(last_part).collect::<Vec<_>>(), ["2"]);
}

/// The 88 real product pages, served as a shop and crawled, give what `scan` gives over the same files.
#[test]
fn real_pages_crawled_and_scanned_agree() {
    let Some(pages) = suite_pages() else { return };
    let names: Vec<String> = pages.keys().cloned().collect();
    let count = names.len();
    let site = Site::open(move |path| {
        if path == "/" {
            let links: String =
                names.iter().map(|name| format!("<li><a href=\"/p/{name}\">{name}</a></li>")).collect();
            return Answer::html(format!("<html lang=en><body><ul>{links}</ul></body></html>"));
        }
        let file = path.strip_prefix("/p/").and_then(|name| pages.get(name));
        file.map_or_else(Answer::not_found, |file| Answer {
            status: 200,
            headers: vec![
                ("Content-Type", "text/html; charset=utf-8".to_owned()),
                ("Content-Encoding", "gzip".to_owned()),
            ],
            body: fs::read(file).unwrap(),
        })
    });
    let folder = workspace(&site, "real", "allow = [\"/p/\"]");
    // The pages link to thousands of addresses of their own shops, which are not here.
    let file = folder.path().join("sources/real.toml");
    let text = fs::read_to_string(&file).unwrap().replace("max_depth = 400", "max_depth = 1");
    fs::write(&file, text).unwrap();
    let report = json_lines(&succeed(&run(folder.path(), &["crawl", "real", "--json", "-q"]))).remove(0);
    assert_eq!(report["fetched"], count as u64 + 1, "{report}");

    let suite = suite_folder().unwrap();
    let scanned =
        json_lines(&succeed(&run(folder.path(), &["scan", "--json", "-q", suite.to_str().unwrap()])));
    let of_file = |line: &Value| {
        let file = PathBuf::from(line["file"].as_str().unwrap());
        file.file_name().unwrap().to_str().unwrap().trim_end_matches(".html.gz").to_owned()
    };
    let own = scanned.iter().filter(|line| line.get("from").is_none());
    let by_scan: BTreeMap<String, (Value, Value)> =
        own.map(|line| (of_file(line), (line["verdict"].clone(), line["score"].clone()))).collect();
    assert_eq!(report["listings"], by_scan.len() as u64, "crawl and scan read different numbers of listings");
    let flagged: BTreeSet<String> =
        by_scan.iter().filter(|(_, (verdict, _))| verdict == "flag").map(|(name, _)| name.clone()).collect();
    let findings = json_lines(&succeed(&run(folder.path(), &["findings", "list", "--json"])));
    let found: BTreeSet<String> = findings.iter().map(last_part).collect();
    assert_eq!(found, flagged);
    eprintln!("{count} real pages: {} listings, {} flagged", by_scan.len(), flagged.len());
}

/// The last part of a finding's path.
fn last_part(finding: &Value) -> String {
    finding["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned()
}

fn suite_folder() -> Option<PathBuf> {
    let Some(suites) = std::env::var_os("CAVEAT_SUITES") else {
        eprintln!("not run: CAVEAT_SUITES is unset");
        return None;
    };
    Some(PathBuf::from(suites).join("pages/product-benchmark/html"))
}

fn suite_pages() -> Option<BTreeMap<String, PathBuf>> {
    let entries = fs::read_dir(suite_folder()?).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let name =
        |path: &Path| path.file_name().unwrap().to_str().unwrap().trim_end_matches(".html.gz").to_owned();
    Some(paths.map(|path| (name(&path), path)).collect())
}

#[test]
fn the_shops_own_search_is_asked_and_its_results_are_turned_over() {
    // Offers that only the search finds: ten a page, 23 for "botox", none for anything else.
    let site = Site::open(|path| {
        let found = |page: usize| (page * 10 - 10..(page * 10).min(23)).map(|n| format!("/p/{n}"));
        let page = path.strip_prefix("/find?q=botox&p=").and_then(|page| page.parse().ok());
        match (path, page) {
            ("/robots.txt", _) => {
                let headers = vec![("Content-Type", "text/plain".to_owned())];
                let body = b"User-agent: *\nDisallow: /find?q=secret".to_vec();
                Answer { status: 200, headers, body }
            }
            ("/", _) => Answer::html("<html><body><h1>Shop</h1></body></html>"),
            (_, Some(page)) => {
                let cards = found(page).map(|url| {
                    format!("<li class=card><a href=\"{url}\">Filler {url}</a> <span>20.50 €</span></li>")
                });
                let cards: String = cards.collect();
                // A link to another search must not make the crawler ask for it.
                Answer::html(format!("<h1>Results</h1><a href=\"/find?q=all&p=1\">all</a><ul>{cards}</ul>"))
            }
            (path, _) if path.starts_with("/p/") => Answer::html(format!(
                "<html lang=en><script type=\"application/ld+json\">{{\"@type\":\"Product\",\"name\":\"Filler {path}\",\
                 \"offers\":{{\"price\":\"20.50\",\"priceCurrency\":\"EUR\"}}}}</script><h1>Filler {path}</h1>"
            )),
            _ => Answer::html("<h1>Nothing found</h1>"),
        }
    });
    let folder = workspace(&site, "shop", "allow = [\"/p/\"]");
    let path = folder.path().join("sources/shop.toml");
    let text = fs::read_to_string(&path).unwrap();
    let search = |terms: &str| {
        format!("{text}[search]\nurl = \"{}\"\nterms = {terms}\n", site.url("/find?q={query}&p={page}"))
    };
    fs::write(&path, search("[\"botox\", \"Botox\", \"secret\", \"hair dryer\"]")).unwrap();
    let output = run(folder.path(), &["crawl", "shop", "--json"]);
    let report = &json_lines(&succeed(&output))[0];
    // Three pages with results and the empty fourth; "hair dryer" once.
    assert_eq!((&report["searches"], &report["listings"]), (&5.into(), &23.into()), "{report}");
    assert_eq!(report["not_fetched"]["refused"], 1, "robots.txt binds searches: {report}");
    let counts = site.counts();
    assert!(counts.contains_key("/find?q=hair+dryer&p=1") && !counts.contains_key("/find?q=hair+dryer&p=2"));
    assert!(
        !counts.contains_key("/find?q=all&p=1") && !counts.contains_key("/find?q=secret&p=1"),
        "{counts:?}"
    );

    fs::write(&path, search("[\"@pde5-name\"]")).unwrap();
    let output = run(folder.path(), &["crawl", "shop"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("@pde5-names"), "{}", err(&output));
}

#[test]
fn what_is_due_is_crawled_once() {
    let site = shop(5);
    let folder = workspace(&site, "shop", "schedule = \"0 3 1 1 * Europe/Berlin\"");
    let list = || json_lines(&succeed(&run(folder.path(), &["schedule", "list", "--json"])));
    assert_eq!(list()[0]["due"], true, "it was never crawled");
    let run_due = || json_lines(&succeed(&run(folder.path(), &["schedule", "run", "--json"])));
    assert_eq!(run_due()[0]["listings"], 5);
    assert_eq!(list()[0]["due"], false, "not before next January");
    assert!(run_due().is_empty());
    let next = succeed(&run(folder.path(), &["schedule", "next", "shop", "-n", "2"]));
    assert_eq!(next.matches("-01-01 03:00 CET").count(), 2, "{next}");
}
