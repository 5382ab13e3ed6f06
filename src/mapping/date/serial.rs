//! Numbers that are dates: serials of workbooks and epochs (points 7 and 8).

use jiff::civil::{Date, date};

use super::hints::Hints;
use super::reading::Refusal;
use crate::source::Epoch;

/// The last serial of the 1900 system, 9999-12-31. Source: Excel's specification of date limits.
const LAST_SERIAL: i64 = 2_958_465;

/// The date of a workbook's serial: rounded to the millisecond, then cut to the day.
///
/// # Errors
/// A [`Refusal`] for serials that are no day: 0 and 60 of the 1900 system, negatives, and past 9999.
pub fn read_serial(days: f64, epoch: Epoch) -> Result<Date, Refusal> {
    let refuse = |why: &str| {
        Refusal::invalid(format!(
            "The date cell contains the number {}, which {why}.",
            crate::source::number_text(days)
        ))
    };
    if !days.is_finite() {
        return Err(refuse("is not a number"));
    }
    let millis = (days * 86_400_000.0).round();
    if millis < 0.0 {
        return Err(refuse("is negative"));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a serial past the last day is refused below"
    )]
    let whole = (millis / 86_400_000.0).floor() as i64;
    if whole > LAST_SERIAL {
        return Err(refuse("is after the year 9999"));
    }
    let base = match epoch {
        Epoch::Y1900 => match whole {
            0 => return Err(refuse("is a time without a date")),
            // 1900 was no leap year; Lotus 1-2-3 counted it as one and Excel kept that.
            60 => return Err(refuse("is 29 February 1900, a day that did not exist")),
            1..=59 => date(1899, 12, 31),
            _ => date(1899, 12, 30),
        },
        Epoch::Y1904 => date(1904, 1, 1),
    };
    base.checked_add(jiff::Span::new().days(whole))
        .map_err(|_| refuse("is after the year 9999"))
}

/// The date of milliseconds since 1970, in UTC or in the zone that is set.
///
/// # Errors
/// A [`Refusal`] outside the years that can be written.
pub fn read_epoch(millis: f64, hints: &Hints) -> Result<Date, Refusal> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float beyond i64 saturates and is refused by jiff"
    )]
    let whole = millis.floor() as i64;
    let zone = hints.timezone.clone().unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_millisecond(whole)
        .map(|t| t.to_zoned_datetime(zone).date())
        .map_err(|_| Refusal::invalid("The number is not a time since 1970."))
}
