//! The whole state, for people: what `status` and reports show.

use std::path::Path;

use rusqlite::params;

use super::address::address_of;
use super::error::StateError;
use super::log::Reading;
use super::open::{find_for_reading, open_for_reading};
use super::record::RecordState;
use super::space::SpaceId;
use crate::clock::Timestamp;

/// Counts of one space by state.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SpaceCounts {
    /// Base URL of the API, or `sandbox:` and the name of its book.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Number of rows in each state; all states are there.
    pub states: std::collections::BTreeMap<&'static str, u64>,
    /// Since when the oldest row in doubt is in doubt, RFC 3339 in UTC.
    pub oldest_doubt: Option<String>,
}

/// A run as `status` shows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RunRow {
    /// Name of the run, see [`super::RunId`].
    pub run: String,
    /// Command that made it: `import`, `canary`, `sync` or `reconcile`.
    pub command: String,
    /// Base URL of the API, or `sandbox:` and the name of its book.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Paths of the files it read, joined by commas.
    pub files: String,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// When it ended, RFC 3339 in UTC; `None` for a run that crashed or still runs.
    pub ended: Option<String>,
    /// Exit code of the process; `None` for a run that crashed or still runs.
    pub exit: Option<u8>,
    /// Its summary, as written then.
    pub summary: Option<serde_json::Value>,
}

/// A row that needs attention, or one row's story.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RecordRow {
    /// Base URL of the API, or `sandbox:` and the name of its book.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Value of the row's key column.
    pub key: String,
    /// Word of its [`RecordState`].
    pub state: &'static str,
    /// What it is known by on the API.
    pub legacy_identifier: String,
    /// Id of its partner on the API, where it has one.
    pub partner_id: Option<String>,
    /// Requests sent for it.
    pub attempts: u32,
    /// Since when it is in this state, RFC 3339 in UTC.
    pub since: String,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// What the API said in its last answer, scrubbed.
    pub words: Option<String>,
    /// The run that was the last to settle it.
    pub run: String,
    /// What else happened to it, oldest first; only where one row was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub story: Vec<RowEvent>,
}

/// Something that happened to a row, beyond its being created.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RowEvent {
    /// When it happened, RFC 3339 in UTC.
    pub at: String,
    /// Name of the run in which it happened; `None` for what a person did.
    pub run: Option<String>,
    /// What happened, in words for people.
    pub what: String,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// What the API said in its last answer, scrubbed.
    pub words: Option<String>,
}

/// What the state keeps of a run's report.
#[derive(Debug, Clone)]
pub struct StoredRun {
    id: i64,
    space: SpaceId,
    /// Name of the run, see [`super::RunId`].
    pub name: String,
    /// Command that made it: `import`, `canary`, `sync` or `reconcile`.
    pub command: String,
    /// Base URL of the API, or `sandbox:` and the name of its book.
    pub target: String,
    /// Name of the mapping, as its file has it.
    pub mapping: String,
    /// Paths of the files it read, joined by commas.
    pub files: String,
    /// Exit code of the process; `None` for a run that crashed or still runs.
    pub exit: Option<u8>,
    /// Its report, as JSON.
    pub report: Option<String>,
    /// False for a run that crashed or still runs.
    pub ended: bool,
}

/// The whole state, for reading.
#[derive(Debug)]
pub struct StateView {
    connection: Reading,
    path: std::path::PathBuf,
}

impl StateView {
    /// Opens a state for reading.
    ///
    /// # Errors
    /// [`StateError::Missing`] where there is none.
    pub fn open(path: &Path) -> Result<Self, StateError> {
        Ok(Self {
            connection: open_for_reading(path)?,
            path: path.to_owned(),
        })
    }

    /// Opens a state for reading; `None` where there is none, or one that a run had only begun to make.
    pub fn find(path: &Path) -> Result<Option<Self>, StateError> {
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

    /// Counts by space and state.
    pub fn counts(&self) -> Result<Vec<SpaceCounts>, StateError> {
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

    /// The newest runs, newest first.
    pub fn runs(&self, limit: u32) -> Result<Vec<RunRow>, StateError> {
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

    /// One run by its name.
    pub fn run(&self, name: &str) -> Result<Option<StoredRun>, StateError> {
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

    /// When an import or sync of a mapping at a target last ended with exit code 0.
    pub fn last_success(
        &self,
        target: &str,
        mapping: &str,
    ) -> Result<Option<Timestamp>, StateError> {
        let found = self.all(
            "SELECT max(ended) FROM run JOIN space ON space.id = run.space
             WHERE target = ?1 AND mapping = ?2 AND command IN ('import', 'sync') AND exit = 0",
            params![address_of(target), mapping],
            |r| r.get::<_, Option<i64>>(0),
        )?;
        Ok(found.into_iter().flatten().next().map(Timestamp))
    }

    /// The newest run of a mapping at a target that read its whole source: its report is what the next source
    /// is compared with.
    pub fn last_good_run(
        &self,
        target: &str,
        mapping: &str,
    ) -> Result<Option<StoredRun>, StateError> {
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

    /// Hands over the parts of a run's problems, in order.
    pub fn problems(&self, run: &StoredRun, each: &mut dyn FnMut(&[u8])) -> Result<(), StateError> {
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

    /// The partners that a run made, or was the last to settle: key, legacyIdentifier, partner id.
    pub fn created_by(&self, run: &StoredRun) -> Result<Vec<(String, String, String)>, StateError> {
        self.all(
            "SELECT key, legacy, coalesce(partner, '') FROM record WHERE space = ?1 AND run = ?2 AND state = ?3 ORDER BY key",
            params![run.space.0, run.id, RecordState::Created.code()],
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
        )
    }

    /// Rows in doubt, in flight or rejected, oldest first.
    pub fn open_rows(&self, limit: u32) -> Result<Vec<RecordRow>, StateError> {
        self.all(
            "SELECT s.target, s.mapping, r.key, r.state, r.legacy, r.partner, r.attempts, r.since, r.status, r.words, run.name
             FROM record r JOIN space s ON s.id = r.space JOIN run ON run.id = r.run WHERE r.state IN (1, 3, 4) ORDER BY r.since LIMIT ?1",
            params![limit],
            record_row,
        )
    }

    /// Every record of a key, each with its story.
    pub fn rows_of(&self, key: &str) -> Result<Vec<RecordRow>, StateError> {
        let mut rows = self.all(
            "SELECT s.target, s.mapping, r.key, r.state, r.legacy, r.partner, r.attempts, r.since, r.status, r.words, run.name
             FROM record r JOIN space s ON s.id = r.space JOIN run ON run.id = r.run WHERE r.key = ?1",
            params![key],
            record_row,
        )?;
        for row in &mut rows {
            row.story = self.all(
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
        story: Vec::new(),
    })
}
