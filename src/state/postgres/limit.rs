//! How many rows the machines of an import may send together: a count on the import, which moves in the transaction that claims
//! rows, or that notes that one was not made.
//!
//! A row counts from its claim on, for as long as it is not proved that nothing was made of it: also while it is in doubt, and
//! whichever machine has it by then. So more rows than the limit are never on their way, whatever dies or is suspended.

use postgres::GenericClient;

use super::super::command::Command;
use super::super::note::Settlement;
use super::super::record::{Event, RecordState, step};
use super::error::Trouble;
use super::link::{query, values};
use super::owner::{Owner, text};

/// The import that a machine shares, where the number of its rows is limited.
pub(super) fn of_machine(
    c: &mut impl GenericClient,
    machine: &str,
) -> Result<Option<i64>, postgres::Error> {
    let sql =
        "SELECT i.id FROM partner_sync.machine m JOIN partner_sync.import i ON i.id = m.import
               WHERE m.id = $1 AND i.most IS NOT NULL";
    let rows = query(c, sql, &values![machine => TEXT])?;
    Ok(rows.first().map(|row| row.get(0)))
}

/// Keeps other machines from moving the count until the transaction ends, where these commands may move it. Before any row is
/// locked, so that no two machines wait for each other.
pub(super) fn hold(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    commands: &[Command],
) -> Result<(), Trouble> {
    let moves = |command: &Command| matches!(command, Command::Claim(_) | Command::Settle(_));
    if commands.iter().any(moves) {
        left(c, owner)?;
    }
    Ok(())
}

/// The same for all imports of the owner's space, for whoever moves rows of any of them.
pub(super) fn hold_all(c: &mut impl GenericClient, owner: &Owner<'_>) -> Result<(), Trouble> {
    let sql = "SELECT id FROM partner_sync.import WHERE space = $1 AND most IS NOT NULL AND ended IS NULL ORDER BY id FOR UPDATE";
    query(c, sql, &values![owner.space.0 => INT8])
        .map_err(owner.trouble())
        .map(drop)
}

/// Rows that may still be claimed; none where their number is not limited.
pub(super) fn left(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
) -> Result<Option<usize>, Trouble> {
    let Some(import) = owner.limited else {
        return Ok(None);
    };
    let sql = "SELECT most - sent FROM partner_sync.import WHERE id = $1 FOR UPDATE";
    let rows = query(c, sql, &values![import => INT8]).map_err(owner.trouble())?;
    let left = rows.first().and_then(|row| row.get::<_, Option<i64>>(0));
    Ok(left.map(|left| usize::try_from(left).unwrap_or(0)))
}

/// Rows were claimed.
pub(super) fn have_sent(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    rows: usize,
) -> Result<(), Trouble> {
    let rows = i64::try_from(rows).unwrap_or(i64::MAX);
    let sql = "UPDATE partner_sync.import SET sent = sent + $2 WHERE id = $1 AND $2 > 0";
    move_count(c, owner, rows, sql)
}

/// Rows that count and that these settlements say nothing was made of. Asked before they are applied. What an earlier import
/// has sent does not count for this one.
pub(super) fn unmade(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    settlements: &[Settlement],
) -> Result<i64, Trouble> {
    let Some(import) = owner.limited else {
        return Ok(0);
    };
    let keys: Vec<_> = settlements
        .iter()
        .filter(|s| proves_unmade(s.event))
        .map(|s| text(s.key.as_str()))
        .collect();
    if keys.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "SELECT count(*) FROM (SELECT $1::bigint AS space, u.key FROM unnest($2::text[]) AS u (key) OFFSET 0) AS t
         JOIN partner_sync.record r ON r.space = t.space AND r.key = t.key
         WHERE r.state IN ({}, {}) AND r.machine = $3 AND r.gen = $4
           AND r.run IN (SELECT m.run FROM partner_sync.machine m WHERE m.import = $5)",
        RecordState::InFlight.code(),
        RecordState::InDoubt.code()
    );
    let values = values![
        owner.space.0 => INT8, keys => TEXT_ARRAY, owner.machine => TEXT, owner.generation => INT8, import => INT8,
    ];
    let rows = query(c, &sql, &values).map_err(owner.trouble())?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

fn proves_unmade(event: Event) -> bool {
    let on_its_way = [RecordState::InFlight, RecordState::InDoubt];
    let to = |from| step(Some(from), event).ok();
    on_its_way
        .into_iter()
        .any(|from| to(from) == Some(RecordState::Unsent))
}

/// Others may be sent in their place, by whichever machine has some.
pub(super) fn give_back(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    rows: i64,
) -> Result<(), Trouble> {
    let sql = "UPDATE partner_sync.import SET sent = greatest(0, sent - $2), changes = changes + 1 WHERE id = $1 AND $2 > 0";
    move_count(c, owner, rows, sql)
}

/// Rows of these runs had been proved unmade and were made after all, as answers say that came late: they count again.
pub(super) fn count_again(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    rows: &[(i64, i64)],
) -> Result<(), Trouble> {
    for (run, rows) in rows.iter().filter(|(_, rows)| *rows > 0) {
        let sql = "UPDATE partner_sync.import i SET sent = sent + $2
                   FROM partner_sync.machine m WHERE m.run = $1 AND i.id = m.import AND i.most IS NOT NULL";
        query(c, sql, &values![run => INT8, rows => INT8]).map_err(owner.trouble())?;
    }
    Ok(())
}

fn move_count(
    c: &mut impl GenericClient,
    owner: &Owner<'_>,
    rows: i64,
    sql: &str,
) -> Result<(), Trouble> {
    let Some(import) = owner.limited.filter(|_| rows > 0) else {
        return Ok(());
    };
    let values = values![import => INT8, rows => INT8];
    query(c, sql, &values).map_err(owner.trouble()).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_counts_until_it_is_proved_that_nothing_was_made() {
        let unmade: Vec<Event> = Event::ALL
            .into_iter()
            .filter(|e| proves_unmade(*e))
            .collect();
        let expected = [
            Event::NotCreated,
            Event::ConfirmedAbsent,
            Event::ReconciledAsAbsent,
            Event::ResolvedAsAbsent,
        ];
        assert_eq!(unmade, expected);
    }
}
