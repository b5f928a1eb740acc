//! `caveat evidence`

mod chain;
mod export;
mod stamp;
mod verify;

use std::io::Write;

use super::arguments::Evidence as Command;
use super::exit::{Exit, Outcome};
use super::shell::Shell;
use super::terminal::out;
use crate::evidence::{Problem, index};

pub(super) use stamp::stamp_after_crawl;

pub(super) fn run(shell: &Shell, command: &Command) -> Outcome {
    match command {
        Command::Verify { package: None, tsa_ca } => verify::folder(shell, tsa_ca.as_deref()),
        Command::Verify { package: Some(path), tsa_ca } => verify::package(shell, path, tsa_ca.as_deref()),
        Command::Export(arguments) => export::run(shell, arguments),
        Command::Index => print_index(shell),
        Command::Stamp => stamp::run(shell),
    }
}

fn print_index(shell: &Shell) -> Outcome {
    let workspace = shell.workspace()?;
    let index = index(&workspace.data)?;
    for line in &index.lines {
        writeln!(out(), "{line}")?;
    }
    show(shell, &index.problems);
    Ok(if index.problems.is_empty() { Exit::Done } else { Exit::Incomplete })
}

fn show(shell: &Shell, problems: &[Problem]) {
    for Problem { file, offset, message, finding } in problems {
        let finding = finding.as_deref().map(|id| format!(" (proof of finding {id})")).unwrap_or_default();
        let text = format!("{} at byte {offset}: {message}{finding}", file.display());
        shell.problem(super::terminal::harmless(&text));
    }
}
