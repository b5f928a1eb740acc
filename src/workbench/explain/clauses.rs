//! A condition taken apart: which clauses hold, what each saw, and the shortest way to where the whole would hold.

use rust_decimal::Decimal;
use serde::Serialize;

use super::{Near, PatternSeen};
use crate::finding::Match;
use crate::listing::Listing;
use crate::rules::condition;
use crate::rules::model::{Attribute, Condition, Rule, RuleSet};
use crate::workbench::probe::{hold, texts_by_name};

/// A clause, as the author wrote it.
#[derive(Debug, Clone, Serialize)]
pub struct Clause {
    /// The clause in the language of conditions.
    pub text: String,
    /// How its parts are joined.
    pub join: Join,
    /// Whether it holds.
    pub holds: bool,
    /// What it saw, or by how much it fails.
    pub saw: Option<String>,
    /// Its parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Clause>,
    /// How far it is from changing sides; only of clauses without parts.
    #[serde(skip)]
    cost: usize,
    /// Patterns that do not occur and keep it from holding.
    #[serde(skip)]
    lacks: Vec<String>,
}

/// How the parts of a clause are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Join {
    /// It has no parts.
    None,
    /// All must hold.
    And,
    /// One must hold.
    Or,
    /// So many must hold.
    AtLeast(usize),
    /// Its part must not hold.
    Not,
}

/// A clause that nearly holds is a smaller step than one of which there is no trace; a trace that would have to go is
/// the largest.
const NEARLY: usize = 2;
const NO_TRACE: usize = 3;
const MUST_GO: usize = 4;

pub(super) struct Facts<'e> {
    pub(super) rule: &'e Rule,
    pub(super) set: &'e RuleSet,
    pub(super) listing: &'e Listing,
    pub(super) market: Option<&'e str>,
    pub(super) patterns: &'e [PatternSeen],
}

