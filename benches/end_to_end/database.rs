//! States in a Postgres of the bench's own.

use std::time::Instant;

use crate::postgres;
use crate::support::state::State;

/// Rows a second that so many owners claim and settle, each in batches of so many rows: a commit for the claims, and one for
/// their outcomes. Each owner has a state of its own; they share the server and its disk. None where there is no Postgres.
pub fn rate(owners: u64, batches: u64, rows: u64) -> Option<f64> {
    let cluster = postgres::cluster()?;
    let states: Vec<State> = (0..owners)
        .map(|_| State::in_database(&cluster.database()))
        .collect();
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for state in &states {
            scope.spawn(|| {
                for at in (0..batches).map(|batch| batch * rows) {
                    state.claim(at, at + rows);
                    state.settle(at, at + rows);
                }
            });
        }
    });
    Some((owners * batches * rows) as f64 / begin.elapsed().as_secs_f64())
}
