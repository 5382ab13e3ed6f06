//! What no identifier is: a cell by which a program shows that it changed what was typed.
//!
//! A key, the key of another row, an identifier, a phone number, a bank number and a postal code are digits, not
//! quantities. A spreadsheet that took one for a number, a date or a formula has lost something that nobody can read
//! out of the cell again.

use super::coerce::{is_joiner, trim};
use super::decimal::is_decimal_whole;
use super::placeholder::{Placeholder, placeholder};
use super::unsendable::unsendable;
use crate::diagnostic::Code;
use crate::partner::FieldKind;
use crate::source::{Cell, MORE_THAN_SHOWN, has_noise};

/// Whether a field takes digits that are no quantity.
pub(super) fn is_identifier(kind: FieldKind) -> bool {
    matches!(
        kind,
        FieldKind::Identifier | FieldKind::Phone | FieldKind::Routing | FieldKind::PostalCode
    )
}

/// Whether the text of an identifier may be a number that a program has written in its own way.
#[inline]
pub(super) fn is_reshaped(text: &str) -> bool {
    is_scientific(text) || is_decimal_whole(text.strip_prefix('+').unwrap_or(text))
}

/// Why a cell is no identifier: code and message.
pub(super) fn trouble(cell: Cell<'_>) -> Option<(Code, String)> {
    match cell {
        Cell::Empty => None,
        Cell::Text(text) => is_scientific(text).then(|| {
            let message = "It is a number in scientific notation: its last digits are lost.";
            (Code::CellScientific, message.to_owned())
        }),
        Cell::Number(n) => too_long(n).map(|message| (Code::CellPrecision, message)),
        Cell::Serial(..) | Cell::Iso(_) => Some(wrong_type("date or time")),
        Cell::Duration(_) => Some(wrong_type("length of time")),
        Cell::Bool(_) => Some(wrong_type("true or false")),
        Cell::Error(error) => Some((
            Code::CellError,
            format!("The cell contains the error {error}."),
        )),
        Cell::NoValue => Some((
            Code::CellNoCachedValue,
            "The formula has no stored result.".to_owned(),
        )),
    }
}

/// The same of a key, which meets no field on its way: control characters, length, and texts that stand for no value too.
pub(super) fn key_trouble(cell: Cell<'_>) -> Option<(Code, String)> {
    let Cell::Text(text) = cell else {
        return trouble(cell);
    };
    let (text, _) = trim(text);
    match placeholder(text) {
        Some(Placeholder::ErrorText) => trouble(Cell::Error(text)),
        Some(Placeholder::NullWord) => Some((
            Code::KeyMissing,
            "The key is a word that databases and programs write for an empty cell.".to_owned(),
        )),
        None => unsendable(text)
            .or_else(|| speechless(text))
            .or_else(|| trouble(Cell::Text(text)))
            .or_else(|| unseen(text)),
    }
}

/// A key of signs alone.
fn speechless(text: &str) -> Option<(Code, String)> {
    let is_one = !text.is_empty() && !text.contains(char::is_alphanumeric);
    is_one.then(|| {
        let message = "The key has no letter and no digit.";
        (Code::KeyMissing, message.to_owned())
    })
}

/// A character inside a key or an identifier that nobody sees: the row would be another one than that of the same text
/// without it.
pub(super) fn unseen(text: &str) -> Option<(Code, String)> {
    if text.is_ascii() {
        return None;
    }
    let mut before = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let is_spelling = is_joiner(c)
            && before.is_some_and(needs_joiners)
            && rest.clone().next().is_some_and(needs_joiners);
        if is_unseen(c) && !is_spelling {
            let message = format!(
                "It contains the invisible character U+{:04X}.",
                u32::from(c)
            );
            return Some((Code::TextControl, message));
        }
        before = Some(c);
    }
    None
}

