//! Whether some listing makes a condition hold.
//!
//! A condition is a formula over what a listing may contain: how often a pattern occurs, how near two come, the price,
//! the values that are asked for. For each of these a few values stand for all others (a price just below, at and just
//! above each number that is compared). The search tries them one after another, and only those that the condition
//! still waits for; knowing that one pattern includes another, it passes over what cannot be.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::inclusion::Inclusion;
use crate::rules::model::{Attribute, Comparison, Condition};

/// Parts of conditions that are looked at before a search gives up: some milliseconds.
const MAX_STEPS: usize = 400_000;

/// What is known of every listing that is asked about.
#[derive(Debug, Default)]
pub(super) struct Facts<'f> {
    /// Which patterns include which.
    pub(super) inclusion: Inclusion,
    /// The rule's languages; empty: all.
    pub(super) langs: &'f [String],
    /// The rule's markets; empty: all.
    pub(super) markets: &'f [String],
}

/// Whether some listing makes `condition` hold; `None` when that is too much to try.
pub(super) fn can_hold(condition: &Condition, facts: &Facts<'_>) -> Option<bool> {
    let mut domains = Domains::default();
    domains.collect(condition, facts);
    let mut search = Search { condition, facts, domains, world: BTreeMap::new(), steps: 0 };
    search.run()
}

/// What a listing may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Variable<'c> {
    /// How often a pattern occurs.
    Pattern(usize),
    /// How near two patterns come; the smaller number first.
    Near(usize, usize),
    /// The price in euro.
    Price,
    /// A value of which a listing has at most one.
    Single(Attribute),
    /// Whether a category has this name.
    Category(&'c str),
    /// Whether the listing has the value at all.
    Has(Attribute),
}

/// One of the values that stand for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value<'c> {
    Absent,
    Number(Decimal),
    Text(&'c str),
    /// A text that no condition names.
    Other,
    Present,
}

/// The values to try of each variable.
#[derive(Debug, Default)]
struct Domains<'c>(BTreeMap<Variable<'c>, Vec<Value<'c>>>);

impl<'c> Domains<'c> {
    fn collect(&mut self, condition: &'c Condition, facts: &Facts<'_>) {
        match condition {
            Condition::Pattern(pattern) => self.pattern(*pattern),
            Condition::Not(inner) => self.collect(inner, facts),
            Condition::And(parts) | Condition::Or(parts) => {
                for part in parts {
                    self.collect(part, facts);
                }
            }
            Condition::AtLeast { of, .. } => of.iter().for_each(|pattern| self.pattern(*pattern)),
            Condition::Near { a, b, distance } => {
                self.pattern(*a);
                self.pattern(*b);
                self.add(near(*a, *b), [Value::Absent, Value::Number(Decimal::from(*distance))]);
            }
            Condition::Count { pattern, value, .. } => {
                self.pattern(*pattern);
                let counts = around(*value, Decimal::ONE).filter(|count| *count > Decimal::ONE);
                self.add(Variable::Pattern(*pattern), counts.map(|count| Value::Number(count.floor())));
            }
            Condition::PriceEur { value, .. } => {
                self.add(Variable::Price, [Value::Absent]);
                let prices = around(*value, Decimal::new(1, 4)).filter(|price| *price >= Decimal::ZERO);
                self.add(Variable::Price, prices.map(Value::Number));
            }
            Condition::FieldIn { attribute: Attribute::Category, values } => {
                for value in values {
                    self.add(Variable::Category(value), [Value::Absent, Value::Present]);
                }
            }
            Condition::FieldIn { attribute, values } => self.single(*attribute, values, facts),
            Condition::Has(attribute) => match attribute {
                Attribute::Language | Attribute::Market | Attribute::Brand | Attribute::Seller => {
                    self.single(*attribute, &[], facts);
                }
                _ => self.add(Variable::Has(*attribute), [Value::Absent, Value::Present]),
            },
        }
    }

    fn pattern(&mut self, pattern: usize) {
        self.add(Variable::Pattern(pattern), [Value::Absent, Value::Number(Decimal::ONE)]);
    }

