//! One thread looks a sheet over, another parses it behind the first.
//!
//! The parser would hold one endless text whole, so it may only read what was looked over before. What counts are the
//! sheet's packed bytes: a reader that follows waits at the first one that the leader has not passed.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::super::input::InputReader;

/// Packed bytes that a leader's buffers may hold before they are looked at.
const BUFFERED: u64 = 64 * 1024;

/// How far a sheet was looked over. As long as no sheet is named, everything may be read.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
    moved: Condvar,
    /// Where the leader's reader stands.
    leader: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    sheet: Range<u64>,
    /// The follower may read up to here.
    passed: u64,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Good,
    Refused,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these bytes of the archive are read behind a leader.
    pub(super) fn name(&self, sheet: Range<u64>) {
        let mut state = self.lock();
        state.passed = sheet.start;
        state.sheet = sheet;
    }

    /// All that the leader was given so far is looked over, but for what its buffers may still hold.
    pub(super) fn passed(&self) {
        let mut state = self.lock();
        let passed = self.leader.load(Ordering::Relaxed).saturating_sub(BUFFERED);
        if passed > state.passed && state.sheet.contains(&passed) {
            state.passed = passed;
            self.moved.notify_all();
        }
    }

    /// The leader begins; nobody waits for it longer than what is returned lives.
    pub(super) fn lead(self: &Arc<Self>) -> Lead {
        Lead {
            gate: Arc::clone(self),
            good: false,
        }
    }

    fn end(&self, good: bool) {
        self.lock().end = Some(if good { End::Good } else { End::Refused });
        self.moved.notify_all();
    }

    /// How many bytes may be read from `at`, `wanted` at most.
    fn wait(&self, at: u64, wanted: usize) -> io::Result<usize> {
        let mut state = self.lock();
        while state.sheet.contains(&at) && state.passed <= at {
            match state.end {
                Some(End::Good) => return Ok(wanted),
                Some(End::Refused) => return Err(io::Error::other("the sheet was refused")),
                None => {}
            }
            state = self
                .moved
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        if !state.sheet.contains(&at) || state.end == Some(End::Good) {
            return Ok(wanted);
        }
        let room = usize::try_from(state.passed - at).unwrap_or(usize::MAX);
        Ok(wanted.min(room))
    }
}

/// A leader under way. However it ends, what it did not find good is read no further.
pub(super) struct Lead {
    gate: Arc<Gate>,
    good: bool,
}

impl Lead {
    /// The whole sheet is good.
    pub(super) fn found_good(mut self) {
        self.good = true;
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.gate.end(self.good);
    }
}

/// A reader of an archive that leads or follows.
#[derive(Debug)]
pub(super) struct Gated {
    inner: InputReader,
    at: u64,
    gate: Arc<Gate>,
    leads: bool,
}

impl Gated {
    pub(super) fn leader(inner: InputReader, gate: &Arc<Gate>) -> Self {
        Self {
            inner,
            at: 0,
            gate: Arc::clone(gate),
            leads: true,
        }
    }

    pub(super) fn follower(inner: InputReader, gate: &Arc<Gate>) -> Self {
        Self {
            leads: false,
            ..Self::leader(inner, gate)
        }
    }

    fn moved_to(&mut self, at: u64) {
        self.at = at;
        if self.leads {
            self.gate.leader.store(at, Ordering::Relaxed);
        }
    }
}

impl Read for Gated {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = if self.leads {
            buffer.len()
        } else {
            self.gate.wait(self.at, buffer.len())?
        };
        let n = self.inner.read(&mut buffer[..wanted])?;
        self.moved_to(self.at + n as u64);
        Ok(n)
    }
}

impl Seek for Gated {
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
    fn a_follower_reads_what_was_passed_and_no_more() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        let bytes: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        std::fs::write(&path, &bytes).unwrap();
        let open = || InputReader::File(std::fs::File::open(&path).unwrap());
        for good in [true, false] {
            let gate = Arc::new(Gate::default());
            gate.name(100..250_000);
            let mut leader = Gated::leader(open(), &gate);
            let mut follower = Gated::follower(open(), &gate);
            // What lies before the sheet is free.
            let mut start = [0; 100];
            follower.read_exact(&mut start).unwrap();
            assert_eq!(start, bytes[..100]);
            leader.read_exact(&mut vec![0; 200_000]).unwrap();
            gate.passed();
            let read = std::thread::scope(|scope| {
                let following = scope.spawn(|| {
                    let mut rest = Vec::new();
                    let result = follower.read_to_end(&mut rest);
                    (rest, result.is_ok())
                });
                let lead = gate.lead();
                if good {
                    lead.found_good();
                } else {
                    // As when it breaks down.
                    drop(lead);
                }
                following.join().unwrap()
            });
            let passed = if good { 300_000 } else { 200_000 - 64 * 1024 };
            assert_eq!(read, (bytes[100..passed].to_vec(), good));
        }
    }
}
