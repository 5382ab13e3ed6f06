//! What may stand behind a date: a time of day and a zone, and nothing else.

use super::cursor::Cursor;
use super::names::Locale;
use super::reading::Refusal;

/// The word between a date and its time.
fn is_at(locale: Option<Locale>, word: &str) -> bool {
    word.eq_ignore_ascii_case("at")
        || match locale {
            Some(Locale::German) => word == "um",
            Some(Locale::French) => word == "à",
            Some(Locale::Portuguese) => word == "às",
            Some(Locale::Italian) => word == "alle",
            Some(Locale::Dutch) => word == "om",
            Some(Locale::Spanish | Locale::English) | None => false,
        }
}

/// A time of day that stood before the year.
pub(super) struct BeforeYear {
    /// Its second and its offset in minutes, where its zone says one.
    pub(super) instant: Option<(i64, i64)>,
}

impl Cursor<'_> {
    /// A time of day behind the date; nothing else may stand there (point 9).
    pub(super) fn time(&mut self) -> Result<Option<(i64, i64)>, Refusal> {
        if self.at == self.text.len() {
            return Ok(None);
        }
        let start = self.at;
        self.eat(',');
        let blank = self.blanks();
        let marked = self.eat('T') || self.eat('t');
        if !marked {
            let before = self.at;
            if is_at(self.locale, self.word()) {
                self.blanks();
            } else {
                self.at = before;
            }
        }
        if !blank && !marked && self.at == start {
            if self.is_zoned_day() {
                self.at = self.text.len();
                return Ok(None);
            }
            return Err(Refusal::invalid("There is unexpected text after the date."));
        }
        if self.at == self.text.len() && !marked {
            return Ok(None);
        }
        let seconds = self.clock(marked)?;
        let offset = self.zone()?;
        Ok(offset.map(|offset| (seconds, offset)))
    }

    /// Whether the rest is the offset of a whole day, as XML Schema writes one: `2026-03-04Z`, `2026-03-04+01:00`. The day stays as
    /// written: it has no instant that another offset could move.
    ///
    /// Source: XML Schema 1.1 part 2, 3.3.9 `date`.
    fn is_zoned_day(&self) -> bool {
        let is = |text: &str, shape: &str| {
            let of = |(b, s): (u8, u8)| {
                if s == b'0' {
                    b.is_ascii_digit()
                } else {
                    b == s
                }
            };
            text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(of)
        };
        let (day, zone) = self.text.split_at(self.at);
        is(day, "0000-00-00") && (zone == "Z" || is(zone, "+00:00") || is(zone, "-00:00"))
    }

    /// The sign between hours and minutes: a colon, a dot or an `h` (`10.30`, `10h30`).
    fn behind_hour(&mut self) -> Option<char> {
        [':', '.', 'h'].into_iter().find(|sign| self.eat(*sign))
    }

    /// A time of day, in seconds. Only behind a `T` it may stand without colons.
    fn clock(&mut self, marked: bool) -> Result<i64, Refusal> {
        let invalid = || Refusal::invalid("The text after the date is not a time.");
        let first = self.number().ok_or_else(invalid)?;
        let (hour, minute, second) = match first.digits {
            1 | 2 => {
                let (mut minute, mut second) = (None, 0);
                if let Some(sign) = self.behind_hour() {
                    minute = Some(
                        self.number()
                            .filter(|n| n.digits == 2)
                            .ok_or_else(invalid)?
                            .value,
                    );
                    if sign == ':' && self.eat(':') {
                        second = self
                            .number()
                            .filter(|n| n.digits == 2)
                            .ok_or_else(invalid)?
                            .value;
                        if self.eat('.') || self.eat(',') {
                            self.number().ok_or_else(invalid)?;
                        }
                    }
                }
                (first.value, minute, second)
            }
            4 if marked => (first.value / 100, Some(first.value % 100), 0),
            6 if marked => (
                first.value / 10_000,
                Some(first.value / 100 % 100),
                first.value % 100,
            ),
            _ => return Err(invalid()),
        };
        let half = self.half_of_day();
        let hour = match half {
            Some(_) if !(0..=12).contains(&hour) => return Err(invalid()),
            Some(true) if hour < 12 => hour + 12,
            Some(false) if hour == 12 => 0,
            None if minute.is_none() => return Err(invalid()),
            _ => hour,
        };
        let minute = minute.unwrap_or(0);
        if hour > 23 || minute > 59 || second > 60 {
            return Err(invalid());
        }
        Ok(hour * 3600 + minute * 60 + second)
    }

    /// The time and zone that `ctime` and `date` of Unix write before the year, `10:15:00 CET 2026`. Nothing
    /// where none stands there.
    pub(super) fn clock_before_year(&mut self) -> Option<BeforeYear> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        if self.rest().as_bytes().get(digits) != Some(&b':') {
            return None;
        }
        let seconds = self.clock(false).ok()?;
        if !self.blanks() {
            return None;
        }
        let before = self.at;
        let offset = match self.peek() {
            Some(c) if c.is_ascii_digit() => None,
            _ => match self.zone() {
                Ok(offset) => offset,
                // A name that may stand for several zones: the day is as written, and never converted.
                Err(_) => {
                    self.at = before;
                    let name = self.word();
                    let is_name = (3..=5).contains(&name.len())
                        && name.bytes().all(|b| b.is_ascii_uppercase());
                    is_name.then_some(())?;
                    None
                }
            },
        };
        self.blanks();
        Some(BeforeYear {
            instant: offset.map(|offset| (seconds, offset)),
        })
    }

    /// `AM`, `p.m.`: true for the afternoon.
    fn half_of_day(&mut self) -> Option<bool> {
        let start = self.at;
        self.blanks();
        let rest: String = self
            .rest()
            .chars()
            .take(4)
            .collect::<String>()
            .to_ascii_lowercase();
        for (text, afternoon) in [("a.m.", false), ("p.m.", true), ("am", false), ("pm", true)] {
            if rest.starts_with(text) {
                let behind = self.rest()[text.len()..].chars().next();
                if behind.is_none_or(|c| !c.is_alphabetic()) {
                    self.at += text.len();
                    return Some(afternoon);
                }
            }
        }
        self.at = start;
        None
    }

    /// A zone behind the time: minutes from UTC where it says them.
    fn zone(&mut self) -> Result<Option<i64>, Refusal> {
        let invalid = || Refusal::invalid("The text after the time is not a time zone.");
        let start = self.at;
        self.blanks();
        let mut offset = None;
        let word = self.word().to_ascii_uppercase();
        match word.as_str() {
            "" => {}
            "Z" | "UTC" | "GMT" => offset = Some(0),
            "EST" | "CDT" => offset = Some(-300),
            "EDT" => offset = Some(-240),
            "CST" | "MDT" => offset = Some(-360),
            "MST" | "PDT" => offset = Some(-420),
            "PST" => offset = Some(-480),
            "CET" | "BST" => offset = Some(60),
            "CEST" => offset = Some(120),
            _ => {
                self.at = start;
                return Err(invalid());
            }
        }
        if let Some(sign @ ('+' | '-' | '−')) = self.peek() {
            self.at += sign.len_utf8();
            let number = self.number().ok_or_else(invalid)?;
            let (hours, minutes) = match number.digits {
                1 | 2 => {
                    let minutes = if self.eat(':') {
                        self.number().ok_or_else(invalid)?.value
                    } else {
                        0
                    };
                    (number.value, minutes)
                }
                4 => (number.value / 100, number.value % 100),
                _ => return Err(invalid()),
            };
            if hours > 18 || minutes > 59 {
                return Err(invalid());
            }
            let total = hours * 60 + minutes;
            offset = Some(if sign == '+' { total } else { -total });
        }
        self.blanks();
        for (open, close) in [('[', ']'), ('(', ')')] {
            if self.eat(open) {
                let end = self.rest().find(close).ok_or_else(invalid)?;
                self.at += end + close.len_utf8();
            }
        }
        Ok(offset)
    }
}
