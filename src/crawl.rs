//! One run of one source: what waits in the frontier is fetched, judged and kept until nothing waits.
//!
//! The store holds the queue and knows what is done, so a run that was interrupted anywhere is taken up where it was.
//! Nothing here assumes that it is the only worker.

pub mod dry_run;
pub mod look;
mod manners;
pub mod report;
mod retention;
pub mod scope;
mod search;
pub mod sitemap;
pub mod stop;
mod trap;
pub mod url_key;
mod visit;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use url::Url;

use crate::clock::{Clock, Timestamp};
use crate::evidence::{EvidenceError, EvidenceWriter};
use crate::extract::{Extractor, SelectError};
use crate::fetch::{self, Fetcher, Manners, gate_key};
use crate::matcher::Matcher;
use crate::source::Source;
use crate::store::{GateState, JobResult, Outcome, Run, Seed, Store, StoreError, Tally, UrlStatus};
use report::{Report, count};
pub use retention::Dropped;
use scope::Scope;
use search::Searches;
use stop::Stop;
use trap::Traps;
use url_key::duplicate_key;
use visit::{Seen, Visited, visit};

/// Visits of one source under way at once, over all gates. Each may hold a page of some megabytes.
const MAX_IN_FLIGHT: usize = 64;
/// Longest sleep of an idle run, so that a clock that jumps cannot hold it for ever.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);
/// How long visits under way may take to end after a wish to stop.
const GRACE: Duration = Duration::from_secs(8);
/// Jobs refused in one transaction when the budget is used up.
const REFUSED_AT_ONCE: usize = 500;
/// Copies of robots.txt taken back at a start, as many as the fetcher keeps.
const MAX_RESTORED: usize = 20_000;

/// What every run of a process shares.
pub struct Crawler {
    /// The frontier, listings and findings.
    pub store: Arc<Store>,
    /// The proof.
    pub evidence: EvidenceWriter,
    /// The only way out to crawled sites.
    pub fetcher: Fetcher,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// One source, ready to be crawled.
pub struct Plan {
    /// The source as written.
    pub source: Source,
    /// The source's name in the frontier.
    queue: String,
    matcher: Arc<Matcher>,
    /// What the rules mean, as one digest; stands in the evidence.
    rules: String,
    extractor: Extractor,
    manners: Manners,
    scope: Scope,
    searches: Searches,
    traps: Traps,
    seen: Seen,
    /// Whether nothing but the start pages is fetched and kept.
    start_pages_only: bool,
}

impl Plan {
    /// Prepares a source to be read and judged by `matcher`. `words` are what its `[search]` asks for, lists resolved.
    pub fn new(source: Source, matcher: Arc<Matcher>, words: &[String]) -> Result<Self, SelectError> {
        let extractor = Extractor::new(&source.select)?;
        let searches = source.search.as_ref();
        let searches = searches.map(|search| Searches::new(search, words, source.limits.max_pages));
        let searches = searches.unwrap_or_default();
        let mut scope = Scope::of(&source);
        scope.exempt(searches.addresses());
        let sites = scope.clone();
        let mut manners = Manners::of(&source);
        manners.scope = Some(fetch::Scope::new(move |url| sites.may_redirect(url)));
        let (traps, seen) = (Traps::default(), Seen::default());
        let queue = source.id.clone();
        let start_pages_only = false;
        Ok(Self {
            source,
            queue,
            matcher,
            rules: String::new(),
            extractor,
            manners,
            scope,
            searches,
            traps,
            seen,
            start_pages_only,
        })
    }

    /// The digest of the rules that judge, for the evidence.
    #[must_use]
    pub fn judged_by(self, rules: String) -> Self {
        Self { rules, ..self }
    }

    /// Words of the source's `[search]` that are not asked for, because they would take more than half of its budget.
    pub fn words_left_out(&self) -> usize {
        self.searches.left_out
    }

