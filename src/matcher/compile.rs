//! Rules into a matcher: terms folded and sorted into tiers, regexes prepared, conditions folded.

use std::collections::{BTreeMap, HashMap};

use super::condition::{Clause, MAX_DEPTH};
use super::fields::FieldSet;
use super::grams::Literals;
use super::index::HashIndex;
use super::literals;
use super::regexes::{LazyRegex, Prepared};
use super::scan::{Alarm, Tiers, User, narrow};
use super::terms::{Term, with_single_spaces};
use super::{
    CompileError, CompiledException, CompiledPattern, CompiledRegex, CompiledRule, Disguised,
    MAX_MATCHES_PER_FIELD, Matcher,
};
use crate::finding::Severity;
use crate::normalise::disguise::{DisguisedTerm, Vocabulary};
use crate::normalise::tricks::has_accents;
use crate::normalise::{Folded, fold_term, is_unbounded, words};
use crate::rules::model::{Bound, Fold, NumberFilter, Pattern, Rule, RuleSet, Status};

/// Longer terms are sentences.
const MAX_TERM_BYTES: usize = 1000;
/// Longer phrases are looked for in the standard view only.
const MAX_DISGUISED_WORDS: usize = 6;
/// What a condition may count to.
const MAX_COUNTED: usize = 1000;
/// Expected occurrences of a regex without a literal: it must be run to know.
const COST_WITHOUT_LITERAL: f64 = 1e6;

/// See [`Matcher::compile_with`].
pub(super) fn compile(set: &RuleSet, include_drafts: bool) -> (Matcher, Vec<CompileError>) {
    let mut builder = Builder::default();
    let mut errors = Vec::new();
    let mut rules: Vec<&Rule> = set.rules.iter().filter(|rule| runs(rule.status, include_drafts)).collect();
    rules.sort_by(|one, other| one.id.cmp(&other.id));
    for rule in rules {
        let severity = set.taxonomy.classes.get(&rule.class).map_or(Severity::Medium, |class| class.severity);
        let added =
            Draft::read(rule, &mut builder.prepared).and_then(|draft| builder.add(rule, severity, draft));
        if let Err((part, reason)) = added {
            errors.push(CompileError { rule: rule.id.clone(), part, reason });
        }
    }
    let mut matcher = builder.finish();
    matcher.rates.clone_from(&set.rates.per_euro);
    (matcher, errors)
}

fn runs(status: Status, include_drafts: bool) -> bool {
    match status {
        Status::Trial | Status::Active => true,
        Status::Draft => include_drafts,
        Status::Deprecated => false,
    }
}

/// The part of a rule that is wrong, and why.
type Fault = (String, String);

/// A rule read completely, before anything of it is kept.
struct Draft {
    patterns: Vec<DraftPattern>,
    when: Clause,
}

struct DraftPattern {
    terms: Vec<DraftTerm>,
    /// Numbers of its regexes.
    regexes: Vec<u32>,
    /// Expected occurrences, up to a factor.
    cost: f64,
}

struct DraftTerm {
    text: String,
    stem: bool,
    accents: bool,
}

impl Draft {
    fn read(rule: &Rule, prepared: &mut PreparedRegexes) -> Result<Self, Fault> {
        let all = rule.patterns.iter().chain(rule.exceptions.iter().map(|exception| &exception.pattern));
        let patterns = all
            .map(|pattern| {
                DraftPattern::read(pattern, prepared).map_err(|reason| (pattern.name.clone(), reason))
            })
            .collect::<Result<_, _>>()?;
        let when = Clause::new(&rule.when, rule.patterns.len(), 0).ok_or_else(|| {
            let reason =
                format!("the condition is nested more than {MAX_DEPTH} deep or names an unknown pattern");
            ("when".to_owned(), reason)
        })?;
        Ok(Self { patterns, when })
    }
}

