//! The block of words that reports end with: reported, not imported.
//!
//! A Salesforce report ends with blank lines, its name, a copyright line and who made it, each alone in
//! the first cell. A footer here is: the last rows of the table, below at least one row of data and a blank
//! line, none of which fills more than its first cell, in a table of three columns or more. A row in the
//! middle of the data is never taken for one.

use super::row::RowBatch;

/// Rows that a footer has at most.
const MOST_ROWS: usize = 20;
/// With fewer columns a lone first cell is nothing strange.
const FEWEST_COLUMNS: usize = 3;

/// Rows at the end of a table that are not data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footer {
    /// The first of them, as a spreadsheet counts.
    pub first: u64,
    /// The last of them, as a spreadsheet counts.
    pub last: u64,
    /// The first cell of the first of them, sixty characters at most.
    pub text: String,
}

impl Footer {
    /// A sentence for the user: which rows these are, and their first text.
    #[must_use]
    pub fn describe(&self) -> String {
        format!("{}: \"{}\"", self.describe_place(), self.text)
    }

    /// The same without the text, for reports that may not show source values.
    #[must_use]
    pub fn describe_place(&self) -> String {
        let rows = if self.first == self.last {
            format!("row {} at the end is a footer and is", self.first)
        } else {
            format!(
                "rows {} to {} at the end are a footer and are",
                self.first, self.last
            )
        };
        format!("{rows} not imported")
    }
}

/// Watches rows as they are read, one by one.
#[derive(Debug)]
pub(super) struct FooterWatch {
    columns: usize,
    last_row: Option<u64>,
    /// The smallest step from a row to the next: more than one where all lines have a blank one behind them.
    step: Option<u64>,
    /// Where the rows that may be a footer begin in the batch being filled.
    open: Option<(usize, Footer)>,
}

impl FooterWatch {
    pub(super) fn new(columns: usize) -> Self {
        Self {
            columns,
            last_row: None,
            step: None,
            open: None,
        }
    }

    /// Looks at the row that was pushed last.
    pub(super) fn see(&mut self, batch: &RowBatch) {
        let Some(index) = batch.len().checked_sub(1) else {
            return;
        };
        let Some(row) = batch.row(index) else { return };
        let step = self.last_row.map(|last| row.row() - last);
        let gap = step.is_some_and(|step| step > self.step.unwrap_or(1));
        self.step = step.into_iter().chain(self.step).min();
        self.last_row = Some(row.row());
        if self.columns < FEWEST_COLUMNS {
            return;
        }
        let lone = !row.cell(0).is_blank() && (1..row.width()).all(|c| row.cell(c).is_blank());
        if !lone {
            self.open = None;
            return;
        }
        match &mut self.open {
            Some((first, _)) if index - *first >= MOST_ROWS => self.open = None,
            Some((_, footer)) => footer.last = row.row(),
            None if gap => {
                let text = row.cell(0).to_text().trim().chars().take(60).collect();
                let footer = Footer {
                    first: row.row(),
                    last: row.row(),
                    text,
                };
                self.open = Some((index, footer));
            }
            None => {}
        }
    }

    /// Whether the batch must not be handed on yet.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// At the end of the table: takes the footer off the last batch.
    pub(super) fn finish(self, batch: &mut RowBatch) -> Option<Footer> {
        let (first, footer) = self.open?;
        batch.truncate(first);
        Some(footer)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::header::Header;
    use crate::source::row::Stored;

    /// The rows that are left, and the footer, of two rows of data, a blank line and `lone` rows of one cell.
    fn watched(columns: usize, lone: u64) -> (usize, Option<(u64, u64)>) {
        let mut batch = RowBatch::typed(Arc::new(Header::new(Vec::new())));
        let mut watch = FooterWatch::new(columns);
        let widths = [(2, columns), (3, columns)];
        let lone = (5..5 + lone).map(|row| (row, 1));
        for (row, width) in widths.into_iter().chain(lone) {
            batch.start_row(row);
            for _ in 0..width {
                batch.push(Stored::Number(1.0));
            }
            watch.see(&batch);
        }
        let footer = watch.finish(&mut batch);
        (
            batch.len(),
            footer.map(|footer| (footer.first, footer.last)),
        )
    }

    #[test]
    fn a_footer_is_short_and_below_a_table_of_three_columns() {
        assert_eq!(watched(3, 0), (2, None));
        assert_eq!(watched(3, 1), (2, Some((5, 5))));
        assert_eq!(watched(3, 20), (2, Some((5, 24))));
        assert_eq!(watched(3, 21), (23, None));
        assert_eq!(watched(2, 3), (5, None));
    }
}
