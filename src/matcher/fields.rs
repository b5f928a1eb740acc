//! The parts of a listing that patterns look into, in the order in which matches are listed.

use crate::listing::Listing;
use crate::rules::model::Field;

/// More attributes or category steps than any page has; the rest is not looked into.
const MAX_VALUES: usize = 1000;

/// A set of [`Field`]s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct FieldSet(u8);

impl FieldSet {
    pub(super) fn insert(&mut self, field: Field) {
        self.0 |= 1 << field as u8;
    }

    pub(super) fn contains(self, field: Field) -> bool {
        self.0 & (1 << field as u8) != 0
    }

    pub(super) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl FromIterator<Field> for FieldSet {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        let mut set = Self::default();
        fields.into_iter().for_each(|field| set.insert(field));
        set
    }
}

/// One value of a listing.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldText<'l> {
    pub(super) field: Field,
    /// The attribute's name.
    name: &'l str,
    /// The place in the category path or among the conflicts.
    place: usize,
    /// It stands among the listing's conflicts.
    lost: bool,
    pub(super) text: &'l str,
}

impl FieldText<'_> {
    /// The name of the attribute that this is the value of.
    pub(super) fn attribute(&self) -> Option<&str> {
        (self.field == Field::Attributes).then_some(self.name)
    }

    /// `title`, `attributes.NAME`, `category[0]`, …
    pub(super) fn label(&self) -> String {
        match self.field {
            _ if self.lost => format!("conflicts[{}]", self.place),
            Field::Title => "title".to_owned(),
            Field::Description => "description".to_owned(),
            Field::Attributes => format!("attributes.{}", self.name),
            Field::Category => format!("category[{}]", self.place),
            Field::Brand => "brand".to_owned(),
            Field::Seller => "seller".to_owned(),
        }
    }
}

/// The values of `listing` in the fields of `wanted`.
pub(super) fn texts(listing: &Listing, wanted: FieldSet) -> Vec<FieldText<'_>> {
    let plain = |field, text| FieldText { field, name: "", place: 0, lost: false, text };
    let mut texts = vec![plain(Field::Title, listing.title.as_str())];
    texts.push(plain(Field::Description, listing.description.as_str()));
    texts.extend(listing.attributes.iter().take(MAX_VALUES).map(|(name, text)| FieldText {
        field: Field::Attributes,
        name,
        place: 0,
        lost: false,
        text,
    }));
    texts.extend(listing.category.iter().take(MAX_VALUES).enumerate().map(|(place, text)| FieldText {
        field: Field::Category,
        name: "",
        place,
        lost: false,
        text,
    }));
    texts.extend(listing.brand.as_deref().map(|text| plain(Field::Brand, text)));
    let seller = listing.seller.as_ref().and_then(|seller| seller.name.as_deref());
    texts.extend(seller.map(|text| plain(Field::Seller, text)));
    texts.retain(|each| wanted.contains(each.field) && !each.text.is_empty());
    texts
}

/// The titles and descriptions of `listing` that lost against others, in the fields of `wanted`.
pub(super) fn lost_texts(listing: &Listing, wanted: FieldSet) -> Vec<FieldText<'_>> {
    let of_field = |name: &str| match name {
        "title" => Some(Field::Title),
        "description" => Some(Field::Description),
        _ => None,
    };
    let lost = listing.conflicts.iter().take(MAX_VALUES).enumerate();
    lost.filter_map(|(place, conflict)| {
        let field = of_field(&conflict.field).filter(|field| wanted.contains(*field))?;
        Some(FieldText { field, name: "", place, lost: true, text: conflict.value.as_str() })
    })
    .collect()
}
