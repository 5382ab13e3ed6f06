//! Imports that machines share or shared: how far each is, and who did what of it.

use postgres::{GenericClient, Row};

use super::super::error::StateError;
use super::super::imports::{CreatedRow, StoredImport};
use super::super::machines::Standing;
use super::super::record::RecordState;
use super::super::share::{ImportProgress, MachineOfImport};
use super::super::space::SpaceId;
use super::link::{Link, Value, query, values};

/// `schema::LIVE`, of a machine that is named `m`.
pub(super) const LIVE_MACHINE: &str =
    "m.until > clock_timestamp() AND m.lost_at IS NULL AND m.ended IS NULL";

/// RFC 3339 in UTC.
pub(super) fn shown(moment: &str) -> String {
    format!("to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')")
}

/// How far an import is, or each that is under way: of a machine that is gone, only the rows of pieces that are done, since
/// others take the rest.
pub(super) fn progress_of(
    client: &mut impl GenericClient,
    import: Option<i64>,
) -> Result<Vec<ImportProgress>, postgres::Error> {
    let sql = format!(
        "SELECT i.id, i.rows,
             CASE WHEN i.complete THEN i.rows ELSE least(i.rows, greatest(
                 coalesce(max(m.ahead), 0) + coalesce(sum(CASE WHEN {LIVE_MACHINE} THEN m.done ELSE m.settled END), 0),
                 coalesce(sum(m.created + m.adopted + m.rejected), 0)))::bigint END,
             coalesce(sum(m.created), 0)::bigint, coalesce(sum(m.adopted), 0)::bigint, coalesce(sum(m.rejected), 0)::bigint,
             count(m.id) FILTER (WHERE {LIVE_MACHINE}),
             extract(epoch FROM coalesce(i.ended, clock_timestamp()) - i.started)::float8
         FROM partner_sync.import i LEFT JOIN partner_sync.machine m ON m.import = i.id
         WHERE i.id = $1 OR $1 IS NULL AND i.ended IS NULL
         GROUP BY i.id, i.rows, i.complete, i.ended, i.started ORDER BY i.id"
    );
    let rows = query(client, &sql, &values![import => INT8])?;
    Ok(rows.iter().map(progress).collect())
}

fn count(row: &Row, at: usize) -> u64 {
    row.get::<_, i64>(at).unsigned_abs()
}

fn progress(row: &Row) -> ImportProgress {
    ImportProgress {
        import: row.get(0),
        rows: count(row, 1),
        done: count(row, 2),
        created: count(row, 3),
        adopted: count(row, 4),
        rejected: count(row, 5),
        machines: count(row, 6),
        seconds: row.get(7),
    }
}

/// How a machine stands: whether it ended, was lost, is gone for certain, and whether its lease holds.
pub(super) fn standing(ended_lost_died_holds: [bool; 4]) -> Standing {
    match ended_lost_died_holds {
        [true, ..] => Standing::Ended,
        [_, true, true, _] => Standing::Gone,
        [_, true, ..] => Standing::Lost,
        [_, _, _, true] => Standing::AtWork,
        _ => Standing::Silent,
    }
}

/// The machines that joined an import, the first one first.
pub(super) fn machines_of(
    client: &mut impl GenericClient,
    import: i64,
) -> Result<Vec<MachineOfImport>, postgres::Error> {
    let sql = format!(
        "SELECT m.id, m.name, m.ended IS NOT NULL, m.lost_at IS NOT NULL, m.died, m.until > clock_timestamp(), run.name,
             {}, {}, m.created, m.adopted, m.rejected
         FROM partner_sync.machine m LEFT JOIN partner_sync.run ON run.id = m.run
         WHERE m.import = $1 ORDER BY m.started, m.id",
        shown("m.started"),
        shown("coalesce(m.ended, CASE WHEN m.until <= clock_timestamp() THEN m.until END)"),
    );
    let rows = query(client, &sql, &values![import => INT8])?;
    let machine = |row: &Row| MachineOfImport {
        machine: row.get(0),
        host: row.get(1),
        standing: standing([2_usize, 3, 4, 5].map(|at| row.get(at))),
        run: row.get(6),
        started: row.get(7),
        ended: row.get(8),
        created: count(row, 9),
        adopted: count(row, 10),
        rejected: count(row, 11),
    };
    Ok(rows.iter().map(machine).collect())
}

