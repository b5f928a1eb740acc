//! `rules test --coverage`: which words, clauses and exceptions of a rule no test defends. A part is defended when a
//! test fails without it.

use serde::Serialize;

use super::parts::{Part, PartKind, Written, parts};
use super::removal::{Case, effects, occurrences, said};
use crate::rules::lists::List;
use crate::rules::model::{Rule, RuleSet};

/// How well the tests of one rule defend it.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// The rule's id.
    pub rule: String,
    /// Its file, where known.
    pub file: Option<String>,
    /// Words and regexes that stand in the rule itself.
    pub words: Share,
    /// Words of lists.
    pub list_words: Share,
    /// Clauses of the condition.
    pub clauses: Share,
    /// Exceptions, and what keeps a hit in spite of them.
    pub exceptions: Share,
    /// What no test defends; words of lists only counted.
    pub undefended: Vec<Part>,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Those that a test defends.
    pub defended: usize,
    /// All.
    pub of: usize,
}

impl Share {
    fn add(&mut self, defended: bool) {
        self.of += 1;
        self.defended += usize::from(defended);
    }

    /// Both together.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self { defended: self.defended + other.defended, of: self.of + other.of }
    }
}

/// Measures one rule by its own tests.
pub fn coverage(
    set: &RuleSet,
    rule: &Rule,
    written: &Written,
    lists: &[List],
    file: Option<&String>,
) -> Coverage {
    let parts = parts(rule, written, lists);
    let cases: Vec<Case<'_>> = rule
        .tests
        .iter()
        .map(|test| Case {
            listing: &test.listing,
            market: test.market.as_deref().or_else(|| rule.markets.first().map(String::as_str)),
            hits: &test.hits,
        })
        .collect();
    let before = said(set, rule, &cases);
    // A test that fails anyway defends nothing.
    let sound = rule.tests.iter().zip(&before).enumerate();
    let sound = sound.filter(|(_, (test, said))| test.flag == said.flagged && said.covered);
    let sound = sound.map(|(place, _)| place).collect();
    let places = occurrences(&[(rule, &parts)], &cases).pop().unwrap_or_default();
    let places: Vec<Vec<usize>> = places
        .into_iter()
        .map(|places| {
            places.into_iter().filter(|place| std::collections::BTreeSet::contains(&sound, place)).collect()
        })
        .collect();
    let effects = effects(set, rule, &parts, &places, &sound, &cases, &before);
    let mut coverage = Coverage {
        rule: rule.id.clone(),
        file: file.cloned(),
        words: Share::default(),
        list_words: Share::default(),
        clauses: Share::default(),
        exceptions: Share::default(),
        undefended: Vec::new(),
    };
    for (part, effect) in parts.into_iter().zip(effects) {
        let defended = !effect.is_none();
        let share = match part.kind {
            PartKind::Clause => &mut coverage.clauses,
            PartKind::Exception | PartKind::Unless => &mut coverage.exceptions,
            _ if part.list.is_some() => &mut coverage.list_words,
            _ => &mut coverage.words,
        };
        share.add(defended);
        if !defended && part.list.is_none() {
            coverage.undefended.push(part);
        }
    }
    coverage
}
