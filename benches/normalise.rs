//! Folding: MB/s to the standard view with its map, and of cutting it into words.

#![allow(missing_docs, reason = "a bench")]

#[path = "synthetic.rs"]
#[allow(
    dead_code,
    clippy::pedantic,
    clippy::indexing_slicing,
    reason = "shared by benches; made up, not measured"
)]
mod synthetic;

use std::hint::black_box;

use caveat::normalise::{Folded, words};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use unicode_normalization::UnicodeNormalization;

use synthetic::{Script, listings};

fn folding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("normalise");
    for (name, script) in [("ascii", Script::Ascii), ("mixed", Script::Mixed)] {
        let texts: Vec<String> =
            listings(200, script, 1).into_iter().map(|listing| listing.description).collect();
        let bytes: usize = texts.iter().map(String::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(format!("{name}/standard"), |bencher| {
            let mut folded = Folded::default();
            bencher.iter(|| {
                for text in &texts {
                    folded.fold(black_box(text));
                    black_box(folded.text());
                }
            });
        });
        let views: Vec<Folded> = texts.iter().map(|text| Folded::new(text)).collect();
        group.bench_function(format!("{name}/words"), |bencher| {
            let mut cut = Vec::new();
            bencher.iter(|| {
                for view in &views {
                    words::cut(black_box(view.text()), &mut cut);
                    black_box(&cut);
                }
            });
        });
        group.bench_function(format!("{name}/NFKC and lower case by crates, no map"), |bencher| {
            bencher.iter(|| {
                for text in &texts {
                    black_box(black_box(text).nfkc().flat_map(char::to_lowercase).collect::<String>());
                }
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).measurement_time(std::time::Duration::from_secs(2)).warm_up_time(std::time::Duration::from_millis(500));
    targets = folding
}
criterion_main!(benches);
