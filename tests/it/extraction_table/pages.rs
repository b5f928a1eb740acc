//! Whole pages: news, pages of many charsets, lists with next links, price comparison, classified ads.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use caveat::extract::Extractor;
use caveat::page::{LinkKind, PageType};

use super::{Row, amount, bytes, files, fold, json_lines, page};

pub(super) fn news(root: &Path) -> Vec<Row> {
    let mut row = Row::checks("news pages not called product or category", 0.98, 1.0, 0.99);
    let mut cards = Row::checks("news pages without cards", 0.98, 1.0, 0.99);
    for file in files(&root.join("article-negatives/html")) {
        let extracted = Extractor::default().extract(&page(None, Some("text/html"), bytes(&file)));
        let right = !matches!(extracted.page_type, PageType::Product | PageType::Category);
        cards
            .check(extracted.cards.is_empty(), || format!("{:?}", extracted.cards.first().map(|c| &c.title)));
        row.check(right, || {
            let title = extracted.listing.map(|l| l.title);
            format!(
                "{} {:?} {title:?} {} cards",
                &file.file_name().unwrap().to_string_lossy()[..8],
                extracted.page_type,
                extracted.cards.len()
            )
        });
    }
    vec![row, cards]
}

pub(super) fn charsets_and_next_links(root: &Path) -> Vec<Row> {
    let mut prescan = Row::checks("html5lib prescan cases", 1.0, 1.0, 1.0);
    let folder = root.join("html5lib-encoding/encoding");
    for file in files(&folder)
        .into_iter()
        .chain(files(&folder.join("scripted")))
        .filter(|f| f.extension().is_some_and(|e| e == "dat"))
    {
        if file.components().any(|part| part.as_os_str() == "scripted") {
            // Those need a script to run.
            continue;
        }
        let raw = fs::read(&file).unwrap();
        for case in split(&raw, b"#data\n").into_iter().filter(|case| !case.is_empty()) {
            let parts = split(case, b"\n#encoding\n");
            let [data, encoding] = parts.as_slice() else { continue };
            let expected = String::from_utf8_lossy(encoding);
            let expected =
                encoding_rs::Encoding::for_label(expected.lines().next().unwrap_or("").trim().as_bytes());
            // Some of these cases begin with a byte order mark, which comes before the prescan.
            let read = encoding_rs::Encoding::for_bom(data)
                .map(|(encoding, _)| encoding)
                .or_else(|| caveat::extract::charset::prescan(data))
                .unwrap_or(encoding_rs::WINDOWS_1252);
            prescan.check(Some(read) == expected, || {
                format!("{:?}: {expected:?} read {read:?}", String::from_utf8_lossy(data))
            });
        }
    }
    let mut pages = Row::checks("charset, pagination set", 0.986, 1.0, 0.98);
    let mut next = Row::checks("next-page links, of pages that have one", 0.80, 0.92, 0.86);
    for (number, url, encoding, selector, body) in pagination(&root.join("pagination")) {
        let read = caveat::extract::charset::decode(&body, None).encoding;
        let expected = encoding_rs::Encoding::for_label(encoding.as_bytes()).unwrap();
        let plain = body.is_ascii();
        pages.check(read == expected || plain, || format!("{number} {url}: {encoding} read {}", read.name()));
        let text = caveat::extract::charset::decode(&body, None).text.into_owned();
        let Ok(css) = scraper::Selector::parse(&selector) else { continue };
        if selector.is_empty() {
            continue;
        }
        let base: url::Url = url.parse().unwrap();
        let html = scraper::Html::parse_document(&text);
        let own_base = html
            .select(&scraper::Selector::parse("base[href]").unwrap())
            .next()
            .and_then(|e| base.join(e.value().attr("href").unwrap_or("")).ok())
            .unwrap_or(base);
        let expected: BTreeSet<String> = html
            .select(&css)
            .flat_map(|e| {
                std::iter::once(e)
                    .chain(e.ancestors().filter_map(scraper::ElementRef::wrap))
                    .collect::<Vec<_>>()
            })
            .filter_map(|e| e.value().attr("href"))
            .filter_map(|href| own_base.join(href.trim()).ok())
            .map(|mut url| {
                url.set_fragment(None);
                url.to_string()
            })
            .collect();
        if expected.is_empty() {
            continue;
        }
        let extracted = Extractor::default().extract(&page(Some(&url), None, body));
        let read: Vec<&str> =
            extracted.links.iter().filter(|l| l.kind == LinkKind::Next).map(|l| l.url.as_str()).collect();
        let right = read.iter().any(|r| expected.contains(*r));
        next.check(right, || format!("{number} {url} {selector:?}: {expected:?} read {read:?}"));
    }
    vec![prescan, pages, next]
}

