//! `write FOLDER` writes the texts and patterns; `PROGRAM TEXTS PATTERNS KIND` prints MB/s of processor time.

mod measure;
#[path = "../../synthetic.rs"]
#[allow(dead_code, reason = "shared by benches")]
mod synthetic;

use std::fs;

use caveat::listing::Listing;
use caveat::matcher::{Matcher, Scratch};
use caveat::normalise::fold_term;
use caveat::rules::model::{Bound, Fold, Pattern};
use regex::{Regex, RegexSetBuilder};
use synthetic::{Script, listings, rules, term_patterns, terms};

/// As in `../match.rs`: a word and a number, a word with endings, two words near each other.
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

fn write(folder: &str) {
    let save = |name: &str, lines: Vec<String>| {
        fs::write(format!("{folder}/{name}"), lines.join("\n") + "\n").expect("a folder to write to");
    };
    let texts = listings(500, Script::Ascii, 1);
    save("texts", texts.iter().map(|it| fold_term(&it.description).replace('\n', " ")).collect());
    for count in [100, 1_000, 10_000, 100_000] {
        save(&format!("words-{count}"), terms(count, 7));
        save(&format!("substrings-{count}"), terms(count, 7));
    }
    save("regexes-100", sources(100));
    save("regexes-1000", sources(1_000));
}

fn caveat(texts: &[String], patterns: &[String], kind: &str) {
    let patterns = match kind {
        "words" => term_patterns(patterns, Bound::Word, Fold::Standard),
        "substrings" => term_patterns(patterns, Bound::None, Fold::Standard),
        _ => patterns
            .iter()
            .flat_map(|regex| {
                let mut made = term_patterns(&[String::new()], Bound::None, Fold::Standard);
                made.iter_mut().for_each(|pattern: &mut Pattern| {
                    pattern.terms.clear();
                    pattern.regexes.push(regex.clone());
                });
                made
            })
            .collect(),
    };
    let (matcher, errors) = Matcher::compile(&rules(patterns));
    assert!(errors.is_empty(), "{errors:?}");
    let mut scratch = Scratch::default();
    let mut listing = Listing::default();
    measure::report(texts, |text| {
        listing.description.clear();
        listing.description.push_str(text);
        matcher.hits_with(&listing, None, &mut scratch).len()
    });
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [program, texts, patterns, kind] = args.as_slice() else {
        return write(args.get(1).expect("write FOLDER"));
    };
    let (texts, patterns) = (measure::lines(texts), measure::lines(patterns));
    if program == "caveat" {
        return caveat(&texts, &patterns, kind);
    }
    let sources = patterns.iter().map(|it| if kind == "words" { format!(r"\b{it}\b") } else { it.clone() });
    if program == "set" {
        let set = RegexSetBuilder::new(sources).size_limit(4 << 30).dfa_size_limit(256 << 20).build();
        let set = set.expect("a set");
        measure::report(&texts, |text| set.matches(text).iter().count());
    } else {
        let each: Vec<Regex> = sources.map(|it| Regex::new(&it).expect("a regex")).collect();
        measure::report(&texts, |text| each.iter().filter(|regex| regex.is_match(text)).count());
    }
}
