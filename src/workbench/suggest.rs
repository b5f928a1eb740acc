//! `rules suggest`: words of listings that the rules of a class miss, and that no other listing has. A person decides.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::Serialize;

use super::bitmaps::HitTable;
use super::corpus::Entry;
use crate::normalise::Folded;
use crate::normalise::words::{self, Word};

/// Words of a phrase that is suggested.
const MAX_WORDS: usize = 4;
/// Letters of the shortest suggestion; shorter ones lie in everything.
const MIN_CHARS: usize = 3;
/// Words of one text that are looked at.
const MAX_TEXT_WORDS: usize = 2000;
/// Suggestions of one class.
const MAX_SUGGESTIONS: usize = 50;

/// A phrase of missed listings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suggestion {
    /// The class.
    pub class: String,
    /// The phrase, folded.
    pub phrase: String,
    /// Missed listings that have it.
    pub missed: usize,
    /// Different sellers of these; a listing without a seller is one of its own.
    pub sellers: usize,
    /// Listings of the class that are caught already and have it.
    pub caught: usize,
    /// Ids of some of the missed listings.
    pub listings: Vec<String>,
}

/// Phrases that at least `least` missed listings of a class have, and no listing of another class and none that passes.
pub fn suggest(class: &str, table: &HitTable, entries: &[Entry], least: usize) -> Vec<Suggestion> {
    let rules: Vec<_> = table.rules.iter().filter(|rule| rule.class == class).collect();
    let hit = |place: usize| rules.iter().any(|rule| rule.hits.get(place));
    let (mut missed, mut caught) = (Vec::new(), Vec::new());
    for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.is_of(class)) {
        if hit(place) { caught.push(entry) } else { missed.push(entry) }
    }
    let mut having: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (place, entry) in missed.iter().enumerate() {
        for phrase in phrases(entry) {
            having.entry(phrase).or_default().insert(place);
        }
    }
    having.retain(|_, places| places.len() >= least);
    for entry in entries.iter().filter(|entry| !entry.is_of(class)) {
        if having.is_empty() {
            break;
        }
        for phrase in phrases(entry) {
            having.remove(&phrase);
        }
    }
    let caught_phrases: Vec<BTreeSet<String>> = caught.iter().map(|entry| phrases(entry)).collect();
    let mut found: Vec<Suggestion> = shortest(having)
        .into_iter()
        .map(|(phrase, places)| {
            let of: Vec<&&Entry> = places.iter().filter_map(|place| missed.get(*place)).collect();
            let sellers: HashSet<String> =
                of.iter().map(|entry| entry.seller().unwrap_or_else(|| entry.id.clone())).collect();
            Suggestion {
                class: class.to_owned(),
                missed: places.len(),
                sellers: sellers.len(),
                caught: caught_phrases.iter().filter(|phrases| phrases.contains(&phrase)).count(),
                listings: of.iter().take(5).map(|entry| entry.id.clone()).collect(),
                phrase,
            }
        })
        .collect();
    found.sort_by(|a, b| {
        let rank = |one: &Suggestion| (one.sellers, one.missed, one.caught);
        rank(b).cmp(&rank(a)).then_with(|| a.phrase.cmp(&b.phrase))
    });
    found.truncate(MAX_SUGGESTIONS);
    found
}

/// Of phrases that the same listings have, those that hold no other of them.
fn shortest(having: BTreeMap<String, BTreeSet<usize>>) -> Vec<(String, BTreeSet<usize>)> {
    let mut by_places: HashMap<BTreeSet<usize>, Vec<String>> = HashMap::new();
    for (phrase, places) in having {
        by_places.entry(places).or_default().push(phrase);
    }
    let mut kept = Vec::new();
    let mut groups: Vec<(BTreeSet<usize>, Vec<String>)> = by_places.into_iter().collect();
    groups.sort();
    for (places, mut phrases) in groups {
        phrases.sort_by_key(|phrase| phrase.split(' ').count());
        let mut own: Vec<String> = Vec::new();
        for phrase in phrases {
            let padded = format!(" {phrase} ");
            if !own.iter().any(|shorter| padded.contains(&format!(" {shorter} "))) {
                own.push(phrase);
            }
        }
        kept.extend(own.into_iter().map(|phrase| (phrase, places.clone())));
    }
    kept
}

/// The phrases of title, description and attributes, folded.
fn phrases(entry: &Entry) -> BTreeSet<String> {
    let listing = &entry.listing;
    let texts = [&listing.title, &listing.description].into_iter().chain(listing.attributes.values());
    let mut phrases = BTreeSet::new();
    let mut cut: Vec<Word> = Vec::new();
    for text in texts {
        let folded = Folded::new(text);
        words::cut(folded.text(), &mut cut);
        cut.truncate(MAX_TEXT_WORDS);
        let word =
            |word: &Word| folded.text().get(word.start as usize..word.end as usize).unwrap_or_default();
        for size in 1..=MAX_WORDS {
            for window in cut.windows(size) {
                let phrase = window.iter().map(word).collect::<Vec<_>>().join(" ");
                let letters = phrase.chars().filter(|letter| letter.is_alphabetic()).count();
                if letters >= MIN_CHARS {
                    phrases.insert(phrase);
                }
            }
        }
    }
    phrases
}
