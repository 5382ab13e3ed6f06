//! Names of months and weekdays: English always, another language where `[source] locale` names it.
//!
//! Source: the month and day names, wide and abbreviated, of the Unicode CLDR. They are compared without
//! case, accents and the dot of an abbreviation. No name means another month in another of these
//! languages; some mean a weekday in one and a month in another (`mar` is March, Tuesday in French).

use jiff::civil::Weekday;

/// A language whose names of months are read beside the English ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Locale {
    /// English alone.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Italian.
    Italian,
    /// Portuguese.
    Portuguese,
    /// Dutch.
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

    fn tables(self) -> &'static Names {
        match self {
            Locale::English => &ENGLISH,
            Locale::German => &GERMAN,
            Locale::French => &FRENCH,
            Locale::Spanish => &SPANISH,
            Locale::Italian => &ITALIAN,
            Locale::Portuguese => &PORTUGUESE,
            Locale::Dutch => &DUTCH,
        }
    }
}

/// The names of a language, folded: each entry holds the forms of one month, one weekday from Monday on.
struct Names {
    months: [&'static str; 12],
    weekdays: [&'static str; 7],
}

static ENGLISH: Names = Names {
    months: [
        "january jan",
        "february feb",
        "march mar",
        "april apr",
        "may",
        "june jun",
        "july jul",
        "august aug",
        "september sep sept",
        "october oct",
        "november nov",
        "december dec",
    ],
    weekdays: [
        "monday mon",
        "tuesday tue tues",
        "wednesday wed",
        "thursday thu thur thurs",
        "friday fri",
        "saturday sat",
        "sunday sun",
    ],
};

static GERMAN: Names = Names {
    months: [
        "januar janner jan jan",
        "februar feber feb",
        "marz maerz mar mrz",
        "april apr",
        "mai",
        "juni jun",
        "juli jul",
        "august aug",
        "september sep sept",
        "oktober okt",
        "november nov",
        "dezember dez",
    ],
    weekdays: [
        "montag mo",
        "dienstag di",
        "mittwoch mi",
        "donnerstag do",
        "freitag fr",
        "samstag sonnabend sa",
        "sonntag so",
    ],
};

static FRENCH: Names = Names {
    months: [
        "janvier janv jan",
        "fevrier fevr fev",
        "mars mar",
        "avril avr",
        "mai",
        "juin",
        "juillet juil",
        "aout",
        "septembre sept sep",
        "octobre oct",
        "novembre nov",
        "decembre dec",
    ],
    weekdays: [
        "lundi lun",
        "mardi mar",
        "mercredi mer",
        "jeudi jeu",
        "vendredi ven",
        "samedi sam",
        "dimanche dim",
    ],
};

static SPANISH: Names = Names {
    months: [
        "enero ene",
        "febrero feb",
        "marzo mar",
        "abril abr",
        "mayo may",
        "junio jun",
        "julio jul",
        "agosto ago",
        "septiembre setiembre sept sep set",
        "octubre oct",
        "noviembre nov",
        "diciembre dic",
    ],
    weekdays: [
        "lunes lun",
        "martes mar",
        "miercoles mie",
        "jueves jue",
        "viernes vie",
        "sabado sab",
        "domingo dom",
    ],
};

static ITALIAN: Names = Names {
    months: [
        "gennaio gen",
        "febbraio feb",
        "marzo mar",
        "aprile apr",
        "maggio mag",
        "giugno giu",
        "luglio lug",
        "agosto ago",
        "settembre set sett",
        "ottobre ott",
        "novembre nov",
        "dicembre dic",
    ],
    weekdays: [
        "lunedi lun",
        "martedi mar",
        "mercoledi mer",
        "giovedi gio",
        "venerdi ven",
        "sabato sab",
        "domenica dom",
    ],
};

static PORTUGUESE: Names = Names {
    months: [
        "janeiro jan",
        "fevereiro fev",
        "marco mar",
        "abril abr",
        "maio mai",
        "junho jun",
        "julho jul",
        "agosto ago",
        "setembro set",
        "outubro out",
        "novembro nov",
        "dezembro dez",
    ],
    weekdays: [
        "segunda seg",
        "terca ter",
        "quarta qua",
        "quinta qui",
        "sexta sex",
        "sabado sab",
        "domingo dom",
    ],
};

static DUTCH: Names = Names {
    months: [
        "januari jan",
        "februari feb",
        "maart mrt mar",
        "april apr",
        "mei",
        "juni jun",
        "juli jul",
        "augustus aug",
        "september sep sept",
        "oktober okt",
        "november nov",
        "december dec",
    ],
    weekdays: [
        "maandag ma",
        "dinsdag di",
        "woensdag wo",
        "donderdag do",
        "vrijdag vr",
        "zaterdag za",
        "zondag zo",
    ],
};

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
const LONGEST_NAME: usize = 12;

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
        .and_then(|l| position(of(l.tables()), &word))
        .or_else(|| position(of(&ENGLISH), &word))
}

/// The month of a name.
pub(super) fn month(locale: Option<Locale>, word: &str) -> Option<i8> {
    let index = find(locale, word, |n| &n.months)?;
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
    fn no_name_is_two_months() {
        for (a, _, _) in Locale::ALL {
            for (b, _, _) in Locale::ALL {
                for (number, forms) in a.tables().months.iter().enumerate() {
                    for form in forms.split(' ') {
                        for other in [
                            position(&b.tables().months, form),
                            position(&ENGLISH.months, form),
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
