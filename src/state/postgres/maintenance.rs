//! Looking after rows: forgetting them, accepting their changes, saying what became of those in doubt.

use std::sync::Arc;

use postgres::{GenericClient, Row, Transaction};

use super::super::contract::Maintain;
use super::super::error::StateError;
use super::super::maintenance::MaintenanceRow;
use super::super::note::RunEnd;
use super::super::place::StateAddress;
use super::super::record::{Event, Lost, RecordState, may_forget, resolved};
use super::super::run::RunId;
use super::super::unclaimed::Identifiers;
use super::error::Trouble;
use super::lease::{Lease, Term};
use super::link::{Link, Value, locking, query, values};
use super::owner::text;
use super::reader::find_for_reading;
use super::server::Server;
use crate::clock::Timestamp;
use crate::partner::PartnerId;

/// A state that is held, open for upkeep.
#[derive(Debug)]
pub(in crate::state) struct PostgresUpkeep {
    link: Link,
    term: Arc<Term>,
    state: StateAddress,
}

/// The newest run of a space that has read its source.
const LAST_RUN: &str = "(SELECT max(id) FROM partner_sync.run WHERE run.space = r.space AND run.command IN ('import', 'sync') AND run.ended IS NOT NULL)";

impl PostgresUpkeep {
    /// Opens a state that is there.
    ///
    /// # Errors
    /// [`StateError::Missing`] where no run has made one.
    pub(in crate::state) fn open(server: &Arc<Server>, lease: &Lease) -> Result<Self, StateError> {
        let state = server.state();
        let link = find_for_reading(server)?.ok_or_else(|| StateError::Missing {
            state: state.clone(),
        })?;
        let term = Arc::clone(lease.term());
        Ok(Self { link, term, state })
    }

