//! What must hold for every input, whoever made it: each function takes arbitrary bytes and panics where it does not.
//!
//! The fuzz targets run these, and so does `tests/it/fuzz.rs`, over the seeds and changed copies of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use caveat::crawl::sitemap;
use caveat::extract::{Extractor, gtin, lenient, money};
use caveat::fetch::decode::{Caps, decode as decoded};
use caveat::fetch::robots::{PathPattern, Robots, target, target_as_written};
use caveat::fetch::{check_url, gate_key};
use caveat::finding::Hit;
use caveat::listing::{Availability, Listing, Price};
use caveat::matcher::Matcher;
use caveat::normalise::{Folded, words};
use caveat::page::{Page, PageType};
use caveat::rules::condition::{self, Names};
use caveat::rules::folder::RuleFile;
use caveat::rules::load::{LoadOptions, Packs, load};
use caveat::rules::model::RuleSet;
use caveat::source::{CardSelect, Select, Selector};

/// A page: its address may stand on the first line, the value of `Content-Type` on the next.
pub fn extract(data: &[u8]) {
    let page = page(data);
    let extractor = if data.len().is_multiple_of(4) { &*SELECTING } else { &*PLAIN };
    let explanation = extractor.explain(&page);
    let said = serde_json::to_string(&explanation).expect("an explanation is JSON");
    let again = serde_json::to_string(&extractor.explain(&page)).expect("an explanation is JSON");
    assert_eq!(said, again, "the same page gives the same answer");

    let extracted = explanation.extracted;
    assert!(extracted.cards.len() <= 500 && extracted.links.len() <= 5000 && extracted.problems.len() < 100);
    assert!(extracted.page_type != PageType::Blocked || extracted.cards.is_empty());
    assert!(extracted.page_type == PageType::Product || extracted.listing.is_none());
    let mut seen = BTreeSet::new();
    for link in &extracted.links {
        assert!(seen.insert(&link.url), "{} is there twice", link.url);
        assert!(!link.url.contains('#'), "{} has a fragment", link.url);
        let absolute = link.url.starts_with("http://") || link.url.starts_with("https://");
        assert!(absolute || page.url.is_none(), "{} is not absolute", link.url);
    }
    for listing in extracted.listing.iter().chain(&extracted.cards) {
        sound(listing);
    }
    let text = String::from_utf8_lossy(&page.body);
    lenient::read(&text);
    for line in text.lines().take(20) {
        money::parse(line, money::Hints::default());
        money::proven_decimal(line);
    }
}

/// What every listing keeps to.
fn sound(listing: &Listing) {
    assert!(!listing.title.trim().is_empty());
    assert!(listing.attributes.len() <= 200 && listing.conflicts.len() <= 20 && listing.images.len() <= 30);
    assert!(
        listing.gtin.iter().all(|number| gtin::parse(number).as_ref() == Some(number)),
        "{:?}",
        listing.gtin
    );
    if let Some(price) = &listing.price {
        assert!(price.amount > "0".parse().expect("an amount"), "{price:?}");
        let iso = |code: &String| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
        assert!(price.currency.iter().all(iso), "{price:?}");
    }
    let written = serde_json::to_string(listing).expect("a listing is JSON");
    let read: Listing = serde_json::from_str(&written).expect("what is written can be read");
    assert_eq!(&read, listing);
}

fn page(data: &[u8]) -> Page {
    let (mut url, mut content_type, mut body) = (None, None, data);
    if data.starts_with(b"http") {
        let (first, rest) = split_line(data);
        url = first.parse().ok();
        body = rest;
        if rest.starts_with(b"text/") || rest.starts_with(b"application/") {
            let (second, rest) = split_line(rest);
            content_type = Some(second);
            body = rest;
        }
    }
    Page { url, content_type, body: body.to_vec() }
}

fn split_line(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.iter().position(|b| *b == b'\n').unwrap_or(bytes.len());
    let (line, rest) = bytes.split_at(end);
    (String::from_utf8_lossy(line).trim().to_owned(), rest.get(1..).unwrap_or(&[]))
}

/// An address on the first line, then a robots.txt.
pub fn robots(data: &[u8]) {
    let (address, file) = split_line(data);
    let asked = match address.parse() {
        Ok(url) => target(&url),
        Err(_) => target_as_written(&address),
    };
    let robots = Robots::parse(file);
    let lines = file.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    for agent in ["caveat", "*", &address] {
        let decision = robots.decide(agent, &asked);
        assert_eq!(decision.line.is_some(), decision.rule.is_some());
        assert!(decision.allowed || decision.line.is_some_and(|line| line >= 1 && line <= lines));
        assert!(robots.crawl_delay(agent).is_none_or(|seconds| seconds >= 0.0));
    }
    assert!(robots.sitemaps().len() <= 1000);
    let pattern = PathPattern::parse(&address);
    assert!(pattern.matches(&asked).is_none_or(|octets| octets <= 3 * address.len() + 1));
}

