//! An API that does not answer is waited for: one question at a time, with growing pauses, for as long as a person allows.
//!
//! Whoever sees an outage calls [`Outage::wait`]; all clones share it, so that one of them asks and the others hear of it.
//! The question is a list of one partner: it is cheap, it changes nothing, and it is answered by what creates partners, where
//! a health check may be answered by whatever stands in front.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::contract::PartnersApi;
use super::error::ApiError;
use super::pause::Pause;
use crate::clock::{Clock, spoken};

/// The first pause; each is twice the one before.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause between two questions.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// What a question may take at least, however little of the time is left.
const LAST_QUESTION: Duration = Duration::from_secs(1);

/// The wait for an API that does not answer.
#[derive(Debug, Clone)]
pub struct Outage(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    patience: Duration,
    stop: watch::Receiver<bool>,
    clock: Clock,
    /// Held by the one who asks.
    turn: tokio::sync::Mutex<()>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// Whether somebody pauses before the next question.
    pausing: bool,
    /// When the API was last seen to answer again.
    answered: Option<Instant>,
    /// The begin of the outage that was reported last.
    told: Option<Instant>,
    pauses: Vec<Pause>,
}

/// An outage as somebody met it.
#[derive(Debug, Clone)]
pub struct Failing {
    /// Since when: the time to wait is counted from then.
    pub since: Instant,
    /// How often it seemed to be over and was not: the first pause is as much longer, and comes before the first question.
    pub relapses: u32,
    /// What was seen, in words.
    pub seen: String,
}

/// How a wait ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waited {
    /// The API answers.
    Answers {
        /// Whether it had to be waited for: else it answered the first question.
        paused: bool,
    },
    /// The time is over; what was seen last.
    GaveUp(String),
    /// The run is stopping.
    Stopped,
}

impl Outage {
    /// Waits for `patience` at most; none at all where it is zero. `stop` turns true when nothing may be waited for.
    #[must_use]
    pub fn new(patience: Duration, stop: watch::Receiver<bool>, clock: Clock) -> Self {
        Self(Arc::new(Shared {
            patience,
            stop,
            clock,
            turn: tokio::sync::Mutex::default(),
            seen: Mutex::default(),
        }))
    }

    /// Whether anything is waited for.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.0.patience.is_zero()
    }

    /// What is said of an API that was waited for in vain.
    #[must_use]
    pub fn gave_up(&self, seen: &str) -> String {
        if self.is_on() {
            let patience = spoken(self.0.patience);
            format!("{seen}, and it did not answer again within {patience} (--outage)")
        } else {
            seen.to_owned()
        }
    }

    /// The times in which nothing was sent because the API did not answer.
    #[must_use]
    pub fn pauses(&self) -> Vec<Pause> {
        self.seen().pauses.clone()
    }

    /// Holds a question back while another is waiting for the API.
    pub(super) async fn hold(&self) {
        if self.is_on() && self.seen().pausing {
            let _ = self.or_stop(self.0.turn.lock()).await;
        }
    }

    /// Waits until `api` answers a question, in its turn where several wait.
    pub async fn wait<A: PartnersApi>(&self, api: &A, failing: &Failing) -> Waited {
        if !self.is_on() {
            return Waited::GaveUp(failing.seen.clone());
        }
        self.or_stop(self.ask(api, failing))
            .await
            .unwrap_or(Waited::Stopped)
    }

    async fn ask<A: PartnersApi>(&self, api: &A, failing: &Failing) -> Waited {
        let came = Instant::now();
        let _turn = self.0.turn.lock().await;
        let answered = self.seen().answered;
        if failing.relapses == 0 && answered.is_some_and(|at| at >= came) {
            return Waited::Answers { paused: true };
        }
        let until = failing.since + self.0.patience;
        let mut pausing: Option<Pausing<'_>> = None;
        let mut seen = failing.seen.clone();
        for pause in failing.relapses.. {
            let now = Instant::now();
            if pause > 0 {
                if now >= until {
                    return Waited::GaveUp(seen);
                }
                pausing.get_or_insert_with(|| self.begin(failing, &seen, until - now));
                tokio::time::sleep_until(until.min(now + pause_of(pause))).await;
            }
            let by = until.max(Instant::now() + LAST_QUESTION);
            match timeout_at(by, api.probe()).await {
                Ok(Err(ApiError::Stopped)) => return Waited::Stopped,
                Ok(Err(error)) if error.is_outage() => seen = error.to_string(),
                Ok(_) => {
                    if let Some(pausing) = &pausing {
                        pausing.over();
                    }
                    return Waited::Answers {
                        paused: pausing.is_some(),
                    };
                }
                Err(_) => {}
            }
        }
        Waited::GaveUp(seen)
    }

    /// Tells that nothing is sent from now on.
    fn begin(&self, failing: &Failing, seen: &str, left: Duration) -> Pausing<'_> {
        let until = self.0.clock.now().after(left).to_words(left);
        let mut held = self.seen();
        held.pausing = true;
        if held.told.replace(failing.since) == Some(failing.since) {
            tracing::info!("{seen}. Waiting again, until {until} at most");
        } else {
            tracing::warn!(
                "{seen}. Nothing is sent until it answers; waiting until {until} at most"
            );
        }
        drop(held);
        Pausing {
            outage: self,
            from: Instant::now(),
        }
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What comes of `work`; nothing where the run stops first.
    async fn or_stop<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let mut stop = self.0.stop.clone();
        tokio::select! {
            biased;
            // A sender that is gone will never ask to stop.
            Ok(_) = stop.wait_for(|stopped| *stopped) => None,
            done = work => Some(done),
        }
    }
}

