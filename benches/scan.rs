//! Whole `scan` (read, JSON or HTML, fold, match, verdict, print), as docs/performance.md quotes it: CPU time of all
//! threads together, so that figures are for one core however many take part.
//!
//! Not timed by any test: `cargo bench --bench scan`. Pages are measured where `CAVEAT_SUITES` is set.

#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a measuring program speaks to whoever runs it, and stops where its own data is wrong"
)]

#[path = "synthetic.rs"]
#[allow(
    dead_code,
    clippy::pedantic,
    clippy::indexing_slicing,
    reason = "shared by benches; made up, not measured"
)]
mod synthetic;

use std::fs;
use std::hint::black_box;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caveat::extract::Extractor;
use caveat::listing::Listing;
use caveat::matcher::{Matcher, Scratch};
use caveat::pipeline::judge_listing;
use caveat::rules::load::{LoadOptions, Packs, load};
use caveat::rules::model::RuleSet;
use caveat::scan::input::Input;
use caveat::scan::{Scanner, scan};
use caveat::workspace::embedded_packs;
use serde_json::json;

use synthetic::{Script, listings, offer_rules};

const LISTINGS: usize = 20_000;
const LISTING_BYTES: usize = 1000;
/// Rules of the "1,000 rules" rows, the shipped ones among them.
const RULES: usize = 1000;
const ROUNDS: usize = 5;

fn main() {
    let loaded = load(&embedded_packs(), &LoadOptions { packs: Packs::Default, ..LoadOptions::default() });
    let shipped = loaded.set;
    let mut thousand = shipped.clone();
    thousand.rules.extend(offer_rules(RULES - shipped.rules.len()));

    let folder = tempfile::tempdir().expect("a temporary folder");
    let inputs = [
        ("made-up listings, ASCII", made_up(Script::Ascii)),
        ("made-up listings, mixed scripts", made_up(Script::Mixed)),
        ("the demo market's texts, half of them flagged", market_texts()),
    ];
    for set in [&shipped, &thousand] {
        let scanner = scanner(set);
        println!("{} rules", scanner.matcher.rule_count());
        for (name, lines) in &inputs {
            let file = folder.path().join("listings.jsonl");
            fs::write(&file, lines).expect("the listings");
            measure(name, &scanner, &file);
            stages(&scanner.matcher, lines);
        }
    }
    match std::env::var_os("CAVEAT_SUITES") {
        Some(suites) => {
            let pages = PathBuf::from(suites).join("pages/product-benchmark/html");
            measure("real product pages", &scanner(&shipped), &pages);
        }
        None => println!("real product pages: not run: CAVEAT_SUITES is unset"),
    }
}

fn scanner(set: &RuleSet) -> Scanner {
    let (matcher, errors) = Matcher::compile(set);
    assert!(errors.is_empty(), "{errors:?}");
    Scanner {
        matcher: Arc::new(matcher),
        extractor: Arc::new(Extractor::default()),
        market: None,
        threads: 1,
    }
}

/// CPU seconds of this process, all threads together. Zero where the system does not tell.
fn cpu_seconds() -> f64 {
    /// `sysconf(_SC_CLK_TCK)` of every Linux.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> =
        stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace().collect()).unwrap_or_default();
    let ticks = |field: usize| fields.get(field).and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / TICKS
}

/// CPU seconds of one round of `run`, the least of some: noise only ever adds.
fn timed(mut run: impl FnMut()) -> f64 {
    (0..ROUNDS)
        .map(|_| {
            let began = cpu_seconds();
            run();
            cpu_seconds() - began
        })
        .fold(f64::INFINITY, f64::min)
}

fn measure(name: &str, scanner: &Scanner, input: &Path) {
    let bytes = fs::metadata(input).expect("the input").len() as f64;
    let (mut listings, mut pages, mut flagged) = (0, 0, 0);
    let took = timed(|| {
        let mut sink = std::io::sink();
        let summary = scan(vec![Input::Path(input.to_owned())], scanner, |line| {
            serde_json::to_writer(&mut sink, &line)?;
            sink.write_all(b"\n").map_err(serde_json::Error::io)
        })
        .expect("a scan");
        (listings, pages, flagged) = (summary.listings, summary.pages, summary.flagged);
    });
    if pages > 0 {
        println!("  {name}: {:.0} pages/s ({listings} listings, {flagged} flagged)", pages as f64 / took);
    } else {
        println!(
            "  {name}: {:.1} MB/s, {:.0} listings/s ({flagged} of {listings} flagged)",
            bytes / took / 1e6,
            listings as f64 / took
        );
    }
}

/// What the parts cost: µs a listing.
fn stages(matcher: &Matcher, lines: &str) {
    let each = |seconds: f64| seconds * 1e6 / LISTINGS as f64;
    let parse = timed(|| {
        for line in lines.lines() {
            black_box(serde_json::from_str::<Listing>(line).expect("a listing"));
        }
    });
    let read: Vec<Listing> =
        lines.lines().map(|line| serde_json::from_str(line).expect("a listing")).collect();
    let mut scratch = Scratch::default();
    let hits = timed(|| {
        for listing in &read {
            black_box(matcher.hits_with(listing, None, &mut scratch));
        }
    });
    let verdicts: Vec<_> = read.iter().map(|listing| judge_listing(listing, matcher, None)).collect();
    let print = timed(|| {
        let mut line = Vec::new();
        for verdict in &verdicts {
            line.clear();
            serde_json::to_writer(&mut line, verdict).expect("a line");
            black_box(&line);
        }
    });
    println!(
        "    of it µs a listing: JSON {:.1}, match {:.1}, print {:.1}",
        each(parse),
        each(hits),
        each(print)
    );
}

fn line(n: usize, title: &str, description: &str) -> String {
    json!({"id": n.to_string(), "title": title, "description": description,
        "price": {"amount": "24.90", "currency": "EUR"}, "category": ["Shop"], "language": null})
    .to_string()
        + "\n"
}

/// Ordinary listings in words that no language has; a few in a hundred meet a rule by chance.
fn made_up(script: Script) -> String {
    let texts = listings(LISTINGS, script, 3);
    texts.iter().enumerate().map(|(n, text)| line(n, &text.title, &text.description)).collect()
}

/// Listings of about a kilobyte made of the demo market's own texts in ten languages, always the same.
fn market_texts() -> String {
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
    (0..LISTINGS)
        .map(|n| {
            let (title, _) = &texts[n % texts.len()];
            let mut description = String::new();
            let mut next = n * 7 + 1;
            while title.len() + description.len() < LISTING_BYTES - 100 {
                description.push_str(&texts[next % texts.len()].1);
                description.push(' ');
                next += 11;
            }
            line(n, title, &description)
        })
        .collect()
}
