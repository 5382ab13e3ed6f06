//! How a cell's value and a number are shown to people.

use std::fmt::Write as _;

/// `value` on one line, control characters shown as escapes, cut at `limit` characters.
#[must_use]
pub fn visible(value: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(value.len().min(limit));
    for (count, c) in value.chars().enumerate() {
        if count == limit {
            shown.push('…');
            break;
        }
        if c.is_control() {
            let _ = write!(shown, "{}", c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// A number with its thousands apart: `17,204`.
#[must_use]
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// A number and what it counts: `1 row`, `2,300 rows`.
#[must_use]
pub fn counted(n: u64, noun: &str) -> String {
    match n {
        1 => format!("1 {noun}"),
        n => format!("{} {noun}s", thousands(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        for (n, text) in [
            (0, "0 rows"),
            (1, "1 row"),
            (2, "2 rows"),
            (1_200, "1,200 rows"),
        ] {
            assert_eq!(counted(n, "row"), text);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(n), text);
        }
    }
}
