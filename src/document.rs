//! Files that people write: TOML read with the place of every value, and diagnostics that point at it.
//!
//! A file is read by one function, [`read`], which hands its root [`Table`] to the room that knows what the
//! file means. Whatever is wrong is reported against a byte range and comes back as [`Diagnostic`]s, all of
//! them in one pass. This room knows no rule, source or configuration.

pub mod code;
mod diagnostic;
mod literal;
mod nearest;
mod reader;
mod remove;
mod schema;
pub mod shape;
mod syntax;
mod values;

use std::cell::{Cell, RefCell};
use std::ops::Range;

use toml::de::DeTable;

use shape::Keys;

pub use diagnostic::{Diagnostic, Level, is_invisible};
pub use nearest::nearest;
pub use reader::{Entry, Table};
pub use schema::schema;
pub use values::{is_country, is_language};

/// Larger files are refused unread: a hundred thousand barcodes fit ten times over.
pub const MAX_FILE_BYTES: usize = 10 << 20;

/// Problems kept a file and level. Nobody reads more, and a million broken terms must not become a million lines.
const MAX_PROBLEMS: usize = 100;

/// Of larger files only the first syntax error is reported: the parser keeps one record a fault, and a file may
/// hold nothing but faults.
const MAX_RECOVERY_BYTES: usize = 256 << 10;

/// A value and the bytes of the file that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Byte range in the file's text.
    pub span: Range<usize>,
}

impl<T> Located<T> {
    /// Stands for a value that a file lacks, so that what it does hold can still be checked.
    pub fn absent(value: T) -> Self {
        Self { value, span: 0..0 }
    }

    /// Whether the file lacks the value. No value of a TOML file is at its very beginning.
    pub fn is_absent(&self) -> bool {
        self.span == (0..0)
    }
}

/// Something wrong with a byte range of a file.
#[derive(Debug, Clone)]
pub struct Problem {
    /// Error or warning.
    pub level: Level,
    /// The diagnostic's code, of [`code::ERRORS`] or [`code::LINTS`].
    pub code: &'static str,
    /// Byte range in the file's text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What the underlined text is.
    pub label: Option<Box<str>>,
    /// What to write instead.
    pub help: Option<Box<str>>,
    /// Edits that mend it and change nothing else that the file means; none where only its author can.
    pub fix: Vec<Edit>,
}

/// Replaces a byte range of a file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// What goes.
    pub span: Range<usize>,
    /// What comes.
    pub text: String,
}

impl Problem {
    /// The file cannot mean what it says.
    pub fn error(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            code,
            span,
            message: message.into(),
            label: None,
            help: None,
            fix: Vec::new(),
        }
    }

    /// The file means something, but hardly what its author wants.
    pub fn warning(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::error(code, span, message) }
    }

    /// Says beside the underline what the underlined text is.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into().into_boxed_str());
        self
    }

    /// Says what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into().into_boxed_str());
        self
    }

    /// Mends it.
    #[must_use]
    pub fn fix(mut self, edits: impl IntoIterator<Item = Edit>) -> Self {
        self.fix.extend(edits);
        self
    }

    /// As [`Self::help`], where there may be nothing to say.
    #[must_use]
    pub fn maybe_help(mut self, help: Option<String>) -> Self {
        self.help = help.map(String::into_boxed_str).or(self.help);
        self
    }
}

/// One file that is being read: its text, and what has been found wrong with it so far.
#[derive(Debug)]
pub struct Document<'t> {
    file: &'t str,
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
    errors: Cell<usize>,
    warnings: Cell<usize>,
}

