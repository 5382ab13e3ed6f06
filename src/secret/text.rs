//! A text as a search sees it: letters and digits alone, in lower case, whatever stands between them or encodes them.

use std::ops::Range;

/// A letter or digit of a text, and the bytes that it was written with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sign {
    /// In lower case.
    pub(super) what: char,
    pub(super) at: Range<usize>,
}

/// How a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// Each character is what it is.
    AsWritten,
    /// `\u0031`, `%31` and `&#49;` are what they stand for, and what stands for no letter or digit separates, as `%20` and
    /// `&nbsp;` do: an error message may quote a body, an address or a page.
    Decoded,
}

/// The letters and digits of a text, in their order.
pub(super) fn signs(text: &str, reading: Reading) -> Vec<Sign> {
    let mut signs = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let escaped = match reading {
            Reading::Decoded => escaped(&text[at..]),
            Reading::AsWritten => None,
        };
        let (what, length) = escaped.unwrap_or((first, first.len_utf8()));
        if what.is_alphanumeric() {
            signs.push(Sign {
                what: folded(what),
                at: at..at + length,
            });
        }
        at += length;
    }
    signs
}

/// The same of a value that is looked for.
pub(super) fn letters_and_digits(value: &str) -> Vec<char> {
    let all = value.chars().filter(|c| c.is_alphanumeric());
    all.map(folded).collect()
}

/// In lower case; wide digits as the plain ones.
fn folded(c: char) -> char {
    match c {
        '\u{ff10}'..='\u{ff19}' => char::from_digit(u32::from(c) - 0xff10, 10).unwrap_or(c),
        c => c.to_lowercase().next().unwrap_or(c),
    }
}

/// What an escape at the beginning of a text stands for, and its bytes.
fn escaped(text: &str) -> Option<(char, usize)> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'\\' => match bytes.get(1)? {
            b'u' => Some((number(text.get(2..6)?, 16)?, 6)),
            b'n' | b'r' | b't' => Some((' ', 2)),
            _ => None,
        },
        b'%' => Some((number(text.get(1..3)?, 16)?, 3)),
        b'&' => {
            let end = bytes.iter().take(10).position(|b| *b == b';')?;
            let name = text.get(1..end)?;
            let what = match name.strip_prefix('#') {
                Some(digits) => match digits.strip_prefix(['x', 'X']) {
                    Some(hex) => number(hex, 16)?,
                    None => number(digits, 10)?,
                },
                None if name.bytes().all(|b| b.is_ascii_alphabetic()) => ' ',
                None => return None,
            };
            Some((what, end + 1))
        }
        _ => None,
    }
}

fn number(digits: &str, radix: u32) -> Option<char> {
    let is_plain = digits.bytes().all(|b| b.is_ascii_alphanumeric());
    let code = u32::from_str_radix(digits, radix)
        .ok()
        .filter(|_| is_plain)?;
    // A half of a surrogate pair separates.
    Some(char::from_u32(code).unwrap_or(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_digits_are_found_however_they_are_written() {
        for (text, seen) in [
            ("", ""),
            ("DE89 3704-0044", "de8937040044"),
            ("021\u{a0}000\u{2011}021", "021000021"),
            (r"9876\u00a05432", "98765432"),
            (r"\u0039876", "9876"),
            ("9876%205432%2D1%30", "9876543210"),
            ("9876&nbsp;5432&#49;&#x30;", "9876543210"),
            (r"98\n76", "9876"),
            ("\u{ff11}\u{ff12}", "12"),
            ("100% of A&B; 5 %", "100ofa5"),
            (r"C:\users", "cusers"),
            (r"\u12", "u12"),
            ("%+1", "1"),
            ("Ä%C3%A4", "äã¤".trim_end_matches('¤')),
        ] {
            let found: String = signs(text, Reading::Decoded)
                .iter()
                .map(|s| s.what)
                .collect();
            assert_eq!(found, seen, "{text}");
            for sign in signs(text, Reading::Decoded) {
                assert!(text.get(sign.at).is_some(), "{text}");
            }
        }
    }
}
