//! Draws the pages: a product, a list, the home page, an article, each in its shop's template.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::MarketError;
use super::catalogue::{Catalogue, Product, Shelf, Style, text};
use super::embedded::{list_json, product_json};
use super::money::price_text;
use super::site::{List, PER_PAGE, on_shelf};
use super::template::{Template, Values, escape, fill, script_json};

/// Other products shown below one.
const RELATED: usize = 4;

/// The templates of all shops and of the house.
pub(super) struct Pages {
    shops: BTreeMap<Style, Template>,
    house: Template,
    bare: BTreeMap<&'static str, &'static str>,
}

impl Pages {
    pub(super) fn read() -> Result<Self, MarketError> {
        let shops = Style::MALL
            .into_iter()
            .chain([Style::Annex])
            .map(|style| Ok((style, Template::read(style.name())?)))
            .collect::<Result<_, MarketError>>()?;
        let bare = BTreeMap::from([("checkpoint", text("templates/checkpoint.html")?)]);
        Ok(Self { shops, house: Template::read("house")?, bare })
    }

    /// A page that is no shop's: as it lies in its file.
    pub(super) fn bare(&self, name: &str) -> String {
        self.bare.get(name).copied().unwrap_or_default().to_owned()
    }

    /// A page of the house around a body.
    pub(super) fn house(&self, lang: &str, title: &str, body: &str) -> String {
        let values =
            Values::from([("lang", lang.to_owned()), ("title", title.to_owned()), ("body", body.to_owned())]);
        self.house.fill("frame", &values)
    }

    pub(super) fn article(&self, catalogue: &Catalogue, slug: &str) -> Option<String> {
        let article = catalogue.articles.iter().find(|article| article.slug == slug)?;
        let values = Values::from([("title", article.title.clone())]);
        let body = self.house.fill("article", &Values::from([("body", fill(article.body, &values))]));
        Some(self.house(&article.lang, &article.title, &body))
    }

    pub(super) fn home(&self, catalogue: &Catalogue, main: &str, annex: &str) -> String {
        let mut shops = String::new();
        for style in Style::MALL {
            let mut shelves = String::new();
            for shelf in catalogue.shelves_of(style) {
                let name = shelf.path.last().map_or("", String::as_str);
                let _ = write!(
                    shelves,
                    "<li><a href=\"{}\">{}</a></li>",
                    escape(&style.list_path(&shelf.slug, 1)),
                    escape(name)
                );
            }
            let values = Values::from([
                ("shop", style.shop().to_owned()),
                ("url", style.list_path("all", 1)),
                ("shelves", shelves),
                ("image", format!("/img/{}.svg", style.name())),
            ]);
            shops.push_str(&self.house.fill("shop", &values));
        }
        let articles = catalogue.articles.iter().filter(|article| article.slug.starts_with("blog-")).fold(
            String::new(),
            |mut list, article| {
                let _ = write!(
                    list,
                    "<li><a href=\"/pages/{}\">{}</a></li>",
                    escape(&article.slug),
                    escape(&article.title)
                );
                list
            },
        );
        let values = Values::from([
            ("shops", shops),
            ("articles", articles),
            ("main", main.to_owned()),
            ("annex", annex.to_owned()),
        ]);
        self.house("en", "Seven Lindens — six shops under one roof", &self.house.fill("home", &values))
    }

    /// A product's page in its shop's look.
    pub(super) fn product(&self, catalogue: &Catalogue, base: &str, product: &Product) -> String {
        let style = catalogue.style_of(product);
        self.shops
            .get(&style)
            .map_or_else(String::new, |template| product_page(template, catalogue, base, product))
    }

    /// A page (from 1) of a shelf; `all` is every shelf of the shop.
    pub(super) fn list(&self, catalogue: &Catalogue, base: &str, list: &List) -> String {
        self.shops
            .get(&list.style)
            .map_or_else(String::new, |template| list_page(template, catalogue, base, list))
    }
}

fn product_page(template: &Template, catalogue: &Catalogue, base: &str, product: &Product) -> String {
    let style = catalogue.style_of(product);
    let Some(shelf) = catalogue.shelf(&product.shelf) else { return String::new() };
    let mut values = common(catalogue, style, shelf);
    facts(catalogue, base, style, product, &mut values);
    let paragraphs = product.description.trim().split("\n\n").fold(String::new(), |mut html, part| {
        let _ = write!(html, "<p>{}</p>", escape(part.trim()).replace('\n', "<br>\n"));
        html
    });
    let rows = product.attributes().iter().fold(String::new(), |html, (name, value)| {
        html + &template
            .fill("attribute", &Values::from([("name", (*name).to_owned()), ("value", value.clone())]))
    });
    let neighbours = related(catalogue, style, product);
    let related = neighbours
        .iter()
        .map(|other| {
            let mut values = common(catalogue, style, shelf);
            facts(catalogue, base, style, other, &mut values);
            template.fill(if template.has("related") { "related" } else { "card" }, &values)
        })
        .collect();
    values.insert("description", product.description.trim().to_owned());
    values.insert("summary", product.description.split_whitespace().take(28).collect::<Vec<_>>().join(" "));
    values.insert("paragraphs", paragraphs);
    values.insert("attributes", rows);
    values.insert("related", related);
    values.insert("crumbs", crumbs(template, style, shelf));
    values.insert("json", script_json(&product_json(base, shelf, product, &neighbours)));
    values.insert("main", template.fill("product", &values));
    values.insert("head", template.fill("product-head", &values));
    template.fill("frame", &values)
}

