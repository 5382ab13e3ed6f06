//! Rows of the source in files of their own, written as the source is, with a column added: one file for each source.

use std::path::PathBuf;

use super::csv_file::CsvFile;
use super::folder::{ReportError, ReportFolder};
use super::reject_format::RejectFormat;
use crate::diagnostic::guarded;

/// Whether cells are guarded against formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guards {
    /// They are written verbatim: a person repairs them and feeds them back.
    None,
    /// They are.
    Formulas,
}

/// The files under way: the first always, the others where they have rows.
#[derive(Debug)]
pub(super) struct SourceFiles {
    folder: ReportFolder,
    /// `rejects` for `rejects.csv`, `rejects-2.csv` and so on.
    stem: &'static str,
    formats: Vec<RejectFormat>,
    files: Vec<Option<CsvFile>>,
    guards: Guards,
}

impl SourceFiles {
    pub(super) fn begin(
        folder: &ReportFolder,
        stem: &'static str,
        formats: Vec<RejectFormat>,
        guards: Guards,
    ) -> Result<Self, ReportError> {
        let mut files = Self {
            folder: folder.clone(),
            stem,
            files: formats.iter().map(|_| None).collect(),
            formats,
            guards,
        };
        if !files.formats.is_empty() {
            files.file(0)?;
        }
        Ok(files)
    }

    fn file(&mut self, index: usize) -> Result<Option<(&mut CsvFile, &RejectFormat)>, ReportError> {
        let Some(format) = self.formats.get(index) else {
            return Ok(None);
        };
        if self.files[index].is_none() {
            let name = match index {
                0 => format!("{}.csv", self.stem),
                n => format!("{}-{}.csv", self.stem, n + 1),
            };
            let mut file = self.folder.begin(&name)?;
            file.put(format.mark)?;
            for _ in 1..=format.blank_lines {
                match &format.encode {
                    None => file.put(b"\n")?,
                    Some(encode) => file.put(&encode("\n"))?,
                }
            }
            let mut file = CsvFile::with(file, format.rules, format.encode.clone());
            put(&mut file, format.line_of_header(), self.guards)?;
            self.files[index] = Some(file);
        }
        Ok(self.files[index].as_mut().map(|file| (file, format)))
    }

    /// Adds a row of source `index`. False where there is no such source.
    pub(super) fn add(
        &mut self,
        index: usize,
        cells: &[impl AsRef<str>],
        added: &str,
    ) -> Result<bool, ReportError> {
        let guards = self.guards;
        let Some((file, format)) = self.file(index)? else {
            return Ok(false);
        };
        put(file, format.arrange(cells, added), guards)?;
        Ok(true)
    }

    pub(super) fn finish(self) -> Result<Vec<PathBuf>, ReportError> {
        self.files
            .into_iter()
            .flatten()
            .map(CsvFile::finish)
            .collect()
    }
}

fn put<'c>(
    file: &mut CsvFile,
    cells: impl Iterator<Item = &'c str>,
    guards: Guards,
) -> Result<(), ReportError> {
    if guards == Guards::None {
        return file.record(cells);
    }
    let cells: Vec<_> = cells.map(guarded).collect();
    file.record(cells.iter().map(|cell| &**cell))
}
