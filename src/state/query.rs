//! The read side: what is known of rows, and what `status` and reports show.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::StateError;
use super::hash_key;
use super::open::{find_for_reading, open_for_reading};
use super::record::RecordState;
use super::space::SpaceId;
use crate::clock::Timestamp;
use crate::partner::{Fingerprint, PartnerId, RowKey};

/// What the ledger knows of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Where it stands.
    pub state: RecordState,
    /// The hash of what was sent, or was to be sent.
    pub fingerprint: Fingerprint,
    /// The partner's id, where it is created.
    pub partner: Option<PartnerId>,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// The API's words.
    pub words: Option<String>,
}

/// Looks rows up by `KNOWN_OF`, prepared once.
fn look_up(
    statement: &mut rusqlite::Statement<'_>,
    space: SpaceId,
    key: &str,
) -> rusqlite::Result<Option<Known>> {
    statement
        .query_row(params![space.0, key], |r| {
            Ok(Known {
                state: RecordState::from_code(r.get(0)?).unwrap_or(RecordState::InDoubt),
                fingerprint: Fingerprint(r.get(1)?),
                partner: r.get_ref(2)?.as_str_or_null()?.map(PartnerId::new),
                status: r.get(3)?,
                words: r.get(4)?,
            })
        })
        .optional()
}

const KNOWN_OF: &str =
    "SELECT state, fingerprint, partner, status, words FROM record WHERE space = ?1 AND key = ?2";

pub(super) fn known_of(
    c: &Connection,
    space: SpaceId,
    key: &str,
) -> rusqlite::Result<Option<Known>> {
    look_up(&mut *c.prepare_cached(KNOWN_OF)?, space, key)
}

/// A connection of its own for looking rows up while the writer writes.
#[derive(Debug)]
pub struct LedgerReader {
    connection: Connection,
    path: std::path::PathBuf,
    space: SpaceId,
}

impl LedgerReader {
    pub(super) fn open(path: &Path, space: SpaceId) -> Result<Self, StateError> {
        Ok(Self {
            connection: open_for_reading(path)?,
            path: path.to_owned(),
            space,
        })
    }

    /// Opens the space of a mapping at a target; `None` where the state has no such space, or there is no state.
    pub fn find(path: &Path, target: &str, mapping: &str) -> Result<Option<Self>, StateError> {
        let Some(connection) = find_for_reading(path)? else {
            return Ok(None);
        };
        let space: Option<i64> = connection
            .query_row(
                "SELECT id FROM space WHERE target = ?1 AND mapping = ?2",
                params![target, mapping],
                |r| r.get(0),
            )
            .optional()
            .map_err(|e| StateError::sqlite(path, e))?;
        Ok(space.map(|id| Self {
            connection,
            path: path.to_owned(),
            space: SpaceId(id),
        }))
    }

    pub(super) fn space(&self) -> SpaceId {
        self.space
    }

    /// Asks the state something.
    pub(super) fn look<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StateError> {
        question(&self.connection).map_err(|e| StateError::sqlite(&self.path, e))
    }

    /// Another connection to the same space.
    pub fn again(&self) -> Result<Self, StateError> {
        Self::open(&self.path, self.space)
    }

    /// The hasher of this state.
    pub fn fingerprinter(&self) -> Result<crate::partner::Fingerprinter, StateError> {
        hash_key::fingerprinter(&self.connection, &self.path)
    }

