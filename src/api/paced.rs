//! Requests go out at the limiter's rate; what answers say about the load slows the limiter down.

use super::contract::{Backpressure, CreateRequest, ListFilter, Page, PartnersApi, RemotePartner};
use super::error::ApiError;
use super::rate_limit::Limiter;
use crate::partner::{ApiWords, CreateOutcome, NotCreated, PartnerId};

/// An API behind a limiter: each request takes a permit first, and what its answer says about the server's load
/// slows or pauses all workers.
#[derive(Debug, Clone)]
pub struct Paced<A> {
    inner: A,
    limiter: Limiter,
}

impl<A: Backpressure> Paced<A> {
    /// Puts `inner` behind `limiter`, which several APIs may share.
    pub fn new(inner: A, limiter: Limiter) -> Self {
        Self { inner, limiter }
    }

    /// The limiter that all clones of this API share.
    pub fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// A permit, or why there is none.
    async fn permit(&self) -> Result<(), ApiError> {
        if self.limiter.permit().await {
            return Ok(());
        }
        Err(self
            .limiter
            .asked_too_long()
            .map_or(ApiError::Stopped, ApiError::AsksToWait))
    }

    fn follow_backpressure(&self) {
        if let Some(time) = self.inner.take_backpressure() {
            self.limiter.pause(time);
        }
    }

    fn observe<T>(&self, result: Result<T, ApiError>) -> Result<T, ApiError> {
        self.follow_backpressure();
        if let Err(ApiError::Throttled { retry_after, .. }) = &result {
            self.limiter.throttled(*retry_after);
            // Nothing may follow it, so this is the answer that stands.
            if let Some(words) = self.limiter.asked_too_long() {
                return Err(ApiError::AsksToWait(words));
            }
        }
        result
    }
}

impl<A: PartnersApi + Backpressure> PartnersApi for Paced<A> {
    async fn create(&self, request: CreateRequest) -> CreateOutcome {
        match self.permit().await {
            Ok(()) => {}
            Err(ApiError::AsksToWait(words)) => {
                return CreateOutcome::NotCreated(NotCreated::AsksToWait(ApiWords::new(&words)));
            }
            Err(_) => return CreateOutcome::NotCreated(NotCreated::Stopped),
        }
        let outcome = self.inner.create(request).await;
        self.follow_backpressure();
        match &outcome {
            CreateOutcome::NotCreated(NotCreated::Throttled { retry_after }) => {
                self.limiter.throttled(*retry_after);
            }
            CreateOutcome::InDoubt {
                retry_after: Some(wait),
                ..
            } => self.limiter.throttled(Some(*wait)),
            _ => {}
        }
        outcome
    }

    async fn list(&self, filter: &ListFilter, skip: u64, take: u64) -> Result<Page, ApiError> {
        self.permit().await?;
        self.observe(self.inner.list(filter, skip, take).await)
    }

    async fn get(
        &self,
        id: &PartnerId,
        include: &[String],
    ) -> Result<Option<RemotePartner>, ApiError> {
        self.permit().await?;
        self.observe(self.inner.get(id, include).await)
    }