fn list_page(template: &Template, catalogue: &Catalogue, base: &str, list: &List) -> String {
    let (style, page) = (list.style, list.page);
    let whole =
        Shelf { slug: "all".to_owned(), style, lang: "en".to_owned(), path: vec![style.shop().to_owned()] };
    let shelf = catalogue.shelf(&list.shelf).unwrap_or(&whole);
    let products = on_shelf(catalogue, style, &shelf.slug);
    let total = products.len();
    let pages = total.div_ceil(PER_PAGE).max(1);
    let shown: Vec<&Product> = products.into_iter().skip((page - 1) * PER_PAGE).take(PER_PAGE).collect();
    let cards = shown
        .iter()
        .map(|product| {
            let mut values = common(catalogue, style, shelf);
            facts(catalogue, base, style, product, &mut values);
            template.fill("card", &values)
        })
        .collect();
    let numbers = (1..=pages).filter(|_| pages > 1).fold(String::new(), |mut html, number| {
        let link = escape(&style.list_path(&shelf.slug, number));
        let _ = if number == page {
            write!(html, "<b>{number}</b> ")
        } else {
            write!(html, "<a href=\"{link}\">{number}</a> ")
        };
        html
    });
    let name = shelf.path.last().cloned().unwrap_or_default();
    let title = if page > 1 { format!("{name} ({page}/{pages})") } else { name };
    let mut values = common(catalogue, style, shelf);
    values.insert("title", title);
    values.insert("url", style.list_path(&shelf.slug, page));
    values.insert("base", base.to_owned());
    values.insert("cards", cards);
    values.insert("pager", numbers);
    let next = if page < pages { style.list_path(&shelf.slug, page + 1) } else { String::new() };
    values.insert("next", next);
    values.insert("crumbs", crumbs(template, style, shelf));
    values.insert("json", script_json(&list_json(base, shelf, &shown, total)));
    values.insert("main", template.fill("list", &values));
    values.insert("head", template.fill("list-head", &values));
    template.fill("frame", &values)
}

/// What stands on every page of a shop: its name, its navigation, its words.
fn common<'a>(catalogue: &'a Catalogue, style: Style, shelf: &Shelf) -> Values<'a> {
    let mut values: Values = catalogue.words(&shelf.lang).map(|(key, word)| (key, word.to_owned())).collect();
    let nav = catalogue.shelves_of(style).fold(String::new(), |mut nav, shelf| {
        let name = shelf.path.last().map_or("", String::as_str);
        let link = style.list_path(&shelf.slug, 1);
        let _ =
            write!(nav, "<a href=\"{}\" hreflang=\"{}\">{}</a> ", escape(&link), shelf.lang, escape(name));
        nav
    });
    values.extend([
        ("nav", nav),
        ("shop", style.shop().to_owned()),
        ("lang", shelf.lang.clone()),
        ("home", style.list_path("all", 1)),
        ("section", shelf.path.last().cloned().unwrap_or_default()),
        ("category", shelf.path.join(" > ")),
    ]);
    values
}

/// What stands on a product's page and on its card.
fn facts<'a>(
    catalogue: &'a Catalogue,
    base: &str,
    style: Style,
    product: &'a Product,
    values: &mut Values<'a>,
) {
    let lang = catalogue.lang_of(product);
    let path = style.product_path(&product.slug);
    let or_empty = |value: &Option<String>| value.clone().unwrap_or_default();
    let schema = if product.sold_out { "OutOfStock" } else { "InStock" };
    let regular = product.regular.as_deref().map(|amount| price_text(amount, &product.currency, lang));
    values.extend([
        ("title", product.title.clone()),
        ("url", path.clone()),
        ("base", base.to_owned()),
        ("canonical", format!("{base}{path}")),
        ("price", product.price.clone()),
        ("currency", product.currency.clone()),
        ("price_text", price_text(&product.price, &product.currency, lang)),
        ("regular", or_empty(&product.regular)),
        ("regular_text", regular.unwrap_or_default()),
        ("brand", or_empty(&product.brand)),
        ("gtin", or_empty(&product.gtin)),
        ("mpn", or_empty(&product.mpn)),
        ("sku", product.sku.clone()),
        ("seller", product.seller.clone()),
        ("image", format!("/img/{}.svg", product.slug)),
        ("schema_availability", schema.to_owned()),
        ("og_availability", if product.sold_out { "out of stock" } else { "in stock" }.to_owned()),
        (
            "stock",
            catalogue.word(lang, if product.sold_out { "w_sold_out" } else { "w_in_stock" }).to_owned(),
        ),
        ("buyable", if product.sold_out { String::new() } else { "1".to_owned() }),
    ]);
}

/// Neighbours on the shelf, then in the shop.
fn related<'a>(catalogue: &'a Catalogue, style: Style, product: &Product) -> Vec<&'a Product> {
    let all = on_shelf(catalogue, style, "all");
    let at = all.iter().position(|other| other.slug == product.slug).unwrap_or(0);
    let near = all.iter().cycle().skip(at + 1).take(all.len());
    near.filter(|other| other.slug != product.slug).take(RELATED).copied().collect()
}

fn crumbs(template: &Template, style: Style, shelf: &Shelf) -> String {
    let last = shelf.path.len().saturating_sub(1);
    shelf
        .path
        .iter()
        .enumerate()
        .map(|(at, name)| {
            let target = if at == last { shelf.slug.as_str() } else { "all" };
            let values = Values::from([
                ("name", name.clone()),
                ("url", style.list_path(target, 1)),
                ("position", (at + 1).to_string()),
            ]);
            template.fill("crumb", &values)
        })
        .collect()
}
