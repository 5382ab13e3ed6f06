//! Looking after the state: backup, forgetting rows, accepting changed ones.
//!
//! Whoever forgets or accepts holds the [`super::lock::FileLock`]; a backup reads, and needs none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::Backup;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::super::contract::Maintain;
use super::super::error::StateError;
use super::super::key_file;
use super::super::maintenance::MaintenanceRow;
use super::super::note::RunEnd;
use super::super::record::{Event, Lost, RecordState, may_forget, resolved};
use super::super::run::RunId;
use super::fence::Fence;
use super::file::{create_private, key_path};
use super::log::{self, Mark};
use super::open::{open_for_reading, open_for_writing};
use super::unclaimed;
use crate::clock::Timestamp;
use crate::partner::PartnerId;

/// Pages copied before a writer gets its turn.
const BACKUP_PAGES: i32 = 4096;

/// Copies the state into a new file, and its key into one beside that, also while a run writes it. Returns where the copy of
/// the key is; none where the state has lost it.
///
/// # Errors
/// [`StateError::Open`] where the file is there already, [`StateError::Orphan`] where the log of another state is,
/// [`StateError::Key`] where another key is.
pub(in crate::state) fn backup(from: &Path, to: &Path) -> Result<Option<PathBuf>, StateError> {
    let source = open_for_reading(from)?;
    log::refuse_orphan(to)?;
    if !create_private(to)? {
        return Err(StateError::Open {
            path: to.to_owned(),
            source: std::io::Error::new(
                std::io::ErrorKind::AlreadyExists,
                "it is there already, and a backup is never written over",
            ),
        });
    }
    let has_key = key_file::copy(&key_path(from), &key_path(to)).inspect_err(|_| {
        // It is empty yet.
        let _ = std::fs::remove_file(to);
    })?;
    let copy = || -> rusqlite::Result<()> {
        let mut target = Connection::open(to)?;
        Backup::new(&source, &mut target)?.run_to_completion(BACKUP_PAGES, Duration::ZERO, None)?;
        // The copy is whole: it was read through file and log.
        Mark::put_whole(&target)?;
        // Once it is put back, as many partners may be gone from the API as others came: how many it has proves nothing then, and new
        // rows are looked for among all of them.
        target.execute("UPDATE space SET total = NULL", [])?;
        target.query_row("PRAGMA quick_check(1)", [], |_| Ok(()))
    };
    copy().map_err(|e| StateError::sqlite(to, e))?;
    Ok(has_key.then(|| key_path(to)))
}

/// The state, open for upkeep.
#[derive(Debug)]
pub(in crate::state) struct SqliteUpkeep {
    connection: Connection,
    path: PathBuf,
    fence: Fence,
}

/// The newest run of a space that has read its source.
const LAST_RUN: &str = "(SELECT max(id) FROM run WHERE run.space = r.space AND run.command IN ('import', 'sync') AND run.ended IS NOT NULL)";

impl SqliteUpkeep {
    /// Opens a state that is there. The caller holds its lock.
    pub(in crate::state) fn open(path: &Path) -> Result<Self, StateError> {
        drop(open_for_reading(path)?);
        let connection = open_for_writing(path)?;
        // It takes the state from nobody: what it shows to a person is only worth something while no run begins.
        let fence = Fence::present(&connection, path).map_err(|e| StateError::sqlite(path, e))?;
        Ok(Self {
            connection,
            path: path.to_owned(),
            fence,
        })
    }

    fn kept(
        &self,
        condition: &str,
        parameters: impl rusqlite::Params,
    ) -> Result<Vec<MaintenanceRow>, StateError> {
        let sql = format!(
            "SELECT r.space, s.target, s.mapping, r.key, r.state, r.partner, c.key IS NOT NULL
             FROM record r JOIN space s ON s.id = r.space
             LEFT JOIN changed c ON c.space = r.space AND c.key = r.key AND c.run = {LAST_RUN}
             WHERE {condition} ORDER BY r.space, r.key"
        );
        let read = || -> rusqlite::Result<Vec<MaintenanceRow>> {
            self.connection
                .prepare(&sql)?
                .query_map(parameters, |r| {
                    Ok(MaintenanceRow {
                        space: r.get(0)?,
                        target: r.get(1)?,
                        mapping: r.get(2)?,
                        key: r.get(3)?,
                        state: RecordState::from_code(r.get(4)?).unwrap_or(RecordState::InDoubt),
                        partner: r.get(5)?,
                        changed: r.get(6)?,
                    })
                })?
                .collect()
        };
        read().map_err(|e| StateError::sqlite(&self.path, e))
    }

    /// Does something in one transaction, while the state is held.
    fn held<T>(
        &mut self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        let sqlite = |e| StateError::sqlite(&self.path, e);
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(sqlite)?;
        self.fence.hold(&transaction, &self.path)?;
        let done = work(&transaction).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
        Ok(done)
    }

