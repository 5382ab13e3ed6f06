//! Something that may be the export of a job, wherever it lies.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::clock::Timestamp;
use crate::objects::Object;
use crate::ops::export_file::ExportFile;

/// Something that may be the export of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// When it was last changed; none where nobody says.
    pub(super) changed: Option<Timestamp>,
    /// What people call it.
    pub(super) shown: PathBuf,
    /// By what a change of it is noticed, and how it is had.
    pub(super) mark: Mark,
}

/// By what a change is noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// A file's length and time of change.
    File(u64, Option<SystemTime>, ExportFile),
    /// An object's name, size, time and `ETag`.
    Object(Object),
}

/// What a pattern finds.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Exports, in no order.
    pub(super) exports: Vec<Candidate>,
    /// Temporary files of other programs.
    pub(super) temporary: Vec<PathBuf>,
}
