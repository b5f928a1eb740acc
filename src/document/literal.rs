//! Where a byte of a decoded TOML string stands in the file: escapes and line breaks make the two differ.

/// The byte offset in `literal` (quotes included) of byte `offset` of its decoded value.
///
/// Walks both texts side by side. Where they do not fit together, which a correct parser never gives, the
/// answer is the last place that did, so that a diagnostic points near rather than nowhere.
pub(super) fn source_offset(literal: &str, decoded: &str, offset: usize) -> usize {
    let (quote, escapes) = match literal.as_bytes() {
        [b'"', b'"', b'"', ..] => (3, true),
        [b'\'', b'\'', b'\'', ..] => (3, false),
        [b'"', ..] => (1, true),
        [b'\'', ..] => (1, false),
        _ => return 0,
    };
    let end = literal.len().saturating_sub(quote).max(quote);
    let mut source = quote;
    if quote == 3 {
        source += line_break(literal, source);
    }
    let mut at = 0;
    let mut letters = decoded.chars();
    while at < offset {
        if escapes {
            source = skip_line_continuations(literal, source);
        }
        let Some(letter) = letters.next() else { break };
        let Some(rest) = literal.get(source..end) else { break };
        let Some(typed) = rest.chars().next() else { break };
        source += if escapes && typed == '\\' {
            escape_length(rest)
        } else if letter == '\n' && typed == '\r' {
            line_break(literal, source)
        } else {
            typed.len_utf8()
        };
        at += letter.len_utf8();
    }
    if escapes && at == offset && offset < decoded.len() {
        source = skip_line_continuations(literal, source);
    }
    source.min(end)
}

/// Bytes of the escape sequence at the start of `text`, which begins with a backslash.
fn escape_length(text: &str) -> usize {
    match text.as_bytes().get(1) {
        Some(b'u') => 6,
        Some(b'U') => 10,
        Some(b'x') => 4,
        _ => 2,
    }
}

/// Bytes of the line break at `at`: 0, 1 or 2.
fn line_break(text: &str, at: usize) -> usize {
    match text.as_bytes().get(at..) {
        Some([b'\r', b'\n', ..]) => 2,
        Some([b'\n', ..]) => 1,
        _ => 0,
    }
}

/// A backslash at the end of a line swallows it and all white space up to the next character.
fn skip_line_continuations(literal: &str, mut at: usize) -> usize {
    while let Some(rest) = literal.get(at..).and_then(|rest| rest.strip_prefix('\\')) {
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        if !rest.get(..blank).is_some_and(|space| space.contains('\n')) {
            break;
        }
        at += 1 + blank;
    }
    at
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::source_offset;

    fn decode(literal: &str) -> String {
        let value = toml::de::DeValue::parse(literal).unwrap();
        value.get_ref().as_str().unwrap().to_owned()
    }

    #[test]
    fn every_kind_of_literal_is_followed() {
        for literal in [
            "\"plain X\"",
            "'plain \\ X'",
            "\"tab \\t quote \\\" X\"",
            "\"\\u0442\\U0001F600\\x41 X\"",
            "\"\"\"\nfirst\nX\"\"\"",
            "\"\"\"first \\\n    X\"\"\"",
            "\"\"\"\\\n\n  \\\n X\"\"\"",
            "'''\r\nfirst\r\nX'''",
            "\"\"\"first\r\n\"X\"\"\"",
            "\"віагра X\"",
        ] {
            let decoded = decode(literal);
            let at = decoded.find('X').unwrap();
            assert_eq!(source_offset(literal, &decoded, at), literal.find('X').unwrap(), "{literal}");
            assert_eq!(source_offset(literal, &decoded, at + 1), literal.find('X').unwrap() + 1, "{literal}");
        }
    }

    proptest! {
        #[test]
        fn offsets_never_leave_the_literal(literal in "[\"']{0,3}[\\\\a-zé\n \"'u0]{0,20}[\"']{0,3}", decoded in ".{0,20}", offset in 0usize..40) {
            prop_assert!(source_offset(&literal, &decoded, offset) <= literal.len());
        }

        #[test]
        fn an_escaped_text_maps_onto_itself(text in "[a-z\u{e9}\u{444}\n\t\"\\\\]{0,24}") {
            let literal = toml::Value::String(text.clone()).to_string();
            let decoded = decode(&literal);
            for (at, letter) in decoded.char_indices() {
                let from = source_offset(&literal, &decoded, at);
                let typed = literal.get(from..).unwrap().chars().next().unwrap();
                prop_assert!(typed == letter || typed == '\\' || typed == '\r', "{literal} {at}");
            }
        }
    }
}
