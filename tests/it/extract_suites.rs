//! The measuring command of extraction: reads the suites folder (`CAVEAT_SUITES`), prints what is read per field with
//! the misses, and fails below the floors that have been reached.
//!
//! `CAVEAT_SUITES=… cargo test --release --test it extract_suites -- --nocapture --test-threads 1`

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use caveat::extract::Extractor;
use caveat::listing::{Availability, Listing};
use caveat::page::{Extracted, LinkKind, Page, PageType};
use serde_json::Value;

/// Misses printed of one row.
const MISSES_SHOWN: usize = 200;

fn suites() -> Option<PathBuf> {
    let folder = std::env::var_os("CAVEAT_SUITES").map(|root| PathBuf::from(root).join("pages"));
    if folder.is_none() {
        eprintln!("not run: CAVEAT_SUITES is unset");
    }
    folder
}

fn bytes(path: &Path) -> Vec<u8> {
    let raw = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut out = Vec::new();
        flate2::read::MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut out).unwrap();
        return out;
    }
    raw
}

fn json_lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn page(url: Option<&str>, content_type: Option<&str>, body: Vec<u8>) -> Page {
    Page { url: url.map(|url| url.parse().unwrap()), content_type: content_type.map(str::to_owned), body }
}

fn extract(url: Option<&str>, html: &str) -> Extracted {
    Extractor::default().extract(&page(url, Some("text/html; charset=utf-8"), html.as_bytes().to_vec()))
}

/// One row of the table: how often a reading was right.
struct Row {
    name: &'static str,
    right: usize,
    predicted: usize,
    expected: usize,
    misses: Vec<String>,
}

impl Row {
    fn new(name: &'static str) -> Self {
        Self { name, right: 0, predicted: 0, expected: 0, misses: Vec::new() }
    }

    fn count(&mut self, expected: bool, predicted: bool, right: bool, miss: impl FnOnce() -> String) {
        self.expected += usize::from(expected);
        self.predicted += usize::from(predicted);
        self.right += usize::from(right);
        if !right && (expected || predicted) {
            self.misses.push(miss());
        }
    }

