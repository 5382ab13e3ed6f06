//! Values as they are typed: times and rates.

use std::time::Duration;

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("\"{text}\" is not a time: write 500ms, 30s, 10m or 2h"))
}

/// How long to wait: a time, or without end.
pub(super) fn parse_wait(text: &str) -> Result<Duration, String> {
    if text == "forever" {
        return Ok(Duration::MAX);
    }
    humantime::parse_duration(text)
        .map_err(|_| format!("\"{text}\" is not a time: write 30s, 10m, 2h or forever"))
}

pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    match text.parse::<crate::api::Rate>()? {
        crate::api::Rate::PerSecond(n) => Ok(n),
        crate::api::Rate::Unlimited => Err("leave --rate-limit out for no limit".to_owned()),
    }
}