    fn single(&mut self, attribute: Attribute, values: &'c [String], facts: &Facts<'_>) {
        let is_of = |listed: &[String], value: &str| {
            let primary = value.split('-').next().unwrap_or(value);
            listed.is_empty() || listed.iter().any(|one| one.eq_ignore_ascii_case(primary))
        };
        let (listed, may_lack): (&[String], bool) = match attribute {
            Attribute::Language => (facts.langs, true),
            // A rule for some markets runs only where the market is known.
            Attribute::Market => (facts.markets, facts.markets.is_empty()),
            _ => (&[], true),
        };
        let variable = Variable::Single(attribute);
        self.add(variable, may_lack.then_some(Value::Absent));
        self.add(variable, [Value::Other]);
        let possible = values.iter().filter(|value| is_of(listed, value));
        self.add(variable, possible.map(|value| Value::Text(value)));
        // Where every language or market of the rule is named, there is no other.
        if let Some(known) = self.0.get_mut(&variable)
            && !listed.is_empty()
            && listed.iter().all(|one| known.iter().any(|value| is_text(*value, one)))
        {
            known.retain(|value| *value != Value::Other);
        }
    }

    fn add(&mut self, variable: Variable<'c>, values: impl IntoIterator<Item = Value<'c>>) {
        let known = self.0.entry(variable).or_default();
        for value in values {
            if !known.contains(&value) {
                known.push(value);
            }
        }
    }
}

fn is_text(value: Value<'_>, text: &str) -> bool {
    matches!(value, Value::Text(one) if one.eq_ignore_ascii_case(text))
}

fn near<'c>(a: usize, b: usize) -> Variable<'c> {
    Variable::Near(a.min(b), a.max(b))
}

fn around(value: Decimal, step: Decimal) -> impl Iterator<Item = Decimal> {
    [value - step, value, value + step].into_iter()
}

/// What a condition is in a world of which only a part is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known<'c> {
    Yes,
    No,
    /// It hangs on this.
    Open(Variable<'c>),
}

impl Known<'_> {
    fn of(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

struct Search<'c> {
    condition: &'c Condition,
    facts: &'c Facts<'c>,
    domains: Domains<'c>,
    world: BTreeMap<Variable<'c>, Value<'c>>,
    steps: usize,
}

impl<'c> Search<'c> {
    /// `None`: gave up.
    fn run(&mut self) -> Option<bool> {
        match self.known(self.condition) {
            _ if self.steps > MAX_STEPS => None,
            Known::Yes => Some(true),
            Known::No => Some(false),
            Known::Open(variable) => {
                let values = self.domains.0.get(&variable).cloned().unwrap_or_default();
                for value in values {
                    if !self.is_possible(variable, value) {
                        continue;
                    }
                    self.world.insert(variable, value);
                    let found = self.run();
                    self.world.remove(&variable);
                    if found != Some(false) {
                        return found;
                    }
                }
                Some(false)
            }
        }
    }

    /// Whether a value agrees with what is known already.
    fn is_possible(&self, variable: Variable<'c>, value: Value<'c>) -> bool {
        let is = value != Value::Absent;
        match variable {
            Variable::Pattern(pattern) => self.facts.inclusion.of(pattern).all(|(other, includes)| {
                match self.world.get(&Variable::Pattern(other)) {
                    // The wider one occurs wherever the narrower does.
                    Some(known) if includes => !is || *known != Value::Absent,
                    Some(known) => is || *known == Value::Absent,
                    None => true,
                }
            }),
            Variable::Price => {
                !is || self.world.get(&Variable::Has(Attribute::Price)) != Some(&Value::Absent)
            }
            Variable::Has(Attribute::Price) => {
                is || self.world.get(&Variable::Price).is_none_or(|price| *price == Value::Absent)
            }
            Variable::Category(_) => {
                !is || self.world.get(&Variable::Has(Attribute::Category)) != Some(&Value::Absent)
            }
            Variable::Has(Attribute::Category) => {
                is || !self
                    .world
                    .iter()
                    .any(|(known, value)| matches!(known, Variable::Category(_)) && *value == Value::Present)
            }
            _ => true,
        }
    }

