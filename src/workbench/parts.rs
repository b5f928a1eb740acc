//! The parts of a rule that could be taken away: words, regexes, clauses, exceptions and what keeps a hit in spite of
//! one; and the rule without each.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::document;
use crate::rules::condition;
use crate::rules::folder::{Kind, RuleFile};
use crate::rules::keys;
use crate::rules::lists::List;
use crate::rules::model::{Condition, Pattern, Rule};
use crate::rules::parser;
use crate::rules::written::WrittenPattern;

/// One part of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// The pattern or exception that it belongs to; empty for clauses.
    pub pattern: String,
    /// As the author wrote it.
    pub text: String,
    /// The list that it stands in, if it does not stand in the rule itself.
    pub list: Option<String>,
    /// The 1-based line of the rule's file, where known.
    pub line: Option<usize>,
    #[serde(skip)]
    place: Place,
}

/// Kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// A word or phrase.
    Term,
    /// The beginning of a word.
    Stem,
    /// A regular expression.
    Regex,
    /// A part of the condition.
    Clause,
    /// An exception.
    Exception,
    /// A pattern that keeps the hit in spite of an exception.
    Unless,
}

impl PartKind {
    /// Whether a text of a listing can show the part: a term, stem or regex.
    pub fn is_word(self) -> bool {
        matches!(self, Self::Term | Self::Stem | Self::Regex)
    }
}

/// Where a part stands in [`Rule`].
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A word of a pattern; exceptions' patterns are counted after the rule's own.
    Word {
        pattern: usize,
    },
    /// The way down the condition.
    Clause(Vec<usize>),
    Exception(usize),
    Unless(usize, usize),
}

/// What stands where in the rule files.
#[derive(Debug, Default)]
pub struct Written {
    /// Rule, pattern and text → line.
    lines: HashMap<(String, String, String), usize>,
}

impl Written {
    /// Reads the rule files once more, for the places.
    pub fn new(files: &[RuleFile]) -> Self {
        let mut written = Self::default();
        for file in files {
            let (Kind::Rule { id, .. }, Ok(text)) = (file.kind(), &file.text) else { continue };
            let _ = document::read(&file.path, text, &keys::RULE, |table| {
                let document = table.document();
                let rule = parser::read_rule(&table, id);
                let exceptions = rule.exceptions.iter().map(|one| &one.pattern);
                for pattern in rule.patterns.iter().chain(exceptions) {
                    let WrittenPattern { terms, stems, regexes, .. } = pattern;
                    let name = &pattern.name.value;
                    written.note(id, name, "", document.line(pattern.name.span.start));
                    for word in terms.iter().chain(stems).chain(regexes) {
                        written.note(id, name, &word.value, document.line(word.span.start));
                    }
                }
                written.note(id, "", "", document.line(rule.when.span.start));
            });
        }
        written
    }

    fn note(&mut self, rule: &str, pattern: &str, text: &str, line: usize) {
        let key = (rule.to_owned(), pattern.to_owned(), text.to_owned());
        self.lines.entry(key).or_insert(line);
    }

    fn line(&self, rule: &str, pattern: &str, text: &str) -> Option<usize> {
        self.lines.get(&(rule.to_owned(), pattern.to_owned(), text.to_owned())).copied()
    }
}

