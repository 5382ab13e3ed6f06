//! The machines of a database, for people; and what a person knows of one that is lost.

use postgres::error::SqlState;
use postgres::{Row, Transaction};

use super::super::error::StateError;
use super::super::machines::{ImportRow, MachineRow, Machines, PastImport, RateRow};
use super::super::record::RecordState;
use super::super::share::ImportProgress;
use super::imports::{progress_of, shown, standing};
use super::link::{Link, query, values};
use super::schema::LIVE;

/// Imports that are over, and are shown.
const PAST: u32 = 10;

/// Records whose machine is waited for. Where the outcome became known by a look-up, nothing is waited for any more, although it
/// stays noted who was lost.
pub(super) const WAITED_FOR: &str = "lost_at IS NOT NULL AND state IN (1, 4)";

/// What machines share at this moment.
pub(super) fn machines(link: &Link) -> Result<Machines, StateError> {
    link.look(|client| {
        let in_flight = RecordState::InFlight.code();
        let open = "SELECT id FROM partner_sync.import WHERE ended IS NULL";
        let sql = format!(
            "SELECT m.*, run.name FROM (
                 SELECT id, name, holder, ended IS NOT NULL, lost_at IS NOT NULL, died, until > clock_timestamp(),
                     extract(epoch FROM until - clock_timestamp())::float8, run, import,
                     (SELECT count(*) FROM partner_sync.piece p WHERE p.machine = machine.id AND p.state = 2),
                     coalesce(u.in_flight, 0), coalesce(u.waited_for, 0), started
                 FROM partner_sync.machine LEFT JOIN (
                     SELECT machine, sum(in_flight)::bigint AS in_flight, sum(waited_for)::bigint AS waited_for FROM (
                         SELECT machine, 1 AS in_flight, 0 AS waited_for FROM partner_sync.record WHERE state = {in_flight}
                         UNION ALL SELECT unnest(lost_machines), 0, 1 FROM partner_sync.record WHERE {WAITED_FOR}) each
                     GROUP BY machine) u ON u.machine = machine.id
                 WHERE ended IS NULL AND (lost_at IS NULL OR u.waited_for > 0) OR import IN ({open})) m
             LEFT JOIN partner_sync.run ON run.id = m.run ORDER BY m.started, m.id"
        );
        let machines = query(client, &sql, &[])?.iter().map(machine).collect();
        let live = format!("SELECT count(*) FROM partner_sync.machine m WHERE m.import = i.id AND {LIVE}");
        let sql = format!(
            "SELECT i.id, s.target, s.mapping, i.rows, to_char(i.started AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),
                 count(*) FILTER (WHERE p.state = 1), count(*) FILTER (WHERE p.state = 2), count(*) FILTER (WHERE p.state = 3),
                 ({live})
             FROM partner_sync.import i JOIN partner_sync.space s ON s.id = i.space
             LEFT JOIN partner_sync.piece p ON p.import = i.id AND p.n > 0
             WHERE i.ended IS NULL GROUP BY i.id, s.target, s.mapping, i.rows, i.started ORDER BY i.id"
        );
        let progress = progress_of(client, None)?;
        let imports = query(client, &sql, &[])?;
        let imports = imports.iter().map(|row| import(row, &progress)).collect();
        let past = query(client, &past_imports(), &[])?;
        let past = past.iter().map(past_import).collect();
        let sql = "SELECT target, asked, least(asked, cut), extract(epoch FROM paused_until - clock_timestamp())::float8
                   FROM partner_sync.pace WHERE tat > clock_timestamp() - interval '1 minute' ORDER BY target";
        let rates = match query(client, sql, &[]) {
            // The table is not logged, so a standby has none of it.
            Err(error) if error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) => Vec::new(),
            rates => rates?.iter().map(rate).collect(),
        };
        Ok(Machines { machines, imports, past, rates })
    })
}

fn count(row: &Row, at: usize) -> u64 {
    row.get::<_, i64>(at).unsigned_abs()
}

fn machine(row: &Row) -> MachineRow {
    let is = |at: usize| row.get::<_, bool>(at);
    MachineRow {
        machine: row.get(0),
        host: row.get(1),
        holder: row.get(2),
        standing: standing([3, 4, 5, 6].map(is)),
        lease_seconds: row.get(7),
        import: row.get(9),
        pieces: count(row, 10),
        in_flight: count(row, 11),
        waited_for: count(row, 12),
        run: row.get(14),
    }
}

fn import(row: &Row, progress: &[ImportProgress]) -> ImportRow {
    let number: i64 = row.get(0);
    let at = progress.iter().find(|p| p.import == number);
    let at = at.cloned().unwrap_or_default();
    ImportRow {
        rows_done: at.done,
        created: at.created,
        adopted: at.adopted,
        rejected: at.rejected,
        seconds: at.seconds,
        import: number,
        target: row.get(1),
        mapping: row.get(2),
        rows: count(row, 3),
        started: row.get(4),
        free: count(row, 5),
        taken: count(row, 6),
        done: count(row, 7),
        machines: count(row, 8),
    }
}

/// The newest imports that are over.
fn past_imports() -> String {
    format!(
        "SELECT i.id, s.target, s.mapping, i.rows, {}, {}, i.complete, count(m.id),
             coalesce(sum(m.created), 0)::bigint, coalesce(sum(m.adopted), 0)::bigint, coalesce(sum(m.rejected), 0)::bigint
         FROM partner_sync.import i JOIN partner_sync.space s ON s.id = i.space
         LEFT JOIN partner_sync.machine m ON m.import = i.id
         WHERE i.ended IS NOT NULL GROUP BY i.id, s.target, s.mapping, i.rows, i.started, i.ended, i.complete
         ORDER BY i.id DESC LIMIT {PAST}",
        shown("i.started"),
        shown("i.ended")
    )
}

fn past_import(row: &Row) -> PastImport {
    PastImport {
        import: row.get(0),
        target: row.get(1),
        mapping: row.get(2),
        rows: count(row, 3),
        started: row.get(4),
        ended: row.get(5),
        complete: row.get(6),
        machines: count(row, 7),
        created: count(row, 8),
        adopted: count(row, 9),
        rejected: count(row, 10),
    }
}

fn rate(row: &Row) -> RateRow {
    RateRow {
        target: row.get(0),
        asked: row.get(1),
        rate: row.get(2),
        paused_seconds: row.get::<_, Option<f64>>(3).filter(|left| *left > 0.0),
    }
}

/// Notes that a machine was seen to be gone: nothing of it can be sent any more. `None` where it still has its lease or is not
/// known, else for how many rows it was waited for.
pub(super) fn is_gone(
    t: &mut Transaction<'_>,
    machine: &str,
) -> Result<Option<u64>, postgres::Error> {
    let sql = format!(
        "UPDATE partner_sync.machine SET died = true WHERE id = $1 AND NOT ({LIVE}) RETURNING id"
    );
    if query(t, &sql, &values![machine => TEXT])?.is_empty() {
        return Ok(None);
    }
    // What no other machine may still send either: from now on a look-up that does not find it proves something.
    let sql = format!(
        "UPDATE partner_sync.record SET lost_machines = array_remove(lost_machines, $1),
                   lost_at = CASE WHEN lost_machines <@ ARRAY[$1] THEN NULL ELSE lost_at END
               WHERE {WAITED_FOR} AND $1 = ANY (lost_machines) RETURNING key"
    );
    Ok(Some(query(t, &sql, &values![machine => TEXT])?.len() as u64))
}
