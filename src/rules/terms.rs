//! Terms and stems: which can be looked for.

use crate::document::{Document, Located, Problem, code, is_invisible};

/// Longer texts are not found twice in the same words.
const MAX_TERM_CHARS: usize = 200;
/// Terms of one list or pattern. The European alert archive has about 60,000 products.
pub const MAX_TERMS: usize = 250_000;

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
