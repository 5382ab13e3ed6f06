//! Diagnostics about one row: each with its place, and words that name the rows it has to do with.

use std::borrow::Cow;
use std::sync::Arc;

use super::clusters::Cluster;
use super::content::ContentHash;
use super::context::PassContext;
use super::exports::Export;
use super::place::{NAMED_ROWS, Place};
use super::record;
use super::survey::Elsewhere;
use crate::diagnostic::{Code, ColumnAt, Diagnostic, Location, brief, thousands};
use crate::mapping::is_decimal_whole;
use crate::partner::{Draft, Finding, Slot};
use crate::secret::Scrubber;
use crate::source::{RowFault, SourceRow};

/// Makes the diagnostics of a row.
#[derive(Clone, Copy)]
pub(super) struct Diagnose<'w> {
    pub(super) context: &'w PassContext<'w>,
    pub(super) row: SourceRow<'w>,
}

impl Diagnose<'_> {
    /// The row cannot be read.
    pub(super) fn fault(self, fault: RowFault) -> Diagnostic {
        let code = match fault {
            RowFault::Ragged { .. } => Code::RowRagged,
            RowFault::Undecodable { .. } | RowFault::OtherEncoding { .. } => Code::RowUndecodable,
            RowFault::Quoting => Code::RowQuoting,
            RowFault::Torn | RowFault::CutOff => Code::RowTorn,
        };
        let column = match fault {
            RowFault::Undecodable { column } | RowFault::OtherEncoding { column } => Some(column),
            _ => None,
        };
        Diagnostic::new(code, self.location(column, None), self.words_of(fault))
    }

    fn words_of(self, fault: RowFault) -> String {
        let columns = self.context.names.columns.len();
        let words = match fault {
            RowFault::Ragged { .. } if self.row.shown().all(|cell| is_zeros(&cell)) => {
                "The row consists of zero bytes: the file was not written completely."
            }
            RowFault::Ragged { found } => {
                let cells = if found == 1 { "cell" } else { "cells" };
                let mut words = format!("The row has {found} {cells}; the header has {columns}.");
                if self.row.shown().any(|cell| is_in_typographic_quotes(&cell)) {
                    words.push_str(
                        " Typographic quotes (“ ”) do not keep a cell together in a CSV file; straight quotes (\") do.",
                    );
                }
                return words;
            }
            RowFault::Undecodable { .. } => {
                "The cell contains bytes that are not text in the file's encoding."
            }
            RowFault::OtherEncoding { .. } => {
                "The cell's bytes are UTF-8 text, and the file is in another encoding."
            }
            RowFault::Quoting => {
                "The quotes in the row do not match: a quote is not closed, or a quote inside a quoted cell is not doubled."
            }
            RowFault::Torn => "The file ends inside a quoted cell.",
            RowFault::CutOff => "The file ends inside a character of this row.",
        };
        words.to_owned()
    }

    /// The row has fewer cells than the header.
    pub(super) fn short(self) -> Option<Diagnostic> {
        if !self.row.is_short() {
            return None;
        }
        let message = format!(
            "The row has {} cells and the header {}; the missing cells at its end are read as empty.",
            self.row.width(),
            self.context.names.columns.len()
        );
        Some(Diagnostic::new(
            Code::RowShort,
            self.location(None, None),
            message,
        ))
    }

    /// The row has no key.
    pub(super) fn key_missing(self) -> Diagnostic {
        let at = self.location(self.context.export.plan.key_column(), None);
        Diagnostic::new(Code::KeyMissing, at, "The row has no key.")
    }

    /// The row looks like no record, or its key is a number that may have lost zeros.
    pub(super) fn record(self, key: &str, diagnostics: &mut Vec<Diagnostic>) {
        let (context, plan) = (self.context, &self.context.export.plan);
        let survey = context.survey;
        let (Some(evidence), Some(pieces)) = (
            survey.records.get(context.file),
            survey.pieces.get(context.file),
        ) else {
            return;
        };
        let at = record::Place {
            is_first: self.row.row() == context.export.source.header_row() + 1,
            is_last: self.row.row() == pieces.last_row,
        };
        if let Some((code, message)) =
            record::judge(plan, self.row, key, at, evidence, || pieces.rows())
        {
            let column = plan.key_column();
            let found = Diagnostic::new(code, self.location(column, None), message);
            diagnostics.push(found.with_value(key, self.is_sensitive(column)));
        }
        for column in evidence.decimals(plan, self.row) {
            let message = "A program has made a number with a decimal point of the key: with the point it is another one.";
            let at = self.location(Some(column), None);
            let value = self.row.cell(column).to_text();
            diagnostics.push(
                Diagnostic::new(Code::KeyDecimal, at, message)
                    .with_value(&value, self.is_sensitive(Some(column))),
            );
        }
        for column in evidence.shortened(plan, self.row) {
            let message = "The key is a number, but others have more digits or are text: leading zeros may be missing.";
            let found = Diagnostic::new(
                Code::NumberAsText,
                self.location(Some(column), None),
                message,
            );
            let value = self.row.cell(column).to_text();
            diagnostics.push(found.with_value(&value, self.is_sensitive(Some(column))));
        }
    }

    /// Another row has the same key, or else the same cells under another key. One of both is enough.
    pub(super) fn key(self, key: &str) -> Option<Diagnostic> {
        self.repeated_key(key).or_else(|| self.alike())
    }

    fn repeated_key(self, key: &str) -> Option<Diagnostic> {
        let places = self.context.survey.repeated_keys.get(key)?;
        let column = self.context.export.plan.key_column();
        let message = shared("the same key", &self.places(places), places.len());
        let diagnostic = Diagnostic::new(Code::KeyDuplicate, self.location(column, None), message);
        Some(diagnostic.with_value(key, self.is_sensitive(column)))
    }

    /// Another row has the same cells under another key: probably one partner under two.
    fn alike(self) -> Option<Diagnostic> {
        let survey = self.context.survey;
        if survey.alike.is_empty() {
            return None;
        }
        let plan = &self.context.export.plan;
        let places = survey
            .alike
            .get(&ContentHash::default().of(plan, self.row))?;
        Some(Diagnostic::new(
            Code::RowAlike,
            self.location(plan.key_column(), None),
            format!(
                "{} have the same values in all mapped columns except the key.",
                at_start(&self.places(places))
            ),
        ))
    }

    /// Other rows are likely the same partner under other keys.
    pub(super) fn similar(self) -> Option<Diagnostic> {
        let context = self.context;
        let cluster = context.survey.similar.of(context.file, self.row.row())?;
        let plan = &context.export.plan;
        let leaf = plan.business_name_leaf();
        Some(Diagnostic::new(
            Code::RowSimilar,
            self.location(plan.column_of(leaf), Some(leaf)),
            similar(cluster, &self.places(&cluster.places)),
        ))
    }

    /// Another row has the same legacyIdentifier.
    pub(super) fn repeated_identifier(self, draft: &Draft) -> Option<Diagnostic> {
        let plan = &self.context.export.plan;
        let leaf = plan.legacy_leaf();
        let id = draft.leaf_text(leaf)?;
        let places = self.context.survey.repeated_identifiers.get(id)?;
        let diagnostic = Diagnostic::new(
            Code::IdentifierDuplicate,
            self.location(plan.column_of(leaf), Some(leaf)),
            shared(
                "the same legacyIdentifier",
                &self.places(places),
                places.len(),
            ),
        );
        Some(diagnostic.with_value(id, false))
    }

    /// References of the row, by its key, that lead nowhere, or back to it.
    pub(super) fn references(self, key: &str, draft: &Draft, diagnostics: &mut Vec<Diagnostic>) {
        let plan = &self.context.export.plan;
        for leaf in 0..plan.shape.leaves.len() {
            let Slot::Link { at } = draft.slot(leaf) else {
                continue;
            };
            let target = draft.text(at);
            let Some((code, mut message)) = self.reference(key, target) else {
                continue;
            };
            if code == Code::ReferenceMissing && is_decimal_whole(target) {
                message.push_str(" A program has made a number with a decimal point of it.");
            }
            let column = plan.column_of(leaf);
            let at = self.location(column, Some(leaf));
            diagnostics.push(
                Diagnostic::new(code, at, message).with_value(target, self.is_sensitive(column)),
            );
        }
    }

    /// What is wrong with a reference from one key to another.
    fn reference(self, key: &str, target: &str) -> Option<(Code, String)> {
        let survey = self.context.survey;
        if target == key {
            return Some((Code::ReferenceSelf, "The row refers to itself.".to_owned()));
        }
        if let Some(chain) = survey.cycles.get(key)
            && survey.cycles.contains_key(target)
        {
            let message = format!("The rows refer to each other in a circle: {chain}.");
            return Some((Code::ReferenceCycle, message));
        }
        if !self.context.is_elsewhere(target) {
            return None;
        }
        let shown = brief(target);
        match &survey.elsewhere {
            Elsewhere::Found(partners) if partners.contains_key(target) => None,
            Elsewhere::Unasked => Some((
                Code::ReferenceUnchecked,
                format!("No row has the key \"{shown}\"; the import looks for it on the API."),
            )),
            Elsewhere::Found(_) => Some((
                Code::ReferenceMissing,
                format!(
                    "No row has the key \"{shown}\", and neither the state nor the API has one partner with it."
                ),
            )),
            Elsewhere::Nowhere => Some((
                Code::ReferenceMissing,
                format!("No row has the key \"{shown}\", and no partner with this key is known."),
            )),
        }
    }

    /// What the mapping or the validation found.
    pub(super) fn finding(self, finding: Finding) -> Diagnostic {
        let plan = &self.context.export.plan;
        let column = finding
            .column
            .or_else(|| finding.leaf.and_then(|l| plan.column_of(l)));
        let at = self.location(column, finding.leaf);
        let sensitive =
            self.is_sensitive(column) || finding.leaf.is_some_and(|l| plan.is_sensitive(l));
        let (mut message, mut hint) = (finding.message, finding.hint);
        if sensitive {
            // The words may quote the value.
            let known = Scrubber::new()
                .with_values(finding.value.as_deref())
                .with_values(self.sensitive_cells());
            message = known.scrub_values(&message);
            hint = hint.map(|hint| known.scrub_values(&hint));
        }
        let mut diagnostic = Diagnostic::new(finding.code, at, message);
        if let Some(value) = finding.value {
            diagnostic = diagnostic.with_value(&value, sensitive);
        }
        if let Some(hint) = hint {
            diagnostic = diagnostic.with_hint(hint);
        }
        diagnostic
    }

    /// The row's cells that nobody may see.
    fn sensitive_cells(self) -> Vec<String> {
        let columns = &self.context.export.plan.hidden_columns;
        columns
            .iter()
            .map(|c| self.row.cell(*c).to_text().into_owned())
            .collect()
    }

    /// `rows 2 and 17`, with file names where there are several files.
    fn places(self, places: &[Place]) -> String {
        let files = self.context.files;
        let named: Vec<String> = places
            .iter()
            .take(NAMED_ROWS)
            .map(|place| {
                let source = &files[place.file].source;
                let is_of_file = |f: &&Export| f.source.name() == source.name();
                match source.sheet() {
                    _ if files.len() == 1 => place.row.to_string(),
                    // Several sheets of one workbook.
                    Some(sheet) if files.iter().filter(is_of_file).count() > 1 => {
                        format!("{} sheet {sheet} row {}", source.name(), place.row)
                    }
                    _ => format!("{} row {}", source.name(), place.row),
                }
            })
            .collect();
        let more = if places.len() > NAMED_ROWS {
            " and more"
        } else {
            ""
        };
        let prefix = if files.len() > 1 { "" } else { "rows " };
        match named.as_slice() {
            [first, last] if more.is_empty() => format!("{prefix}{first} and {last}"),
            _ => format!("{prefix}{}{more}", named.join(", ")),
        }
    }

    fn is_sensitive(self, column: Option<usize>) -> bool {
        column
            .and_then(|c| self.context.export.plan.sensitive_columns.get(c))
            .copied()
            .unwrap_or(false)
    }

    fn location(self, column: Option<usize>, leaf: Option<usize>) -> Location {
        let names = self.context.names;
        Location {
            file: Some(Arc::clone(&names.file)),
            sheet: names.sheet.clone(),
            row: Some(self.row.row()),
            line: self.row.line(),
            column: column.and_then(|index| {
                names.columns.get(index).map(|name| ColumnAt {
                    index,
                    name: Arc::clone(name),
                })
            }),
            field: leaf.map(|l| Arc::clone(&self.context.export.plan.shape.leaves[l].path)),
        }
    }
}

