//! `caveat demo`

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::arguments::Demo;
use super::crawl::{open, plans, run_plans, runtime, show};
use super::exit::{Failure, Outcome};
use super::rulebook::Rulebook;
use super::shell::Shell;
use super::terminal::{BOLD, DIM, json_line, out, styled};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::demo::{self, Market, Score};
use crate::source;
use crate::store::{Store, StoreError};
use crate::workspace::Workspace;

/// Where the demo keeps its data unless `--data` says otherwise.
const FOLDER: &str = "caveat-demo";
/// Stands in a folder that the demo made and may therefore clear.
const MARKER: &str = ".made-by-caveat-demo";
/// Offers named under each heading of the score; `-v` names all.
const NAMED: usize = 4;

pub(super) fn run(shell: &Shell, arguments: &Demo) -> Outcome {
    // Until `serve` exists there is nothing to stay for, so that `--once` is what happens anyway.
    let _ = arguments.once;
    let data = shell.global.data.clone().unwrap_or_else(|| PathBuf::from(FOLDER));
    clear(&data)?;
    let workspace = Workspace {
        root: data.clone(),
        config_file: None,
        config: Config::default(),
        data: data.clone(),
        warnings: Vec::new(),
    };
    let mut rulebook = Rulebook::open(shell, &workspace)?;
    let runtime = runtime()?;
    let market = runtime.block_on(demo::start(Arc::new(SystemClock), (0, 0))).map_err(Failure::incomplete)?;
    let sources = sources(&market, &data)?;
    shell.say(format_args!(
        "a marketplace opens on http://{} with an annex on http://{} (crawl delay 1 s)",
        market.main, market.annex
    ));
    let plans = plans(shell, &mut rulebook, sources, None)?;
    let crawler = open(shell, &workspace)?;
    let runs = run_plans(shell, &runtime, &crawler, plans)?;
    let score = score(&crawler.store)?;
    let exit = show(shell, &runs)?;
    if shell.global.json {
        writeln!(out(), "{}", json_line(&score)?)?;
    } else {
        shell.say(describe(&score, shell.global.verbose));
        let flag = format!("--data {}", data.display());
        shell.say(format_args!("\nnext: {}", styled(format_args!("caveat findings list {flag}"), BOLD)));
        shell.say(format_args!("      caveat findings show ID {flag}"));
        shell.say(format_args!("      caveat evidence verify {flag}"));
    }
    Ok(exit.max(rulebook.exit))
}

/// Makes the folder, or clears it when an earlier demo made it. Nobody else's data is touched.
fn clear(data: &Path) -> Result<(), Failure> {
    let marker = data.join(MARKER);
    let occupied = fs::read_dir(data).is_ok_and(|mut entries| entries.next().is_some());
    if occupied && !marker.is_file() {
        return Err(Failure::usage(anyhow::anyhow!(
            "{} holds other data; name another folder with --data",
            data.display()
        )));
    }
    let failed = |error| {
        Failure::incomplete(anyhow::anyhow!(
            "cannot make the folder {}: {error}; name another with --data",
            data.display()
        ))
    };
    if occupied {
        // Another demo may be at work there; opening tells. Whatever else is wrong with the data goes with it.
        if let Err(error @ StoreError::Held { .. }) = Store::open(data, Arc::new(SystemClock)) {
            return Err(error.into());
        }
        fs::remove_dir_all(data).map_err(failed)?;
    }
    fs::create_dir_all(data).map_err(failed)?;
    fs::write(marker, "caveat demo clears this folder each time it runs\n").map_err(failed)
}

/// The market's own source files, kept beside the data so that people can look at them.
fn sources(market: &Market, data: &Path) -> Result<Vec<source::Source>, Failure> {
    let folder = data.join("sources");
    fs::create_dir_all(&folder)?;
    let mut sources = Vec::new();
    for (name, text) in market.source_files() {
        let path = folder.join(name);
        fs::write(&path, text)?;
        sources.push(crate::workspace::read_source(&path)?.0);
    }
    Ok(sources)
}

fn score(store: &Store) -> Result<Score, Failure> {
    let labels = demo::labels().map_err(Failure::incomplete)?;
    let mut seen = BTreeMap::new();
    for kept in store.listings(None) {
        let kept = kept?;
        if let Ok(url) = Url::parse(&kept.url) {
            seen.insert(url.path().to_owned(), kept.verdict.class);
        }
    }
    Ok(demo::score(&labels, &seen))
}

fn describe(score: &Score, all: bool) -> String {
    let wanted = score.found.len() + score.missed.len() + score.unseen_flag.len();
    let lawful = score.let_pass.len() + score.falsely_flagged.len() + score.unseen_pass.len();
    let mut text = format!(
        "\n{}  {} of {wanted} offers that ought to be flagged were found ({} in the labelled class);\n        \
         {} of {lawful} lawful ones were flagged",
        styled("labels", BOLD),
        score.found.len(),
        score.in_class,
        score.falsely_flagged.len(),
    );
    let unseen: Vec<String> = score.unseen_flag.iter().chain(&score.unseen_pass).cloned().collect();
    for (name, paths) in
        [("missed", &score.missed), ("lawful but flagged", &score.falsely_flagged), ("not seen", &unseen)]
    {
        if paths.is_empty() {
            continue;
        }
        let shown = if all { paths.len() } else { NAMED };
        let mut named = paths.iter().take(shown).cloned().collect::<Vec<_>>().join(" ");
        if paths.len() > shown {
            named.push_str(" … (-v names all)");
        }
        let _ = write!(text, "\n  {:>4} {name}: {}", paths.len(), styled(named, DIM));
    }
    text
}
