//! Row results → counts, groups of problems, and the files that are written while a run goes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::contents::{Contents, Pause, SourceValues, Timeline};
use super::counters::Counters;
use super::files::{Files, SourceName, Wanted};
use super::folder::{ReportError, ReportFolder};
use super::groups::Groups;
use super::model::{Counts, Kind, ProblemGroup};
use super::page::Findings;
use super::reject_format::RejectFormat;
use super::row_name::RowName;
use super::stored_problems::{ProblemStore, StoreProblems};
use super::together::Together;
use crate::diagnostic::Diagnostic;
use crate::partner::{Origin, RowKey, RowOutcome, RowResult};

/// All that was collected of a run, when it is over.
#[derive(Debug, Default)]
pub struct Collected {
    /// Rows by outcome; together they are all rows that were counted.
    pub counts: Counts,
    /// Problems, most frequent first, errors before warnings.
    pub groups: Vec<ProblemGroup>,
    /// Problems that keep a row from being sent.
    pub errors: u64,
    /// Problems that do not.
    pub warnings: u64,
    /// Files that were written whole, in the order in which they are listed.
    pub written: Vec<PathBuf>,
    /// Whether a rejects file has rows.
    pub has_rejects: bool,
    /// What the page shows of rows.
    pub findings: Findings,
    /// What the rows hold: field shares, samples, words.
    pub contents: Contents,
    /// Rows that the API answered, over time, and its pauses.
    pub timeline: Timeline,
    /// The machines that shared the import.
    pub together: Option<Together>,
    /// A report that could not be written.
    pub trouble: Option<String>,
}

/// Collects the results of a run.
pub struct Collector {
    names: Vec<SourceName>,
    /// The column of the business name, by file.
    name_columns: Vec<Option<usize>>,
    findings: Findings,
    /// Whether values with their rows are kept: where they are shown, in files or otherwise.
    keeps_findings: bool,
    counters: Arc<Counters>,
    counts: Counts,
    groups: Groups,
    files: Option<Files>,
    values: SourceValues,
    problem_store: Option<ProblemStore>,
    contents: Contents,
    timeline: Timeline,
    together: Option<Together>,
    started: Instant,
    /// Run and job, as log lines name them.
    log: Option<(String, String)>,
    /// Files that somebody else has written into the folder.
    others: Vec<PathBuf>,
    trouble: Option<ReportError>,
}

impl Collector {
    /// A collector that writes into `folder`, where there is one.
    pub fn new(
        folder: Option<&ReportFolder>,
        names: Vec<(Arc<str>, Option<Arc<str>>)>,
        formats: Vec<RejectFormat>,
        wanted: Wanted,
        counters: Arc<Counters>,
    ) -> Result<Self, ReportError> {
        let files = match folder {
            Some(folder) => Some(Files::begin(folder, formats, wanted)?),
            None => None,
        };
        Ok(Self {
            names: names
                .into_iter()
                .map(|(file, sheet)| SourceName { file, sheet })
                .collect(),
            name_columns: Vec::new(),
            findings: Findings::default(),
            keeps_findings: files.is_some(),
            counters,
            counts: Counts::default(),
            groups: Groups::default(),
            files,
            values: wanted.values,
            problem_store: None,
            contents: Contents::default(),
            timeline: Timeline::default(),
            together: None,
            started: Instant::now(),
            log: None,
            others: Vec::new(),
            trouble: None,
        })
    }

    /// Names rows by the business name too, which stands in these columns, by file; `None` where it may not be shown.
    pub fn set_name_columns(&mut self, columns: Vec<Option<usize>>) {
        self.name_columns = columns;
    }

    /// Keeps values with their rows although no file is written.
    pub fn keep_findings(&mut self) {
        self.keeps_findings = true;
    }

    /// Hands every problem from now on to `keep` too, without values.
    pub fn store_problems(&mut self, keep: StoreProblems) {
        self.problem_store = Some(ProblemStore::new(keep));
    }

    /// From now on each row is a line of the log, under the names of run and job.
    pub fn log_as(&mut self, run: &str, job: Option<&str>) {
        self.log = Some((run.to_owned(), job.unwrap_or("").to_owned()));
    }

    /// Takes what the rows hold.
    pub fn set_contents(&mut self, contents: Contents) {
        self.contents = match self.values {
            SourceValues::Shown => contents,
            SourceValues::LeftOut => contents.without_values(),
        };
    }

    /// Takes what became of further files of the report.
    pub fn wrote(&mut self, files: Result<Vec<PathBuf>, ReportError>) {
        match files {
            Ok(files) => self.others.extend(files),
            Err(error) => {
                self.trouble.get_or_insert(error);
            }
        }
    }

    /// Takes what the machines did that shared the import.
    pub fn shared_by(&mut self, machines: Together) {
        self.together = Some(machines);
    }

    /// Takes a time in which nothing was sent because the API asked for it.
    pub fn paused(&mut self, from: Instant, to: Instant, throttled: bool) {
        let ms = |at: Instant| {
            let passed = at
                .min(Instant::now())
                .saturating_duration_since(self.started);
            u64::try_from(passed.as_millis()).unwrap_or(u64::MAX)
        };
        let (from, to) = (ms(from), ms(to));
        self.timeline.pauses.push(Pause {
            from,
            to,
            throttled,
        });
    }

