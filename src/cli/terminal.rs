//! Everything that reaches a person's terminal: hostile text made harmless, colours, tables, progress.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::finding::Severity;

/// Bold.
pub(super) const BOLD: Style = Style::new().bold();
/// For what matters less.
pub(super) const DIM: Style = Style::new().dimmed();
/// For what went well.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// For what went wrong.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
/// For what wants a look.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();

/// The colour of a severity; the word is always printed too.
pub(super) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Low => DIM,
        Severity::Medium => WARN,
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Critical => BAD,
    }
}

/// `text` in `style`. Streams that are no terminal lose the style when they print (anstream).
pub(super) fn styled(text: impl std::fmt::Display, style: Style) -> String {
    format!("{style}{text}{style:#}")
}

/// Foreign text on one line that cannot steer the terminal: control characters, line breaks and those that turn the
/// direction of writing or are invisible are shown as `\u{…}`.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_steering(letter) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(letter));
        } else {
            shown.push(letter);
        }
    }
    shown
}

/// Like [`harmless`], at most `width` columns, with `…` where it was cut.
pub(super) fn harmless_cut(text: &str, width: usize) -> String {
    let shown = harmless(text);
    if shown.width() <= width {
        return shown;
    }
    let mut columns = 1;
    let fits = |letter: &char| {
        columns += letter.width().unwrap_or(0);
        columns <= width
    };
    shown.chars().take_while(fits).chain(['…']).collect()
}

fn is_steering(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(letter, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One JSON value on one line. Characters that would steer a terminal are escaped, which JSON allows inside strings.
pub(super) fn json_line(value: &impl serde::Serialize) -> io::Result<String> {
    let json = serde_json::to_string(value)?;
    if !json.chars().any(is_steering) {
        return Ok(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for letter in json.chars() {
        if is_steering(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(letter);
        }
    }
    Ok(escaped)
}

/// Rows under a header, each column as wide as its widest cell. Styles do not count.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = header.iter().map(|title| styled(title, DIM)).collect();
    let width = |cell: &str| anstream::adapter::strip_str(cell).to_string().width();
    let lines: Vec<&Vec<String>> = std::iter::once(&head).chain(rows).collect();
    let column =
        |n: usize| lines.iter().filter_map(|row| row.get(n)).map(|cell| width(cell)).max().unwrap_or(0);
    let widths: Vec<usize> = (0..header.len()).map(column).collect();
    let mut text = String::new();
    for row in lines {
        let mut line = String::new();
        for (cell, column) in row.iter().zip(&widths) {
            let pad = " ".repeat(column.saturating_sub(width(cell)) + 2);
            line.push_str(cell);
            line.push_str(&pad);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Whether progress may be drawn in place.
pub(super) fn can_draw() -> bool {
    io::stderr().is_terminal() && std::env::var_os("CI").is_none()
}

/// Data for standard output, styles removed where it is no terminal.
pub(super) fn out() -> impl Write {
    anstream::AutoStream::auto(io::stdout().lock())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_cannot_steer_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\r\nc\u{202e}d\u{9b}"), "a\\u{1b}[2Jb\\u{d}\\u{a}c\\u{202e}d\\u{9b}");
        assert_eq!(harmless("Grüße, 你好, 👍"), "Grüße, 你好, 👍");
        assert_eq!(harmless_cut("abcdef", 4), "abc…");
        assert_eq!(harmless_cut("你好你好", 5), "你好…");
    }

    #[test]
    fn json_lines_stay_json_and_harmless() {
        let text = "a\x1b\u{9b}\u{202e}\u{e0041}\"\\é";
        let line = json_line(&text).unwrap();
        assert!(!line.chars().any(is_steering), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
