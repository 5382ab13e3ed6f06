//! From prepared rows to the delivery: pass after pass over the files, until every row has its outcome.
//!
//! The feeder runs on its own thread. It looks each batch up in the state, reports at once what needs no
//! sending, and hands the rest over; the bounded channel holds it back while the API is the limit. Rows
//! whose parent has no partner yet are handed over again in the next pass, for as long as passes help.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use crate::api::{ApiError, PartnersApi as _};
use crate::delivery::{
    Decision, Input, PassEnd, Stop, StopReason, blocked, changed, decide, in_doubt, still_rejected,
};
use crate::diagnostic::Diagnostic;
use crate::ops::connect::ApiClient;
use crate::ops::contents::contents;
use crate::ops::known::KnownRows;
use crate::partner::{Fingerprinter, PreparedPartner, RowKey, RowOutcome, RowResult};
use crate::prepare::{Exports, PrepareError, PreparedRow, Survey};
use crate::report::Collector;
use crate::source::Flow;
use crate::state::{Ledger, LedgerReader, StateError};

/// What feeds a delivery.
pub(super) struct Feeder {
    pub(super) exports: Arc<Exports>,
    pub(super) survey: Arc<Survey>,
    pub(super) reader: LedgerReader,
    pub(super) ledger: Ledger,
    pub(super) fingerprinter: Fingerprinter,
    pub(super) collector: Arc<Mutex<Collector>>,
    pub(super) input: mpsc::Sender<Input>,
    pub(super) stop: Stop,
    pub(super) api: Arc<ApiClient>,
    pub(super) handle: Handle,
    pub(super) retry_rejected: bool,
    /// Rows that were adopted and are counted already.
    pub(super) adopted: HashSet<u32>,
    /// Rows that may still be sent.
    pub(super) budget: u64,
    /// Rows met in the first pass.
    pub(super) met: u64,
    /// Whether the API was asked how it is.
    pub(super) asked: bool,
}

