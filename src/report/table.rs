//! Tables of words, as wide as the screen lets them be.

use std::fmt::Write as _;

/// Characters between two columns.
const GAP: usize = 2;
/// A column is not cut shorter than this.
const LEAST: usize = 10;
/// Columns of names that are typed or copied from the table: cut, they would be worth nothing.
const WHOLE: [&str; 5] = ["ID", "KEY", "RUN", "PARTNER", "LEGACYIDENTIFIER"];

/// A plain table: columns as wide as their widest cell.
#[must_use]
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    drawn(header, rows, &widths_of(header, rows))
}

/// A table of at most `width` characters a line: long cells are cut (`…`), and where that is not enough each row is a
/// paragraph of its own. Without a width, [`table`].
#[must_use]
pub fn table_within(header: &[&str], rows: &[Vec<String>], width: Option<usize>) -> String {
    let mut widths = widths_of(header, rows);
    let Some(most) = width else {
        return drawn(header, rows, &widths);
    };
    while total(&widths) > most {
        let can_shrink = |i: &usize| !WHOLE.contains(&header[*i]) && widths[*i] > least(header[*i]);
        let widest = (0..widths.len())
            .filter(can_shrink)
            .max_by_key(|i| widths[*i]);
        match widest {
            Some(column) => widths[column] -= 1,
            None => return paragraphs(header, rows),
        }
    }
    drawn(header, rows, &widths)
}

fn least(name: &str) -> usize {
    name.chars().count().max(LEAST)
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

fn widths_of(header: &[&str], rows: &[Vec<String>]) -> Vec<usize> {
    let mut widths: Vec<usize> = header.iter().map(|h| h.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    widths
}

fn drawn(header: &[&str], rows: &[Vec<String>], widths: &[usize]) -> String {
    let line = |cells: &mut dyn Iterator<Item = &str>| -> String {
        let mut out = String::new();
        for (cell, &width) in cells.zip(widths) {
            if cell.chars().count() > width {
                let cut: String = cell.chars().take(width.saturating_sub(1)).collect();
                let _ = write!(out, "{cut}…  ");
            } else {
                let _ = write!(out, "{cell:<width$}  ");
            }
        }
        out.trim_end().to_owned() + "\n"
    };
    let mut out = line(&mut header.iter().copied());
    for row in rows {
        out.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    out
}

/// Each row with its cells below each other; empty cells are left out.
fn paragraphs(header: &[&str], rows: &[Vec<String>]) -> String {
    let names = header.iter().map(|h| h.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        for (name, cell) in header.iter().zip(row).filter(|(_, cell)| !cell.is_empty()) {
            let _ = writeln!(out, "{name:<names$}  {cell}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Vec<String>> {
        let row = |id: &str, name: &str| vec![id.to_owned(), name.to_owned(), "Active".to_owned()];
        vec![
            row(
                "854e27cb-7ddd-4c0f-950d-1d60bc9e0cb9",
                "Ä very long name of a company, Ltd.",
            ),
            row("2", ""),
        ]
    }

    const HEADER: [&str; 3] = ["ID", "NAME", "STATUS"];

    #[test]
    fn no_line_is_wider_than_the_screen() {
        for width in 56..120 {
            let text = table_within(&HEADER, &rows(), Some(width));
            for line in text.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
            assert!(
                text.contains("854e27cb-7ddd-4c0f-950d-1d60bc9e0cb9"),
                "{text}"
            );
        }
        let text = table_within(&HEADER, &rows(), Some(60));
        let cut = "854e27cb-7ddd-4c0f-950d-1d60bc9e0cb9  Ä very long n…  Active";
        assert_eq!(text.lines().nth(1), Some(cut), "{text}");
    }

    #[test]
    fn on_a_screen_that_is_too_narrow_each_row_is_a_paragraph() {
        assert_eq!(
            table_within(&HEADER, &rows(), Some(40)),
            "ID      854e27cb-7ddd-4c0f-950d-1d60bc9e0cb9
NAME    Ä very long name of a company, Ltd.
STATUS  Active

ID      2
STATUS  Active
"
        );
    }

    #[test]
    fn into_a_file_a_table_is_as_wide_as_it_is() {
        let text = table_within(&HEADER, &rows(), None);
        assert_eq!(text, table(&HEADER, &rows()));
        assert!(text.contains("a company, Ltd.  Active"), "{text}");
    }
}