    /// The same source with the same manners, but only the page at `url` is fetched, in a queue of its own: a run of the
    /// whole source that was interrupted is neither taken up nor touched. The address must be on the source's sites.
    pub fn only(source: Source, url: Url, matcher: Arc<Matcher>) -> Result<Self, PlanError> {
        let whole = Self::new(Source { search: None, ..source }, matcher, &[])?;
        if !whole.scope.is_on_site(&url) {
            return Err(PlanError::OtherSite { url, source_id: whole.source.id });
        }
        // Start pages are exempt from deny patterns; everything else is denied.
        let deny = vec!["/".to_owned()];
        let source = Source { start: vec![url], allow: Vec::new(), deny, ..whole.source };
        let (scope, queue) = (Scope::of(&source), format!("{}#url", source.id));
        Ok(Self { source, queue, scope, start_pages_only: true, ..whole })
    }
}

/// Why a source cannot be crawled as asked.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Its selectors.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The one address is elsewhere.
    #[error("{url} is not on a site of source {source_id:?}; name the source that it belongs to, or none")]
    OtherSite {
        /// The address.
        url: Url,
        /// The source's id.
        source_id: String,
    },
}

/// Why a run could not go on. What was settled before is kept, and the run can be resumed.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The evidence.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// Our own fault.
    #[error("internal error: {0}; please report it")]
    Internal(String),
}

/// How a run is getting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Addresses by state.
    pub tally: Tally,
    /// Visits under way.
    pub in_flight: usize,
    /// Listings flagged so far.
    pub flagged: u64,
    /// When the next visit may start, if every one has to wait.
    pub waiting_until: Option<Timestamp>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ended {
    /// What was seen and what was not.
    pub report: Report,
    /// False when the run was stopped and can be resumed.
    pub complete: bool,
    /// Start pages that gave no page, with the reason for people.
    pub failed_starts: Vec<(String, String)>,
}

/// Crawls a source until nothing waits, the budget is used up or a stop is wished.
pub async fn crawl(
    crawler: &Arc<Crawler>,
    plan: &Arc<Plan>,
    stop: &mut Stop,
    mut on_progress: impl FnMut(Progress),
) -> Result<Ended, CrawlError> {
    let run = crawler.store.begin_or_resume_run(&plan.queue, seeds(plan)).await?;
    let mut state = State::of(&run);
    let mut visits: JoinSet<Result<Visited, CrawlError>> = JoinSet::new();
    loop {
        if stop.is_wished() {
            drain(crawler, &mut state, &mut visits).await?;
            return end(crawler, plan, false).await;
        }
        if state.spent() >= plan.source.limits.max_pages as u64 && visits.is_empty() {
            refuse_the_rest(crawler, plan).await?;
            return end(crawler, plan, true).await;
        }
        let next = dispatch(crawler, plan, &mut state, &mut visits)?;
        on_progress(state.progress(next));
        if visits.is_empty() && next.is_none() {
            return end(crawler, plan, true).await;
        }
        let now = crawler.clock.now();
        let sleep =
            next.map_or(LONGEST_SLEEP, |at| at.since(now).clamp(Duration::from_millis(1), LONGEST_SLEEP));
        tokio::select! {
            Some(ended) = visits.join_next() => {
                let visited = ended.map_err(|error| CrawlError::Internal(error.to_string()))?;
                settle(crawler, &mut state, visited?).await?;
            }
            () = tokio::time::sleep(sleep) => {}
            () = stop.wished() => {}
        }
    }
}

/// What the loop knows without asking the store again.
struct State {
    tally: Tally,
    flagged: u64,
    in_flight: BTreeMap<String, usize>,
    /// Gates that are closed until then.
    held: BTreeMap<String, Timestamp>,
}

impl State {
    fn of(run: &Run) -> Self {
        let flagged = Report::of(run).flagged_total();
        Self { tally: run.tally, flagged, in_flight: BTreeMap::new(), held: BTreeMap::new() }
    }

    /// Addresses that were asked for, whatever came of them: what the budget counts.
    fn spent(&self) -> u64 {
        self.tally.done + self.tally.failed
    }

    fn in_flight_total(&self) -> usize {
        self.in_flight.values().sum()
    }

