//! A sheet is parsed once, by a thread of its own, and another packs its rows into the spool.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread::{self, JoinHandle};

use super::book::Book;
use super::damage::{DAMAGED, broken};
use super::facts::Facts;
use super::row_builder::RowBuilder;
use super::spool::{Spool, SpoolWriter};
use crate::source::error::SourceError;
use crate::source::flow::Flow;
use crate::source::footer::Footer;
use crate::source::header::Header;
use crate::source::header_search::HeaderSearch;
use crate::source::options::SourceOptions;
use crate::source::row::RowBatch;
use crate::source::stamp::Stamp;

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

    /// Groups cells into rows. With a header, a row that has a value beyond its columns is ragged.
    fn scan(
        &mut self,
        facts: &Facts,
        header: &Arc<Header>,
        after: u64,
        sink: &mut dyn FnMut(RowBatch) -> Flow,
    ) -> Result<Option<Footer>, SourceError> {
        let mut rows = RowBuilder::new(header);
        let mut stopped = false;
        let mut trouble = None;
        self.book
            .cells(&self.path, &self.name, facts, &mut |row, column, value| {
                if u64::from(row) < after {
                    return Flow::More;
                }
                if rows.is_new(row)
                    && let Some(full) = rows.finish_row()
                    && sink(full) == Flow::Enough
                {
                    stopped = true;
                    return Flow::Enough;
                }
                match rows.add(row, column, value) {
                    Ok(()) => Flow::More,
                    Err(error) => {
                        trouble = Some(error);
                        Flow::Enough
                    }
                }
            })?;
        if let Some(trouble) = trouble {
            return Err(trouble.into_error(&self.path));
        }
        if stopped {
            return Ok(None);
        }
        let (last, footer) = rows.finish();
        if !last.is_empty() {
            sink(last);
        }
        Ok(footer)
    }
}
