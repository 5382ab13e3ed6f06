//! The circuit breaker: when everything fails, stop and say what was seen, rather than burn through the
//! file (pure).

use crate::partner::{CreateOutcome, NotCreated};

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
            CreateOutcome::NotCreated(
                NotCreated::Unauthorised(words) | NotCreated::Renewed(words),
            ) => Some(StopReason::NotAuthorised(format!(
                "the API does not accept the token (401: {words}); get a new one that has the permission partners.create: PARTNER_SYNC_TOKEN, --token-file or --token-command"
            ))),
            CreateOutcome::NotCreated(NotCreated::Forbidden(words)) => {
                Some(StopReason::NotAuthorised(format!(
                    "the token may not create partners (403: {words}); it needs the permission partners.create"
                )))
            }
            CreateOutcome::NotCreated(NotCreated::NotSent(words)) => Some(StopReason::ApiDown(
                format!("the API cannot be reached: {words}"),
            )),
            CreateOutcome::NotCreated(NotCreated::Throttled { .. }) => Some(StopReason::ApiDown(
                "the API throttles every request; run again later, or with a lower --rate"
                    .to_owned(),
            )),
            CreateOutcome::NotCreated(NotCreated::Stopped) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::{ApiWords, PartnerId};

    fn doubt() -> CreateOutcome {
        CreateOutcome::InDoubt {
            words: ApiWords::new("500"),
            retry_after: None,
        }
    }

    fn refusal(status: u16) -> CreateOutcome {
        CreateOutcome::Rejected {
            status,
            words: ApiWords::new("no"),
        }
    }

    /// Looks at `times` outcomes, of which none may stop the run.
    fn pass(breaker: &mut Breaker, times: usize, outcome: &CreateOutcome) {
        for n in 1..=times {
            assert_eq!(breaker.see(outcome), None, "{outcome:?} number {n}");
        }
    }

    fn stops(breaker: &mut Breaker, outcome: &CreateOutcome) -> bool {
        matches!(breaker.see(outcome), Some(StopReason::ApiDown(_)))
    }

    #[test]
    fn doubts_in_a_row_open_it_and_an_answer_between_closes_it() {
        let mut breaker = Breaker::new(1);
        // Any answer that can be trusted shows that the API works, a refusal too.
        let created = CreateOutcome::Created(PartnerId::new("p"));
        for answer in [created, refusal(400), refusal(404)] {
            pass(&mut breaker, 19, &doubt());
            pass(&mut breaker, 1, &answer);
        }
        pass(&mut breaker, 19, &doubt());
        assert!(stops(&mut breaker, &doubt()));
    }

    #[test]
    fn more_workers_may_have_more_doubts_in_a_row() {
        for (workers, doubts) in [(1, 20), (6, 20), (16, 48), (64, 192)] {
            let mut breaker = Breaker::new(workers);
            pass(&mut breaker, doubts - 1, &doubt());
            assert!(stops(&mut breaker, &doubt()), "{workers} workers");
        }
    }

    #[test]
    fn nothing_but_404_is_a_wrong_address_unless_a_create_went_through() {
        for status in [404, 405] {
            let mut breaker = Breaker::new(4);
            pass(&mut breaker, 9, &refusal(status));
            assert!(stops(&mut breaker, &refusal(status)), "{status}");
            let mut breaker = Breaker::new(4);
            pass(
                &mut breaker,
                1,
                &CreateOutcome::Created(PartnerId::new("p")),
            );
            pass(&mut breaker, 50, &refusal(status));
        }
        // Another refusal is of its row alone.
        pass(&mut Breaker::new(4), 50, &refusal(400));
    }

    #[test]
    fn what_no_further_try_can_help_stops_at_once() {
        let words = || ApiWords::new("x");
        let mut breaker = Breaker::new(4);
        let throttled = CreateOutcome::NotCreated(NotCreated::Throttled { retry_after: None });
        assert!(stops(&mut breaker, &throttled));
        let unsent = CreateOutcome::NotCreated(NotCreated::NotSent(words()));
        assert!(stops(&mut breaker, &unsent));
        for refused in [
            NotCreated::Unauthorised(words()),
            NotCreated::Forbidden(words()),
        ] {
            assert!(matches!(
                breaker.see(&CreateOutcome::NotCreated(refused)),
                Some(StopReason::NotAuthorised(_))
            ));
        }
        pass(
            &mut breaker,
            5,
            &CreateOutcome::NotCreated(NotCreated::Stopped),
        );
    }
}
