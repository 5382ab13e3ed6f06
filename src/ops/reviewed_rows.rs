//! The rows of a file that was reviewed: one looked up, or those with problems as a workbook.

use std::sync::Arc;

use super::check::{How, checked};
use super::error::OpError;
use super::export::Opened;
use super::request::ReportRequest;
use super::session::Session;
use super::workspace::Workspace;
use crate::mapping::Mapping;
use crate::prepare::{Export, Exports, PrepareError};
use crate::report::{MarkedRows, SourceValues};
use crate::source::{Flow, SourceRow};

/// The rows of a file that was reviewed, as that review read them.
#[derive(Debug, Clone)]
pub struct ReviewedRows {
    pub(super) exports: Arc<Exports>,
    pub(super) mapping: Arc<Mapping>,
}

impl ReviewedRows {
    /// The cells of a row by their columns, as they stand in the file; none where there is no such row, or it cannot be read.
    /// `row` is as a spreadsheet counts, `sheet` that of a workbook of which several are read.
    ///
    /// # Errors
    /// [`OpError`] where the file cannot be read, or has changed.
    pub fn cells(
        &self,
        sheet: Option<&str>,
        row: u64,
    ) -> Result<Option<Vec<(String, String)>>, OpError> {
        let files = self.exports.files();
        let is_it = |e: &&Export| sheet.is_none() || e.source.sheet().as_deref() == sheet;
        let Some(export) = files.iter().find(is_it) else {
            return Ok(None);
        };
        let names = export.source.header().names();
        let mut found = None;
        let read = export.source.read(&mut |batch| {
            found = batch
                .rows()
                .find(|r| r.row() == row && r.fault().is_none())
                .map(SourceRow::texts);
            let is_behind = batch.rows().last().is_some_and(|last| last.row() >= row);
            if is_behind { Flow::Enough } else { Flow::More }
        });
        read.map_err(PrepareError::from)?;
        let by_column =
            |cells: Vec<String>| names.iter().map(ToString::to_string).zip(cells).collect();
        Ok(found.map(by_column))
    }

    /// `report.xlsx`: the rows with problems, marked up. Other files of the report lie beside it in a folder of ours meanwhile,
    /// which is gone afterwards. None where no row has a problem, or a sheet cannot hold them.
    ///
    /// # Errors
    /// [`OpError`] where the file cannot be read, or has changed, or nothing can be written.
    pub fn workbook(&self, session: &Session<'_>) -> Result<Option<Vec<u8>>, OpError> {
        let unwritable = |source| OpError::Unwritable {
            path: std::env::temp_dir(),
            source,
        };
        let place = Workspace::create().map_err(unwritable)?;
        let folder = place.path().join("report");
        let report = ReportRequest {
            folder: Some(folder.clone()),
            values: SourceValues::Shown,
            marked: MarkedRows::Problems,
        };
        let made = report.folder_for(&[], session)?;
        let how = How {
            report: &report,
            folder: made.as_ref(),
            limit: None,
            keeps_findings: false,
        };
        let opened = Opened {
            mapping: (*self.mapping).clone(),
            exports: Arc::clone(&self.exports),
        };
        checked(&opened, &how, session)?;
        match std::fs::read(folder.join("report.xlsx")) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unwritable(error)),
        }
    }
}
