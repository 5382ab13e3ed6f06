//! How far a run is, how fast, and how long it still takes, in words.

use std::fmt::Write as _;
use std::time::Duration;

use super::counters::{Counters, ENOUGH, WholePace};
use crate::diagnostic::{counted, thousands};
use crate::partner::RowOutcome;

/// The pace of a run: of the rows that are sent. Rows that need no sending are through in no time, and say nothing about
/// how long the others take.
#[derive(Debug, Default)]
pub struct Pace {
    /// When the first row was seen to be sent, and how many were by then.
    begin: Option<(Duration, u64)>,
}

impl Pace {
    /// How far it is: `135 of 800 rows, 10.6/s, about 1 min left: 130 created, 5 invalid`. `elapsed` is the time since the
    /// run began.
    pub fn words(&mut self, counters: &Counters, elapsed: Duration) -> String {
        let total = counters.total.load(std::sync::atomic::Ordering::Relaxed);
        if total == 0 {
            let read = counters.surveyed.load(std::sync::atomic::Ordering::Relaxed);
            return format!("reading: {}", counted(read, "row"));
        }
        if let Some(whole) = counters.whole() {
            return whole_words(&whole, counters);
        }
        let done = counters.done();
        let mut words = format!("{} of {}", thousands(done), counted(total, "row"));
        if let Some(rate) = self.rate(counters, elapsed) {
            let _ = write!(words, ", {rate:.1}/s");
            if let Some(left) = time_left(total.saturating_sub(done), rate) {
                let _ = write!(words, ", about {left} left");
            }
        }
        let each = RowOutcome::ALL.into_iter().filter_map(|outcome| {
            let count = counters.get(outcome);
            let name = outcome.as_str().replace('_', " ");
            (count > 0).then(|| format!("{} {name}", thousands(count)))
        });
        let each = each.collect::<Vec<_>>().join(", ");
        if !each.is_empty() {
            let _ = write!(words, ": {each}");
        }
        words
    }

    /// Rows sent a second.
    fn rate(&mut self, counters: &Counters, elapsed: Duration) -> Option<f64> {
        let sent: u64 = [
            RowOutcome::Created,
            RowOutcome::Adopted,
            RowOutcome::Rejected,
            RowOutcome::InDoubt,
        ]
        .map(|outcome| counters.get(outcome))
        .iter()
        .sum();
        if sent == 0 {
            return None;
        }
        let (begin, before) = *self.begin.get_or_insert((elapsed, sent));
        let (rows, time) = (sent - before, elapsed.saturating_sub(begin));
        #[expect(clippy::cast_precision_loss, reason = "a display of rows a second")]
        let rate = rows as f64 / time.as_secs_f64();
        (rows >= ENOUGH && rate.is_finite()).then_some(rate)
    }
}

/// How far an import is that several machines share, and this one's part beside it: `1,210 of 2,000 rows by 3 machines, 31.2/s,
/// about 30 s left: 1,180 created, 10 rejected; here: 400 created, 4 rejected`.
fn whole_words(whole: &WholePace, counters: &Counters) -> String {
    let (done, rows) = (thousands(whole.done), counted(whole.rows, "row"));
    let mut words = format!("{done} of {rows} by {}", counted(whole.machines, "machine"));
    if let Some(rate) = whole.rate() {
        let _ = write!(words, ", {rate:.1}/s");
        if let Some(left) = time_left(whole.rows.saturating_sub(whole.done), rate) {
            let _ = write!(words, ", about {left} left");
        }
    }
    let here = |outcomes: &[RowOutcome]| outcomes.iter().map(|o| counters.get(*o)).sum::<u64>();
    let created = here(&[RowOutcome::Created, RowOutcome::Adopted]);
    let rejected = here(&[RowOutcome::Rejected]);
    let parts = |created: u64, rejected: u64| {
        let mut parts = format!("{} created", thousands(created));
        if rejected > 0 {
            let _ = write!(parts, ", {} rejected", thousands(rejected));
        }
        parts
    };
    let all = parts(whole.created, whole.rejected);
    let _ = write!(words, ": {all}");
    // What others have had rejected is counted here, too, once nobody has anything left to do.
    let own = parts(created, rejected.min(whole.rejected));
    let _ = write!(words, "; here: {own}");
    words
}

