//! One job from lease to settlement: fetch, judge, keep the evidence, and say what follows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use super::report::count;
use super::trap::MAX_ADDRESS_BYTES;
use super::url_key::{clean, duplicate_key, same_page};
use super::{CrawlError, Crawler, Plan, sitemap};
use crate::clock::Timestamp;
use crate::evidence::{Chain, EvidenceError, Provenance};
use crate::fetch::{Fetched, NotFetched, decode, gate_key, retry};
use crate::finding::{Evidence, Finding, Ruling, State, Verdict, WarcPlace, finding_id};
use crate::listing::Listing;
use crate::page::{LinkKind, Page, PageType};
use crate::pipeline::{self, JudgedPage};
use crate::store::{self, Child, Job, JobResult, KeptListing, Outcome, VerdictSummary};

/// Smaller is sooner: what an officer must see first is fetched first.
pub(super) mod priority {
    pub(in crate::crawl) const START: u8 = 0;
    pub(super) const FLAGGED_CARD: u8 = 0;
    pub(super) const PRODUCT: u8 = 1;
    /// Searches too: what one finds is fetched before the next one is asked.
    pub(in crate::crawl) const NEXT: u8 = 2;
    pub(super) const CATEGORY: u8 = 3;
    pub(super) const OTHER: u8 = 5;
}

/// Whether a list, card or sitemap named the address as an offer.
fn is_listed(priority: u8) -> bool {
    priority <= priority::PRODUCT
}

/// Links of one page that are looked at. Real category pages have some hundreds.
const MAX_LINKS: usize = 5000;
/// How long a page waits when evidence is written more slowly than pages come.
const DISK_BEHIND: Duration = Duration::from_secs(2);
/// A sitemap may be this large once inflated (sitemaps.org allows 50 MB).
const MAX_SITEMAP_BYTES: usize = 50 << 20;
/// Sitemaps repeat themselves, so that real ones shrink to a fiftieth.
const MAX_SITEMAP_RATIO: usize = 200;

/// What a visit came to.
#[derive(Debug)]
pub(super) enum Visited {
    /// To be written.
    Settle(Box<Outcome>),
    /// Nothing was asked; the gate is closed until then.
    Held(Job, Timestamp),
}

/// Addresses that this process has seen in this run, as hashes, so that links are counted once and a page that only
/// repeats known offers is seen to be fruitless.
#[derive(Debug, Default)]
pub(super) struct Seen(Mutex<BTreeSet<u64>>);

/// Hashes that are remembered: 32 MB. Beyond it, links may be counted twice and nothing else happens.
const MAX_SEEN: usize = 1 << 20;

impl Seen {
    fn is_new(&self, kind: &str, key: &str) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = hash(kind, key);
        if seen.len() >= MAX_SEEN { !seen.contains(&hash) } else { seen.insert(hash) }
    }
}

fn hash(kind: &str, key: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    (kind, key).hash(&mut hasher);
    hasher.finish()
}

