//! The rows of a workbook, parsed once and kept for the passes to come.
//!
//! Every pass over the rows would parse the sheet again, and parsing takes many times as long as all that is done
//! with the rows. The first pass reads them while the parser adds to them. They are kept in memory as long as they are few, and go into a file without a name when they are many,
//! as unpacked archives do: it is gone when the program ends, however it ends. Batches are stored whole: rows, cells of
//! nine bytes each, then all texts.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::super::Flow;
use super::super::error::SourceError;
use super::super::footer::Footer;
use super::super::header::Header;
use super::super::input::read_exact_at;
use super::super::row::{Epoch, RowBatch, Stored};
use super::{DAMAGED, broken};

/// Rows that were parsed and are kept, and those still to come.
#[derive(Debug)]
pub(in super::super) struct Spool {
    path: PathBuf,
    shared: Arc<Shared>,
}

/// What the parser fills and the passes read.
#[derive(Debug, Default)]
struct Shared {
    growing: Mutex<Growing>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct Growing {
    store: Store,
    batches: Vec<Range>,
    /// How parsing ended, once it has: with the footer that was taken off behind the last row.
    end: Option<Result<Option<Footer>, SourceError>>,
    /// Nobody will read it.
    given_up: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Growing> {
        self.growing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_while(&self, waiting: impl Fn(&Growing) -> bool) -> MutexGuard<'_, Growing> {
        self.grown
            .wait_while(self.lock(), |growing| waiting(growing))
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Growing {
    /// The end of parsing. An error is told once: nobody reads on behind it.
    fn end(&mut self, path: &Path) -> Result<Option<Footer>, SourceError> {
        match &mut self.end {
            Some(Ok(footer)) => Ok(footer.clone()),
            Some(Err(error)) => Err(std::mem::replace(error, broken_down(path))),
            None => Err(broken_down(path)),
        }
    }
}

/// The parser ended without a word.
fn broken_down(path: &Path) -> SourceError {
    broken(path, DAMAGED.to_owned())
}

/// Bytes of rows that are kept in memory: some thirty thousand rows of a usual export.
const MEMORY_BYTES: usize = 16 * 1024 * 1024;

/// Where the bytes are.
#[derive(Debug)]
enum Store {
    Memory(Vec<u8>),
    File(File),
}

impl Default for Store {
    fn default() -> Self {
        Store::Memory(Vec::new())
    }
}

impl Store {
    fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Store::Memory(kept) = self {
            if kept.len() + bytes.len() <= MEMORY_BYTES {
                kept.extend_from_slice(bytes);
                return Ok(());
            }
            let mut file = tempfile::tempfile()?;
            file.write_all(kept)?;
            *self = Store::File(file);
        }
        match self {
            Store::File(file) => file.write_all(bytes),
            Store::Memory(_) => Ok(()),
        }
    }

    fn read(&self, range: Range) -> io::Result<Vec<u8>> {
        match self {
            Store::Memory(kept) => usize::try_from(range.at)
                .ok()
                .and_then(|at| kept.get(at..at + range.bytes))
                .map(<[u8]>::to_vec)
                .ok_or_else(|| io::ErrorKind::UnexpectedEof.into()),
            Store::File(file) => {
                let mut bytes = vec![0; range.bytes];
                read_exact_at(file, &mut bytes, range.at)?;
                Ok(bytes)
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Range {
    at: u64,
    bytes: usize,
}

/// A batch as it is kept, to be unpacked wherever it is needed.
#[derive(Debug)]
pub(in super::super) struct Packed {
    header: Arc<Header>,
    bytes: Vec<u8>,
}

/// A spool under way. However it ends, whoever reads is told.
#[derive(Debug)]
pub(super) struct SpoolWriter {
    path: PathBuf,
    shared: Arc<Shared>,
    at: u64,
    bytes: Vec<u8>,
}

impl SpoolWriter {
    pub(super) fn new(path: &Path) -> (Self, Spool) {
        let shared = Arc::new(Shared::default());
        let writer = Self {
            path: path.to_owned(),
            shared: Arc::clone(&shared),
            at: 0,
            bytes: Vec::new(),
        };
        let path = path.to_owned();
        (writer, Spool { path, shared })
    }

    /// Keeps a batch. Enough, where nobody will read it.
    pub(super) fn add(&mut self, batch: &RowBatch) -> Result<Flow, SourceError> {
        self.bytes.clear();
        pack(batch, &mut self.bytes);
        let mut growing = self.shared.lock();
        if growing.given_up {
            return Ok(Flow::Enough);
        }
        growing
            .store
            .add(&self.bytes)
            .map_err(|e| SourceError::hold(&self.path, e))?;
        growing.batches.push(Range {
            at: self.at,
            bytes: self.bytes.len(),
        });
        self.at += self.bytes.len() as u64;
        self.shared.grown.notify_all();
        Ok(Flow::More)
    }

    pub(super) fn finish(self, end: Result<Option<Footer>, SourceError>) {
        self.shared.lock().end = Some(end);
    }
}

impl Drop for SpoolWriter {
    fn drop(&mut self) {
        self.shared
            .lock()
            .end
            .get_or_insert_with(|| Err(broken_down(&self.path)));
        self.shared.grown.notify_all();
    }
}

impl Spool {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until all rows are kept.
    pub(in super::super) fn wait(&self) -> Result<Option<Footer>, SourceError> {
        self.shared
            .wait_while(|growing| growing.end.is_none())
            .end(&self.path)
    }

    /// Hands over the batches that are wanted, with their numbers, in their order, as soon as they are there. Comes to
    /// the footer, where all were handed over.
    pub(in super::super) fn each(
        &self,
        header: &Arc<Header>,
        wanted: &dyn Fn(usize) -> bool,
        sink: &mut dyn FnMut(usize, Packed) -> Flow,
    ) -> Result<Option<Footer>, SourceError> {
        for number in 0.. {
            let mut growing = self
                .shared
                .wait_while(|growing| growing.batches.len() <= number && growing.end.is_none());
            let Some(range) = growing.batches.get(number).copied() else {
                return growing.end(&self.path);
            };
            if !wanted(number) {
                continue;
            }
            let bytes = growing
                .store
                .read(range)
                .map_err(|e| SourceError::read(&self.path, e))?;
            drop(growing);
            let packed = Packed {
                header: Arc::clone(header),
                bytes,
            };
            if sink(number, packed) == Flow::Enough {
                break;
            }
        }
        Ok(None)
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.shared.lock().given_up = true;
    }
}

impl Packed {
    /// The rows. What the spool did not write makes no rows.
    pub(in super::super) fn unpack(self) -> RowBatch {
        let empty = || RowBatch::typed(Arc::clone(&self.header));
        unpack(Arc::clone(&self.header), &self.bytes).unwrap_or_else(empty)
    }
}

const EMPTY: u8 = 0;
const TEXT: u8 = 1;
const NUMBER: u8 = 2;
const SERIAL_1900: u8 = 3;
const SERIAL_1904: u8 = 4;
const DURATION: u8 = 5;
const ISO: u8 = 6;
const NO: u8 = 7;
const YES: u8 = 8;
const ERROR: u8 = 9;
const NO_VALUE: u8 = 10;

/// Bytes of one cell: what it is, and its value or the range of its text.
const CELL: usize = 9;

fn pack(batch: &RowBatch, out: &mut Vec<u8>) {
    let (rows, cells, text) = batch.typed_parts();
    out.reserve(8 + rows.len() * 12 + cells.len() * CELL + text.len());
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes();
    out.extend_from_slice(&count(rows.len()));
    out.extend_from_slice(&count(cells.len()));
    for (row, width) in rows {
        out.extend_from_slice(&row.to_le_bytes());
        out.extend_from_slice(&width.to_le_bytes());
    }
    for cell in cells {
        let range = |a: u32, b: u32| (u64::from(a) | u64::from(b) << 32).to_le_bytes();
        let (what, value) = match *cell {
            Stored::Empty => (EMPTY, [0; 8]),
            Stored::Text(a, b) => (TEXT, range(a, b)),
            Stored::Number(n) => (NUMBER, n.to_le_bytes()),
            Stored::Serial(n, Epoch::Y1900) => (SERIAL_1900, n.to_le_bytes()),
            Stored::Serial(n, Epoch::Y1904) => (SERIAL_1904, n.to_le_bytes()),
            Stored::Duration(n) => (DURATION, n.to_le_bytes()),
            Stored::Iso(a, b) => (ISO, range(a, b)),
            Stored::Bool(false) => (NO, [0; 8]),
            Stored::Bool(true) => (YES, [0; 8]),
            Stored::Error(a, b) => (ERROR, range(a, b)),
            Stored::NoValue => (NO_VALUE, [0; 8]),
        };
        out.push(what);
        out.extend_from_slice(&value);
    }
    out.extend_from_slice(text.as_bytes());
}

fn unpack(header: Arc<Header>, bytes: &[u8]) -> Option<RowBatch> {
    let (row_count, rest) = bytes.split_first_chunk::<4>()?;
    let (cell_count, rest) = rest.split_first_chunk::<4>()?;
    let count = |n: &[u8; 4]| usize::try_from(u32::from_le_bytes(*n)).ok();
    let (rows, rest) = rest.split_at_checked(count(row_count)?.checked_mul(12)?)?;
    let (cells, text) = rest.split_at_checked(count(cell_count)?.checked_mul(CELL)?)?;
    let text = std::str::from_utf8(text).ok()?.to_owned();
    let rows = rows.as_chunks::<12>().0.iter().map(|row| {
        let (number, width) = row.split_at(8);
        let number = number.first_chunk().copied().unwrap_or_default();
        let width = width.first_chunk().copied().unwrap_or_default();
        (u64::from_le_bytes(number), u32::from_le_bytes(width))
    });
    let cells = cells.as_chunks::<CELL>().0.iter().map(|cell| {
        let value = cell[1..].first_chunk::<8>().copied().unwrap_or_default();
        let number = f64::from_le_bytes(value);
        let range = u64::from_le_bytes(value);
        let (a, b) = (
            u32::try_from(range & 0xffff_ffff).unwrap_or(0),
            u32::try_from(range >> 32).unwrap_or(0),
        );
        match cell[0] {
            TEXT => Stored::Text(a, b),
            NUMBER => Stored::Number(number),
            SERIAL_1900 => Stored::Serial(number, Epoch::Y1900),
            SERIAL_1904 => Stored::Serial(number, Epoch::Y1904),
            DURATION => Stored::Duration(number),
            ISO => Stored::Iso(a, b),
            NO => Stored::Bool(false),
            YES => Stored::Bool(true),
            ERROR => Stored::Error(a, b),
            NO_VALUE => Stored::NoValue,
            _ => Stored::Empty,
        }
    });
    Some(RowBatch::of_typed(header, text, cells.collect(), rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_comes_back_as_it_was() {
        let header = Arc::new(Header::new(vec!["A".to_owned(), "B".to_owned()]));
        let mut batch = RowBatch::typed(Arc::clone(&header));
        let texts = ["", "ä", "2026-03-04", "#N/A"].map(|t| batch.push_text(t));
        let cells = [
            Stored::Empty,
            Stored::Text(texts[1].0, texts[1].1),
            Stored::Number(-1.5),
            Stored::Serial(46085.25, Epoch::Y1900),
            Stored::Serial(1.0, Epoch::Y1904),
            Stored::Duration(0.5),
            Stored::Iso(texts[2].0, texts[2].1),
            Stored::Bool(false),
            Stored::Bool(true),
            Stored::Error(texts[3].0, texts[3].1),
            Stored::NoValue,
        ];
        for (row, two) in (5..).zip(cells.chunks(2)) {
            batch.start_row(row);
            for cell in two {
                batch.push(*cell);
            }
        }
        let seen = |batch: &RowBatch| -> Vec<String> {
            let cells = |row: crate::source::SourceRow<'_>| -> Vec<String> {
                (0..row.width())
                    .map(|c| format!("{:?}", row.cell(c)))
                    .collect()
            };
            batch
                .rows()
                .map(|row| format!("{} {:?} {:?}", row.row(), row.line(), cells(row)))
                .collect()
        };
        let path = Path::new("book.xlsx");
        let (mut writer, spool) = SpoolWriter::new(path);
        writer.add(&batch).unwrap();
        writer.add(&RowBatch::typed(Arc::clone(&header))).unwrap();
        writer.add(&batch).unwrap();
        writer.finish(Ok(None));
        let mut back = Vec::new();
        spool
            .each(&header, &|_| true, &mut |_, packed| {
                back.push(seen(&packed.unpack()));
                Flow::More
            })
            .unwrap();
        assert_eq!(back, [seen(&batch), Vec::new(), seen(&batch)]);
        // What does not fit in memory comes back from its file.
        let parts: Vec<Vec<u8>> = (1..=9).map(|n| vec![n; MEMORY_BYTES / 4]).collect();
        let mut store = Store::Memory(Vec::new());
        for part in &parts {
            store.add(part).unwrap();
        }
        assert!(matches!(store, Store::File(_)));
        for (at, part) in parts.iter().enumerate() {
            let range = Range {
                at: (at * part.len()) as u64,
                bytes: part.len(),
            };
            assert_eq!(store.read(range).unwrap(), *part);
        }
        assert!(unpack(header, &[9, 0, 0, 0, 1]).is_none());
    }

    /// A spool to be filled and the header of its rows.
    fn begun() -> (SpoolWriter, Spool, Arc<Header>, RowBatch) {
        let header = Arc::new(Header::new(vec!["A".to_owned()]));
        let (writer, spool) = SpoolWriter::new(Path::new("book.xlsx"));
        let mut batch = RowBatch::typed(Arc::clone(&header));
        batch.start_row(2);
        batch.push(Stored::Number(1.0));
        (writer, spool, header, batch)
    }

    #[test]
    fn rows_are_read_while_more_come() {
        let (mut writer, spool, header, batch) = begun();
        let (handed, reads) = std::sync::mpsc::channel();
        let numbers = std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let mut numbers = Vec::new();
                let end = spool.each(&header, &|n| n != 1, &mut |number, _| {
                    numbers.push(number);
                    handed.send(()).unwrap();
                    Flow::More
                });
                (numbers, end.map_err(|e| e.to_string()))
            });
            writer.add(&batch).unwrap();
            // The first was read before there is another.
            reads.recv().unwrap();
            writer.add(&batch).unwrap();
            writer.add(&batch).unwrap();
            reads.recv().unwrap();
            writer.finish(Err(SourceError::Changed {
                path: "book.xlsx".into(),
            }));
            reading.join().unwrap()
        });
        assert_eq!(numbers.0, [0, 2]);
        assert!(numbers.1.unwrap_err().contains("changed while it was read"));
    }

    #[test]
    fn a_parser_that_is_gone_and_a_reader_that_is_gone_are_noticed() {
        let (mut writer, spool, header, batch) = begun();
        writer.add(&batch).unwrap();
        drop(writer);
        let end = spool.each(&header, &|_| true, &mut |_, _| Flow::More);
        assert!(end.unwrap_err().to_string().contains(DAMAGED));

        let (mut writer, spool, _, batch) = begun();
        assert_eq!(writer.add(&batch).unwrap(), Flow::More);
        drop(spool);
        assert_eq!(writer.add(&batch).unwrap(), Flow::Enough);
    }
}
