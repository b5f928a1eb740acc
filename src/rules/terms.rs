//! Terms and stems: which are sound, and which are hardly what their author meant.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use crate::document::{Document, Located, Problem, code, is_invisible};

/// Longer texts are not found twice in the same words.
const MAX_TERM_CHARS: usize = 200;
/// Terms of one list or pattern. The European alert archive has about 60,000 products.
pub(super) const MAX_TERMS: usize = 250_000;

/// The terms that can be looked for. The others are reported.
pub(super) fn sound(document: &Document<'_>, terms: Vec<Located<String>>) -> Vec<String> {
    if let Some(first_too_many) = terms.get(MAX_TERMS) {
        let message = format!("more than {MAX_TERMS} terms in one place");
        let problem = Problem::error(code::TOO_MANY_TERMS, first_too_many.span.clone(), message)
            .help("split them over several lists");
        document.report(problem);
    }
    terms
        .into_iter()
        .take(MAX_TERMS)
        .filter_map(|term| is_sound(document, &term).then_some(term.value))
        .collect()
}

fn is_sound(document: &Document<'_>, term: &Located<String>) -> bool {
    let problem = if term.value.chars().all(|letter| letter.is_whitespace() || is_invisible(letter)) {
        Problem::error(code::EMPTY_TERM, term.span.clone(), "this term is empty")
            .help("remove it; it would occur everywhere")
    } else if term.value.chars().nth(MAX_TERM_CHARS).is_some() {
        let message = format!("a term has at most {MAX_TERM_CHARS} characters");
        Problem::error(code::TOO_MANY_TERMS, term.span.clone(), message)
            .help("look for two of its words with `near(a, b, 40)`")
    } else {
        return true;
    };
    document.report(problem);
    false
}

/// Looks for slips in terms of one place: white space, repeats, characters nobody sees, mixed scripts.
pub(super) fn lint(terms: &[Located<String>]) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut seen = HashSet::with_capacity(terms.len());
    for term in terms {
        let text = term.value.as_str();
        if !seen.insert(text) {
            let problem =
                Problem::warning(code::REPEATED_TERM, term.span.clone(), "this term stands here twice")
                    .help("remove one");
            found.push(problem);
        }
        if text.trim() != text && !text.trim().is_empty() {
            let problem = Problem::warning(code::PADDED_TERM, term.span.clone(), "white space around a term")
                .help("`bound = \"word\"` already keeps the term from being found inside of words");
            found.push(problem);
        }
        found.extend(lint_letters(term));
    }
    found
}

/// Looks for characters nobody sees and for mixed scripts in any text that is looked for.
pub(super) fn lint_letters(text: &Located<String>) -> Option<Problem> {
    if let Some(letter) = text.value.chars().find(|letter| is_invisible(*letter) || letter.is_control()) {
        let message = format!("there is a character here that nobody sees: U+{:04X}", u32::from(letter));
        let help = "remove it; folding ignores such characters in listings by itself";
        return Some(Problem::warning(code::INVISIBLE_CHARACTER, text.span.clone(), message).help(help));
    }
    let word = text.value.get(mixed_word(&text.value)?)?;
    let message = "this word mixes letters of different scripts that look alike";
    let help =
        format!("write it in one script ({}); `fold = \"evasive\"` finds the others", odd_letters(word));
    Some(Problem::warning(code::MIXED_SCRIPT, text.span.clone(), message).help(help))
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
