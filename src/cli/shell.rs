//! What every command shares: the global options, the workspace, and what is said to people on standard error.

use std::fmt::Display;
use std::io::{self, Write};

use super::arguments::Global;
use super::exit::Failure;
use super::terminal::{BAD, BOLD, GOOD, WARN, harmless, styled};
use crate::document::{Diagnostic, Level};
use crate::workspace::{Workspace, WorkspaceError};

/// The global options, ready to be used.
pub(super) struct Shell {
    pub(super) global: Global,
}

impl Shell {
    pub(super) fn new(global: Global) -> Self {
        Self { global }
    }

    /// Opens the workspace and shows what is odd in its configuration.
    pub(super) fn workspace(&self) -> Result<Workspace, Failure> {
        let workspace = Workspace::open(self.global.config.as_deref(), self.global.data.as_deref())?;
        self.diagnostics(&workspace.warnings);
        Ok(workspace)
    }

    /// What a suggested command must say to work on the same data.
    pub(super) fn data_flag(&self) -> String {
        let data = self.global.data.as_ref().map(|data| format!(" --data {}", data.display()));
        let config = self.global.config.as_ref().map(|config| format!(" --config {}", config.display()));
        data.into_iter().chain(config).collect()
    }

    /// A line for people, unless they want quiet.
    pub(super) fn say(&self, line: impl Display) {
        if !self.global.quiet {
            to_stderr(&line);
        }
    }

    /// A line for people who want more.
    pub(super) fn detail(&self, line: impl Display) {
        if self.global.verbose {
            to_stderr(&line);
        }
    }

    /// Something that went well.
    pub(super) fn good(&self, line: impl Display) {
        self.say(format_args!("{} {line}", styled("✓", GOOD)));
    }

    /// Something that wants a look.
    pub(super) fn warn(&self, line: impl Display) {
        self.say(format_args!("{}: {line}", styled("warning", WARN)));
    }

    /// An error; said even to people who want quiet.
    #[expect(clippy::unused_self, reason = "it is said to the person at this shell, like everything else")]
    pub(super) fn problem(&self, line: impl Display) {
        to_stderr(&format_args!("{}: {line}", styled("error", BAD)));
    }

    /// Why the command failed, with its causes.
    pub(super) fn error(&self, failure: &Failure) {
        if let Some(WorkspaceError::Wrong { diagnostics, .. }) = failure.error.downcast_ref() {
            self.diagnostics(diagnostics);
        }
        let mut text = failure.error.to_string();
        for cause in failure.error.chain().skip(1) {
            let cause = cause.to_string();
            if !text.contains(&cause) {
                text.push_str(": ");
                text.push_str(&cause);
            }
        }
        self.problem(harmless(&text));
    }

    /// Diagnostics of files that people wrote, coloured.
    pub(super) fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        for diagnostic in diagnostics {
            if diagnostic.level == Level::Error || !self.global.quiet {
                to_stderr(&format_args!("{}\n", colour(diagnostic)));
            }
        }
    }
}

/// The rendered diagnostic with its head in colour.
pub(super) fn colour(diagnostic: &Diagnostic) -> String {
    let text = diagnostic.render();
    let (head, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let style = if diagnostic.level == Level::Error { BAD } else { WARN };
    let (kind, message) = head.split_once(": ").unwrap_or((head, ""));
    format!("{}: {}\n{rest}", styled(kind, style), styled(message, BOLD))
}

fn to_stderr(line: &impl Display) {
    // Nobody can be told when standard error is gone.
    let _ = writeln!(anstream::AutoStream::auto(io::stderr().lock()), "{line}");
}
