//! A new line with its `=` below the others'.

use std::ops::Range;

use super::lines::line_start;

/// The line as it stands among those whose values are at `values`: where most of them have their `=` in one column, it has
/// it there, too.
pub(super) fn aligned(text: &str, values: &[Range<usize>], line: &str) -> String {
    // The column of each, and whether blanks were put in to reach it.
    let columns: Vec<(usize, bool)> = (values.iter())
        .filter_map(|value| {
            let before = text[line_start(text, value.start)..value.start].trim_start();
            let column = before.rfind('=')?;
            Some((column, before[..column].ends_with("  ")))
        })
        .collect();
    let count = |column: usize| columns.iter().filter(|(c, _)| *c == column).count();
    let padded = (columns.iter()).filter(|(_, is_padded)| *is_padded);
    let most = (padded.map(|(column, _)| *column)).max_by_key(|column| count(*column));
    match (most, line.split_once(" = ")) {
        (Some(column), Some((name, value)))
            if count(column) * 2 >= columns.len()
                && name.len() < column
                && !name.contains(['"', '\'']) =>
        {
            format!("{name:<column$}= {value}")
        }
        _ => line.to_owned(),
    }
}
