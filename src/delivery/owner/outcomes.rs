//! Answers on their way to the state, and what follows once they are on the disk.

use tokio::time::Instant;

use super::Delivery;
use super::events::{After, Answered, Job};
use crate::api::{PartnersApi, id_of_another_row};
use crate::delivery::StopReason;
use crate::delivery::breaker::{Standing, Suspect};
use crate::delivery::diagnostics::{in_doubt, last_seen, rejected, set_aside};
use crate::delivery::recovery::Doubted;
use crate::diagnostic::Diagnostic;
use crate::partner::{
    CreateOutcome, NotCreated, PartnerId, PreparedPartner, RowOutcome, RowResult,
};
use crate::state::{Event, Settlement, StateError};

impl<A: PartnersApi> Delivery<A> {
    pub(super) fn answered(&mut self, mut answered: Answered) {
        if let CreateOutcome::Created(id) = &answered.outcome
            && !self.ids.take(id)
        {
            answered.outcome = id_of_another_row(id);
        }
        let sign = self.breaker.see(&answered.outcome, self.flow.is_trying());
        if let Some(sign) = sign {
            self.follow(sign);
        }
        let Some(answered) = self.put_back(answered) else {
            return;
        };
        if Suspect::of(&answered.outcome).is_some() {
            self.suspects.push(answered);
        } else {
            self.record(answered);
        }
    }

    /// Records suspect refusals once it is known what they mean: a row's refusal, unless there are so many in a row that
    /// they speak of no row. Where no answer is left that could decide it, they are refusals.
    pub(super) fn judge_suspects(&mut self) {
        let more_may_come = !self.tasks.is_empty()
            || !self.ready.is_empty()
            || !self.to_claim.is_empty()
            || !self.to_settle.is_empty()
            || !(self.pass.is_some() || self.stopping || self.input_ended);
        for mut answered in std::mem::take(&mut self.suspects) {
            let standing =
                Suspect::of(&answered.outcome).map(|suspect| self.breaker.standing(suspect));
            if standing == Some(Standing::Unproved) && more_may_come {
                self.suspects.push(answered);
                continue;
            }
            if standing == Some(Standing::OfAll)
                && let CreateOutcome::Rejected { words, .. } = answered.outcome
            {
                answered.outcome = CreateOutcome::NotCreated(NotCreated::WrongAddress(words));
            }
            self.record(answered);
        }
    }

    fn record(&mut self, answered: Answered) {
        let Answered {
            job,
            outcome,
            attempts,
        } = answered;
        let mut settlement = Settlement::new(job.row.key.clone(), Event::OutcomeUnknown);
        let attempts = attempts.saturating_add(job.attempts);
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
            CreateOutcome::InDoubt { status, words, .. } => {
                settlement.status = status;
                let said = words.to_string();
                settlement.words = Some(words);
                After::Lost(job, status, said)
            }
            CreateOutcome::NotCreated(why) => {
                settlement.event = Event::NotCreated;
                let after = match &why {
                    NotCreated::Forbidden(words) => After::SetAside(job, words.to_string()),
                    _ => After::Unsent(job),
                };
                settlement.words = match why {
                    NotCreated::NotSent(words)
                    | NotCreated::Unauthorised(words)
                    | NotCreated::Renewed(words)
                    | NotCreated::Forbidden(words)
                    | NotCreated::ProxyAuthentication(words)
                    | NotCreated::WrongAddress(words)
                    | NotCreated::AsksToWait(words) => Some(words),
                    NotCreated::Throttled { .. } | NotCreated::Stopped => None,
                };
                after
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
                let row = &job.row;
                self.know(&id, &row.legacy_identifier, &row.business_name);
                self.finish(row, RowOutcome::Created, Some(id), Vec::new());
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
            After::SetAside(job, words) => self.set_aside(&job.row, &words),
            After::Lost(job, status, words) => {
                let before = self.sent.remove(&job.row.key).unwrap_or_default();
                let settle = self.options.settle;
                self.doubt(Doubted {
                    status,
                    trouble: Some(last_seen(status, &words)),
                    words: Some(words),
                    set_aside: status == Some(403),
                    ..Doubted::lost(job.row, before, Instant::now(), settle)
                });
            }
            After::Found { key, hits } => self.found(&key, &hits),
            After::Absent(key) => self.absence_settled(&key),
        }
    }

    /// The run goes on without a row that was refused by itself.
    pub(super) fn set_aside(&mut self, row: &PreparedPartner, words: &str) {
        self.set_aside += 1;
        let diagnostic = set_aside(row, words);
        self.finish(row, RowOutcome::Deferred, None, vec![diagnostic]);
        self.wake_children(&row.key, false);
    }

    /// A settlement could not be written: the outcome is known to nobody but us, and the next run asks.
    pub(super) fn unrecorded(&mut self, after: After) {
        match after {
            After::Made(job, _)
            | After::Refused(job, ..)
            | After::Lost(job, ..)
            | After::SetAside(job, _)
            | After::Unsent(job) => {
                self.finish(
                    &job.row,
                    RowOutcome::InDoubt,
                    None,
                    vec![in_doubt(&job.row, Some("the state could not be written"))],
                );
                self.wake_children(&job.row.key, false);
            }
            // Their doubts are still there and are reported at the end.
            After::Found { .. } | After::Absent(_) => {}
        }
    }

    pub(super) fn state_failed(&mut self, error: &StateError) {
        tracing::error!("{error}");
        self.stop.request(StopReason::State(error.to_string()));
    }

    /// A claimed row that is not sent any more.
    pub(super) fn release(&mut self, job: Job) {
        let mut settlement = Settlement::new(job.row.key.clone(), Event::NotCreated);
        settlement.more_attempts = i32::try_from(job.attempts).unwrap_or(i32::MAX) - 1;
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
