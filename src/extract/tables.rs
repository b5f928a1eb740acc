//! Tables of offers: a row of labels ("product", "price"), then a row for each offer.

use super::outline::{Id, Outline, Tag, mark};
use super::prices::ShownPrice;
use super::{text, words};
use crate::listing::{Amount, Listing, Price};

/// Tables looked at.
const TABLES_MAX: usize = 200;
/// Rows of one table.
const ROWS_MAX: usize = 500;
/// Cells of one row.
const CELLS_MAX: usize = 20;
/// Bytes of a name.
const NAME_BYTES: usize = 300;

/// The offers of tables with at least two rows; one row is the page's own offer.
pub(super) fn offers(outline: &Outline<'_>, prices: &[ShownPrice], currency: Option<&str>) -> Vec<Listing> {
    let mut found = Vec::new();
    let tables = outline.ids().filter(|id| outline.tag(*id) == Tag::Table && !outline.has(*id, mark::HIDDEN));
    for table in tables.take(TABLES_MAX) {
        let rows: Vec<Id> =
            outline.below(table).filter(|id| outline.tag(*id) == Tag::Tr).take(ROWS_MAX).collect();
        let Some((head, rows)) = rows.split_first().filter(|(_, rows)| rows.len() > 1) else { continue };
        let labels: Vec<String> = cells(outline, *head)
            .into_iter()
            .map(|cell| words::label(&outline.text_up_to(cell, 80, false)))
            .collect();
        let Some(price_at) = labels.iter().position(|label| words::PRICE_LABELS.has(label)) else { continue };
        let named = labels.iter().position(|label| words::NAME_LABELS.has(label));
        let Some(name_at) = named.or_else(|| (0..labels.len()).find(|at| *at != price_at)) else { continue };
        for row in rows {
            let cells = cells(outline, *row);
            let (Some(name), Some(priced)) = (cells.get(name_at), cells.get(price_at)) else { continue };
            let title = text::line(&outline.text_up_to(*name, NAME_BYTES, false));
            let shown = prices.iter().find(|price| outline.contains(*priced, price.id));
            let Some(shown) = shown.filter(|_| title.chars().any(char::is_alphabetic)) else { continue };
            let code = shown.money.currency.as_deref().and_then(super::currency::code).or(currency);
            let price = Price {
                amount: Amount(shown.money.amount),
                currency: code.map(str::to_owned),
                regular: None,
                max: shown.money.max.map(Amount),
            };
            let mut listing = Listing { title, price: Some(price), ..Listing::default() };
            for field in ["title", "price"] {
                listing.provenance.insert(field.to_owned(), "text".to_owned());
            }
            found.push(listing);
        }
    }
    found
}

fn cells(outline: &Outline<'_>, row: Id) -> Vec<Id> {
    let cells = outline.children(row).filter(|cell| matches!(outline.tag(*cell), Tag::Td | Tag::Th));
    cells.take(CELLS_MAX).collect()
}
