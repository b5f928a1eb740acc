//! `rules check`: everything that must hold before rules are used, in one list: lint, tests, layout, packs, that
//! rules.lock measured what runs, and that nothing waits to be filled in.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::Serialize;

use super::format::{self, FormatError};
use super::lint::lint;
use super::promote::disagreements;
use super::rule_test::{self, FailureKind};
use super::skeleton::PLACEHOLDER;
use crate::document::Level;
use crate::matcher::Matcher;
use crate::rules::folder::{Kind, LOCK_FILE, RuleFile};
use crate::rules::load::{LoadOptions, Loaded, Packs, load};
use crate::rules::model::{Rule, Status};

/// Everything that was checked and what came of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Check {
    /// What is wrong, ordered by file and line.
    pub faults: Vec<Fault>,
    /// What was looked at, for pipelines that count passed checks, too.
    pub checks: Vec<Checked>,
    /// Sound rules.
    pub rules: usize,
    /// Tests that were run.
    pub tests: usize,
    /// Files that were looked at.
    pub files: usize,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Error or warning.
    pub level: Level,
    /// Stable name of the kind of fault.
    pub code: String,
    /// The file, as diagnostics show it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// `lint`, `layout` or `test`.
    pub suite: &'static str,
    /// The file.
    pub file: String,
    /// The test's name; the file's for the others.
    pub name: String,
    /// Its faults, each by its place in [`Check::faults`].
    pub faults: Vec<usize>,
}

impl Check {
    /// How many faults are errors.
    pub fn errors(&self) -> usize {
        self.faults.iter().filter(|fault| fault.level == Level::Error).count()
    }

    /// How many are warnings.
    pub fn warnings(&self) -> usize {
        self.faults.len() - self.errors()
    }
}

/// Checks the rules of a folder. `root` stands before paths; `wanted` says which files, by their paths, are asked about;
/// faults of others are left out.
pub fn check(files: &[RuleFile], root: &str, today: Option<Date>, wanted: impl Fn(&str) -> bool) -> Check {
    let options =
        &LoadOptions { root: root.to_owned(), packs: Packs::All, include_drafts: true, keep_typed: true };
    let loaded = lint(files, root, today);
    let mut check = Check::default();
    let shown: BTreeMap<String, &RuleFile> =
        files.iter().filter(|file| wanted(&file.path)).map(|file| (options.shown(&file.path), file)).collect();
    check.files = shown.len();
    for diagnostic in &loaded.diagnostics {
        check.faults.push(Fault {
            level: diagnostic.level,
            code: diagnostic.code.to_owned(),
            file: diagnostic.file.clone(),
            line: diagnostic.line,
            column: diagnostic.column,
            message: diagnostic.message.clone(),
            help: diagnostic.help.clone(),
        });
    }
    compiled(&loaded, &mut check);
    laid_out(files, options, &mut check);
    filled_in(&loaded, &mut check);
    locked(files, options, &mut check);
    packs(files, &loaded, options, &mut check);
    let ids: Vec<&Rule> = loaded.set.rules.iter().filter(|rule| is_shown(&loaded, rule, &shown)).collect();
    check.rules = ids.len();
    tested(&loaded, &ids, &mut check);
    // A file that is not there is missed by everybody; other files are missed by whoever asked for them.
    let known: Vec<String> = files.iter().map(|file| options.shown(&file.path)).collect();
    check.faults.retain(|fault| shown.contains_key(&fault.file) || !known.contains(&fault.file));
    check
        .faults
        .sort_by(|a, b| (&a.file, a.line, a.column, &a.code).cmp(&(&b.file, b.line, b.column, &b.code)));
    check.checks = checks(&check, &loaded, &ids, &shown);
    check
}

fn is_shown(loaded: &Loaded, rule: &Rule, shown: &BTreeMap<String, &RuleFile>) -> bool {
    loaded.files.get(&rule.id).is_some_and(|file| shown.contains_key(file))
}

fn fault(level: Level, code: &str, file: &str, line: usize, message: String, help: Option<&str>) -> Fault {
    let help = help.map(str::to_owned);
    Fault { level, code: code.to_owned(), file: file.to_owned(), line, column: 1, message, help }
}

fn compiled(loaded: &Loaded, check: &mut Check) {
    let (_, errors) = Matcher::compile_with(&loaded.set, true);
    for error in errors {
        let file = loaded.files.get(&error.rule).map_or("", String::as_str);
        let message = format!("{}: {}", error.part, error.reason);
        check.faults.push(fault(Level::Error, "not-compiled", file, 1, message, None));
    }
}

fn laid_out(files: &[RuleFile], options: &LoadOptions, check: &mut Check) {
    for file in files.iter().filter(|file| format::has_layout(file)) {
        let Ok(text) = &file.text else { continue };
        let shown = options.shown(&file.path);
        match format::format(file) {
            Ok(laid_out) if laid_out.as_bytes() != text.as_slice() => {
                let written = String::from_utf8_lossy(text);
                let same =
                    written.lines().zip(laid_out.lines()).take_while(|(one, other)| one == other).count();
                let help = Some("`caveat rules fmt` lays it out");
                let message = "the layout differs from the common one from here on".to_owned();
                check.faults.push(fault(Level::Error, "layout", &shown, same + 1, message, help));
            }
            Err(error @ FormatError::Changed) => {
                check.faults.push(fault(Level::Warning, "layout", &shown, 1, error.to_string(), None));
            }
            // What is unsound, lint has reported.
            Ok(_) | Err(FormatError::Unsound) => {}
        }
    }
}

