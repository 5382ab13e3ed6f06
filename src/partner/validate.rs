//! A draft against the catalogue: what is required, and what must agree.

use super::draft::{Draft, Finding, Shape, Slot};
use crate::diagnostic::Code;

/// Checks a filled draft; findings are added to `findings`.
pub fn validate(shape: &Shape, draft: &Draft, findings: &mut Vec<Finding>) {
    for (leaf, info) in shape.leaves.iter().enumerate() {
        if info.required
            && draft.slot(leaf) == Slot::Empty
            && !findings.iter().any(|f| f.leaf == Some(leaf))
        {
            findings.push(Finding::new(
                leaf,
                Code::RequiredMissing,
                format!("{} has no value.", info.path),
            ));
        }
    }
}
