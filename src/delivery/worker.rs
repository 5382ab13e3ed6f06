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
        tracing::debug!(attempts, ?outcome, "nothing was made; trying again");
        tokio::select! {
            () = tokio::time::sleep(retry::wait(attempts, asked, fastrand::f64())) => {}
            () = stop.requested() => return (CreateOutcome::NotCreated(NotCreated::Stopped), attempts),
        }
    }
}