/// Does one job.
pub(super) async fn visit(crawler: Arc<Crawler>, plan: Arc<Plan>, job: Job) -> Result<Visited, CrawlError> {
    let Ok(url) = Url::parse(&job.url) else {
        return Ok(refuse(job, "unusable", "the address cannot be parsed".to_owned()));
    };
    // The source may have changed since the address was queued.
    if let Err(why) = plan.scope.check(&url, job.depth) {
        return Ok(refuse(job, why.code(), why.to_string()));
    }
    let searched = plan.searches.asks(&url);
    if let Some(why) = plan.traps.check(&url, searched || is_listed(job.priority)) {
        return Ok(refuse(job, "trap", why));
    }
    let Fetched { exchanges, outcome } = crawler.fetcher.get(&url, &plan.manners).await;
    let page = match outcome {
        Ok(page) => page,
        Err(failure) => return Ok(not_fetched(&crawler, job, &failure)),
    };
    let seen_at = crawler.clock.now();
    let looked = {
        let plan = Arc::clone(&plan);
        tokio::task::spawn_blocking(move || look(page, &plan)).await
    };
    // A panic is our own fault, never the page's; it costs this page and is counted, and the rest goes on.
    let Ok((page, found)) = looked else {
        return Ok(failed(job, "internal-error", "internal error while reading the page".to_owned()));
    };
    let more_results = plan.searches.after(&url);
    let address = page.url.clone().unwrap_or(url);
    let mut outcome = Outcome::of(job, JobResult::Done);
    let add = |outcome: &mut Outcome, name: String, n: u64| *outcome.counters.entry(name).or_default() += n;
    match found {
        Found::Sitemap(map) => {
            add(&mut outcome, format!("{}sitemap", count::PAGE), 1);
            let pages = map.pages.into_iter().map(|url| (url, priority::PRODUCT));
            let maps = map.sitemaps.into_iter().map(|url| (url, priority::NEXT));
            follow(&plan, &mut outcome, maps.chain(pages).map(|(url, priority)| (url, priority, 1)));
        }
        Found::Judged(mut judged) => {
            judged.extracted.nofollow |=
                exchanges.last().is_some_and(|exchange| crawler.fetcher.asks_not_to_follow(exchange));
            let kind = page_word(judged.extracted.page_type);
            add(&mut outcome, format!("{}{kind}", count::PAGE), 1);
            if !judged.extracted.problems.is_empty() {
                add(&mut outcome, count::PROBLEMS.to_owned(), 1);
            }
            let fruitful = fruitful(&plan, &judged);
            // A wall says nothing of what is behind it.
            let blocked = judged.extracted.page_type == PageType::Blocked;
            if fruitful || !(blocked || searched || is_listed(outcome.job.priority)) {
                plan.traps.learn(&address, fruitful);
            }
            let offers = offers(&plan, &outcome.job, &address, &judged);
            let product = judged.extracted.listing.is_some();
            if product || !offers.is_empty() {
                let flagged = offers.iter().any(|offer| offer.verdict.ruling == Ruling::Flag);
                let provenance = provenance(&plan, &outcome.job);
                let chain = Chain { exchanges: &exchanges, provenance: Some(&provenance), earlier: None };
                let kept = if flagged {
                    crawler.evidence.append(chain)
                } else {
                    crawler.evidence.append_passing(chain)
                };
                let place = match kept.await {
                    Ok(place) => place,
                    // The disk is behind; the page is asked for again when it has caught up.
                    Err(EvidenceError::Overloaded(_)) => {
                        return Ok(Visited::Held(outcome.job, seen_at.after(DISK_BEHIND)));
                    }
                    Err(error) => return Err(error.into()),
                };
                keep(&plan, &mut outcome, offers, &place, seen_at);
            }
            add(&mut outcome, count::CARDS.to_owned(), judged.extracted.cards.len() as u64);
            add(&mut outcome, count::SEARCHES.to_owned(), u64::from(searched));
            if let Some(next) = more_results.filter(|_| fruitful) {
                let depth = outcome.job.depth;
                follow(&plan, &mut outcome, std::iter::once((next, priority::CATEGORY, depth)));
            }
            if !judged.extracted.nofollow {
                let links = links(&judged, &outcome.job);
                follow(&plan, &mut outcome, links.into_iter());
            }
        }
    }
    outcome.counters.retain(|_, n| *n > 0);
    outcome.also_seen = redirected(&outcome.job, &address);
    outcome.gates = crawler.gate_rows(&[&outcome.job.gate, &gate_key(&address)]);
    Ok(Visited::Settle(Box::new(outcome)))
}

fn provenance(plan: &Plan, job: &Job) -> Provenance {
    Provenance {
        source: plan.source.id.clone(),
        run: job.run,
        rules: plan.rules.clone(),
        found_on: job.found_on.clone(),
        depth: job.depth,
    }
}

pub(super) enum Found {
    Sitemap(sitemap::Sitemap),
    Judged(Box<JudgedPage>),
}

/// Reads and judges a page; the part that costs processor time.
pub(super) fn look(mut page: Page, plan: &Plan) -> (Page, Found) {
    if page.body.starts_with(&[0x1f, 0x8b]) {
        // A compressed sitemap is a file of its own, not a content-encoding.
        let caps = decode::Caps { bytes: MAX_SITEMAP_BYTES, ratio: MAX_SITEMAP_RATIO };
        if let Ok(inflated) = decode::decode("gzip", &page.body, caps) {
            page.body = inflated;
        }
    }
    let html = page.content_type.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().contains("html"));
    if let (false, Some(url)) = (html, &page.url)
        && let Some(map) = sitemap::read(&page.body, url)
    {
        return (page, Found::Sitemap(map));
    }
    let judged = pipeline::judge_page(&page, &plan.extractor, &plan.matcher, plan.source.market.as_deref());
    (page, Found::Judged(Box::new(judged)))
}

/// An offer that is kept: its own, or a flagged card whose page will not be fetched.
struct Offer {
    url: Url,
    listing: Listing,
    verdict: Verdict,
}

