//! One pass over the values of a listing: what occurs where, as events that `evaluate` reads.

use std::ops::Range;

use super::fields::{FieldSet, FieldText};
use super::grams::Literals;
use super::index::HashIndex;
use super::terms::Term;
use super::{CompiledPattern, Disguised, Matcher};
use crate::normalise::disguise::{self, Disguise, Vocabulary};
use crate::normalise::words::{self, Word};
use crate::normalise::{Folded, Tricks, View};
use crate::rules::model::Bound;

/// Places kept for one mark and value; with more, all of the value is searched.
pub(super) const MAX_PLACES_PER_MARK: u16 = 64;
/// Candidates looked at in one field before the rest is let go: a text made to match everything everywhere must not
/// hold up the listings behind it. Real texts have about one a word.
const BASE_BUDGET: usize = 1 << 20;
const BUDGET_PER_BYTE: usize = 8;

/// What finds candidates.
#[derive(Debug, Default)]
pub(super) struct Tiers {
    pub(super) terms: Vec<Term>,
    /// Sets of patterns that look for the same terms.
    pub(super) groups: Vec<Alarm>,
    /// Literals that regexes cannot do without.
    pub(super) marks: Vec<Alarm>,
    /// Hash of a whole word → terms anchored at it.
    pub(super) words: HashIndex,
    /// Parts of terms that may stand inside words, and marks.
    pub(super) literals: Literals<User>,
    /// Exact terms.
    pub(super) raw: Literals<User>,
    pub(super) disguised: Vec<Disguised>,
    /// Hash of a key → disguised terms that are whole words.
    pub(super) disguised_words: HashIndex,
    /// Keys of disguised terms that may stand inside words.
    pub(super) disguised_literals: Literals<User>,
    /// What disguised words may be.
    pub(super) vocabulary: Vocabulary,
}

/// Who asked for a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum User {
    /// The term, or disguised term, of this number.
    Term(u32),
    Mark(u32),
}

/// What an occurrence of a group or mark sets off.
#[derive(Debug)]
pub(super) struct Alarm {
    /// Rules that are then worth evaluating, if it occurred in one of the fields.
    wakes: Box<[(u32, FieldSet)]>,
    /// Fields that any of its patterns looks into.
    fields: FieldSet,
    /// The most matches a field that any of its patterns keeps.
    cap: u16,
}

impl Alarm {
    pub(super) fn new(owners: &[u32], patterns: &[CompiledPattern]) -> Self {
        let owners = || owners.iter().filter_map(|owner| patterns.get(*owner as usize));
        let mut wakes: Vec<(u32, FieldSet)> =
            owners().filter(|each| each.triggers).map(|each| (each.rule, each.fields)).collect();
        wakes.sort_unstable();
        wakes.dedup();
        Self {
            wakes: wakes.into_boxed_slice(),
            fields: owners().map(|each| each.fields).fold(FieldSet::default(), FieldSet::union),
            cap: owners().map(|each| each.cap).max().unwrap_or_default(),
        }
    }
}

/// One occurrence of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Event {
    pub(super) group: u32,
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

/// One occurrence of a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) mark: u32,
    pub(super) field: u32,
    pub(super) end: u32,
    pub(super) start: u32,
}

/// What is known of one group or mark while a listing is scanned.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    /// Occurrences in the value at hand.
    count: u16,
    /// Fields whose rules have been woken.
    woken: FieldSet,
}

/// The tallies of all groups, or of all marks; all zero between listings.
#[derive(Debug, Default)]
struct Tallies {
    all: Vec<Tally>,
    /// Those that are not zero.
    used: Vec<u32>,
}

impl Tallies {
    /// Counts an occurrence; answers the count before it and whether the field's rules are to be woken.
    fn count(&mut self, number: u32, text: FieldText<'_>) -> Option<(u16, bool)> {
        let tally = self.all.get_mut(number as usize)?;
        if tally.count == 0 {
            self.used.push(number);
        }
        let before = tally.count;
        tally.count = before.saturating_add(1);
        let wakes = !tally.woken.contains(text.field);
        tally.woken.insert(text.field);
        Some((before, wakes))
    }

    /// Forgets the counts, and at the end of a listing the rest.
    fn end(&mut self, of_listing: bool) {
        for number in &self.used {
            if let Some(tally) = self.all.get_mut(*number as usize) {
                let woken = if of_listing { FieldSet::default() } else { tally.woken };
                *tally = Tally { count: 0, woken };
            }
        }
        if of_listing {
            self.used.clear();
        }
    }
}

/// Buffers that matching reuses from listing to listing. Serves any matcher.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The values' standard views.
    pub(super) folded: Vec<Folded>,
    /// Sorted by group, then field and place.
    pub(super) events: Vec<Event>,
    /// Groups that occurred, and where their events end; ordered.
    pub(super) occurred: Vec<(u32, u32)>,
    /// Sorted by mark, then field and end.
    pub(super) places: Vec<Place>,
    /// Rules worth evaluating, in their order.
    pub(super) candidates: Vec<u32>,
    words: Vec<Word>,
    disguise: Disguise,
    groups: Tallies,
    marks: Tallies,
    is_candidate: Vec<bool>,
}

