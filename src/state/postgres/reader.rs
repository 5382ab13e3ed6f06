//! Looking rows up while the writer writes.

use std::borrow::Cow;
use std::sync::Arc;

use postgres::Row;

use super::super::address::address_of;
use super::super::contract::{Reader, StateReader};
use super::super::done::{DoneRows, MORE_PLACES, TOGETHER};
use super::super::error::StateError;
use super::super::hash_key::{LostKey, StateKey};
use super::super::known::Known;
use super::super::note::Twin;
use super::super::record::RecordState;
use super::super::run::OpenRows;
use super::super::space::SpaceId;
use super::super::unclaimed::Identifiers;
use super::keys;
use super::known::{KNOWN, fingerprint, known_from};
use super::late;
use super::link::{Link, Value, query, values};
use super::owner::text;
use super::schema::{self, Version};
use super::server::Server;
use crate::partner::{ExternalId, Fingerprinter, PartnerId};

/// A connection of its own for looking rows up.
#[derive(Debug)]
pub(in crate::state) struct PostgresReader {
    link: Link,
    space: SpaceId,
    key: StateKey,
}

impl PostgresReader {
    pub(super) fn open(server: &Arc<Server>, space: SpaceId) -> Result<Self, StateError> {
        let link = Link::new(Arc::clone(server));
        let key = keys::for_reading(&link)?;
        Ok(Self { link, space, key })
    }

    /// Opens the space of a mapping at a target; `None` where the state has no such space, or there is no state.
    pub(in crate::state) fn find(
        server: &Arc<Server>,
        target: &str,
        mapping: &str,
    ) -> Result<Option<Self>, StateError> {
        let Some(link) = find_for_reading(server)? else {
            return Ok(None);
        };
        let target = address_of(target);
        let space = link.look(|client| {
            let sql = "SELECT id FROM partner_sync.space WHERE target = $1 AND mapping = $2";
            let rows = query(client, sql, &values![target => TEXT, mapping => TEXT])?;
            Ok(rows.first().map(|row| row.get(0)))
        })?;
        let Some(space) = space.map(SpaceId) else {
            return Ok(None);
        };
        let key = keys::for_reading(&link)?;
        Ok(Some(Self { link, space, key }))
    }

    fn rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, StateError> {
        self.link.look(|client| query(client, sql, values))
    }

    fn each_created_where(
        &self,
        condition: &str,
        each: &mut dyn FnMut(&str, &str),
    ) -> Result<(), StateError> {
        let sql = format!(
            "SELECT key, partner FROM partner_sync.record
             WHERE space = $1 AND state = $2 AND partner IS NOT NULL AND {condition}"
        );
        let values = values![self.space.0 => INT8, RecordState::Created.code() => INT8];
        self.link
            .each(&sql, &values, &mut |row| each(row.get(0), row.get(1)))
    }

    /// The rows that are done; none where there are more than `most`, about.
    fn gather(&self, most: usize) -> Result<Option<DoneRows>, StateError> {
        let mut done = DoneRows::with_places_for(most);
        let mut waiting = Vec::with_capacity(TOGETHER);
        let mut fits = true;
        let sql =
            "SELECT key, fingerprint, state, hash_key FROM partner_sync.record WHERE space = $1";
        self.link
            .each(sql, &values![self.space.0 => INT8], &mut |row| {
                match RecordState::from_code(row.get(2)) {
                    // Of these it cannot be told whether they are as they were sent.
                    Some(RecordState::Created) if row.get::<_, i64>(3) != self.key.number.0 => {}
                    Some(RecordState::Created) => {
                        if let Some(fingerprint) = fingerprint(row.get(1)) {
                            waiting.push(done.place_of(row.get(0), &fingerprint));
                        }
                        if waiting.len() == TOGETHER {
                            fits = fits && done.add_all(&waiting);
                            waiting.clear();
                        }
                    }
                    Some(RecordState::Rejected | RecordState::Unsent) => {}
                    Some(RecordState::InFlight | RecordState::InDoubt) | None => {
                        done.open = OpenRows::MayExist;
                    }
                }
            })?;
        Ok((fits && done.add_all(&waiting)).then_some(done))
    }
}

/// A connection to a state that is there; `None` where no run has made one.
///
/// # Errors
/// [`StateError::Outdated`] where it is of an older version and another run holds it.
pub(super) fn find_for_reading(server: &Arc<Server>) -> Result<Option<Link>, StateError> {
    let link = Link::new(Arc::clone(server));
    match schema::examine(&link)? {
        Version::None => return Ok(None),
        Version::Older(_) => schema::migrate(&link)?,
        Version::Current => {}
    }
    Ok(Some(link))
}

impl Reader for PostgresReader {
    fn reopen(&self) -> Result<StateReader, StateError> {
        let link = Link::new(Arc::clone(self.link.server()));
        let (space, key) = (self.space, self.key.clone());
        Ok(StateReader::new(Self { link, space, key }))
    }

    fn fingerprinter(&self) -> &Fingerprinter {
        &self.key.fingerprinter
    }

    fn lost_key(&self) -> Result<Option<LostKey>, StateError> {
        keys::find_lost(&self.link, self.space, self.key.number)
    }

