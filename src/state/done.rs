//! Which rows are done, in eight bytes each: asked once for each row of an export, by many threads.
//!
//! A look-up in `SQLite` costs several times what is done with a row otherwise, so a run that finds most rows done reads
//! the records once instead, in their order. A row is known here by a hash of 128 bits over its key and fingerprint: one
//! half gives its place, the other half is what is kept there. A false yes is possible once in 10¹⁷ questions.

use std::hash::Hasher as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::params;

use super::error::StateError;
use super::reader::StateReader;
use super::record::RecordState;
use super::run::OpenRows;
use crate::partner::Fingerprint;

/// Rows that have their partner, as they were sent.
#[derive(Debug)]
pub struct DoneRows {
    /// Zero is a free place; a row is at its place or the next free one.
    places: Vec<u64>,
    /// How many there are, about.
    rows: usize,
    open: OpenRows,
}

impl DoneRows {
    /// For about so many rows.
    fn with_places_for(rows: usize) -> Self {
        Self {
            places: vec![0; rows + rows / 4 + 1],
            rows: 0,
            open: OpenRows::NoneExist,
        }
    }

    /// True where no row is done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Whether some rows were under way or in doubt.
    #[must_use]
    pub fn open(&self) -> OpenRows {
        self.open
    }

    fn place_of(&self, key: &str, fingerprint: &Fingerprint) -> (usize, u64) {
        place_among(self.places.len(), key, fingerprint)
    }

    /// Where `what` is kept from `at` on, or the free place where it would.
    fn find(&self, (mut at, what): (usize, u64)) -> usize {
        // At least an eighth of the places is free.
        while self.places[at] != 0 && self.places[at] != what {
            at = if at + 1 == self.places.len() {
                0
            } else {
                at + 1
            };
        }
        at
    }

    fn add_all(&mut self, rows: &[(usize, u64)]) {
        self.rows += rows.len();
        for row in rows {
            let at = self.find(*row);
            self.places[at] = row.1;
        }
    }

    /// Whether all these rows, by key and fingerprint, have their partners, made of just that.
    #[must_use]
    pub fn contains_all(&self, rows: &mut dyn Iterator<Item = (&str, &Fingerprint)>) -> bool {
        // One loop with nothing but the look-ups: the processor waits for many places of memory at once.
        let rows: Vec<(usize, u64)> = rows.map(|(key, f)| self.place_of(key, f)).collect();
        let missing = |row: &&(usize, u64)| self.places[self.find(**row)] != row.1;
        rows.iter().filter(missing).count() == 0
    }
}

/// Where a row belongs among so many places, and what is kept there.
fn place_among(places: usize, key: &str, fingerprint: &Fingerprint) -> (usize, u64) {
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(key.as_bytes());
    let key = hasher.finish();
    let half = |n: usize| {
        let bytes = fingerprint.0.as_chunks::<8>().0;
        bytes.get(n).map_or(0, |b| u64::from_le_bytes(*b))
    };
    // Both halves of a fingerprint are spread evenly, whatever the key is.
    let (at, what) = (half(0) ^ key, half(1) ^ key.rotate_left(32));
    let place = (u128::from(at) * places as u128) >> 64;
    (usize::try_from(place).unwrap_or(0), what.max(1))
}

/// Rows that are put in their places together.
const TOGETHER: usize = 1024;
/// Bytes of the file that a record takes at least, with what surrounds it: an id of the API alone has 36. Where records
/// are smaller all the same, the places are doubled and the records read once more.
const BYTES_OF_A_RECORD: i64 = 112;
/// Records below this number are not worth a second thread.
const RECORDS_OF_A_THREAD: usize = 20_000;

/// From which end of the keys a thread reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScanDirection {
    Forward,
    Backward,
}

/// What two threads that read towards each other share.
struct TwoEndedScan {
    done: Mutex<DoneRows>,
    places: usize,
    /// Rows that were put in their places.
    added: AtomicUsize,
    /// The key up to which each has read.
    frontiers: [Mutex<Option<String>>; 2],
}

impl TwoEndedScan {
    fn with_places_for(rows: usize) -> Self {
        let done = DoneRows::with_places_for(rows);
        Self {
            places: done.places.len(),
            done: Mutex::new(done),
            added: AtomicUsize::new(0),
            frontiers: [Mutex::new(None), Mutex::new(None)],
        }
    }

