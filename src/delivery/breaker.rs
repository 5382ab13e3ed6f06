//! The circuit breaker: when everything fails, wait or stop and say what was seen, rather than burn through the file (pure).

use crate::api::rejects_if_absent;
use crate::partner::{ApiWords, CreateOutcome, DoubtCause, NotCreated};

use super::diagnostics::last_seen;
use super::stop::StopReason;

/// Doubts in a row that no success interrupts, for each worker: one outage fails all that are under way.
const DOUBTS_PER_WORKER: usize = 3;
/// 404s and 405s in a row that speak of the address, not of the row.
const WRONG_ADDRESS: usize = 3;
/// Answers in a row that come from something in between, or refuse whoever asks, and do not speak of the row.
const IN_BETWEEN: usize = 5;
/// Answers in a run that speak of other rows' partners.
const OTHER_ROWS: usize = 3;

/// A refusal of a row that may not be one: many in a row speak of something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Suspect {
    /// 404 or 405: perhaps nothing answers to creates at this address.
    NotFound,
    /// A web page: perhaps something in between answers everything.
    Page,
}

impl Suspect {
    /// What is suspected of an outcome, if anything is.
    pub(super) fn of(outcome: &CreateOutcome) -> Option<Self> {
        match outcome {
            CreateOutcome::Rejected {
                status: 404 | 405, ..
            } => Some(Suspect::NotFound),
            CreateOutcome::Rejected { words, .. } if words.is_page() => Some(Suspect::Page),
            _ => None,
        }
    }
}

/// What the suspect refusals so far mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// There was none since a create was last answered by the API itself: they speak of their rows.
    OfRows,
    /// There were some: the next answer decides whether they speak of their rows.
    Unproved,
    /// There were so many in a row that they do not.
    OfAll,
}

/// What an outcome says of the API.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sign {
    /// The API itself answered.
    Works,
    /// It does not answer any more: it is worth waiting for.
    Outage {
        /// What was seen, in words.
        seen: String,
        /// Whether it was the API itself that answered that it fails.
        answers: bool,
    },
    /// No further try can help.
    Stop(StopReason),
}

/// Counts failures that come one after the other.
#[derive(Debug)]
pub(super) struct Breaker {
    doubts_allowed: usize,
    doubts: usize,
    not_found: usize,
    in_between: usize,
    look_ups_refused: usize,
    other_rows: usize,
}

impl Breaker {
    pub(super) fn new(workers: usize) -> Self {
        Self {
            doubts_allowed: (workers * DOUBTS_PER_WORKER).max(20),
            doubts: 0,
            not_found: 0,
            in_between: 0,
            look_ups_refused: 0,
            other_rows: 0,
        }
    }

    /// A doubt was settled by its partner: the API creates what it is sent.
    pub(super) fn found(&mut self) {
        self.doubts = 0;
        if self.standing(Suspect::Page) != Standing::OfAll {
            self.in_between = 0;
        }
    }

    /// A look-up was answered.
    pub(super) fn looked(&mut self) {
        self.look_ups_refused = 0;
    }

    /// A look-up was answered 403; says whether to stop.
    pub(super) fn look_up_refused(&mut self, words: &str) -> Option<StopReason> {
        self.look_ups_refused += 1;
        (self.look_ups_refused >= IN_BETWEEN).then(|| {
            StopReason::NotAuthorised(format!("{IN_BETWEEN} look-ups in a row failed: {words}"))
        })
    }

    /// Whether so many doubts came in a row that the next ones should wait for what look-ups say of these: where
    /// partners are created and only the answers are bad, the run can go on.
    pub(super) fn is_wary(&self) -> bool {
        self.doubts * 2 >= self.doubts_allowed
    }

    pub(super) fn standing(&self, suspect: Suspect) -> Standing {
        let (count, most) = match suspect {
            Suspect::NotFound => (self.not_found, WRONG_ADDRESS),
            Suspect::Page => (self.in_between, IN_BETWEEN),
        };
        match count {
            0 => Standing::OfRows,
            n if n < most => Standing::Unproved,
            _ => Standing::OfAll,
        }
    }

    /// The API itself answered; what was found of all answers stays found.
    fn answered_by_the_api(&mut self) -> Sign {
        self.doubts = 0;
        if self.standing(Suspect::NotFound) != Standing::OfAll {
            self.not_found = 0;
        }
        if self.standing(Suspect::Page) != Standing::OfAll {
            self.in_between = 0;
        }
        Sign::Works
    }

