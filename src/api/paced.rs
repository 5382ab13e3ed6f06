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
}
