//! Times as they are written in settings.

use std::time::Duration;

use super::error::ConfigError;
use super::origin::Origin;

/// Reads a time that `fits`; `reason` says what would be accepted.
pub(super) fn time(
    name: &'static str,
    (value, origin): (String, Origin),
    reason: &str,
    fits: impl Fn(Duration) -> bool,
) -> Result<Duration, ConfigError> {
    humantime::parse_duration(value.trim())
        .ok()
        .filter(|t| fits(*t))
        .ok_or_else(|| ConfigError::Value {
            name,
            value,
            origin,
            reason: reason.to_owned(),
        })
}
