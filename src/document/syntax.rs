//! What the TOML parser says, in words for people who meet TOML for the first time: what is wrong, what to write.

use super::{Problem, code};

/// A syntax error of the parser as a problem of the file.
pub(super) fn problem(fault: &toml::de::Error, text: &str) -> Problem {
    let span = fault.span().unwrap_or(text.len()..text.len());
    let rest = text.get(span.start..).unwrap_or_default();
    let before = text.get(..span.start).unwrap_or_default();
    let line_before = before.rsplit('\n').next().unwrap_or_default();
    let (message, help) = explained(fault.message(), line_before, rest);
    Problem::error(code::TOML_SYNTAX, span, message).maybe_help(help)
}

/// `line` is what stands before the place on its line, `rest` what follows.
fn explained(said: &str, line: &str, rest: &str) -> (String, Option<String>) {
    let own = |message: &str, help: String| (message.to_owned(), Some(help));
    let key = line.split('=').next().unwrap_or_default().trim();
    if rest.starts_with(['“', '”', '„', '‘', '’', '«', '»']) {
        let help = "texts stand in straight quotation marks: \"like this\" or 'like this'";
        return own("these are not the quotation marks of TOML", help.to_owned());
    }
    if rest.starts_with(':') {
        return own("a key and its value are joined by `=`", format!("write `{key} = …`"));
    }
    if said.contains("must be quoted") || said.contains("invalid boolean") {
        let words: String = rest.chars().take_while(|letter| !"\n#,]}".contains(*letter)).take(40).collect();
        let help = match words.trim().trim_matches(['"', '\'']) {
            "" => "put it in quotation marks: \"like this\"".to_owned(),
            words => format!("put it in quotation marks: \"{words}\""),
        };
        return own("a text stands in quotation marks", help);
    }
    if said.contains("unexpected key or value") && rest.starts_with(',') && line.contains('=') {
        let value = line.split_once('=').map_or("", |(_, value)| value.trim());
        return own("several values are a list, in brackets", format!("write `{key} = [{value}, …]`"));
    }
    if said.contains("missing comma") {
        return own(
            "a comma is missing before this",
            "write a comma between any two items of a list".to_owned(),
        );
    }
    if said.contains("duplicate key") && line.trim_start().starts_with('[') {
        let name: String =
            rest.chars().take_while(|letter| *letter != ']' && *letter != '\n').take(40).collect();
        let help = format!(
            "tables of one name, such as tests, each begin with two brackets: [[{name}]]; others need different names"
        );
        return own("this table stands here already", help);
    }
    const HELP: [(&str, &str); 6] = [
        ("missing escaped value", "in \"…\" a backslash begins an escape; write a regex between '…'"),
        ("duplicate key", "give the two different names, or write them as one list"),
        ("unexpected key or value", "a text that holds quotation marks of its own stands between '…'"),
        ("invalid basic string", "end the text with \" on the same line"),
        ("invalid literal string", "end the text with ' on the same line"),
        ("unclosed table", "a header is one name in brackets, without spaces: [pat.name]"),
    ];
    let help = HELP.iter().find(|(part, _)| said.contains(part)).map(|(_, help)| (*help).to_owned());
    (format!("this is not TOML: {said}"), help)
}
