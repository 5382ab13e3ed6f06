//! The grammar of written dates: which piece may follow which.

use jiff::civil::Weekday;

use super::calendar::{choose, day, full_year, named};
use super::cursor::{Cursor, Number};
use super::hints::{Hints, Order};
use super::names::{self, Locale};
use super::reading::{Meaning, Reading, Refusal};

impl Cursor<'_> {
    pub(super) fn date(&mut self, hints: &Hints) -> Result<Reading, Refusal> {
        self.whole_date(hints).map_err(|refusal| {
            // The name of a month may stand behind other words of its language: `1er mars`, `4 de março`.
            let names =
                (self.text.split(|c: char| !c.is_alphabetic())).filter(|_| refusal.is_plain());
            names
                .map(no_name)
                .find(|r| r.hint.is_some())
                .unwrap_or(refusal)
        })
    }

    fn whole_date(&mut self, hints: &Hints) -> Result<Reading, Refusal> {
        let (weekday, mut reading) = if self.peek().is_some_and(char::is_alphabetic) {
            self.word_first(hints)?
        } else {
            (None, self.number_first(hints)?)
        };
        reading.weekday = weekday;
        if !self.has_time {
            reading.instant = self.time()?;
        }
        self.blanks();
        if self.at < self.text.len() {
            return Err(Refusal::invalid("There is unexpected text after the date."));
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

    /// `March 4th, 2026`, `Mar 04 2026`, `Mar-04-2026`, and as Unix writes it `Mar  4 10:15:00 CET 2026`.
    fn month_name_first(&mut self) -> Result<Reading, Refusal> {
        let invalid = Refusal::not_a_date;
        let month = self.month_name()?;
        self.separator();
        let day = self
            .number()
            .filter(|n| n.digits <= 2)
            .ok_or_else(invalid)?;
        self.ordinal();
        self.separator();
        let before = self.at;
        let instant = self.clock_before_year();
        if instant.is_none() {
            self.at = before;
        }
        let year = self.year().ok_or_else(invalid)?;
        if instant.is_some() && year.digits != 4 {
            return Err(invalid());
        }
        let mut reading = named(&year, month, &day)?;
        self.has_time = instant.is_some();
        reading.instant = instant.and_then(|before| before.instant);
        Ok(reading)
    }

    /// A year, which `'26` marks as one of two digits.
    fn year(&mut self) -> Option<Number> {
        let is_short = self.eat('\'') || self.eat('’');
        self.number().filter(|n| !is_short || n.digits == 2)
    }

    fn number_first(&mut self, hints: &Hints) -> Result<Reading, Refusal> {
        let first = self.number().ok_or_else(Refusal::not_a_date)?;
        if matches!(first.digits, 8 | 14) && !matches!(self.peek(), Some('/' | '-' | '.')) {
            return Self::compact(&first);
        }
        if self.rest().is_empty() || (first.digits > 4) {
            return Err(bare_number(&first, self.rest()));
        }
        if let Some(reading) = self.year_month_day_signs(&first) {
            return reading;
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
                self.numeric(&first, sep, hints)
            }
            Some(c) if c.is_alphabetic() && (spaced || self.at == start) => {
                self.name_in_the_middle(&first)
            }
            _ => Err(Refusal::not_a_date()),
        }
    }

    /// `2026年3月4日`, `2026년 3월 4일`: the signs say which part is which.
    fn year_month_day_signs(&mut self, year: &Number) -> Option<Result<Reading, Refusal>> {
        let (_, month_sign, day_sign) = [('年', '月', '日'), ('년', '월', '일')]
            .into_iter()
            .find(|(year_sign, ..)| self.eat(*year_sign))?;
        let mut part = |sign| {
            self.blanks();
            let part = self.number()?;
            self.eat(sign).then_some(part)
        };
        let (month, of_month) = (part(month_sign), part(day_sign));
        Some(match (month, of_month) {
            (Some(month), Some(of_month)) if year.digits == 4 => {
                day(year.year(), month.part(), of_month.part()).map(Reading::sure)
            }
            _ => Err(Refusal::not_a_date()),
        })
    }

    /// `4 March 2026`, `4-Mar-26`, `09 Sep, 2020`, `2026 Mar 4`, `4.III.2026`.
    fn name_in_the_middle(&mut self, first: &Number) -> Result<Reading, Refusal> {
        let invalid = Refusal::not_a_date;
        self.connector();
        let roman = self.roman_month();
        let month = match roman {
            Some(month) => month,
            None => self.month_name()?,
        };
        self.separator();
        self.connector();
        let last = self.year().ok_or_else(invalid)?;
        // `4 X 26` may be anything.
        if roman.is_some() && first.digits.max(last.digits) < 4 {
            return Err(invalid());
        }
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
        let invalid = Refusal::not_a_date;
        let second = self
            .number()
            .filter(|n| n.digits <= 2)
            .ok_or_else(invalid)?;
        self.blanks();
        if !self.eat(sep) {
            return Err(Refusal::invalid(match self.peek() {
                Some('/' | '-' | '.') => "Its parts are separated by different signs.",
                _ => "The date is incomplete: a part is missing, and nothing is filled in.",
            }));
        }
        self.blanks();
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
                "Its digits are not a date with a time (yyyymmddhhmmss).",
            ));
        }
        day(year, month, of_month).map(Reading::sure).map_err(|_| {
            Refusal::invalid("Its digits are not a date (yyyymmdd).").with_setting(
                "formats = [\"%m%d%Y\"] or [\"%d%m%Y\"], if they stand in another order",
            )
        })
    }

    /// The number of a month in Roman digits, as Poles, Hungarians and others write it between day and year.
    fn roman_month(&mut self) -> Option<i8> {
        let start = self.at;
        let month = names::roman(self.word());
        if month.is_none() {
            self.at = start;
        }
        month
    }

    fn month_name(&mut self) -> Result<i8, Refusal> {
        let locale = self.locale;
        let word = self.word();
        names::month(locale, word).ok_or_else(|| no_name(word))
    }
}

/// A word that should have been a month's name.
fn no_name(word: &str) -> Refusal {
    match names::language_of(word) {
        Some((code, language)) => {
            Refusal::invalid(format!("\"{word}\" is the name of a month in {language}."))
                .with_setting(&format!("[source] locale = \"{code}\""))
        }
        None => Refusal::not_a_date(),
    }
}

fn bare_number(number: &Number, rest: &str) -> Refusal {
    // A serial with a time: `46085.5`.
    let fraction = rest
        .strip_prefix('.')
        .is_some_and(|f| !f.is_empty() && f.bytes().all(|b| b.is_ascii_digit()));
    if !rest.is_empty() && !fraction {
        return Refusal::not_a_date();
    }
    if number.digits >= 5 {
        // Point 6: a serial or an epoch is not guessed.
        Refusal::ambiguous("A bare number may be a spreadsheet date or a time since 1970.")
            .with_setting("formats = [\"excel\"], [\"epoch_s\"] or [\"epoch_ms\"]")
    } else {
        Refusal::invalid("The date is incomplete: a part is missing, and nothing is filled in.")
    }
}
