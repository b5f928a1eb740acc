//! `caveat corpus import`

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::json;

use super::super::arguments::measure::Import;
use super::super::exit::{Exit, Failure, Outcome};
use super::super::shell::Shell;
use super::super::terminal::{harmless, json_line, out};
use crate::finding::Ruling;
use crate::workbench::corpus;
use crate::workbench::import::{Defaults, import};
use crate::workbench::kept::replace;

/// Problems shown of one file.
const SHOWN: usize = 20;

pub(super) fn run(shell: &Shell, arguments: &Import) -> Outcome {
    let workspace = shell.workspace()?;
    let folder = workspace.root.join("corpus");
    let to = arguments.to.clone().unwrap_or_else(|| folder.join("imported.jsonl"));
    let mut columns = BTreeMap::new();
    for pair in &arguments.column {
        let Some((ours, theirs)) = pair.split_once('=') else {
            return Err(Failure::usage(anyhow::anyhow!(
                "--column {pair:?}: write OURS=THEIRS, such as title=Titel"
            )));
        };
        columns.insert(theirs.to_owned(), ours.to_owned());
    }
    if arguments.label.as_deref() == Some("flag") && arguments.class.is_none() {
        shell.warn("lines labelled flag by --label need a class; those that have none are refused (--class)");
    }
    let defaults = Defaults {
        label: arguments
            .label
            .as_deref()
            .map(|label| if label == "flag" { Ruling::Flag } else { Ruling::Pass }),
        class: arguments.class.clone(),
        slices: arguments.slice.clone(),
        columns,
    };
    // The corpus so far: the folder's and the file that is added to.
    let mut paths: Vec<PathBuf> = if folder.is_dir() { vec![folder.clone()] } else { Vec::new() };
    if to.is_file() && !to.starts_with(&folder) {
        paths.push(to.clone());
    }
    let mut files = corpus::texts(&paths)?.0;
    let (mut added, mut exit) = (Vec::new(), Exit::Done);
    for path in &arguments.files {
        let name = path.to_string_lossy().into_owned();
        let text = corpus::read_file(path)?;
        let imported = import(&name, &text, &defaults, &files);
        for problem in imported.problems.iter().take(SHOWN) {
            shell.problem(harmless(&problem.to_string()));
        }
        let more = imported.problems.len().saturating_sub(SHOWN);
        if more > 0 {
            shell.problem(format_args!("and {more} more lines of {}", harmless(&name)));
        }
        if !imported.problems.is_empty() {
            exit = Exit::Incomplete;
        }
        if !imported.ignored.is_empty() {
            shell.warn(format_args!(
                "{}: nothing is made of the columns {}; --column OURS=THEIRS gives them a meaning",
                harmless(&name),
                harmless(&imported.ignored.join(", "))
            ));
        }
        let waiting = imported.lines.iter().filter(|line| line.label.is_none()).count();
        let mut text = Vec::new();
        for line in &imported.lines {
            serde_json::to_writer(&mut text, line).map_err(io::Error::from)?;
            text.push(b'\n');
        }
        if shell.global.json {
            let line = json!({
                "file": name, "added": imported.lines.len(), "waiting": waiting, "known": imported.known,
                "problems": imported.problems, "to": to, "written": !arguments.dry_run,
            });
            writeln!(out(), "{}", json_line(&line)?)?;
        } else {
            writeln!(
                out(),
                "{}: {} listings {}, {waiting} of them wait for a label; {} were there already, {} refused",
                harmless(&name),
                imported.lines.len(),
                if arguments.dry_run { "to add" } else { "added" },
                imported.known,
                imported.problems.len()
            )?;
        }
        added.extend_from_slice(&text);
        files.push((name, text));
    }
    if arguments.dry_run || added.is_empty() {
        return Ok(exit);
    }
    let mut whole = match fs::read(&to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        other => other?,
    };
    if !whole.is_empty() && !whole.ends_with(b"\n") {
        whole.push(b'\n');
    }
    whole.extend(added);
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    replace(&to, &whole)?;
    Ok(exit)
}
