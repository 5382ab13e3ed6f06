//! The tables of a document that have headers, and where their values stand.

use std::ops::Range;

use toml_edit::{Item, Table};

/// A table with a header of its own, or the document's beginning.
pub(super) struct Section<'d> {
    /// The name before the first dot.
    pub(super) top: &'d str,
    /// Its header's brackets.
    pub(super) header: Range<usize>,
    pub(super) table: &'d Table,
}

/// The places of a table's own values, those of its dotted keys too, in the order of the text.
pub(super) fn values_of(table: &Table) -> Vec<Range<usize>> {
    let values = table.get_values();
    let mut spans: Vec<_> = values.iter().filter_map(|(_, v)| v.span()).collect();
    spans.sort_by_key(|s| s.start);
    spans
}

pub(super) fn sections_in<'d>(table: &'d Table, top: &'d str, out: &mut Vec<Section<'d>>) {
    for (name, item) in table {
        let top = if top.is_empty() { name } else { top };
        let mut push = |table: &'d Table| {
            if !table.is_dotted() {
                let header = table.span().unwrap_or_default();
                out.push(Section { top, header, table });
            }
            sections_in(table, top, out);
        };
        match item {
            Item::Table(table) => push(table),
            Item::ArrayOfTables(tables) => tables.iter().for_each(push),
            _ => {}
        }
    }
}
