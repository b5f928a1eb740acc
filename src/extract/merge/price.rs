//! The price rules: what is paid, what was, in which currency.

use rust_decimal::Decimal;

use super::{Candidate, Draft};
use crate::extract::currency;
use crate::extract::money::{self, Hints, Money};
use crate::extract::prices::ShownPrice;
use crate::extract::record::{Field, Origin};
use crate::extract::text;
use crate::listing::{Amount, Price};

/// A shown price this close to the headline is the product's.
const NEAR: u32 = 90;
/// As near as a price must be that is named as one and is nothing else.
const FAR: u32 = 110;

/// Beyond this, JSON's numbers are not exact, and nothing costs that much in any currency.
const AMOUNT_BOUND: Decimal = Decimal::from_parts(0x6FC1_0000, 0x23_86F2, 0, false, 0);

impl Draft<'_, '_> {
    /// Amount, regular price, highest price and currency.
    #[expect(clippy::too_many_lines, reason = "the price rules in their order, to be read as one")]
    pub(super) fn price(&mut self) {
        let findings = self.findings;
        let nearest = findings
            .prices
            .iter()
            .zip(findings.distances)
            .filter(|(price, _)| price.pure || price.named)
            .min_by_key(|(_, distance)| **distance);
        let near = nearest.filter(|(price, distance)| {
            let clear = price.pure && price.named && !price.old && !price.other;
            **distance <= if clear { FAR } else { NEAR }
        });
        self.merged.priced = near.is_some();
        self.merged.price_place =
            near.and_then(|(near, _)| findings.prices.iter().position(|p| std::ptr::eq(p, near)));
        let mut currencies = self.candidates(Field::Currency);
        let iso = |written: &str| currency::iso(written, findings.locale);
        let known = currencies.iter().find_map(|c| iso(&c.value));
        let hints = Hints { currency: known.or(findings.hints.currency), ..findings.hints };
        let mut amounts: Vec<(Decimal, Candidate)> = Vec::new();
        let mut highest: Vec<(Origin, Decimal)> = Vec::new();
        for candidate in self.candidates(Field::Price) {
            let Some(read) = self.machine_amount(&candidate.value, hints) else {
                self.unusable(&candidate);
                continue;
            };
            if read.amount <= Decimal::ZERO {
                continue;
            }
            if let Some(sign) = read.currency {
                currencies.push(Candidate { value: sign, ..candidate.clone() });
            }
            highest.extend(read.max.map(|max| (candidate.origin, max)));
            amounts.push((read.amount, candidate));
        }
        // A program's own data may count in hundredths: the shown price says so.
        let minor = near.is_some_and(|(price, _)| {
            let hundredfold = price.money.amount * Decimal::ONE_HUNDRED;
            amounts.iter().any(|(amount, c)| c.origin == Origin::State && *amount == hundredfold)
        });
        if minor {
            for (amount, _) in amounts.iter_mut().filter(|(_, c)| c.origin == Origin::State) {
                *amount /= Decimal::ONE_HUNDRED;
            }
            for (_, max) in highest.iter_mut().filter(|(origin, _)| *origin == Origin::State) {
                *max /= Decimal::ONE_HUNDRED;
            }
        }
        let nearest_distance = near.map(|(_, distance)| *distance);
        let shown: Vec<(Decimal, u32, &ShownPrice)> =
            findings.prices.iter().zip(findings.distances).map(|(p, d)| (p.money.amount, *d, p)).collect();
        let is_shown = |amount: Decimal| {
            shown.iter().any(|(known, distance, price)| {
                *known == amount && !price.old && *distance <= nearest_distance.map_or(NEAR, |d| d + 40)
            })
        };
        let selected = amounts.iter().find(|(_, c)| c.origin == Origin::Select).cloned();
        let primary = amounts.first().map(|(_, c)| c.origin);
        // Of several offers of one record the lowest is what the buyer pays at least.
        let lowest_of = |origin: Origin| {
            amounts.iter().filter(|(_, c)| c.origin == origin).min_by_key(|(amount, _)| *amount).cloned()
        };
        let (winner, why) = if let Some(selected) = selected {
            (Some(selected), "the source's own selector decides")
        } else if let Some(origin) = primary {
            let markup = lowest_of(origin);
            let agreed = amounts
                .iter()
                .filter(|(_, c)| c.origin != Origin::Select)
                .find(|(amount, _)| near.is_some_and(|(price, _)| price.money.amount == *amount));
            if let Some(agreed) = agreed {
                (Some(agreed.clone()), "it stands in the markup and beside the headline")
            } else if let Some(visible) = amounts.iter().find(|(amount, _)| is_shown(*amount)) {
                (Some(visible.clone()), "it stands in the markup and is shown near the headline")
            } else if let Some((price, distance)) = near.filter(|(p, d)| strong(p, **d)) {
                let told = markup.as_ref().is_some_and(|(amount, _)| *amount != price.money.amount);
                let text = Self::shown_candidate(price, *distance);
                if told {
                    (
                        Some((price.money.amount, text)),
                        "it stands beside the headline; the markup's price is not shown",
                    )
                } else {
                    (markup, "the markup says so")
                }
            } else {
                let lower = amounts
                    .iter()
                    .filter(|(_, c)| {
                        matches!(
                            c.origin,
                            Origin::JsonLd | Origin::Microdata | Origin::Rdfa | Origin::OpenGraph
                        )
                    })
                    .min_by_key(|(amount, _)| *amount)
                    .cloned();
                let cheaper = markup
                    .as_ref()
                    .zip(lower.as_ref())
                    .is_some_and(|((a, _), (b, c))| b < a && c.origin == Origin::OpenGraph);
                if cheaper {
                    (lower, "of two prices in the markup the lower one is paid")
                } else {
                    (markup, "the markup says so")
                }
            }
        } else if let Some((price, distance)) = near {
            (
                Some((price.money.amount, Self::shown_candidate(price, *distance))),
                "it stands nearest the headline",
            )
        } else {
            (None, "no reader gave a usable value")
        };
        let mut candidates: Vec<Candidate> =
            amounts.iter().map(|(amount, c)| Candidate { value: amount.to_string(), ..c.clone() }).collect();
        let mut nearest: Vec<(u32, &ShownPrice)> =
            findings.distances.iter().copied().zip(findings.prices).collect();
        nearest.sort_by_key(|(distance, _)| *distance);
        let reach = if winner.is_some() { NEAR } else { u32::MAX };
        for (distance, price) in nearest.into_iter().take_while(|(distance, _)| *distance <= reach).take(5) {
            candidates.push(Self::shown_candidate(price, distance));
        }
        let Some((amount, won)) = winner else {
            self.settle(Field::Price, &candidates, None, why, str::to_owned);
            self.only_regular(hints, &currencies);
            return;
        };
        let at = candidates
            .iter()
            .position(|c| {
                c.origin == won.origin && c.place == won.place && same_amount(&c.value, &amount.to_string())
            })
            .unwrap_or_else(|| {
                candidates.push(Candidate { value: amount.to_string(), ..won.clone() });
                candidates.len() - 1
            });
        let amount_key =
            |value: &str| value.parse::<Decimal>().map(|d| d.normalize().to_string()).unwrap_or_default();
        self.settle(Field::Price, &candidates, Some(at), why, amount_key);
        // The sign beside the price that won speaks of that price; markup speaks of the page.
        let beside = shown
            .iter()
            .filter(|(known, _, p)| *known == amount && p.money.currency.is_some())
            .min_by_key(|(_, d, _)| *d);
        if let Some((_, _, price)) = beside {
            currencies.push(Candidate {
                value: price.money.currency.clone().unwrap_or_default(),
                origin: Origin::Text,
                place: "price".to_owned(),
                weight: 1.0,
            });
        }
        let currency = self.currency(currencies);
        let regular = self.regular(amount, hints, &shown, &amounts, minor);
        highest.retain(|(origin, _)| *origin == won.origin);
        let range = shown.iter().filter(|(known, _, _)| *known == amount).filter_map(|(_, _, p)| p.money.max);
        let max = self
            .candidates(Field::Max)
            .iter()
            .filter_map(|c| Some(self.machine_amount(&c.value, hints)?.amount))
            .chain(highest.into_iter().map(|(_, max)| max))
            .chain(range)
            .chain(
                amounts
                    .iter()
                    .filter(|(_, c)| {
                        c.origin == won.origin
                            && matches!(
                                won.origin,
                                Origin::Adapter | Origin::JsonLd | Origin::Microdata | Origin::Rdfa
                            )
                    })
                    .map(|(a, _)| *a),
            )
            .filter(|max| *max > amount)
            .max();
        // Where a platform gives the prices of all forms, the dearest one is no former price.
        let regular = regular.filter(|regular| won.origin != Origin::Adapter || max != Some(*regular));
        self.merged.listing.price = Some(Price {
            amount: Amount(amount),
            currency,
            regular: regular.map(Amount),
            max: max.map(Amount),
        });
    }

