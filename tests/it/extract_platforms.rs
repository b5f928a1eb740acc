//! Pages built as the themes of shop platforms build theirs, read field by field. The pages are this project's own.

use caveat::extract::Extractor;
use caveat::listing::{Availability, Listing};
use caveat::page::{Extracted, LinkKind, Page, PageType};

fn read(url: &str, html: &str) -> Extracted {
    let url = Some(url.parse().unwrap());
    let content_type = Some("text/html; charset=utf-8".to_owned());
    Extractor::default().extract(&Page { url, content_type, body: html.as_bytes().to_vec() })
}

/// What a product page must give.
struct Product {
    url: &'static str,
    html: &'static str,
    title: &'static str,
    /// Amount, currency, regular price, highest price.
    price: [Option<&'static str>; 4],
    availability: Availability,
    brand: Option<&'static str>,
    sku: Option<&'static str>,
    gtin: &'static [&'static str],
    /// How the description begins, and a picture.
    description: &'static str,
    image: Option<&'static str>,
}

const PRODUCTS: &[Product] = &[
    Product {
        url: "https://hafenwolle.example/products/schlauchschal-nordwind",
        html: include_str!("../pages/shopify-product.html"),
        title: "Schlauchschal Nordwind",
        price: [Some("24.90"), Some("EUR"), Some("34.90"), Some("26.9")],
        availability: Availability::InStock,
        brand: Some("Hafenwolle Manufaktur"),
        sku: Some("NW-24-GRAU"),
        gtin: &["4006381333931"],
        description: "Gestrickt aus Merinowolle",
        image: Some("https://hafenwolle.example/cdn/shop/files/nordwind-1.jpg?v=2"),
    },
    Product {
        url: "https://tidy.example/products/kettle-descaler",
        html: include_str!("../pages/shopify-plain.html"),
        title: "Kettle descaler 250 ml",
        price: [Some("12.5"), Some("GBP"), None, None],
        availability: Availability::OutOfStock,
        brand: Some("Clearwell Labs"),
        sku: Some("CW-DES-250"),
        gtin: &[],
        description: "Removes lime",
        image: None,
    },
    Product {
        url: "https://swiatlo.example/produkt/lampka-nocna-ksiezyc/",
        html: include_str!("../pages/woocommerce-variable.html"),
        title: "Lampka nocna Księżyc",
        price: [Some("49.00"), Some("PLN"), None, Some("79")],
        availability: Availability::InStock,
        brand: None,
        sku: Some("LK-88"),
        gtin: &[],
        description: "Lampka nocna",
        image: Some("https://swiatlo.example/wp-content/uploads/ksiezyc.jpg"),
    },
    Product {
        url: "https://remise.example/produit/couteau/",
        html: include_str!("../pages/woocommerce-sale.html"),
        title: "Couteau pliant « Écorce »",
        price: [Some("999.00"), Some("EUR"), Some("1249.00"), None],
        availability: Availability::OutOfStock,
        brand: None,
        sku: Some("ECO-12"),
        gtin: &[],
        description: "Manche en bois de chêne",
        image: None,
    },
    Product {
        url: "https://rijwiel.example/polder.html",
        html: include_str!("../pages/magento-configurable.html"),
        title: "Fietshelm Polder",
        price: [Some("54.95"), Some("EUR"), Some("69.95"), None],
        availability: Availability::OutOfStock,
        brand: Some("Polderkop"),
        sku: Some("PLD-66"),
        gtin: &[],
        description: "Lichte helm met instelbare band",
        image: Some("https://rijwiel.example/media/helm.jpg"),
    },
    Product {
        url: "https://colle.example/19-candela.html",
        html: include_str!("../pages/prestashop-product.html"),
        title: "Candela alla lavanda",
        price: [Some("12"), Some("EUR"), Some("15.00"), None],
        availability: Availability::OutOfStock,
        brand: Some("Cereria Colle"),
        sku: Some("CND-19"),
        gtin: &["4006381333931"],
        description: "Candela di cera di soia",
        image: Some("https://colle.example/19-large_default/candela.jpg"),
    },
];

