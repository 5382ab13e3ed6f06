//! Workbooks as a whole, opened and read by way of [`Source`].

mod any_bytes;
mod reading;
mod refusals;
mod structure;

use crate::source::{Cell, Flow, Footer, Source, SourceError, SourceOptions};

/// A file of these bytes, opened; the folder has to outlive the source.
pub(super) fn open(
    bytes: &[u8],
    options: &SourceOptions,
) -> (tempfile::TempDir, Result<Source, SourceError>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("book.xlsx");
    std::fs::write(&path, bytes).unwrap();
    let source = Source::open(&path, options);
    (dir, source)
}

/// A row's number, and its cells in words.
pub(super) type Shown = (u64, Vec<String>);

/// Header, rows, notes.
pub(super) fn read(bytes: &[u8]) -> (Vec<String>, Vec<Shown>, Vec<String>) {
    let (_dir, source) = open(bytes, &SourceOptions::default());
    let source = source.unwrap();
    let mut rows = Vec::new();
    let end = source
        .read(&mut |batch| {
            for row in batch.rows() {
                let cells = (0..row.width()).map(|c| shown(row.cell(c))).collect();
                rows.push((row.row(), cells));
            }
            Flow::More
        })
        .unwrap();
    let mut notes = source.notes().to_vec();
    notes.extend(end.left_out.describe());
    notes.extend(end.left_out.footer.as_ref().map(Footer::describe));
    (source.header().raw().to_vec(), rows, notes)
}

pub(super) fn shown(cell: Cell<'_>) -> String {
    match cell {
        Cell::Empty => "-".to_owned(),
        Cell::Text(t) => format!("text {t}"),
        Cell::Number(n) => format!("number {n}"),
        Cell::Serial(..) => format!("date {}", cell.to_text()),
        Cell::Duration(n) => format!("duration {n}"),
        Cell::Iso(t) => format!("iso {t}"),
        Cell::Bool(b) => format!("{b}"),
        Cell::Error(e) => format!("error {e}"),
        Cell::NoValue => "no value".to_owned(),
    }
}

pub(super) fn refused(bytes: &[u8]) -> String {
    let (_dir, source) = open(bytes, &SourceOptions::default());
    let error = source.map(|_| ()).unwrap_err().to_string();
    error.split_once("book.xlsx ").unwrap().1.to_owned()
}
