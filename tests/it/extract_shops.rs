//! Pages of our own in the manner of many shops: labels in many languages, tables, lists, templates of shop systems.

use caveat::listing::{Availability, Listing};
use caveat::page::PageType;

use crate::extract_offers::{read, read_at};

fn listing(html: &str) -> Listing {
    let page = read(html);
    assert_eq!(page.page_type, PageType::Product, "{html}: {:?}", page.problems);
    page.listing.unwrap_or_else(|| panic!("no listing: {html}"))
}

fn amount(listing: &Listing) -> Option<String> {
    listing.price.as_ref().map(|price| price.amount.0.normalize().to_string())
}

/// Language, then its words for price, brand, number, description, availability and "in stock".
const LANGUAGES: &[(&str, [&str; 6])] = &[
    ("en", ["Price", "Brand", "Item number", "Description", "Availability", "In stock"]),
    ("de", ["Preis", "Marke", "Artikelnummer", "Beschreibung", "Verfügbarkeit", "Auf Lager"]),
    ("fr", ["Prix", "Marque", "Référence", "Description", "Disponibilité", "En stock"]),
    ("es", ["Precio", "Marca", "Referencia", "Descripción", "Disponibilidad", "Disponible"]),
    ("it", ["Prezzo", "Marca", "Codice prodotto", "Descrizione", "Disponibilità", "Disponibile"]),
    ("pl", ["Cena", "Producent", "Kod produktu", "Opis", "Dostępność", "Dostępny"]),
    ("nl", ["Prijs", "Merk", "Artikelnummer", "Omschrijving", "Beschikbaarheid", "Op voorraad"]),
    ("pt", ["Preço", "Marca", "Código do produto", "Descrição", "Disponibilidade", "Em stock"]),
    ("cs", ["Cena", "Značka", "Kód produktu", "Popis", "Dostupnost", "Skladem"]),
    ("sk", ["Cena", "Značka", "Kód produktu", "Popis", "Dostupnosť", "Skladom"]),
    ("ro", ["Preț", "Producător", "Cod produs", "Descriere", "Disponibilitate", "În stoc"]),
    ("sv", ["Pris", "Varumärke", "Artikelnummer", "Beskrivning", "Lagerstatus", "I lager"]),
    ("da", ["Pris", "Mærke", "Varenummer", "Beskrivelse", "Lagerstatus", "På lager"]),
    ("nb", ["Pris", "Merke", "Varenummer", "Beskrivelse", "Lagerstatus", "På lager"]),
    ("fi", ["Hinta", "Tuotemerkki", "Tuotenumero", "Kuvaus", "Saatavuus", "Varastossa"]),
    ("el", ["Τιμή", "Μάρκα", "Κωδικός", "Περιγραφή", "Διαθεσιμότητα", "Διαθέσιμο"]),
    ("hu", ["Ár", "Gyártó", "Cikkszám", "Leírás", "Elérhetőség", "Raktáron"]),
    ("bg", ["Цена", "Марка", "Код", "Описание", "Наличност", "В наличност"]),
    ("hr", ["Cijena", "Proizvođač", "Šifra", "Opis", "Raspoloživost", "Na stanju"]),
    ("sl", ["Cena", "Znamka", "Šifra", "Opis", "Dobavljivost", "Na zalogi"]),
    ("et", ["Hind", "Kaubamärk", "Tootekood", "Kirjeldus", "Saadavus", "Laos"]),
    ("lv", ["Cena", "Zīmols", "Preces kods", "Apraksts", "Pieejamība", "Pieejams"]),
    ("lt", ["Kaina", "Prekės ženklas", "Prekės kodas", "Aprašymas", "Prieinamumas", "Yra sandėlyje"]),
    ("uk", ["Ціна", "Бренд", "Артикул", "Опис", "Наявність", "В наявності"]),
    ("ru", ["Цена", "Бренд", "Артикул", "Описание", "Наличие", "В наличии"]),
    ("tr", ["Fiyat", "Marka", "Stok kodu", "Açıklama", "Stok durumu", "Stokta"]),
];

