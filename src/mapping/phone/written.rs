//! A telephone number as people write it, cut into the number, its extension and what else stands in the cell (pure).
//!
//! Nothing is dialled that was not written as a digit: words are cut off, an extension is known by its mark, and where what
//! stands behind a number may be a part of it, the text is left whole.

use super::notes::{self, is_separator};

/// Digits of an extension at most; more are another number.
const EXTENSION: usize = 8;
/// Digits behind a bare comma at most that are an extension: the pause before it is dialled.
const BEHIND_A_COMMA: usize = 6;
/// Digits that make a number of their own.
const SECOND_NUMBER: usize = 5;
/// Digits of an area code before a slash at most: behind more, a slash begins another number.
const AREA_CODE: usize = 6;

/// The marks of an extension, in small letters, a longer one before its beginning.
const MARKS: &[&str] = &[
    "extension",
    "extensión",
    "extensão",
    "durchwahl",
    "apparat",
    "interno",
    "anexo",
    "poste",
    "ramal",
    "доб",
    "dw",
    "app",
    "ext",
    "extn",
    "int",
    "x",
    "#",
];

/// What stands beside a number and its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mapping) enum Beside<'t> {
    Nothing,
    /// Words without a digit: a name, a kind of telephone.
    Words(&'t str),
    /// Another number.
    SecondNumber,
    /// Digits whose meaning cannot be seen.
    Unclear,
}

/// The parts of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mapping) struct Written<'t> {
    /// Digits with separators, and a plus where there is one in front.
    pub(in crate::mapping) number: &'t str,
    pub(in crate::mapping) extension: Option<&'t str>,
    /// The extension has no mark but a comma, which stands in the middle of numbers, too.
    pub(in crate::mapping) is_by_comma: bool,
    pub(in crate::mapping) beside: Beside<'t>,
    /// What the number would be without digits in it that may be a note, before them and behind.
    pub(super) without_notes: Option<[&'t str; 2]>,
}

/// Cuts a trimmed text. A text without a digit is a number that is none.
pub(in crate::mapping) fn cut(text: &str) -> Written<'_> {
    // Excel's text mark, and the scheme of RFC 3966, are no part of the number.
    let text = text.strip_prefix('\'').unwrap_or(text);
    let text = match text.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel:") => rest,
        _ => text,
    };
    let whole = Written {
        number: text,
        extension: None,
        is_by_comma: false,
        beside: Beside::Nothing,
        without_notes: None,
    };
    let is_begin = |c: char| c.is_ascii_digit() || c == '+';
    let Some(begin) = text.find(is_begin) else {
        return whole;
    };
    // A parenthesis that the number itself opens.
    let begin = match text[..begin].trim_end().strip_suffix('(') {
        Some(before) => before.len(),
        None => begin,
    };
    let label = text[..begin].trim();
    let end = begin + number_length(&text[begin..]);
    let (number, loose) = without_open_end(&text[begin..end]);
    let rest = &text[end - loose..];
    let Extension {
        digits: extension,
        is_by_comma,
        behind: rest,
    } = extension(rest);
    let behind = if extension.is_some() { "" } else { rest };
    let beside = match (has_letters(label), beside(rest)) {
        (true, Beside::Nothing) => Beside::Words(label),
        // Too short to be a number beside which there is another one: signs between digits that nobody knows.
        (_, Beside::SecondNumber) if digits(number) < SECOND_NUMBER => Beside::Unclear,
        (_, beside) => beside,
    };
    Written {
        number,
        extension,
        is_by_comma,
        without_notes: match beside {
            Beside::Nothing | Beside::Words(_) => notes::without_notes(label, number, behind),
            Beside::SecondNumber | Beside::Unclear => None,
        },
        beside,
    }
}

/// Bytes of the number that a text begins with: digits, a plus in front, and what people put between them.
fn number_length(text: &str) -> usize {
    let mut digits = 0;
    for (at, c) in text.char_indices() {
        match c {
            '0'..='9' => digits += 1,
            '+' if digits == 0 => {}
            '/' if digits > AREA_CODE => return at,
            c if is_separator(c) => {}
            _ => return at,
        }
    }
    text.len()
}

/// A number without separators at its end that belong to what follows, and their bytes. A closing parenthesis stays.
pub(super) fn without_open_end(number: &str) -> (&str, usize) {
    let is_open = |c: char| is_separator(c) && !matches!(c, ')' | ']');
    let kept = number.trim_end_matches(is_open);
    (kept, number.len() - kept.len())
}

/// What [`extension`] finds in a rest.
struct Extension<'t> {
    digits: Option<&'t str>,
    is_by_comma: bool,
    behind: &'t str,
}

