//! The files that are written while a run goes.

use std::path::PathBuf;
use std::sync::Arc;

use super::contents::SourceValues;
use super::created::{CreatedList, PlanList};
use super::folder::{ReportError, ReportFolder};
use super::marked::MarkedRows;
use super::marker::Marker;
use super::model::{Counts, Kind, ProblemGroup};
use super::problems::Problems;
use super::reject_format::RejectFormat;
use super::rejects::{Rejects, certain, problems_text};
use super::row_name::RowName;
use super::summary::Summary;
use crate::diagnostic::Diagnostic;
use crate::partner::{RowOutcome, RowResult};

/// The list of rows that a kind of run writes, beside problems and rejects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PerRow {
    /// Nothing is written for each row.
    No,
    /// `created.csv`: the partners that were made.
    Created,
    /// `plan.csv`: what would be done with each row.
    Plan,
}

/// What a collector writes beside the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Which list of rows is written.
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

/// Names of the files, by number: what places without a file are completed with.
#[derive(Debug, Clone)]
pub(super) struct SourceName {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// The workbook's sheet.
    pub sheet: Option<Arc<str>>,
}

/// The files under way.
pub(super) struct Files {
    marked: Option<Marker>,
    problems: Problems,
    rejects: Option<Rejects>,
    created: Option<CreatedList>,
    plan: Option<PlanList>,
}

impl Files {
    pub(super) fn begin(
        folder: &ReportFolder,
        formats: Vec<RejectFormat>,
        wanted: Wanted,
    ) -> Result<Self, ReportError> {
        // Rejects and the workbook are the user's own rows: without values there is nothing to write.
        let formats = match wanted.values {
            SourceValues::Shown => formats,
            SourceValues::LeftOut => Vec::new(),
        };
        Ok(Self {
            marked: if formats.is_empty() || !formats.iter().all(RejectFormat::fits_a_sheet) {
                None
            } else {
                Some(Marker::begin(folder, &formats, wanted.marked)?)
            },
            problems: Problems::begin(folder)?,
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
            created: if wanted.per_row == PerRow::Created && wanted.values == SourceValues::Shown {
                Some(CreatedList::begin(folder)?)
            } else {
                None
            },
        })
    }

    /// Writes a row that has its outcome.
    pub(super) fn write(
        &mut self,
        names: &[SourceName],
        row: RowResult,
        name: &RowName,
    ) -> Result<(), ReportError> {
        self.add_problems(&row.diagnostics, name)?;
        if let Some(plan) = &mut self.plan {
            let file = names.get(row.origin.file as usize).map_or("", |n| &*n.file);
            plan.add(file, &row)?;
        }
        if matches!(row.outcome, RowOutcome::Created | RowOutcome::Adopted)
            && let Some(created) = &mut self.created
        {
            created.add(&row)?;
        }
        if row.outcome.needs_somebody()
            && let Some(rejects) = &mut self.rejects
        {
            let problems = problems_text(&row.diagnostics);
            let cells = certain(row.origin.cells(), &row.diagnostics);
            rejects.add(row.origin.file as usize, &cells, &problems)?;
        }
        if let Some(marked) = &mut self.marked {
            marked.add(row);
        }
        Ok(())
    }

    /// Writes problems of a row of this name.
    pub(super) fn add_problems(
        &mut self,
        diagnostics: &[Diagnostic],
        name: &RowName,
    ) -> Result<(), ReportError> {
        let problems = &mut self.problems;
        diagnostics.iter().try_for_each(|d| problems.add(d, name))
    }

    /// Whether a file holds rows of the source that wait for repair.
    pub(super) fn have_rejects(&self) -> bool {
        self.rejects.as_ref().is_some_and(|r| r.rows() > 0)
            || self.marked.as_ref().is_some_and(|m| m.rows() > 0)
    }

    /// Gives the files their names. One that cannot be finished does not keep the others from it.
    pub(super) fn finish(self, counts: &Counts, groups: &[ProblemGroup], kind: Kind) -> Finished {
        let mut finished = Finished::default();
        finished.take(self.problems.finish());
        if let Some(rejects) = self.rejects {
            finished.take(rejects.finish());
        }
        if let Some(marked) = self.marked {
            let summary = Summary::new(counts, groups, kind);
            finished.take(marked.finish(&summary).map(|p| vec![p]));
        }
        if let Some(created) = self.created {
            finished.take(created.finish().map(|p| vec![p]));
        }
        if let Some(plan) = self.plan {
            finished.take(plan.finish().map(|p| vec![p]));
        }
        finished
    }
}

/// What became of the files.
#[derive(Debug, Default)]
pub(super) struct Finished {
    /// Files that have their names.
    pub(super) written: Vec<PathBuf>,
    /// The last one that could not be finished.
    pub(super) trouble: Option<ReportError>,
}

impl Finished {
    fn take(&mut self, result: Result<Vec<PathBuf>, ReportError>) {
        match result {
            Ok(paths) => self.written.extend(paths),
            Err(error) => self.trouble = Some(error),
        }
    }
}
