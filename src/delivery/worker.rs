//! One row under way: call, and call again only where it is proved that nothing was made.

use std::sync::Arc;

use crate::api::{CreateRequest, PartnersApi, retry};
use crate::partner::{CreateOutcome, NotCreated};

use super::stop::Stop;

/// Attempts at a row that never leaves: then it is waited for the API with all rows together.
const UNSENT_ATTEMPTS: u32 = 3;
/// Attempts at a row that is throttled; all workers wait together in between.
const THROTTLED_ATTEMPTS: u32 = 30;

/// Sends a row until its outcome is something else than a passing proof that nothing was made. Returns the
/// outcome and the number of requests sent.
pub(super) async fn deliver<A: PartnersApi>(
    api: Arc<A>,
    request: CreateRequest,
    stop: Stop,
) -> (CreateOutcome, u32) {
    let mut attempts = 0;
    loop {
        let outcome = api.create(request.clone()).await;
        let (most, asked) = match &outcome {
            CreateOutcome::NotCreated(NotCreated::NotSent(_)) => (UNSENT_ATTEMPTS, None),
            // The limiter already holds everybody back for as long as the server asked.
            CreateOutcome::NotCreated(NotCreated::Throttled { .. }) => {
                (THROTTLED_ATTEMPTS, Some(std::time::Duration::ZERO))
            }
            CreateOutcome::NotCreated(NotCreated::Renewed(_)) => {
                attempts += 1;
                if attempts >= THROTTLED_ATTEMPTS || stop.is_requested() {
                    return (outcome, attempts);
                }
                continue;
            }
            CreateOutcome::NotCreated(NotCreated::Stopped | NotCreated::AsksToWait(_)) => {
                return (outcome, attempts);
            }
            _ => return (outcome, attempts + 1),
        };
        attempts += 1;
        if attempts >= most {
            return (outcome, attempts);
        }
        tracing::debug!(attempts, ?outcome, "nothing was created; trying again");
        tokio::select! {
            () = tokio::time::sleep(retry::wait(attempts, asked, fastrand::f64())) => {}
            () = stop.requested() => return (CreateOutcome::NotCreated(NotCreated::Stopped), attempts),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;
    use crate::api::{ApiError, ListFilter, Page, RemotePartner};
    use crate::partner::{ApiWords, ExternalId, PartnerId, Query, SensitiveValues};

    /// Answers creates by these outcomes, and by the last one from then on.
    struct Answers(Mutex<VecDeque<CreateOutcome>>, Stop, usize);

    impl PartnersApi for Answers {
        async fn create(&self, _: CreateRequest) -> CreateOutcome {
            let mut answers = self.0.lock().unwrap();
            let answer = answers.pop_front().unwrap();
            if answers.is_empty() {
                answers.push_back(answer.clone());
            }
            if answers.len() < self.2 {
                self.1.request(super::super::StopReason::Interrupted);
            }
            answer
        }

        async fn list(&self, _: &ListFilter, _: u64, _: u64) -> Result<Page, ApiError> {
            Err(ApiError::Stopped)
        }

        async fn get(
            &self,
            _: &PartnerId,
            _: &[String],
        ) -> Result<Option<RemotePartner>, ApiError> {
            Err(ApiError::Stopped)
        }

        async fn health(&self) -> Result<(), ApiError> {
            Err(ApiError::Stopped)
        }
    }

    fn words() -> ApiWords {
        ApiWords::new("no")
    }

    fn not_sent() -> CreateOutcome {
        CreateOutcome::NotCreated(NotCreated::NotSent(words()))
    }

    fn throttled() -> CreateOutcome {
        CreateOutcome::NotCreated(NotCreated::Throttled { retry_after: None })
    }

    fn renewed() -> CreateOutcome {
        CreateOutcome::NotCreated(NotCreated::Renewed(words()))
    }

    fn made() -> CreateOutcome {
        CreateOutcome::Created(PartnerId::new("p"))
    }

    /// Delivers; a stop is requested once fewer than `stop_below` answers are left.
    async fn delivered(answers: &[CreateOutcome], stop_below: usize) -> (CreateOutcome, u32) {
        let stop = Stop::default();
        let answers = answers.iter().cloned().collect();
        let api = Answers(Mutex::new(answers), stop.clone(), stop_below);
        let request = CreateRequest {
            body: bytes::Bytes::new(),
            query: Query::default(),
            legacy_identifier: ExternalId::new("L"),
            sensitive: SensitiveValues::default(),
        };
        deliver(Arc::new(api), request, stop).await
    }

    #[tokio::test(start_paused = true)]
    async fn only_what_is_proved_unmade_is_sent_again() {
        let rejected = || CreateOutcome::Rejected {
            status: 400,
            words: words(),
        };
        let stopped = || CreateOutcome::NotCreated(NotCreated::Stopped);
        let asks = || CreateOutcome::NotCreated(NotCreated::AsksToWait(words()));
        let forbidden = || CreateOutcome::NotCreated(NotCreated::Forbidden(words()));
        for (answers, end) in [
            (vec![made()], (made(), 1)),
            (vec![rejected()], (rejected(), 1)),
            (vec![forbidden()], (forbidden(), 1)),
            (vec![not_sent(), made()], (made(), 2)),
            (vec![not_sent(), not_sent(), made()], (made(), 3)),
            (vec![not_sent()], (not_sent(), 3)),
            (vec![throttled(), made()], (made(), 2)),
            (vec![throttled()], (throttled(), 30)),
            (vec![renewed(), made()], (made(), 2)),
            (vec![renewed()], (renewed(), 30)),
            // Nothing was sent.
            (vec![stopped()], (stopped(), 0)),
            (vec![not_sent(), stopped()], (stopped(), 1)),
            (vec![throttled(), asks()], (asks(), 1)),
        ] {
            assert_eq!(delivered(&answers, 0).await, end, "{answers:?}");
        }
    }

    /// Who is stopped sends nothing more, and waits for nothing.
    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_attempts() {
        let stopped = CreateOutcome::NotCreated(NotCreated::Stopped);
        for (answers, end) in [
            (vec![not_sent(), made()], (stopped.clone(), 1)),
            (vec![throttled(), made()], (stopped, 1)),
            (vec![renewed(), made()], (renewed(), 1)),
        ] {
            // At the first answer.
            assert_eq!(delivered(&answers, answers.len()).await, end);
        }
    }

    /// The limiter waits for all; what is left is a little, so that they do not come back all at once.
    #[tokio::test(start_paused = true)]
    async fn a_throttled_row_waits_no_longer_than_all() {
        let from = Instant::now();
        delivered(&[throttled()], 0).await;
        let waited = from.elapsed();
        assert!(waited < Duration::from_secs(29 * 2 / 10 + 2), "{waited:?}");
        assert!(waited > Duration::ZERO);
    }
}
