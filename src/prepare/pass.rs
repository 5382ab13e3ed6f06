//! The passes that follow the survey: each hands rows over, prepared, in their order.

use std::collections::HashSet;
use std::sync::Arc;

use super::ahead::Settled;
use super::batch_cells::BatchCells;
use super::context::{Names, PassContext, Rows};
use super::exports::{Export, Exports, PrepareError};
use super::parallel::Pass;
use super::pieces::Pieces;
use super::prepared_row::PreparedRow;
use super::row::{Count, RowWorker, WorkerState};
use super::survey::Survey;
use super::tally::Tally;
use crate::partner::{Fingerprinter, RowKey, SourceCells};
use crate::source::{Flow, RowBatch};

/// What a pass over all files is asked for.
struct Request<'r> {
    survey: &'r Survey,
    fingerprinter: Option<&'r Fingerprinter>,
    /// Ordinals, ascending: just those rows.
    only: Option<&'r [u32]>,
    known: &'r (dyn Fn(&RowKey) -> bool + Sync),
    rows: Rows,
    hurry: Hurry,
}

/// Whether whoever takes the rows of a pass could wait for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hurry {
    /// The rows come from as many threads as are there.
    Yes,
    /// What takes them is slower than one thread, as an API is: the others would only fill memory.
    No,
}

impl<'r> Request<'r> {
    /// The pieces of a file, where some of them are passed over.
    fn pieces(&self, file: usize) -> Option<&'r Pieces> {
        let skips = match self.rows {
            Rows::All => false,
            Rows::WithFindings => self.survey.settled != Settled::Unknown,
            Rows::Pending => self.survey.settled == Settled::Done,
        };
        let pieces = self.survey.pieces.get(file);
        pieces.filter(|_| skips && self.only.is_none())
    }

    fn wants(&self, ordinal: u32) -> bool {
        self.only
            .is_none_or(|only| only.binary_search(&ordinal).is_ok())
    }

    /// Whether no row behind this one is asked for.
    fn is_exhausted(&self, ordinal: u32) -> bool {
        self.only
            .is_some_and(|only| only.last().is_none_or(|end| *end <= ordinal))
    }
}

/// What becomes of a piece: rows that are handed over, how many others it has, and its last ordinal.
struct PreparedPiece {
    rows: Vec<PreparedRow>,
    others: u64,
    last: u32,
}

/// Where a pass over several files stands.
struct Progress {
    tally: Tally,
    /// Rows of the files before, as a spreadsheet counts.
    before: u32,
    stopped: bool,
}

impl Exports {
    /// Keys that rows refer to and that neither the files nor `known` have.
    pub fn missing_references(
        &self,
        survey: &Survey,
        known: &dyn Fn(&RowKey) -> bool,
    ) -> Result<HashSet<String>, PrepareError> {
        let mut missing = HashSet::new();
        for export in &self.files {
            export.source.read(&mut |batch| {
                for row in batch.rows().filter(|r| r.fault().is_none()) {
                    export.plan.each_reference(row, &mut |key| {
                        if !survey.has_key(key)
                            && !missing.contains(key)
                            && !known(&RowKey::new(key))
                        {
                            missing.insert(key.to_owned());
                        }
                    });
                }
                Flow::More
            })?;
        }
        Ok(missing)
    }

    /// Reads all rows once more and hands them over, prepared, batch by batch. With `only`, ascending
    /// ordinals, just those rows. `known` says of a row that is not in the files whether it has a partner.
    /// What the rows hold is counted on the way. Without a `fingerprinter` the rows are only checked: their
    /// bodies stay empty, since nobody sends them.
    pub fn prepare(
        &self,
        survey: &Survey,
        fingerprinter: Option<&Fingerprinter>,
        only: Option<&[u32]>,
        known: &(dyn Fn(&RowKey) -> bool + Sync),
        sink: &mut dyn FnMut(Vec<PreparedRow>) -> Flow,
    ) -> Result<Tally, PrepareError> {
        let request = Request {
            survey,
            fingerprinter,
            only,
            known,
            rows: Rows::All,
            hurry: Hurry::Yes,
        };
        self.pass(&request, &mut |rows, _| sink(rows))
    }

