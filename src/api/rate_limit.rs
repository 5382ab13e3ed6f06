//! The rate: one limiter over creates and look-ups together, never above what was asked.
//!
//! governor keeps the count; waiting is ours, in the order of arrival, so that paused tokio time drives it.
//! A server that throttles slows everybody: the rate is halved, and comes back by a twentieth of its peak a
//! second, never above what was asked for (additive increase, multiplicative decrease). The peak is the
//! asked-for rate; without a limit, the rate at which the server first refused.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::contract::{Advises, ListFilter, Page, PartnersApi, RemotePartner};
use super::error::ApiError;
use crate::partner::{CreateOutcome, NotMade, PartnerId, Query};

/// Requests in a time, or no limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rate {
    /// No limit.
    Unlimited,
    /// Requests a second.
    PerSecond(f64),
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("unlimited") {
            return Ok(Rate::Unlimited);
        }
        let wrong = || format!("\"{text}\" is no rate: write 10/s, 600/m, 36000/h or unlimited");
        let (count, unit) = text.split_once('/').unwrap_or((text, "s"));
        let count: f64 = count.trim().parse().map_err(|_| wrong())?;
        let seconds = match unit.trim() {
            "s" | "sec" | "second" => 1.0,
            "m" | "min" | "minute" => 60.0,
            "h" | "hour" => 3600.0,
            _ => return Err(wrong()),
        };
        let per_second = count / seconds;
        if per_second.is_finite() && (1.0e-4..=1.0e6).contains(&per_second) {
            Ok(Rate::PerSecond(per_second))
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rate::Unlimited => f.write_str("unlimited"),
            Rate::PerSecond(n) if *n >= 1.0 => write!(f, "{n}/s"),
            Rate::PerSecond(n) => write!(f, "{}/m", n * 60.0),
        }
    }
}

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
const UNASKED_PAUSE: Duration = Duration::from_secs(1);

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
    left_alone: Vec<LeftAlone>,
}

/// A time in which nothing was sent because the server asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeftAlone {
    /// When it began.
    pub from: std::time::Instant,
    /// When it ended, or is to end.
    pub to: std::time::Instant,
    /// Whether the server refused for being asked too often.
    pub throttled: bool,
}

/// Pauses that are remembered.
const REMEMBERED: usize = 1_000;