    fn known(&mut self, condition: &'c Condition) -> Known<'c> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Known::No;
        }
        match condition {
            Condition::Pattern(pattern) => self.occurs(*pattern),
            Condition::Not(inner) => match self.known(inner) {
                Known::Yes => Known::No,
                Known::No => Known::Yes,
                open @ Known::Open(_) => open,
            },
            Condition::And(parts) => self.all(parts, Known::No, Known::Yes),
            Condition::Or(parts) => self.all(parts, Known::Yes, Known::No),
            Condition::AtLeast { n, of } => self.at_least(*n, of),
            Condition::Near { a, b, distance } => {
                for pattern in [a, b] {
                    match self.occurs(*pattern) {
                        Known::Yes => {}
                        other => return other,
                    }
                }
                self.ask(
                    near(*a, *b),
                    |value| matches!(value, Value::Number(between) if between <= Decimal::from(*distance)),
                )
            }
            Condition::Count { pattern, comparison, value } => {
                self.ask(Variable::Pattern(*pattern), |count| {
                    let count = if let Value::Number(count) = count { count } else { Decimal::ZERO };
                    comparison.holds(&count, value)
                })
            }
            Condition::PriceEur { comparison, value } => {
                self.ask(Variable::Price, |price| holds(price, *comparison, *value))
            }
            Condition::FieldIn { attribute: Attribute::Category, values } => {
                let mut open = None;
                for value in values {
                    match self.ask(Variable::Category(value), |known| known == Value::Present) {
                        Known::Yes => return Known::Yes,
                        Known::No => {}
                        Known::Open(variable) => open = open.or(Some(variable)),
                    }
                }
                open.map_or(Known::No, Known::Open)
            }
            Condition::FieldIn { attribute, values } => self.ask(Variable::Single(*attribute), |known| {
                values.iter().any(|value| {
                    let is_region = |text: &str| {
                        *attribute == Attribute::Language
                            && text.get(..value.len()).is_some_and(|start| start.eq_ignore_ascii_case(value))
                            && text.get(value.len()..).is_some_and(|rest| rest.starts_with('-'))
                    };
                    is_text(known, value) || matches!(known, Value::Text(text) if is_region(text))
                })
            }),
            Condition::Has(attribute) => {
                let single = Variable::Single(*attribute);
                let variable =
                    if self.domains.0.contains_key(&single) { single } else { Variable::Has(*attribute) };
                self.ask(variable, |value| value != Value::Absent)
            }
        }
    }

    /// `sooner` as soon as one part is it, `later` when all are.
    fn all(&mut self, parts: &'c [Condition], sooner: Known<'c>, later: Known<'c>) -> Known<'c> {
        let mut open = later;
        for part in parts {
            match self.known(part) {
                known if known == sooner => return sooner,
                known @ Known::Open(_) if open == later => open = known,
                _ => {}
            }
        }
        open
    }

    fn at_least(&mut self, n: usize, of: &[usize]) -> Known<'c> {
        let (mut occur, mut open) = (0, Vec::new());
        for pattern in of {
            match self.occurs(*pattern) {
                Known::Yes => occur += 1,
                Known::No => {}
                Known::Open(variable) => open.push(variable),
            }
        }
        match open.first() {
            _ if occur >= n => Known::Yes,
            Some(variable) if occur + open.len() >= n => Known::Open(*variable),
            _ => Known::No,
        }
    }

    fn occurs(&mut self, pattern: usize) -> Known<'c> {
        self.ask(Variable::Pattern(pattern), |value| value != Value::Absent)
    }

    fn ask(&mut self, variable: Variable<'c>, holds: impl Fn(Value<'c>) -> bool) -> Known<'c> {
        self.steps += 1;
        self.world.get(&variable).map_or(Known::Open(variable), |value| Known::of(holds(*value)))
    }
}

fn holds(price: Value<'_>, comparison: Comparison, value: Decimal) -> bool {
    matches!(price, Value::Number(price) if comparison.holds(&price, &value))
}

#[cfg(test)]
mod tests {
    use super::{Facts, can_hold};
    use crate::rules::condition::{Names, parse};
    use crate::rules::model::Condition;
    use crate::workbench::inclusion::Inclusion;

