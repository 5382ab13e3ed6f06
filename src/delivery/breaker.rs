//! The circuit breaker: when everything fails, stop and say what was seen, rather than burn through the
//! file (pure).

use crate::partner::{CreateOutcome, DoubtCause, NotCreated};

use super::diagnostics::last_seen;
use super::stop::StopReason;

/// Doubts in a row that no success interrupts, for each worker: one outage fails all that are under way.
const DOUBTS_PER_WORKER: usize = 3;
/// 404s and 405s in a row that speak of the address, not of the row.
const WRONG_ADDRESS: usize = 3;
/// Answers in a run that speak of other rows' partners.
const OTHER_ROWS: usize = 3;

/// What the 404s and 405s so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Address {
    /// There was none since a create was last answered by the API itself.
    Right,
    /// There was one or two: the next answer decides whether they speak of their rows.
    Unproved,
    /// There were three in a row: nothing answers to creates at this address.
    Wrong,
}

/// Counts failures that come one after the other.
#[derive(Debug)]
pub(super) struct Breaker {
    doubts_allowed: usize,
    doubts: usize,
    not_found: usize,
    other_rows: usize,
}

impl Breaker {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            doubts_allowed: (workers * DOUBTS_PER_WORKER).max(20),
            doubts: 0,
            not_found: 0,
            other_rows: 0,
        }
    }

    /// A doubt was settled by its partner: the API creates what it is sent.
    pub(super) fn found(&mut self) {
        self.doubts = 0;
    }

    /// Whether so many doubts came in a row that the next ones should wait for what look-ups say of these: where
    /// partners are created and only the answers are bad, the run can go on.
    pub(super) fn is_wary(&self) -> bool {
        self.doubts * 2 >= self.doubts_allowed
    }

    pub(super) fn address(&self) -> Address {
        match self.not_found {
            0 => Address::Right,
            n if n < WRONG_ADDRESS => Address::Unproved,
            _ => Address::Wrong,
        }
    }

    /// The API itself answered; what was found at a wrong address stays wrong.
    fn answered_by_the_api(&mut self) {
        self.doubts = 0;
        if self.address() != Address::Wrong {
            self.not_found = 0;
        }
    }

    /// Looks at an outcome that stands after all retries; says whether to stop.
    pub(super) fn see(&mut self, outcome: &CreateOutcome) -> Option<StopReason> {
        match outcome {
            CreateOutcome::Created(_) => {
                self.answered_by_the_api();
                None
            }
            CreateOutcome::Rejected {
                status: status @ (404 | 405),
                words,
            } => {
                self.doubts = 0;
                self.not_found += 1;
                (self.address() == Address::Wrong).then(|| {
                    StopReason::ApiDown(format!(
                        "{} creates in a row were answered {status} ({words}): check --api-url, which is the base, without /api/v2/partners, or wait until the API is deployed; the rows were not sent",
                        self.not_found
                    ))
                })
            }
            CreateOutcome::Rejected { .. } => {
                self.answered_by_the_api();
                None
            }
            CreateOutcome::InDoubt {
                cause: DoubtCause::Refused(why),
                ..
            } if matches!(
                why,
                NotCreated::Unauthorised(_)
                    | NotCreated::Forbidden(_)
                    | NotCreated::ProxyAuthentication(_)
            ) =>
            {
                refusal(why)
            }
            CreateOutcome::InDoubt {
                cause,
                status,
                words,
                ..
            } => self.doubt(cause, &last_seen(*status, words.as_str())),
            CreateOutcome::NotCreated(why) => refusal(why),
        }
    }

    fn doubt(&mut self, cause: &DoubtCause, seen: &str) -> Option<StopReason> {
        self.doubts += 1;
        if *cause == DoubtCause::OtherRow {
            self.other_rows += 1;
        }
        if self.other_rows >= OTHER_ROWS {
            return Some(StopReason::ApiDown(format!(
                "the API answers for other rows: {} creates of this run were answered with the partner of another row, or with an id that is no plain text; last seen: {seen}",
                self.other_rows
            )));
        }
        (self.doubts >= self.doubts_allowed).then(|| {
            StopReason::ApiDown(format!(
                "{} creates in a row had no answer that can be trusted; last seen: {seen}",
                self.doubts
            ))
        })
    }
}

