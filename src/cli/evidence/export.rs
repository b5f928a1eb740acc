//! `caveat evidence export`

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::arguments::EvidenceExport;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::shell::Shell;
use super::super::terminal::{BOLD, harmless, styled};
use super::chain::Stamps;
use super::show;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::evidence::package::{Export, export};
use crate::evidence::{Collector, stamp};
use crate::finding::{Evidence, Finding, WarcPlace};
use crate::store::{FindingFilter, Store};

pub(super) fn run(shell: &Shell, arguments: &EvidenceExport) -> Outcome {
    let to = &arguments.output;
    if to.extension().is_none_or(|extension| extension != "wacz") {
        return Err(Failure::usage(anyhow::anyhow!("{}: a package's name ends in .wacz", to.display())));
    }
    if to.exists() {
        return Err(Failure::usage(anyhow::anyhow!("{} exists already; name another file", to.display())));
    }
    let workspace = shell.workspace()?;
    let store = Store::open_existing(&workspace.data, Arc::new(SystemClock))?;
    let mut wanted = wanted(&store, arguments)?;
    let mut exit = Exit::Done;
    wanted.retain(|id, finding| {
        let proven = matches!(finding.evidence, Evidence::Warc(_));
        if !proven {
            exit = Exit::Incomplete;
            shell.warn(format_args!("finding {id} has no evidence and is left out; crawl its page first"));
        }
        proven
    });
    if wanted.is_empty() {
        return Err(Failure::usage(anyhow::anyhow!("there is no such finding with evidence")));
    }
    let Excerpt { journal, mut places, hashes } = excerpt(&store, &wanted)?;
    let stamps = Stamps::read(stamp::kept(&workspace.data)?);
    let stamps = stamps.sound.into_iter().filter(|(_, stamp, _)| hashes.contains(&stamp.sha256));
    let config = &workspace.config;
    let collector = Collector { operator: config.operator.clone(), user_agent: None };
    let findings = wanted.into_values().map(|finding| {
        let places = places.remove(&finding.id).unwrap_or_default();
        (finding, places)
    });
    let contents = Export {
        findings: findings.collect(),
        journal,
        stamps: stamps.map(|(name, _, token)| (name, token)).collect(),
        collector: &collector,
        at: SystemClock.now(),
    };
    let exported = export(&workspace.data, contents, to)?;
    show(shell, &exported.problems);
    if !exported.problems.is_empty() {
        exit = Exit::Incomplete;
    }
    let name = to.display().to_string();
    shell.good(format_args!(
        "{}: {} findings, {} records",
        harmless(&name),
        exported.findings,
        exported.records
    ));
    shell.say(format_args!(
        "  manifest {} (tell it to the recipient by another way)",
        exported.manifest_sha256
    ));
    shell.say(format_args!(
        "next: {}",
        styled(format_args!("caveat evidence verify {}", harmless(&name)), BOLD)
    ));
    Ok(exit)
}

/// The findings that were asked for, by id.
fn wanted(store: &Store, arguments: &EvidenceExport) -> Result<BTreeMap<String, Finding>, Failure> {
    let mut wanted = BTreeMap::new();
    for id in &arguments.findings {
        let finding = store.finding(id)?.finding;
        wanted.insert(finding.id.clone(), finding);
    }
    let of_run = arguments.run.map(|run| of_run(store, run)).transpose()?;
    let source = of_run.as_ref().map(|(source, _)| source).or(arguments.source.as_ref()).cloned();
    if source.is_none() && !arguments.all {
        return Ok(wanted);
    }
    let filter = FindingFilter { source, ..FindingFilter::default() };
    for finding in store.findings(filter) {
        let finding = finding?;
        let in_run = of_run.as_ref().is_none_or(|(_, ids)| ids.contains(&finding.id));
        let of_source = arguments.source.as_ref().is_none_or(|source| *source == finding.source);
        if in_run && of_source {
            wanted.insert(finding.id.clone(), finding);
        }
    }
    Ok(wanted)
}

/// The source of a run, and the findings of which a line was written while it ran.
fn of_run(store: &Store, number: u64) -> Result<(String, BTreeSet<String>), Failure> {
    let run = store.runs(None)?.into_iter().find(|run| run.id == number);
    let run = run.ok_or_else(|| Failure::usage(anyhow::anyhow!("there is no run {number}")))?;
    let during = run.started..=run.finished.unwrap_or(Timestamp(i64::MAX));
    let mut ids = BTreeSet::new();
    for line in store.journal()? {
        let line = line?;
        if during.contains(&line.at()) && line.evidence().is_some() {
            ids.insert(line.id().to_owned());
        }
    }
    // A single page has a queue of its own.
    let source = run.source.split('#').next().unwrap_or_default().to_owned();
    Ok((source, ids))
}

/// The part of the journal that some findings need.
#[derive(Default)]
struct Excerpt {
    /// From the first line about one of them on, other payloads left out.
    journal: String,
    /// The exchanges that it names for each.
    places: BTreeMap<String, Vec<WarcPlace>>,
    hashes: BTreeSet<String>,
}

fn excerpt(store: &Store, wanted: &BTreeMap<String, Finding>) -> Result<Excerpt, Failure> {
    let mut excerpt = Excerpt::default();
    for line in store.journal()? {
        let line = line?;
        let needed = wanted.contains_key(line.id());
        if !needed && excerpt.journal.is_empty() {
            continue;
        }
        if let (true, Some(place)) = (needed, line.evidence()) {
            excerpt.places.entry(line.id().to_owned()).or_default().push(place);
        }
        excerpt.hashes.insert(line.hash().to_owned());
        excerpt.journal.push_str(&line.text(needed));
        excerpt.journal.push('\n');
    }
    Ok(excerpt)
}
