//! A rate that several processes share: slots of time, taken a few at a time from whoever counts them.
//!
//! The limiter knows nobody who counts them: a [`Permits`] is handed to it. Each process uses only slots that it was given, so
//! the sum is what was asked for; a slot that nobody wanted when it came lapses, and nothing has to be given back.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant as Moment};

use tokio::sync::oneshot;
use tokio::time::Instant;

/// Slots of time, one after the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slots {
    /// From the answer until the first of them; negative where it may be used at once.
    pub first: f64,
    /// Requests a second at this moment: slots follow one another by its inverse.
    pub rate: f64,
    /// For how long the server asked nobody to call, where that is not over.
    pub paused: Option<Duration>,
}

/// Why there are no slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoPermits {
    /// Whoever counts them does not answer: nothing may be sent beyond what was given out.
    Away,
    /// They are not counted here, in words where somebody has to be told; the rate is this process's own.
    NotShared(Option<String>),
}

/// Who gives out the slots of a rate that several processes share. Both may block.
pub trait Permits: Send + Sync + fmt::Debug {
    /// Takes the next slots, which nobody else gets.
    ///
    /// # Errors
    /// [`NoPermits`] where none can be had.
    fn take(&self, slots: u32) -> Result<Slots, NoPermits>;

    /// Nobody gets a slot for this long. Where the server `throttled`, the rate is halved, at most once a second.
    ///
    /// # Errors
    /// [`NoPermits`] where nobody could be told.
    fn slow(&self, pause: Duration, throttled: bool) -> Result<(), NoPermits>;
}

/// What is asked of them, by a thread of its own: it may hang, and is left behind then.
enum Ask {
    Take(u32, oneshot::Sender<Answer>),
    Slow(Duration, bool),
}

/// Slots, and when the answer came.
#[derive(Debug)]
struct Answer {
    taken: Result<Slots, NoPermits>,
    slots: u32,
    at: Moment,
}

/// Tells those who give out the slots what the server asked for.
#[derive(Debug, Clone)]
pub(super) struct Tell(mpsc::Sender<Ask>);

impl Tell {
    /// Nobody sends for this long, and more slowly then where the server `throttled`.
    pub(super) fn slow(&self, pause: Duration, throttled: bool) {
        let _ = self.0.send(Ask::Slow(pause, throttled));
    }
}

/// The slots that this process holds. One request at a time waits for one.
#[derive(Debug)]
pub(super) struct Held {
    asks: mpsc::Sender<Ask>,
    slots: VecDeque<Instant>,
    coming: Option<oneshot::Receiver<Answer>>,
    /// How many are taken at a time.
    batch: u32,
    asked: Option<Instant>,
    away_since: Option<Instant>,
    elapsed: Elapsed,
}

/// How long ago a moment was.
pub(super) type Elapsed = fn(&Moment) -> Duration;

/// What came of waiting for a slot.
#[derive(Debug, PartialEq)]
pub(super) enum Next {
    /// It begins then.
    Slot(Instant),
    /// These are the slots from now on; the next one is to be asked for.
    Taken(Slots),
    /// The rate is not shared, in words where somebody has to be told.
    Alone(Option<String>),
    /// Whoever counts the slots has not answered for this long.
    Away(Duration),
}

/// Slots are taken so that they last about this long: one question in that time, and news within it.
const LASTS: (Duration, Duration) = (Duration::from_millis(100), Duration::from_millis(250));
/// How late a slot may be used by a request that waited for it: a busy machine wakes late. In no second there is more than this
/// share of the rate too much.
const LATE: Duration = Duration::from_millis(50);
/// How long those who do not answer are left alone.
const AGAIN: Duration = Duration::from_millis(250);
/// The most that are taken at a time.
const MOST: u32 = 1 << 16;

/// Starts the thread that asks `permits`; none where there is no thread to be had. `elapsed` says how old an answer is.
pub(super) fn held(permits: Arc<dyn Permits>, elapsed: Elapsed) -> Option<(Held, Tell)> {
    let (asks, asked) = mpsc::channel();
    let thread = std::thread::Builder::new().name("permits".to_owned());
    if let Err(error) = thread.spawn(move || serve(&*permits, &asked)) {
        tracing::warn!("the rate is not shared with other machines: {error}");
        return None;
    }
    let tell = Tell(asks.clone());
    let held = Held {
        asks,
        slots: VecDeque::new(),
        coming: None,
        batch: 1,
        asked: None,
        away_since: None,
        elapsed,
    };
    Some((held, tell))
}