    /// As [`Exports::prepare`], without the rows that the survey found done: how many these are is handed over instead.
    pub fn pending(
        &self,
        survey: &Survey,
        fingerprinter: &Fingerprinter,
        only: Option<&[u32]>,
        known: &(dyn Fn(&RowKey) -> bool + Sync),
        hurry: Hurry,
        sink: &mut dyn FnMut(Vec<PreparedRow>, u64) -> Flow,
    ) -> Result<Tally, PrepareError> {
        let request = Request {
            survey,
            fingerprinter: Some(fingerprinter),
            only,
            known,
            rows: Rows::Pending,
            hurry,
        };
        self.pass(&request, sink)
    }

    /// Checks all rows. Those with something to report are handed over, batch by batch, and how many others each batch
    /// has, which are valid: for whoever only counts them.
    pub fn judge(
        &self,
        survey: &Survey,
        known: &(dyn Fn(&RowKey) -> bool + Sync),
        sink: &mut dyn FnMut(Vec<PreparedRow>, u64) -> Flow,
    ) -> Result<Tally, PrepareError> {
        let request = Request {
            survey,
            fingerprinter: None,
            only: None,
            known,
            rows: Rows::WithFindings,
            hurry: Hurry::Yes,
        };
        self.pass(&request, sink)
    }

    fn pass(
        &self,
        request: &Request<'_>,
        sink: &mut dyn FnMut(Vec<PreparedRow>, u64) -> Flow,
    ) -> Result<Tally, PrepareError> {
        let mut progress = Progress {
            tally: Tally::default(),
            before: 0,
            stopped: false,
        };
        for (file, export) in self.files.iter().enumerate() {
            let pieces = request.pieces(file);
            let settled = pieces.map_or(0, Pieces::settled_rows);
            if settled > 0 && sink(Vec::new(), settled) == Flow::Enough {
                break;
            }
            let names = Names::of(export);
            let context = PassContext {
                file,
                export,
                names: &names,
                survey: request.survey,
                fingerprinter: request.fingerprinter,
                always: self.always,
                known: request.known,
                files: &self.files,
                rows: request.rows,
            };
            self.pass_over(&context, request, pieces, &mut progress, sink)?;
            if progress.stopped {
                break;
            }
        }
        Ok(progress.tally)
    }

    /// A pass over one file.
    fn pass_over(
        &self,
        context: &PassContext<'_>,
        request: &Request<'_>,
        pieces: Option<&Pieces>,
        progress: &mut Progress,
        sink: &mut dyn FnMut(Vec<PreparedRow>, u64) -> Flow,
    ) -> Result<(), PrepareError> {
        let Export { source, plan } = context.export;
        let before = progress.before;
        let ordinal = |row: u64| before.saturating_add(u32::try_from(row).unwrap_or(u32::MAX));
        let work = |state: &mut WorkerState, piece: usize, batch: RowBatch| {
            let read = Arc::new(BatchCells(batch));
            let cells: Arc<dyn SourceCells> = Arc::clone(&read) as _;
            let mut worker = RowWorker {
                context,
                state,
                count: if pieces.is_some_and(|p| p.is_counted(piece)) {
                    Count::Nothing
                } else {
                    Count::Rows
                },
            };
            let mut prepared = PreparedPiece {
                rows: Vec::new(),
                others: 0,
                last: before,
            };
            for row in read.0.rows() {
                prepared.last = ordinal(row.row());
                if request.wants(prepared.last) {
                    match worker.row(row, prepared.last, &cells) {
                        Some(row) => prepared.rows.push(row),
                        None => prepared.others += 1,
                    }
                }
            }
            prepared
        };
        let stopped = &mut progress.stopped;
        let mut take = |piece: PreparedPiece| {
            let flow = if piece.rows.is_empty() && piece.others == 0 {
                Flow::More
            } else {
                sink(piece.rows, piece.others)
            };
            *stopped = flow == Flow::Enough || request.is_exhausted(piece.last);
            if *stopped { Flow::Enough } else { Flow::More }
        };
        let end = Pass {
            workers: match request.hurry {
                Hurry::Yes => self.workers,
                Hurry::No => 1,
            },
            source,
            start: &|| WorkerState::new(plan),
            wanted: &|piece| pieces.is_none_or(|p| !p.is_settled(piece)),
            work: &work,
        }
        .run(&mut take)?;
        progress.before = ordinal(pieces.map_or(end.last_row, |p| p.last_row));
        let surveyed = pieces.and_then(|p| p.tally.clone());
        let counted = end.states.into_iter().map(|state| state.tally);
        for counted in surveyed.into_iter().chain(counted) {
            progress.tally.add(plan, source.header().names(), counted);
        }
        progress.tally.settle();
        Ok(())
    }
}