impl Facts<'_> {
    /// The rule's condition.
    pub(super) fn clauses(&self) -> Clause {
        let mut leaves = Vec::new();
        collect(&self.rule.when, &mut leaves);
        let holds = hold(self.rule, self.set, &leaves, self.listing, self.market);
        let known: Vec<(Condition, bool)> = leaves.into_iter().zip(holds).collect();
        self.clause(&self.rule.when, &known)
    }

    fn clause(&self, part: &Condition, known: &[(Condition, bool)]) -> Clause {
        let names: Vec<&str> = self.rule.patterns.iter().map(|pattern| pattern.name.as_str()).collect();
        let text = condition::shown(part, &names);
        let joined = |join, parts: Vec<Clause>, holds, saw| Clause {
            text: text.clone(),
            join,
            holds,
            saw,
            parts,
            cost: 0,
            lacks: Vec::new(),
        };
        let all = |parts: &[Condition]| -> Vec<Clause> {
            parts.iter().map(|one| self.clause(one, known)).collect()
        };
        match part {
            Condition::And(parts) => {
                let parts = all(parts);
                let holds = parts.iter().all(|one| one.holds);
                joined(Join::And, parts, holds, None)
            }
            Condition::Or(parts) => {
                let parts = all(parts);
                let holds = parts.iter().any(|one| one.holds);
                joined(Join::Or, parts, holds, None)
            }
            Condition::Not(inner) if !matches!(**inner, Condition::Has(_)) => {
                let inner = self.clause(inner, known);
                let holds = !inner.holds;
                joined(Join::Not, vec![inner], holds, None)
            }
            Condition::AtLeast { n, of } => {
                let of: Vec<Condition> = of.iter().map(|place| Condition::Pattern(*place)).collect();
                let parts = all(&of);
                let count = parts.iter().filter(|one| one.holds).count();
                let saw = format!("{count} of {} occur, {n} needed", parts.len());
                joined(Join::AtLeast(*n), parts, count >= *n, Some(saw))
            }
            leaf => {
                let (plain, turned) = match leaf {
                    Condition::Not(inner) => (&**inner, true),
                    other => (other, false),
                };
                let found =
                    known.iter().find(|(condition, _)| condition == plain).is_some_and(|(_, holds)| *holds);
                let holds = found != turned;
                let (saw, nearly) = self.saw(plain, found);
                let cost = if holds {
                    MUST_GO
                } else if nearly {
                    NEARLY
                } else {
                    NO_TRACE
                };
                let lacks = if holds { Vec::new() } else { self.lacks(plain) };
                Clause { text, join: Join::None, holds, saw, parts: Vec::new(), cost, lacks }
            }
        }
    }

    /// What a clause saw, and whether it nearly holds.
    fn saw(&self, leaf: &Condition, holds: bool) -> (Option<String>, bool) {
        match leaf {
            Condition::Pattern(place) => {
                let Some(seen) = self.patterns.get(*place) else { return (None, false) };
                match (seen.matches.as_slice(), seen.near.first()) {
                    ([first, rest @ ..], _) => (Some(found(first, rest.len())), false),
                    ([], Some(near)) => (Some(almost(near)), true),
                    ([], None) => (Some("does not occur".to_owned()), false),
                }
            }
            Condition::Near { a, b, distance } => self.saw_near(*a, *b, *distance),
            Condition::Count { pattern, .. } => {
                let count = self.patterns.get(*pattern).map_or(0, |seen| seen.matches.len());
                (Some(format!("occurs {count} {}", if count == 1 { "time" } else { "times" })), count > 0)
            }
            Condition::PriceEur { value, .. } => (Some(self.saw_price(*value, holds)), true),
            Condition::FieldIn { attribute, .. } | Condition::Has(attribute) => {
                let value = self.value(*attribute);
                (Some(value.unwrap_or_else(|| "the listing has none".to_owned())), false)
            }
            _ => (None, false),
        }
    }

    /// The patterns of a clause that do not occur.
    fn lacks(&self, leaf: &Condition) -> Vec<String> {
        let places = match leaf {
            Condition::Pattern(place) => vec![*place],
            Condition::Near { a, b, .. } => vec![*a, *b],
            _ => Vec::new(),
        };
        let seen = places.iter().filter_map(|place| self.patterns.get(*place));
        seen.filter(|seen| seen.matches.is_empty()).map(|seen| seen.name.clone()).collect()
    }

    fn saw_near(&self, a: usize, b: usize, distance: usize) -> (Option<String>, bool) {
        let of =
            |place: usize| self.patterns.get(place).map(|seen| (seen.name.as_str(), seen.matches.as_slice()));
        let (Some((one_name, ones)), Some((other_name, others))) = (of(a), of(b)) else {
            return (None, false);
        };
        let missing: Vec<String> = [(one_name, ones), (other_name, others)]
            .iter()
            .filter(|(_, matches)| matches.is_empty())
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        if !missing.is_empty() {
            let verb = if missing.len() == 1 { "does not occur" } else { "do not occur" };
            let near = |place: usize| {
                self.patterns.get(place).is_some_and(|seen| !seen.matches.is_empty() || !seen.near.is_empty())
            };
            return (Some(format!("{} {verb}", missing.join(" and "))), near(a) && near(b));
        }
        let values = texts_by_name(self.listing);
        let between = |one: &Match, other: &Match| {
            let gap = one.end.min(other.end)..one.start.max(other.start);
            if gap.start >= gap.end {
                Some(0)
            } else {
                Some(values.get(&one.field)?.get(gap)?.chars().count())
            }
        };
        let nearest = ones
            .iter()
            .flat_map(|one| others.iter().map(move |other| (one, other)))
            .filter(|(one, other)| one.field == other.field)
            .filter_map(|(one, other)| Some((between(one, other)?, one, other)))
            .min_by_key(|(gap, ..)| *gap);
        let Some((gap, one, other)) = nearest else {
            let said = "they stand in different fields, and must stand in one".to_owned();
            return (Some(said), true);
        };
        let texts = format!("{} and {} in {}", quoted(&one.text), quoted(&other.text), one.field);
        let apart = if gap == 1 { "1 character apart".to_owned() } else { format!("{gap} characters apart") };
        let said = match gap.checked_sub(distance) {
            None | Some(0) => format!("{texts}, {apart}"),
            Some(too_far) => format!("{texts} stand {apart}, {too_far} too far"),
        };
        (Some(said), true)
    }

    fn saw_price(&self, bound: Decimal, holds: bool) -> String {
        let Some(price) = &self.listing.price else { return "the listing has no price".to_owned() };
        let Some(currency) = price.currency.as_deref() else {
            return format!("the listing says {}, without a currency", price.amount);
        };
        let Some(euro) =
            self.set.rates.per_euro.get(currency).and_then(|rate| price.amount.0.checked_div(*rate))
        else {
            return format!("the listing says {} {currency}, for which rates.toml has no rate", price.amount);
        };
        let euro = euro.round_dp(2);
        let shown = if currency == "EUR" {
            format!("{euro} EUR")
        } else {
            format!("{} {currency} = {euro} EUR", price.amount)
        };
        let off = (euro - bound).abs();
        if holds { shown } else { format!("{shown}, {off} off") }
    }

    fn value(&self, attribute: Attribute) -> Option<String> {
        let listing = self.listing;
        let seller = || listing.seller.as_ref().and_then(|seller| seller.name.clone());
        let value = match attribute {
            Attribute::Category => Some(listing.category.join(" > ")),
            Attribute::Seller => seller(),
            Attribute::Brand => listing.brand.clone(),
            Attribute::Language => listing.language.clone(),
            Attribute::Market => self.market.map(str::to_owned),
            Attribute::Gtin => Some(listing.gtin.join(", ")),
            Attribute::Mpn => listing.mpn.clone(),
            Attribute::Sku => listing.sku.clone(),
            Attribute::Price => listing.price.as_ref().map(|price| price.amount.to_string()),
            Attribute::Description => Some(listing.description.clone()),
            Attribute::Images => Some(listing.images.join(", ")),
            Attribute::Information(what) => listing.information(what).map(str::to_owned),
        };
        value
            .filter(|value| !value.trim().is_empty())
            .map(|value| format!("the listing says {}", quoted(&value)))
    }
}

