//! Spaces of one address and mapping that an older program kept apart, for it compared addresses letter by letter.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::super::address::address_of;
use super::super::error::StateError;
use super::super::record::RecordState;

/// A space as it is stored.
struct Stored {
    id: i64,
    target: String,
    mapping: String,
}

fn all(c: &Connection) -> rusqlite::Result<Vec<Stored>> {
    c.prepare("SELECT id, target, mapping FROM space ORDER BY id")?
        .query_map([], |r| {
            Ok(Stored {
                id: r.get(0)?,
                target: r.get(1)?,
                mapping: r.get(2)?,
            })
        })?
        .collect()
}

/// Whether an address of a space is spelled otherwise than it should be.
pub(super) fn is_due(c: &Connection, path: &Path) -> Result<bool, StateError> {
    let spaces = all(c).map_err(|e| StateError::sqlite(path, e))?;
    Ok(spaces.iter().any(|s| s.target != address_of(&s.target)))
}

/// Gives each address its one spelling. Where that makes one space of two, all that they know becomes one's. The caller
/// holds the [`super::FileLock`].
pub(super) fn spaces(c: &mut Connection, path: &Path) -> Result<(), StateError> {
    if !is_due(c, path)? {
        return Ok(());
    }
    let mut unite_all = || -> rusqlite::Result<()> {
        let transaction = c.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let spaces = all(&transaction)?;
        for space in &spaces {
            let target = address_of(&space.target);
            // The space that has the spelling already, else the oldest: that one is renamed.
            let is_same = |other: &&Stored| {
                other.mapping == space.mapping && address_of(&other.target) == target
            };
            let same = || spaces.iter().filter(is_same);
            let spelled = same().find(|s| s.target == target);
            match spelled.or_else(|| same().next()) {
                Some(to) if to.id != space.id => merge(&transaction, space.id, to.id)?,
                _ => {
                    let sql = "UPDATE space SET target = ?2 WHERE id = ?1";
                    transaction.execute(sql, params![space.id, target])?;
                }
            }
        }
        transaction.commit()
    };
    unite_all().map_err(|e| StateError::sqlite(path, e))
}

/// Which record of a key stays: one with a partner, the older one of two; else one whose outcome is unknown, and of these
/// the one that is settled later; else the newer one.
fn rank(of: &str) -> String {
    let (created, in_flight, in_doubt) = (
        RecordState::Created.code(),
        RecordState::InFlight.code(),
        RecordState::InDoubt.code(),
    );
    format!(
        "CASE {of}.state WHEN {created} THEN 3 WHEN {in_flight} THEN 2 WHEN {in_doubt} THEN 1 ELSE 0 END"
    )
}

/// Gives all that one space knows to another, and takes the first one away.
fn merge(transaction: &Transaction<'_>, from: i64, to: i64) -> rusqlite::Result<()> {
    let (mine, theirs) = (rank("a"), rank("b"));
    let pairs = "record a JOIN record b ON b.key = a.key WHERE a.space = ?1 AND b.space = ?2";
    // What is said of the record that goes stays in the row's history, a second partner's id above all.
    let loser = format!(
        "CASE WHEN {mine} > {theirs} OR ({mine} = {theirs} AND (a.since > b.since) = ({mine} < 3)) THEN 'b' ELSE 'a' END"
    );
    let steps = [
        format!(
            "CREATE TEMP TABLE united AS SELECT a.key AS key, {loser} AS loser,
                 a.posts + b.posts AS posts, a.lost + b.lost AS lost, a.attempts + b.attempts AS attempts FROM {pairs}"
        ),
        "INSERT INTO story (space, key, at, run, what, status, words)
         SELECT ?2, r.key, r.since, run.name,
             'recorded twice, under two spellings of one address; the other record was ' || CASE r.state
                 WHEN 1 THEN 'in flight' WHEN 2 THEN 'created' WHEN 3 THEN 'rejected' WHEN 4 THEN 'in doubt' ELSE 'unsent' END
                 || coalesce(', partner ' || r.partner, ''), r.status, r.words
         FROM united u JOIN record r ON r.key = u.key AND r.space = CASE u.loser WHEN 'a' THEN ?1 ELSE ?2 END
             LEFT JOIN run ON run.id = r.run"
            .to_owned(),
        "DELETE FROM record WHERE (space = ?1 AND key IN (SELECT key FROM united WHERE loser = 'a'))
             OR (space = ?2 AND key IN (SELECT key FROM united WHERE loser = 'b'))"
            .to_owned(),
        "UPDATE record SET space = ?2 WHERE space = ?1".to_owned(),
        "UPDATE record SET posts = u.posts, lost = u.lost, attempts = u.attempts FROM united u
         WHERE record.space = ?2 AND record.key = u.key AND ?1 = ?1"
            .to_owned(),
        "DROP TABLE united".to_owned(),
        "UPDATE story SET space = ?2 WHERE space = ?1".to_owned(),
        // What a run reported as changed is of its run, the newer one of two.
        "INSERT INTO changed (space, key, fingerprint, run)
         SELECT ?2, key, fingerprint, run FROM changed WHERE space = ?1
         ON CONFLICT (space, key) DO UPDATE SET fingerprint = excluded.fingerprint, run = excluded.run
             WHERE excluded.run > run"
            .to_owned(),
        "DELETE FROM changed WHERE space = ?1 AND ?2 = ?2".to_owned(),
        "UPDATE run SET space = ?2 WHERE space = ?1".to_owned(),
        // The fewer partners the API is known to have, the more is looked for before anything is created.
        "UPDATE space SET total = (SELECT min(total) FROM space WHERE id IN (?1, ?2)) WHERE id = ?2".to_owned(),
        "DELETE FROM space WHERE id = ?1 AND ?2 = ?2".to_owned(),
    ];
    for sql in steps {
        let mut statement = transaction.prepare(&sql)?;
        if statement.parameter_count() == 0 {
            statement.execute([])?;
        } else {
            statement.execute(params![from, to])?;
        }
    }
    Ok(())
}