    fn check(&mut self, right: bool, miss: impl FnOnce() -> String) {
        self.count(true, true, right, miss);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of rows are small")]
    fn ratio(part: usize, whole: usize) -> f64 {
        if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
    }

    fn precision(&self) -> f64 {
        Self::ratio(self.right, self.predicted)
    }

    fn recall(&self) -> f64 {
        Self::ratio(self.right, self.expected)
    }

    fn f1(&self) -> f64 {
        Self::ratio(2 * self.right, self.predicted + self.expected)
    }

    fn print(&self) {
        println!(
            "{:<46} {:>5}/{:<5} recall {:.3}  precision {:.3}  F1 {:.3}",
            self.name,
            self.right,
            self.expected,
            self.recall(),
            self.precision(),
            self.f1()
        );
        for miss in self.misses.iter().take(MISSES_SHOWN) {
            println!("    {miss}");
        }
    }

    fn at_least(&self, value: f64, floor: f64) {
        self.print();
        assert!(value >= floor - 1e-9, "{}: {value:.3} is below the floor {floor}", self.name);
    }
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn accepted<'v>(truth: &'v Value, field: &str) -> Vec<&'v str> {
    truth
        .get(field)
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

fn amount(text: &str) -> rust_decimal::Decimal {
    text.trim().parse::<rust_decimal::Decimal>().unwrap_or_default().normalize()
}

#[test]
fn product_benchmark() {
    let Some(root) = suites().map(|root| root.join("product-benchmark")) else { return };
    let truth: Value = serde_json::from_slice(&fs::read(root.join("expected.json")).unwrap()).unwrap();
    let extractor = Extractor::default();
    let mut rows: Vec<Row> =
        ["price", "currency", "name", "brand", "sku", "gtin", "mpn", "out of stock", "language", "page type"]
            .map(Row::new)
            .into();
    for (id, truth) in truth.as_object().unwrap() {
        let body = bytes(&root.join("html").join(format!("{id}.html.gz")));
        let url = truth["url"].as_str().unwrap();
        let extracted = extractor.extract(&page(Some(url), Some("text/html; charset=utf-8"), body));
        let listing = extracted.listing.clone().unwrap_or_default();
        let at =
            |what: String| format!("{} {} {what}", &id[..8], url.get(..60.min(url.len())).unwrap_or(url));
        let [price, currency, name, brand, sku, gtin, mpn, stock, language, kind] = rows.as_mut_slice()
        else {
            unreachable!()
        };
        let prices = accepted(truth, "price");
        let read = listing.price.as_ref().map(|p| p.amount.0.normalize());
        price.count(
            !prices.is_empty(),
            read.is_some(),
            read.is_some_and(|r| prices.iter().any(|p| amount(p) == r)),
            || {
                at(format!(
                    "{prices:?} read {read:?} from {:?} conflicts {:?}",
                    listing.provenance.get("price"),
                    conflicts(&listing, "price")
                ))
            },
        );
        if let Some(code) = truth["currency_iso"].as_str() {
            let read = listing.price.as_ref().and_then(|p| p.currency.clone());
            currency.count(true, read.is_some(), read.as_deref() == Some(code), || {
                at(format!("{code} read {read:?}"))
            });
        }
        let names = accepted(truth, "name");
        let right = names.iter().any(|n| fold(n) == fold(&listing.title));
        name.count(true, !listing.title.is_empty(), right, || {
            at(format!("{names:?} read {:?} from {:?}", listing.title, listing.provenance.get("title")))
        });
        let brands = accepted(truth, "brand");
        if !brands.is_empty() {
            let right =
                listing.brand.as_deref().is_some_and(|b| brands.iter().any(|known| fold(known) == fold(b)));
            brand.count(true, listing.brand.is_some(), right, || {
                at(format!("{brands:?} read {:?}", listing.brand))
            });
        }
        let skus = accepted(truth, "sku");
        if !skus.is_empty() {
            let right =
                listing.sku.as_deref().is_some_and(|s| skus.iter().any(|known| fold(known) == fold(s)));
            sku.count(true, listing.sku.is_some(), right, || {
                at(format!(
                    "{skus:?} read {:?} from {:?} {:?}",
                    listing.sku,
                    listing.provenance.get("sku"),
                    conflicts(&listing, "sku")
                ))
            });
        }
        let gtins = accepted(truth, "gtin");
        if !gtins.is_empty() {
            let bare = |g: &str| g.trim_start_matches('0').to_owned();
            let right = listing.gtin.iter().any(|g| gtins.iter().any(|known| bare(known) == bare(g)));
            gtin.count(true, !listing.gtin.is_empty(), right, || {
                at(format!("{gtins:?} read {:?}", listing.gtin))
            });
        }
        let mpns = accepted(truth, "mpn");
        if !mpns.is_empty() {
            let right =
                listing.mpn.as_deref().is_some_and(|m| mpns.iter().any(|known| fold(known) == fold(m)));
            mpn.count(true, listing.mpn.is_some(), right, || at(format!("{mpns:?} read {:?}", listing.mpn)));
        }
        let out = accepted(truth, "availability").contains(&"OutOfStock");
        let read = listing.availability == Availability::OutOfStock;
        stock.count(out, read, out && read, || {
            at(format!(
                "truth {out} read {:?} from {:?} {:?}",
                listing.availability,
                listing.provenance.get("availability"),
                conflicts(&listing, "availability")
            ))
        });
        let code = truth["lang"].as_str().unwrap();
        let same = |read: &str| read == code || (matches!(read, "nb" | "no") && matches!(code, "nb" | "no"));
        language.check(listing.language.as_deref().is_some_and(same), || {
            at(format!("{code} read {:?}", listing.language))
        });
        kind.check(extracted.page_type == PageType::Product, || {
            at(format!("read {:?} {:?}", extracted.page_type, extracted.problems))
        });
    }
    for row in &rows {
        row.print();
    }
    let [price, currency, name, brand, sku, gtin, mpn, stock, language, kind] = rows.as_slice() else {
        unreachable!()
    };
    for (row, value, floor) in [
        (price, price.f1(), 0.97),
        (currency, currency.recall(), 0.97),
        (name, name.recall(), 0.97),
        (brand, brand.recall(), 0.83),
        (sku, sku.recall(), 0.91),
        (gtin, gtin.precision(), 1.0),
        (gtin, gtin.recall(), 1.0),
        (mpn, mpn.recall(), 0.60),
        (stock, stock.f1(), 0.70),
        (language, language.recall(), 0.96),
        (kind, kind.recall(), 0.98),
    ] {
        assert!(value >= floor, "{}: {value:.3} is below the floor {floor}", row.name);
    }
}

fn conflicts(listing: &Listing, field: &str) -> Vec<String> {
    listing
        .conflicts
        .iter()
        .filter(|c| c.field == field)
        .map(|c| format!("{}={}", c.source, c.value))
        .collect()
}

#[test]
fn news_pages_are_no_products() {
    let Some(root) = suites().map(|root| root.join("article-negatives/html")) else { return };
    let mut row = Row::new("news pages that are no product or category");
    for file in files(&root) {
        let extracted = Extractor::default().extract(&page(None, Some("text/html"), bytes(&file)));
        let right = !matches!(extracted.page_type, PageType::Product | PageType::Category);
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
    row.at_least(row.recall(), 0.99);
}

#[test]
fn broken_json_ld_is_repaired() {
    let Some(root) = suites().map(|root| root.join("broken-jsonld")) else { return };
    let (mut equal, mut siblings) =
        (Row::new("broken JSON-LD equal to the reference"), Row::new("sibling blocks kept"));
    for row in json_lines(&root.join("blocks.jsonl")) {
        let raw = row["raw"].as_str().unwrap();
        if !row["expected"].is_null() {
            let read = caveat::extract::lenient::read(raw);
            let expected = match &row["expected"] {
                Value::String(text) => serde_json::from_str(text).unwrap_or(Value::String(text.clone())),
                other => other.clone(),
            };
            equal.check(read.first() == Some(&expected), || {
                format!(
                    "{} {}: {}",
                    row["id"],
                    row["category"],
                    difference(&expected, read.first().unwrap_or(&Value::Null), "$")
                )
            });
        }
        let sibling =
            r#"{"@type":"Product","name":"Sibling","offers":{"price":"1.5","priceCurrency":"EUR"}}"#;
        let html = format!(
            "<script type=application/ld+json>{raw}</script><script type=application/ld+json>{sibling}</script><h1>Sibling</h1>"
        );
        let listing = extract(None, &html).listing;
        siblings.check(listing.is_some_and(|l| l.title == "Sibling" && l.price.is_some()), || {
            row["id"].to_string()
        });
    }
    equal.at_least(equal.recall(), 0.95);
    siblings.at_least(siblings.recall(), 1.0);
}

/// The first place where two values differ.
fn difference(expected: &Value, read: &Value, path: &str) -> String {
    match (expected, read) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let other = b.get(key).unwrap_or(&Value::Null);
                if value != other {
                    return difference(value, other, &format!("{path}.{key}"));
                }
            }
            let more: Vec<&String> = b.keys().filter(|key| !a.contains_key(*key)).collect();
            format!("{path}: more keys {more:?}")
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            let at = a.iter().zip(b).position(|(a, b)| a != b).unwrap_or(0);
            difference(&a[at], &b[at], &format!("{path}[{at}]"))
        }
        _ => format!("{path}: {expected} read {read}").chars().take(300).collect(),
    }
}

