//! One pass over the values of a listing: what occurs where, as events that `evaluate` reads.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

use super::fields::FieldText;
use super::index::HashIndex;
use super::terms::Term;
use super::{Disguised, Matcher};
use crate::normalise::disguise::Disguise;
use crate::normalise::words::{self, Word};
use crate::normalise::{Folded, Tricks, View};
use crate::rules::model::Bound;

/// Places kept for one regex and field; with more, all of the field is searched.
pub(super) const MAX_LITERALS_PER_REGEX: u16 = 64;
/// Candidates looked at in one field before the rest is let go: a text made to match everything everywhere must not
/// hold up the listings behind it. Real texts have about one a word.
const BASE_BUDGET: usize = 1 << 20;
const BUDGET_PER_BYTE: usize = 8;
/// Up to so many bytes of literals the automaton is a table of all transitions: twice as fast, ten times as large.
const MAX_DENSE_BYTES: usize = 48 << 10;

/// What finds candidates.
#[derive(Debug, Default)]
pub(super) struct Tiers {
    pub(super) terms: Vec<Term>,
    /// Numbers of patterns; terms and disguised terms hold ranges of it.
    pub(super) owners: Vec<u32>,
    /// Hash of a whole word → terms anchored at it.
    pub(super) words: HashIndex,
    /// Parts of terms that may stand inside words, and regexes' literals.
    pub(super) literals: Literals,
    /// Exact terms.
    pub(super) raw: Literals,
    pub(super) disguised: Vec<Disguised>,
    /// Hash of a key → disguised terms that are whole words.
    pub(super) disguised_words: HashIndex,
    /// Keys of disguised terms that may stand inside words.
    pub(super) disguised_literals: Literals,
    /// Words of the longest disguised phrase.
    pub(super) disguised_phrase: usize,
}

/// Who asked for a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum User {
    /// The term, or disguised term, of this number.
    Term(u32),
    Regex(u32),
}

/// One automaton over many literals, overlapping matches.
#[derive(Debug, Default)]
pub(super) struct Literals {
    automaton: Option<AhoCorasick>,
    /// Users of literal `i`: `users[starts[i]..starts[i + 1]]`.
    starts: Vec<u32>,
    users: Vec<User>,
}

impl Literals {
    /// Builds the automaton. The error is that of its builder: too many literals for it to count.
    pub(super) fn new(mut wanted: Vec<(Box<str>, User)>) -> Result<Self, aho_corasick::BuildError> {
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        wanted.sort_unstable();
        wanted.dedup();
        let (mut starts, mut users, mut texts) = (Vec::new(), Vec::new(), Vec::new());
        for group in wanted.chunk_by(|one, next| one.0 == next.0) {
            starts.push(narrow(users.len()));
            users.extend(group.iter().map(|pair| pair.1));
            texts.extend(group.first().map(|pair| &*pair.0));
        }
        starts.push(narrow(users.len()));
        let bytes: usize = texts.iter().map(|text| text.len()).sum();
        let kind =
            if bytes <= MAX_DENSE_BYTES { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let automaton =
            AhoCorasickBuilder::new().match_kind(MatchKind::Standard).kind(Some(kind)).build(&texts)?;
        Ok(Self { automaton: Some(automaton), starts, users })
    }

    /// Calls `f` with every user whose literal stands in `text`, and where.
    fn find(&self, text: &str, budget: &mut usize, mut f: impl FnMut(User, Range<usize>)) {
        let Some(automaton) = &self.automaton else { return };
        for found in automaton.find_overlapping_iter(text) {
            let literal = found.pattern().as_usize();
            let (Some(start), Some(end)) = (self.starts.get(literal), self.starts.get(literal + 1)) else {
                return;
            };
            let users = self.users.get(*start as usize..*end as usize).unwrap_or_default();
            if users.len() > *budget {
                return;
            }
            *budget -= users.len();
            for user in users {
                f(*user, found.range());
            }
        }
    }
}

/// One occurrence of a term for one pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Event {
    pub(super) pattern: u32,
    /// Number of the value.
    pub(super) field: u32,
    /// In the standard view; in the raw text for raw events.
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) view: View,
    /// Beyond those that the standard view undid.
    pub(super) tricks: Tricks,
    /// The term was written with accents.
    pub(super) accents: bool,
}

/// A literal of a regex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LiteralHit {
    pub(super) regex: u32,
    pub(super) field: u32,
    pub(super) end: u32,
    pub(super) start: u32,
}

