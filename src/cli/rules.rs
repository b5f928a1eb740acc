//! `caveat rules`

mod author;
mod explain;
mod listing;
mod measure;

use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::arguments::{RulePath, Rules as Command, Workbench};
use super::exit::{Exit, Failure, Outcome};
use super::shell::Shell;
use super::terminal::{harmless, harmless_cut, json_line, out, severity_style, styled, table};
use crate::clock::{Clock, SystemClock};
use crate::document::Level;
use crate::matcher::Matcher;
use crate::rules::load::{LoadOptions, Loaded};
use crate::rules::model::{Rule, Status};
use crate::workbench::lint::lint;
use crate::workbench::rule_test;
use crate::workspace::{RuleFiles, Workspace};

pub(super) fn run(shell: &Shell, command: Command) -> Outcome {
    match command {
        Command::List(path) => list(shell, &path),
        Command::Lint(path) => check(shell, &path),
        Command::Test(arguments) if arguments.coverage => measure::coverage(shell, &arguments.path),
        Command::Test(arguments) => test(shell, &arguments.path),
        Command::Workbench(command) => workbench(shell, command),
    }
}

fn workbench(shell: &Shell, command: Workbench) -> Outcome {
    match command {
        Workbench::New(new) => author::new(shell, &new),
        Workbench::Fmt(fmt) => author::fmt(shell, &fmt),
        Workbench::Check(check) => author::check(shell, &check),
        Workbench::Watch(path) => author::watch(shell, &path),
        Workbench::Explain(explain) => explain::run(shell, &explain),
        Workbench::Terms(terms) => measure::terms(shell, &terms),
        Workbench::Overlap(overlap) => measure::overlap(shell, &overlap),
        Workbench::Ablate(ablate) => measure::ablate_all(shell, &ablate),
        Workbench::Mutate(mutate) => measure::mutate_all(shell, &mutate),
        Workbench::Collide(collide) => measure::collide_all(shell, &collide),
        Workbench::Profile(profile) => measure::profile_all(shell, &profile),
        Workbench::Suggest(suggest) => measure::suggest_all(shell, &suggest),
    }
}

/// The files of the folder that is named, of the workspace, or of the packs inside the program.
fn rule_files(shell: &Shell, path: Option<&Path>) -> Result<RuleFiles, Failure> {
    Ok(match path {
        Some(path) => Workspace::rule_folder(path)?,
        None => shell.workspace()?.rule_files()?,
    })
}

fn load_options(files: &RuleFiles) -> LoadOptions {
    let today = jiff::Timestamp::from_millisecond(SystemClock.now().0).ok();
    let today = today.map(|now| now.to_zoned(jiff::tz::TimeZone::UTC).date());
    LoadOptions { root: files.origin.clone(), today, ..LoadOptions::default() }
}

/// Every rule of every pack, drafts too, with everything that lint finds.
fn load_all(shell: &Shell, path: Option<&Path>) -> Result<Loaded, Failure> {
    Ok(opened(shell, path)?.1)
}

/// The same, with the files.
fn opened(shell: &Shell, path: Option<&Path>) -> Result<(RuleFiles, Loaded), Failure> {
    let files = rule_files(shell, path)?;
    let loaded = lint(&files.files, &load_options(&files));
    if loaded.set.rules.is_empty() && loaded.diagnostics.is_empty() {
        return Err(Failure::usage(anyhow::anyhow!(
            "no rule found; a rules folder holds taxonomy.toml and packs/"
        )));
    }
    Ok((files, loaded))
}

fn wanted(id: &str, names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|name| id.starts_with(name.as_str()))
}

