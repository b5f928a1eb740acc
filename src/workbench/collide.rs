//! `rules collide`: the authors' own words against ordinary words of many languages. What a rule takes for a drug may be
//! a word that people use for something else, in a language that the author does not read.
//!
//! Every word of a word list is matched as if it were a title, by matching itself.

use std::collections::BTreeMap;

use serde::Serialize;

use super::parallel;
use super::parts::{PartKind, Written, parts};
use super::probe::Probe;
use crate::finding::Match;
use crate::listing::Listing;
use crate::matcher::Scratch;
use crate::normalise::fold_term;
use crate::rules::lists::List;
use crate::rules::model::{Field, Pattern, Rule};

/// Words that are shown of one language.
const SAMPLES: usize = 5;
/// Letters of the shortest ordinary word that counts: word lists hold abbreviations of every two letters.
const MIN_WORD_CHARS: usize = 3;
/// Words of one list; the largest of Debian has a million.
const MAX_WORDS: usize = 5_000_000;

/// The ordinary words of a language.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    /// BCP 47 primary subtag.
    pub language: String,
    /// The words.
    pub words: Vec<String>,
}

/// A word of a rule that is, or is taken for, an ordinary word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Collision {
    /// As the author wrote it.
    pub term: String,
    /// Term or stem.
    pub kind: PartKind,
    /// The list that it stands in.
    pub list: Option<String>,
    /// How it meets ordinary words.
    pub how: Meeting,
    /// The language of the ordinary words.
    pub language: String,
    /// How many ordinary words of this language it meets so.
    pub count: usize,
    /// Some of them.
    pub words: Vec<String>,
    /// `rule.pattern` of everyone who uses it.
    pub users: Vec<String>,
}

/// How a term meets an ordinary word, the most surprising first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meeting {
    /// Only by undoing disguises: the ordinary word is taken for the term.
    FoldsTo,
    /// But for accents.
    ButForAccents,
    /// It stands inside of the ordinary word.
    Inside,
    /// The ordinary word begins with it.
    Begins,
    /// It is the ordinary word, in a language that the author did not name for it.
    FalseFriend,
    /// It is the ordinary word, in a language that the author named for it, or named none.
    Equal,
}

/// Reads a word list: one word a line, or a Hunspell dictionary (`.dic`), of which the flags are left out.
pub fn words_of(name: &str, text: &str) -> Vec<String> {
    let hunspell = name.rsplit('.').next() == Some("dic");
    let lines = text.lines().skip(usize::from(hunspell)).take(MAX_WORDS);
    let word = |line: &str| {
        let line = line.trim();
        let end = if hunspell { line.find(['/', '\t']).unwrap_or(line.len()) } else { line.len() };
        let word = line.get(..end).unwrap_or_default();
        let letters = word.chars().filter(|letter| letter.is_alphabetic()).count();
        (letters >= MIN_WORD_CHARS && !word.starts_with('#')).then(|| word.to_owned())
    };
    lines.filter_map(word).collect()
}

/// The language of a word list by its file's name: Debian's (`ngerman`), Hunspell's (`de_DE.dic`) or a plain subtag
/// (`de.txt`).
pub fn language_of(name: &str) -> Option<&'static str> {
    const KNOWN: &[(&str, &str)] = &[
        ("american", "en"),
        ("british", "en"),
        ("canadian", "en"),
        ("bulgarian", "bg"),
        ("catalan", "ca"),
        ("danish", "da"),
        ("dansk", "da"),
        ("dutch", "nl"),
        ("esperanto", "eo"),
        ("faroese", "fo"),
        ("finnish", "fi"),
        ("french", "fr"),
        ("ngerman", "de"),
        ("ogerman", "de"),
        ("german", "de"),
        ("swiss", "de"),
        ("irish", "ga"),
        ("italian", "it"),
        ("norwegian", "no"),
        ("bokmaal", "no"),
        ("nynorsk", "no"),
        ("polish", "pl"),
        ("portuguese", "pt"),
        ("brazilian", "pt"),
        ("spanish", "es"),
        ("swedish", "sv"),
        ("ukrainian", "uk"),
    ];
    const TAGS: &[&str] = &[
        "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fi", "fr", "ga", "gl", "hr", "hu", "is",
        "it", "lt", "lv", "mt", "nb", "nl", "nn", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sr", "sv", "tr",
        "uk",
    ];
    let name = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    let stem = name.split('.').next().unwrap_or_default();
    let tag = stem.split(['_', '-']).next().unwrap_or_default();
    let known = KNOWN.iter().find(|(known, _)| stem.starts_with(known)).map(|(_, tag)| *tag);
    known.or_else(|| TAGS.iter().find(|known| **known == tag).copied())
}

