//! A question that fails in a passing way is asked again; a create never is.
//!
//! A single 503 ends neither a walk over the list nor a look-up. A create is not repeated here, whatever its outcome: that
//! is decided where attempts are recorded.

use std::future::Future;

use tokio::sync::watch;

use super::contract::{CreateRequest, ListFilter, Page, PartnersApi, RemotePartner};
use super::error::ApiError;
use super::retry;
use crate::partner::{CreateOutcome, PartnerId};

/// How often one question is asked, the first time included.
const TRIES: u32 = 5;

/// An API whose reads (list, get, health) are repeated after a transient failure ([`ApiError::is_transient`]), five times
/// in all, with growing waits, or what the server asked for. A stop ends a wait, for an answer or for the next try, at once,
/// as [`ApiError::Stopped`].
#[derive(Debug, Clone)]
pub struct Retrying<A> {
    inner: A,
    stop: watch::Receiver<bool>,
}

impl<A> Retrying<A> {
    /// Puts repetition around `inner`; `stop` turns true when no more requests may go out.
    pub fn new(inner: A, stop: watch::Receiver<bool>) -> Self {
        Self { inner, stop }
    }

    async fn repeated<T, F>(&self, ask: impl Fn() -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let mut tries = 0;
        let mut stop = self.stop.clone();
        loop {
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

    use tokio::time::Instant;

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
