//! Text → reading: one grammar for all written forms, strict about everything around the date.

use jiff::civil::Date;

use super::calendar::choose;
use super::cursor::{Cursor, Number};
use super::hints::{Format, Hints};
use super::reading::{Meaning, Reading, Refusal};
use super::serial::{read_epoch, read_serial};
use crate::mapping::coerce::is_blank;
use crate::mapping::plain::plain;
use crate::source::Epoch;

/// What stands around a date and is taken off (point 11): blanks, NBSP, BOM, direction marks, one pair of
/// quotes, Excel's apostrophe.
pub(super) fn clean(text: &str) -> &str {
    if let ([first, .., last] | [first @ last], true) = (text.as_bytes(), text.is_ascii())
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
    {
        return text;
    }
    let blank = |c: char| {
        is_blank(c)
            || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}')
    };
    let text = text.trim_matches(blank);
    let text = text.strip_prefix('\'').unwrap_or(text);
    let unquoted = text
        .strip_prefix('"')
        .and_then(|t| t.strip_suffix('"'))
        .or_else(|| text.strip_prefix('“').and_then(|t| t.strip_suffix('”')));
    unquoted.unwrap_or(text).trim_matches(blank)
}

/// Reads a text that is not blank.
///
/// # Errors
/// `date.invalid`, or `date.ambiguous` for bare numbers.
pub fn read_text(text: &str, hints: &Hints) -> Result<Reading, Refusal> {
    let text = clean(text);
    match read_common(text, hints) {
        Some(reading) => Ok(reading),
        None => read_any(text, hints),
    }
}

/// The commonest forms, `yyyy-mm-dd` and `3/4/2026` with nothing around them: what is read, and nothing where it is
/// for the grammar to say.
#[must_use]
pub fn read_common(text: &str, hints: &Hints) -> Option<Reading> {
    iso_date(text).or_else(|| slashed(text, hints))
}

/// Any form, by the formats and the grammar.
fn read_any(text: &str, hints: &Hints) -> Result<Reading, Refusal> {
    let text = &*plain(text);
    for format in &hints.formats {
        if let Some(reading) = by_format(text, format, hints) {
            return reading;
        }
    }
    // A dot behind the last number, as some languages write dates, changes nothing.
    let without_dot = text
        .strip_suffix('.')
        .filter(|t| t.ends_with(|c: char| c.is_ascii_digit()));
    let mut cursor = Cursor {
        text: without_dot.unwrap_or(text),
        at: 0,
        locale: hints.locale,
        has_time: false,
    };
    let reading = cursor.date(hints)?;
    // Point 4: with formats named, a date of bare numbers that fits none is not read another way.
    let numeric = !matches!(
        reading.meaning,
        Meaning::Sure { proves: None, .. } | Meaning::Zero
    );
    if numeric && !hints.formats.is_empty() {
        return Err(Refusal::invalid(
            "It fits none of the formats that the mapping names for this field.",
        ));
    }
    Ok(reading)
}

/// `m/d/yyyy` or `d/m/yyyy`.
fn slashed(text: &str, hints: &Hints) -> Option<Reading> {
    fn part(bytes: &[u8]) -> Option<(Number, &[u8])> {
        let digit = |b: u8| b.is_ascii_digit().then(|| i64::from(b - b'0'));
        match bytes {
            [a, b'/', rest @ ..] => Some((digit(*a)?, 1, rest)),
            [a, b, b'/', rest @ ..] => Some((digit(*a)? * 10 + digit(*b)?, 2, rest)),
            _ => None,
        }
        .map(|(value, digits, rest)| (Number { value, digits }, rest))
    }
    // A format, where there is one, comes first.
    if !hints.formats.is_empty() {
        return None;
    }
    let (first, rest) = part(text.as_bytes())?;
    let (second, rest) = part(rest)?;
    if rest.len() != 4 || !rest.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let year = rest
        .iter()
        .fold(0, |year, b| year * 10 + i16::from(b - b'0'));
    // Zeros are no day here; the grammar knows them as a placeholder.
    choose(&first, &second, year, false, '/', hints).ok()
}