/// Whether a create that was refused, or could not be sent, stops the run.
fn refusal(why: &NotCreated) -> Option<StopReason> {
    match why {
        NotCreated::Unauthorised(words) | NotCreated::Renewed(words) => {
            Some(StopReason::NotAuthorised(format!(
                "the API does not accept the token (401: {words}); get a new one that has the permission partners.create: PARTNER_SYNC_TOKEN, --token-file or --token-command"
            )))
        }
        NotCreated::Forbidden(words) => Some(StopReason::NotAuthorised(format!(
            "the token may not create partners (403: {words}); it needs the permission partners.create"
        ))),
        NotCreated::ProxyAuthentication(words) => Some(StopReason::NotAuthorised(format!(
            "a proxy in between asks for a name and password (407: {words}): they belong into HTTP_PROXY or HTTPS_PROXY"
        ))),
        NotCreated::NotSent(words) => Some(StopReason::ApiDown(format!(
            "the API cannot be reached: {words}"
        ))),
        NotCreated::Throttled { .. } => Some(StopReason::ApiDown(
            "the API throttles every request; run again later, or with a lower --rate".to_owned(),
        )),
        // Whatever found the address wrong has stopped the run.
        NotCreated::WrongAddress(_) | NotCreated::Stopped => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partner::{ApiWords, PartnerId};

    fn doubt() -> CreateOutcome {
        doubt_by(DoubtCause::Unproved)
    }

    fn doubt_by(cause: DoubtCause) -> CreateOutcome {
        CreateOutcome::InDoubt {
            cause,
            status: Some(500),
            words: ApiWords::new("x"),
            retry_after: None,
        }
    }

    fn created() -> CreateOutcome {
        CreateOutcome::Created(PartnerId::new("p"))
    }

    fn rejection(status: u16) -> CreateOutcome {
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
        for answer in [created(), rejection(400), rejection(404)] {
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
    fn a_doubt_whose_partner_was_found_is_a_success() {
        let mut breaker = Breaker::new(1);
        pass(&mut breaker, 19, &doubt());
        breaker.found();
        pass(&mut breaker, 19, &doubt());
        assert!(stops(&mut breaker, &doubt()));
    }

    #[test]
    fn three_404s_in_a_row_are_a_wrong_address() {
        for status in [404, 405] {
            let mut breaker = Breaker::new(4);
            assert_eq!(breaker.address(), Address::Right);
            pass(&mut breaker, 2, &rejection(status));
            assert_eq!(breaker.address(), Address::Unproved);
            // An answer that the API need not have given itself says nothing of the address.
            let unsent = CreateOutcome::NotCreated(NotCreated::Stopped);
            for other in [doubt(), unsent] {
                pass(&mut breaker, 1, &other);
                assert_eq!(breaker.address(), Address::Unproved);
            }
            assert!(stops(&mut breaker, &rejection(status)), "{status}");
            // What is still under way changes nothing of it.
            for late in [created(), rejection(400)] {
                pass(&mut breaker, 1, &late);
                assert_eq!(breaker.address(), Address::Wrong);
            }
        }
        for answer in [created(), rejection(400)] {
            let mut breaker = Breaker::new(4);
            for _ in 0..20 {
                pass(&mut breaker, 2, &rejection(404));
                pass(&mut breaker, 1, &answer);
                assert_eq!(breaker.address(), Address::Right);
            }
        }
        // Another refusal is of its row alone.
        pass(&mut Breaker::new(4), 50, &rejection(400));
    }

    #[test]
    fn three_answers_for_other_rows_stop_the_run_whatever_comes_between() {
        let mut breaker = Breaker::new(4);
        for _ in 0..2 {
            pass(&mut breaker, 1, &doubt_by(DoubtCause::OtherRow));
            pass(&mut breaker, 5, &created());
            pass(&mut breaker, 5, &doubt());
        }
        let stop = breaker.see(&doubt_by(DoubtCause::OtherRow)).unwrap();
        assert!(
            stop.to_string().contains("the API answers for other rows"),
            "{stop}"
        );
    }

    /// A create flag makes a doubt of a refusal; the run stops for it all the same.
    #[test]
    fn a_refusal_in_doubt_stops_as_a_refusal_does() {
        let words = || ApiWords::new("x");
        let refused = |why| doubt_by(DoubtCause::Refused(why));
        for why in [
            NotCreated::Unauthorised(words()),
            NotCreated::Forbidden(words()),
            NotCreated::ProxyAuthentication(words()),
        ] {
            let stop = Breaker::new(4).see(&refused(why));
            assert!(
                matches!(stop, Some(StopReason::NotAuthorised(_))),
                "{stop:?}"
            );
        }
        // These pass: they are doubts like any other.
        for why in [
            NotCreated::Renewed(words()),
            NotCreated::Throttled { retry_after: None },
        ] {
            let mut breaker = Breaker::new(1);
            pass(&mut breaker, 19, &refused(why.clone()));
            assert!(stops(&mut breaker, &refused(why)));
        }
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
            NotCreated::ProxyAuthentication(words()),
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