#[test]
fn labels_are_read_in_many_languages() {
    const TEXT: &str = "XR-7 150 x 40 mm, 3 kg, 12 V / 240 W";
    for (language, words) in LANGUAGES {
        let [price, brand, number, description, stock, available] = words;
        let rows = [
            (*price, "12,50 €"),
            (*brand, "Hanwo"),
            (*number, "XR-7150"),
            (*stock, *available),
            (*description, TEXT),
        ];
        let build =
            |row: &dyn Fn(&str, &str) -> String| rows.map(|(label, value)| row(label, value)).concat();
        let table = format!("<table>{}</table>", build(&|l, v| format!("<tr><th>{l}</th><td>{v}</td></tr>")));
        let colons =
            format!("<table>{}</table>", build(&|l, v| format!("<tr><td>{l}:</td><td>{v}</td></tr>")));
        let list = format!("<dl>{}</dl>", build(&|l, v| format!("<dt>{l}</dt><dd>{v}</dd>")));
        let lines = format!("<ul>{}</ul>", build(&|l, v| format!("<li>{l}: {v}</li>")));
        let bold = build(&|l, v| format!("<p><b>{l}:</b> {v}</p>"));
        let boxes = build(&|l, v| {
            format!("<div class=row><div class=label>{l}</div><div class=value>{v}</div></div>")
        });
        for (shape, markup) in [
            ("table", table),
            ("colons", colons),
            ("list", list),
            ("lines", lines),
            ("bold", bold),
            ("boxes", boxes),
        ] {
            let html = format!("<html lang={language}><title>Hanwo XR-7</title><h1>Hanwo XR-7</h1>{markup}");
            let read = listing(&html);
            let at = format!("{language} {shape}");
            assert_eq!(amount(&read).as_deref(), Some("12.5"), "{at}");
            assert_eq!(read.price.as_ref().unwrap().currency.as_deref(), Some("EUR"), "{at}");
            assert_eq!(read.brand.as_deref(), Some("Hanwo"), "{at}");
            assert_eq!(read.sku.as_deref(), Some("XR-7150"), "{at}");
            assert!(read.description.contains("240 W"), "{at}: {:?}", read.description);
            assert_eq!(read.availability, Availability::InStock, "{at}");
            assert!(!read.attributes.contains_key(*price), "{at}: a price is no attribute");
            assert!(!read.attributes.contains_key(*description), "{at}: a description is no attribute");
            assert_eq!(read.language.as_deref(), Some(*language), "{at}");
        }
    }
}

#[test]
fn pages_without_headline_are_read() {
    let rows = "<tr><td>Product</td><td>Red ball 20 cm</td></tr><tr><td>Prijs</td><td>€ 25,00</td></tr>";
    let columns = "<tr><th>Produkt</th><th>Preis</th></tr><tr><td>Red ball 20 cm</td><td>25,00 EUR</td></tr>";
    for html in [
        format!("<table>{rows}</table>"),
        format!("<title>Red ball 20 cm</title><table>{rows}</table>"),
        format!("<table border=1>{columns}</table>"),
        "<title>Red ball 20 cm</title><center><table><tr><td><b>Red ball 20 cm</b></td></tr><tr><td>Price: 25.00 EUR</td>\
         </tr><tr><td><form><input type=submit value='Buy now'></form></td></tr></table></center>"
            .to_owned(),
    ] {
        let read = listing(&html);
        assert_eq!(read.title, "Red ball 20 cm", "{html}");
        assert_eq!(amount(&read).as_deref(), Some("25"), "{html}");
    }
    let list = read(
        "<title>Preisliste</title><table><tr><th>Artikel<th>Preis</tr><tr><td>Ball<td>5,00 €</tr><tr><td>Hut<td>7,00 €</tr>\
         <tr><td>Schuh<td>9,00 €</tr></table>",
    );
    let names: Vec<&str> = list.cards.iter().map(|card| card.title.as_str()).collect();
    assert_eq!((list.page_type, names), (PageType::Category, vec!["Ball", "Hut", "Schuh"]));
}

const WOOCOMMERCE: &str = r#"<html lang="da-DK"><head><title>Selen 200 – Helsebutikken</title></head>
<body class="single-product woocommerce"><div id="product-12" class="product type-product">
<div class="summary entry-summary"><h1 class="product_title entry-title">Selen 200</h1><p class="price"><del>
<span class="woocommerce-Price-amount amount"><bdi>149,00&nbsp;<span>kr.</span></bdi></span></del> <ins>
<span class="woocommerce-Price-amount amount"><bdi>99,00&nbsp;<span>kr.</span></bdi></span></ins></p>
<div class="woocommerce-product-details__short-description"><p>Selen til hele familien.</p></div>
<p class="stock out-of-stock">Ikke på lager</p><div class="product_meta"><span class="sku_wrapper">Varenummer (SKU):
<span class="sku">SE-0</span></span><span class="posted_in">Kategori: <a href="/c/vitaminer/" rel="tag">Vitaminer</a></span>
<span class="tagged_as">Tags: <a href="/t/selen/" rel="tag">selen</a></span></div></div>
<section class="related products"><h2>Relaterede varer</h2><ul class="products">CARDS</ul></section></div></body></html>"#;

