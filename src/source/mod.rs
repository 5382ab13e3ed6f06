//! Reading an export: file → `SourceRow`.
//!
//! What comes in: a path (`-` is standard input; gzip and zip are unpacked) and the mapping's `[source]` settings. What goes out: what was detected (format,
//! encoding, delimiter, header row, sheet), the [`Header`], and as often as asked the rows in order, in
//! batches. This module never interprets a value: dates stay serials with their epoch, numbers stay numbers.
//!
//! Failure: a file that cannot be read at all is a [`SourceError`]; a row that cannot be read is a row with
//! a [`RowFault`], and reading goes on. Every pass checks that the file is still the one that was opened.

mod cell;
mod csv;
mod cutter;
mod detected;
mod dialect;
mod dialect_vote;
mod each_line;
mod encoding;
mod error;
mod file_reader;
mod flow;
mod footer;
mod foreign;
mod format;
mod grammar;
mod guard;
mod header;
mod header_search;
mod input;
mod left_out;
mod line;
mod mojibake;
mod named;
mod odd_cells;
mod opened;
mod options;
mod record;
mod record_scan;
mod row;
mod row_filter;
mod short_rows;
mod stamp;
mod stored;
mod texts;
mod two_readings;
mod weigh;
mod workbook;

pub use cell::{Cell, Epoch, MORE_THAN_SHOWN, has_noise, number_text};
pub use dialect::{Dialect, Escape, Quote};
pub use encoding::{TextEncoding, is_sure};
pub use error::SourceError;
pub use flow::Flow;
pub use footer::Footer;
pub use format::Format;
pub use header::{Header, PROBLEMS_COLUMN, is_of_a_report};
pub use left_out::LeftOut;
pub use mojibake::is_double_encoded;
pub use named::SourceFile;
pub use opened::{Piece, ReadEnd, Source};
pub use options::{SheetChoice, SourceOptions};
pub use row::{RowBatch, RowFault, SourceRow};
pub use row_filter::ColumnWords;
pub use stamp::Stamp;
pub use workbook::Kind as WorkbookKind;
