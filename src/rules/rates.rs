//! `rules/rates.toml`: what a euro was worth on one day.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::common;
use super::model::Rates;
use crate::document::{Problem, Table, code};

/// Reads the file. An unsound rate is reported and left out.
pub(super) fn read(table: &Table<'_>) -> Rates {
    common::format(table);
    let date = table.date("date").map(|date| date.value.to_string()).unwrap_or_default();
    table.line("source");
    let mut per_euro = BTreeMap::new();
    let document = table.document();
    for entry in table.table("rates").map(|rates| rates.entries()).unwrap_or_default() {
        let currency = entry.key();
        if currency.value.len() != 3 || !currency.value.bytes().all(|byte| byte.is_ascii_uppercase()) {
            let problem = Problem::error(code::BAD_VALUE, currency.span, "this is not a currency")
                .help("write the three capitals of ISO 4217, such as USD");
            document.report(problem);
            continue;
        }
        let Some(rate) = entry.decimal() else { continue };
        let is_euro = currency.value == "EUR";
        if rate.value <= Decimal::ZERO || (is_euro && rate.value != Decimal::ONE) {
            let problem = Problem::error(code::BAD_VALUE, rate.span, "this cannot be the value of a euro")
                .help("write how many units of the currency one euro buys");
            document.report(problem);
            continue;
        }
        per_euro.insert(currency.value, rate.value);
    }
    Rates { date, per_euro }
}