/// Finds everything in `texts` that the tiers find, and the rules worth evaluating.
pub(super) fn scan(matcher: &Matcher, texts: &[FieldText<'_>], scratch: &mut Scratch) {
    scratch.begin(matcher, texts.len());
    for (number, text) in texts.iter().enumerate() {
        scan_field(matcher, narrow(number), *text, scratch);
        scratch.groups.end(false);
        scratch.marks.end(false);
    }
    for rule in &matcher.always {
        scratch.nominate(*rule);
    }
    scratch.end();
}

fn scan_field(matcher: &Matcher, field: u32, text: FieldText<'_>, scratch: &mut Scratch) {
    let tiers = &matcher.tiers;
    let mut folded = scratch.folded.get_mut(field as usize).map(std::mem::take).unwrap_or_default();
    let mut cut = std::mem::take(&mut scratch.words);
    folded.fold(text.text);
    let standard = folded.text();
    let mut budget = BASE_BUDGET + standard.len() * BUDGET_PER_BYTE;
    let mut found = Found { matcher, field, text, scratch };

    if !tiers.words.is_empty() || !tiers.vocabulary.is_empty() {
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
        User::Mark(number) => found.mark(number, place),
    });
    if !tiers.vocabulary.is_empty() {
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
            self.event(term.group, span, View::Standard, Tricks::default(), term.accents);
        }
    }

    fn raw_term(&mut self, number: u32, at: usize) {
        let Some(term) = self.matcher.tiers.terms.get(number as usize) else { return };
        if let Some(span) = term.raw_span_at(self.text.text, at) {
            self.event(term.group, span, View::Raw, Tricks::default(), true);
        }
    }

    fn mark(&mut self, number: u32, place: Range<usize>) {
        let Some(mark) = self.matcher.tiers.marks.get(number as usize) else { return };
        if !mark.fields.contains(self.text.field) {
            return;
        }
        let Some((before, wakes)) = self.scratch.marks.count(number, self.text) else { return };
        // The one beyond the limit tells `evaluate` that places are missing.
        if before <= MAX_PLACES_PER_MARK {
            let (start, end) = (narrow(place.start), narrow(place.end));
            self.scratch.places.push(Place { mark: number, field: self.field, end, start });
        }
        if wakes {
            self.wake(mark);
        }
    }

    fn disguised(&mut self, folded: &Folded, cut: &[Word], budget: &mut usize) {
        let tiers = &self.matcher.tiers;
        let mut disguise = std::mem::take(&mut self.scratch.disguise);
        disguise.read(folded, self.text.text, cut, &tiers.vocabulary);
        if !disguise.is_empty() {
            disguise.windows(tiers.vocabulary.phrase(), |window| {
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

    fn disguised_event(&mut self, disguised: &Disguised, found: disguise::Found) {
        let view = if found.squeezed { View::Squeezed } else { View::Skeleton };
        let span = (found.start as usize, found.end as usize);
        self.event(disguised.group, span, view, found.tricks, disguised.accents);
    }

    fn event(&mut self, number: u32, span: (usize, usize), view: View, tricks: Tricks, accents: bool) {
        let Some(group) = self.matcher.tiers.groups.get(number as usize) else { return };
        if !group.fields.contains(self.text.field) {
            return;
        }
        let Some((before, wakes)) = self.scratch.groups.count(number, self.text) else { return };
        if before < group.cap {
            let (start, end) = (narrow(span.0), narrow(span.1));
            let field = self.field;
            self.scratch.events.push(Event { group: number, field, start, end, view, tricks, accents });
        }
        if wakes {
            self.wake(group);
        }
    }

    fn wake(&mut self, alarm: &Alarm) {
        for (rule, fields) in &alarm.wakes {
            if fields.contains(self.text.field) {
                self.scratch.nominate(*rule);
            }
        }
    }
}

impl Disguised {
    /// Where it stands, if its key stands at byte `at` of the disguised words' keys.
    pub(super) fn at_key(&self, disguise: &Disguise, at: usize) -> Option<disguise::Found> {
        disguise.term_at_key(at, &self.term, self.bound == Bound::Start, self.stem)
    }
}

impl Scratch {
    fn begin(&mut self, matcher: &Matcher, fields: usize) {
        self.events.clear();
        self.places.clear();
        self.candidates.clear();
        if self.folded.len() < fields {
            self.folded.resize_with(fields, Folded::default);
        }
        self.groups.all.resize(matcher.tiers.groups.len(), Tally::default());
        self.marks.all.resize(matcher.tiers.marks.len(), Tally::default());
        self.is_candidate.resize(matcher.rules.len(), false);
    }

    /// Puts what was found in order, and zeroes the tallies.
    pub(super) fn end(&mut self) {
        self.groups.end(true);
        self.marks.end(true);
        self.candidates.sort_unstable();
        for rule in &self.candidates {
            if let Some(mark) = self.is_candidate.get_mut(*rule as usize) {
                *mark = false;
            }
        }
        self.events.sort_unstable();
        self.places.sort_unstable();
        self.occurred.clear();
        let mut end = 0;
        for events in self.events.chunk_by(|one, next| one.group == next.group) {
            end += events.len();
            self.occurred.extend(events.first().map(|event| (event.group, narrow(end))));
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