fn offers(plan: &Plan, job: &Job, address: &Url, judged: &JudgedPage) -> Vec<Offer> {
    let mut offers = Vec::new();
    if let (Some(listing), Some(verdict)) = (&judged.extracted.listing, &judged.verdict) {
        let url = canonical(address, judged.extracted.canonical.as_deref());
        offers.push(Offer { url, listing: listing.clone(), verdict: verdict.clone() });
    }
    if plan.start_pages_only {
        // Its cards were not asked for, and would take the place of what is known of their own pages.
        return offers;
    }
    for (card, verdict) in judged.extracted.cards.iter().zip(&judged.card_verdicts) {
        let url = card.url.as_deref().and_then(|url| Url::parse(url).ok());
        if url.as_ref().is_some_and(|url| url.as_str().len() > MAX_ADDRESS_BYTES) {
            continue;
        }
        let refused = |url: &Url| {
            plan.scope.check(url, job.depth.saturating_add(1)).is_err()
                || plan.traps.check(url, true).is_some()
        };
        let out_of_reach = judged.extracted.nofollow || url.as_ref().is_none_or(refused);
        if verdict.ruling == Ruling::Flag && out_of_reach {
            let url = url.unwrap_or_else(|| {
                let mut url = clean(address);
                url.set_fragment(Some(&format!("card-{}", finding_id("", &card.title))));
                url
            });
            offers.push(Offer { url, listing: card.clone(), verdict: verdict.clone() });
        }
    }
    offers
}

/// The offer's address. The page's own word counts only where it drops parameters that merely arrange a page: one that
/// calls itself by another page's name would otherwise hide behind that page's finding.
fn canonical(address: &Url, word: Option<&str>) -> Url {
    let own = clean(address);
    let word = word.and_then(|word| Url::parse(word).ok()).map(|word| clean(&word));
    word.filter(|word| same_page(word, &own)).unwrap_or(own)
}

fn keep(plan: &Plan, outcome: &mut Outcome, offers: Vec<Offer>, place: &WarcPlace, seen_at: Timestamp) {
    for Offer { url, mut listing, verdict } in offers {
        *outcome.counters.entry(count::LISTINGS.to_owned()).or_default() += 1;
        let source = plan.source.id.clone();
        listing.url = Some(url.to_string());
        let summary = VerdictSummary {
            ruling: verdict.ruling,
            score: verdict.score,
            severity: verdict.severity,
            class: verdict.class.clone(),
        };
        if let (Ruling::Flag, Some(severity), Some(class)) = (verdict.ruling, verdict.severity, verdict.class)
        {
            *outcome.counters.entry(format!("{}{class}", count::FLAGGED)).or_default() += 1;
            outcome.findings.push(Finding {
                id: finding_id(&source, &finding_key(&url)),
                url: url.to_string(),
                source: source.clone(),
                state: State::New,
                class,
                severity,
                score: verdict.score,
                hits: verdict.hits,
                listing: listing.clone(),
                first_seen: seen_at,
                last_seen: seen_at,
                evidence: Evidence::Warc(place.clone()),
            });
        }
        let url = url.to_string();
        outcome.listings.push(KeptListing {
            source,
            url,
            seen_at,
            first_seen: seen_at,
            verdict: summary,
            listing,
        });
    }
}

/// The duplicate key, and the fragment that tells cards without an address apart.
fn finding_key(url: &Url) -> String {
    let key = duplicate_key(url);
    url.fragment().map_or_else(|| key.clone(), |fragment| format!("{key}#{fragment}"))
}

/// Whether a page offers something of its own or leads to an offer that was not known.
fn fruitful(plan: &Plan, judged: &JudgedPage) -> bool {
    let cards = judged.extracted.cards.iter().filter_map(|card| card.url.as_deref());
    let products = judged.extracted.links.iter().filter(|link| link.kind == LinkKind::Product);
    let known = |address: &str| Url::parse(address).map(|url| duplicate_key(&url)).ok();
    let keys = cards.chain(products.map(|link| link.url.as_str())).filter_map(known);
    // Every key is entered, so that the next page that shows the same offers is known to be fruitless.
    let new = keys.filter(|key| plan.seen.is_new("offer", key)).count();
    new > 0 || judged.extracted.listing.is_some()
}

