//! Matching: a set of rules compiled once, then run over listings.
//!
//! Each value of a listing is folded once (`normalise`). One pass over it finds whole words by hash (`index`) and all
//! other literals, those that regexes cannot do without among them, by a few of their bytes (`grams`); `scan` turns
//! that into events. What several rules look for is looked for once: terms with the same owners are one *group*, and
//! a literal of any number of regexes is one *mark*. Only rules whose cheapest required patterns occurred are
//! evaluated (`evaluate`), and regexes are verified then, around their marks. Knows no files, no clock, no verdicts.

mod compile;
mod condition;
mod evaluate;
mod fields;
mod grams;
mod index;
mod literals;
mod regexes;
mod scan;
#[cfg(test)]
mod soundness;
mod terms;

use std::cell::RefCell;
use std::collections::BTreeMap;

use rust_decimal::Decimal;

use self::condition::Clause;
use self::fields::FieldSet;
use self::regexes::LazyRegex;
pub use self::scan::Scratch;
use self::scan::Tiers;
use crate::finding::{Hit, Severity};
use crate::listing::Listing;
use crate::normalise::disguise::DisguisedTerm;
use crate::rules::model::{Bound, Field, RuleSet};

/// Matches kept a pattern and field; an officer needs no more. A pattern that a condition counts keeps what it asks.
pub const MAX_MATCHES_PER_FIELD: usize = 32;

/// Rules compiled for matching. Shared between threads; [`Scratch`] holds what changes.
#[derive(Debug)]
pub struct Matcher {
    rules: Vec<CompiledRule>,
    /// Those of all rules, each rule's together: its own, then its exceptions'.
    patterns: Vec<CompiledPattern>,
    /// Different ones.
    regexes: Vec<CompiledRegex>,
    tiers: Tiers,
    /// Rules that may hit without any pattern that the tiers find.
    always: Vec<u32>,
    /// Fields that any pattern looks into.
    fields: FieldSet,
    /// Currency → units per euro.
    rates: BTreeMap<String, Decimal>,
}

#[derive(Debug)]
struct CompiledRule {
    id: String,
    class: String,
    severity: Severity,
    langs: Vec<String>,
    markets: Vec<String>,
    when: Clause,
    /// Number of its first pattern in [`Matcher::patterns`].
    first_pattern: usize,
    /// How many it has; exceptions' patterns follow.
    patterns: usize,
    exceptions: Vec<CompiledException>,
}

#[derive(Debug)]
struct CompiledException {
    unless: Vec<usize>,
}

#[derive(Debug)]
struct CompiledPattern {
    name: String,
    rule: u32,
    fields: FieldSet,
    /// Of the attributes, only those of these folded names; empty: all.
    attributes: Vec<String>,
    /// Its occurrence makes the rule worth evaluating.
    triggers: bool,
    /// Matches kept a field.
    cap: u16,
    /// Groups of terms that it looks for, ordered.
    groups: Vec<u32>,
    /// Its regexes, by number.
    regexes: Vec<u32>,
}

/// A regex, once for all patterns that have it.
#[derive(Debug)]
struct CompiledRegex {
    regex: LazyRegex,
    /// Those of all its patterns.
    fields: FieldSet,
    /// Matches kept a field: the most that any of its patterns asks for.
    cap: u16,
    /// Literals one of which is in every match; `None`: it must be run to know.
    marks: Option<Vec<u32>>,
}

#[derive(Debug)]
struct Disguised {
    term: DisguisedTerm,
    bound: Bound,
    stem: bool,
    accents: bool,
    group: u32,
}

/// Why one rule does not run. The others do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {rule}, {part}: {reason}")]
pub struct CompileError {
    /// The rule's id.
    pub rule: String,
    /// The part of the rule: a pattern's or exception's name, or `when`.
    pub part: String,
    /// What is wrong and what to write instead.
    pub reason: String,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Matcher {
    /// Compiles the trial and active rules of `set`. A rule that cannot be compiled is left out and reported.
    pub fn compile(set: &RuleSet) -> (Self, Vec<CompileError>) {
        Self::compile_with(set, false)
    }

    /// Compiles the trial and active rules of `set`, and the drafts too where `include_drafts` holds. Deprecated rules
    /// never run.
    pub fn compile_with(set: &RuleSet, include_drafts: bool) -> (Self, Vec<CompileError>) {
        compile::compile(set, include_drafts)
    }

    /// How many rules run.
    pub fn rule_count(&self) -> usize {
        self.rules.len()
    }

    /// Every rule that matches `listing`, suppressed ones too, in the order of the rules' ids.
    ///
    /// `market` is where the offer is aimed (ISO 3166 alpha-2), `None` when unknown: a rule with `markets` runs only
    /// where the market is known and listed, for a law that may not apply flags nothing. A rule with `langs` also runs
    /// on listings whose language is unknown, for a seller's silence must not hide an offer.
    pub fn hits(&self, listing: &Listing, market: Option<&str>) -> Vec<Hit> {
        SCRATCH.with_borrow_mut(|scratch| self.hits_with(listing, market, scratch))
    }

    /// The same, with the titles and descriptions that lost (`conflicts`) read as titles and descriptions too. A match in
    /// one names its field `conflicts[N]`.
    pub fn hits_with_lost_texts(&self, listing: &Listing, market: Option<&str>) -> Vec<Hit> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut texts = fields::texts(listing, self.fields);
            texts.extend(fields::lost_texts(listing, self.fields));
            scan::scan(self, &texts, scratch);
            evaluate::evaluate(self, listing, market, &texts, scratch)
        })
    }

    /// Whether `listing` has titles or descriptions that lost.
    pub fn has_lost_texts(listing: &Listing) -> bool {
        !fields::lost_texts(listing, FieldSet::from_iter([Field::Title, Field::Description])).is_empty()
    }

    /// The same as [`Matcher::hits`] with buffers of the caller's.
    pub fn hits_with(&self, listing: &Listing, market: Option<&str>, scratch: &mut Scratch) -> Vec<Hit> {
        let texts = fields::texts(listing, self.fields);
        scan::scan(self, &texts, scratch);
        evaluate::evaluate(self, listing, market, &texts, scratch)
    }
}
