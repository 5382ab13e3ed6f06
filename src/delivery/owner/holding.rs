//! An API that does not answer: nothing is sent or looked up until it does.

use std::sync::Arc;

use tokio::time::Instant;

use super::Delivery;
use super::events::{Answered, Done};
use crate::api::{Failing, PartnersApi, Waited};
use crate::delivery::StopReason;
use crate::delivery::breaker::Sign;
use crate::partner::{CreateOutcome, NotCreated};

impl<A: PartnersApi> Delivery<A> {
    /// Follows what an outcome says of the API.
    pub(super) fn follow(&mut self, sign: Sign) {
        match sign {
            Sign::Works => self.flow.creates(),
            Sign::Stop(reason) => self.stop.request(reason),
            Sign::Outage { seen, answers } => self.hold(seen, answers),
        }
    }

    fn hold(&mut self, seen: String, answers: bool) {
        if self.stopping || self.flow.is_held() {
            return;
        }
        let held = self.flow.hold(answers, Instant::now());
        let Some((since, relapses)) = held.filter(|_| self.options.outage.is_on()) else {
            self.stop.request(StopReason::ApiDown(seen));
            return;
        };
        let failing = Failing {
            since,
            relapses,
            seen,
        };
        let (api, outage) = (Arc::clone(&self.api), self.options.outage.clone());
        self.tasks
            .spawn(async move { Done::Waited(outage.wait(&*api, &failing).await) });
    }

    /// The wait is over: a row is tried, or the run stops.
    pub(super) fn waited(&mut self, waited: Waited) {
        match waited {
            Waited::Answers { .. } => self.flow.answers(),
            Waited::GaveUp(seen) => {
                let words = self.options.outage.gave_up(&seen);
                self.stop.request(StopReason::ApiDown(words));
            }
            // Whoever stops the run has a reason of its own.
            Waited::Stopped => {}
        }
    }

    /// Puts a row that did not leave back to the others that wait for the API; returns the answer where it stands.
    pub(super) fn put_back(&mut self, answered: Answered) -> Option<Answered> {
        let unsent = matches!(
            answered.outcome,
            CreateOutcome::NotCreated(NotCreated::NotSent(_))
        );
        if !unsent || self.stopping || self.stop.is_requested() {
            return Some(answered);
        }
        let mut job = answered.job;
        job.attempts += answered.attempts;
        self.ready.push_front(*job);
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::bench::*;
    use super::super::events::{IdsOfState, Job};
    use super::*;
    use crate::api::ApiError;
    use crate::partner::{ApiWords, PartnerId, PreparedPartner};

    /// A firewall that refuses one look-up says nothing of the others: that row stays in doubt, and is not asked for again.
    #[tokio::test]
    async fn a_look_up_that_is_refused_leaves_its_row_in_doubt() {
        let mut bench = Bench::new(FakeApi::new(Create::Answered));
        let rows: Vec<PreparedPartner> = (1..=5).map(|i| row(i, None)).collect();
        bench.claim(&rows).await;
        bench.begin();
        let mut delivery = bench.delivery();
        let error = || ApiError::Forbidden(ApiWords::new("no"));
        for (n, row) in (1..).zip(&rows) {
            delivery.start_look(&row.key);
            delivery.looked(&row.key, Instant::now(), Err(error()));
            assert!(delivery.doubts[&row.key].is_given_up());
            // Five in a row speak of the token.
            assert_eq!(bench.stop.is_requested(), n == 5, "{n}");
        }
        assert!(matches!(
            bench.stop.reason(),
            Some(StopReason::NotAuthorised(_))
        ));
    }

    /// While the API is waited for nothing is sent or looked up; then one row is tried, and twice as many with each success.
    #[tokio::test]
    async fn an_outage_holds_rows_and_look_ups_back() {
        let mut bench = Bench::new(FakeApi::new(Create::Answered));
        bench.patience = Duration::from_mins(5);
        bench.claim(&[row(9, None)]).await;
        bench.begin();
        let mut delivery = bench.delivery();
        delivery.ids_of_state = IdsOfState::Read;
        let job = |n| Job {
            row: row(n, None),
            ids: Vec::new(),
            attempts: 0,
        };
        let answered = |n, outcome| Answered {
            job: Box::new(job(n)),
            outcome,
            attempts: 3,
        };
        let unsent = || CreateOutcome::NotCreated(NotCreated::NotSent(ApiWords::new("refused")));
        let made = |n: u32| CreateOutcome::Created(PartnerId::new(format!("id-{n}")));
        delivery.answered(answered(1, unsent()));
        // The row is put back with its requests counted; a second one changes nothing of the wait.
        delivery.answered(answered(2, unsent()));
        let waiting: Vec<(&str, u32)> = delivery
            .ready
            .iter()
            .map(|j| (j.row.key.as_str(), j.attempts))
            .collect();
        assert_eq!(waiting, [("K2", 3), ("K1", 3)]);
        delivery.ready.extend((3..=8).map(job));
        delivery.look();
        delivery.send_ready();
        assert_eq!((delivery.sending, delivery.looking), (0, 0));
        delivery.waited(Waited::Answers { paused: true });
        delivery.send_ready();
        assert_eq!(delivery.sending, 1);
        delivery.sending = 0;
        delivery.answered(answered(2, made(2)));
        delivery.send_ready();
        assert_eq!(delivery.sending, 2);
        delivery.look();
        assert_eq!(delivery.looking, 1);
        // One that does not leave again holds everything again.
        delivery.answered(answered(3, unsent()));
        assert!(delivery.flow.is_held());
        delivery.waited(Waited::GaveUp("seen".to_owned()));
        let reason = bench.stop.reason().unwrap().to_string();
        assert_eq!(
            reason,
            "seen, and it did not answer again within 5 min (--outage)"
        );
        // Where nothing is waited for, the row is unsent.
        let mut bench = Bench::new(FakeApi::new(Create::Answered));
        let mut delivery = bench.delivery();
        delivery.answered(answered(1, unsent()));
        assert!(delivery.ready.is_empty() && delivery.to_settle.len() == 1);
        assert_eq!(delivery.to_settle[0].0.more_attempts, 2);
    }
}
