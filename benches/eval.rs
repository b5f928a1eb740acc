//! `rules eval`: reading a corpus, hits, clusters, measures, timing of rules, as docs/performance.md quotes it.
//!
//! Not timed by any test: `cargo bench --bench eval`. Uses all cores, as the command does.

#![allow(
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a measuring program speaks to whoever runs it, and stops where its own data is wrong"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use caveat::rules::load::{LoadOptions, Packs, load};
use caveat::rules::model::RuleSet;
use caveat::workbench::canary;
use caveat::workbench::corpus::{Corpus, Split, read_texts};
use caveat::workbench::eval::evaluate;
use caveat::workbench::kept::Kept;
use caveat::workbench::timing;
use caveat::workspace::embedded_packs;
use serde_json::json;

const RULES: usize = 150;
const LISTING_BYTES: usize = 1000;

fn main() {
    let set = rules();
    for listings in [1_500, 100_000] {
        let text = corpus_lines(listings, &set);
        println!("{listings} listings ({:.0} MB), {} rules", text.len() as f64 / 1e6, set.rules.len() - 2);
        let whole = Instant::now();
        let corpus =
            step("read, check, hash", || read_texts(&[("bench.jsonl".to_owned(), text.into_bytes())]));
        assert!(corpus.problems.is_empty(), "{}", corpus.problems[0]);
        let corpus = step("the train part", || corpus.part(Split::Train));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut kept = Kept::open(folder.path(), "bench", &corpus);
        let (table, faults) = step("hits of every rule", || kept.measure(&set, &corpus.entries));
        assert!(faults.is_empty(), "{faults:?}");
        let idle = set.rules.iter().find(|rule| rule.id == canary::NEVER).expect("the canary");
        let ms = step("time of every rule", || {
            timing::milliseconds(&set, idle, &set.rules.iter().collect::<Vec<_>>(), &corpus.entries)
        });
        let evaluation =
            step("clusters, measures, doubts", || evaluate(&corpus, &set, &table, |_| Some(0.0)));
        step("keeping the hits", || kept.save()).expect("the hits are kept");
        println!(
            "  in all {:.2} s; {} flagged rightly, {} texts, {} doubts, {} rules timed",
            whole.elapsed().as_secs_f64(),
            evaluation.total.found,
            evaluation.clusters,
            evaluation.doubts.len(),
            ms.len()
        );
        again(folder.path(), &corpus, &set);
    }
}

/// A second evaluation, and one after one rule was changed.
fn again(folder: &Path, corpus: &Corpus, set: &RuleSet) {
    let mut kept = step("opening kept hits", || Kept::open(folder, "bench", corpus));
    step("hits, all kept", || kept.measure(set, &corpus.entries));
    let mut changed = set.clone();
    changed.rules[3].patterns[0].terms.push("changed".to_owned());
    step("hits, one rule changed", || kept.measure(&changed, &corpus.entries));
}

fn step<T>(name: &str, work: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let done = work();
    println!("  {name:<28} {:>8.1} ms", began.elapsed().as_secs_f64() * 1e3);
    done
}

/// The shipped rules, some of them twice under another name, and the canaries.
fn rules() -> RuleSet {
    let options = LoadOptions { packs: Packs::All, ..LoadOptions::default() };
    let mut set = load(&embedded_packs(), &options).set;
    let shipped = set.rules.clone();
    for (number, rule) in shipped.iter().cycle().take(RULES - shipped.len()).enumerate() {
        let mut rule = rule.clone();
        rule.id = format!("{}-{number}", rule.id);
        set.rules.push(rule);
    }
    set.rules.sort_by(|a, b| a.id.cmp(&b.id));
    canary::plant(&set)
}

/// Labelled listings of about a kilobyte made of the demo market's texts in ten languages, always the same: one seller for
/// seven listings, one in nine a copy of an earlier text.
fn corpus_lines(count: usize, set: &RuleSet) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/market/products");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("the market").map(|e| e.expect("an entry").path()).collect();
    files.sort();
    let mut texts: Vec<(String, String, String)> = Vec::new();
    for file in &files {
        let language = file.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(file).expect("a product file");
        let file: toml::Table = toml::from_str(&text).expect("a product file");
        for product in file["product"].as_array().expect("products") {
            let word = |key: &str| product[key].as_str().expect("a text").to_owned();
            texts.push((word("title"), word("description"), language.clone()));
        }
    }
    let classes: Vec<&String> = set.taxonomy.classes.keys().collect();
    let mut lines = String::new();
    for n in 0..count {
        let source = if n % 9 == 8 { n - 5 } else { n };
        let (title, _, language) = &texts[source % texts.len()];
        let mut description = format!("offer {source} ");
        let mut next = source * 7 + 1 + source / texts.len();
        while title.len() + description.len() < LISTING_BYTES - 100 {
            description.push_str(&texts[next % texts.len()].1);
            description.push(' ');
            next += 11 + source % 13;
        }
        let flag = source % 3 == 0;
        let line = json!({
            "id": format!("n{n}"),
            "listing": {
                "title": title, "description": description, "language": language,
                "price": {"amount": format!("{}.90", 1 + n % 500), "currency": "EUR"},
                "seller": {"name": format!("seller {}", n / 7)},
            },
            "label": if flag { "flag" } else { "pass" },
            "class": if flag { Some(classes[source % classes.len()]) } else { None },
            "split": "train",
            "slices": [format!("month:2026-{:02}", 1 + n % 12), format!("kind:{}", n % 5)],
        });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    lines
}
