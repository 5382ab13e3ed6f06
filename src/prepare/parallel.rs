//! Batches of rows through several threads, and out again in their order.
//!
//! The caller's thread reads and takes the results; workers do what lies between. Batch `k` goes to worker
//! `k mod n` and its result is taken from the same, so order needs no sorting; a few batches under way bound the
//! memory. A file of one batch starts no thread.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::source::{Flow, ReadEnd, RowBatch, Source, SourceError};

/// Batches under way for each worker.
const UNDER_WAY: usize = 2;
/// More workers than this wait for the one that reads.
const MOST_WORKERS: usize = 8;

/// A batch and the number of its first row over all files.
type Job = (u32, RowBatch);

/// What one pass over a file needs.
pub(super) struct Pass<'p, W, T> {
    /// The file.
    pub(super) source: &'p Source,
    /// Rows in the files before it.
    pub(super) first: u32,
    /// Makes a worker's own state.
    pub(super) start: &'p (dyn Fn() -> W + Sync),
    /// What is done with a batch.
    pub(super) work: &'p (dyn Fn(&mut W, u32, RowBatch) -> T + Sync),
    /// Takes the results, in order.
    pub(super) take: &'p mut dyn FnMut(T) -> Flow,
}

struct Worker<T> {
    jobs: SyncSender<Job>,
    results: Receiver<T>,
}

impl<W: Send, T: Send> Pass<'_, W, T> {
    /// Reads the file to its end, or until enough is taken. Returns how it ended, the workers' states, and how
    /// many rows were read.
    pub(super) fn run(self) -> Result<(ReadEnd, Vec<W>, u32), SourceError> {
        let count = thread::available_parallelism().map_or(1, |n| n.get().min(MOST_WORKERS));
        let Pass {
            source,
            first,
            start,
            work,
            take,
        } = self;
        let mut read = 0_u32;
        let mut own = start();
        thread::scope(|scope| {
            let mut waiting: Option<Job> = None;
            let mut workers: Vec<Worker<T>> = Vec::new();
            let mut states = Vec::new();
            let (mut sent, mut taken) = (0_usize, 0_usize);
            let mut stopped = false;
            let end = source.read(&mut |batch| {
                let rows = u32::try_from(batch.len()).unwrap_or(u32::MAX);
                let job = (first.saturating_add(read), batch);
                read = read.saturating_add(rows);
                // The first batch waits for a second: most files have only one.
                let Some(before) = waiting.replace(job) else {
                    return Flow::More;
                };
                if count == 1 {
                    let (at, batch) = before;
                    let flow = take(work(&mut own, at, batch));
                    stopped = flow == Flow::Enough;
                    return flow;
                }
                if workers.is_empty() {
                    for _ in 0..count {
                        let (jobs, inbox) = sync_channel::<Job>(UNDER_WAY);
                        let (outbox, results) = sync_channel::<T>(UNDER_WAY);
                        workers.push(Worker { jobs, results });
                        states.push(scope.spawn(move || {
                            let mut state = start();
                            while let Ok((at, batch)) = inbox.recv() {
                                if outbox.send(work(&mut state, at, batch)).is_err() {
                                    break;
                                }
                            }
                            state
                        }));
                    }
                }
                if sent - taken >= count * UNDER_WAY {
                    stopped = !take_next(&workers, &mut taken, take);
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
                stopped = !take_next(&workers, &mut taken, take);
            }
            // The last batch is done here, while nothing else is left to do.
            if let (false, Some((at, batch))) = (stopped, waiting.take()) {
                take(work(&mut own, at, batch));
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
            Ok((end, all, read))
        })
    }
}

/// Takes the next result in order; false where that is enough.
fn take_next<T>(workers: &[Worker<T>], taken: &mut usize, take: &mut dyn FnMut(T) -> Flow) -> bool {
    match workers[*taken % workers.len()].results.recv() {
        Ok(result) => {
            *taken += 1;
            take(result) == Flow::More
        }
        Err(_) => false,
    }
}