fn links(judged: &JudgedPage, job: &Job) -> Vec<(Url, u8, u32)> {
    let flagged: BTreeSet<&str> = judged
        .extracted
        .cards
        .iter()
        .zip(&judged.card_verdicts)
        .filter(|(_, verdict)| verdict.ruling == Ruling::Flag)
        .filter_map(|(card, _)| card.url.as_deref())
        .collect();
    let links = judged.extracted.links.iter().take(MAX_LINKS).filter_map(|link| {
        let url = Url::parse(&link.url).ok()?;
        let (priority, step) = match link.kind {
            _ if flagged.contains(link.url.as_str()) => (priority::FLAGGED_CARD, 1),
            LinkKind::Product => (priority::PRODUCT, 1),
            // The next page of a list is as deep as the list.
            LinkKind::Next => (priority::NEXT, 0),
            LinkKind::Category => (priority::CATEGORY, 1),
            LinkKind::Other => (priority::OTHER, 1),
        };
        Some((url, priority, job.depth.saturating_add(step)))
    });
    links.collect()
}

fn follow(plan: &Plan, outcome: &mut Outcome, links: impl Iterator<Item = (Url, u8, u32)>) {
    for (url, priority, depth) in links {
        let key = duplicate_key(&url);
        let refused = match plan.scope.check(&url, depth) {
            Err(reason) => Some(reason.code()),
            Ok(()) => plan.traps.check(&url, is_listed(priority)).map(|_| "trap"),
        };
        match refused {
            Some(reason) => {
                if plan.seen.is_new(reason, &key) {
                    *outcome.counters.entry(format!("{}{reason}", count::NOT_FOLLOWED)).or_default() += 1;
                }
            }
            None => {
                outcome.children.push(Child { gate: gate_key(&url), key, url: url.into(), depth, priority });
            }
        }
    }
}

/// The address that a redirect led to counts as seen, so that a link straight to it is not fetched again.
fn redirected(job: &Job, address: &Url) -> Vec<store::Seen> {
    let key = duplicate_key(address);
    if key == job.key || address.as_str().len() > MAX_ADDRESS_BYTES {
        return Vec::new();
    }
    vec![store::Seen { key, url: address.to_string(), gate: gate_key(address) }]
}

fn refuse(job: Job, reason: &str, why: String) -> Visited {
    without_page(job, reason, JobResult::Refused(why))
}

fn failed(job: Job, reason: &str, why: String) -> Visited {
    without_page(job, reason, JobResult::Failed(why))
}

fn without_page(job: Job, reason: &str, result: JobResult) -> Visited {
    let mut outcome = Outcome::of(job, result);
    outcome.counters.insert(format!("{}{reason}", count::NOT_FETCHED), 1);
    Visited::Settle(Box::new(outcome))
}

fn not_fetched(crawler: &Crawler, job: Job, failure: &NotFetched) -> Visited {
    if let NotFetched::Held { until, .. } = failure {
        if crawler.fetcher.next_allowed(&job.gate) >= *until {
            return Visited::Held(job, *until);
        }
        // A redirect led to another site, whose gate is closed; the job's own is not.
        let reason = failure.to_string();
        let outcome = Outcome::of(job, JobResult::Retry { not_before: *until, reason });
        return Visited::Settle(Box::new(outcome));
    }
    let now = crawler.clock.now();
    let again = retry::next_attempt(job.attempts + 1, failure, now, &mut fastrand::Rng::new());
    let reason = match failure {
        NotFetched::Status { status } | NotFetched::RetryLater { status, .. } => format!("status-{status}"),
        other => other.code().to_owned(),
    };
    let result = match again {
        Some(not_before) => JobResult::Retry { not_before, reason: failure.to_string() },
        None if is_refusal(failure) => JobResult::Refused(failure.to_string()),
        None => JobResult::Failed(failure.to_string()),
    };
    let counter = match result {
        JobResult::Retry { .. } => count::RETRIES.to_owned(),
        _ => format!("{}{reason}", count::NOT_FETCHED),
    };
    let mut outcome = Outcome::of(job, result);
    outcome.counters.insert(counter, 1);
    outcome.gates = crawler.gate_rows(&[&outcome.job.gate]);
    Visited::Settle(Box::new(outcome))
}

fn is_refusal(failure: &NotFetched) -> bool {
    matches!(
        failure,
        NotFetched::BadUrl { .. }
            | NotFetched::PrivateAddress { .. }
            | NotFetched::OutOfScope { .. }
            | NotFetched::Refused { .. }
            | NotFetched::CrawlDelayTooLong { .. }
    )
}

fn page_word(kind: PageType) -> &'static str {
    match kind {
        PageType::Product => "product",
        PageType::Category => "category",
        PageType::Article => "article",
        PageType::Blocked => "blocked",
        PageType::Other => "other",
    }
}
