//! Where a table's header is: the row that the mapping names, else the one among the first that looks like it.

use std::path::Path;
use std::sync::Arc;

use super::error::SourceError;
use super::flow::Flow;
use super::header::Header;
use super::row::RowBatch;
use crate::diagnostic::column_letter;

/// Rows searched for the header.
const SEARCHED_ROWS: u64 = 25;

/// Columns of a table at most: four times what a spreadsheet has.
const COLUMNS: usize = 65_536;
/// Bytes of a column's name at most; also Excel's limit of a cell.
const NAME_BYTES: usize = 32_767;
/// Bytes of rows that are gathered at most, each cell counted with what it takes by itself.
const GATHERED_BYTES: usize = 64 * 1024 * 1024;
/// What a cell takes beside its text.
const CELL_BYTES: usize = 48;

/// The first rows of a table, gathered until there are enough of them.
pub(super) struct HeaderSearch {
    wanted: Option<u64>,
    rows: Vec<Vec<String>>,
    numbers: Vec<u64>,
    /// What the rows take in memory, about.
    bytes: usize,
}

impl HeaderSearch {
    /// For the row that is `wanted`, else for the one that is found.
    pub(super) fn new(wanted: Option<u64>) -> Self {
        Self {
            wanted,
            rows: Vec::new(),
            numbers: Vec::new(),
            bytes: 0,
        }
    }

    /// The header that rows are read by as long as theirs is not known.
    pub(super) fn nameless() -> Arc<Header> {
        Arc::new(Header::new(Vec::new()))
    }

    /// Takes rows in. Enough, where no more are needed.
    pub(super) fn take(&mut self, batch: &RowBatch) -> Flow {
        for row in batch.rows() {
            if row.row() > self.wanted.unwrap_or(SEARCHED_ROWS) || self.bytes > GATHERED_BYTES {
                return Flow::Enough;
            }
            if self.wanted.is_some_and(|wanted| row.row() < wanted) {
                continue;
            }
            // What is too much for a header is refused by what is left of it.
            let cells = row.shown().take(COLUMNS + 1);
            let cells: Vec<String> = cells.map(|cell| name_of(&cell)).collect();
            self.bytes += cells.iter().map(|c| c.len() + CELL_BYTES).sum::<usize>();
            self.rows.push(cells);
            self.numbers.push(row.row());
        }
        Flow::More
    }

    /// The header with its row number; that one was found elsewhere than in the first row is noted.
    pub(super) fn choose(
        mut self,
        path: &Path,
        notes: &mut Vec<String>,
    ) -> Result<(Header, u64), SourceError> {
        let index = match self.wanted {
            Some(number) => self.numbers.iter().position(|n| *n == number),
            None => Some(find_header(&self.rows)),
        };
        let Some(index) = index.filter(|i| *i < self.rows.len()) else {
            return Err(SourceError::NoHeader {
                path: path.to_owned(),
            });
        };
        let number = self.numbers[index];
        refuse_too_large(path, number, &self.rows[index])?;
        if index > 0 && self.wanted.is_none() {
            notes.push(format!(
                "the header was found in row {number}, below lines with fewer cells"
            ));
        }
        Ok((Header::new(self.rows.swap_remove(index)), number))
    }
}

/// A cell as it may become a name: of one that is too long, so much that this is seen.
fn name_of(cell: &str) -> String {
    let mut end = cell.len().min(NAME_BYTES + 4);
    while !cell.is_char_boundary(end) {
        end -= 1;
    }
    cell[..end].to_owned()
}

fn refuse_too_large(path: &Path, row: u64, header: &[String]) -> Result<(), SourceError> {
    if header.len() > COLUMNS {
        return Err(SourceError::TooManyColumns {
            path: path.to_owned(),
            row,
            limit: COLUMNS,
        });
    }
    match header.iter().position(|name| name.len() > NAME_BYTES) {
        None => Ok(()),
        Some(column) => Err(SourceError::NameTooLong {
            path: path.to_owned(),
            row,
            column: column_letter(column),
            limit: NAME_BYTES,
        }),
    }
}

