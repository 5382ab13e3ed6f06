//! The block of words that reports end with: reported, not imported.
//!
//! A Salesforce report ends with blank lines, its name, a copyright line and who made it, each alone in
//! the first cell. A footer here is: the last rows of the table, below at least one row of data and a blank
//! line, none of which fills more than its first cell, in a table of three columns or more. Without the blank line it is
//! one from the first such row that says who made the report or that it is confidential, or from a total above that. A
//! row in the middle of the data is never taken for one.

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
    /// How many rows it has, without blank ones.
    pub rows: u64,
    /// The first cell of the first of them, sixty characters at most.
    pub text: String,
}

impl Footer {
    /// Its first text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

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
    /// The rows that may be a footer, of the batch being filled.
    open: Option<Open>,
}

/// Rows that may be a footer.
#[derive(Debug)]
struct Open {
    /// Where they begin in the batch being filled.
    index: usize,
    footer: Footer,
    /// They are one where nothing comes behind them: they begin below a blank line, or say what they are.
    is_sure: bool,
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
        let is_first = self.last_row.is_none();
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
        let cell = row.cell(0).to_text();
        let says_so = is_closing(&cell);
        match &mut self.open {
            Some(open) if index - open.index >= MOST_ROWS => self.open = None,
            Some(open) => {
                open.footer.last = row.row();
                open.footer.rows += 1;
                open.is_sure |= says_so;
            }
            None if gap || says_so || is_total(&cell) => {
                let footer = Footer {
                    first: row.row(),
                    last: row.row(),
                    rows: 1,
                    text: cell.trim().chars().take(60).collect(),
                };
                // The first row of the table is no footer of nothing.
                self.open = Some(Open {
                    index,
                    footer,
                    is_sure: gap || (says_so && !is_first),
                });
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
        let open = self.open.filter(|open| open.is_sure)?;
        batch.truncate(open.index);
        Some(open.footer)
    }
}

/// Whether a line is one that reports close with. Source: footers of Salesforce, Dynamics and QuickBooks reports.
fn is_closing(text: &str) -> bool {
    const BEGINNINGS: [&str; 9] = [
        "copyright (c)",
        "copyright ©",
        "(c) copyright",
        "© copyright",
        "© 20",
        "confidential information",
        "generated by:",
        "report generated",
        "exported by:",
    ];
    begins_with_one(text, &BEGINNINGS)
}

/// Whether a line may be the total above such lines. Alone it is none: the row is judged by its key.
fn is_total(text: &str) -> bool {
    const BEGINNINGS: [&str; 8] = [
        "total",
        "grand total",
        "sub",
        "summe",
        "gesamt",
        "totaal",
        "totale",
        "totaux",
    ];
    begins_with_one(text, &BEGINNINGS)
}

fn begins_with_one(text: &str, beginnings: &[&str]) -> bool {
    let text = text.trim_start();
    beginnings.iter().any(|beginning| {
        let same = text.get(..beginning.len());
        same.is_some_and(|same| same.to_lowercase() == *beginning)
    })
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

    /// How many rows are left of three rows of data and these lines below them, each alone in its first cell.
    fn left(lines: &[&str]) -> usize {
        let mut batch = RowBatch::typed(Arc::new(Header::new(Vec::new())));
        let mut watch = FooterWatch::new(3);
        for row in 2..5 {
            batch.start_row(row);
            for _ in 0..3 {
                batch.push(Stored::Number(1.0));
            }
            watch.see(&batch);
        }
        for (row, line) in (5..).zip(lines) {
            batch.start_row(row);
            let (from, to) = batch.push_text(line);
            batch.push(Stored::Text(from, to));
            watch.see(&batch);
        }
        watch.finish(&mut batch);
        batch.len()
    }

    #[test]
    fn without_a_blank_line_a_footer_says_what_it_is() {
        const COPYRIGHT: &str = "Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved.";
        for (lines, expected) in [
            (&[][..], 3),
            (&[COPYRIGHT], 3),
            (&["Confidential Information - Do Not Distribute", "x"], 3),
            (
                &["Grand Totals (3 records)", "Partner report", COPYRIGHT],
                3,
            ),
            // Names of which nothing says that they are none.
            (&["Alpha", "Beta"], 5),
            (&["Copyright Agency Ltd"], 4),
            (&["Partner report", COPYRIGHT], 4),
            // Its key will tell.
            (&["Total"], 4),
            (&["Grand Totals (3 records)", "Partner report"], 5),
        ] {
            assert_eq!(left(lines), expected, "{lines:?}");
        }
    }

    /// While it may be one it must not be handed on; then its rows are counted and its first text is shown.
    #[test]
    fn a_footer_is_held_back_and_shown() {
        let mut batch = RowBatch::typed(Arc::new(Header::new(Vec::new())));
        let mut watch = FooterWatch::new(3);
        for row in [2, 3] {
            batch.start_row(row);
            for _ in 0..3 {
                batch.push(Stored::Number(1.0));
            }
            watch.see(&batch);
            assert!(!watch.is_open());
        }
        for (row, text) in [(5, " Partner report "), (6, "made by X"), (7, "on Monday")] {
            batch.start_row(row);
            let (from, to) = batch.push_text(text);
            batch.push(Stored::Text(from, to));
            watch.see(&batch);
            assert!(watch.is_open());
        }
        let footer = watch.finish(&mut batch).unwrap();
        assert_eq!(
            (footer.text(), footer.rows, footer.last),
            ("Partner report", 3, 7)
        );
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
