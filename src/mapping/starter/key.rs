//! Which column makes a row itself: unique, without blanks, named like an identifier and holding such.

use super::content::{Content, Look};
use super::name::{KEY, Named, Surety};
use super::proposal::KeyChoice;
use crate::partner::FieldKind;

/// A column that may be the key.
pub(super) struct Candidate<'c> {
    pub(super) column: usize,
    /// The fields that its name says.
    pub(super) named: &'c [Named],
    pub(super) content: &'c Content,
}

/// How good a key a column is; the first is the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    /// Named like a key, and filled and different in every row.
    Sure,
    /// Named like one, but a bare number may be that of a bank account, or a day.
    Doubtful,
    /// It numbers the rows, and the next export may number them otherwise.
    Counter,
    /// Named like one, and not filled or different in every row of a dirty file.
    Nearly,
    /// Its name says half, or nothing.
    Unnamed,
}

/// Chooses the key. `parents` is a column that is named like the key of another row; `has_bank` says that columns of a bank
/// account are in the file.
pub(super) fn choose_key(
    candidates: &[Candidate<'_>],
    parents: Option<&Content>,
    has_bank: bool,
) -> KeyChoice {
    let is_referred_to =
        |content: &Content| parents.is_some_and(|p| p.filled > 0 && p.share_within(content) >= 0.9);
    let best = candidates
        .iter()
        .filter_map(|c| Some((class(c, has_bank)?, !is_referred_to(c.content), order(c), c)))
        .min_by_key(|(class, is_other, order, c)| (*class, *is_other, *order, c.column));
    let Some((class, is_other, _, best)) = best else {
        return KeyChoice {
            column: None,
            evidence: String::new(),
            undecided: Some(
                "no column that looks like a key is filled in every row and different in each; name the one that identifies a row, or several: [\"A\", \"B\"]"
                    .to_owned(),
            ),
        };
    };
    let mut evidence = best.content.describe();
    if !is_other {
        evidence.push_str("; the column of parents refers to it");
    }
    let question = match class {
        Class::Sure => None,
        Class::Doubtful => {
            Some("do its numbers identify a row? they may be those of something else")
        }
        Class::Counter => Some(
            "it numbers the rows of the file; has each row the same number in the next export?",
        ),
        Class::Nearly => Some(
            "it is not filled and different in every row, and rows without a key of their own are refused; is it the key?",
        ),
        Class::Unnamed => {
            Some("no column is named like a key; does this one identify a row, and never change?")
        }
    };
    KeyChoice {
        column: Some(best.column),
        evidence,
        undecided: question.map(str::to_owned),
    }
}

fn class(candidate: &Candidate<'_>, has_bank: bool) -> Option<Class> {
    let Candidate { named, content, .. } = candidate;
    let by_name = named.iter().find(|n| n.path == KEY).map(|n| n.surety);
    if !is_identifier(content, by_name) {
        return None;
    }
    // "Account Number" is a customer's in one export, and a bank's in the next.
    let is_account = named.iter().any(|n| super::name::is_bank(n.path));
    if is_account && has_bank && content.looks(Look::BankAccount) >= 0.5 {
        return None;
    }
    let is_day = content.fits(FieldKind::Date).unwrap_or(0.0) >= 0.9;
    match by_name {
        Some(_) if !content.is_key() => content.is_nearly_key().then_some(Class::Nearly),
        Some(Surety::Own) if is_day || is_account && content.looks(Look::LongNumber) >= 0.5 => {
            Some(Class::Doubtful)
        }
        Some(Surety::Own) => Some(Class::Sure),
        Some(Surety::Usual) if content.is_count() => Some(Class::Counter),
        Some(Surety::Usual) if !is_day => Some(Class::Sure),
        _ => {
            // What is named like a field is that field.
            let is_field = named
                .iter()
                .any(|n| n.path != KEY && n.surety > Surety::Maybe);
            (content.is_key() && !is_day && !is_field).then_some(Class::Unnamed)
        }
    }
}

/// The place among the names of keys.
fn order(candidate: &Candidate<'_>) -> (bool, usize) {
    let key = candidate.named.iter().find(|n| n.path == KEY);
    (
        key.is_none_or(|n| n.surety < Surety::Own),
        key.map_or(usize::MAX, |n| n.order),
    )
}

/// Whether the values can be identifiers: no names, days, telephone numbers, addresses or amounts.
fn is_identifier(content: &Content, by_name: Option<Surety>) -> bool {
    let is_date =
        content.fits(FieldKind::Date).unwrap_or(0.0) >= 0.5 && content.looks(Look::Digits) < 0.5;
    let is_named = by_name.is_some_and(|s| s >= Surety::Usual);
    let is_phone = !is_named
        && content.fits(FieldKind::Phone).unwrap_or(0.0) >= 0.5
        && content.looks(Look::Digits) < 0.9;
    content.filled > 0
        && !is_date
        && !is_phone
        && content.looks(Look::Decimal) < 0.02
        && content.looks(Look::Phrase) < 0.3
        && content.fits(FieldKind::Email).unwrap_or(0.0) < 0.5
        && (is_named || content.looks(Look::Worded) < 0.9)
}
