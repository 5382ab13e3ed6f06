//! The whole state, for people, read from the file.

use std::path::Path;

use rusqlite::params;

use super::super::address::address_of;
use super::super::contract::View;
use super::super::error::StateError;
use super::super::maintenance::Exported;
use super::super::record::RecordState;
use super::super::space::SpaceId;
use super::super::view::{RecordRow, RowEvent, RunRow, SpaceCounts, StoredRun};
use super::log::Reading;
use super::open::{find_for_reading, open_for_reading};
use crate::clock::Timestamp;

/// The whole state, for reading.
#[derive(Debug)]
pub(in crate::state) struct SqliteView {
    connection: Reading,
    path: std::path::PathBuf,
}

impl SqliteView {
    /// Opens a state for reading.
    ///
    /// # Errors
    /// [`StateError::Missing`] where there is none.
    pub(in crate::state) fn open(path: &Path) -> Result<Self, StateError> {
        Ok(Self {
            connection: open_for_reading(path)?,
            path: path.to_owned(),
        })
    }

    /// Opens a state for reading; `None` where there is none, or one that a run had only begun to make.
    pub(in crate::state) fn find(path: &Path) -> Result<Option<Self>, StateError> {
        Ok(find_for_reading(path)?.map(|connection| Self {
            connection,
            path: path.to_owned(),
        }))
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
        row: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StateError> {
        let read = || -> rusqlite::Result<Vec<T>> {
            self.connection
                .prepare(sql)?
                .query_map(params, row)?
                .collect()
        };
        read().map_err(|e| StateError::sqlite(&self.path, e))
    }
}

impl View for SqliteView {
    fn counts(&self) -> Result<Vec<SpaceCounts>, StateError> {
        let rows = self.all(
            "SELECT s.id, s.target, s.mapping, r.state, count(*), min(r.since)
             FROM space s LEFT JOIN record r ON r.space = s.id GROUP BY s.id, r.state ORDER BY s.id, r.state",
            [],
            |r| {
                Ok((
                    r.get::<_, i64>(0)?,
                    r.get::<_, String>(1)?,
                    r.get::<_, String>(2)?,
                    r.get::<_, Option<i64>>(3)?.and_then(RecordState::from_code),
                    u64::try_from(r.get::<_, i64>(4)?).unwrap_or(0),
                    r.get::<_, Option<i64>>(5)?,
                ))
            },
        )?;
        let mut spaces: Vec<(i64, SpaceCounts)> = Vec::new();
        for (id, target, mapping, state, count, since) in rows {
            if spaces.last().is_none_or(|(last, _)| *last != id) {
                let states = RecordState::ALL.iter().map(|s| (s.as_str(), 0)).collect();
                spaces.push((
                    id,
                    SpaceCounts {
                        target,
                        mapping,
                        states,
                        oldest_doubt: None,
                    },
                ));
            }
            if let (Some((_, space)), Some(state)) = (spaces.last_mut(), state) {
                space.states.insert(state.as_str(), count);
                if state == RecordState::InDoubt {
                    space.oldest_doubt = since.map(|s| Timestamp(s).to_rfc3339());
                }
            }
        }
        Ok(spaces.into_iter().map(|(_, s)| s).collect())
    }

    fn runs(&self, limit: u32) -> Result<Vec<RunRow>, StateError> {
        self.all(
            "SELECT run.name, command, target, mapping, files, started, ended, exit, summary
             FROM run JOIN space ON space.id = run.space ORDER BY run.id DESC LIMIT ?1",
            params![limit],
            |r| {
                Ok(RunRow {
                    run: r.get(0)?,
                    command: r.get(1)?,
                    target: r.get(2)?,
                    mapping: r.get(3)?,
                    files: r.get(4)?,
                    started: Timestamp(r.get(5)?).to_rfc3339(),
                    ended: r
                        .get::<_, Option<i64>>(6)?
                        .map(|t| Timestamp(t).to_rfc3339()),
                    exit: r.get(7)?,
                    summary: r
                        .get::<_, Option<String>>(8)?
                        .and_then(|s| serde_json::from_str(&s).ok()),
                })
            },
        )
    }

    fn run(&self, name: &str) -> Result<Option<StoredRun>, StateError> {
        let runs = self.all(
            "SELECT run.id, run.space, run.name, command, target, mapping, files, exit, report, ended IS NOT NULL
             FROM run JOIN space ON space.id = run.space WHERE run.name = ?1",
            params![name],
            |r| {
                Ok(StoredRun {
                    id: r.get(0)?,
                    space: SpaceId(r.get(1)?),
                    name: r.get(2)?,
                    command: r.get(3)?,
                    target: r.get(4)?,
                    mapping: r.get(5)?,
                    files: r.get(6)?,
                    exit: r.get(7)?,
                    report: r.get(8)?,
                    ended: r.get(9)?,
                })
            },
        )?;
        Ok(runs.into_iter().next())
    }

