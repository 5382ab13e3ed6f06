//! Texts whose ends show that nothing about them has to be looked for: nearly all of them.

use super::placeholder::{may_begin_one, placeholder};
use super::unsendable::LONGEST_TEXT;

/// What the first byte of a text says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum First {
    /// It may have to be trimmed, or begins a formula or a guard.
    Odd,
    /// It may stand for no value.
    Placeholder,
    Quiet,
}

const FIRST: [First; 256] = {
    let mut first = [First::Odd; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        first[byte as usize] = match byte {
            // A formula, a guard, or JSON.
            b'=' | b'\'' | b'`' | b'{' | b'[' => First::Odd,
            _ if may_begin_one(byte) => First::Placeholder,
            _ => First::Quiet,
        };
        byte += 1;
    }
    first
};

/// Whether a text of printable ASCII has nothing to trim, stands for a value, is no formula, has no guard, and is not too
/// long.
#[inline]
pub(super) fn is_quiet(text: &str) -> bool {
    let ([first, .., last] | [first @ last]) = text.as_bytes() else {
        return false;
    };
    let is_first_quiet = match FIRST[usize::from(*first)] {
        First::Quiet => true,
        First::Placeholder => placeholder(text).is_none(),
        First::Odd => false,
    };
    is_first_quiet && last.is_ascii_graphic() && text.len() <= LONGEST_TEXT
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::coerce::trim;
    use super::super::doubtful::oddity;
    use super::super::unsendable::unsendable;
    use super::*;

    #[test]
    fn whatever_has_to_be_looked_for_is_not_quiet() {
        for text in [
            "",
            " ",
            " a",
            "a ",
            "a\t",
            "\u{1}a",
            "=A1",
            "=",
            "'5",
            "'t Hart",
            "#N/A",
            "NULL",
            "null",
            "\\N",
            "Err:502",
            "###",
            "(null)",
            "undefined",
        ] {
            assert!(!is_quiet(text), "{text:?}");
        }
        for text in [
            "a", "-", "Nullsoft", "Erring", "N", "K-0", "####5", "(a)", "a = b", "x'",
        ] {
            assert!(is_quiet(text), "{text:?}");
        }
        assert!(is_quiet(&"a".repeat(LONGEST_TEXT)));
        assert!(!is_quiet(&"a".repeat(LONGEST_TEXT + 1)));
    }

    proptest! {
        /// What is quiet and plain goes past every look unchanged.
        #[test]
        fn nothing_would_have_been_found_in_a_quiet_text(text in "[ -~]{0,12}|[=#'NEnu(<\\[\\\\][ -~]{0,6}") {
            if is_quiet(&text) {
                prop_assert_eq!(trim(&text), (text.as_str(), false));
                prop_assert_eq!(placeholder(&text), None);
                prop_assert_eq!(oddity(&text), None);
                prop_assert_eq!(unsendable(&text), None);
            }
        }
    }
}
