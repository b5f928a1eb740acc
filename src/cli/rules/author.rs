//! `caveat rules new`, `fmt`, `check`, `watch`: what an author does all day.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::choice::Chosen;
use super::explain::of_folder;
use super::today;
use crate::cli::arguments::RuleChoice;
use crate::cli::arguments::workbench::{Check, Fmt, New};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::measure::open_rules;
use crate::cli::report::{Case, Issue, Report};
use crate::cli::shell::Shell;
use crate::cli::terminal::{BAD, BOLD, DIM, GOOD, WARN, harmless, json_line, out, styled};
use crate::document::{Level, nearest};
use crate::rules::folder::Kind;
use crate::workbench::check;
use crate::workbench::corpus;
use crate::workbench::format::{FormatError, format, has_layout};
use crate::workbench::session::{Look, Session};
use crate::workbench::skeleton::skeleton;

/// How often the folder is looked at. A look costs less than a millisecond.
const POLL: Duration = Duration::from_millis(40);

/// The folder that is written to: the packs inside the program cannot be.
fn folder(chosen: &Chosen) -> Result<PathBuf, Failure> {
    chosen.folder.clone().ok_or_else(|| {
        Failure::usage(anyhow::anyhow!(
            "there is no rules folder here, and the packs inside the program cannot be changed; `caveat init` makes a \
             workspace with a rules folder, or name one"
        ))
    })
}

pub(super) fn new(shell: &Shell, arguments: &New) -> Outcome {
    let (loaded, chosen, exit) = open_rules(shell, &of_folder(&arguments.folder))?;
    let folder = folder(&chosen)?;
    let classes = &loaded.set.taxonomy.classes;
    let Some(class) = classes.get(&arguments.class) else {
        let family = corpus::family(&arguments.class);
        let kin: Vec<&str> =
            classes.keys().map(String::as_str).filter(|name| corpus::family(name) == family).collect();
        let hint = match nearest(&arguments.class, classes.keys().map(String::as_str)) {
            Some(near) => format!("; did you mean {near}?"),
            None if kin.is_empty() => "; taxonomy.toml lists the classes".to_owned(),
            None => format!("; of this family there are {}", kin.join(", ")),
        };
        return Err(Failure::usage(anyhow::anyhow!(
            "taxonomy.toml has no class {:?}{hint}",
            arguments.class
        )));
    };
    let good =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || ".-_".contains(letter);
    let id = arguments.id.as_str();
    if id.is_empty() || !id.chars().all(good) || !id.starts_with(|first: char| first.is_ascii_lowercase()) {
        return Err(Failure::usage(anyhow::anyhow!(
            "{id:?} is no id: letters a to z, digits, `.`, `-` and `_`, beginning with a letter, as in med.pde5-offer"
        )));
    }
    if let Some(taken) = loaded.files.get(id) {
        return Err(Failure::usage(anyhow::anyhow!("there is a rule {id} already: {taken}")));
    }
    let pack = pack(arguments, &loaded)?;
    let path = folder.join("packs").join(&pack).join(format!("{id}.toml"));
    let books = chosen.files.iter().any(|file| file.kind() == Kind::List { name: "printed-matter" });
    let unwritable = |error| {
        Failure::incomplete(anyhow::Error::new(error).context(format!("cannot write {}", path.display())))
    };
    let mut file = fs::File::create_new(&path).map_err(unwritable)?;
    file.write_all(skeleton(id, &arguments.class, class, books).as_bytes()).map_err(unwritable)?;
    let shown = path.display().to_string();
    if shell.global.json {
        let line = serde_json::json!({ "id": id, "file": shown, "class": arguments.class, "pack": pack });
        writeln!(out(), "{}", json_line(&line)?)?;
    } else {
        writeln!(out(), "{shown}")?;
    }
    shell.good(format_args!("a draft for {}: put your own words where it says REPLACE", arguments.class));
    shell.say(format_args!("  then  caveat rules watch --rule {id}      lints and tests on every save"));
    shell.say(format_args!(
        "        caveat rules explain {id} \"…\"  says why an offer is flagged, or how near it came"
    ));
    Ok(exit)
}

