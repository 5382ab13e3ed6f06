//! Rows that cannot be sent as they stand in the file, whose partner exists: somebody repaired their rejects and imported
//! those, and the source itself is read again. They are done.

use crate::diagnostic::{Code, Diagnostic, Location};
use crate::prepare::PreparedRow;
use crate::state::{Known, RecordState};

/// What is reported of such a row in place of its problems; none where it is another row.
pub(super) fn repaired(row: &PreparedRow, record: Option<&Known>) -> Option<Diagnostic> {
    let is_created = record.is_some_and(|known| known.state == RecordState::Created);
    // Of two rows with one key, nobody can say which one has the partner: the other one may have none.
    let is_shared = row
        .diagnostics
        .iter()
        .any(|d| matches!(d.code, Code::KeyDuplicate | Code::IdentifierDuplicate));
    if row.partner.is_some() || !is_created || is_shared {
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
            "The row cannot be sent as it is in this file ({}), but its partner was already created from a repaired row. Nothing is sent.",
            problems.join(", ")
        ),
    ))
}
