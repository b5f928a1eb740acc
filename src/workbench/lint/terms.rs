//! Slips in terms and stems: white space, repeats, characters nobody sees, mixed scripts, signs that do not belong, and
//! what folding makes of them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crate::document::{Document, Edit, Located, Problem, code, is_invisible};
use crate::normalise::is_word;
use crate::rules::terms::MAX_TERMS;
use crate::workbench::inclusion::folded;

/// How the words of one place are looked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Place<'p> {
    /// Some pattern folds them.
    pub(super) is_folded: bool,
    /// Some pattern looks for them as typed.
    pub(super) is_exact: bool,
    /// Folded words that a list of the same pattern holds.
    pub(super) listed: Option<&'p HashSet<String>>,
}

/// Looks at the terms or the stems of one place.
pub(super) fn lint(document: &Document<'_>, words: &[Located<String>], place: Place<'_>) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut seen = HashSet::with_capacity(words.len().min(MAX_TERMS));
    let mut first_with: HashMap<String, &str> = HashMap::with_capacity(words.len().min(MAX_TERMS));
    // More are an error, and are not looked for.
    for word in words.iter().take(MAX_TERMS) {
        let text = word.value.as_str();
        if !seen.insert(text) {
            let problem =
                Problem::warning(code::REPEATED_TERM, word.span.clone(), "this term stands here twice")
                    .help("remove one");
            found.push(problem.fix(removal(document, word, found.len())));
            continue;
        }
        found.extend(padded(document, word, place));
        found.extend(letters(document, word, place.is_folded && !place.is_exact));
        found.extend(signs(word));
        if place.is_folded && !text.trim().is_empty() {
            let problem = after_folding(word, place, &mut first_with);
            let mends =
                problem.as_ref().is_some_and(|one| one.code == code::SAME_AFTER_FOLDING) && !place.is_exact;
            let edits = if mends { removal(document, word, found.len()) } else { Vec::new() };
            found.extend(problem.map(|problem| problem.fix(edits)));
        }
    }
    found
}

/// The edits that take a word out. Of a file with more problems than are shown, the rest waits for the next round.
fn removal(document: &Document<'_>, word: &Located<String>, found: usize) -> Vec<Edit> {
    const MOST: usize = 200;
    if found < MOST { document.without_item(&word.span) } else { Vec::new() }
}

fn padded(document: &Document<'_>, word: &Located<String>, place: Place<'_>) -> Option<Problem> {
    let text = word.value.as_str();
    let trimmed = text.trim();
    if trimmed == text || trimmed.is_empty() {
        return None;
    }
    let problem = Problem::warning(code::PADDED_TERM, word.span.clone(), "white space around a term")
        .help("`bound = \"word\"` already keeps the term from being found inside of words");
    let lead = text.len() - text.trim_start().len();
    let tail = lead + trimmed.len();
    let edits = [0..lead, tail..text.len()].into_iter().filter(|part| !part.is_empty());
    let edits = edits.map(|part| Edit { span: document.inside(word, part), text: String::new() });
    Some(if place.is_exact { problem } else { problem.fix(edits) })
}

/// Signs that are written in regular expressions and wildcards, and hardly ever in an offer.
fn signs(word: &Located<String>) -> Option<Problem> {
    let text = word.value.as_str();
    let regex = [".*", ".+", "\\b", "\\d", "\\s", "\\w", "(?", "[a-z", "[0-9"];
    let has_regex = regex.iter().any(|sign| text.contains(sign))
        || text.ends_with('*')
        || text.contains('|') && !text.contains(" | ");
    if has_regex {
        let help = match text.strip_suffix('*').filter(|stem| stem.chars().all(is_word)) {
            Some(stem) => {
                format!("there are no wildcards: write `stems = [{stem:?}]` for words that begin so")
            }
            None => "write it as `regex = '…'`, or as several terms".to_owned(),
        };
        let message = "a term is looked for letter by letter, and this one has signs of a regular expression";
        return Some(Problem::warning(code::REGEX_IN_TERM, word.span.clone(), message).help(help));
    }
    let sign = cutting_sign(text)?;
    let message = format!("this term is cut at `{sign}`, which must stand in the offer just so");
    let help = "leave the sign out; or write the parts as two patterns and join them with `near(a, b, 10)`";
    Some(Problem::warning(code::SPLIT_TERM, word.span.clone(), message).help(help))
}

/// A sign that ends a sentence or its part, inside of a term that goes on or at one of its ends. Between digits it
/// belongs to a number.
fn cutting_sign(text: &str) -> Option<char> {
    let letters: Vec<char> = text.trim().chars().collect();
    letters.iter().enumerate().find_map(|(at, letter)| {
        let beside = |at: Option<usize>| at.and_then(|at| letters.get(at)).copied();
        let (before, after) = (beside(at.checked_sub(1)), beside(at.checked_add(1)));
        let in_number =
            before.is_some_and(|one| one.is_ascii_digit()) && after.is_some_and(|one| one.is_ascii_digit());
        let cuts = match letter {
            ',' | ':' => !in_number,
            ';' | '!' | '?' | '"' | '“' | '”' | '„' | '«' | '»' | '…' => true,
            '(' => after.is_none_or(|one| !is_word(one)) || before.is_none(),
            _ => false,
        };
        cuts.then_some(*letter)
    })
}