fn pack(arguments: &New, loaded: &crate::rules::load::Loaded) -> Result<String, Failure> {
    let names: Vec<&str> = loaded.packs.iter().map(|pack| pack.name.as_str()).collect();
    if let Some(wanted) = &arguments.pack {
        return if names.contains(&wanted.as_str()) {
            Ok(wanted.clone())
        } else {
            Err(Failure::usage(anyhow::anyhow!(
                "there is no pack {wanted:?}; there are {}",
                names.join(", ")
            )))
        };
    }
    let family = corpus::family(&arguments.class);
    let kin = |name: &str| {
        loaded
            .set
            .rules
            .iter()
            .filter(|rule| rule.pack == name && corpus::family(&rule.class) == family)
            .count()
    };
    let rules = |name: &str| loaded.set.rules.iter().filter(|rule| rule.pack == name).count();
    let best = names.iter().max_by_key(|name| (kin(name), rules(name)));
    best.map(|name| (*name).to_owned()).ok_or_else(|| {
        Failure::usage(anyhow::anyhow!("the rules folder has no pack; make one: packs/NAME/pack.toml"))
    })
}

pub(super) fn fmt(shell: &Shell, arguments: &Fmt) -> Outcome {
    let chosen = Chosen::new(shell, &arguments.rules)?;
    if !arguments.check && chosen.own.is_empty() {
        folder(&chosen)?;
    }
    let (mut changed, mut failed, mut seen) = (0, 0, 0);
    for file in chosen.files.iter().filter(|file| has_layout(file) && chosen.has(&file.path)) {
        seen += 1;
        let written_to = chosen.written_to(&file.path);
        let shown = written_to.as_deref().map_or_else(
            || format!("{}/{}", chosen.origin, file.path),
            |path| path.to_string_lossy().into_owned(),
        );
        let laid_out = match format(file) {
            Ok(laid_out) => laid_out,
            Err(error) => {
                shell.problem(format_args!("{}: {error}", harmless(&shown)));
                failed += 1;
                if error == FormatError::Changed {
                    shell.say("  please report it with the file");
                }
                continue;
            }
        };
        if file.text.as_ref().is_ok_and(|text| text.as_slice() == laid_out.as_bytes()) {
            continue;
        }
        changed += 1;
        if shell.global.json {
            writeln!(
                out(),
                "{}",
                json_line(&serde_json::json!({ "file": shown, "changed": !arguments.check }))?
            )?;
        } else {
            writeln!(out(), "{}", harmless(&shown))?;
        }
        if let Some(path) = written_to.filter(|_| !arguments.check) {
            replace(&path, &laid_out)?;
        }
    }
    let verb = if arguments.check { "would change" } else { "changed" };
    let line = format!("{seen} files, {changed} {verb}, {failed} cannot be laid out");
    let bad = failed > 0 || arguments.check && changed > 0;
    if bad {
        shell.problem(line);
    } else {
        shell.good(line);
    }
    Ok(if bad { Exit::Findings } else { Exit::Done })
}

/// Replaces a file at once, so that a full disk leaves the old one.
fn replace(path: &Path, text: &str) -> Result<(), Failure> {
    let beside = path.with_extension("toml.new");
    // A linked file stays a link.
    let path = fs::canonicalize(path)?;
    let permissions = fs::metadata(&path)?.permissions();
    let done = fs::write(&beside, text)
        .and_then(|()| fs::set_permissions(&beside, permissions))
        .and_then(|()| fs::rename(&beside, &path));
    done.map_err(|error| {
        let _ = fs::remove_file(&beside);
        Failure::incomplete(anyhow::Error::new(error).context(format!("cannot write {}", path.display())))
    })
}

pub(super) fn check(shell: &Shell, arguments: &Check) -> Outcome {
    let chosen = Chosen::new(shell, &arguments.rules)?;
    let mut found = check::check(&chosen.files, &chosen.origin, today(), |path| chosen.has(path));
    for fault in &mut found.faults {
        fault.file = chosen.shown(&fault.file);
    }
    if found.rules == 0 && found.faults.is_empty() {
        return Err(Failure::usage(anyhow::anyhow!("no rule found to check")));
    }
    let mut out = out();
    if let Some(format) = arguments.format {
        write!(out, "{}", report(&found).render(format))?;
    } else if shell.global.json {
        for fault in &found.faults {
            writeln!(out, "{}", json_line(fault)?)?;
        }
    } else {
        for fault in &found.faults {
            let style = if fault.level == Level::Error { BAD } else { WARN };
            let place = format!("{}:{}:{}", fault.file, fault.line, fault.column);
            let kind = styled(format_args!("{}[{}]", fault.level.name(), fault.code), style);
            writeln!(out, "{kind} {}\n    {}", styled(harmless(&place), DIM), harmless(&fault.message))?;
            if let Some(help) = &fault.help {
                writeln!(out, "    {} {}", styled("help:", DIM), harmless(help))?;
            }
        }
    }
    let (errors, warnings) = (found.errors(), found.warnings());
    let line = format!(
        "{} rules, {} tests, {} files: {errors} errors, {warnings} warnings",
        found.rules, found.tests, found.files
    );
    if errors == 0 {
        shell.good(line);
    } else {
        shell.problem(line);
    }
    Ok(if errors == 0 { Exit::Done } else { Exit::Findings })
}

