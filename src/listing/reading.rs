//! Reading a listing that somebody else wrote: what is wrong is said in the words of the contract, field by field.
//!
//! Serde reads the sound ones, and fast; this file finds words for the others.

use std::str::FromStr;

use rust_decimal::Decimal;
use serde_json::Value;

use super::{Amount, Listing, Price};

/// Characters of a wrong value that a message shows.
const SHOWN: usize = 40;
/// Faults named in one message; who sees three knows where to look.
const FAULTS: usize = 3;

/// What a listing looks like, for messages.
const CURE: &str = "a line is a listing such as {\"title\":\"…\"} or {\"id\":\"…\",\"listing\":{…}}";

/// Why a text is no listing: which field, what it is, and what belongs there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ListingError(String);

impl Listing {
    /// Reads a line of JSON: a listing, or an object with the listing under `listing` and perhaps an `id` of the
    /// caller's own (a corpus line).
    pub fn from_line(text: &[u8]) -> Result<(Option<String>, Self), ListingError> {
        // Most lines are plain listings; reading them straight into the struct is twice as fast as by way of a value.
        if let Ok(listing) = serde_json::from_slice::<Self>(text) {
            return listing.sound().map(|listing| (None, listing));
        }
        let value = serde_json::from_slice(text).map_err(|error| no_json(&error))?;
        let Value::Object(mut object) = value else {
            return Err(ListingError(format!("is {}, not an object; {CURE}", shown(&value))));
        };
        let id = match object.remove("id") {
            Some(Value::String(id)) => Some(id),
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => None,
        };
        let listing = object.remove("listing").unwrap_or(Value::Object(object));
        Ok((id, Self::from_value(listing)?))
    }

    fn from_value(value: Value) -> Result<Self, ListingError> {
        let faults = faults(&value);
        match serde_json::from_value::<Self>(value) {
            Ok(listing) => listing.sound(),
            Err(_) if !faults.is_empty() => Err(ListingError(faults.join("; "))),
            Err(error) => Err(ListingError(format!("is no listing: {error}; {CURE}"))),
        }
    }

    /// Whether the values can be what they say they are.
    fn sound(self) -> Result<Self, ListingError> {
        if self.title.trim().is_empty() && self.description.trim().is_empty() {
            return Err(ListingError("`title` is empty, and there is no description either".to_owned()));
        }
        match self.price.as_ref().and_then(Price::fault) {
            Some(fault) => Err(ListingError(fault)),
            None => Ok(self),
        }
    }
}

impl Price {
    fn fault(&self) -> Option<String> {
        let amounts = [("amount", Some(self.amount)), ("regular", self.regular), ("max", self.max)];
        let negative =
            amounts.into_iter().find(|(_, amount)| amount.is_some_and(|Amount(n)| n < Decimal::ZERO));
        if let Some((name, Some(amount))) = negative {
            return Some(format!("`price.{name}` is {amount}; a price is not below zero"));
        }
        let currency = self.currency.as_deref()?;
        let code = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
        let cure = "write the three letters of ISO 4217, such as \"EUR\"";
        (!code).then(|| format!("`price.currency` is {}; {cure}", shown(&Value::from(currency))))
    }
}

fn no_json(error: &serde_json::Error) -> ListingError {
    if error.is_eof() {
        return ListingError(format!("is not JSON: the line ends too early; {CURE}"));
    }
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    ListingError(format!("is not JSON: {what}, at column {}; {CURE}", error.column()))
}

/// What belongs in a field.
#[derive(Clone, Copy)]
enum Shape {
    Text,
    Texts,
    TextByName,
    Amount,
    Availability,
}

impl Shape {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Texts => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
            Self::TextByName => value.as_object().is_some_and(|all| all.values().all(Value::is_string)),
            Self::Amount => match value {
                Value::String(text) => Amount::from_str(text).is_ok(),
                Value::Number(number) => Amount::from_str(&number.to_string()).is_ok(),
                _ => false,
            },
            Self::Availability => value
                .as_str()
                .is_some_and(|text| ["InStock", "OutOfStock", "PreOrder", "Unknown"].contains(&text)),
        }
    }

    fn cure(self) -> &'static str {
        match self {
            Self::Text => "write a text in quotes",
            Self::Texts => "write a list of texts, such as [\"…\"]",
            Self::TextByName => "write an object of texts, such as {\"Colour\":\"red\"}",
            Self::Amount => "write a decimal amount such as \"39.90\"",
            Self::Availability => "write InStock, OutOfStock, PreOrder or Unknown",
        }
    }
}

