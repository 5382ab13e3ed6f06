//! One thread scans a sheet for what would harm the parser; another parses it behind the first.
//!
//! The parser would hold one endless text whole, so it may only read what was scanned before. What counts are the
//! sheet's packed bytes: the parser's reader waits at the first one that the scanner has not passed.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::source::file_reader::FileReader;

/// Packed bytes that a scanner's buffers may hold before they are looked at.
const BUFFERED: u64 = 64 * 1024;

/// How far a sheet was scanned. As long as no bytes are held back, everything may be read.
#[derive(Debug, Default)]
pub(super) struct ReadBarrier {
    state: Mutex<State>,
    moved: Condvar,
    /// Where the scanner's reader stands.
    scanner: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    held_back: Range<u64>,
    /// The parser may read up to here.
    passed: u64,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Accepted,
    Refused,
}

impl ReadBarrier {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on the parser reads these bytes of the archive behind the scanner.
    pub(super) fn hold_back(&self, sheet: Range<u64>) {
        let mut state = self.lock();
        state.passed = sheet.start;
        state.held_back = sheet;
    }

    /// All that the scanner was given so far is scanned, except for what its buffers may still hold.
    pub(super) fn advance(&self) {
        let mut state = self.lock();
        let passed = self
            .scanner
            .load(Ordering::Relaxed)
            .saturating_sub(BUFFERED);
        if passed > state.passed && state.held_back.contains(&passed) {
            state.passed = passed;
            self.moved.notify_all();
        }
    }

    /// The scanner begins; nobody waits for it longer than what is returned lives.
    pub(super) fn scan(self: &Arc<Self>) -> Scanner {
        Scanner {
            barrier: Arc::clone(self),
            accepted: false,
        }
    }

    fn end(&self, end: End) {
        self.lock().end = Some(end);
        self.moved.notify_all();
    }

    /// How many bytes may be read from `at`, `wanted` at most.
    fn wait(&self, at: u64, wanted: usize) -> io::Result<usize> {
        let mut state = self.lock();
        while state.held_back.contains(&at) && state.passed <= at {
            match state.end {
                Some(End::Accepted) => return Ok(wanted),
                Some(End::Refused) => return Err(io::Error::other("the sheet was refused")),
                None => {}
            }
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if !state.held_back.contains(&at) || state.end == Some(End::Accepted) {
            return Ok(wanted);
        }
        let free = usize::try_from(state.passed - at).unwrap_or(usize::MAX);
        Ok(wanted.min(free))
    }
}

/// A scanner under way. However it ends, what it did not accept is read no further.
pub(super) struct Scanner {
    barrier: Arc<ReadBarrier>,
    accepted: bool,
}

impl Scanner {
    /// The parser may read the whole sheet.
    pub(super) fn accept(mut self) {
        self.accepted = true;
    }
}

impl Drop for Scanner {
    fn drop(&mut self) {
        self.barrier.end(if self.accepted {
            End::Accepted
        } else {
            End::Refused
        });
    }
}

/// A reader of an archive: the scanner's, which moves the barrier, or the parser's, which waits at it.
#[derive(Debug)]
pub(super) struct BarrierReader {
    inner: FileReader,
    at: u64,
    barrier: Arc<ReadBarrier>,
    scans: bool,
}

impl BarrierReader {
    pub(super) fn scanner(inner: FileReader, barrier: &Arc<ReadBarrier>) -> Self {
        Self {
            inner,
            at: 0,
            barrier: Arc::clone(barrier),
            scans: true,
        }
    }

    pub(super) fn parser(inner: FileReader, barrier: &Arc<ReadBarrier>) -> Self {
        Self {
            scans: false,
            ..Self::scanner(inner, barrier)
        }
    }

    fn moved_to(&mut self, at: u64) {
        self.at = at;
        if self.scans {
            self.barrier.scanner.store(at, Ordering::Relaxed);
        }
    }
}

impl Read for BarrierReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = if self.scans {
            buffer.len()
        } else {
            self.barrier.wait(self.at, buffer.len())?
        };
        let n = self.inner.read(&mut buffer[..wanted])?;
        self.moved_to(self.at + n as u64);
        Ok(n)
    }
}

impl Seek for BarrierReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = self.inner.seek(to)?;
        self.moved_to(at);
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_reads_what_was_scanned_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        std::fs::write(&path, &bytes).unwrap();
        let open = || FileReader::new(Arc::new(std::fs::File::open(&path).unwrap()));
        for accepted in [true, false] {
            let barrier = Arc::new(ReadBarrier::default());
            barrier.hold_back(100..250_000);
            let mut scanner = BarrierReader::scanner(open(), &barrier);
            let mut parser = BarrierReader::parser(open(), &barrier);
            // What lies before the sheet is free.
            let mut start = [0; 100];
            parser.read_exact(&mut start).unwrap();
            assert_eq!(start, bytes[..100]);
            scanner.read_exact(&mut vec![0; 200_000]).unwrap();
            barrier.advance();
            let read = std::thread::scope(|scope| {
                let parsing = scope.spawn(|| {
                    let mut rest = Vec::new();
                    let result = parser.read_to_end(&mut rest);
                    (rest, result.is_ok())
                });
                let scan = barrier.scan();
                if accepted {
                    scan.accept();
                } else {
                    // As when it breaks down.
                    drop(scan);
                }
                parsing.join().unwrap()
            });
            let passed = if accepted {
                300_000
            } else {
                200_000 - 64 * 1024
            };
            assert_eq!(read, (bytes[100..passed].to_vec(), accepted));
        }
    }

    #[test]
    fn no_way_leads_around_the_barrier() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, [7; 1_000]).unwrap();
        let barrier = Arc::new(ReadBarrier::default());
        barrier.hold_back(100..900);
        drop(barrier.scan());
        let file = FileReader::new(Arc::new(std::fs::File::open(&path).unwrap()));
        let mut parser = BarrierReader::parser(file, &barrier);
        for (at, is_free) in [
            (0, true),
            (100, false),
            (899, false),
            (900, true),
            (99, true),
        ] {
            parser.seek(SeekFrom::Start(at)).unwrap();
            assert_eq!(parser.read(&mut [0; 1]).is_ok(), is_free, "{at}");
        }
    }
}