/// The check as pipelines read it.
fn report(found: &check::Check) -> Report {
    let issue = |place: &usize| {
        let fault = found.faults.get(*place)?;
        let help = fault.help.as_deref().map(|help| format!(" ({help})")).unwrap_or_default();
        Some(Issue {
            fails: fault.level == Level::Error,
            code: fault.code.clone(),
            message: format!("{}{help}", fault.message),
            file: Some(fault.file.clone()),
            line: Some(fault.line),
            column: Some(fault.column),
        })
    };
    let cases = found.checks.iter().map(|one| Case {
        group: one.suite.to_owned(),
        name: one.name.clone(),
        issues: one.faults.iter().filter_map(issue).collect(),
    });
    Report { name: "rules check".to_owned(), cases: cases.collect() }
}

pub(super) fn watch(shell: &Shell, choice: &RuleChoice) -> Outcome {
    let folder = folder(&Chosen::new(shell, choice)?)?;
    shell.say(format_args!("watching {}; Ctrl-C ends it", folder.display()));
    let mut session = Session::default();
    let mut stamps = BTreeMap::new();
    loop {
        let now = stamped(&folder);
        if now != stamps {
            let start = Instant::now();
            // Editors write in several steps; what is half-written changes again before the next look.
            match Chosen::new(shell, choice) {
                Ok(chosen) => {
                    look(shell, &mut session, &chosen, start)?;
                    stamps = now;
                }
                Err(failure) => shell.warn(harmless(&failure.error.to_string())),
            }
        }
        std::thread::sleep(POLL);
    }
}

/// When each file was last written, and its size.
fn stamped(folder: &Path) -> BTreeMap<PathBuf, (Option<SystemTime>, u64)> {
    let mut stamps = BTreeMap::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((path, depth)) = folders.pop() {
        for entry in fs::read_dir(&path).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(metadata) = fs::metadata(&path) else { continue };
            if metadata.is_dir() {
                // As deep as rules folders go; what lies deeper, reading them refuses.
                if depth < 8 {
                    folders.push((path, depth + 1));
                }
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                stamps.insert(path, (metadata.modified().ok(), metadata.len()));
            }
        }
    }
    stamps
}

fn look(shell: &Shell, session: &mut Session, chosen: &Chosen, start: Instant) -> Result<(), Failure> {
    let looked = session.look(&chosen.files, &chosen.origin, today(), |id| chosen.has_rule(id));
    let Some(look) = looked else { return Ok(()) };
    let time = start.elapsed().as_millis();
    let mut out = out();
    if shell.global.json {
        let line = serde_json::json!({
            "changed": look.changed, "tried": look.tried, "diagnostics": look.diagnostics,
            "failures": look.report.failures, "ms": time,
        });
        writeln!(out, "{}", json_line(&line)?)?;
        return Ok(());
    }
    show_look(&mut out, &look, time)?;
    Ok(())
}

fn show_look(out: &mut impl Write, look: &Look, time: u128) -> std::io::Result<()> {
    if let [file] = look.changed.as_slice() {
        writeln!(out, "\n{}", styled(harmless(file), BOLD))?;
    }
    for diagnostic in &look.diagnostics {
        writeln!(out, "{}\n", crate::cli::shell::colour(diagnostic))?;
    }
    for failure in &look.report.failures {
        let line = failure.line.map(|line| format!(":{line}")).unwrap_or_default();
        let test = failure.test.as_deref().map(|test| format!(" {test:?}")).unwrap_or_default();
        let place = format!("{}{line}{test}", failure.file.as_deref().unwrap_or(&failure.rule));
        writeln!(out, "{} {}\n    {}", styled("✗", BAD), harmless(&place), harmless(&failure.message))?;
    }
    let sign = if look.errors + look.failures == 0 { styled("✓", GOOD) } else { styled("✗", BAD) };
    let tried = format!("{} tests of {} rules", look.report.tests, look.tried.len());
    let all = format!("{} rules, {} errors, {} failures in all", look.rules, look.errors, look.failures);
    writeln!(out, "{sign} {tried}; {all}  {}", styled(format_args!("{time} ms"), DIM))
}
