//! Text → reading: one grammar for all written forms, strict about everything around the date.

use jiff::civil::{Date, Weekday};

use super::names::{self, Locale};
use super::serial::{read_epoch, read_serial};
use super::{Format, Hints, Meaning, Order, Reading, Refusal};
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
        c.is_whitespace()
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
pub(super) fn read_any(text: &str, hints: &Hints) -> Result<Reading, Refusal> {
    for format in &hints.formats {
        if let Some(reading) = by_format(text, format, hints) {
            return reading;
        }
    }
    let mut cursor = Cursor {
        text,
        at: 0,
        locale: hints.locale,
    };
    let reading = cursor.date(hints)?;
    // Point 4: with formats named, a date of bare numbers that fits none is not read another way.
    let numeric = !matches!(
        reading.meaning,
        Meaning::Sure { proves: None, .. } | Meaning::Zero
    );
    if numeric && !hints.formats.is_empty() {
        return Err(Refusal::invalid("It fits none of the field's formats."));
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
    if first.value == 0 && second.value == 0 && year == 0 {
        return None;
    }
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

/// Years of two digits (point 2): 00 to 68 are 20xx, 69 to 99 are 19xx.
fn full_year(two_digits: i16) -> i16 {
    if two_digits <= 68 {
        2000 + two_digits
    } else {
        1900 + two_digits
    }
}

/// A run of digits.
pub(super) struct Number {
    pub(super) value: i64,
    pub(super) digits: usize,
}

impl Number {
    fn part(&self) -> i8 {
        i8::try_from(self.value).unwrap_or(i8::MAX)
    }

    fn year(&self) -> i16 {
        i16::try_from(self.value).unwrap_or(i16::MAX)
    }
}

/// A place in a text.
pub(super) struct Cursor<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) locale: Option<Locale>,
}

const NOT_A_DATE: &str = "It is not a date.";

