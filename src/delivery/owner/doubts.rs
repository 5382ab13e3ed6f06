//! Rows in doubt: when to look, and what a look-up that found, missed or failed means.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::events::{After, Done};
use super::{Delivery, SWEEP_DOUBTS};
use crate::api::{
    ApiError, Effort, Found, PartnersApi, RemotePartner, Sweep, can_be_searched,
    find_by_identifier, sweep,
};
use crate::delivery::StopReason;
use crate::delivery::diagnostics::{changed, duplicates, in_doubt, place, rejected};
use crate::delivery::recovery::{Absence, Doubted};
use crate::partner::{ApiWords, RowKey, RowOutcome};
use crate::state::{Event, Settlement};

impl<A: PartnersApi> Delivery<A> {
    /// Starts look-ups that are due: with the workers that are free, up to half of them while rows are sent.
    pub(super) fn look(&mut self) {
        if self.flow.is_held() {
            return;
        }
        let now = Instant::now();
        let due: Vec<RowKey> = self
            .schedule
            .iter()
            .take_while(|(at, _)| *at <= now)
            .map(|(_, key)| key.clone())
            .collect();
        if due.is_empty() {
            return;
        }
        let slots = if self.ready.is_empty() {
            self.options.workers
        } else {
            self.options.workers.div_ceil(2)
        };
        let free = slots.saturating_sub(self.looking).min(
            self.options
                .workers
                .saturating_sub(self.sending + self.looking),
        );
        if free == 0 {
            return;
        }
        let (alone, together): (Vec<RowKey>, Vec<RowKey>) = due
            .into_iter()
            .partition(|key| self.doubts.get(key).is_none_or(|d| d.alone));
        if together.len() >= SWEEP_DOUBTS {
            let mut wanted: HashSet<String> = HashSet::new();
            let mut can_all_be_searched = true;
            for key in &together {
                if let Some(doubted) = self.start_look(key) {
                    can_all_be_searched &= can_be_searched(&doubted.business_name);
                    wanted.insert(doubted.legacy_identifier.as_str().to_owned());
                }
            }
            // Each that no search can find would be looked up by a walk of its own.
            let worth = if can_all_be_searched {
                wanted.len() as u64
            } else {
                u64::MAX
            };
            let api = Arc::clone(&self.api);
            self.looking += 1;
            self.tasks.spawn(async move {
                let began = Instant::now();
                Done::Swept(together, began, sweep(&*api, &wanted, worth).await)
            });
            return;
        }
        for key in alone.into_iter().chain(together).take(free) {
            self.look_up(key);
        }
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
            let found = find_by_identifier(&*api, &legacy, &name, effort).await;
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
            let mut diagnostics = Vec::new();
            if hits.len() > 1 {
                let at = doubted.row.as_ref().map(place).unwrap_or_default();
                let ids: Vec<&str> = hits.iter().map(|h| h.id.as_str()).collect();
                diagnostics.push(duplicates(at, doubted.legacy_identifier.as_str(), &ids));
            }
            match doubted.row {
                Some(row) if row.fingerprint == doubted.fingerprint => {
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
            Ok(Found::Partners(hits)) => self.settle_found(key, hits),
            Ok(Found::Absent) => self.absent(key, began),
            Ok(Found::NotSeen) => self.not_seen(key),
            Err(ApiError::Stopped) => {}
            Err(error) => self.look_failed(key, &error),
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

    pub(super) fn absent(&mut self, key: &RowKey, began: Instant) {
        let Some(doubted) = self.doubts.get_mut(key) else {
            return;
        };
        doubted.failures = 0;
        doubted.alone = false;
        match doubted.judge(began) {
            Absence::TooEarly(at) => self.look_again(key, at),
            Absence::Proof if doubted.row.is_some() => self.settle_absent(key.clone()),
            // The row may come yet; what is proved stays proved, for nobody else claims it.
            Absence::Proof => doubted.absent = true,
        }
    }

    /// A doubt is settled: there is no partner. What that means is said by the last answer to the create.
    pub(super) fn settle_absent(&mut self, key: RowKey) {
        let mut settlement = Settlement::new(key.clone(), Event::ConfirmedAbsent);
        if let Some(doubted) = self.doubts.get(&key)
            && let Some((status, words)) = doubted.refusal()
        {
            settlement.event = Event::AbsentAfterRefusal;
            settlement.status = Some(status);
            settlement.words = Some(ApiWords::new(words));
        }
        self.settle(settlement, After::Absent(key));
    }

    /// That a row's partner does not exist is on the disk.
    pub(super) fn absence_settled(&mut self, key: &RowKey) {
        self.under_way.remove(key);
        let Some(doubted) = self.doubts.remove(key) else {
            return;
        };
        let refusal = doubted
            .refusal()
            .map(|(status, words)| (status, words.to_owned()));
        match (doubted.row, refusal) {
            // Another payload than the one that was refused may be sent.
            (Some(row), Some((status, words))) if row.fingerprint == doubted.fingerprint => {
                let diagnostic = rejected(&row, status, &words);
                self.finish(&row, RowOutcome::Rejected, None, vec![diagnostic]);
                self.wake_children(key, false);
            }
            (Some(row), _) if doubted.set_aside => {
                self.set_aside(&row, doubted.words.as_deref().unwrap_or(""));
            }
            (Some(row), _) if self.stopping => {
                self.finish(&row, RowOutcome::Deferred, None, Vec::new());
            }
            (Some(row), _) => self.admit(vec![row]),
            (None, _) => self.wake_children(key, false),
        }
    }

    /// Nothing was seen when nothing could be proved yet.
    fn not_seen(&mut self, key: &RowKey) {
        let Some(doubted) = self.doubts.get_mut(key) else {
            return;
        };
        doubted.failures = 0;
        doubted.alone = false;
        let at = doubted.settled_at;
        self.look_again(key, at);
    }

    pub(super) fn look_failed(&mut self, key: &RowKey, error: &ApiError) {
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
        let Some(doubted) = self.doubts.get_mut(key) else {
            return;
        };
        if is_refused {
            doubted.refused(words);
        } else {
            doubted.failed(words, asked, Instant::now(), fastrand::f64());
        }
        if let Some(at) = doubted.next_look {
            self.schedule.insert((at, key.clone()));
        } else {
            tracing::warn!(key = %key, "the row stays in doubt: {error}");
            self.under_way.remove(key);
            self.wake_children(key, false);
        }
    }

    pub(super) fn swept(
        &mut self,
        keys: Vec<RowKey>,
        began: Instant,
        swept: Result<Sweep, ApiError>,
    ) {
        match swept {
            Ok(Sweep {
                mut found,
                is_complete,
            }) => {
                let now = Instant::now();
                for key in keys {
                    let Some(doubted) = self.doubts.get_mut(&key) else {
                        continue;
                    };
                    match found.remove(doubted.legacy_identifier.as_str()) {
                        Some(hits) => self.settle_found(&key, hits),
                        None if is_complete => self.absent(&key, began),
                        // Each by itself, as workers are free.
                        None => {
                            doubted.alone = true;
                            self.look_again(&key, now);
                        }
                    }
                }
            }
            Err(ApiError::Stopped) => {}
            Err(error) => {
                for key in keys {
                    self.look_failed(&key, &error);
                }
            }
        }
    }

    /// Doubts that this run could not settle.
    pub(super) fn leave_doubts(&mut self) -> u64 {
        let mut elsewhere = 0;
        for (_, doubted) in std::mem::take(&mut self.doubts) {
            match doubted.row {
                Some(row) => {
                    let diagnostic = in_doubt(&row, doubted.trouble.as_deref());
                    self.finish(&row, RowOutcome::InDoubt, None, vec![diagnostic]);
                }
                None => {
                    elsewhere += 1;
                    tracing::warn!(key = %doubted.key, "a row of an earlier run is still in doubt");
                }
            }
        }
        elsewhere
    }
}
