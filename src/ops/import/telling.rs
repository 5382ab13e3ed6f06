//! What became of rows that are not sent, told at the end of the passes.

use super::feeder::{Feeder, result_of, with};
use super::waiting::Waiting;
use crate::delivery::{StopReason, blocked, in_doubt};
use crate::partner::{PreparedPartner, RowOutcome, RowResult};
use crate::prepare::PreparedRow;
use crate::state::{Known, RecordState};

impl Feeder {
    pub(super) fn report_blocked(
        &mut self,
        rows: Vec<PreparedRow>,
        waiting: &Waiting,
    ) -> Result<(), StopReason> {
        for row in rows {
            let result = match row.partner {
                Some(partner) => {
                    let parents = self.parents_of(&partner)?;
                    let budget = self.budget.as_mut();
                    if budget.is_some_and(|b| b.may_have_left(&parents)) {
                        result_of(&partner, RowOutcome::Deferred, row.diagnostics)
                    } else {
                        let found = blocked(&partner, &waiting.blocker(&partner));
                        result_of(&partner, RowOutcome::Blocked, with(row.diagnostics, found))
                    }
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

    /// Tells what became of rows that another machine had, or that waited for one of its rows. Those whose parents have no partner
    /// are returned.
    pub(super) fn tell_ends(&mut self, rows: Vec<PreparedRow>) -> Result<Vec<u32>, StopReason> {
        let sorted = self.judge(rows)?;
        let mut waiting = Vec::new();
        for row in sorted.to_send.into_iter().chain(sorted.posted_before) {
            let parents = self.parents_of(&row)?;
            let is_created = |known: &Option<Known>| {
                known
                    .as_ref()
                    .is_some_and(|k| k.state == RecordState::Created)
            };
            if parents.iter().all(is_created) {
                let result = result_of(&row, RowOutcome::Deferred, Vec::new());
                self.lock().add(result);
            } else {
                waiting.push(row.origin.ordinal);
            }
        }
        for row in sorted.doubtful {
            let told = vec![in_doubt(&row, None)];
            self.lock().add(result_of(&row, RowOutcome::InDoubt, told));
        }
        Ok(waiting)
    }

    fn parents_of(&self, row: &PreparedPartner) -> Result<Vec<Option<Known>>, StopReason> {
        self.reader
            .known(row.links.iter().map(|l| l.key.as_str()))
            .map_err(|e| StopReason::State(e.to_string()))
    }
}
