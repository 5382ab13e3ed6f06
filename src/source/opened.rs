//! An opened export, and its rows pass by pass.

use std::path::Path;
use std::sync::Arc;

use super::csv::{self, KnownPieces};
use super::error::SourceError;
use super::flow::Flow;
use super::foreign;
use super::format::Format;
use super::header::Header;
use super::input::{Input, Outside, STANDARD_INPUT};
use super::left_out::LeftOut;
use super::named::SourceFile;
use super::options::{SheetChoice, SourceOptions};
use super::row::RowBatch;
use super::row_filter::{ColumnWords, RowFilter};
use super::short_rows::ShortRows;
use super::stamp::Stamp;
use super::workbook;

/// An opened export: detected, header read, ready for any number of passes.
#[derive(Debug, Clone)]
pub struct Source {
    input: Input,
    name: Arc<str>,
    etag: Option<String>,
    format: Format,
    header: Arc<Header>,
    header_row: u64,
    /// What a text table shows about rows with fewer cells than the header.
    short: Arc<ShortRows>,
    /// Where the pieces of a text table lie.
    known: Arc<KnownPieces>,
    /// The rows of a workbook.
    spool: Option<Arc<workbook::Spool>>,
    /// The file's stamp; none where its bytes are a copy of our own.
    stamp: Option<Stamp>,
    /// Which of its rows are handed on.
    filter: Arc<RowFilter>,
    /// Visible sheets that are not read, where none was asked for.
    others: Vec<Arc<str>>,
    outside: Outside,
    notes: Vec<String>,
}

/// Other sheets that are looked at.
const MOST_OTHERS: usize = 20;

/// What is known only when the last row has been read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadEnd {
    /// Rows that were read and not handed on.
    pub left_out: LeftOut,
}

/// Some rows of a file as they came from it.
#[derive(Debug)]
pub struct Piece {
    unparsed: Unparsed,
    filter: Arc<RowFilter>,
}

#[derive(Debug)]
enum Unparsed {
    Text(csv::TextPiece),
    Packed(workbook::Packed),
}

impl Piece {
    /// Its rows, and those that it has beside them.
    #[must_use]
    pub fn rows(self) -> (RowBatch, LeftOut) {
        let (mut batch, footer) = match self.unparsed {
            Unparsed::Text(piece) => piece.rows(),
            Unparsed::Packed(packed) => (packed.unpack(), None),
        };
        let mut left_out = LeftOut::of_footer(footer);
        self.filter.apply(&mut batch, &mut left_out);
        (batch, left_out)
    }
}

impl Source {
    /// Opens a file, detects what it is and reads its header. A pipe is waited for until its writer is through.
    ///
    /// # Errors
    /// A [`SourceError`] for whatever makes the file unreadable as a whole.
    pub fn open(path: &Path, options: &SourceOptions) -> Result<Self, SourceError> {
        Self::open_file(&path.into(), options)
    }

