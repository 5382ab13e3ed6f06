//! The whole state, for people.

use std::sync::Arc;

use postgres::Row;

use super::super::address::address_of;
use super::super::contract::View;
use super::super::error::StateError;
use super::super::imports::{CreatedRow, StoredImport};
use super::super::machines::Machines;
use super::super::maintenance::Exported;
use super::super::record::RecordState;
use super::super::space::SpaceId;
use super::super::view::{RecordRow, RowEvent, RunRow, SpaceCounts, StoredRun};
use super::imports;
use super::link::{Link, Value, query, values};
use super::owner::text;
use super::reader::find_for_reading;
use super::schema::{self, Version};
use super::server::Server;
use crate::clock::Timestamp;

/// The whole state, for reading.
#[derive(Debug)]
pub(in crate::state) struct PostgresView {
    link: Link,
}

/// What a row of the state is shown by.
const SHOWN: &str = "SELECT s.target, s.mapping, r.key, r.state, r.legacy, r.partner, r.attempts, r.since, r.status, r.words, run.name
     FROM partner_sync.record r JOIN partner_sync.space s ON s.id = r.space JOIN partner_sync.run ON run.id = r.run";

impl PostgresView {
    /// Opens a state for reading; `None` where no run has made one.
    pub(in crate::state) fn find(server: &Arc<Server>) -> Result<Option<Self>, StateError> {
        Ok(find_for_reading(server)?.map(|link| Self { link }))
    }

    /// Bytes that its tables take.
    pub(in crate::state) fn bytes(server: &Arc<Server>) -> Result<u64, StateError> {
        let sql = "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint FROM pg_class c
                   JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'partner_sync' AND c.relkind = 'r'";
        let link = Link::new(Arc::clone(server));
        let rows = link.look(|client| query(client, sql, &[]))?;
        Ok(rows
            .first()
            .map_or(0, |row| row.get::<_, i64>(0))
            .unsigned_abs())
    }

    fn all<T>(
        &self,
        sql: &str,
        values: &[Value<'_>],
        row: impl FnMut(&Row) -> T,
    ) -> Result<Vec<T>, StateError> {
        let rows = self.link.look(|client| query(client, sql, values))?;
        Ok(rows.iter().map(row).collect())
    }
}

/// Who holds the state now; none where nobody does, or the database does not say.
pub(in crate::state) fn holder(server: &Arc<Server>) -> Option<String> {
    let link = Link::new(Arc::clone(server));
    match schema::examine(&link).ok()? {
        Version::None => None,
        Version::Older(_) | Version::Current => link.look(schema::held_by).ok()?,
    }
}

fn shown(at: i64) -> String {
    Timestamp(at).to_rfc3339()
}

fn status(of: Option<i64>) -> Option<u16> {
    of.and_then(|s| u16::try_from(s).ok())
}

fn exit(of: Option<i64>) -> Option<u8> {
    of.and_then(|code| u8::try_from(code).ok())
}

impl View for PostgresView {
    fn counts(&self) -> Result<Vec<SpaceCounts>, StateError> {
        let sql = "SELECT s.id, s.target, s.mapping, r.state, count(*), min(r.since)
                   FROM partner_sync.space s LEFT JOIN partner_sync.record r ON r.space = s.id
                   GROUP BY s.id, s.target, s.mapping, r.state ORDER BY s.id, r.state";
        let mut spaces: Vec<(i64, SpaceCounts)> = Vec::new();
        self.all(sql, &[], |row| {
            let id: i64 = row.get(0);
            if spaces.last().is_none_or(|(last, _)| *last != id) {
                let counts = SpaceCounts {
                    target: row.get(1),
                    mapping: row.get(2),
                    states: RecordState::ALL.iter().map(|s| (s.as_str(), 0)).collect(),
                    oldest_doubt: None,
                };
                spaces.push((id, counts));
            }
            let state = row
                .get::<_, Option<i64>>(3)
                .and_then(RecordState::from_code);
            if let (Some((_, space)), Some(state)) = (spaces.last_mut(), state) {
                space
                    .states
                    .insert(state.as_str(), row.get::<_, i64>(4).unsigned_abs());
                if state == RecordState::InDoubt {
                    space.oldest_doubt = row.get::<_, Option<i64>>(5).map(shown);
                }
            }
        })?;
        Ok(spaces.into_iter().map(|(_, space)| space).collect())
    }

    fn machines(&self) -> Result<Machines, StateError> {
        super::machines::machines(&self.link)
    }

    fn import(&self, number: i64) -> Result<Option<StoredImport>, StateError> {
        imports::import(&self.link, number)
    }

    fn standing_of(&self, import: &StoredImport) -> Result<Vec<(RecordState, u64)>, StateError> {
        imports::standing_of(&self.link, import)
    }