/// The time that rows take at a rate, as people say it; none where no row is left.
#[must_use]
pub fn time_left(rows: u64, rate: f64) -> Option<String> {
    if rows == 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a display of the time left")]
    let left = rows as f64 / rate;
    Duration::try_from_secs_f64(left).ok().map(rounded)
}

/// A time as people say it.
fn rounded(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => "10 s".to_owned(),
        10..90 => format!("{} s", seconds.div_ceil(10) * 10),
        90..5_400 => format!("{} min", seconds.div_ceil(60)),
        5_400..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} days", (seconds + 43_200) / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    fn at(pace: &mut Pace, counters: &Counters, seconds: u64) -> String {
        pace.words(counters, Duration::from_secs(seconds))
    }

    #[test]
    fn the_time_left_follows_from_what_is_sent() {
        let (mut pace, counters) = (Pace::default(), Counters::default());
        counters.surveyed.store(1, Ordering::Relaxed);
        assert_eq!(at(&mut pace, &counters, 1), "reading: 1 row");
        counters.total.store(1_000, Ordering::Relaxed);
        assert_eq!(at(&mut pace, &counters, 1), "0 of 1,000 rows");
        // A rerun: the first half is through at once.
        counters.add(RowOutcome::Skipped, 500);
        assert_eq!(
            at(&mut pace, &counters, 2),
            "500 of 1,000 rows: 500 skipped"
        );
        counters.add(RowOutcome::Created, 1);
        assert_eq!(
            at(&mut pace, &counters, 3),
            "501 of 1,000 rows: 1 created, 500 skipped"
        );
        counters.add(RowOutcome::Created, 99);
        counters.add(RowOutcome::InDoubt, 1);
        assert_eq!(
            at(&mut pace, &counters, 13),
            "601 of 1,000 rows, 10.0/s, about 40 s left: 100 created, 500 skipped, 1 in doubt"
        );
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        let (mut pace, counters) = (Pace::default(), Counters::default());
        counters.total.store(10, Ordering::Relaxed);
        counters.add(RowOutcome::Created, 10);
        for _ in 0..2 {
            assert_eq!(at(&mut pace, &counters, 0), "10 of 10 rows: 10 created");
        }
    }

    #[test]
    fn times_are_rounded() {
        assert_eq!(time_left(0, 10.0), None);
        for (seconds, words) in [
            (0, "10 s"),
            (11, "20 s"),
            (89, "90 s"),
            (90, "2 min"),
            (3_600, "60 min"),
            (5_400, "2 h"),
            (100_000, "28 h"),
            (200_000, "2 days"),
        ] {
            assert_eq!(rounded(Duration::from_secs(seconds)), words);
        }
    }

    #[test]
    fn what_all_machines_have_done_stands_before_the_own_part() {
        let (mut pace, counters) = (Pace::default(), Counters::default());
        counters.total.store(2_000, Ordering::Relaxed);
        counters.add(RowOutcome::Created, 400);
        counters.add(RowOutcome::Rejected, 4);
        let mut whole = WholePace {
            rows: 2_000,
            done: 1_210,
            created: 1_180,
            rejected: 10,
            machines: 3,
            seconds: 40.0,
        };
        counters.set_whole(whole);
        assert_eq!(
            at(&mut pace, &counters, 40),
            "1,210 of 2,000 rows by 3 machines, 29.8/s, about 30 s left: 1,180 created, 10 rejected; \
             here: 400 created, 4 rejected"
        );
        // What this one does is seen at once, what the others do a second later.
        counters.add(RowOutcome::Created, 20);
        let words = at(&mut pace, &counters, 41);
        assert!(
            words.starts_with("1,230 of 2,000 rows by 3 machines, 30.2/s"),
            "{words}"
        );
        assert!(
            words.ends_with(": 1,200 created, 10 rejected; here: 420 created, 4 rejected"),
            "{words}"
        );
        assert_eq!(counters.reached(), 1_230);
        // Of one that is alone, and was so from the beginning, it is as ever.
        whole = WholePace {
            machines: 1,
            created: 420,
            rejected: 4,
            done: 424,
            ..whole
        };
        counters.set_whole(whole);
        let words = at(&mut pace, &counters, 42);
        assert!(words.starts_with("424 of 2,000 rows: "), "{words}");
        whole.created = 421;
        counters.set_whole(whole);
        let words = at(&mut pace, &counters, 42);
        assert!(
            words.starts_with("424 of 2,000 rows by 1 machine"),
            "{words}"
        );
    }
}
