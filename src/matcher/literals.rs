//! The literals that a regex cannot do without: one of the set stands in every match.

use regex_syntax::hir::{Class, Hir, HirKind, Literal};

/// More alternatives are worth less than what they cost in the automaton.
const MAX_SET: usize = 40;
const MAX_LITERAL_BYTES: usize = 48;
/// Larger classes are no literals.
const MAX_CLASS: usize = 12;

/// What is known of the texts that a part of a regex matches.
#[derive(Debug, Default, Clone)]
struct Known {
    /// All of them.
    exact: Option<Vec<String>>,
    /// Each has one of these in it.
    inside: Option<Vec<String>>,
}

/// A set of literals, one of which is in every match of `hir`; `None` when there is none worth looking for.
pub(super) fn required(hir: &Hir) -> Option<Vec<String>> {
    let mut set = known(hir).best()?;
    // A literal within another one finds all that the other finds.
    set.sort_by(|one, other| one.len().cmp(&other.len()).then_with(|| one.cmp(other)));
    let mut kept: Vec<String> = Vec::new();
    for literal in set {
        if !kept.iter().any(|shorter| literal.contains(shorter.as_str())) {
            kept.push(literal);
        }
    }
    Some(kept)
}

impl Known {
    fn exact(texts: Vec<String>) -> Self {
        Self { exact: Some(texts), inside: None }
    }

    /// The better of what is known, if any is good enough.
    fn best(self) -> Option<Vec<String>> {
        better(self.exact, self.inside)
    }
}

fn known(hir: &Hir) -> Known {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Known::exact(vec![String::new()]),
        HirKind::Literal(Literal(bytes)) => {
            let text = String::from_utf8_lossy(bytes);
            let text = text.get(..text.floor_char_boundary(MAX_LITERAL_BYTES)).unwrap_or_default();
            if text.len() == bytes.len() {
                Known::exact(vec![text.to_owned()])
            } else {
                Known { exact: None, inside: Some(vec![text.to_owned()]) }
            }
        }
        HirKind::Class(Class::Unicode(class)) => {
            let letters = class.iter().flat_map(|range| range.start()..=range.end());
            let letters: Vec<String> = letters.take(MAX_CLASS + 1).map(String::from).collect();
            if letters.len() <= MAX_CLASS { Known::exact(letters) } else { Known::default() }
        }
        HirKind::Class(Class::Bytes(_)) => Known::default(),
        HirKind::Capture(capture) => known(&capture.sub),
        HirKind::Repetition(repetition) => {
            let sub = known(&repetition.sub);
            match (repetition.min, repetition.max, sub.exact.clone()) {
                (0, Some(1), Some(mut exact)) => {
                    exact.push(String::new());
                    Known::exact(exact)
                }
                (0, ..) => Known::default(),
                (1, Some(1), _) => sub,
                _ => Known { exact: None, inside: sub.best() },
            }
        }
        HirKind::Concat(parts) => concat(parts),
        HirKind::Alternation(parts) => alternation(parts),
    }
}

fn concat(parts: &[Hir]) -> Known {
    // What the texts of the parts read last may end with, exactly.
    let mut ends = vec![String::new()];
    let mut exact = true;
    let mut inside = None;
    for part in parts {
        let of_part = known(part);
        let edge = edges(part);
        // Joining multiplies the sets; either may be better alone.
        inside = better(inside, Some(ends.clone()));
        inside = better(inside, of_part.exact.clone());
        if let Some(crossed) = of_part.exact.as_ref().and_then(|texts| cross(&ends, texts)) {
            ends = crossed;
        } else {
            // Repeated: it starts with one of its texts and ends with one.
            let first = edge.as_ref().or(of_part.exact.as_ref()).and_then(|texts| cross(&ends, texts));
            inside = better(inside, Some(first.unwrap_or(ends)));
            inside = better(inside, of_part.inside);
            ends = edge.or(of_part.exact).unwrap_or_else(|| vec![String::new()]);
            exact = false;
        }
    }
    if exact {
        return Known { exact: Some(ends), inside };
    }
    Known { exact: None, inside: better(inside, Some(ends)) }
}

/// The texts that a repetition of at least one both starts and ends with.
fn edges(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Repetition(repetition) if repetition.min > 0 => known(&repetition.sub).exact,
        HirKind::Capture(capture) => edges(&capture.sub),
        _ => None,
    }
}

fn alternation(parts: &[Hir]) -> Known {
    let all: Vec<Known> = parts.iter().map(known).collect();
    let exact: Option<Vec<String>> =
        all.iter().map(|each| each.exact.clone()).collect::<Option<Vec<_>>>().map(|sets| sets.concat());
    if let Some(exact) = exact
        && exact.len() <= MAX_SET
    {
        return Known::exact(exact);
    }
    let inside = all.into_iter().map(Known::best).collect::<Option<Vec<_>>>().map(|sets| sets.concat());
    Known { exact: None, inside: inside.filter(|set| set.len() <= MAX_SET * 4) }
}

fn cross(left: &[String], right: &[String]) -> Option<Vec<String>> {
    if left.len() * right.len() > MAX_SET {
        return None;
    }
    let crossed: Vec<String> =
        left.iter().flat_map(|one| right.iter().map(move |other| format!("{one}{other}"))).collect();
    crossed.iter().all(|text| text.len() <= MAX_LITERAL_BYTES).then_some(crossed)
}

/// The set that is seen less often by chance; `None` if neither is worth looking for.
fn better(one: Option<Vec<String>>, other: Option<Vec<String>>) -> Option<Vec<String>> {
    let one = one.filter(|set| worth(set).is_some());
    let other = other.filter(|set| worth(set).is_some());
    match (&one, &other) {
        (Some(a), Some(b)) => {
            if worth(a) >= worth(b) {
                one
            } else {
                other
            }
        }
        _ => one.or(other),
    }
}

/// Longer is better, fewer is better. `None`: found in almost every text.
fn worth(set: &[String]) -> Option<i64> {
    let shortest =
        set.iter().map(|text| text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum()).min();
    let shortest: i64 = shortest?;
    let count = i64::try_from(set.len()).unwrap_or(i64::MAX / 8);
    (shortest >= 2).then_some(shortest.min(8) * 8 - count.min(1000) / 4)
}

/// How often a literal is expected in a listing, up to a factor: each further letter makes it about a quarter as
/// likely, so that a list of 300 names is rarer than "mg".
pub(super) fn cost(literal: &str) -> f64 {
    let letters = literal.chars().count().min(40);
    (0..letters).fold(1.0, |cost, _| cost / 4.0)
}
