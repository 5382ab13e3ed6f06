//! The rate: one limiter over creates and look-ups together, never above what was asked.
//!
//! governor keeps the count, or a [`Permits`] where several processes share the rate; waiting is ours, in the order of
//! arrival, so that paused tokio time drives it.
//! A server that throttles slows everybody: the rate is halved, and comes back by a twentieth of its peak a
//! second, never above what was asked for (additive increase, multiplicative decrease). The peak is the
//! asked-for rate; without a limit, the rate at which the server first refused.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::pause::{Patience, Pause};
use super::permits::{Elapsed, Held, Next, Permits, Slots, Tell, Waiting, held};
use super::rate::Rate;
use crate::clock::{Clock, spoken};

type Governor =
    RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// Timers are exact to a millisecond: at high rates this many seconds of the rate may go at once, so that
/// the asked-for rate is reached at all.
const DEFAULT_BURST_SECONDS: f64 = 0.01;
/// The rate is cut once for a burst of refusals, not once for each.
const CUT_EVERY: Duration = Duration::from_secs(1);
/// The slowest that throttling makes it.
const FLOOR_PER_SECOND: f64 = 0.2;
/// The shortest time over which a rate is measured.
const MEASURED: Duration = Duration::from_millis(50);
/// The wait where a server throttles without saying for how long.
const DEFAULT_PAUSE: Duration = Duration::from_secs(1);

struct Pace {
    asked: Rate,
    current: Rate,
    /// What a second of recovery is a twentieth of.
    peak: f64,
    burst: NonZeroU32,
    governor: Option<Governor>,
    paused_until: Option<Instant>,
    last_cut: Option<Instant>,
    last_raise: Instant,
    /// Permits since the second began: what "unlimited" comes to when it has to be cut.
    second: Instant,
    permits: u32,
    permits_last_second: u32,
    pauses: Vec<Pause>,
    /// The end of the last pause that was reported.
    told_until: Option<Instant>,
    /// What was asked for, where it is longer than anybody waits.
    too_long: Option<String>,
    /// The others who share the rate, where it is shared.
    others: Option<Tell>,
}

/// A pause that is at least this long is reported when it begins.
const TOLD_PAUSE: Duration = Duration::from_secs(5);
/// Pauses that are remembered.
const REMEMBERED: usize = 1_000;

/// Gives out the permits to send, one for each request, to all workers: clones share one rate.
#[derive(Clone)]
pub struct Limiter {
    pace: Arc<std::sync::Mutex<Pace>>,
    /// Whose turn it is, and the slots that are held of a shared rate.
    queue: Arc<Mutex<Option<Held>>>,
    waiting: Arc<AtomicUsize>,
    stop: watch::Receiver<bool>,
    free: bool,
    patience: Option<Patience>,
}

impl fmt::Debug for Limiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Limiter")
    }
}

fn governor(rate: Rate, burst: NonZeroU32) -> Option<Governor> {
    let Rate::PerSecond(n) = rate else {
        return None;
    };
    let quota = Quota::with_period(Duration::from_secs_f64(1.0 / n))?.allow_burst(burst);
    Some(RateLimiter::direct_with_clock(quota, MonotonicClock))
}

