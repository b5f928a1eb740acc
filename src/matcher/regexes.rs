//! Regexes over the standard view: folded like the text, found by the literals that they cannot do without, and
//! verified in a window around them.
//!
//! The text is folded, so the pattern is: `É` means `e`, `\d` the ten digits (those of every script are folded to
//! them), `\s` the one space that white space is folded to, and case does not matter. `\w` and `\b` mean Unicode's words;
//! where the window is ASCII, as most are, a smaller ASCII form of the regex gives the same answer faster.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{self, Class, Hir, HirKind, Look};
use rust_decimal::Decimal;

use super::literals::required;
use crate::normalise::Folded;
use crate::rules::model::NumberFilter;

/// Longer patterns should be terms.
const MAX_PATTERN_BYTES: usize = 4096;
/// Compiled size of one regex; a rule needs no more, and 1,000 of them must fit.
const MAX_COMPILED_BYTES: usize = 2 << 20;
const MAX_NESTING: u32 = 100;
/// Larger classes (`\w`, `.`, `[^…]`) already hold what their members fold to.
const MAX_FOLDED_CLASS: usize = 4096;
/// Regexes below this weight surely fit [`MAX_COMPILED_BYTES`] and are compiled when first needed.
const LIGHT: usize = 2000;

/// One regex of a pattern, compiled when first needed.
#[derive(Debug)]
pub(super) struct LazyRegex {
    unicode: String,
    ascii: String,
    /// Longest match in bytes of folded text; `None` when unbounded.
    max_bytes: Option<usize>,
    number: Option<NumberFilter>,
    compiled: OnceLock<Option<Regex>>,
    compiled_ascii: OnceLock<Option<Regex>>,
}

/// A regex with the literals one of which is in every match; `None` when there are none worth looking for.
pub(super) type Prepared = (LazyRegex, Option<Vec<String>>);

impl LazyRegex {
    /// Reads and folds a pattern. The error says what is wrong with it.
    pub(super) fn prepare(pattern: &str, number: Option<NumberFilter>) -> Result<Prepared, String> {
        if pattern.len() > MAX_PATTERN_BYTES {
            return Err(format!(
                "the regex has {} bytes, at most {MAX_PATTERN_BYTES} are read; write its words as terms",
                pattern.len()
            ));
        }
        let parsed = ParserBuilder::new()
            .case_insensitive(true)
            .nest_limit(MAX_NESTING)
            .build()
            .parse(pattern)
            .map_err(|error| format!("the regex cannot be read: {error}"))?;
        if let Some(number) = &number
            && number.group > parsed.properties().explicit_captures_len()
        {
            return Err(format!("number.group = {} but the regex has fewer groups", number.group));
        }
        let folded = fold(&parsed);
        let lazy = Self {
            unicode: folded.to_string(),
            ascii: ascii_only(&folded).to_string(),
            max_bytes: folded.properties().maximum_len(),
            number,
            compiled: OnceLock::new(),
            compiled_ascii: OnceLock::new(),
        };
        if weight(&folded) > LIGHT {
            let compiled = build(&lazy.unicode).map_err(|error| match error {
                regex::Error::CompiledTooBig(limit) => {
                    format!("the regex compiles to more than {limit} bytes; use smaller counts in {{}}")
                }
                other => format!("the regex cannot be compiled: {other}"),
            })?;
            let _ = lazy.compiled.set(Some(compiled));
        }
        Ok((lazy, required(&folded)))
    }

    /// Matches in all of `text`, which is in the standard view, leftmost first, not overlapping, not empty, at most `cap`.
    pub(super) fn find_all(&self, text: &str, cap: usize, found: &mut Vec<Range<usize>>) {
        let end = text.len();
        self.find_between(text, &(0..end), end, cap, found);
    }

    /// The same matches as [`LazyRegex::find_all`], looking only around `literals`: the places of all literals that
    /// a match cannot do without, ordered by their ends.
    pub(super) fn find_around(
        &self,
        text: &str,
        literals: &[Range<usize>],
        cap: usize,
        found: &mut Vec<Range<usize>>,
    ) {
        let Some(max_bytes) = self.max_bytes else { return self.find_all(text, cap, found) };
        let mut literals = literals.iter().peekable();
        let mut free_from = 0;
        while let Some(first) = literals.next() {
            let from = first.end.saturating_sub(max_bytes).max(free_from);
            let mut last_start = first.start;
            // A match that holds this literal starts at or before it and ends within so many bytes.
            while let Some(next) = literals.next_if(|next| next.end.saturating_sub(max_bytes) <= last_start) {
                last_start = last_start.max(next.start);
            }
            let reach = last_start.saturating_add(max_bytes);
            free_from = free_from.max(self.find_between(text, &(from..last_start), reach, cap, found));
        }
    }

    /// Matches that start within `starts`, its end included; none of them reaches beyond `reach`. Gives the end of
    /// the last match seen, fitting or not: the next one cannot start before it.
    fn find_between(
        &self,
        text: &str,
        starts: &Range<usize>,
        reach: usize,
        cap: usize,
        found: &mut Vec<Range<usize>>,
    ) -> usize {
        let mut from = text.ceil_char_boundary(starts.start);
        // One character more than a match may take, so that `\b` and `$` see what follows.
        let cut = text.ceil_char_boundary(text.ceil_char_boundary(reach).saturating_add(1));
        let haystack = text.get(..cut).unwrap_or(text);
        let before = text.floor_char_boundary(from.saturating_sub(1));
        let ascii = haystack.get(before..).is_some_and(str::is_ascii);
        let Some(regex) = self.regex(ascii) else { return from };
        let mut seen_to = 0;
        while found.len() < cap
            && let Some(one) = (from <= haystack.len()).then(|| regex.find_at(haystack, from)).flatten()
            && one.start() <= starts.end
        {
            if !one.is_empty() && self.number_fits(regex, haystack, one.start()) {
                found.push(one.range());
            }
            seen_to = one.end();
            from = if one.is_empty() {
                haystack.ceil_char_boundary(one.end() + 1).max(one.end() + 1)
            } else {
                one.end()
            };
        }
        seen_to
    }