    fn kept(
        &self,
        condition: &str,
        values: &[Value<'_>],
    ) -> Result<Vec<MaintenanceRow>, StateError> {
        let sql = format!(
            "SELECT r.space, s.target, s.mapping, r.key, r.state, r.partner, c.key IS NOT NULL
             FROM partner_sync.record r JOIN partner_sync.space s ON s.id = r.space
             LEFT JOIN partner_sync.changed c ON c.space = r.space AND c.key = r.key AND c.run = {LAST_RUN}
             WHERE {condition} ORDER BY r.space, r.key"
        );
        let rows = self.link.look(|client| query(client, &sql, values))?;
        let one = |row: &Row| MaintenanceRow {
            space: row.get(0),
            target: row.get(1),
            mapping: row.get(2),
            key: row.get(3),
            state: RecordState::from_code(row.get(4)).unwrap_or(RecordState::InDoubt),
            partner: row.get(5),
            changed: row.get(6),
        };
        Ok(rows.iter().map(one).collect())
    }

    /// Does something in one transaction, while the state is held.
    fn held<T: Send>(
        &self,
        work: impl FnOnce(&mut Transaction<'_>) -> Result<T, postgres::Error> + Send,
    ) -> Result<T, StateError> {
        let of = |e: postgres::Error| Trouble::of(&e, &self.state);
        let done = self.link.with(|client| {
            let mut t = locking(client, self.term.length).map_err(of)?;
            let sql = "SELECT 1 FROM partner_sync.machine WHERE id = $1 AND gen = $2 FOR UPDATE";
            let held = query(
                &mut t,
                sql,
                &values![self.term.machine => TEXT, self.term.generation => INT8],
            );
            if held.map_err(of)?.is_empty() {
                self.term.is_lost();
                return Err(Trouble::State(StateError::Taken {
                    state: self.state.clone(),
                }));
            }
            let done = work(&mut t).map_err(of)?;
            t.commit().map_err(of)?;
            Ok(done)
        });
        done.map_err(|trouble| trouble.settled(&self.state))
    }

    fn each(
        &self,
        rows: &[MaintenanceRow],
        work: impl Fn(&mut Transaction<'_>, &MaintenanceRow) -> Result<u64, postgres::Error>
        + Send
        + Sync,
    ) -> Result<u64, StateError> {
        self.held(|t| {
            let mut count = 0;
            for row in rows {
                count += work(t, row)?;
            }
            Ok(count)
        })
    }
}

fn changed(
    c: &mut impl GenericClient,
    sql: &str,
    values: &[Value<'_>],
) -> Result<u64, postgres::Error> {
    let values: Vec<_> = values.iter().map(|(v, kind)| (*v, kind.clone())).collect();
    c.execute_typed(sql, &values)
}

/// Adds what a person did to a row's history.
fn add_to_history(
    c: &mut impl GenericClient,
    row: &MaintenanceRow,
    now: Timestamp,
    what: &str,
) -> Result<u64, postgres::Error> {
    let sql = "INSERT INTO partner_sync.story (space, key, at, what) VALUES ($1, $2, $3, $4)";
    changed(
        c,
        sql,
        &values![row.space => INT8, row.key => TEXT, now.0 => INT8, what => TEXT],
    )
}

impl Maintain for PostgresUpkeep {
    fn correct_end(&mut self, run: &RunId, end: &RunEnd) -> Result<(), StateError> {
        let report = end.report.as_deref().map(text);
        self.held(|t| {
            let sql = "UPDATE partner_sync.run SET exit = $1, summary = $2, report = $3 WHERE name = $4";
            let values = values![
                i64::from(end.exit) => INT8, text(&end.summary) => TEXT, report => TEXT, run.0 => TEXT,
            ];
            changed(t, sql, &values)
        })
        .map(drop)
    }

    fn of_key(&self, key: &str) -> Result<Vec<MaintenanceRow>, StateError> {
        self.kept("r.key = $1", &values![text(key) => TEXT])
    }

    fn all_changed(&self) -> Result<Vec<MaintenanceRow>, StateError> {
        self.kept("c.key IS NOT NULL", &[])
    }

    fn forget(&mut self, rows: &[MaintenanceRow], now: Timestamp) -> Result<u64, StateError> {
        self.each(rows, |t, row| {
            // What it is now decides, not what it was when it was shown.
            let sql = "SELECT r.state, r.legacy, s.unclaimed FROM partner_sync.record r JOIN partner_sync.space s ON s.id = r.space
                       WHERE r.space = $1 AND r.key = $2";
            let known = query(t, sql, &values![row.space => INT8, row.key => TEXT])?;
            let Some(known) = known.first() else { return Ok(0) };
            if !RecordState::from_code(known.get(0)).is_some_and(may_forget) {
                return Ok(0);
            }
            // Its partner may still be there: it is looked for before the row is created again.
            let unclaimed: Option<&[u8]> = known.get(2);
            let mut unclaimed = unclaimed.map_or_else(Identifiers::default, Identifiers::from_bytes);
            unclaimed.insert(known.get(1));
            let sql = "UPDATE partner_sync.space SET unclaimed = $2 WHERE id = $1";
            changed(t, sql, &values![row.space => INT8, unclaimed.to_bytes() => BYTEA])?;
            add_to_history(t, row, now, "forgotten by hand")?;
            let sql = "DELETE FROM partner_sync.record WHERE space = $1 AND key = $2";
            changed(t, sql, &values![row.space => INT8, row.key => TEXT])
        })
    }

    fn accept(&mut self, rows: &[MaintenanceRow], now: Timestamp) -> Result<u64, StateError> {
        self.each(rows, |t, row| {
            add_to_history(t, row, now, "its change was accepted by hand")?;
            let sql = format!(
                "UPDATE partner_sync.record AS r SET fingerprint = c.fingerprint FROM partner_sync.changed c
                 WHERE c.space = r.space AND c.key = r.key AND c.run = {LAST_RUN}
                   AND r.space = $1 AND r.key = $2 AND r.state = $3"
            );
            let created = RecordState::Created.code();
            let accepted = changed(t, &sql, &values![row.space => INT8, row.key => TEXT, created => INT8])?;
            let sql = "DELETE FROM partner_sync.changed WHERE space = $1 AND key = $2";
            changed(t, sql, &values![row.space => INT8, row.key => TEXT])?;
            Ok(accepted)
        })
    }

    fn row_of_partner(
        &self,
        space_of: &MaintenanceRow,
        partner: &PartnerId,
    ) -> Result<Option<String>, StateError> {
        let sql = "SELECT key FROM partner_sync.record WHERE space = $1 AND partner = $2";
        let values = values![space_of.space => INT8, text(partner.as_str()) => TEXT];
        let rows = self.link.look(|client| query(client, sql, &values))?;
        Ok(rows.first().map(|row| row.get(0)))
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
        let partner = partner.map(|id| text(id.as_str()).into_owned());
        self.each(rows, |t, row| {
            let Some(to) = resolved(row.state, event) else {
                return Ok(0);
            };
            let sql = "UPDATE partner_sync.record SET state = $1, partner = coalesce($2, partner), since = $3, status = NULL,
                           words = NULL, lost = CASE WHEN $4 THEN 0 ELSE lost END
                       WHERE space = $5 AND key = $6 AND state = $7";
            let is_forgotten = event.counts().lost == Lost::Forgotten;
            let values = values![
                to.code() => INT8, partner => TEXT, now.0 => INT8, is_forgotten => BOOL, row.space => INT8, row.key => TEXT,
                row.state.code() => INT8,
            ];
            let resolved = changed(t, sql, &values)?;
            if resolved > 0 {
                add_to_history(t, row, now, event.as_str())?;
            }
            Ok(resolved)
        })
    }
}
