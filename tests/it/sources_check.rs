//! `caveat sources check`: what it says of files, of saved pages and of a shop on loopback, and the draft it writes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use super::site::{Answer, Site};

fn caveat(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_caveat")).args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json_lines(output: &Output) -> Vec<Value> {
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A plain shop of eight offers without any markup for machines; offer 3 is sold out and has no old price.
fn shop() -> Site {
    Site::open(|path| {
        let page = |title: &str, body: &str| {
            Answer::html(format!(
                "<html lang=en><head><title>{title} - Plain Goods</title></head><body><div class=top><nav>\
                 <a href=\"/c/1\">Everything</a></nav></div>{body}</body></html>"
            ))
        };
        let number = |prefix: &str| path.strip_prefix(prefix).and_then(|n| n.parse::<usize>().ok());
        if path == "/" {
            return page(
                "Welcome",
                "<p>Hand tools since 1971. Come in and look around, we have what you need.</p>",
            );
        }
        if let Some(list) = number("/c/") {
            let cards: String = (list * 4 - 3..=list * 4)
                .map(|n| {
                    format!(
                        "<div class=tile><a class=pic href=\"/p/{n}\"><img src=\"/i/{n}.jpg\"></a>\
                         <a class=tile-name href=\"/p/{n}\">Plane number {n}</a> <span class=tile-cost>€{n}4.50</span></div>"
                    )
                })
                .collect();
            let next = if list < 2 { "<p class=turn><a class=onward href=\"/c/2\">Next</a></p>" } else { "" };
            return page("Everything", &format!("<h1>Everything</h1><div class=tiles>{cards}</div>{next}"));
        }
        if let Some(n) = number("/p/") {
            let old = if n == 3 { String::new() } else { format!("<s class=before>€{n}9.00</s> ") };
            let buy = if n == 3 { "<b>Sold out</b>" } else { "<button>Add to cart</button>" };
            return page(
                &format!("Plane number {n}"),
                &format!(
                    "<div class=offer><h1 class=offer-name>Plane number {n}</h1><p class=money>{old}<span class=pay>€{n}4.50</span>\
                     </p>{buy}<p>Item no. <span class=article-number>PL-{n}00</span></p><div class=story>Body of cast iron, blade of \
                     hardened steel, handles of beech. Made for soft wood and patient people, number {n} of eight.</div></div>"
                ),
            );
        }
        Answer::not_found()
    })
}

fn workspace(site: &Site, extra: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("caveat.toml"), "time_zone = \"UTC\"\n").unwrap();
    fs::create_dir(folder.path().join("sources")).unwrap();
    let source = format!(
        "id = \"plain\"\nname = \"Plain Goods\"\nstart = [\"{}\"]\nallow_loopback = true\n{extra}\n[limits]\nrate_per_second = 100.0\n",
        site.url("/")
    );
    fs::write(folder.path().join("sources/plain.toml"), source).unwrap();
    folder
}