impl DraftPattern {
    fn read(pattern: &Pattern, prepared: &mut PreparedRegexes) -> Result<Self, String> {
        let mut folded = Folded::default();
        let words = pattern.terms.iter().map(|term| (term, false));
        let terms = words
            .chain(pattern.stems.iter().map(|stem| (stem, true)))
            .map(|(written, stem)| {
                let text = if pattern.fold == Fold::Exact {
                    written.clone()
                } else {
                    folded.fold(written);
                    with_single_spaces(folded.text())
                };
                if text.len() > MAX_TERM_BYTES {
                    return Err(format!(
                        "a term has {} bytes, at most {MAX_TERM_BYTES} are looked for",
                        text.len()
                    ));
                }
                Ok(DraftTerm { text, stem, accents: has_accents(written) })
            })
            // A word of which folding leaves nothing is never found; a lint says so, and the others are looked for.
            .filter(|term| term.as_ref().map_or(true, |term| !term.text.is_empty()))
            .collect::<Result<Vec<_>, _>>()?;
        if terms.is_empty() && pattern.regexes.is_empty() {
            return Err("there is nothing to look for once its words are folded; take them out".to_owned());
        }
        let regexes = pattern
            .regexes
            .iter()
            .map(|regex| prepared.number(regex, pattern.number.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        let cost = terms.iter().map(|term| literals::cost(&term.text)).sum::<f64>()
            + regexes.iter().map(|number| prepared.cost(*number)).sum::<f64>();
        Ok(Self { terms, regexes, cost })
    }
}

/// Different regexes of all rules: many rules ask for the same dose.
#[derive(Default)]
struct PreparedRegexes {
    numbers: HashMap<String, u32>,
    regexes: Vec<Prepared>,
}

impl PreparedRegexes {
    fn number(&mut self, regex: &str, filter: Option<&NumberFilter>) -> Result<u32, String> {
        let key = format!("{filter:?} {regex}");
        if let Some(number) = self.numbers.get(&key) {
            return Ok(*number);
        }
        let number = narrow(self.regexes.len());
        self.regexes.push(LazyRegex::prepare(regex, filter.cloned())?);
        self.numbers.insert(key, number);
        Ok(number)
    }

    fn has_literals(&self, number: u32) -> bool {
        self.regexes.get(number as usize).is_some_and(|(_, set)| set.is_some())
    }

    fn cost(&self, number: u32) -> f64 {
        let set = self.regexes.get(number as usize).and_then(|(_, set)| set.as_ref());
        set.map_or(COST_WITHOUT_LITERAL, |set| set.iter().map(|literal| literals::cost(literal)).sum())
    }
}

/// Terms that are found alike are one.
#[derive(PartialEq, Eq, Hash)]
struct TermKey {
    text: Box<str>,
    bound: Bound,
    stem: bool,
    exact: bool,
}

#[derive(Default)]
struct TermOwners {
    accents: bool,
    /// Patterns that look for it as it stands.
    plain: Vec<u32>,
    /// Those of them that look for it in disguise too.
    evasive: Vec<u32>,
}

#[derive(Default)]
struct Builder {
    rules: Vec<CompiledRule>,
    patterns: Vec<CompiledPattern>,
    prepared: PreparedRegexes,
    always: Vec<u32>,
    numbers: HashMap<TermKey, usize>,
    owners: Vec<TermOwners>,
}

impl Builder {
    fn add(&mut self, rule: &Rule, severity: Severity, draft: Draft) -> Result<(), Fault> {
        let rule_number = narrow(self.rules.len());
        let first_pattern = self.patterns.len();
        let unless: Vec<Vec<usize>> =
            rule.exceptions.iter().map(|exception| exception.unless.clone()).collect();
        if unless.iter().flatten().any(|pattern| *pattern >= rule.patterns.len()) {
            return Err(("unless".to_owned(), "it names an unknown pattern".to_owned()));
        }
        let costs: Vec<f64> = draft.patterns.iter().map(|pattern| pattern.cost).collect();
        let triggers = draft.when.required(&costs);
        let unsure = |pattern: &usize| {
            draft
                .patterns
                .get(*pattern)
                .is_some_and(|each| each.regexes.iter().any(|number| !self.prepared.has_literals(*number)))
        };
        if triggers.as_ref().is_none_or(|set| set.iter().any(unsure)) {
            self.always.push(rule_number);
        }
        let triggers = triggers.unwrap_or_default();
        let definitions =
            rule.patterns.iter().chain(rule.exceptions.iter().map(|exception| &exception.pattern));
        for ((index, pattern), read) in definitions.enumerate().zip(draft.patterns) {
            let counted = draft.when.most_counted(index).saturating_add(1).min(MAX_COUNTED);
            let compiled = CompiledPattern {
                name: pattern.name.clone(),
                rule: rule_number,
                fields: pattern.fields.iter().copied().collect(),
                attributes: pattern.attributes.iter().map(|name| fold_term(name)).collect(),
                triggers: triggers.contains(&index),
                cap: u16::try_from(counted.max(MAX_MATCHES_PER_FIELD)).unwrap_or(u16::MAX),
                groups: Vec::new(),
                regexes: read.regexes,
            };
            let number = narrow(self.patterns.len());
            self.patterns.push(compiled);
            self.add_terms(number, pattern, read.terms);
        }
        self.rules.push(CompiledRule {
            id: rule.id.clone(),
            class: rule.class.clone(),
            severity,
            langs: rule.langs.clone(),
            markets: rule.markets.clone(),
            when: draft.when,
            first_pattern,
            patterns: rule.patterns.len(),
            exceptions: unless.into_iter().map(|unless| CompiledException { unless }).collect(),
        });
        Ok(())
    }

    fn add_terms(&mut self, number: u32, pattern: &Pattern, terms: Vec<DraftTerm>) {
        for term in terms {
            let bound = if term.stem { Bound::Start } else { pattern.bound };
            let exact = pattern.fold == Fold::Exact;
            let key = TermKey { text: term.text.into_boxed_str(), bound, stem: term.stem, exact };
            let place = *self.numbers.entry(key).or_insert_with(|| {
                self.owners.push(TermOwners::default());
                self.owners.len() - 1
            });
            let Some(owners) = self.owners.get_mut(place) else { continue };
            owners.accents |= term.accents;
            if owners.plain.last() != Some(&number) {
                owners.plain.push(number);
                if pattern.fold == Fold::Evasive {
                    owners.evasive.push(number);
                }
            }
        }
    }

    fn finish(mut self) -> Matcher {
        let fields = self.patterns.iter().map(|each| each.fields).fold(FieldSet::default(), FieldSet::union);
        let mut tiers = Tiers::default();
        let mut literals = Vec::new();
        let regexes = add_regexes(self.prepared.regexes, &self.patterns, &mut tiers, &mut literals);
        add_terms(self.numbers, self.owners, &mut self.patterns, &mut tiers, literals);
        Matcher {
            rules: self.rules,
            patterns: self.patterns,
            regexes,
            tiers,
            always: self.always,
            fields,
            rates: BTreeMap::new(),
        }
    }
}

fn add_regexes(
    prepared: Vec<Prepared>,
    patterns: &[CompiledPattern],
    tiers: &mut Tiers,
    literals: &mut Vec<(Box<str>, User)>,
) -> Vec<CompiledRegex> {
    let mut owners: Vec<Vec<u32>> = vec![Vec::new(); prepared.len()];
    for (number, pattern) in patterns.iter().enumerate() {
        for regex in &pattern.regexes {
            if let Some(owners) = owners.get_mut(*regex as usize) {
                owners.push(narrow(number));
            }
        }
    }
    let mut numbers: BTreeMap<String, (u32, Vec<u32>)> = BTreeMap::new();
    let mut regexes = Vec::new();
    for ((regex, set), owners) in prepared.into_iter().zip(owners) {
        let known = owners.iter().filter_map(|owner| patterns.get(*owner as usize));
        let fields = known.clone().map(|each| each.fields).fold(FieldSet::default(), FieldSet::union);
        let cap = known.map(|each| each.cap).max().unwrap_or_default();
        let marks = set.map(|set| {
            let mut mark = |literal| {
                let next = narrow(numbers.len());
                let mark = numbers.entry(literal).or_insert_with(|| (next, Vec::new()));
                mark.1.extend(&owners);
                mark.0
            };
            set.into_iter().map(&mut mark).collect()
        });
        regexes.push(CompiledRegex { regex, fields, cap, marks });
    }
    let mut marks: Vec<(u32, Vec<u32>)> = Vec::new();
    for (literal, mark) in numbers {
        literals.push((literal.into_boxed_str(), User::Mark(mark.0)));
        marks.push(mark);
    }
    marks.sort_unstable();
    tiers.marks = marks.iter().map(|(_, owners)| Alarm::new(owners, patterns)).collect();
    regexes
}

/// Numbers for the different sets of patterns that own terms.
#[derive(Default)]
struct Groups {
    numbers: HashMap<Vec<u32>, u32>,
}

impl Groups {
    fn number(&mut self, owners: Vec<u32>) -> u32 {
        let next = narrow(self.numbers.len());
        *self.numbers.entry(owners).or_insert(next)
    }

    /// Tells every pattern its groups.
    fn finish(self, patterns: &mut [CompiledPattern]) -> Vec<Alarm> {
        let mut groups: Vec<(u32, Vec<u32>)> =
            self.numbers.into_iter().map(|(owners, number)| (number, owners)).collect();
        groups.sort_unstable();
        for (number, owners) in &groups {
            for owner in owners {
                if let Some(pattern) = patterns.get_mut(*owner as usize) {
                    pattern.groups.push(*number);
                }
            }
        }
        groups.iter().map(|(_, owners)| Alarm::new(owners, patterns)).collect()
    }
}

fn add_terms(
    numbers: HashMap<TermKey, usize>,
    owners: Vec<TermOwners>,
    patterns: &mut [CompiledPattern],
    tiers: &mut Tiers,
    mut literals: Vec<(Box<str>, User)>,
) {
    let mut groups = Groups::default();
    let (mut words, mut raw) = (Vec::new(), Vec::new());
    let (mut disguised_words, mut disguised_literals) = (Vec::new(), Vec::new());
    let mut in_disguise: Vec<usize> = Vec::new();
    let mut cut = Vec::new();
    // In a fixed order: the same rules always give the same matcher.
    let mut keys: Vec<(TermKey, usize)> = numbers.into_iter().collect();
    keys.sort_unstable_by_key(|(_, place)| *place);
    for ((key, _), owned) in keys.into_iter().zip(owners) {
        let number = narrow(tiers.terms.len());
        let anchor = if key.exact {
            raw.push((key.text.clone(), User::Term(number)));
            0
        } else if let Some(word) = whole_word(&key, &mut cut) {
            words.push((word.hash, number));
            word.start
        } else {
            let (at, part) = longest_part(&key.text);
            literals.push((part.into(), User::Term(number)));
            at
        };
        if !owned.evasive.is_empty()
            && let Some(term) =
                DisguisedTerm::new(&key.text).filter(|term| term.words() <= MAX_DISGUISED_WORDS)
        {
            let disguised = narrow(tiers.disguised.len());
            if matches!(key.bound, Bound::Word | Bound::Auto) {
                disguised_words.extend(term.key_hashes().map(|hash| (hash, disguised)));
                in_disguise.push(tiers.terms.len());
            } else {
                disguised_literals.push((term.key().into_boxed_str(), User::Term(disguised)));
            }
            let group = groups.number(owned.evasive);
            let (bound, stem, accents) = (key.bound, key.stem, owned.accents);
            tiers.disguised.push(Disguised { term, bound, stem, accents, group });
        }
        let group = groups.number(owned.plain);
        let TermKey { text, bound, stem, .. } = key;
        tiers.terms.push(Term { text, bound, stem, accents: owned.accents, anchor, group });
    }
    let disguised = in_disguise.iter().filter_map(|term| tiers.terms.get(*term)).map(|term| &*term.text);
    tiers.vocabulary = Vocabulary::new(disguised, !disguised_literals.is_empty());
    tiers.groups = groups.finish(patterns);
    tiers.words = HashIndex::new(words);
    tiers.disguised_words = HashIndex::new(disguised_words);
    tiers.literals = Literals::new(literals);
    tiers.raw = Literals::new(raw);
    tiers.disguised_literals = Literals::new(disguised_literals);
}

/// The word of a term that it is looked up by, if every match has it as a whole word: the longest, for it is the
/// rarest. A word at the edge beside which no boundary is asked is none.
fn whole_word(key: &TermKey, cut: &mut Vec<words::Word>) -> Option<words::Word> {
    if key.stem || !matches!(key.bound, Bound::Word | Bound::Auto) {
        return None;
    }
    words::cut(&key.text, cut);
    let free = |word: &words::Word| {
        let (start, end) = (word.start as usize, word.end as usize);
        let at_edge = start == 0 || end == key.text.len();
        let unbounded = key.text.get(start..end).is_some_and(|text| text.chars().any(is_unbounded));
        !(at_edge && unbounded && key.bound == Bound::Auto)
    };
    cut.iter().filter(|word| free(word)).max_by_key(|word| word.end - word.start).copied()
}

/// The longest part of a phrase and where it starts.
fn longest_part(text: &str) -> (u32, &str) {
    let mut longest = (0, "");
    let mut at = 0;
    for part in text.split(' ') {
        if part.len() > longest.1.len() {
            longest = (at, part);
        }
        at += part.len() + 1;
    }
    (narrow(longest.0), longest.1)
}
