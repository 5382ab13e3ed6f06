//! Pieces of a file through several threads, and out again in their order.
//!
//! The caller's thread reads and takes the results; workers parse, and do what lies between. A worker takes the next
//! piece when it has done one, so that none waits for a slower one; results that come too early wait for those before
//! them. A few pieces under way bound the memory. A file of one piece starts no thread.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::source::{Flow, Footer, Piece, RowBatch, Source, SourceError, SourceRow};

/// Batches under way for each worker.
const UNDER_WAY: usize = 2;
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
    /// Which pieces are read, by their numbers.
    pub(super) wanted: &'p dyn Fn(usize) -> bool,
    /// What is done with a piece's rows, by its number.
    pub(super) work: &'p (dyn Fn(&mut W, usize, RowBatch) -> T + Sync),
    /// Takes the results, in order.
    pub(super) take: &'p mut dyn FnMut(T) -> Flow,
}

/// Pieces that were handed out, and what is made of them.
struct UnderWay<T> {
    jobs: Sender<(usize, usize, Piece)>,
    /// None comes from a worker that broke down.
    results: Receiver<Option<(usize, Done<T>)>>,
    /// How many were handed out, and how many results were taken.
    sent: usize,
    taken: usize,
    /// Results that came before those of earlier pieces.
    early: VecDeque<Option<Done<T>>>,
}

/// A worker's way out for its results: nobody waits for one that broke down.
struct Outbox<T>(Sender<Option<(usize, Done<T>)>>);

impl<T> Drop for Outbox<T> {
    fn drop(&mut self) {
        if thread::panicking() {
            let _ = self.0.send(None);
        }
    }
}

impl<T> UnderWay<T> {
    fn send(&mut self, number: usize, piece: Piece) -> bool {
        self.sent += 1;
        self.jobs.send((self.sent - 1, number, piece)).is_ok()
    }

    /// Takes the next result in order; false where that is enough.
    fn take(&mut self, take: &mut dyn FnMut(Done<T>) -> Flow) -> bool {
        loop {
            if let Some(front) = self.early.front_mut()
                && let Some(done) = front.take()
            {
                self.early.pop_front();
                self.taken += 1;
                return take(done) == Flow::More;
            }
            let Ok(Some((at, done))) = self.results.recv() else {
                return false;
            };
            let place = at - self.taken;
            if self.early.len() <= place {
                self.early.resize_with(place + 1, || None);
            }
            self.early[place] = Some(done);
        }
    }
}

impl<W: Send, T: Send> Pass<'_, W, T> {
    /// Reads the file to its end, or until enough is taken.
    pub(super) fn run(self) -> Result<PassEnd<W>, SourceError> {
        let count = thread::available_parallelism().map_or(1, |n| n.get().min(MOST_WORKERS));
        let Pass {
            source,
            start,
            wanted,
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
        let do_one = |state: &mut W, number: usize, piece: Piece| {
            let (batch, footer) = piece.rows();
            let last = batch.len().checked_sub(1).and_then(|i| batch.row(i));
            Done {
                last_row: last.map_or(0, SourceRow::row),
                footer,
                made: work(state, number, batch),
            }
        };
        let (end, states) = thread::scope(|scope| {
            let mut waiting: Option<(usize, Piece)> = None;
            let mut workers: Option<UnderWay<T>> = None;
            let mut states = Vec::new();
            let mut stopped = false;
            let end = source.pieces(wanted, &mut |number, piece| {
                // The first piece waits for a second: most files have only one.
                let Some((number, piece)) = waiting.replace((number, piece)) else {
                    return Flow::More;
                };
                if count == 1 {
                    let flow = take(do_one(&mut own, number, piece));
                    stopped = flow == Flow::Enough;
                    return flow;
                }
                let workers = workers.get_or_insert_with(|| {
                    let (jobs, inbox) = channel::<(usize, usize, Piece)>();
                    let (outbox, results) = channel();
                    let inbox = Arc::new(Mutex::new(inbox));
                    for _ in 0..count {
                        let (inbox, outbox) = (Arc::clone(&inbox), Outbox(outbox.clone()));
                        let do_one = &do_one;
                        states.push(scope.spawn(move || {
                            let mut state = start();
                            let next =
                                || inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
                            while let Ok((at, number, piece)) = next() {
                                let done = do_one(&mut state, number, piece);
                                if outbox.0.send(Some((at, done))).is_err() {
                                    break;
                                }
                            }
                            state
                        }));
                    }
                    UnderWay {
                        jobs,
                        results,
                        sent: 0,
                        taken: 0,
                        early: VecDeque::new(),
                    }
                });
                if workers.sent - workers.taken >= count * UNDER_WAY {
                    stopped = !workers.take(&mut take);
                }
                if stopped || !workers.send(number, piece) {
                    stopped = true;
                    return Flow::Enough;
                }
                Flow::More
            });
            let end = end?;
            if let Some(mut workers) = workers {
                while !stopped && workers.taken < workers.sent {
                    stopped = !workers.take(&mut take);
                }
            }
            // The last piece is done here, while nothing else is left to do.
            if let (false, Some((number, piece))) = (stopped, waiting.take()) {
                take(do_one(&mut own, number, piece));
            }
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
