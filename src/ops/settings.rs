//! The settings that a run would have, for people and programs.

use crate::config::{Effective, effective_json};
use crate::report::table_within;

/// All settings with where each comes from: a table of at most `width` characters a line, or a line of JSON.
#[must_use]
pub fn settings(all: &[Effective], json: bool, width: Option<usize>) -> String {
    if json {
        return effective_json(all);
    }
    let row = |s: &Effective| vec![s.name.clone(), s.value.clone(), s.origin.to_string()];
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    table_within(&["SETTING", "VALUE", "FROM"], &rows, width)
}
