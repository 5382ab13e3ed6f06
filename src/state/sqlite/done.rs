//! Which rows are done, read from the file in one pass.

use std::sync::mpsc::sync_channel;

use rusqlite::params;

use super::super::done::{DoneBatch, DoneRows, MORE_PLACES};
use super::super::error::StateError;
use super::super::record::RecordState;
use super::super::run::OpenRows;
use super::reader::SqliteReader;
use crate::partner::Fingerprint;

/// Bytes of the file that a record takes at least, with what surrounds it: an id of the API alone has 36. Where records
/// are smaller all the same, the places are doubled and the records read once more.
const BYTES_OF_A_RECORD: i64 = 112;
/// Batches between the two threads that gather rows.
const AHEAD: usize = 4;

impl SqliteReader {
    /// Reads which rows are done; none where the state has more records than `most`, about.
    pub(super) fn read_done(&self, most: u64) -> Result<Option<DoneRows>, StateError> {
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

    /// The rows that are done; none where there are more than `most`, about. This thread reads, and another one puts in their
    /// places what it has read: nothing else of a run is to be done by then.
    fn gather(&self, most: usize) -> Result<Option<DoneRows>, StateError> {
        std::thread::scope(|scope| {
            let (batches, inbox) = sync_channel(AHEAD);
            let placing = scope.spawn(move || {
                let mut done = DoneRows::with_places_for(most);
                let fits = inbox.iter().all(|batch| done.add_batch(&batch));
                fits.then_some(done)
            });
            let open = self.each_batch(&mut |batch| batches.send(batch).is_ok());
            drop(batches);
            let done = match placing.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            };
            let open = open?;
            Ok(done.map(|mut done| {
                done.open = open;
                done
            }))
        })
    }

    /// Hands over the rows that are done, batch by batch, until nobody takes them any more. Returns whether others are open.
    fn each_batch(&self, take: &mut dyn FnMut(DoneBatch) -> bool) -> Result<OpenRows, StateError> {
        self.look(|connection| {
            let mut open = OpenRows::NoneExist;
            let mut statement = connection
                .prepare("SELECT key, fingerprint, state, hash_key FROM record WHERE space = ?1")?;
            let mut rows = statement.query(params![self.space().0])?;
            let mut batch = DoneBatch::default();
            while let Some(row) = rows.next()? {
                match RecordState::from_code(row.get(2)?) {
                    // Of these it cannot be told whether they are as they were sent.
                    Some(RecordState::Created) if row.get::<_, i64>(3)? != self.key().0 => {}
                    Some(RecordState::Created) => {
                        batch.push(row.get_ref(0)?.as_str()?, Fingerprint(row.get(1)?));
                        if batch.is_full() && !take(std::mem::take(&mut batch)) {
                            return Ok(open);
                        }
                    }
                    Some(RecordState::Rejected | RecordState::Unsent) => {}
                    Some(RecordState::InFlight | RecordState::InDoubt) | None => {
                        open = OpenRows::MayExist;
                    }
                }
            }
            take(batch);
            Ok(open)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Claim, Event, OpenRows, Settlement, test_run};
    use super::*;
    use crate::partner::{ExternalId, PartnerId, RowKey};

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
        let reader = SqliteReader::find(&path, "t", "m").unwrap().unwrap();
        assert!(reader.gather(100).unwrap().is_none());
        assert!(reader.read_done(1).unwrap().is_none());
        // The records are smaller than is reckoned with, so they are read more than once.
        let pages: i64 = reader
            .look(|c| c.query_row("PRAGMA page_count", [], |r| r.get(0)))
            .unwrap();
        let reckoned = usize::try_from(pages * 4096 / BYTES_OF_A_RECORD).unwrap();
        assert!(reader.gather(reckoned).unwrap().is_none());
        for (most, is_read) in [(reckoned, true), (reckoned - 1, false)] {
            let done = reader.read_done(most as u64).unwrap();
            assert_eq!(done.is_some(), is_read, "{most}");
        }
        for done in [
            reader.gather(rows as usize).unwrap().unwrap(),
            reader.read_done(1_000_000).unwrap().unwrap(),
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
