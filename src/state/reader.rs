//! Looking rows up while the writer writes.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::address::address_of;
use super::error::StateError;
use super::hash_key::{self, KeyNumber, LostKey, StateKey};
use super::known::{KNOWN_OF, Known, look_up};
use super::log::Reading;
use super::open::{find_for_reading, open_for_reading};
use super::record::RecordState;
use super::space::SpaceId;
use crate::partner::{ExternalId, Fingerprinter, PartnerId, RowKey};

/// A connection of its own for looking rows up while the writer writes.
#[derive(Debug)]
pub struct StateReader {
    connection: Reading,
    path: std::path::PathBuf,
    space: SpaceId,
    key: StateKey,
}

impl StateReader {
    pub(super) fn open(path: &Path, space: SpaceId) -> Result<Self, StateError> {
        let connection = open_for_reading(path)?;
        Self::of(connection, path, space)
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

    /// Another connection to the same space.
    pub fn reopen(&self) -> Result<Self, StateError> {
        Self::open(&self.path, self.space)
    }

    /// The hasher of this state.
    #[must_use]
    pub fn fingerprinter(&self) -> &Fingerprinter {
        &self.key.fingerprinter
    }

    /// The number of the key that it hashes with.
    pub(super) fn key(&self) -> KeyNumber {
        self.key.number
    }

    /// Rows that were hashed with a key that is lost, where there are any.
    pub fn lost_key(&self) -> Result<Option<LostKey>, StateError> {
        LostKey::find(
            &self.connection,
            &self.path,
            self.space,
            self.key.number,
            None,
        )
    }

    /// Hands over key and partner id of every row that has its partner.
    pub fn each_created(&self, each: &mut dyn FnMut(&str, &str)) -> Result<(), StateError> {
        self.each_created_where("TRUE", each)
    }

    /// Hands over key and partner id of the rows that canaries have created since the last import: no import that followed
    /// has gone on by them. Rows that they adopted were sent by nobody here.
    pub fn each_of_canary(&self, each: &mut dyn FnMut(&str, &str)) -> Result<(), StateError> {
        let canaries =
            "attempts > 0 AND run IN (SELECT id FROM run WHERE space = ?1 AND command = 'canary' AND id > coalesce(
            (SELECT max(id) FROM run WHERE space = ?1 AND command IN ('import', 'sync')), 0))";
        self.each_created_where(canaries, each)
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

    /// Hands over the key of every row.
    pub fn each_key(&self, each: &mut dyn FnMut(&str)) -> Result<(), StateError> {
        self.look(|c| {
            let mut statement = c.prepare("SELECT key FROM record WHERE space = ?1")?;
            let mut rows = statement.query(params![self.space.0])?;
            while let Some(row) = rows.next()? {
                each(row.get_ref(0)?.as_str()?);
            }
            Ok(())
        })
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

    /// Some rows, of any mapping at the same API, that have their partner: its id, what it is known by, and its name.
    pub fn some_created(
        &self,
        most: u32,
    ) -> Result<Vec<(PartnerId, ExternalId, String)>, StateError> {
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

    /// The partners of rows, in the order asked; none where a row has none. All look-ups see one moment.
    pub fn partners_of<'k>(
        &self,
        keys: impl Iterator<Item = &'k str>,
    ) -> Result<Vec<Option<PartnerId>>, StateError> {
        let created = RecordState::Created.code();
        self.look(|c| {
            let transaction = c.unchecked_transaction()?;
            let sql = "SELECT partner FROM record WHERE space = ?1 AND key = ?2 AND state = ?3";
            let mut statement = transaction.prepare_cached(sql)?;
            keys.map(|key| {
                let mut rows = statement.query(params![self.space.0, key, created])?;
                match rows.next()? {
                    Some(row) => Ok(row.get_ref(0)?.as_str_or_null()?.map(PartnerId::new)),
                    None => Ok(None),
                }
            })
            .collect()
        })
    }

    /// What is known of rows, in the order asked. All look-ups see one moment.
    pub fn known<'k>(
        &self,
        keys: impl Iterator<Item = &'k str>,
    ) -> Result<Vec<Option<Known>>, StateError> {
        let read = || -> rusqlite::Result<Vec<Option<Known>>> {
            let transaction = self.connection.unchecked_transaction()?;
            let mut statement = transaction.prepare_cached(KNOWN_OF)?;
            keys.map(|key| look_up(&mut statement, self.space, self.key.number, key))
                .collect()
        };
        read().map_err(|e| StateError::sqlite(&self.path, e))
    }
}