impl Limiter {
    /// A limiter of `rate`; `stop` turns true when no more requests may go out.
    #[must_use]
    pub fn new(rate: Rate, burst: Option<NonZeroU32>, stop: watch::Receiver<bool>) -> Self {
        let burst = burst.unwrap_or_else(|| match rate {
            Rate::Unlimited => NonZeroU32::MIN,
            Rate::PerSecond(n) => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "at most 1e6 a second"
                )]
                let cells = (n * DEFAULT_BURST_SECONDS) as u32;
                NonZeroU32::new(cells).unwrap_or(NonZeroU32::MIN)
            }
        });
        let now = Instant::now();
        let pace = Pace {
            asked: rate,
            current: rate,
            peak: match rate {
                Rate::PerSecond(n) => n,
                Rate::Unlimited => 0.0,
            },
            burst,
            governor: governor(rate, burst),
            paused_until: None,
            last_cut: None,
            last_raise: now,
            second: now,
            permits: 0,
            permits_last_second: 0,
            pauses: Vec::new(),
            told_until: None,
            too_long: None,
            others: None,
        };
        Self {
            pace: Arc::new(std::sync::Mutex::new(pace)),
            queue: Arc::default(),
            waiting: Arc::default(),
            stop,
            free: rate == Rate::Unlimited,
            patience: None,
        }
    }

    /// The same, but a server that asks for a pause longer than `most` gets no more requests: [`Limiter::asked_too_long`].
    #[must_use]
    pub fn with_patience(mut self, most: Duration, clock: Clock) -> Self {
        self.patience = Some(Patience { most, clock });
        self
    }

    /// The same rate, but shared: slots come from `permits`, which other processes take theirs from as well. Without a limit there
    /// is nothing to share.
    #[must_use]
    pub fn sharing(self, permits: Arc<dyn Permits>) -> Self {
        self.sharing_by(permits, std::time::Instant::elapsed)
    }

    pub(super) fn sharing_by(mut self, permits: Arc<dyn Permits>, elapsed: Elapsed) -> Self {
        if !self.free
            && let Some((held, others)) = held(permits, elapsed)
            && let Ok(mut pace) = self.pace.lock()
        {
            pace.governor = None;
            pace.others = Some(others);
            self.queue = Arc::new(Mutex::new(Some(held)));
        }
        self
    }

    /// Until when the server asked not to be called, in words, where that is longer than anybody waits.
    #[must_use]
    pub fn asked_too_long(&self) -> Option<String> {
        self.pace.lock().ok().and_then(|pace| pace.too_long.clone())
    }

    /// Waits for a permit, in the order of arrival. False where nothing may be sent: the run is stopping, or the server
    /// asked for a pause that nobody waits for.
    pub async fn permit(&self) -> bool {
        if *self.stop.borrow() {
            return false;
        }
        // Without a limit and without throttling nobody has to queue.
        if self.free && self.asked_too_long().is_none() && self.delay().is_none() {
            return true;
        }
        let mut stop = self.stop.clone();
        let from = Instant::now();
        let waiting = Waiting::one(&self.waiting);
        let wait = async {
            let mut turn = self.queue.lock().await;
            loop {
                if self.asked_too_long().is_some() {
                    return false;
                }
                if let Some(delay) = self.delay() {
                    if let Some(held) = turn.as_mut() {
                        held.forget();
                    }
                    tokio::time::sleep(delay).await;
                    continue;
                }
                let Some(held) = turn.as_mut() else {
                    return true;
                };
                match held.next(from, waiting.are_others()).await {
                    Next::Slot(begin) => {
                        tokio::time::sleep_until(begin).await;
                        if !self.is_paused() {
                            return true;
                        }
                    }
                    Next::Taken(slots) => self.learn(slots),
                    Next::Away(time) => self.is_away(time),
                    Next::Alone(why) => {
                        *turn = None;
                        self.go_alone(why);
                    }
                }
            }
        };
        tokio::select! {
            biased;
            stopped = stop.wait_for(|s| *s) => stopped.is_err(),
            may_send = wait => may_send,
        }
    }

    /// Takes a permit, or says how long to wait for one.
    fn delay(&self) -> Option<Duration> {
        let Ok(mut pace) = self.pace.lock() else {
            return None;
        };
        let now = Instant::now();
        if let Some(until) = pace.paused_until {
            if now < until {
                return Some(until - now);
            }
            pace.paused_until = None;
        }
        pace.recover(now);
        if let Some(governor) = &pace.governor
            && let Err(early) = governor.check()
        {
            return Some(early.wait_time_from(MonotonicClock.now()));
        }
        if now.duration_since(pace.second) >= Duration::from_secs(1) {
            pace.second = now;
            pace.permits_last_second = pace.permits;
            pace.permits = 0;
        }
        pace.permits += 1;
        None
    }

    fn is_paused(&self) -> bool {
        let until = self.pace.lock().ok().and_then(|pace| pace.paused_until);
        until.is_some_and(|until| Instant::now() < until)
    }

    /// Takes over what is known of a shared rate.
    fn learn(&self, slots: Slots) {
        let Ok(mut pace) = self.pace.lock() else {
            return;
        };
        pace.current = Rate::PerSecond(slots.rate);
        if let Some(time) = slots.paused {
            pace.pause(Instant::now(), time, true, self.patience.as_ref());
        }
    }

    /// Whoever gives out a shared rate is waited for as long as the server itself is.
    fn is_away(&self, time: Duration) {
        let is_over = self.patience.as_ref().filter(|p| time > p.most);
        if let (Some(patience), Ok(mut pace)) = (is_over, self.pace.lock()) {
            let words = format!(
                "the database that gives out the rate for all machines has not answered for longer than --outage ({})",
                spoken(patience.most)
            );
            pace.too_long = Some(words);
        }
    }

    /// The rate is this process's own from now on.
    fn go_alone(&self, why: Option<String>) {
        if let Some(why) = why {
            tracing::warn!("the rate is not shared with other machines: {why}");
        }
        if let Ok(mut pace) = self.pace.lock() {
            pace.others = None;
            let asked = pace.asked;
            pace.set(asked);
        }
    }

    /// Nobody sends for this long; the rate stays as it is.
    pub fn pause(&self, time: Duration) {
        let Ok(mut pace) = self.pace.lock() else {
            return;
        };
        if pace.pause(Instant::now(), time, false, self.patience.as_ref()) {
            pace.tell_others(time, false);
        }
    }

    /// The times in which nothing was sent because the server asked for it; the last may not be over.
    #[must_use]
    pub fn pauses(&self) -> Vec<Pause> {
        self.pace
            .lock()
            .map_or_else(|_| Vec::new(), |pace| pace.pauses.clone())
    }

    /// The server refused for being asked too often: everybody slows down.
    pub fn throttled(&self, asked: Option<Duration>) {
        let Ok(mut pace) = self.pace.lock() else {
            return;
        };
        let now = Instant::now();
        let asked_for = asked.unwrap_or(DEFAULT_PAUSE);
        // Where the server names no time, none is too long.
        let patience = self.patience.as_ref().filter(|_| asked.is_some());
        let is_news = pace.pause(now, asked_for, true, patience);
        let is_cut = |cut: Instant| now.duration_since(cut) < CUT_EVERY;
        if pace.last_cut.is_some_and(is_cut) {
            if is_news {
                pace.tell_others(asked_for, false);
            }
            return;
        }
        let present = match pace.current {
            Rate::PerSecond(n) => n,
            Rate::Unlimited => {
                // What "unlimited" came to lately; a moment shorter than this measures nothing.
                let elapsed = now.duration_since(pace.second).max(MEASURED);
                let this_second = f64::from(pace.permits) / elapsed.as_secs_f64();
                this_second
                    .max(f64::from(pace.permits_last_second))
                    .max(2.0)
            }
        };
        pace.peak = pace.peak.max(present);
        let halved = (present / 2.0).max(FLOOR_PER_SECOND);
        pace.tell_others(asked_for, true);
        // Said once; how often and how long is in the report.
        if pace.last_cut.is_none() {
            tracing::warn!("the API is busy; slowing down to {halved:.1}/s");
        } else {
            tracing::debug!("the API is busy; slowing down to {halved:.1}/s");
        }
        pace.last_cut = Some(now);
        pace.last_raise = now;
        if pace.others.is_none() {
            pace.set(Rate::PerSecond(halved));
        }
    }

    /// The rate at this moment: the asked-for one, or less while the server throttles.
    #[must_use]
    pub fn current(&self) -> Rate {
        self.pace
            .lock()
            .map_or(Rate::Unlimited, |pace| pace.current)
    }
}

