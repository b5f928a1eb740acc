//! Whether the rules worth evaluating hold on one listing, and the hits that come of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rust_decimal::Decimal;

use super::condition::{self, Clause};
use super::fields::FieldText;
use super::scan::{Event, MAX_PLACES_PER_MARK, narrow};
use super::{CompiledPattern, CompiledRegex, CompiledRule, Matcher, Scratch};
use crate::finding::{Hit, Match};
use crate::listing::Listing;
use crate::normalise::{Trick, Tricks, View, fold_term, tricks};
use crate::rules::model::Attribute;

/// Where one pattern occurs, in original bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Occurrence {
    field: usize,
    start: usize,
    end: usize,
    view: View,
    tricks: Tricks,
}

/// Number of a regex → its matches in one listing: the value's number and the span in its standard view.
type RegexMatches = BTreeMap<u32, Vec<(usize, Range<usize>)>>;

/// What the patterns of one rule say of one listing, found out when first asked.
pub(super) struct Facts<'a> {
    matcher: &'a Matcher,
    rule: &'a CompiledRule,
    listing: &'a Listing,
    market: Option<&'a str>,
    texts: &'a [FieldText<'a>],
    scratch: &'a Scratch,
    regex_matches: &'a mut RegexMatches,
    /// By pattern of the rule, exceptions' after its own.
    found: Vec<Option<Vec<Occurrence>>>,
}

