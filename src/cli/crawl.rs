//! `caveat crawl`

use std::sync::Arc;

use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use unicode_normalization::UnicodeNormalization;

use super::arguments::Crawl;
use super::exit::{Exit, Failure, Outcome};
use super::progress::Bars;
use super::rulebook::Rulebook;
use super::shell::Shell;
use super::summary;
use super::terminal::{BOLD, DIM, harmless, json_line, out, styled};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::crawl::dry_run::{StartPage, dry_run};
use crate::crawl::stop::{Stop, stop};
use crate::crawl::{CrawlError, Crawler, Dropped, Ended, Plan, crawl};
use crate::evidence::{Collector, EvidenceWriter};
use crate::fetch::{FetchOptions, Fetcher};
use crate::finding::Severity;
use crate::source::{Limits, RequestOptions, Select, Source};
use crate::store::{FindingFilter, Inside, Store};
use crate::workspace::Workspace;

/// Sources crawled at once; each has its own gates, and a hundred pages under way are enough for one machine.
pub(super) const SOURCES_AT_ONCE: usize = 8;
/// Progress reports that wait to be drawn; later ones are dropped.
const PROGRESS_WAITING: usize = 64;

pub(super) fn run(shell: &Shell, arguments: &Crawl) -> Outcome {
    let workspace = shell.workspace()?;
    let mut rulebook = Rulebook::open(shell, &workspace)?;
    let (sources, mut exit) = sources(shell, &workspace, arguments)?;
    check_contact(&workspace.config, &sources)?;
    let plans = plans(shell, &mut rulebook, sources, arguments.url.as_ref())?;
    if arguments.dry_run {
        return dry(shell, &workspace, plans).map(|dry| dry.max(exit).max(rulebook.exit));
    }
    if Store::look(&workspace.data) == Inside::Other {
        return Err(Failure::usage(anyhow::anyhow!(
            "{} holds other things than a crawl; name an empty or new data folder",
            workspace.data.display()
        )));
    }
    let crawler = open(shell, &workspace)?;
    let runtime = runtime()?;
    let runs = run_plans(shell, &runtime, &crawler, plans)?;
    exit = exit.max(show(shell, &runs)?);
    drop_old(shell, &workspace.config, &runtime, &crawler)?;
    exit = exit.max(super::evidence::stamp_after_crawl(shell, &workspace, &runtime, &crawler));
    if runs.iter().any(|(_, run)| run.as_ref().is_ok_and(|ended| ended.report.flagged_total() > 0)) {
        let hint = format!("caveat findings list{}", shell.data_flag());
        shell.say(format_args!("next: {}", styled(hint, BOLD)));
    }
    if let Some(limit) = arguments.fail_on {
        for ended in runs.iter().filter_map(|(_, run)| run.as_ref().ok()) {
            if was_flagged(&crawler.store, limit, ended)? {
                exit = exit.max(Exit::Findings);
            }
        }
    }
    Ok(exit.max(rulebook.exit))
}

/// Keeps to the retention times, and says what that cost.
fn drop_old(shell: &Shell, config: &Config, runtime: &Runtime, crawler: &Crawler) -> Result<(), Failure> {
    let dropped = runtime.block_on(crawler.drop_old(&config.retention)).map_err(Failure::incomplete)?;
    if dropped != Dropped::default() {
        shell.say(format_args!(
            "kept long enough: {} unflagged listings and {} files of exchanges without a finding were dropped",
            dropped.listings, dropped.exchanges.files
        ));
    }
    Ok(())
}