/// A sitemap, feed or list of addresses.
pub fn sitemap(data: &[u8]) {
    let base = "https://shop.example/sitemap.xml".parse().expect("an address");
    let Some(found) = sitemap::read(data, &base) else { return };
    assert!(found.pages.len() + found.sitemaps.len() <= sitemap::MAX_ADDRESSES);
    // What entities would make of a small file is not made: an address is no longer than the file and its base.
    let most = 3 * data.len() + base.as_str().len() + 16;
    for url in found.pages.iter().chain(&found.sitemaps) {
        assert!(matches!(url.scheme(), "http" | "https") && url.as_str().len() <= most, "{url}");
    }
}

/// An address. What passes the guard is http or https to a host that is not plainly of this machine or network.
pub fn guard(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let base: url::Url = "https://shop.example/p/1".parse().expect("an address");
    let Ok(url) = base.join(text.trim()) else { return };
    gate_key(&url);
    if check_url(&url, &[]).is_err() {
        return;
    }
    assert!(
        matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
    );
    match url.host() {
        Some(url::Host::Ipv4(ip)) => {
            let bad = ip.is_loopback() || ip.is_private() || ip.is_link_local() || ip.is_unspecified();
            assert!(!bad && !ip.is_broadcast() && !ip.is_multicast(), "{url}");
        }
        Some(url::Host::Ipv6(ip)) => {
            let carried = ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback() || ip.is_private());
            assert!(!ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast() && !carried, "{url}");
        }
        Some(url::Host::Domain(name)) => {
            assert!(name.trim_end_matches('.').contains('.') && !name.contains("localhost."), "{url}");
        }
        None => panic!("{url} has no host"),
    }
    // Said again in its own words, it is judged alike.
    let again: url::Url = url.as_str().parse().expect("an address is one again");
    assert!(check_url(&again, &[]).is_ok() && gate_key(&again) == gate_key(&url));
}

/// Names of encodings on the first line, then a body.
pub fn decode(data: &[u8]) {
    let (encodings, body) = split_line(data);
    let caps = Caps { bytes: 4 << 20, ratio: 200 };
    match decoded(&encodings, body, caps) {
        Ok(bytes) => assert!(bytes.len() <= caps.bytes.max(body.len())),
        Err(error) => assert!(error.partial.len() <= caps.bytes && !error.to_string().is_empty()),
    }
}

static PLAIN: LazyLock<Extractor> = LazyLock::new(Extractor::default);

static SELECTING: LazyLock<Extractor> = LazyLock::new(|| {
    let css = |css: &str, attribute: Option<&str>| Selector::Css {
        css: css.to_owned(),
        attribute: attribute.map(str::to_owned),
    };
    let fields = [
        ("title", css("h1, .title > b", None)),
        ("price", Selector::Json("$..price".to_owned())),
        ("image", css("img:not([alt])", Some("src"))),
        ("next", css("a[rel=next]", Some("href"))),
    ];
    let card = [("title", css("a", None)), ("url", css("a", Some("href"))), ("price", css(".price", None))];
    let named = |fields: &[(&str, Selector)]| -> BTreeMap<String, Selector> {
        fields.iter().map(|(name, selector)| ((*name).to_owned(), selector.clone())).collect()
    };
    let select = Select {
        fields: named(&fields),
        card: Some(CardSelect { item: "li, .card".to_owned(), fields: named(&card) }),
    };
    Extractor::new(&select).expect("selectors of this file")
});

/// A rule file, beside a taxonomy and a list that it may use.
pub fn rules(data: &[u8]) {
    let mut files: Vec<RuleFile> =
        SHIPPED.iter().filter(|file| !file.path.starts_with("packs/")).cloned().collect();
    files.push(RuleFile::new("packs/fuzz/pack.toml", "format = 1\nname = \"fuzz\"\n"));
    files.push(RuleFile::new("packs/fuzz/fuzz.rule.toml", data));
    let options =
        LoadOptions { packs: Packs::All, include_drafts: true, root: "rules".to_owned(), keep_typed: true };
    let loaded = load(&files, &options);
    for diagnostic in &loaded.diagnostics {
        let shown = diagnostic.render();
        assert!(diagnostic.width >= 1 && diagnostic.column >= 1 && !shown.is_empty(), "{diagnostic:?}");
    }
    // A rule is in the set, or something says why it is not.
    assert!(!loaded.set.rules.is_empty() || !loaded.diagnostics.is_empty() || !loaded.deprecated.is_empty());
    let (matcher, _) = Matcher::compile_with(&loaded.set, true);
    matcher.hits(&a_listing("Viagra 100mg without prescription, laser pointer 500 mW"), Some("DE"));
}