fn iso_date(text: &str) -> Option<Reading> {
    let b = text.as_bytes();
    if b.len() != 10 || b[4] != b'-' || b[7] != b'-' {
        return None;
    }
    let digit = |i: usize| b[i].is_ascii_digit().then(|| i16::from(b[i] - b'0'));
    let year = digit(0)? * 1000 + digit(1)? * 100 + digit(2)? * 10 + digit(3)?;
    let month = i8::try_from(digit(5)? * 10 + digit(6)?).ok()?;
    let day = i8::try_from(digit(8)? * 10 + digit(9)?).ok()?;
    Date::new(year, month, day).ok().map(Reading::sure)
}

fn by_format(text: &str, format: &Format, hints: &Hints) -> Option<Result<Reading, Refusal>> {
    let number = || text.parse::<f64>().ok().filter(|n| n.is_finite());
    match format {
        Format::Excel => Some(read_serial(number()?, Epoch::Y1900).map(Reading::sure)),
        Format::EpochSeconds => Some(read_epoch(number()? * 1000.0, hints).map(Reading::sure)),
        Format::EpochMillis => Some(read_epoch(number()?, hints).map(Reading::sure)),
        Format::Pattern(pattern) => {
            // jiff's %b refuses full names and %B short ones; people mean either.
            let swapped = if pattern.contains("%b") {
                pattern.replace("%b", "%B")
            } else {
                pattern.replace("%B", "%b")
            };
            let parsed = [pattern.as_str(), &swapped].iter().find_map(|p| {
                jiff::fmt::strtime::parse(p, text)
                    .and_then(|t| t.to_date())
                    .ok()
            })?;
            // jiff reads `26` with %Y as the year 26: a pattern with %Y wants four digits.
            if pattern.contains("%Y") && parsed.year() < 1000 && !text.contains("000") {
                return None;
            }
            let mut reading = Reading::sure(parsed);
            reading.two_digit_year = pattern.contains("%y") && !pattern.contains("%Y");
            Some(Ok(reading))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::date::Order;

    /// The short way says what the grammar says, of every common form, and leaves the rest to it.
    #[test]
    fn the_common_forms_are_read_without_the_grammar() {
        for order in [None, Some(Order::DayFirst), Some(Order::MonthFirst)] {
            let hints = Hints {
                order,
                ..Hints::default()
            };
            let same = |text: &str| {
                let long = read_any(text, &hints).ok();
                assert_eq!(read_common(text, &hints), long, "{text} {order:?}");
                long.is_some()
            };
            let mut read = 0;
            for a in [1, 2, 9, 10, 12, 13, 25, 31, 32] {
                for b in [1, 2, 9, 10, 12, 13, 25, 31, 32] {
                    for year in [1900, 1987, 2026] {
                        for text in [
                            format!("{a}/{b}/{year}"),
                            format!("{a:02}/{b}/{year}"),
                            format!("{a:02}/{b:02}/{year}"),
                            format!("{year}-{a:02}-{b:02}"),
                        ] {
                            read += u32::from(same(&text));
                        }
                    }
                }
            }
            assert!(read > 400, "{read}");
        }
        let hints = Hints::default();
        for text in [
            "2026x03-04",
            "2026-03x04",
            "2026/03/04",
            "2026-3-4",
            "2026-03-04 ",
            "2026-03-0",
            "3/4/26",
            "3/4/20265",
            "3/4/20a6",
            "3/a/2026",
            "123/4/2026",
            "00/00/0000",
            "00/04/2026",
            "13/13/2026",
            "3/4",
            "",
        ] {
            assert_eq!(read_common(text, &hints), None, "{text}");
        }
        let formats = vec![Format::Pattern("%d/%m/%Y".to_owned())];
        let hints = Hints {
            formats,
            ..Hints::default()
        };
        assert_eq!(read_common("13/04/2026", &hints), None);
    }
}
