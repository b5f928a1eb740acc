//! Rendered product pages of real shops.

use std::fs;
use std::path::Path;

use caveat::extract::Extractor;
use caveat::listing::{Availability, Listing};
use caveat::page::PageType;
use serde_json::Value;

use super::{Measure, Row, accepted, amount, bytes, fold, page};

pub(super) fn product_benchmark(root: &Path) -> Vec<Row> {
    let root = root.join("product-benchmark");
    let truth: Value = serde_json::from_slice(&fs::read(root.join("expected.json")).unwrap()).unwrap();
    let extractor = Extractor::default();
    let mut rows = [
        Row::new("price F1", Measure::F1, 0.95, 0.98, 0.975),
        Row::new("currency ISO", Measure::Recall, 0.93, 0.97, 0.97),
        Row::new("name", Measure::Recall, 0.92, 0.97, 0.97),
        Row::new("brand", Measure::Recall, 0.80, 0.90, 0.87),
        Row::new("sku", Measure::Recall, 0.78, 0.88, 0.92),
        Row::new("GTIN precision", Measure::Precision, 1.0, 1.0, 1.0),
        Row::new("mpn", Measure::Recall, 0.40, 0.65, 0.65),
        Row::new("OutOfStock F1", Measure::F1, 0.60, 0.80, 0.72),
        Row::new("language", Measure::Recall, 0.96, 0.99, 0.98),
        Row::new("product pages called products", Measure::Recall, 0.95, 1.0, 0.98),
    ];
    let mut gtin_recall = Row::new("GTIN recall", Measure::Recall, 0.75, 0.90, 1.0);
    for (id, truth) in truth.as_object().unwrap() {
        let body = bytes(&root.join("html").join(format!("{id}.html.gz")));
        let url = truth["url"].as_str().unwrap();
        let extracted = extractor.extract(&page(Some(url), Some("text/html; charset=utf-8"), body));
        let listing = extracted.listing.clone().unwrap_or_default();
        let at =
            |what: String| format!("{} {} {what}", &id[..8], url.get(..60.min(url.len())).unwrap_or(url));
        let [price, currency, name, brand, sku, gtin, mpn, stock, language, kind] = &mut rows;
        let prices = accepted(truth, "price");
        let read = listing.price.as_ref().map(|p| p.amount.0.normalize());
        price.count(
            !prices.is_empty(),
            read.is_some(),
            read.is_some_and(|r| prices.iter().any(|p| amount(p) == r)),
            || {
                at(format!(
                    "{prices:?} read {read:?} from {:?} conflicts {:?}",
                    listing.provenance.get("price"),
                    conflicts(&listing, "price")
                ))
            },
        );
        if let Some(code) = truth["currency_iso"].as_str() {
            let read = listing.price.as_ref().and_then(|p| p.currency.clone());
            currency.count(true, read.is_some(), read.as_deref() == Some(code), || {
                at(format!("{code} read {read:?}"))
            });
        }
        let names = accepted(truth, "name");
        let right = names.iter().any(|n| fold(n) == fold(&listing.title));
        name.count(true, !listing.title.is_empty(), right, || {
            at(format!("{names:?} read {:?} from {:?}", listing.title, listing.provenance.get("title")))
        });
        let brands = accepted(truth, "brand");
        if !brands.is_empty() {
            let right =
                listing.brand.as_deref().is_some_and(|b| brands.iter().any(|known| fold(known) == fold(b)));
            brand.count(true, listing.brand.is_some(), right, || {
                at(format!("{brands:?} read {:?}", listing.brand))
            });
        }
        let skus = accepted(truth, "sku");
        if !skus.is_empty() {
            let right =
                listing.sku.as_deref().is_some_and(|s| skus.iter().any(|known| fold(known) == fold(s)));
            sku.count(true, listing.sku.is_some(), right, || {
                at(format!(
                    "{skus:?} read {:?} from {:?} {:?}",
                    listing.sku,
                    listing.provenance.get("sku"),
                    conflicts(&listing, "sku")
                ))
            });
        }
        let gtins = accepted(truth, "gtin");
        if !gtins.is_empty() {
            let bare = |g: &str| g.trim_start_matches('0').to_owned();
            let right = listing.gtin.iter().any(|g| gtins.iter().any(|known| bare(known) == bare(g)));
            let miss = || at(format!("{gtins:?} read {:?}", listing.gtin));
            gtin.count(true, !listing.gtin.is_empty(), right, miss);
            gtin_recall.count(true, !listing.gtin.is_empty(), right, miss);
        }
        let mpns = accepted(truth, "mpn");
        if !mpns.is_empty() {
            let right =
                listing.mpn.as_deref().is_some_and(|m| mpns.iter().any(|known| fold(known) == fold(m)));
            mpn.count(true, listing.mpn.is_some(), right, || at(format!("{mpns:?} read {:?}", listing.mpn)));
        }
        let out = accepted(truth, "availability").contains(&"OutOfStock");
        let read = listing.availability == Availability::OutOfStock;
        stock.count(out, read, out && read, || {
            at(format!(
                "truth {out} read {:?} from {:?} {:?}",
                listing.availability,
                listing.provenance.get("availability"),
                conflicts(&listing, "availability")
            ))
        });
        let code = truth["lang"].as_str().unwrap();
        let same = |read: &str| read == code || (matches!(read, "nb" | "no") && matches!(code, "nb" | "no"));
        language.check(listing.language.as_deref().is_some_and(same), || {
            at(format!("{code} read {:?}", listing.language))
        });
        kind.check(extracted.page_type == PageType::Product, || {
            at(format!("read {:?} {:?}", extracted.page_type, extracted.problems))
        });
    }
    let mut rows = Vec::from(rows);
    rows.insert(6, gtin_recall);
    rows
}

fn conflicts(listing: &Listing, field: &str) -> Vec<String> {
    listing
        .conflicts
        .iter()
        .filter(|c| c.field == field)
        .map(|c| format!("{}={}", c.source, c.value))
        .collect()
}