/// Placeholders of `rules new` must not run.
fn filled_in(loaded: &Loaded, check: &mut Check) {
    for rule in &loaded.set.rules {
        let patterns = rule.patterns.iter().chain(rule.exceptions.iter().map(|exception| &exception.pattern));
        let left =
            patterns.flat_map(|pattern| &pattern.terms).filter(|term| term.starts_with(PLACEHOLDER)).count();
        if left > 0 {
            let file = loaded.files.get(&rule.id).map_or("", String::as_str);
            let level = if rule.status == Status::Draft { Level::Warning } else { Level::Error };
            let message = format!("{left} places of the skeleton are still to be filled in");
            check.faults.push(fault(
                level,
                "placeholder",
                file,
                1,
                message,
                Some("write your own words instead of REPLACE …"),
            ));
        }
    }
}

/// What rules.lock says was measured must be what runs.
fn locked(files: &[RuleFile], options: &LoadOptions, check: &mut Check) {
    let known = files.iter().filter_map(|file| match file.kind() {
        Kind::Rule { id, .. } => Some(id),
        _ => None,
    });
    for one in disagreements(&load(files, options).typed, &known.collect()) {
        let file = options.shown(one.path.as_deref().unwrap_or(LOCK_FILE));
        let message = format!("{} {}", one.rule, one.message);
        check.faults.push(fault(Level::Error, "lock", &file, 1, message, None));
    }
}

/// A pack that holds nothing is a misspelt folder, most likely.
fn packs(files: &[RuleFile], loaded: &Loaded, options: &LoadOptions, check: &mut Check) {
    for pack in &loaded.packs {
        let holds = |file: &&RuleFile| matches!(file.kind(), Kind::Rule { pack: of, .. } if of == pack.name);
        if !files.iter().any(|file| holds(&file)) {
            let file = options.shown(&format!("packs/{}/pack.toml", pack.name));
            let message = format!("pack `{}` has no rule", pack.name);
            check.faults.push(fault(Level::Warning, "empty-pack", &file, 1, message, None));
        }
    }
}

fn tested(loaded: &Loaded, rules: &[&Rule], check: &mut Check) {
    let mut set = loaded.set.clone();
    set.rules = rules.iter().map(|rule| (*rule).clone()).collect();
    let report = rule_test::run(&set, &loaded.files);
    check.tests = report.tests;
    for failure in report.failures.into_iter().filter(|one| one.kind != FailureKind::NotCompiled) {
        let file = failure.file.as_deref().unwrap_or(&failure.rule);
        let test = failure.test.as_deref().map(|test| format!("test {test:?}: ")).unwrap_or_default();
        let help = Some("`caveat rules explain RULE test:NAME` shows why");
        let line = failure.line.unwrap_or(1);
        let code = format!("test-{}", kind_name(failure.kind));
        check.faults.push(fault(Level::Error, &code, file, line, format!("{test}{}", failure.message), help));
    }
}

fn kind_name(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::NotCompiled => "not-compiled",
        FailureKind::NotFlagged => "not-flagged",
        FailureKind::Flagged => "flagged",
        FailureKind::WrongHit => "wrong-hit",
        FailureKind::UndefendedException => "undefended-exception",
    }
}

fn checks(
    check: &Check,
    loaded: &Loaded,
    rules: &[&Rule],
    shown: &BTreeMap<String, &RuleFile>,
) -> Vec<Checked> {
    let faults = |file: &str, belongs: &dyn Fn(&Fault) -> bool| -> Vec<usize> {
        let numbered = check.faults.iter().enumerate();
        let of_file = numbered.filter(|(_, fault)| fault.file == file);
        of_file.filter(|(_, fault)| belongs(fault)).map(|(number, _)| number).collect()
    };
    let is_test = |fault: &Fault| fault.code.starts_with("test-");
    let mut done = Vec::new();
    for (file, rule_file) in shown {
        let lint = |fault: &Fault| !is_test(fault) && fault.code != "layout";
        let name = file.clone();
        done.push(Checked {
            suite: "lint",
            file: file.clone(),
            faults: faults(file, &lint),
            name: name.clone(),
        });
        if format::has_layout(rule_file) {
            let layout = |fault: &Fault| fault.code == "layout";
            done.push(Checked { suite: "layout", file: file.clone(), faults: faults(file, &layout), name });
        }
    }
    let strange = check.faults.iter().map(|fault| &fault.file).filter(|file| !shown.contains_key(*file));
    for file in strange.collect::<std::collections::BTreeSet<_>>() {
        done.push(Checked {
            suite: "lint",
            file: file.clone(),
            faults: faults(file, &|_| true),
            name: file.clone(),
        });
    }
    for rule in rules {
        let Some(file) = loaded.files.get(&rule.id) else { continue };
        for test in &rule.tests {
            let own = |fault: &Fault| is_test(fault) && fault.line == test.line;
            let name = format!("{}: {}", rule.id, test.name);
            done.push(Checked { suite: "test", file: file.clone(), faults: faults(file, &own), name });
        }
        if !rule.exceptions.is_empty() {
            let exceptions = |fault: &Fault| fault.code == "test-undefended-exception";
            let name = format!("{}: every exception is needed", rule.id);
            done.push(Checked { suite: "test", file: file.clone(), faults: faults(file, &exceptions), name });
        }
    }
    done
}
