//! Pages made to hurt: each is read in bounded time and memory, nothing panics, and what was cut is told.
//!
//! Every page is read in a process of its own, because peak memory is known of processes only.

use std::process::Command;
use std::time::{Duration, Instant};

use caveat::extract::Extractor;
use caveat::page::{Page, PageType};

/// Time for one page; unoptimised builds on busy machines get ten times as long.
const TIME_MAX: Duration = Duration::from_secs(if cfg!(debug_assertions) { 12 } else { 1 });
/// Memory for one page, its own bytes included.
const MEMORY_MAX_KB: u64 = 256 * 1024;
/// Names the page to the child process.
const CASE: &str = "CAVEAT_HOSTILE_PAGE";

type Make = fn() -> String;

const PAGES: &[(&str, Make)] = &[
    ("a million nested elements", || "<div>".repeat(1_000_000)),
    ("a million nested unknown elements", || "<x-y>".repeat(1_000_000)),
    ("nested formatting elements", || "<a><b><i><u><font><p>".repeat(50_000)),
    ("adoption agency storm", || "<b><div><i></b></div></i>".repeat(200_000)),
    ("misplaced table content", || "<table><b><tr><td></table></b>".repeat(150_000)),
    ("megabyte attributes", || format!("<p title='{}'>x</p>", "é".repeat(1_000_000)).repeat(10)),
    ("a million attributes", || format!("<p {}>x</p>", "a=1 b='2' ".repeat(500_000))),
    ("ten thousand attributes on each of many tags", || {
        format!("<p {}>x</p>", "data-a=1 ".repeat(10_000)).repeat(100)
    }),
    ("a script of 100 MB", || format!("<script>{}</script>", "x".repeat(100_000_000))),
    ("a script of 45 MB", || {
        format!("<script>var price = {};{}</script>", "{\"price\":1}", "x = 1;\n".repeat(6_400_000))
    }),
    ("ten thousand JSON-LD blocks", || {
        let block = r#"<script type="application/ld+json">{"@type":"Product","name":"A","offers":{"price":"1"}}</script>"#;
        block.repeat(10_000)
    }),
    ("deep JSON-LD", || format!("<script type=application/ld+json>{}</script>", "{\"a\":[".repeat(500_000))),
    ("wide JSON-LD", || format!("<script type=application/ld+json>[{}0]</script>", "[],".repeat(900_000))),
    ("JSON-LD that refers in circles", || {
        let node = r##"{"@id":"#a","@type":"Product","isRelatedTo":[{"@id":"#a"},{"@id":"#b"}],"offers":{"@id":"#b"}},"##;
        format!(
            "<script type=application/ld+json>{{\"@graph\":[{}{{\"@id\":\"#b\",\"offers\":{{\"@id\":\"#a\"}}}}]}}</script>",
            node.repeat(5000)
        )
    }),
    ("damaged JSON-LD full of quotes", || {
        format!("<script type=application/ld+json>{{\"a\":\"{}</script>", "\" ".repeat(1_000_000))
    }),
    ("state of empty lists", || format!("<script>window.a = [{}]; price</script>", "[],".repeat(2_000_000))),
    ("state of many half objects", || {
        format!("<script>price; {}</script>", "a={b:{c:[{d:1,".repeat(400_000))
    }),
    ("data attributes of JSON", || "<i data-a='[{\"price\":1,\"name\":\"abc\"}]'></i>".repeat(200_000)),
    ("nested properties", || {
        let text = "word ".repeat(10_000);
        format!("<div itemscope>{}{text}{}</div>", "<div itemprop=name>".repeat(500), "</div>".repeat(500))
            .repeat(20)
    }),
    ("itemref everywhere", || {
        let items = "<div itemscope itemref='a b c d e f g h'></div>".repeat(5000);
        let targets: String = "abcdefgh"
            .chars()
            .map(|id| format!("<div id={id}>{}</div>", "<i itemprop=x>y</i>".repeat(5000)))
            .collect();
        items + &targets
    }),
    ("an unclosed comment", || format!("<p>x<!--{}", "- ".repeat(5_000_000))),
    ("an unclosed quote", || format!("<p>x<p title=\"{}", "a>".repeat(5_000_000))),
    ("ten million brackets", || "<".repeat(10_000_000)),
    ("ten million ampersands", || format!("<h1>{}</h1>", "&".repeat(10_000_000))),
    ("half-closed scripts", || "<script><!--<script></script>".repeat(300_000)),
    ("a million links", || "<a href=/p/1>abc</a>".repeat(500_000)),
    ("half a million prices", || {
        "<h1>Shoe</h1>".to_owned() + &"<a href=/p/1><b class=price>1,99 €</b> Shoe</a>".repeat(250_000)
    }),
    ("half a million labels", || "<li>label: value 123</li>".repeat(500_000)),
    ("a million headlines", || "<h1>Headline of a page</h1>".repeat(300_000)),
    ("a wide table", || format!("<table>{}</table>", "<tr><th>EAN<td>4006381333931".repeat(300_000))),
    ("paging without end", || {
        "<div class=pagination><a href=?page=2>2</a><a href=?page=3>3</a></div>".repeat(100_000)
    }),
    ("breadcrumbs without end", || {
        "<div class=breadcrumb>".repeat(500) + &"<a href=/x>step</a>".repeat(300_000)
    }),
    ("digits without end", || format!("<h1>x</h1><p class=price>{} €</p>", "1.000,".repeat(2_000_000))),
];

