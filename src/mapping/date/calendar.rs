//! Numbers → a day of the calendar, or a choice between two.

use jiff::civil::Date;

use super::cursor::Number;
use super::hints::{Hints, Order};
use super::reading::{Meaning, Reading, Refusal};

const NO_SUCH_DAY: &str = "There is no such day, whether read as day/month or month/day.";

/// Years of two digits (point 2): 00 to 68 are 20xx, 69 to 99 are 19xx.
pub(super) fn full_year(two_digits: i16) -> i16 {
    if two_digits <= 68 {
        2000 + two_digits
    } else {
        1900 + two_digits
    }
}

/// A date with its month written as a word.
pub(super) fn named(year: &Number, month: i8, of_month: &Number) -> Result<Reading, Refusal> {
    let (full, two_digit_year) = match year.digits {
        4 => (year.year(), false),
        2 => (full_year(year.year()), true),
        _ => {
            return Err(Refusal::invalid("A year has four digits, or two."));
        }
    };
    let mut reading = Reading::sure(day(full, month, of_month.part())?);
    reading.two_digit_year = two_digit_year;
    Ok(reading)
}

pub(super) fn day(year: i16, month: i8, of_month: i8) -> Result<Date, Refusal> {
    Date::new(year, month, of_month).map_err(|_| {
        Refusal::invalid(format!(
            "There is no such day as {year:04}-{month:02}-{of_month:02}."
        ))
    })
}

/// `a/b/year`: decided by the hint, by a part over 12, by equal parts, or left as a choice.
pub(super) fn choose(
    a: &Number,
    b: &Number,
    year: i16,
    two_digit_year: bool,
    sep: char,
    hints: &Hints,
) -> Result<Reading, Refusal> {
    // The library makes a text of each refusal, which nobody reads.
    let date = |month: i8, day: i8| {
        let may_be = (1..=12).contains(&month) && (1..=31).contains(&day);
        may_be.then(|| Date::new(year, month, day).ok()).flatten()
    };
    let day_first = date(b.part(), a.part());
    let month_first = date(a.part(), b.part());
    let meaning = match hints.order {
        // Point 4: a hint is obeyed strictly; what does not fit is invalid, never swapped.
        Some(Order::YearFirst) => {
            return Err(Refusal::invalid(
                "It does not fit date_order = \"ymd\" in the mapping.",
            ));
        }
        Some(order) => {
            let date = if order == Order::DayFirst {
                day_first
            } else {
                month_first
            }
            .ok_or_else(|| {
                // No order makes a day of it: the setting is not at fault.
                if day_first.is_none() && month_first.is_none() {
                    return Refusal::invalid(NO_SUCH_DAY);
                }
                Refusal::invalid(format!(
                    "It does not fit date_order = \"{}\" in the mapping, and day and month are not swapped.",
                    order.word()
                ))
            })?;
            Meaning::Sure { date, proves: None }
        }
        None => match (day_first, month_first) {
            (Some(d), Some(m)) if d == m => Meaning::Sure {
                date: d,
                proves: None,
            },
            (Some(d), Some(m)) => Meaning::Choice {
                day_first: Some(d),
                month_first: Some(m),
                dots: sep == '.',
            },
            // Only a part over 12 decides. A 31 that its month does not have is a mistake, not a proof.
            (Some(d), None) if a.value > 12 => Meaning::Sure {
                date: d,
                proves: Some(Order::DayFirst),
            },
            (None, Some(m)) if b.value > 12 => Meaning::Sure {
                date: m,
                proves: Some(Order::MonthFirst),
            },
            _ => {
                return Err(Refusal::invalid(NO_SUCH_DAY));
            }
        },
    };
    Ok(Reading {
        meaning,
        weekday: None,
        instant: None,
        two_digit_year,
    })
}

/// Placeholders of exporting systems (point 10).
const SENTINELS: [(i16, i8, i8); 10] = [
    (1, 1, 1),
    (1601, 1, 1),
    (1753, 1, 1),
    (1899, 12, 30),
    (1899, 12, 31),
    (1900, 1, 1),
    // The beginning of Unix time, in a time zone west of Greenwich.
    (1969, 12, 31),
    (1970, 1, 1),
    (4501, 1, 1),
    (9999, 12, 31),
];

/// Whether a date is a placeholder of an exporting system.
pub(super) fn is_placeholder(date: Date) -> bool {
    SENTINELS.contains(&(date.year(), date.month(), date.day()))
}