/// The extension that a rest begins with, and what stands behind it.
fn extension(rest: &str) -> Extension<'_> {
    let found = |digits, behind, is_by_comma| Extension {
        digits,
        is_by_comma,
        behind,
    };
    let inner = rest.trim();
    if inner.is_empty() {
        return found(None, inner, false);
    }
    let inner = inner
        .strip_prefix('(')
        .and_then(|i| i.strip_suffix(')'))
        .unwrap_or(inner);
    let after_comma = inner.trim_start_matches([' ', ',', ';', '-', '/']);
    let lower = after_comma.to_lowercase();
    for mark in MARKS {
        // Where small letters have other bytes, no mark is looked for.
        let Some(behind) = (lower.len() == after_comma.len() && lower.starts_with(mark))
            .then(|| &after_comma[mark.len()..])
        else {
            continue;
        };
        let behind = behind.trim_start_matches([' ', '.', ':', '-', '=', '#', '\u{a0}']);
        if let Some((digits, behind)) = leading_digits(behind, EXTENSION) {
            return found(digits, behind, false);
        }
    }
    if inner.starts_with([',', ';'])
        && let Some((digits, "")) = leading_digits(after_comma, BEHIND_A_COMMA)
    {
        return found(digits, "", true);
    }
    found(None, rest, false)
}

/// So many digits at most that a text begins with, where no more digits follow them, and what stands behind.
fn leading_digits(text: &str, most: usize) -> Option<(Option<&str>, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, behind) = text.split_at(length);
    let is_end = !behind.chars().any(|c| c.is_ascii_digit());
    ((1..=most).contains(&length) && is_end).then_some((Some(digits), behind))
}

fn beside(rest: &str) -> Beside<'_> {
    let words = rest.trim_matches(|c: char| is_separator(c) || matches!(c, ',' | ';' | ':'));
    match digits(rest) {
        0 if words.is_empty() => Beside::Nothing,
        0 => Beside::Words(words),
        SECOND_NUMBER.. => Beside::SecondNumber,
        _ => Beside::Unclear,
    }
}

fn digits(text: &str) -> usize {
    text.chars().filter(|c| c.is_numeric()).count()
}

fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (&str, Option<&str>, Beside<'_>) {
        let written = cut(text);
        (written.number, written.extension, written.beside)
    }

    #[test]
    fn extensions_in_all_usual_spellings() {
        for (text, number, extension) in [
            ("(619) 555-0134 x12", "(619) 555-0134", "12"),
            ("397.884.0519x718", "397.884.0519", "718"),
            ("001-999-999-9999x99999", "001-999-999-9999", "99999"),
            ("619-555-0134 ext. 12", "619-555-0134", "12"),
            ("619-555-0134, Extension 12", "619-555-0134", "12"),
            ("619-555-0134 Ext: 12", "619-555-0134", "12"),
            ("619-555-0134 ext-12", "619-555-0134", "12"),
            ("619-555-0134,12", "619-555-0134", "12"),
            ("619-555-0134 #12", "619-555-0134", "12"),
            ("619-555-0134 (ext 12)", "619-555-0134", "12"),
            ("619-555-0134 extn 12", "619-555-0134", "12"),
            ("+1-619-555-0134;ext=12", "+1-619-555-0134", "12"),
            ("02 1234567 int 44", "02 1234567", "44"),
            ("02 1234567 int. 44", "02 1234567", "44"),
            ("030 123456 DW 12", "030 123456", "12"),
            ("030 123456 Durchwahl 12", "030 123456", "12"),
            ("030 123456 - Durchwahl: 12", "030 123456", "12"),
            ("01 42 68 53 00 poste 12", "01 42 68 53 00", "12"),
            ("+7 495 123-45-67 доб. 12", "+7 495 123-45-67", "12"),
        ] {
            assert_eq!(
                parts(text),
                (number, Some(extension), Beside::Nothing),
                "{text}"
            );
        }
    }

    #[test]
    fn words_and_other_numbers_are_no_part_of_the_number() {
        use Beside::{Nothing, SecondNumber, Unclear, Words};
        for (text, number, beside) in [
            ("619-555-0134", "619-555-0134", Nothing),
            ("tel:+1-619-555-0134", "+1-619-555-0134", Nothing),
            ("'0301234", "0301234", Nothing),
            ("(619) 555-0134", "(619) 555-0134", Nothing),
            ("+49 30 123456 mobil", "+49 30 123456", Words("mobil")),
            ("030 123456 (Max)", "030 123456", Words("Max")),
            ("+49 30 123456 Herr Ott", "+49 30 123456", Words("Herr Ott")),
            ("070 123 45 67 (Axel)", "070 123 45 67", Words("Axel")),
            ("Tel. 030 123456", "030 123456", Words("Tel.")),
            ("Mobil (0171) 1234567", "(0171) 1234567", Words("Mobil")),
            ("030 123456 or 030 654321", "030 123456", SecondNumber),
            ("030 123456, 030 654321", "030 123456", SecondNumber),
            ("030 123456 / 030 654321", "030 123456", SecondNumber),
            ("030 123456\n030 654321", "030 123456", SecondNumber),
            ("030 1234567/68", "030 1234567", Unclear),
            ("030 123456 Raum 12", "030 123456", Unclear),
            ("030 123456 x 12345678901", "030 123456", SecondNumber),
            ("030/123456", "030/123456", Nothing),
            ("+49/30/123456", "+49/30/123456", Nothing),
            ("030123/456", "030123/456", Nothing),
            ("0301234/56", "0301234", Unclear),
            ("030 123456+49", "030 123456", Unclear),
            ("217_555_0101", "217", Unclear),
            ("217,555,0101", "217", Unclear),
            ("x12", "12", Words("x")),
            ("call me", "call me", Nothing),
            ("Raum 12 030 1234567", "12 030 1234567", Words("Raum")),
            ("", "", Nothing),
        ] {
            assert_eq!(parts(text), (number, None, beside), "{text}");
        }
    }

    /// Of numbers without a fixed length, a note's digits would make another valid number.
    #[test]
    fn digits_of_a_note_are_none_of_the_number() {
        for note in [
            "(24/7) 030 1234567",
            "(9-17) 030 1234567",
            "(1) 030 1234567",
            "(24) 030 1234567",
            "2) 030 1234567",
            "1.) 030 1234567",
            "2. 030 1234567",
            "2 030 1234567",
            "030 123456 (9-17)",
            "030 1234567 (2)",
            "030 1234567 [2]",
            "030 1234567 (24h)",
            "030 1234567 (17 Uhr)",
            "030 1234567 (3 Max)",
            "0171 2345678 (1)",
            "030 1234567 8.30",
            "030 1234567 9-17",
            "030 1234567 9 - 17",
            "030 1234567 8.30-17.30",
            "030 1234567 9-17 Uhr",
            "030 1234567 17 Uhr",
            "030 12 34 56 17 Uhr",
            "030 1234567 24h",
            "030 1234567 24 h",
            "030 1234567 24 Std.",
            "030 1234567 2. Stock",
            "030 1234567 2x klingeln",
            "030 1234567 3 Max",
            "0301234567 3 Max",
            "030 1234567 12 Ext",
            "030 1234567 9 Mo",
            "+49 30 123456 2 Max",
            "+43 1 1234567 8-16 Uhr",
            "020 7946 0958 (9-5)",
            "01 42 68 53 00 9h",
            "02 1234567 (2) x12",
        ] {
            assert_ne!(cut(note).without_notes, None, "{note}");
        }
    }

    #[test]
    fn numbers_as_they_are_written_hold_no_notes() {
        for number in [
            "(030) 1234567",
            "[030] 1234567",
            "030) 1234567",
            "(030 1234567)",
            "(0171/1234567)",
            "(0 30) 1234567",
            "(0)30 1234567",
            "0 (30) 1234567",
            "+49 (0)30 1234567",
            "+49 (0) (30) 1234567",
            "+49 (30) 1234567",
            "(+49) 30 1234567",
            "(+49-30) 1234567",
            "0049 (0)30 1234567",
            "(0049) 30 1234567",
            "011 49 (30) 1234567",
            "+54 9 (11) 1234-5678",
            "8 (029) 123-45-67",
            "8 029 123-45-67",
            "8 (495) 123-45-67",
            "1 (619) 555-0134",
            "1-(619)-555-0134",
            "(1) 619 555 0134",
            "030/1234567-12",
            "030 1234567-0",
            "030 1234567 0",
            "030 1234567 10",
            "(030) 123 45-6",
            "040 12345 67-89",
            "06 1234 5678",
            "20 01 23 45",
        ] {
            assert_eq!(cut(number).beside, Beside::Nothing, "{number}");
            assert_eq!(cut(number).without_notes, None, "{number}");
        }
        for words in [
            "030 12 34 56 mobil",
            "070 123 45 67 Axel",
            "030 123 45-6 Max",
            "05551 1234 Max",
            "+49 35384 1234 Max",
            "020 7946 0958 Max",
            "07700 900 123 Bob",
            "030 1234567 0 Zentrale",
            "(619) 555-0134Home",
            "(Max 030 1234567)",
            "Tel. (030) 1234567",
            "Tel 20 01 23 45",
            "030 1234567-12 Max",
        ] {
            assert!(matches!(cut(words).beside, Beside::Words(_)), "{words}");
            assert_eq!(cut(words).without_notes, None, "{words}");
        }
    }

    #[test]
    fn an_extension_behind_a_comma_alone_is_told_apart() {
        for (text, is_by_comma) in [
            ("619-555-0134,12", true),
            ("030,123456", true),
            ("619-555-0134, ext. 12", false),
            ("619-555-0134;ext=12", false),
        ] {
            assert_eq!(cut(text).is_by_comma, is_by_comma, "{text}");
        }
    }
}
