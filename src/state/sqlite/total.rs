//! How many partners of the API the state knows of, for each space: those that the API had when the rows of the space
//! were last compared with it, and those that were created since. Where the API has more, some may be of rows that this
//! state knows nothing of.
//!
//! It is raised in the commit that records a created row, so that a run that is killed leaves it right. A create of any
//! space of a target raises it for all of them, since the total is the API's.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::note::Settlement;
use super::super::record::Event;
use super::super::space::SpaceId;

/// Where `meta` keeps the run that compared the rows of a space: what was sent before it is in the total already.
fn compared_by(space: i64) -> String {
    format!("total_run/{space}")
}

/// Notes that the rows of a space were compared with an API that has so many partners.
pub(super) fn set(c: &Connection, space: SpaceId, run: i64, total: u64) -> rusqlite::Result<()> {
    let total = i64::try_from(total).unwrap_or(i64::MAX);
    c.execute(
        "UPDATE space SET total = ?2 WHERE id = ?1",
        params![space.0, total],
    )?;
    c.execute(
        "INSERT INTO meta (name, value) VALUES (?1, CAST(CAST(?2 AS TEXT) AS BLOB))
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        params![compared_by(space.0), run],
    )?;
    Ok(())
}

/// The runs that sent the rows of these settlements which turn out to have their partners; not those that somebody else
/// made. Asked before they are applied.
pub(super) fn senders(
    c: &Connection,
    space: SpaceId,
    run: i64,
    settlements: &[Settlement],
) -> rusqlite::Result<Vec<(i64, u64)>> {
    let created = settlements.iter().filter(|s| s.event == Event::Created);
    let mut senders = vec![(run, created.count() as u64)];
    let found = settlements
        .iter()
        .filter(|s| s.event == Event::FoundRemotely && s.adopted.is_none());
    for settlement in found {
        let sender: Option<i64> = c
            .prepare_cached(
                "SELECT run FROM record WHERE space = ?1 AND key = ?2 AND attempts > 0",
            )?
            .query_row(params![space.0, settlement.key.as_str()], |r| r.get(0))
            .optional()?;
        senders.extend(sender.map(|run| (run, 1)));
    }
    senders.retain(|(_, count)| *count > 0);
    Ok(senders)
}

/// Adds partners to the totals of all spaces of the target, as far as these were compared before they were sent.
pub(super) fn add(c: &Connection, space: SpaceId, senders: &[(i64, u64)]) -> rusqlite::Result<()> {
    let mut statement = c.prepare_cached(
        "UPDATE space SET total = total + ?3
         WHERE total IS NOT NULL AND target = (SELECT target FROM space WHERE id = ?1)
           AND ?2 >= (SELECT CAST(CAST(value AS TEXT) AS INTEGER) FROM meta WHERE name = 'total_run/' || space.id)",
    )?;
    for (run, count) in senders {
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        statement.execute(params![space.0, run, count])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::super::{Claim, OpenRows, RunId, RunStart, Settlement, StateWriter};
    use super::super::begin as begin_in;
    use super::super::reader::SqliteReader;
    use super::*;
    use crate::clock::Clock;
    use crate::partner::{ExternalId, Fingerprint, PartnerId, RowKey};
    use crate::state::Reader as _;

    fn begin(path: &Path, mapping: &str) -> StateWriter {
        let start = RunStart {
            id: RunId::new(&Clock::System),
            command: "import",
            target: "http://t".to_owned(),
            mapping: mapping.to_owned(),
            files: String::new(),
            open: OpenRows::MayExist,
        };
        begin_in(path, &start, &Clock::System).unwrap().0
    }

    fn claim(key: &str) -> Claim {
        Claim {
            key: RowKey::new(key),
            fingerprint: Fingerprint([0; 16]),
            legacy_identifier: ExternalId::new(key),
            business_name: String::new(),
        }
    }

    fn settlement(key: &str, event: Event) -> Settlement {
        let mut settlement = Settlement::new(RowKey::new(key), event);
        settlement.partner = Some(PartnerId::new(key));
        settlement
    }

    async fn settle(state: &StateWriter, key: &str, event: Event) {
        state.settle(vec![settlement(key, event)]).await.unwrap();
    }

    fn total(state: &StateWriter) -> Option<u64> {
        state.reader().unwrap().total().unwrap()
    }

    #[tokio::test]
    async fn what_is_created_is_known_of_at_once_and_in_all_spaces_that_were_compared() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        begin(&path, "two").remember_total(12, None).await.unwrap();
        drop(begin(&path, "3"));
        let one = begin(&path, "one");
        one.remember_total(10, None).await.unwrap();
        one.claim(vec![claim("a"), claim("b"), claim("c")])
            .await
            .unwrap();
        settle(&one, "a", Event::Created).await;
        settle(&one, "b", Event::Rejected).await;
        settle(&one, "c", Event::OutcomeUnknown).await;
        let of = |mapping| SqliteReader::find(&path, "http://t", mapping).unwrap();
        let totals = ["one", "two", "3"].map(|m| of(m).unwrap().total().unwrap());
        // "two" was compared by an earlier run, so what this one sent comes on top.
        assert_eq!(totals, [Some(11), Some(13), None]);
    }

    #[tokio::test]
    async fn what_was_sent_before_a_comparison_is_not_counted_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let first = begin(&path, "one");
        first.remember_total(0, None).await.unwrap();
        first
            .claim(["a", "b", "x"].map(claim).to_vec())
            .await
            .unwrap();
        settle(&first, "a", Event::OutcomeUnknown).await;
        // Another run finds what the first sent: it was not counted yet.
        let second = begin(&path, "one");
        settle(&second, "a", Event::FoundRemotely).await;
        assert_eq!(total(&second), Some(1));
        // Once the API was asked again, it has what was sent before.
        let third = begin(&path, "one");
        third.remember_total(2, None).await.unwrap();
        settle(&third, "b", Event::FoundRemotely).await;
        assert_eq!(total(&third), Some(2));
        // What somebody else made was never sent.
        let mut adopted = settlement("y", Event::FoundRemotely);
        adopted.adopted = Some(claim("y"));
        third.settle(vec![adopted]).await.unwrap();
        assert_eq!(total(&third), Some(2));
    }
}
