//! The words, numbers, texts and signs of a condition.

use std::ops::Range;

use crate::document::{Problem, code};

/// One word, number, text or sign.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind<'t> {
    /// A keyword or the name of a pattern.
    Word(&'t str),
    /// Digits, perhaps with a point.
    Number(&'t str),
    /// Between quotes.
    Text(&'t str),
    /// `(`, `<=`, …
    Symbol(&'static str),
    /// After the last one.
    End,
}

/// A [`Kind`] and its byte range.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) span: Range<usize>,
}

/// Longer signs stand first.
const SYMBOLS: [&str; 13] = ["<=", ">=", "==", "!=", "&&", "||", "(", ")", "[", "]", ",", "<", ">"];

/// Cuts a condition into tokens, or says which character does not belong.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Problem> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(first) = rest.chars().next() else { break };
        let (kind, length) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first.is_alphabetic() || first == '_' {
            let length = run(rest, |letter| letter.is_alphanumeric() || letter == '_');
            (Kind::Word(rest.get(..length).unwrap_or_default()), length)
        } else if first.is_ascii_digit() {
            let length = run(rest, |letter| letter.is_ascii_digit() || letter == '.');
            (Kind::Number(rest.get(..length).unwrap_or_default()), length)
        } else if first == '"' || first == '\'' {
            let inner = rest.get(1..).unwrap_or_default();
            let Some(length) = inner.find(first) else {
                let problem =
                    Problem::error(code::CONDITION_SYNTAX, at..at + 1, "this quotation mark is never closed");
                return Err(problem.help(format!("write {first} at the end of the text")));
            };
            (Kind::Text(inner.get(..length).unwrap_or_default()), length + 2)
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            (Kind::Symbol(symbol), symbol.len())
        } else {
            return Err(stranger(first, at));
        };
        tokens.push(Token { kind, span: at..at + length });
        at += length;
    }
    Ok(tokens)
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|letter| !belongs(letter)).unwrap_or(text.len())
}

fn stranger(letter: char, at: usize) -> Problem {
    let help = match letter {
        '=' => "write `==` to compare",
        '!' => "write `not`",
        '&' => "write `and`",
        '|' => "write `or`",
        '“' | '”' | '„' | '‘' | '’' | '«' | '»' => {
            "texts stand in straight quotation marks: \"Books\""
        }
        '≤' => "write `<=`",
        '≥' => "write `>=`",
        '€' | '$' => "prices are compared in euro, without a sign: `price_eur < 60`",
        '-' => "there are no negative numbers here, and names have `_` instead of `-`",
        '*' | '#' | '@' => "name every pattern; there are no wildcards",
        _ => "a condition has names, numbers, texts, parentheses and comparisons",
    };
    let message = format!("{letter:?} means nothing in a condition");
    Problem::error(code::CONDITION_SYNTAX, at..at + letter.len_utf8(), message).help(help)
}
