//! What a path of the mall or the annex answers: a pure function of path, host and the number of the attempt.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use super::MarketError;
use super::catalogue::{Catalogue, Product, Style, text};
use super::pages::Pages;
use super::server::Host;
use super::template::{Values, escape, fill};
use super::trouble;

/// Products on a page of a list.
pub(super) const PER_PAGE: usize = 8;

/// An answer, before it goes on the wire.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
    pub(super) delay: Duration,
}

impl Reply {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: body.into(), delay: Duration::ZERO }
    }

    pub(super) fn html(body: String) -> Self {
        Self::new(200, "text/html; charset=utf-8", body)
    }

    pub(super) fn status(status: u16) -> Self {
        Self::new(status, "text/plain; charset=utf-8", format!("{status}\n"))
    }

    pub(super) fn redirect(location: &str) -> Self {
        let mut reply = Self::status(302);
        reply.headers.push(("location", location.to_owned()));
        reply
    }
}

/// A page of a shelf's list.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) style: Style,
    /// A shelf's slug, or `all` for every shelf of the shop.
    pub(super) shelf: String,
    /// From 1.
    pub(super) page: usize,
}

/// Both hosts.
pub(super) struct Site {
    catalogue: Catalogue,
    pages: Pages,
    main: String,
    annex: String,
    /// Product path → its place in the catalogue.
    products: BTreeMap<String, usize>,
    /// List path with query → what it lists.
    lists: BTreeMap<String, List>,
}

impl Site {
    pub(super) fn new(
        catalogue: Catalogue,
        main: SocketAddr,
        annex: SocketAddr,
    ) -> Result<Self, MarketError> {
        let products = catalogue
            .products
            .iter()
            .enumerate()
            .map(|(at, product)| (catalogue.path_of(product), at))
            .collect();
        let mut lists = BTreeMap::new();
        for style in Style::MALL.into_iter().chain([Style::Annex]) {
            let shelves = catalogue.shelves_of(style).map(|shelf| shelf.slug.as_str());
            for shelf in shelves.chain(["all"]) {
                let count = on_shelf(&catalogue, style, shelf).len();
                for page in 1..=count.div_ceil(PER_PAGE).max(1) {
                    lists.insert(style.list_path(shelf, page), List { style, shelf: shelf.to_owned(), page });
                }
            }
        }
        let (main, annex) = (format!("http://{main}"), format!("http://{annex}"));
        Ok(Self { pages: Pages::read()?, catalogue, main, annex, products, lists })
    }

    /// The two source files with the ports of this market.
    pub(super) fn source_files(&self) -> Result<Vec<(String, String)>, MarketError> {
        ["demo-market.toml", "demo-annex.toml"]
            .into_iter()
            .map(|name| {
                let values = Values::from([("main", self.main.clone()), ("annex", self.annex.clone())]);
                Ok((name.to_owned(), fill(text(&format!("sources/{name}"))?, &values)))
            })
            .collect()
    }

    /// The answer to the `attempt`th request (from 1) for a path with its query.
    pub(super) fn reply(&self, host: Host, path: &str, attempt: usize) -> Reply {
        let (bare, query) = path.split_once('?').unwrap_or((path, ""));
        if let Some(image) = bare.strip_prefix("/img/").and_then(|name| name.strip_suffix(".svg")) {
            return Reply::new(200, "image/svg+xml", picture(image));
        }
        if let Some(style) = bare.strip_prefix("/assets/").and_then(|name| name.strip_suffix(".css")) {
            return text(&format!("templates/{style}.css"))
                .map_or_else(|_| self.not_found(), |css| Reply::new(200, "text/css; charset=utf-8", css));
        }
        match host {
            Host::Main => self.mall(bare, query, path, attempt),
            Host::Annex => self.annex(bare, path, attempt),
        }
    }

    fn mall(&self, bare: &str, query: &str, path: &str, attempt: usize) -> Reply {
        match bare {
            "/" => return Reply::html(self.pages.home(&self.catalogue, &self.main, &self.annex)),
            "/robots.txt" => return Reply::new(200, "text/plain; charset=utf-8", self.robots()),
            "/sitemap.xml" => return xml(self.sitemap_index()),
            "/sitemap-shops.xml" => return xml(self.sitemap_shops()),
            "/sitemap-products.xml" => return xml(self.sitemap_products()),
            _ => {}
        }
        if let Some(&at) = self.products.get(bare) {
            return self.product(at, attempt, |style| style != Style::Annex);
        }
        if let Some(list) = self.list_at(bare, path).filter(|list| list.style != Style::Annex) {
            return Reply::html(self.pages.list(&self.catalogue, &self.main, list));
        }
        if let Some(article) =
            bare.strip_prefix("/pages/").and_then(|slug| self.pages.article(&self.catalogue, slug))
        {
            return Reply::html(article);
        }
        trouble::reply(&self.pages, bare, query).unwrap_or_else(|| self.not_found())
    }

