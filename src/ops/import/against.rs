//! Rows of an export beside what the state knows of them, batch by batch.

use crate::delivery::Stop;
use crate::ops::error::OpError;
use crate::partner::{Fingerprinter, RowKey};
use crate::prepare::{Exports, PreparedRow, Survey, Tally};
use crate::source::Flow;
use crate::state::{Known, StateError, StateReader};

/// What rows are judged by.
pub(super) struct Against<'a> {
    pub(super) fingerprinter: &'a Fingerprinter,
    /// None where there is no state: then nothing is known of any row.
    pub(super) reader: Option<&'a StateReader>,
    pub(super) known: &'a (dyn Fn(&RowKey) -> bool + Sync),
}

/// A row, and what the state knows of it.
pub(super) type RowAndRecord = (PreparedRow, Option<Known>);

impl Against<'_> {
    /// Reads all rows and hands them over with their records; a stop ends it. Without a `fingerprinter` the rows are only
    /// checked: see [`Exports::prepare`].
    ///
    /// # Errors
    /// [`OpError`] where the files or the state cannot be read.
    pub(super) fn each_batch(
        &self,
        exports: &Exports,
        survey: &Survey,
        fingerprinter: Option<&Fingerprinter>,
        stop: Option<&Stop>,
        take: &mut dyn FnMut(Vec<RowAndRecord>),
    ) -> Result<Tally, OpError> {
        let mut trouble = None;
        let tally = exports.prepare(survey, fingerprinter, None, self.known, &mut |rows| {
            if stop.is_some_and(Stop::is_requested) {
                return Flow::Enough;
            }
            match self.with_records(rows) {
                Ok(rows) => {
                    take(rows);
                    Flow::More
                }
                Err(error) => {
                    trouble = Some(error);
                    Flow::Enough
                }
            }
        })?;
        trouble.map_or(Ok(tally), |error| Err(error.into()))
    }

    fn with_records(&self, rows: Vec<PreparedRow>) -> Result<Vec<RowAndRecord>, StateError> {
        let Some(reader) = self.reader else {
            return Ok(rows.into_iter().map(|row| (row, None)).collect());
        };
        let keys = rows.iter().filter_map(|row| row.key.as_ref());
        let mut records = reader.known(keys.map(RowKey::as_str))?.into_iter();
        let rows = rows.into_iter().map(|row| {
            let record = row.key.as_ref().and_then(|_| records.next().flatten());
            (row, record)
        });
        Ok(rows.collect())
    }
}
