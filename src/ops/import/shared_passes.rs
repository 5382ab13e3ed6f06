//! The passes of one machine over an import that it shares with others.

use super::feeder::{Feeder, Telling};
use super::shared::{LOOK_AGAIN, Shared};
use crate::delivery::{Input, PassEnd, StopReason};
use crate::prepare::PreparedRow;
use crate::state::StateError;

impl Feeder {
    /// Feeds the rows of this machine's pieces until no machine has anything left to do, and tells what became of the others.
    pub(super) fn shared_passes(&mut self) -> Result<(), StopReason> {
        let mut only: Option<Vec<u32>> = None;
        let mut has_rows = true;
        // What had changed when it was last looked what could be done.
        let mut seen = 0;
        loop {
            if has_rows {
                seen = self.with_others(|s| s.standing(None))?.changes;
                self.with_others(|s| {
                    s.postponed.clear();
                    Ok(())
                })?;
                self.pass(only.as_deref(), Telling::Nothing)?;
            }
            let end = self.end_of_pass(Input::EndOfPart);
            let is_idle = end.progress == 0 && end.open == 0;
            self.note_end(end)?;
            if self.stop.is_requested() {
                // Rows that wait are left, and the pieces are for others.
                return Ok(());
            }
            let now = self.with_others(|s| s.standing(is_idle.then_some(seen)))?;
            if is_idle && now.is_over {
                return self.tell_all();
            }
            let mut rows = Vec::new();
            if now.has_free {
                rows = self.with_others(Shared::take_left)?;
                self.met += rows.len() as u64;
            }
            let has_moved = now.changes != seen;
            let is_waiting = self.with_others(|s| Ok(!s.postponed.is_empty()))?;
            has_rows = !rows.is_empty() || (has_moved && is_waiting);
            if has_rows {
                rows.extend(self.with_others(|s| Ok(s.postponed.clone()))?);
                rows.sort_unstable();
                only = Some(rows);
            } else if has_moved {
                // Nothing here waits for it.
                seen = now.changes;
            } else if !now.has_free {
                let pause = self.stop.pause(LOOK_AGAIN);
                self.handle.block_on(pause);
            }
        }
    }

    fn note_end(&mut self, end: PassEnd) -> Result<(), StopReason> {
        self.with_others(|s| {
            s.postponed.extend(end.postponed);
            s.postponed.sort_unstable();
            s.finish()?;
            if end.progress > 0 {
                s.has_changed()?;
            }
            Ok(())
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
                others
                    .iter()
                    .for_each(|row| s.is_elsewhere(row.origin.ordinal));
                Ok(())
            })?;
            let count = mine.len() as u64;
            *met += count;
            if count > 0 {
                self.hand_over(mine)?;
            }
        }
        Ok(())
    }

    /// Nobody has anything left to do.
    fn tell_all(&mut self) -> Result<(), StopReason> {
        let (rows, others) = self.with_others(|s| Ok(s.take_unsettled()))?;
        self.met += others;
        if !rows.is_empty() {
            self.pass(Some(&rows), Telling::Ends)?;
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
        if self.stop.is_requested() {
            return Ok(());
        }
        self.with_others(|s| s.end())
    }

    /// Tells ends, and keeps the rows that wait for others.
    pub(super) fn tell_all_ends(&mut self, rows: Vec<PreparedRow>) -> Result<(), StopReason> {
        let waiting = self.tell_ends(rows)?;
        self.with_others(|s| {
            s.postponed.extend(waiting);
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
