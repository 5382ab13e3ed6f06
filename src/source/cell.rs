//! One cell as its file types it, and its text.

use std::borrow::Cow;

/// The day a workbook counts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Epoch {
    /// 1 is 1900-01-01, and 60 is a 29 February that never was.
    Y1900,
    /// 0 is 1904-01-01.
    Y1904,
}

/// One cell, typed as its file types it; a text file has texts only.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// Nothing.
    Empty,
    /// Text as it stands, not trimmed.
    Text(&'a str),
    /// A number without a date style.
    Number(f64),
    /// A number with a date style: days since the epoch.
    Serial(f64, Epoch),
    /// A length of time in days.
    Duration(f64),
    /// An ISO 8601 date or date and time, typed as such.
    Iso(&'a str),
    /// True or false.
    Bool(bool),
    /// A spreadsheet error, `#N/A`.
    Error(&'a str),
    /// A formula whose result was never stored.
    NoValue,
}

/// Digits of a number that a spreadsheet shows and lets somebody type.
///
/// Source: Excel specifications and limits, "Number precision".
const SHOWN_DIGITS: usize = 15;

/// From here on a number has more digits before its point than that.
pub const MORE_THAN_SHOWN: f64 = 1e15;

/// Whether a number with a point has more digits than a spreadsheet shows: what calculations leave at its end, as in
/// 0.30000000000000004, and what nobody typed.
#[must_use]
pub fn has_noise(n: f64) -> bool {
    n.fract() != 0.0 && n.abs() < MORE_THAN_SHOWN && is_noisy(&format!("{n}"))
}

/// The same of a number's shortest text.
fn is_noisy(text: &str) -> bool {
    // Most texts are too short for so many digits.
    text.len() > SHOWN_DIGITS + 1
        && text.contains('.')
        && (text.trim_start_matches(['-', '0', '.']).bytes())
            .filter(u8::is_ascii_digit)
            .count()
            > SHOWN_DIGITS
}

/// The text of a number as a spreadsheet shows it: with fifteen digits at most where it has a point, and without `.0` or an
/// exponent. A longer text would be neither what the file has, which writes the digits in its own way, nor what anybody saw.
#[must_use]
pub fn number_text(n: f64) -> String {
    // Rust prints the shortest digits that give the same number back, and never an exponent.
    let text = format!("{n}");
    if n.abs() < MORE_THAN_SHOWN && is_noisy(&text) {
        let rounded = format!("{n:.*e}", SHOWN_DIGITS - 1).parse::<f64>();
        return rounded.map_or(text, |n| format!("{n}"));
    }
    text
}

impl<'a> Cell<'a> {
    /// The cell as text, as a text file would hold it. Dates are ISO dates, times `14:30` or `14:30:05`, lengths of time
    /// `36:00`.
    #[must_use]
    pub fn to_text(self) -> Cow<'a, str> {
        match self {
            Cell::Empty | Cell::NoValue => Cow::Borrowed(""),
            Cell::Text(s) | Cell::Iso(s) | Cell::Error(s) => Cow::Borrowed(s),
            Cell::Number(n) => Cow::Owned(number_text(n)),
            Cell::Duration(days) => Cow::Owned(time_text(days)),
            Cell::Serial(days, epoch) => Cow::Owned(serial_text(days, epoch)),
            Cell::Bool(true) => Cow::Borrowed("TRUE"),
            Cell::Bool(false) => Cow::Borrowed("FALSE"),
        }
    }

    /// True for nothing and for text of blanks only.
    #[must_use]
    pub fn is_blank(self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(s) => s.trim().is_empty(),
            _ => false,
        }
    }
}

/// A time of day, or a length of time, in hours, minutes and, where there are any, seconds.
fn time_text(days: f64) -> String {
    let seconds = (days * 86_400.0).round();
    if !(-1e12..1e12).contains(&seconds) {
        return number_text(days);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked above"
    )]
    let seconds = seconds as i64;
    let sign = if seconds < 0 { "-" } else { "" };
    let (minutes, second) = (seconds.abs() / 60, seconds.abs() % 60);
    let (hour, minute) = (minutes / 60, minutes % 60);
    if second == 0 {
        format!("{sign}{hour:02}:{minute:02}")
    } else {
        format!("{sign}{hour:02}:{minute:02}:{second:02}")
    }
}

