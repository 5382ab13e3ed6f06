//! What makes a file unreadable as a whole.

use std::io;
use std::path::{Path, PathBuf};

use crate::diagnostic::thousands;

/// An export cannot be read. Every message names the file, what was expected and what to do.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Not there, or no permission.
    #[error("cannot open {}: {source}. Check the name and that you may read it.", path.display())]
    Open {
        /// The file, as it was named.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// The path is a folder, not a file.
    #[error("{} is a folder. Name the export file in it.", path.display())]
    IsFolder {
        /// The folder, as it was named.
        path: PathBuf,
    },
    /// The file has no bytes at all.
    #[error("{} is empty. Export it again.", path.display())]
    Empty {
        /// The file, as it was named.
        path: PathBuf,
    },
    /// Neither text nor workbook.
    #[error("{} is neither a text table (CSV) nor a workbook that can be read: {reason}. Export it as CSV or XLSX.", path.display())]
    NotATable {
        /// The file, as it was named.
        path: PathBuf,
        /// What was seen.
        reason: String,
    },
    /// A file of another kind, whatever its name says.
    #[error("{} is {what}, not a text table (CSV) or a workbook. {advice}, and try again.", path.display())]
    OtherFormat {
        /// The file, as it was named.
        path: PathBuf,
        /// What it is.
        what: String,
        /// What makes a table of it.
        advice: String,
    },
    /// A workbook that cannot be read.
    #[error("{} is a workbook that cannot be read: {reason}. Open it in Excel, save it as XLSX, and try again.", path.display())]
    BrokenWorkbook {
        /// The file, as it was named.
        path: PathBuf,
        /// What was seen.
        reason: String,
    },
    /// A password is needed.
    #[error("{} is encrypted. Save it without a password (Excel: File, Info, Protect Workbook; LibreOffice: Save As without \"Save with password\") and try again.", path.display())]
    Encrypted {
        /// The file, as it was named.
        path: PathBuf,
    },
    /// A packed file that cannot be unpacked, or should not.
    #[error("{} cannot be unpacked: {reason}. Unpack it yourself, or export it again.", path.display())]
    Archive {
        /// The file, as it was named.
        path: PathBuf,
        /// What was seen.
        reason: String,
    },
    /// No room for the unpacked copy.
    #[error("a copy of {} could not be written to the temporary folder: {source}. Make room there, or name another folder with TMPDIR.", path.display())]
    Hold {
        /// The file, as it was named.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// A workbook that would take too much memory.
    #[error("{} is a workbook that would not fit in memory: {reason}. Save the sheet as CSV and try again.", path.display())]
    TooLarge {
        /// The file, as it was named.
        path: PathBuf,
        /// What was seen.
        reason: String,
    },
    /// The mapping's sheet is not there.
    #[error("{} has no sheet {wanted}; it has {present}. Set [source] sheet in the mapping.", path.display())]
    NoSheet {
        /// The file, as it was named.
        path: PathBuf,
        /// The sheet asked for.
        wanted: String,
        /// The sheets there are.
        present: String,
    },
    /// The first sheet is a cover: the table is on another.
    #[error("{}: sheet \"{sheet}\", the first visible one, has no table. In the mapping: [source] sheet = \"{}\"{}.", path.display(), others.first().map_or("", String::as_str), more(others))]
    EmptySheet {
        /// The file, as it was named.
        path: PathBuf,
        /// The sheet that was read.
        sheet: String,
        /// The other visible ones.
        others: Vec<String>,
    },
    /// No header where it should be.
    #[error("{} has no header row. Export it again; if it is not empty, set [source] header_row in the mapping.", path.display())]
    NoHeader {
        /// The file, as it was named.
        path: PathBuf,
    },
    /// Several exports in one file, of different columns.
    #[error("{}, row {row}: another header begins here, with other columns or in another order. Several exports were put into one file; split it and import each part.", path.display())]
    OtherHeader {
        /// The file, as it was named.
        path: PathBuf,
        /// The row of that header.
        row: u64,
    },
    /// A record without end.
    #[error("{}, row {row}: the record is longer than {limit} MiB. A quote is probably not closed; look at that row.", path.display())]
    RecordTooLong {
        /// The file, as it was named.
        path: PathBuf,
        /// The row where it starts.
        row: u64,
        /// The limit in MiB.
        limit: usize,
    },
    /// More cells in a record than any table has.
    #[error("{}, row {row}: the row has more than {} cells. The delimiter is probably another one, or the file is not a table: look at that row, or set [source] delimiter in the mapping.", path.display(), thousands(*limit as u64))]
    TooManyCells {
        /// The file, as it was named.
        path: PathBuf,
        /// The row, or where blank lines stand before it, one of them.
        row: u64,
        /// Cells at most.
        limit: usize,
    },
    /// More columns in the header than any table has.
    #[error("{}, row {row}: the header has more than {} columns. The delimiter is probably another one: set [source] delimiter, or header_row, in the mapping.", path.display(), thousands(*limit as u64))]
    TooManyColumns {
        /// The file, as it was named.
        path: PathBuf,
        /// The header's row.
        row: u64,
        /// Columns at most.
        limit: usize,
    },
    /// A name of a column that is longer than any.
    #[error("{}, row {row}: the name of column {column} has more than {} bytes. A quote is probably not closed, or the header is in another row: set [source] header_row in the mapping.", path.display(), thousands(*limit as u64))]
    NameTooLong {
        /// The file, as it was named.
        path: PathBuf,
        /// The header's row.
        row: u64,
        /// The column's letters.
        column: String,
        /// Bytes at most.
        limit: usize,
    },
    /// Changed under our eyes.
    #[error("{} changed while it was read. Wait until the export is complete and run again; nothing is lost.", path.display())]
    Changed {
        /// The file, as it was named.
        path: PathBuf,
    },
    /// Reading broke off.
    #[error("reading {} failed: {source}", path.display())]
    Read {
        /// The file, as it was named.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
}

/// The names behind the first, as another choice.
fn more(names: &[String]) -> String {
    match names {
        [] | [_] => String::new(),
        [_, more @ ..] => format!(", or \"{}\"", more.join("\", \"")),
    }
}

impl SourceError {
    /// Whether the same file may be readable later: it changed, reading broke off,
    /// or there was no room for a copy.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Changed { .. } | Self::Read { .. } | Self::Hold { .. }
        )
    }

    pub(super) fn open(path: &Path, source: io::Error) -> Self {
        Self::Open {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn hold(path: &Path, source: io::Error) -> Self {
        Self::Hold {
            path: path.to_owned(),
            source,
        }
    }

    pub(super) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }
}