/// The fewest clauses that would have to change for `clause` to hold.
pub(super) fn needs(clause: &Clause) -> Vec<String> {
    let Some((_, mut needs)) = way(clause, true) else { return Vec::new() };
    // `near(a, b, …)` needs no word of its own where it only lacks `a`, which is needed anyway.
    let wanted: Vec<String> =
        needs.iter().filter(|one| one.wanted).map(|one| one.clause.text.clone()).collect();
    needs.retain(|one| {
        let lacks = &one.clause.lacks;
        !one.wanted
            || lacks.contains(&one.clause.text)
            || lacks.is_empty()
            || !lacks.iter().all(|name| wanted.contains(name))
    });
    let text = |need: &Need<'_>| {
        if need.wanted { need.clause.text.clone() } else { format!("not {}", need.clause.text) }
    };
    needs.iter().map(text).collect()
}

/// A clause that would have to change sides.
#[derive(Clone, Copy)]
struct Need<'c> {
    clause: &'c Clause,
    wanted: bool,
}

type Way<'c> = (usize, Vec<Need<'c>>);

/// The cheapest changes that bring a clause to `wanted`.
fn way(clause: &Clause, wanted: bool) -> Option<Way<'_>> {
    if clause.holds == wanted {
        return Some((0, Vec::new()));
    }
    let ways = || clause.parts.iter().map(move |part| way(part, wanted));
    match clause.join {
        Join::None => Some((clause.cost, vec![Need { clause, wanted }])),
        Join::Not => clause.parts.first().and_then(|part| way(part, !wanted)),
        Join::And if wanted => every(ways()),
        Join::Or if !wanted => every(ways()),
        Join::And | Join::Or => ways().flatten().min_by_key(|(cost, _)| *cost),
        Join::AtLeast(n) => {
            let held = clause.parts.iter().filter(|part| part.holds).count();
            let changes = if wanted { n.saturating_sub(held) } else { (held + 1).saturating_sub(n) };
            let mut each: Vec<Way<'_>> = clause
                .parts
                .iter()
                .filter(|part| part.holds != wanted)
                .filter_map(|part| way(part, wanted))
                .collect();
            each.sort_by_key(|(cost, _)| *cost);
            every(each.into_iter().take(changes).map(Some))
        }
    }
}

/// All of some ways; what two of them need counts once.
fn every<'c>(ways: impl Iterator<Item = Option<Way<'c>>>) -> Option<Way<'c>> {
    let mut needs: Vec<Need<'c>> = Vec::new();
    for way in ways {
        for need in way?.1 {
            if !needs.iter().any(|known| known.clause.text == need.clause.text && known.wanted == need.wanted)
            {
                needs.push(need);
            }
        }
    }
    Some((needs.iter().map(|need| need.clause.cost).sum(), needs))
}

/// The clauses without parts, each once, without their `not`.
fn collect(part: &Condition, leaves: &mut Vec<Condition>) {
    match part {
        Condition::And(parts) | Condition::Or(parts) => parts.iter().for_each(|one| collect(one, leaves)),
        Condition::Not(inner) => collect(inner, leaves),
        Condition::AtLeast { of, .. } => {
            for place in of {
                collect(&Condition::Pattern(*place), leaves);
            }
        }
        leaf if !leaves.contains(leaf) => leaves.push(leaf.clone()),
        _ => {}
    }
}

fn found(first: &Match, more: usize) -> String {
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    let tricks =
        if first.tricks.is_empty() { String::new() } else { format!(" [{}]", first.tricks.join(", ")) };
    format!("{} in {}{tricks}{more}", quoted(&first.text), first.field)
}

fn almost(near: &Near) -> String {
    format!("{} in {} {}", quoted(&near.text), near.field, near.message)
}

/// A text between quotation marks, cut where it is long.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let cut: String = text.chars().take(LONGEST).collect();
    if cut.len() < text.len() { format!("“{cut}…”") } else { format!("“{cut}”") }
}
