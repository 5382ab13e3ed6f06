//! One rate for all machines that call one API: a row in the database, and one statement for the next slots of time.
//!
//! It is the generic cell rate algorithm: the row has the time at which the next slot begins, and whoever takes some moves it on.
//! So no two machines have the same slot, the sum is what was asked for, and what nobody uses lapses. Only the database's
//! clock counts.
//!
//! Nothing of it has to survive a crash, so the table is not logged: a statement costs no `fsync`, and after a crash, or on
//! a standby that takes over, the table is empty. Then the first slot begins a second later, which is longer than slots were given out
//! ahead.
//!
//! The first request ever to a target waits for that second as well. That its row is missing does not tell the two apart; a mark that is
//! logged would, written durably in one transaction with the row by whoever takes the first slots, also by roles that may write
//! nothing but this table, and beside rows that older versions have made. A second, once a target, is not worth it.

use std::sync::Arc;
use std::time::Duration;

use postgres::error::SqlState;

use super::super::error::StateError;
use super::error::Trouble;
use super::link::{Link, query, values};
use super::server::Server;

/// Slots of time that nobody else has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimeSlots {
    /// Seconds from the answer until the first one; negative where it has begun.
    pub first: f64,
    /// Requests a second at this moment.
    pub rate: f64,
    /// For how long nobody may send, where somebody was asked to wait.
    pub paused: Option<Duration>,
}

/// The rate at which one API may be called, over all machines that share the state.
#[derive(Debug)]
pub struct SharedRate {
    link: Link,
    target: String,
    asked: f64,
    /// Seconds of the rate that may go at once.
    burst: f64,
}

/// How often a statement that meets others, or finds its connection broken, is done again. A slot that was taken twice lapses.
const TRIES: u32 = 3;

/// The slowest that throttling makes it, in requests a second.
const FLOOR: f64 = 0.2;
/// Of different rates, the lowest holds that was asked for within this time: whoever asked for it may be gone. A very low one is
/// asked for more rarely.
const ASKED_WITHIN: &str = "interval '1 second' * greatest(10, 3 / p.asked)";
const NOW: &str = "clock_timestamp()";

/// What is asked for now.
fn asked() -> String {
    format!(
        "CASE WHEN excluded.asked <= p.asked OR p.asked_at < {NOW} - {ASKED_WITHIN} THEN excluded.asked ELSE p.asked END"
    )
}

/// What throttling has left of the rate by now: a twentieth of `asked` comes back each second; none where that is all of it.
fn recovered(asked: &str) -> String {
    let since = format!("extract(epoch FROM {NOW} - p.raised_at)::float8");
    let raised = format!("p.cut + {asked} / 20 * {since}");
    format!("CASE WHEN {since} < 1 THEN p.cut WHEN {raised} >= {asked} THEN NULL ELSE {raised} END")
}

/// The rate at this moment.
fn rate(asked: &str, cut: &str) -> String {
    format!("least({asked}, {cut})")
}

impl SharedRate {
    pub(in crate::state) fn new(
        server: &Arc<Server>,
        target: &str,
        asked: f64,
        burst: u32,
    ) -> Self {
        Self {
            link: Link::new(Arc::clone(server)),
            target: target.to_owned(),
            asked,
            burst: f64::from(burst.max(1) - 1) / asked,
        }
    }

    /// Takes the next slots.
    ///
    /// # Errors
    /// [`StateError::Away`] where the database does not answer, [`StateError::Missing`] where the state is not there or is older;
    /// [`StateError::Refused`] where this role may not take any.
    pub fn take(&self, slots: u32) -> Result<TimeSlots, StateError> {
        let asked = format!("({})", asked());
        let cut = format!("({})", recovered(&asked));
        let rate = rate(&asked, &cut);
        let sql = format!(
            "INSERT INTO partner_sync.pace AS p (target, asked, asked_at, tat)
             VALUES ($1, $2, {NOW}, {NOW} + (1 + $3 / $2) * interval '1 second')
             ON CONFLICT (target) DO UPDATE SET asked = {asked}, cut = {cut},
                 asked_at = CASE WHEN {asked} = excluded.asked THEN {NOW} ELSE p.asked_at END,
                 raised_at = CASE WHEN {NOW} - p.raised_at < interval '1 second' THEN p.raised_at ELSE {NOW} END,
                 tat = greatest(p.tat, {NOW} - $4 * interval '1 second', p.paused_until) + $3 / {rate} * interval '1 second'
             RETURNING extract(epoch FROM p.tat - {NOW})::float8 - $3 / least(p.asked, p.cut), least(p.asked, p.cut),
                 extract(epoch FROM p.paused_until - {NOW})::float8"
        );
        let slots = f64::from(slots);
        let values = values![self.target => TEXT, self.asked => FLOAT8, slots => FLOAT8, self.burst => FLOAT8];
        let row = self.ask(&sql, &values)?;
        let row = row.ok_or_else(|| self.missing())?;
        let paused: Option<f64> = row.get(2);
        Ok(TimeSlots {
            first: row.get(0),
            rate: row.get(1),
            paused: paused.and_then(|left| Duration::try_from_secs_f64(left).ok()),
        })
    }

    /// Nobody gets a slot for this long; where the API `throttled`, the rate is halved, at most once a second.
    ///
    /// # Errors
    /// As [`SharedRate::take`].
    pub fn slow(&self, pause: Duration, throttled: bool) -> Result<(), StateError> {
        let due = format!("$3 AND (p.cut_at IS NULL OR p.cut_at <= {NOW} - interval '1 second')");
        let now = rate("p.asked", &format!("({})", recovered("p.asked")));
        let sql = format!(
            "UPDATE partner_sync.pace AS p SET paused_until = greatest(p.paused_until, {NOW} + $2 * interval '1 second'),
                 cut = CASE WHEN {due} THEN greatest({FLOOR}, {now} / 2) ELSE p.cut END,
                 raised_at = CASE WHEN {due} THEN {NOW} ELSE p.raised_at END,
                 cut_at = CASE WHEN {due} THEN {NOW} ELSE p.cut_at END
             WHERE p.target = $1 RETURNING 1"
        );
        let pause = pause.as_secs_f64();
        let values = values![self.target => TEXT, pause => FLOAT8, throttled => BOOL];
        self.ask(&sql, &values).map(drop)
    }

    fn ask(
        &self,
        sql: &str,
        values: &[super::link::Value<'_>],
    ) -> Result<Option<postgres::Row>, StateError> {
        let state = self.link.server().state();
        let mut tries = 0;
        loop {
            tries += 1;
            let asked = self.link.with(|client| {
                query(client, sql, values).map_err(|error| match error.code() {
                    Some(&SqlState::UNDEFINED_TABLE | &SqlState::INVALID_SCHEMA_NAME) => {
                        Trouble::State(self.missing())
                    }
                    _ => Trouble::of(&error, &state),
                })
            });
            match asked {
                Ok(rows) => return Ok(rows.into_iter().next()),
                Err(Trouble::Again | Trouble::Away(_)) if tries < TRIES => {}
                Err(trouble) => return Err(trouble.settled(&state)),
            }
        }
    }

    fn missing(&self) -> StateError {
        StateError::Missing {
            state: self.link.server().state(),
        }
    }
}
