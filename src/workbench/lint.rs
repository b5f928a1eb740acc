//! Lints that need folding, beside those that the rules room finds by itself.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::document::{self, Diagnostic, Document, Located, Problem, code};
use crate::normalise::fold_term;
use crate::rules::folder::{Kind, RuleFile};
use crate::rules::lists::{self, List};
use crate::rules::load::{LoadOptions, Loaded, Packs, load};
use crate::rules::model::Fold;
use crate::rules::parser;
use crate::rules::written::{Allow, WrittenPattern};

/// Everything wrong with a rules folder: what [`load`] finds with lints, over all packs and drafts, and what only
/// folding shows.
pub fn lint(files: &[RuleFile], options: &LoadOptions) -> Loaded {
    let options = LoadOptions { packs: Packs::All, include_drafts: true, lint: true, ..options.clone() };
    let mut loaded = load(files, &options);
    let lists: BTreeMap<&str, &List> = loaded.lists.iter().map(|list| (list.name.as_str(), list)).collect();
    let mut uses = ListUses::default();
    let mut found = Vec::new();
    for file in files {
        if let (Kind::Rule { id, .. }, Ok(text)) = (file.kind(), &file.text) {
            let (_, diagnostics) = document::read(&options.shown(&file.path), text, |table| {
                let document = table.document();
                let rule = parser::read_rule(table, id);
                for pattern in rule.patterns.iter().chain(rule.exceptions.iter().map(|one| &one.pattern)) {
                    uses.note(pattern);
                    report(document, lint_pattern(pattern, &lists), &rule.allow);
                }
            });
            found.extend(diagnostics);
        }
    }
    for file in files {
        if let (Kind::List { name }, Ok(text)) = (file.kind(), &file.text)
            && uses.is_folded(name)
        {
            let (_, diagnostics) = document::read(&options.shown(&file.path), text, |table| {
                let document = table.document();
                let list = lists::read_list(table);
                report(document, lint_words(&list.terms, &HashSet::new()), &list.allow);
                report(document, lint_words(&list.stems, &HashSet::new()), &list.allow);
            });
            found.extend(diagnostics);
        }
    }
    // What else is wrong with the files, `load` has reported.
    found.retain(|one| [code::SAME_AFTER_FOLDING, code::LOST_IN_FOLDING].contains(&one.code));
    loaded.diagnostics.extend(found);
    loaded.diagnostics.sort_by(|a, b| place(a).cmp(&place(b)));
    loaded
}

/// How patterns fold the lists that they use.
#[derive(Debug, Default)]
struct ListUses {
    exact: HashSet<String>,
    folded: HashSet<String>,
}

impl ListUses {
    fn note(&mut self, pattern: &WrittenPattern) {
        let uses = if pattern.fold == Fold::Exact { &mut self.exact } else { &mut self.folded };
        uses.extend(pattern.lists.iter().map(|list| list.value.clone()));
    }

    /// Whether somebody folds the list; one that nobody uses yet will most likely be.
    fn is_folded(&self, list: &str) -> bool {
        self.folded.contains(list) || !self.exact.contains(list)
    }
}

fn place(diagnostic: &Diagnostic) -> (&str, usize, usize) {
    (&diagnostic.file, diagnostic.line, diagnostic.column)
}

fn report(document: &Document<'_>, found: Vec<Problem>, allow: &[Allow]) {
    for problem in found {
        if !allow.iter().any(|allowed| allowed.lint.value == problem.code) {
            document.report(problem);
        }
    }
}

fn lint_pattern(pattern: &WrittenPattern, lists: &BTreeMap<&str, &List>) -> Vec<Problem> {
    if pattern.fold == Fold::Exact {
        return Vec::new();
    }
    let used = || pattern.lists.iter().filter_map(|name| lists.get(name.value.as_str()));
    let listed = |words: fn(&List) -> &[String]| -> HashSet<String> {
        used().flat_map(|list| words(list)).map(|word| folded(word)).collect()
    };
    let mut found = lint_words(&pattern.terms, &listed(|list| &list.terms));
    found.extend(lint_words(&pattern.stems, &listed(|list| &list.stems)));
    found
}

/// Words that folding makes equal to an earlier one or to one of a list, and words of which it leaves nothing.
fn lint_words(words: &[Located<String>], listed: &HashSet<String>) -> Vec<Problem> {
    let mut first_with: HashMap<String, &str> = HashMap::with_capacity(words.len());
    let mut found = Vec::new();
    for word in words.iter().filter(|word| !word.value.trim().is_empty()) {
        let key = folded(&word.value);
        if key.is_empty() {
            let problem =
                Problem::warning(code::LOST_IN_FOLDING, word.span.clone(), "folding leaves nothing of this")
                    .help("write `fold = \"exact\"` to look for it as typed");
            found.push(problem);
            continue;
        }
        // Words that are equal as typed are another lint's.
        let message = match first_with.get(key.as_str()) {
            Some(first) if *first != word.value => format!("folding makes this equal to {first:?}"),
            None if listed.contains(&key) => "the pattern's list holds this already".to_owned(),
            _ => {
                first_with.entry(key).or_insert(&word.value);
                continue;
            }
        };
        let problem = Problem::warning(code::SAME_AFTER_FOLDING, word.span.clone(), message)
            .help("remove one; or write `fold = \"exact\"` if the difference matters");
        found.push(problem);
    }
    found
}

/// A word as matching compares it: folded, with one space for every run of separators.
fn folded(word: &str) -> String {
    let folded = fold_term(word);
    folded.split([' ', '-', '_']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}
