//! `caveat rules`

mod author;
pub(super) mod choice;
mod explain;
mod listing;
mod workbench;

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, anyhow};
use serde_json::json;

use self::choice::Chosen;
use super::arguments::workbench::Workbench;
use super::arguments::{Lint, LintFormat, RuleChoice, Rules as Command, Schema};
use super::exit::{Exit, Failure, Outcome};
use super::shell::Shell;
use super::terminal::{harmless, harmless_cut, json_line, out, severity_style, styled, table};
use crate::clock::{Clock, SystemClock};
use crate::document::{Diagnostic, Level, nearest};
use crate::matcher::Matcher;
use crate::rules::load::Loaded;
use crate::rules::model::{Rule, Status};
use crate::workbench::annotate;
use crate::workbench::fix::fix;
use crate::workbench::lint::lint;
use crate::workbench::rule_test;
use crate::workbench::schema::{FileKind, KINDS};

pub(super) fn run(shell: &Shell, command: Command) -> Outcome {
    match command {
        Command::List(choice) => list(shell, &choice),
        Command::Lint(arguments) => check(shell, &arguments),
        Command::Test(arguments) if arguments.coverage => workbench::coverage(shell, &arguments.rules),
        Command::Test(arguments) => test(shell, &arguments.rules),
        Command::Schema(arguments) => schema(shell, &arguments),
        Command::Measure(command) => super::measure::run(shell, command),
        Command::Workbench(command) => on_workbench(shell, command),
    }
}

fn on_workbench(shell: &Shell, command: Workbench) -> Outcome {
    match command {
        Workbench::New(new) => author::new(shell, &new),
        Workbench::Fmt(fmt) => author::fmt(shell, &fmt),
        Workbench::Check(check) => author::check(shell, &check),
        Workbench::Watch(choice) => author::watch(shell, &choice),
        Workbench::Explain(explain) => explain::run(shell, &explain),
        Workbench::Terms(terms) => workbench::terms(shell, &terms),
        Workbench::Overlap(overlap) => workbench::overlap(shell, &overlap),
        Workbench::Ablate(ablate) => workbench::ablate_all(shell, &ablate),
        Workbench::Mutate(mutate) => workbench::mutate_all(shell, &mutate),
        Workbench::Collide(collide) => workbench::collide_all(shell, &collide),
        Workbench::Profile(profile) => workbench::profile_all(shell, &profile),
        Workbench::Suggest(suggest) => workbench::suggest_all(shell, &suggest),
    }
}