#[test]
fn a_shop_system_without_markup_is_read() {
    let card = |name: &str, price: &str| {
        format!(
            "<li class=product><a href='/p/{name}/'><h2>{name}</h2><span class=price><span class=amount>{price}&nbsp;kr.</span>\
             </span></a><a href='?add-to-cart={price}' class='button add_to_cart_button'>Tilføj til kurv</a></li>"
        )
    };
    let cards = [card("Zink", "79,00"), card("Jern", "89,00"), card("Magnesium", "69,00")].concat();
    for html in [WOOCOMMERCE.to_owned(), WOOCOMMERCE.replace('\n', "")] {
        let page = read(&html.replace("CARDS", &cards));
        let read = page.listing.unwrap();
        let price = read.price.clone().unwrap();
        assert_eq!((amount(&read).as_deref(), price.currency.as_deref()), (Some("99"), Some("DKK")));
        assert_eq!(price.regular.map(|regular| regular.to_string()).as_deref(), Some("149.00"));
        assert_eq!(read.sku.as_deref(), Some("SE-0"));
        assert_eq!(read.category, ["Vitaminer"]);
        assert_eq!(read.description, "Selen til hele familien.");
        assert_eq!(read.availability, Availability::OutOfStock);
        let names: Vec<&str> = page.cards.iter().map(|card| card.title.as_str()).collect();
        assert_eq!(names, ["Zink", "Jern", "Magnesium"]);
    }
}

#[test]
fn cards_are_named_by_what_tells_them_apart() {
    type Shape = fn(&str, u32) -> String;
    let shapes: [(&str, Shape); 6] = [
        ("a button", |name, n| {
            format!(
                "<div class=item><h3>{name}</h3><div class=buy><b class=price>{n},50 €</b><a href='/p/{n}'>Details</a></div></div>"
            )
        }),
        ("a name in no heading", |name, n| {
            format!(
                "<div class=item><p class=item-name>{name}</p><div><i class=price>{n},50 €</i> <a href='/p/{n}'>zum Angebot</a></div></div>"
            )
        }),
        ("one link", |name, n| {
            format!(
                "<li><a href='/p/{n}'><img src=a.jpg alt=''><span>{name}</span><span class=price>{n},50 €</span></a></li>"
            )
        }),
        ("a picture", |name, n| {
            format!(
                "<li><a href='/p/{n}'><img src=a.jpg alt='{name}'></a><a href='/p/{n}'>{n} Angebote ab {n},50 €</a></li>"
            )
        }),
        ("a table row", |name, n| {
            format!(
                "<tr><td><a href='/p/{n}'>{name}</a></td><td>lieferbar</td><td class=price>{n},50 €</td></tr>"
            )
        }),
        ("a title", |name, n| {
            format!(
                "<article><a href='/p/{n}' title='{name}'><img src=a.jpg></a><span class=price>{n},50 €</span><a href='/cart?add={n}'>In den Warenkorb</a></article>"
            )
        }),
    ];
    let names = ["Rote Gießkanne", "Blauer Gartenzwerg", "Hölzerne Hollywoodschaukel", "Grüner Sonnenschirm"];
    for (what, card) in shapes {
        let cards: String = names.iter().zip(5..).map(|(name, n)| card(name, n)).collect();
        let wrapped = if what == "a table row" {
            format!("<table>{cards}</table>")
        } else {
            format!("<ul>{cards}</ul>")
        };
        let page = read(&format!("<html lang=de><title>Garten | Laden</title><h1>Garten</h1>{wrapped}"));
        assert_eq!(page.page_type, PageType::Category, "{what}");
        let read: Vec<(&str, String, &str)> = page
            .cards
            .iter()
            .map(|card| {
                (card.title.as_str(), amount(card).unwrap_or_default(), card.url.as_deref().unwrap_or(""))
            })
            .collect();
        let urls: Vec<String> = (5..9).map(|n| format!("https://shop.example/p/{n}")).collect();
        let expected: Vec<(&str, String, &str)> = names
            .iter()
            .zip(5..)
            .zip(&urls)
            .map(|((name, n), url)| (*name, format!("{n}.5"), url.as_str()))
            .collect();
        assert_eq!(read, expected, "{what}");
    }
}

