//! Row results → counts, groups of problems, and the files that are written while a run goes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::contents::{Contents, Pause, SourceValues, Timeline};
use super::created::{CreatedList, PlanList};
use super::folder::{ReportError, ReportFolder};
use super::html::{PageParts, PageProblems};
use super::marked::MarkedRows;
use super::marker::Marker;
use super::model::{Counts, Kind, ProblemGroup};
use super::problems::Problems;
use super::rejects::{RejectFormat, Rejects, problems_text};
use super::stored_problems::{KeepProblems, ProblemStore};
use super::summary::Summary;
use crate::diagnostic::{Code, Diagnostic, one_line};
use crate::partner::{RowOutcome, RowResult};

/// Counts that a progress display reads while the run goes.
#[derive(Debug, Default)]
pub struct Counters {
    outcomes: [AtomicU64; 9],
    /// Rows that there are; 0 until they are counted.
    pub total: AtomicU64,
    /// Rows read by the counting pass.
    pub surveyed: AtomicU64,
}

impl Counters {
    /// Adds rows of an outcome.
    pub fn add(&self, outcome: RowOutcome, n: u64) {
        self.outcomes[outcome as usize].fetch_add(n, Ordering::Relaxed);
    }

    /// Rows of an outcome.
    #[must_use]
    pub fn get(&self, outcome: RowOutcome) -> u64 {
        self.outcomes[outcome as usize].load(Ordering::Relaxed)
    }

    /// Rows that are through.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.outcomes
            .iter()
            .map(|n| n.load(Ordering::Relaxed))
            .sum()
    }
}

/// The list of rows that a kind of run writes, beside problems and rejects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PerRow {
    /// None.
    No,
    /// `created.csv`: the partners that were made.
    Created,
    /// `plan.csv`: what would be done with each row.
    Plan,
}

/// What a collector writes beside the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The list of rows.
    pub per_row: PerRow,
    /// Rows of the marked-up workbook.
    pub marked: MarkedRows,
    /// Whether values of cells may be shown.
    pub values: SourceValues,
}

impl Wanted {
    /// Problems only, and nothing for each row.
    #[must_use]
    pub fn problems(values: SourceValues) -> Self {
        Self {
            per_row: PerRow::No,
            marked: MarkedRows::Problems,
            values,
        }
    }
}

/// A group's example is the first of it; groups beyond this many are counted together without column.
const GROUPS: usize = 2_000;

/// What is collected.
#[derive(Debug, Default)]
pub struct Collected {
    /// Rows by outcome.
    pub counts: Counts,
    /// Problems, most frequent first, errors before warnings.
    pub groups: Vec<ProblemGroup>,
    /// Errors.
    pub errors: u64,
    /// Warnings.
    pub warnings: u64,
    /// Files that were written.
    pub written: Vec<PathBuf>,
    /// Whether a rejects file has rows.
    pub has_rejects: bool,
    /// The problems of the page.
    pub page: Option<PageParts>,
    /// What the rows hold.
    pub contents: Contents,
    /// Rows over time.
    pub timeline: Timeline,
    /// A report that could not be written.
    pub trouble: Option<String>,
}

struct Files {
    marked: Option<Marker>,
    problems: Problems,
    page: PageProblems,
    rejects: Option<Rejects>,
    created: Option<CreatedList>,
    plan: Option<PlanList>,
}

impl Files {
    fn write(&mut self, names: &[SourceName], row: RowResult) -> Result<(), ReportError> {
        for diagnostic in &row.diagnostics {
            self.problems.add(diagnostic)?;
        }
        if let Some(plan) = &mut self.plan {
            let file = names.get(row.origin.file as usize).map_or("", |n| &*n.file);
            plan.add(file, &row)?;
        }
        match row.outcome {
            RowOutcome::Created | RowOutcome::Adopted => {
                if let Some(created) = &mut self.created {
                    created.add(&row)?;
                }
            }
            // A row that was only not tried has nothing to repair: the next run takes it from the source.
            RowOutcome::Skipped | RowOutcome::Changed | RowOutcome::Deferred => {}
            RowOutcome::Blocked
            | RowOutcome::Invalid
            | RowOutcome::Rejected
            | RowOutcome::InDoubt => {
                if let Some(rejects) = &mut self.rejects {
                    let problems = problems_text(&row.diagnostics);
                    let cells = row.origin.cells();
                    rejects.add(row.origin.file as usize, &cells, &problems)?;
                }
            }
        }
        if let Some(marked) = &mut self.marked {
            marked.add(row);
        }
        Ok(())
    }
}

/// Names of the files, by number: what places without a file are completed with.
#[derive(Debug, Clone)]
pub(super) struct SourceName {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// The workbook's sheet.
    pub sheet: Option<Arc<str>>,
}

