//! A reading and its column's verdict → the date that is sent, with its warnings, or a refusal.

use jiff::civil::Date;

use super::calendar::is_placeholder;
use super::evidence::Verdict;
use super::hints::Hints;
use super::reading::{Meaning, Reading, Refusal};
use crate::diagnostic::Code;

/// Years by which the Thai calendar is ahead. It counts from the death of the Buddha.
const BUDDHIST: i16 = 543;

/// A decided date and what is reported about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settled {
    /// The date that is sent, in the zone that is set where the text has an offset.
    pub date: Date,
    /// The warnings about it: code and sentence.
    pub warnings: Vec<(Code, String)>,
    /// A placeholder: the field is left out.
    pub sentinel: bool,
    /// It is no day of the calendar, only zeros.
    pub no_day: bool,
}

/// Decides a reading by its column's verdict.
///
/// # Errors
/// `date.ambiguous` where the column does not show which, `date.invalid` where a weekday contradicts.
pub fn settle(reading: &Reading, verdict: Verdict, hints: &Hints) -> Result<Settled, Refusal> {
    let verdict = verdict.of_texts();
    let mut warnings = Vec::new();
    let date = match &reading.meaning {
        Meaning::Zero => {
            let message = "A date of zeros is a placeholder; the field is left out.".to_owned();
            return Ok(Settled {
                date: jiff::civil::date(1, 1, 1),
                warnings: vec![(Code::DateSentinel, message)],
                sentinel: true,
                no_day: true,
            });
        }
        Meaning::Sure { date, proves } => {
            // Point 3: a cell that decides itself keeps its date, with a warning where the column is at odds.
            if proves.is_some() && verdict == Verdict::Contradicts {
                warnings.push((
                    Code::DateContradicts,
                    format!("The date can only be read as {date}, but other dates of the column can only be read the other way round."),
                ));
            }
            *date
        }
        Meaning::Choice {
            day_first,
            month_first,
            dots,
        } => {
            let chosen = match verdict {
                Verdict::DayFirst => *day_first,
                Verdict::MonthFirst => *month_first,
                // Point 5: dots mean day first, unless the column proves otherwise.
                Verdict::Silent if *dots => *day_first,
                Verdict::Silent | Verdict::Contradicts | Verdict::Mixed { .. } => None,
            };
            let Some(chosen) = chosen else {
                return Err(ambiguous(*day_first, *month_first, verdict));
            };
            chosen
        }
    };
    if let Some(weekday) = reading.weekday
        && weekday != date.weekday()
    {
        return Err(Refusal::invalid(format!(
            "The weekday contradicts the date: {date} is a {:?}.",
            date.weekday()
        )));
    }
    let date = match (reading.instant, &hints.timezone) {
        (Some((seconds, offset)), Some(zone)) => {
            convert(date, seconds, offset, zone).unwrap_or(date)
        }
        _ => date,
    };
    if reading.two_digit_year {
        warnings.push((
            Code::DateTwoDigitYear,
            format!("The year has two digits and is read as {}.", date.year()),
        ));
    }
    let sentinel = is_placeholder(date);
    if sentinel {
        warnings.push((
            Code::DateSentinel,
            format!("{date} is a placeholder; the field is left out."),
        ));
    } else if !(1900..=2100).contains(&date.year()) {
        warnings.push((Code::DateFarAway, far_away(date)));
    }
    Ok(Settled {
        date,
        warnings,
        sentinel,
        no_day: false,
    })
}

fn far_away(date: Date) -> String {
    let outside = format!("{date} is outside 1900 to 2100.");
    match date.year() - BUDDHIST {
        thai @ 1900..=2100 => format!("{outside} In the Thai calendar its year is {thai}."),
        _ => outside,
    }
}

/// The same for a reading without a weekday, a time or a short year whose date is near enough to need no warning: what
/// [`settle`] would decide, or nothing where there is something to report.
pub(in crate::mapping) fn settle_quietly(reading: &Reading, verdict: Verdict) -> Option<Date> {
    if reading.weekday.is_some() || reading.instant.is_some() || reading.two_digit_year {
        return None;
    }
    let verdict = verdict.of_texts();
    let date = match (&reading.meaning, verdict) {
        (Meaning::Sure { proves, date }, _)
            if proves.is_none() || verdict != Verdict::Contradicts =>
        {
            *date
        }
        (Meaning::Choice { day_first, .. }, Verdict::DayFirst) => (*day_first)?,
        (Meaning::Choice { month_first, .. }, Verdict::MonthFirst) => (*month_first)?,
        _ => return None,
    };
    // No placeholder lies between these years but the days around the beginning of 1970.
    let near = (1901..=2100).contains(&date.year());
    let is_epoch = matches!(
        (date.year(), date.month(), date.day()),
        (1969, 12, 31) | (1970, 1, 1)
    );
    (near && !is_epoch).then_some(date)
}

fn ambiguous(day_first: Option<Date>, month_first: Option<Date>, verdict: Verdict) -> Refusal {
    let why = match verdict {
        Verdict::Contradicts => "the column has dates of both orders",
        _ => "the column does not show which",
    };
    Refusal::ambiguous(match (day_first, month_first) {
        (Some(d), Some(m)) => format!("It can be {d} (day/month) or {m} (month/day), and {why}."),
        (Some(d), None) => {
            format!("It can be {d} (day/month) or a date that begins with its year, and {why}.")
        }
        _ => format!("It can be read in more than one way, and {why}."),
    })
}

fn convert(
    date: Date,
    seconds: i64,
    offset_minutes: i64,
    zone: &jiff::tz::TimeZone,
) -> Option<Date> {
    let utc = date
        .to_datetime(jiff::civil::Time::midnight())
        .checked_add(jiff::Span::new().seconds(seconds - offset_minutes * 60))
        .ok()?
        .to_zoned_datetime(jiff::tz::TimeZone::UTC)
        .ok()?;
    Some(utc.with_time_zone(zone.clone()).date())
}
