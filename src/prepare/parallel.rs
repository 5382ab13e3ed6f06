//! Pieces of a file through several threads, and out again in their order.
//!
//! The caller's thread reads and takes the results; workers parse, and do what lies between. A worker takes the next
//! piece when it has done one, so that none waits for a slower one; results that come too early wait for those before
//! them. A few pieces under way bound the memory. A file of one piece
//! starts no thread, nor does a pass with one worker.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};

use crate::source::{Flow, LeftOut, Piece, ReadEnd, RowBatch, Source, SourceError, SourceRow};

/// Batches under way for each worker.
const UNDER_WAY: usize = 2;

/// What became of a piece.
struct Done<T> {
    made: T,
    left_out: LeftOut,
    /// The row that it ends with, as a spreadsheet counts.
    last_row: u64,
}

/// How a pass over a file ended.
pub(super) struct PassEnd<W> {
    /// Rows that were read and not handed on.
    pub(super) left_out: LeftOut,
    /// The workers' own states.
    pub(super) states: Vec<W>,
    /// The last row that was taken, as a spreadsheet counts.
    pub(super) last_row: u64,
}

/// What one pass over a file needs.
pub(super) struct Pass<'p, W, T> {
    /// Threads that work on pieces; one is this thread itself.
    pub(super) workers: usize,
    pub(super) source: &'p Source,
    /// Makes a worker's own state.
    pub(super) start: &'p (dyn Fn() -> W + Sync),
    /// Which pieces are read, by their numbers.
    pub(super) wanted: &'p dyn Fn(usize) -> bool,
    /// What is done with a piece's rows, by its number.
    pub(super) work: &'p (dyn Fn(&mut W, usize, RowBatch) -> T + Sync),
}

/// What was taken so far.
struct Taken<'t, T> {
    take: &'t mut dyn FnMut(T) -> Flow,
    left_out: LeftOut,
    last_row: u64,
}

impl<T> Taken<'_, T> {
    fn take(&mut self, done: Done<T>) -> Flow {
        self.left_out.absorb(done.left_out);
        self.last_row = done.last_row.max(self.last_row);
        (self.take)(done.made)
    }
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
    fn send(&mut self, number: usize, piece: Piece) -> Flow {
        self.sent += 1;
        match self.jobs.send((self.sent - 1, number, piece)) {
            Ok(()) => Flow::More,
            Err(_) => Flow::Enough,
        }
    }

    /// Takes the next result in order. Enough also where there is none: a worker broke down.
    fn take(&mut self, taken: &mut Taken<'_, T>) -> Flow {
        loop {
            if let Some(front) = self.early.front_mut()
                && let Some(done) = front.take()
            {
                self.early.pop_front();
                self.taken += 1;
                return taken.take(done);
            }
            let Ok(Some((at, done))) = self.results.recv() else {
                return Flow::Enough;
            };
            let place = at - self.taken;
            if self.early.len() <= place {
                self.early.resize_with(place + 1, || None);
            }
            self.early[place] = Some(done);
        }
    }
}

impl<'p, W: Send, T: Send> Pass<'p, W, T> {
    /// Reads the file to its end, or until enough is taken; `take` gets the results in order.
    pub(super) fn run(&self, take: &mut dyn FnMut(T) -> Flow) -> Result<PassEnd<W>, SourceError> {
        let mut taken = Taken {
            take,
            left_out: LeftOut::default(),
            last_row: 0,
        };
        let (end, states) = if self.workers <= 1 {
            self.alone(&mut taken)?
        } else {
            self.together(&mut taken)?
        };
        taken.left_out.absorb(end.left_out);
        self.source.check_one_header(&taken.left_out)?;
        Ok(PassEnd {
            left_out: taken.left_out,
            states,
            last_row: taken.last_row,
        })
    }

    fn alone(&self, taken: &mut Taken<'_, T>) -> Result<(ReadEnd, Vec<W>), SourceError> {
        let mut own = (self.start)();
        let end = self.source.pieces(self.wanted, &mut |number, piece| {
            taken.take(do_one(self.work, &mut own, number, piece))
        })?;
        Ok((end, vec![own]))
    }

