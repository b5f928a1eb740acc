//! CPU time of extraction a page, on one core: made pages, and the real product pages where `CAVEAT_SUITES` is set.
//!
//! `cargo bench --bench extract`. CPU time of the reading thread, so that other programs disturb little; of each page
//! the fastest of some rounds, because noise only ever slows down.

#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measuring program speaks to whoever runs it; times and sizes are small"
)]

use std::fmt::Write;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;

use caveat::extract::Extractor;
use caveat::page::Page;
use rustix::time::{ClockId, clock_gettime};

/// Readings of each page.
const ROUNDS: usize = 7;

fn main() {
    let extractor = Extractor::default();
    for kilobytes in [10, 100, 600] {
        report(&format!("made page, {kilobytes} KB"), &[made(kilobytes)], &extractor);
    }
    match std::env::var_os("CAVEAT_SUITES") {
        Some(root) => {
            report("real product pages", &real_pages(Path::new(&root)), &extractor);
        }
        None => println!("not run: real product pages (CAVEAT_SUITES is unset)"),
    }
}

/// Reads every page some times and prints mean, 95th percentile and maximum of their best times.
fn report(name: &str, pages: &[Page], extractor: &Extractor) {
    let mut best = vec![f64::INFINITY; pages.len()];
    for _ in 0..ROUNDS {
        for (page, best) in pages.iter().zip(&mut best) {
            let before = cpu_milliseconds();
            black_box(extractor.extract(black_box(page)));
            *best = best.min(cpu_milliseconds() - before);
        }
    }
    best.sort_by(f64::total_cmp);
    let bytes: usize = pages.iter().map(|page| page.body.len()).sum();
    let mean = best.iter().sum::<f64>() / best.len().max(1) as f64;
    let at = (best.len() as f64 * 0.95).ceil() as usize;
    println!(
        "{name}: {} page(s) of {} KB; CPU ms a page: mean {mean:.2}, p95 {:.2}, max {:.2}; {:.0} MB/s",
        pages.len(),
        bytes / pages.len().max(1) / 1024,
        best.get(at.saturating_sub(1)).copied().unwrap_or(0.0),
        best.last().copied().unwrap_or(0.0),
        bytes as f64 / 1000.0 / best.iter().sum::<f64>(),
    );
}

/// The time that this thread has had on a processor.
fn cpu_milliseconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1000.0 + now.tv_nsec as f64 / 1_000_000.0
}

/// A made page of about `kilobytes` KB: JSON-LD, a headline with its price, properties, and a list of others.
fn made(kilobytes: usize) -> Page {
    let mut html = String::from(
        r#"<!doctype html><html lang="de"><head><title>Hochdruckreiniger K 3 | Shop</title>
        <meta property="og:title" content="Hochdruckreiniger K 3"><script type="application/ld+json">
        {"@graph":[{"@type":"Product","name":"Hochdruckreiniger K 3","sku":"4711","brand":{"name":"Beispiel"},
        "offers":{"@type":"Offer","price":"119.01","priceCurrency":"EUR","availability":"https://schema.org/InStock"}}]}
        </script></head><body><nav><a href="/c/garten">Garten</a></nav><main><h1>Hochdruckreiniger K 3</h1>
        <p class="price"><del>149,00 €</del> <span>119,01 €</span></p><button class="add-to-cart">In den Warenkorb</button>
        <table><tr><th>Leistung</th><td>1.600 W</td></tr><tr><th>EAN</th><td>4006381333931</td></tr></table></main>"#,
    );
    let mut number = 0;
    while html.len() < kilobytes * 1024 {
        number += 1;
        let _ = write!(
            html,
            r#"<div class="card col-3"><a href="/p/{number}"><img src="/i/{number}.jpg" alt="Gerät {number}"><h3>Gerät Nummer
            {number}</h3></a><div class="rating" style="width: 80%"><i class="star"></i><i class="star"></i></div>
            <span class="price">{number},99 €</span><p>Ein kurzer Text, der das Gerät beschreibt.</p></div>"#
        );
    }
    html.push_str("</body></html>");
    Page { url: "https://shop.example/p/4711".parse().ok(), content_type: None, body: html.into_bytes() }
}

fn real_pages(root: &Path) -> Vec<Page> {
    let folder = root.join("pages/product-benchmark/html");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| {
            let mut body = Vec::new();
            flate2::read::MultiGzDecoder::new(std::fs::File::open(path).ok()?).read_to_end(&mut body).ok()?;
            Some(Page { url: "https://www.shop.example/p/4711".parse().ok(), content_type: None, body })
        })
        .collect()
}
