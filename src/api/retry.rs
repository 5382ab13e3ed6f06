//! (attempt, failure) → wait, or give up (pure: it never sleeps and never sends).

use std::time::{Duration, SystemTime};

/// The first wait.
const BASE: Duration = Duration::from_millis(200);
/// The longest wait that backoff comes to by itself.
const CAP: Duration = Duration::from_secs(20);
/// The longest wait that is read: what is longer counts as this long.
const ASKED_CAP: Duration = Duration::from_hours(366 * 24);

/// Capped exponential backoff with full jitter: a random part, `random` in 0..1, of the capped doubling.
///
/// Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog.
#[must_use]
pub fn backoff(attempt: u32, random: f64) -> Duration {
    let doubled = BASE.saturating_mul(2_u32.saturating_pow(attempt.min(16)));
    doubled.min(CAP).mul_f64(random.clamp(0.0, 1.0))
}

/// The wait before the next attempt: what the server asked for, with a little jitter on top so that
/// workers do not come back all at once, else backoff.
#[must_use]
pub fn wait(attempt: u32, asked: Option<Duration>, random: f64) -> Duration {
    match asked {
        Some(asked) => asked + BASE.mul_f64(random.clamp(0.0, 1.0)),
        None => backoff(attempt, random),
    }
}

/// `Retry-After` in all its spellings: seconds, with a fraction too, or an HTTP date in any of its three forms, counted from
/// `now`. What is neither, or negative, asks for nothing.
#[must_use]
pub fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if value.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        let is_plain = value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let seconds: f64 = value.parse().ok().filter(|_| is_plain)?;
        return Some(Duration::try_from_secs_f64(seconds).map_or(ASKED_CAP, |d| d.min(ASKED_CAP)));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(
        date.duration_since(now)
            .unwrap_or(Duration::ZERO)
            .min(ASKED_CAP),
    )
}

/// Whether [`spent_quota`] looks at a header of this lower-case name.
#[must_use]
pub fn is_of_quota(name: &str) -> bool {
    let name = name.strip_prefix("x-").unwrap_or(name);
    name.starts_with("ratelimit")
}

/// The wait that `RateLimit-*` headers ask for: the reset time, where nothing remains of the quota. `header`
/// looks a header up by its lower-case name.
///
/// Source: the IETF drafts "`RateLimit` header fields for HTTP": `RateLimit-Remaining` and `RateLimit-Reset`
/// (seconds), or one `RateLimit` field, `remaining=0, reset=5` in older drafts and `"name";r=0;t=5` in newer.
#[must_use]
pub fn spent_quota<'h>(header: impl Fn(&str) -> Option<&'h str>) -> Option<Duration> {
    let pair = |remaining: Option<&str>, reset: Option<&str>| -> Option<Duration> {
        let remaining: u64 = remaining?.trim().parse().ok()?;
        let seconds: u64 = reset?.trim().parse().ok()?;
        // A reset this far away is a date since 1970 in a dialect we do not know.
        (remaining == 0 && seconds < 86_400).then(|| Duration::from_secs(seconds).min(ASKED_CAP))
    };
    let combined = header("ratelimit").and_then(|text| {
        let part = |names: [&str; 2]| {
            text.split([',', ';'])
                .filter_map(|p| p.trim().split_once('='))
                .find(|(name, _)| names.contains(name))
                .map(|(_, value)| value)
        };
        pair(part(["remaining", "r"]), part(["reset", "t"]))
    });
    combined
        .or_else(|| pair(header("ratelimit-remaining"), header("ratelimit-reset")))
        .or_else(|| pair(header("x-ratelimit-remaining"), header("x-ratelimit-reset")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_its_cap() {
        for (attempt, millis) in [
            (0, 200),
            (1, 400),
            (2, 800),
            (6, 12_800),
            (7, 20_000),
            (40, 20_000),
        ] {
            assert_eq!(backoff(attempt, 1.0), Duration::from_millis(millis));
            assert_eq!(backoff(attempt, 0.0), Duration::ZERO);
        }
    }

    #[test]
    fn whatever_is_looked_up_is_a_header_of_a_quota() {
        let asked = std::cell::RefCell::new(Vec::new());
        let spent = spent_quota(|name| {
            asked.borrow_mut().push(name.to_owned());
            None
        });
        assert_eq!(spent, None);
        assert_eq!(asked.borrow().len(), 5);
        assert!(asked.borrow().iter().all(|name| is_of_quota(name)));
        for other in ["x-request-id", "retry-after", "x-rate-limit-reset", "date"] {
            assert!(!is_of_quota(other), "{other}");
        }
    }

    #[test]
    fn what_a_server_asks_for_is_spread() {
        let asked = |seconds| Some(Duration::from_secs(seconds));
        for (asked, random, millis) in [
            (asked(3), 0.0, 3_000),
            (asked(3), 0.5, 3_100),
            (asked(3), 1.0, 3_200),
            (asked(3_600), 0.0, 3_600_000),
            (asked(3_600), 1.0, 3_600_200),
            (None, 1.0, 800),
        ] {
            assert_eq!(wait(2, asked, random), Duration::from_millis(millis));
        }
    }

    #[test]
    fn retry_after_is_read_in_all_spellings() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_645_225);
        for (value, seconds) in [
            ("3", Some(3.0)),
            (" 0 ", Some(0.0)),
            ("\t7", Some(7.0)),
            ("2.5", Some(2.5)),
            ("2.", Some(2.0)),
            (".5", Some(0.5)),
            ("99999", Some(99_999.0)),
            ("40000000", Some(31_622_400.0)),
            ("99999999999999999999999999", Some(31_622_400.0)),
            ("Wed, 04 Mar 2026 17:27:15 GMT", Some(10.0)),
            ("Wednesday, 04-Mar-26 17:27:15 GMT", Some(10.0)),
            ("Wed Mar  4 17:27:15 2026", Some(10.0)),
            ("Wed, 04 Mar 2026 17:27:00 GMT", Some(0.0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0.0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(31_622_400.0)),
            ("soon", None),
            ("-1", None),
            ("-2.5", None),
            ("+3", None),
            ("1e3", None),
            ("3 s", None),
            ("2.5.1", None),
            (".", None),
            ("NaN", None),
            ("inf", None),
            ("2026-03-04T17:27:15Z", None),
            ("", None),
        ] {
            assert_eq!(
                retry_after(value, now),
                seconds.map(Duration::from_secs_f64),
                "{value}"
            );
        }
    }

    #[test]
    fn a_spent_quota_is_read_in_all_drafts() {
        for (headers, seconds) in [
            (
                &[("ratelimit-remaining", "0"), ("ratelimit-reset", "5")][..],
                Some(5),
            ),
            (
                &[("ratelimit-remaining", "3"), ("ratelimit-reset", "5")],
                None,
            ),
            (
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "7")],
                Some(7),
            ),
            (
                &[
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", "1772645225"),
                ],
                None,
            ),
            (&[("ratelimit", "r=0;t=86399")], Some(86_399)),
            (&[("ratelimit", "r=0;t=86400")], None),
            (&[("ratelimit", "limit=100, remaining=0, reset=9")], Some(9)),
            (&[("ratelimit", "\"default\";r=0;t=4")], Some(4)),
            (&[("ratelimit", "\"default\";r=50;t=4")], None),
            (&[], None),
        ] {
            let find = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
            assert_eq!(
                spent_quota(find),
                seconds.map(Duration::from_secs),
                "{headers:?}"
            );
        }
    }
}
