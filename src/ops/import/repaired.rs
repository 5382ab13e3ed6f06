//! Rows that cannot be sent as they stand in the file, whose partner exists: somebody repaired their rejects and imported
//! those, and the source itself is read again. They are done.

use crate::diagnostic::{Code, Diagnostic, Location};
use crate::partner::{RowKey, RowOutcome, RowResult};
use crate::prepare::PreparedRow;

/// Whether it is such a row. `is_created` says of a key whether its partner exists.
pub(super) fn is_repaired(row: &PreparedRow, is_created: &dyn Fn(&RowKey) -> bool) -> bool {
    // Of two rows with one key, nobody can say which one has the partner: the other one may have none.
    let is_shared = row
        .diagnostics
        .iter()
        .any(|d| matches!(d.code, Code::KeyDuplicate | Code::IdentifierDuplicate));
    row.partner.is_none() && !is_shared && row.key.as_ref().is_some_and(is_created)
}

/// What is reported of such a row in place of its problems; none where it is another row.
pub(super) fn repaired(
    row: &PreparedRow,
    is_created: &dyn Fn(&RowKey) -> bool,
) -> Option<Diagnostic> {
    if !is_repaired(row, is_created) {
        return None;
    }
    let place = Location {
        row: Some(row.origin.row),
        ..Location::default()
    };
    let mut problems: Vec<String> = Vec::new();
    for problem in row.diagnostics.iter().filter(|d| d.is_error()) {
        let words = match &problem.at.column {
            Some(column) => format!("{} in \"{}\"", problem.code, column.name),
            None => problem.code.to_string(),
        };
        if !problems.contains(&words) {
            problems.push(words);
        }
    }
    Some(Diagnostic::new(
        Code::RowRepaired,
        place,
        format!(
            "The row cannot be sent as it is in this file ({}), but its partner was already created, from an earlier export or a repaired row. Nothing is sent, and what the row says now is not compared with it.",
            problems.join(", ")
        ),
    ))
}

/// Such a row, as a result.
pub(super) fn skipped(row: PreparedRow, warning: Diagnostic) -> RowResult {
    RowResult {
        origin: row.origin,
        key: row.key,
        legacy_identifier: None,
        outcome: RowOutcome::Skipped,
        partner: None,
        diagnostics: vec![warning],
    }
}
