//! Lists of values in brackets: one space between the values, and lines as their author broke them.

use super::pieces::text_end;

/// What an array consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Value(&'t str),
    Comment(&'t str),
    LineBreak,
}

/// A value in its layout. What is no array of plain values stays as it is.
pub(super) fn lay_out(value: &str) -> String {
    let Some(tokens) = tokens(value) else { return value.to_owned() };
    let has_comment = tokens.iter().any(|token| matches!(token, Token::Comment(_)));
    let has_value = tokens.iter().any(|token| matches!(token, Token::Value(_)));
    let broken = has_comment || has_value && tokens.contains(&Token::LineBreak);
    if !broken {
        let values = tokens.iter().filter_map(|token| match token {
            Token::Value(text) => Some(*text),
            _ => None,
        });
        return format!("[{}]", values.collect::<Vec<_>>().join(", "));
    }
    let mut out = String::from("[\n");
    for line in tokens.split(|token| *token == Token::LineBreak) {
        let mut shown = String::new();
        for token in line {
            match token {
                Token::Value(text) if shown.is_empty() => shown = format!("    {text},"),
                Token::Value(text) => shown = format!("{shown} {text},"),
                Token::Comment(text) if shown.is_empty() => shown = format!("    {text}"),
                Token::Comment(text) => shown = format!("{shown}  {text}"),
                Token::LineBreak => {}
            }
        }
        // At most one blank line in a row, and none at the beginning.
        if !shown.is_empty() || !(out.ends_with("[\n") || out.ends_with("\n\n")) {
            out.push_str(&shown);
            out.push('\n');
        }
    }
    let kept = out.trim_end().len();
    out.truncate(kept);
    out.push_str("\n]");
    out
}

/// How many comments stand inside a value.
pub(super) fn comments(value: &str) -> usize {
    tokens(value).map_or(0, |tokens| tokens.iter().filter(|token| matches!(token, Token::Comment(_))).count())
}

/// The tokens between the brackets; `None` for what is no array of plain values.
fn tokens(value: &str) -> Option<Vec<Token<'_>>> {
    let inside = value.strip_prefix('[')?.strip_suffix(']')?;
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = inside.get(at..)?.chars().next() {
        let rest = inside.get(at..)?;
        let length = match letter {
            '\n' => {
                tokens.push(Token::LineBreak);
                1
            }
            ',' | ' ' | '\t' | '\r' => 1,
            '#' => {
                let end = rest.find('\n').unwrap_or(rest.len());
                tokens.push(Token::Comment(rest.get(..end)?.trim_end()));
                end
            }
            // Tables and arrays inside are their author's to lay out.
            '[' | '{' => return None,
            _ => {
                let end = if matches!(letter, '"' | '\'') {
                    text_end(rest)?
                } else {
                    rest.find([',', '\n', '#', ' ', '\t', '\r']).unwrap_or(rest.len())
                };
                tokens.push(Token::Value(rest.get(..end)?));
                end
            }
        };
        at += length;
    }
    Some(tokens)
}
