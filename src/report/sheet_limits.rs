//! What a sheet of a workbook holds.

/// Rows of a sheet. Source: Excel's limits.
pub(super) const MOST_ROWS: u32 = 1_048_576;
/// Columns of a sheet. Source: Excel's limits.
const MOST_COLUMNS: usize = 16_384;
/// The columns before the source's own.
pub(super) const ADDED: [&str; 3] = ["_row", "_level", "_problems"];

/// Whether a sheet holds the rows of a table with so many columns, and so many blank lines above its header: it needs
/// three columns more, one behind them, and a row for the header and one below it.
#[must_use]
pub fn fits_a_sheet(columns: usize, blank_lines: u64) -> bool {
    columns + ADDED.len() < MOST_COLUMNS && blank_lines.saturating_add(2) < u64::from(MOST_ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_room_for_the_problems_and_a_row() {
        for (columns, blank_lines, fits) in [
            (1, 0, true),
            (16_380, 0, true),
            (16_381, 0, false),
            (1, 1_048_573, true),
            (1, 1_048_574, false),
            (1, u64::MAX, false),
        ] {
            assert_eq!(
                fits_a_sheet(columns, blank_lines),
                fits,
                "{columns} {blank_lines}"
            );
        }
    }
}