/// Buffers that matching reuses from listing to listing. Serves any matcher.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The values' standard views.
    pub(super) folded: Vec<Folded>,
    /// Sorted by pattern, then field and place.
    pub(super) events: Vec<Event>,
    /// Sorted by regex, then field and end.
    pub(super) literal_hits: Vec<LiteralHit>,
    /// Rules worth evaluating, in their order.
    pub(super) candidates: Vec<u32>,
    words: Vec<Word>,
    disguise: Disguise,
    /// Events of the field at hand, by pattern; zero between fields.
    pattern_counts: Vec<u16>,
    counted_patterns: Vec<u32>,
    regex_counts: Vec<u16>,
    counted_regexes: Vec<u32>,
    is_candidate: Vec<bool>,
}

/// Finds everything in `texts` that the tiers find, and the rules worth evaluating.
pub(super) fn scan(matcher: &Matcher, texts: &[FieldText<'_>], scratch: &mut Scratch) {
    scratch.begin(matcher, texts.len());
    for (number, text) in texts.iter().enumerate() {
        scan_field(matcher, narrow(number), *text, scratch);
        scratch.end_field();
    }
    scratch.events.sort_unstable();
    scratch.literal_hits.sort_unstable();
    for rule in &matcher.always {
        scratch.nominate(*rule);
    }
    scratch.candidates.sort_unstable();
    for rule in &scratch.candidates {
        if let Some(mark) = scratch.is_candidate.get_mut(*rule as usize) {
            *mark = false;
        }
    }
}

fn scan_field(matcher: &Matcher, field: u32, text: FieldText<'_>, scratch: &mut Scratch) {
    let tiers = &matcher.tiers;
    let mut folded = scratch.folded.get_mut(field as usize).map(std::mem::take).unwrap_or_default();
    let mut cut = std::mem::take(&mut scratch.words);
    folded.fold(text.text);
    let standard = folded.text();
    let mut budget = BASE_BUDGET + standard.len() * BUDGET_PER_BYTE;
    let mut found = Found { matcher, field, text, scratch };

    if !tiers.words.is_empty() || !tiers.disguised.is_empty() {
        words::cut(standard, &mut cut);
        for word in &cut {
            let numbers = tiers.words.get(word.hash);
            if numbers.len() > budget {
                break;
            }
            budget -= numbers.len();
            for number in numbers {
                found.term(*number, standard, word.start as usize);
            }
        }
    }
    tiers.literals.find(standard, &mut budget, |user, place| match user {
        User::Term(number) => found.term(number, standard, place.start),
        User::Regex(number) => found.literal(number, place),
    });
    if !tiers.disguised.is_empty() {
        found.disguised(&folded, &cut, &mut budget);
    }
    tiers.raw.find(text.text, &mut budget, |user, place| {
        if let User::Term(number) = user {
            found.raw_term(number, place.start);
        }
    });

    scratch.words = cut;
    if let Some(slot) = scratch.folded.get_mut(field as usize) {
        *slot = folded;
    }
}

struct Found<'s, 't> {
    matcher: &'s Matcher,
    field: u32,
    text: FieldText<'t>,
    scratch: &'s mut Scratch,
}

impl Found<'_, '_> {
    fn term(&mut self, number: u32, standard: &str, at: usize) {
        let Some(term) = self.matcher.tiers.terms.get(number as usize) else { return };
        if let Some(span) = term.span_at(standard, at) {
            self.event(term.owners, span, View::Standard, Tricks::default(), term.accents);
        }
    }

    fn raw_term(&mut self, number: u32, at: usize) {
        let Some(term) = self.matcher.tiers.terms.get(number as usize) else { return };
        if let Some(span) = term.raw_span_at(self.text.text, at) {
            self.event(term.owners, span, View::Raw, Tricks::default(), true);
        }
    }

    fn literal(&mut self, number: u32, place: Range<usize>) {
        let Some(regex) = self.matcher.regexes.get(number as usize) else { return };
        let Some(pattern) = self.matcher.patterns.get(regex.pattern as usize) else { return };
        let Some(count) = self.scratch.regex_counts.get_mut(number as usize) else { return };
        if !pattern.fields.contains(self.text.field) || *count > MAX_LITERALS_PER_REGEX {
            return;
        }
        if *count == 0 {
            self.scratch.counted_regexes.push(number);
        }
        // The one beyond the limit tells `evaluate` that places are missing.
        *count += 1;
        let (start, end) = (narrow(place.start), narrow(place.end));
        self.scratch.literal_hits.push(LiteralHit { regex: number, field: self.field, end, start });
        if pattern.triggers {
            self.scratch.nominate(pattern.rule);
        }
    }

    fn disguised(&mut self, folded: &Folded, cut: &[Word], budget: &mut usize) {
        let tiers = &self.matcher.tiers;
        let mut disguise = std::mem::take(&mut self.scratch.disguise);
        disguise.read(folded, self.text.text, cut, tiers.disguised_phrase.saturating_sub(1));
        if !disguise.is_empty() {
            disguise.windows(tiers.disguised_phrase, |window| {
                let numbers = tiers.disguised_words.get(window.key_hash);
                *budget = budget.saturating_sub(numbers.len());
                if *budget == 0 {
                    return;
                }
                for disguised in numbers.iter().filter_map(|number| tiers.disguised.get(*number as usize)) {
                    if let Some(found) = disguise.is_term(window, &disguised.term) {
                        self.disguised_event(disguised, found);
                    }
                }
            });
            tiers.disguised_literals.find(disguise.keys(), budget, |user, place| {
                if let User::Term(number) = user
                    && let Some(disguised) = tiers.disguised.get(number as usize)
                    && let Some(found) = disguised.at_key(&disguise, place.start)
                {
                    self.disguised_event(disguised, found);
                }
            });
        }
        self.scratch.disguise = disguise;
    }

    fn disguised_event(&mut self, disguised: &Disguised, found: crate::normalise::disguise::Found) {
        let view = if found.squeezed { View::Squeezed } else { View::Skeleton };
        let span = (found.start as usize, found.end as usize);
        self.event(disguised.owners, span, view, found.tricks, disguised.accents);
    }

    fn event(&mut self, owners: (u32, u32), span: (usize, usize), view: View, tricks: Tricks, accents: bool) {
        let owners = self.matcher.tiers.owners.get(owners.0 as usize..owners.1 as usize).unwrap_or_default();
        for owner in owners {
            let Some(pattern) = self.matcher.patterns.get(*owner as usize) else { continue };
            let Some(count) = self.scratch.pattern_counts.get_mut(*owner as usize) else { continue };
            if !pattern.fields.contains(self.text.field) || *count >= pattern.cap {
                continue;
            }
            if *count == 0 {
                self.scratch.counted_patterns.push(*owner);
            }
            *count += 1;
            let (start, end) = (narrow(span.0), narrow(span.1));
            self.scratch.events.push(Event {
                pattern: *owner,
                field: self.field,
                start,
                end,
                view,
                tricks,
                accents,
            });
            if pattern.triggers {
                self.scratch.nominate(pattern.rule);
            }
        }
    }
}

impl Disguised {
    /// Where it stands, if its key stands at byte `at` of the disguised words' keys.
    pub(super) fn at_key(&self, disguise: &Disguise, at: usize) -> Option<crate::normalise::disguise::Found> {
        disguise.term_at_key(at, &self.term, self.bound == Bound::Start, self.stem)
    }
}

impl Scratch {
    fn begin(&mut self, matcher: &Matcher, fields: usize) {
        self.events.clear();
        self.literal_hits.clear();
        self.candidates.clear();
        if self.folded.len() < fields {
            self.folded.resize_with(fields, Folded::default);
        }
        self.pattern_counts.resize(matcher.patterns.len(), 0);
        self.regex_counts.resize(matcher.regexes.len(), 0);
        self.is_candidate.resize(matcher.rules.len(), false);
    }

    fn end_field(&mut self) {
        for number in self.counted_patterns.drain(..) {
            if let Some(count) = self.pattern_counts.get_mut(number as usize) {
                *count = 0;
            }
        }
        for number in self.counted_regexes.drain(..) {
            if let Some(count) = self.regex_counts.get_mut(number as usize) {
                *count = 0;
            }
        }
    }

    fn nominate(&mut self, rule: u32) {
        if let Some(mark) = self.is_candidate.get_mut(rule as usize)
            && !*mark
        {
            *mark = true;
            self.candidates.push(rule);
        }
    }
}

/// Numbers of patterns, terms and offsets fit: texts are at most `MAX_TEXT_BYTES`, and nobody has four billion terms.
pub(super) fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