    /// An amount out of markup: machine notation first, people's notation where that fails.
    fn machine_amount(&self, value: &str, hints: Hints<'_>) -> Option<Money> {
        let read = self.written_amount(value, hints)?;
        (read.amount.abs() < AMOUNT_BOUND).then_some(read)
    }

    fn written_amount(&self, value: &str, hints: Hints<'_>) -> Option<Money> {
        let trimmed = value.trim();
        let plain =
            trimmed.chars().all(|c| c.is_ascii_digit() || c == '.') && trimmed.matches('.').count() <= 1;
        // "24.990" in pesos is notation for people even in markup.
        let three = trimmed
            .rsplit_once('.')
            .is_some_and(|(whole, digits)| digits.len() == 3 && whole.len() <= 3 && whole != "0");
        if !plain {
            return money::parse(trimmed, hints);
        }
        let exact = Decimal::from_str_exact(trimmed.trim_end_matches('.')).ok()?;
        let amount = if !three {
            exact
        } else if self.rounds_to_a_shown(exact) {
            exact.round_dp(2)
        } else {
            let decimal = hints.decimal.or_else(|| {
                let unknown = hints.currency.is_none();
                unknown.then(|| currency::decimal_mark(self.findings.locale))?
            });
            money::parse(trimmed, Hints { decimal, ..hints })?.amount
        };
        Some(Money { amount, max: None, currency: None })
    }

