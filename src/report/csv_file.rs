//! A CSV file of a report: lines by the csv crate's own rules, written into one buffer.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::folder::{ReportError, ReportFile};

/// Text to bytes of the source's encoding.
pub type Encode = Arc<dyn Fn(&str) -> Vec<u8> + Send + Sync>;

/// How cells are set apart and quoted: as the reader of the file expects it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvRules {
    /// The byte between two cells.
    pub delimiter: u8,
    /// What cells are quoted with; nothing where quotes are text.
    pub quote: Option<u8>,
    /// Quotes and backslashes stand behind a backslash, and are not doubled.
    pub backslash: bool,
}

impl CsvRules {
    /// The rules of RFC 4180, with a delimiter.
    #[must_use]
    pub fn usual(delimiter: u8) -> Self {
        Self {
            delimiter,
            quote: Some(b'"'),
            backslash: false,
        }
    }

    fn writer(self) -> csv_core::Writer {
        let style = match self.quote {
            Some(_) => csv_core::QuoteStyle::Necessary,
            None => csv_core::QuoteStyle::Never,
        };
        csv_core::WriterBuilder::new()
            .delimiter(self.delimiter)
            .quote(self.quote.unwrap_or(b'"'))
            .quote_style(style)
            .double_quote(!self.backslash)
            .build()
    }

    /// A cell's text as the writer has to get it.
    fn prepared(self, cell: &str) -> Cow<'_, str> {
        let mut text = Cow::Borrowed(cell);
        if self.backslash && text.contains('\\') {
            text = Cow::Owned(text.replace('\\', "\\\\"));
        }
        let delimiter = char::from(self.delimiter);
        if self.quote.is_none() && text.contains([delimiter, '\n', '\r']) {
            let mut written = String::with_capacity(text.len() + 8);
            for c in text.chars() {
                match c {
                    c if c != delimiter && c != '\n' && c != '\r' => written.push(c),
                    c if self.backslash => written.extend(['\\', c]),
                    // Without quotes a cell of such a file holds none of these; the problems that are added do.
                    _ => written.push(' '),
                }
            }
            text = Cow::Owned(written);
        }
        text
    }
}

/// A CSV file under way.
pub(super) struct CsvFile {
    file: ReportFile,
    rules: CsvRules,
    writer: csv_core::Writer,
    /// Space for a line; not all of it is used.
    line: Vec<u8>,
    /// How text becomes bytes, where that is not UTF-8.
    encode: Option<Encode>,
}

impl fmt::Debug for CsvFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvFile")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl CsvFile {
    /// A file with commas, in UTF-8.
    pub(super) fn new(file: ReportFile) -> Self {
        Self::with(file, CsvRules::usual(b','), None)
    }

    pub(super) fn with(file: ReportFile, rules: CsvRules, encode: Option<Encode>) -> Self {
        Self {
            file,
            rules,
            writer: rules.writer(),
            line: Vec::new(),
            encode,
        }
    }

    /// Adds a line.
    pub(super) fn record<'c>(
        &mut self,
        cells: impl Iterator<Item = &'c str>,
    ) -> Result<(), ReportError> {
        let mut used = 0;
        for (number, cell) in cells.enumerate() {
            let cell = &*self.rules.prepared(cell);
            // Every byte doubled, two quotes, a delimiter, and what ends the line.
            let needed = used + cell.len() * 2 + 8;
            if self.line.len() < needed {
                self.line.resize(needed * 2, 0);
            }
            if number > 0 {
                used += self.writer.delimiter(&mut self.line[used..]).1;
            }
            used += self.writer.field(cell.as_bytes(), &mut self.line[used..]).2;
        }
        if self.line.len() < used + 8 {
            self.line.resize(used + 8, 0);
        }
        used += self.writer.terminator(&mut self.line[used..]).1;
        let line = &self.line[..used];
        match &self.encode {
            None => self.file.put(line),
            // Cells are text, and so is what stands between them.
            Some(encode) => self.file.put(&encode(&String::from_utf8_lossy(line))),
        }
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> Result<PathBuf, ReportError> {
        self.file.finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::folder::ReportFolder;
    use super::*;

    proptest! {
        #[test]
        fn lines_are_those_of_the_csv_crate(
            lines in prop::collection::vec(prop::collection::vec("[a\u{e9},;\"\r\n]{0,6}", 1..4), 1..4),
            delimiter in prop_oneof![Just(b','), Just(b';')],
        ) {
            let dir = tempfile::tempdir().unwrap();
            let folder = ReportFolder::create(dir.path()).unwrap();
            let mut file = CsvFile::with(folder.begin("f.csv").unwrap(), CsvRules::usual(delimiter), None);
            let mut expected = csv::WriterBuilder::new().flexible(true).delimiter(delimiter).from_writer(Vec::new());
            for line in &lines {
                file.record(line.iter().map(String::as_str)).unwrap();
                expected.write_record(line).unwrap();
            }
            let written = std::fs::read(file.finish().unwrap()).unwrap();
            prop_assert_eq!(written, expected.into_inner().unwrap());
        }
    }
}
