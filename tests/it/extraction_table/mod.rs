//! The measuring command of extraction: reads the suites folder (`CAVEAT_SUITES`), prints the table of what is read
//! (what must hold, the aim, what was measured), then the misses of each row, and fails below the floors reached.
//!
//! `CAVEAT_SUITES=… cargo test --release --test it extraction_table -- --nocapture`

mod benchmark;
mod pages;
mod snippets;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use caveat::extract::Extractor;
use caveat::page::{Extracted, Page};
use serde_json::Value;

/// Misses printed of one row.
const MISSES_SHOWN: usize = 100;

#[test]
fn extraction_table() {
    let Some(root) = suites() else { return };
    let rows: Vec<Row> = [
        benchmark::product_benchmark(&root),
        pages::news(&root),
        snippets::broken_json_ld(&root),
        snippets::price_strings(&root),
        snippets::hard_cases(&root),
        snippets::fields(&root),
        snippets::identifiers(&root),
        snippets::three_syntaxes(&root),
        pages::charsets_and_next_links(&root),
        pages::price_comparison(&root),
        pages::classifieds(&root),
    ]
    .into_iter()
    .flatten()
    .collect();
    println!("| what | must | aim | measured | of |\n|---|---|---|---|---|");
    for row in &rows {
        let state = match row.measured() {
            measured if measured < row.must - 1e-9 => " **below must**",
            measured if measured < row.aim - 1e-9 => " below aim",
            _ => "",
        };
        println!(
            "| {} | {:.3} | {:.3} | {:.3}{state} | {} of {} |",
            row.name,
            row.must,
            row.aim,
            row.measured(),
            row.right,
            row.expected
        );
    }
    for row in rows.iter().filter(|row| !row.misses.is_empty()) {
        println!("\n{}:", row.name);
        for miss in row.misses.iter().take(MISSES_SHOWN) {
            println!("    {}", miss.chars().take(600).collect::<String>());
        }
    }
    let below: Vec<String> = rows
        .iter()
        .filter(|row| row.measured() < row.floor - 1e-9)
        .map(|row| format!("{}: {:.3} is below the floor {}", row.name, row.measured(), row.floor))
        .collect();
    assert!(below.is_empty(), "{below:#?}");
}

fn suites() -> Option<PathBuf> {
    let folder = std::env::var_os("CAVEAT_SUITES").map(|root| PathBuf::from(root).join("pages"));
    if folder.is_none() {
        eprintln!("not run: CAVEAT_SUITES is unset");
    }
    folder
}
fn bytes(path: &Path) -> Vec<u8> {
    let raw = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if path.extension().is_some_and(|extension| extension == "gz") {
        let mut out = Vec::new();
        flate2::read::MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut out).unwrap();
        return out;
    }
    raw
}

fn json_lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn page(url: Option<&str>, content_type: Option<&str>, body: Vec<u8>) -> Page {
    Page { url: url.map(|url| url.parse().unwrap()), content_type: content_type.map(str::to_owned), body }
}

fn extract(url: Option<&str>, html: &str) -> Extracted {
    Extractor::default().extract(&page(url, Some("text/html; charset=utf-8"), html.as_bytes().to_vec()))
}

/// How a row is measured.
#[derive(Clone, Copy)]
enum Measure {
    Recall,
    Precision,
    F1,
}

/// One row of the table: how often a reading was right.
struct Row {
    name: &'static str,
    measure: Measure,
    must: f64,
    aim: f64,
    /// What has been reached and is kept.
    floor: f64,
    right: usize,
    predicted: usize,
    expected: usize,
    misses: Vec<String>,
}

impl Row {
    fn new(name: &'static str, measure: Measure, must: f64, aim: f64, floor: f64) -> Self {
        Self { name, measure, must, aim, floor, right: 0, predicted: 0, expected: 0, misses: Vec::new() }
    }

    /// A row of checks that are right or wrong.
    fn checks(name: &'static str, must: f64, aim: f64, floor: f64) -> Self {
        Self::new(name, Measure::Recall, must, aim, floor)
    }

    fn count(&mut self, expected: bool, predicted: bool, right: bool, miss: impl FnOnce() -> String) {
        self.expected += usize::from(expected);
        self.predicted += usize::from(predicted);
        self.right += usize::from(right);
        if !right && (expected || predicted) {
            self.misses.push(miss());
        }
    }

    fn check(&mut self, right: bool, miss: impl FnOnce() -> String) {
        self.count(true, true, right, miss);
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of rows are small")]
    fn measured(&self) -> f64 {
        let ratio = |part: usize, whole: usize| if whole == 0 { 1.0 } else { part as f64 / whole as f64 };
        match self.measure {
            Measure::Recall => ratio(self.right, self.expected),
            Measure::Precision => ratio(self.right, self.predicted),
            Measure::F1 => ratio(2 * self.right, self.predicted + self.expected),
        }
    }
}

fn fold(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

fn accepted<'v>(truth: &'v Value, field: &str) -> Vec<&'v str> {
    truth
        .get(field)
        .and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

fn amount(text: &str) -> rust_decimal::Decimal {
    text.trim().parse::<rust_decimal::Decimal>().unwrap_or_default().normalize()
}
