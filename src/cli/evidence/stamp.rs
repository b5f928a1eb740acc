//! `caveat evidence stamp`, and the same after each crawl.

use std::sync::Arc;

use tokio::runtime::Runtime;
use url::Url;

use super::super::crawl::{fetcher, runtime};
use super::super::exit::{Exit, Failure, Outcome};
use super::super::shell::Shell;
use super::super::terminal::harmless;
use crate::clock::SystemClock;
use crate::crawl::Crawler;
use crate::evidence::stamp;
use crate::fetch::Fetcher;
use crate::store::Store;
use crate::workspace::Workspace;

pub(super) fn run(shell: &Shell) -> Outcome {
    let workspace = shell.workspace()?;
    let Some(authority) = &workspace.config.timestamp_authority else {
        return Err(Failure::usage(anyhow::anyhow!(
            "caveat.toml names no authority: write `timestamp_authority = \"https://…\"` below [evidence]"
        )));
    };
    let store = Store::open_existing(&workspace.data, Arc::new(SystemClock))?;
    let fetcher = fetcher(&workspace.config, Arc::new(SystemClock))?;
    if !stamp(shell, &workspace, authority, &store, &fetcher, &runtime()?)? {
        shell.say("nothing to stamp: the end of the journal bears a stamp, or it is empty");
    }
    Ok(Exit::Done)
}

/// Stamps the journal where caveat.toml names an authority. One that does not answer is told; the crawl stays good, and
/// the next stamp covers this one's lines too.
pub(in crate::cli) fn stamp_after_crawl(
    shell: &Shell,
    workspace: &Workspace,
    runtime: &Runtime,
    crawler: &Crawler,
) -> Exit {
    let Some(authority) = &workspace.config.timestamp_authority else { return Exit::Done };
    match stamp(shell, workspace, authority, &crawler.store, &crawler.fetcher, runtime) {
        Ok(_) => Exit::Done,
        Err(failure) => {
            shell.error(&failure);
            shell.say("try again with `caveat evidence stamp`; the next stamp covers these findings too");
            Exit::Incomplete
        }
    }
}

/// False when there is nothing new to stamp.
fn stamp(
    shell: &Shell,
    workspace: &Workspace,
    authority: &Url,
    store: &Store,
    fetcher: &Fetcher,
    runtime: &Runtime,
) -> Result<bool, Failure> {
    let Some((line, hash)) = store.journal_head()? else { return Ok(false) };
    let stamped = stamp::kept(&workspace.data)?;
    if stamped.iter().any(|(_, token)| stamp::read(token).is_ok_and(|stamp| stamp.sha256 == hash)) {
        return Ok(false);
    }
    let digest = stamp::digest_of(&hash)
        .ok_or_else(|| Failure::incomplete(anyhow::anyhow!("the journal's last hash is no SHA-256")))?;
    let nonce = fastrand::u64(1..);
    let ask = fetcher.post(
        authority,
        "application/timestamp-query",
        stamp::request(&digest, nonce),
        stamp::MAX_TOKEN,
    );
    let failed = |error: String| {
        Failure::incomplete(anyhow::anyhow!("the time-stamping authority {authority} gave no stamp: {error}"))
    };
    let answer = runtime.block_on(ask).map_err(|error| failed(error.to_string()))?;
    let (stamp, path) = stamp::keep(&workspace.data, line, &digest, nonce, &answer)
        .map_err(|error| failed(error.to_string()))?;
    shell.good(format_args!(
        "journal up to line {line} stamped {} ({})",
        stamp.at,
        harmless(&path.display().to_string())
    ));
    Ok(true)
}