    fn condition(text: &str) -> Condition {
        parse(text, Names { patterns: &["a", "b", "c"], exceptions: &[] }).unwrap().condition
    }

    #[test]
    fn what_can_hold_and_fail() {
        for (text, holds, fails) in [
            ("a", true, true),
            ("a or not a", true, false),
            ("a and not a", false, true),
            ("a and not any of (a, b)", false, true),
            ("near(a, b, 5) and not b", false, true),
            ("near(a, b, 5) and not near(b, a, 40)", false, true),
            ("near(a, b, 40) and not near(a, b, 5)", true, true),
            ("count(a) >= 2 and not a", false, true),
            ("count(a) >= 0", true, false),
            ("count(a) >= 1 or not a", true, false),
            ("count(a) < 1 and a", false, true),
            ("count(a) >= 3 and count(a) < 2", false, true),
            ("count(a) == 2 and count(a) != 2", false, true),
            ("a or not b", true, true),
            ("price_eur < 5", true, true),
            ("price_eur < 5 and price_eur > 60", false, true),
            ("price_eur > 5 and price_eur < 5.01", true, true),
            ("price_eur < 5 or price_eur >= 5", true, true),
            ("price_eur < 5 and missing price", false, true),
            ("has price and not price_eur > 0", true, true),
            ("2 of (a, b, c) and not (a or b)", false, true),
            ("has brand and missing brand", false, true),
            ("brand == \"x\" and missing brand", false, true),
            ("market in [\"DE\"] and market in [\"FR\"]", false, true),
            ("market in [\"DE\", \"FR\"] and market in [\"FR\"]", true, true),
            ("language == \"pt-BR\" and not language == \"pt\"", false, true),
            ("language == \"pt\" and not language == \"pt-BR\"", true, true),
            ("category in [\"a\"] and category in [\"b\"]", true, true),
            ("category in [\"a\"] and missing category", false, true),
        ] {
            let facts = Facts::default();
            let when = condition(text);
            assert_eq!(can_hold(&when, &facts), Some(holds), "{text} holds");
            assert_eq!(can_hold(&Condition::Not(Box::new(when)), &facts), Some(fails), "{text} fails");
        }
    }

    #[test]
    fn what_is_known_of_the_rule_counts() {
        let (langs, markets) = (vec!["de".to_owned()], vec!["DE".to_owned(), "AT".to_owned()]);
        let facts = Facts { inclusion: Inclusion::default(), langs: &langs, markets: &markets };
        for (text, holds, fails) in [
            ("market in [\"FR\"]", false, true),
            ("market in [\"AT\"]", true, true),
            ("market in [\"AT\", \"DE\"]", true, false),
            ("missing market", false, true),
            ("language == \"fr\"", false, true),
            ("language == \"de-AT\"", true, true),
            ("missing language", true, true),
        ] {
            let when = condition(text);
            assert_eq!(can_hold(&when, &facts), Some(holds), "{text} holds");
            assert_eq!(can_hold(&Condition::Not(Box::new(when)), &facts), Some(fails), "{text} fails");
        }
    }

    #[test]
    fn a_pattern_that_includes_another_occurs_with_it() {
        // a includes b.
        let facts = Facts { inclusion: Inclusion::of_pairs(3, &[(1, 0)]), ..Facts::default() };
        for (text, holds) in [
            ("b and not a", false),
            ("a and not b", true),
            ("near(b, c, 5) and not a", false),
            ("count(b) >= 2 and not a", false),
        ] {
            assert_eq!(can_hold(&condition(text), &facts), Some(holds), "{text}");
        }
    }

    #[test]
    fn what_is_too_much_is_given_up() {
        let names: Vec<String> = (0..40).map(|number| format!("p{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        // Exactly half of forty, and not: no short way to see that it cannot be.
        let all = names.join(", ");
        let text = format!("20 of ({all}) and not 20 of ({all})");
        let when = parse(&text, Names { patterns: &names, exceptions: &[] }).unwrap().condition;
        assert_eq!(can_hold(&when, &Facts::default()), None);
    }
}