fn today() -> Option<jiff::civil::Date> {
    let now = jiff::Timestamp::from_millisecond(SystemClock.now().0).ok()?;
    Some(now.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// Every rule of every pack, drafts too, with everything that lint finds.
fn load_all(chosen: &Chosen) -> Result<Loaded, Failure> {
    let mut loaded = lint(&chosen.files, &chosen.origin, today());
    if loaded.set.rules.is_empty() && loaded.diagnostics.is_empty() {
        return Err(Failure::usage(anyhow!("no rule found; a rules folder holds taxonomy.toml and packs/")));
    }
    loaded.set.rules.retain(|rule| chosen.has_rule(&rule.id));
    loaded.diagnostics = chosen.of_chosen(&loaded.diagnostics);
    loaded.broken.retain(|id| chosen.has_rule(id));
    for file in loaded.files.values_mut() {
        *file = chosen.shown(file);
    }
    Ok(loaded)
}

fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn list(shell: &Shell, choice: &RuleChoice) -> Outcome {
    let loaded = load_all(&Chosen::new(shell, choice)?)?;
    let mut rows = Vec::new();
    for rule in &loaded.set.rules {
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
    if !loaded.broken.is_empty() {
        let broken = loaded.broken.join(", ");
        shell.problem(format_args!("not listed because of errors: {broken}; `caveat rules lint` shows them"));
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

fn check(shell: &Shell, arguments: &Lint) -> Outcome {
    let mut chosen = Chosen::new(shell, &arguments.choice)?;
    if arguments.fix {
        mend(shell, &mut chosen)?;
    }
    let loaded = load_all(&chosen)?;
    let (_, compile_errors) = Matcher::compile_with(&loaded.set, true);
    show(shell, arguments.format, &loaded.diagnostics)?;
    for error in &compile_errors {
        let file = loaded.files.get(&error.rule).map(String::as_str).unwrap_or_default();
        shell.problem(format_args!("{}: {}", harmless(file), harmless(&error.to_string())));
    }
    let all = loaded.diagnostics.len();
    let errors = loaded.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error).count();
    let mendable = loaded.diagnostics.iter().filter(|diagnostic| !diagnostic.fix.is_empty()).count();
    let line = format!(
        "{}, {}, {}",
        count(loaded.set.rules.len(), "sound rule", "sound rules"),
        count(errors + compile_errors.len(), "error", "errors"),
        count(all - errors, "warning", "warnings")
    );
    if mendable > 0 && !arguments.fix {
        shell.say(format_args!("`caveat rules lint --fix` mends {mendable} of them\n"));
    }
    if errors + compile_errors.len() == 0 {
        shell.good(line);
        Ok(Exit::Done)
    } else {
        shell.problem(line);
        Ok(Exit::Findings)
    }
}

fn show(shell: &Shell, format: LintFormat, diagnostics: &[Diagnostic]) -> Result<(), Failure> {
    match format {
        LintFormat::Text if !shell.global.json => shell.diagnostics(diagnostics),
        LintFormat::Github => {
            for diagnostic in diagnostics {
                writeln!(out(), "{}", harmless(&annotate::github(diagnostic)))?;
            }
        }
        LintFormat::Sarif => {
            let document = annotate::sarif(diagnostics, env!("CARGO_PKG_VERSION"));
            writeln!(out(), "{}", json_line(&document)?)?;
        }
        LintFormat::Text | LintFormat::Json => {
            for diagnostic in diagnostics {
                writeln!(out(), "{}", json_line(diagnostic)?)?;
            }
        }
    }
    Ok(())
}

/// Writes what can be mended.
fn mend(shell: &Shell, chosen: &mut Chosen) -> Result<(), Failure> {
    let mut files = chosen.files.clone();
    let wanted = |path: &str| chosen.has(path) && chosen.written_to(path).is_some();
    for mended in fix(&mut files, &chosen.origin, today(), wanted) {
        let Some(path) = chosen.written_to(&mended.path) else { continue };
        // Written beside it first: whatever happens, one of the two is whole.
        let beside = path.with_extension("toml.new");
        fs::write(&beside, &mended.text)
            .and_then(|()| fs::rename(&beside, &path))
            .with_context(|| format!("cannot write {}", path.display()))
            .map_err(Failure::incomplete)?;
        let shown = harmless(&path.to_string_lossy());
        shell.good(format_args!("{shown}: {} mended", count(mended.problems, "problem", "problems")));
    }
    if chosen.folder.is_none() && chosen.own.is_empty() {
        shell.warn(
            "the packs inside the program cannot be written; `caveat init` makes a workspace with them",
        );
    }
    chosen.files = files;
    Ok(())
}

fn test(shell: &Shell, choice: &RuleChoice) -> Outcome {
    let loaded = load_all(&Chosen::new(shell, choice)?)?;
    let errors: Vec<_> =
        loaded.diagnostics.iter().filter(|found| found.level == Level::Error).cloned().collect();
    shell.diagnostics(&errors);
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
    if !loaded.broken.is_empty() {
        let broken = loaded.broken.join(", ");
        shell.problem(format_args!(
            "not tested because of errors: {broken}; `caveat rules lint` shows all of them"
        ));
    }
    let line = format!(
        "{} of {}, {} tried without: {}",
        count(report.tests, "test", "tests"),
        count(report.rules, "rule", "rules"),
        count(report.exceptions, "exception", "exceptions"),
        count(report.failures.len(), "failure", "failures"),
    );
    if report.failures.is_empty() && errors.is_empty() {
        shell.good(line);
        Ok(Exit::Done)
    } else {
        shell.problem(line);
        Ok(Exit::Findings)
    }
}

fn schema(shell: &Shell, arguments: &Schema) -> Outcome {
    if let Some(folder) = &arguments.write {
        write_schemas(folder)
            .with_context(|| format!("cannot write into {}", folder.display()))
            .map_err(Failure::incomplete)?;
        shell.good(format_args!(
            "{} schemas written into {}",
            KINDS.len(),
            harmless(&folder.to_string_lossy())
        ));
        return Ok(Exit::Done);
    }
    let Some(name) = &arguments.kind else {
        let rows: Vec<_> =
            KINDS.iter().map(|kind| vec![kind.name.to_owned(), kind.place.to_owned()]).collect();
        write!(out(), "{}", table(&["kind", "file"], &rows))?;
        shell.say("`caveat rules schema KIND` prints one, `caveat rules schema --write DIR` writes all");
        return Ok(Exit::Done);
    };
    let Some(kind) = FileKind::named(name) else {
        let names = KINDS.iter().map(|kind| kind.name);
        let all = names.clone().collect::<Vec<_>>().join(", ");
        let hint = nearest(name, names).map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
        return Err(Failure::usage(anyhow!("there is no kind of file {name:?}{hint} The kinds: {all}")));
    };
    writeln!(out(), "{}", serde_json::to_string_pretty(&kind.schema()).map_err(std::io::Error::from)?)?;
    Ok(Exit::Done)
}

fn write_schemas(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    for kind in &KINDS {
        let text = serde_json::to_string_pretty(&kind.schema())?;
        fs::write(folder.join(format!("{}.schema.json", kind.name)), text + "\n")?;
    }
    Ok(())
}