/// One import, as it is kept.
pub(super) fn import(link: &Link, number: i64) -> Result<Option<StoredImport>, StateError> {
    let sql = format!(
        "SELECT i.id, s.id, s.target, s.mapping, i.source, i.mapping, i.rows, {}, i.complete,
             extract(epoch FROM coalesce(i.ended, clock_timestamp()) - i.started)::float8
         FROM partner_sync.import i JOIN partner_sync.space s ON s.id = i.space WHERE i.id = $1",
        shown("i.started")
    );
    link.look(|client| {
        let rows = query(client, &sql, &values![number => INT8])?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(StoredImport {
            import: row.get(0),
            space: SpaceId(row.get(1)),
            target: row.get(2),
            mapping: row.get(3),
            source_digest: row.get(4),
            mapping_digest: row.get(5),
            rows: count(row, 6),
            started: row.get(7),
            is_complete: row.get(8),
            seconds: row.get(9),
            machines: machines_of(client, number)?,
        }))
    })
}

/// The runs of an import, `$2`.
const ITS_RUNS: &str = "SELECT run FROM partner_sync.machine WHERE import = $2";

/// How the records stand that the machines of an import were the last to settle.
pub(super) fn standing_of(
    link: &Link,
    import: &StoredImport,
) -> Result<Vec<(RecordState, u64)>, StateError> {
    let sql = format!(
        "SELECT state, count(*) FROM partner_sync.record WHERE space = $1 AND run IN ({ITS_RUNS}) GROUP BY state"
    );
    let values = values![import.space.0 => INT8, import.import => INT8];
    let rows = link.look(|client| query(client, &sql, &values))?;
    let one = |row: &Row| Some((RecordState::from_code(row.get(0))?, count(row, 1)));
    Ok(rows.iter().filter_map(one).collect())
}

/// Hands over the rows that the machines of an import gave their partners.
pub(super) fn each_created(
    link: &Link,
    import: &StoredImport,
    each: &mut dyn FnMut(CreatedRow<'_>),
) -> Result<(), StateError> {
    let sql = format!(
        "SELECT r.key, r.legacy, coalesce(r.partner, ''), run.name, r.attempts = 0
         FROM partner_sync.record r JOIN partner_sync.run ON run.id = r.run
         WHERE r.space = $1 AND r.state = {} AND r.run IN ({ITS_RUNS}) ORDER BY r.key",
        RecordState::Created.code()
    );
    let values: [Value<'_>; 2] = values![import.space.0 => INT8, import.import => INT8];
    link.each(&sql, &values, &mut |row| {
        each(CreatedRow {
            key: row.get(0),
            legacy_identifier: row.get(1),
            partner: row.get(2),
            run: row.get(3),
            is_adopted: row.get(4),
        });
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ended, lost, gone for certain, with a lease that holds.
    #[test]
    fn a_machine_stands_by_what_is_known_of_it() {
        for (known, expected) in [
            ([true, false, false, true], Standing::Ended),
            ([true, true, true, false], Standing::Ended),
            ([false, true, true, false], Standing::Gone),
            ([false, true, false, false], Standing::Lost),
            ([false, true, false, true], Standing::Lost),
            ([false, false, false, true], Standing::AtWork),
            ([false, false, true, true], Standing::AtWork),
            ([false, false, false, false], Standing::Silent),
            ([false, false, true, false], Standing::Silent),
        ] {
            assert_eq!(standing(known), expected, "{known:?}");
        }
    }
}
