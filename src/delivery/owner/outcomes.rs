//! Answers on their way to the state, and what follows once they are on the disk.

use tokio::time::Instant;

use super::{After, Delivery, Job};
use crate::api::PartnersApi;
use crate::delivery::StopReason;
use crate::delivery::diagnostics::{in_doubt, rejected};
use crate::delivery::recovery::Doubted;
use crate::diagnostic::Diagnostic;
use crate::partner::{
    CreateOutcome, NotCreated, PartnerId, PreparedPartner, RowOutcome, RowResult,
};
use crate::state::{Event, Settlement, StateError};

impl<A: PartnersApi> Delivery<A> {
    pub(super) fn answered(&mut self, job: Box<Job>, outcome: CreateOutcome, attempts: u32) {
        if let Some(reason) = self.breaker.see(&outcome) {
            self.stop.request(reason);
        }
        let mut settlement = Settlement::new(job.row.key.clone(), Event::OutcomeUnknown);
        settlement.more_attempts = i32::try_from(attempts).unwrap_or(i32::MAX) - 1;
        let after = match outcome {
            CreateOutcome::Created(id) => {
                settlement.event = Event::Created;
                settlement.partner = Some(id.clone());
                After::Made(job, id)
            }
            CreateOutcome::Rejected { status, words } => {
                settlement.event = Event::Rejected;
                settlement.status = Some(status);
                let said = words.to_string();
                settlement.words = Some(words);
                After::Refused(job, status, said)
            }
            CreateOutcome::InDoubt { words, .. } => {
                let said = words.to_string();
                settlement.words = Some(words);
                After::Lost(job, said)
            }
            CreateOutcome::NotCreated(why) => {
                settlement.event = Event::NotCreated;
                settlement.words = match why {
                    NotCreated::NotSent(words)
                    | NotCreated::Unauthorised(words)
                    | NotCreated::Renewed(words)
                    | NotCreated::Forbidden(words) => Some(words),
                    NotCreated::Throttled { .. } | NotCreated::Stopped => None,
                };
                After::Unsent(job)
            }
        };
        self.settle(settlement, after);
    }

    pub(super) fn settle(&mut self, settlement: Settlement, after: After) {
        self.to_settle.push((settlement, after));
    }

    /// A settlement is on the disk.
    pub(super) fn settled(&mut self, after: After) {
        match after {
            After::Made(job, id) => {
                self.progress += 1;
                self.finish(&job.row, RowOutcome::Created, Some(id), Vec::new());
                self.wake_children(&job.row.key, true);
            }
            After::Refused(job, status, words) => {
                let diagnostic = rejected(&job.row, status, &words);
                self.finish(&job.row, RowOutcome::Rejected, None, vec![diagnostic]);
                self.wake_children(&job.row.key, false);
            }
            After::Unsent(job) => {
                self.finish(&job.row, RowOutcome::Deferred, None, Vec::new());
                self.wake_children(&job.row.key, false);
            }
            After::Lost(job, words) => {
                let row = job.row;
                let now = Instant::now();
                self.doubt(Doubted {
                    key: row.key.clone(),
                    legacy_identifier: row.legacy_identifier.clone(),
                    business_name: row.business_name.to_string(),
                    fingerprint: row.fingerprint,
                    row: Some(row),
                    settled_at: now + self.options.settle,
                    next_look: Some(now),
                    failures: 0,
                    trouble: Some(words),
                    alone: false,
                    absent: false,
                });
            }
            After::Found { key, hits } => self.found(&key, &hits),
            After::Absent(key) => {
                self.under_way.remove(&key);
                let Some(doubted) = self.doubts.remove(&key) else {
                    return;
                };
                match doubted.row {
                    Some(row) if self.stopping => {
                        self.finish(&row, RowOutcome::Deferred, None, Vec::new());
                    }
                    Some(row) => self.admit(vec![row]),
                    None => self.wake_children(&key, false),
                }
            }
        }
    }

    /// A settlement could not be written: the outcome is known to nobody but us, and the next run asks.
    pub(super) fn unrecorded(&mut self, after: After) {
        match after {
            After::Made(job, _)
            | After::Refused(job, ..)
            | After::Lost(job, _)
            | After::Unsent(job) => {
                self.finish(
                    &job.row,
                    RowOutcome::InDoubt,
                    None,
                    vec![in_doubt(&job.row, Some("the state could not be written"))],
                );
                self.wake_children(&job.row.key, false);
            }
            // Their doubts are still there and are told at the end.
            After::Found { .. } | After::Absent(_) => {}
        }
    }

    pub(super) fn state_failed(&mut self, error: &StateError) {
        tracing::error!("{error}");
        self.stop.request(StopReason::State(error.to_string()));
    }

    /// A claimed row that was never sent.
    pub(super) fn release(&mut self, job: Job) {
        let mut settlement = Settlement::new(job.row.key.clone(), Event::NotCreated);
        settlement.more_attempts = -1;
        self.settle(settlement, After::Unsent(Box::new(job)));
    }

    pub(super) fn finish(
        &mut self,
        row: &PreparedPartner,
        outcome: RowOutcome,
        partner: Option<PartnerId>,
        diagnostics: Vec<Diagnostic>,
    ) {
        self.under_way.remove(&row.key);
        self.finished.push(RowResult {
            origin: row.origin.clone(),
            key: Some(row.key.clone()),
            legacy_identifier: Some(row.legacy_identifier.clone()),
            outcome,
            partner,
            diagnostics,
        });
    }
}