    fn last_success(&self, target: &str, mapping: &str) -> Result<Option<Timestamp>, StateError> {
        let found = self.all(
            "SELECT max(ended) FROM run JOIN space ON space.id = run.space
             WHERE target = ?1 AND mapping = ?2 AND command IN ('import', 'sync') AND exit = 0",
            params![address_of(target), mapping],
            |r| r.get::<_, Option<i64>>(0),
        )?;
        Ok(found.into_iter().flatten().next().map(Timestamp))
    }

    fn last_good_run(&self, target: &str, mapping: &str) -> Result<Option<StoredRun>, StateError> {
        let names: Vec<String> = self.all(
            "SELECT run.name FROM run JOIN space ON space.id = run.space
             WHERE target = ?1 AND mapping = ?2 AND command IN ('import', 'sync') AND exit IN (0, 1) AND report IS NOT NULL
             ORDER BY run.id DESC LIMIT 1",
            params![address_of(target), mapping],
            |r| r.get(0),
        )?;
        match names.first() {
            Some(name) => self.run(name),
            None => Ok(None),
        }
    }

    fn problems(&self, run: &StoredRun, each: &mut dyn FnMut(&[u8])) -> Result<(), StateError> {
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self
                .connection
                .prepare("SELECT lines FROM problem WHERE run = ?1 ORDER BY part")?;
            let mut rows = statement.query(params![run.id])?;
            while let Some(row) = rows.next()? {
                each(&row.get::<_, Vec<u8>>(0)?);
            }
            Ok(())
        };
        read().map_err(|e| StateError::sqlite(&self.path, e))
    }

    fn created_by(&self, run: &StoredRun) -> Result<Vec<(String, String, String)>, StateError> {
        self.all(
            "SELECT key, legacy, coalesce(partner, '') FROM record WHERE space = ?1 AND run = ?2 AND state = ?3 ORDER BY key",
            params![run.space.0, run.id, RecordState::Created.code()],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
        )
    }

    fn open_rows(&self, limit: u32) -> Result<Vec<RecordRow>, StateError> {
        self.all(
            "SELECT s.target, s.mapping, r.key, r.state, r.legacy, r.partner, r.attempts, r.since, r.status, r.words, run.name
             FROM record r JOIN space s ON s.id = r.space JOIN run ON run.id = r.run WHERE r.state IN (1, 3, 4) ORDER BY r.since LIMIT ?1",
            params![limit],
            record_row,
        )
    }

    fn rows_of(&self, key: &str) -> Result<Vec<RecordRow>, StateError> {
        let mut rows = self.all(
            "SELECT s.target, s.mapping, r.key, r.state, r.legacy, r.partner, r.attempts, r.since, r.status, r.words, run.name
             FROM record r JOIN space s ON s.id = r.space JOIN run ON run.id = r.run WHERE r.key = ?1",
            params![key],
            record_row,
        )?;
        for row in &mut rows {
            row.history = self.all(
                "SELECT at, run, what, status, words FROM story
                 WHERE key = ?1 AND space = (SELECT id FROM space WHERE target = ?2 AND mapping = ?3) ORDER BY at, rowid",
                params![key, row.target, row.mapping],
                |r| {
                    Ok(RowEvent {
                        at: Timestamp(r.get(0)?).to_rfc3339(),
                        run: r.get(1)?,
                        what: r.get(2)?,
                        status: r.get(3)?,
                        words: r.get(4)?,
                    })
                },
            )?;
        }
        Ok(rows)
    }

    fn each_exported(&self, each: &mut dyn FnMut(Exported)) -> Result<(), StateError> {
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare(
                "SELECT s.target, s.mapping, r.key, r.legacy, coalesce(r.partner, ''), r.since
                 FROM record r JOIN space s ON s.id = r.space WHERE r.state = ?1 ORDER BY s.id, r.key",
            )?;
            let mut rows = statement.query(params![RecordState::Created.code()])?;
            while let Some(r) = rows.next()? {
                each(Exported {
                    target: r.get(0)?,
                    mapping: r.get(1)?,
                    key: r.get(2)?,
                    legacy_identifier: r.get(3)?,
                    partner: r.get(4)?,
                    since: Timestamp(r.get(5)?).to_rfc3339(),
                });
            }
            Ok(())
        };
        read().map_err(|e| StateError::sqlite(&self.path, e))
    }
}

fn record_row(r: &rusqlite::Row<'_>) -> rusqlite::Result<RecordRow> {
    Ok(RecordRow {
        target: r.get(0)?,
        mapping: r.get(1)?,
        key: r.get(2)?,
        state: RecordState::from_code(r.get(3)?).map_or("unknown", RecordState::as_str),
        legacy_identifier: r.get(4)?,
        partner_id: r.get(5)?,
        attempts: r.get(6)?,
        since: Timestamp(r.get(7)?).to_rfc3339(),
        status: r.get(8)?,
        words: r.get(9)?,
        run: r.get(10)?,
        history: Vec::new(),
    })
}
