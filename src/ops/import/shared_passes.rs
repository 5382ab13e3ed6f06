//! The passes of one machine over an import that it shares with others.

use super::feeder::{Feeder, Telling};
use super::shared::{LOOK_AGAIN, Shared};
use crate::delivery::{Input, PassEnd, StopReason};
use crate::prepare::PreparedRow;
use crate::state::{ImportStanding, StateError};

impl Feeder {
    /// Feeds the rows of this machine's pieces until no machine has anything left to do, and tells what became of the others.
    pub(super) fn shared_passes(&mut self) -> Result<(), StopReason> {
        let mut only: Option<Vec<u32>> = None;
        let mut has_rows = true;
        // What had changed when it was last looked what could be done.
        let mut seen = 0;
        loop {
            if has_rows {
                let now = self.with_others(|s| s.standing(None))?;
                seen = now.changes;
                self.heed_limit(&now);
                self.with_others(|s| {
                    s.postponed.clear();
                    Ok(())
                })?;
                self.waits_for(only.as_ref().map_or(0, Vec::len));
                self.pass(only.as_deref(), Telling::Nothing)?;
            }
            let mut end = self.end_of_pass(Input::EndOfPart);
            let handed = end.postponed.len();
            if let Some(budget) = &mut self.budget {
                budget.end_pass(&mut end.postponed);
            }
            self.came_back(handed, end.postponed.len());
            let is_idle = end.progress == 0 && end.open == 0;
            self.note_end(end)?;
            if self.stop.is_requested() {
                // Rows that wait are left, and the pieces are for others.
                return Ok(());
            }
            let now = self.with_others(|s| s.standing(is_idle.then_some(seen)))?;
            if is_idle && now.is_over {
                self.heed_limit(&now);
                if self.tell_all()? {
                    return Ok(());
                }
                only = Some(self.with_others(|s| Ok(s.postponed.clone()))?);
                has_rows = true;
                continue;
            }
            let mut left = 0;
            if now.has_free {
                left = self.with_others(Shared::take_left)?;
                self.met += left as u64;
            }
            let has_moved = now.changes != seen;
            let waiting = self.with_others(|s| Ok(s.postponed.clone()))?;
            // Where nothing more may be sent, that nobody has given back.
            let may_go_on = has_moved && !waiting.is_empty() && now.left != Some(0);
            has_rows = left > 0 || may_go_on;
            if has_rows {
                only = Some(waiting);
            } else if has_moved {
                // Nothing here waits for it.
                seen = now.changes;
            } else if !now.has_free {
                let pause = self.stop.pause(LOOK_AGAIN);
                self.handle.block_on(pause);
            }
        }
    }

    fn heed_limit(&mut self, now: &ImportStanding) {
        if let (Some(budget), Some(left)) = (&mut self.budget, now.left) {
            budget.is_left(left);
        }
    }

    /// A batch of a pass was read: rows that need nothing any more, and others.
    pub(super) fn is_reading(&self, done: u64, rows: u64, first: bool) {
        if let Some(shared) = &self.shared {
            shared.is_reading(done, rows, first);
        }
    }

    /// Rows are about to go to the delivery.
    pub(super) fn is_handing(&self, rows: usize) {
        if let Some(shared) = &self.shared {
            shared.part.handed(rows);
        }
    }

    fn waits_for(&self, rows: usize) {
        if let Some(shared) = &self.shared {
            shared.part.waits_for(rows as u64);
        }
    }

    /// What the delivery could not send yet waits from now on, with what no more may be sent of.
    fn came_back(&self, handed: usize, waiting: usize) {
        if let Some(shared) = &self.shared {
            shared.part.came_back(handed);
            shared
                .part
                .waits_for((shared.postponed.len() + waiting) as u64);
        }
    }

    fn note_end(&mut self, end: PassEnd) -> Result<(), StopReason> {
        self.with_others(|s| {
            s.wait(end.postponed);
            // Who dies in between leaves pieces that somebody takes and does again, not rows that nobody knows to be free.
            if end.progress > 0 {
                s.has_changed()?;
            }
            s.finish()
        })
    }

    /// Hands over the rows of a batch that are in this machine's pieces, and notes the others; `met` becomes the count of the first.
    pub(super) fn hand_over_mine(
        &mut self,
        rows: Vec<PreparedRow>,
        met: &mut u64,
    ) -> Result<(), StopReason> {
        *met = 0;
        for (piece, rows) in self.with_others(|s| Ok(s.by_piece(rows)))? {
            let is_mine = self.with_others(|s| s.is_mine(piece))?;
            // What was adopted is counted already.
            let (mine, others): (Vec<_>, Vec<_>) = rows
                .into_iter()
                .partition(|row| is_mine || self.adopted.contains(&row.origin.ordinal));
            self.with_others(|s| {
                for row in &others {
                    s.is_elsewhere(row.origin.ordinal);
                }
                Ok(())
            })?;
            let count = mine.len() as u64;
            *met += count;
            if is_mine {
                let rows = count;
                self.with_others(|s| {
                    s.met(piece, rows);
                    Ok(())
                })?;
            }
            if count > 0 {
                self.hand_over(mine)?;
            }
        }
        Ok(())
    }

    /// Nobody has anything left to do. False where there is something all the same: what was in doubt until now may go, or waits for
    /// nothing any more.
    fn tell_all(&mut self) -> Result<bool, StopReason> {
        let (rows, others) = self.with_others(|s| Ok(s.take_unsettled()))?;
        self.met += others;
        if !rows.is_empty() {
            self.pass(Some(&rows), Telling::Ends)?;
        }
        if self.with_others(|s| Ok(std::mem::take(&mut s.may_go)))? {
            return Ok(self.stop.is_requested());
        }
        let waiting_rows = self.with_others(|s| Ok(s.postponed.clone()))?;
        if !waiting_rows.is_empty() && !self.stop.is_requested() {
            let waiting = self.waiting(&waiting_rows)?;
            self.with_others(|s| {
                s.postponed.clear();
                Ok(())
            })?;
            self.pass(Some(&waiting_rows), Telling::Blocked(&waiting))?;
        }
        if !self.stop.is_requested() {
            self.with_others(|s| s.end())?;
        }
        Ok(true)
    }

    /// Tells ends, and keeps the rows that wait for others.
    pub(super) fn tell_all_ends(&mut self, rows: Vec<PreparedRow>) -> Result<(), StopReason> {
        let (waiting, may_go) = self.tell_ends(rows)?;
        self.with_others(|s| {
            s.may_go |= !may_go.is_empty();
            s.wait(waiting);
            s.wait(may_go);
            Ok(())
        })
    }

    fn with_others<T>(
        &mut self,
        ask: impl FnOnce(&mut Shared) -> Result<T, StateError>,
    ) -> Result<T, StopReason> {
        let Some(shared) = &mut self.shared else {
            return Err(StopReason::Internal("the import is not shared".to_owned()));
        };
        ask(shared).map_err(|error| StopReason::State(error.to_string()))
    }
}
