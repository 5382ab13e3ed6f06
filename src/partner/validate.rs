//! A draft against the catalogue: what is required, and what must agree.

use super::draft::{Draft, Slot};
use super::finding::Finding;
use super::shape::Shape;
use crate::diagnostic::Code;

/// Checks a filled draft; findings are added to `findings`. `is_error` says which codes keep a row from being sent.
pub fn validate(
    shape: &Shape,
    draft: &Draft,
    is_error: impl Fn(Code) -> bool,
    findings: &mut Vec<Finding>,
) {
    for (leaf, info) in shape.leaves.iter().enumerate() {
        if info.required
            && draft.slot(leaf) == Slot::Empty
            // What is only warned about leaves a required field without its value nevertheless.
            && !findings.iter().any(|f| f.leaf == Some(leaf) && is_error(f.code))
        {
            findings.push(Finding::new(
                leaf,
                Code::RequiredMissing,
                "It is required but has no value.",
            ));
        }
    }
    if let Some((onboarded, deactivated)) = shape.pairs.days
        && let (Slot::Date(from), Slot::Date(to)) = (draft.slot(onboarded), draft.slot(deactivated))
        && to < from
    {
        let message = format!("It was deactivated on {to}, before it was onboarded on {from}.");
        findings.push(Finding::new(deactivated, Code::DatesReversed, message));
    }
    if let Some((routing, account)) = shape.pairs.bank {
        let empty = |leaf| {
            draft.slot(leaf) == Slot::Empty && !findings.iter().any(|f| f.leaf == Some(leaf))
        };
        let (leaf, message) = match (empty(routing), empty(account)) {
            (true, false) => (routing, "There is an account number but no routing number."),
            (false, true) => (account, "There is a routing number but no account number."),
            _ => return,
        };
        findings.push(Finding::new(leaf, Code::BankIncomplete, message));
    }
}
