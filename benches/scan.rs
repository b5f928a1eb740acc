//! Whole `scan` (read, JSON or HTML, fold, match, verdict, print) on one core, as docs/performance.md quotes it.
//!
//! Not timed by any test: `cargo bench --bench scan`. Pages are measured where `CAVEAT_SUITES` is set.

#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a measuring program speaks to whoever runs it, and stops where its own data is wrong"
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use caveat::extract::Extractor;
use caveat::matcher::Matcher;
use caveat::rules::load::{LoadOptions, Packs, load};
use caveat::scan::input::Input;
use caveat::scan::{Scanner, scan};
use caveat::workspace::embedded_packs;
use serde_json::json;

const LISTINGS: usize = 20_000;
const LISTING_BYTES: usize = 1000;
const ROUNDS: usize = 5;

fn main() {
    let loaded = load(&embedded_packs(), &LoadOptions { packs: Packs::Default, ..LoadOptions::default() });
    let (matcher, errors) = Matcher::compile(&loaded.set);
    assert!(errors.is_empty(), "{errors:?}");
    println!("{} rules", matcher.rule_count());
    let scanner = Scanner {
        matcher: Arc::new(matcher),
        extractor: Arc::new(Extractor::default()),
        market: None,
        threads: 1,
    };

    let folder = tempfile::tempdir().expect("a temporary folder");
    let listings = folder.path().join("listings.jsonl");
    fs::write(&listings, listing_lines()).expect("the listings");
    measure("listings of 1 KB", &scanner, &listings);

    match std::env::var_os("CAVEAT_SUITES") {
        Some(suites) => {
            let pages = PathBuf::from(suites).join("pages/product-benchmark/html");
            measure("real product pages", &scanner, &pages);
        }
        None => println!("not run: real product pages (CAVEAT_SUITES is unset)"),
    }
}

/// The fastest of some rounds: noise only ever slows down.
fn measure(name: &str, scanner: &Scanner, input: &Path) {
    let mut best = f64::INFINITY;
    let (mut listings, mut pages, mut flagged) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let mut sink = std::io::sink();
        let began = Instant::now();
        let summary = scan(vec![Input::Path(input.to_owned())], scanner, |line| {
            serde_json::to_writer(&mut sink, &line)?;
            sink.write_all(b"\n").map_err(serde_json::Error::io)
        })
        .expect("a scan");
        best = best.min(began.elapsed().as_secs_f64());
        (listings, pages, flagged) = (summary.listings, summary.pages, summary.flagged);
    }
    let records = if pages > 0 { pages } else { listings } as f64;
    println!(
        "{name}: {records} in {best:.3} s on one core = {:.0} a second ({listings} listings judged, {flagged} flagged)",
        records / best
    );
}

/// Listings of about a kilobyte made of the demo market's own texts in ten languages, always the same.
fn listing_lines() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/market/products");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("the market").map(|e| e.expect("an entry").path()).collect();
    files.sort();
    let texts: Vec<(String, String)> = files
        .iter()
        .flat_map(|file| {
            let text = fs::read_to_string(file).expect("a product file");
            let file: toml::Table = toml::from_str(&text).expect("a product file");
            let products = file["product"].as_array().expect("products").clone();
            let word = |product: &toml::Value, key: &str| product[key].as_str().expect("a text").to_owned();
            products
                .iter()
                .map(|product| (word(product, "title"), word(product, "description")))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(texts.len() > 100, "the market's products have moved");
    let mut lines = String::new();
    for n in 0..LISTINGS {
        let (title, _) = &texts[n % texts.len()];
        let mut description = String::new();
        let mut next = n * 7 + 1;
        while title.len() + description.len() < LISTING_BYTES - 100 {
            description.push_str(&texts[next % texts.len()].1);
            description.push(' ');
            next += 11;
        }
        let line = json!({"id": n.to_string(), "title": title, "description": description,
            "price": {"amount": "24.90", "currency": "EUR"}, "category": ["Shop"], "language": null});
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    lines
}
