//! Matching: MB/s of folding, scanning and evaluating listings of 1 KB, beside what one would do without a matcher.

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

use caveat::listing::Listing;
use caveat::matcher::{Matcher, Scratch};
use caveat::normalise::fold_term;
use caveat::rules::model::{Bound, Field, Fold, Pattern, RuleSet};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use regex::{Regex, RegexSet, RegexSetBuilder};

use synthetic::{Script, bytes, listings, rules, term_patterns, terms};

fn run(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, set: &RuleSet, texts: &[Listing]) {
    let (matcher, errors) = Matcher::compile(set);
    assert!(errors.is_empty(), "{errors:?}");
    group.throughput(Throughput::Bytes(bytes(texts)));
    group.bench_function(name, |bencher| {
        let mut scratch = Scratch::default();
        bencher.iter(|| {
            for listing in texts {
                black_box(matcher.hits_with(black_box(listing), None, &mut scratch));
            }
        });
    });
}

fn vocabularies(criterion: &mut Criterion) {
    let texts = listings(500, Script::Ascii, 1);
    let mixed = listings(500, Script::Mixed, 1);
    for (kind, bound, fold) in [
        ("words", Bound::Word, Fold::Standard),
        ("evasive", Bound::Word, Fold::Evasive),
        ("substrings", Bound::None, Fold::Standard),
    ] {
        let mut group = criterion.benchmark_group(kind);
        for count in [100, 1_000, 10_000, 100_000] {
            let set = rules(term_patterns(&terms(count, 7), bound, fold));
            run(&mut group, &format!("{count}/ascii"), &set, &texts);
            run(&mut group, &format!("{count}/mixed"), &set, &mixed);
        }
        group.finish();
    }
}

/// Regexes as authors write them: a word and a number, a word with endings, two words near each other.
fn sources(count: usize) -> Vec<String> {
    terms(count, 9)
        .iter()
        .zip(terms(count, 11))
        .enumerate()
        .map(|(number, (one, other))| match number % 4 {
            0 => format!(r"\b{one}\s?\d{{2,3}}\b"),
            1 => format!(r"\b\d+\s?{one}"),
            2 => format!(r"\b{one}(?:s|en|er)?\b"),
            _ => format!(r"{one}.{{0,20}}{other}"),
        })
        .collect()
}

fn regexes(criterion: &mut Criterion) {
    let texts = listings(500, Script::Ascii, 1);
    let mut group = criterion.benchmark_group("regexes");
    for count in [10, 100, 1_000] {
        let sources = sources(count);
        let patterns = sources
            .iter()
            .map(|regex| Pattern {
                name: "p".to_owned(),
                terms: Vec::new(),
                stems: Vec::new(),
                regexes: vec![regex.clone()],
                number: None,
                fields: vec![Field::Title, Field::Description],
                attributes: Vec::new(),
                bound: Bound::None,
                fold: Fold::Standard,
            })
            .collect();
        run(&mut group, &format!("{count}/caveat"), &rules(patterns), &texts);

        // The others start from texts already folded, and do not say where they matched.
        let folded: Vec<String> = texts.iter().map(|listing| fold_term(&listing.description)).collect();
        let bytes: usize = folded.iter().map(String::len).sum();
        group.throughput(Throughput::Bytes(bytes as u64));
        let set: RegexSet = RegexSetBuilder::new(&sources)
            .size_limit(1 << 30)
            .dfa_size_limit(256 << 20)
            .build()
            .unwrap_or_default();
        group.bench_function(format!("{count}/RegexSet"), |bencher| {
            bencher.iter(|| {
                folded.iter().map(|text| set.matches(black_box(text)).iter().count()).sum::<usize>()
            });
        });
        let each: Vec<Regex> = sources.iter().filter_map(|source| Regex::new(source).ok()).collect();
        let few = folded.get(..50).unwrap_or_default();
        group.throughput(Throughput::Bytes(few.iter().map(|text| text.len() as u64).sum()));
        group.bench_function(format!("{count}/one regex at a time"), |bencher| {
            bencher.iter(|| {
                few.iter()
                    .map(|text| each.iter().filter(|regex| regex.is_match(black_box(text))).count())
                    .sum::<usize>()
            });
        });
    }
    group.finish();
}

fn loading(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("loading 100,000 terms");
    for (name, bound, fold) in [
        ("words", Bound::Word, Fold::Standard),
        ("evasive words", Bound::Word, Fold::Evasive),
        ("substrings", Bound::None, Fold::Standard),
    ] {
        let set = rules(term_patterns(&terms(100_000, 7), bound, fold));
        group.bench_function(name, |bencher| {
            bencher.iter(|| Matcher::compile(black_box(&set)).0.rule_count());
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10).measurement_time(std::time::Duration::from_secs(2)).warm_up_time(std::time::Duration::from_millis(500));
    targets = vocabularies, regexes, loading
}
criterion_main!(benches);
