//! Digits, letters and dashes of other keyboards, as ASCII has them: `２０２６` and `٢٠٢٦` are 2026.

use std::borrow::Cow;

/// The zeros of the scripts whose ten digits follow one another. Source: Unicode 16, general category Nd, of scripts in
/// use today.
const ZEROS: [char; 18] = [
    '٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '๐', '໐', '༠', '၀', '០', '０',
];

/// What a full-width sign is less than its ASCII one. Source: Unicode block "Halfwidth and Fullwidth Forms".
const FULL_WIDTH: u32 = 0xfee0;

/// A text with its decimal digits, its full-width letters and signs, and its dashes as ASCII.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.chars().any(|c| plain_char(c) != c) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(plain_char).collect())
}

/// One character of it.
fn plain_char(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - FULL_WIDTH).unwrap_or(c),
        '\u{3000}' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' => '-',
        '\u{660}'.. => digit(c),
        _ => c,
    }
}

fn digit(c: char) -> char {
    let of = |zero: &char| u32::from(c).checked_sub(u32::from(*zero));
    let value = ZEROS.iter().filter_map(of).find(|value| *value < 10);
    value
        .and_then(|value| char::from_digit(value, 10))
        .unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_letters_and_dashes_of_other_keyboards_are_read() {
        for (text, ascii) in [
            ("２０２６－０３－０４", "2026-03-04"),
            ("٢٠٢٦/٠٣/٠٤", "2026/03/04"),
            ("०४।०३", "04।03"),
            ("๒๕๖๙", "2569"),
            ("2026–03—04", "2026-03-04"),
            ("ＹＥＳ　ｏｋ", "YES ok"),
            ("Müller 日本", "Müller 日本"),
            ("2026-03-04", "2026-03-04"),
        ] {
            assert_eq!(plain(text), ascii, "{text}");
        }
        for zero in ZEROS {
            for value in 0..10 {
                let c = char::from_u32(u32::from(zero) + value).unwrap();
                assert_eq!(plain_char(c).to_digit(10), Some(value), "{c}");
                assert!(c.is_numeric());
            }
            let before = char::from_u32(u32::from(zero) - 1).unwrap();
            assert!(!plain_char(before).is_ascii_digit(), "{before}");
        }
    }
}