    fn each_created(&self, each: &mut dyn FnMut(&str, &str)) -> Result<(), StateError> {
        self.each_created_where("TRUE", each)
    }

    fn each_of_canary(&self, each: &mut dyn FnMut(&str, &str)) -> Result<(), StateError> {
        let canaries = "SELECT id FROM partner_sync.run WHERE space = $1 AND command = 'canary' AND id > coalesce(
            (SELECT max(id) FROM partner_sync.run WHERE space = $1 AND command IN ('import', 'sync')), 0)";
        // Nearly always there is none, and then no record has to be looked at.
        if self
            .rows(canaries, &values![self.space.0 => INT8])?
            .is_empty()
        {
            return Ok(());
        }
        let canaries = format!("attempts > 0 AND run IN ({canaries})");
        self.each_created_where(&canaries, each)
    }

    fn has_rows(&self) -> Result<bool, StateError> {
        let sql = "SELECT 1 FROM partner_sync.record WHERE space = $1 LIMIT 1";
        Ok(!self.rows(sql, &values![self.space.0 => INT8])?.is_empty())
    }

    fn each_key(&self, each: &mut dyn FnMut(&str)) -> Result<(), StateError> {
        let sql = "SELECT key FROM partner_sync.record WHERE space = $1";
        self.link
            .each(sql, &values![self.space.0 => INT8], &mut |row| {
                each(row.get(0));
            })
    }

    fn each_partner(&self, each: &mut dyn FnMut(&str)) -> Result<(), StateError> {
        let sql =
            "SELECT partner FROM partner_sync.record WHERE space = $1 AND partner IS NOT NULL";
        self.link
            .each(sql, &values![self.space.0 => INT8], &mut |row| {
                each(row.get(0));
            })
    }

    fn some_created(&self, most: u32) -> Result<Vec<(PartnerId, ExternalId, String)>, StateError> {
        let sql = "SELECT r.partner, r.legacy, r.name FROM partner_sync.space s JOIN partner_sync.record r ON r.space = s.id
                   WHERE s.target = (SELECT target FROM partner_sync.space WHERE id = $1) AND r.state = $2
                     AND r.partner IS NOT NULL LIMIT $3";
        let values = values![
            self.space.0 => INT8, RecordState::Created.code() => INT8, i64::from(most) => INT8,
        ];
        let rows = self.rows(sql, &values)?;
        let one = |row: &Row| {
            (
                PartnerId::new(row.get::<_, String>(0)),
                ExternalId::new(row.get::<_, String>(1)),
                row.get(2),
            )
        };
        Ok(rows.iter().map(one).collect())
    }

    fn digest(&self) -> Result<String, StateError> {
        let mut hasher = blake3::Hasher::new();
        let sql =
            "SELECT key, state, fingerprint FROM partner_sync.record WHERE space = $1 ORDER BY key";
        self.link
            .each(sql, &values![self.space.0 => INT8], &mut |row| {
                hasher.update(row.get::<_, &str>(0).as_bytes());
                hasher.update(&row.get::<_, i64>(1).to_le_bytes());
                hasher.update(row.get(2));
            })?;
        Ok(hasher.finalize().to_hex().to_string())
    }

    fn known_of(
        &self,
        keys: &mut dyn Iterator<Item = &str>,
    ) -> Result<Vec<Option<Known>>, StateError> {
        // All keys go out in one statement, so the moment is the one after the last of them.
        let asked: Vec<_> = keys.map(|key| Cow::Owned(text(key).into_owned())).collect();
        let rows = self.rows(KNOWN, &values![self.space.0 => INT8, asked => TEXT_ARRAY])?;
        Ok(known_from(&rows, self.key.number, &asked))
    }

    fn done_rows(&self, most: u64) -> Result<Option<DoneRows>, StateError> {
        let sql = "SELECT count(*) FROM partner_sync.record WHERE space = $1";
        let rows = self.rows(sql, &values![self.space.0 => INT8])?;
        let count = rows.first().map_or(0, |row| row.get::<_, i64>(0));
        let mut rows = usize::try_from(count).unwrap_or(usize::MAX);
        if rows as u64 > most {
            return Ok(None);
        }
        loop {
            match self.gather(rows)? {
                Some(done) => return Ok(Some(done)),
                None => rows = rows * 2 + MORE_PLACES,
            }
        }
    }

    fn twins(&self) -> Result<Vec<Twin>, StateError> {
        late::twins(&self.link, self.space)
    }

    fn total(&self) -> Result<Option<u64>, StateError> {
        let sql = "SELECT total FROM partner_sync.space WHERE id = $1";
        let rows = self.rows(sql, &values![self.space.0 => INT8])?;
        let total: Option<i64> = rows.first().and_then(|row| row.get(0));
        Ok(total.and_then(|t| u64::try_from(t).ok()))
    }

    fn unclaimed(&self) -> Result<Identifiers, StateError> {
        let sql = "SELECT unclaimed FROM partner_sync.space WHERE id = $1";
        let rows = self.rows(sql, &values![self.space.0 => INT8])?;
        let bytes: Option<&[u8]> = rows.first().and_then(|row| row.get(0));
        Ok(bytes.map_or_else(Identifiers::default, Identifiers::from_bytes))
    }
}
