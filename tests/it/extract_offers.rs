//! Pages of our own on which one offer might hide another, or be read as something else.

use caveat::extract::Extractor;
use caveat::page::{Extracted, Page, PageType};

const URL: &str = "https://shop.example/p/red-ball";

/// Reads a page in German, English or whatever it declares.
pub(crate) fn read(html: &str) -> Extracted {
    read_at(URL, html)
}

/// Reads a page of an address.
pub(crate) fn read_at(url: &str, html: &str) -> Extracted {
    let page = Page {
        url: Some(url.parse().unwrap()),
        content_type: Some("text/html; charset=utf-8".to_owned()),
        body: html.as_bytes().to_vec(),
    };
    Extractor::default().extract(&page)
}

fn json_ld(text: &str) -> String {
    format!("<script type='application/ld+json'>{text}</script>")
}

fn product(name: &str, price: &str) -> String {
    json_ld(&format!(
        r#"{{"@type":"Product","name":"{name}","offers":{{"@type":"Offer","price":"{price}","priceCurrency":"EUR"}}}}"#
    ))
}

fn microdata(name: &str, price: &str) -> String {
    format!(
        "<div itemscope itemtype='https://schema.org/Product'><span itemprop=name>{name}</span><div itemprop=offers \
         itemscope itemtype='https://schema.org/Offer'><meta itemprop=priceCurrency content=EUR>\
         <span itemprop=price content='{price}'>{price} €</span></div></div>"
    )
}

/// Everything a rule can read on a page.
fn names(page: &Extracted) -> Vec<String> {
    let listings = page.listing.iter().chain(&page.cards);
    let mut found: Vec<String> = Vec::new();
    for listing in listings {
        found.push(listing.title.clone());
        found.extend(listing.attributes.values().cloned());
        found.extend(listing.conflicts.iter().filter(|c| c.field == "title").map(|c| c.value.clone()));
    }
    found
}

#[test]
fn a_second_product_never_vanishes() {
    let ball = "<h1>Red ball</h1>";
    let group = json_ld(
        r#"{"@type":"ProductGroup","name":"Red ball","hasVariant":[
            {"@type":"Product","name":"Red ball small","offers":{"price":"5","priceCurrency":"EUR"}},
            {"@type":"Product","name":"Sildenafil 100 mg","offers":{"price":"25","priceCurrency":"EUR"}}]}"#,
    );
    let offers = json_ld(
        r#"{"@type":"Product","name":"Red ball","offers":[{"@type":"Offer","price":"5","priceCurrency":"EUR"},
            {"@type":"Offer","name":"Sildenafil 100 mg","price":"25","priceCurrency":"EUR"}]}"#,
    );
    for (what, html) in [
        ("two blocks", [ball, &product("Red ball", "5"), &product("Sildenafil 100 mg", "25")].concat()),
        ("decoy first", [ball, &product("Sildenafil 100 mg", "25"), &product("Red ball", "5")].concat()),
        ("microdata", [ball, &microdata("Red ball", "5"), &microdata("Sildenafil 100 mg", "25")].concat()),
        ("two syntaxes", [ball, &product("Red ball", "5"), &microdata("Sildenafil 100 mg", "25")].concat()),
        (
            "a graph",
            format!(
                "{ball}{}",
                json_ld(
                    r#"{"@graph":[{"@type":"Product","name":"Red ball","offers":{"price":5}},
                {"@type":"Product","name":"Sildenafil 100 mg","offers":{"price":25}}]}"#
                )
            ),
        ),
        (
            "related",
            format!(
                "{ball}{}",
                json_ld(
                    r#"{"@type":"Product","name":"Red ball","offers":{"price":5},
                "isRelatedTo":{"@type":"Product","name":"Sildenafil 100 mg","offers":{"price":25}}}"#
                )
            ),
        ),
        ("variants", format!("{ball}{group}")),
        ("offers", format!("{ball}{offers}")),
        ("another name", format!("{ball}{}", product("Sildenafil 100 mg", "25"))),
        ("another headline", format!("<h1>Sildenafil 100 mg</h1>{}", product("Red ball", "5"))),
        (
            "two decoys",
            ["<h1>Sildenafil 100 mg</h1>", &product("Red ball", "5"), &product("Blue hat", "7")].concat(),
        ),
        (
            "same address",
            format!(
                "{ball}{}",
                json_ld(&format!(
                    r#"[{{"@type":"Product","url":"{URL}","name":"Red ball","offers":{{"price":5}}}},
                {{"@type":"Product","url":"{URL}","name":"Sildenafil 100 mg","offers":{{"price":25}}}}]"#
                ))
            ),
        ),
    ] {
        let page = read(&format!("<html lang=en><title>Shop</title>{html}"));
        assert_eq!(page.page_type, PageType::Product, "{what}: {:?}", page.problems);
        let names = names(&page);
        for expected in ["Red ball", "Sildenafil 100 mg"] {
            assert!(
                names.iter().any(|name| name.contains(expected)),
                "{what}: {expected} is not in {names:?}"
            );
        }
    }
}

