//! Which import a machine joins: the one of the same files, mapping and options that others are at, or one that it begins.

use std::path::Path;

use postgres::{Row, Transaction};

use super::super::error::StateError;
use super::super::hash_key::KeyNumber;
use super::super::place::StateAddress;
use super::super::share::ImportStart;
use super::super::space::SpaceId;
use super::begin::space_of;
use super::error::Trouble;
use super::imports::LIVE_MACHINE;
use super::lease::Term;
use super::link::{query, values};
use super::schema::one_at_a_time;

/// The piece that is the canary, where there is one.
pub(super) const CANARY: i64 = -1;
/// The piece that is the look on the API before the first create.
pub(super) const LOOK: i64 = 0;
/// The state of a piece that nobody has.
pub(super) const FREE: i64 = 1;

/// Joins an import, or begins one: its space, its number, and how many rows its pieces have.
pub(super) fn join_in(
    t: &mut Transaction<'_>,
    term: &Term,
    start: &ImportStart,
    key: (KeyNumber, &Path),
    state: &StateAddress,
) -> Result<(SpaceId, i64, i64), Trouble> {
    let of = |e: postgres::Error| Trouble::of(&e, state);
    one_at_a_time(t).map_err(of)?;
    let space = space_of(t, &start.target, &start.mapping).map_err(of)?;
    let (import, piece_rows) = match under_way(t, space, term).map_err(of)? {
        Some(open) => {
            let holder: String = open.get(5);
            if let Some(differs) = differs(&open, start) {
                return Err(Trouble::State(StateError::OtherImport {
                    state: state.clone(),
                    holder,
                    differs,
                }));
            }
            if open
                .get::<_, Option<i64>>(8)
                .is_some_and(|of| of != key.0.0)
            {
                return Err(Trouble::State(StateError::OtherKey {
                    state: state.clone(),
                    holder,
                    path: key.1.to_owned(),
                }));
            }
            (open.get(0), open.get(4))
        }
        None => match to_go_on_with(t, space, term, start).map_err(of)? {
            Some(found) => found,
            None => (
                begin_import(t, space, start, key.0).map_err(of)?,
                i64::from(start.piece_rows),
            ),
        },
    };
    let sql = "UPDATE partner_sync.machine SET import = $3, idle = NULL WHERE id = $1 AND gen = $2 RETURNING id";
    let values = values![term.machine => TEXT, term.generation => INT8, import => INT8];
    if query(t, sql, &values).map_err(of)?.is_empty() {
        return Err(Trouble::State(StateError::Taken {
            state: state.clone(),
        }));
    }
    Ok((space, import, piece_rows))
}

/// The import of a space that machines are at, this one too.
fn under_way(
    t: &mut Transaction<'_>,
    space: SpaceId,
    term: &Term,
) -> Result<Option<Row>, postgres::Error> {
    let sql = format!(
        "SELECT i.id, i.source, i.mapping, i.rows, i.piece_rows, m.holder, CASE WHEN i.canary IS NULL THEN i.most END, i.canary,
             i.hash_key
         FROM partner_sync.import i JOIN partner_sync.machine m ON m.import = i.id
         WHERE i.space = $1 AND i.ended IS NULL AND (m.id = $2 OR {LIVE_MACHINE}) ORDER BY m.id = $2, m.started LIMIT 1"
    );
    let open = query(t, &sql, &values![space.0 => INT8, term.machine => TEXT])?;
    Ok(open.into_iter().next())
}

/// In what an import is not the one that is asked for.
fn differs(open: &Row, start: &ImportStart) -> Option<String> {
    let count = |at: usize| open.get::<_, Option<i64>>(at).map(i64::unsigned_abs);
    if open.get::<_, &str>(1) != start.source_digest || count(3) != Some(start.rows) {
        Some("another file".to_owned())
    } else if open.get::<_, &str>(2) != start.mapping_digest {
        Some("another mapping or other options".to_owned())
    } else {
        other_number("--limit", count(6), start.limit)
            .or_else(|| other_number("--canary", count(7), start.canary))
    }
}

