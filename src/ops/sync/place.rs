//! Where the export of a job lies. What a job expects of its file (the newest, of a time that can be, fresh, whole) is asked
//! of every place alike, in `job_file`; so is what is put away.

use std::path::Path;

use super::archive::{archive, name_and_endings, numbered};
use super::candidate::{Candidate, Found, Mark};
use super::local;
use super::passed_over::is_temporary;
use crate::clock::Timestamp;
use crate::config::{ExportPath, Job, JobPlace};
use crate::objects::{Object, PutAway};
use crate::ops::error::{JobError, OpError};
use crate::ops::export_file::ExportFile;
use crate::ops::fetch::{FetchRequest, fetch};
use crate::ops::remote::Remote;
use crate::ops::session::Session;
use crate::source::Stamp;

/// A place that a job's export is looked for in.
pub(super) struct Place<'p> {
    kind: Kind<'p>,
    /// The folder of the bucket that objects are put away in.
    folder: Option<String>,
    session: &'p Session<'p>,
}

enum Kind<'p> {
    /// Files of this machine that a pattern matches.
    Files(&'p str),
    /// A file that a command has just written.
    Fetched(ExportFile),
    /// Objects of a bucket, or what lies behind an address.
    Objects(Box<Remote>),
}

impl<'p> Place<'p> {
    /// The place of a job; its command is run.
    pub(super) fn of(job: &'p Job, session: &'p Session<'p>) -> Result<Self, OpError> {
        let setting = |reason| JobError::Setting {
            job: job.name.0.clone(),
            reason,
        };
        let mut folder = None;
        let kind = match job.place().map_err(setting)? {
            JobPlace::Files(pattern) => Kind::Files(pattern),
            JobPlace::Objects(address) => {
                let remote = Remote::open(address, session)?;
                if let Some(ExportPath::Address(archive)) = &job.archive {
                    folder = Some(remote.folder(archive).map_err(setting)?);
                }
                Kind::Objects(Box::new(remote))
            }
            JobPlace::Command { words, name, limit } => Kind::Fetched(fetch(
                &FetchRequest {
                    words: words.to_vec(),
                    name: name.to_owned(),
                    limit,
                },
                session,
            )?),
        };
        Ok(Self {
            kind,
            folder,
            session,
        })
    }

    /// How the configuration names what is looked for.
    pub(super) fn pattern(&self) -> String {
        match &self.kind {
            Kind::Files(pattern) => (*pattern).to_owned(),
            Kind::Fetched(file) => file.shown().display().to_string(),
            Kind::Objects(remote) => remote.shown().to_owned(),
        }
    }

    /// All that may be the export.
    pub(super) fn find(&self) -> Result<Found, OpError> {
        match &self.kind {
            Kind::Files(pattern) => Ok(local::matches(pattern)?),
            Kind::Fetched(file) => Ok(Found {
                exports: local::candidate(file.clone()).into_iter().collect(),
                temporary: Vec::new(),
            }),
            Kind::Objects(remote) => {
                let is_passed_over = |object: &Object| {
                    remote.is_pattern() && is_temporary(Path::new(&object.key), remote.key())
                };
                let all = remote.list(self.session)?;
                let (temporary, exports): (Vec<_>, Vec<_>) =
                    all.into_iter().partition(is_passed_over);
                Ok(Found {
                    exports: candidates(remote, exports),
                    temporary: temporary.iter().map(|o| remote.shown_of(o)).collect(),
                })
            }
        }
    }

    /// What was put away of it: under a name that the pattern matches, or under one of these with a number.
    pub(super) fn put_away_before(&self, folder: &ExportPath) -> Result<Vec<Candidate>, OpError> {
        match (&self.kind, folder.path(), &self.folder) {
            (Kind::Files(pattern), Some(folder), _) => Ok(local::put_away(pattern, folder)?),
            (Kind::Objects(remote), _, Some(folder)) => {
                let name = remote.key().rsplit('/').next().unwrap_or_default();
                let (stem, endings) = name_and_endings(name);
                let names = [name.to_owned(), format!("{stem}.[0-9]*{endings}")];
                let patterns: Vec<_> = (names.iter())
                    .filter_map(|name| glob::Pattern::new(name).ok())
                    .collect();
                let found = remote.list_folder(folder, &patterns, self.session)?;
                Ok(candidates(remote, found))
            }
            _ => Ok(Vec::new()),
        }
    }

    /// The same export as it is now; none where it is gone.
    pub(super) fn look(&self, at: &Candidate) -> Result<Option<Candidate>, OpError> {
        match (&self.kind, &at.mark) {
            (Kind::Objects(remote), Mark::Object(object)) => {
                let now = remote.look(object, self.session)?;
                Ok(candidates(remote, now.into_iter().collect()).pop())
            }
            (_, Mark::File(_, _, file)) => Ok(local::candidate(file.clone())),
            (_, Mark::Object(_)) => Ok(None),
        }
    }

    /// Whether an export lies where exports are put away.
    pub(super) fn is_put_away(&self, at: &Candidate, folder: &ExportPath) -> bool {
        match (&at.mark, folder.path(), &self.folder) {
            (Mark::File(_, _, file), Some(folder), _) => local::lies_in(file.at(), folder),
            (Mark::Object(object), _, Some(folder)) => {
                let lies_in = object.key.rsplit_once('/').map_or("", |(before, _)| before);
                lies_in == folder
            }
            _ => false,
        }
    }

    /// The export as a file that can be read.
    pub(super) fn take(&self, at: &Candidate) -> Result<ExportFile, OpError> {
        match (&self.kind, &at.mark) {
            (Kind::Objects(remote), Mark::Object(object)) => remote.take(object, self.session),
            (_, Mark::File(_, _, file)) => Ok(file.clone()),
            (_, Mark::Object(_)) => Err(JobError::NoFile(self.pattern()).into()),
        }
    }

    /// Puts the export away that was `read`. Whether it is put away, or another one has its name by now.
    pub(super) fn put_away(
        &self,
        at: &Candidate,
        read: Option<&Stamp>,
        folder: &ExportPath,
    ) -> Result<bool, OpError> {
        let failed = |source| JobError::Archive {
            path: at.shown.clone(),
            folder: folder.shown(),
            source,
        };
        match (&self.kind, &at.mark, folder.path(), &self.folder) {
            (_, Mark::File(_, _, file), Some(folder), _) => {
                let Some(read) = read else { return Ok(true) };
                Ok(archive(read, file.at(), folder).map_err(failed)?)
            }
            (Kind::Objects(remote), Mark::Object(object), _, Some(folder)) => {
                let name = object.key.rsplit('/').next().unwrap_or_default();
                let names = &mut numbered(name).take(MOST_NAMES);
                let end = remote.put_away(object, folder, names, self.session);
                let end = end.map_err(|error| failed(std::io::Error::other(error.to_string())))?;
                Ok(matches!(end, PutAway::Moved(_)))
            }
            _ => Ok(true),
        }
    }
}

/// Names that are tried in the archive of a bucket, where each is a question.
const MOST_NAMES: usize = 1000;

fn candidates(remote: &Remote, objects: Vec<Object>) -> Vec<Candidate> {
    let each = objects.into_iter().map(|object| Candidate {
        changed: object.changed.map(Timestamp),
        shown: remote.shown_of(&object),
        mark: Mark::Object(object),
    });
    each.collect()
}
