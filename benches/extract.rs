//! Throughput of extraction: a page of each style, and the suites folder's real pages where `CAVEAT_SUITES` is set.

use std::fmt::Write;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;

use caveat::extract::Extractor;
use caveat::page::Page;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

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

fn real_pages() -> Vec<Page> {
    let Some(root) = std::env::var_os("CAVEAT_SUITES") else { return Vec::new() };
    let folder = Path::new(&root).join("pages/product-benchmark/html");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
        .into_iter()
        .filter_map(|path| {
            let mut body = Vec::new();
            flate2::read::MultiGzDecoder::new(std::fs::File::open(path).ok()?).read_to_end(&mut body).ok()?;
            Some(Page { url: None, content_type: None, body })
        })
        .collect()
}

fn extract(criterion: &mut Criterion) {
    let extractor = Extractor::default();
    let mut group = criterion.benchmark_group("extract");
    group.sample_size(10);
    for kilobytes in [10, 100, 600] {
        let page = made(kilobytes);
        group.throughput(Throughput::Bytes(page.body.len() as u64));
        group.bench_function(format!("made page, {kilobytes} KB"), |bench| {
            bench.iter(|| black_box(extractor.extract(black_box(&page))));
        });
    }
    let pages = real_pages();
    if !pages.is_empty() {
        group.throughput(Throughput::Elements(pages.len() as u64));
        group.bench_function(format!("{} real pages", pages.len()), |bench| {
            bench.iter(|| {
                for page in &pages {
                    black_box(extractor.extract(black_box(page)));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, extract);
criterion_main!(benches);
