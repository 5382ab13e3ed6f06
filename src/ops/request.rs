//! What is asked for, as plain data: no command line, no terminal.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::OpError;
use super::export_file::ExportFile;
use super::fetch::{FetchRequest, fetch};
use super::named_files;
use super::session::Session;
use crate::config::Bound;
use crate::delivery::RowsInLog;
use crate::partner::Query;
use crate::report::{MarkedRows, PerRow, ReportFolder, RunReport, SourceValues, Wanted};

/// Files, and the mapping that reads them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRequest {
    /// The files, read as one; `-` is standard input.
    pub files: Vec<ExportFile>,
    /// The mapping file.
    pub mapping: PathBuf,
    /// Flags that are set for every row, whatever the mapping says.
    pub always: Query,
}

impl ExportRequest {
    /// All files that are read: nothing is written over these.
    #[must_use]
    pub fn all_files(&self) -> Vec<PathBuf> {
        let files = self.files.iter().map(|file| file.at().to_owned());
        files.chain(std::iter::once(self.mapping.clone())).collect()
    }

    /// The same with patterns that no shell expanded replaced by their files, addresses by copies of what lies
    /// there, and with what the command fetches.
    ///
    /// # Errors
    /// [`OpError`] where nothing fits one, or an address cannot be read.
    pub fn expanded(
        self,
        fetched_by: Option<FetchRequest>,
        session: &Session<'_>,
    ) -> Result<Self, OpError> {
        let mut files = named_files::expanded(self.files, session)?;
        if let Some(command) = fetched_by {
            files.push(fetch(&command, session)?);
        }
        Ok(Self { files, ..self })
    }
}

/// Where reports go and what they hold.
#[derive(Debug, Clone)]
pub struct ReportRequest {
    /// The folder; without one only the [`RunReport`] is made.
    pub folder: Option<PathBuf>,
    /// Whether values of the source may be shown.
    pub values: SourceValues,
    /// Which rows `report.xlsx` has.
    pub marked: MarkedRows,
}

impl ReportRequest {
    /// Whether the log may name rows.
    pub(super) fn rows_in_log(&self) -> RowsInLog {
        match self.values {
            SourceValues::Shown => RowsInLog::Named,
            SourceValues::LeftOut => RowsInLog::Unnamed,
        }
    }

    /// What the collector keeps.
    pub(super) fn wanted(&self, per_row: PerRow) -> Wanted {
        Wanted {
            per_row,
            marked: self.marked,
            values: self.values,
        }
    }

    /// Makes the folder, where one is asked for; the newest `[report] keep` earlier reports are kept in it. None of the files that are read may lie in it: a report of the next run
    /// would be laid over rejects that somebody has repaired.
    pub(super) fn folder_for(
        &self,
        inputs: &[ExportFile],
        session: &Session<'_>,
    ) -> Result<Option<ReportFolder>, OpError> {
        let Some(folder) = self.folder.as_deref() else {
            return Ok(None);
        };
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        let reports = real(folder);
        let lies_in = |input: &Path| real(input).and_then(|i| i.parent().map(Path::to_owned));
        if let Some(input) = inputs
            .iter()
            .map(ExportFile::at)
            .find(|input| reports.is_some() && lies_in(input) == reports)
        {
            return Err(OpError::InputInReports {
                input: input.to_owned(),
                folder: folder.to_owned(),
                another: another(folder),
            });
        }
        Ok(Some(ReportFolder::for_run(folder, session.settings.keep)?))
    }
}

/// A folder beside this one that is not there yet.
fn another(folder: &Path) -> PathBuf {
    let real = std::fs::canonicalize(folder);
    let name = real.as_deref().unwrap_or(folder).file_name();
    let name = name.map_or("reports".into(), std::ffi::OsStr::to_string_lossy);
    let is_within = folder.ends_with(&*name);
    let beside = if is_within {
        folder.parent().unwrap_or(Path::new(""))
    } else {
        Path::new("..")
    };
    (2..=u32::MAX)
        .map(|n| beside.join(format!("{name}-{n}")))
        .find(|path| !path.exists())
        .unwrap_or_default()
}

/// A dry run without network.
#[derive(Debug, Clone)]
pub struct CheckRequest {
    /// The files and the mapping.
    pub export: ExportRequest,
    /// Where reports go, and what they hold.
    pub report: ReportRequest,
    /// Rows that are looked at, at most.
    pub limit: Option<u64>,
}

/// What happens to unchanged rows that the API rejected earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// They stay rejected.
    Keep,
    /// They are sent again.
    SendAgain,
}

/// What has to be true of a source before anything of it is sent.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// At least this many rows.
    pub min_rows: Option<u64>,
    /// The share of the last good run's rows that may be missing, 0 to 1.
    pub max_shrink: Option<f64>,
    /// By how much a field's filled share may fall, 0 to 1.
    pub max_drift: Option<f64>,
    /// Whether drift fails the job.
    pub fail_on_drift: bool,
    /// New rows at most, of which the state has no record; counts from the first good run on.
    pub max_new: Option<Bound>,
    /// The last good run that the source is compared with.
    pub last: LastRun,
}

/// The last good run of a job, as the state has it.
#[derive(Debug, Clone, Default)]
pub enum LastRun {
    /// There was none.
    #[default]
    None,
    /// What it found in the export, without values of cells.
    Known(Box<RunReport>),
    /// There was one, but what is stored of it cannot be read, and why. What is compared with it fails.
    Unreadable {
        /// The name of that run.
        run: String,
        /// What is wrong with what is stored.
        reason: String,
    },
}

/// A comparison of source, state and API.
#[derive(Debug, Clone)]
pub struct VerifyRequest {
    /// The files and the mapping.
    pub export: ExportRequest,
    /// Where reports go, and what they hold.
    pub report: ReportRequest,
    /// Rows that are compared, at most, spread evenly.
    pub sample: Option<u64>,
    /// Whether a line for each row is kept.
    pub each_row: bool,
}

/// Settling rows whose outcome is unknown.
#[derive(Debug, Clone)]
pub struct ReconcileRequest {
    /// An export whose partners are recorded where the API has them.
    pub adopt: Option<ExportRequest>,
    /// A machine that is gone for certain: its id, or the begin of it.
    pub lost: Option<String>,
    /// Where reports go, and what they hold.
    pub report: ReportRequest,
    /// How long the API may still process a create after its answer was lost.
    pub settle: Option<Duration>,
}

/// A nightly run.
#[derive(Debug, Clone)]
pub struct SyncRequest {
    /// Only this job.
    pub job: Option<String>,
    /// Show what each job would do; send nothing.
    pub dry_run: bool,
    /// How long another run that holds the state is waited for.
    pub wait: Option<Duration>,
    /// Stop each job in good order after this time, the wait for its file included.
    pub max_duration: Option<Duration>,
    /// How long the API may still process a create after its answer was lost.
    pub settle: Option<Duration>,
    /// What is reported; each job has a folder of its own in this one.
    pub report: ReportRequest,
}
