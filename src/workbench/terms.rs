//! `rules terms`: every word that rules look for, how it is compared, who uses it, and where it occurs in a corpus.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::corpus::Entry;
use super::parallel;
use super::parts::{PartKind, Written, parts};
use super::probe::{Probe, field_name};
use crate::finding::Ruling;
use crate::matcher::Scratch;
use crate::normalise::disguise::DisguisedTerm;
use crate::normalise::fold_term;
use crate::rules::lists::List;
use crate::rules::model::{Bound, Fold, Pattern, Rule};

/// Forms in which a stem is shown to occur.
const MAX_FORMS: usize = 12;

/// A word as one kind of pattern looks for it.
#[derive(Debug, Clone, Serialize)]
pub struct Term {
    /// As the author wrote it.
    pub text: String,
    /// Term, stem or regex.
    pub kind: PartKind,
    /// The list that it stands in.
    pub list: Option<String>,
    /// As texts are compared with it; of a regex, the regex.
    pub folded: String,
    /// What disguised words are reduced to before they are compared; only under `fold = "evasive"`.
    pub disguised: Option<String>,
    /// `exact`, `standard` or `evasive`.
    pub fold: &'static str,
    /// `word`, `start`, `none` or `auto`.
    pub bound: &'static str,
    /// Where it is looked for.
    pub fields: Vec<&'static str>,
    /// `rule.pattern` of everyone who uses it so.
    pub users: Vec<String>,
    /// Listings of the corpus in which it occurs: those labelled `flag`.
    pub flagged: usize,
    /// Those labelled `pass`.
    pub passed: usize,
    /// The forms in which it occurs there, the most frequent first.
    pub forms: Vec<String>,
}

/// What makes two words one: text, kind, fold, bound, fields.
type Key = (String, PartKind, &'static str, &'static str, Vec<&'static str>);

/// Every word of `rules`, by text. Words that stand alike in several patterns are one.
pub fn terms(rules: &[&Rule], written: &Written, lists: &[List], entries: &[Entry]) -> Vec<Term> {
    let mut found: BTreeMap<Key, (Term, Pattern)> = BTreeMap::new();
    for rule in rules {
        for part in parts(rule, written, lists) {
            let Some(pattern) = part.alone(rule) else { continue };
            let (fold, bound) = (fold_name(pattern.fold), bound_name(pattern.bound));
            let fields: Vec<&'static str> = pattern.fields.iter().map(|field| field_name(*field)).collect();
            let user = format!("{}.{}", rule.id, part.pattern);
            let key = (part.text.clone(), part.kind, fold, bound, fields.clone());
            let (term, _) = found.entry(key).or_insert_with(|| {
                let folded = folded(&part.text, part.kind, pattern.fold);
                let disguised = (pattern.fold == Fold::Evasive && part.kind != PartKind::Regex)
                    .then(|| DisguisedTerm::new(&folded).map(|term| term.key()))
                    .flatten();
                let term = Term {
                    text: part.text.clone(),
                    kind: part.kind,
                    list: part.list.clone(),
                    folded,
                    disguised,
                    fold,
                    bound,
                    fields,
                    users: Vec::new(),
                    flagged: 0,
                    passed: 0,
                    forms: Vec::new(),
                };
                (term, pattern)
            });
            if !term.users.contains(&user) {
                term.users.push(user);
            }
        }
    }
    let (mut terms, patterns): (Vec<Term>, Vec<Pattern>) = found.into_values().unzip();
    count(&mut terms, patterns, entries);
    terms
}

fn count(terms: &mut [Term], patterns: Vec<Pattern>, entries: &[Entry]) {
    if entries.is_empty() {
        return;
    }
    let probe = Probe::new(patterns);
    let found = parallel::map_with(entries, Scratch::default, |scratch, entry| {
        let seen = probe.seen(&entry.listing, scratch).into_iter();
        seen.map(|(place, matches)| {
            let forms: BTreeSet<String> = matches.iter().map(|one| fold_term(&one.text)).collect();
            (place, forms)
        })
        .collect::<Vec<_>>()
    });
    let mut forms: BTreeMap<usize, BTreeMap<String, usize>> = BTreeMap::new();
    for (entry, seen) in entries.iter().zip(found) {
        for (place, texts) in seen {
            if let Some(term) = terms.get_mut(place) {
                let count = if entry.label == Ruling::Flag { &mut term.flagged } else { &mut term.passed };
                *count += 1;
            }
            for text in texts {
                *forms.entry(place).or_default().entry(text).or_default() += 1;
            }
        }
    }
    for (place, forms) in forms {
        let mut forms: Vec<(String, usize)> = forms.into_iter().collect();
        forms.sort_by_key(|form| std::cmp::Reverse(form.1));
        if let Some(term) = terms.get_mut(place) {
            term.forms = forms.into_iter().take(MAX_FORMS).map(|form| form.0).collect();
        }
    }
}

fn folded(text: &str, kind: PartKind, fold: Fold) -> String {
    if kind == PartKind::Regex || fold == Fold::Exact { text.to_owned() } else { fold_term(text) }
}

fn fold_name(fold: Fold) -> &'static str {
    match fold {
        Fold::Exact => "exact",
        Fold::Standard => "standard",
        Fold::Evasive => "evasive",
    }
}

fn bound_name(bound: Bound) -> &'static str {
    match bound {
        Bound::Word => "word",
        Bound::Start => "start",
        Bound::None => "none",
        Bound::Auto => "auto",
    }
}