fn serve(permits: &dyn Permits, asked: &mpsc::Receiver<Ask>) {
    for ask in asked {
        match ask {
            Ask::Take(slots, answer) => {
                let taken = permits.take(slots);
                let at = Moment::now();
                // Whoever asked may be gone: then they lapse.
                let _ = answer.send(Answer { taken, slots, at });
            }
            Ask::Slow(pause, throttled) => {
                if let Err(error) = permits.slow(pause, throttled) {
                    tracing::debug!(?error, "other machines could not be asked to slow down");
                }
            }
        }
    }
}

impl Held {
    /// The next slot that begins no earlier than `from`, or is late by less than a moment; more are asked for while `others`
    /// wait. What came anew is handed out first.
    pub(super) async fn next(&mut self, from: Instant, others: bool) -> Next {
        loop {
            let now = Instant::now();
            let lapsed = now.checked_sub(LATE).map_or(from, |t| t.max(from));
            while let Some(slot) = self.slots.pop_front() {
                if slot < lapsed {
                    continue;
                }
                if others && self.slots.len() <= self.batch as usize / 2 {
                    self.ask();
                }
                return Next::Slot(slot);
            }
            self.ask();
            let Some(coming) = self.coming.as_mut() else {
                continue;
            };
            let answer = coming.await;
            self.coming = None;
            if !matches!(&answer, Ok(answer) if answer.taken == Err(NoPermits::Away)) {
                self.away_since = None;
            }
            match answer.map(|answer| (answer.taken, answer.slots, answer.at)) {
                Ok((Ok(taken), slots, at)) => {
                    self.keep(taken, slots, (self.elapsed)(&at));
                    return Next::Taken(taken);
                }
                Ok((Err(NoPermits::NotShared(why)), ..)) => return Next::Alone(why),
                Ok((Err(NoPermits::Away), ..)) => {
                    let since = *self.away_since.get_or_insert_with(Instant::now);
                    tokio::time::sleep(AGAIN).await;
                    return Next::Away(since.elapsed());
                }
                // Its thread is gone, which only a fault of its own ends.
                Err(_) => return Next::Alone(Some("nobody counts it any more".to_owned())),
            }
        }
    }

    /// Forgets what is held: it lies in a pause, or was given out at another rate.
    pub(super) fn forget(&mut self) {
        self.slots.clear();
        self.coming = None;
    }

    fn ask(&mut self) {
        if self.coming.is_some() {
            return;
        }
        let now = Instant::now();
        let (shortest, longest) = LASTS;
        match self.asked.map(|asked| now.duration_since(asked)) {
            Some(lasted) if lasted < shortest => self.batch = (self.batch * 2).min(MOST),
            Some(lasted) if lasted > longest => self.batch = (self.batch / 2).max(1),
            _ => {}
        }
        self.asked = Some(now);
        let (answer, coming) = oneshot::channel();
        // Where nobody serves it, waiting for the answer says so.
        let _ = self.asks.send(Ask::Take(self.batch, answer));
        self.coming = Some(coming);
    }

    fn keep(&mut self, taken: Slots, slots: u32, since: Duration) {
        let now = Instant::now();
        let every = 1.0 / taken.rate;
        for slot in 0..slots {
            let wait = taken.first + f64::from(slot) * every - since.as_secs_f64();
            let wait = Duration::try_from_secs_f64(wait.max(0.0)).unwrap_or(Duration::MAX);
            // One so far away is never reached.
            self.slots.extend(now.checked_add(wait));
        }
    }
}

/// One who waits for a permit.
pub(super) struct Waiting<'w>(&'w AtomicUsize);

impl<'w> Waiting<'w> {
    pub(super) fn one(count: &'w AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }

    /// Whether it is not the only one.
    pub(super) fn are_others(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 1
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