impl Feeder {
    /// Feeds until all rows have an outcome, or the run stops.
    pub(super) fn run(mut self) {
        if let Err(reason) = self.passes() {
            self.stop.request(reason);
        }
        // Rows that no pass met.
        let unmet = self.survey.rows.saturating_sub(self.met);
        self.lock().count(RowOutcome::Deferred, unmet);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Collector> {
        self.collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn passes(&mut self) -> Result<(), StopReason> {
        let mut only: Option<Vec<u32>> = None;
        loop {
            self.pass(only.as_deref(), false)?;
            let end = self.end_of_pass();
            if end.postponed.is_empty() {
                return Ok(());
            }
            if self.stop.is_requested() {
                self.lock()
                    .count(RowOutcome::Deferred, end.postponed.len() as u64);
                return Ok(());
            }
            if end.progress == 0 {
                return self.pass(Some(&end.postponed), true);
            }
            only = Some(end.postponed);
        }
    }

    fn end_of_pass(&self) -> PassEnd {
        let (reply, answer) = oneshot::channel();
        if self.input.blocking_send(Input::EndOfPass(reply)).is_err() {
            return PassEnd::default();
        }
        answer.blocking_recv().unwrap_or_default()
    }

    /// One pass over the files; `blocked` tells the rows that are left as blocked instead of sending them.
    fn pass(&mut self, only: Option<&[u32]>, blocked: bool) -> Result<(), StopReason> {
        let exports = Arc::clone(&self.exports);
        let survey = Arc::clone(&self.survey);
        let fingerprinter = self.fingerprinter.clone();
        let first = only.is_none();
        let mut through = 0_u64;
        let mut trouble = None;
        // The look-up of parents outside the files has a connection of its own: the feeder's is in use.
        let lookup = self
            .reader
            .again()
            .map_err(|e| StopReason::State(e.to_string()))?;
        let parents = KnownRows::new(Some(lookup));
        let is_known = |key: &RowKey| parents.is_created(key);
        let read = exports.pending(
            &survey,
            &fingerprinter,
            only,
            &is_known,
            &mut |rows, done| {
                let count = rows.len() as u64 + done;
                if self.stop.is_requested() {
                    return Flow::Enough;
                }
                self.lock().count(RowOutcome::Skipped, done);
                let result = if blocked {
                    self.tell_blocked(rows)
                } else {
                    self.hand_over(rows)
                };
                through += count;
                match result {
                    Ok(()) => Flow::More,
                    Err(reason) => {
                        trouble = Some(reason);
                        Flow::Enough
                    }
                }
            },
        );
        if first {
            self.met += through;
        } else if let Some(only) = only {
            // A stop between two batches leaves rows of a later pass without an outcome.
            let left = (only.len() as u64).saturating_sub(through);
            self.lock().count(RowOutcome::Deferred, left);
        }
        if let Some(reason) = trouble {
            return Err(reason);
        }
        if let Some(error) = parents.trouble() {
            return Err(StopReason::State(error.to_string()));
        }
        let tally = read.map_err(|error| match error {
            PrepareError::Source(error) => StopReason::Source(error.to_string()),
            other => StopReason::Internal(other.to_string()),
        })?;
        if first {
            self.lock().holds(contents(&exports, &survey, tally));
        }
        Ok(())
    }

    fn hand_over(&mut self, rows: Vec<PreparedRow>) -> Result<(), StopReason> {
        let state = |e: StateError| StopReason::State(e.to_string());
        let keys = rows
            .iter()
            .filter(|r| r.partner.is_some())
            .filter_map(|r| r.key.as_ref())
            .map(RowKey::as_str);
        let mut known = self.reader.known(keys).map_err(state)?.into_iter();
        let mut to_send = Vec::new();
        let mut doubtful = Vec::new();
        let mut results = Vec::new();
        let mut quiet = Vec::new();
        let mut differing = Vec::new();
        for row in rows {
            let PreparedRow {
                origin,
                key,
                partner,
                diagnostics,
            } = row;
            let Some(partner) = partner else {
                results.push(RowResult {
                    origin,
                    key,
                    legacy_identifier: None,
                    outcome: RowOutcome::Invalid,
                    partner: None,
                    diagnostics,
                });
                continue;
            };
            let known = known.next().flatten();
            if self.adopted.contains(&origin.ordinal) {
                continue;
            }
            let finished = |outcome, id, diagnostics| RowResult {
                origin: origin.clone(),
                key: key.clone(),
                legacy_identifier: Some(partner.legacy_identifier.clone()),
                outcome,
                partner: id,
                diagnostics,
            };
            match decide(known.as_ref(), &partner.fingerprint, self.retry_rejected) {
                Decision::Create if self.budget == 0 => {
                    results.push(finished(RowOutcome::Deferred, None, diagnostics));
                }
                Decision::Create => {
                    self.budget -= 1;
                    self.warnings(&partner, diagnostics);
                    to_send.push(partner);
                }
                Decision::InDoubt => {
                    self.warnings(&partner, diagnostics);
                    doubtful.push(partner);
                }
                Decision::Skip(_) if diagnostics.is_empty() => quiet.push(RowOutcome::Skipped),
                Decision::Skip(id) => results.push(finished(RowOutcome::Skipped, id, diagnostics)),
                Decision::Changed(id) => {
                    differing.push((partner.key.clone(), partner.fingerprint));
                    results.push(finished(
                        RowOutcome::Changed,
                        id,
                        with(diagnostics, changed(&partner)),
                    ));
                }
                Decision::StillRejected => {
                    results.push(finished(
                        RowOutcome::Rejected,
                        None,
                        with(diagnostics, still_rejected(&partner, known.as_ref())),
                    ));
                }
            }
        }
        if !differing.is_empty() {
            self.ledger.note_changed(differing);
        }
        {
            let mut collector = self.lock();
            collector.count(RowOutcome::Skipped, quiet.len() as u64);
            for row in results {
                collector.add(row);
            }
        }
        if (!to_send.is_empty() || !doubtful.is_empty()) && !self.asked {
            self.asked = true;
            if let Err(reason) = self.ask_health() {
                let mut collector = self.lock();
                collector.count(RowOutcome::Deferred, to_send.len() as u64);
                for row in doubtful {
                    let diagnostic = in_doubt(&row, None);
                    collector.add(result_of(&row, RowOutcome::InDoubt, vec![diagnostic]));
                }
                return Err(reason);
            }
        }
        for input in [Input::Rows(to_send), Input::Doubtful(doubtful)] {
            let (Input::Rows(rows) | Input::Doubtful(rows)) = &input else {
                continue;
            };
            if !rows.is_empty() && self.input.blocking_send(input).is_err() {
                return Err(StopReason::Internal(
                    "the delivery ended before its rows".to_owned(),
                ));
            }
        }
        Ok(())
    }

    /// Warnings of a row that is on its way are told now; its outcome is counted when it is known.
    fn warnings(&self, row: &PreparedPartner, diagnostics: Vec<Diagnostic>) {
        if !diagnostics.is_empty() {
            self.lock().tell(row.origin.file, diagnostics);
        }
    }

    /// Whether the API is there, before the first row is sent.
    fn ask_health(&self) -> Result<(), StopReason> {
        match self.handle.block_on(self.api.health()) {
            Ok(()) | Err(ApiError::Stopped) => Ok(()),
            Err(error @ (ApiError::Unreachable(_) | ApiError::Throttled { .. })) => {
                Err(StopReason::ApiDown(error.to_string()))
            }
            // It answers; whether it takes partners is shown by the first create.
            Err(error) => {
                tracing::info!("health check: {error}");
                Ok(())
            }
        }
    }

    fn tell_blocked(&mut self, rows: Vec<PreparedRow>) -> Result<(), StopReason> {
        for row in rows {
            let result = match row.partner {
                Some(partner) => {
                    let parents = self
                        .reader
                        .known(partner.links.iter().map(|l| l.key.as_str()))
                        .map_err(|e| StopReason::State(e.to_string()))?;
                    result_of(
                        &partner,
                        RowOutcome::Blocked,
                        with(row.diagnostics, blocked(&partner, &parents)),
                    )
                }
                None => RowResult {
                    origin: row.origin,
                    key: row.key,
                    legacy_identifier: None,
                    outcome: RowOutcome::Invalid,
                    partner: None,
                    diagnostics: row.diagnostics,
                },
            };
            self.lock().add(result);
        }
        Ok(())
    }
}

fn result_of(
    row: &PreparedPartner,
    outcome: RowOutcome,
    diagnostics: Vec<Diagnostic>,
) -> RowResult {
    RowResult {
        origin: row.origin.clone(),
        key: Some(row.key.clone()),
        legacy_identifier: Some(row.legacy_identifier.clone()),
        outcome,
        partner: None,
        diagnostics,
    }
}

fn with(mut diagnostics: Vec<Diagnostic>, one: Diagnostic) -> Vec<Diagnostic> {
    diagnostics.push(one);
    diagnostics
}