/// Opens everything that a crawl writes to.
pub(super) fn open(shell: &Shell, workspace: &Workspace) -> Result<Arc<Crawler>, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let data = &workspace.data;
    let store = Store::open(data, Arc::clone(&clock))?;
    let config = &workspace.config;
    let collector = Collector { operator: config.operator.clone(), user_agent: Some(user_agent(config)) };
    let evidence = EvidenceWriter::open_for(data, Arc::clone(&clock), &collector)?;
    for repair in evidence.repairs() {
        shell.warn(format_args!("{} at byte {}: {}", repair.warc.display(), repair.offset, repair.message));
    }
    let fetcher = fetcher(&workspace.config, Arc::clone(&clock))?;
    let crawler = Arc::new(Crawler { store: Arc::new(store), evidence, fetcher, clock });
    crawler.restore()?;
    Ok(crawler)
}

pub(super) fn fetcher(config: &Config, clock: Arc<dyn Clock>) -> Result<Fetcher, Failure> {
    Fetcher::new(FetchOptions::new(user_agent(config), clock)).map_err(Failure::usage)
}

/// `caveat/1.0 (Operator; +contact)`. Header values are ASCII, so that marks are taken off letters.
fn user_agent(config: &Config) -> String {
    let ascii = |text: &str| text.nfkd().filter(|letter| (' '..='~').contains(letter)).collect::<String>();
    let operator = config.operator.as_deref().map(ascii);
    let contact = config.contact.as_deref().map(|contact| format!("+{}", ascii(contact)));
    let who: Vec<String> = operator.into_iter().chain(contact).collect();
    let who = if who.is_empty() { "local use only".to_owned() } else { who.join("; ") };
    format!("caveat/{} ({who})", env!("CARGO_PKG_VERSION"))
}

