//! Names of months and weekdays, English.

use jiff::civil::Weekday;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// The month of a full name or of its first three letters; `sept` too.
pub(super) fn month(word: &str) -> Option<i8> {
    if word.eq_ignore_ascii_case("sept") {
        return Some(9);
    }
    let found = MONTHS.iter().position(|name| {
        word.eq_ignore_ascii_case(name)
            || (word.len() == 3 && word.eq_ignore_ascii_case(&name[..3]))
    })?;
    i8::try_from(found + 1).ok()
}

/// The weekday of a full name or a usual abbreviation.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    let lower = word.to_ascii_lowercase();
    WEEKDAYS
        .iter()
        .find(|(name, _)| {
            lower == *name
                || lower == name[..3]
                || matches!(
                    (lower.as_str(), *name),
                    ("tues", "tuesday") | ("thur" | "thurs", "thursday")
                )
        })
        .map(|(_, weekday)| *weekday)
}
