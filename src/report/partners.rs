//! `partners.csv`: the source's own rows that have their partner, whichever run made it, and its id: for the way back into the
//! system that they came from. Columns that fill a field of bank data are left out. Cells are guarded against formulas; the
//! guards are taken off where the file is read again as an export.

use std::path::PathBuf;

use super::folder::{ReportError, ReportFolder};
use super::reject_format::RejectFormat;
use super::source_files::{Guards, SourceFiles};
use crate::diagnostic::PARTNER_COLUMN;

/// The files under way: one for each source, as rejects are.
#[derive(Debug)]
pub struct PartnerRows(SourceFiles);

impl PartnerRows {
    /// Begins the first file. The numbers of columns in `hidden`, a list for each source, are not written.
    ///
    /// # Errors
    /// [`ReportError`] where the folder cannot be written.
    pub fn begin(
        folder: &ReportFolder,
        mut formats: Vec<RejectFormat>,
        hidden: &[&[usize]],
    ) -> Result<Self, ReportError> {
        for (format, hidden) in formats.iter_mut().zip(hidden) {
            format.added_column = PARTNER_COLUMN;
            format.dates = None;
            format.dropped.extend(*hidden);
        }
        let files = SourceFiles::begin(folder, "partners", formats, Guards::Formulas)?;
        Ok(Self(files))
    }

    /// Adds a row of source `index` with the id of its partner.
    ///
    /// # Errors
    /// [`ReportError`] where the file cannot be written.
    pub fn add(
        &mut self,
        index: usize,
        cells: &[impl AsRef<str>],
        partner: &str,
    ) -> Result<(), ReportError> {
        self.0.add(index, cells, partner).map(|_| ())
    }

    /// Gives the files their names and returns their paths.
    ///
    /// # Errors
    /// [`ReportError`] where one cannot be written.
    pub fn finish(self) -> Result<Vec<PathBuf>, ReportError> {
        self.0.finish()
    }
}
