//! A sheet is parsed once, by a thread of its own, and another packs its rows into the spool.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};

use super::book::Book;
use super::damage::{DAMAGED, broken};
use super::facts::Facts;
use super::spool::{Spool, SpoolWriter};
use crate::source::error::SourceError;
use crate::source::flow::Flow;
use crate::source::footer::{Footer, FooterWatch};
use crate::source::header::Header;
use crate::source::header_search::HeaderSearch;
use crate::source::options::SourceOptions;
use crate::source::row::{RowBatch, Stored};
use crate::source::stamp::Stamp;

/// Rows that a batch holds at most, unless a footer may have begun in it.
const BATCH_ROWS: usize = 512;
/// Batches on their way to the spool.
const BATCHES_AHEAD: usize = 2;

/// A sheet whose header was found and whose rows are being parsed.
pub(super) struct Parsing {
    pub(super) header: Arc<Header>,
    pub(super) header_row: u64,
    pub(super) notes: Vec<String>,
    pub(super) spool: Spool,
    thread: JoinHandle<Sheet>,
}

impl Parsing {
    /// Finds the header, and lets a thread parse what is below it.
    pub(super) fn begin(
        mut sheet: Sheet,
        facts: &Arc<Facts>,
        options: &SourceOptions,
        stamp: Option<Stamp>,
    ) -> Result<Self, SourceError> {
        let mut notes = Vec::new();
        let (header, header_row) = sheet.header(facts, options, &mut notes)?;
        let header = Arc::new(header);
        let path = sheet.path.clone();
        let (writer, spool) = SpoolWriter::new(&path);
        let (facts, below) = (Arc::clone(facts), Arc::clone(&header));
        let thread = thread::Builder::new()
            .name("parse".to_owned())
            .spawn(move || {
                sheet.parse(writer, &facts, &below, header_row, stamp);
                sheet
            })
            .map_err(|e| SourceError::read(&path, e))?;
        Ok(Self {
            header,
            header_row,
            notes,
            spool,
            thread,
        })
    }

    /// Lets go of the rows, and of the sheet as soon as its thread has noticed.
    pub(super) fn give_up(self) -> Result<Sheet, SourceError> {
        let path = self.spool.path().to_owned();
        drop(self.spool);
        let sheet = self.thread.join();
        sheet.map_err(|_| broken(&path, DAMAGED))
    }
}

/// One sheet of an opened workbook.
pub(super) struct Sheet {
    path: PathBuf,
    book: Book,
    name: Arc<str>,
}

impl Sheet {
    pub(super) fn new(path: &Path, book: Book, name: Arc<str>) -> Self {
        Self {
            path: path.to_owned(),
            book,
            name,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn header(
        &mut self,
        facts: &Facts,
        options: &SourceOptions,
        notes: &mut Vec<String>,
    ) -> Result<(Header, u64), SourceError> {
        let mut search = HeaderSearch::new(options.header_row);
        self.scan(facts, &HeaderSearch::nameless(), 0, &mut |batch| {
            search.take(&batch)
        })?;
        search.choose(&self.path, notes)
    }

    /// Parses the rows below the header and keeps them. The spool knows how that ended.
    fn parse(
        &mut self,
        mut writer: SpoolWriter,
        facts: &Facts,
        header: &Arc<Header>,
        header_row: u64,
        stamp: Option<Stamp>,
    ) {
        thread::scope(|scope| {
            let (batches, inbox) = sync_channel::<RowBatch>(BATCHES_AHEAD);
            let keeping = scope.spawn(move || {
                let mut kept = Ok(Flow::More);
                for batch in inbox {
                    kept = writer.add(&batch);
                    if !matches!(kept, Ok(Flow::More)) {
                        break;
                    }
                }
                (writer, kept)
            });
            let end = self.scan(facts, header, header_row, &mut |batch| {
                // Why nobody takes it any more is known there.
                match batches.send(batch) {
                    Ok(()) => Flow::More,
                    Err(_) => Flow::Enough,
                }
            });
            drop(batches);
            // Of a thread that broke down the spool knows by the writer's drop.
            let Ok((writer, kept)) = keeping.join() else {
                return;
            };
            let unchanged = stamp.map_or(Ok(()), |stamp| stamp.check(&self.path));
            writer.finish(kept.and(end).and_then(|footer| unchanged.map(|()| footer)));
        });
    }

    /// Groups cells into rows. Cells beyond the header's width are kept only where there is no header yet.
    fn scan(
        &mut self,
        facts: &Facts,
        header: &Arc<Header>,
        after: u64,
        sink: &mut dyn FnMut(RowBatch) -> Flow,
    ) -> Result<Option<Footer>, SourceError> {
        let width = if header.is_empty() {
            usize::MAX
        } else {
            header.len()
        };
        let mut batch = RowBatch::typed(Arc::clone(header));
        let mut footer = FooterWatch::new(header.len());
        let mut current: Option<u32> = None;
        let mut filled = 0_usize;
        let mut stopped = false;
        self.book
            .cells(&self.path, &self.name, facts, &mut |row, column, value| {
                if u64::from(row) < after {
                    return Flow::More;
                }
                if current != Some(row) {
                    if current.is_some() {
                        finish_row(&mut batch, filled, width, &mut footer);
                    }
                    if batch.len() >= BATCH_ROWS && !footer.is_open() {
                        let full =
                            std::mem::replace(&mut batch, RowBatch::typed(Arc::clone(header)));
                        if sink(full) == Flow::Enough {
                            stopped = true;
                            return Flow::Enough;
                        }
                    }
                    current = Some(row);
                    filled = 0;
                    batch.start_row(u64::from(row) + 1);
                }
                let column = column as usize;
                if column < width && column >= filled {
                    for _ in filled..column {
                        batch.push(Stored::Empty);
                    }
                    let stored = value.store(&mut batch);
                    batch.push(stored);
                    filled = column + 1;
                }
                Flow::More
            })?;
        if stopped {
            return Ok(None);
        }
        if current.is_some() {
            finish_row(&mut batch, filled, width, &mut footer);
        }
        let footer = footer.finish(&mut batch);
        if !batch.is_empty() {
            sink(batch);
        }
        Ok(footer)
    }
}

/// Fills a row up to the header's width: a workbook stores no trailing empty cells.
fn finish_row(batch: &mut RowBatch, filled: usize, width: usize, footer: &mut FooterWatch) {
    if width != usize::MAX {
        for _ in filled..width {
            batch.push(Stored::Empty);
        }
    }
    if !batch.drop_if_blank() {
        footer.see(batch);
    }
}
