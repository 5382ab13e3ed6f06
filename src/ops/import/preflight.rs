//! The whole source is looked at before anything is sent: too many invalid rows, too few rows, a source that is not what
//! it was at the last good run; and a person is asked before the first import into an API.

use std::sync::{Arc, Mutex};

use super::context::{Import, lock};
use crate::ops::contents::contents;
use crate::ops::error::OpError;
use crate::ops::export::{count_invalid, unsent};
use crate::ops::known::KnownRows;
use crate::ops::observer::{Answer, FirstSend};
use crate::partner::{RowKey, RowOutcome};
use crate::prepare::Survey;
use crate::report::{Collector, RunEnding};
use crate::source::Flow;

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
            let too_many = |most: crate::config::Bound| most.is_exceeded(invalid, survey.rows);
            if self.request.max_errors.is_some_and(too_many) {
                refusal = Some(Refusal {
                    words: "more rows are invalid than --max-errors allows: nothing was sent"
                        .to_owned(),
                    ending: RunEnding::Problems,
                });
            }
            let drifted = expect.drift(&contents(exports, survey, tally));
            if !drifted.is_empty() {
                if refusal.is_none() && expect.fail_on_drift {
                    refusal = Some(Refusal::stopped(format!(
                        "the export is not what it was at the last good run ({} differences): nothing was sent",
                        drifted.len()
                    )));
                }
                lock(collector).add_diagnostics(0, drifted);
            }
        }
        if refusal.is_some() {
            let tally = exports.prepare(survey, None, None, &known, &mut |rows| {
                let mut held = lock(collector);
                for row in rows {
                    held.add(unsent(row, RowOutcome::Deferred));
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
