//! Lints: what is sound in a rules folder, but hardly what its author meant.

mod neighbours;
mod rule;
mod terms;

use std::collections::{BTreeSet, HashSet};

use jiff::civil::Date;

use self::rule::{Linted, ListWords, Surroundings};
use self::terms::Place;
use super::inclusion::{FoldedPattern, folded};
use crate::document::{self, Diagnostic, Document, Problem, code};
use crate::rules::folder::{Kind, LOCK_FILE, RuleFile};
use crate::rules::keys;
use crate::rules::load::{LoadOptions, Loaded, Packs, Typed, load};
use crate::rules::model::{Condition, Exception, Fold};
use crate::rules::parser;
use crate::rules::written::{Allow, WrittenPattern, WrittenRule};

/// After as many days a provision should be looked at again: EU acts are amended about once in two years.
const STALE_AFTER_DAYS: i32 = 730;

/// Everything wrong with a rules folder: what [`load`] finds, over all packs and drafts, and what is worth a warning.
/// `root` stands before paths in diagnostics. Without `today`, lints that compare dates are silent.
pub fn lint(files: &[RuleFile], root: &str, today: Option<Date>) -> Loaded {
    let options =
        LoadOptions { root: root.to_owned(), packs: Packs::All, include_drafts: true, keep_typed: true };
    let mut loaded = load(files, &options);
    let typed = std::mem::take(&mut loaded.typed);
    let mut found = lint_rules(&loaded, &typed, files, &options, today);
    found.extend(lint_lists(&typed, files, &options));
    found.extend(lint_folder(&loaded, &typed, files, &options, today));
    loaded.diagnostics.extend(found);
    loaded.diagnostics.sort_by(|a, b| place(a).cmp(&place(b)));
    loaded
}

fn place(diagnostic: &Diagnostic) -> (&str, usize, usize) {
    (&diagnostic.file, diagnostic.line, diagnostic.column)
}

fn lint_rules(
    loaded: &Loaded,
    typed: &Typed,
    files: &[RuleFile],
    options: &LoadOptions,
    today: Option<Date>,
) -> Vec<Diagnostic> {
    let words = |words: &[String]| words.iter().map(|word| folded(word)).collect();
    let lists = loaded
        .lists
        .iter()
        .map(|list| (list.name.as_str(), ListWords { terms: words(&list.terms), stems: words(&list.stems) }));
    let surroundings = Surroundings {
        taxonomy: &loaded.set.taxonomy,
        today,
        has_rates: !loaded.set.rates.date.is_empty(),
        lists: lists.collect(),
    };
    let patterns: Vec<Vec<FoldedPattern<'_>>> = typed
        .rules
        .iter()
        .map(|typed| {
            let exceptions = typed.rule.exceptions.iter().map(|exception| &exception.pattern);
            typed.rule.patterns.iter().chain(exceptions).map(FoldedPattern::new).collect()
        })
        .collect();
    let mut implied = neighbours::lint(&typed.rules, &patterns);
    let mut diagnostics = Vec::new();
    for (place, (typed, folded)) in typed.rules.iter().zip(&patterns).enumerate() {
        diagnostics.extend(examine(files, &typed.path, options, |document| {
            let mut found = rule::lint(document, &Linted { typed, folded }, &surroundings);
            found.extend(implied.remove(&place));
            report(document, found, &typed.written.allow);
        }));
    }
    diagnostics
}

fn lint_lists(typed: &Typed, files: &[RuleFile], options: &LoadOptions) -> Vec<Diagnostic> {
    let uses = ListUses::new(typed, files, options);
    let mut diagnostics = Vec::new();
    for (path, list) in &typed.lists {
        let name = path.trim_start_matches("lists/").trim_end_matches(".toml");
        diagnostics.extend(examine(files, path, options, |document| {
            let place = Place { listed: None, ..uses.place(name) };
            let mut found = terms::lint(document, &list.terms, place);
            found.extend(terms::lint(document, &list.stems, place));
            if !uses.is_used(name) {
                let problem = Problem::warning(code::UNUSED_LIST, 0..0, "no rule uses this list")
                    .help("name it in a pattern, or remove the file; sources may still search for its words");
                found.push(problem);
            }
            report(document, found, &list.allow);
        }));
    }
    diagnostics
}