/// Both numbers of an option, where they are not the same.
fn other_number(option: &str, there: Option<u64>, here: Option<u64>) -> Option<String> {
    let words = match (there, here) {
        (there, here) if there == here => return None,
        (Some(there), Some(here)) => {
            format!("with {option} {there} (this command has {option} {here})")
        }
        (Some(there), None) => format!("with {option} {there} (this command has none)"),
        (None, here) => {
            let here = here.unwrap_or_default();
            format!("without {option} (this command has {option} {here})")
        }
    };
    Some(words)
}

/// The same import where nobody is at it any more, and what was sent still counts: it came to its end after this machine had
/// begun, so that this is one of its machines; or its last machine died. An import without limit and canary has nothing to count.
fn to_go_on_with(
    t: &mut Transaction<'_>,
    space: SpaceId,
    term: &Term,
    start: &ImportStart,
) -> Result<Option<(i64, i64)>, postgres::Error> {
    let [limit, canary] = [start.limit, start.canary].map(optional);
    let sql = "SELECT i.id, i.piece_rows FROM partner_sync.import i JOIN partner_sync.machine me ON me.id = $2
               WHERE i.space = $1 AND i.source = $3 AND i.mapping = $4 AND i.rows = $5
                 AND i.canary IS NOT DISTINCT FROM $7 AND (i.canary IS NOT NULL OR i.most = $6)
                 AND (i.ended > me.started OR i.ended IS NULL AND EXISTS (
                     SELECT 1 FROM partner_sync.machine m WHERE m.import = i.id AND m.ended IS NULL))
               ORDER BY i.id DESC LIMIT 1";
    let values = values![
        space.0 => INT8, term.machine => TEXT, start.source_digest => TEXT, start.mapping_digest => TEXT,
        number(start.rows) => INT8, limit => INT8, canary => INT8,
    ];
    let found = query(t, sql, &values)?;
    let Some(found) = found.first() else {
        return Ok(None);
    };
    let (import, piece_rows) = (found.get(0), found.get(1));
    let sql = "UPDATE partner_sync.import SET ended = NULL, complete = false WHERE id = $1";
    query(t, sql, &values![import => INT8])?;
    Ok(Some((import, piece_rows)))
}

fn begin_import(
    t: &mut Transaction<'_>,
    space: SpaceId,
    start: &ImportStart,
    key: KeyNumber,
) -> Result<i64, postgres::Error> {
    // Those that nobody is at any more do not go on.
    let sql = "UPDATE partner_sync.import SET ended = clock_timestamp() WHERE space = $1 AND ended IS NULL";
    query(t, sql, &values![space.0 => INT8])?;
    let sql = "INSERT INTO partner_sync.import (id, space, source, mapping, rows, piece_rows, most, canary, hash_key, started)
               SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() FROM partner_sync.import
               RETURNING id";
    let (rows, piece_rows) = (number(start.rows), i64::from(start.piece_rows));
    let (most, canary) = (
        optional(start.canary.or(start.limit)),
        optional(start.canary),
    );
    let values = values![
        space.0 => INT8, start.source_digest => TEXT, start.mapping_digest => TEXT, rows => INT8, piece_rows => INT8,
        most => INT8, canary => INT8, key.0 => INT8,
    ];
    let import: i64 = query(t, sql, &values)?.first().map_or(0, |row| row.get(0));
    let first = if start.canary.is_some() { CANARY } else { LOOK };
    let last = rows.div_euclid(piece_rows.max(1)) + 1;
    let sql = "INSERT INTO partner_sync.piece (import, n, state) SELECT $1, n, $4 FROM generate_series($2::bigint, $3) AS n";
    let values = values![import => INT8, first => INT8, last => INT8, FREE => INT8];
    query(t, sql, &values)?;
    Ok(import)
}

fn number(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

fn optional(of: Option<u64>) -> Option<i64> {
    of.map(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_numbers_of_an_option_are_named() {
        for (there, here, expected) in [
            (None, None, None),
            (Some(5), Some(5), None),
            (
                Some(10),
                Some(5),
                Some("with --limit 10 (this command has --limit 5)"),
            ),
            (
                Some(0),
                None,
                Some("with --limit 0 (this command has none)"),
            ),
            (
                None,
                Some(5),
                Some("without --limit (this command has --limit 5)"),
            ),
        ] {
            let words = other_number("--limit", there, here);
            assert_eq!(words.as_deref(), expected);
        }
    }
}
