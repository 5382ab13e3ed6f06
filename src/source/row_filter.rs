//! Which rows of a file are handed on: not a header that stands once more, nor a totals row, nor what `[source] only` and
//! `except` leave out.

use std::borrow::Cow;

use rustc_hash::FxHashSet;

use super::cell::Cell;
use super::header::{Header, tidy};
use super::left_out::{LeftOut, Reason};
use super::row::{RowBatch, RowFault, SourceRow};

/// Columns that a row has to have in common with the header to be another one, unless the header has fewer.
const FEWEST_NAMES: usize = 3;

/// Words of one column, of which a row has to have one, or may have none.
#[derive(Debug, Clone)]
pub struct ColumnWords {
    /// The column's number, from 0.
    pub column: usize,
    words: Vec<Word>,
}

/// A word without blanks around it and in lower case, cut at its asterisks.
#[derive(Debug, Clone)]
struct Word(Vec<String>);

impl Word {
    fn new(text: &str) -> Self {
        Self(
            text.trim()
                .to_lowercase()
                .split('*')
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Whether a text in lower case is this word; each asterisk stands for any text, also for none.
    fn matches(&self, text: &str) -> bool {
        let [first, middle @ .., last] = self.0.as_slice() else {
            return self.0.first().is_some_and(|word| word == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else {
            return false;
        };
        for part in middle {
            match rest.find(part.as_str()) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last.as_str())
    }
}

impl ColumnWords {
    /// The words of a column, with `*` for any text.
    #[must_use]
    pub fn new(column: usize, words: &[String]) -> Self {
        Self {
            column,
            words: words.iter().map(|word| Word::new(word)).collect(),
        }
    }

    /// Whether the row has one of the words, without regard to case and to blanks around it.
    fn matches(&self, row: SourceRow<'_>) -> bool {
        let text = row.cell(self.column).to_text();
        let text = text.trim();
        let folded = if text
            .bytes()
            .any(|b| !b.is_ascii() || b.is_ascii_uppercase())
        {
            Cow::Owned(text.to_lowercase())
        } else {
            Cow::Borrowed(text)
        };
        self.words.iter().any(|word| word.matches(&folded))
    }
}

/// Which rows of a file are handed on.
#[derive(Debug, Clone, Default)]
pub(super) struct RowFilter {
    header: HeaderNames,
    /// Totals rows by their numbers, ascending.
    totals: Vec<u64>,
    only: Vec<ColumnWords>,
    except: Vec<ColumnWords>,
}

impl RowFilter {
    /// For rows under this header; `totals` are rows that the workbook calls totals, ascending.
    pub(super) fn new(header: &Header, totals: Vec<u64>) -> Self {
        Self {
            header: HeaderNames::new(header),
            totals,
            ..Self::default()
        }
    }

    /// The same with the words of `[source] only` and `except`: a row has to have one in each column of the first, and
    /// none in any column of the second.
    pub(super) fn with_words(mut self, only: Vec<ColumnWords>, except: Vec<ColumnWords>) -> Self {
        (self.only, self.except) = (only, except);
        self
    }

    /// Takes the rows that are not handed on out of a batch.
    pub(super) fn apply(&self, batch: &mut RowBatch, left_out: &mut LeftOut) {
        let mut indices = Vec::new();
        for row in batch.rows() {
            if let Some(reason) = self.reason(row, left_out) {
                left_out.add(reason, row.row());
                indices.push(row.index());
            }
        }
        batch.remove(&indices);
    }

    fn reason(&self, row: SourceRow<'_>, left_out: &mut LeftOut) -> Option<Reason> {
        // The cells of a row that cannot be read are not to be trusted; those of a ragged one are in doubt only in
        // where they belong.
        if matches!(row.fault(), None | Some(RowFault::Ragged { .. })) {
            match self.header.again(row) {
                Some(Again::Same) => return Some(Reason::Header),
                Some(Again::Other) => {
                    left_out.other_header.get_or_insert(row.row());
                }
                None => {}
            }
        }
        if row.fault().is_some() {
            return None;
        }
        if !self.totals.is_empty() && self.totals.binary_search(&row.row()).is_ok() {
            return Some(Reason::Totals);
        }
        if !self.only.iter().all(|words| words.matches(row)) {
            return Some(Reason::Only);
        }
        (self.except.iter().any(|words| words.matches(row))).then_some(Reason::Except)
    }
}

/// A row that is a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// The table's own, once more.
    Same,
    /// Of other columns, or in another order.
    Other,
}

/// The names of a header, to find it again.
#[derive(Debug, Clone)]
struct HeaderNames {
    /// By column.
    names: Vec<String>,
    known: FxHashSet<String>,
    /// How many columns have a name.
    filled: usize,
    /// By the length and the last byte of a text it is known at once that it is no name, as nearly always.
    lengths: u64,
    last_bytes: Box<[bool; 256]>,
}

impl Default for HeaderNames {
    fn default() -> Self {
        Self::new(&Header::new(Vec::new()))
    }
}

impl HeaderNames {
    fn new(header: &Header) -> Self {
        let names: Vec<String> = header
            .raw()
            .iter()
            .map(|cell| tidy(cell).into_owned())
            .collect();
        let mut last_bytes = Box::new([false; 256]);
        let mut lengths = 0;
        for (name, raw) in names.iter().zip(header.raw()) {
            if let Some(byte) = name.bytes().last() {
                lengths |= length_bit(name.len()) | length_bit(raw.trim().len());
                last_bytes[usize::from(byte)] = true;
            }
        }
        Self {
            known: names.iter().filter(|n| !n.is_empty()).cloned().collect(),
            filled: names.iter().filter(|n| !n.is_empty()).count(),
            names,
            lengths,
            last_bytes,
        }
    }

    /// Whether a row is a header. With one column a partner may well be called like it.
    fn again(&self, row: SourceRow<'_>) -> Option<Again> {
        if self.filled < 2 || !self.may_be_name(row) {
            return None;
        }
        let (mut filled, mut known, mut in_place) = (0, 0, 0);
        let width = row.width().max(self.names.len());
        for column in 0..width {
            // More than a fifth of the cells that there can be are no names.
            if (filled - known) * 5 > width {
                return None;
            }
            if row.text_bytes(column).is_some_and(|b| self.is_no_name(b)) {
                filled += 1;
                continue;
            }
            let cell = row.cell(column).to_text();
            let text = tidy(&cell);
            let name = self.names.get(column).map_or("", String::as_str);
            if text.is_empty() {
                continue;
            }
            filled += 1;
            known += usize::from(self.known.contains(&*text));
            in_place += usize::from(text == name);
        }
        if in_place == self.filled && filled == in_place {
            return Some(Again::Same);
        }
        let is_other = known >= FEWEST_NAMES.min(self.filled) && known * 5 >= filled * 4;
        is_other.then_some(Again::Other)
    }

    /// Whether the first cell that is filled may be a column's name.
    fn may_be_name(&self, row: SourceRow<'_>) -> bool {
        let bytes = match row.text_bytes(0) {
            Some(bytes) if !bytes.is_empty() => bytes,
            _ => {
                let mut cells = (0..row.width()).map(|column| row.cell(column));
                match cells.find(|cell| !cell.is_blank()) {
                    Some(Cell::Text(text)) => text.as_bytes(),
                    _ => return false,
                }
            }
        };
        match (bytes.first(), bytes.last()) {
            (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => {
                self.lengths & length_bit(bytes.len()) != 0 && self.last_bytes[usize::from(*last)]
            }
            // A mark before it, blanks around it: looked at in full.
            (Some(_), Some(_)) => true,
            _ => false,
        }
    }

    /// Whether a text is no column's name however it is tidied: it ends as none does.
    fn is_no_name(&self, bytes: &[u8]) -> bool {
        let last = bytes.last();
        last.is_some_and(|last| last.is_ascii_graphic() && !self.last_bytes[usize::from(*last)])
    }
}

/// The bit of a text's length; the last stands for all longer ones.
fn length_bit(length: usize) -> u64 {
    1 << length.min(63)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::row::Stored;

    fn header(names: &[&str]) -> Arc<Header> {
        Arc::new(Header::new(names.iter().map(|n| (*n).to_owned()).collect()))
    }

    /// Rows from 2 on, of these cells, and which of them are handed on.
    fn kept(filter: &RowFilter, names: &[&str], rows: &[&[&str]]) -> (Vec<u64>, LeftOut) {
        let mut batch = RowBatch::typed(header(names));
        for (row, cells) in (2..).zip(rows) {
            batch.start_row(row);
            for (column, cell) in cells.iter().enumerate() {
                let (from, to) = batch.push_text(cell);
                batch.put(column, Stored::Text(from, to));
            }
        }
        let mut left_out = LeftOut::default();
        filter.apply(&mut batch, &mut left_out);
        (batch.rows().map(SourceRow::row).collect(), left_out)
    }

    #[test]
    fn words_are_compared_without_case_and_blanks_and_with_asterisks() {
        for (word, text, is_it) in [
            ("Active", "active", true),
            ("Active", " ACTIVE\u{a0}", true),
            (" active ", "Active", true),
            ("Active", "Inactive", false),
            ("Active", "", false),
            ("", "", true),
            ("", " ", true),
            ("", "x", false),
            ("Total*", "Total", true),
            ("Total*", "total (3)", true),
            ("Total*", "Grand Total", false),
            ("*total", "Grand Total", true),
            ("*", "", true),
            ("*", "x", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "abc", true),
            ("a*b*c", "acb", false),
            // No letter counts for two parts of a word.
            ("ab*bc", "abc", false),
            ("ab*bc", "abbc", true),
            ("*a*a*", "a", false),
            ("ÄRZTE*", "Ärzte GmbH", true),
            ("Ä", "Ä", true),
            ("ä", "Ä", true),
            ("2026", "2026", true),
            ("a.c", "abc", false),
        ] {
            let names = ["Word", "Name"];
            let words = ColumnWords::new(0, &[word.to_owned()]);
            let filter =
                RowFilter::new(&header(&["x"]), Vec::new()).with_words(vec![words], vec![]);
            let (rows, left_out) = kept(&filter, &names, &[&[text, "n"]]);
            assert_eq!(rows.len() == 1, is_it, "{word:?} {text:?}");
            assert_eq!(left_out.count(), u64::from(!is_it));
        }
    }

    #[test]
    fn only_asks_for_all_columns_and_except_for_none() {
        let names = ["Status", "Name"];
        let words = |column, word: &str| ColumnWords::new(column, &[word.to_owned()]);
        let filter = RowFilter::new(&header(&names), Vec::new()).with_words(
            vec![words(0, "active"), words(1, "a*")],
            vec![words(0, "x"), words(1, "*z")],
        );
        let rows: &[&[&str]] = &[
            &["Active", "Alpha"],
            &["Active", "Beta"],
            &["Closed", "Alpha"],
            &["Active", "Abz"],
        ];
        let (kept, left_out) = kept(&filter, &names, rows);
        assert_eq!(kept, [2]);
        assert_eq!(
            left_out.describe(),
            [
                "rows 3 and 4 are left out by [source] only",
                "row 5 is left out by [source] except"
            ]
        );
    }

    #[test]
    fn a_header_is_found_again_and_nothing_else() {
        let names = ["Id", "Customer  Name", "", "City"];
        let filter = RowFilter::new(&header(&names), vec![9]);
        for (cells, is_out, is_other) in [
            (&["Id", "Customer Name", "", "City"][..], true, false),
            (&["\u{feff}Id", " Customer\nName ", "", "City"], true, false),
            // A partner that is called like a column, and one with a cell more.
            (&["Id", "Name", "", "City"], false, false),
            (&["Id", "", "", ""], false, false),
            (&["1", "Customer Name", "", "City"], false, false),
            (&["Id", "Customer Name", "x", "City"], false, false),
            (&["City", "Customer Name", "", "Id"], false, true),
            (&["Customer Name", "Id", "City", "New"], false, false),
            (&["Customer Name", "Id", "City"], false, true),
            (&["", "Id", "Customer Name", "City"], false, true),
            (&["id", "customer name", "", "city"], false, false),
        ] {
            let (rows, left_out) = kept(&filter, &names, &[cells]);
            assert_eq!(rows.is_empty(), is_out, "{cells:?}");
            assert_eq!(left_out.other_header.is_some(), is_other, "{cells:?}");
        }
        // With one column only, a partner may be called like it.
        let one = RowFilter::new(&header(&["Name"]), Vec::new());
        assert_eq!(kept(&one, &["Name"], &[&["Name"]]).0, [2]);
    }

    #[test]
    fn a_header_of_two_short_names_is_found_again() {
        let names = ["Ab", "Cd"];
        let filter = RowFilter::new(&header(&names), Vec::new());
        let rows: &[&[&str]] = &[&["Ab", "Cd"], &["ab", "cd"], &["Ab", "x"]];
        assert_eq!(kept(&filter, &names, rows).0, [3, 4]);
    }

    /// Four of five names in other places make another header; three do not.
    #[test]
    fn another_header_has_four_names_of_five() {
        let names = ["A", "B", "C", "D", "E"];
        let filter = RowFilter::new(&header(&names), Vec::new());
        for (cells, is_other) in [
            (["B", "x", "A", "D", "E"], true),
            (["B", "x", "y", "D", "E"], false),
            (["B", "C", "D", "E", "x"], true),
            (["B", "C", "D", "x", "y"], false),
        ] {
            let (_, left_out) = kept(&filter, &names, &[&cells]);
            assert_eq!(left_out.other_header.is_some(), is_other, "{cells:?}");
        }
    }

    /// In a text file too a header whose first cell is empty is found again.
    #[test]
    fn a_header_with_an_empty_cell_first_is_found_in_a_text_file() {
        use crate::source::{Flow, Source, SourceOptions};
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("e.csv");
        std::fs::write(&path, ",Id,Name\n,1,A\n,Id,Name\n,2,B\n").unwrap();
        let source = Source::open(&path, &SourceOptions::default()).unwrap();
        let mut rows = Vec::new();
        source
            .read(&mut |batch| {
                rows.extend(batch.rows().map(SourceRow::row));
                Flow::More
            })
            .unwrap();
        assert_eq!(rows, [2, 4]);
    }

    #[test]
    fn totals_rows_are_those_of_the_workbook() {
        let names = ["Id", "Name"];
        let filter = RowFilter::new(&header(&names), vec![3, 5]);
        let rows: &[&[&str]] = &[&["1", "a"], &["Total", "2"], &["2", "b"], &["Total", "1"]];
        let (kept, left_out) = kept(&filter, &names, rows);
        assert_eq!(kept, [2, 4]);
        assert_eq!(left_out.count(), 2);
    }
}
