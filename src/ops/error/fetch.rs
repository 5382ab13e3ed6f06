//! Why an export that lies elsewhere could not be fetched.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use crate::clock::spoken;
use crate::report::{RunEnding, StopCause};
use crate::subprocess::Failure;

/// An export that lies elsewhere could not be fetched. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The command does not say where the file goes.
    #[error(
        "{name} has no {{file}} among its words: it stands for the file that the command has to write, for example fetch = [\"rclone\", \"copyto\", \"crm:exports/latest.csv\", \"{{file}}\"]"
    )]
    NoFileNamed {
        /// How the command is called.
        name: String,
    },
    /// The program is not there, or may not be run.
    #[error("cannot run {name}: {source}. Install the program, or write its whole path.")]
    NotStarted {
        /// How the command is called.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The command ended with something else than 0.
    #[error("{name} failed ({status}){said}. Nothing was sent; run again when it works.")]
    Failed {
        /// How the command is called.
        name: String,
        /// Its end.
        status: ExitStatus,
        /// What it wrote to standard error, without secrets.
        said: String,
    },
    /// The command took too long.
    #[error(
        "{name} did not end within {} (fetch_timeout) and was ended{said}. Nothing was sent.",
        spoken(*.limit)
    )]
    TimeOver {
        /// How the command is called.
        name: String,
        /// The time that it had.
        limit: Duration,
        /// What it wrote to standard error, without secrets.
        said: String,
    },
    /// The system did not say how the command ended.
    #[error("cannot wait for {name}: {source}")]
    Lost {
        /// How the command is called.
        name: String,
        /// What the system said.
        source: io::Error,
    },
    /// The command ended well and wrote no file.
    #[error(
        "{name} ended without an error, but wrote no file to {{file}}. Nothing was sent. Check its arguments: the file must have exactly that name."
    )]
    NoFile {
        /// How the command is called.
        name: String,
    },
    /// What it wrote is no file.
    #[error(
        "{name} made {made} in place of {{file}}. Nothing was sent. Let it write the export itself to that name."
    )]
    NotAFile {
        /// How the command is called.
        name: String,
        /// What it made, in words.
        made: &'static str,
    },
    /// The file is empty.
    #[error("{name} wrote an empty file. Nothing was sent. Check the export job.")]
    EmptyFile {
        /// How the command is called.
        name: String,
    },
    /// There is no room for a copy of it.
    #[error(
        "{shown} has {size} MiB, and {free} MiB are free in the folder for temporary files. Make room, or set TMPDIR to a folder with room."
    )]
    NoRoom {
        /// What it is called.
        shown: String,
        /// Its size in MiB.
        size: String,
        /// What is free, in MiB.
        free: String,
    },
    /// The folder for the file cannot be made.
    #[error(
        "cannot use the folder for temporary files: {0}. Set TMPDIR to a folder with room that this user may write to."
    )]
    Folder(#[source] io::Error),
}

impl FetchError {
    pub(in crate::ops) fn of(name: String, why: Failure, limit: Duration) -> Self {
        match why {
            Failure::NotStarted(source) => FetchError::NotStarted { name, source },
            Failure::Failed { status, said } => FetchError::Failed { name, status, said },
            Failure::TimeOver { said } => FetchError::TimeOver { name, limit, said },
            Failure::Lost(source) => FetchError::Lost { name, source },
            Failure::Empty | Failure::TooLong | Failure::Stopped => FetchError::NoFile { name },
        }
    }

    /// The same without any words of the command.
    pub(super) fn brief(&self) -> String {
        match self {
            FetchError::Failed { name, status, .. } => format!("{name} failed ({status})"),
            FetchError::TimeOver { name, limit, .. } => {
                format!("{name} did not end within {}", spoken(*limit))
            }
            error => error.to_string(),
        }
    }

    pub(super) fn cause(&self) -> StopCause {
        match self {
            FetchError::NoFileNamed { .. } | FetchError::NotStarted { .. } => StopCause::Settings,
            FetchError::Folder(_) | FetchError::NoRoom { .. } => StopCause::State,
            _ => StopCause::Export,
        }
    }

    pub(in crate::ops) fn ending(&self) -> RunEnding {
        match self {
            FetchError::NoFileNamed { .. } | FetchError::NotStarted { .. } => RunEnding::Refused,
            _ => RunEnding::Stopped,
        }
    }
}
