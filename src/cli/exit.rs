//! How a command ends: the ending of what it did as the process's exit status, and what can go wrong at the command line.

use std::process::ExitCode;

use crate::ops::OpError;
use crate::report::RunEnding;

impl From<RunEnding> for ExitCode {
    fn from(ending: RunEnding) -> Self {
        ExitCode::from(ending.code())
    }
}

/// How a command ends, or why it cannot be run.
pub(crate) type CommandResult = Result<RunEnding, CliError>;

/// A command cannot be run, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// What it asked for cannot be done.
    #[error(transparent)]
    Op(OpError),
    /// What was typed does not fit.
    #[error("{0}")]
    Usage(String),
    /// The machine does not give what is needed.
    #[error("{0}")]
    Machine(String),
}

impl<E> From<E> for CliError
where
    OpError: From<E>,
{
    fn from(error: E) -> Self {
        CliError::Op(error.into())
    }
}

impl CliError {
    /// How a command with this error ended.
    #[must_use]
    pub fn ending(&self) -> RunEnding {
        match self {
            CliError::Op(error) => error.ending(),
            CliError::Usage(_) => RunEnding::Refused,
            CliError::Machine(_) => RunEnding::Stopped,
        }
    }
}
