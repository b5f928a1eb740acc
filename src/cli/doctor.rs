//! `caveat doctor`

use std::sync::Arc;

use super::exit::{Exit, Outcome};
use super::rulebook::Rulebook;
use super::shell::Shell;
use super::terminal::{BAD, GOOD, styled};
use crate::clock::SystemClock;
use crate::store::{Inside, Store};

pub(super) fn run(shell: &Shell) -> Outcome {
    let workspace = shell.workspace()?;
    let mut exit = Exit::Done;
    let mut line = |ok: bool, name: &str, message: &str, cure: Option<&str>| {
        let mark = if ok { styled("✓", GOOD) } else { styled("✗", BAD) };
        shell.say(format_args!("{mark} {name:<14} {message}"));
        if let Some(cure) = cure.filter(|_| !ok) {
            shell.say(format_args!("  {:<14} {cure}", "→"));
        }
        if !ok {
            exit = exit.max(Exit::Findings);
        }
    };
    match &workspace.config_file {
        Some(path) => line(true, "configuration", &path.display().to_string(), None),
        None => line(true, "configuration", "none; defaults hold (`caveat init` makes one)", None),
    }
    let contact = workspace.config.contact.is_some();
    let message = if contact { "named" } else { "none: foreign hosts are not crawled" };
    line(
        contact || workspace.config_file.is_none(),
        "contact",
        message,
        Some("set `contact` in caveat.toml"),
    );
    let rulebook = Rulebook::open(shell, &workspace)?;
    let (rules, broken) = (rulebook.rule_count(), rulebook.loaded.broken.len());
    let message = format!("{rules} run, {broken} broken");
    line(broken == 0 && rules > 0, "rules", &message, Some("caveat rules lint"));
    let mut wrong = 0;
    let paths = workspace.source_paths()?;
    for path in &paths {
        if let Err(error) = crate::workspace::read_source(path) {
            wrong += 1;
            shell.error(&error.into());
        }
    }
    line(
        wrong == 0,
        "sources",
        &format!("{} files, {wrong} wrong", paths.len()),
        Some("caveat sources check"),
    );
    if Store::look(&workspace.data) == Inside::Other {
        let message = format!("{} holds other things than a crawl", workspace.data.display());
        line(false, "data", &message, Some("name another folder with --data, or with `data` in caveat.toml"));
    } else if workspace.data.exists() {
        for check in Store::doctor(&workspace.data, Arc::new(SystemClock)) {
            line(check.ok, check.name, &check.message, check.cure.as_deref());
        }
    } else {
        line(true, "data", &format!("{} does not exist yet", workspace.data.display()), None);
    }
    Ok(exit)
}