/// Words that folding makes equal to an earlier one or to one of a list, and words of which it leaves nothing.
fn after_folding<'w>(
    word: &'w Located<String>,
    place: Place<'_>,
    first_with: &mut HashMap<String, &'w str>,
) -> Option<Problem> {
    let key = folded(&word.value);
    if key.is_empty() {
        let problem =
            Problem::warning(code::LOST_IN_FOLDING, word.span.clone(), "folding leaves nothing of this")
                .help("write `fold = \"exact\"` to look for it as typed");
        return Some(problem);
    }
    let message = match first_with.get(key.as_str()) {
        Some(first) => format!("folding makes this equal to {first:?}"),
        None if place.listed.is_some_and(|listed| listed.contains(&key)) => {
            "the pattern's list holds this already".to_owned()
        }
        None => {
            first_with.insert(key, &word.value);
            return None;
        }
    };
    let problem = Problem::warning(code::SAME_AFTER_FOLDING, word.span.clone(), message)
        .help("remove one; or write `fold = \"exact\"` if the difference matters");
    Some(problem)
}

/// Looks for characters nobody sees and for mixed scripts in any text that is looked for. `fixable`: folding takes such
/// characters out anyway.
pub(super) fn letters(document: &Document<'_>, text: &Located<String>, fixable: bool) -> Option<Problem> {
    let unseen = |letter: char| is_invisible(letter) || letter.is_control();
    if let Some((at, letter)) = text.value.char_indices().find(|(_, letter)| unseen(*letter)) {
        let message = format!("there is a character here that nobody sees: U+{:04X}", u32::from(letter));
        let help = "remove it; folding ignores such characters in listings by itself";
        let without: String = text.value.chars().filter(|letter| !unseen(*letter)).collect();
        let span = document.inside(text, at..at + letter.len_utf8());
        let problem = Problem::warning(code::INVISIBLE_CHARACTER, span, message).help(help);
        let is_safe = fixable && folded(&without) == folded(&text.value) && !folded(&without).is_empty();
        let all = text.value.char_indices().filter(|(_, letter)| is_safe && unseen(*letter));
        let edits = all.map(|(at, letter)| Edit {
            span: document.inside(text, at..at + letter.len_utf8()),
            text: String::new(),
        });
        return Some(problem.fix(edits));
    }
    let range = mixed_word(&text.value)?;
    let word = text.value.get(range.clone())?;
    let message = "this word mixes letters of different scripts that look alike";
    let help =
        format!("write it in one script ({}); `fold = \"evasive\"` finds the others", odd_letters(word));
    let span = document.inside(text, range);
    Some(Problem::warning(code::MIXED_SCRIPT, span, message).help(help))
}

/// The letters of the script that has fewer of them, with their numbers, because they cannot be told apart by eye.
fn odd_letters(word: &str) -> String {
    let mut by_script: BTreeMap<&str, Vec<char>> = BTreeMap::new();
    for letter in word.chars() {
        if let Some(script) = script(letter) {
            by_script.entry(script).or_default().push(letter);
        }
    }
    let Some((script, mut letters)) = by_script.into_iter().min_by_key(|(_, letters)| letters.len()) else {
        return String::new();
    };
    letters.dedup();
    let named: Vec<String> =
        letters.iter().map(|letter| format!("{letter} U+{:04X}", u32::from(*letter))).collect();
    format!("{script}: {}", named.join(", "))
}

/// The first word with letters of two of the scripts that look alike.
fn mixed_word(text: &str) -> Option<Range<usize>> {
    if text.is_ascii() {
        return None;
    }
    let mut start = 0;
    for word in text.split(|letter: char| !letter.is_alphanumeric()) {
        let mut scripts = word.chars().filter_map(script);
        // A leading mu or beta is a unit or a prefix: μg, βcarotene.
        let greek_prefix = word.starts_with(['μ', 'α', 'β', 'γ', 'δ', 'Δ', 'Ω', 'ω']);
        let first = if greek_prefix { scripts.nth(1) } else { scripts.next() };
        if let Some(first) = first
            && scripts.any(|other| other != first)
        {
            return Some(start..start + word.len());
        }
        start += word.len();
        start += text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    }
    None
}

/// The script of a letter, among those whose letters look alike.
fn script(letter: char) -> Option<&'static str> {
    match letter {
        'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}' if letter.is_alphabetic() => {
            Some("Latin")
        }
        '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' if letter.is_alphabetic() => Some("Greek"),
        '\u{400}'..='\u{52f}' if letter.is_alphabetic() => Some("Cyrillic"),
        _ => None,
    }
}