/// The header among the first rows of a table: the first that fills as many cells as most rows do.
///
/// A title block above a header fills one or two cells; a header fills nearly all. Returns an index.
fn find_header(rows: &[Vec<String>]) -> usize {
    let filled = |row: &Vec<String>| row.iter().filter(|c| !c.trim().is_empty()).count();
    let mut widths: Vec<usize> = rows.iter().map(filled).filter(|n| *n > 0).collect();
    widths.sort_unstable();
    // The upper quartile is robust against sparse data rows and against short preambles alike.
    let usual = widths
        .get(widths.len().saturating_sub(1) * 3 / 4)
        .copied()
        .unwrap_or(0);
    rows.iter()
        .position(|row| filled(row) > 0 && filled(row) * 5 >= usual * 4)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::row::Stored;

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(|c| (*c).to_owned()).collect()
    }

    #[test]
    fn the_header_is_below_a_title_block() {
        let table = [
            row(&["Partner report"]),
            row(&["As of", "2026-03-04"]),
            row(&[]),
            row(&["Id", "Name", "City", "Phone", "Since"]),
            row(&["1", "A", "X", "5", "2026"]),
            row(&["2", "B", "", "5", "2026"]),
        ];
        assert_eq!(find_header(&table), 3);
        assert_eq!(find_header(&table[3..]), 0);
        assert_eq!(find_header(&[row(&["Name"]), row(&["A"])]), 0);
    }

    /// Rows from 1 on that fill so many cells each.
    fn batch(widths: &[usize]) -> RowBatch {
        let mut batch = RowBatch::typed(HeaderSearch::nameless());
        for (row, width) in (1..).zip(widths) {
            batch.start_row(row);
            for column in 0..*width {
                let (from, to) = batch.push_text(&format!("{row}.{column}"));
                batch.push(Stored::Text(from, to));
            }
        }
        batch
    }

    fn chosen(wanted: Option<u64>, widths: &[usize]) -> (Flow, Option<u64>, usize) {
        let mut search = HeaderSearch::new(wanted);
        let flow = search.take(&batch(widths));
        let mut notes = Vec::new();
        let header = search.choose(Path::new("e.csv"), &mut notes);
        (flow, header.ok().map(|(_, row)| row), notes.len())
    }

    #[test]
    fn blank_rows_say_nothing_about_the_usual_width() {
        let wide = row(&["Id", "Name", "City", "Phone"]);
        let mut table = vec![row(&["Partner report"])];
        table.extend(vec![row(&[]); 5]);
        table.extend([wide.clone(), wide]);
        assert_eq!(find_header(&table), 6);
    }

    /// A row of as many cells, all of one text.
    fn wide(rows: u64, cells: usize, text: &str) -> RowBatch {
        let mut batch = RowBatch::typed(HeaderSearch::nameless());
        let (from, to) = batch.push_text(text);
        for row in 1..=rows {
            batch.start_row(row);
            for _ in 0..cells {
                batch.push(Stored::Text(from, to));
            }
        }
        batch
    }

    fn is_refused(cells: usize, text: &str) -> bool {
        let mut search = HeaderSearch::new(Some(1));
        search.take(&wide(1, cells, text));
        search.choose(Path::new("e.csv"), &mut Vec::new()).is_err()
    }

    #[test]
    fn a_header_that_is_too_large_is_refused() {
        assert!(!is_refused(COLUMNS, "a"));
        assert!(is_refused(COLUMNS + 1, "a"));
        for (length, refused) in [
            (NAME_BYTES, false),
            (NAME_BYTES + 1, true),
            (NAME_BYTES + 99, true),
        ] {
            assert_eq!(is_refused(2, &"a".repeat(length)), refused, "{length}");
        }
        // Cut before a character, not inside it.
        assert_eq!(name_of(&"é".repeat(NAME_BYTES)).len(), NAME_BYTES + 3);
        assert_eq!(name_of("é"), "é");
    }

    #[test]
    fn rows_are_gathered_up_to_a_size() {
        let text = "a".repeat(32 * 1024 - CELL_BYTES);
        for (cells, flow) in [(2048, Flow::More), (2049, Flow::Enough)] {
            assert_eq!(
                HeaderSearch::new(None).take(&wide(2, cells, &text)),
                flow,
                "{cells}"
            );
        }
    }

    #[test]
    fn the_header_is_one_of_the_first_twenty_five_rows() {
        let titled = |title: usize| [vec![1; title], vec![4; 30]].concat();
        assert_eq!(chosen(None, &[4, 4]), (Flow::More, Some(1), 0));
        assert_eq!(chosen(None, &[1, 4, 4]), (Flow::More, Some(2), 1));
        // Seven rows of data are enough to see that the eighteen before them are none.
        assert_eq!(chosen(None, &titled(18)), (Flow::Enough, Some(19), 1));
        assert_eq!(chosen(None, &[4; 25]).0, Flow::More);
        assert_eq!(chosen(None, &[4; 26]).0, Flow::Enough);
        // The row that the mapping names is taken as it is, and without a note.
        assert_eq!(chosen(Some(2), &[4, 1, 4]), (Flow::Enough, Some(2), 0));
        assert_eq!(chosen(Some(30), &titled(5)), (Flow::Enough, Some(30), 0));
        assert_eq!(chosen(Some(9), &[4; 8]), (Flow::More, None, 0));
    }
}