    /// Puts rows in their places; false where there are more than there are places for.
    fn add(&self, rows: &[(usize, u64)]) -> bool {
        let added = self.added.fetch_add(rows.len(), Ordering::Relaxed) + rows.len();
        // Each key can have been read from both ends.
        let fits = added <= self.places * 7 / 8;
        if fits {
            lock(&self.done).add_all(rows);
        }
        fits
    }

    /// Whether what lies behind `key` was read from the other end.
    fn has_met(&self, direction: ScanDirection, key: &str) -> bool {
        let (own, other) = match direction {
            ScanDirection::Forward => (&self.frontiers[0], &self.frontiers[1]),
            ScanDirection::Backward => (&self.frontiers[1], &self.frontiers[0]),
        };
        *lock(own) = Some(key.to_owned());
        lock(other).as_ref().is_some_and(|other| match direction {
            ScanDirection::Forward => key >= other.as_str(),
            ScanDirection::Backward => key <= other.as_str(),
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl StateReader {
    /// Reads which rows are done; none where the state has more records than `most`, about.
    pub fn done_rows(&self, most: u64) -> Result<Option<DoneRows>, StateError> {
        let size = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        let bytes: i64 = self.look(|c| c.query_row(size, [], |r| r.get(0)))?;
        let mut rows = usize::try_from(bytes / BYTES_OF_A_RECORD).unwrap_or(0);
        if rows as u64 > most {
            return Ok(None);
        }
        loop {
            match self.gather(rows, rows >= RECORDS_OF_A_THREAD)? {
                Some(done) => return Ok(Some(done)),
                None => rows = rows * 2 + TOGETHER,
            }
        }
    }

    /// The rows that are done, from one end or from both; none where there are more than `rows`, about.
    fn gather(&self, rows: usize, both_ends: bool) -> Result<Option<DoneRows>, StateError> {
        let scan = TwoEndedScan::with_places_for(rows);
        let fits = if both_ends {
            let other = self.reopen()?;
            let scan = &scan;
            std::thread::scope(|scope| {
                let other = scope.spawn(move || other.read_done(ScanDirection::Backward, scan));
                let fits = self.read_done(ScanDirection::Forward, scan);
                match other.join() {
                    Ok(other) => Ok::<bool, StateError>(fits? && other?),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            })?
        } else {
            self.read_done(ScanDirection::Forward, &scan)?
        };
        let done = scan.done.into_inner();
        Ok(fits.then(|| done.unwrap_or_else(PoisonError::into_inner)))
    }

    /// Adds the rows that are done, in the order of their keys, until it meets who reads from the other end. False
    /// where there are more than there are places for.
    fn read_done(&self, direction: ScanDirection, scan: &TwoEndedScan) -> Result<bool, StateError> {
        self.look(|connection| {
            let mut statement = connection.prepare(match direction {
                ScanDirection::Forward => {
                    "SELECT key, fingerprint, state FROM record WHERE space = ?1 ORDER BY key"
                }
                ScanDirection::Backward => {
                    "SELECT key, fingerprint, state FROM record WHERE space = ?1 ORDER BY key DESC"
                }
            })?;
            let mut rows = statement.query(params![self.space().0])?;
            let mut waiting = Vec::with_capacity(TOGETHER);
            let mut seen = 0_usize;
            while let Some(row) = rows.next()? {
                let key = row.get_ref(0)?.as_str()?;
                match RecordState::from_code(row.get(2)?) {
                    Some(RecordState::Created) => {
                        waiting.push(place_among(scan.places, key, &Fingerprint(row.get(1)?)));
                    }
                    Some(RecordState::Rejected | RecordState::Unsent) => {}
                    Some(RecordState::InFlight | RecordState::InDoubt) | None => {
                        lock(&scan.done).open = OpenRows::MayExist;
                    }
                }
                seen += 1;
                if seen.is_multiple_of(TOGETHER) {
                    if !scan.add(&waiting) {
                        return Ok(false);
                    }
                    waiting.clear();
                    if scan.has_met(direction, key) {
                        return Ok(true);
                    }
                }
            }
            Ok(scan.add(&waiting))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Claim, Event, OpenRows, RunId, RunStart, Settlement, StateWriter};
    use super::*;
    use crate::clock::Clock;
    use crate::partner::{ExternalId, PartnerId, RowKey};

    #[test]
    fn rows_are_known_by_key_and_fingerprint() {
        let fingerprint = |n: u32| {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&blake3::hash(&n.to_le_bytes()).as_bytes()[..16]);
            Fingerprint(bytes)
        };
        for rows in [0_u32, 1, 7, 5000] {
            let mut done = DoneRows::with_places_for(rows as usize);
            // Rows of one content differ by their keys.
            let places: Vec<_> = (0..rows)
                .map(|n| done.place_of(&format!("K-{n}"), &fingerprint(n / 3)))
                .collect();
            done.add_all(&places);
            let contains =
                |key: &str, f: u32| done.contains_all(&mut std::iter::once((key, &fingerprint(f))));
            for n in 0..rows {
                assert!(contains(&format!("K-{n}"), n / 3));
                assert!(!contains(&format!("K-{n}"), n / 3 + rows));
                assert!(!contains(&format!("L-{n}"), n / 3));
            }
            assert!(!contains("K-0", rows + 1));
            let (first, last) = (fingerprint(0), fingerprint(rows));
            let both = [("K-0", &first), ("K-0", &last)];
            assert!(!done.contains_all(&mut both.into_iter()));
            assert!(done.contains_all(&mut std::iter::empty()));
        }
    }

    #[test]
    fn some_places_stay_free_however_few_there_are() {
        for rows in [0, 1, 2, 5, 9, 300] {
            let scan = TwoEndedScan::with_places_for(rows);
            let fingerprint = Fingerprint([3; 16]);
            let all =
                (0..rows + 10).map(|n| place_among(scan.places, &format!("K-{n}"), &fingerprint));
            let all: Vec<_> = all.collect();
            assert!(scan.add(&all[..rows]));
            let more = all[rows..].iter().filter(|row| scan.add(&[**row]));
            assert!(rows + more.count() < scan.places, "{rows}");
        }
    }

    #[tokio::test]
    async fn what_is_done_is_read_however_many_rows_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let start = RunStart {
            open: OpenRows::MayExist,
            id: RunId::new(&Clock::System),
            command: "import",
            target: "t".to_owned(),
            mapping: "m".to_owned(),
            files: String::new(),
        };
        let (state, _, _thread) = StateWriter::begin(&path, &start, &Clock::System).unwrap();
        let fingerprint = |n: u32| {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&blake3::hash(&n.to_le_bytes()).as_bytes()[..16]);
            Fingerprint(bytes)
        };
        let rows = 6_000_u32;
        let claim = |n: u32| Claim {
            key: RowKey::new(format!("K-{n}")),
            fingerprint: fingerprint(n),
            legacy_identifier: ExternalId::new("x"),
            business_name: String::new(),
        };
        // Claims reserve as many bytes as the last outcome took.
        state.claim(vec![claim(rows)]).await.unwrap();
        let mut short = Settlement::new(RowKey::new(format!("K-{rows}")), Event::Created);
        short.partner = Some(PartnerId::new("1"));
        state.settle(vec![short]).await.unwrap();
        state.claim((0..rows).map(claim).collect()).await.unwrap();
        // Each seventh is not answered yet.
        let made = (0..rows).filter(|n| n % 7 > 0).map(|n| {
            let mut made = Settlement::new(RowKey::new(format!("K-{n}")), Event::Created);
            made.partner = Some(PartnerId::new("id"));
            made
        });
        state.settle(made.collect()).await.unwrap();
        let reader = state.reader().unwrap();
        assert!(reader.gather(100, true).unwrap().is_none());
        assert!(reader.done_rows(1).unwrap().is_none());
        // The records are smaller than is reckoned with, so they are read more than once.
        let pages: i64 = reader
            .look(|c| c.query_row("PRAGMA page_count", [], |r| r.get(0)))
            .unwrap();
        let reckoned = usize::try_from(pages * 4096 / BYTES_OF_A_RECORD).unwrap();
        assert!(reader.gather(reckoned, false).unwrap().is_none());
        for done in [
            reader.gather(rows as usize, false).unwrap().unwrap(),
            reader.gather(rows as usize, true).unwrap().unwrap(),
            reader.done_rows(1_000_000).unwrap().unwrap(),
        ] {
            // Some are still under way.
            assert_eq!((done.is_empty(), done.open()), (false, OpenRows::MayExist));
            for n in 0..rows {
                let key = format!("K-{n}");
                let row = (key.as_str(), &fingerprint(n));
                assert_eq!(
                    done.contains_all(&mut std::iter::once(row)),
                    n % 7 > 0,
                    "{n}"
                );
            }
        }
    }
}
