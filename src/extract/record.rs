//! What a reader hands to the merge: one [`Record`] for each thing on the page that looks like an offer.

use std::collections::BTreeMap;

/// Which reader a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Origin {
    Select,
    Adapter,
    JsonLd,
    Microdata,
    Rdfa,
    State,
    OpenGraph,
    Meta,
    Text,
}

impl Origin {
    /// The name in provenance.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Select => "select",
            Self::Adapter => "adapter",
            Self::JsonLd => "json-ld",
            Self::Microdata => "microdata",
            Self::Rdfa => "rdfa",
            Self::State => "state",
            Self::OpenGraph => "open-graph",
            Self::Meta => "meta",
            Self::Text => "text",
        }
    }
}

/// A field that readers give values for. Price parts are separate, because readers know them separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Field {
    Title,
    Description,
    Price,
    Regular,
    Max,
    Currency,
    Availability,
    Brand,
    Gtin,
    Mpn,
    Sku,
    Category,
    Image,
    SellerName,
    SellerUrl,
    SellerId,
    Url,
    Language,
}

impl Field {
    pub(super) const ALL: [Self; 18] = [
        Self::Title,
        Self::Description,
        Self::Price,
        Self::Regular,
        Self::Max,
        Self::Currency,
        Self::Availability,
        Self::Brand,
        Self::Gtin,
        Self::Mpn,
        Self::Sku,
        Self::Category,
        Self::Image,
        Self::SellerName,
        Self::SellerUrl,
        Self::SellerId,
        Self::Url,
        Self::Language,
    ];

    /// The name that source files, provenance and conflicts use.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Description => "description",
            Self::Price => "price",
            Self::Regular => "price.regular",
            Self::Max => "price.max",
            Self::Currency => "price.currency",
            Self::Availability => "availability",
            Self::Brand => "brand",
            Self::Gtin => "gtin",
            Self::Mpn => "mpn",
            Self::Sku => "sku",
            Self::Category => "category",
            Self::Image => "images",
            Self::SellerName => "seller",
            Self::SellerUrl => "seller.url",
            Self::SellerId => "seller.id",
            Self::Url => "url",
            Self::Language => "language",
        }
    }

    /// The field of a source file's `[select]` key; shorter words for the parts people select most.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "name" => return Some(Self::Title),
            "currency" => return Some(Self::Currency),
            "regular" | "regular_price" => return Some(Self::Regular),
            "max" => return Some(Self::Max),
            "image" => return Some(Self::Image),
            "seller.name" => return Some(Self::SellerName),
            "price.amount" => return Some(Self::Price),
            _ => {}
        }
        Self::ALL.into_iter().find(|field| field.name() == name)
    }
}

/// A value with where it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) field: Field,
    pub(super) value: String,
    pub(super) place: String,
}

/// How a record stands to the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It may be the page's own offer.
    Own,
    /// One form (size, colour) of the record at this place of the list.
    Variant(usize),
    /// An item of a list.
    Listed,
    /// Something else that the page recommends.
    Related,
}

/// One offer as one reader saw it.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) origin: Origin,
    pub(super) role: Role,
    pub(super) place: String,
    pub(super) claims: Vec<Claim>,
    pub(super) attributes: BTreeMap<String, String>,
    /// Names of its offers and forms, where they have names of their own.
    pub(super) forms: Vec<String>,
    /// True where a type or several product fields say that this is an offer, not just a named thing.
    pub(super) typed: bool,
}

/// Values kept of one field of one record; a product has a handful of pictures, not thousands.
const CLAIMS_PER_RECORD: usize = 200;
/// Names of forms kept of one record.
pub(super) const FORMS_MAX: usize = 100;
/// Attributes kept of one record.
pub(super) const ATTRIBUTES_MAX: usize = 200;

impl Record {
    pub(super) fn new(origin: Origin, place: String) -> Self {
        Self {
            origin,
            role: Role::Own,
            place,
            claims: Vec::new(),
            attributes: BTreeMap::new(),
            forms: Vec::new(),
            typed: false,
        }
    }

    /// Adds a value; empty ones and repeats are left out.
    pub(super) fn claim(&mut self, field: Field, value: impl Into<String>, place: &str) {
        let value = value.into();
        if value.trim().is_empty() || self.claims.len() >= CLAIMS_PER_RECORD {
            return;
        }
        if self.claims.iter().any(|known| known.field == field && known.value == value) {
            return;
        }
        let place = if place.is_empty() { self.place.clone() } else { format!("{}.{place}", self.place) };
        self.claims.push(Claim { field, value, place });
    }

    /// Adds the name of an offer or form.
    pub(super) fn form(&mut self, name: String) {
        if !name.is_empty() && self.forms.len() < FORMS_MAX && !self.forms.contains(&name) {
            self.forms.push(name);
        }
    }

    pub(super) fn first(&self, field: Field) -> Option<&str> {
        self.claims.iter().find(|claim| claim.field == field).map(|claim| claim.value.as_str())
    }

    pub(super) fn all(&self, field: Field) -> impl Iterator<Item = &Claim> {
        self.claims.iter().filter(move |claim| claim.field == field)
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.first(field).is_some()
    }

    pub(super) fn attribute(&mut self, name: String, value: String) {
        if !name.is_empty() && !value.is_empty() && self.attributes.len() < ATTRIBUTES_MAX {
            self.attributes.entry(name).or_insert(value);
        }
    }
}
