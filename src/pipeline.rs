//! The one way from a page to its verdicts: bytes → candidates → listing → verdict.
//!
//! `scan`, `crawl` and the measurements on the corpus all go through here, so that what an author measures is what
//! an officer sees. Pure and synchronous: same input, same output, no clock, no I/O.

use crate::extract::Extractor;
use crate::finding::Verdict;
use crate::listing::Listing;
use crate::matcher::Matcher;
use crate::page::{Extracted, Page};
use crate::verdict;

/// What one page says and what the rules say of it.
#[derive(Debug, Clone)]
pub struct JudgedPage {
    /// Everything that was read.
    pub extracted: Extracted,
    /// Of the page's own listing; `None` when it has none.
    pub verdict: Option<Verdict>,
    /// Of each card, in the same order as `extracted.cards`.
    pub card_verdicts: Vec<Verdict>,
}

/// Reads a page and judges every listing on it. `market` is where its offers are aimed (ISO 3166 alpha-2).
pub fn judge_page(page: &Page, extractor: &Extractor, matcher: &Matcher, market: Option<&str>) -> JudgedPage {
    let extracted = extractor.extract(page);
    let verdict = extracted.listing.as_ref().map(|listing| judge_listing(listing, matcher, market));
    let card_verdicts = extracted.cards.iter().map(|card| judge_listing(card, matcher, market)).collect();
    JudgedPage { extracted, verdict, card_verdicts }
}

/// Judges one listing. Titles and descriptions that lost against others of the same page are read too, so that a decoy
/// hides no offer: what they say can add a hit, never take one away.
pub fn judge_listing(listing: &Listing, matcher: &Matcher, market: Option<&str>) -> Verdict {
    let mut hits = matcher.hits(listing, market);
    if Matcher::has_lost_texts(listing) {
        let more = matcher.hits_with_lost_texts(listing, market);
        let new: Vec<_> =
            more.into_iter().filter(|hit| hits.iter().all(|known| known.rule != hit.rule)).collect();
        hits.extend(new);
        hits.sort_by(|a, b| a.rule.cmp(&b.rule));
    }
    verdict::decide(hits)
}
