//! Totals rows of a sheet's tables: the workbook itself says which rows these are.

use super::package::Package;
use super::xml::Tag;

/// Tables of a sheet that are looked at.
const MOST_TABLES: usize = 100;

/// A table with totals rows: all rows from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals {
    /// Its first row, which is its header.
    top: u64,
    /// The last rows that are no totals, and that are.
    data_end: u64,
    end: u64,
}

impl Totals {
    /// From a table's tag. Source: ECMA-376 part 1, 18.5.1.2.
    fn of(tag: Tag<'_>) -> Option<Self> {
        let count: u64 = tag.attribute("totalsRowCount")?.parse().ok()?;
        let place = tag.attribute("ref")?;
        let (from, to) = place.split_once(':')?;
        let row = |place: &str| -> Option<u64> {
            let digits = place.trim_start_matches(|c: char| !c.is_ascii_digit());
            digits.parse().ok()
        };
        let (top, end) = (row(from)?, row(to)?);
        let data_end = end.checked_sub(count)?;
        (count > 0 && data_end >= top).then_some(Self { top, data_end, end })
    }
}

/// The numbers of totals rows of tables that begin in the header's row, ascending: another table of the sheet, beside
/// or below, says nothing about the rows that are read.
pub(super) fn totals_rows(tables: &[Totals], header_row: u64) -> Vec<u64> {
    let of_table = tables.iter().filter(|table| table.top == header_row);
    let mut rows: Vec<u64> = of_table.flat_map(|t| t.data_end + 1..=t.end).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

impl Package {
    /// The tables with totals rows of a sheet of an XLSX workbook; none where they cannot be read.
    pub(super) fn tables_with_totals(&mut self, sheet: &str) -> Vec<Totals> {
        let Some(part) = self.sheet_part(sheet) else {
            return Vec::new();
        };
        let mut tables = Vec::new();
        for target in self.targets(part, "/table").into_iter().take(MOST_TABLES) {
            let found = self.find(target, |tag| {
                (tag.name().local() == "table").then(|| Totals::of(tag))
            });
            tables.extend(found.flatten());
        }
        tables
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tables_of_the_header_count() {
        let table = |top, data_end, end| Totals { top, data_end, end };
        let tables = [table(1, 4, 5), table(8, 20, 22), table(1, 9, 10)];
        assert_eq!(totals_rows(&tables, 1), [5, 10]);
        assert_eq!(totals_rows(&tables, 8), [21, 22]);
        assert_eq!(totals_rows(&tables, 2), Vec::<u64>::new());
    }
}