#[test]
fn price_strings() {
    use caveat::extract::money::{Hints, parse, sign_in};
    let Some(root) = suites().map(|root| root.join("price-strings")) else { return };
    let (mut supported, mut xfail) =
        (Row::new("price strings, supported"), Row::new("price strings, xfail upstream"));
    for row in json_lines(&root.join("cases.jsonl")) {
        let text = row["input"]["price"].as_str().unwrap_or("");
        let hint = row["input"]["currency_hint"].as_str().unwrap_or("");
        let decimal = row["input"]["decimal_separator"].as_str().and_then(|d| d.chars().next());
        let money = parse(text, Hints { decimal, currency: None });
        let read_amount = money.as_ref().map(|m| m.amount.normalize());
        let read_currency =
            money.and_then(|m| m.currency).or_else(|| sign_in(hint)).or_else(|| sign_in(text));
        let expected = row["expected"]["amount"].as_str().map(amount);
        let currency = row["expected"]["currency"].as_str().map(str::to_owned);
        let right = read_amount == expected && read_currency == currency;
        let target =
            if row["list"].as_str().unwrap().contains("xfail") { &mut xfail } else { &mut supported };
        target.check(right, || {
            format!(
                "{text:?} hint {hint:?}: {expected:?} {currency:?} read {read_amount:?} {read_currency:?}"
            )
        });
    }
    supported.at_least(supported.recall(), 0.99);
    xfail.at_least(xfail.recall(), 0.90);
}