/// The sources that were asked for. Of all sources, a broken one is shown and does not stop the others.
fn sources(shell: &Shell, workspace: &Workspace, arguments: &Crawl) -> Result<(Vec<Source>, Exit), Failure> {
    let mut ids = arguments.sources.clone();
    ids.sort();
    ids.dedup();
    if let Some(url) = &arguments.url {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Failure::usage(anyhow::anyhow!(
                "--url {url}: only http and https addresses are fetched"
            )));
        }
        return match ids.as_slice() {
            [] => Ok((
                vec![Source {
                    id: "url".to_owned(),
                    name: "single addresses".to_owned(),
                    start: vec![url.clone()],
                    market: None,
                    allow: Vec::new(),
                    deny: Vec::new(),
                    packs: Vec::new(),
                    schedule: None,
                    allow_loopback: false,
                    request: RequestOptions::default(),
                    limits: Limits::default(),
                    search: None,
                    select: Select::default(),
                }],
                Exit::Done,
            )),
            [id] => {
                let (source, warnings) = workspace.source(id)?;
                shell.diagnostics(&warnings);
                Ok((vec![source], Exit::Done))
            }
            _ => Err(Failure::usage(anyhow::anyhow!("--url goes with one source at most"))),
        };
    }
    let (mut sources, mut exit) = (Vec::new(), Exit::Done);
    let all = ids.is_empty();
    if all {
        let paths = workspace.source_paths()?;
        if paths.is_empty() {
            let folder = workspace.root.join("sources");
            return Err(Failure::usage(anyhow::anyhow!(
                "no source in {}: write sources/ID.toml (`caveat init` makes an example), or crawl one page with --url",
                folder.display()
            )));
        }
        ids = paths.iter().filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    }
    for id in ids {
        match workspace.source(&id) {
            Ok((source, warnings)) => {
                shell.diagnostics(&warnings);
                sources.push(source);
            }
            Err(error) if all => {
                let failure = Failure::from(error);
                shell.error(&failure);
                exit = exit.max(failure.exit);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok((sources, exit))
}

/// A shop must be able to see who asks and whom to write to.
pub(super) fn check_contact(config: &Config, sources: &[Source]) -> Result<(), Failure> {
    let loopback = |url: &url::Url| match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    };
    let foreign = sources.iter().find(|source| !source.start.iter().all(loopback));
    match foreign {
        Some(source) if config.contact.is_none() => Err(Failure::usage(anyhow::anyhow!(
            "source {:?} is on a foreign host, and caveat.toml names no contact: set `contact` to an e-mail address \
             or web page (it stands in the user agent, so that the shop can write to you)",
            source.id
        ))),
        _ => Ok(()),
    }
}

/// Prepares sources to be crawled.
pub(super) fn plans(
    shell: &Shell,
    rulebook: &mut Rulebook,
    sources: Vec<Source>,
    only: Option<&url::Url>,
) -> Result<Vec<Arc<Plan>>, Failure> {
    let mut plans = Vec::new();
    for source in sources {
        rulebook.check_packs(&format!("source {:?}", source.id), &source.packs)?;
        let matcher = rulebook.matcher(shell, &source.packs, false);
        let digest = rulebook.digest(&source.packs);
        let plan = if let Some(url) = only {
            Plan::only(source, url.clone(), matcher)
        } else {
            let words = rulebook.search_words(shell, &source)?;
            Plan::new(source, matcher, &words).map_err(Into::into)
        };
        let plan = plan.map_err(Failure::usage)?.judged_by(digest);
        if plan.words_left_out() > 0 {
            shell.warn(format_args!(
                "source {:?}: {} search terms are not asked for, because searches take at most half of max_pages ({})",
                plan.source.id,
                plan.words_left_out(),
                plan.source.limits.max_pages
            ));
        }
        plans.push(Arc::new(plan));
    }
    Ok(plans)
}

/// A source's id and how its run went.
pub(super) type Run = (String, Result<Ended, CrawlError>);

/// Crawls all plans, some at once, until they end or the person stops them. Ordered by id.
pub(super) fn run_plans(
    shell: &Shell,
    runtime: &Runtime,
    crawler: &Arc<Crawler>,
    plans: Vec<Arc<Plan>>,
) -> Result<Vec<Run>, Failure> {
    let ended = runtime.block_on(async {
        let stop = stop_on_signal();
        let bars = Bars::new(shell);
        let places = Arc::new(Semaphore::new(SOURCES_AT_ONCE));
        let (said, mut heard) = tokio::sync::mpsc::channel(PROGRESS_WAITING);
        let mut shown: Vec<_> = plans.iter().map(|plan| bars.add(shell, &plan.source.id)).collect();
        let mut runs = JoinSet::new();
        for (index, plan) in plans.into_iter().enumerate() {
            let (crawler, places, said) = (Arc::clone(crawler), Arc::clone(&places), said.clone());
            let mut stop: Stop = stop.clone();
            runs.spawn(async move {
                // The semaphore is never closed, so that a place always comes.
                let _place = places.acquire_owned().await;
                // A listener that has gone or is busy drawing can do without this one.
                let tell = |progress| {
                    let _ = said.try_send((index, progress));
                };
                let run = crawl(&crawler, &plan, &mut stop, tell).await;
                (index, plan.source.id.clone(), run)
            });
        }
        drop(said);
        let mut ended = Vec::new();
        loop {
            tokio::select! {
                Some((index, progress)) = heard.recv() => {
                    if let Some(bar) = shown.get_mut(index) {
                        bar.show(shell, progress);
                    }
                }
                run = runs.join_next() => match run {
                    None => break,
                    Some(run) => {
                        let (index, id, run) = run.map_err(|error| CrawlError::Internal(error.to_string()))?;
                        shown.iter().skip(index).take(1).for_each(super::progress::Bar::finish);
                        ended.push((id, run));
                    }
                },
            }
        }
        Ok::<_, CrawlError>(ended)
    });
    let mut ended = ended.map_err(Failure::incomplete)?;
    ended.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(ended)
}

/// A runtime with a thread a core.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// The first Ctrl-C or SIGTERM wishes an orderly end; the second ends at once, which loses nothing either.
pub(super) fn stop_on_signal() -> Stop {
    let (stopper, wish) = stop();
    tokio::spawn(async move {
        signal().await;
        stopper.stop();
        signal().await;
        end_now();
    });
    wish
}

#[expect(clippy::exit, reason = "the person asked twice; the store loses nothing")]
fn end_now() {
    std::process::exit(130);
}

async fn signal() {
    #[cfg(unix)]
    {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Shows every report and every failure; answers with the exit code that they call for.
pub(super) fn show(shell: &Shell, runs: &[Run]) -> Outcome {
    let mut exit = Exit::Done;
    for (id, run) in runs {
        let Ended { report, complete, failed_starts } = match run {
            Ok(ended) => ended,
            Err(error) => {
                shell.problem(format_args!("{id}: {}", harmless(&error.to_string())));
                exit = Exit::Incomplete;
                continue;
            }
        };
        if shell.global.json {
            use std::io::Write;
            writeln!(out(), "{}", json_line(report)?)?;
        } else {
            shell.say(summary::report(report, *complete));
        }
        for (url, why) in failed_starts {
            shell.problem(format_args!("{}: {}", harmless(url), harmless(why)));
        }
        let all_blocked = report.fetched > 0 && report.pages.get("blocked") == Some(&report.fetched);
        if !complete || !failed_starts.is_empty() || all_blocked {
            exit = Exit::Incomplete;
        }
    }
    Ok(exit)
}

/// Whether the run flagged something at or above a severity, before an interruption too.
fn was_flagged(store: &Store, limit: Severity, ended: &Ended) -> Result<bool, Failure> {
    let filter = FindingFilter {
        min_severity: Some(limit),
        since: Some(ended.report.started),
        source: ended.report.source.split('#').next().map(str::to_owned),
        ..FindingFilter::default()
    };
    let first = store.findings(filter).next().transpose()?;
    Ok(first.is_some())
}

fn dry(shell: &Shell, workspace: &Workspace, plans: Vec<Arc<Plan>>) -> Outcome {
    use std::io::Write;
    let fetcher = fetcher(&workspace.config, Arc::new(SystemClock))?;
    let runtime = runtime()?;
    let mut exit = Exit::Done;
    for plan in plans {
        let pages = runtime.block_on(dry_run(&fetcher, &plan));
        if pages.iter().any(|page| page.not_fetched.is_some()) {
            exit = Exit::Incomplete;
        }
        for page in pages {
            if shell.global.json {
                writeln!(out(), "{}", json_line(&page)?)?;
            } else {
                writeln!(out(), "{}", planned(&page))?;
            }
        }
    }
    Ok(exit)
}

/// Links shown of each start page.
const LINKS_SHOWN: usize = 40;

fn planned(page: &StartPage) -> String {
    let mut lines = vec![styled(harmless(&page.url), BOLD)];
    match (&page.not_fetched, page.page_type) {
        (Some(why), _) => lines.push(format!("  not fetched: {}", harmless(why))),
        (None, Some(kind)) => {
            let listing = if page.listing { "a listing" } else { "no listing" };
            let kind = format!("{kind:?}").to_lowercase();
            lines.push(format!("  {kind} page, {listing}, {} cards, {} links", page.cards, page.links.len()));
        }
        (None, None) => lines.push(format!("  sitemap or feed, {} addresses", page.links.len())),
    }
    let (followed, refused): (Vec<_>, Vec<_>) = page.links.iter().partition(|link| link.refused.is_none());
    for link in followed.iter().take(LINKS_SHOWN) {
        let kind = format!("{:?}", link.kind).to_lowercase();
        lines.push(format!("  would fetch  {kind:<9} {}", harmless(&link.url)));
    }
    for link in refused.iter().take(LINKS_SHOWN) {
        let why = link.refused.as_deref().unwrap_or_default();
        lines.push(styled(format_args!("  would not    {} ({})", harmless(&link.url), harmless(why)), DIM));
    }
    let hidden = followed.len().saturating_sub(LINKS_SHOWN) + refused.len().saturating_sub(LINKS_SHOWN);
    if hidden > 0 {
        lines.push(format!("  … and {hidden} more; --json shows all"));
    }
    lines.join("\n")
}