/// A distinct term and what it is looked for with.
struct Asked {
    text: String,
    folded: String,
    kind: PartKind,
    list: Option<String>,
    langs: Vec<String>,
    users: Vec<String>,
}

/// Meets every term and stem of `rules` with every word of the vocabularies.
pub fn collide(
    rules: &[&Rule],
    written: &Written,
    lists: &[List],
    vocabularies: &[Vocabulary],
) -> Vec<Collision> {
    let (asked, patterns) = asked(rules, written, lists);
    let probe = Probe::new(patterns);
    let mut found: BTreeMap<(usize, Meeting, &str), (usize, Vec<String>)> = BTreeMap::new();
    for vocabulary in vocabularies {
        let met = parallel::map_with(&vocabulary.words, Scratch::default, |scratch, word| {
            let listing = Listing { title: word.clone(), ..Listing::default() };
            probe.seen(&listing, scratch)
        });
        for (word, met) in vocabulary.words.iter().zip(met) {
            for (place, matches) in met {
                let (Some(term), Some(first)) = (asked.get(place), matches.first()) else { continue };
                let how = meeting(term, first, word, &vocabulary.language);
                let slot = found.entry((place, how, &vocabulary.language)).or_default();
                if slot.1.len() < SAMPLES && !slot.1.contains(word) {
                    slot.1.push(word.clone());
                }
                slot.0 += 1;
            }
        }
    }
    let mut collisions: Vec<Collision> = found
        .into_iter()
        .filter_map(|((place, how, language), (count, words))| {
            let term = asked.get(place)?;
            Some(Collision {
                term: term.text.clone(),
                kind: term.kind,
                list: term.list.clone(),
                how,
                language: language.to_owned(),
                count,
                words,
                users: term.users.clone(),
            })
        })
        .collect();
    collisions.sort_by(|a, b| (a.how, &a.term, &a.language).cmp(&(b.how, &b.term, &b.language)));
    collisions
}

fn asked(rules: &[&Rule], written: &Written, lists: &[List]) -> (Vec<Asked>, Vec<Pattern>) {
    let mut by_key: BTreeMap<(String, PartKind, String), (Asked, Pattern)> = BTreeMap::new();
    for rule in rules {
        for part in parts(rule, written, lists) {
            let Some(mut pattern) = part.alone(rule).filter(|_| part.kind != PartKind::Regex) else {
                continue;
            };
            pattern.fields = vec![Field::Title];
            let key = (part.text.clone(), part.kind, format!("{:?} {:?}", pattern.fold, pattern.bound));
            let user = format!("{}.{}", rule.id, part.pattern);
            let (asked, _) = by_key.entry(key).or_insert_with(|| {
                let list = part.list.as_ref().and_then(|name| lists.iter().find(|list| list.name == *name));
                let asked = Asked {
                    folded: fold_term(&part.text),
                    text: part.text.clone(),
                    kind: part.kind,
                    list: part.list.clone(),
                    langs: list.map(|list| list.langs.clone()).unwrap_or_default(),
                    users: Vec::new(),
                };
                (asked, pattern)
            });
            if !asked.users.contains(&user) {
                asked.users.push(user);
            }
        }
    }
    by_key.into_values().unzip()
}

fn meeting(term: &Asked, found: &Match, word: &str, language: &str) -> Meeting {
    let folded = fold_term(word);
    if matches!(found.view.as_str(), "skeleton" | "squeezed") {
        return Meeting::FoldsTo;
    }
    if folded == term.folded {
        let named = term.langs.is_empty() || term.langs.iter().any(|lang| lang == "*" || lang == language);
        return if word.to_lowercase() != term.text.to_lowercase() {
            Meeting::ButForAccents
        } else if named {
            Meeting::Equal
        } else {
            Meeting::FalseFriend
        };
    }
    if folded.starts_with(&term.folded) { Meeting::Begins } else { Meeting::Inside }
}