    /// Whether the page shows `amount` rounded to two digits, as programs do that reckon tax.
    fn rounds_to_a_shown(&self, amount: Decimal) -> bool {
        let rounded = amount.round_dp(2);
        self.findings.prices.iter().any(|price| price.money.amount == rounded)
    }

    /// Notes a price that stands in the markup but is no amount that can be kept.
    fn unusable(&mut self, candidate: &Candidate) {
        let digits = candidate.value.chars().filter(char::is_ascii_digit).count();
        if digits > 0 && self.merged.problems.is_empty() {
            let shown: String = candidate.value.chars().take(40).collect();
            let reader = candidate.origin.name();
            self.merged
                .problems
                .push(format!("price: {reader} says {shown:?}, which is no amount that can be kept"));
        }
    }

    fn shown_candidate(price: &ShownPrice, distance: u32) -> Candidate {
        Candidate {
            value: price.money.amount.to_string(),
            origin: Origin::Text,
            place: format!("{} at distance {distance}{}", price.text, if price.old { ", old" } else { "" }),
            weight: 1.0,
        }
    }

    /// A page that states only an original price sells at it until it says otherwise.
    fn only_regular(&mut self, hints: Hints<'_>, currencies: &[Candidate]) {
        let regular = self
            .candidates(Field::Regular)
            .into_iter()
            .find_map(|c| Some((self.machine_amount(&c.value, hints)?.amount, c)))
            .filter(|(amount, _)| *amount > Decimal::ZERO);
        if let Some((amount, candidate)) = regular {
            self.settle(Field::Price, &[candidate], Some(0), "only an original price is stated", text::key);
            let currency = self.currency(currencies.to_vec());
            self.merged.listing.price =
                Some(Price { amount: Amount(amount), currency, regular: Some(Amount(amount)), max: None });
        }
    }

    fn currency(&mut self, candidates: Vec<Candidate>) -> Option<String> {
        let locale = self.findings.locale;
        let usable: Vec<Candidate> = candidates
            .into_iter()
            .filter_map(|c| {
                let code = currency::iso(&c.value, locale)?;
                Some(Candidate { value: code.to_owned(), ..c })
            })
            .collect();
        if usable.is_empty() {
            // Nothing written: the country whose shop this is.
            let home = currency::home(locale)?;
            self.merged
                .listing
                .provenance
                .insert(Field::Currency.name().to_owned(), Origin::Meta.name().to_owned());
            return Some(home.to_owned());
        }
        self.decide(Field::Currency, &usable, str::to_owned).map(|(code, _)| code)
    }

    fn regular(
        &mut self,
        amount: Decimal,
        hints: Hints<'_>,
        shown: &[(Decimal, u32, &ShownPrice)],
        amounts: &[(Decimal, Candidate)],
        minor: bool,
    ) -> Option<Decimal> {
        let stated = self.candidates(Field::Regular).iter().find_map(|c| {
            let read = self.machine_amount(&c.value, hints)?.amount;
            let regular = if minor && c.origin == Origin::State { read / Decimal::ONE_HUNDRED } else { read };
            Some(regular).filter(|regular| *regular > amount)
        });
        let struck = shown
            .iter()
            .filter(|(regular, distance, price)| {
                *regular > amount && price.old && !price.other && *distance <= NEAR + 80
            })
            .min_by_key(|(_, distance, _)| *distance)
            .map(|(regular, _, _)| *regular);
        let from_meta = amounts
            .iter()
            .filter(|(other, c)| *other > amount && c.origin == Origin::JsonLd)
            .map(|(other, _)| *other)
            .find(|_| self.merged.listing.provenance.get("price").is_some_and(|p| p == "open-graph"));
        let crossed = shown
            .iter()
            .filter(|(regular, distance, price)| *regular > amount && price.old && *distance <= NEAR + 80)
            .min_by_key(|(_, distance, _)| *distance)
            .map(|(regular, _, _)| *regular);
        stated.or(struck).or(crossed).or(from_meta)
    }
}

/// A shown price that overrules markup: named as a price, with a currency, close by.
fn strong(price: &ShownPrice, distance: u32) -> bool {
    distance <= NEAR * 2 / 3
        && price.pure
        && price.named
        && price.money.currency.is_some()
        && !price.old
        && !price.other
}

fn same_amount(a: &str, b: &str) -> bool {
    matches!((a.parse::<Decimal>(), b.parse::<Decimal>()), (Ok(a), Ok(b)) if a == b)
}
