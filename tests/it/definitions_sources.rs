//! Source files and caveat.toml: what sound ones mean. What broken ones say stands in `definitions`.

use std::path::Path;

use caveat::config::{self, Config};
use caveat::document::{Diagnostic, Level};
use caveat::source::{self, Selector, Source};
use proptest::prelude::*;

/// The source file of the design, word for word.
const EXAMPLE: &str = r#"
id       = "shop-example"
name     = "Shop Example"
start    = ["https://shop.example/c/health"]       # pages, sitemaps or feeds
market   = "DE"                                    # where the offer is aimed; rules may depend on it
allow    = ["/p/", "/c/"]                          # robots.txt-style path patterns, longest wins, deny wins ties; start pages exempt
deny     = ["/p/*?review"]
packs    = ["medicines", "goods"]                  # default: all that are on
schedule = "0 3 * * 1-5 Europe/Berlin"             # cron with an IANA zone; optional
allow_loopback = false                             # opens only the address:port pairs of `start`
[request]
accept_language = "de-DE,de;q=0.9"
cookies = {}
[limits]
rate_per_second = 1.0                              # per gate, an upper bound
concurrency = 2
max_pages = 5000
max_depth = 12
[search]                                           # optional: ask the shop's own search, robots.txt still binding
url   = "https://shop.example/search?q={query}&page={page}"
terms = ["@pde5-names", "@alerts", "botox"]        # words, lists, alerts; budgeted
[select]                                           # optional: CSS (with @attr) or JSON path ($.…) per field
title = "h1.product-title"
next  = "a[rel=next]@href"
[select.card]
item = ".result"
url  = "a@href"
"#;

fn sound_source(text: &str) -> Source {
    let (source, diagnostics) = source::parse("sources/shop-example.toml", text.as_bytes());
    assert!(diagnostics.is_empty(), "{}", diagnostics[0].render());
    source.unwrap()
}

fn css(css: &str, attribute: Option<&str>) -> Selector {
    Selector::Css { css: css.to_owned(), attribute: attribute.map(str::to_owned) }
}

#[test]
fn the_example_of_the_design_means_what_it_says() {
    let source = sound_source(EXAMPLE);
    assert_eq!((source.id.as_str(), source.name.as_str()), ("shop-example", "Shop Example"));
    assert_eq!(source.start[0].as_str(), "https://shop.example/c/health");
    assert_eq!(source.market.as_deref(), Some("DE"));
    assert_eq!(
        (source.allow.as_slice(), source.deny.as_slice()),
        (&["/p/".to_owned(), "/c/".to_owned()][..], &["/p/*?review".to_owned()][..])
    );
    assert_eq!(source.packs, ["medicines", "goods"]);
    let schedule = source.schedule.unwrap();
    assert_eq!((schedule.cron.as_str(), schedule.zone.as_str()), ("0 3 * * 1-5", "Europe/Berlin"));
    assert!(!source.allow_loopback);
    assert_eq!(source.request.accept_language.as_deref(), Some("de-DE,de;q=0.9"));
    assert!(source.request.cookies.is_empty());
    assert_eq!((source.limits.concurrency, source.limits.max_pages, source.limits.max_depth), (2, 5000, 12));
    let search = source.search.unwrap();
    assert_eq!(search.url, "https://shop.example/search?q={query}&page={page}");
    assert_eq!(search.terms, ["@pde5-names", "@alerts", "botox"]);
    assert_eq!(source.select.fields["title"], css("h1.product-title", None));
    assert_eq!(source.select.fields["next"], css("a[rel=next]", Some("href")));
    let card = source.select.card.unwrap();
    assert_eq!((card.item.as_str(), &card.fields["url"]), (".result", &css("a", Some("href"))));
}

#[test]
fn a_source_needs_little() {
    let source =
        sound_source("id = \"shop-example\"\nname = \"Shop\"\nstart = [\"https://shop.example/\"]\n");
    assert!((source.limits.rate_per_second - 1.0).abs() < f64::EPSILON);
    assert_eq!((source.limits.concurrency, source.limits.max_pages, source.limits.max_depth), (2, 5000, 12));
    assert!(source.schedule.is_none() && source.search.is_none() && source.select.fields.is_empty());
}

