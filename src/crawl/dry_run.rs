//! What a crawl would do: robots.txt and the start pages are fetched, the rest is only named. Nothing is kept.

use serde::Serialize;
use url::Url;

use super::Plan;
use super::visit::{Found, look};
use crate::fetch::Fetcher;
use crate::page::LinkKind;

/// What one start page leads to.
#[derive(Debug, Clone, Serialize)]
pub struct StartPage {
    /// Its address.
    pub url: String,
    /// Why it was not fetched.
    pub not_fetched: Option<String>,
    /// What it is, once fetched.
    pub page_type: Option<crate::page::PageType>,
    /// Whether it holds a listing, and how many cards.
    pub listing: bool,
    /// Cards on it.
    pub cards: usize,
    /// Where it leads, and what would be done there.
    pub links: Vec<PlannedLink>,
}

/// A link and what the crawl would do with it.
#[derive(Debug, Clone, Serialize)]
pub struct PlannedLink {
    /// The address.
    pub url: String,
    /// What it seems to lead to.
    pub kind: LinkKind,
    /// Why it would not be followed; `None` when it would, if robots.txt allows it.
    pub refused: Option<String>,
}

/// Fetches the start pages of a plan and says what would follow.
pub async fn dry_run(fetcher: &Fetcher, plan: &Plan) -> Vec<StartPage> {
    let mut pages = Vec::new();
    for url in &plan.source.start {
        let page = match fetcher.get(url, &plan.manners).await.outcome {
            Ok(page) => page,
            Err(failure) => {
                pages.push(StartPage { not_fetched: Some(failure.to_string()), ..StartPage::of(url) });
                continue;
            }
        };
        pages.push(match look(page, plan).1 {
            Found::Sitemap(map) => {
                let links = map.sitemaps.into_iter().map(|url| (url, LinkKind::Other));
                let links = links.chain(map.pages.into_iter().map(|url| (url, LinkKind::Product)));
                let links = links.map(|(url, kind)| plan.link(url.to_string(), kind)).collect();
                StartPage { links, ..StartPage::of(url) }
            }
            Found::Judged(judged) => {
                let extracted = judged.extracted;
                StartPage {
                    page_type: Some(extracted.page_type),
                    listing: extracted.listing.is_some(),
                    cards: extracted.cards.len(),
                    links: extracted.links.into_iter().map(|link| plan.link(link.url, link.kind)).collect(),
                    ..StartPage::of(url)
                }
            }
        });
    }
    pages
}

impl StartPage {
    fn of(url: &Url) -> Self {
        let url = url.to_string();
        Self { url, not_fetched: None, page_type: None, listing: false, cards: 0, links: Vec::new() }
    }
}

impl Plan {
    fn link(&self, url: String, kind: LinkKind) -> PlannedLink {
        let refused = match Url::parse(&url) {
            Err(error) => Some(error.to_string()),
            Ok(parsed) => self.scope.check(&parsed, 1).err().map(|why| why.to_string()),
        };
        PlannedLink { url, kind, refused }
    }
}