    fn number_fits(&self, regex: &Regex, haystack: &str, start: usize) -> bool {
        let Some(filter) = &self.number else { return true };
        let number = regex
            .captures_at(haystack, start)
            .and_then(|captures| captures.get(filter.group).map(|group| group.as_str().to_owned()))
            .and_then(|text| read_number(&text));
        number.is_some_and(|number| {
            filter.min.is_none_or(|min| number >= min) && filter.max.is_none_or(|max| number <= max)
        })
    }

    fn regex(&self, ascii: bool) -> Option<&Regex> {
        let (cell, pattern) =
            if ascii { (&self.compiled_ascii, &self.ascii) } else { (&self.compiled, &self.unicode) };
        // `prepare` made sure that it compiles.
        cell.get_or_init(|| build(pattern).ok()).as_ref()
    }
}

fn build(pattern: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(pattern).size_limit(MAX_COMPILED_BYTES).dfa_size_limit(MAX_COMPILED_BYTES).build()
}

/// A number as people write it: a lone comma or point is decimal unless three digits follow it, then it groups.
pub(super) fn read_number(text: &str) -> Option<Decimal> {
    let digits: String = text.chars().filter(|letter| !letter.is_whitespace() && *letter != '\'').collect();
    let decimal = match digits.rfind(['.', ',']) {
        Some(at) => {
            let (whole, rest) = digits.split_at_checked(at)?;
            let fraction = rest.get(1..)?;
            let mark = rest.get(..1)?;
            let other = if mark == "." { "," } else { "." };
            let groups = fraction.len() == 3 && !whole.contains(other) || whole.contains(mark);
            let whole = whole.replace(['.', ','], "");
            if groups { format!("{whole}{fraction}") } else { format!("{whole}.{fraction}") }
        }
        None => digits,
    };
    decimal.parse().ok()
}

/// The regex over folded text that means what `hir` means over the text as written.
fn fold(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => hir.clone(),
        HirKind::Literal(hir::Literal(bytes)) => {
            let text = String::from_utf8_lossy(bytes);
            Hir::literal(Folded::new(&text).text().as_bytes())
        }
        HirKind::Class(class) => fold_class(class),
        HirKind::Repetition(repetition) => {
            let sub = fold(&repetition.sub);
            // Runs of white space are one space.
            let one_space = matches!(sub.kind(), HirKind::Literal(hir::Literal(bytes)) if **bytes == *b" ");
            let min = if one_space { repetition.min.min(1) } else { repetition.min };
            Hir::repetition(hir::Repetition { min, sub: Box::new(sub), ..repetition.clone() })
        }
        HirKind::Capture(capture) => {
            Hir::capture(hir::Capture { sub: Box::new(fold(&capture.sub)), ..capture.clone() })
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(fold).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(fold).collect()),
    }
}

fn fold_class(class: &Class) -> Hir {
    let Class::Unicode(unicode) = class else { return Hir::class(class.clone()) };
    let size: usize =
        unicode.iter().map(|range| (u32::from(range.end()) - u32::from(range.start())) as usize + 1).sum();
    if size > MAX_FOLDED_CLASS {
        return Hir::class(class.clone());
    }
    let mut folded = Folded::default();
    let mut single = Vec::new();
    let mut longer = BTreeSet::new();
    let mut buffer = [0; 4];
    for letter in unicode.iter().flat_map(|range| range.start()..=range.end()) {
        folded.fold(letter.encode_utf8(&mut buffer));
        let mut letters = folded.text().chars();
        match (letters.next(), letters.next()) {
            (Some(one), None) => single.push(hir::ClassUnicodeRange::new(one, one)),
            _ => {
                longer.insert(folded.text().to_owned());
            }
        }
    }
    let mut choices: Vec<Hir> = longer.iter().rev().map(|text| Hir::literal(text.as_bytes())).collect();
    if !single.is_empty() {
        choices.push(Hir::class(Class::Unicode(hir::ClassUnicode::new(single))));
    }
    Hir::alternation(choices)
}

/// The same regex for texts of nothing but ASCII.
fn ascii_only(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.intersect(&hir::ClassUnicode::new([hir::ClassUnicodeRange::new('\0', '\x7f')]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Look(look) => Hir::look(match look {
            Look::WordUnicode => Look::WordAscii,
            Look::WordStartUnicode => Look::WordStartAscii,
            Look::WordEndUnicode => Look::WordEndAscii,
            other => *other,
        }),
        HirKind::Repetition(repetition) => Hir::repetition(hir::Repetition {
            sub: Box::new(ascii_only(&repetition.sub)),
            ..repetition.clone()
        }),
        HirKind::Capture(capture) => {
            Hir::capture(hir::Capture { sub: Box::new(ascii_only(&capture.sub)), ..capture.clone() })
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(ascii_only).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(ascii_only).collect()),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) => hir.clone(),
    }
}

/// Roughly the states that a regex compiles to.
fn weight(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(Class::Bytes(_)) => 1,
        HirKind::Literal(hir::Literal(bytes)) => bytes.len(),
        HirKind::Class(Class::Unicode(class)) => {
            1 + class.iter().filter(|range| !range.end().is_ascii()).count() * 4
        }
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(1);
            weight(&repetition.sub).saturating_mul(times as usize).saturating_add(1)
        }
        HirKind::Capture(capture) => weight(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(weight).fold(1, usize::saturating_add)
        }
    }
}
