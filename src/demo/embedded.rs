//! What pages carry for machines: JSON-LD graphs and the state of script-driven shops.

use serde_json::{Value, json};

use super::catalogue::{Product, Shelf, Style};

/// The JSON that a product page of this shop embeds; Null where it embeds none.
pub(super) fn product_json(base: &str, shelf: &Shelf, product: &Product, neighbours: &[&Product]) -> Value {
    let style = shelf.style;
    match style {
        Style::JsonLd => json!({
            "@context": "https://schema.org",
            "@graph": [
                {"@type": "WebSite", "@id": format!("{base}/#site"), "name": style.shop(), "url": format!("{base}{}", style.list_path("all", 1))},
                breadcrumb_list(base, style, shelf),
                schema_product(base, style, shelf, product),
            ],
        }),
        Style::Annex => {
            let mut value = schema_product(base, style, shelf, product);
            if let Some(object) = value.as_object_mut() {
                object.insert("@context".to_owned(), json!("http://schema.org/"));
            }
            value
        }
        Style::NextData => json!({
            "props": {"pageProps": {
                "locale": shelf.lang,
                "product": state_product(product, shelf),
                "recommendations": neighbours.iter().map(|other| state_card(style, other)).collect::<Vec<_>>(),
            }, "__N_SSP": true},
            "page": "/product/[slug]",
            "query": {"slug": product.slug},
            "buildId": "k7Qm2-v41",
            "isFallback": false,
        }),
        Style::WindowState => json!({
            "app": {"lang": shelf.lang, "currency": product.currency, "theme": "asphalt"},
            "cart": {"items": [], "total": 0},
            "pdp": {"item": state_item(product, shelf), "crumbs": shelf.path},
            "strip": neighbours.iter().map(|other| state_card(style, other)).collect::<Vec<_>>(),
        }),
        _ => Value::Null,
    }
}

/// The JSON that a list page of this shop embeds; Null where it embeds none.
pub(super) fn list_json(base: &str, shelf: &Shelf, shown: &[&Product], total: usize) -> Value {
    let style = shelf.style;
    match style {
        Style::JsonLd => json!({
            "@context": "https://schema.org",
            "@graph": [
                {"@type": "CollectionPage", "name": shelf.path.last(), "inLanguage": shelf.lang},
                breadcrumb_list(base, style, shelf),
                {"@type": "ItemList", "itemListElement": shown.iter().enumerate().map(|(at, product)| json!({
                    "@type": "ListItem",
                    "position": at + 1,
                    "url": format!("{base}{}", style.product_path(&product.slug)),
                    "name": product.title,
                })).collect::<Vec<_>>()},
            ],
        }),
        Style::NextData => json!({
            "props": {"pageProps": {
                "locale": shelf.lang,
                "category": {"slug": shelf.slug, "path": shelf.path},
                "products": shown.iter().map(|product| state_card(style, product)).collect::<Vec<_>>(),
                "total": total,
            }},
            "page": "/list/[shelf]",
            "query": {"shelf": shelf.slug},
            "buildId": "k7Qm2-v41",
        }),
        Style::WindowState => json!({
            "app": {"lang": shelf.lang, "theme": "asphalt"},
            "cart": {"items": [], "total": 0},
            "plp": {"crumbs": shelf.path, "items": shown.iter().map(|product| state_card(style, product)).collect::<Vec<_>>()},
        }),
        _ => Value::Null,
    }
}

fn breadcrumb_list(base: &str, style: Style, shelf: &Shelf) -> Value {
    let last = shelf.path.len().saturating_sub(1);
    let items: Vec<Value> = shelf
        .path
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let target = if at == last { shelf.slug.as_str() } else { "all" };
            json!({"@type": "ListItem", "position": at + 1, "name": name, "item": format!("{base}{}", style.list_path(target, 1))})
        })
        .collect();
    json!({"@type": "BreadcrumbList", "itemListElement": items})
}

fn schema_product(base: &str, style: Style, shelf: &Shelf, product: &Product) -> Value {
    let url = format!("{base}{}", style.product_path(&product.slug));
    let stock = if product.sold_out { "OutOfStock" } else { "InStock" };
    let mut value = json!({
        "@type": "Product",
        "@id": format!("{url}#product"),
        "name": product.title,
        "description": product.description.trim(),
        "image": [format!("{base}/img/{}.svg", product.slug)],
        "sku": product.sku,
        "category": shelf.path.join(" > "),
        "offers": {
            "@type": "Offer",
            "url": url,
            "price": product.price,
            "priceCurrency": product.currency,
            "availability": format!("https://schema.org/{stock}"),
            "seller": {"@type": "Organization", "name": product.seller},
        },
    });
    let Some(object) = value.as_object_mut() else { return value };
    if let Some(brand) = &product.brand {
        object.insert("brand".to_owned(), json!({"@type": "Brand", "name": brand}));
    }
    for (key, found) in [("gtin13", &product.gtin), ("mpn", &product.mpn)] {
        if let Some(found) = found {
            object.insert(key.to_owned(), json!(found));
        }
    }
    let properties: Vec<Value> = product
        .attributes()
        .into_iter()
        .map(|(name, value)| json!({"@type": "PropertyValue", "name": name, "value": value}))
        .collect();
    if !properties.is_empty() {
        object.insert("additionalProperty".to_owned(), Value::Array(properties));
    }
    value
}

fn state_product(product: &Product, shelf: &Shelf) -> Value {
    json!({
        "id": product.sku,
        "slug": product.slug,
        "name": product.title,
        "description": product.description.trim(),
        "price": product.price,
        "compareAtPrice": product.regular,
        "currency": product.currency,
        "brand": product.brand,
        "gtin": product.gtin,
        "sku": product.sku,
        "mpn": product.mpn,
        "availability": if product.sold_out { "OUT_OF_STOCK" } else { "IN_STOCK" },
        "seller": {"name": product.seller},
        "categories": shelf.path,
        "images": [format!("/img/{}.svg", product.slug)],
        "attributes": product.attributes().into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
    })
}

fn state_item(product: &Product, shelf: &Shelf) -> Value {
    let specs: serde_json::Map<String, Value> =
        product.attributes().into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    json!({
        "sku": product.sku,
        "title": product.title,
        "description": product.description.trim(),
        "price": {"amount": product.price, "currency": product.currency, "was": product.regular},
        "brand": {"name": product.brand},
        "ean": product.gtin,
        "inStock": !product.sold_out,
        "vendor": {"name": product.seller},
        "category": shelf.path,
        "image": format!("/img/{}.svg", product.slug),
        "specs": specs,
    })
}

fn state_card(style: Style, product: &Product) -> Value {
    json!({
        "id": product.sku,
        "name": product.title,
        "price": product.price,
        "currency": product.currency,
        "url": style.product_path(&product.slug),
        "image": format!("/img/{}.svg", product.slug),
    })
}
