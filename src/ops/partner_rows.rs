//! `partners.csv` of a run: one more pass over the source, after the last row has its outcome, against the state. So it has
//! every row with a partner, whichever run made it; memory holds a few batches of rows.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::export::reject_formats;
use crate::prepare::{Exports, Survey};
use crate::report::{Collector, PartnerRows, ReportError, ReportFolder, SourceValues};
use crate::source::Flow;
use crate::state::StateReader;

/// What the rows are read from, and what is known of them.
pub(super) struct WithPartners<'w> {
    pub(super) exports: &'w Exports,
    pub(super) survey: &'w Survey,
    /// None where the state knows no row of this mapping.
    pub(super) reader: Option<&'w StateReader>,
    pub(super) folder: Option<&'w ReportFolder>,
    pub(super) values: SourceValues,
}

/// Why there is no list.
enum Failure {
    /// The folder cannot be written.
    Report(ReportError),
    /// The rows, or what became of them, cannot be read once more, and why.
    Unreadable(String),
}

impl WithPartners<'_> {
    /// Writes the rows, where a report is asked for that may hold values. What a survey that was stopped has not seen could
    /// share its key with another row, so nothing is written then.
    pub(super) fn write(&self, collector: &Mutex<Collector>) {
        let Some(folder) = self.folder else { return };
        if self.values == SourceValues::LeftOut || self.survey.incomplete {
            return;
        }
        let written = match self.rows(folder) {
            Ok(files) => Ok(files),
            Err(Failure::Report(error)) => Err(error),
            // Each row has its outcome: an export that was replaced meanwhile changes nothing about the run.
            Err(Failure::Unreadable(reason)) => {
                tracing::warn!("partners.csv is not written: {reason}");
                return;
            }
        };
        let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
        held.wrote(written);
    }

    fn rows(&self, folder: &ReportFolder) -> Result<Vec<PathBuf>, Failure> {
        let files = self.exports.files().iter();
        let hidden: Vec<&[usize]> = files.map(|f| &*f.plan.hidden_columns).collect();
        let formats = reject_formats(self.exports, self.survey);
        let mut out = PartnerRows::begin(folder, formats, &hidden).map_err(Failure::Report)?;
        let Some(reader) = self.reader else {
            return out.finish().map_err(Failure::Report);
        };
        let mut failure = None;
        let read = self.exports.keyed(self.survey, &mut |file, rows| {
            let written = match reader.partners_of(rows.keys()) {
                Ok(partners) => (rows.cells().zip(partners))
                    .filter_map(|(cells, partner)| Some((cells, partner?)))
                    .try_for_each(|(cells, partner)| out.add(file, &cells, partner.as_str()))
                    .map_err(Failure::Report),
                Err(error) => Err(Failure::Unreadable(error.to_string())),
            };
            failure = written.err();
            if failure.is_none() {
                Flow::More
            } else {
                Flow::Enough
            }
        });
        match (failure, read) {
            (Some(failure), _) => Err(failure),
            (None, Err(error)) => Err(Failure::Unreadable(error.to_string())),
            (None, Ok(())) => out.finish().map_err(Failure::Report),
        }
    }
}