/// Every part of `rule` that can be taken away. `lists` tell which words are not the rule's own.
pub fn parts(rule: &Rule, written: &Written, lists: &[List]) -> Vec<Part> {
    let mut parts = Vec::new();
    for (number, pattern) in patterns(rule).enumerate() {
        let words = [
            (PartKind::Term, &pattern.terms),
            (PartKind::Stem, &pattern.stems),
            (PartKind::Regex, &pattern.regexes),
        ];
        for (kind, texts) in words {
            for text in texts {
                let line = written.line(&rule.id, &pattern.name, text);
                // A word that the file does not have comes from a list.
                let list =
                    if line.is_none() && kind != PartKind::Regex { list_of(lists, kind, text) } else { None };
                let place = Place::Word { pattern: number };
                parts.push(Part {
                    kind,
                    pattern: pattern.name.clone(),
                    text: text.clone(),
                    list,
                    line,
                    place,
                });
            }
        }
    }
    let names: Vec<&str> = rule.patterns.iter().map(|pattern| pattern.name.as_str()).collect();
    let line = written.line(&rule.id, "", "");
    let mut ways = Vec::new();
    clauses(&rule.when, &mut Vec::new(), &mut ways);
    for (way, clause) in ways {
        let text = condition::shown(&clause, &names);
        let place = Place::Clause(way);
        parts.push(Part { kind: PartKind::Clause, pattern: String::new(), text, list: None, line, place });
    }
    for (number, exception) in rule.exceptions.iter().enumerate() {
        let pattern = &exception.pattern.name;
        let line = written.line(&rule.id, pattern, "");
        let part = |kind, text: &str, place| Part {
            kind,
            pattern: pattern.clone(),
            text: text.to_owned(),
            list: None,
            line,
            place,
        };
        parts.push(part(PartKind::Exception, pattern, Place::Exception(number)));
        for (at, kept) in exception.unless.iter().enumerate() {
            let name = names.get(*kept).copied().unwrap_or_default();
            parts.push(part(PartKind::Unless, name, Place::Unless(number, at)));
        }
    }
    parts
}

fn list_of(lists: &[List], kind: PartKind, text: &str) -> Option<String> {
    let holds = |list: &&List| {
        let words = if kind == PartKind::Stem { &list.stems } else { &list.terms };
        words.iter().any(|word| word == text)
    };
    lists.iter().find(holds).map(|list| list.name.clone())
}

fn patterns(rule: &Rule) -> impl Iterator<Item = &Pattern> {
    rule.patterns.iter().chain(rule.exceptions.iter().map(|exception| &exception.pattern))
}

/// The rule with only those of its words that `keep` names by their place in `parts`. Where the others do not occur, it
/// says the same, and is compiled a hundred times faster.
pub(super) fn with_words(rule: &Rule, parts: &[Part], keep: impl Fn(usize) -> bool) -> Rule {
    let kept: HashSet<(usize, PartKind, &str)> = parts
        .iter()
        .enumerate()
        .filter(|(place, _)| keep(*place))
        .filter_map(|(_, part)| match part.place {
            Place::Word { pattern } => Some((pattern, part.kind, part.text.as_str())),
            _ => None,
        })
        .collect();
    let mut rule = rule.clone();
    let own = rule.patterns.iter_mut();
    let all = own.chain(rule.exceptions.iter_mut().map(|exception| &mut exception.pattern));
    for (number, pattern) in all.enumerate() {
        pattern.terms.retain(|word| kept.contains(&(number, PartKind::Term, word.as_str())));
        pattern.stems.retain(|word| kept.contains(&(number, PartKind::Stem, word.as_str())));
        pattern.regexes.retain(|word| kept.contains(&(number, PartKind::Regex, word.as_str())));
        if pattern.regexes.is_empty() {
            pattern.number = None;
        }
    }
    rule
}

fn pattern_mut(rule: &mut Rule, number: usize) -> Option<&mut Pattern> {
    let own = rule.patterns.len();
    if number < own {
        rule.patterns.get_mut(number)
    } else {
        rule.exceptions.get_mut(number - own).map(|exception| &mut exception.pattern)
    }
}

