//! Which rows are done, in eight bytes each: asked once for each row of an export, by many threads.
//!
//! A look-up in `SQLite` costs several times what is done with a row otherwise, so a run that finds most rows done reads
//! the records once instead, in their order. A row is known here by a hash of 128 bits over its key and fingerprint: one
//! half says where it stands, the other half stands there. A false yes is possible once in 10¹⁷ questions.

use std::hash::Hasher as _;
use std::sync::{Mutex, PoisonError};

use rusqlite::{OptionalExtension as _, params};

use super::error::StateError;
use super::query::LedgerReader;
use super::record::RecordState;
use crate::partner::Fingerprint;

/// Rows that have their partner, as they were sent.
#[derive(Debug)]
pub struct DoneRows {
    /// Zero is a free place; rows stand at their place or behind it.
    places: Vec<u64>,
}

impl DoneRows {
    /// For so many rows at most.
    fn with_room_for(rows: usize) -> Self {
        Self {
            places: vec![0; rows + rows / 4 + 1],
        }
    }

    fn place_of(&self, key: &str, fingerprint: &Fingerprint) -> (usize, u64) {
        place_among(self.places.len(), key, fingerprint)
    }

    /// Where `what` stands from `at` on, or the free place where it would.
    fn find(&self, (mut at, what): (usize, u64)) -> usize {
        // A fifth of the places is free.
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

/// Where a row belongs among so many places, and what stands there.
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
/// Threads that read records.
const MOST_READERS: usize = 4;
/// Records below this number are not worth a thread.
const RECORDS_OF_A_READER: usize = 20_000;

impl LedgerReader {
    /// Reads which rows are done; none where the state has more records than `most`.
    pub fn done_rows(&self, most: u64) -> Result<Option<DoneRows>, StateError> {
        let count = "SELECT count(*) FROM record";
        let all: i64 = self.look(|c| c.query_row(count, [], |r| r.get(0)))?;
        let room = usize::try_from(all).unwrap_or(0);
        if room as u64 > most {
            return Ok(None);
        }
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get().min(MOST_READERS));
        let parts = (room / RECORDS_OF_A_READER).clamp(1, cores);
        // Where each part but the first begins.
        let mut starts = Vec::new();
        for part in 1..parts {
            starts.extend(self.key_at(room / parts * part)?);
        }
        let done = Mutex::new(DoneRows::with_room_for(room));
        let ends = starts.iter().map(Some).chain([None]);
        let mut ranges: Vec<_> = [None]
            .into_iter()
            .chain(starts.iter().map(Some))
            .zip(ends)
            .collect();
        let own = ranges.pop().unwrap_or((None, None));
        std::thread::scope(|scope| {
            let done = &done;
            let others: Vec<_> = ranges
                .into_iter()
                .map(|(from, to)| {
                    let reader = self.again()?;
                    Ok(scope.spawn(move || reader.add_done(from, to, done)))
                })
                .collect::<Result<_, StateError>>()?;
            let mut result = self.add_done(own.0, own.1, done);
            for other in others {
                match other.join() {
                    Ok(other) => result = result.and(other),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            result
        })?;
        Ok(Some(
            done.into_inner().unwrap_or_else(PoisonError::into_inner),
        ))
    }

    /// The key of the record at `place` in the order of keys.
    fn key_at(&self, place: usize) -> Result<Option<String>, StateError> {
        let key = "SELECT key FROM record WHERE space = ?1 ORDER BY key LIMIT 1 OFFSET ?2";
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        self.look(|c| {
            c.query_row(key, params![self.space().0, place], |r| r.get(0))
                .optional()
        })
    }

    /// Adds the rows that are done, from one key on and below another.
    fn add_done(
        &self,
        from: Option<&String>,
        to: Option<&String>,
        done: &Mutex<DoneRows>,
    ) -> Result<(), StateError> {
        let lock = || done.lock().unwrap_or_else(PoisonError::into_inner);
        let places = lock().places.len();
        self.look(|connection| {
            // No key is empty.
            let from = from.map_or("", String::as_str);
            let mut statement = connection.prepare(match to {
                Some(_) => "SELECT key, fingerprint, state FROM record WHERE space = ?1 AND key >= ?2 AND key < ?3",
                None => "SELECT key, fingerprint, state FROM record WHERE space = ?1 AND key >= ?2 AND ?3 IS NULL",
            })?;
            let mut rows = statement.query(params![self.space().0, from, to])?;
            let mut waiting = Vec::with_capacity(TOGETHER);
            while let Some(row) = rows.next()? {
                if RecordState::from_code(row.get(2)?) != Some(RecordState::Created) {
                    continue;
                }
                let key = row.get_ref(0)?.as_str()?;
                waiting.push(place_among(places, key, &Fingerprint(row.get(1)?)));
                if waiting.len() == TOGETHER {
                    lock().add_all(&waiting);
                    waiting.clear();
                }
            }
            lock().add_all(&waiting);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_known_by_key_and_fingerprint() {
        let fingerprint = |n: u32| {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&blake3::hash(&n.to_le_bytes()).as_bytes()[..16]);
            Fingerprint(bytes)
        };
        for rows in [0_u32, 1, 7, 5000] {
            let mut done = DoneRows::with_room_for(rows as usize);
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
}
