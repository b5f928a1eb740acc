//! Made-up listings and terms for the benches: the same on every machine, in words that no language has.

use std::collections::BTreeMap;

use caveat::finding::Severity;
use caveat::listing::Listing;
use caveat::rules::model::{Bound, Condition, Field, Fold, Pattern, Rates, Rule, RuleSet, Status};
use caveat::rules::taxonomy::{Class, Taxonomy};

const ONSETS: [&str; 16] = ["b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "v", "st", "tr"];
const VOWELS: [&str; 8] = ["a", "e", "i", "o", "u", "ai", "ea", "ou"];
const ENDS: [&str; 6] = ["", "n", "r", "s", "l", "t"];
const WIDE: [&str; 16] = ["б", "в", "г", "д", "ж", "к", "л", "м", "н", "п", "р", "с", "т", "ф", "ч", "ш"];
const WIDE_VOWELS: [&str; 6] = ["а", "е", "и", "о", "у", "я"];

/// How a text is written.
#[derive(Clone, Copy)]
pub(crate) enum Script {
    /// ASCII only.
    Ascii,
    /// A third of the words with accents, a sixth Cyrillic.
    Mixed,
}

/// A word of `syllables` syllables.
pub(crate) fn word(random: &mut fastrand::Rng, syllables: usize) -> String {
    (0..syllables)
        .map(|_| {
            [random.choice(ONSETS), random.choice(VOWELS), random.choice(ENDS)]
                .map(Option::unwrap_or_default)
                .concat()
        })
        .collect()
}

fn cyrillic(random: &mut fastrand::Rng, syllables: usize) -> String {
    (0..syllables)
        .map(|_| [random.choice(WIDE), random.choice(WIDE_VOWELS)].map(Option::unwrap_or_default).concat())
        .collect()
}

/// `count` listings with 1 KB of description in the mean; words repeat as in a language (rank times frequency is
/// constant), and prices, sizes and model numbers stand between them.
pub(crate) fn listings(count: usize, script: Script, seed: u64) -> Vec<Listing> {
    let mut random = fastrand::Rng::with_seed(seed);
    let vocabulary: Vec<String> = (0..20_000)
        .map(|rank: usize| {
            let syllables = 1 + usize::from(rank > 100) + usize::from(rank > 2000) + random.usize(0..2);
            match (script, rank % 6) {
                (Script::Mixed, 0) => cyrillic(&mut random, syllables),
                (Script::Mixed, 1 | 2) => {
                    word(&mut random, syllables).replacen('e', "é", 1).replacen('o', "ö", 1)
                }
                _ => word(&mut random, syllables),
            }
        })
        .collect();
    (0..count)
        .map(|_| {
            let wanted = random.usize(300..1700);
            let mut text = String::new();
            while text.len() < wanted {
                let word = &vocabulary[(20_000_f64.powf(random.f64()) - 1.0) as usize];
                match random.u8(0..40) {
                    0 => text.push_str(&format!("{}mg", random.u16(5..500))),
                    1 => text.push_str(&format!("{}{}", word, random.u8(1..99))),
                    2 => text.push_str(&format!("{}.", word)),
                    3 => text.push_str(&format!("{}, ", word)),
                    4 => text.extend(word.chars().take(1).flat_map(char::to_uppercase)),
                    _ => text.push_str(word),
                }
                text.push(if random.u8(0..60) == 0 { '\n' } else { ' ' });
            }
            Listing { title: text.chars().take(60).collect(), description: text, ..Listing::default() }
        })
        .collect()
}

/// Bytes that patterns look into.
pub(crate) fn bytes(listings: &[Listing]) -> u64 {
    listings.iter().map(|listing| (listing.title.len() + listing.description.len()) as u64).sum()
}

/// `count` different terms of three to four syllables, one in ten a phrase of two.
pub(crate) fn terms(count: usize, seed: u64) -> Vec<String> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut terms = std::collections::BTreeSet::new();
    while terms.len() < count {
        let syllables = random.usize(3..5);
        let mut term = word(&mut random, syllables);
        if random.u8(0..10) == 0 {
            term = format!("{term} {}", word(&mut random, 2));
        }
        terms.insert(term);
    }
    terms.into_iter().collect()
}

/// Patterns into rules, one a rule.
pub(crate) fn rules(patterns: Vec<Pattern>) -> RuleSet {
    let class = Class {
        title: BTreeMap::new(),
        check: BTreeMap::new(),
        severity: Severity::High,
        authority: String::new(),
        legal_basis: Vec::new(),
        notices: Vec::new(),
    };
    let rules = patterns
        .into_iter()
        .enumerate()
        .map(|(number, pattern)| Rule {
            id: format!("bench.r{number:06}"),
            title: String::new(),
            status: Status::Trial,
            class: "toy.magnet".to_owned(),
            pack: String::new(),
            langs: Vec::new(),
            markets: Vec::new(),
            patterns: vec![pattern],
            when: Condition::Pattern(0),
            exceptions: Vec::new(),
            bar_precision: None,
            tests: Vec::new(),
        })
        .collect();
    let taxonomy = Taxonomy { classes: BTreeMap::from([("toy.magnet".to_owned(), class)]) };
    RuleSet { rules, taxonomy, rates: Rates::default() }
}

/// Ten terms a pattern.
pub(crate) fn term_patterns(terms: &[String], bound: Bound, fold: Fold) -> Vec<Pattern> {
    terms
        .chunks(10)
        .map(|terms| Pattern {
            name: "p".to_owned(),
            terms: terms.to_vec(),
            stems: Vec::new(),
            regexes: Vec::new(),
            number: None,
            fields: vec![Field::Title, Field::Description],
            attributes: Vec::new(),
            bound,
            fold,
        })
        .collect()
}

/// `count` rules as authors write them: names in disguise, what is said of them, a dose; phrases and substrings.
pub(crate) fn offer_rules(count: usize) -> Vec<Rule> {
    let mut random = fastrand::Rng::with_seed(21);
    let names = terms(count * 10, 23);
    let claims = terms(count * 4, 29);
    let pattern = |name: &str, bound, fold| Pattern {
        name: name.to_owned(),
        terms: Vec::new(),
        stems: Vec::new(),
        regexes: Vec::new(),
        number: None,
        fields: vec![Field::Title, Field::Description, Field::Attributes],
        attributes: Vec::new(),
        bound,
        fold,
    };
    let mut made = rules(
        (0..count)
            .map(|n| Pattern {
                terms: names[n * 10..n * 10 + 10].to_vec(),
                ..pattern("name", Bound::Auto, Fold::Evasive)
            })
            .collect(),
    )
    .rules;
    for (n, rule) in made.iter_mut().enumerate() {
        let said = &claims[n * 4..n * 4 + 4];
        let unit = random.choice(["mg", "ml", "mw", "pcs"]).unwrap_or_default();
        rule.patterns.extend([
            Pattern { terms: said[..3].to_vec(), ..pattern("claim", Bound::Auto, Fold::Standard) },
            Pattern { terms: said[3..].to_vec(), ..pattern("inner", Bound::None, Fold::Standard) },
            Pattern {
                regexes: vec![format!(r"\b\d{{1,3}}(?:[.,]\d)?\s?{unit}\b"), format!(r"{}\w*\s\d+", said[0])],
                ..pattern("dose", Bound::Auto, Fold::Standard)
            },
        ]);
        rule.when = Condition::And(vec![
            Condition::Pattern(0),
            Condition::Or(vec![Condition::Pattern(1), Condition::Pattern(2), Condition::Pattern(3)]),
        ]);
    }
    made
}
