//! The circuit breaker: when everything fails, stop and say what was seen, rather than burn through the
//! file (pure).

use crate::partner::{CreateOutcome, NotMade};

use super::stop::StopReason;

/// Doubts in a row that no success interrupts, for each worker: one outage fails all that are under way.
const DOUBTS_PER_WORKER: usize = 3;
/// Refusals in a row that speak of the address, not of the row.
const WRONG_ADDRESS: usize = 10;

/// Counts failures that come one after the other.
#[derive(Debug)]
pub(super) struct Breaker {
    doubts_allowed: usize,
    doubts: usize,
    lost_addresses: usize,
    successes: u64,
}

impl Breaker {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            doubts_allowed: (workers * DOUBTS_PER_WORKER).max(20),
            doubts: 0,
            lost_addresses: 0,
            successes: 0,
        }
    }

    /// Looks at an outcome that stands after all retries; says whether to stop.
    pub(super) fn see(&mut self, outcome: &CreateOutcome) -> Option<StopReason> {
        match outcome {
            CreateOutcome::Created(_) => {
                self.doubts = 0;
                self.lost_addresses = 0;
                self.successes += 1;
                None
            }
            CreateOutcome::Rejected {
                status: status @ (404 | 405),
                words,
            } => {
                self.doubts = 0;
                self.lost_addresses += 1;
                (self.successes == 0 && self.lost_addresses >= WRONG_ADDRESS).then(|| {
                    StopReason::ApiDown(format!(
                        "the API answers {status} to every create ({words}): check --api-url; it is the base, without /api/v2/partners"
                    ))
                })
            }
            CreateOutcome::Rejected { .. } => {
                self.doubts = 0;
                None
            }
            CreateOutcome::InDoubt { words, .. } => {
                self.doubts += 1;
                (self.doubts >= self.doubts_allowed).then(|| {
                    StopReason::ApiDown(format!(
                        "{} creates in a row had no answer that can be trusted; last seen: {words}",
                        self.doubts
                    ))
                })
            }
            CreateOutcome::NotMade(NotMade::Unauthorised(words) | NotMade::Renewed(words)) => {
                Some(StopReason::NotAuthorised(format!(
                    "the API does not accept the token (401: {words}); get a new one that has the permission partners.create: PARTNER_SYNC_TOKEN, --token-file or --token-command"
                )))
            }
            CreateOutcome::NotMade(NotMade::Forbidden(words)) => {
                Some(StopReason::NotAuthorised(format!(
                    "the token may not create partners (403: {words}); it needs the permission partners.create"
                )))
            }
            CreateOutcome::NotMade(NotMade::NotSent(words)) => Some(StopReason::ApiDown(format!(
                "the API cannot be reached: {words}"
            ))),
            CreateOutcome::NotMade(NotMade::Throttled { .. }) => Some(StopReason::ApiDown(
                "the API throttles every request; run again later, or with a lower --rate"
                    .to_owned(),
            )),
            CreateOutcome::NotMade(NotMade::Stopped) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::{ApiWords, PartnerId};

    #[test]
    fn doubts_in_a_row_open_it_and_a_success_between_closes_it() {
        let doubt = || CreateOutcome::InDoubt {
            words: ApiWords::new("500"),
            retry_after: None,
        };
        let mut breaker = Breaker::new(1);
        for _ in 0..19 {
            assert_eq!(breaker.see(&doubt()), None);
        }
        breaker.see(&CreateOutcome::Created(PartnerId::new("p")));
        for _ in 0..19 {
            assert_eq!(breaker.see(&doubt()), None);
        }
        assert!(matches!(
            breaker.see(&doubt()),
            Some(StopReason::ApiDown(_))
        ));
    }
}
