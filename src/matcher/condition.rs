//! Conditions: which patterns make a rule worth evaluating, and whether it holds.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::evaluate::Facts;
use crate::listing::Listing;
use crate::normalise::fold_term;
use crate::rules::model::{Attribute, Comparison, Condition};

/// Deeper conditions are refused: nobody reads them, and evaluating them takes stack.
pub(super) const MAX_DEPTH: usize = 200;

/// A condition with its words folded. Patterns are local to the rule.
#[derive(Debug)]
pub(super) enum Clause {
    Pattern(usize),
    Not(Box<Clause>),
    And(Vec<Clause>),
    Or(Vec<Clause>),
    AtLeast { n: usize, of: Vec<usize> },
    Near { a: usize, b: usize, distance: usize },
    Count { pattern: usize, comparison: Comparison, value: Decimal },
    PriceEur { comparison: Comparison, value: Decimal },
    FieldIn { attribute: Attribute, values: BTreeSet<String> },
    Has(Attribute),
}

impl Clause {
    /// `None` when the condition is nested too deep or names a pattern that is not there.
    pub(super) fn new(condition: &Condition, patterns: usize, depth: usize) -> Option<Self> {
        if depth > MAX_DEPTH {
            return None;
        }
        let known = |index: usize| (index < patterns).then_some(index);
        let all = |parts: &[Condition]| -> Option<Vec<Self>> {
            parts.iter().map(|part| Self::new(part, patterns, depth + 1)).collect()
        };
        Some(match condition {
            Condition::Pattern(index) => Self::Pattern(known(*index)?),
            Condition::Not(part) => Self::Not(Box::new(Self::new(part, patterns, depth + 1)?)),
            Condition::And(parts) => Self::And(all(parts)?),
            Condition::Or(parts) => Self::Or(all(parts)?),
            Condition::AtLeast { n, of } => {
                let distinct: BTreeSet<usize> =
                    of.iter().map(|index| known(*index)).collect::<Option<_>>()?;
                Self::AtLeast { n: *n, of: distinct.into_iter().collect() }
            }
            Condition::Near { a, b, distance } => {
                Self::Near { a: known(*a)?, b: known(*b)?, distance: *distance }
            }
            Condition::Count { pattern, comparison, value } => {
                Self::Count { pattern: known(*pattern)?, comparison: *comparison, value: *value }
            }
            Condition::PriceEur { comparison, value } => {
                Self::PriceEur { comparison: *comparison, value: *value }
            }
            Condition::FieldIn { attribute, values } => Self::FieldIn {
                attribute: *attribute,
                values: values.iter().map(|value| fold_value(*attribute, value)).collect(),
            },
            Condition::Has(attribute) => Self::Has(*attribute),
        })
    }

    /// Patterns of which at least one occurs whenever the clause holds, the cheapest such set; `None` when it can
    /// hold without any. `cost` is how often a pattern is expected to occur.
    pub(super) fn required(&self, cost: &[f64]) -> Option<Vec<usize>> {
        let total =
            |set: &Vec<usize>| set.iter().map(|index| cost.get(*index).copied().unwrap_or(0.0)).sum::<f64>();
        match self {
            Self::Pattern(index) => Some(vec![*index]),
            Self::Not(_) | Self::PriceEur { .. } | Self::FieldIn { .. } | Self::Has(_) => None,
            Self::And(parts) => parts
                .iter()
                .filter_map(|part| part.required(cost))
                .min_by(|one, other| total(one).total_cmp(&total(other))),
            Self::Or(parts) => {
                let sets: Option<Vec<Vec<usize>>> = parts.iter().map(|part| part.required(cost)).collect();
                sets.map(|sets| sets.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect())
            }
            Self::AtLeast { n, of } => {
                // If `n` of them occur, one of any `len − n + 1` does; the rarest will do.
                let mut of = of.clone();
                of.sort_by(|one, other| total(&vec![*one]).total_cmp(&total(&vec![*other])));
                let enough = (of.len() + 1).saturating_sub(*n);
                of.truncate(enough);
                (*n > 0).then_some(of)
            }
            Self::Near { a, b, .. } => Some(vec![if total(&vec![*a]) <= total(&vec![*b]) { *a } else { *b }]),
            Self::Count { pattern, comparison, value } => {
                (!comparison.holds(&Decimal::ZERO, value)).then(|| vec![*pattern])
            }
        }
    }

