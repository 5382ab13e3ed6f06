use std::sync::Mutex;

use tokio::sync::watch;

use super::super::rate::Rate;
use super::super::rate_limit::Limiter;
use super::*;
use crate::clock::Clock;

/// Gives out what it was told, then slots of a hundredth of a second that begin at once; keeps what it was asked.
#[derive(Debug, Default)]
struct Fake {
    answers: Mutex<VecDeque<Result<Slots, NoPermits>>>,
    taken: Mutex<Vec<u32>>,
    slowed: Mutex<Vec<(u64, bool)>>,
}

const AT_ONCE: Slots = Slots {
    first: 0.0,
    rate: 100.0,
    paused: None,
};

impl Fake {
    fn told(answers: &[Result<Slots, NoPermits>]) -> Arc<Self> {
        let fake = Self::default();
        fake.answers.lock().unwrap().extend(answers.iter().cloned());
        Arc::new(fake)
    }

    fn slowed(&self, times: usize) -> Vec<(u64, bool)> {
        // It is told by another thread.
        while self.slowed.lock().unwrap().len() < times {
            std::thread::yield_now();
        }
        self.slowed.lock().unwrap().clone()
    }
}

impl Permits for Fake {
    fn take(&self, slots: u32) -> Result<Slots, NoPermits> {
        self.taken.lock().unwrap().push(slots);
        let told = self.answers.lock().unwrap().pop_front();
        told.unwrap_or(Ok(AT_ONCE))
    }

    fn slow(&self, pause: Duration, throttled: bool) -> Result<(), NoPermits> {
        let millis = u64::try_from(pause.as_millis()).unwrap();
        self.slowed.lock().unwrap().push((millis, throttled));
        Err(NoPermits::Away)
    }
}

/// An answer is never old: however late a busy machine hands it over, the time of these tests stands still.
const NO_TIME: Elapsed = |_| Duration::ZERO;

/// A limiter, and what would stop it.
fn sharing(fake: &Arc<Fake>) -> (Limiter, watch::Sender<bool>) {
    let (stop, flag) = watch::channel(false);
    let limiter = Limiter::new(Rate::PerSecond(10.0), None, flag)
        .with_patience(Duration::from_mins(5), Clock::System);
    let permits: Arc<dyn Permits> = Arc::clone(fake) as _;
    (limiter.sharing_by(permits, NO_TIME), stop)
}

