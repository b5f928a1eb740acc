//! The structured offer: what a product page says, field by field, and where each value came from.
//!
//! This is also the JSON contract of `extract`, of `scan`'s input and of the corpus (docs/architecture.md).

mod reading;

mod information;

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use information::Information;

pub use reading::ListingError;

/// One offer. Only `title` is required on input; absent fields are null or empty on output.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Listing {
    /// The caller's own identifier, handed through.
    pub id: Option<String>,
    /// The address of the product page.
    pub url: Option<String>,
    /// The product's name as the page shows it.
    pub title: String,
    /// The seller's description as plain text.
    #[serde(default, deserialize_with = "null_as_default")]
    pub description: String,
    /// What it costs.
    pub price: Option<Price>,
    /// Whether it can be bought now.
    #[serde(default, deserialize_with = "null_as_default")]
    pub availability: Availability,
    /// The brand's name.
    pub brand: Option<String>,
    /// GTIN-8, -12, -13 or -14, digits only, check digit valid.
    #[serde(default, deserialize_with = "null_as_default")]
    pub gtin: Vec<String>,
    /// The manufacturer's part number.
    pub mpn: Option<String>,
    /// The shop's own number.
    pub sku: Option<String>,
    /// The path of categories, outermost first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub category: Vec<String>,
    /// Addresses of pictures.
    #[serde(default, deserialize_with = "null_as_default")]
    pub images: Vec<String>,
    /// Named properties as the page shows them.
    #[serde(default, deserialize_with = "null_as_default")]
    pub attributes: BTreeMap<String, String>,
    /// Who sells it.
    pub seller: Option<Seller>,
    /// The language of the listing's own text, BCP 47.
    pub language: Option<String>,
    /// Which reader each field came from (`"title": "json-ld"`).
    #[serde(default, deserialize_with = "null_as_default")]
    pub provenance: BTreeMap<String, String>,
    /// Values that other readers gave and that lost.
    #[serde(default, deserialize_with = "null_as_default")]
    pub conflicts: Vec<Conflict>,
}

/// A price. Amounts are decimals and travel as strings, so that no binary rounding touches them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// What the buyer pays now; the lowest of a range.
    pub amount: Amount,
    /// ISO 4217 code; `None` when the page does not tell.
    #[serde(default)]
    pub currency: Option<String>,
    /// The struck-through price.
    #[serde(default)]
    pub regular: Option<Amount>,
    /// The highest of a range.
    #[serde(default)]
    pub max: Option<Amount>,
}

/// A decimal amount of money. Serialised as a string; read from a string or a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub Decimal);

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Amount {
    type Err = rust_decimal::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Decimal::from_str_exact(text.trim()).map(Self)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => text,
            serde_json::Value::Number(number) => number.to_string(),
            other => {
                let message = format!("an amount is a decimal string such as \"39.90\", not {other}");
                return Err(serde::de::Error::custom(message));
            }
        };
        text.parse().map_err(|_| {
            serde::de::Error::custom(format!("{text:?} is not a decimal amount such as \"39.90\""))
        })
    }
}

/// Whether an offer can be bought now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum Availability {
    /// It can be bought.
    InStock,
    /// It cannot be bought now.
    OutOfStock,
    /// It can be ordered before it exists.
    PreOrder,
    /// The page does not say.
    #[default]
    Unknown,
}

/// Who sells an offer.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Seller {
    /// The name shown to buyers.
    pub name: Option<String>,
    /// The seller's page.
    pub url: Option<String>,
    /// The marketplace's number for the seller.
    pub id: Option<String>,
}

/// A value that lost against the one in the listing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The listing's field.
    pub field: String,
    /// What the losing reader gave.
    pub value: String,
    /// Which reader that was.
    pub source: String,
}

fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
