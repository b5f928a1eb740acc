//! A condition written out again, as an author would type it.

use crate::rules::model::{Attribute, Comparison, Condition};

/// The text of a condition over patterns of these names. Reading it again gives the same condition.
pub fn shown(condition: &Condition, patterns: &[&str]) -> String {
    let name = |place: &usize| patterns.get(*place).copied().unwrap_or("?");
    let group = |inner: &Condition| match inner {
        Condition::And(_) | Condition::Or(_) => format!("({})", shown(inner, patterns)),
        _ => shown(inner, patterns),
    };
    match condition {
        Condition::Pattern(place) => name(place).to_owned(),
        Condition::Not(inner) => match &**inner {
            Condition::Has(attribute) => format!("missing {}", attribute_name(*attribute)),
            other => format!("not {}", group(other)),
        },
        Condition::And(parts) => joined(parts.iter().map(group), " and "),
        Condition::Or(parts) => {
            // `and` binds before `or`, so it needs no parentheses here.
            let part = |inner: &Condition| match inner {
                Condition::And(_) => shown(inner, patterns),
                other => group(other),
            };
            joined(parts.iter().map(part), " or ")
        }
        Condition::AtLeast { n, of } => {
            let quantity = match *n {
                1 => "any".to_owned(),
                n if n == of.len() => "all".to_owned(),
                n => n.to_string(),
            };
            format!("{quantity} of ({})", joined(of.iter().map(|place| name(place).to_owned()), ", "))
        }
        Condition::Near { a, b, distance } => format!("near({}, {}, {distance})", name(a), name(b)),
        Condition::Count { pattern, comparison, value } => {
            format!("count({}) {} {value}", name(pattern), sign(*comparison))
        }
        Condition::PriceEur { comparison, value } => format!("price_eur {} {value}", sign(*comparison)),
        Condition::FieldIn { attribute, values } => {
            let values = values.iter().map(|value| quoted(value));
            format!("{} in [{}]", attribute_name(*attribute), joined(values, ", "))
        }
        Condition::Has(attribute) => format!("has {}", attribute_name(*attribute)),
    }
}

fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

fn quoted(value: &str) -> String {
    if value.contains('"') { format!("'{value}'") } else { format!("\"{value}\"") }
}

fn sign(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "<",
        Comparison::AtMost => "<=",
        Comparison::Equal => "==",
        Comparison::NotEqual => "!=",
        Comparison::AtLeast => ">=",
        Comparison::More => ">",
    }
}

fn attribute_name(attribute: Attribute) -> &'static str {
    let known = super::primary::ATTRIBUTES.iter().find(|(_, known, _)| *known == attribute);
    known.map_or("?", |(name, ..)| name)
}
