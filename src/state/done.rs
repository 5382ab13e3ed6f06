//! Which rows are done, in eight bytes each: asked once for each row of an export, by many threads.
//!
//! A look-up in `SQLite` costs several times what is done with a row otherwise, so a run that finds most rows done reads
//! the records once instead. A row is known here by a hash of 128 bits over its key and fingerprint: one half gives its
//! place, the other half is what is kept there. A false yes is possible once in 10¹⁷ questions.
//!
//! Where reading is a matter of the processor, as in a file, one thread reads and another one hashes and puts rows in their
//! places, which is half of the work. Two that read towards each other from both ends of the keys take no less in all.

use std::hash::Hasher as _;

use super::run::OpenRows;
use crate::partner::Fingerprint;

/// Rows that have their partner, as they were sent.
#[derive(Debug)]
pub struct DoneRows {
    /// Zero is a free place; rows stand at their place or behind it.
    places: Vec<u64>,
    /// How many rows there are.
    rows: usize,
    pub(super) open: OpenRows,
}

impl DoneRows {
    /// For about so many rows.
    pub(super) fn with_places_for(rows: usize) -> Self {
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
    pub(super) fn place_of(&self, key: &str, fingerprint: &Fingerprint) -> (usize, u64) {
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
    pub(super) fn add_all(&mut self, rows: &[(usize, u64)]) -> bool {
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

    /// The same with rows as they were read.
    pub(super) fn add_batch(&mut self, batch: &DoneBatch) -> bool {
        let rows: Vec<(usize, u64)> = batch.rows().map(|(key, f)| self.place_of(key, f)).collect();
        self.add_all(&rows)
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

/// Rows that were read and have no place yet.
#[derive(Debug, Default)]
pub(super) struct DoneBatch {
    /// Their keys, one behind the other.
    keys: String,
    /// Where each key ends, and the row's fingerprint.
    rows: Vec<(usize, Fingerprint)>,
}

impl DoneBatch {
    pub(super) fn push(&mut self, key: &str, fingerprint: Fingerprint) {
        self.keys.push_str(key);
        self.rows.push((self.keys.len(), fingerprint));
    }

    pub(super) fn is_full(&self) -> bool {
        self.rows.len() >= TOGETHER
    }

    fn rows(&self) -> impl Iterator<Item = (&str, &Fingerprint)> {
        let mut from = 0;
        self.rows.iter().map(move |(to, fingerprint)| {
            let key = &self.keys[from..*to];
            from = *to;
            (key, fingerprint)
        })
    }
}

/// Rows that are put in their places together: the processor waits for many places of memory at once.
pub(super) const TOGETHER: usize = 1024;
/// Places that are added besides where there were too few, so that a state without any is doubled too.
pub(super) const MORE_PLACES: usize = 1024;

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
}
