//! Exit codes, and errors that know theirs.

use std::io;
use std::process::ExitCode;

use crate::evidence::EvidenceError;
use crate::store::StoreError;
use crate::workspace::{InitError, WorkspaceError};

/// How the program ends. The highest that applies wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exit {
    /// All is done.
    Done = 0,
    /// Findings at or above `--fail-on`, or a failed lint or test.
    Findings = 1,
    /// Wrong usage or configuration, or a broken rule (the others still ran).
    Usage = 2,
    /// Some input could not be read, or the work could not be completed.
    Incomplete = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command could not do its work, and the exit code that says so.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) exit: Exit,
    pub(super) error: anyhow::Error,
}

/// What a command ends with.
pub(super) type Outcome = Result<Exit, Failure>;

impl Failure {
    /// Wrong usage or configuration.
    pub(super) fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Usage, error: error.into() }
    }

    /// The work could not be completed.
    pub(super) fn incomplete(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Incomplete, error: error.into() }
    }

    /// Whether the reader of our output has gone, which is no error of ours (`caveat … | head`).
    pub(super) fn is_broken_pipe(&self) -> bool {
        let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
        self.error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
    }
}

/// A failed read or write.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::incomplete(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoStore { .. } | StoreError::NotOne { .. } | StoreError::Refused { .. } => {
                Self::usage(error)
            }
            _ => Self::incomplete(error),
        }
    }
}

impl From<EvidenceError> for Failure {
    fn from(error: EvidenceError) -> Self {
        Self::incomplete(error)
    }
}

impl From<InitError> for Failure {
    fn from(error: InitError) -> Self {
        match error {
            InitError::Unwritable { .. } => Self::incomplete(error),
            InitError::Unsound(_) => Self::usage(error),
        }
    }
}

impl From<WorkspaceError> for Failure {
    fn from(error: WorkspaceError) -> Self {
        match error {
            WorkspaceError::Unreadable { .. } => Self::incomplete(error),
            _ => Self::usage(error),
        }
    }
}
