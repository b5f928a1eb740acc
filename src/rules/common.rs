//! What all files of the rules folder share: their format, names that a condition can use, and lints that are allowed.

use super::written::Allow;
use crate::document::{Located, Problem, Table, code};

/// The format that this program reads and writes.
const FORMAT: i64 = 1;
/// Longer ids and names are hard to read in a table and make long file names.
const MAX_ID_CHARS: usize = 80;
/// Words of the condition language, which no pattern may bear.
pub(super) const RESERVED: &[&str] = &[
    "not",
    "and",
    "or",
    "of",
    "any",
    "all",
    "them",
    "near",
    "count",
    "in",
    "has",
    "missing",
    "true",
    "false",
    "price_eur",
    "category",
    "seller",
    "brand",
    "language",
    "market",
    "gtin",
    "mpn",
    "sku",
    "price",
    "description",
    "images",
];

/// `format = 1`, and nothing else yet.
pub(super) fn format(table: &Table<'_>) {
    if let Some(format) = table.integer("format")
        && format.value != FORMAT
    {
        let message = format!("this program reads format {FORMAT}, not {}", format.value);
        let help = if format.value > FORMAT {
            "the file was written for a newer Caveat; update the program"
        } else {
            "write `format = 1`"
        };
        table.document().report(Problem::error(code::BAD_FORMAT, format.span, message).help(help));
    }
}

/// Names of patterns and exceptions can stand in a condition.
pub(super) fn check_pattern_name(table: &Table<'_>, name: &Located<String>) {
    let text = name.value.as_str();
    let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    let problem = if RESERVED.contains(&text) {
        let message = format!("`{text}` is a word of the condition language");
        Problem::error(code::BAD_NAME, name.span.clone(), message)
            .help(format!("choose another name, such as `{text}_words`"))
    } else if !text.starts_with(|letter: char| letter.is_ascii_lowercase())
        || !text.chars().all(plain)
        || text.len() > MAX_ID_CHARS
    {
        let message =
            "a pattern's name begins with a letter a to z and goes on with such letters, digits and `_`";
        let help = format!("write `{}`", usable_name(text));
        Problem::error(code::BAD_NAME, name.span.clone(), message).help(help)
    } else {
        return;
    };
    table.document().report(problem);
}

/// A name as near to what was typed as a condition can use. A condition that uses it means this pattern.
pub(super) fn usable_name(typed: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    let name: String = typed.chars().take(MAX_ID_CHARS - 2).map(plain).collect();
    if name.starts_with(|letter: char| letter.is_ascii_lowercase()) { name } else { format!("p_{name}") }
}

/// The lints that the author allows, each with a reason.
pub(super) fn allowed(table: &Table<'_>) -> Vec<Allow> {
    let mut allowed = Vec::new();
    for entry in table.tables("allow").unwrap_or_default() {
        let (lint, why) = (entry.string("lint"), entry.line("why"));
        if let Some(lint) = &lint
            && !code::LINTS.contains(&lint.value.as_str())
        {
            let known = entry.document().nearest(&lint.value, code::LINTS.iter().copied());
            let help = known.map_or_else(
                || "only warnings can be allowed; docs/rules.md lists them".to_owned(),
                |name| format!("did you mean `{name}`?"),
            );
            let problem = Problem::error(code::UNKNOWN_LINT, lint.span.clone(), "there is no such lint");
            entry.document().report(problem.help(help));
        }
        if let (Some(lint), Some(why)) = (lint, why) {
            // A table under its own header `[[allow]]` is longer than its span says.
            let item = entry.document().text().get(entry.span()).is_some_and(|text| text.starts_with('{'));
            allowed.push(Allow { lint, why, item: item.then(|| entry.span()) });
        }
    }
    allowed
}