const FIELDS: [(&str, Shape); 13] = [
    ("id", Shape::Text),
    ("url", Shape::Text),
    ("title", Shape::Text),
    ("description", Shape::Text),
    ("availability", Shape::Availability),
    ("brand", Shape::Text),
    ("gtin", Shape::Texts),
    ("mpn", Shape::Text),
    ("sku", Shape::Text),
    ("category", Shape::Texts),
    ("images", Shape::Texts),
    ("attributes", Shape::TextByName),
    ("language", Shape::Text),
];
const PRICE: [(&str, Shape); 4] = [
    ("amount", Shape::Amount),
    ("currency", Shape::Text),
    ("regular", Shape::Amount),
    ("max", Shape::Amount),
];
const SELLER: [(&str, Shape); 3] = [("name", Shape::Text), ("url", Shape::Text), ("id", Shape::Text)];

fn faults(value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if value.get("title").is_none_or(Value::is_null) {
        faults.push("has no `title`, the one field that is required".to_owned());
    }
    check(value, "", &FIELDS, &mut faults);
    for (name, fields) in [("price", &PRICE[..]), ("seller", &SELLER[..])] {
        let Some(inner) = value.get(name).filter(|inner| !inner.is_null()) else { continue };
        if !inner.is_object() {
            faults.push(format!("`{name}` is {}; write an object", shown(inner)));
        } else if name == "price" && inner.get("amount").is_none_or(Value::is_null) {
            faults.push("`price` has no `amount`; leave `price` out where it is not known".to_owned());
        }
        check(inner, &format!("{name}."), fields, &mut faults);
    }
    faults.truncate(FAULTS);
    faults
}

fn check(value: &Value, prefix: &str, fields: &[(&str, Shape)], faults: &mut Vec<String>) {
    for (name, shape) in fields {
        if let Some(field) = value.get(name).filter(|field| !field.is_null() && !shape.fits(field)) {
            faults.push(format!("`{prefix}{name}` is {}; {}", shown(field), shape.cure()));
        }
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_named_with_its_field_and_its_cure() {
        let long = format!("{{\"title\":\"a\",\"price\":{{\"amount\":\"{}\"}}}}", "9".repeat(5_000));
        let cases = [
            (
                r#"{"price":1}"#,
                "has no `title`, the one field that is required; `price` is 1; write an object",
            ),
            (r#"{"title":7}"#, "`title` is 7; write a text in quotes"),
            (r#"{"title":"a","gtin":"123"}"#, "`gtin` is \"123\"; write a list of texts, such as [\"…\"]"),
            (
                r#"{"title":"a","price":{"amount":"abc"}}"#,
                "`price.amount` is \"abc\"; write a decimal amount such as \"39.90\"",
            ),
            (&long, "`price.amount` is \"999999999999999999999999999999999999999…; write a decimal amount"),
            (r#"{"title":"a","price":{"currency":"EUR"}}"#, "`price` has no `amount`"),
            (r#"{"title":"a","price":{"amount":"-5"}}"#, "`price.amount` is -5; a price is not below zero"),
            (
                r#"{"title":"a","price":{"amount":"5","currency":"€"}}"#,
                "`price.currency` is \"€\"; write the three letters of ISO 4217",
            ),
            (r#"{"title":"a","availability":"yes"}"#, "`availability` is \"yes\"; write InStock"),
            (r#"{"title":"a","attributes":{"x":1}}"#, "`attributes` is {\"x\":1}; write an object of texts"),
            (r#"{"title":" "}"#, "`title` is empty"),
            (r#"{"id":"x","listing":{"titel":"a"}}"#, "has no `title`"),
            ("[1]", "is [1], not an object"),
            (r#"{"title":"a""#, "is not JSON: the line ends too early"),
            (r#"{"title" "a"}"#, "is not JSON: expected `:`, at column 10"),
        ];
        for (line, expected) in cases {
            let error = Listing::from_line(line.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{line:.60}: {error}");
            assert!(error.len() < 400, "{error}");
        }
    }

    #[test]
    fn listings_are_read_bare_or_with_an_identifier() {
        let cases = [
            (r#"{"title":"a"}"#, None),
            (r#"{"id":7,"listing":{"title":"a"}}"#, Some("7")),
            (r#"{"id":7,"title":"a"}"#, Some("7")),
            (r#"{"id":"x","label":"flag","listing":{"title":"a","price":{"amount":5}}}"#, Some("x")),
            (r#"{"listing":{"title":"a","seller":null,"gtin":null}}"#, None),
        ];
        for (line, id) in cases {
            let (found, listing) = Listing::from_line(line.as_bytes()).unwrap();
            assert_eq!((found.as_deref(), listing.title.as_str()), (id, "a"), "{line}");
        }
    }
}