/// A condition over four patterns and an exception.
pub fn condition(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let names = Names { patterns: &["drug", "dose", "no_rx", "x"], exceptions: &["printed"] };
    let inside = |range: &std::ops::Range<usize>| {
        assert!(range.start <= range.end && text.get(range.clone()).is_some(), "{range:?} of {text:?}");
    };
    match condition::parse(&text, names) {
        Ok(parsed) => {
            for (range, _) in &parsed.branches {
                inside(range);
            }
            for problem in &parsed.warnings {
                inside(&problem.span);
            }
            // What a condition is shown as means the same.
            let shown = condition::shown(&parsed.condition, names.patterns);
            let again = condition::parse(&shown, names).expect("what is shown can be read");
            assert_eq!(format!("{:?}", again.condition), format!("{:?}", parsed.condition), "{shown}");
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in &problems {
                inside(&problem.span);
            }
        }
    }
}

/// A text, folded: the same twice, and with a way back to whole characters of the original.
pub fn fold(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let folded = Folded::new(&text);
    assert_eq!(Folded::new(folded.text()).text(), folded.text(), "folding a folded text changes nothing");
    let mut cut = Vec::new();
    words::cut(folded.text(), &mut cut);
    let mut end = 0;
    for word in &cut {
        let range = word.start as usize..word.end as usize;
        assert!(range.start >= end && folded.text().get(range.clone()).is_some_and(|word| !word.is_empty()));
        end = range.end;
        let original = folded.original_span(range.clone());
        assert!(
            text.get(original.clone()).is_some_and(|written| !written.is_empty()),
            "{original:?} of {text:?}"
        );
    }
    for (at, letter) in folded.text().char_indices().take(2000) {
        let original = folded.original_span(at..at + letter.len_utf8());
        assert!(text.get(original.clone()).is_some(), "{original:?} of {text:?}");
    }
}

/// A listing's title and description, matched by the shipped rules together and by each of them alone.
pub fn matching(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (title, description) = text.split_once('\n').unwrap_or((&text, ""));
    let mut listing = a_listing(title);
    description.clone_into(&mut listing.description);
    let together = TOGETHER.hits(&listing, Some("DE"));
    let alone: Vec<Hit> = ALONE.iter().flat_map(|matcher| matcher.hits(&listing, Some("DE"))).collect();
    assert_eq!(together, alone, "a rule finds the same beside others as alone");
    for found in together.iter().flat_map(|hit| &hit.matches) {
        let value = match found.field.as_str() {
            "title" => Some(&listing.title),
            "description" => Some(&listing.description),
            _ => None,
        };
        if let Some(value) = value {
            assert_eq!(value.get(found.start..found.end), Some(found.text.as_str()), "{found:?}");
        }
    }
}

static SHIPPED: LazyLock<Vec<RuleFile>> = LazyLock::new(caveat::workspace::embedded_packs);

static SET: LazyLock<RuleSet> =
    LazyLock::new(|| load(&SHIPPED, &LoadOptions { packs: Packs::All, ..LoadOptions::default() }).set);

static TOGETHER: LazyLock<Matcher> = LazyLock::new(|| Matcher::compile(&SET).0);

static ALONE: LazyLock<Vec<Matcher>> = LazyLock::new(|| {
    let mut rules = SET.rules.clone();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    let single =
        |rule| RuleSet { rules: vec![rule], taxonomy: SET.taxonomy.clone(), rates: SET.rates.clone() };
    rules.into_iter().map(|rule| Matcher::compile(&single(rule)).0).collect()
});

fn a_listing(title: &str) -> Listing {
    Listing {
        title: title.to_owned(),
        price: Some(Price {
            amount: "25.00".parse().expect("an amount"),
            currency: Some("EUR".to_owned()),
            regular: None,
            max: None,
        }),
        availability: Availability::InStock,
        category: vec!["Health".to_owned()],
        ..Listing::default()
    }
}
