//! The whole source is looked at before anything is sent: too many invalid rows, too few rows, a source that is not what
//! it was at the last good run; and a person is asked before the first import into an API.

use std::sync::{Arc, Mutex};

use super::context::{Import, lock};
use super::repaired::{is_repaired, repaired, skipped};
use crate::config::Bound;
use crate::diagnostic::counted;
use crate::ops::contents::contents;
use crate::ops::error::OpError;
use crate::ops::export::unsent;
use crate::ops::known::KnownRows;
use crate::ops::observer::{Answer, FirstSend};
use crate::partner::{RowKey, RowOutcome};
use crate::prepare::{Exports, PreparedRow, Survey, Tally};
use crate::report::{Collector, RunEnding};
use crate::source::Flow;

/// Why a run with too many invalid rows sends nothing, and what to do.
fn too_many_invalid(invalid: u64, allowed: Option<Bound>) -> String {
    let allowed = allowed.map_or_else(String::new, |bound| bound.to_string());
    format!(
        "nothing was sent: {}, --max-errors allows {allowed}. Repair the rows and run again, or allow more.",
        counted(invalid, "invalid row")
    )
}

/// Why nothing is sent.
pub(super) struct Refusal {
    pub(super) words: String,
    pub(super) ending: RunEnding,
}

impl Refusal {
    pub(super) fn stopped(words: String) -> Self {
        Self {
            words,
            ending: RunEnding::Stopped,
        }
    }
}

impl Import<'_> {
    /// Why the source is not sent, if it is not. A refusal leaves the rows reported, and none of them sent.
    pub(super) fn preflight(
        &self,
        survey: &Survey,
        collector: &Arc<Mutex<Collector>>,
    ) -> Result<Option<Refusal>, OpError> {
        if survey.incomplete {
            return Ok(None);
        }
        let exports = self.exports();
        let expect = &self.request.expect;
        let mut refusal = expect.refuses_rows(survey.rows).map(Refusal::stopped);
        let parents = KnownRows::new(self.reader()?);
        let known = |key: &RowKey| parents.is_created(key);
        if refusal.is_none() && (self.request.max_errors.is_some() || expect.looks_at_contents()) {
            let stop = || self.stop.is_requested();
            let (invalid, tally) = count_invalid(exports, survey, &known, &stop)?;
            let too_many = |most: Bound| most.is_exceeded(invalid, survey.rows);
            if self.request.max_errors.is_some_and(too_many) {
                refusal = Some(Refusal {
                    words: too_many_invalid(invalid, self.request.max_errors),
                    ending: RunEnding::Problems,
                });
            }
            let drifted = expect.drift(&contents(exports, survey, tally));
            if !drifted.is_empty() {
                if refusal.is_none() && expect.fail_on_drift {
                    refusal = Some(Refusal::stopped(format!(
                        "the export differs from the last good run ({}). Nothing was sent. Look at the differences; if they are intended, run once with on_drift = \"note\".",
                        counted(drifted.len() as u64, "difference")
                    )));
                }
                lock(collector).add_diagnostics(0, drifted);
            }
        }
        if refusal.is_some() {
            let tally = exports.prepare(survey, None, None, &known, &mut |rows| {
                let mut held = lock(collector);
                for row in rows {
                    held.add(match repaired(&row, &known) {
                        Some(warning) => skipped(row, warning),
                        None => unsent(row, RowOutcome::Deferred),
                    });
                }
                Flow::More
            })?;
            lock(collector).set_contents(contents(exports, survey, tally));
        }
        match parents.trouble() {
            Some(error) => Err(error.into()),
            None => Ok(refusal),
        }
    }

    /// Asks once, before the first import into an API that is not on this machine.
    pub(super) fn is_confirmed(&self, survey: &Survey) -> Result<bool, OpError> {
        if !self.request.ask_first || self.connection.loopback || self.reader()?.is_some() {
            return Ok(true);
        }
        let stop = || self.stop.is_requested();
        let (invalid, _) = count_invalid(self.exports(), survey, &|_| false, &stop)?;
        let most = self.request.most_sent().unwrap_or(u64::MAX);
        let ask = FirstSend {
            rows: survey.rows,
            created: survey.rows.saturating_sub(invalid).min(most),
            target: &self.connection.target,
            mapping: &self.opened.mapping.name,
            adopt: self.request.adopt,
            state: &self.session.settings.state,
        };
        let answer = self.session.observer.first_send(&ask);
        // Whoever is asked may be interrupted instead of answering.
        if self.stop.is_requested() {
            return Err(self.session.stopped());
        }
        Ok(answer == Answer::Send)
    }
}

/// How many rows are invalid and were not repaired either, and what the rows hold. Nothing was sent yet.
fn count_invalid(
    exports: &Exports,
    survey: &Survey,
    known: &(dyn Fn(&RowKey) -> bool + Sync),
    stop: &dyn Fn() -> bool,
) -> Result<(u64, Tally), OpError> {
    let mut invalid = 0_u64;
    let tally = exports.judge(survey, known, &mut |rows, _| {
        let counts = |row: &&PreparedRow| row.partner.is_none() && !is_repaired(row, &known);
        invalid += rows.iter().filter(counts).count() as u64;
        if stop() { Flow::Enough } else { Flow::More }
    })?;
    Ok((invalid, tally))
}
