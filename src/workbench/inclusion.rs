//! Which patterns include which: wherever the narrower one occurs, the wider one does.

use std::collections::HashSet;

use crate::normalise::fold_term;
use crate::rules::model::{Bound, Field, Fold, Pattern};

/// Pairs of patterns, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Inclusion {
    /// By pattern: the others that it is included in (`true`) or includes (`false`).
    pairs: Vec<Vec<(usize, bool)>>,
}

impl Inclusion {
    /// Compares every pattern with every other.
    pub(super) fn new(patterns: &[&FoldedPattern<'_>]) -> Self {
        let mut pairs = Vec::new();
        for (narrow, one) in patterns.iter().enumerate() {
            for (wide, other) in patterns.iter().enumerate() {
                if narrow != wide && other.includes(one) {
                    pairs.push((narrow, wide));
                }
            }
        }
        Self::of_pairs(patterns.len(), &pairs)
    }

    /// From pairs of a narrower and a wider pattern.
    pub(super) fn of_pairs(patterns: usize, pairs: &[(usize, usize)]) -> Self {
        let mut all = vec![Vec::new(); patterns];
        for (narrow, wide) in pairs {
            if let Some(of) = all.get_mut(*narrow) {
                of.push((*wide, true));
            }
            if let Some(of) = all.get_mut(*wide) {
                of.push((*narrow, false));
            }
        }
        Self { pairs: all }
    }

    /// The patterns that one is included in (`true`) and that it includes (`false`).
    pub(super) fn of(&self, pattern: usize) -> impl Iterator<Item = (usize, bool)> + '_ {
        self.pairs.get(pattern).into_iter().flatten().copied()
    }
}

/// A pattern with its words as matching compares them.
#[derive(Debug)]
pub(super) struct FoldedPattern<'p> {
    pattern: &'p Pattern,
    terms: HashSet<String>,
    stems: HashSet<String>,
}

/// Stems that a word is compared with one by one; of more, only equal words are seen.
const MAX_STEMS: usize = 200;

impl<'p> FoldedPattern<'p> {
    pub(super) fn new(pattern: &'p Pattern) -> Self {
        let set = |words: &[String]| -> HashSet<String> {
            words
                .iter()
                .map(|word| if pattern.fold == Fold::Exact { word.clone() } else { folded(word) })
                .collect()
        };
        Self { pattern, terms: set(&pattern.terms), stems: set(&pattern.stems) }
    }

    /// Whether this pattern surely occurs wherever `other` does. May say no where it does.
    fn includes(&self, other: &Self) -> bool {
        let (wide, narrow) = (self.pattern, other.pattern);
        let looks = narrow.fields.iter().all(|field| {
            let named = *field == Field::Attributes && !wide.attributes.is_empty();
            wide.fields.contains(field)
                && (!named
                    || !narrow.attributes.is_empty()
                        && narrow.attributes.iter().all(|name| wide.attributes.contains(name)))
        });
        looks
            && is_as_loose(wide.bound, narrow.bound)
            && fold_rank(wide.fold) >= fold_rank(narrow.fold)
            && (wide.fold == narrow.fold || wide.fold != Fold::Exact && narrow.fold != Fold::Exact)
            && other.terms.iter().all(|term| self.terms.contains(term) || self.has_stem_of(term))
            && other.stems.iter().all(|stem| self.stems.contains(stem) || self.has_stem_of(stem))
            && narrow.regexes.iter().all(|regex| wide.regexes.contains(regex))
            && (narrow.regexes.is_empty() || wide.number.is_none() || wide.number == narrow.number)
    }

    fn has_stem_of(&self, word: &str) -> bool {
        self.stems.len() <= MAX_STEMS
            && self.stems.iter().any(|stem| !stem.is_empty() && word.starts_with(stem))
    }
}

/// Whether every place that satisfies `narrow` satisfies `wide`.
fn is_as_loose(wide: Bound, narrow: Bound) -> bool {
    match wide {
        Bound::None => true,
        Bound::Auto => matches!(narrow, Bound::Auto | Bound::Word),
        Bound::Start => matches!(narrow, Bound::Start | Bound::Word),
        Bound::Word => narrow == Bound::Word,
    }
}

fn fold_rank(fold: Fold) -> u8 {
    match fold {
        Fold::Exact => 0,
        Fold::Standard => 1,
        Fold::Evasive => 2,
    }
}

/// A word as matching compares it: folded, with one space for every run of separators.
pub(super) fn folded(word: &str) -> String {
    let folded = fold_term(word);
    folded.split([' ', '-', '_']).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::FoldedPattern;
    use crate::rules::model::{Bound, Field, Fold, Pattern};

    fn pattern(terms: &[&str], change: impl Fn(&mut Pattern)) -> Pattern {
        let mut pattern = Pattern {
            name: "p".to_owned(),
            terms: terms.iter().map(|term| (*term).to_owned()).collect(),
            stems: Vec::new(),
            regexes: Vec::new(),
            number: None,
            fields: vec![Field::Title, Field::Description],
            attributes: Vec::new(),
            bound: Bound::Auto,
            fold: Fold::Standard,
        };
        change(&mut pattern);
        pattern
    }

    #[test]
    fn the_wider_includes_the_narrower_and_not_the_other_way_round() {
        let plain = |terms: &[&str]| pattern(terms, |_| ());
        let of_stem = |stem: &str| pattern(&[], |one| one.stems = vec![stem.to_owned()]);
        for (narrow, wide) in [
            (plain(&["Viagra"]), plain(&["cialis", "viagra"])),
            (pattern(&["a-b"], |one| one.fields = vec![Field::Title]), plain(&["a b"])),
            (plain(&["viagra"]), pattern(&["viagra"], |one| one.fold = Fold::Evasive)),
            (pattern(&["viagra"], |one| one.bound = Bound::Word), plain(&["viagra"])),
            (plain(&["sildenafilum"]), of_stem("sildenafil")),
            (of_stem("sildenafilum"), of_stem("sildenafil")),
            (
                pattern(&["x"], |one| {
                    one.fields = vec![Field::Attributes];
                    one.attributes = vec!["Material".to_owned()];
                }),
                pattern(&["x"], |one| one.fields = vec![Field::Attributes]),
            ),
        ] {
            let (one, other) = (FoldedPattern::new(&narrow), FoldedPattern::new(&wide));
            assert!(other.includes(&one), "{wide:?} includes {narrow:?}");
            assert!(!one.includes(&other), "{narrow:?} does not include {wide:?}");
        }
        let same = plain(&["x"]);
        assert!(FoldedPattern::new(&same).includes(&FoldedPattern::new(&plain(&["X"]))));
    }
}