/// Whether a character shows nothing wherever it stands.
///
/// Source: Unicode 16, `DerivedCoreProperties.txt`, `Default_Ignorable_Code_Point`; and U+2800, an empty pattern of Braille.
fn is_unseen(c: char) -> bool {
    matches!(
        u32::from(c),
        0xad | 0x34f
            | 0x61c
            | 0x115f..=0x1160
            | 0x17b4..=0x17b5
            | 0x180b..=0x180f
            | 0x200b..=0x200f
            | 0x202a..=0x202e
            | 0x2060..=0x206f
            | 0x2800
            | 0x3164
            | 0xfe00..=0xfe0f
            | 0xfeff
            | 0xffa0
            | 0xfff0..=0xfff8
            | 0x1bca0..=0x1bca3
            | 0x1d173..=0x1d17a
            | 0xe0000..=0xe0fff
    )
}

/// Whether a character is of a script whose words are spelt with joiners between letters: of Arabic and its neighbours, of India,
/// Tibet, Myanmar, Cambodia and Mongolia. Source: Unicode 16, `Blocks.txt`; core specification, 23.2.
fn needs_joiners(c: char) -> bool {
    matches!(
        u32::from(c),
        0x600..=0xdff | 0xf00..=0x109f | 0x1780..=0x18af | 0xfb50..=0xfdff | 0xfe70..=0xfefc
    ) && !is_unseen(c)
}

/// What is said of a number with more digits than a spreadsheet keeps, before its point or behind it.
pub(super) fn too_long(n: f64) -> Option<String> {
    let noise = || {
        "The number has more digits than the 15 that a spreadsheet shows: nobody typed it, a calculation made it."
            .to_owned()
    };
    lost_digits(n).or_else(|| has_noise(n).then(noise))
}

/// The same of a number whose digits before the point are too many: what it was cannot be read out of it.
pub(super) fn lost_digits(n: f64) -> Option<String> {
    (n.abs() >= MORE_THAN_SHOWN).then(|| {
        "The number has more than 15 digits, but a spreadsheet stores only 15: the last ones are lost."
            .to_owned()
    })
}

fn wrong_type(found: &str) -> (Code, String) {
    let message = format!("The cell is a {found}, but an identifier is expected.");
    (Code::CellType, message)
}

