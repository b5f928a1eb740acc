//! `rules lint --fix`: edits that mend what a lint found, and change nothing that a rule finds.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::inclusion::{FoldedPattern, Inclusion};
use super::lint::lint;
use crate::document::Edit;
use crate::rules::condition;
use crate::rules::folder::RuleFile;
use crate::rules::load::{LoadOptions, Loaded, Packs, load};
use crate::rules::model::{Pattern, Rule};

/// Edits that touch each other wait for the next round; more rounds than a line has slips are never needed.
const MAX_ROUNDS: usize = 20;

/// A file that was mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mended {
    /// Below the rules folder.
    pub path: String,
    /// Its new text.
    pub text: String,
    /// How many problems are gone.
    pub problems: usize,
}

/// Mends the files for which `is_wanted` says so, given their paths. The files themselves are changed in `files`; a file
/// whose rules would then find something else, which is a mistake in a lint, is left as it was.
pub fn fix(
    files: &mut [RuleFile],
    root: &str,
    today: Option<Date>,
    is_wanted: impl Fn(&str) -> bool,
) -> Vec<Mended> {
    let before = files.to_vec();
    let mut problems: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..MAX_ROUNDS {
        let mut edits = edits_by_file(&lint(files, root, today));
        let shown = LoadOptions { root: root.to_owned(), ..LoadOptions::default() };
        let mut changed = false;
        for file in files.iter_mut().filter(|file| is_wanted(&file.path)) {
            let Some((mended, edits)) = edits.remove(&shown.shown(&file.path)) else { continue };
            let Some(text) = file.text.as_ref().ok().and_then(|text| edited(text, edits)) else { continue };
            file.text = Ok(text.into_bytes());
            *problems.entry(file.path.clone()).or_default() += mended;
            changed = true;
        }
        if !changed {
            break;
        }
    }
    take_back_changes_of_meaning(&before, files);
    files
        .iter()
        .zip(&before)
        .filter(|(after, before)| after.text != before.text)
        .filter_map(|(after, _)| {
            let text = String::from_utf8(after.text.clone().ok()?).ok()?;
            let problems = problems.get(&after.path).copied().unwrap_or_default();
            Some(Mended { path: after.path.clone(), text, problems })
        })
        .collect()
}

/// For each file, how many problems are mended at once, and the edits, which do not touch each other.
fn edits_by_file(loaded: &Loaded) -> BTreeMap<String, (usize, Vec<Edit>)> {
    let mut by_file: BTreeMap<String, (usize, Vec<Edit>)> = BTreeMap::new();
    for diagnostic in loaded.diagnostics.iter().filter(|diagnostic| !diagnostic.fix.is_empty()) {
        let (problems, edits) = by_file.entry(diagnostic.file.clone()).or_default();
        let touches =
            |one: &Edit, other: &Edit| one.span.start <= other.span.end && other.span.start <= one.span.end;
        if !diagnostic.fix.iter().any(|new| edits.iter().any(|known| touches(new, known))) {
            edits.extend(diagnostic.fix.iter().cloned());
            *problems += 1;
        }
    }
    by_file
}

fn edited(text: &[u8], mut edits: Vec<Edit>) -> Option<String> {
    let mut text = std::str::from_utf8(text).ok()?.to_owned();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.span.start));
    for edit in edits {
        text.get(edit.span.clone())?;
        text.replace_range(edit.span, &edit.text);
    }
    Some(text)
}

fn take_back_changes_of_meaning(before: &[RuleFile], files: &mut [RuleFile]) {
    let options = LoadOptions { packs: Packs::All, include_drafts: true, ..LoadOptions::default() };
    let rules = load(before, &options).set.rules;
    let mended: BTreeMap<String, Rule> =
        load(files, &options).set.rules.into_iter().map(|rule| (rule.id.clone(), rule)).collect();
    let is_same =
        rules.iter().all(|rule| mended.get(&rule.id).is_some_and(|mended| means_the_same(rule, mended)));
    if !is_same {
        files.clone_from_slice(before);
    }
}

fn means_the_same(one: &Rule, other: &Rule) -> bool {
    let names = |rule: &Rule| rule.patterns.iter().map(|pattern| pattern.name.clone()).collect::<Vec<_>>();
    let when = |rule: &Rule| {
        let names = names(rule);
        condition::shown(&rule.when, &names.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let all = |rule: &Rule| -> Vec<Pattern> {
        let exceptions = rule.exceptions.iter().map(|exception| exception.pattern.clone());
        rule.patterns.iter().cloned().chain(exceptions).collect()
    };
    let (ones, others) = (all(one), all(other));
    names(one) == names(other)
        && when(one) == when(other)
        && ones.len() == others.len()
        && ones.iter().zip(&others).all(|(one, other)| {
            let (one, other) = (FoldedPattern::new(one), FoldedPattern::new(other));
            Inclusion::new(&[&one, &other]).of(0).count() == 2
        })
}