    fn together(&self, taken: &mut Taken<'_, T>) -> Result<(ReadEnd, Vec<W>), SourceError> {
        let mut own = (self.start)();
        thread::scope(|scope| {
            let mut waiting: Option<(usize, Piece)> = None;
            let mut under_way: Option<UnderWay<T>> = None;
            let mut threads = Vec::new();
            let mut flow = Flow::More;
            let end = self.source.pieces(self.wanted, &mut |number, piece| {
                // The first piece waits for a second: most files have only one.
                let Some((number, piece)) = waiting.replace((number, piece)) else {
                    return Flow::More;
                };
                let under_way = under_way.get_or_insert_with(|| self.begin(scope, &mut threads));
                if under_way.sent - under_way.taken >= self.workers * UNDER_WAY {
                    flow = under_way.take(taken);
                }
                if flow == Flow::More {
                    flow = under_way.send(number, piece);
                }
                flow
            })?;
            if let Some(mut under_way) = under_way {
                while flow == Flow::More && under_way.taken < under_way.sent {
                    flow = under_way.take(taken);
                }
            }
            // The last piece is done here, while nothing else is left to do.
            if let (Flow::More, Some((number, piece))) = (flow, waiting.take()) {
                taken.take(do_one(self.work, &mut own, number, piece));
            }
            let mut states = vec![own];
            for thread in threads {
                match thread.join() {
                    Ok(state) => states.push(state),
                    // A worker that broke down breaks the pass down, as it would on this thread.
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok((end, states))
        })
    }

    /// Starts the workers.
    fn begin<'s>(
        &self,
        scope: &'s Scope<'s, '_>,
        threads: &mut Vec<ScopedJoinHandle<'s, W>>,
    ) -> UnderWay<T>
    where
        'p: 's,
        W: 's,
        T: 's,
    {
        let (jobs, inbox) = channel::<(usize, usize, Piece)>();
        let (outbox, results) = channel();
        let inbox = Arc::new(Mutex::new(inbox));
        let (start, work) = (self.start, self.work);
        for _ in 0..self.workers {
            let (inbox, outbox) = (Arc::clone(&inbox), Outbox(outbox.clone()));
            threads.push(scope.spawn(move || {
                let mut state = start();
                let next = || inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
                while let Ok((at, number, piece)) = next() {
                    let done = do_one(work, &mut state, number, piece);
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
    }
}

/// Parses a piece and works on its rows.
fn do_one<W, T>(
    work: &dyn Fn(&mut W, usize, RowBatch) -> T,
    state: &mut W,
    number: usize,
    piece: Piece,
) -> Done<T> {
    let (batch, left_out) = piece.rows();
    let last = batch.len().checked_sub(1).and_then(|i| batch.row(i));
    Done {
        last_row: last.map_or(0, SourceRow::row),
        left_out,
        made: work(state, number, batch),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::source::SourceOptions;

    /// An export of several pieces with a footer, and how many rows it has.
    fn export(dir: &tempfile::TempDir) -> (Source, u64) {
        let path = dir.path().join("e.csv");
        let rows = 9_000_u64;
        let mut text = String::from("Id,Name,City\n");
        for row in 0..rows {
            writeln!(text, "K-{row},Company {row},Wien").unwrap();
        }
        text.push_str("\nTotal: 9000\n");
        std::fs::write(&path, text).unwrap();
        (
            Source::open(&path, &SourceOptions::default()).unwrap(),
            rows,
        )
    }

    /// Numbers and keys of all rows, counted by each worker's own state.
    #[expect(clippy::needless_pass_by_value, reason = "a pass gives batches away")]
    fn keys(counted: &mut u64, piece: usize, batch: RowBatch) -> (usize, Vec<String>) {
        *counted += batch.len() as u64;
        // Pieces of odd numbers are slower, so that later ones are done before them.
        if piece % 2 == 1 {
            thread::yield_now();
        }
        let keys = batch.rows().map(|row| row.cell(0).to_text().into_owned());
        (piece, keys.collect())
    }

    fn pass<'p>(
        workers: usize,
        source: &'p Source,
        wanted: &'p dyn Fn(usize) -> bool,
    ) -> Pass<'p, u64, (usize, Vec<String>)> {
        Pass {
            workers,
            source,
            start: &|| 0,
            wanted,
            work: &keys,
        }
    }

    #[test]
    fn any_number_of_workers_gives_the_same_in_the_same_order() {
        let dir = tempfile::tempdir().unwrap();
        let (source, rows) = export(&dir);
        for workers in [0, 1, 2, 8] {
            let mut seen = Vec::new();
            let mut pieces = Vec::new();
            let end = pass(workers, &source, &|_| true)
                .run(&mut |(piece, keys)| {
                    pieces.push(piece);
                    seen.extend(keys);
                    Flow::More
                })
                .unwrap();
            let expected: Vec<String> = (0..rows).map(|row| format!("K-{row}")).collect();
            assert!(seen == expected, "{workers} workers");
            assert_eq!(pieces, (0..pieces.len()).collect::<Vec<_>>());
            assert!(pieces.len() > 4, "{} pieces", pieces.len());
            assert_eq!(end.states.iter().sum::<u64>(), rows);
            assert_eq!(end.states.len(), if workers > 1 { workers + 1 } else { 1 });
            assert_eq!(end.last_row, rows + 1);
            assert!(end.left_out.footer.is_some(), "{workers} workers");
        }
    }

    #[test]
    fn only_wanted_pieces_are_read_and_enough_is_enough() {
        let dir = tempfile::tempdir().unwrap();
        let (source, _) = export(&dir);
        for workers in [1, 2, 8] {
            let mut pieces = Vec::new();
            pass(workers, &source, &|piece| piece != 1)
                .run(&mut |(piece, _)| {
                    pieces.push(piece);
                    if pieces.len() == 3 {
                        Flow::Enough
                    } else {
                        Flow::More
                    }
                })
                .unwrap();
            assert_eq!(pieces, [0, 2, 3], "{workers} workers");
        }
    }

    #[test]
    fn a_worker_that_panics_ends_the_pass() {
        let dir = tempfile::tempdir().unwrap();
        let (source, _) = export(&dir);
        for workers in [1, 2, 8] {
            let ended = std::panic::catch_unwind(|| {
                let pass = Pass {
                    workers,
                    source: &source,
                    start: &|| (),
                    wanted: &|_| true,
                    work: &|(): &mut (), piece, _| assert!(piece != 2, "broke down"),
                };
                let _ = pass.run(&mut |()| Flow::More);
            });
            assert!(ended.is_err(), "{workers} workers");
        }
    }
}
