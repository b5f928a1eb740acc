//! A problem with its place in a file, and how people see it: code, message, the line, an underline, help.

use std::fmt;
use std::ops::Range;

use serde::Serialize;
use unicode_width::UnicodeWidthChar;

use super::{Edit, Problem};

/// Characters of a source line that are shown around the underlined part; longer lines are cut.
const SNIPPET_CHARS: usize = 120;
/// Characters shown before the underlined part when the line is cut.
const SNIPPET_LEAD: usize = 40;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The file, or the rule in it, is not used.
    Error,
    /// It is used; its author should look.
    Warning,
}

impl Level {
    /// `error` or `warning`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// Something wrong with a file that a person wrote, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub level: Level,
    /// Stable name of the kind of fault (`unknown-key`); docs/rules.md explains each.
    pub code: &'static str,
    /// The file, as the caller named it.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters (Unicode scalar values).
    pub column: usize,
    /// Characters underlined, at least 1; ends with the line.
    pub width: usize,
    /// The source line, or the part of it around the underline. Empty where there is no line to show.
    pub snippet: String,
    /// Characters of `snippet` before the underline.
    pub snippet_lead: usize,
    /// What is wrong.
    pub message: String,
    /// What the underlined text is.
    pub label: Option<String>,
    /// What to write instead.
    pub help: Option<String>,
    /// Edits of the file that mend it and change nothing else that it means.
    #[serde(skip)]
    pub fix: Vec<Edit>,
}

impl Diagnostic {
    /// The text that people read, without colour and without a final line break. Hostile characters of the file
    /// (controls, direction overrides, invisible ones) are shown as `\u{…}`.
    pub fn render(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (level, code) = (self.level.name(), self.code);
        write!(f, "{level}[{code}]: {}", visible(&self.message))?;
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        write!(f, "\n{gutter}--> {}:{}:{}", visible(&self.file), self.line, self.column)?;
        if !self.snippet.is_empty() {
            let mut letters = self.snippet.chars();
            let before: String = letters.by_ref().take(self.snippet_lead).collect();
            let marked: String = letters.take(self.width).collect();
            let pad = " ".repeat(columns(&before));
            let underline = "^".repeat(columns(&marked).max(1));
            let label = self.label.as_deref().map(visible).unwrap_or_default();
            write!(f, "\n{gutter} |\n{number} | {}", visible(&self.snippet).trim_end())?;
            write!(f, "\n{gutter} | {}", format!("{pad}{underline} {label}").trim_end())?;
        }
        if let Some(help) = &self.help {
            let indent = format!("\n{gutter}         ");
            write!(f, "\n{gutter} = help: {}", visible_lines(help, &indent))?;
        }
        Ok(())
    }
}

impl Problem {
    /// The problem as a diagnostic of a file whose text is not at hand, or of no one line of it.
    pub fn without_text(self, file: &str) -> Diagnostic {
        self.place(file, "")
    }

    /// Finds line, column and the source line of the problem in `text`.
    pub(super) fn place(self, file: &str, text: &str) -> Diagnostic {
        let span = clamp(self.span, text);
        let before = text.get(..span.start).unwrap_or_default();
        let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = text.get(line_start..).unwrap_or_default();
        let source_line = rest.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let line_end = line_start + source_line.len();
        let lead = text.get(line_start..span.start.min(line_end)).unwrap_or_default().chars().count();
        let marked = text.get(span.start..span.end.min(line_end)).unwrap_or_default();
        let width = marked.chars().count().max(1);
        // A problem of the whole file stands at its first byte, and no line shows it.
        let (snippet, snippet_lead) =
            if span == (0..0) { (String::new(), 0) } else { snippet(source_line, lead) };
        Diagnostic {
            level: self.level,
            code: self.code,
            file: file.to_owned(),
            line,
            column: lead + 1,
            width,
            snippet,
            snippet_lead,
            message: self.message,
            label: self.label.map(String::from),
            help: self.help.map(String::from),
            fix: self.fix,
        }
    }
}

/// The part of a line that is shown, and how many of its characters stand before the underline.
fn snippet(line: &str, lead: usize) -> (String, usize) {
    if line.len() <= SNIPPET_CHARS {
        return (line.to_owned(), lead);
    }
    let cut = lead.saturating_sub(SNIPPET_LEAD);
    let mut letters = line.chars().skip(cut);
    let mut shown: String = letters.by_ref().take(SNIPPET_CHARS).collect();
    if letters.next().is_some() {
        shown.push('…');
    }
    if cut > 0 { (format!("…{shown}"), lead - cut + 1) } else { (shown, lead) }
}

/// Moves a range into the text and onto character boundaries.
fn clamp(span: Range<usize>, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    start..text.ceil_char_boundary(span.end.max(start))
}

fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        push_visible(letter, &mut shown);
    }
    shown
}

fn visible_lines(text: &str, indent: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join(indent)
}

/// Terminal columns that the visible form of `text` takes.
fn columns(text: &str) -> usize {
    visible(text).chars().map(|letter| letter.width().unwrap_or(0)).sum()
}

fn push_visible(letter: char, shown: &mut String) {
    if letter == '\t' {
        shown.push_str("    ");
    } else if letter.is_control() || is_invisible(letter) {
        shown.extend(letter.escape_unicode());
    } else {
        shown.push(letter);
    }
}

/// Characters that leave no mark of their own or turn the direction of others: the general category Cf and the
/// default ignorable code points of Unicode, as far as they occur in text.
pub fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{e0000}'..='\u{e0fff}')
}