    /// The largest number of occurrences of `pattern` that the clause asks for.
    pub(super) fn most_counted(&self, pattern: usize) -> usize {
        match self {
            Self::Count { pattern: counted, value, .. } if *counted == pattern => {
                value.ceil().to_usize().unwrap_or_default()
            }
            Self::Not(part) => part.most_counted(pattern),
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().map(|part| part.most_counted(pattern)).max().unwrap_or_default()
            }
            _ => 0,
        }
    }

    /// Whether it holds. `facts` answers for the patterns.
    pub(super) fn holds(&self, facts: &mut Facts<'_>) -> bool {
        match self {
            Self::Pattern(index) => facts.occurs(*index),
            Self::Not(part) => !part.holds(facts),
            Self::And(parts) => parts.iter().all(|part| part.holds(facts)),
            Self::Or(parts) => parts.iter().any(|part| part.holds(facts)),
            Self::AtLeast { n, of } => of.iter().filter(|index| facts.occurs(**index)).count() >= *n,
            Self::Near { a, b, distance } => facts.near(*a, *b, *distance),
            Self::Count { pattern, comparison, value } => {
                comparison.holds(&Decimal::from(facts.count(*pattern)), value)
            }
            Self::PriceEur { comparison, value } => {
                facts.price_eur().is_some_and(|price| comparison.holds(&price, value))
            }
            Self::FieldIn { attribute, values } => facts.is_one_of(*attribute, values),
            Self::Has(attribute) => facts.has(*attribute),
        }
    }
}

/// A value as `in [..]` compares it: folded; a language by its primary subtag unless a region is named.
pub(super) fn fold_value(attribute: Attribute, value: &str) -> String {
    let folded = fold_term(value);
    if attribute == Attribute::Language { folded.replace('_', "-") } else { folded }
}

/// Whether a value of the listing equals one of `values`, which are folded. False when absent.
pub(super) fn is_one_of(
    listing: &Listing,
    market: Option<&str>,
    attribute: Attribute,
    values: &BTreeSet<String>,
) -> bool {
    let any = |value: &str| !value.is_empty() && values.contains(&fold_value(attribute, value));
    if attribute == Attribute::Language {
        return listing.language.as_deref().is_some_and(|language| {
            any(language) || any(language.split(['-', '_']).next().unwrap_or_default())
        });
    }
    present(listing, market, attribute).iter().any(|value| any(value))
}

/// Whether the listing has a value.
pub(super) fn has(listing: &Listing, market: Option<&str>, attribute: Attribute) -> bool {
    present(listing, market, attribute).iter().any(|value| !value.trim().is_empty())
}

fn present(listing: &Listing, market: Option<&str>, attribute: Attribute) -> Vec<String> {
    let one = |value: Option<&str>| value.map(str::to_owned).into_iter().collect();
    match attribute {
        Attribute::Category => listing.category.clone(),
        Attribute::Seller => one(listing.seller.as_ref().and_then(|seller| seller.name.as_deref())),
        Attribute::Brand => one(listing.brand.as_deref()),
        Attribute::Language => one(listing.language.as_deref()),
        Attribute::Market => one(market),
        Attribute::Gtin => listing.gtin.clone(),
        Attribute::Mpn => one(listing.mpn.as_deref()),
        Attribute::Sku => one(listing.sku.as_deref()),
        Attribute::Price => one(listing.price.as_ref().map(|price| price.amount.to_string()).as_deref()),
        Attribute::Description => one(Some(listing.description.as_str())),
        Attribute::Images => listing.images.clone(),
        Attribute::Information(what) => one(listing.information(what)),
    }
}
