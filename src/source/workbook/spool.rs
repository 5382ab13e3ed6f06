//! The rows of a workbook, parsed once and kept for the passes to come.
//!
//! Every pass over the rows would parse the sheet again, and parsing takes many times as long as all that is done
//! with the rows. The first pass reads them while the parser adds to them. They are kept in memory as long as they are few, and go into a file without a name when they are many,
//! as unpacked archives do: it is gone when the program ends, however it ends. Batches are stored as [`Packed`] ones.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::damage::{DAMAGED, broken};
use super::packed::{Packed, pack};
use crate::source::error::SourceError;
use crate::source::file_reader::read_exact_at;
use crate::source::flow::Flow;
use crate::source::footer::Footer;
use crate::source::header::Header;
use crate::source::row::RowBatch;

/// Rows that were parsed and are kept, and those still to come.
#[derive(Debug)]
pub(in crate::source) struct Spool {
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
    /// The end of parsing. Only the first caller gets the error itself: nobody reads on behind it.
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
    broken(path, DAMAGED)
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

/// A spool under way. However it ends, whoever reads learns of it.
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
    pub(in crate::source) fn wait(&self) -> Result<Option<Footer>, SourceError> {
        self.shared
            .wait_while(|growing| growing.end.is_none())
            .end(&self.path)
    }

    /// Hands over the batches that are wanted, with their numbers, in their order, as soon as they are there. Comes to
    /// the footer, where all were handed over.
    pub(in crate::source) fn each(
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
            if sink(number, Packed::new(header, bytes)) == Flow::Enough {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::row::Stored;

    #[test]
    fn batches_come_back_in_their_order() {
        let (mut writer, spool, header, batch) = begun();
        writer.add(&batch).unwrap();
        writer.add(&RowBatch::typed(Arc::clone(&header))).unwrap();
        writer.add(&batch).unwrap();
        writer.finish(Ok(None));
        let mut back = Vec::new();
        spool
            .each(&header, &|_| true, &mut |number, packed| {
                back.push((number, packed.unpack().len()));
                Flow::More
            })
            .unwrap();
        assert_eq!(back, [(0, 1), (1, 0), (2, 1)]);
    }

    #[test]
    fn what_does_not_fit_in_memory_comes_back_from_its_file() {
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
    }

    /// A spool to be filled, the header of its rows, and a batch of one row.
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

    #[test]
    fn whoever_waits_gets_the_end_of_parsing() {
        let (mut writer, spool, _, batch) = begun();
        let footer = Footer {
            first: 9,
            last: 9,
            rows: 1,
            text: "Total".to_owned(),
        };
        let (waits, waiting) = std::sync::mpsc::channel();
        let end = std::thread::scope(|scope| {
            let end = Ok(Some(footer.clone()));
            scope.spawn(move || {
                waiting.recv().unwrap();
                for _ in 0..1_000 {
                    writer.add(&batch).unwrap();
                }
                writer.finish(end);
            });
            waits.send(()).unwrap();
            spool.wait()
        });
        assert_eq!(end.unwrap(), Some(footer));
    }
}
