//! Why a job of the configuration cannot be run.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::clock::{Timestamp, spoken};
use crate::report::{RunEnding, StopCause};

/// A job of the configuration cannot be run, or its file not be put away.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// Two jobs have one name.
    #[error("the configuration has two jobs with the name \"{0}\"")]
    Twice(String),
    /// No job has this name.
    #[error("there is no job \"{name}\"; {}", instead(.nearest.as_deref(), .names))]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The job whose name is most like it, where it may be meant.
        nearest: Option<String>,
        /// The names of all jobs, in the order of the configuration.
        names: Vec<String>,
    },
    /// There are no jobs.
    #[error(
        "there is no [[job]] to run: no partner-sync.toml is in this folder, or it has none. Name the configuration with -c FILE; docs/nightly.md shows a complete one"
    )]
    None,
    /// A key of the job does not fit another one.
    #[error("[[job]] {job}: {reason}")]
    Setting {
        /// The job's name.
        job: String,
        /// What is wrong, and what to write.
        reason: String,
    },
    /// The job's pattern is none.
    #[error("the pattern \"{pattern}\" is wrong: {source}")]
    Pattern {
        /// The pattern as written in `file`.
        pattern: String,
        /// Where the pattern breaks off, and why.
        source: glob::PatternError,
    },
    /// No file matches the job's pattern.
    #[error(
        "no file matches \"{0}\". Nothing was sent. Check the export job; run again when the file is there."
    )]
    NoFile(String),
    /// Nothing but temporary files match the job's pattern.
    #[error(
        "only temporary files match \"{pattern}\", like {}: is the export still being written, or open in Excel or an editor? A temporary file is used only if `file` names it in full.",
        example.display()
    )]
    OnlyTemporary {
        /// The pattern as written in `file`.
        pattern: String,
        /// One of the files.
        example: PathBuf,
    },
    /// The newest file lies in the folder that files are put away in.
    #[error(
        "{} lies in {}, the folder of `archive`: the pattern \"{pattern}\" also finds archived exports. Name another folder for `archive`, or a pattern that does not match files in it.",
        path.display(), folder.display()
    )]
    InArchive {
        /// The newest file that the pattern matches.
        path: PathBuf,
        /// The folder that `archive` names.
        folder: PathBuf,
        /// The pattern as written in `file`.
        pattern: String,
    },
    /// The newest file was changed in the future.
    #[error(
        "{} was changed at {}, which is {} ahead of this machine's clock, so neither the newest export nor its age is certain. Nothing was sent. Correct the clock of the machine that writes the export, or this one's; `touch` sets the file's time to now.",
        path.display(), at.to_rfc3339(), spoken(*.ahead)
    )]
    InTheFuture {
        /// The newest file that the pattern matches.
        path: PathBuf,
        /// When it was changed, as the file system says.
        at: Timestamp,
        /// How far that is ahead, in whole seconds.
        ahead: Duration,
    },
    /// The newest file is too old.
    #[error(
        "{} is {} old; max_age is {}. Nothing was sent. Check the export job; run again when the new file is there.",
        path.display(), spoken(*.age), spoken(*.most)
    )]
    Stale {
        /// The newest file that the pattern matches.
        path: PathBuf,
        /// How long ago it was written, in whole seconds.
        age: Duration,
        /// The greatest age that is allowed.
        most: Duration,
    },
    /// Nobody says how old it is.
    #[error(
        "{} does not say when it was changed (no Last-Modified), so max_age cannot be judged. Nothing was sent. Leave max_age out, or have the server say it.",
        .0.display()
    )]
    Undated(PathBuf),
    /// The file changed while it was waited for.
    #[error(
        "{} is still being written (settle_file = {}). Nothing was sent; run again when it is complete.",
        path.display(), spoken(*.quiet)
    )]
    StillWritten {
        /// The newest file that the pattern matches.
        path: PathBuf,
        /// For how long it had to be unchanged.
        quiet: Duration,
    },
    /// The file cannot be moved into the archive.
    #[error(
        "the import is complete, but {} cannot be moved to {}: {source}. Move it yourself, and correct the folder's permissions.",
        path.display(), folder.display()
    )]
    Archive {
        /// The newest file that the pattern matches.
        path: PathBuf,
        /// The folder that `archive` names.
        folder: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

fn instead(nearest: Option<&str>, names: &[String]) -> String {
    match nearest {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("the configuration has: {}", names.join(", ")),
    }
}

impl JobError {
    pub(super) fn cause(&self) -> StopCause {
        match self {
            JobError::NoFile(_)
            | JobError::OnlyTemporary { .. }
            | JobError::InTheFuture { .. }
            | JobError::Stale { .. }
            | JobError::Undated(_)
            | JobError::StillWritten { .. } => StopCause::Export,
            JobError::Twice(_)
            | JobError::Unknown { .. }
            | JobError::None
            | JobError::Setting { .. }
            | JobError::Pattern { .. }
            | JobError::InArchive { .. }
            | JobError::Archive { .. } => StopCause::Settings,
        }
    }

    pub(super) fn ending(&self) -> RunEnding {
        match self {
            JobError::Twice(_)
            | JobError::Unknown { .. }
            | JobError::None
            | JobError::Setting { .. }
            | JobError::Pattern { .. }
            | JobError::NoFile(_)
            | JobError::OnlyTemporary { .. }
            | JobError::InArchive { .. } => RunEnding::Refused,
            JobError::InTheFuture { .. }
            | JobError::Stale { .. }
            | JobError::Undated(_)
            | JobError::StillWritten { .. }
            | JobError::Archive { .. } => RunEnding::Stopped,
        }
    }
}
