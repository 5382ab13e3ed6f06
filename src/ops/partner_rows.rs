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
    /// Whether the run was stopped: then the source or the state may be what stopped it.
    pub(super) stopped: bool,
}

impl WithPartners<'_> {
    /// Writes the rows, where a report is asked for that may hold values. What a survey that was stopped has not seen could
    /// share its key with another row, so nothing is written then.
    pub(super) fn write(&self, collector: &Mutex<Collector>) {
        let Some(folder) = self.folder else { return };
        if self.values == SourceValues::LeftOut || self.survey.incomplete {
            return;
        }
        let written = self.rows(folder);
        if let (Err(error), true) = (&written, self.stopped) {
            tracing::warn!("{error}");
            return;
        }
        let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
        held.wrote(written);
    }

    fn rows(&self, folder: &ReportFolder) -> Result<Vec<PathBuf>, ReportError> {
        let files = self.exports.files().iter();
        let hidden: Vec<&[usize]> = files.map(|f| &*f.plan.hidden_columns).collect();
        let mut out = PartnerRows::begin(folder, reject_formats(self.exports), &hidden)?;
        let Some(reader) = self.reader else {
            return out.finish();
        };
        let mut trouble = None;
        let read = self.exports.keyed(self.survey, &mut |file, rows| {
            let written = match reader.partners_of(rows.keys()) {
                Ok(partners) => (rows.cells().zip(partners))
                    .filter_map(|(cells, partner)| Some((cells, partner?)))
                    .try_for_each(|(cells, partner)| out.add(file, &cells, partner.as_str())),
                Err(error) => Err(PartnerRows::unreadable(folder.path(), error)),
            };
            match written {
                Ok(()) => Flow::More,
                Err(error) => {
                    trouble = Some(error);
                    Flow::Enough
                }
            }
        });
        match (trouble, read) {
            (Some(error), _) => Err(error),
            (None, Err(error)) => Err(PartnerRows::unreadable(folder.path(), error)),
            (None, Ok(())) => out.finish(),
        }
    }
}
