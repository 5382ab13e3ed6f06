//! Names of months and weekdays: English always, another language where `[source] locale` names it.
//!
//! Source: the month and day names, wide and abbreviated, of the Unicode CLDR. They are compared without
//! case, accents and the dot of an abbreviation. No name means another month in another of these
//! languages; some mean a weekday in one and a month in another (`mar` is March, Tuesday in French).

use std::sync::LazyLock;

use jiff::civil::Weekday;

use crate::mapping::data::records;

/// A language whose names of months are read beside the English ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English alone, `en`.
    English,
    /// German, `de`.
    German,
    /// French, `fr`.
    French,
    /// Spanish, `es`.
    Spanish,
    /// Italian, `it`.
    Italian,
    /// Portuguese, `pt`.
    Portuguese,
    /// Dutch, `nl`.
    Dutch,
}

impl Locale {
    /// The words of `[source] locale`.
    pub const WORDS: [&str; 7] = ["en", "de", "fr", "es", "it", "pt", "nl"];

    /// All of them, with their word and English name.
    pub const ALL: [(Locale, &str, &str); 7] = [
        (Locale::English, "en", "English"),
        (Locale::German, "de", "German"),
        (Locale::French, "fr", "French"),
        (Locale::Spanish, "es", "Spanish"),
        (Locale::Italian, "it", "Italian"),
        (Locale::Portuguese, "pt", "Portuguese"),
        (Locale::Dutch, "nl", "Dutch"),
    ];

    /// The locale of a word, a region behind it ignored: `de`, `de-AT`, `pt_BR`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let language = word.split(['-', '_']).next().unwrap_or("");
        Self::ALL
            .iter()
            .find(|(_, w, _)| w.eq_ignore_ascii_case(language))
            .map(|(locale, _, _)| *locale)
    }

    fn names(self) -> &'static Names {
        &NAMES[self as usize]
    }
}

/// The names of a language, folded: each entry holds the forms of one month, one weekday from Monday on.
#[derive(Default)]
struct Names {
    months: Vec<&'static str>,
    weekdays: Vec<&'static str>,
}

/// The names of each language, in the order of [`Locale`].
static NAMES: LazyLock<[Names; 7]> = LazyLock::new(|| {
    let mut all: [Names; 7] = Default::default();
    for [language, part, _, forms] in records(include_str!("../data/date_names.csv")) {
        let locale = Locale::from_word(language).expect("the table names languages by their words");
        let names = &mut all[locale as usize];
        match part {
            "month" => names.months.push(forms),
            _ => names.weekdays.push(forms),
        }
    }
    all
});

const WEEKDAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// Lower case, without the accents that these languages' names have.
fn fold(word: &str) -> String {
    word.chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ä' | 'ã' => 'a',
            'é' | 'è' | 'ê' => 'e',
            'í' | 'ì' => 'i',
            'ó' | 'ò' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            'ç' => 'c',
            c => c,
        })
        .collect()
}

/// The longest name, in characters: a longer word needs no look.
const LONGEST_NAME: usize = 10;

fn position(table: &[&str], word: &str) -> Option<usize> {
    table
        .iter()
        .position(|forms| forms.split(' ').any(|form| form == word))
}

fn find(
    locale: Option<Locale>,
    word: &str,
    of: fn(&'static Names) -> &'static [&'static str],
) -> Option<usize> {
    if word.is_empty() || word.chars().count() > LONGEST_NAME {
        return None;
    }
    let word = fold(word);
    locale
        .and_then(|l| position(of(l.names()), &word))
        .or_else(|| position(of(Locale::English.names()), &word))
}

/// The month of a name.
pub(super) fn month(locale: Option<Locale>, word: &str) -> Option<i8> {
    let index = find(locale, word, |n| &n.months)?;
    i8::try_from(index + 1).ok()
}

/// The month of a number in Roman digits.
pub(super) fn roman(word: &str) -> Option<i8> {
    const MONTHS: [&str; 12] = [
        "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII",
    ];
    let index = MONTHS.iter().position(|roman| *roman == word)?;
    i8::try_from(index + 1).ok()
}

/// The weekday of a name.
pub(super) fn weekday(locale: Option<Locale>, word: &str) -> Option<Weekday> {
    find(locale, word, |n| &n.weekdays).map(|index| WEEKDAYS[index])
}

/// The language in which a word is a month's name, where English does not know it.
pub(super) fn language_of(word: &str) -> Option<(&'static str, &'static str)> {
    if month(None, word).is_some() {
        return None;
    }
    Locale::ALL
        .iter()
        .find(|(locale, _, _)| month(Some(*locale), word).is_some())
        .map(|(_, code, name)| (*code, *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_its_months_and_weekdays_in_order() {
        let numbers: Vec<[&str; 4]> = records(include_str!("../data/date_names.csv")).collect();
        assert_eq!(numbers.len(), 7 * 19);
        for (at, [_, part, number, _]) in numbers.iter().enumerate() {
            let (of, expected) = match at % 19 {
                month @ 0..12 => ("month", month + 1),
                weekday => ("weekday", weekday - 11),
            };
            assert_eq!(
                (*part, *number),
                (of, expected.to_string().as_str()),
                "{at}"
            );
        }
        for (at, (locale, word, _)) in Locale::ALL.iter().enumerate() {
            assert_eq!((*locale as usize, Locale::WORDS[at]), (at, *word));
        }
    }

    #[test]
    fn every_name_is_found_and_the_longest_is_known() {
        let mut longest = 0;
        for (locale, _, _) in Locale::ALL {
            for (at, forms) in locale.names().months.iter().enumerate() {
                for form in forms.split(' ') {
                    assert_eq!(
                        month(Some(locale), form),
                        i8::try_from(at + 1).ok(),
                        "{form}"
                    );
                    longest = longest.max(form.chars().count());
                }
            }
            for (at, forms) in locale.names().weekdays.iter().enumerate() {
                for form in forms.split(' ') {
                    assert_eq!(weekday(Some(locale), form), Some(WEEKDAYS[at]), "{form}");
                    longest = longest.max(form.chars().count());
                }
            }
        }
        assert_eq!(longest, LONGEST_NAME);
    }

    #[test]
    fn no_name_is_two_months() {
        for (a, _, _) in Locale::ALL {
            for (b, _, _) in Locale::ALL {
                for (number, forms) in a.names().months.iter().enumerate() {
                    for form in forms.split(' ') {
                        for other in [
                            position(&b.names().months, form),
                            position(&Locale::English.names().months, form),
                        ] {
                            assert!(
                                other.is_none_or(|o| o == number),
                                "{form} in {a:?} and {b:?}"
                            );
                        }
                    }
                }
            }
        }
    }
}