/// `Rows 10 and 11 have the same key, so neither is sent.`
fn shared(what: &str, places: &str, count: usize) -> String {
    let none = if count == 2 {
        "neither"
    } else {
        "none of them"
    };
    format!("{} have {what}, so {none} is sent.", at_start(places))
}

/// `Rows 3 and 17 have the same business name and the same phone number and postal code.`
fn similar(cluster: &Cluster, places: &str) -> String {
    let contacts: Vec<&str> = cluster.contacts.iter().map(|c| c.words()).collect();
    let rows = if cluster.rows > NAMED_ROWS as u64 {
        format!("{} ({} rows)", at_start(places), thousands(cluster.rows))
    } else {
        at_start(places).into_owned()
    };
    if cluster.by_all {
        let contacts = listed_with(&contacts, "and");
        format!("{rows} have the same business name and the same {contacts}.")
    } else {
        let contacts = listed_with(&contacts, "or");
        format!("{rows} have the same business name, and each the {contacts} of another of them.")
    }
}

/// `a`, `a and b`, `a, b and c`.
fn listed_with(words: &[&str], last_word: &str) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [front @ .., last] => format!("{} {last_word} {last}", front.join(", ")),
    }
}

/// Places as they begin a sentence; the name of a file stays as it is.
fn at_start(places: &str) -> Cow<'_, str> {
    match places.strip_prefix("rows ") {
        Some(rows) => Cow::Owned(format!("Rows {rows}")),
        None => Cow::Borrowed(places),
    }
}

/// Whether a cell begins with a typographic quote, as if it was quoted by it.
fn is_in_typographic_quotes(cell: &str) -> bool {
    let first = cell.trim_start().chars().next();
    first.is_some_and(|c| matches!(c, '“' | '”' | '„'))
}

fn is_zeros(cell: &str) -> bool {
    cell.bytes().all(|b| b == 0)
}
