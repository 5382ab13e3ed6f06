//! The clock, as an argument. Rooms never ask the machine for the time; they are given one of these.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970-01-01T00:00:00Z, as the state stores every moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The moment as RFC 3339 in UTC, to the second: `2026-03-04T17:27:05Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(
            |_| format!("{} ms", self.0),
            |t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        )
    }

    /// The same without marks between its parts, so that it can be a name: `20260304T172705Z`.
    #[must_use]
    pub fn to_compact(self) -> String {
        let mut stamp = self.to_rfc3339();
        stamp.retain(|c| !matches!(c, '-' | ':' | ' '));
        stamp
    }

    /// The moment as a person says it, `in` from now, in UTC: `14:05:30 UTC` within the hour, `14:05 UTC` within the day, else
    /// with its date.
    #[must_use]
    pub fn to_words(self, from_now: Duration) -> String {
        let format = match from_now.as_secs() {
            0..3_600 => "%H:%M:%S UTC",
            3_600..86_400 => "%H:%M UTC",
            _ => "%d %b %Y, %H:%M UTC",
        };
        jiff::Timestamp::from_millisecond(self.0).map_or_else(
            |_| format!("{} ms", self.0),
            |t| t.strftime(format).to_string(),
        )
    }

    /// The moment that is this much later.
    #[must_use]
    pub fn after(self, time: Duration) -> Self {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; 0 where the clock went back.
    #[must_use]
    pub fn millis_since(self, earlier: Timestamp) -> u64 {
        u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0)
    }
}

/// A time as a person says it: `less than a second`, `30 s`, `55 min`, `2 h 5 min`, `3 days`.
#[must_use]
pub fn spoken(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0 if time.is_zero() => "0 s".to_owned(),
        0 => "less than a second".to_owned(),
        1..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        7_200..172_800 if seconds % 3_600 < 60 => format!("{} h", seconds / 3_600),
        7_200..172_800 => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// A source of wall-clock time.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's own.
    System,
    /// Set by hand, for tests.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// Now, in milliseconds since the epoch.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one home of the machine's clock"
    )]
    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => Timestamp(
                SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .map_or(0, |d| i64::try_from(d.as_millis()).unwrap_or(i64::MAX)),
            ),
            Clock::Manual(at) => Timestamp(at.load(Ordering::SeqCst)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_say_them() {
        let seconds = Duration::from_secs;
        for (time, words) in [
            (seconds(0), "0 s"),
            (Duration::from_millis(10), "less than a second"),
            (seconds(119), "119 s"),
            (seconds(300), "5 min"),
            (seconds(3_299), "55 min"),
            (seconds(7_500), "2 h 5 min"),
            (seconds(10_800), "3 h"),
            (seconds(400_000), "4 days"),
        ] {
            assert_eq!(spoken(time), words);
        }
        let now = Timestamp(1_772_645_225_000);
        for (later, words) in [
            (seconds(30), "17:27:35 UTC"),
            (seconds(7_200), "19:27 UTC"),
            (seconds(100_000), "05 Mar 2026, 21:13 UTC"),
        ] {
            assert_eq!(now.after(later).to_words(later), words);
        }
    }
}
