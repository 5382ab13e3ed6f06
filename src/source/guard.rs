//! What a text file puts around a value so that a spreadsheet takes it for text: no part of the value.

/// A text without its guard: `="00123"` is 00123, and so is `'00123`.
///
/// A formula is taken for a guard only where it is one text constant and nothing else. An apostrophe is one only before what
/// a spreadsheet would change: `=`, `+`, `-`, `@` and tabs, before which programs put it against formulas, and a word that
/// begins with a digit. Before letters it is a part of names: `'t Hart`, `'s-Hertogenbosch`, `'47 Brand`.
#[inline]
#[must_use]
pub(super) fn without_guard(text: &str) -> &str {
    match text.as_bytes() {
        // Nearly all texts begin otherwise.
        [b'=' | b'\'', ..] => without_any_guard(text),
        _ => text,
    }
}

fn without_any_guard(text: &str) -> &str {
    match text.as_bytes() {
        [b'=', b'"', inner @ .., b'"'] if !inner.contains(&b'"') => &text[2..text.len() - 1],
        [b'\'', b'=' | b'+' | b'-' | b'@' | b'\t', .., last] if *last != b'\'' => &text[1..],
        [b'\'', rest @ ..] if is_number_like(rest) => &text[1..],
        _ => text,
    }
}

/// Whether a text begins with a digit, and is one word or has no letters.
fn is_number_like(text: &[u8]) -> bool {
    let is_of_word = |b: &u8| b.is_ascii_alphanumeric() || b"-_./:,+()".contains(b);
    let has_no_letters =
        |b: &u8| !b.is_ascii_alphabetic() && b.is_ascii_graphic() && *b != b'\'' || *b == b' ';
    text.first().is_some_and(u8::is_ascii_digit)
        && (text.iter().all(is_of_word) || text.iter().all(has_no_letters))
}

#[cfg(test)]
mod tests {
    use super::without_guard;

    #[test]
    fn guards_are_taken_off_and_nothing_else() {
        for (text, value) in [
            ("=\"00123\"", "00123"),
            ("=\"1 Main St\"", "1 Main St"),
            ("=\"\"", ""),
            ("'00123", "00123"),
            ("'0A-12", "0A-12"),
            ("'1E5", "1E5"),
            ("'+49 30 123", "+49 30 123"),
            ("'-5", "-5"),
            ("'@home", "@home"),
            ("'=1+2", "=1+2"),
            ("'2026-03-04 10:15", "2026-03-04 10:15"),
            ("'(030) 5", "'(030) 5"),
        ] {
            assert_eq!(without_guard(text), value, "{text}");
        }
        for same in [
            "",
            "'",
            "''",
            "'t Hart",
            "'s-Hertogenbosch",
            "'47 Brand",
            "'Beta'",
            "'123'",
            "'1 a'",
            "=\"a\"&\"b\"",
            "=\"5\"\" pipe\"",
            "=A1",
            "=\"",
            "O'Brien",
            "'\u{e9}",
            "'-x'",
            "00123",
        ] {
            assert_eq!(without_guard(same), same);
        }
    }
}