/// Whole hundredths of a second.
fn hundredths(since: Instant) -> u128 {
    (since.elapsed().as_millis() + 5) / 10
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_its_slot_and_no_longer() {
    let slots = |first| Ok(Slots { first, ..AT_ONCE });
    let fake = Fake::told(&[slots(0.5), slots(-3.0), Err(NoPermits::Away), slots(0.02)]);
    let (limiter, _stop) = sharing(&fake);
    let begin = Instant::now();
    let mut went = Vec::new();
    for _ in 0..3 {
        assert!(limiter.permit().await);
        went.push(hundredths(begin));
    }
    // The second one may go at once; those who do not answer are asked again after a quarter of a second.
    assert_eq!(went, [50, 50, 77]);
    assert_eq!(limiter.current(), Rate::PerSecond(100.0));
}

/// As long as the API itself, and no longer: a run that waits for a permit records nothing, and would not notice otherwise.
#[tokio::test(start_paused = true)]
async fn who_gives_out_the_rate_is_waited_for_and_not_for_ever() {
    let away = vec![Err(NoPermits::Away); 1300];
    let fake = Fake::told(&[&away[..1100], &[Ok(AT_ONCE)], &away].concat());
    let (limiter, _stop) = sharing(&fake);
    let begin = Instant::now();
    // One that comes back in time is waited for anew.
    assert!(limiter.permit().await);
    assert_eq!(hundredths(begin), 27_500);
    assert!(!limiter.permit().await);
    assert!((57_500..58_000).contains(&hundredths(begin)));
    let words = limiter.asked_too_long().unwrap();
    assert!(words.contains("longer than --outage (5 min)"), "{words}");
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_nobody_shares_is_ones_own() {
    for why in [None, Some("no right to it".to_owned())] {
        let fake = Fake::told(&[Err(NoPermits::NotShared(why))]);
        let (limiter, _stop) = sharing(&fake);
        for _ in 0..2 {
            assert!(limiter.permit().await);
        }
        assert_eq!(*fake.taken.lock().unwrap(), [1]);
        assert_eq!(limiter.current(), Rate::PerSecond(10.0));
        limiter.throttled(None);
        assert_eq!(limiter.current(), Rate::PerSecond(5.0));
        assert!(fake.slowed.lock().unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_is_asked_for_is_told_to_the_others() {
    let fake = Fake::told(&[]);
    let (limiter, _stop) = sharing(&fake);
    assert!(limiter.permit().await);
    limiter.throttled(Some(Duration::from_secs(2)));
    // Refused together with the first; the second of them is asked to wait for longer.
    limiter.throttled(Some(Duration::from_secs(2)));
    limiter.throttled(Some(Duration::from_secs(3)));
    tokio::time::advance(Duration::from_secs(1)).await;
    limiter.throttled(None);
    tokio::time::advance(Duration::from_secs(4)).await;
    limiter.pause(Duration::from_secs(1));
    let told = [(2000, true), (3000, false), (1000, true), (1000, false)];
    assert_eq!(fake.slowed(4), told);
    // Nobody waits for that long; others ask for themselves.
    limiter.throttled(Some(Duration::from_hours(1)));
    assert!(!limiter.permit().await);
    assert_eq!(fake.slowed(4), told);
    // How fast it goes now, whoever counts the slots says.
    assert_eq!(limiter.current(), Rate::PerSecond(100.0));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_another_machine_was_asked_for_holds_here() {
    let paused = Slots {
        first: 7.0,
        paused: Some(Duration::from_secs(7)),
        ..AT_ONCE
    };
    let fake = Fake::told(&[Ok(paused)]);
    let (limiter, _stop) = sharing(&fake);
    let begin = Instant::now();
    assert!(limiter.permit().await);
    assert_eq!(hundredths(begin), 700);
    let told = limiter.pauses();
    assert!(told.len() == 1 && told[0].throttled, "{told:?}");
    // It is not handed on: the others have it from the same place.
    assert!(fake.slowed.lock().unwrap().is_empty());
}

fn some(fake: &Arc<Fake>) -> Held {
    held(Arc::clone(fake) as Arc<dyn Permits>, NO_TIME)
        .unwrap()
        .0
}

async fn slot(held: &mut Held, from: Instant, others: bool) -> Instant {
    loop {
        if let Next::Slot(slot) = held.next(from, others).await {
            return slot;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slot_that_nobody_waited_for_lapses() {
    let mut held = some(&Fake::told(&[]));
    let begin = Instant::now();
    held.keep(AT_ONCE, 40, Duration::ZERO);
    let at = |hundredth: u32| begin + Duration::from_millis(10) * hundredth;
    assert_eq!(slot(&mut held, begin, false).await, at(0));
    // It came when five had gone by.
    tokio::time::advance(Duration::from_millis(55)).await;
    assert_eq!(slot(&mut held, Instant::now(), false).await, at(6));
    // This one waited all the time, and wakes late: slots of the last twentieth of a second are left.
    tokio::time::advance(Duration::from_millis(65)).await;
    assert_eq!(slot(&mut held, begin, false).await, at(7));
    tokio::time::advance(Duration::from_millis(25)).await;
    assert_eq!(slot(&mut held, begin, false).await, at(10));
    tokio::time::advance(Duration::from_millis(10)).await;
    assert_eq!(slot(&mut held, begin, false).await, at(11));
    held.forget();
    assert!(slot(&mut held, begin, false).await >= Instant::now());
}

/// One question for what a tenth to a quarter of a second needs.
#[tokio::test(start_paused = true)]
async fn slots_are_taken_a_few_at_a_time() {
    let fake = Fake::told(&[]);
    let mut held = some(&fake);
    for millis in [0, 20, 40, 90, 100, 250, 251, 600, 600, 600] {
        tokio::time::advance(Duration::from_millis(millis)).await;
        held.ask();
        held.coming.take().unwrap().await.unwrap();
    }
    let taken = fake.taken.lock().unwrap().clone();
    assert_eq!(taken, [1, 2, 4, 8, 8, 8, 4, 2, 1, 1]);
}

/// While others wait, more are asked for when half is used; else nobody else's slots are taken in advance.
#[tokio::test(start_paused = true)]
async fn more_is_asked_for_in_time_while_others_wait() {
    for others in [true, false] {
        let mut held = some(&Fake::told(&[]));
        held.batch = 4;
        let begin = Instant::now();
        held.keep(AT_ONCE, 4, Duration::ZERO);
        let mut coming = Vec::new();
        for _ in 0..3 {
            slot(&mut held, begin, others).await;
            coming.push(held.coming.is_some());
        }
        assert_eq!(coming, [false, others, others]);
    }
}

/// Slots are counted from the answer on, which may have lain there for a while.
#[tokio::test(start_paused = true)]
async fn slots_begin_when_the_answer_came() {
    let mut held = some(&Fake::told(&[]));
    let begin = Instant::now();
    let later = Slots {
        first: 0.5,
        ..AT_ONCE
    };
    held.keep(later, 2, Duration::from_millis(200));
    for millis in [300, 310] {
        let at = begin + Duration::from_millis(millis);
        assert_eq!(slot(&mut held, begin, false).await, at);
    }
}

#[test]
fn who_waits_is_counted_until_it_does_not() {
    let count = AtomicUsize::new(0);
    let one = Waiting::one(&count);
    assert!(!one.are_others());
    let other = Waiting::one(&count);
    assert!(one.are_others() && other.are_others());
    drop(other);
    assert!(!one.are_others());
}
