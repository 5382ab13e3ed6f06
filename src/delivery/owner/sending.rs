//! Rows on their way out: claimed, then sent by the workers that are free.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::events::{Answered, Done, IdsOfState, Job};
use super::{Delivery, claim_of};
use crate::api::{CreateRequest, PartnersApi};
use crate::delivery::partner_ids::PartnerIds;
use crate::delivery::worker::deliver;
use crate::partner::SensitiveValues;
use crate::state::{StateError, StateWriter};

impl<A: PartnersApi> Delivery<A> {
    /// Sends rows that are claimed.
    pub(super) fn send_ready(&mut self) {
        if self.ids_of_state != IdsOfState::Read || (self.breaker.is_wary() && self.looks_soon()) {
            return;
        }
        while self.sending + self.looking < self.options.workers && self.sending < self.flow.room()
        {
            let Some(job) = self.ready.pop_front() else {
                break;
            };
            self.send(job);
        }
    }

    /// Whether look-ups are under way, due, or about to be.
    fn looks_soon(&self) -> bool {
        let now = Instant::now();
        self.looking > 0
            || self.settling > 0
            || !self.to_settle.is_empty()
            || self.schedule.first().is_some_and(|(at, _)| *at <= now)
    }

    /// Claims as many rows as the window allows; true where there are any.
    pub(super) fn claim(&mut self) -> bool {
        if self.flow.is_held() {
            return false;
        }
        let room = self
            .window
            .room(self.ready.len() + self.claiming)
            .min(self.to_claim.len());
        if room == 0 {
            return false;
        }
        if self.ready.len() * 4 > room * 3 {
            self.window.plenty();
        }
        let jobs: Vec<Job> = self.to_claim.drain(..room).collect();
        let claims = jobs.iter().map(|job| claim_of(&job.row)).collect();
        let state = self.state.clone();
        self.claiming += jobs.len();
        self.tasks.spawn(async move {
            let result = state.claim(claims).await;
            crate::pause::here("claimed");
            Done::Claimed(jobs, result)
        });
        true
    }

    /// Reads which ids the state's rows have, once a row is about to be sent or looked up: else none are needed.
    pub(super) fn read_ids(&mut self) {
        if self.ids_of_state != IdsOfState::Unread {
            return;
        }
        self.ids_of_state = IdsOfState::Reading;
        let (state, ids) = (self.state.clone(), self.ids.clone());
        self.tasks
            .spawn_blocking(move || Done::IdsRead(ids_of(&state, &ids)));
    }

    fn send(&mut self, job: Job) {
        let body = if job.ids.is_empty() {
            job.row.body.shared()
        } else {
            let ids = job
                .row
                .links
                .iter()
                .zip(&job.ids)
                .map(|(link, id)| (link.at, id.as_str()));
            Bytes::from(job.row.body.filled(ids))
        };
        let request = CreateRequest {
            sensitive: SensitiveValues::of(&job.row, body.clone()),
            body,
            query: job.row.query,
            legacy_identifier: job.row.legacy_identifier.clone(),
        };
        let (api, stop) = (Arc::clone(&self.api), self.stop.clone());
        self.sending += 1;
        self.creates();
        let job = Box::new(job);
        // Boxed at once: it is large, and spawning it would move it several times.
        self.tasks.spawn(Box::pin(async move {
            let (outcome, attempts) = deliver(api, request, stop).await;
            Done::Answered(Answered {
                job,
                outcome,
                attempts,
            })
        }));
    }
}

fn ids_of(state: &StateWriter, ids: &PartnerIds) -> Result<PartnerIds, StateError> {
    ids.read(&state.reader()?)
}
