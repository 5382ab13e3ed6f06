//! A list that grows because this run creates partners: a walk over it is incomplete for that reason alone, which says nothing of the
//! API. The row is looked up when no creates are under way.

use std::time::Duration;

use tokio::time::Instant;

use super::Delivery;
use crate::api::{Incomplete, PartnersApi};
use crate::delivery::recovery::Obstacle;
use crate::partner::RowKey;

/// How long it is waited until it is seen whether rows are still sent.
const QUIET: Duration = Duration::from_secs(1);

impl<A: PartnersApi> Delivery<A> {
    /// A create begins, or was answered.
    pub(super) fn creates(&mut self) {
        self.last_create = Some(Instant::now());
    }

    /// Those that need a walk, without those whose last one met partners that were being created, while more are: another walk
    /// would meet more.
    pub(super) fn worth_a_walk(&mut self, keys: Vec<RowKey>, now: Instant) -> Vec<RowKey> {
        // Between two creates there may be a moment without one, in which the next rows are claimed.
        if self.sending == 0 && self.claiming == 0 {
            return keys;
        }
        let growing = Some(Obstacle::Growing);
        let waits = |key: &RowKey| self.doubts.get(key).is_some_and(|d| d.obstacle == growing);
        let (waiting, worth): (Vec<RowKey>, Vec<RowKey>) = keys.into_iter().partition(waits);
        for key in waiting {
            self.start_look(&key);
            self.look_again(&key, now + QUIET);
        }
        worth
    }

    /// Whether a walk that began then was incomplete only because rows were sent meanwhile; then the row is looked up when none are.
    pub(super) fn is_postponed(
        &mut self,
        key: &RowKey,
        began: Instant,
        why: Option<&Incomplete>,
    ) -> bool {
        let has_created = self.sending > 0 || self.last_create.is_some_and(|at| at >= began);
        let is_growing = matches!(why, Some(Incomplete::Changed { .. })) && has_created;
        if is_growing && let Some(doubted) = self.doubts.get_mut(key) {
            doubted.obstacle = Some(Obstacle::Growing);
            self.look_again(key, Instant::now() + QUIET);
        }
        is_growing
    }
}