impl Cursor<'_> {
    pub(super) fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    pub(super) fn blanks(&mut self) -> bool {
        let rest = self.rest();
        let kept = rest.trim_start();
        let skipped = rest.len() - kept.len();
        self.at += skipped;
        skipped > 0
    }

    pub(super) fn number(&mut self) -> Option<Number> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || digits > 18 {
            return None;
        }
        let value = self.rest()[..digits].parse().ok()?;
        self.at += digits;
        Some(Number { value, digits })
    }

    pub(super) fn word(&mut self) -> &str {
        let length = self
            .rest()
            .chars()
            .take_while(|c| c.is_alphabetic())
            .map(char::len_utf8)
            .sum::<usize>();
        let start = self.at;
        self.at += length;
        &self.text[start..self.at]
    }

    fn date(&mut self, hints: &Hints) -> Result<Reading, Refusal> {
        let (weekday, mut reading) = if self.peek().is_some_and(char::is_alphabetic) {
            self.word_first(hints)?
        } else {
            (None, self.number_first(hints)?)
        };
        reading.weekday = weekday;
        reading.instant = self.time()?;
        self.blanks();
        if self.at < self.text.len() {
            return Err(Refusal::invalid("Something stands behind the date."));
        }
        Ok(reading)
    }

    /// A month's name, or a weekday with a date behind it. A word that is both (`mar` is March, and Tuesday
    /// in French) is the one that makes a date.
    fn word_first(&mut self, hints: &Hints) -> Result<(Option<Weekday>, Reading), Refusal> {
        let start = self.at;
        let word = self.word().to_owned();
        let behind = self.at;
        let as_month = names::month(self.locale, &word).map(|_| {
            self.at = start;
            self.month_name_first()
        });
        if let Some(Ok(reading)) = as_month {
            return Ok((None, reading));
        }
        let Some(weekday) = names::weekday(self.locale, &word) else {
            return Err(match as_month {
                Some(Err(refusal)) => refusal,
                _ => no_name(&word),
            });
        };
        self.at = behind;
        // Portuguese weekdays go on: `segunda-feira`.
        if self.locale == Some(Locale::Portuguese) {
            let here = self.at;
            if !(self.eat('-') && self.word().eq_ignore_ascii_case("feira")) {
                self.at = here;
            }
        }
        self.eat('.');
        self.eat(',');
        self.blanks();
        let reading = if self.peek().is_some_and(char::is_alphabetic) {
            self.month_name_first()?
        } else {
            self.number_first(hints)?
        };
        Ok((Some(weekday), reading))
    }

    /// `March 4th, 2026`, `Mar 04 2026`, `Mar-04-2026`.
    fn month_name_first(&mut self) -> Result<Reading, Refusal> {
        let invalid = || Refusal::invalid(NOT_A_DATE);
        let month = self.month_name()?;
        self.separator();
        let day = self
            .number()
            .filter(|n| n.digits <= 2)
            .ok_or_else(invalid)?;
        self.ordinal();
        self.separator();
        let year = self.number().ok_or_else(invalid)?;
        named(&year, month, &day)
    }

    fn number_first(&mut self, hints: &Hints) -> Result<Reading, Refusal> {
        let first = self.number().ok_or_else(|| Refusal::invalid(NOT_A_DATE))?;
        if matches!(first.digits, 8 | 14) && !matches!(self.peek(), Some('/' | '-' | '.')) {
            return Self::compact(&first);
        }
        if self.rest().is_empty() || (first.digits > 4) {
            return Err(bare_number(&first, self.rest()));
        }
        let start = self.at;
        self.ordinal();
        let spaced = self.blanks();
        match self.peek() {
            Some(sep @ ('/' | '-' | '.')) => {
                self.eat(sep);
                self.blanks();
                if self.peek().is_some_and(char::is_alphabetic) {
                    return self.name_in_the_middle(&first);
                }
                if spaced && sep != '.' && sep != '-' && sep != '/' {
                    return Err(Refusal::invalid(NOT_A_DATE));
                }
                self.numeric(&first, sep, hints)
            }
            Some(c) if c.is_alphabetic() && (spaced || self.at == start) => {
                self.name_in_the_middle(&first)
            }
            _ => Err(Refusal::invalid(NOT_A_DATE)),
        }
    }

    /// `4 March 2026`, `4-Mar-26`, `09 Sep, 2020`, `2026 Mar 4`.
    fn name_in_the_middle(&mut self, first: &Number) -> Result<Reading, Refusal> {
        let invalid = || Refusal::invalid(NOT_A_DATE);
        self.connector();
        let month = self.month_name()?;
        self.separator();
        self.connector();
        let last = self.number().ok_or_else(invalid)?;
        if first.digits == 4 {
            if last.digits > 2 {
                return Err(invalid());
            }
            self.ordinal();
            named(first, month, &last)
        } else {
            named(&last, month, first)
        }
    }

    /// `3/4/2026`, `2026-03-04`, `04.03.2026`, `3/4/26`.
    fn numeric(&mut self, first: &Number, sep: char, hints: &Hints) -> Result<Reading, Refusal> {
        let invalid = || Refusal::invalid(NOT_A_DATE);
        let second = self
            .number()
            .filter(|n| n.digits <= 2)
            .ok_or_else(invalid)?;
        self.blanks_around_dot(sep);
        if !self.eat(sep) {
            return Err(Refusal::invalid(
                "It is not a whole date: a part is missing, and none is filled in.",
            ));
        }
        self.blanks_around_dot(sep);
        let third = self.number().ok_or_else(invalid)?;
        if first.value == 0 && second.value == 0 && third.value == 0 {
            return Ok(Reading {
                meaning: Meaning::Zero,
                ..Reading::sure(jiff::civil::date(1, 1, 1))
            });
        }
        match (first.digits, third.digits) {
            (4, 1 | 2) => day(first.year(), second.part(), third.part()).map(Reading::sure),
            (1 | 2, 4) => choose(first, &second, third.year(), false, sep, hints),
            (1 | 2, 2) if hints.order == Some(Order::YearFirst) => {
                let mut reading =
                    Reading::sure(day(full_year(first.year()), second.part(), third.part())?);
                reading.two_digit_year = true;
                Ok(reading)
            }
            (1 | 2, 2) => {
                let year = full_year(third.year());
                let mut reading = choose(first, &second, year, true, sep, hints)?;
                // Point 2: `26-03-04` has the look of a year first, which only a hint may read so.
                let year_first = sep == '-'
                    && first.digits == 2
                    && hints.order.is_none()
                    && day(full_year(first.year()), second.part(), third.part()).is_ok();
                if year_first
                    && let Meaning::Sure {
                        date,
                        proves: Some(Order::DayFirst),
                    } = reading.meaning
                {
                    reading.meaning = Meaning::Choice {
                        day_first: Some(date),
                        month_first: None,
                        dots: false,
                    };
                }
                Ok(reading)
            }
            _ => Err(invalid()),
        }
    }

    fn blanks_around_dot(&mut self, sep: char) {
        if sep == '.' {
            self.blanks();
        }
    }

    /// `20260304` and `20260304172705` (point 6).
    fn compact(number: &Number) -> Result<Reading, Refusal> {
        let (date_digits, time) = if number.digits == 14 {
            (number.value / 1_000_000, Some(number.value % 1_000_000))
        } else {
            (number.value, None)
        };
        if date_digits == 0 {
            return Ok(Reading {
                meaning: Meaning::Zero,
                ..Reading::sure(jiff::civil::date(1, 1, 1))
            });
        }
        let year = i16::try_from(date_digits / 10_000).unwrap_or(0);
        let month = i8::try_from(date_digits / 100 % 100).unwrap_or(0);
        let of_month = i8::try_from(date_digits % 100).unwrap_or(0);
        if let Some(time) = time
            && (time / 10_000 > 23 || time / 100 % 100 > 59 || time % 100 > 59)
        {
            return Err(Refusal::invalid(
                "Its digits are no date with a time, yyyymmddhhmmss.",
            ));
        }
        day(year, month, of_month).map(Reading::sure).map_err(|_| {
            Refusal::invalid("Its digits are no date yyyymmdd; another order needs its format, formats = [\"%m%d%Y\"].")
        })
    }

    fn month_name(&mut self) -> Result<i8, Refusal> {
        let locale = self.locale;
        let word = self.word();
        names::month(locale, word).ok_or_else(|| no_name(word))
    }

    /// `of`, and in Romance languages `de`, `del`, `do`: `4 de marzo del 2026`.
    fn connector(&mut self) {
        let start = self.at;
        let romance = matches!(
            self.locale,
            Some(Locale::Spanish | Locale::Portuguese | Locale::Italian | Locale::French)
        );
        let word = self.word().to_lowercase();
        if word == "of" || (romance && matches!(word.as_str(), "de" | "del" | "do" | "di")) {
            self.blanks();
        } else {
            self.at = start;
        }
    }

    fn separator(&mut self) {
        self.eat('.');
        self.eat(',');
        if !self.blanks() {
            let _ = self.eat('-') || self.eat('/');
        }
    }

    fn ordinal(&mut self) {
        let start = self.at;
        if self.locale.is_some() && self.eat('°') {
            return;
        }
        let word = self.word().to_lowercase();
        let local: &[&str] = match self.locale {
            Some(Locale::French) => &["er", "e"],
            Some(Locale::Spanish | Locale::Portuguese | Locale::Italian) => &["º", "o"],
            Some(Locale::Dutch) => &["e", "ste", "de"],
            Some(Locale::German | Locale::English) | None => &[],
        };
        if !matches!(word.as_str(), "st" | "nd" | "rd" | "th") && !local.contains(&word.as_str()) {
            self.at = start;
        }
    }
}

