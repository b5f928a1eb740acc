//! A look at a few pages of a source: how they are read, before anything is crawled. Nothing is kept.

use std::collections::BTreeSet;

use url::Url;

use super::Plan;
use crate::extract::Explanation;
use crate::fetch::Fetcher;
use crate::page::{LinkKind, Page, PageType};

/// Start pages that are looked at; the rest is much the same.
const STARTS_MAX: usize = 2;
/// Addresses of a sitemap that are taken as products to look at.
const LISTED_MAX: usize = 50;

/// One page that was looked at, or why it was not.
#[derive(Debug)]
pub struct LookedAt {
    /// Its address.
    pub url: String,
    /// The page with what was read of it; or why it was not fetched, or that it is a sitemap.
    pub seen: Result<(Page, Explanation), String>,
    /// False for what should have been a page and was none.
    pub sound: bool,
}

/// Looks at the start pages, at a list that they lead to and at products, `most` pages in all. `tell` hears of each
/// address before it is asked for.
pub async fn look(fetcher: &Fetcher, plan: &Plan, most: usize, tell: impl Fn(&str)) -> Vec<LookedAt> {
    let mut looked: Vec<LookedAt> = Vec::new();
    let mut leads = Leads::default();
    let mut waiting: Vec<Url> = plan.source.start.iter().take(STARTS_MAX).cloned().collect();
    waiting.reverse();
    let mut asked: BTreeSet<String> = BTreeSet::new();
    while looked.len() < most {
        let lists = looked.iter().filter(|page| page.is(PageType::Category)).count();
        let Some(url) = waiting.pop().or_else(|| leads.next(lists == 0)) else { break };
        if !asked.insert(url.to_string()) {
            continue;
        }
        tell(url.as_str());
        let page = match fetcher.get(&url, &plan.manners).await.outcome {
            Ok(page) => page,
            Err(failure) => {
                looked.push(LookedAt { url: url.to_string(), seen: Err(failure.to_string()), sound: false });
                continue;
            }
        };
        if let Some(map) = page.url.as_ref().and_then(|base| super::sitemap::read(&page.body, base)) {
            let (pages, maps) = (map.pages.len(), map.sitemaps.len());
            waiting.extend(map.sitemaps.into_iter().take(1));
            leads.products.extend(
                map.pages.into_iter().filter(|url| plan.scope.check(url, 1).is_ok()).take(LISTED_MAX),
            );
            let seen = Err(format!("a sitemap or feed: {pages} pages, {maps} further sitemaps"));
            looked.push(LookedAt { url: url.to_string(), seen, sound: true });
            continue;
        }
        let explanation = plan.extractor.explain(&page);
        leads.follow(plan, &explanation);
        looked.push(LookedAt { url: url.to_string(), seen: Ok((page, explanation)), sound: true });
    }
    looked
}

impl LookedAt {
    fn is(&self, kind: PageType) -> bool {
        self.seen.as_ref().is_ok_and(|(_, explanation)| explanation.extracted.page_type == kind)
    }
}

/// Where to look next.
#[derive(Default)]
struct Leads {
    products: Vec<Url>,
    lists: Vec<Url>,
}

impl Leads {
    fn follow(&mut self, plan: &Plan, explanation: &Explanation) {
        let extracted = &explanation.extracted;
        let in_scope = |url: &str| Url::parse(url).ok().filter(|url| plan.scope.check(url, 1).is_ok());
        // Related products of a product page are of one kind; those of a list are the shop's own choice.
        let cards = extracted.cards.iter().filter_map(|card| card.url.as_deref());
        self.products.extend(cards.filter_map(in_scope));
        for link in &extracted.links {
            match link.kind {
                LinkKind::Product => self.products.extend(in_scope(&link.url)),
                LinkKind::Category | LinkKind::Next => self.lists.extend(in_scope(&link.url)),
                LinkKind::Other => {}
            }
        }
    }

    /// A list while none was seen, then products.
    fn next(&mut self, wants_list: bool) -> Option<Url> {
        let first = |urls: &mut Vec<Url>| if urls.is_empty() { None } else { Some(urls.remove(0)) };
        if wants_list && let Some(url) = first(&mut self.lists) {
            return Some(url);
        }
        first(&mut self.products).or_else(|| first(&mut self.lists))
    }
}