fn list(shell: &Shell, arguments: &RulePath) -> Outcome {
    let loaded = load_all(shell, arguments.path.as_deref())?;
    let rules = loaded.set.rules.iter().filter(|rule| wanted(&rule.id, &arguments.rule));
    let mut rows = Vec::new();
    for rule in rules {
        let severity = loaded.set.taxonomy.classes.get(&rule.class).map(|class| class.severity);
        if shell.global.json {
            let line = json!({
                "id": rule.id, "title": rule.title, "status": status(rule), "class": rule.class,
                "severity": severity, "pack": rule.pack, "tests": rule.tests.len(),
            });
            writeln!(out(), "{}", json_line(&line)?)?;
            continue;
        }
        let word =
            severity.map_or_else(String::new, |severity| styled(severity.name(), severity_style(severity)));
        let title = harmless_cut(&rule.title, 60);
        rows.push(vec![
            rule.id.clone(),
            status(rule).to_owned(),
            word,
            rule.class.clone(),
            rule.pack.clone(),
            title,
        ]);
    }
    if !rows.is_empty() {
        write!(out(), "{}", table(&["id", "status", "severity", "class", "pack", "title"], &rows))?;
    }
    Ok(if loaded.has_errors() { Exit::Usage } else { Exit::Done })
}

fn status(rule: &Rule) -> &'static str {
    match rule.status {
        Status::Draft => "draft",
        Status::Trial => "trial",
        Status::Active => "active",
        Status::Deprecated => "deprecated",
    }
}

fn check(shell: &Shell, arguments: &RulePath) -> Outcome {
    let loaded = load_all(shell, arguments.path.as_deref())?;
    let (_, compile_errors) = Matcher::compile_with(&loaded.set, true);
    let file = |id: &str| loaded.files.get(id).cloned().unwrap_or_default();
    let of_wanted = |path: &str| {
        let stem = Path::new(path).file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        wanted(stem, &arguments.rule)
    };
    let diagnostics: Vec<_> =
        loaded.diagnostics.iter().filter(|found| of_wanted(&found.file)).cloned().collect();
    let mut errors = 0;
    if shell.global.json {
        for diagnostic in &diagnostics {
            writeln!(out(), "{}", json_line(diagnostic)?)?;
        }
    } else {
        shell.diagnostics(&diagnostics);
    }
    for error in compile_errors.iter().filter(|error| wanted(&error.rule, &arguments.rule)) {
        shell.problem(format_args!("{}: {}", harmless(&file(&error.rule)), harmless(&error.to_string())));
        errors += 1;
    }
    errors += diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).count();
    let warnings = diagnostics.len() - diagnostics.iter().filter(|found| found.level == Level::Error).count();
    let rules = loaded.set.rules.iter().filter(|rule| wanted(&rule.id, &arguments.rule)).count();
    let line = format!("{rules} sound rules, {errors} errors, {warnings} warnings");
    if errors == 0 {
        shell.good(line);
        Ok(Exit::Done)
    } else {
        shell.problem(line);
        Ok(Exit::Findings)
    }
}

fn test(shell: &Shell, arguments: &RulePath) -> Outcome {
    let mut loaded = load_all(shell, arguments.path.as_deref())?;
    let errors: Vec<_> =
        loaded.diagnostics.iter().filter(|found| found.level == Level::Error).cloned().collect();
    shell.diagnostics(&errors);
    loaded.set.rules.retain(|rule| wanted(&rule.id, &arguments.rule));
    let report = rule_test::run(&loaded.set, &loaded.files);
    if shell.global.json {
        writeln!(out(), "{}", json_line(&report)?)?;
    }
    for failure in report.failures.iter().filter(|_| !shell.global.json) {
        let file = failure.file.as_deref().unwrap_or(&failure.rule);
        let line = failure.line.map(|line| format!(":{line}")).unwrap_or_default();
        let test = failure.test.as_deref().map(|test| format!(" {test:?}")).unwrap_or_default();
        let place = format!("{file}{line}{test}");
        shell.problem(format_args!("{}: {}", harmless(&place), harmless(&failure.message)));
    }
    let line = format!(
        "{} tests of {} rules, {} exceptions tried without: {} failures",
        report.tests,
        report.rules,
        report.exceptions,
        report.failures.len()
    );
    if report.failures.is_empty() && errors.is_empty() {
        shell.good(line);
        Ok(Exit::Done)
    } else {
        shell.problem(line);
        Ok(Exit::Findings)
    }
}