/// A word that should have been a month's name.
fn no_name(word: &str) -> Refusal {
    match names::language_of(word) {
        Some((code, language)) => Refusal::invalid(format!(
            "\"{word}\" is the name of a month in {language}: set [source] locale = \"{code}\"."
        )),
        None => Refusal::invalid(NOT_A_DATE),
    }
}

/// A date with its month written as a word.
fn named(year: &Number, month: i8, of_month: &Number) -> Result<Reading, Refusal> {
    let (full, two_digit_year) = match year.digits {
        4 => (year.year(), false),
        2 => (full_year(year.year()), true),
        _ => {
            return Err(Refusal::invalid(
                "The year has neither four digits nor two.",
            ));
        }
    };
    let mut reading = Reading::sure(day(full, month, of_month.part())?);
    reading.two_digit_year = two_digit_year;
    Ok(reading)
}

fn day(year: i16, month: i8, of_month: i8) -> Result<Date, Refusal> {
    Date::new(year, month, of_month).map_err(|_| {
        Refusal::invalid(format!(
            "There is no day {year:04}-{month:02}-{of_month:02}."
        ))
    })
}

/// `a/b/year`: decided by the hint, by a part over 12, by equal parts, or left as a choice.
fn choose(
    a: &Number,
    b: &Number,
    year: i16,
    two_digit_year: bool,
    sep: char,
    hints: &Hints,
) -> Result<Reading, Refusal> {
    let day_first = Date::new(year, b.part(), a.part());
    let month_first = Date::new(year, a.part(), b.part());
    let meaning = match hints.order {
        // Point 4: a hint is obeyed strictly; what does not fit is invalid, never swapped.
        Some(Order::YearFirst) => {
            return Err(Refusal::invalid("It does not fit date_order = \"ymd\"."));
        }
        Some(order) => {
            let date = if order == Order::DayFirst {
                day_first
            } else {
                month_first
            }
            .map_err(|_| {
                Refusal::invalid(format!(
                    "It does not fit date_order = \"{}\", and is not swapped.",
                    order.word()
                ))
            })?;
            Meaning::Sure { date, proves: None }
        }
        None => match (day_first, month_first) {
            (Ok(d), Ok(m)) if d == m => Meaning::Sure {
                date: d,
                proves: None,
            },
            (Ok(d), Ok(m)) => Meaning::Choice {
                day_first: Some(d),
                month_first: Some(m),
                dots: sep == '.',
            },
            // Only a part over 12 decides. A 31 that its month does not have is a mistake, not a proof.
            (Ok(d), Err(_)) if a.value > 12 => Meaning::Sure {
                date: d,
                proves: Some(Order::DayFirst),
            },
            (Err(_), Ok(m)) if b.value > 12 => Meaning::Sure {
                date: m,
                proves: Some(Order::MonthFirst),
            },
            _ => {
                return Err(Refusal::invalid(
                    "It is no day, neither read day first nor month first.",
                ));
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

fn bare_number(number: &Number, rest: &str) -> Refusal {
    // A serial with a time: `46085.5`.
    let fraction = rest
        .strip_prefix('.')
        .is_some_and(|f| !f.is_empty() && f.bytes().all(|b| b.is_ascii_digit()));
    if !rest.is_empty() && !fraction {
        return Refusal::invalid(NOT_A_DATE);
    }
    if number.digits >= 5 {
        // Point 6: a serial or an epoch is not guessed.
        Refusal::ambiguous(
            "A bare number may be a spreadsheet serial or a time since 1970; name it: formats = [\"excel\"], [\"epoch_s\"] or [\"epoch_ms\"].",
        )
    } else {
        Refusal::invalid("It is not a whole date: a part is missing, and none is filled in.")
    }
}
