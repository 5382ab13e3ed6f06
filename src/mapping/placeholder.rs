//! Texts that stand for no value: what databases and programs write into an empty cell, and what a spreadsheet shows
//! where a formula failed.

use crate::diagnostic::brief;

/// A text that stands for no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// A word for "nothing": `NULL`, `\N`, `NaN`.
    NullWord,
    /// A spreadsheet's error, or a column that was too narrow: `#N/A`, `########`.
    ErrorText,
}

/// Words of databases and programming languages, letter by letter: `Null` may be a name, `none` a word.
///
/// Source: what `PostgreSQL`, `MySQL`, `SQL Server` and `DBeaver` write for NULL, and `pandas`, R, Python and JavaScript for
/// no value; and what Excel's pivot tables write for an empty cell in the languages of their users.
const NULL_WORDS: [&str; 31] = [
    "[]",
    "{}",
    "(blank)",
    "(leer)",
    "(vide)",
    "(en blanco)",
    "(vuoto)",
    "(leeg)",
    "(em branco)",
    "NULL",
    "null",
    "(NULL)",
    "(null)",
    "<NULL>",
    "<null>",
    "[NULL]",
    "[null]",
    "\\N",
    "\\n",
    "NaN",
    "nan",
    "NAN",
    "NaT",
    "<NA>",
    "<na>",
    "None",
    "N/A",
    "n/a",
    "undefined",
    "#NULL",
    "nil",
];

/// Errors of spreadsheets as their programs show them, in English and in the languages of their users.
///
/// Source: Microsoft's list of error values, the same list in German, French, Spanish, Italian, Portuguese, Dutch,
/// Polish, Swedish, Danish, Norwegian, Finnish, Czech, Hungarian, Turkish and Russian, and those of Google Sheets.
const ERROR_TEXTS: [&str; 80] = [
    // What JavaScript writes for a record in place of its text.
    "[object Object]",
    "#N/A",
    "#N/A!",
    "#REF!",
    "#NAME?",
    "#VALUE!",
    "#DIV/0!",
    "#NULL!",
    "#NUM!",
    "#SPILL!",
    "#CALC!",
    "#FIELD!",
    "#BLOCKED!",
    "#BUSY!",
    "#CONNECT!",
    "#UNKNOWN!",
    "#EXTERNAL!",
    "#PYTHON!",
    "#GETTING_DATA",
    "#ERROR!",
    "#NV",
    "#BEZUG!",
    "#WERT!",
    "#ZAHL!",
    "#VALEUR!",
    "#NOM?",
    "#NOMBRE!",
    "#NOMBRE?",
    "#¡REF!",
    "#¡VALOR!",
    "#¡DIV/0!",
    "#¿NOMBRE?",
    "#¡NUM!",
    "#N/D",
    "#RIF!",
    "#VALORE!",
    "#NOME?",
    "#VALOR!",
    "#N/B",
    "#VERW!",
    "#WAARDE!",
    "#NAAM?",
    "#GETAL!",
    "#ADR!",
    "#ARG!",
    "#LICZBA!",
    "#NAZWA?",
    "#N/D!",
    "#SAKNAS!",
    "#REFERENS!",
    "#VÄRDEFEL!",
    "#NAMN?",
    "#OGILTIGT!",
    "#I/T",
    "#VÆRDI!",
    "#NAVN?",
    "#REFERENCE!",
    "#VERDI!",
    "#PUUTTUU!",
    "#VIITTAUS!",
    "#ARVO!",
    "#NIMI?",
    "#HODNOTA!",
    "#NÁZEV?",
    "#HIÁNYZIK",
    "#HIV!",
    "#ÉRTÉK!",
    "#NÉV?",
    "#YOK",
    "#BAŞV!",
    "#DEĞER!",
    "#AD?",
    "#Н/Д",
    "#ССЫЛКА!",
    "#ЗНАЧ!",
    "#ИМЯ?",
    "#ДЕЛ/0!",
    "#ЧИСЛО!",
    "#ПУСТО!",
    "#¡NULO!",
];

/// The longest of all, in bytes.
const LONGEST: usize = 15;

/// Whether a text that begins with this byte may stand for no value.
pub(super) const fn may_begin_one(first: u8) -> bool {
    matches!(
        first,
        b'#' | b'E' | b'N' | b'n' | b'(' | b'<' | b'[' | b'{' | b'\\' | b'u'
    )
}

/// What a trimmed text stands for, where it stands for no value.
#[must_use]
pub fn placeholder(text: &str) -> Option<Placeholder> {
    // Nearly every text begins otherwise: one byte is looked at.
    match text.as_bytes().first()? {
        first if !may_begin_one(*first) => None,
        b'#' if text.len() >= 3 && text.bytes().all(|b| b == b'#') => Some(Placeholder::ErrorText),
        _ if text.len() > LONGEST => None,
        b'#' | b'[' if ERROR_TEXTS.contains(&text) => Some(Placeholder::ErrorText),
        // LibreOffice shows an error as its number.
        b'E' => (text.strip_prefix("Err:"))
            .is_some_and(|n| n.len() == 3 && n.bytes().all(|b| b.is_ascii_digit()))
            .then_some(Placeholder::ErrorText),
        _ => NULL_WORDS.contains(&text).then_some(Placeholder::NullWord),
    }
}

/// What to do about a word that stands for no value.
pub(super) fn null_hint(word: &str) -> String {
    let word = brief(&word.replace('\\', "\\\\"));
    format!("Clear the cell. In the mapping: [source] null = [\"{word}\"].")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_is_known_and_the_hint_is_a_setting() {
        let all = NULL_WORDS.iter().chain(&ERROR_TEXTS);
        assert_eq!(all.map(|text| text.len()).max(), Some(LONGEST));
        assert_eq!(
            null_hint("\\N"),
            "Clear the cell. In the mapping: [source] null = [\"\\\\N\"]."
        );
    }

    #[test]
    fn only_the_whole_text_stands_for_nothing() {
        for word in NULL_WORDS {
            assert_eq!(placeholder(word), Some(Placeholder::NullWord), "{word}");
        }
        for text in
            ERROR_TEXTS
                .iter()
                .copied()
                .chain(["###", "##########################", "Err:502"])
        {
            assert_eq!(placeholder(text), Some(Placeholder::ErrorText), "{text}");
        }
        for text in [
            "Null",
            "none",
            "NULL Ltd",
            "Nan",
            "NA",
            "Na",
            "#1",
            "#12-B",
            "##",
            "#REF",
            "#hashtag",
            "Err: 5",
            "Err:5021",
            "Nullarbor",
            "-",
            "",
            "x",
            "NaN Inc",
            "\\Nx",
            "(none)",
            "Undefined",
            "Nil",
        ] {
            assert_eq!(placeholder(text), None, "{text}");
        }
    }
}
