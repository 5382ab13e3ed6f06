//! Where the export of a job lies. What a job expects of its file (the newest, of a time that can be, fresh, whole) is asked
//! of every place alike, in `job_file`.

use std::path::Path;

use super::candidate::{Candidate, Found, Mark};
use super::local;
use crate::config::{Job, JobPlace};
use crate::ops::error::{JobError, OpError};
use crate::ops::export_file::ExportFile;
use crate::ops::fetch::{FetchRequest, fetch};
use crate::ops::session::Session;

/// A place that a job's export is looked for in.
#[derive(Debug)]
pub(super) enum Place<'j> {
    /// Files of this machine that a pattern matches.
    Files(&'j str),
    /// A file that a command has just written.
    Fetched(ExportFile),
}

impl<'j> Place<'j> {
    /// The place of a job; its command is run.
    pub(super) fn of(job: &'j Job, session: &Session<'_>) -> Result<Self, OpError> {
        let setting = |reason| JobError::Setting {
            job: job.name.0.clone(),
            reason,
        };
        Ok(match job.place().map_err(setting)? {
            JobPlace::Files(pattern) => Place::Files(pattern),
            JobPlace::Command { words, name, limit } => Place::Fetched(fetch(
                &FetchRequest {
                    words: words.to_vec(),
                    name: name.to_owned(),
                    limit,
                },
                session,
            )?),
        })
    }

    /// How the configuration names what is looked for.
    pub(super) fn pattern(&self) -> String {
        match self {
            Place::Files(pattern) => (*pattern).to_owned(),
            Place::Fetched(file) => file.shown().display().to_string(),
        }
    }

    /// All that may be the export.
    pub(super) fn find(&self) -> Result<Found, OpError> {
        Ok(match self {
            Place::Files(pattern) => local::matches(pattern)?,
            Place::Fetched(file) => Found {
                exports: local::candidate(file.clone()).into_iter().collect(),
                temporary: Vec::new(),
            },
        })
    }

    /// What was put away of it.
    pub(super) fn put_away(&self, folder: &Path) -> Result<Vec<Candidate>, OpError> {
        Ok(match self {
            Place::Files(pattern) => local::put_away(pattern, folder)?,
            Place::Fetched(_) => Vec::new(),
        })
    }

    /// The same export as it is now; none where it is gone.
    pub(super) fn look(&self, at: &Candidate) -> Result<Option<Candidate>, OpError> {
        let Mark::File(_, _, file) = &at.mark;
        Ok(local::candidate(file.clone()))
    }

    /// Whether an export lies where exports are put away.
    pub(super) fn is_put_away(&self, at: &Candidate, folder: &Path) -> bool {
        let Mark::File(_, _, file) = &at.mark;
        local::lies_in(file.at(), folder)
    }

    /// The export as a file that can be read.
    pub(super) fn take(&self, at: &Candidate) -> Result<ExportFile, OpError> {
        let Mark::File(_, _, file) = &at.mark;
        Ok(file.clone())
    }
}