/// A pause under way. It is over when this goes out of scope, also where the wait was stopped.
struct Pausing<'o> {
    outage: &'o Outage,
    from: Instant,
}

impl Pausing<'_> {
    /// The API answers again.
    fn over(&self) {
        self.outage.seen().answered = Some(Instant::now());
        let lasted = spoken(self.from.elapsed());
        tracing::warn!("the API answers again after {lasted}; going on");
    }
}

impl Drop for Pausing<'_> {
    fn drop(&mut self) {
        let mut seen = self.outage.seen();
        seen.pausing = false;
        seen.pauses.push(Pause {
            from: self.from.into_std(),
            to: Instant::now().into_std(),
            throttled: false,
        });
    }
}

fn pause_of(number: u32) -> Duration {
    FIRST_PAUSE
        .saturating_mul(2_u32.saturating_pow(number.saturating_sub(1).min(16)))
        .min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::super::contract::{CreateRequest, ListFilter, Page, RemotePartner};
    use super::super::scripted::Scripted;
    use super::*;
    use crate::partner::{ApiWords, CreateOutcome, PartnerId};

    fn down() -> ApiError {
        ApiError::Unreachable(ApiWords::new("refused"))
    }

    fn outage(patience: u64) -> (watch::Sender<bool>, Outage) {
        let (stop, flag) = watch::channel(false);
        let patience = Duration::from_secs(patience);
        (stop, Outage::new(patience, flag, Clock::System))
    }

    fn failing(relapses: u32) -> Failing {
        Failing {
            since: Instant::now(),
            relapses,
            seen: "seen".to_owned(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_api_is_asked_with_growing_pauses_until_it_answers() {
        let api = Scripted::default();
        let (_stop, outage) = outage(300);
        let from = Instant::now();
        for _ in 0..9 {
            api.will_list(Err(down()));
        }
        api.will_list(Ok(Page::default()));
        let waited = outage.wait(&api, &failing(0)).await;
        assert_eq!(waited, Waited::Answers { paused: true });
        // 0.5, 1, 2, 4, 8, 16, 30, 30 and 30 seconds.
        assert_eq!(from.elapsed(), Duration::from_millis(121_500));
        let pause = outage.pauses()[0];
        assert_eq!((outage.pauses().len(), pause.throttled), (1, false));
        assert_eq!(pause.to - pause.from, from.elapsed());
        // One that answers at once was no outage, and any answer will do.
        tokio::time::advance(Duration::from_millis(1)).await;
        for answer in [
            Ok(Page::default()),
            Err(ApiError::Forbidden(ApiWords::new("no"))),
            Err(ApiError::Throttled {
                status: 429,
                retry_after: None,
            }),
        ] {
            api.will_list(answer);
            let waited = outage.wait(&api, &failing(0)).await;
            assert_eq!(waited, Waited::Answers { paused: false });
        }
        assert_eq!(outage.pauses().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn the_wait_has_an_end_and_a_relapse_pauses_first() {
        let api = Scripted::default();
        let (_stop, outage) = outage(10);
        for _ in 0..6 {
            api.will_list(Err(down()));
        }
        let from = Instant::now();
        let seen = down().to_string();
        let waited = outage.wait(&api, &failing(0)).await;
        assert_eq!(waited, Waited::GaveUp(seen.clone()));
        assert_eq!(from.elapsed().as_secs(), 10);
        assert!(outage.gave_up(&seen).contains("10 s (--outage)"));
        let from = Instant::now();
        api.will_list(Ok(Page::default()));
        let waited = outage.wait(&api, &failing(3)).await;
        assert_eq!(waited, Waited::Answers { paused: true });
        assert_eq!(from.elapsed().as_secs(), 2);
        // What began too long ago is not asked again.
        let since = Instant::now();
        tokio::time::advance(Duration::from_secs(10)).await;
        let old = Failing {
            since,
            ..failing(1)
        };
        let waited = outage.wait(&api, &old).await;
        assert_eq!(waited, Waited::GaveUp("seen".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn one_asks_for_all() {
        let api = Scripted::default();
        let (_stop, outage) = outage(300);
        for _ in 0..3 {
            api.will_list(Err(down()));
        }
        api.will_list(Ok(Page::default()));
        let waits = (0..8).map(|_| {
            let (outage, api) = (outage.clone(), api.clone());
            tokio::spawn(async move { outage.wait(&api, &failing(0)).await })
        });
        for waiting in waits.collect::<Vec<_>>() {
            assert_eq!(waiting.await.unwrap(), Waited::Answers { paused: true });
        }
        assert_eq!(api.take_calls().len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_ends_the_wait_and_zero_waits_for_nothing() {
        let api = Scripted::default();
        let (stop, waited_for) = outage(300);
        for _ in 0..4 {
            api.will_list(Err(down()));
        }
        let from = Instant::now();
        let asking = tokio::spawn({
            let (outage, api) = (waited_for.clone(), api.clone());
            async move { outage.wait(&api, &failing(0)).await }
        });
        tokio::time::sleep(Duration::from_secs(5)).await;
        stop.send_replace(true);
        assert_eq!(asking.await.unwrap(), Waited::Stopped);
        assert_eq!(from.elapsed().as_secs(), 5);
        api.take_calls();
        let (_stop, none) = outage(0);
        let waited = none.wait(&api, &failing(0)).await;
        assert_eq!(waited, Waited::GaveUp("seen".to_owned()));
        assert_eq!(none.gave_up("seen"), "seen");
        assert!(api.take_calls().is_empty());
    }

    /// A question is held back during the pauses of another, and not while that one only asks.
    #[tokio::test(start_paused = true)]
    async fn a_question_is_held_back_while_another_pauses() {
        for (patience, pausing, held) in [(300, true, true), (300, false, false), (0, true, false)]
        {
            let (_stop, outage) = outage(patience);
            outage.seen().pausing = pausing;
            let _turn = outage.0.turn.lock().await;
            let waits = tokio::time::timeout(Duration::from_secs(1), outage.hold()).await;
            assert_eq!(waits.is_err(), held, "{patience} {pausing}");
        }
    }

    /// An API that takes a while to answer.
    struct Slow(Duration);

    impl PartnersApi for Slow {
        async fn create(&self, _: CreateRequest) -> CreateOutcome {
            unreachable!("a wait creates nothing")
        }

        async fn list(&self, _: &ListFilter, _: u64, _: u64) -> Result<Page, ApiError> {
            tokio::time::sleep(self.0).await;
            Ok(Page::default())
        }

        async fn get(
            &self,
            _: &PartnerId,
            _: &[String],
        ) -> Result<Option<RemotePartner>, ApiError> {
            unreachable!("a wait gets nothing")
        }

        async fn health(&self) -> Result<(), ApiError> {
            unreachable!("a wait asks what creates partners")
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_question_has_a_second_for_its_answer() {
        for (takes, answers) in [(900, true), (1_100, false)] {
            let (_stop, outage) = outage(10);
            let failing = failing(1);
            tokio::time::advance(Duration::from_millis(9_900)).await;
            let slow = Slow(Duration::from_millis(takes));
            let waited = outage.wait(&slow, &failing).await;
            assert_eq!(matches!(waited, Waited::Answers { .. }), answers, "{takes}");
        }
    }
}
