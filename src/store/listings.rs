//! Kept listings: one a source and URL, the passed ones with an index by age for pruning.

use super::StoreError;
use super::frontier::KeptListing;
use super::keys;
use super::rows::ListingRow;
use super::sellers::SellerKey;
use super::staging::Staging;
use super::tables::{Table, Tables};
use crate::clock::Timestamp;
use crate::finding::Ruling;

pub(super) fn put(staging: &mut Staging<'_>, kept: KeptListing) -> Result<(), StoreError> {
    keys::check_name("the source id", &kept.source)?;
    keys::check_url(&kept.url)?;
    let base = keys::url(&kept.source, &kept.url);
    let mut row = ListingRow::from(kept);
    if let Some(old) = staging.read_parts::<ListingRow>(Table::Listings, &base)? {
        forget_age(staging, &old);
        row.first_seen = row.first_seen.min(Some(old.first_seen.unwrap_or(old.seen_at)));
    }
    if row.verdict.ruling == Ruling::Pass {
        staging.put(Table::Ages, keys::age(row.seen_at, &row.source, &row.url), &[][..]);
    }
    if staging.write_parts(Table::Listings, &base, &row)? {
        staging.meta.totals.listings += 1;
    }
    Ok(())
}

/// Of a seller who was not flagged, only a keyed hash is kept.
pub(super) fn veil_seller(kept: &mut KeptListing, key: &SellerKey) {
    if kept.verdict.ruling == Ruling::Pass
        && let Some(seller) = &mut kept.listing.seller
    {
        *seller = key.veiled(&kept.source, seller);
    }
}

/// Drops passed listings by the age keys that were found for them, unless they were seen again since.
pub(super) fn prune(
    staging: &mut Staging<'_>,
    ages: &[Vec<u8>],
    before: Timestamp,
) -> Result<u64, StoreError> {
    let mut dropped = 0;
    for age in ages {
        let Some(base) = age.get(8..) else { continue };
        if staging.get(Table::Ages, age)?.is_none() {
            continue;
        }
        let Some(row) = staging.read_parts::<ListingRow>(Table::Listings, base)? else { continue };
        if row.verdict.ruling == Ruling::Pass && row.seen_at < before {
            forget_age(staging, &row);
            staging.delete_parts(Table::Listings, base)?;
            staging.meta.totals.listings = staging.meta.totals.listings.saturating_sub(1);
            dropped += 1;
        }
    }
    Ok(dropped)
}

/// Age keys of up to `most` passed listings seen before a time.
pub(super) fn older(tables: &Tables, before: Timestamp, most: usize) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut ages = Vec::new();
    for row in tables.scan(Table::Ages, &[]).take(most) {
        let (key, _) = row?;
        if keys::read_time(&key).is_none_or(|seen_at| seen_at >= before) {
            break;
        }
        ages.push(key.to_vec());
    }
    Ok(ages)
}

/// Every kept listing, by source and URL.
pub(super) fn list(
    tables: &Tables,
    source: Option<&str>,
) -> impl Iterator<Item = Result<KeptListing, StoreError>> + use<> {
    let tables = tables.clone();
    let prefix = source.map(keys::of_source).unwrap_or_default();
    tables.scan(Table::Listings, &prefix).filter_map(move |row| {
        let (key, _) = match row {
            Ok(row) => row,
            Err(error) => return Some(Err(error)),
        };
        let base = keys::first_part(&key)?;
        let row = tables.read_parts::<ListingRow>(Table::Listings, base);
        row.map(|row| row.map(KeptListing::from)).transpose()
    })
}

fn forget_age(staging: &mut Staging<'_>, row: &ListingRow) {
    if row.verdict.ruling == Ruling::Pass {
        staging.delete(Table::Ages, keys::age(row.seen_at, &row.source, &row.url));
    }
}

impl From<KeptListing> for ListingRow {
    fn from(kept: KeptListing) -> Self {
        let KeptListing { source, url, seen_at, first_seen, verdict, listing } = kept;
        Self { source, url, seen_at, first_seen: Some(first_seen), verdict, listing }
    }
}

impl From<ListingRow> for KeptListing {
    fn from(row: ListingRow) -> Self {
        let ListingRow { source, url, seen_at, first_seen, verdict, listing } = row;
        Self { source, url, seen_at, first_seen: first_seen.unwrap_or(seen_at), verdict, listing }
    }
}
