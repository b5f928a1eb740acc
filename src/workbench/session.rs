//! What `rules watch` remembers between two looks at a rules folder, so that only what changed is tried again.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use super::lint::lint;
use super::rule_test::{self, Report};
use crate::document::Diagnostic;
use crate::rules::folder::{Kind, RuleFile};
use crate::rules::load::{LoadOptions, Loaded};

/// The rules folder as it was last seen.
#[derive(Debug, Default)]
pub struct Session {
    files: BTreeMap<String, Vec<u8>>,
    /// Failures of the last run, by rule.
    failures: BTreeMap<String, Report>,
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
    /// Everything that is wrong anywhere.
    pub errors: usize,
    /// Sound rules.
    pub rules: usize,
}

impl Session {
    /// Looks at the folder's files; `None` when nothing changed. `wanted` says which rules are tried.
    pub fn look(
        &mut self,
        files: &[RuleFile],
        root: &str,
        today: Option<Date>,
        wanted: impl Fn(&str) -> bool,
    ) -> Option<Look> {
        let options = &LoadOptions { root: root.to_owned(), ..LoadOptions::default() };
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
        let loaded = lint(files, root, today);
        let tried = affected(&loaded, files, &changed, options);
        let mut set = loaded.set.clone();
        set.rules.retain(|rule| tried.contains(&rule.id) && wanted(&rule.id));
        let tried: Vec<String> = set.rules.iter().map(|rule| rule.id.clone()).collect();
        let report = rule_test::run(&set, &loaded.files);
        self.failures.retain(|id, _| loaded.set.rules.iter().any(|rule| rule.id == *id));
        for id in &tried {
            let failures = report.failures.iter().filter(|failure| failure.rule == *id).cloned().collect();
            self.failures.insert(id.clone(), Report { failures, ..Report::default() });
        }
        self.files = now;
        let changed: Vec<String> = changed.iter().map(|path| options.shown(path)).collect();
        let is_error = |one: &&Diagnostic| one.level == crate::document::Level::Error;
        let errors = loaded.diagnostics.iter().filter(is_error).count();
        let told = |one: &&Diagnostic| is_error(one) || !first && changed.contains(&one.file);
        Some(Look {
            diagnostics: loaded.diagnostics.iter().filter(told).cloned().collect(),
            changed,
            tried,
            report,
            failures: self.failures.values().map(|report| report.failures.len()).sum(),
            errors,
            rules: loaded.set.rules.len(),
        })
    }
}

/// The rules that a change can touch: their own file, a list that they use, or what all rules rest on.
fn affected(
    loaded: &Loaded,
    files: &[RuleFile],
    changed: &BTreeSet<String>,
    options: &LoadOptions,
) -> BTreeSet<String> {
    let kinds: Vec<Kind<'_>> =
        files.iter().filter(|file| changed.contains(&file.path)).map(RuleFile::kind).collect();
    let known: usize = kinds.len();
    // A file that is gone may have been anything.
    let all = known < changed.len() || kinds.iter().any(|kind| matches!(kind, Kind::Taxonomy | Kind::Rates));
    let mut ids = BTreeSet::new();
    let lists: Vec<String> = kinds
        .iter()
        .filter_map(|kind| match kind {
            Kind::List { name } => Some(format!("\"{name}\"")),
            _ => None,
        })
        .collect();
    let shown: BTreeSet<String> = changed.iter().map(|path| options.shown(path)).collect();
    for rule in &loaded.set.rules {
        let Some(file) = loaded.files.get(&rule.id) else { continue };
        let names_a_list = || {
            let own = files.iter().find(|one| options.shown(&one.path) == *file);
            let text = own.and_then(|own| own.text.as_ref().ok());
            let text = text.map(|text| String::from_utf8_lossy(text)).unwrap_or_default();
            lists.iter().any(|list| text.contains(list) || text.contains(&list.replace('"', "'")))
        };
        if all || shown.contains(file) || !lists.is_empty() && names_a_list() {
            ids.insert(rule.id.clone());
        }
    }
    ids
}