    fn progress(&self, next: Option<Timestamp>) -> Progress {
        let in_flight = self.in_flight_total();
        let waiting_until = if in_flight == 0 { next } else { None };
        Progress { tally: self.tally, in_flight, flagged: self.flagged, waiting_until }
    }

    fn returned(&mut self, gate: &str) {
        if let Some(n) = self.in_flight.get_mut(gate) {
            *n = n.saturating_sub(1);
        }
    }
}

fn seeds(plan: &Plan) -> Vec<Seed> {
    let seed = |url: &Url, priority| Seed {
        key: duplicate_key(url),
        url: url.to_string(),
        gate: gate_key(url),
        priority,
    };
    let start = plan.source.start.iter().map(|url| seed(url, visit::priority::START));
    let searches = plan.searches.first().iter().map(|url| seed(url, visit::priority::NEXT));
    start.chain(searches).collect()
}

/// Starts every visit that may start now; answers when the next one may, if any waits.
fn dispatch(
    crawler: &Arc<Crawler>,
    plan: &Arc<Plan>,
    state: &mut State,
    visits: &mut JoinSet<Result<Visited, CrawlError>>,
) -> Result<Option<Timestamp>, CrawlError> {
    let now = crawler.clock.now();
    let budget = (plan.source.limits.max_pages as u64).saturating_sub(state.spent());
    let budget = usize::try_from(budget).unwrap_or(usize::MAX);
    let mut next: Option<Timestamp> = None;
    let mut later = |at: Timestamp| next = Some(next.map_or(at, |earlier| earlier.min(at)));
    for queue in crawler.store.gates_with_work(&plan.queue, now)? {
        let open_at =
            state.held.get(&queue.gate).copied().max(Some(crawler.fetcher.next_allowed(&queue.gate)));
        let open_at = open_at.unwrap_or(now);
        let flying = state.in_flight.get(&queue.gate).copied().unwrap_or(0);
        let free = plan
            .source
            .limits
            .concurrency
            .saturating_sub(flying)
            .min(MAX_IN_FLIGHT.saturating_sub(state.in_flight_total()))
            .min(budget.saturating_sub(state.in_flight_total()));
        // Retries whose time has come count as waiting until they are taken.
        let due = queue.ready > 0 || queue.next.is_some_and(|at| at <= now);
        if !due {
            queue.next.into_iter().for_each(&mut later);
            continue;
        }
        if open_at > now {
            later(open_at);
            continue;
        }
        state.held.remove(&queue.gate);
        for job in crawler.store.take(&plan.queue, &queue.gate, free, now)? {
            *state.in_flight.entry(queue.gate.clone()).or_default() += 1;
            visits.spawn(visit(Arc::clone(crawler), Arc::clone(plan), job));
        }
    }
    Ok(next)
}

async fn settle(crawler: &Crawler, state: &mut State, visited: Visited) -> Result<(), CrawlError> {
    // A robots.txt is asked for once a day, whatever becomes of the process meanwhile.
    let news = crawler.fetcher.take_robots_news();
    if !news.is_empty() {
        crawler.store.put_robots(news.into_iter().map(manners::robots_copy).collect()).await?;
    }
    let outcome = match visited {
        Visited::Held(job, until) => {
            state.returned(&job.gate);
            crawler.store.release(&job);
            state.held.insert(job.gate, until);
            return Ok(());
        }
        Visited::Settle(outcome) => *outcome,
    };
    let (job, children, gates) = (outcome.job.clone(), outcome.children.clone(), outcome.gates.clone());
    state.returned(&job.gate);
    let mut result = outcome.result.clone();
    let flagged = outcome.counters.iter().filter(|(name, _)| name.starts_with(count::FLAGGED));
    let mut flagged: u64 = flagged.map(|(_, n)| n).sum();
    let settled = match crawler.store.settle(outcome).await {
        // The page is at fault (an address or a listing beyond what is stored), and must not hold up the others.
        Err(error @ (StoreError::BadKey { .. } | StoreError::TooLarge { .. })) => {
            result = JobResult::Failed(error.to_string());
            flagged = 0;
            let mut failed = Outcome { children, gates, ..Outcome::of(job, result.clone()) };
            failed.counters.insert(format!("{}not-kept", count::NOT_FETCHED), 1);
            crawler.store.settle(failed).await?
        }
        settled => settled?,
    };
    state.flagged += flagged;
    state.tally.queued += settled.new_urls;
    let (queued, ended) = match result {
        JobResult::Retry { .. } => return Ok(()),
        JobResult::Done => (&mut state.tally.queued, &mut state.tally.done),
        JobResult::Failed(_) => (&mut state.tally.queued, &mut state.tally.failed),
        JobResult::Refused(_) => (&mut state.tally.queued, &mut state.tally.refused),
    };
    *queued = queued.saturating_sub(1);
    *ended += 1;
    Ok(())
}

