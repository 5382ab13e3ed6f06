//! Pieces of a file through several threads, and out again in their order.
//!
//! The caller's thread reads and takes the results; workers parse, and do what lies between. Piece `k` goes to worker
//! `k mod n` and its result is taken from the same, so order needs no sorting; a few pieces under way bound the
//! memory. A file of one piece starts no thread.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::source::{Flow, Footer, Piece, RowBatch, Source, SourceError, SourceRow};

/// Batches under way for each worker.
const UNDER_WAY: usize = 4;
/// More workers than this wait for the one that reads.
const MOST_WORKERS: usize = 8;

/// What became of a piece.
struct Done<T> {
    made: T,
    footer: Option<Footer>,
    /// The row that it ends with, as a spreadsheet counts.
    last_row: u64,
}

/// How a pass over a file ended.
pub(super) struct PassEnd<W> {
    /// Words at the end that are no rows.
    pub(super) footer: Option<Footer>,
    /// The workers' own states.
    pub(super) states: Vec<W>,
    /// The last row that was taken, as a spreadsheet counts.
    pub(super) last_row: u64,
}

/// What one pass over a file needs.
pub(super) struct Pass<'p, W, T> {
    /// The file.
    pub(super) source: &'p Source,
    /// Makes a worker's own state.
    pub(super) start: &'p (dyn Fn() -> W + Sync),
    /// What is done with a batch.
    pub(super) work: &'p (dyn Fn(&mut W, RowBatch) -> T + Sync),
    /// Takes the results, in order.
    pub(super) take: &'p mut dyn FnMut(T) -> Flow,
}

struct Worker<T> {
    jobs: SyncSender<Piece>,
    results: Receiver<Done<T>>,
}

impl<W: Send, T: Send> Pass<'_, W, T> {
    /// Reads the file to its end, or until enough is taken.
    pub(super) fn run(self) -> Result<PassEnd<W>, SourceError> {
        let count = thread::available_parallelism().map_or(1, |n| n.get().min(MOST_WORKERS));
        let Pass {
            source,
            start,
            work,
            take,
        } = self;
        let mut own = start();
        let mut footer = None;
        let mut last_row = 0;
        let mut take = |done: Done<T>| {
            footer = done.footer;
            last_row = done.last_row.max(last_row);
            take(done.made)
        };
        let do_one = |state: &mut W, piece: Piece| {
            let (batch, footer) = piece.rows();
            let last = batch.len().checked_sub(1).and_then(|i| batch.row(i));
            Done {
                last_row: last.map_or(0, SourceRow::row),
                footer,
                made: work(state, batch),
            }
        };
        let (end, states) = thread::scope(|scope| {
            let mut waiting: Option<Piece> = None;
            let mut workers: Vec<Worker<T>> = Vec::new();
            let mut states = Vec::new();
            let (mut sent, mut taken) = (0_usize, 0_usize);
            let mut stopped = false;
            let end = source.pieces(&mut |piece| {
                // The first piece waits for a second: most files have only one.
                let Some(before) = waiting.replace(piece) else {
                    return Flow::More;
                };
                if count == 1 {
                    let flow = take(do_one(&mut own, before));
                    stopped = flow == Flow::Enough;
                    return flow;
                }
                if workers.is_empty() {
                    for _ in 0..count {
                        let (jobs, inbox) = sync_channel::<Piece>(UNDER_WAY);
                        let (outbox, results) = sync_channel::<Done<T>>(UNDER_WAY);
                        workers.push(Worker { jobs, results });
                        let do_one = &do_one;
                        states.push(scope.spawn(move || {
                            let mut state = start();
                            while let Ok(piece) = inbox.recv() {
                                if outbox.send(do_one(&mut state, piece)).is_err() {
                                    break;
                                }
                            }
                            state
                        }));
                    }
                }
                if sent - taken >= count * UNDER_WAY {
                    stopped = !take_next(&workers, &mut taken, &mut take);
                }
                if stopped || workers[sent % count].jobs.send(before).is_err() {
                    stopped = true;
                    return Flow::Enough;
                }
                sent += 1;
                Flow::More
            });
            let end = end?;
            while !stopped && taken < sent {
                stopped = !take_next(&workers, &mut taken, &mut take);
            }
            // The last piece is done here, while nothing else is left to do.
            if let (false, Some(piece)) = (stopped, waiting.take()) {
                take(do_one(&mut own, piece));
            }
            drop(workers);
            let mut all = vec![own];
            for state in states {
                match state.join() {
                    Ok(state) => all.push(state),
                    // A worker that broke down breaks the pass down, as it would on this thread.
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok((end, all))
        })?;
        Ok(PassEnd {
            footer: end.footer.or(footer),
            states,
            last_row,
        })
    }
}

/// Takes the next result in order; false where that is enough.
fn take_next<T>(
    workers: &[Worker<T>],
    taken: &mut usize,
    take: &mut dyn FnMut(Done<T>) -> Flow,
) -> bool {
    match workers[*taken % workers.len()].results.recv() {
        Ok(result) => {
            *taken += 1;
            take(result) == Flow::More
        }
        Err(_) => false,
    }
}