#[test]
fn a_shop_is_looked_at_and_a_select_is_drafted_that_works() {
    let site = shop();
    let folder = workspace(&site, "deny = [\"/p/1\"]");
    let output = caveat(folder.path(), &["sources", "check", "plain", "--json", "--pages", "6"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let lines = json_lines(&output);
    let kinds: Vec<&str> = lines.iter().filter_map(|line| line["page_type"].as_str()).collect();
    assert_eq!(kinds, ["other", "category", "product", "product", "product", "category"]);
    // The source's own scope holds here too.
    assert!(!site.counts().contains_key("/p/1"), "{:?}", site.counts());
    assert!(site.counts().contains_key("/robots.txt"));
    assert_eq!(lines[1]["cards"].as_array().unwrap().len(), 4);
    assert_eq!(lines[1]["next"][0], site.url("/c/2"));
    let price =
        lines[2]["fields"].as_array().unwrap().iter().find(|field| field["field"] == "price").unwrap();
    assert_eq!(price["value"], "24.50 EUR");
    assert_eq!(price["reader"], "text");
    let missing: Vec<&str> =
        lines[2]["missing"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(
        missing.contains(&"gtin") && missing.contains(&"brand") && !missing.contains(&"title"),
        "{missing:?}"
    );

    // The draft, put into the source, reads all pages without a generic reader.
    let draft = lines.last().unwrap()["draft"].as_str().unwrap();
    let file = folder.path().join("sources/plain.toml");
    let whole = fs::read_to_string(&file).unwrap() + draft;
    fs::write(&file, whole).unwrap();
    let again = caveat(folder.path(), &["sources", "check", "plain", "--json", "--pages", "6"]);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    let lines = json_lines(&again);
    for field in lines[3]["fields"].as_array().unwrap() {
        if ["title", "price", "sku"].contains(&field["field"].as_str().unwrap()) {
            assert_eq!(field["reader"], "select", "{draft}\n{field}");
        }
    }
    let cards = lines[1]["cards"].as_array().unwrap();
    assert_eq!(cards.len(), 4, "{draft}");
    assert_eq!(cards[3]["price"]["amount"], "44.50", "{draft}");
    assert_eq!(cards[3]["images"][0], site.url("/i/4.jpg"), "{draft}");
    assert_eq!(cards[3]["provenance"]["title"], "select", "{draft}");
    assert_eq!(lines[1]["next"][0], site.url("/c/2"), "{draft}");
}

#[test]
fn people_read_a_table_and_nothing_is_fetched_where_they_say_so() {
    let site = shop();
    let folder = workspace(&site, "");
    let output = caveat(folder.path(), &["sources", "check", "plain", "--offline"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(site.requests(), 0);
    let output = caveat(folder.path(), &["sources", "check"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stderr).contains("name a source"), "{}", text(&output.stderr));
    assert_eq!(site.requests(), 0);
    let output = caveat(folder.path(), &["sources", "check", "plain"]);
    let shown = text(&output.stdout);
    for part in
        ["a list of products", "a product page", "missing: brand, gtin", "next page: ", "[select.card]"]
    {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
}

#[test]
fn a_page_that_cannot_be_fetched_or_seen_is_told() {
    let site = Site::open(|path| match path {
        "/robots.txt" => {
            Answer { status: 200, headers: Vec::new(), body: b"User-agent: *\nDisallow: /\n".to_vec() }
        }
        _ => Answer::html("<h1>never asked for</h1>"),
    });
    let folder = workspace(&site, "");
    let output = caveat(folder.path(), &["sources", "check", "plain"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stdout).contains("robots.txt"), "{}", text(&output.stdout));
    assert_eq!(site.counts().keys().collect::<Vec<_>>(), ["/robots.txt"]);
}

#[test]
fn saved_pages_are_read_without_a_network() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("p.html"), include_str!("../pages/prestashop-product.html")).unwrap();
    let arguments = [
        "sources",
        "check",
        "--page",
        "p.html",
        "--url",
        "https://colle.example/19.html",
        "--draft",
        "d.toml",
    ];
    let output = caveat(folder.path(), &arguments);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("adapter") && shown.contains("4006381333931"), "{shown}");
    let draft = fs::read_to_string(folder.path().join("d.toml")).unwrap();
    assert!(draft.contains("[select]") && draft.contains("price"), "{draft}");
    // What is there is not overwritten.
    assert_eq!(caveat(folder.path(), &arguments).status.code(), Some(3));
    fs::write(folder.path().join("wall.html"), "<title>Just a moment...</title><div id=cf-challenge></div>")
        .unwrap();
    let output = caveat(folder.path(), &["sources", "check", "--page", "wall.html"]);
    assert_eq!(output.status.code(), Some(3), "a wall is not seen");
    assert!(text(&output.stdout).contains("blocked"), "{}", text(&output.stdout));
}

#[test]
fn names_that_lead_nowhere_are_told_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sources")).unwrap();
    fs::write(folder.path().join("caveat.toml"), "").unwrap();
    let file = folder.path().join("sources/shop.toml");
    let head = "id = \"shop\"\nname = \"Shop\"\n";
    for (rest, place, says) in [
        (
            "start = [\"https://shop.example/\"]\npacks = [\"medicnes\"]\n",
            "shop.toml:4:10",
            "did you mean \"medicines\"?",
        ),
        (
            "start = [\"https://shop.example/\"]\n[search]\nurl = \"https://shop.example/?q={query}\"\nterms = [\"tea\", \"@pde5-name\"]\n",
            "shop.toml:6:17",
            "did you mean \"@pde5-names\"?",
        ),
        ("start = [\"http://10.0.0.8/\"]\n", "shop.toml:3:10", "private network"),
        ("start = [\"http://[fd00::1]/\"]\n", "shop.toml:3:10", "private network"),
        (
            "start = [\"http://169.254.169.254/latest\"]\nallow_loopback = true\n",
            "shop.toml:3:10",
            "private network",
        ),
        ("start = [\"http://localhost./\"]\n", "shop.toml:3:10", "allow_loopback"),
    ] {
        fs::write(&file, format!("{head}{rest}")).unwrap();
        let output = caveat(folder.path(), &["sources", "check", "--offline"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{rest}: {said}");
        assert!(said.contains(place) && said.contains(says), "{rest}: {said}");
    }
}