    /// The same of a file that people know by another name than that of its bytes.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub fn open_file(file: &SourceFile, options: &SourceOptions) -> Result<Self, SourceError> {
        let path = file.shown.as_path();
        let piped = path.as_os_str() == STANDARD_INPUT;
        let name: Arc<str> = if piped {
            "standard input".into()
        } else {
            path.display().to_string().into()
        };
        let mut notes = Vec::new();
        let (input, outside) = Input::take_file(file, &mut notes)?;
        let mut stamp = input.stamp().cloned();
        if input.is_copy()
            && let Some(stamp) = stamp.take()
        {
            stamp.check(path)?;
        }
        let opened = match outside {
            Outside::Plain => {
                foreign::refuse(&input)?;
                csv::detect(&input, options)?
            }
            Outside::ZipWorkbook | Outside::OleDocument => {
                workbook::detect(&input, outside, options, stamp.as_ref())?
            }
        };
        if opened.spool.is_some() {
            // The rows are kept; whoever keeps them has seen to it that the file did not change meanwhile.
            stamp = None;
        }
        if opened.header.is_empty() {
            return Err(SourceError::NoHeader {
                path: path.to_owned(),
            });
        }
        notes.extend(opened.notes);
        notes.extend(opened.header.describe_repeated());
        let filtered = Arc::clone(&opened.header);
        Ok(Self {
            input,
            name,
            etag: file.etag.clone(),
            format: opened.format,
            header: opened.header,
            header_row: opened.header_row,
            short: opened.short,
            known: Arc::default(),
            spool: opened.spool.map(Arc::new),
            stamp,
            filter: Arc::new(RowFilter::new(&filtered, opened.totals)),
            others: opened.others,
            outside,
            notes,
        })
    }

    /// The workbook's other visible sheets whose header fits, where no sheet was asked for: each is opened for that.
    #[must_use]
    pub fn other_sheets(
        &self,
        options: &SourceOptions,
        fits: &dyn Fn(&Arc<Header>) -> bool,
    ) -> Vec<Arc<str>> {
        let header = |sheet: &Arc<str>| {
            let options = SourceOptions {
                sheet: Some(SheetChoice::Name(sheet.to_string())),
                ..options.clone()
            };
            let found = workbook::detect(&self.input, self.outside, &options, None);
            found.map(|found| found.header)
        };
        let others = self.others.iter().take(MOST_OTHERS);
        others
            .filter(|sheet| header(sheet).is_ok_and(|header| fits(&header)))
            .cloned()
            .collect()
    }

    /// Leaves out rows: those that have none of the words in a column of `only`, and those that have one in a column of
    /// `except`.
    pub fn select(&mut self, only: Vec<ColumnWords>, except: Vec<ColumnWords>) {
        let filter = RowFilter::clone(&self.filter);
        self.filter = Arc::new(filter.with_words(only, except));
    }

    /// How many bytes are read, once they are unpacked; 0 where that is not known.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.input.len().unwrap_or(0)
    }

    /// The file that is read, as it was when it was opened; none where that was a pipe.
    #[must_use]
    pub fn stamp(&self) -> Option<&Stamp> {
        self.input.stamp()
    }

    /// The file as the user named it.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// By what it is told from others of the same name, where it lies elsewhere.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// Whether it is text or a workbook, and what was detected of that.
    #[must_use]
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// The sheet's name, for a workbook.
    #[must_use]
    pub fn sheet(&self) -> Option<Arc<str>> {
        match &self.format {
            Format::Workbook { sheet, .. } => Some(Arc::clone(sheet)),
            Format::Text { .. } => None,
        }
    }

    /// Its columns by their names. Never empty: a table without a header is not opened.
    #[must_use]
    pub fn header(&self) -> &Arc<Header> {
        &self.header
    }

    /// The header's row, from 1.
    #[must_use]
    pub fn header_row(&self) -> u64 {
        self.header_row
    }

    /// What was decided on the way, in words.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// What was detected: subject, finding, and the setting under `[source]` that changes it.
    #[must_use]
    pub fn describe(&self) -> Vec<(&'static str, String, &'static str)> {
        let mut lines = match &self.format {
            Format::Text { encoding, dialect } => {
                let mut lines = vec![
                    ("encoding", encoding.describe(), "encoding"),
                    ("delimiter", dialect.describe(), "delimiter"),
                ];
                // The usual one is not worth a line.
                lines
                    .extend((dialect.describe_quoting()).map(|quotes| ("quotes", quotes, "quote")));
                lines
            }
            Format::Workbook { kind, sheet } => vec![(
                "sheet",
                format!("\"{sheet}\" of the {} workbook", kind.name()),
                "sheet",
            )],
        };
        let header = format!("row {}, {} columns", self.header_row, self.header.len());
        lines.push(("header", header, "header_row"));
        lines
    }

    /// Waits until the file itself is needed no more for its rows, where that will be so: a workbook is parsed while
    /// its first pass goes on, and takes memory for that.
    ///
    /// # Errors
    /// Where the workbook is broken.
    pub fn wait(&self) -> Result<(), SourceError> {
        match &self.spool {
            Some(spool) => spool.wait().map(|_| ()),
            None => Ok(()),
        }
    }

    /// Reads all rows below the header, in order, and hands them over in batches.
    ///
    /// # Errors
    /// A [`SourceError`] when the file changed since it was opened, or breaks off.
    pub fn read(&self, sink: &mut dyn FnMut(RowBatch) -> Flow) -> Result<ReadEnd, SourceError> {
        let mut left_out = LeftOut::default();
        let end = self.pieces(&|_| true, &mut |_, piece| {
            let (batch, found) = piece.rows();
            left_out.absorb(found);
            if batch.is_empty() {
                Flow::More
            } else {
                sink(batch)
            }
        })?;
        left_out.absorb(end.left_out);
        Ok(ReadEnd { left_out })
    }

    /// The same in pieces that are not parsed yet where that can be done elsewhere: several threads parse what one
    /// reads. Pieces have numbers, from 0 and the same in every pass; those that are not `wanted` are passed over. The
    /// footer of a text table comes from its last piece.
    ///
    /// # Errors
    /// As [`Source::read`].
    pub fn pieces(
        &self,
        wanted: &dyn Fn(usize) -> bool,
        sink: &mut dyn FnMut(usize, Piece) -> Flow,
    ) -> Result<ReadEnd, SourceError> {
        self.check_unchanged()?;
        let mut changed = None;
        // Before every piece: rows of a file that changed under our eyes are not handed on.
        let mut checked = |number: usize, unparsed: Unparsed| match self.check_unchanged() {
            Ok(()) => {
                let filter = Arc::clone(&self.filter);
                sink(number, Piece { unparsed, filter })
            }
            Err(error) => {
                changed = Some(error);
                Flow::Enough
            }
        };
        let end = match (&self.format, &self.spool) {
            (Format::Text { encoding, dialect }, _) => csv::TextTable {
                input: &self.input,
                encoding,
                dialect: *dialect,
                header: &self.header,
                after: self.header_row,
                short: &self.short,
                known: &self.known,
            }
            .pieces(wanted, &mut |number, piece| {
                checked(number, Unparsed::Text(piece))
            })
            .map(|()| ReadEnd::default())?,
            (Format::Workbook { .. }, Some(spool)) => spool
                .each(&self.header, wanted, &mut |number, packed| {
                    checked(number, Unparsed::Packed(packed))
                })
                .map(|footer| ReadEnd {
                    left_out: LeftOut::of_footer(footer),
                })?,
            (Format::Workbook { .. }, None) => ReadEnd::default(),
        };
        match changed {
            Some(error) => Err(error),
            None => self.check_unchanged().map(|()| end),
        }
    }

    /// Refuses a file in which another header begins: the cells below it belong to other columns.
    ///
    /// # Errors
    /// [`SourceError::OtherHeader`] with its row.
    pub fn check_one_header(&self, left_out: &LeftOut) -> Result<(), SourceError> {
        match left_out.other_header {
            Some(row) => Err(SourceError::OtherHeader {
                path: self.input.path().to_owned(),
                row,
            }),
            None => Ok(()),
        }
    }

    fn check_unchanged(&self) -> Result<(), SourceError> {
        match &self.stamp {
            Some(stamp) => stamp.check(self.input.path()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[path = "conserved_tests.rs"]
mod tests;
