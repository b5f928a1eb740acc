//! What `rules watch` remembers between two looks at a rules folder, so that only what a change can touch is tried again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::lint::lint;
use super::rule_test::{self, Failure, Report};
use crate::document::{Diagnostic, Level, code};
use crate::rules::folder::{Kind, RuleFile};
use crate::rules::load::LoadOptions;

/// The rules folder as it was last seen.
#[derive(Debug, Default)]
pub struct Session {
    files: BTreeMap<String, Vec<u8>>,
    /// What is wrong, by file as diagnostics show it.
    diagnostics: BTreeMap<String, Vec<Diagnostic>>,
    /// Failures, by rule.
    failures: BTreeMap<String, Vec<Failure>>,
    /// Sound rules.
    rules: BTreeSet<String>,
}

/// What a look shows.
#[derive(Debug)]
pub struct Look {
    /// Files that are new, different or gone, as diagnostics show them.
    pub changed: Vec<String>,
    /// Rules that were tried again.
    pub tried: Vec<String>,
    /// What is wrong with the changed files, and errors of others.
    pub diagnostics: Vec<Diagnostic>,
    /// Test results of the rules that were tried again.
    pub report: Report,
    /// Failures of all rules, those tried earlier too.
    pub failures: usize,
    /// Errors in all files.
    pub errors: usize,
    /// Sound rules.
    pub rules: usize,
}

impl Session {
    /// Looks at the folder's files; `None` when nothing changed. `root` stands before paths in diagnostics; `wanted` says
    /// which rules are tried.
    pub fn look(
        &mut self,
        files: &[RuleFile],
        root: &str,
        today: Option<Date>,
        wanted: impl Fn(&str) -> bool,
    ) -> Option<Look> {
        let options = LoadOptions { root: root.to_owned(), ..LoadOptions::default() };
        let now: BTreeMap<String, Vec<u8>> = files
            .iter()
            .map(|file| (file.path.clone(), file.text.as_ref().cloned().unwrap_or_default()))
            .collect();
        let paths: BTreeSet<&String> = now.keys().chain(self.files.keys()).collect();
        let changed: BTreeSet<String> =
            paths.into_iter().filter(|path| now.get(*path) != self.files.get(*path)).cloned().collect();
        if changed.is_empty() {
            return None;
        }
        let first = self.files.is_empty();
        // A file that is new or gone may be missed or doubled by any other; everything rests on taxonomy and rates.
        let same_files = now.keys().eq(self.files.keys());
        let affected = if same_files { affected(files, &changed) } else { None };
        let looked_at: Vec<RuleFile> = match &affected {
            None => files.to_vec(),
            Some(ids) => files.iter().filter(|file| rests_on(file, ids)).cloned().collect(),
        };
        let loaded = lint(&looked_at, root, today);
        let mut set = loaded.set.clone();
        set.rules.retain(|rule| affected.as_ref().is_none_or(|ids| ids.contains(&rule.id)));
        self.take_rules(affected.as_ref(), set.rules.iter().map(|rule| rule.id.clone()));
        let shown: BTreeSet<String> = changed.iter().map(|path| options.shown(path)).collect();
        self.take_diagnostics(&loaded.diagnostics, affected.is_none(), &looked_at, &options);
        set.rules.retain(|rule| wanted(&rule.id));
        let report = rule_test::run(&set, &loaded.files);
        for rule in &set.rules {
            let own = report.failures.iter().filter(|failure| failure.rule == rule.id).cloned().collect();
            self.failures.insert(rule.id.clone(), own);
        }
        self.files = now;
        let is_error = |one: &&Diagnostic| one.level == Level::Error;
        let all = || self.diagnostics.values().flatten();
        let told = |one: &&Diagnostic| is_error(one) || !first && shown.contains(&one.file);
        Some(Look {
            tried: set.rules.iter().map(|rule| rule.id.clone()).collect(),
            diagnostics: all().filter(told).cloned().collect(),
            errors: all().filter(is_error).count(),
            changed: shown.into_iter().collect(),
            report,
            failures: self.failures.values().map(Vec::len).sum(),
            rules: self.rules.len(),
        })
    }

    fn take_rules(&mut self, affected: Option<&BTreeSet<String>>, sound: impl Iterator<Item = String>) {
        match affected {
            None => self.rules.clear(),
            Some(ids) => self.rules.retain(|id| !ids.contains(id)),
        }
        self.rules.extend(sound);
        self.failures.retain(|id, _| self.rules.contains(id));
    }

    /// Puts what is wrong now in the place of what was wrong with the same files.
    fn take_diagnostics(
        &mut self,
        found: &[Diagnostic],
        whole: bool,
        looked_at: &[RuleFile],
        options: &LoadOptions,
    ) {
        if whole {
            self.diagnostics.clear();
        }
        // Beside the affected rules, the others look missing: whatever that says of lists and packs is left as it was.
        let is_rule = |file: &&RuleFile| matches!(file.kind(), Kind::Rule { .. } | Kind::List { .. });
        for file in looked_at.iter().filter(|file| whole || is_rule(file)) {
            let shown = options.shown(&file.path);
            let unused = self.diagnostics.remove(&shown).unwrap_or_default().into_iter();
            let unused = unused.filter(|one| !whole && one.code == code::UNUSED_LIST);
            let own = found.iter().filter(|one| one.file == shown);
            let own = own.filter(|one| whole || one.code != code::UNUSED_LIST).cloned();
            let all: Vec<Diagnostic> = own.chain(unused).collect();
            if !all.is_empty() {
                self.diagnostics.insert(shown, all);
            }
        }
        if whole {
            for one in
                found.iter().filter(|one| !looked_at.iter().any(|file| options.shown(&file.path) == one.file))
            {
                self.diagnostics.entry(one.file.clone()).or_default().push(one.clone());
            }
        }
    }
}

/// Whether a file is needed to look at the rules of `ids`.
fn rests_on(file: &RuleFile, ids: &BTreeSet<String>) -> bool {
    match file.kind() {
        Kind::Rule { id, .. } => ids.contains(id),
        _ => true,
    }
}

/// The rules that a change can touch: their own file, or a list that they name. `None` when it can touch all.
fn affected(files: &[RuleFile], changed: &BTreeSet<String>) -> Option<BTreeSet<String>> {
    let mut ids = BTreeSet::new();
    let mut lists = Vec::new();
    for file in files.iter().filter(|file| changed.contains(&file.path)) {
        match file.kind() {
            Kind::Rule { id, .. } => {
                ids.insert(id.to_owned());
            }
            Kind::List { name } => lists.push([format!("\"{name}\""), format!("'{name}'")]),
            _ => return None,
        }
    }
    for file in files.iter().filter(|_| !lists.is_empty()) {
        let (Kind::Rule { id, .. }, Ok(text)) = (file.kind(), &file.text) else { continue };
        let text = String::from_utf8_lossy(text);
        if lists.iter().flatten().any(|name| text.contains(name.as_str())) {
            ids.insert(id.to_owned());
        }
    }
    Some(ids)
}