/// Every clause that can be taken out of its `and`, `or` or set, with the way to it.
fn clauses(part: &Condition, way: &mut Vec<usize>, found: &mut Vec<(Vec<usize>, Condition)>) {
    let mut below = |place: usize, inner: &Condition, removable: bool| {
        way.push(place);
        if removable {
            found.push((way.clone(), inner.clone()));
        }
        clauses(inner, way, found);
        way.pop();
    };
    match part {
        Condition::And(parts) | Condition::Or(parts) => {
            for (place, inner) in parts.iter().enumerate() {
                below(place, inner, parts.len() > 1);
            }
        }
        Condition::Not(inner) => below(0, inner, false),
        Condition::AtLeast { of, .. } if of.len() > 1 => {
            for (place, pattern) in of.iter().enumerate() {
                below(place, &Condition::Pattern(*pattern), true);
            }
        }
        _ => {}
    }
}

impl Part {
    /// The rule without the part.
    pub fn without(&self, rule: &Rule) -> Rule {
        let mut rule = rule.clone();
        match &self.place {
            Place::Word { pattern } => {
                if let Some(pattern) = pattern_mut(&mut rule, *pattern) {
                    let words = match self.kind {
                        PartKind::Stem => &mut pattern.stems,
                        PartKind::Regex => &mut pattern.regexes,
                        _ => &mut pattern.terms,
                    };
                    words.retain(|word| *word != self.text);
                    if pattern.regexes.is_empty() {
                        pattern.number = None;
                    }
                }
            }
            Place::Clause(way) => remove(&mut rule.when, way),
            Place::Exception(number) => {
                rule.exceptions.remove(*number);
            }
            Place::Unless(number, at) => {
                if let Some(exception) = rule.exceptions.get_mut(*number) {
                    exception.unless.remove(*at);
                }
            }
        }
        rule
    }

    /// The word as a pattern of its own, which occurs where the word does; `None` for parts that are no words.
    pub(super) fn alone(&self, rule: &Rule) -> Option<Pattern> {
        let Place::Word { pattern } = self.place else { return None };
        let mut pattern = patterns(rule).nth(pattern)?.clone();
        pattern.terms.clear();
        pattern.stems.clear();
        pattern.regexes.clear();
        match self.kind {
            PartKind::Stem => pattern.stems.push(self.text.clone()),
            PartKind::Regex => pattern.regexes.push(self.text.clone()),
            _ => pattern.terms.push(self.text.clone()),
        }
        Some(pattern)
    }
}

fn remove(part: &mut Condition, way: &[usize]) {
    let Some((place, rest)) = way.split_first() else { return };
    match part {
        Condition::And(parts) | Condition::Or(parts) => {
            if !rest.is_empty() {
                if let Some(inner) = parts.get_mut(*place) {
                    remove(inner, rest);
                }
                return;
            }
            if *place < parts.len() {
                parts.remove(*place);
            }
            if parts.len() == 1
                && let Some(only) = parts.pop()
            {
                *part = only;
            }
        }
        Condition::Not(inner) => remove(inner, rest),
        Condition::AtLeast { n, of } => {
            if *place < of.len() {
                of.remove(*place);
            }
            *n = (*n).min(of.len());
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::condition::{Names, parse};

    #[test]
    fn every_clause_can_be_taken_out() {
        let names = ["a", "b", "c"];
        let read = |text: &str| parse(text, Names { patterns: &names, exceptions: &[] }).unwrap().condition;
        let cases = [
            ("a", vec![]),
            ("a and b", vec!["b", "a"]),
            ("a and (b or not c)", vec!["b or not c", "a", "a and not c", "a and b"]),
            ("2 of (a, b, c)", vec!["all of (b, c)", "all of (a, c)", "all of (a, b)"]),
            ("not (a and b)", vec!["not b", "not a"]),
        ];
        for (text, expected) in cases {
            let whole = read(text);
            let mut ways = Vec::new();
            clauses(&whole, &mut Vec::new(), &mut ways);
            let left: Vec<String> = ways
                .iter()
                .map(|(way, _)| {
                    let mut rest = whole.clone();
                    remove(&mut rest, way);
                    condition::shown(&rest, &names)
                })
                .collect();
            assert_eq!(left, expected, "{text}");
        }
    }
}