    /// Rows that the API answered, over time.
    fn note_time(&mut self, outcome: RowOutcome) {
        if matches!(
            outcome,
            RowOutcome::Created | RowOutcome::Rejected | RowOutcome::InDoubt
        ) {
            let at = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
            self.timeline.add(at, 1);
        }
    }

    /// Counts rows without problems that no file lists.
    pub fn count(&mut self, outcome: RowOutcome, n: u64) {
        self.counts.add(outcome, n);
        self.counters.add(outcome, n);
    }

    /// Counts a row, writes it to the files that it belongs into, and groups its problems. A file that cannot be written
    /// stops no run: the first such error is in `trouble`.
    pub fn add(&mut self, mut row: RowResult) {
        self.count(row.outcome, 1);
        self.note_time(row.outcome);
        if let Some((run, job)) = &self.log {
            tracing::info!(
                run,
                job,
                row = row.origin.row,
                outcome = row.outcome.as_str(),
                "row"
            );
        }
        let is_named = self.keeps_findings
            && (!row.diagnostics.is_empty() || self.findings.wants(row.outcome));
        let name = if is_named {
            self.name_of(&row.origin, row.key.as_ref())
        } else {
            RowName::default()
        };
        self.place(row.origin.file, &mut row.diagnostics, &name);
        if is_named {
            let source = self.names.get(row.origin.file as usize);
            let (file, sheet) = (
                source.map(|s| &s.file),
                source.and_then(|s| s.sheet.as_ref()),
            );
            self.findings
                .row(row.outcome, file, sheet, row.origin.row, &name);
        }
        let names = std::mem::take(&mut self.names);
        self.try_write(|files| files.write(&names, row, &name));
        self.names = names;
    }

    /// Takes problems that are of no row.
    pub fn add_diagnostics(&mut self, file: u32, diagnostics: Vec<Diagnostic>) {
        self.add_named(file, diagnostics, &RowName::default());
    }

    /// Takes problems of a row that is in no file, by its key.
    pub fn add_diagnostics_of(&mut self, key: &str, diagnostics: Vec<Diagnostic>) {
        let name = match self.values {
            SourceValues::Shown => RowName::of_key(key),
            SourceValues::LeftOut => RowName::default(),
        };
        self.add_named(u32::MAX, diagnostics, &name);
    }

    /// Takes problems of a row whose outcome is not known yet; the row itself is added later, without them.
    pub fn add_row_diagnostics(
        &mut self,
        origin: &Origin,
        key: &RowKey,
        diagnostics: Vec<Diagnostic>,
    ) {
        let name = if self.keeps_findings {
            self.name_of(origin, Some(key))
        } else {
            RowName::default()
        };
        self.add_named(origin.file, diagnostics, &name);
    }

    fn add_named(&mut self, file: u32, mut diagnostics: Vec<Diagnostic>, name: &RowName) {
        self.place(file, &mut diagnostics, name);
        self.try_write(|files| files.add_problems(&diagnostics, name));
    }

    fn name_of(&self, origin: &Origin, key: Option<&RowKey>) -> RowName {
        if self.values == SourceValues::LeftOut {
            return RowName::default();
        }
        let column = self.name_columns.get(origin.file as usize);
        RowName::of(origin, key, column.copied().flatten())
    }

    /// Completes places and counts.
    fn place(&mut self, file: u32, diagnostics: &mut [Diagnostic], name: &RowName) {
        for diagnostic in diagnostics {
            if diagnostic.at.file.is_none()
                && let Some(name) = self.names.get(file as usize)
            {
                diagnostic.at.file = Some(Arc::clone(&name.file));
                diagnostic.at.sheet.clone_from(&name.sheet);
            }
            if self.values == SourceValues::LeftOut {
                *diagnostic = diagnostic.clone().without_values();
            }
            if let Some(problem_store) = &mut self.problem_store {
                problem_store.add(diagnostic);
            }
            let group = self.groups.add(diagnostic);
            if self.keeps_findings {
                self.findings.add(group, diagnostic, name);
            }
        }
    }

    fn try_write(&mut self, work: impl FnOnce(&mut Files) -> Result<(), ReportError>) {
        if let (Some(files), None) = (&mut self.files, &self.trouble)
            && let Err(error) = work(files)
        {
            // The run is worth more than its report: it goes on, and the trouble is reported at the end.
            tracing::error!("{error}");
            self.trouble = Some(error);
        }
    }

    /// Gives the files their names and returns what was collected.
    #[must_use]
    pub fn finish(mut self, kind: Kind) -> Collected {
        let (errors, warnings) = (self.groups.errors(), self.groups.warnings());
        let groups = std::mem::take(&mut self.groups).sorted();
        if let Some(problem_store) = &mut self.problem_store {
            problem_store.flush();
        }
        let mut written = Vec::new();
        let mut has_rejects = false;
        if let Some(files) = self.files.take() {
            has_rejects = files.have_rejects();
            let ended = files.finish(&self.counts, &groups, kind);
            written = ended.written;
            if let Some(error) = ended.trouble {
                self.trouble = Some(error);
            }
        }
        written.extend(self.others);
        Collected {
            counts: self.counts,
            groups,
            errors,
            warnings,
            written,
            has_rejects,
            findings: self.findings,
            contents: self.contents,
            timeline: self.timeline,
            together: self.together,
            trouble: self.trouble.map(|e| e.to_string()),
        }
    }
}
