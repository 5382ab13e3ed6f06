//! `created.csv`: key, legacyIdentifier and partner id of every partner that this run made or adopted.

use super::contents::SourceValues;
use super::csv_file::CsvFile;
use super::folder::{ReportError, ReportFolder};
use crate::diagnostic::guarded;
use crate::partner::RowResult;

/// The file under way.
#[derive(Debug)]
pub(super) struct CreatedList {
    file: CsvFile,
}

impl CreatedList {
    pub(super) fn begin(folder: &ReportFolder) -> Result<Self, ReportError> {
        let mut list = Self {
            file: CsvFile::new(folder.begin("created.csv")?),
        };
        list.put("key", "legacyIdentifier", "partnerId")?;
        Ok(list)
    }

    pub(super) fn add(&mut self, row: &RowResult) -> Result<(), ReportError> {
        self.put(
            row.key.as_ref().map_or("", |k| k.as_str()),
            row.legacy_identifier.as_ref().map_or("", |l| l.as_str()),
            row.partner.as_ref().map_or("", |p| p.as_str()),
        )
    }

    fn put(&mut self, key: &str, legacy: &str, partner: &str) -> Result<(), ReportError> {
        let cells = [key, legacy, partner].map(guarded);
        self.file.record(cells.iter().map(|c| &**c))
    }

    pub(super) fn finish(self) -> Result<std::path::PathBuf, ReportError> {
        self.file.finish()
    }
}

/// Writes `created.csv` of a run that is over.
pub fn write_created<'l>(
    folder: &ReportFolder,
    partners: impl Iterator<Item = (&'l str, &'l str, &'l str)>,
) -> Result<std::path::PathBuf, ReportError> {
    let mut list = CreatedList::begin(folder)?;
    for (key, legacy, partner) in partners {
        list.put(key, legacy, partner)?;
    }
    list.finish()
}

/// `plan.csv`: what an import would do with each row.
#[derive(Debug)]
pub(super) struct PlanList {
    file: CsvFile,
    values: SourceValues,
}

impl PlanList {
    pub(super) fn begin(folder: &ReportFolder, values: SourceValues) -> Result<Self, ReportError> {
        let mut list = Self {
            file: CsvFile::new(folder.begin("plan.csv")?),
            values,
        };
        let header = [
            "file",
            "row",
            "key",
            "legacyIdentifier",
            "would_be",
            "partnerId",
        ];
        list.file.record(header.into_iter())?;
        Ok(list)
    }

    pub(super) fn add(&mut self, file: &str, row: &RowResult) -> Result<(), ReportError> {
        let shown = self.values == SourceValues::Shown;
        let key = row.key.as_ref().filter(|_| shown);
        let legacy = row.legacy_identifier.as_ref().filter(|_| shown);
        let cells = [
            file,
            &row.origin.row.to_string(),
            key.map_or("", |k| k.as_str()),
            legacy.map_or("", |l| l.as_str()),
            row.outcome.as_str(),
            row.partner.as_ref().map_or("", |p| p.as_str()),
        ];
        let cells = cells.map(guarded);
        self.file.record(cells.iter().map(|c| &**c))
    }

    pub(super) fn finish(self) -> Result<std::path::PathBuf, ReportError> {
        self.file.finish()
    }
}
