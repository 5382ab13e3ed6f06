//! The marked-up workbook on a thread of its own: writing it takes longer than all other reports together.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use super::folder::{ReportError, ReportFolder};
use super::marked::{Marked, MarkedRows};
use super::reject_format::RejectFormat;
use super::summary::Summary;
use crate::partner::RowResult;

/// Rows under way to the workbook.
const AHEAD: usize = 512;

/// Hands rows to the thread that marks them.
pub(super) struct Marker {
    rows: SyncSender<RowResult>,
    wanted: MarkedRows,
    handed: u64,
    thread: JoinHandle<Result<Marked, ReportError>>,
    folder: ReportFolder,
}

impl Marker {
    pub(super) fn begin(
        folder: &ReportFolder,
        formats: &[RejectFormat],
        wanted: MarkedRows,
    ) -> Result<Self, ReportError> {
        let marked = Marked::begin(folder, formats)?;
        let (rows, inbox) = sync_channel(AHEAD);
        let thread = std::thread::Builder::new()
            .name("marker".to_owned())
            .spawn(move || mark(marked, &inbox))
            .map_err(|e| Marked::trouble(folder, e))?;
        Ok(Self {
            rows,
            wanted,
            handed: 0,
            thread,
            folder: folder.clone(),
        })
    }

    /// Rows that the workbook holds, but for those that did not fit.
    pub(super) fn rows(&self) -> u64 {
        self.handed
    }

    /// Adds a row, where somebody has to look at it or all are wanted. Why the thread ended early is returned by [`Marker::finish`].
    pub(super) fn add(&mut self, row: RowResult) {
        if row.outcome.needs_somebody() || self.wanted == MarkedRows::All {
            self.handed += 1;
            let _ = self.rows.send(row);
        }
    }

    /// Adds the summary and gives the file its name.
    pub(super) fn finish(self, summary: &Summary<'_>) -> Result<PathBuf, ReportError> {
        drop(self.rows);
        let broken = |_| Marked::trouble(&self.folder, std::io::Error::other("it broke down"));
        self.thread.join().map_err(broken)??.finish(summary)
    }
}

fn mark(mut marked: Marked, rows: &Receiver<RowResult>) -> Result<Marked, ReportError> {
    while let Ok(row) = rows.recv() {
        marked.add(&row)?;
    }
    Ok(marked)
}