/// Evaluates the candidates of `scratch`.
pub(super) fn evaluate(
    matcher: &Matcher,
    listing: &Listing,
    market: Option<&str>,
    texts: &[FieldText<'_>],
    scratch: &Scratch,
) -> Vec<Hit> {
    let mut hits = Vec::new();
    // Rules ask for the same doses and units; each regex is run once.
    let mut regex_matches = RegexMatches::new();
    for rule in scratch.candidates.iter().filter_map(|number| matcher.rules.get(*number as usize)) {
        if !runs_here(rule, listing, market) {
            continue;
        }
        let found = vec![None; rule.patterns + rule.exceptions.len()];
        let regex_matches = &mut regex_matches;
        let mut facts = Facts { matcher, rule, listing, market, texts, scratch, regex_matches, found };
        if facts.hold(&rule.when) {
            hits.push(facts.hit());
        }
    }
    hits
}

/// Whether the rule is meant for the listing's language and the offer's market.
fn runs_here(rule: &CompiledRule, listing: &Listing, market: Option<&str>) -> bool {
    let speaks = rule.langs.is_empty()
        || listing.language.as_deref().is_none_or(|language| {
            let primary = language.split(['-', '_']).next().unwrap_or_default();
            primary.is_empty()
                || rule.langs.iter().any(|lang| lang == "*" || lang.eq_ignore_ascii_case(primary))
        });
    let aimed = rule.markets.is_empty()
        || market.is_some_and(|market| rule.markets.iter().any(|listed| listed.eq_ignore_ascii_case(market)));
    speaks && aimed
}

impl Facts<'_> {
    /// Whether a condition holds.
    pub(super) fn hold(&mut self, clause: &Clause) -> bool {
        clause.holds(self)
    }

    pub(super) fn occurs(&mut self, pattern: usize) -> bool {
        // Most questions are answered by the events, before anything is located in the original.
        if let Some(None) = self.found.get(pattern)
            && let Some(compiled) = self.matcher.patterns.get(self.rule.first_pattern + pattern)
        {
            if self.events(compiled).next().is_some() {
                return true;
            }
            if compiled.regexes.is_empty() {
                return false;
            }
        }
        !self.occurrences(pattern).is_empty()
    }

    /// Occurrences that do not overlap.
    pub(super) fn count(&mut self, pattern: usize) -> usize {
        let mut spans: Vec<(usize, usize, usize)> =
            self.occurrences(pattern).iter().map(|each| (each.field, each.end, each.start)).collect();
        // Taking what ends first leaves the most room for the rest.
        spans.sort_unstable();
        let mut free = (0, 0);
        spans
            .into_iter()
            .filter(|(field, end, start)| {
                let fits = (*field, *start) >= free;
                if fits {
                    free = (*field, *end);
                }
                fits
            })
            .count()
    }

    /// Whether `a` and `b` occur in one field with at most `distance` original characters between them.
    pub(super) fn near(&mut self, a: usize, b: usize, distance: usize) -> bool {
        let ones = self.occurrences(a).to_vec();
        let texts = self.texts;
        self.occurrences(b).iter().any(|other| {
            ones.iter().filter(|one| one.field == other.field).any(|one| {
                let between = one.end.min(other.end)..one.start.max(other.start);
                // No character takes more than four bytes.
                between.start >= between.end
                    || between.len() <= distance.saturating_mul(4)
                        && texts
                            .get(one.field)
                            .and_then(|text| text.text.get(between))
                            .is_some_and(|text| text.chars().count() <= distance)
            })
        })
    }

    pub(super) fn price_eur(&self) -> Option<Decimal> {
        let price = self.listing.price.as_ref()?;
        let currency = price.currency.as_deref()?;
        if currency == "EUR" {
            return Some(price.amount.0);
        }
        price.amount.0.checked_div(*self.matcher.rates.get(currency)?)
    }

    pub(super) fn is_one_of(&self, attribute: Attribute, values: &BTreeSet<String>) -> bool {
        condition::is_one_of(self.listing, self.market, attribute, values)
    }

    pub(super) fn has(&self, attribute: Attribute) -> bool {
        condition::has(self.listing, self.market, attribute)
    }

    fn occurrences(&mut self, pattern: usize) -> &[Occurrence] {
        if let Some(None) = self.found.get(pattern) {
            let found = self.find(pattern);
            if let Some(slot) = self.found.get_mut(pattern) {
                *slot = Some(found);
            }
        }
        self.found.get(pattern).and_then(Option::as_deref).unwrap_or_default()
    }

    fn find(&mut self, pattern: usize) -> Vec<Occurrence> {
        let matcher = self.matcher;
        let Some(compiled) = matcher.patterns.get(self.rule.first_pattern + pattern) else {
            return Vec::new();
        };
        let mut found = self.found_by_terms(compiled);
        for number in &compiled.regexes {
            self.found_by_regex(*number, compiled, &mut found);
        }
        // Equal spans are one match, in the plainest view that shows it.
        found.sort_unstable();
        found.dedup_by(|next, kept| (next.field, next.start, next.end) == (kept.field, kept.start, kept.end));
        let (mut field, mut kept) = (usize::MAX, 0_usize);
        found.retain(|each| {
            kept = if each.field == field { kept + 1 } else { 1 };
            field = each.field;
            kept <= usize::from(compiled.cap)
        });
        found
    }

    /// Whether a pattern looks into a value.
    fn looks_into(&self, pattern: &CompiledPattern, field: usize) -> bool {
        self.texts.get(field).is_some_and(|text| {
            pattern.fields.contains(text.field)
                && (pattern.attributes.is_empty()
                    || text.attribute().is_none_or(|name| pattern.attributes.contains(&fold_term(name))))
        })
    }

    /// The events of a pattern's groups in its fields.
    fn events(&self, pattern: &CompiledPattern) -> impl Iterator<Item = &Event> {
        // Few groups occur, while a pattern may have thousands.
        let occurred = &self.scratch.occurred;
        let starts = std::iter::once(0).chain(occurred.iter().map(|(_, end)| *end));
        occurred
            .iter()
            .zip(starts)
            .filter(|((group, _), _)| pattern.groups.binary_search(group).is_ok())
            .flat_map(|((_, end), start)| {
                self.scratch.events.get(start as usize..*end as usize).unwrap_or_default()
            })
            .filter(|event| self.looks_into(pattern, event.field as usize))
    }

    fn found_by_terms(&self, pattern: &CompiledPattern) -> Vec<Occurrence> {
        self.events(pattern)
            .filter_map(|event| {
                let (field, span) = (event.field as usize, event.start as usize..event.end as usize);
                if event.view == View::Raw {
                    let (start, end) = (span.start, span.end);
                    let (view, tricks) = (View::Raw, Tricks::default());
                    return Some(Occurrence { field, start, end, view, tricks });
                }
                self.occurrence(field, span, event.view, event.tricks, event.accents)
            })
            .collect()
    }

    fn found_by_regex(&mut self, number: u32, pattern: &CompiledPattern, found: &mut Vec<Occurrence>) {
        if !self.regex_matches.contains_key(&number) {
            let matches = self.run_regex(number);
            self.regex_matches.insert(number, matches);
        }
        let matches = self.regex_matches.get(&number).map(Vec::as_slice).unwrap_or_default();
        let wanted = |field: &usize| self.looks_into(pattern, *field);
        // A regex says what it means; accents in what it finds are no disguise.
        found.extend(matches.iter().filter(|(field, _)| wanted(field)).filter_map(|(field, span)| {
            self.occurrence(*field, span.clone(), View::Standard, Tricks::default(), true)
        }));
    }

    fn run_regex(&self, number: u32) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        let Some(regex) = self.matcher.regexes.get(number as usize) else { return found };
        let cap = usize::from(regex.cap);
        let mut spans: Vec<Range<usize>> = Vec::new();
        for (field, text) in self.texts.iter().enumerate() {
            if !regex.fields.contains(text.field) {
                continue;
            }
            let Some(folded) = self.scratch.folded.get(field) else { continue };
            match self.places(regex, field) {
                Some(places) if places.is_empty() => {}
                Some(places) => regex.regex.find_around(folded.text(), &places, cap, &mut spans),
                None => regex.regex.find_all(folded.text(), cap, &mut spans),
            }
            found.extend(spans.drain(..).map(|span| (field, span)));
        }
        found
    }

    /// Where the regex's marks stand in a value, ordered by their ends; `None` where not all places are known.
    fn places(&self, regex: &CompiledRegex, field: usize) -> Option<Vec<Range<usize>>> {
        let places = &self.scratch.places;
        let mut found = Vec::new();
        for mark in regex.marks.as_ref()? {
            let wanted = (*mark, narrow(field));
            let first = places.partition_point(|place| (place.mark, place.field) < wanted);
            let before = found.len();
            found.extend(
                places
                    .iter()
                    .skip(first)
                    .take_while(|place| (place.mark, place.field) == wanted)
                    .map(|place| (place.end as usize, place.start as usize)),
            );
            if found.len() - before > usize::from(MAX_PLACES_PER_MARK) {
                return None;
            }
        }
        found.sort_unstable();
        Some(found.into_iter().map(|(end, start)| start..end).collect())
    }

    fn occurrence(
        &self,
        field: usize,
        span: Range<usize>,
        view: View,
        undone: Tricks,
        accents: bool,
    ) -> Option<Occurrence> {
        let span = self.scratch.folded.get(field)?.original_span(span);
        let original = self.texts.get(field)?.text.get(span.clone())?;
        let tricks = undone.union(tricks::undone_by_standard(original, accents));
        Some(Occurrence { field, start: span.start, end: span.end, view, tricks })
    }

    fn hit(mut self) -> Hit {
        let suppressor = (0..self.rule.exceptions.len()).find(|number| self.suppresses(*number));
        // The exception that let the hit off is shown with what it saw.
        let shown = (0..self.rule.patterns).chain(suppressor.map(|number| self.rule.patterns + number));
        let mut places: Vec<(Occurrence, usize)> = Vec::new();
        for pattern in shown {
            places.extend(self.occurrences(pattern).iter().map(|each| (each.clone(), pattern)));
        }
        places.sort_unstable();
        let name = |pattern: usize| {
            let compiled = self.matcher.patterns.get(self.rule.first_pattern + pattern);
            compiled.map(|compiled| compiled.name.clone()).unwrap_or_default()
        };
        Hit {
            rule: self.rule.id.clone(),
            class: self.rule.class.clone(),
            severity: self.rule.severity,
            suppressed_by: suppressor.map(|number| name(self.rule.patterns + number)),
            matches: places.iter().filter_map(|(place, pattern)| self.shown(place, name(*pattern))).collect(),
        }
    }

    fn suppresses(&mut self, exception: usize) -> bool {
        let Some(compiled) = self.rule.exceptions.get(exception) else { return false };
        self.occurs(self.rule.patterns + exception)
            && !compiled.unless.iter().any(|pattern| self.occurs(*pattern))
    }

    fn shown(&self, place: &Occurrence, pattern: String) -> Option<Match> {
        let text = self.texts.get(place.field)?;
        Some(Match {
            pattern,
            field: text.label(),
            text: text.text.get(place.start..place.end)?.to_owned(),
            start: place.start,
            end: place.end,
            view: place.view.name().to_owned(),
            tricks: place.tricks.iter().map(Trick::name).map(str::to_owned).collect(),
        })
    }
}