/// What no one rule or list shows.
fn lint_folder(
    loaded: &Loaded,
    typed: &Typed,
    files: &[RuleFile],
    options: &LoadOptions,
    today: Option<Date>,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    for file in files.iter().filter(|file| file.kind() == Kind::Stray) {
        let problem = Problem::warning(code::STRAY_FILE, 0..0, "nothing reads this file").help(
            "rules stand in packs/PACK/ID.toml, lists in lists/NAME.toml, and beside them taxonomy.toml and rates.toml",
        );
        diagnostics.push(problem.without_text(&options.shown(&file.path)));
    }
    diagnostics.extend(examine(files, "taxonomy.toml", options, |document| {
        for checked in &typed.checked {
            let days =
                today.and_then(|today| checked.value.until(today).ok()).map_or(0, |span| span.get_days());
            if days > STALE_AFTER_DAYS {
                let message = format!("nobody has checked this provision for {days} days");
                let problem = Problem::warning(code::STALE_LEGAL_CHECK, checked.span.clone(), message)
                    .help("look it up at its address, then write today's date");
                document.report(problem);
            }
        }
    }));
    diagnostics.extend(examine(files, LOCK_FILE, options, |document| {
        for name in typed.measured.iter().filter(|name| !loaded.files.contains_key(&name.value)) {
            let problem =
                Problem::warning(code::UNUSED_MEASUREMENT, name.span.clone(), "there is no such rule")
                    .help("the rule was renamed or removed; `caveat rules promote` writes the file anew");
            document.report(problem);
        }
    }));
    diagnostics
}

/// Reports what the author does not allow, and allowances that nothing called for.
fn report(document: &Document<'_>, found: Vec<Problem>, allow: &[Allow]) {
    for allowed in allow.iter().filter(|one| !found.iter().any(|problem| problem.code == one.lint.value)) {
        let span = allowed.lint.span.clone();
        let problem = Problem::warning(code::UNUSED_ALLOW, span, "this lint finds nothing here")
            .help("remove the entry from `allow`");
        document.report(problem.fix(allowed.item.iter().flat_map(|item| document.without_item(item))));
    }
    for problem in found {
        if !allow.iter().any(|allowed| allowed.lint.value == problem.code) {
            document.report(problem);
        }
    }
}

fn examine(
    files: &[RuleFile],
    path: &str,
    options: &LoadOptions,
    look: impl FnOnce(&Document<'_>),
) -> Vec<Diagnostic> {
    // Files are ordered by path where they come from a folder, and few where they do not.
    let sorted =
        files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().and_then(|at| files.get(at));
    match sorted.or_else(|| files.iter().find(|file| file.path == path)).map(|file| &file.text) {
        Some(Ok(text)) => document::examine(&options.shown(path), text, look),
        _ => Vec::new(),
    }
}

/// When an exception lets a hit off: it occurs (as the pattern of that number), and nothing of its `unless` does.
fn applies(number: usize, exception: &Exception, shift: usize) -> Condition {
    let none =
        exception.unless.iter().map(|place| Condition::Not(Box::new(Condition::Pattern(place + shift))));
    Condition::And(std::iter::once(Condition::Pattern(number)).chain(none).collect())
}

/// How patterns fold the lists that they use.
#[derive(Debug, Default)]
struct ListUses {
    exact: BTreeSet<String>,
    folded: BTreeSet<String>,
}

impl ListUses {
    fn new(typed: &Typed, files: &[RuleFile], options: &LoadOptions) -> Self {
        let mut uses = Self::default();
        let sound: HashSet<&str> = typed.rules.iter().map(|rule| rule.path.as_str()).collect();
        for typed in &typed.rules {
            uses.note_rule(&typed.written);
        }
        // A rule that is broken today uses its lists all the same.
        for file in files.iter().filter(|file| !sound.contains(file.path.as_str())) {
            if let (Kind::Rule { id, .. }, Ok(text)) = (file.kind(), &file.text) {
                document::read(&options.shown(&file.path), text, &keys::RULE, |table| {
                    uses.note_rule(&parser::read_rule(&table, id));
                });
            }
        }
        uses
    }

    fn note_rule(&mut self, written: &WrittenRule) {
        let exceptions = written.exceptions.iter().map(|exception| &exception.pattern);
        written.patterns.iter().chain(exceptions).for_each(|pattern| self.note(pattern));
    }

    fn note(&mut self, pattern: &WrittenPattern) {
        let uses = if pattern.fold == Fold::Exact { &mut self.exact } else { &mut self.folded };
        uses.extend(pattern.lists.iter().map(|list| list.value.clone()));
    }

    fn is_used(&self, list: &str) -> bool {
        self.folded.contains(list) || self.exact.contains(list)
    }

    /// A list that nobody uses yet will most likely be folded.
    fn place(&self, list: &str) -> Place<'static> {
        let is_exact = self.exact.contains(list);
        Place { is_folded: self.folded.contains(list) || !is_exact, is_exact, listed: None }
    }
}
