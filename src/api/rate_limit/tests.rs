use super::*;

fn limiter(rate: Rate, burst: Option<u32>) -> Limiter {
    let burst = burst.and_then(NonZeroU32::new);
    Limiter::new(rate, burst, watch::channel(false).1)
}

/// So slow that a test never sees a second permit, however long it takes.
const NEVER: Rate = Rate::PerSecond(0.001);

impl Limiter {
    /// Permits that may go at this moment.
    fn permits_now(&self) -> usize {
        std::iter::from_fn(|| self.delay().is_none().then_some(()))
            .take(1_000)
            .count()
    }

    fn recover(&self) -> Rate {
        self.pace.lock().unwrap().recover(Instant::now());
        self.current()
    }
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

/// Also for those who wait already, and for good.
#[tokio::test(start_paused = true)]
async fn a_pause_that_nobody_waits_for_ends_the_permits() {
    let (_stop, receiver) = watch::channel(false);
    let limiter = Limiter::new(Rate::Unlimited, None, receiver)
        .with_patience(Duration::from_mins(5), Clock::System);
    limiter.throttled(Some(Duration::from_mins(5)));
    assert_eq!(limiter.asked_too_long(), None);
    let waiting = tokio::spawn({
        let limiter = limiter.clone();
        async move { limiter.permit().await }
    });
    tokio::task::yield_now().await;
    limiter.throttled(Some(Duration::from_mins(55)));
    let words = limiter.asked_too_long().unwrap();
    assert!(
        words.starts_with("the API asks to wait until ")
            && words.contains("UTC (55 min), longer than --outage (5 min)"),
        "{words}"
    );
    assert!(!limiter.permit().await);
    assert!(!waiting.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_stops_throttling_is_still_called_now_and_then() {
    let (_stop, receiver) = watch::channel(false);
    let limiter = Limiter::new(Rate::PerSecond(1.0), None, receiver);
    let mut rates = Vec::new();
    for _ in 0..4 {
        limiter.throttled(None);
        rates.push(limiter.current());
        tokio::time::advance(CUT_EVERY).await;
    }
    assert_eq!(rates, [0.5, 0.25, 0.2, 0.2].map(Rate::PerSecond));
}

#[test]
fn a_rate_is_one_permit_in_its_time() {
    let burst = |n| NonZeroU32::new(n).unwrap();
    assert!(governor(Rate::Unlimited, burst(1)).is_none());
    for permits in [1, 3] {
        let governor = governor(NEVER, burst(permits)).unwrap();
        for _ in 0..permits {
            assert!(governor.check().is_ok());
        }
        let early = governor.check().unwrap_err();
        let wait = early.wait_time_from(MonotonicClock.now()).as_secs();
        assert!((500..=1_000).contains(&wait), "{wait}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hundredth_of_a_second_may_go_at_once() {
    for (rate, asked, burst) in [
        (NEVER, None, 1),
        (NEVER, Some(7), 7),
        (Rate::PerSecond(1.0), None, 1),
        (Rate::PerSecond(1_000.0), None, 10),
    ] {
        let limiter = limiter(rate, asked);
        assert_eq!(limiter.pace.lock().unwrap().burst.get(), burst);
        if rate == NEVER {
            assert_eq!(limiter.permits_now(), burst as usize);
            // It never was cut, so there is nothing to recover.
            tokio::time::advance(Duration::from_secs(2)).await;
            assert_eq!(limiter.permits_now(), 0);
        }
    }
}

/// Without a rate there is what went out lately: in this second, or in the last whole one.
#[tokio::test(start_paused = true)]
async fn what_unlimited_comes_to_is_measured_before_it_is_cut() {
    for (steps, cut) in [
        // Permits, and the milliseconds after them.
        (&[(30, 500)][..], 30.0),
        (&[(30, 0)], 300.0),
        (&[(40, 1_000), (1, 500)], 20.0),
        (&[(40, 999), (1, 1)], 20.5),
        (&[(40, 1_000), (50, 1_000), (1, 500)], 25.0),
        (&[], 1.0),
        (&[(1, 5_000)], 1.0),
    ] {
        let limiter = limiter(Rate::Unlimited, None);
        for (permits, millis) in steps {
            for _ in 0..*permits {
                assert_eq!(limiter.delay(), None);
            }
            tokio::time::advance(Duration::from_millis(*millis)).await;
        }
        limiter.throttled(None);
        assert_eq!(limiter.current(), Rate::PerSecond(cut), "{steps:?}");
    }
}

/// A twentieth of the peak a second: of what was asked for and no further, or of what went out when it was first cut.
#[tokio::test(start_paused = true)]
async fn the_rate_comes_back_bit_by_bit() {
    let asked = limiter(Rate::PerSecond(100.0), Some(5));
    asked.throttled(None);
    let free = limiter(Rate::Unlimited, None);
    for _ in 0..5 {
        assert_eq!(free.delay(), None);
    }
    // Five in a twentieth of a second.
    free.throttled(None);
    for (millis, rates) in [
        (0, (50.0, 50.0)),
        (999, (50.0, 50.0)),
        (1, (55.0, 55.0)),
        (999, (55.0, 55.0)),
        (2_001, (70.0, 70.0)),
        (7_000, (100.0, 105.0)),
        (1_000, (100.0, 110.0)),
    ] {
        tokio::time::advance(Duration::from_millis(millis)).await;
        let rates = (Rate::PerSecond(rates.0), Rate::PerSecond(rates.1));
        assert_eq!((asked.recover(), free.recover()), rates);
    }
}

/// A cut rate goes one by one, the one that was asked for with its burst.
#[tokio::test(start_paused = true)]
async fn only_the_rate_that_was_asked_for_has_a_burst() {
    let limiter = limiter(NEVER, Some(5));
    let set = |rate| limiter.pace.lock().unwrap().set(rate);
    // One is taken already: the rate is set in the moment of a request.
    set(NEVER);
    assert_eq!(limiter.permits_now(), 4);
    set(Rate::PerSecond(0.002));
    assert_eq!(limiter.permits_now(), 0);
}

#[tokio::test(start_paused = true)]
async fn pauses_that_touch_are_one() {
    /// From and to when, and whether for being asked too often.
    type Told = (u64, u64, bool);
    let limiter = limiter(Rate::PerSecond(100.0), None);
    let begin = Instant::now().into_std();
    let seconds = |time: std::time::Instant| time.duration_since(begin).as_secs();
    let told = |limiter: &Limiter| -> Vec<Told> {
        let pauses = limiter.pauses().into_iter();
        pauses
            .map(|p| (seconds(p.from), seconds(p.to), p.throttled))
            .collect()
    };
    let steps: [(Told, &[Told]); 6] = [
        // When, for how long, whether for being asked too often; then what is reported.
        ((0, 4, false), &[(0, 4, false)]),
        // A shorter one ends none.
        ((1, 2, false), &[(0, 4, false)]),
        ((4, 2, true), &[(0, 6, true)]),
        ((5, 2, false), &[(0, 7, true)]),
        ((8, 1, false), &[(0, 7, true), (8, 9, false)]),
        (
            (20, 1, true),
            &[(0, 7, true), (8, 9, false), (20, 21, true)],
        ),
    ];
    for ((at, time, throttled), pauses) in steps {
        let now = seconds(Instant::now().into_std());
        tokio::time::advance(Duration::from_secs(at - now)).await;
        let time = Duration::from_secs(time);
        if throttled {
            limiter.throttled(Some(time));
        } else {
            limiter.pause(time);
        }
        assert_eq!(told(&limiter), pauses);
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_pauses_are_remembered() {
    let limiter = limiter(Rate::Unlimited, None);
    for n in 1..=REMEMBERED + 5 {
        limiter.pause(Duration::from_millis(1));
        assert_eq!(limiter.pauses().len(), n.min(REMEMBERED));
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    // The last one has them all.
    let last = limiter.pauses().pop().unwrap();
    assert_eq!(last.to.duration_since(last.from).as_secs(), 5);
}

/// Once for all who are refused at the same time, and again where it is clearly longer than was said.
#[tokio::test(start_paused = true)]
async fn a_long_pause_is_told_once() {
    let limiter = limiter(Rate::Unlimited, None);
    let begin = Instant::now();
    for (time, told) in [
        (4_999, None),
        (5_000, Some(5_000)),
        (9_999, Some(5_000)),
        (10_000, Some(10_000)),
        (6_000, Some(10_000)),
    ] {
        limiter.pause(Duration::from_millis(time));
        let until = limiter.pace.lock().unwrap().told_until;
        assert_eq!(until.map(|t| (t - begin).as_millis()), told, "{time}");
    }
}