    /// Hands over key and partner id of every row that has its partner; with `run`, that this run was the last
    /// to settle.
    pub fn each_created(
        &self,
        run: Option<&str>,
        each: &mut dyn FnMut(&str, &str),
    ) -> Result<(), StateError> {
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare(
                "SELECT key, partner FROM record WHERE space = ?1 AND state = ?2 AND partner IS NOT NULL
                   AND (?3 IS NULL OR run = (SELECT id FROM run WHERE name = ?3))",
            )?;
            let mut rows =
                statement.query(params![self.space.0, RecordState::Created.code(), run])?;
            while let Some(row) = rows.next()? {
                let (key, partner): (String, String) = (row.get(0)?, row.get(1)?);
                each(&key, &partner);
            }
            Ok(())
        };
        read().map_err(|e| StateError::sqlite(&self.path, e))
    }

    /// A digest of all that the space knows of its rows: another one means that something moved.
    pub fn digest(&self) -> Result<String, StateError> {
        let read = || -> rusqlite::Result<String> {
            let mut hasher = blake3::Hasher::new();
            let mut statement = self.connection.prepare(
                "SELECT key, state, fingerprint FROM record WHERE space = ?1 ORDER BY key",
            )?;
            let mut rows = statement.query(params![self.space.0])?;
            while let Some(row) = rows.next()? {
                hasher.update(row.get_ref(0)?.as_bytes()?);
                hasher.update(&row.get::<_, i64>(1)?.to_le_bytes());
                hasher.update(row.get_ref(2)?.as_bytes()?);
            }
            Ok(hasher.finalize().to_hex().to_string())
        };
        read().map_err(|e| StateError::sqlite(&self.path, e))
    }

    /// Whether a row has its partner.
    pub fn is_created(&self, key: &RowKey) -> Result<bool, StateError> {
        let known = self.known(std::iter::once(key.as_str()))?;
        Ok(known
            .into_iter()
            .flatten()
            .any(|k| k.state == RecordState::Created))
    }

    /// What is known of rows, in the order asked. All look-ups see one moment.
    pub fn known<'k>(
        &self,
        keys: impl Iterator<Item = &'k str>,
    ) -> Result<Vec<Option<Known>>, StateError> {
        let read = || -> rusqlite::Result<Vec<Option<Known>>> {
            let transaction = self.connection.unchecked_transaction()?;
            let mut statement = transaction.prepare_cached(KNOWN_OF)?;
            keys.map(|key| look_up(&mut statement, self.space, key))
                .collect()
        };
        read().map_err(|e| StateError::sqlite(&self.path, e))
    }
}

/// Counts of one space by state.
#[derive(Debug, Clone, serde::Serialize)]
pub struct SpaceCounts {
    /// The API.
    pub target: String,
    /// The mapping's name.
    pub mapping: String,
    /// Rows by state.
    pub states: std::collections::BTreeMap<&'static str, u64>,
    /// Since when the oldest doubt stands.
    pub oldest_doubt: Option<String>,
}

/// A run as `status` shows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RunRow {
    /// Its name.
    pub run: String,
    /// The command.
    pub command: String,
    /// The API.
    pub target: String,
    /// The mapping's name.
    pub mapping: String,
    /// The files it read.
    pub files: String,
    /// When it began.
    pub started: String,
    /// When it ended; none for a run that crashed or still runs.
    pub ended: Option<String>,
    /// Its exit code.
    pub exit: Option<u8>,
    /// Its summary, as written then.
    pub summary: Option<serde_json::Value>,
}

/// A row that needs attention, or one row's story.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RecordRow {
    /// The API.
    pub target: String,
    /// The mapping's name.
    pub mapping: String,
    /// The row's key.
    pub key: String,
    /// Where it stands.
    pub state: &'static str,
    /// What it is known by on the API.
    pub legacy_identifier: String,
    /// The partner's id.
    pub partner_id: Option<String>,
    /// Requests sent for it.
    pub attempts: u32,
    /// Since when it stands there.
    pub since: String,
    /// HTTP status of the last answer.
    pub status: Option<u16>,
    /// The API's words.
    pub words: Option<String>,
    /// The run that was the last to settle it.
    pub run: String,
    /// What else befell it, oldest first; only where one row was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub story: Vec<StoryLine>,
}

/// Something that befell a row.
#[derive(Debug, Clone, serde::Serialize)]
pub struct StoryLine {
    /// When.
    pub at: String,
    /// In which run; none for what a person did.
    pub run: Option<String>,
    /// What, in words.
    pub what: String,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// The API's words.
    pub words: Option<String>,
}

/// What the state keeps of a run's report.
#[derive(Debug, Clone)]
pub struct StoredRun {
    id: i64,
    space: SpaceId,
    /// Its name.
    pub name: String,
    /// The command.
    pub command: String,
    /// The API.
    pub target: String,
    /// The mapping's name.
    pub mapping: String,
    /// The files it read.
    pub files: String,
    /// Its exit code.
    pub exit: Option<u8>,
    /// Its report, as JSON.
    pub report: Option<String>,
    /// False for a run that crashed or still runs.
    pub ended: bool,
}

/// The whole state, for reading.
#[derive(Debug)]
pub struct StateView {
    connection: Connection,
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
            params![target, mapping],
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
            params![target, mapping],
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
                    Ok(StoryLine {
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
