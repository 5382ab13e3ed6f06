//! The clock of an API's server, by the `Date` of its answers.

use std::time::{Duration, UNIX_EPOCH};

use http::Request;

use super::body_probe::ProbeBody;
use super::http::{HttpSettings, transport_of};
use crate::clock::{Clock, Timestamp};

/// The server's time by the `Date` of an answer to a health check, to the second, and this machine's time at the same
/// moment. None where there is no answer, or it has no date. No token is sent: any answer will do.
pub async fn server_time(settings: &HttpSettings, clock: &Clock) -> Option<(Timestamp, Timestamp)> {
    let transport = transport_of(settings).ok()?;
    let base = settings.base.as_str().trim_end_matches('/');
    let mut request = Request::new(ProbeBody::empty());
    *request.uri_mut() = format!("{base}/healthcheck").parse().ok()?;
    let begin = clock.now();
    let answer = transport.send(request).await.ok()?;
    let end = clock.now();
    let date = answer.headers.get(http::header::DATE)?.to_str().ok()?;
    let date = httpdate::parse_http_date(date).ok()?;
    let theirs = date.duration_since(UNIX_EPOCH).ok()?;
    let half = Duration::from_millis(end.millis_since(begin) / 2);
    let theirs = Timestamp(i64::try_from(theirs.as_millis()).ok()?);
    Some((theirs, begin.after(half)))
}
