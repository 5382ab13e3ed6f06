//! What kind of file an export is.

use std::sync::Arc;

use super::dialect::Dialect;
use super::encoding::TextEncoding;
use super::workbook::Kind as WorkbookKind;

/// What kind of file it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// Delimited text.
    Text {
        /// Its character encoding.
        encoding: TextEncoding,
        /// Its delimiter.
        dialect: Dialect,
    },
    /// A workbook's sheet.
    Workbook {
        /// What kind of workbook.
        kind: WorkbookKind,
        /// The sheet's name.
        sheet: Arc<str>,
    },
}