    /// Looks at an outcome that stands after all retries; says what follows. While rows are `tried` after an outage, one
    /// failure is enough.
    pub(super) fn see(&mut self, outcome: &CreateOutcome, tried: bool) -> Option<Sign> {
        match outcome {
            CreateOutcome::Created(_) => Some(self.answered_by_the_api()),
            CreateOutcome::Rejected { status, words } => match Suspect::of(outcome) {
                Some(Suspect::NotFound) => {
                    self.doubts = 0;
                    self.not_found += 1;
                    (self.standing(Suspect::NotFound) == Standing::OfAll).then(|| {
                        Sign::Stop(StopReason::ApiDown(format!(
                            "{} creates in a row were answered {status} ({words}): check --api-url, which is the base, without /api/v2/partners, or wait until the API is deployed; the rows were not sent",
                            self.not_found
                        )))
                    })
                }
                Some(Suspect::Page) => self.answered_in_between(Some(*status), words),
                None => Some(self.answered_by_the_api()),
            },
            CreateOutcome::NotCreated(NotCreated::Forbidden(words))
            | CreateOutcome::InDoubt {
                cause: DoubtCause::Refused(NotCreated::Forbidden(words)),
                ..
            } => self.answered_in_between(Some(403), words),
            CreateOutcome::InDoubt {
                cause: DoubtCause::Refused(why),
                ..
            } if matches!(
                why,
                NotCreated::Unauthorised(_) | NotCreated::ProxyAuthentication(_)
            ) =>
            {
                refusal(why)
            }
            CreateOutcome::InDoubt {
                cause: DoubtCause::Redirected,
                words,
                ..
            } => Some(Sign::Stop(StopReason::Redirected(words.to_string()))),
            CreateOutcome::InDoubt {
                cause,
                status,
                words,
                ..
            } => self.doubt(cause, *status, words, tried),
            CreateOutcome::NotCreated(why) => refusal(why),
        }
    }

    fn doubt(
        &mut self,
        cause: &DoubtCause,
        status: Option<u16>,
        words: &ApiWords,
        tried: bool,
    ) -> Option<Sign> {
        let stop = |words| Some(Sign::Stop(StopReason::ApiDown(words)));
        let seen = last_seen(status, words.as_str());
        self.doubts += 1;
        if *cause == DoubtCause::OtherRow {
            self.other_rows += 1;
        }
        if self.other_rows >= OTHER_ROWS {
            return stop(format!(
                "the API answers for other rows: {} creates of this run were answered with the partner of another row, or with an id that is not plain text; last seen: {seen}. Whoever runs the API mends that; `partner-sync verify` then shows which rows have no partner of their own.",
                self.other_rows
            ));
        }
        let fails = *cause == DoubtCause::Unproved && status.is_none_or(|s| s >= 500);
        // A gateway's page, a 502 or a 408, says that the API behind it did not answer; any other comes instead of its answer.
        let is_instead = |s: u16| s < 300 || rejects_if_absent(s);
        if words.is_page()
            && status.is_some_and(is_instead)
            && let Some(sign) = self.answered_in_between(status, words)
        {
            return Some(sign);
        }
        if self.doubts < self.doubts_allowed && !(tried && fails) {
            return None;
        }
        let row = if self.doubts == 1 {
            "1 create"
        } else {
            &format!("{} creates in a row", self.doubts)
        };
        let words = format!("{row} had no answer that can be trusted; last seen: {seen}");
        if fails {
            let answers = status.is_some_and(|s| !matches!(s, 502..=504));
            Some(Sign::Outage {
                seen: words,
                answers,
            })
        } else {
            stop(words)
        }
    }

    /// A 403, or a web page.
    fn answered_in_between(&mut self, status: Option<u16>, words: &ApiWords) -> Option<Sign> {
        self.in_between += 1;
        if self.standing(Suspect::Page) != Standing::OfAll {
            return None;
        }
        let seen = last_seen(status, words.as_str());
        let count = self.in_between;
        Some(Sign::Stop(if status == Some(403) {
            StopReason::NotAuthorised(format!(
                "{count} creates in a row were refused; last seen: {seen}. Either the token may not create partners (it needs the permission partners.create), or a firewall in between does not let them pass"
            ))
        } else {
            StopReason::ApiDown(format!(
                "{count} creates in a row were answered by a web page instead of the API; last seen: {seen}. Check whether a login page, a proxy or a firewall is in between, and check --api-url"
            ))
        }))
    }
}

/// What a create that was refused, or could not be sent, says.
fn refusal(why: &NotCreated) -> Option<Sign> {
    let stop = match why {
        NotCreated::Unauthorised(words) | NotCreated::Renewed(words) => {
            StopReason::NotAuthorised(format!(
                "the API does not accept the token (401: {words}); get a new one that has the permission partners.create: PARTNER_SYNC_TOKEN, --token-file or --token-command"
            ))
        }
        NotCreated::ProxyAuthentication(words) => StopReason::NotAuthorised(format!(
            "a proxy in between asks for a name and password (407: {words}): set them in HTTP_PROXY or HTTPS_PROXY"
        )),
        NotCreated::NotSent(words) => {
            return Some(Sign::Outage {
                seen: format!("the API cannot be reached: {words}"),
                answers: false,
            });
        }
        NotCreated::Throttled { .. } => StopReason::ApiDown(
            "the API throttles every request (429). Run again later, or with a lower --rate"
                .to_owned(),
        ),
        NotCreated::AsksToWait(words) => StopReason::ApiDown(words.to_string()),
        // Whatever found the address wrong has stopped the run; a 403 is counted.
        NotCreated::WrongAddress(_) | NotCreated::Forbidden(_) | NotCreated::Stopped => {
            return None;
        }
    };
    Some(Sign::Stop(stop))
}

#[cfg(test)]
mod tests;