#[test]
fn many_products_are_bounded() {
    let many: String = (0..3000).map(|n| product(&format!("Article number {n}"), "5")).collect();
    let page = read(&format!("<h1>Red ball</h1>{}{many}", product("Red ball", "5")));
    assert_eq!(page.listing.map(|listing| listing.title).as_deref(), Some("Red ball"));
    assert!((100..=500).contains(&page.cards.len()), "{}", page.cards.len());
}

#[test]
fn sizes_are_no_cards() {
    let page = read(&format!(
        "<h1>Linen shirt</h1>{}",
        json_ld(
            r#"{"@type":"ProductGroup","name":"Linen shirt","hasVariant":[
                {"@type":"Product","name":"Linen shirt - S","size":"S","offers":{"price":"25","priceCurrency":"EUR"}},
                {"@type":"Product","name":"Linen shirt - M","size":"M","offers":{"price":"27","priceCurrency":"EUR"}}]}"#
        )
    ));
    assert!(page.cards.is_empty(), "{:?}", page.cards);
    let listing = page.listing.unwrap();
    assert_eq!(listing.title, "Linen shirt");
    assert_eq!(listing.attributes["variants"], "Linen shirt - S; Linen shirt - M");
    let price = listing.price.unwrap();
    assert_eq!((price.amount.to_string().as_str(), price.max.unwrap().to_string().as_str()), ("25", "27"));
}

#[test]
fn articles_offer_nothing() {
    let teaser = |n: u32| {
        format!(
            "<li class=teaser><a href='/n/{n}'>Biostar says AMD B550 and Intel 400-Series come {n}</a> from <b>$ {n}00</b></li>"
        )
    };
    let teasers: String = (1..9).map(teaser).collect();
    let prose = "<p>The board maker confirmed on Monday that the new chips will be delivered to shops in the spring, \
                 and that older boards will go on being sold for the time being at the prices known so far, he said.</p>";
    let article = json_ld(r#"{"@type":"NewsArticle","headline":"AMD B550 and 400-Series"}"#);
    let html = format!(
        "<html lang=en>{article}<h1>AMD B550 and 400-Series</h1>{}<ul>{teasers}</ul>",
        prose.repeat(6)
    );
    let page = read(&html);
    assert_eq!(page.page_type, PageType::Article);
    assert!(page.listing.is_none() && page.cards.is_empty(), "{:?}", page.cards);
}

#[test]
fn no_price_becomes_another_number() {
    let nines = "9".repeat(38);
    for (written, amount, max) in [
        ("1e999", None, None),
        (nines.as_str(), None, None),
        ("1e38", None, None),
        ("0", None, None),
        ("-5", None, None),
        ("1e3", Some("1000"), None),
        ("25-30", Some("25"), Some("30")),
        ("25.50 – 30.00 EUR", Some("25.50"), Some("30.00")),
        ("12.345", Some("12345"), None),
        ("12.34", Some("12.34"), None),
        ("1.299,00", Some("1299.00"), None),
        ("1,299.00", Some("1299.00"), None),
        ("EUR 12", Some("12"), None),
    ] {
        for quoted in [format!("\"{written}\""), written.to_owned()] {
            if quoted == written && written.parse::<f64>().is_err() {
                continue;
            }
            let page = read(&format!(
                "<h1>Red ball</h1>{}",
                json_ld(&format!(
                    r#"{{"@type":"Product","name":"Red ball","offers":{{"price":{quoted},"priceCurrency":"EUR"}}}}"#
                ))
            ));
            let listing = page.listing.unwrap_or_else(|| panic!("{quoted}: no listing"));
            let price = listing.price.as_ref();
            // A JSON number means what it says.
            if !(quoted == written && written == "12.345") {
                assert_eq!(
                    price.map(|p| p.amount.0.normalize()),
                    amount.map(|a| a.parse::<rust_decimal::Decimal>().unwrap().normalize()),
                    "{quoted}"
                );
            }
            assert_eq!(price.and_then(|p| p.max).map(|max| max.to_string()).as_deref(), max, "{quoted}");
            if amount.is_none() && written.len() > 2 {
                assert!(
                    page.problems.iter().any(|p| p.starts_with("price:")),
                    "{quoted}: {:?}",
                    page.problems
                );
            }
        }
    }
}
