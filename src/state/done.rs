//! Which rows are done, in eight bytes each: asked once for each row of an export, by many threads.
//!
//! A look-up in `SQLite` costs several times what is done with a row otherwise, so a run that finds most rows done reads
//! the records once instead. A row is known here by a hash of 128 bits over its key and fingerprint: one half gives its
//! place, the other half is what is kept there. A false yes is possible once in 10¹⁷ questions.
//!
//! One thread reads. Two that read towards each other from both ends of the keys take as much work in all.

use std::hash::Hasher as _;

use rusqlite::params;

use super::error::StateError;
use super::reader::StateReader;
use super::record::RecordState;
use super::run::OpenRows;
use crate::partner::Fingerprint;

/// Rows that have their partner, as they were sent.
#[derive(Debug)]
pub struct DoneRows {
    /// Zero is a free place; rows stand at their place or behind it.
    places: Vec<u64>,
    /// How many rows there are.
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

    /// Where a row belongs, and what is put there.
    fn place_of(&self, key: &str, fingerprint: &Fingerprint) -> (usize, u64) {
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write(key.as_bytes());
        let key = hasher.finish();
        let half = |n: usize| {
            let bytes = fingerprint.0.as_chunks::<8>().0;
            bytes.get(n).map_or(0, |b| u64::from_le_bytes(*b))
        };
        // Both halves of a fingerprint are spread evenly, whatever the key is.
        let (at, what) = (half(0) ^ key, half(1) ^ key.rotate_left(32));
        let place = (u128::from(at) * self.places.len() as u128) >> 64;
        (usize::try_from(place).unwrap_or(0), what.max(1))
    }

    /// Where `what` stands from `at` on, or the free place where it would.
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