    async fn health(&self) -> Result<(), ApiError> {
        self.permit().await?;
        match self.inner.health().await {
            // One that is not well says little of the others, unless it says when to come again.
            answer @ Err(ApiError::Throttled {
                retry_after: Some(_),
                ..
            }) => self.observe(answer),
            answer => answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::watch;
    use tokio::time::Instant;

    use super::super::rate::Rate;
    use super::super::scripted::{Scripted, request};
    use super::*;
    use crate::clock::Clock;
    use crate::partner::DoubtCause;

    #[tokio::test(start_paused = true)]
    async fn a_good_create_whose_answer_asks_for_a_pause_gets_one() {
        let api = Scripted::default();
        let (_stop, flag) = watch::channel(false);
        let paced = Paced::new(api.clone(), Limiter::new(Rate::Unlimited, None, flag));
        let made = CreateOutcome::Created(PartnerId::new("p"));
        api.will_create(made.clone());
        api.will_ask_for_a_pause(Duration::from_secs(5));
        assert_eq!(paced.create(request()).await, made);
        let from = Instant::now();
        api.will_create(made.clone());
        assert_eq!(paced.create(request()).await, made);
        assert_eq!(from.elapsed(), Duration::from_secs(5));
        // It was asked for once, and the rate is as it was.
        api.will_create(made);
        paced.create(request()).await;
        assert_eq!(from.elapsed(), Duration::from_secs(5));
        assert_eq!(paced.limiter().current(), Rate::Unlimited);
    }

    fn in_doubt(retry_after: Option<Duration>) -> CreateOutcome {
        CreateOutcome::InDoubt {
            cause: DoubtCause::Unproved,
            status: Some(503),
            words: ApiWords::new("503"),
            retry_after,
        }
    }

    /// Whatever was asked: the answer slows everybody down, and is handed on as it is.
    #[tokio::test(start_paused = true)]
    async fn what_is_refused_for_the_load_slows_everybody_down() {
        let seven = Some(Duration::from_secs(7));
        let throttled = |retry_after| ApiError::Throttled {
            status: 429,
            retry_after,
        };
        let refused =
            |retry_after| CreateOutcome::NotCreated(NotCreated::Throttled { retry_after });
        for (what, retry_after, waits, slows) in [
            ("create", seven, 7, true),
            ("create", None, 1, true),
            ("doubt", seven, 7, true),
            ("doubt", None, 0, false),
            ("list", seven, 7, true),
            ("list", None, 1, true),
            ("get", seven, 7, true),
            ("health", seven, 7, true),
            // One that is not well says little of the others.
            ("health", None, 0, false),
        ] {
            let api = Scripted::default();
            let (_stop, flag) = watch::channel(false);
            let limiter = Limiter::new(Rate::PerSecond(1e6), None, flag);
            let paced = Paced::new(api.clone(), limiter);
            let from = Instant::now();
            match what {
                "create" | "doubt" => {
                    let outcome = if what == "doubt" { in_doubt } else { refused };
                    api.will_create(outcome(retry_after));
                    assert_eq!(paced.create(request()).await, outcome(retry_after));
                }
                "list" => {
                    api.will_list(Err(throttled(retry_after)));
                    let listed = paced.list(&ListFilter::default(), 0, 1).await;
                    assert_eq!(listed, Err(throttled(retry_after)));
                }
                "get" => {
                    api.will_get(Err(throttled(retry_after)));
                    let got = paced.get(&PartnerId::new("p"), &[]).await;
                    assert_eq!(got, Err(throttled(retry_after)));
                }
                _ => {
                    api.will_be_well(Err(throttled(retry_after)));
                    assert_eq!(paced.health().await, Err(throttled(retry_after)));
                }
            }
            let rate = if slows { 5e5 } else { 1e6 };
            assert_eq!(paced.limiter().current(), Rate::PerSecond(rate));
            api.will_get(Ok(None));
            assert_eq!(paced.get(&PartnerId::new("p"), &[]).await, Ok(None));
            assert_eq!(from.elapsed().as_secs(), waits, "{what} {retry_after:?}");
        }
    }

    /// Whoever comes later gets the same answer.
    #[tokio::test(start_paused = true)]
    async fn after_a_pause_that_nobody_waits_for_nothing_is_sent() {
        let api = Scripted::default();
        let (stop, flag) = watch::channel(false);
        let limiter = Limiter::new(Rate::Unlimited, None, flag.clone())
            .with_patience(Duration::from_mins(5), Clock::System);
        let paced = Paced::new(api.clone(), limiter);
        api.will_list(Err(ApiError::Throttled {
            status: 429,
            retry_after: Some(Duration::from_hours(1)),
        }));
        let asked = paced.list(&ListFilter::default(), 0, 1).await;
        let Err(ApiError::AsksToWait(words)) = &asked else {
            panic!("{asked:?}")
        };
        assert!(words.contains("60 min"), "{words}");
        let later = paced.list(&ListFilter::default(), 0, 1).await;
        assert_eq!(later, asked);
        assert_eq!(paced.health().await.err(), asked.clone().err());
        let got = paced.get(&PartnerId::new("p"), &[]).await;
        assert_eq!(got.err(), asked.clone().err());
        let not_sent = NotCreated::AsksToWait(ApiWords::new(words));
        let created = paced.create(request()).await;
        assert_eq!(created, CreateOutcome::NotCreated(not_sent));
        assert_eq!(api.take_calls(), ["list 0"]);

        let paced = Paced::new(api.clone(), Limiter::new(Rate::Unlimited, None, flag));
        stop.send_replace(true);
        assert_eq!(paced.health().await, Err(ApiError::Stopped));
        let created = paced.create(request()).await;
        assert_eq!(created, CreateOutcome::NotCreated(NotCreated::Stopped));
        assert!(api.take_calls().is_empty());
    }
}
