//! Texts about which something is odd, and which are sent as they are written all the same: reported.

use std::borrow::Cow;

use super::target::Target;
use crate::diagnostic::Code;
use crate::partner::Finding;
use crate::source::is_double_encoded;

/// What is odd about a trimmed text.
pub(super) fn doubtful(target: Target<'_>, text: &str) -> Option<Finding> {
    let (code, message) = oddity(text)?;
    Some(target.finding(code, message).with_value(text))
}

/// The same without a field: code and message.
pub(super) fn oddity(text: &str) -> Option<(Code, &'static str)> {
    Some(if is_double_encoded(text) {
        (
            Code::TextDoubleEncoded,
            "The value looks like UTF-8 that was read in another encoding before it was exported; it is sent as written.",
        )
    } else if is_formula(text) {
        (
            Code::TextFormula,
            "The value is a spreadsheet formula, which is not evaluated; it is sent as written.",
        )
    } else if is_perhaps_guarded(text) {
        (
            Code::TextGuard,
            "The value begins with an apostrophe that may be a mark for text or a quote; it is sent as written.",
        )
    } else if is_json(text) {
        (
            Code::TextJson,
            "The value is JSON, as programs write lists and records; it is sent as written.",
        )
    } else {
        return None;
    })
}

/// Whether a text is a list or a record of JSON with something in it.
fn is_json(text: &str) -> bool {
    let is_closed = match text.as_bytes() {
        [b'{', .., b'}'] => text.contains('"'),
        [b'[', inner, .., b']'] => matches!(inner, b'"' | b'{' | b'['),
        _ => false,
    };
    is_closed && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

/// Whether a text begins as a formula does, and has a call, a text, an operator or a reference in it.
fn is_formula(text: &str) -> bool {
    let Some(formula) = text.strip_prefix('=') else {
        return false;
    };
    // What Excel makes of it is a number without its zeros.
    if !formula.is_empty() && formula.bytes().all(|b| b.is_ascii_digit()) {
        return true;
    }
    let has_sign = formula.contains(['(', '"', '&', '*', '/', '+', '!']);
    let letters = formula.bytes().take_while(u8::is_ascii_uppercase).count();
    let digits = &formula[letters..];
    let is_reference = (1..=3).contains(&letters)
        && !digits.is_empty()
        && digits.bytes().all(|b| b.is_ascii_digit());
    has_sign || is_reference
}

/// Whether a text begins with an apostrophe before a digit, or stands between two: where the first surely is a guard, the
/// reader has taken it off.
fn is_perhaps_guarded(text: &str) -> bool {
    // A mark that was typed on the wrong key.
    if let Some(rest) = text.strip_prefix(['`', '´']) {
        return rest.starts_with(|c: char| c.is_ascii_digit());
    }
    let Some(rest) = text.strip_prefix('\'') else {
        return false;
    };
    let marks = |c| c == '\'';
    rest.trim_start_matches(marks)
        .starts_with(|c: char| c.is_ascii_digit())
        || (rest.len() > 1 && rest.ends_with('\''))
}

/// A text whose line breaks are `\n`, `\r\n` or `\r`: `FileMaker` writes U+000B, others U+0085, U+2028 or U+2029. U+0085 at
/// an end breaks no line: it may be the … of another encoding, and stays, to be refused.
pub(super) fn usual_line_breaks(text: &str) -> Cow<'_, str> {
    let is_break = |c: char| matches!(c, '\u{b}' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let is_doubtful = text.starts_with('\u{85}') || text.ends_with('\u{85}');
    if text.contains(is_break) && !is_doubtful {
        Cow::Owned(text.replace(is_break, "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_and_apostrophes_are_told_apart_from_names() {
        for (text, formula, guard) in [
            ("=SUM(A1:A9)", true, false),
            ("=A1", true, false),
            ("=HYPERLINK(\"x\",\"Acme\")", true, false),
            ("=\"a\"&\"b\"", true, false),
            ("=1+2", true, false),
            ("=00123", true, false),
            ("`00123", false, true),
            ("´00123", false, true),
            ("''00123", false, true),
            ("`Beta`", false, false),
            ("=mc2 GmbH", false, false),
            ("=", false, false),
            ("=123", true, false),
            ("=AB cd", false, false),
            ("=AB", false, false),
            ("=ABCD1", false, false),
            ("=ABC12", true, false),
            ("A=B(c)", false, false),
            ("'47 Brand", false, true),
            ("'t Hart", false, false),
            ("'47'", false, true),
            ("'Beta'", false, true),
            ("''", false, false),
        ] {
            assert_eq!(
                (is_formula(text), is_perhaps_guarded(text)),
                (formula, guard),
                "{text}"
            );
        }
    }

    #[test]
    fn line_breaks_of_other_programs_become_usual_ones() {
        assert_eq!(
            usual_line_breaks("a\u{b}b\u{85}c\u{2028}d\u{2029}e\r\nf"),
            "a\nb\nc\nd\ne\r\nf"
        );
        assert!(matches!(usual_line_breaks("a\nb"), Cow::Borrowed(_)));
        assert_eq!(usual_line_breaks("Firma\u{85}"), "Firma\u{85}");
        assert_eq!(usual_line_breaks("\u{85}a\u{b}b"), "\u{85}a\u{b}b");
    }
}