    /// Puts rows in their places. False, and nothing done, where so many are there that look-ups would be slow.
    fn add_all(&mut self, rows: &[(usize, u64)]) -> bool {
        if self.rows + rows.len() > self.places.len() * 7 / 8 {
            return false;
        }
        self.rows += rows.len();
        for row in rows {
            let at = self.find(*row);
            self.places[at] = row.1;
        }
        true
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

/// Bytes of the file that a record takes at least, with what surrounds it: an id of the API alone has 36. Where records
/// are smaller all the same, the places are doubled and the records read once more.
const BYTES_OF_A_RECORD: i64 = 112;
/// Rows that are put in their places together: the processor waits for many places of memory at once.
const TOGETHER: usize = 1024;
/// Places that are added besides, so that a state without any is doubled too.
const MORE_PLACES: usize = 1024;

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
            match self.gather(rows)? {
                Some(done) => return Ok(Some(done)),
                None => rows = rows * 2 + MORE_PLACES,
            }
        }
    }

    /// The rows that are done; none where there are more than `most`, about.
    fn gather(&self, most: usize) -> Result<Option<DoneRows>, StateError> {
        self.look(|connection| {
            let mut done = DoneRows::with_places_for(most);
            let mut statement = connection
                .prepare("SELECT key, fingerprint, state, hash_key FROM record WHERE space = ?1")?;
            let mut rows = statement.query(params![self.space().0])?;
            let mut waiting = Vec::with_capacity(TOGETHER);
            while let Some(row) = rows.next()? {
                match RecordState::from_code(row.get(2)?) {
                    // Of these it is not known whether they are as they were sent.
                    Some(RecordState::Created) if row.get::<_, i64>(3)? != self.key().0 => {}
                    Some(RecordState::Created) => {
                        let key = row.get_ref(0)?.as_str()?;
                        waiting.push(done.place_of(key, &Fingerprint(row.get(1)?)));
                        if waiting.len() == TOGETHER {
                            if !done.add_all(&waiting) {
                                return Ok(None);
                            }
                            waiting.clear();
                        }
                    }
                    Some(RecordState::Rejected | RecordState::Unsent) => {}
                    Some(RecordState::InFlight | RecordState::InDoubt) | None => {
                        done.open = OpenRows::MayExist;
                    }
                }
            }
            Ok(done.add_all(&waiting).then_some(done))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Claim, Event, OpenRows, Settlement, test_run};
    use super::*;
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
            assert!(done.add_all(&places));
            let contains =
                |key: &str, f: u32| done.contains_all(&mut std::iter::once((key, &fingerprint(f))));
            for n in 0..rows {
                assert!(contains(&format!("K-{n}"), n / 3));
                assert!(!contains(&format!("K-{n}"), n / 3 + rows));
                assert!(!contains(&format!("L-{n}"), n / 3));
            }
            assert!(!contains("K-0", rows + 1));
            // However many more come, some places stay free.
            let more = (0..rows + 10).map(|n| done.place_of(&format!("M-{n}"), &fingerprint(n)));
            let more: Vec<_> = more.collect();
            let added = more.into_iter().filter(|row| done.add_all(&[*row]));
            assert!(added.count() < done.places.len() - rows as usize);
            let (first, last) = (fingerprint(0), fingerprint(rows));
            let both = [("K-0", &first), ("K-0", &last)];
            assert!(!done.contains_all(&mut both.into_iter()));
            assert!(done.contains_all(&mut std::iter::empty()));
        }
    }

    /// Neither rows of one content nor those of one key crowd at one place.
    #[test]
    fn rows_are_spread_over_all_places() {
        let done = DoneRows::with_places_for(0);
        assert!(done.is_empty());
        let mut done = DoneRows::with_places_for(800_000);
        let fingerprint = |n: u32| {
            let mut bytes = [0; 16];
            bytes.copy_from_slice(&blake3::hash(&n.to_le_bytes()).as_bytes()[..16]);
            Fingerprint(bytes)
        };
        for (keys, contents) in [(true, true), (true, false), (false, true)] {
            let rows: Vec<(usize, u64)> = (0..10_000)
                .map(|n| {
                    let key = format!("K-{}", if keys { n } else { 0 });
                    done.place_of(&key, &fingerprint(if contents { n } else { 0 }))
                })
                .collect();
            let distinct = |of: &dyn Fn(&(usize, u64)) -> u64| {
                let all: std::collections::HashSet<u64> = rows.iter().map(of).collect();
                all.len()
            };
            // By chance, fifty of ten thousand meet another one in a million places.
            assert!(distinct(&|row| row.0 as u64) > 9_800, "{keys} {contents}");
            assert_eq!(distinct(&|row| row.1), 10_000);
            let half = done.places.len() / 2;
            let low = rows.iter().filter(|row| row.0 < half).count();
            assert!((4_500..5_500).contains(&low), "{low}");
            let even = rows.iter().filter(|row| row.1 & 1 == 0).count();
            assert!((4_500..5_500).contains(&even), "{even}");
        }
        assert!(done.add_all(&[(0, 1)]));
        assert!(!done.is_empty());
    }

    #[tokio::test]
    async fn what_is_done_is_read_however_many_rows_there_are() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let (state, _) = test_run::begin(&path);
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
        assert!(reader.gather(100).unwrap().is_none());
        assert!(reader.done_rows(1).unwrap().is_none());
        // The records are smaller than is reckoned with, so they are read more than once.
        let pages: i64 = reader
            .look(|c| c.query_row("PRAGMA page_count", [], |r| r.get(0)))
            .unwrap();
        let reckoned = usize::try_from(pages * 4096 / BYTES_OF_A_RECORD).unwrap();
        assert!(reader.gather(reckoned).unwrap().is_none());
        for (most, is_read) in [(reckoned, true), (reckoned - 1, false)] {
            let done = reader.done_rows(most as u64).unwrap();
            assert_eq!(done.is_some(), is_read, "{most}");
        }
        for done in [
            reader.gather(rows as usize).unwrap().unwrap(),
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
