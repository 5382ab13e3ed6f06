//! Rows that another machine has, or has settled, and doubts that were taken over from one that was lost.

use tokio::time::Instant;

use super::Delivery;
use super::events::{After, Job};
use crate::api::PartnersApi;
use crate::delivery::diagnostics::{changed, in_doubt, still_rejected};
use crate::delivery::plan::{Decision, decide};
use crate::delivery::recovery::Doubted;
use crate::partner::{PreparedPartner, RowOutcome};
use crate::state::{Doubt, Known, PerRow};

impl<A: PartnersApi> Delivery<A> {
    /// Takes what another machine had under way.
    pub(super) fn take_over(&mut self, doubts: Vec<Doubt>) {
        let (now, settle) = (Instant::now(), self.options.settle);
        for doubt in doubts {
            self.doubt(Doubted::of_earlier_run(doubt, now, settle));
        }
    }

    /// Sorts out rows that were not claimed, since they are another machine's.
    pub(super) fn claimed(&mut self, jobs: Vec<Job>, answers: PerRow) -> Vec<Job> {
        let mut ours = Vec::with_capacity(jobs.len());
        for (job, answer) in jobs.into_iter().zip(answers.answers()) {
            match answer {
                None => ours.push(job),
                Some(known) => self.stands(job.row, &known),
            }
        }
        ours
    }

    /// A settlement came too late: another machine has settled the row, or has it by now.
    pub(super) fn settled_elsewhere(&mut self, after: After, known: &Known) {
        match after {
            After::Made(job, id) if known.is_created() && known.partner.as_ref() == Some(&id) => {
                self.settled(After::Made(job, id));
            }
            // Another partner than the one that is known is kept as a late answer, and reported at the end.
            After::Made(job, _)
            | After::Refused(job, ..)
            | After::Lost(job, ..)
            | After::SetAside(job, _)
            | After::Unsent(job) => self.stands(job.row, known),
            After::Found { key, .. } | After::Absent(key) => {
                self.under_way.remove(&key);
                match self.doubts.remove(&key).and_then(|doubted| doubted.row) {
                    Some(row) => self.stands(row, known),
                    None => {
                        self.found_elsewhere += 1;
                        self.wake_children(&key, known.is_created());
                    }
                }
            }
        }
    }

    /// What becomes of a row that stands like this, and is not ours.
    fn stands(&mut self, row: PreparedPartner, known: &Known) {
        let decision = decide(Some(known), &row.fingerprint, self.options.retry_rejected);
        let (outcome, partner, diagnostics) = match decision {
            Decision::Skip(partner) => (RowOutcome::Skipped, partner, Vec::new()),
            Decision::Changed(partner) => (RowOutcome::Changed, partner, vec![changed(&row)]),
            Decision::StillRejected => {
                let told = still_rejected(&row, Some(known));
                (RowOutcome::Rejected, None, vec![told])
            }
            Decision::Create | Decision::LookUpFirst | Decision::InDoubt
                if self.options.shares && !self.stopping =>
            {
                self.postpone(&row);
                return;
            }
            Decision::Create | Decision::LookUpFirst => (RowOutcome::Deferred, None, Vec::new()),
            Decision::InDoubt => (RowOutcome::InDoubt, None, vec![in_doubt(&row, None)]),
        };
        self.finish(&row, outcome, partner, diagnostics);
        self.wake_children(&row.key, known.is_created());
    }
}
