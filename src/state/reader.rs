//! Looking rows up while the writer writes.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::address::address_of;
use super::error::StateError;
use super::hash_key;
use super::known::{KNOWN_OF, Known, look_up};
use super::log::Reading;
use super::open::{find_for_reading, open_for_reading};
use super::record::RecordState;
use super::space::SpaceId;
use crate::partner::RowKey;

/// A connection of its own for looking rows up while the writer writes.
#[derive(Debug)]
pub struct StateReader {
    connection: Reading,
    path: std::path::PathBuf,
    space: SpaceId,
}

impl StateReader {
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
                params![address_of(target), mapping],
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
    pub fn reopen(&self) -> Result<Self, StateError> {
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

    /// Hands over the id of every row's partner.
    pub fn each_partner(&self, each: &mut dyn FnMut(&str)) -> Result<(), StateError> {
        self.look(|c| {
            let sql = "SELECT partner FROM record WHERE space = ?1 AND partner IS NOT NULL";
            let mut statement = c.prepare(sql)?;
            let mut rows = statement.query(params![self.space.0])?;
            while let Some(row) = rows.next()? {
                each(row.get_ref(0)?.as_str()?);
            }
            Ok(())
        })
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
