//! Looking rows up while the writer writes.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::address::address_of;
use super::super::contract::{Reader, StateReader};
use super::super::done::DoneRows;
use super::super::error::StateError;
use super::super::hash_key::{KeyNumber, LostKey, StateKey};
use super::super::known::Known;
use super::super::record::RecordState;
use super::super::space::SpaceId;
use super::super::unclaimed::Identifiers;
use super::known::{KNOWN_OF, look_up};
use super::log::Reading;
use super::open::{find_for_reading, open_for_reading};
use super::{hash_key, unclaimed};
use crate::partner::{ExternalId, Fingerprinter, PartnerId};

/// A connection of its own for looking rows up while the writer writes.
#[derive(Debug)]
pub(in crate::state) struct SqliteReader {
    connection: Reading,
    path: std::path::PathBuf,
    space: SpaceId,
    key: StateKey,
}

impl SqliteReader {
    pub(super) fn open(path: &Path, space: SpaceId) -> Result<Self, StateError> {
        let connection = open_for_reading(path)?;
        Self::of(connection, path, space)
    }

    /// Opens the space of a mapping at a target; `None` where the state has no such space, or there is no state.
    pub(in crate::state) fn find(
        path: &Path,
        target: &str,
        mapping: &str,
    ) -> Result<Option<Self>, StateError> {
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
        let reader = space.map(|id| Self::of(connection, path, SpaceId(id)));
        reader.transpose()
    }

    fn of(connection: Reading, path: &Path, space: SpaceId) -> Result<Self, StateError> {
        Ok(Self {
            key: hash_key::for_reading(&connection, path)?,
            connection,
            path: path.to_owned(),
            space,
        })
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

    /// The number of the key that it hashes with.
    pub(super) fn key(&self) -> KeyNumber {
        self.key.number
    }

    fn each_created_where(
        &self,
        condition: &str,
        each: &mut dyn FnMut(&str, &str),
    ) -> Result<(), StateError> {
        self.look(|c| {
            let sql = format!(
                "SELECT key, partner FROM record WHERE space = ?1 AND state = ?2 AND partner IS NOT NULL AND {condition}"
            );
            let mut statement = c.prepare(&sql)?;
            let mut rows = statement.query(params![self.space.0, RecordState::Created.code()])?;
            while let Some(row) = rows.next()? {
                each(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?);
            }
            Ok(())
        })
    }
}

impl Reader for SqliteReader {
    fn reopen(&self) -> Result<StateReader, StateError> {
        Ok(StateReader::new(Self::open(&self.path, self.space)?))
    }

    fn fingerprinter(&self) -> &Fingerprinter {
        &self.key.fingerprinter
    }

    fn lost_key(&self) -> Result<Option<LostKey>, StateError> {
        hash_key::find_lost(
            &self.connection,
            &self.path,
            self.space,
            self.key.number,
            None,
        )
    }

    fn each_created(&self, each: &mut dyn FnMut(&str, &str)) -> Result<(), StateError> {
        self.each_created_where("TRUE", each)
    }

    fn each_of_canary(&self, each: &mut dyn FnMut(&str, &str)) -> Result<(), StateError> {
        let canaries =
            "SELECT id FROM run WHERE space = ?1 AND command = 'canary' AND id > coalesce(
            (SELECT max(id) FROM run WHERE space = ?1 AND command IN ('import', 'sync')), 0)";
        // Nearly always there is none, and then no record has to be looked at.
        if !self.look(|c| c.prepare(canaries)?.exists(params![self.space.0]))? {
            return Ok(());
        }
        let canaries = format!("attempts > 0 AND run IN ({canaries})");
        self.each_created_where(&canaries, each)
    }

    fn has_rows(&self) -> Result<bool, StateError> {
        let sql = "SELECT 1 FROM record WHERE space = ?1";
        self.look(|c| c.prepare(sql)?.exists(params![self.space.0]))
    }

    fn each_key(&self, each: &mut dyn FnMut(&str)) -> Result<(), StateError> {
        self.look(|c| {
            let mut statement = c.prepare("SELECT key FROM record WHERE space = ?1")?;
            let mut rows = statement.query(params![self.space.0])?;
            while let Some(row) = rows.next()? {
                each(row.get_ref(0)?.as_str()?);
            }
            Ok(())
        })
    }

    fn each_partner(&self, each: &mut dyn FnMut(&str)) -> Result<(), StateError> {
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

    fn some_created(&self, most: u32) -> Result<Vec<(PartnerId, ExternalId, String)>, StateError> {
        self.look(|c| {
            let sql = "SELECT r.partner, r.legacy, r.name FROM space s JOIN record r ON r.space = s.id
                       WHERE s.target = (SELECT target FROM space WHERE id = ?1) AND r.state = ?2 AND r.partner IS NOT NULL
                       LIMIT ?3";
            let created = RecordState::Created.code();
            c.prepare(sql)?
                .query_map(params![self.space.0, created, most], |r| {
                    Ok((
                        PartnerId::new(r.get::<_, String>(0)?),
                        ExternalId::new(r.get::<_, String>(1)?),
                        r.get(2)?,
                    ))
                })?
                .collect()
        })
    }

    fn digest(&self) -> Result<String, StateError> {
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

    fn known_of(
        &self,
        keys: &mut dyn Iterator<Item = &str>,
    ) -> Result<Vec<Option<Known>>, StateError> {
        let mut read = || -> rusqlite::Result<Vec<Option<Known>>> {
            let transaction = self.connection.unchecked_transaction()?;
            let mut statement = transaction.prepare_cached(KNOWN_OF)?;
            keys.map(|key| look_up(&mut statement, self.space, self.key.number, key))
                .collect()
        };
        read().map_err(|e| StateError::sqlite(&self.path, e))
    }

    fn done_rows(&self, most: u64) -> Result<Option<DoneRows>, StateError> {
        self.read_done(most)
    }

    fn total(&self) -> Result<Option<u64>, StateError> {
        let total: Option<i64> = self.look(|c| {
            let sql = "SELECT total FROM space WHERE id = ?1";
            c.query_row(sql, params![self.space.0], |r| r.get(0))
        })?;
        Ok(total.and_then(|t| u64::try_from(t).ok()))
    }

    fn unclaimed(&self) -> Result<Identifiers, StateError> {
        self.look(|c| unclaimed::of(c, self.space.0))
    }
}