/// `1.58E+17`, as a spreadsheet writes a long number into a text file. Without the plus it may be an id.
pub(super) fn is_scientific(text: &str) -> bool {
    // Nearly all texts have no plus behind their first character.
    let bytes = text.trim_ascii().as_bytes();
    if bytes.len() > 30 || memchr::memchr(b'+', bytes).is_none_or(|at| at < 2) {
        return false;
    }
    let is_digits = |b: &[u8]| !b.is_empty() && b.iter().all(u8::is_ascii_digit);
    let bytes = bytes.strip_prefix(b"-").unwrap_or(bytes);
    let Some(at) = bytes.iter().position(|b| matches!(b, b'e' | b'E')) else {
        return false;
    };
    let (mantissa, exponent) = bytes.split_at(at);
    let is_mantissa = match mantissa {
        [digit] => digit.is_ascii_digit(),
        [digit, b'.' | b',', rest @ ..] => digit.is_ascii_digit() && is_digits(rest),
        _ => false,
    };
    let exponent = exponent.get(1..).and_then(|e| e.strip_prefix(b"+"));
    is_mantissa && exponent.is_some_and(|e| e.len() <= 3 && is_digits(e))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::Epoch;

    #[test]
    fn cells_that_a_spreadsheet_has_changed_are_no_identifiers() {
        for (cell, code) in [
            (Cell::Empty, None),
            (Cell::Text("0012"), None),
            (Cell::Text("1E5"), None),
            (Cell::Text("12E+34"), None),
            (Cell::Text("1.5E+"), None),
            (Cell::Text("+49 151 23456789"), None),
            (Cell::Text("A+B"), None),
            (Cell::Text("E+17"), None),
            (Cell::Text("1.E+17"), None),
            (Cell::Text("1.58E+17"), Some("cell.scientific")),
            (Cell::Text("1E+17"), Some("cell.scientific")),
            (Cell::Text("1E+123"), Some("cell.scientific")),
            (Cell::Text("1E+1234"), None),
            // Thirty characters at most.
            (
                Cell::Text("1.000000000000000000000000E+17"),
                Some("cell.scientific"),
            ),
            (Cell::Text("1.0000000000000000000000000E+17"), None),
            (Cell::Text(" 1,58e+17 "), Some("cell.scientific")),
            (Cell::Text("-2E+05"), Some("cell.scientific")),
            (Cell::Number(999_999_999_999_999.0), None),
            (Cell::Number(1e15), Some("cell.precision")),
            (Cell::Number(-1e15), Some("cell.precision")),
            (Cell::Number(12.5), None),
            (Cell::Number(10_011.000_000_000_002), Some("cell.precision")),
            (Cell::Number(0.1 + 0.2), Some("cell.precision")),
            (Cell::Serial(46085.0, Epoch::Y1900), Some("cell.type")),
            (Cell::Iso("2026-03-04"), Some("cell.type")),
            (Cell::Duration(1.5), Some("cell.type")),
            (Cell::Bool(true), Some("cell.type")),
            (Cell::Error("#N/A"), Some("cell.error")),
            (Cell::NoValue, Some("cell.formula_without_value")),
        ] {
            let found = trouble(cell).map(|(code, _)| code.as_str());
            assert_eq!(found, code, "{cell:?}");
            assert_eq!(key_trouble(cell).map(|(c, _)| c.as_str()), code, "{cell:?}");
        }
        assert_eq!(of_key("A\u{1f}1"), Some("text.control"));
        assert_eq!(of_key("A\u{fffd}1"), Some("text.lost_character"));
        assert_eq!(of_key("A\u{200b}1"), Some("text.control"));
        assert_eq!(of_key("A\u{ad}1"), Some("text.control"));
        // A byte that is no text in the file's encoding, at an end too.
        assert_eq!(of_key("\u{9d}K4"), Some("text.control"));
        assert_eq!(of_key("K4\u{85}"), Some("text.control"));
        // Around a key it is taken off; scripts need a joiner between their letters.
        assert_eq!(of_key("\u{200b}A1\u{feff}"), None);
        assert_eq!(of_key("\u{915}\u{200d}\u{937}"), None);
        assert_eq!(of_key("NULL"), Some("key.missing"));
        assert_eq!(of_key("-"), Some("key.missing"));
        assert_eq!(of_key("\u{1}"), Some("text.control"));
        assert_eq!(of_key("?A"), None);
        assert_eq!(of_key(" #REF! "), Some("cell.error"));
        assert_eq!(of_key("Ä1"), None);
    }

    fn of_key(text: &str) -> Option<&'static str> {
        key_trouble(Cell::Text(text)).map(|(code, _)| code.as_str())
    }

    #[test]
    fn what_nobody_sees_is_refused_in_a_key() {
        // All of them that Unicode has, and a pattern of Braille without a dot.
        for c in [
            '\u{200c}',
            '\u{200d}',
            '\u{fe00}',
            '\u{fe0f}',
            '\u{34f}',
            '\u{115f}',
            '\u{1160}',
            '\u{3164}',
            '\u{180e}',
            '\u{2800}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{ffa0}',
            '\u{61c}',
            '\u{2064}',
            '\u{206a}',
            '\u{1d173}',
            '\u{17b4}',
        ] {
            for key in [format!("K{c}4"), format!("\u{915}{c}4")] {
                assert_eq!(of_key(&key), Some("text.control"), "{key:?}");
            }
        }
        assert_eq!(of_key("K4\u{fe0f}"), Some("text.control"));
        assert_eq!(of_key("\u{6cc}\u{200c}\u{62e}"), None);
        assert_eq!(
            of_key("\u{6cc}\u{200c}\u{200c}\u{62e}"),
            Some("text.control")
        );
    }

    proptest! {
        /// What a spreadsheet writes for any long number is seen; what has no exponent never is.
        #[test]
        fn every_long_number_in_scientific_notation_is_seen(n in 1e10_f64..1e300, text in "[A-Za-z0-9 .,-]{0,20}") {
            let digits = format!("{n:.5e}");
            let (mantissa, exponent) = digits.split_once('e').unwrap();
            let shown = format!("{mantissa}E+{exponent}");
            prop_assert!(is_scientific(&shown));
            prop_assert!(!is_scientific(&text));
        }
    }
}
