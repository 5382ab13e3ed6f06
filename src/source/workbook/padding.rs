//! Zeros that a number format shows and the cell does not hold: `00000` makes 02139 of the number 2139.

/// A number format of zeros, number signs and fixed characters, from left to right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Padding {
    parts: Vec<Part>,
    digits: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A digit, shown as 0 where the number has none there.
    Zero,
    /// A character as it is.
    Fixed(char),
}

impl Padding {
    /// The padding of a number format; none where the format does something else, or pads nothing.
    ///
    /// Source: ECMA-376 part 1, 18.8.31, number format codes.
    pub(super) fn of(code: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut chars = code.chars();
        while let Some(c) = chars.next() {
            match c {
                '0' => parts.push(Part::Zero),
                '-' | ' ' | '(' | ')' | '/' => parts.push(Part::Fixed(c)),
                '\\' => parts.push(Part::Fixed(chars.next()?)),
                '"' => loop {
                    match chars.next()? {
                        '"' => break,
                        c => parts.push(Part::Fixed(c)),
                    }
                },
                // Sections, conditions, decimals, percent, exponents, dates: shown otherwise.
                _ => return None,
            }
        }
        let digits = parts.iter().filter(|p| **p == Part::Zero).count();
        (digits > 1).then_some(Self { parts, digits })
    }

    /// What a spreadsheet shows for `n`; none where `n` is no whole number, or too long for the format.
    pub(super) fn show(&self, n: f64) -> Option<String> {
        if n < 0.0 || n.fract() != 0.0 || n >= 1e15 {
            return None;
        }
        let bare = crate::source::cell::number_text(n);
        if bare.len() > self.digits {
            return None;
        }
        let mut digits = std::iter::repeat_n('0', self.digits - bare.len()).chain(bare.chars());
        self.parts
            .iter()
            .map(|part| match part {
                Part::Zero => digits.next(),
                Part::Fixed(c) => Some(*c),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Padding;

    #[test]
    fn formats_of_zeros_give_their_zeros_back() {
        for (code, n, shown) in [
            ("00000", 2139.0, Some("02139")),
            ("00000", 90210.0, Some("90210")),
            ("00000", 123_456.0, None),
            ("00000\\-0000", 21_391_234.0, Some("02139-1234")),
            ("000\\-00\\-0000", 12_345_678.0, Some("012-34-5678")),
            ("\"A-\"000", 7.0, Some("A-007")),
            ("00000", 2139.5, None),
            ("00000", -1.0, None),
            ("0", 7.0, None),
            ("General", 7.0, None),
            ("#,##0", 7000.0, None),
            ("0.00", 7.0, None),
            ("0%", 7.0, None),
            ("yyyy-mm-dd", 7.0, None),
            ("0\\", 7.0, None),
            ("00\"", 7.0, None),
        ] {
            assert_eq!(
                Padding::of(code).and_then(|p| p.show(n)).as_deref(),
                shown,
                "{code} {n}"
            );
        }
    }
}