    fn each_created_in(
        &self,
        import: &StoredImport,
        each: &mut dyn FnMut(CreatedRow<'_>),
    ) -> Result<(), StateError> {
        imports::each_created(&self.link, import, each)
    }

    fn runs(&self, limit: u32) -> Result<Vec<RunRow>, StateError> {
        let sql = "SELECT run.name, command, target, mapping, files, started, ended, exit, summary
                   FROM partner_sync.run JOIN partner_sync.space ON space.id = run.space ORDER BY run.id DESC LIMIT $1";
        self.all(sql, &values![i64::from(limit) => INT8], |row| RunRow {
            run: row.get(0),
            command: row.get(1),
            target: row.get(2),
            mapping: row.get(3),
            files: row.get(4),
            started: shown(row.get(5)),
            ended: row.get::<_, Option<i64>>(6).map(shown),
            exit: exit(row.get(7)),
            summary: row
                .get::<_, Option<&str>>(8)
                .and_then(|s| serde_json::from_str(s).ok()),
        })
    }

    fn run(&self, name: &str) -> Result<Option<StoredRun>, StateError> {
        let sql = "SELECT run.id, run.space, run.name, command, target, mapping, files, exit, report, ended IS NOT NULL
                   FROM partner_sync.run JOIN partner_sync.space ON space.id = run.space WHERE run.name = $1";
        let runs = self.all(sql, &values![text(name) => TEXT], |row| StoredRun {
            id: row.get(0),
            space: SpaceId(row.get(1)),
            name: row.get(2),
            command: row.get(3),
            target: row.get(4),
            mapping: row.get(5),
            files: row.get(6),
            exit: exit(row.get(7)),
            report: row.get(8),
            ended: row.get(9),
        })?;
        Ok(runs.into_iter().next())
    }

    fn last_success(&self, target: &str, mapping: &str) -> Result<Option<Timestamp>, StateError> {
        let sql = "SELECT max(ended) FROM partner_sync.run JOIN partner_sync.space ON space.id = run.space
                   WHERE target = $1 AND mapping = $2 AND command IN ('import', 'sync') AND exit = 0";
        let values = values![address_of(target) => TEXT, mapping => TEXT];
        let found = self.all(sql, &values, |row| row.get::<_, Option<i64>>(0))?;
        Ok(found.into_iter().flatten().next().map(Timestamp))
    }

    fn last_good_run(&self, target: &str, mapping: &str) -> Result<Option<StoredRun>, StateError> {
        let sql = "SELECT run.name FROM partner_sync.run JOIN partner_sync.space ON space.id = run.space
                   WHERE target = $1 AND mapping = $2 AND command IN ('import', 'sync') AND exit IN (0, 1)
                     AND report IS NOT NULL ORDER BY run.id DESC LIMIT 1";
        let values = values![address_of(target) => TEXT, mapping => TEXT];
        let names = self.all(sql, &values, |row| row.get::<_, String>(0))?;
        match names.first() {
            Some(name) => self.run(name),
            None => Ok(None),
        }
    }

    fn problems(&self, run: &StoredRun, each: &mut dyn FnMut(&[u8])) -> Result<(), StateError> {
        let sql = "SELECT lines FROM partner_sync.problem WHERE run = $1 ORDER BY part";
        self.link
            .each(sql, &values![run.id => INT8], &mut |row| each(row.get(0)))
    }

    fn created_by(&self, run: &StoredRun) -> Result<Vec<(String, String, String)>, StateError> {
        let sql = "SELECT key, legacy, coalesce(partner, '') FROM partner_sync.record
                   WHERE space = $1 AND run = $2 AND state = $3 ORDER BY key";
        let created = RecordState::Created.code();
        let values = values![run.space.0 => INT8, run.id => INT8, created => INT8];
        self.all(sql, &values, |row| (row.get(0), row.get(1), row.get(2)))
    }

    fn open_rows(&self, limit: u32) -> Result<Vec<RecordRow>, StateError> {
        let sql = format!("{SHOWN} WHERE r.state IN (1, 3, 4) ORDER BY r.since LIMIT $1");
        self.all(&sql, &values![i64::from(limit) => INT8], record_row)
    }

    fn rows_of(&self, key: &str) -> Result<Vec<RecordRow>, StateError> {
        let mut rows = self.all(
            &format!("{SHOWN} WHERE r.key = $1"),
            &values![text(key) => TEXT],
            record_row,
        )?;
        for row in &mut rows {
            let sql = "SELECT at, run, what, status, words FROM partner_sync.story
                       WHERE key = $1 AND space = (SELECT id FROM partner_sync.space WHERE target = $2 AND mapping = $3)
                       ORDER BY at, id";
            let values = values![text(key) => TEXT, row.target => TEXT, row.mapping => TEXT];
            row.history = self.all(sql, &values, |row| RowEvent {
                at: shown(row.get(0)),
                run: row.get(1),
                what: row.get(2),
                status: status(row.get(3)),
                words: row.get(4),
            })?;
        }
        Ok(rows)
    }

    fn each_exported(&self, each: &mut dyn FnMut(Exported)) -> Result<(), StateError> {
        let sql = "SELECT s.target, s.mapping, r.key, r.legacy, coalesce(r.partner, ''), r.since
                   FROM partner_sync.record r JOIN partner_sync.space s ON s.id = r.space WHERE r.state = $1
                   ORDER BY s.id, r.key";
        self.link.each(
            sql,
            &values![RecordState::Created.code() => INT8],
            &mut |row| {
                each(Exported {
                    target: row.get(0),
                    mapping: row.get(1),
                    key: row.get(2),
                    legacy_identifier: row.get(3),
                    partner: row.get(4),
                    since: shown(row.get(5)),
                });
            },
        )
    }
}

fn record_row(row: &Row) -> RecordRow {
    RecordRow {
        target: row.get(0),
        mapping: row.get(1),
        key: row.get(2),
        state: RecordState::from_code(row.get(3)).map_or("unknown", RecordState::as_str),
        legacy_identifier: row.get(4),
        partner_id: row.get(5),
        attempts: u32::try_from(row.get::<_, i64>(6)).unwrap_or(0),
        since: shown(row.get(7)),
        status: status(row.get(8)),
        words: row.get(9),
        run: row.get(10),
        history: Vec::new(),
    }
}