fn split<'b>(bytes: &'b [u8], separator: &[u8]) -> Vec<&'b [u8]> {
    let mut parts = Vec::new();
    let mut from = 0;
    for at in memchr::memmem::find_iter(bytes, separator) {
        parts.push(&bytes[from..at]);
        from = at + separator.len();
    }
    parts.push(&bytes[from..]);
    parts
}

/// Number, URL, encoding, selector of the next link, page.
fn pagination(root: &Path) -> Vec<(String, String, String, String, Vec<u8>)> {
    let table = fs::read_to_string(root.join("expected.csv")).unwrap();
    let mut found = Vec::new();
    for line in table.lines().skip(1) {
        let mut cells = vec![String::new()];
        let mut quoted = false;
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                _ => cells.last_mut().unwrap().push(letter),
            }
        }
        let file = ["html", "html.gz"]
            .iter()
            .map(|e| root.join("html").join(format!("{}.{e}", cells[0])))
            .find(|f| f.exists());
        let Some(file) = file else { continue };
        found.push((
            cells[0].clone(),
            cells[1].clone(),
            cells[2].clone(),
            cells[5].trim().to_owned(),
            bytes(&file),
        ));
    }
    found
}

pub(super) fn price_comparison(root: &Path) -> Vec<Row> {
    let root = root.join("geizhals");
    let mut attributes = Row::checks("geizhals attribute rows", 0.95, 1.0, 1.0);
    let mut cards = Row::checks("geizhals cards with name, price, url", 1.0, 1.0, 1.0);
    let mut facts = Row::checks("geizhals names, prices, charset", 1.0, 1.0, 1.0);
    for truth in json_lines(&root.join("expected.jsonl")) {
        let body = bytes(&root.join(truth["file"].as_str().unwrap()));
        let encoding = caveat::extract::charset::decode(&body, None).encoding.name().to_lowercase();
        facts.check(encoding == truth["charset"].as_str().unwrap(), || {
            format!("{} {encoding}", truth["file"])
        });
        let extracted = Extractor::default().extract(&page(Some("https://geizhals.at/x.html"), None, body));
        let listing = extracted.listing.clone().unwrap_or_default();
        for (key, value) in truth["attributes"].as_object().into_iter().flatten() {
            let read = listing.attributes.get(key);
            attributes.check(read.is_some_and(|r| fold(r) == fold(value.as_str().unwrap())), || {
                format!("{} {key}: {value} read {read:?}", truth["file"])
            });
        }
        if let Some(name) = truth["name"].as_str() {
            facts.check(fold(&listing.title) == fold(name), || {
                format!("{} {name} read {:?} {:?}", truth["file"], listing.title, extracted.page_type)
            });
        }
        if let Some(price) = truth["low_price"].as_str() {
            let read = listing.price.as_ref().map(|p| p.amount.0.normalize());
            facts.check(read == Some(amount(price)), || format!("{} {price} read {read:?}", truth["file"]));
        }
        for item in truth["items"].as_array().into_iter().flatten() {
            let found =
                extracted.cards.iter().find(|card| fold(&card.title) == fold(item["name"].as_str().unwrap()));
            let right = found.is_some_and(|card| {
                card.price.as_ref().map(|p| p.amount.0.normalize()) == item["price"].as_str().map(amount)
                    && card.url.as_deref() == item["url"].as_str()
            });
            cards.check(right, || {
                format!(
                    "{} {item} read {found:?} of {} {:?}",
                    truth["file"],
                    extracted.cards.len(),
                    extracted.page_type
                )
            });
        }
    }
    vec![attributes, cards, facts]
}

pub(super) fn classifieds(root: &Path) -> Vec<Row> {
    let root = root.join("olx-ua");
    let mut row = Row::checks("classified ads: name, price, sku, attributes", 0.95, 1.0, 1.0);
    for truth in json_lines(&root.join("expected.jsonl")).iter().filter(|truth| truth["page_type"] == "ad") {
        let body = bytes(&root.join(truth["file"].as_str().unwrap()));
        let listing = Extractor::default().extract(&page(None, None, body)).listing.unwrap_or_default();
        let price = listing.price.as_ref().map(|p| p.amount.0.normalize());
        let mut field = |name: &str, right: bool, read: String| {
            if !truth[name].is_null() {
                row.check(right, || format!("{} {name}: {} read {read}", truth["file"], truth[name]));
            }
        };
        let text = |name: &str| truth[name].as_str().unwrap_or_default().to_owned();
        field("name", fold(&listing.title) == fold(&text("name")), listing.title.clone());
        field("price", price == Some(amount(&text("price"))), format!("{price:?}"));
        field("sku", listing.sku.as_deref() == Some(&text("sku")), format!("{:?}", listing.sku));
        for (key, value) in truth["attributes"].as_object().into_iter().flatten() {
            let read = listing.attributes.get(key);
            row.check(read.map(String::as_str) == value.as_str(), || format!("{key}: {value} read {read:?}"));
        }
    }
    vec![row]
}
