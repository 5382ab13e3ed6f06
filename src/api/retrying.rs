//! A question that fails in a passing way is asked again; a create never is.
//!
//! A single 503 ends neither a walk over the list nor a look-up. A create is not repeated here, whatever its outcome: that
//! is decided where attempts are recorded.

use std::future::Future;

use tokio::sync::watch;
use tokio::time::Instant;

use super::contract::{CreateRequest, ListFilter, Page, PartnersApi, RemotePartner};
use super::error::ApiError;
use super::outage::{Failing, Outage, Waited};
use super::retry;
use crate::partner::{CreateOutcome, PartnerId};

/// How often one question is asked, the first time included.
const TRIES: u32 = 5;
/// After so many of them it is asked whether the API answers at all, where an outage is waited for.
const TRIES_ALONE: u32 = 2;

/// An API whose reads (list, get, health) are repeated after a transient failure ([`ApiError::is_transient`]), five times
/// in all, with growing waits, or what the server asked for. Where an outage is waited for, a question that meets one is held
/// back until it is over, and fails with [`ApiError::Outage`] where it is not. A stop ends a wait, for an answer or for the
/// next try, at once, as [`ApiError::Stopped`].
#[derive(Debug, Clone)]
pub struct Retrying<A> {
    inner: A,
    stop: watch::Receiver<bool>,
    outage: Option<Outage>,
}

impl<A> Retrying<A> {
    /// Puts repetition around `inner`; `stop` turns true when no more requests may go out.
    pub fn new(inner: A, stop: watch::Receiver<bool>) -> Self {
        Self {
            inner,
            stop,
            outage: None,
        }
    }

    /// The same, but an outage is waited for.
    #[must_use]
    pub fn waiting(mut self, outage: Outage) -> Self {
        self.outage = Some(outage).filter(Outage::is_on);
        self
    }
}