#[test]
fn hard_cases() {
    use caveat::extract::money::{Hints, parse};
    let Some(root) = suites().map(|root| root.join("hard-cases")) else { return };
    let mut markup = Row::new("hard cases, markup");
    for row in json_lines(&root.join("markup_snippets.jsonl")) {
        let expected = row["expected"].as_object().unwrap();
        let Some(html) = row["html"].as_str() else { continue };
        let body = html.as_bytes().to_vec();
        let explained = Extractor::default().explain(&page(
            Some("https://x.test/p/1"),
            Some("text/html; charset=utf-8"),
            body,
        ));
        let mut extracted = explained.extracted;
        if extracted.listing.is_none() {
            // A snippet without a title is no listing, but its price was read.
            let field =
                |name: &str| explained.fields.iter().find(|f| f.field == name).and_then(|f| f.value.clone());
            let price = field("price").map(|amount| caveat::listing::Price {
                amount: amount.parse().unwrap(),
                currency: field("price.currency"),
                regular: None,
                max: None,
            });
            extracted.listing = Some(Listing { price, ..Listing::default() });
        }
        let wrong: Vec<String> =
            expected.iter().filter_map(|(key, value)| fault(key, value, &extracted, html)).collect();
        markup.check(wrong.is_empty(), || format!("{} {}: {}", row["id"], row["name"], wrong.join("; ")));
    }
    let mut prices = Row::new("hard cases, prices");
    for row in json_lines(&root.join("price_strings.jsonl")) {
        let context = &row["context"];
        let hints = Hints {
            decimal: context["site_decimal"].as_str().and_then(|d| d.chars().next()),
            currency: context["currency"].as_str(),
        };
        let money = parse(row["input"].as_str().unwrap(), hints);
        let expected = row["expected"]["amount"].as_str().map(amount);
        let currency = row["expected"]["currency_raw"].as_str();
        let read = money.as_ref().map(|m| m.amount.normalize());
        let host = context["domain"].as_str();
        let locale = caveat::extract::currency::Locale { host, language: context["lang"].as_str() };
        let written = money.as_ref().and_then(|m| m.currency.as_deref());
        let meant = written.and_then(|w| caveat::extract::currency::iso(w, locale)).or(hints.currency);
        let right = read == expected && (expected.is_none() || written == currency || meant == currency);
        prices.check(right, || {
            format!("{} {}: {expected:?} {currency:?} read {read:?} {written:?}", row["id"], row["input"])
        });
    }
    markup.at_least(markup.recall(), 1.0);
    prices.at_least(prices.recall(), 1.0);
}