    fn annex(&self, bare: &str, path: &str, attempt: usize) -> Reply {
        match bare {
            "/" => {
                let front = List { style: Style::Annex, shelf: "all".to_owned(), page: 1 };
                return Reply::html(self.pages.list(&self.catalogue, &self.annex, &front));
            }
            "/robots.txt" => {
                let robots = "User-agent: *\nCrawl-delay: 1\nDisallow: /account\n";
                return Reply::new(200, "text/plain; charset=utf-8", robots);
            }
            _ => {}
        }
        if let Some(&at) = self.products.get(bare) {
            return self.product(at, attempt, |style| style == Style::Annex);
        }
        if let Some(list) = self.list_at(bare, path).filter(|list| list.style == Style::Annex) {
            return Reply::html(self.pages.list(&self.catalogue, &self.annex, list));
        }
        self.not_found()
    }

    /// A list by its whole path, or by the path alone where the query is none of ours (a campaign's mark).
    fn list_at(&self, bare: &str, path: &str) -> Option<&List> {
        self.lists.get(path).or_else(|| self.lists.get(bare))
    }

    fn product(&self, at: usize, attempt: usize, here: impl Fn(Style) -> bool) -> Reply {
        let Some(product) = self.catalogue.products.get(at) else { return self.not_found() };
        let style = self.catalogue.style_of(product);
        if !here(style) {
            return self.not_found();
        }
        let base = if style == Style::Annex { &self.annex } else { &self.main };
        let html = self.pages.product(&self.catalogue, base, product);
        trouble::serve(html, product.fault, attempt)
    }

    fn not_found(&self) -> Reply {
        let body =
            "<p>This page has left the house. Perhaps the offer has ended.</p><p><a href=\"/\">Home</a></p>";
        let mut reply = Reply::html(self.pages.house("en", "Not found", body));
        reply.status = 404;
        reply
    }

    fn robots(&self) -> String {
        let mut robots = text("robots.txt").unwrap_or_default().to_owned();
        let _ = write!(robots, "\nSitemap: {}/sitemap.xml\n", self.main);
        robots
    }

    fn sitemap_index(&self) -> String {
        let mut body = String::new();
        for name in ["shops", "products"] {
            let _ = writeln!(body, "  <sitemap><loc>{}/sitemap-{name}.xml</loc></sitemap>", self.main);
        }
        sitemap("sitemapindex", &body)
    }

    fn sitemap_shops(&self) -> String {
        let lists = Style::MALL.iter().map(|style| style.list_path("all", 1));
        let articles = self.catalogue.articles.iter().map(|article| format!("/pages/{}", article.slug));
        self.url_set(lists.chain(articles))
    }

    /// Every product of the mall, one that has ended, and one that robots.txt forbids: both happen in real sitemaps.
    fn sitemap_products(&self) -> String {
        let products = self.catalogue.products.iter().filter(|p| self.catalogue.style_of(p) != Style::Annex);
        let paths = products.map(|product| self.catalogue.path_of(product));
        self.url_set(
            paths.chain(["/p/ended-with-the-summer".to_owned(), "/private/trade-price-list".to_owned()]),
        )
    }

    fn url_set(&self, paths: impl Iterator<Item = String>) -> String {
        let body = paths.fold(String::new(), |mut body, path| {
            let _ = writeln!(body, "  <url><loc>{}{}</loc></url>", self.main, escape(&path));
            body
        });
        sitemap("urlset", &body)
    }
}

/// The products that a shelf shows; those that only the sitemap knows are left out.
pub(super) fn on_shelf<'a>(catalogue: &'a Catalogue, style: Style, shelf: &str) -> Vec<&'a Product> {
    catalogue
        .products_of(style)
        .filter(|product| !product.sitemap_only && (shelf == "all" || product.shelf == shelf))
        .collect()
}

fn xml(body: String) -> Reply {
    Reply::new(200, "application/xml", body)
}

fn sitemap(root: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <{root} xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n{body}</{root}>\n"
    )
}

/// A quiet picture for a product: two tones and a shape drawn from its name.
fn picture(name: &str) -> String {
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let hue = hash % 360;
    let shape = match hash / 360 % 4 {
        0 => "<rect x=\"130\" y=\"90\" width=\"140\" height=\"220\" rx=\"18\"/>".to_owned(),
        1 => "<circle cx=\"200\" cy=\"200\" r=\"105\"/>".to_owned(),
        2 => "<path d=\"M165 80h70v50l35 45v145H130V175l35-45z\"/>".to_owned(),
        _ => "<rect x=\"85\" y=\"130\" width=\"230\" height=\"140\" rx=\"12\"/>".to_owned(),
    };
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 400 400\">\
         <rect width=\"400\" height=\"400\" fill=\"hsl({hue} 30% 93%)\"/>\
         <ellipse cx=\"200\" cy=\"330\" rx=\"130\" ry=\"16\" fill=\"hsl({hue} 20% 82%)\"/>\
         <g fill=\"hsl({hue} 42% 58%)\">{shape}</g>\
         <rect x=\"160\" y=\"190\" width=\"80\" height=\"46\" rx=\"4\" fill=\"hsl({hue} 40% 97%)\"/></svg>"
    )
}
