//! What becomes of rows that are not sent, told at once or at the end of the passes.

use super::budget::Budget;
use super::feeder::{Feeder, Sorted, result_of, unreported, with};
use super::waiting::Waiting;
use crate::delivery::{StopReason, blocked, in_doubt};
use crate::partner::{PreparedPartner, RowOutcome, RowResult};
use crate::prepare::PreparedRow;
use crate::state::{Known, RecordState};

impl Feeder {
    /// Judges rows by what the state knows of them, and reports at once what needs no sending. Where the state cannot be asked, all
    /// are left.
    pub(super) fn judge(
        &mut self,
        rows: Vec<PreparedRow>,
        is_sent: bool,
    ) -> Result<Sorted, StopReason> {
        // What was adopted is counted already.
        let is_open = |row: &&PreparedRow| !self.adopted.contains(&row.origin.ordinal);
        let open = rows.iter().filter(is_open).count();
        let sorted = self.sorted(rows, is_sent);
        if sorted.is_err() {
            self.lock().count(RowOutcome::Deferred, open as u64);
        }
        let mut sorted = sorted?;
        if !sorted.differing.is_empty() {
            self.state
                .note_changed(std::mem::take(&mut sorted.differing));
        }
        {
            let mut collector = self.lock();
            collector.count(RowOutcome::Skipped, sorted.quiet);
            for row in std::mem::take(&mut sorted.results) {
                collector.add(row);
            }
        }
        Ok(sorted)
    }

    pub(super) fn report_blocked(
        &mut self,
        rows: Vec<PreparedRow>,
        waiting: &Waiting,
    ) -> Result<(), StopReason> {
        let mut rows = rows.into_iter();
        while let Some(row) = rows.next() {
            let result = match row.partner {
                Some(partner) => {
                    let parents = self.parents_of(&partner);
                    let parents = parents.inspect_err(|_| self.are_left(rows.len() + 1))?;
                    let diagnostics = unreported(&self.warned, &partner, row.diagnostics);
                    let budget = self.budget.as_mut();
                    if budget.is_some_and(|b| b.may_have_left(&parents)) {
                        result_of(&partner, RowOutcome::Deferred, diagnostics)
                    } else {
                        let found = blocked(&partner, &waiting.blocker(&partner));
                        result_of(&partner, RowOutcome::Blocked, with(diagnostics, found))
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
    /// are returned, and those that may be sent.
    pub(super) fn tell_ends(
        &mut self,
        rows: Vec<PreparedRow>,
    ) -> Result<(Vec<u32>, Vec<u32>), StopReason> {
        let sorted = self.judge(rows, false)?;
        let open: Vec<_> = sorted
            .to_send
            .into_iter()
            .chain(sorted.posted_before)
            .collect();
        let parents: Result<Vec<_>, _> = open.iter().map(|row| self.parents_of(row)).collect();
        let left = open.len() + sorted.doubtful.len();
        let parents = parents.inspect_err(|_| self.are_left(left))?;
        let (mut waiting, mut may_go) = (Vec::new(), Vec::new());
        for (row, parents) in open.into_iter().zip(parents) {
            let is_created = |known: &Option<Known>| {
                known
                    .as_ref()
                    .is_some_and(|k| k.state == RecordState::Created)
            };
            if !parents.iter().all(is_created) {
                waiting.push(row.origin.ordinal);
            } else if self.budget.as_mut().is_some_and(Budget::leaves) {
                let result = result_of(&row, RowOutcome::Deferred, Vec::new());
                self.lock().add(result);
            } else {
                may_go.push(row.origin.ordinal);
            }
        }
        for row in sorted.doubtful {
            let told = vec![in_doubt(&row, None)];
            self.lock().add(result_of(&row, RowOutcome::InDoubt, told));
        }
        Ok((waiting, may_go))
    }

    /// Counts rows of which nothing can be told, since the state cannot be asked.
    fn are_left(&self, rows: usize) {
        self.lock().count(RowOutcome::Deferred, rows as u64);
    }

    fn parents_of(&self, row: &PreparedPartner) -> Result<Vec<Option<Known>>, StopReason> {
        self.reader
            .known(row.links.iter().map(|l| l.key.as_str()))
            .map_err(|e| StopReason::State(e.to_string()))
    }
}
