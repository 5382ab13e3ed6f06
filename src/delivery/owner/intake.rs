//! Rows on their way in: sent at once, attached to their doubt, waiting for a parent, or for the next pass.

use tokio::time::Instant;

use super::events::{Done, Job};
use super::{Delivery, WAITING_CHILDREN};
use crate::api::PartnersApi;
use crate::delivery::diagnostics::{changed, in_doubt, still_rejected};
use crate::delivery::plan::{Decision, decide};
use crate::delivery::recovery::{Doubted, Missing};
use crate::partner::{PreparedPartner, RowKey, RowOutcome};
use crate::state::{Known, RecordState};

/// Rows taken from the feeder ahead of the window.
const QUEUED_ROWS: usize = 1024;
/// Windows of rows that are taken where machines share the import: what one has taken no other one can send, and of a small export
/// the first would have all of it before the last has begun.
const SHARED_WINDOWS: usize = 2;

impl<A: PartnersApi> Delivery<A> {
    /// Whether rows are taken now: not behind the end of a pass, and no more than a bound ahead of the window.
    pub(super) fn wants_rows(&self) -> bool {
        let most = if self.options.shares {
            QUEUED_ROWS.min(SHARED_WINDOWS * self.window.size())
        } else {
            QUEUED_ROWS
        };
        self.pass.is_none() && self.to_claim.len() < most
    }

    /// Takes rows to send.
    pub(super) fn take(&mut self, rows: Vec<PreparedPartner>) {
        if self.stopping {
            for row in rows {
                self.finish(&row, RowOutcome::Deferred, None, Vec::new());
            }
        } else {
            self.admit(rows);
        }
    }

    /// Takes rows in doubt: each is attached to its doubt, or looked at again where that is settled already.
    pub(super) fn take_doubtful(&mut self, rows: Vec<PreparedPartner>) {
        let mut recheck = Vec::new();
        for row in rows {
            match self.doubts.get_mut(&row.key) {
                None if self.stopping => {
                    self.finish(&row, RowOutcome::InDoubt, None, vec![in_doubt(&row, None)]);
                }
                Some(doubted) => {
                    let absent = doubted.missing == Missing::Proved;
                    let key = row.key.clone();
                    doubted.row = Some(row);
                    if absent && !self.stopping {
                        self.settle_absent(key);
                    }
                }
                None => recheck.push(row),
            }
        }
        self.recheck(recheck);
    }

    /// Takes rows that were posted before: each is looked up, and sent if it is not found.
    pub(super) fn take_posted_before(&mut self, rows: Vec<PreparedPartner>) {
        if self.stopping {
            for row in rows {
                self.finish(&row, RowOutcome::Deferred, None, Vec::new());
            }
        } else {
            self.recheck(rows);
        }
    }

    /// Asks the state again what is known of rows.
    fn recheck(&mut self, recheck: Vec<PreparedPartner>) {
        if recheck.is_empty() {
            return;
        }
        let state = self.state.clone();
        self.tasks.spawn(async move {
            let keys = recheck.iter().map(|row| row.key.clone()).collect();
            match state.known(keys).await {
                Ok(known) => Done::Rechecked(recheck, known),
                Err(error) => Done::ReadFailed(recheck, error),
            }
        });
    }

    /// A row that may be sent, once its links are known.
    pub(super) fn admit(&mut self, rows: Vec<PreparedPartner>) {
        let mut linked = Vec::new();
        for row in rows {
            if row.links.is_empty() {
                self.under_way.insert(row.key.clone());
                self.to_claim.push_back(Job {
                    row,
                    ids: Vec::new(),
                    attempts: 0,
                });
            } else {
                linked.push(row);
            }
        }
        if linked.is_empty() {
            return;
        }
        let state = self.state.clone();
        self.tasks.spawn(async move {
            let keys = linked
                .iter()
                .flat_map(|row| row.links.iter().map(|l| l.key.clone()))
                .collect();
            match state.known(keys).await {
                Ok(known) => {
                    let mut known = known.into_iter();
                    let parents = linked
                        .iter()
                        .map(|row| known.by_ref().take(row.links.len()).collect())
                        .collect();
                    Done::Parents(linked, parents)
                }
                Err(error) => Done::ReadFailed(linked, error),
            }
        });
    }