/// Reads a file: checks size and encoding, parses TOML, and lets `meaning` make of the root table what it can.
///
/// Unknown and missing keys are reported by `keys`. For a file that is no TOML there is no meaning. What could be
/// recovered of it is shown to `meaning` all the same, so that faults of single values are reported in the same pass;
/// what depends on lines that may have been lost, such as a missing key, is not.
pub fn read<T>(
    file: &str,
    bytes: &[u8],
    keys: &'static Keys,
    meaning: impl FnOnce(Table<'_>) -> T,
) -> (Option<T>, Vec<Diagnostic>) {
    if bytes.len() > MAX_FILE_BYTES {
        let mib = MAX_FILE_BYTES >> 20;
        let problem = Problem::error(code::TOO_LARGE, 0..0, format!("this file is larger than {mib} MiB"))
            .help("split it: several lists or rules may stand in files of their own");
        return (None, vec![problem.place(file, "")]);
    }
    let text = String::from_utf8_lossy(bytes);
    let document = Document::new(file, &text);
    document.check_encoding(bytes);
    let read = match DeTable::parse(&text) {
        Ok(root) => Some(meaning(Table::root(&document, root.get_ref(), keys))),
        Err(first) if text.len() > MAX_RECOVERY_BYTES => {
            document.report(syntax::problem(&first, &text));
            None
        }
        Err(_) => {
            let (root, faults) = DeTable::parse_recoverable(&text);
            for fault in &faults {
                document.report(syntax::problem(fault, &text));
            }
            let before = document.errors();
            meaning(Table::root(&document, root.get_ref(), keys));
            document.keep_faults_of_values(before);
            None
        }
    };
    (read, document.into_diagnostics())
}

/// Looks at a file that was read already, for what is worth a warning.
pub fn examine(file: &str, bytes: &[u8], look: impl FnOnce(&Document<'_>)) -> Vec<Diagnostic> {
    let text = String::from_utf8_lossy(bytes);
    let document = Document::new(file, &text);
    look(&document);
    document.into_diagnostics()
}

impl<'t> Document<'t> {
    fn new(file: &'t str, text: &'t str) -> Self {
        Self { file, text, problems: RefCell::new(Vec::new()), errors: Cell::new(0), warnings: Cell::new(0) }
    }

    /// The whole file. Bytes that were not UTF-8 are U+FFFD.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The name that diagnostics show.
    pub fn file(&self) -> &'t str {
        self.file
    }

    /// The file's name without folders and `.toml`.
    pub fn stem(&self) -> &'t str {
        let name = self.file.rsplit(['/', '\\']).next().unwrap_or(self.file);
        name.strip_suffix(".toml").unwrap_or(name)
    }

    /// The 1-based line that a byte of the text stands on.
    pub fn line(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().get(..offset).unwrap_or(self.text.as_bytes());
        memchr::memchr_iter(b'\n', before).count() + 1
    }

    /// The name that an author probably meant, as [`nearest`]; `None` once no more problems of this file are shown,
    /// because a file may hold a million unknown names.
    pub fn nearest<'n>(&self, word: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
        if self.errors() < MAX_PROBLEMS { nearest(word, known) } else { None }
    }

    /// How many errors have been reported.
    pub fn errors(&self) -> usize {
        self.errors.get()
    }

    /// Takes note of a problem.
    pub fn report(&self, problem: Problem) {
        let count = match problem.level {
            Level::Error => &self.errors,
            Level::Warning => &self.warnings,
        };
        count.set(count.get() + 1);
        if count.get() <= MAX_PROBLEMS {
            self.problems.borrow_mut().push(problem);
        }
    }

    /// The file's byte range of a part of a string value: `inner` counts bytes of the decoded value, which may
    /// differ from the file's where the literal has escapes or several lines.
    pub fn inside(&self, value: &Located<String>, inner: Range<usize>) -> Range<usize> {
        let literal = self.text.get(value.span.clone()).unwrap_or_default();
        let start = literal::source_offset(literal, &value.value, inner.start);
        let end = literal::source_offset(literal, &value.value, inner.end).max(start);
        value.span.start + start..value.span.start + end
    }

    /// The edits that take an item out of a list, or a table out of a list of tables in brackets: with its comma, and
    /// with its line where it stands there alone. Comments stay.
    pub fn without_item(&self, item: &Range<usize>) -> Vec<Edit> {
        remove::item(self.text, item)
    }

    /// Of the problems found in a file that is no TOML, keeps the syntax errors (the first `syntax_errors`), those that
    /// one value shows by itself, on lines without a syntax error, and those of keys before the first one.
    fn keep_faults_of_values(&self, syntax_errors: usize) {
        let mut problems = self.problems.borrow_mut();
        let kept = syntax_errors.min(MAX_PROBLEMS).min(problems.len());
        let found = problems.split_off(kept);
        let broken: Vec<usize> = problems.iter().map(|problem| self.line(problem.span.start)).collect();
        let is_scalar = |problem: &Problem| {
            let text = self.text.get(problem.span.clone()).unwrap_or_default();
            text.starts_with(|letter: char| "\"'+-".contains(letter) || letter.is_ascii_digit())
        };
        problems.extend(found.into_iter().filter(|problem| {
            let line = self.line(problem.span.start);
            let is_of_value = code::OF_ONE_VALUE.contains(&problem.code)
                && (problem.code != code::BAD_VALUE || is_scalar(problem));
            // Up to the first syntax error, every table is what its author wrote.
            let is_of_key =
                code::OF_ONE_KEY.contains(&problem.code) && broken.iter().all(|fault| line < *fault);
            (is_of_value || is_of_key) && !broken.contains(&line)
        }));
        self.errors.set(syntax_errors.max(problems.len()));
        self.warnings.set(0);
    }

    fn check_encoding(&self, bytes: &[u8]) {
        if std::str::from_utf8(bytes).is_err()
            && let Some((at, found)) = self.text.match_indices(char::REPLACEMENT_CHARACTER).next()
        {
            let problem =
                Problem::error(code::NOT_UTF8, at..at + found.len(), "this file is not UTF-8 from here on")
                    .help("save it as UTF-8 in your editor");
            self.report(problem);
        }
    }

    fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| (problem.span.start, problem.level));
        let mut placed: Vec<Diagnostic> =
            problems.into_iter().map(|problem| problem.place(self.file, self.text)).collect();
        for (count, word, level) in
            [(&self.errors, "errors", Level::Error), (&self.warnings, "warnings", Level::Warning)]
        {
            if let Some(more) = count.get().checked_sub(MAX_PROBLEMS).filter(|more| *more > 0) {
                let message = format!("{more} more {word} in this file are not shown");
                let problem = Problem { level, ..Problem::error(code::TOO_MANY, 0..0, message) };
                placed.push(problem.place(self.file, ""));
            }
        }
        placed
    }
}