#[test]
fn hostile_pages_are_bounded() {
    let program = std::env::current_exe().unwrap();
    let mut faults = Vec::new();
    for (name, _) in PAGES {
        let output = Command::new(&program)
            .args(["--exact", "extract_hostile::one_page", "--nocapture", "--test-threads", "1"])
            .env(CASE, name)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        if let Some(line) = said.lines().find(|line| line.starts_with("page ")) {
            println!("{line}");
        }
        if !output.status.success() {
            faults.push(format!(
                "{name}: {}\n{said}{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The child: reads the page that the environment names; alone it has nothing to do.
#[test]
fn one_page() {
    let Ok(name) = std::env::var(CASE) else { return };
    let (_, make) = PAGES.iter().find(|(known, _)| *known == name).unwrap();
    let body = make().into_bytes();
    let size = body.len();
    let page = Page { url: "https://shop.example/p/1".parse().ok(), content_type: None, body };
    let started = Instant::now();
    let extracted = Extractor::default().extract(&page);
    let took = started.elapsed();
    let peak = peak_memory_kb();
    println!(
        "page {name}: {size} bytes, {took:?}, peak {} MB, {:?}, {:?}",
        peak.unwrap_or(0) / 1024,
        extracted.page_type,
        extracted.problems
    );
    assert!(took <= TIME_MAX, "took {took:?}");
    // The page that is refused for its size is itself larger than half the limit.
    assert!(peak.is_none_or(|kb| kb <= MEMORY_MAX_KB), "peak {peak:?} KB");
}

/// Peak resident memory of this process, where the system tells.
fn peak_memory_kb() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().split(' ').next()?.parse().ok()
}

#[test]
fn what_is_cut_is_told_and_the_rest_is_kept() {
    let good = r#"<h1>Shoe</h1><script type=application/ld+json>{"@type":"Product","name":"Shoe","offers":{"price":"9.90","priceCurrency":"EUR"}}</script>"#;
    for (junk, problem) in [
        ("<div>".repeat(5000), "nested deeper"),
        (format!("<p {}>", "a=1 ".repeat(5000)), "attributes"),
        ("<i></i>".repeat(400_000), "elements"),
    ] {
        let page = Page { url: None, content_type: None, body: format!("{good}{junk}").into_bytes() };
        let extracted = Extractor::default().extract(&page);
        assert_eq!(extracted.listing.map(|l| l.title).as_deref(), Some("Shoe"), "{problem}");
        assert!(
            extracted.problems.iter().any(|p| p.contains(problem)),
            "{problem}: {:?}",
            extracted.problems
        );
    }
}

#[test]
fn pages_that_are_none_are_told() {
    for (body, problem) in [
        (Vec::new(), "empty"),
        (b"\x89PNG\r\n\x1a\n\0\0".to_vec(), "PNG"),
        (vec![0; 5000], "binary"),
        (vec![b'x'; 50 * 1024 * 1024 + 1], "50 MB"),
    ] {
        let extracted = Extractor::default().extract(&Page { url: None, content_type: None, body });
        assert_eq!(extracted.page_type, PageType::Other);
        assert!(extracted.listing.is_none());
        assert!(extracted.problems[0].contains(problem), "{problem}: {:?}", extracted.problems);
    }
}
