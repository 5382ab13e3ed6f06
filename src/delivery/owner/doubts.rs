//! Rows that have to be looked up: when to look, and what a look-up that found or failed means.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::events::{After, Done, IdsOfState};
use super::{Delivery, SWEEP_DOUBTS};
use crate::api::{
    ApiError, Effort, Found, FoundMany, Incomplete, PartnersApi, RemotePartner, can_be_searched,
    find_many, find_one,
};
use crate::delivery::StopReason;
use crate::delivery::diagnostics::{
    LOOK_YOURSELF, TAKEN, changed, duplicates, in_doubt, of_a_person, of_another_row, place,
};
use crate::delivery::recovery::{Absence, Doubted, Obstacle};
use crate::delivery::trust::Looked;
use crate::partner::{RowKey, RowOutcome};
use crate::state::{Event, RecordState, Settlement};

impl<A: PartnersApi> Delivery<A> {
    /// Starts look-ups that are due: with the workers that are free, up to half of them while rows are sent.
    pub(super) fn look(&mut self) {
        if self.flow.is_held() {
            return;
        }
        let now = Instant::now();
        self.looked_at = now;
        let due: Vec<RowKey> = self
            .schedule
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, key)| key.clone())
            .collect();
        let free = self.free_for_look_ups();
        if due.is_empty() || free == 0 {
            return;
        }
        // A partner that is found is the row's own only where no other row has it.
        if self.ids_of_state != IdsOfState::Read {
            self.read_ids();
            return;
        }
        let (by_list, others): (Vec<RowKey>, Vec<RowKey>) = due
            .into_iter()
            .partition(|key| self.is_due_by_list(key, now));
        let by_list = self.worth_a_walk(by_list, now);
        let mut free = free;
        if !by_list.is_empty() && !self.walking {
            // Only the whole list can prove anything of them, whatever the walk costs.
            self.start_walk(by_list, Some(u64::MAX));
            free -= 1;
        }
        let (alone, together): (Vec<RowKey>, Vec<RowKey>) = others
            .into_iter()
            .partition(|key| self.doubts.get(key).is_none_or(|d| d.alone));
        if together.len() >= SWEEP_DOUBTS {
            if !self.walking {
                self.start_walk(together, None);
            }
            return;
        }
        for key in alone.into_iter().chain(together).take(free) {
            self.look_up(key);
        }
    }

    /// Workers that may look up now.
    fn free_for_look_ups(&self) -> usize {
        let workers = self.options.workers;
        let slots = if self.ready.is_empty() {
            workers
        } else {
            workers.div_ceil(2)
        };
        slots
            .saturating_sub(self.looking)
            .min(workers.saturating_sub(self.sending + self.looking))
    }

    pub(super) fn is_due_by_list(&self, key: &RowKey, now: Instant) -> bool {
        self.doubts.get(key).is_some_and(|d| {
            d.judge(now) == Absence::Proof && d.needs_the_list(self.trust.search())
        })
    }

    /// Walks over the whole list, for as long as it costs at most `worth` requests; where that is not said, as many as
    /// looking each up would cost.
    fn start_walk(&mut self, keys: Vec<RowKey>, worth: Option<u64>) {
        let mut wanted: HashSet<String> = HashSet::new();
        let mut can_all_be_searched = true;
        for key in &keys {
            if let Some(doubted) = self.start_look(key) {
                can_all_be_searched &= can_be_searched(&doubted.business_name);
                wanted.insert(doubted.legacy_identifier.as_str().to_owned());
            }
        }
        // Each that no search can find would be looked up by a walk of its own.
        let worth = match worth {
            Some(worth) => worth,
            None if can_all_be_searched => wanted.len() as u64,
            None => u64::MAX,
        };
        let known = self.trust.known();
        let api = Arc::clone(&self.api);
        self.looking += 1;
        self.walking = true;
        self.tasks.spawn(async move {
            let began = Instant::now();
            let swept = find_many(&*api, &wanted, &known, worth).await;
            Done::Swept(keys, began, swept, known.len())
        });
    }

    pub(super) fn look_up(&mut self, key: RowKey) {
        let Some(doubted) = self.start_look(&key) else {
            return;
        };
        let (legacy, name) = (
            doubted.legacy_identifier.clone(),
            doubted.business_name.clone(),
        );
        let effort = match doubted.judge(Instant::now()) {
            Absence::Proof => Effort::Prove,
            Absence::TooEarly(_) => Effort::Find,
        };
        let api = Arc::clone(&self.api);
        self.looking += 1;
        self.tasks.spawn(async move {
            let began = Instant::now();
            let found = find_one(&*api, &legacy, &name, effort).await;
            Done::Looked(key, began, found)
        });
    }

    pub(super) fn start_look(&mut self, key: &RowKey) -> Option<&Doubted> {
        let doubted = self.doubts.get_mut(key)?;
        if let Some(at) = doubted.next_look.take() {
            self.schedule.remove(&(at, key.clone()));
        }
        Some(doubted)
    }

    pub(super) fn doubt(&mut self, doubted: Doubted) {
        self.under_way.insert(doubted.key.clone());
        if let Some(at) = doubted.next_look {
            self.schedule.insert((at, doubted.key.clone()));
        }
        self.doubts.insert(doubted.key.clone(), doubted);
    }

    pub(super) fn look_again(&mut self, key: &RowKey, at: Instant) {
        if let Some(doubted) = self.doubts.get_mut(key) {
            doubted.next_look = Some(at);
            self.schedule.insert((at, key.clone()));
        }
    }

    /// A doubt is settled: the partner is there.
    pub(super) fn found(&mut self, key: &RowKey, hits: &[RemotePartner]) {
        self.progress += 1;
        self.breaker.found();
        self.flow.creates();
        for hit in hits {
            self.ids.take(&hit.id);
        }
        if let Some(doubted) = self.doubts.remove(key) {
            let id = hits.first().map(|h| h.id.clone());
            if let Some(id) = &id {
                self.know(id, &doubted.legacy_identifier, &doubted.business_name);
            }
            let mut diagnostics = Vec::new();
            if hits.len() > 1 {
                let at = doubted.row.as_ref().map(place).unwrap_or_default();
                let ids: Vec<&str> = hits.iter().map(|h| h.id.as_str()).collect();
                diagnostics.push(duplicates(at, doubted.legacy_identifier.as_str(), &ids));
            }
            match doubted.row {
                Some(row) if row.fingerprint.may_be(doubted.fingerprint) => {
                    self.finish(&row, RowOutcome::Created, id, diagnostics);
                }
                Some(row) => {
                    diagnostics.push(changed(&row));
                    self.finish(&row, RowOutcome::Changed, id, diagnostics);
                }
                None => {
                    self.found_elsewhere += 1;
                    self.duplicates_elsewhere.extend(diagnostics);
                }
            }
        }
        self.under_way.remove(key);
        self.wake_children(key, true);
    }

    pub(super) fn looked(&mut self, key: &RowKey, began: Instant, found: Result<Found, ApiError>) {
        if found.is_ok() {
            self.breaker.looked();
        }
        match found {
            Ok(Found::Partners(hits)) => self.hit(key, began, hits),
            Ok(Found::Absent { by, alike }) => {
                self.absent(key, began, Looked::Search(by), &alike);
            }
            Ok(Found::NotSeen) => self.not_seen(key),
            Err(ApiError::Stopped) => {}
            Err(error) => self.look_failed(key, began, &error),
        }
    }

    /// A look-up found partners of the row; after a second post, they are looked at once more when both must show.
    fn hit(&mut self, key: &RowKey, began: Instant, mut hits: Vec<RemotePartner>) {
        let Some(doubted) = self.doubts.get_mut(key) else {
            return;
        };
        // What an answer with such an id proves, which is nothing, a look-up that shows it does not prove either.
        if let Some(taken) = hits.extract_if(.., |hit| self.ids.has(&hit.id)).last()
            && hits.is_empty()
        {
            doubted.obstacle = Some(Obstacle::Taken);
            self.leave(key, &of_another_row(&taken.id));
            return;
        }
        if hits.len() == 1 && doubted.may_be_twice(began) {
            let at = doubted.settled_at;
            doubted.failures = 0;
            doubted.seen = hits;
            self.look_again(key, at);
        } else {
            self.settle_found(key, hits);
        }
    }

    pub(super) fn settle_found(&mut self, key: &RowKey, hits: Vec<RemotePartner>) {
        let mut settlement = Settlement::new(key.clone(), Event::FoundRemotely);
        settlement.partner = hits.first().map(|h| h.id.clone());
        settlement.more_attempts = 0;
        self.settle(
            settlement,
            After::Found {
                key: key.clone(),
                hits,
            },
        );
    }

    /// Nothing was seen when nothing could be proved yet.
    fn not_seen(&mut self, key: &RowKey) {
        let Some(doubted) = self.doubts.get_mut(key) else {
            return;
        };
        doubted.failures = 0;
        doubted.alone = false;
        let at = doubted.settled_at;
        self.not_found_yet(key, at);
    }

    pub(super) fn look_failed(&mut self, key: &RowKey, began: Instant, error: &ApiError) {
        let why = match error {
            ApiError::Incomplete(why) => Some(why),
            _ => None,
        };
        if self.is_postponed(key, began, why) {
            return;
        }
        let words = error.to_string();
        let is_refused = matches!(error, ApiError::Forbidden(_));
        let stop = if is_refused {
            self.breaker.look_up_refused(&words)
        } else {
            StopReason::of(error)
        };
        if let Some(reason) = stop {
            self.stop.request(reason);
        }
        let asked = match error {
            ApiError::Throttled { retry_after, .. } => {
                Some(retry_after.unwrap_or(Duration::from_secs(1)))
            }
            _ => None,
        };
        if is_refused && let Some(doubted) = self.doubts.get_mut(key) {
            doubted.give_up(&words);
            self.look_over(key);
        } else {
            // A search may fail where the list is shown, and the other way round: the next look-up is of the other kind.
            if may_be_of_its_kind(error)
                && let Some(doubted) = self.doubts.get_mut(key)
            {
                doubted.by_list = !doubted.by_list;
            }
            self.look_later(key, words, asked);
        }
    }

    /// A look-up came to its end and proved nothing.
    pub(super) fn look_in_vain(&mut self, key: &RowKey, why: &str) {
        self.look_later(key, why.to_owned(), None);
    }

    fn look_later(&mut self, key: &RowKey, trouble: String, asked: Option<Duration>) {
        if let Some(doubted) = self.doubts.get_mut(key) {
            doubted.failed(trouble, asked, Instant::now(), fastrand::f64());
        }
        self.look_over(key);
    }

    /// A look-up proved nothing: there is another one, or the row is left as it is in this run.
    fn look_over(&mut self, key: &RowKey) {
        let Some(doubted) = self.doubts.get_mut(key) else {
            return;
        };
        if let Some(at) = doubted.next_look {
            self.schedule.insert((at, key.clone()));
        } else if doubted.seen.is_empty() {
            let trouble = doubted.trouble.clone().unwrap_or_default();
            self.warn_of(key, &trouble);
            self.given_up(key);
        } else {
            let hits = std::mem::take(&mut doubted.seen);
            self.settle_found(key, hits);
        }
    }

    /// A doubt is left as it is, in this run; nobody waits for its row.
    pub(super) fn given_up(&mut self, key: &RowKey) {
        self.under_way.remove(key);
        self.wake_children(key, false);
    }

    pub(super) fn swept(
        &mut self,
        keys: Vec<RowKey>,
        began: Instant,
        swept: Result<FoundMany, ApiError>,
        known: usize,
    ) {
        match swept {
            Ok(FoundMany {
                mut found,
                alike,
                is_complete,
                why,
                shows_known,
            }) => {
                let looked = match (shows_known, known) {
                    (true, _) => Looked::ListThatShowsKnown,
                    (false, 0) => Looked::ListUntried,
                    (false, _) => Looked::ListThatShowsNone,
                };
                for key in keys {
                    let Some(doubted) = self.doubts.get(&key) else {
                        continue;
                    };
                    let legacy = doubted.legacy_identifier.as_str();
                    let alike = alike.get(legacy).map_or(&[][..], Vec::as_slice);
                    match found.remove(legacy) {
                        Some(hits) => self.hit(&key, began, hits),
                        None if is_complete => self.absent(&key, began, looked, alike),
                        None => self.missed_by_walk(&key, began, why.as_ref()),
                    }
                }
            }
            Err(ApiError::Stopped) => {}
            Err(error) => {
                for key in keys {
                    self.look_failed(&key, began, &error);
                }
            }
        }
    }

    /// A walk that was not complete did not show it: it is looked up by itself as workers are free, unless only the list
    /// can prove anything of it.
    fn missed_by_walk(&mut self, key: &RowKey, began: Instant, why: Option<&Incomplete>) {
        let now = Instant::now();
        if self.is_due_by_list(key, now) {
            if !self.is_postponed(key, began, why) {
                let why = why.map_or_else(String::new, |why| format!(": {why}"));
                self.look_in_vain(
                    key,
                    &format!("the API's list of partners could not be read to its end{why}"),
                );
            }
        } else if let Some(doubted) = self.doubts.get_mut(key) {
            doubted.alone = true;
            self.look_again(key, now);
        }
    }

    /// Doubts that this run could not settle.
    pub(super) fn leave_doubts(&mut self) -> u64 {
        let mut elsewhere = 0;
        for (_, doubted) in std::mem::take(&mut self.doubts) {
            let is_taken = doubted.obstacle == Some(Obstacle::Taken);
            let is_for_a_person = doubted.is_for_a_person()
                || matches!(doubted.obstacle, Some(Obstacle::Alike | Obstacle::Taken));
            let hint = match (is_for_a_person, doubted.is_unproved()) {
                (true, _) if is_taken => Some(TAKEN.to_owned()),
                (true, _) => Some(of_a_person()),
                (false, true) => Some(of_the_unproved()),
                (false, false) => None,
            };
            let is_given_up = doubted.is_given_up();
            match doubted.row {
                // It was about to be sent, and nothing of it is on its way.
                Some(row) if doubted.recorded != RecordState::InDoubt && !is_given_up => {
                    self.finish(&row, RowOutcome::Deferred, None, Vec::new());
                }
                Some(row) => {
                    let diagnostic = in_doubt(&row, doubted.trouble.as_deref());
                    let diagnostic = match hint {
                        Some(hint) => diagnostic.with_hint(hint),
                        None => diagnostic,
                    };
                    self.finish(&row, RowOutcome::InDoubt, None, vec![diagnostic]);
                }
                None => {
                    elsewhere += 1;
                    let key = self.named(&doubted.key);
                    tracing::warn!(key, "a row of an earlier run is still in doubt");
                }
            }
        }
        elsewhere
    }
}

/// Whether a look-up of another kind may be answered where this one was not.
fn may_be_of_its_kind(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::Status { .. } | ApiError::Unreachable(_) | ApiError::Unreadable(_)
    )
}

/// A look-up did not find it, and nothing showed what that is worth.
fn of_the_unproved() -> String {
    format!(
        "Run the same command again: a look-up that does not find this row counts once it has found another partner. Or {LOOK_YOURSELF}"
    )
}
