//! Cells that are something else than their parser takes them for, by their number format: with zeros in front that the
//! format shows, or a number where the parser sees a date. Of an old workbook, whose parser knows formats of its own only
//! by some numbers, also a date where it sees a number.

use std::collections::HashMap;

use calamine::{ExcelDateTime, ExcelDateTimeType};

use super::number_format::{Meaning, built_in, has_other_letters, meaning};
use super::padding::Padding;
use super::value::Value;

/// How the number of a cell is to be taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Look {
    Means(Meaning),
    /// With zeros in front.
    Padded(Padding),
}

impl Look {
    /// The look of a format of an XLSX workbook, whose parser knows all of them and takes too many for dates.
    pub(super) fn of_code(code: &str) -> Option<Self> {
        if let Some(padding) = Padding::of(code) {
            return Some(Look::Padded(padding));
        }
        // It is what the parser calls a built-in format of which it has no code, too.
        let is_general = code.eq_ignore_ascii_case("general");
        (!is_general && has_other_letters(code)).then_some(Look::Means(Meaning::Number))
    }

    /// The look of a format that an XLSB workbook names under this number: the parser takes a number of Excel's own dates
    /// for one, whatever the workbook says.
    pub(super) fn beside_built_in(id: u16, code: &str) -> Option<Self> {
        if let Some(padding) = Padding::of(code) {
            return Some(Look::Padded(padding));
        }
        let says = meaning(code);
        match built_in(id) {
            Meaning::Number => Self::of_code(code),
            known => (says != known).then_some(Look::Means(says)),
        }
    }

    /// The value of a cell as its format says; `shown` holds a text that is made.
    pub(super) fn take<'v>(
        &self,
        value: Value<'v>,
        from_1904: bool,
        shown: &'v mut String,
    ) -> Value<'v> {
        let number = match value {
            Value::Number(n) => n,
            Value::DateTime(days) => days.as_f64(),
            other => return other,
        };
        let dated = |kind| Value::DateTime(ExcelDateTime::new(number, kind, from_1904));
        match self {
            Look::Means(Meaning::Number) => Value::Number(number),
            Look::Means(Meaning::Date) => dated(ExcelDateTimeType::DateTime),
            Look::Means(Meaning::Duration) => dated(ExcelDateTimeType::TimeDelta),
            Look::Padded(padding) => match padding.show(number) {
                Some(text) => {
                    *shown = text;
                    Value::Text(shown)
                }
                None => Value::Number(number),
            },
        }
    }
}

/// The looks of an old workbook's cells.
#[derive(Debug, Default)]
pub(super) struct Looks {
    /// Formats of its own, by their numbers.
    codes: HashMap<u16, String>,
    /// For each cell style, in order: the number of its format.
    styles: Vec<u16>,
    from_1904: bool,
    /// By the place of a sheet in the stream: the looks of the cells that need one, by row and column from 0.
    sheets: HashMap<usize, HashMap<(u32, u32), Look>>,
}

impl Looks {
    pub(super) fn add_format(&mut self, id: u16, code: String) {
        self.codes.insert(id, code);
    }

    pub(super) fn add_style(&mut self, format: u16) {
        self.styles.push(format);
    }

    pub(super) fn count_from_1904(&mut self) {
        self.from_1904 = true;
    }

    /// Takes a cell with a number in.
    pub(super) fn add_cell(&mut self, sheet: usize, row: u16, column: u16, style: u16) {
        let format = self.styles.get(usize::from(style));
        if let Some(look) = format.and_then(|id| self.look(*id)) {
            let place = (u32::from(row), u32::from(column));
            self.sheets.entry(sheet).or_default().insert(place, look);
        }
    }

    /// How the numbers of a format are to be taken, where the workbook itself says what it is.
    fn look(&self, format: u16) -> Option<Look> {
        let code = self.codes.get(&format)?;
        if let Some(padding) = Padding::of(code) {
            return Some(Look::Padded(padding));
        }
        match format {
            // These the parser reads itself, as it does those of an XLSX workbook.
            5..=8 | 23..=26 | 41..=44 | 63..=66 | 164..=382 => Look::of_code(code),
            _ => {
                let says = meaning(code);
                (says != built_in(format)).then_some(Look::Means(says))
            }
        }
    }

    /// The looks of one sheet's cells.
    pub(super) fn of_sheet(mut self, sheet: usize) -> SheetLooks {
        SheetLooks {
            cells: self.sheets.remove(&sheet).unwrap_or_default(),
            from_1904: self.from_1904,
        }
    }
}

/// The looks of one sheet's cells, by row and column from 0.
#[derive(Debug, Default)]
pub(super) struct SheetLooks {
    cells: HashMap<(u32, u32), Look>,
    from_1904: bool,
}

impl SheetLooks {
    /// The value of a cell as its format says; `shown` holds a text that is made.
    pub(super) fn take<'v>(
        &self,
        row: u32,
        column: u32,
        value: Value<'v>,
        shown: &'v mut String,
    ) -> Value<'v> {
        match self.cells.get(&(row, column)) {
            Some(look) => look.take(value, self.from_1904, shown),
            None => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A format that the parser reads as the workbook says needs no look.
    #[test]
    fn looks_are_for_formats_that_the_parser_does_not_know() {
        let mut looks = Looks::default();
        let padded = |code| Padding::of(code).map(Look::Padded);
        for (id, code, look) in [
            (50, "000000000000", padded("000000000000")),
            (14, "0", Some(Look::Means(Meaning::Number))),
            (14, "TT.MM.JJJJ", None),
            (2, "dd.mm.yyyy", Some(Look::Means(Meaning::Date))),
            (2, "0.00", None),
            (164, "yyyy-mm-dd", None),
            (164, "Standard", Some(Look::Means(Meaning::Number))),
            (164, "00000", padded("00000")),
            (164, "[h]:mm", None),
            (164, "General", None),
            (8, "0.00", None),
            (383, "[h]:mm", Some(Look::Means(Meaning::Duration))),
            (400, "yyyy-mm-dd", Some(Look::Means(Meaning::Date))),
        ] {
            looks.add_format(id, code.to_owned());
            assert_eq!(looks.look(id), look, "{id} {code}");
        }
        assert_eq!(looks.look(15), None);
    }
}
