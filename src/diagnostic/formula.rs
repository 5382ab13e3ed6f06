//! Cells of our own CSV files that no spreadsheet takes for a formula, and back again.
//!
//! Source: OWASP, "CSV Injection": a cell that begins with one of these characters may be computed.

use std::borrow::Cow;

/// What begins a formula.
const BEGINS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];
/// What is put before it, as a person does in Excel.
const GUARD: char = '\'';

/// The headers of the guarded files that can be fed back: `created.csv`, `plan.csv`, `partners list --format csv` and
/// `state export`.
const HEADERS: [&[&str]; 4] = [
    &["key", "legacyIdentifier", "partnerId"],
    &[
        "file",
        "row",
        "key",
        "legacyIdentifier",
        "would_be",
        "partnerId",
    ],
    &[
        "id",
        "legacyIdentifier",
        "businessName",
        "displayName",
        "status",
        "partnerStatus",
        "createdAt",
    ],
    &[
        "target",
        "mapping",
        "key",
        "legacyIdentifier",
        "partnerId",
        "since",
    ],
];

/// Whether a text is computed, once apostrophes before it are taken off.
fn begins_formula(text: &str) -> bool {
    text.trim_start_matches(GUARD).starts_with(BEGINS)
}

/// The text as it can stand in a file that a spreadsheet opens. What has a guard already gets another, so that
/// [`unguarded`] gives back every text.
#[must_use]
pub fn guarded(text: &str) -> Cow<'_, str> {
    if begins_formula(text) {
        Cow::Owned(format!("{GUARD}{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text without its guard.
#[must_use]
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix(GUARD) {
        Some(rest) if begins_formula(rest) => rest,
        _ => text,
    }
}

/// Whether a table with these columns is one that we wrote with guards.
#[must_use]
pub fn is_guarded_header(names: &[String]) -> bool {
    HEADERS.iter().any(|header| *header == names)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_formula_is_guarded_and_nothing_else() {
        for (text, as_written) in [
            ("=1+1", "'=1+1"),
            ("+49 30", "'+49 30"),
            ("-", "'-"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("\rx", "'\rx"),
            ("'=1", "''=1"),
            ("", ""),
            ("A=1", "A=1"),
            ("'n Beetje", "'n Beetje"),
            ("''", "''"),
        ] {
            assert_eq!(guarded(text), as_written);
        }
    }

    proptest! {
        #[test]
        fn a_guard_comes_off_again(text in "['=+@\t\ra-]{0,6}") {
            let written = guarded(&text);
            prop_assert!(!written.starts_with(BEGINS));
            prop_assert_eq!(unguarded(&written), text.as_str());
        }
    }
}