impl<A: PartnersApi> Retrying<A> {
    async fn repeated<T, F>(&self, ask: impl Fn() -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let mut tries = 0;
        let mut stop = self.stop.clone();
        loop {
            if let Some(outage) = &self.outage {
                outage.hold().await;
            }
            // A question that is under way changes nothing: nobody waits for its answer once the run is stopping.
            let answer = tokio::select! {
                biased;
                answer = ask() => answer,
                Ok(_) = stop.wait_for(|stopped| *stopped) => return Err(ApiError::Stopped),
            };
            let error = match answer {
                Err(error) if error.is_transient() => error,
                answer => return answer,
            };
            tries += 1;
            if tries >= TRIES {
                return Err(error);
            }
            if let Some(outage) = &self.outage
                && tries == TRIES_ALONE
                && error.is_outage()
            {
                let failing = Failing {
                    since: Instant::now(),
                    relapses: 0,
                    seen: error.to_string(),
                };
                match outage.wait(&self.inner, &failing).await {
                    // It answers others: the failure is of this question.
                    Waited::Answers { paused: false } => {}
                    Waited::Answers { paused: true } => {
                        tries = 0;
                        continue;
                    }
                    Waited::GaveUp(seen) => return Err(ApiError::Outage(outage.gave_up(&seen))),
                    Waited::Stopped => return Err(ApiError::Stopped),
                }
            }
            // No jitter: the limiter below spaces the requests of all workers.
            let wait = retry::wait(tries, error.retry_after(), 1.0);
            tracing::debug!(%error, ?wait, "asking the API again");
            tokio::select! {
                biased;
                // A sender that is gone will never ask to stop.
                Ok(_) = stop.wait_for(|stopped| *stopped) => return Err(ApiError::Stopped),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

impl<A: PartnersApi> PartnersApi for Retrying<A> {
    async fn create(&self, request: CreateRequest) -> CreateOutcome {
        // While somebody waits for the API nothing is sent, so that no row gets into doubt for it.
        if let Some(outage) = &self.outage {
            outage.hold().await;
        }
        self.inner.create(request).await
    }

    async fn list(&self, filter: &ListFilter, skip: u64, take: u64) -> Result<Page, ApiError> {
        self.repeated(|| self.inner.list(filter, skip, take)).await
    }

    async fn get(
        &self,
        id: &PartnerId,
        include: &[String],
    ) -> Result<Option<RemotePartner>, ApiError> {
        self.repeated(|| self.inner.get(id, include)).await
    }

    async fn probe(&self) -> Result<(), ApiError> {
        self.inner.probe().await
    }

    /// An answer of any status says that somebody is there, which is all that is asked for: only silence and throttling
    /// are asked again.
    async fn health(&self) -> Result<(), ApiError> {
        let ask = || async {
            match self.inner.health().await {
                Err(error @ ApiError::Status { .. }) => Ok(Err(error)),
                answer => answer.map(Ok),
            }
        };
        self.repeated(ask).await?
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::scripted::{Scripted, request};
    use super::*;
    use crate::partner::{ApiWords, DoubtCause, NotCreated};

    fn status(status: u16) -> ApiError {
        match status {
            429 | 503 => ApiError::Throttled {
                status,
                retry_after: None,
            },
            _ => ApiError::Status {
                status,
                words: ApiWords::new("no"),
            },
        }
    }

    fn retrying(api: &Scripted) -> (watch::Sender<bool>, Retrying<Scripted>) {
        let (stop, flag) = watch::channel(false);
        (stop, Retrying::new(api.clone(), flag))
    }

    #[tokio::test(start_paused = true)]
    async fn a_passing_failure_is_asked_again() {
        let api = Scripted::default();
        let (_stop, retrying) = retrying(&api);
        let unreachable = ApiError::Unreachable(ApiWords::new("reset"));
        for failure in [
            status(503),
            status(429),
            status(500),
            status(502),
            unreachable,
        ] {
            api.will_list(Err(failure.clone()));
            api.will_list(Ok(Page {
                length: 7,
                ..Page::default()
            }));
            let page = retrying.list(&ListFilter::default(), 3, 100).await;
            assert_eq!(page.map(|p| p.length), Ok(7), "{failure}");
            assert_eq!(api.take_calls(), ["list 3", "list 3"]);
            api.will_get(Err(failure.clone()));
            api.will_get(Ok(None));
            assert_eq!(retrying.get(&PartnerId::new("p"), &[]).await, Ok(None));
            assert_eq!(api.take_calls(), ["get p", "get p"]);
            api.will_be_well(Err(failure.clone()));
            if matches!(failure, ApiError::Status { .. }) {
                // Whoever answers is there.
                assert_eq!(retrying.health().await, Err(failure));
                assert_eq!(api.take_calls(), ["health"]);
                continue;
            }
            api.will_be_well(Ok(()));
            assert_eq!(retrying.health().await, Ok(()));
            assert_eq!(api.take_calls(), ["health", "health"]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_try_does_not_change_is_asked_once() {
        let api = Scripted::default();
        let (_stop, retrying) = retrying(&api);
        for failure in [
            status(400),
            status(404),
            ApiError::Unauthorised(ApiWords::new("no")),
            ApiError::Forbidden(ApiWords::new("no")),
            ApiError::Unreadable(ApiWords::new("no")),
            ApiError::Stopped,
        ] {
            api.will_be_well(Err(failure.clone()));
            assert_eq!(retrying.health().await, Err(failure));
            assert_eq!(api.take_calls(), ["health"]);
        }
    }

    /// It is asked whether the API answers: a second try would be another answer.
    #[tokio::test(start_paused = true)]
    async fn a_probe_is_asked_once() {
        let api = Scripted::default();
        let (_stop, retrying) = retrying(&api);
        for answer in [Ok(Page::default()), Err(status(503))] {
            api.will_list(answer.clone());
            assert_eq!(retrying.probe().await, answer.map(|_| ()));
            assert_eq!(api.take_calls(), ["list 0"]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn after_five_tries_the_last_failure_stands() {
        let api = Scripted::default();
        let (_stop, retrying) = retrying(&api);
        let from = Instant::now();
        for code in [503, 503, 503, 503, 502] {
            api.will_list(Err(status(code)));
        }
        let answer = retrying.list(&ListFilter::default(), 0, 100).await;
        assert_eq!(answer, Err(status(502)));
        assert_eq!(api.take_calls().len(), 5);
        // 0.4, 0.8, 1.6 and 3.2 seconds.
        assert_eq!(from.elapsed().as_secs(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_is_waited_for_and_a_failure_of_one_question_is_not() {
        let api = Scripted::default();
        let (_stop, retrying) = retrying(&api);
        let outage = Outage::new(
            Duration::from_mins(5),
            retrying.stop.clone(),
            crate::clock::Clock::System,
        );
        let retrying = retrying.waiting(outage.clone());
        // Two tries and four probes find nobody; then the question is asked from the start.
        for _ in 0..6 {
            api.will_list(Err(status(502)));
        }
        for _ in 0..2 {
            api.will_list(Ok(Page {
                length: 7,
                ..Page::default()
            }));
        }
        let page = retrying.list(&ListFilter::default(), 3, 100).await;
        assert_eq!(page.map(|p| p.length), Ok(7));
        assert_eq!(api.take_calls().len(), 8);
        // The probe is answered: this question alone fails.
        for _ in 0..5 {
            api.will_get(Err(status(500)));
        }
        api.will_list(Ok(Page::default()));
        let answer = retrying.get(&PartnerId::new("p"), &[]).await;
        assert_eq!(answer, Err(status(500)));
        assert_eq!(
            api.take_calls(),
            ["get p", "get p", "list 0", "get p", "get p", "get p"]
        );
        assert_eq!(outage.pauses().len(), 1);
        // A create that comes while somebody waits is held back.
        for _ in 0..4 {
            api.will_list(Err(status(502)));
        }
        for _ in 0..2 {
            api.will_list(Ok(Page::default()));
        }
        api.will_create(CreateOutcome::Created(PartnerId::new("p")));
        let asking = tokio::spawn({
            let retrying = retrying.clone();
            async move { retrying.list(&ListFilter::default(), 0, 1).await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        api.take_calls();
        retrying.create(request()).await;
        assert!(asking.await.unwrap().is_ok());
        let calls = api.take_calls();
        assert_eq!((calls.len(), calls[0].as_str()), (3, "list 0"), "{calls:?}");
        // To the end.
        for _ in 0..40 {
            api.will_list(Err(status(502)));
        }
        let answer = retrying.list(&ListFilter::default(), 0, 100).await;
        let Err(ApiError::Outage(words)) = answer else {
            panic!("{answer:?}")
        };
        assert!(
            words.contains("502") && words.contains("5 min (--outage)"),
            "{words}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_server_says_how_long_to_wait() {
        let api = Scripted::default();
        let (_stop, retrying) = retrying(&api);
        let from = Instant::now();
        api.will_be_well(Err(ApiError::Throttled {
            status: 429,
            retry_after: Some(Duration::from_secs(40)),
        }));
        api.will_be_well(Ok(()));
        assert_eq!(retrying.health().await, Ok(()));
        assert_eq!(from.elapsed().as_secs(), 40);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_wait() {
        let api = Scripted::default();
        let (stop, retrying) = retrying(&api);
        let from = Instant::now();
        api.will_be_well(Err(ApiError::Throttled {
            status: 503,
            retry_after: Some(Duration::from_secs(200)),
        }));
        let asking = tokio::spawn(async move { retrying.health().await });
        tokio::time::sleep(Duration::from_secs(3)).await;
        stop.send_replace(true);
        assert_eq!(asking.await.unwrap(), Err(ApiError::Stopped));
        assert_eq!(from.elapsed().as_secs(), 3);
        assert_eq!(api.take_calls(), ["health"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_create_is_sent_once_whatever_comes_of_it() {
        let api = Scripted::default();
        let (_stop, retrying) = retrying(&api);
        for outcome in [
            CreateOutcome::NotCreated(NotCreated::Throttled { retry_after: None }),
            CreateOutcome::NotCreated(NotCreated::NotSent(ApiWords::new("refused"))),
            CreateOutcome::InDoubt {
                cause: DoubtCause::Unproved,
                status: Some(503),
                words: ApiWords::new("503"),
                retry_after: Some(Duration::from_secs(1)),
            },
        ] {
            api.will_create(outcome.clone());
            let got = retrying.create(request()).await;
            assert_eq!(got, outcome);
            assert_eq!(api.take_calls(), ["create"]);
        }
    }
}
