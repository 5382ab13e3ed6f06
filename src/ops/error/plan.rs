//! Why a sealed plan cannot be made, or does not hold.

use std::io;
use std::path::PathBuf;

use crate::report::RunEnding;

/// The version of a plan's form that this program writes and reads.
pub(in crate::ops) const PLAN_VERSION: u32 = 1;

/// A plan cannot be made, or does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// Standard input has no name and cannot be read again.
    #[error("a plan cannot use standard input, which cannot be read again; name a file")]
    StandardInput,
    /// What is read cannot be had again as it is.
    #[error("a plan cannot use {}: what a command wrote, a signed address and an address without an ETag cannot be read again as they are. Save the file, and name it", .0.display())]
    NotAgain(PathBuf),
    /// A file of the plan cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    File {
        /// The export or the mapping, as the plan names it.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// The plan cannot be read.
    #[error("cannot read the plan {}: {source}", path.display())]
    Read {
        /// The plan, as it was named.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// The plan cannot be written.
    #[error("cannot write the plan {}: {source}", path.display())]
    Write {
        /// The plan, as it was named.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// The file is no plan.
    #[error("{} is not a plan: {source}. Create one with import --dry-run --plan-out", path.display())]
    NoPlan {
        /// The file that was given as a plan.
        path: PathBuf,
        /// What of it is not as in a plan.
        source: serde_json::Error,
    },
    /// The plan is of another version of the program.
    #[error(
        "the plan {} is of version {version}; this program reads version {PLAN_VERSION}. Create a new one",
        path.display()
    )]
    Version {
        /// The plan, as it was named.
        path: PathBuf,
        /// The version that it says it has.
        version: u32,
    },
    /// The plan was edited.
    #[error(
        "the plan {} was changed by hand. Create a new one",
        .0.display()
    )]
    BrokenSeal(PathBuf),
    /// What the plan rests on changed.
    #[error(
        "{0} changed since the plan was created. Nothing was sent. Create a new plan with --dry-run --plan-out"
    )]
    Changed(String),
}

impl PlanError {
    pub(super) fn ending(&self) -> RunEnding {
        match self {
            PlanError::Write { .. } => RunEnding::Stopped,
            _ => RunEnding::Refused,
        }
    }
}