/// A serial as an ISO date, with its time where it has one, or as a time alone; one that is no date stays a number.
fn serial_text(days: f64, epoch: Epoch) -> String {
    let whole = days.floor();
    // A time that rounds up to the next day is that day.
    if days > 0.0 && days * 86_400.0 < 86_399.5 {
        return time_text(days);
    }
    if !(0.0..=2_958_466.0).contains(&whole) {
        return number_text(days);
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked above"
    )]
    let number = whole as i64;
    let base = match epoch {
        // Days after the false 29 February 1900 are one too high.
        Epoch::Y1900 if number > 60 => jiff::civil::date(1899, 12, 30),
        Epoch::Y1900 if number < 60 && number > 0 => jiff::civil::date(1899, 12, 31),
        Epoch::Y1900 => return number_text(days),
        Epoch::Y1904 => jiff::civil::date(1904, 1, 1),
    };
    let Ok(date) = base.checked_add(jiff::Span::new().days(number)) else {
        return number_text(days);
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a fraction of a day is below 86,400,000 ms"
    )]
    let millis = ((days - whole) * 86_400_000.0).round() as i64;
    if millis == 0 {
        return date.to_string();
    }
    date.to_datetime(jiff::civil::Time::midnight())
        .checked_add(jiff::Span::new().milliseconds(millis))
        .map_or_else(
            |_| date.to_string(),
            |dt| dt.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_calculation_left_is_seen() {
        for (n, noise) in [
            (0.1 + 0.2, true),
            (10_011.000_000_000_002, true),
            (-42.000_000_000_000_01, true),
            (1.0 / 3.0, true),
            (0.1, false),
            (123_456_789.012_345, false),
            (0.000_000_000_000_000_012_5, false),
            (123_456_789_012_345.0, false),
            (1e15, false),
        ] {
            assert_eq!(has_noise(n), noise, "{n}");
        }
    }

    #[test]
    fn numbers_and_serials_as_text() {
        for (cell, text) in [
            (Cell::Number(2134.0), "2134"),
            (Cell::Number(12_345_678_901.0), "12345678901"),
            (Cell::Number(1e20), "100000000000000000000"),
            (Cell::Number(0.1), "0.1"),
            (Cell::Number(0.1 + 0.2), "0.3"),
            (Cell::Number(1.0 / 3.0), "0.333333333333333"),
            (Cell::Number(-2.0 / 3000.0), "-0.000666666666666667"),
            (Cell::Number(10_011.000_000_000_002), "10011"),
            (Cell::Number(1_234.560_000_000_000_1), "1234.56"),
            (Cell::Number(123_456_789.012_345), "123456789.012345"),
            (
                Cell::Number(0.000_000_000_000_000_012_5),
                "0.0000000000000000125",
            ),
            (Cell::Number(1_000_000_000_000_000.5), "1000000000000000.5"),
            (Cell::Serial(46085.0, Epoch::Y1900), "2026-03-04"),
            (Cell::Serial(46085.5, Epoch::Y1900), "2026-03-04T12:00:00"),
            (Cell::Serial(1.0, Epoch::Y1900), "1900-01-01"),
            (Cell::Serial(59.0, Epoch::Y1900), "1900-02-28"),
            (Cell::Serial(60.0, Epoch::Y1900), "60"),
            (Cell::Serial(61.0, Epoch::Y1900), "1900-03-01"),
            (Cell::Serial(0.0, Epoch::Y1904), "1904-01-01"),
            (Cell::Serial(-1.0, Epoch::Y1900), "-1"),
            (Cell::Serial(0.5, Epoch::Y1900), "12:00"),
            (Cell::Serial(0.604_166_666_666_667, Epoch::Y1900), "14:30"),
            (Cell::Serial(0.25, Epoch::Y1904), "06:00"),
            (Cell::Serial(0.999_99, Epoch::Y1900), "23:59:59"),
            (Cell::Serial(0.999_999_999, Epoch::Y1900), "0.999999999"),
            (Cell::Duration(1.5), "36:00"),
            (Cell::Duration(-0.062_5), "-01:30"),
            (Cell::Duration(12_345.000_057_870_37), "296280:00:05"),
            (Cell::Duration(1e300), &format!("{}", 1e300)),
            (Cell::Bool(true), "TRUE"),
        ] {
            assert_eq!(cell.to_text(), text, "{cell:?}");
        }
    }
}