/// The permit office of all workers.
#[derive(Clone)]
pub struct Limiter {
    pace: Arc<std::sync::Mutex<Pace>>,
    queue: Arc<Mutex<()>>,
    stop: watch::Receiver<bool>,
    free: bool,
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
            left_alone: Vec::new(),
        };
        Self {
            pace: Arc::new(std::sync::Mutex::new(pace)),
            queue: Arc::new(Mutex::new(())),
            stop,
            free: rate == Rate::Unlimited,
        }
    }

    /// Waits for a permit, in the order of arrival. False where the run is stopping: then nothing may be sent.
    pub async fn permit(&self) -> bool {
        let mut stop = self.stop.clone();
        let wait = async {
            // Without a limit and without throttling nobody has to queue.
            if self.free && self.delay().is_none() {
                return;
            }
            let _turn = self.queue.lock().await;
            while let Some(delay) = self.delay() {
                tokio::time::sleep(delay).await;
            }
        };
        if *stop.borrow() {
            return false;
        }
        tokio::select! {
            biased;
            stopped = stop.wait_for(|s| *s) => stopped.is_err(),
            () = wait => true,
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

    /// Nobody sends for this long; the rate stays as it is.
    pub fn pause(&self, time: Duration) {
        let Ok(mut pace) = self.pace.lock() else {
            return;
        };
        pace.leave_alone(Instant::now(), time, false);
    }

    /// The times in which nothing was sent because the server asked for it; the last may not be over.
    #[must_use]
    pub fn left_alone(&self) -> Vec<LeftAlone> {
        self.pace
            .lock()
            .map_or_else(|_| Vec::new(), |pace| pace.left_alone.clone())
    }

    /// The server refused for being asked too often: everybody slows down.
    pub fn throttled(&self, asked: Option<Duration>) {
        let Ok(mut pace) = self.pace.lock() else {
            return;
        };
        let now = Instant::now();
        pace.leave_alone(now, asked.unwrap_or(UNASKED_PAUSE), true);
        if pace
            .last_cut
            .is_some_and(|cut| now.duration_since(cut) < CUT_EVERY)
        {
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
        tracing::warn!(rate = %Rate::PerSecond(halved), "the API throttles; slowing down");
        pace.last_cut = Some(now);
        pace.last_raise = now;
        pace.set(Rate::PerSecond(halved));
    }

    /// The rate at this moment.
    #[must_use]
    pub fn current(&self) -> Rate {
        self.pace
            .lock()
            .map_or(Rate::Unlimited, |pace| pace.current)
    }
}

impl Pace {
    fn leave_alone(&mut self, now: Instant, time: Duration, throttled: bool) {
        let until = now + time;
        self.paused_until = Some(self.paused_until.map_or(until, |p| p.max(until)));
        let (from, to) = (now.into_std(), until.into_std());
        let full = self.left_alone.len() >= REMEMBERED;
        match self.left_alone.last_mut() {
            Some(last) if from <= last.to || full => {
                last.to = last.to.max(to);
                last.throttled |= throttled;
            }
            _ => self.left_alone.push(LeftAlone {
                from,
                to,
                throttled,
            }),
        }
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
        if self.current == self.asked
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

/// An API behind a limiter: each request takes a permit first.
#[derive(Debug, Clone)]
pub struct Paced<A> {
    inner: A,
    limiter: Limiter,
}

impl<A: Advises> Paced<A> {
    /// Puts `inner` behind `limiter`.
    pub fn new(inner: A, limiter: Limiter) -> Self {
        Self { inner, limiter }
    }

    /// The limiter.
    pub fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    fn follow_advice(&self) {
        if let Some(time) = self.inner.take_advice() {
            self.limiter.pause(time);
        }
    }

    fn heed<T>(&self, result: Result<T, ApiError>) -> Result<T, ApiError> {
        self.follow_advice();
        if let Err(ApiError::Throttled { retry_after, .. }) = &result {
            self.limiter.throttled(*retry_after);
        }
        result
    }
}

impl<A: PartnersApi + Advises> PartnersApi for Paced<A> {
    async fn create(&self, body: Bytes, query: Query) -> CreateOutcome {
        if !self.limiter.permit().await {
            return CreateOutcome::NotMade(NotMade::Stopped);
        }
        let outcome = self.inner.create(body, query).await;
        self.follow_advice();
        match &outcome {
            CreateOutcome::NotMade(NotMade::Throttled { retry_after }) => {
                self.limiter.throttled(*retry_after);
            }
            CreateOutcome::InDoubt {
                retry_after: Some(wait),
                ..
            } => self.limiter.throttled(Some(*wait)),
            _ => {}
        }
        outcome
    }

    async fn list(&self, filter: &ListFilter, skip: u64, take: u64) -> Result<Page, ApiError> {
        if !self.limiter.permit().await {
            return Err(ApiError::Stopped);
        }
        self.heed(self.inner.list(filter, skip, take).await)
    }

    async fn get(
        &self,
        id: &PartnerId,
        include: &[String],
    ) -> Result<Option<RemotePartner>, ApiError> {
        if !self.limiter.permit().await {
            return Err(ApiError::Stopped);
        }
        self.heed(self.inner.get(id, include).await)
    }

    async fn health(&self) -> Result<(), ApiError> {
        if !self.limiter.permit().await {
            return Err(ApiError::Stopped);
        }
        self.inner.health().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_shown() {
        for (text, rate) in [
            ("10/s", Some(Rate::PerSecond(10.0))),
            ("600/m", Some(Rate::PerSecond(10.0))),
            ("36000/h", Some(Rate::PerSecond(10.0))),
            ("10", Some(Rate::PerSecond(10.0))),
            ("unlimited", Some(Rate::Unlimited)),
            ("0/s", None),
            ("-1/s", None),
            ("ten", None),
            ("10/fortnight", None),
        ] {
            assert_eq!(text.parse::<Rate>().ok(), rate, "{text}");
        }
        assert_eq!(Rate::PerSecond(10.0).to_string(), "10/s");
        assert_eq!(Rate::PerSecond(0.5).to_string(), "30/m");
    }

    #[tokio::test]
    async fn throttling_halves_and_stopping_refuses() {
        let (stop, receiver) = watch::channel(false);
        let limiter = Limiter::new(Rate::PerSecond(1000.0), None, receiver);
        assert!(limiter.permit().await);
        limiter.throttled(Some(Duration::ZERO));
        limiter.throttled(Some(Duration::ZERO));
        assert_eq!(limiter.current(), Rate::PerSecond(500.0));
        stop.send(true).unwrap();
        assert!(!limiter.permit().await);
    }
}
