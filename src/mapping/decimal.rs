//! Whole numbers that programs have written with a decimal point.

/// `1001.0`, `1001,00`: a whole number as programs write one that they keep with a decimal point, such as a column of
/// numbers with gaps. Three zeros may be thousands.
#[must_use]
pub fn is_decimal_whole(text: &str) -> bool {
    let bytes = text.as_bytes();
    // Nearly all texts end otherwise.
    if bytes.last() != Some(&b'0') || bytes.len() > 40 {
        return false;
    }
    let Some(point) = bytes.iter().rposition(|b| *b != b'0') else {
        return false;
    };
    let (digits, zeros) = (&bytes[..point], bytes.len() - point - 1);
    matches!(bytes[point], b'.' | b',')
        && zeros != 3
        && !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
}

/// `12` of `12.0`: a spreadsheet's way to write a whole number.
pub(super) fn whole(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_with_a_decimal_point_are_seen() {
        for text in [
            "1001.0",
            "1001.00",
            "1001,0",
            "0.0",
            "007.0",
            "4915123456789.0",
        ] {
            assert!(is_decimal_whole(text), "{text}");
        }
        for text in [
            "", "0", "1000", "1.000", "1,000", "1001.", ".0", "1001.5", "1001.50", "1.0.0", "A1.0",
            "+1.0", "-1.0", "1 001.0", "v2.0",
        ] {
            assert!(!is_decimal_whole(text), "{text}");
        }
    }
}