#[test]
fn a_list_with_buttons_is_no_product() {
    let card = |n: u32| {
        format!(
            "<div class=product><a href='/p/{n}'><h3>Lamp number {n}</h3></a><span class=sku>SKU: LN-{n}00</span>\
             <span class=price>$ {n}9.00</span><button class=add-to-cart>Add to cart</button></div>"
        )
    };
    let cards: String = (1..12).map(card).collect();
    let sizes = "<p class=amount>Items per page: <a href='?n=32'>32</a> <a href='?n=64'>64</a></p>";
    let page = read_at(
        "https://shop.example/c/lamps",
        &format!("<html lang=en><title>Lamps</title><h1>Lamps</h1>{sizes}{cards}"),
    );
    assert_eq!((page.page_type, page.cards.len()), (PageType::Category, 11));
}

#[test]
fn the_price_in_the_title_is_the_price() {
    let other = "<table><tr><td><a href='/o/1'><img src=b.jpg></a></td><td><p class='price'>750 грн.</p></td></tr></table>";
    let page = read(&format!(
        "<html lang=uk><title>Велосипед гірський: 3 900 грн. - Велосипеди Київ</title><h1>Велосипед гірський</h1>{other}\
         <div><div><div class=side><strong>3 900 грн.</strong></div></div></div><p>Номер оголошення: 518940926</p>"
    ));
    let read = page.listing.unwrap();
    assert_eq!((amount(&read).as_deref(), read.sku.as_deref()), (Some("3900"), Some("518940926")));
}

#[test]
fn what_is_not_known_is_not_guessed() {
    for html in
        ["<title>Sildenafil 100 mg</title><p>Price: 5 €</p>", "<h1>Galaxy Watch Active</h1><p>Price: 5 €</p>"]
    {
        assert_eq!(listing(html).language, None, "{html}");
    }
}

#[test]
fn buttons_and_data_tell_stock_and_brand() {
    let page = |button: &str, stock: &str, declared: &str| {
        format!(
            "<html lang=en><title>Hanwo XR-7</title><script type='application/ld+json'>{{\"@type\":\"Product\",\"name\":\
             \"Hanwo XR-7\",\"offers\":{{\"price\":\"5\",\"priceCurrency\":\"EUR\",\"availability\":\"{declared}\"}}}}</script>\
             <h1 data-brand='Hanwo'>Hanwo XR-7</h1><p class=price>5.00 €</p><p>{stock}</p>{button}"
        )
    };
    let (buys, disabled) = ("<button>Add to cart</button>", "<button disabled>Add to cart</button>");
    for (button, stock, declared, expected) in [
        (buys, "", "InStock", Availability::InStock),
        (disabled, "", "InStock", Availability::InStock),
        (disabled, "Currently unavailable", "InStock", Availability::OutOfStock),
        ("", "Sold out", "InStock", Availability::OutOfStock),
        (buys, "", "OutOfStock", Availability::InStock),
        ("", "", "OutOfStock", Availability::OutOfStock),
        (disabled, "", "OutOfStock", Availability::OutOfStock),
    ] {
        let read = listing(&page(button, stock, declared));
        assert_eq!(read.availability, expected, "{button} {stock} {declared}");
        assert_eq!(read.brand.as_deref(), Some("Hanwo"));
    }
}

#[test]
fn hundredths_in_embedded_data_are_told_by_the_shown_price() {
    let state = r#"{"id":1,"title":"Red Wool Hat","sku":"RWH","variants":[{"title":"Small"},{"title":"Large"}],
        "price":2500,"compare_at_price":3000,"available":true}"#;
    let read = listing(&format!(
        "<html lang=en><title>Red Wool Hat</title><h1>Red Wool Hat</h1><script type='application/json'>{state}</script>\
         <div class=price><s>$30.00</s> <span>$25.00</span></div><button name=add>Add to cart</button>"
    ));
    let price = read.price.clone().unwrap();
    assert_eq!(amount(&read).as_deref(), Some("25"));
    assert_eq!(price.regular.map(|regular| regular.0.normalize().to_string()).as_deref(), Some("30"));
    assert_eq!(read.attributes["variants"], "Small; Large");
}