    pub(super) fn rechecked(&mut self, rows: Vec<PreparedPartner>, known: Vec<Option<Known>>) {
        let mut admitted = Vec::new();
        for (row, known) in rows.into_iter().zip(known) {
            if self.stopping {
                self.finish(&row, RowOutcome::Deferred, None, Vec::new());
                continue;
            }
            match decide(
                known.as_ref(),
                &row.fingerprint,
                self.options.retry_rejected,
            ) {
                Decision::Create => admitted.push(row),
                Decision::LookUpFirst => self.look_up_first(row, known),
                Decision::Skip(partner) => {
                    self.finish(&row, RowOutcome::Skipped, partner, Vec::new());
                }
                Decision::Changed(partner) => {
                    let diagnostic = changed(&row);
                    self.finish(&row, RowOutcome::Changed, partner, vec![diagnostic]);
                }
                Decision::StillRejected => {
                    let diagnostic = still_rejected(&row, known.as_ref());
                    self.finish(&row, RowOutcome::Rejected, None, vec![diagnostic]);
                }
                // In doubt, but no doubt of ours: it was settled between two looks at it, or another row
                // of the same key is under way, which preparing rows rules out. The next run asks.
                // Or another machine has it.
                Decision::InDoubt if self.options.shares => self.postpone(&row),
                Decision::InDoubt => {
                    self.finish(&row, RowOutcome::InDoubt, None, vec![in_doubt(&row, None)]);
                }
            }
        }
        self.admit(admitted);
    }

    /// A row that was posted before, and may go again if it is not found.
    fn look_up_first(&mut self, row: PreparedPartner, known: Option<Known>) {
        if let Some(known) = known {
            let lost = self.sent.get(&row.key).map_or(0, |s| s.lost_in_run);
            self.doubt(Doubted::posted_before(row, known, lost, Instant::now()));
        }
    }

    /// A row with links: all ids known, or it waits for a parent under way, or for the next pass.
    pub(super) fn linked(&mut self, row: PreparedPartner, known: Vec<Option<Known>>) {
        if self.stopping {
            self.finish(&row, RowOutcome::Deferred, None, Vec::new());
            return;
        }
        let mut ids = Vec::with_capacity(known.len());
        for (link, known) in row.links.iter().zip(known) {
            match known
                .filter(|k| k.state == RecordState::Created)
                .and_then(|k| k.partner)
            {
                Some(id) => ids.push(id),
                None if self.under_way.contains(&link.key)
                    && self.waiting_count < WAITING_CHILDREN =>
                {
                    // No circle can form: a row waits only for rows that were there before it.
                    self.under_way.insert(row.key.clone());
                    self.waiting_count += 1;
                    let parent = link.key.clone();
                    self.waiting.entry(parent).or_default().push(row);
                    return;
                }
                None => {
                    self.postpone(&row);
                    return;
                }
            }
        }
        self.under_way.insert(row.key.clone());
        self.to_claim.push_back(Job {
            row,
            ids,
            attempts: 0,
        });
    }

    pub(super) fn postpone(&mut self, row: &PreparedPartner) {
        self.under_way.remove(&row.key);
        let children = self.waiting.remove(&row.key).unwrap_or_default();
        self.postponed.push(row.origin.ordinal);
        for child in children {
            self.waiting_count -= 1;
            self.postpone(&child);
        }
    }

    /// What was waiting for a row goes on, or waits for the next pass.
    pub(super) fn wake_children(&mut self, key: &RowKey, made: bool) {
        let children = self.waiting.remove(key).unwrap_or_default();
        self.waiting_count -= children.len();
        if made && !self.stopping {
            self.admit(children);
            return;
        }
        for child in children {
            if self.stopping {
                self.finish(&child, RowOutcome::Deferred, None, Vec::new());
            } else {
                self.postpone(&child);
            }
        }
    }
}
