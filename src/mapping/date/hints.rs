//! What a mapping says about a field's dates: order, formats, language and time zone.

use super::names::Locale;

/// The order of the parts of a numeric date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Order {
    /// Day, month, year: `31/12/2026`; the mapping's `dmy`.
    DayFirst,
    /// Month, day, year: `12/31/2026`; the mapping's `mdy`.
    MonthFirst,
    /// Year, month, day, also with a year of two digits: `26-12-31`; the mapping's `ymd`.
    YearFirst,
}

impl Order {
    /// The order of a mapping's word: `dmy`, `mdy`, `ymd`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "dmy" => Some(Order::DayFirst),
            "mdy" => Some(Order::MonthFirst),
            "ymd" => Some(Order::YearFirst),
            _ => None,
        }
    }

    /// The word by which a mapping names the order.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Order::DayFirst => "dmy",
            Order::MonthFirst => "mdy",
            Order::YearFirst => "ymd",
        }
    }
}

/// A format that a mapping names for a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Format {
    /// A strptime pattern, `%d %b %Y`.
    Pattern(String),
    /// A bare number is an Excel serial of the 1900 system.
    Excel,
    /// A bare number is seconds since 1970 in UTC.
    EpochSeconds,
    /// A bare number is milliseconds since 1970 in UTC.
    EpochMillis,
}

impl Format {
    /// The format of a mapping's word or pattern; `Err` says what is wrong with it.
    pub fn from_word(word: &str) -> Result<Self, String> {
        match word {
            "excel" => Ok(Format::Excel),
            "epoch_s" => Ok(Format::EpochSeconds),
            "epoch_ms" => Ok(Format::EpochMillis),
            _ if !word.contains('%') => Err(format!(
                "\"{word}\" is not a date format: write a strptime pattern such as \"%d %b %Y\", or \"excel\", \"epoch_s\" or \"epoch_ms\""
            )),
            _ => {
                // A pattern that cannot print a date cannot read one either.
                let probe = jiff::civil::date(2026, 3, 4)
                    .at(17, 27, 5, 0)
                    .to_zoned_datetime(jiff::tz::TimeZone::UTC);
                let printed = probe
                    .ok()
                    .and_then(|z| jiff::fmt::strtime::format(word, &z).ok())
                    .ok_or_else(|| format!("\"{word}\" is not a strptime pattern"))?;
                let date = jiff::fmt::strtime::parse(word, &printed).and_then(|t| t.to_date());
                match date {
                    Ok(_) => Ok(Format::Pattern(word.to_owned())),
                    Err(e) => Err(format!("\"{word}\" does not give a date: {e}")),
                }
            }
        }
    }
}

/// What the mapping says about a field's dates.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Formats that are tried before the grammar; with any, numeric dates that fit none are refused.
    pub formats: Vec<Format>,
    /// The order of numeric dates, obeyed strictly; without it the column decides.
    pub order: Option<Order>,
    /// The language of month names, and of words for yes and no, beside English.
    pub locale: Option<Locale>,
    /// The zone into which a time with an offset is converted.
    pub timezone: Option<jiff::tz::TimeZone>,
}

impl Hints {
    /// The same without what decides the order of day and month: what a text proves by itself.
    #[must_use]
    pub fn undecided(&self) -> Self {
        Self {
            formats: Vec::new(),
            order: None,
            locale: self.locale,
            timezone: self.timezone.clone(),
        }
    }
}