/// Collects the results of a run.
pub struct Collector {
    names: Vec<SourceName>,
    counters: Arc<Counters>,
    counts: Counts,
    groups: HashMap<(Code, Option<Arc<str>>), ProblemGroup>,
    errors: u64,
    warnings: u64,
    files: Option<Files>,
    values: SourceValues,
    problem_store: Option<ProblemStore>,
    contents: Contents,
    timeline: Timeline,
    started: Instant,
    /// Run and job, as log lines name them.
    log: Option<(String, String)>,
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
        // Rejects and the workbook are the user's own rows: without values there is nothing to write.
        let formats = match wanted.values {
            SourceValues::Shown => formats,
            SourceValues::LeftOut => Vec::new(),
        };
        let files = match folder {
            None => None,
            Some(folder) => Some(Files {
                marked: if formats.is_empty() {
                    None
                } else {
                    Some(Marker::begin(folder, &formats, wanted.marked)?)
                },
                problems: Problems::begin(folder)?,
                page: PageProblems::begin(folder)?,
                rejects: if formats.is_empty() {
                    None
                } else {
                    Some(Rejects::begin(folder, formats)?)
                },
                plan: if wanted.per_row == PerRow::Plan {
                    Some(PlanList::begin(folder, wanted.values)?)
                } else {
                    None
                },
                created: if wanted.per_row == PerRow::Created
                    && wanted.values == SourceValues::Shown
                {
                    Some(CreatedList::begin(folder)?)
                } else {
                    None
                },
            }),
        };
        Ok(Self {
            names: names
                .into_iter()
                .map(|(file, sheet)| SourceName { file, sheet })
                .collect(),
            counters,
            counts: Counts::default(),
            groups: HashMap::new(),
            errors: 0,
            warnings: 0,
            files,
            values: wanted.values,
            problem_store: None,
            contents: Contents::default(),
            timeline: Timeline::default(),
            started: Instant::now(),
            log: None,
            trouble: None,
        })
    }

    /// Hands every problem from now on to `keep` too, without values.
    pub fn keep_problems(&mut self, keep: KeepProblems) {
        self.problem_store = Some(ProblemStore::new(keep));
    }

    /// From now on each row is a line of the log, under the names of run and job.
    pub fn log_as(&mut self, run: &str, job: Option<&str>) {
        self.log = Some((run.to_owned(), job.unwrap_or("").to_owned()));
    }

    /// Takes what the rows hold.
    pub fn holds(&mut self, contents: Contents) {
        self.contents = match self.values {
            SourceValues::Shown => contents,
            SourceValues::LeftOut => contents.without_values(),
        };
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

    /// Counts rows that have nothing to tell.
    pub fn count(&mut self, outcome: RowOutcome, n: u64) {
        self.counts.add(outcome, n);
        self.counters.add(outcome, n);
    }

    /// Takes a row's result.
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
        self.place(row.origin.file, &mut row.diagnostics);
        let names = std::mem::take(&mut self.names);
        self.try_write(|files| files.write(&names, row));
        self.names = names;
    }

    /// Takes what is to be told of a row whose outcome is not known yet.
    pub fn tell(&mut self, file: u32, mut diagnostics: Vec<Diagnostic>) {
        self.place(file, &mut diagnostics);
        self.try_write(|files| diagnostics.iter().try_for_each(|d| files.problems.add(d)));
    }

    /// Completes places and counts.
    fn place(&mut self, file: u32, diagnostics: &mut [Diagnostic]) {
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
            self.group(diagnostic);
        }
    }

    fn try_write(&mut self, work: impl FnOnce(&mut Files) -> Result<(), ReportError>) {
        if let (Some(files), None) = (&mut self.files, &self.trouble)
            && let Err(error) = work(files)
        {
            // The run is worth more than its report: it goes on, and the trouble is told at the end.
            tracing::error!("{error}");
            self.trouble = Some(error);
        }
    }

    fn group(&mut self, diagnostic: &Diagnostic) {
        let key = self.count_in_group(diagnostic);
        self.try_write(|files| files.page.add(key, diagnostic));
    }

    fn count_in_group(&mut self, diagnostic: &Diagnostic) -> (Code, Option<Arc<str>>) {
        if diagnostic.is_error() {
            self.errors += 1;
        } else {
            self.warnings += 1;
        }
        let mut column = diagnostic.at.column.as_ref().map(|c| Arc::clone(&c.name));
        if self.groups.len() >= GROUPS {
            column = None;
        }
        self.groups
            .entry((diagnostic.code, column.clone()))
            .or_insert_with(|| ProblemGroup {
                code: diagnostic.code,
                severity: diagnostic.severity,
                column: column.clone(),
                count: 0,
                example: one_line(diagnostic),
                hint: diagnostic.hint.clone(),
            })
            .count += 1;
        (diagnostic.code, column)
    }

    /// Gives the files their names and returns what was collected.
    #[must_use]
    pub fn finish(mut self, kind: Kind) -> Collected {
        let mut groups: Vec<ProblemGroup> =
            std::mem::take(&mut self.groups).into_values().collect();
        groups.sort_by(|a, b| {
            (b.severity, b.count, a.code, &a.column).cmp(&(a.severity, a.count, b.code, &b.column))
        });
        if let Some(problem_store) = &mut self.problem_store {
            problem_store.flush();
        }
        let mut written = Vec::new();
        let mut has_rejects = false;
        let mut page = None;
        if let Some(files) = self.files.take() {
            has_rejects = files.rejects.as_ref().is_some_and(|r| r.rows() > 0)
                || files.marked.as_ref().is_some_and(|m| m.rows() > 0);
            let mut keep = |result: Result<Vec<PathBuf>, ReportError>| match result {
                Ok(paths) => written.extend(paths),
                Err(error) => self.trouble = Some(error),
            };
            keep(files.problems.finish());
            match files.page.finish() {
                Ok(parts) => page = Some(parts),
                Err(error) => keep(Err(error)),
            }
            if let Some(rejects) = files.rejects {
                keep(rejects.finish());
            }
            if let Some(marked) = files.marked {
                let summary = Summary::new(&self.counts, &groups, kind);
                keep(marked.finish(&summary).map(|p| vec![p]));
            }
            if let Some(created) = files.created {
                keep(created.finish().map(|p| vec![p]));
            }
            if let Some(plan) = files.plan {
                keep(plan.finish().map(|p| vec![p]));
            }
        }
        Collected {
            counts: self.counts,
            groups,
            errors: self.errors,
            warnings: self.warnings,
            written,
            has_rejects,
            page,
            contents: self.contents,
            timeline: self.timeline,
            trouble: self.trouble.map(|e| e.to_string()),
        }
    }
}