    fn each(
        &mut self,
        rows: &[MaintenanceRow],
        work: impl Fn(&Connection, &MaintenanceRow) -> rusqlite::Result<usize>,
    ) -> Result<u64, StateError> {
        self.held(|c| {
            let mut count = 0;
            for row in rows {
                count += work(c, row)? as u64;
            }
            Ok(count)
        })
    }
}

impl Maintain for SqliteUpkeep {
    fn correct_end(&mut self, run: &RunId, end: &RunEnd) -> Result<(), StateError> {
        self.held(|c| {
            let sql = "UPDATE run SET exit = ?1, summary = ?2, report = ?3 WHERE name = ?4";
            c.execute(sql, params![end.exit, end.summary, end.report, run.0])
        })
        .map(drop)
    }

    fn of_key(&self, key: &str) -> Result<Vec<MaintenanceRow>, StateError> {
        self.kept("r.key = ?1", params![key])
    }

    fn all_changed(&self) -> Result<Vec<MaintenanceRow>, StateError> {
        self.kept("c.key IS NOT NULL", [])
    }

    fn forget(&mut self, rows: &[MaintenanceRow], now: Timestamp) -> Result<u64, StateError> {
        self.each(rows, |c, row| {
            // What it is now decides, not what it was when it was shown.
            let known: Option<(i64, String)> = c
                .query_row(
                    "SELECT state, legacy FROM record WHERE space = ?1 AND key = ?2",
                    params![row.space, row.key],
                    |r| Ok((r.get(0)?, r.get(1)?)),
                )
                .optional()?;
            let Some((state, legacy)) = known else {
                return Ok(0);
            };
            if !RecordState::from_code(state).is_some_and(may_forget) {
                return Ok(0);
            }
            // Its partner may still be there: it is looked for before the row is created again.
            unclaimed::add(c, row.space, &legacy)?;
            add_to_history(c, row, now, "forgotten by hand")?;
            c.execute(
                "DELETE FROM record WHERE space = ?1 AND key = ?2",
                params![row.space, row.key],
            )
        })
    }

    fn accept(&mut self, rows: &[MaintenanceRow], now: Timestamp) -> Result<u64, StateError> {
        self.each(rows, |c, row| {
            add_to_history(c, row, now, "its change was accepted by hand")?;
            let accepted = c.execute(
                &format!(
                    "UPDATE record AS r SET fingerprint = c.fingerprint FROM changed c
                     WHERE c.space = r.space AND c.key = r.key AND c.run = {LAST_RUN}
                       AND r.space = ?1 AND r.key = ?2 AND r.state = ?3"
                ),
                params![row.space, row.key, RecordState::Created.code()],
            )?;
            c.execute(
                "DELETE FROM changed WHERE space = ?1 AND key = ?2",
                params![row.space, row.key],
            )?;
            Ok(accepted)
        })
    }

    fn row_of_partner(
        &self,
        space_of: &MaintenanceRow,
        partner: &PartnerId,
    ) -> Result<Option<String>, StateError> {
        let sql = "SELECT key FROM record WHERE space = ?1 AND partner = ?2";
        self.connection
            .query_row(sql, params![space_of.space, partner.as_str()], |r| r.get(0))
            .optional()
            .map_err(|e| StateError::sqlite(&self.path, e))
    }

    fn resolve(
        &mut self,
        rows: &[MaintenanceRow],
        partner: Option<&PartnerId>,
        now: Timestamp,
    ) -> Result<u64, StateError> {
        let event = match partner {
            Some(_) => Event::ResolvedAsCreated,
            None => Event::ResolvedAsAbsent,
        };
        self.each(rows, |c, row| {
            let Some(to) = resolved(row.state, event) else {
                return Ok(0);
            };
            let resolved = c.execute(
                "UPDATE record SET state = ?1, partner = coalesce(?2, partner), since = ?3, status = NULL, words = NULL,
                     room = NULL, lost = CASE WHEN ?4 THEN 0 ELSE lost END
                 WHERE space = ?5 AND key = ?6 AND state = ?7",
                params![
                    to.code(),
                    partner.map(PartnerId::as_str),
                    now.0,
                    event.counts().lost == Lost::Forgotten,
                    row.space,
                    row.key,
                    row.state.code()
                ],
            )?;
            if resolved > 0 {
                add_to_history(c, row, now, event.as_str())?;
            }
            Ok(resolved)
        })
    }
}

impl Drop for SqliteUpkeep {
    fn drop(&mut self) {
        log::fold_away(&mut self.connection, self.fence, &self.path);
    }
}

/// Adds what a person did to a row's history.
fn add_to_history(
    c: &Connection,
    row: &MaintenanceRow,
    now: Timestamp,
    what: &str,
) -> rusqlite::Result<usize> {
    c.execute(
        "INSERT INTO story (space, key, at, what) VALUES (?1, ?2, ?3, ?4)",
        params![row.space, row.key, now.0, what],
    )
}
