//! Keys that are numbers of a workbook: whether they have lost zeros can be told only from all keys together.
//!
//! A number is shown as it is, and most keys are such numbers: nothing is wrong with 1 to 500. But where other keys of
//! the column are texts of digits, or have more digits than the numbers in between can explain, somebody typed `00123`
//! and the workbook holds 123.

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
}

impl NumberKeys {
    /// Takes a cell in; true where it is a number.
    pub(super) fn add(&mut self, cell: Cell<'_>) -> bool {
        match cell {
            Cell::Number(n) => {
                self.numbers += 1;
                self.largest = self.largest.max(n);
                true
            }
            Cell::Text(text) => {
                // One is enough.
                if !self.has_digit_texts {
                    let text = text.trim();
                    self.has_digit_texts =
                        !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
                }
                false
            }
            _ => false,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.numbers += other.numbers;
        self.largest = self.largest.max(other.largest);
        self.has_digit_texts |= other.has_digit_texts;
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
}