#[test]
fn product_pages_of_platforms_are_read_field_by_field() {
    for product in PRODUCTS {
        let extracted = read(product.url, product.html);
        assert_eq!(extracted.page_type, PageType::Product, "{}", product.url);
        let listing = extracted.listing.unwrap();
        let name = product.title;
        assert_eq!(listing.title, name);
        let price = listing.price.as_ref().unwrap();
        let shown = [
            Some(price.amount.to_string()),
            price.currency.clone(),
            price.regular.map(|amount| amount.to_string()),
            price.max.map(|amount| amount.to_string()),
        ];
        assert_eq!(shown.each_ref().map(Option::as_deref), product.price, "{name}");
        assert_eq!(listing.availability, product.availability, "{name}");
        assert_eq!(listing.brand.as_deref(), product.brand, "{name}");
        assert_eq!(listing.sku.as_deref(), product.sku, "{name}");
        assert_eq!(listing.gtin, product.gtin, "{name}");
        assert!(listing.description.starts_with(product.description), "{name}: {}", listing.description);
        assert_eq!(listing.images.first().map(String::as_str), product.image, "{name}");
        assert_eq!(listing.provenance["price"], "adapter", "{name}");
    }
}

fn card(listing: &Listing) -> [Option<String>; 5] {
    [
        Some(listing.title.clone()),
        listing.url.clone(),
        listing.price.as_ref().map(|price| price.amount.to_string()),
        listing.price.as_ref().and_then(|price| price.currency.clone()),
        listing.images.first().cloned(),
    ]
}

#[test]
fn category_pages_of_platforms_give_cards_and_the_next_page() {
    type Row = [&'static str; 5];
    let pages: [(&str, &str, &[Row], &str); 4] = [
        (
            "https://harbour.example/collections/scarves?page=2",
            include_str!("../pages/shopify-collection.html"),
            &[
                [
                    "Scarf North",
                    "/collections/scarves/products/north",
                    "29.00",
                    "USD",
                    "/cdn/shop/files/a.jpg",
                ],
                [
                    "Scarf South",
                    "/collections/scarves/products/south",
                    "18.50",
                    "USD",
                    "/cdn/shop/files/b.jpg",
                ],
                ["Scarf East", "/collections/scarves/products/east", "22.00", "USD", ""],
            ],
            "/collections/scarves?page=3",
        ),
        (
            "https://remise.example/boutique/",
            include_str!("../pages/woocommerce-shop.html"),
            &[
                ["Scie pliante", "/produit/scie/", "24.00", "EUR", "/scie.jpg"],
                ["Hache de camp", "/produit/hache/", "59.50", "EUR", "/hache.jpg"],
                ["Corde 10 m", "/produit/corde/", "", "", "/corde.jpg"],
            ],
            "/boutique/page/2/",
        ),
        (
            "https://rijwiel.example/helmen.html",
            include_str!("../pages/magento-category.html"),
            &[
                ["Fietshelm Polder", "/polder.html", "54.95", "EUR", "/media/polder.jpg"],
                ["Fietshelm Duin", "/duin.html", "1049.00", "EUR", "/media/duin.jpg"],
            ],
            "/helmen.html?p=2",
        ),
        (
            "https://colle.example/12-candele",
            include_str!("../pages/prestashop-category.html"),
            &[
                ["Candela alla lavanda", "/19-candela.html", "12.00", "EUR", "/19-home/candela.jpg"],
                ["Cera d'api 1 kg", "/21-cera.html", "1018.00", "EUR", "/21-home/cera.jpg"],
            ],
            "/12-candele?page=2",
        ),
    ];
    for (url, html, cards, next) in pages {
        let extracted = read(url, html);
        assert_eq!(extracted.page_type, PageType::Category, "{url}");
        let host = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let whole = |path: &str| Some(format!("{host}{path}")).filter(|_| !path.is_empty());
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let expected: Vec<_> = cards
            .iter()
            .map(|[title, url, amount, currency, image]| {
                [some(title), whole(url), some(amount), some(currency), whole(image)]
            })
            .collect();
        assert_eq!(extracted.cards.iter().map(card).collect::<Vec<_>>(), expected, "{url}");
        let found: Vec<&str> =
            extracted.links.iter().filter(|l| l.kind == LinkKind::Next).map(|l| l.url.as_str()).collect();
        assert_eq!(found, [whole(next).unwrap()], "{url}");
    }
}

#[test]
fn a_sources_own_selector_beats_the_platform() {
    let file = "id = \"shop\"\nname = \"Shop\"\nstart = [\"https://colle.example/\"]\n[select]\nprice = \".regular-price\"\n";
    let (source, _) = caveat::source::parse("shop.toml", file.as_bytes());
    let extractor = Extractor::new(&source.unwrap().select).unwrap();
    let body = include_str!("../pages/prestashop-product.html").as_bytes().to_vec();
    let page = Page { url: None, content_type: Some("text/html; charset=utf-8".to_owned()), body };
    let listing = extractor.extract(&page).listing.unwrap();
    assert_eq!(listing.price.unwrap().amount.to_string(), "15.00");
    assert_eq!(listing.provenance["price"], "select");
    assert_eq!(listing.provenance["sku"], "adapter");
}
