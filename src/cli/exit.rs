//! Exit codes, and errors of all rooms → code and words.

use std::process::ExitCode;

use crate::api::ApiError;
use crate::config::ConfigError;
use crate::mapping::MappingError;
use crate::prepare::PrepareError;
use crate::report::ReportError;
use crate::sandbox::SandboxError;
use crate::state::StateError;

/// How a command ends. Source: the contract's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Every row is created or was already.
    Done = 0,
    /// Finished, but some rows are invalid, rejected, blocked, changed or in doubt.
    Problems = 1,
    /// Usage, configuration or mapping error, or an unreadable file.
    Usage = 2,
    /// Stopped early, nothing lost, a rerun resumes.
    Stopped = 3,
    /// Another run holds the state.
    Locked = 4,
    /// Interrupted, nothing lost.
    Interrupted = 130,
}

impl Exit {
    /// All of them.
    const ALL: [Exit; 6] = [
        Exit::Done,
        Exit::Problems,
        Exit::Usage,
        Exit::Stopped,
        Exit::Locked,
        Exit::Interrupted,
    ];

    /// The number.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The exit of a number; one that is none of ours is taken for a stop.
    #[must_use]
    pub fn of(code: u8) -> Self {
        Self::ALL
            .into_iter()
            .find(|e| e.code() == code)
            .unwrap_or(Exit::Stopped)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit.code())
    }
}

/// A command cannot be run, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// Files or mapping.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The mapping.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
    /// The API.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A report.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The sandbox.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// What was typed does not fit.
    #[error("{0}")]
    Usage(String),
    /// The machine does not give what is needed.
    #[error("{0}")]
    Machine(String),
}

impl CliError {
    /// The exit code of the error.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            CliError::State(StateError::Locked { .. }) => Exit::Locked,
            CliError::State(
                StateError::Missing { .. }
                | StateError::Newer { .. }
                | StateError::NoLocks { .. }
                | StateError::Open { .. },
            )
            | CliError::Api(ApiError::NoToken(_) | ApiError::Setup(_))
            | CliError::Mapping(_)
            | CliError::Config(_)
            | CliError::Sandbox(_)
            | CliError::Usage(_) => Exit::Usage,
            CliError::Prepare(PrepareError::Source(error)) if error.is_passing() => Exit::Stopped,
            CliError::Prepare(_) => Exit::Usage,
            CliError::State(_) | CliError::Report(_) | CliError::Machine(_) | CliError::Api(_) => {
                Exit::Stopped
            }
        }
    }
}
