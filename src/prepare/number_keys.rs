//! Keys that are numbers of a workbook: whether they have lost zeros shows only in all keys together.
//!
//! A number is shown as it is, and most keys are such numbers: nothing is wrong with 1 to 500. But where other keys of
//! the column are texts of digits, or have more digits than the numbers in between can explain, somebody typed `00123`
//! and the workbook holds 123.

use crate::mapping::is_decimal_whole;
use crate::source::Cell;

/// Numbers that leave more room between them than this are no running numbers: they have as many digits as somebody
/// gave them.
const ROOM: f64 = 100.0;

/// What the numbers of a key column are, over a file.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct NumberKeys {
    numbers: u32,
    largest: f64,
    /// A text of digits only stands among them.
    has_digit_texts: bool,
    /// A text like `1001.0`,
    has_decimals: bool,
    /// and one like `1.1`: numbers of chapters, of which some end with a zero.
    has_fractions: bool,
}

impl NumberKeys {
    /// Takes a cell in; true where it is a number, or a text that may be one with a decimal point.
    pub(super) fn add(&mut self, cell: Cell<'_>) -> bool {
        match cell {
            Cell::Number(n) => {
                self.numbers += 1;
                self.largest = self.largest.max(n);
                true
            }
            Cell::Text(text) => {
                let text = text.trim();
                let is_of = |is_one: fn(u8) -> bool| !text.is_empty() && text.bytes().all(is_one);
                if self.has_digit_texts && !text.bytes().any(|b| matches!(b, b'.' | b',')) {
                    return false;
                }
                if is_of(|b| b.is_ascii_digit()) {
                    self.has_digit_texts = true;
                    return false;
                }
                let is_decimal = is_decimal_whole(text);
                self.has_decimals |= is_decimal;
                self.has_fractions |=
                    !is_decimal && is_of(|b| b.is_ascii_digit() || matches!(b, b'.' | b','));
                is_decimal
            }
            _ => false,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.numbers += other.numbers;
        self.largest = self.largest.max(other.largest);
        self.has_digit_texts |= other.has_digit_texts;
        self.has_decimals |= other.has_decimals;
        self.has_fractions |= other.has_fractions;
    }

    /// Whether texts like `1001.0` are whole numbers of which a program made others: nothing else stands behind a point.
    pub(super) fn were_whole(&self) -> bool {
        self.has_decimals && !self.has_fractions
    }

    /// Whether any number may have lost zeros.
    pub(super) fn are_suspicious(&self) -> bool {
        self.numbers > 0 && (self.has_digit_texts || self.largest > f64::from(self.numbers) * ROOM)
    }

    /// Whether this one may have.
    pub(super) fn is_suspicious(&self, n: f64) -> bool {
        self.are_suspicious() && (self.has_digit_texts || digits(n) < digits(self.largest))
    }
}

/// Digits before the point.
fn digits(n: f64) -> usize {
    crate::source::number_text(n.abs().trunc()).len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cells: &[Cell<'_>]) -> NumberKeys {
        let mut all = NumberKeys::default();
        for cell in cells {
            let mut one = NumberKeys::default();
            one.add(*cell);
            all.merge(&one);
        }
        all
    }

    #[test]
    fn shorter_numbers_are_suspicious_unless_they_run() {
        let running: Vec<Cell<'_>> = (1..=500).map(|n| Cell::Number(f64::from(n))).collect();
        assert!(!of(&running).are_suspicious());
        let long = of(&[Cell::Number(158_291_753_387_385_200.0), Cell::Number(123.0)]);
        assert!(long.is_suspicious(123.0));
        assert!(!long.is_suspicious(158_291_753_387_385_200.0));
        // As many digits as the longest: nothing is gone that another one has.
        let even = of(&[Cell::Number(70_123.0), Cell::Number(80_456.0)]);
        assert!(even.are_suspicious() && !even.is_suspicious(70_123.0));
        let mixed = of(&[Cell::Text(" 00123 "), Cell::Number(1.0), Cell::Number(2.0)]);
        assert!(mixed.is_suspicious(2.0));
        let lettered = of(&[Cell::Text("A-7"), Cell::Text(" "), Cell::Number(1.0)]);
        assert!(!lettered.are_suspicious());
        assert!(!of(&[Cell::Text("00123")]).are_suspicious());
    }

    #[test]
    fn keys_that_end_with_a_point_and_a_zero_were_whole_unless_others_have_fractions() {
        for (keys, were_whole) in [
            (&["1001.0", "1002.0"][..], true),
            (&["1001", "1002.0"], true),
            (&["A-7", " 1002.00 "], true),
            (&["1.0", "1.1", "2.0"], false),
            (&["1.0", "1.0.1"], false),
            (&["1001", "1002"], false),
            (&["1.000", "2.000"], false),
            (&["A.0", ""], false),
        ] {
            let cells: Vec<Cell<'_>> = keys.iter().map(|key| Cell::Text(key)).collect();
            assert_eq!(of(&cells).were_whole(), were_whole, "{keys:?}");
        }
    }
}
