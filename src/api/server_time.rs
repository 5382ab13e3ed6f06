//! The clock of an API's server, by the `Date` of its answers.

use std::time::{Duration, UNIX_EPOCH};

use super::http::{HttpSettings, client_of};
use crate::clock::{Clock, Timestamp};

/// The server's time by the `Date` of an answer to a health check, to the second, and this machine's time at the same
/// moment. None where there is no answer, or it has no date. No token is sent: any answer will do.
pub async fn server_time(settings: &HttpSettings, clock: &Clock) -> Option<(Timestamp, Timestamp)> {
    let client = client_of(settings).ok()?;
    let base = settings.base.as_str().trim_end_matches('/');
    let begin = clock.now();
    let answer = client
        .get(format!("{base}/healthcheck"))
        .send()
        .await
        .ok()?;
    let end = clock.now();
    let date = answer.headers().get(http::header::DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    let theirs = date.duration_since(UNIX_EPOCH).ok()?;
    let half = Duration::from_millis(end.millis_since(begin) / 2);
    let theirs = Timestamp(i64::try_from(theirs.as_millis()).ok()?);
    Some((theirs, begin.after(half)))
}