/// What is wrong with one expectation of a hard case.
fn fault(key: &str, value: &Value, extracted: &Extracted, html: &str) -> Option<String> {
    let listing = extracted.listing.clone().unwrap_or_default();
    let price = listing.price.as_ref();
    let text = value.as_str().map(str::to_owned);
    let number = |a: Option<caveat::listing::Amount>| a.map(|a| a.0.normalize().to_string());
    let wanted = text.as_deref().map(|t| amount(t).to_string());
    let (read, expected) = match key {
        "name" => (Some(listing.title.clone()), text),
        "price" => (number(price.map(|p| p.amount)), wanted),
        "price_max" => (number(price.and_then(|p| p.max)), wanted),
        "regular_price" => (number(price.and_then(|p| p.regular)), wanted),
        "currency" => (price.and_then(|p| p.currency.clone()), text),
        "brand" => (listing.brand.clone(), text),
        "sku" => (listing.sku.clone(), text),
        "description" => (Some(listing.description.clone()), text),
        "gtin" => (listing.gtin.first().cloned(), text),
        "availability" => (Some(format!("{:?}", listing.availability)), text),
        "seller" => (listing.seller.and_then(|s| s.name), text),
        "image" => (listing.images.first().cloned(), text),
        "page_type" => (
            Some(format!("{:?}", extracted.page_type).to_lowercase()),
            text.map(|t| t.replace("listing", "category")),
        ),
        "conflict" => {
            (Some(listing.conflicts.iter().any(|c| c.field == "price").to_string()), Some(value.to_string()))
        }
        "links" => {
            let products: Vec<String> = extracted
                .links
                .iter()
                .filter(|l| l.kind == LinkKind::Product)
                .map(|l| l.url.clone())
                .collect();
            (Some(serde_json::to_string(&products).unwrap()), Some(value.to_string()))
        }
        "charset" => {
            let read = caveat::extract::charset::decode(html.as_bytes(), None).encoding.name().to_lowercase();
            (Some(read), text)
        }
        _ => return None,
    };
    (read != expected).then(|| format!("{key} {expected:?} read {read:?} ({:?})", extracted.page_type))
}

#[test]
fn three_syntaxes_agree() {
    let Some(root) = suites().map(|root| root.join("schemaorg-examples")) else { return };
    let mut row = Row::new("three syntaxes of one example agree");
    for example in json_lines(&root.join("product_offer_examples.jsonl")) {
        // Some examples say "JSON only" where a syntax would stand.
        let sources: Vec<&str> = [("microdata", "itemscope"), ("rdfa", "typeof"), ("jsonld", "ld+json")]
            .iter()
            .filter_map(|(syntax, sign)| example[*syntax].as_str().filter(|source| source.contains(sign)))
            .collect();
        if sources.len() < 3 {
            continue;
        }
        let read: Vec<Vec<String>> = sources.iter().map(|html| essence(html)).collect();
        let right = read.iter().all(|r| *r == read[0]);
        row.check(right, || {
            format!(
                "{} {}\n        {:?}\n        {:?}\n        {:?}",
                example["id"], example["types"], read[0], read[1], read[2]
            )
        });
    }
    row.at_least(row.recall(), 0.85);
}

/// The marked-up facts of a page: what all three syntaxes must say alike.
fn essence(html: &str) -> Vec<String> {
    let explanation = Extractor::default().explain(&page(
        Some("https://x.test/p"),
        Some("text/html; charset=utf-8"),
        html.as_bytes().to_vec(),
    ));
    let marked = |source: &str| matches!(source, "json-ld" | "microdata" | "rdfa");
    let mut facts: Vec<String> = explanation
        .fields
        .iter()
        .filter(|f| f.candidates.iter().any(|c| c.won && marked(&c.source)))
        .map(|f| format!("{}={}", f.field, f.value.clone().unwrap_or_default()))
        .collect();
    facts.sort();
    facts
}

#[test]
fn charsets() {
    let Some(root) = suites() else { return };
    let mut prescan = Row::new("html5lib prescan cases");
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
    let mut pages = Row::new("charset, pagination set");
    let mut next = Row::new("next-page links, of pages that have one");
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
    prescan.at_least(prescan.recall(), 1.0);
    pages.at_least(pages.recall(), 0.98);
    next.at_least(next.recall(), 0.85);
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

#[test]
fn price_comparison_pages() {
    let Some(root) = suites().map(|root| root.join("geizhals")) else { return };
    let (mut attributes, mut cards, mut facts) = (
        Row::new("geizhals attribute rows"),
        Row::new("geizhals cards"),
        Row::new("geizhals names, prices, charset"),
    );
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
    attributes.at_least(attributes.recall(), 1.0);
    cards.at_least(cards.recall(), 1.0);
    facts.at_least(facts.recall(), 1.0);
}