#[test]
fn attributes_json_paths_and_cookies_are_kept() {
    let source = sound_source(
        "id = \"shop-example\"\nname = \"Shop\"\nstart = [\"http://127.0.0.1:8080/\", \"http://[::1]:80/\"]\nallow_loopback = true\n\
         [request.cookies]\nconsent = \"yes\"\n[limits]\nrate_per_second = 2\n\
         [select]\nprice = \"$.offers[0].price\"\nattributes.Wirkstoff = \"dl dd\"\n[select.card]\nitem = \"a.card\"\nurl = \"@href\"\n",
    );
    assert_eq!(source.request.cookies["consent"], "yes");
    assert!((source.limits.rate_per_second - 2.0).abs() < f64::EPSILON);
    assert_eq!(source.select.fields["price"], Selector::Json("$.offers[0].price".to_owned()));
    assert_eq!(source.select.fields["attributes.Wirkstoff"], css("dl dd", None));
    assert_eq!(source.select.card.unwrap().fields["url"], css("", Some("href")));
}

#[test]
fn a_configuration_is_read_whole_and_has_defaults() {
    let text = "operator = \"Market Surveillance\"\ncontact = \"crawler@authority.example\"\ncountry = \"DE\"\n\
                time_zone = \"Europe/Berlin\"\ndata = \"store\"\npacks = [\"medicines\"]\nweb_address = \"[::1]:9000\"\n\
                [retention]\nlistings_days = 30\nunflagged_evidence_days = 7\n";
    let (config, diagnostics) = config::parse("caveat.toml", text.as_bytes());
    assert!(diagnostics.is_empty(), "{}", diagnostics[0].render());
    let config = config.unwrap();
    assert_eq!(config.operator.as_deref(), Some("Market Surveillance"));
    assert_eq!(config.contact.as_deref(), Some("crawler@authority.example"));
    assert_eq!((config.country.as_deref(), config.time_zone.as_str()), (Some("DE"), "Europe/Berlin"));
    assert_eq!((config.data.as_path(), config.web_address.as_str()), (Path::new("store"), "[::1]:9000"));
    assert_eq!((config.retention.listings_days, config.retention.unflagged_evidence_days), (30, 7));
    assert_eq!(config.packs, ["medicines"]);
    let (empty, diagnostics) = config::parse("caveat.toml", b"");
    assert!(diagnostics.is_empty());
    let (empty, default) = (empty.unwrap(), Config::default());
    assert_eq!(
        (empty.data, empty.web_address, empty.retention),
        (default.data, default.web_address, default.retention)
    );
}

#[test]
fn a_contact_is_an_address_that_somebody_answers() {
    for (contact, sound) in [
        ("crawler@authority.example", true),
        ("https://authority.example/crawler", true),
        ("mailto:crawler@authority.example", true),
        ("crawler", false),
        ("@authority.example", false),
        ("", false),
        ("a@b.example\\r\\nX-Evil: 1", false),
        ("a@b.example (really)", false),
    ] {
        let (config, _) = config::parse("caveat.toml", format!("contact = \"{contact}\"\n").as_bytes());
        assert_eq!(config.is_some(), sound, "{contact}");
    }
}

#[test]
fn a_byte_order_mark_does_no_harm() {
    let text = format!("\u{feff}{EXAMPLE}");
    assert_eq!(sound_source(&text).id, "shop-example");
}

fn errors(diagnostics: &[Diagnostic]) -> usize {
    diagnostics.iter().filter(|one| one.level == Level::Error).count()
}

proptest! {
    #[test]
    fn no_damage_to_a_file_panics(at in 0usize..2000, cut in 0usize..40, insert in "[\\[\\]{}()=\"'#.,a-zé伟@$\\\\\n 0-9-]{0,6}") {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, insert.chars());
        let text: String = text.into_iter().collect();
        let (read, found) = source::parse("sources/shop-example.toml", text.as_bytes());
        prop_assert_eq!(read.is_some(), errors(&found) == 0);
        let (read, found) = config::parse("caveat.toml", text.as_bytes());
        prop_assert_eq!(read.is_some(), errors(&found) == 0);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (read, found) = source::parse("x.toml", &bytes);
        prop_assert!(read.is_none() && errors(&found) > 0);
        let (read, found) = config::parse("caveat.toml", &bytes);
        prop_assert_eq!(read.is_some(), errors(&found) == 0);
    }
}