/// Lets visits under way end, but not for ever. What does not end is fetched again by the next run.
async fn drain(
    crawler: &Crawler,
    state: &mut State,
    visits: &mut JoinSet<Result<Visited, CrawlError>>,
) -> Result<(), CrawlError> {
    let all = async {
        while let Some(ended) = visits.join_next().await {
            let visited = ended.map_err(|error| CrawlError::Internal(error.to_string()))?;
            settle(crawler, state, visited?).await?;
        }
        Ok(())
    };
    tokio::time::timeout(GRACE, all).await.unwrap_or(Ok(()))
}

async fn refuse_the_rest(crawler: &Crawler, plan: &Plan) -> Result<(), CrawlError> {
    let reason = format!("the budget of {} pages is used up", plan.source.limits.max_pages);
    while crawler.store.refuse_queued(&plan.queue, &reason, REFUSED_AT_ONCE).await? > 0 {}
    Ok(())
}

async fn end(crawler: &Crawler, plan: &Plan, complete: bool) -> Result<Ended, CrawlError> {
    crawler.store.put_gates(crawler.all_gate_rows()).await?;
    let runs = crawler.store.runs(Some(&plan.queue))?;
    let run = runs.into_iter().next();
    let run = run.ok_or_else(|| CrawlError::Internal("the run is not in the store".to_owned()))?;
    let mut report = Report::of(&run);
    if complete {
        let json = serde_json::to_value(&report).map_err(|error| CrawlError::Internal(error.to_string()))?;
        report = Report::of(&crawler.store.finish_run(&plan.queue, run.id, json).await?);
    }
    Ok(Ended { report, complete, failed_starts: failed_starts(&crawler.store, plan)? })
}

fn failed_starts(store: &Store, plan: &Plan) -> Result<Vec<(String, String)>, StoreError> {
    let mut failed = Vec::new();
    for url in &plan.source.start {
        let state = store.url_state(&plan.queue, &duplicate_key(url))?;
        if let Some(UrlStatus::Failed(why) | UrlStatus::Refused(why)) = state.map(|state| state.status) {
            failed.push((url.to_string(), why));
        }
    }
    Ok(failed)
}

impl Crawler {
    /// The times of some gates, as the store keeps them.
    fn gate_rows(&self, keys: &[&str]) -> Vec<GateState> {
        keys.iter().filter_map(|key| self.fetcher.gate_state(key)).map(manners::gate_row).collect()
    }

    fn all_gate_rows(&self) -> Vec<GateState> {
        self.fetcher.gate_states().into_iter().map(manners::gate_row).collect()
    }

    /// Takes back gate times, breakers and robots.txt copies of an earlier process, so that a restart asks no site sooner
    /// or more often. Once a process, before the first crawl.
    pub fn restore(&self) -> Result<(), StoreError> {
        let gates: Vec<_> = self.store.gates()?.into_iter().map(manners::gate_state).collect();
        self.fetcher.restore_gates(&gates);
        // A copy that cannot be read is asked for again, which does no harm.
        for copy in self.store.robots().take(MAX_RESTORED).flatten() {
            self.fetcher.restore_robots(&[manners::robots_state(copy)]);
        }
        Ok(())
    }
}