impl Pace {
    /// What one process is asked for holds for all who share the rate, unless nobody waits for that long: they ask themselves.
    fn tell_others(&self, time: Duration, throttled: bool) {
        if let (Some(others), None) = (&self.others, &self.too_long) {
            others.slow(time, throttled);
        }
    }

    /// Notes a pause; true where it is longer than the present one.
    fn pause(
        &mut self,
        now: Instant,
        time: Duration,
        throttled: bool,
        patience: Option<&Patience>,
    ) -> bool {
        if let Some(words) = patience.and_then(|patience| patience.is_over(time)) {
            self.too_long = Some(words);
            return false;
        }
        let until = now + time;
        let is_news = |told: Instant| until.saturating_duration_since(told) >= TOLD_PAUSE;
        if time >= TOLD_PAUSE && self.told_until.is_none_or(is_news) {
            self.told_until = Some(until);
            tracing::warn!("the API asks for a pause of {}", spoken(time));
        }
        let is_longer = self.paused_until.is_none_or(|p| p < until);
        self.paused_until = Some(self.paused_until.map_or(until, |p| p.max(until)));
        let (from, to) = (now.into_std(), until.into_std());
        let full = self.pauses.len() >= REMEMBERED;
        match self.pauses.last_mut() {
            Some(last) if from <= last.to || full => {
                last.to = last.to.max(to);
                last.throttled |= throttled;
            }
            _ => self.pauses.push(Pause {
                from,
                to,
                throttled,
            }),
        }
        is_longer
    }

    fn set(&mut self, rate: Rate) {
        self.current = rate;
        // A cut rate has no burst: a server that just throttled is not tried with one.
        let burst = if rate == self.asked {
            self.burst
        } else {
            NonZeroU32::MIN
        };
        self.governor = governor(rate, burst);
        // A fresh governor starts with its burst unused; the permits of this moment were taken already.
        if let Some(governor) = &self.governor {
            let _ = governor.check();
        }
    }

    /// A twentieth of the peak for each second that passed, up to what was asked for.
    fn recover(&mut self, now: Instant) {
        let Rate::PerSecond(current) = self.current else {
            return;
        };
        // Of a shared rate, who counts its slots says how fast it goes.
        if self.others.is_some()
            || self.current == self.asked
            || now.duration_since(self.last_raise) < Duration::from_secs(1)
        {
            return;
        }
        let seconds = now.duration_since(self.last_raise).as_secs_f64();
        self.last_raise = now;
        let raised = current + self.peak / 20.0 * seconds;
        let raised = match self.asked {
            Rate::PerSecond(asked) => raised.min(asked),
            Rate::Unlimited => raised,
        };
        self.set(Rate::PerSecond(raised));
    }
}

#[cfg(test)]
mod tests;
