//! Pages made to hurt: each is read in bounded time and memory, nothing panics, and what was cut is told.
//!
//! Every page is read in a process of its own, because peak memory is known of processes only.

use std::process::Command;
use std::time::Duration;

use caveat::extract::Extractor;
use caveat::page::{Page, PageType};
use caveat::source::{CardSelect, Select, Selector};
use rustix::time::{ClockId, clock_gettime};

/// Processor time for one page, selectors or not; unoptimised builds on busy machines get ten times as long.
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
    ("JSON nested a million deep in a program", || {
        format!("<script>price; a={}</script>", "[".repeat(1_000_000))
    }),
    ("JSON in strings in JSON", || {
        let mut json = r#"{"name":"Shoe","price":1}"#.to_owned();
        for _ in 0..16 {
            json = format!("{{\"sku\":{}}}", serde_json::to_string(&json).unwrap());
        }
        format!("<h1>Shoe</h1><script type=application/json>{json}</script>")
    }),
    ("a product of two hundred thousand properties", || {
        let properties: String = (0..200_000).map(|n| format!("\"p{n}\":1,")).collect();
        let product = format!("{{\"@type\":\"Product\",{properties}\"name\":\"Shoe\"}}");
        format!(
            "<h1>Shoe</h1><script type=application/ld+json>{product}</script><script>a={product};price</script>"
        )
    }),
    ("a product of a hundred thousand items", || {
        let items: String = (0..100_000).map(|n| format!("<i itemprop=p{n}>1</i>")).collect();
        format!("<h1>Shoe</h1><div itemscope itemtype=http://schema.org/Product>{items}</div>")
    }),
    ("nested RDFa", || "<div typeof=Product property=offers>1".repeat(200_000)),
    ("items that refer to each other", || {
        (0..20_000)
            .map(|n| format!("<p id=a{n} itemscope itemprop=x itemref='a{} a{}'>", n + 1, n / 2))
            .collect()
    }),
    ("a million signs", || "<b>$</b>".repeat(500_000) + &"$1 ".repeat(500_000)),
    ("signs and digits in one price", || "<p class=price>$1 2.3,4 € - </p>".repeat(200_000)),
    ("prices far from links", || {
        (format!("<div>{}<b class=price>1,99 €</b></div>", "<i></i>".repeat(90))).repeat(3000)
    }),
    ("half a million tables", || "<table><tr><td>a<td>b</table>".repeat(250_000)),
    ("tables in tables", || "<table><tr><td>a<td>b<table><tr><th>c<td>".repeat(100_000)),
    ("definitions without end", || "<dl><dt>EAN<dd>4006381333931</dl>".repeat(200_000)),
    ("a million references", || {
        format!("<h1>{}</h1><p title='{}'>", "&amp;&#x26;".repeat(500_000), "&quot;".repeat(500_000))
    }),
    ("data attributes of references", || {
        format!("<p data-a='[{}]'>", "&quot;price&quot;,".repeat(50_000)).repeat(20)
    }),
    ("CDATA without end", || "<svg><![CDATA[".repeat(700_000)),
    ("declarations without end", || "<!x <?y <!-".repeat(900_000)),
    ("comments that hardly end", || "<!--->--!><!-- --!".repeat(500_000)),
    ("tags without end", || "<a href='x' <b ".repeat(600_000)),
    ("end tags that end nothing", || "<p><i></div></b></x-y>".repeat(400_000)),
    ("titles and text areas", || "<title><textarea>a</textarea><svg><title>".repeat(200_000)),
    ("a million names", || (0..300_000).map(|n| format!("<i class=name-{n} id=sku-{n}>1</i>")).collect()),
    ("a hundred thousand addresses", || {
        (0..100_000).map(|n| format!("<a href='/p/{n}-x-y?page={n}#z'>Shoe {n}</a>")).collect()
    }),
    ("space without end", || {
        format!("<h1>a{}b</h1><p>1{}€</p>", " \n".repeat(3_000_000), " ".repeat(3_000_000))
    }),
    ("calls without end", || format!("<script>price{}</script>", "JSON.parse( (".repeat(1_000_000))),
    ("strings of programs without end", || {
        format!("<script>price;{}</script>", "JSON.parse('[\\'".repeat(500_000))
    }),
    ("every shop program at once", || {
        let signs = "<body class='woocommerce single-product'><script>Shopify.theme={};Mage.Cookies;prestashop={}</script>";
        format!(
            "{signs}{}",
            "<div class='product price woocommerce-Price-amount product-single'>1 €<a href=/p>x</a>"
                .repeat(60_000)
        )
    }),
];

/// What a source's own selectors may ask of a page.
fn selecting() -> Extractor {
    let css = |css: &str| Selector::Css { css: css.to_owned(), attribute: None };
    let fields = [
        ("title", css("div > h1, table td b")),
        ("price", Selector::Json("$..price".to_owned())),
        ("brand", css("p ~ p:not([title]) i:last-child")),
    ];
    let card =
        CardSelect { item: "li, div, tr".to_owned(), fields: [("title".to_owned(), css("a b"))].into() };
    let fields = fields.into_iter().map(|(name, selector)| (name.to_owned(), selector)).collect();
    Extractor::new(&Select { fields, card: Some(card) }).unwrap()
}

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
        for line in said.lines().filter(|line| line.starts_with("page ")) {
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
    for (way, extractor) in [("read", Extractor::default()), ("selected from", selecting())] {
        let started = processor_time();
        let extracted = extractor.extract(&page);
        let took = processor_time().saturating_sub(started);
        let peak = peak_memory_kb();
        println!(
            "page {name}: {size} bytes, {way} in {took:?}, peak {} MB, {:?}, {:?}",
            peak.unwrap_or(0) / 1024,
            extracted.page_type,
            extracted.problems
        );
        assert!(took <= TIME_MAX, "{way} in {took:?}");
        // The page that is refused for its size is itself larger than half the limit.
        assert!(peak.is_none_or(|kb| kb <= MEMORY_MAX_KB), "{way}: peak {peak:?} KB");
    }
}

/// The time that this thread has had on a processor: other programs do not count.
fn processor_time() -> Duration {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
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
