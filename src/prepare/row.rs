//! One row on its way: faults, key, draft, findings with their places, payload.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::survey::{Elsewhere, Place, content};
use super::tally::LeafTally;
use super::{Export, NAMED_ROWS, PreparedRow, Survey, Told, always};
use crate::diagnostic::{Code, ColumnAt, Diagnostic, Location};
use crate::mapping::Scratch;
use crate::partner::{
    Body, ExternalId, Finding, Fingerprint, Fingerprinter, Link, Origin, PartnerId, PayloadWriter,
    PreparedPartner, Query, RowKey, Slot, SourceCells, SourceValue, validate,
};
use crate::source::{Cell, Epoch, RowBatch, RowFault, SourceRow};

/// The rows that were read together, for those who want a row's own cells.
#[derive(Debug)]
pub(super) struct BatchCells(pub(super) RowBatch);

impl SourceCells for BatchCells {
    fn cells(&self, index: u32) -> Vec<Cow<'_, str>> {
        let row = self.0.row(index as usize);
        row.into_iter().flat_map(SourceRow::shown).collect()
    }

    fn each_value(&self, index: u32, each: &mut dyn FnMut(usize, SourceValue<'_>)) {
        let Some(row) = self.0.row(index as usize) else {
            return;
        };
        for column in 0..row.width() {
            let value = match row.cell(column) {
                Cell::Empty | Cell::NoValue => SourceValue::Empty,
                Cell::Text(text) | Cell::Iso(text) | Cell::Error(text) => SourceValue::Text(text),
                Cell::Number(n) | Cell::Duration(n) => SourceValue::Number(n),
                Cell::Serial(days, Epoch::Y1900) => SourceValue::Days(days),
                // Four years and a day lie between the two systems.
                Cell::Serial(days, Epoch::Y1904) => SourceValue::Days(days + 1462.0),
                Cell::Bool(b) => SourceValue::Boolean(b),
            };
            each(column, value);
        }
    }
}

/// Names of a file that locations share.
pub(super) struct Names {
    file: Arc<str>,
    sheet: Option<Arc<str>>,
    columns: Vec<Arc<str>>,
}

impl Names {
    pub(super) fn of(export: &Export) -> Self {
        Self {
            file: Arc::clone(export.source.name()),
            sheet: export.source.sheet(),
            columns: export.source.header().names().to_vec(),
        }
    }
}

/// What all workers of a pass over one file share.
pub(super) struct Corridor<'w> {
    pub(super) file: usize,
    pub(super) export: &'w Export,
    pub(super) names: &'w Names,
    pub(super) survey: &'w Survey,
    pub(super) fingerprinter: Option<&'w Fingerprinter>,
    pub(super) always: Query,
    pub(super) known: &'w (dyn Fn(&RowKey) -> bool + Sync),
    pub(super) files: &'w [Export],
    pub(super) told: Told,
}

/// What a pass does with one piece.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// Its rows are counted.
    Rows,
    /// They were, by the survey.
    Nothing,
}

/// What a worker has for itself, from row to row.
pub(super) struct Hands {
    pub(super) scratch: Scratch,
    pub(super) writer: PayloadWriter,
    pub(super) body: Vec<u8>,
    pub(super) tally: LeafTally,
    /// The names of a row that is only judged.
    pub(super) nameless: (ExternalId, Arc<str>),
}

pub(super) struct Worker<'w> {
    pub(super) corridor: &'w Corridor<'w>,
    pub(super) hands: &'w mut Hands,
    pub(super) count: Count,
}

impl Worker<'_> {
    /// The row, prepared; none where it is valid and nobody wants it then.
    pub(super) fn row(
        &mut self,
        row: SourceRow<'_>,
        ordinal: u32,
        batch: &Arc<dyn SourceCells>,
    ) -> Option<PreparedRow> {
        let file = u32::try_from(self.corridor.file).unwrap_or(u32::MAX);
        let origin = || Origin {
            file,
            ordinal,
            row: row.row(),
            batch: Arc::clone(batch),
            index: u32::try_from(row.index()).unwrap_or(u32::MAX),
        };
        if let Some(fault) = row.fault() {
            let diagnostics = vec![self.fault(row, fault)];
            return Some(PreparedRow {
                origin: origin(),
                key: None,
                partner: None,
                diagnostics,
            });
        }
        let plan = &self.corridor.export.plan;
        let mut diagnostics = Vec::new();
        let has_key = plan.key_of(row, &mut self.hands.scratch.key);
        if has_key {
            self.repeated(row, &mut diagnostics);
            self.alike(row, &mut diagnostics);
        } else {
            self.hands.scratch.key.clear();
            let at = self.location(row, plan.key_column(), None);
            diagnostics.push(Diagnostic::new(Code::KeyMissing, at, "The key is empty."));
        }
        let verdicts = &self.corridor.survey.verdicts[self.corridor.file];
        let filled = plan.fill(row, verdicts, &mut self.hands.scratch);
        let query = always(self.corridor.always, filled.query);
        validate(
            &plan.shape,
            &self.hands.scratch.draft,
            &mut self.hands.scratch.findings,
        );
        if self.count == Count::Rows {
            self.hands.tally.row(
                plan,
                row,
                &self.hands.scratch.draft,
                &self.hands.scratch.findings,
            );
        }
        for finding in std::mem::take(&mut self.hands.scratch.findings) {
            // The key is the identifier's only source and is told already.
            if !has_key && finding.leaf == Some(plan.legacy_leaf()) && !plan.has_own_identifier() {
                continue;
            }
            diagnostics.push(self.diagnostic(row, finding));
        }
        if plan.has_own_identifier() {
            self.repeated_identifier(row, &mut diagnostics);
        }
        if plan.has_references() {
            self.references(row, &mut diagnostics);
        }
        for diagnostic in &mut diagnostics {
            diagnostic.severity = plan.validation.severity(diagnostic.code);
        }
        let is_valid = has_key && !diagnostics.iter().any(Diagnostic::is_error);
        if is_valid && self.hands.tally.wants_sample(0) {
            let draft = &self.hands.scratch.draft;
            let file = &self.corridor.names.file;
            self.hands.tally.sample(plan, draft, file, row.row());
        }
        if is_valid && diagnostics.is_empty() && self.corridor.told == Told::Problems {
            return None;
        }
        let origin = origin();
        let key = has_key.then(|| RowKey::new(self.hands.scratch.key.as_str()));
        let partner = match &key {
            Some(key) if is_valid => Some(self.partner(key, &origin, query)),
            _ => None,
        };
        Some(PreparedRow {
            origin,
            key,
            partner,
            diagnostics,
        })
    }

    fn partner(&mut self, key: &RowKey, origin: &Origin, query: Query) -> PreparedPartner {
        let plan = &self.corridor.export.plan;
        let draft = &self.hands.scratch.draft;
        self.hands.body.clear();
        // The bytes of a row that is only judged are read by nobody; its links are.
        let holes = if self.corridor.fingerprinter.is_some() || plan.has_references() {
            self.hands.writer.write(draft, &mut self.hands.body)
        } else {
            Vec::new()
        };
        let links: Vec<Link> = holes
            .iter()
            .filter_map(|hole| match draft.slot(hole.leaf) {
                Slot::Link { at } => Some(Link {
                    field: Arc::clone(&plan.shape.leaves[hole.leaf].path),
                    key: RowKey::new(draft.text(at)),
                    at: hole.at,
                }),
                _ => None,
            })
            .collect();
        let fingerprint = self
            .corridor
            .fingerprinter
            .map(|f| f.of(&self.hands.body, &links, query));
        let links = self.fill_found(links);
        let draft = &self.hands.scratch.draft;
        // A row that is only judged needs no names.
        let (legacy_identifier, business_name) = if fingerprint.is_some() {
            let legacy = draft.leaf_text(plan.legacy_leaf()).unwrap_or(key.as_str());
            let name = draft.leaf_text(plan.business_name_leaf()).unwrap_or("");
            (ExternalId::new(legacy), name.into())
        } else {
            self.hands.nameless.clone()
        };
        PreparedPartner {
            key: key.clone(),
            legacy_identifier,
            business_name,
            body: match fingerprint {
                Some(_) => Body::new(Bytes::copy_from_slice(&self.hands.body)),
                None => Body::default(),
            },
            links,
            query,
            fingerprint: fingerprint.unwrap_or(Fingerprint([0; 16])),
            origin: origin.clone(),
        }
    }

    /// Neither in the files nor in the state.
    fn is_elsewhere(&self, key: &str) -> bool {
        !self.corridor.survey.has_key(key) && !(self.corridor.known)(&RowKey::new(key))
    }

    /// Fills the links whose partners the API told, and leaves the others open.
    fn fill_found(&mut self, links: Vec<Link>) -> Vec<Link> {
        let Elsewhere::Found(partners) = &self.corridor.survey.elsewhere else {
            return links;
        };
        let (found, mut open): (Vec<Link>, Vec<Link>) = links.into_iter().partition(|link| {
            partners.contains_key(link.key.as_str()) && self.is_elsewhere(link.key.as_str())
        });
        if found.is_empty() {
            return open;
        }
        let id_of = |link: &Link| {
            partners
                .get(link.key.as_str())
                .map_or("", PartnerId::as_str)
        };
        let body = Body::new(self.hands.body.clone());
        self.hands.body = body.filled(found.iter().map(|link| (link.at, id_of(link))));
        for link in &mut open {
            // Ids that now stand before an open place have moved it.
            let before = found.iter().filter(|f| f.at < link.at);
            link.at += before.map(|f| id_of(f).len()).sum::<usize>();
        }
        open
    }

    fn fault(&self, row: SourceRow<'_>, fault: RowFault) -> Diagnostic {
        match fault {
            RowFault::Ragged { found } => Diagnostic::new(
                Code::RowRagged,
                self.location(row, None, None),
                format!(
                    "The row has {found} cells; the header has {}.",
                    self.corridor.names.columns.len()
                ),
            ),
            RowFault::Undecodable { column } => Diagnostic::new(
                Code::RowUndecodable,
                self.location(row, Some(column), None),
                "The cell holds bytes that are no text in the file's encoding.",
            ),
            RowFault::Torn => Diagnostic::new(
                Code::RowTorn,
                self.location(row, None, None),
                "The file ends inside a quoted cell.",
            ),
        }
    }

    fn repeated(&self, row: SourceRow<'_>, diagnostics: &mut Vec<Diagnostic>) {
        if let Some(places) = self
            .corridor
            .survey
            .repeated_keys
            .get(&self.hands.scratch.key)
        {
            let at = self.location(row, self.corridor.export.plan.key_column(), None);
            diagnostics.push(
                Diagnostic::new(
                    Code::KeyDuplicate,
                    at,
                    format!("The key stands in {}; none is sent.", self.places(places)),
                )
                .with_value(
                    &self.hands.scratch.key,
                    self.is_sensitive(self.corridor.export.plan.key_column()),
                ),
            );
        }
    }

    /// Another row has the same cells under another key: probably one partner under two.
    fn alike(&self, row: SourceRow<'_>, diagnostics: &mut Vec<Diagnostic>) {
        // A key that stands twice is told already.
        if self.corridor.survey.alike.is_empty() || !diagnostics.is_empty() {
            return;
        }
        if let Some(places) = self
            .corridor
            .survey
            .alike
            .get(&content(&self.corridor.export.plan, row))
        {
            let at = self.location(row, self.corridor.export.plan.key_column(), None);
            diagnostics.push(Diagnostic::new(
                Code::RowAlike,
                at,
                format!("But for the key, {} hold the same.", self.places(places)),
            ));
        }
    }

    fn repeated_identifier(&self, row: SourceRow<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let leaf = self.corridor.export.plan.legacy_leaf();
        let Some(id) = self.hands.scratch.draft.leaf_text(leaf) else {
            return;
        };
        if let Some(places) = self.corridor.survey.repeated_identifiers.get(id) {
            let at = self.location(row, self.corridor.export.plan.column_of(leaf), Some(leaf));
            diagnostics.push(
                Diagnostic::new(
                    Code::IdentifierDuplicate,
                    at,
                    format!(
                        "The legacyIdentifier stands in {}; none is sent.",
                        self.places(places)
                    ),
                )
                .with_value(id, false),
            );
        }
    }

    /// A reference to the row itself, or to a row that nobody knows.
    fn references(&self, row: SourceRow<'_>, diagnostics: &mut Vec<Diagnostic>) {
        let plan = &self.corridor.export.plan;
        for leaf in 0..plan.shape.leaves.len() {
            let Slot::Link { at } = self.hands.scratch.draft.slot(leaf) else {
                continue;
            };
            let target = self.hands.scratch.draft.text(at);
            let (code, message) = if target == self.hands.scratch.key {
                (Code::ReferenceSelf, "The row refers to itself.".to_owned())
            } else if let Some(chain) = self.corridor.survey.cycles.get(&self.hands.scratch.key)
                && self.corridor.survey.cycles.contains_key(target)
            {
                (
                    Code::ReferenceCycle,
                    format!("The rows refer to each other in a circle: {chain}."),
                )
            } else if self.is_elsewhere(target) {
                match &self.corridor.survey.elsewhere {
                    Elsewhere::Found(partners) if partners.contains_key(target) => continue,
                    Elsewhere::Unasked => (
                        Code::ReferenceUnchecked,
                        format!("No row has the key \"{target}\"; the import asks the API for it."),
                    ),
                    Elsewhere::Found(_) => (
                        Code::ReferenceMissing,
                        format!(
                            "No row has the key \"{target}\", and neither the state nor the API knows one partner by it."
                        ),
                    ),
                    Elsewhere::Nowhere => (
                        Code::ReferenceMissing,
                        format!("No row has the key \"{target}\", and no partner is known by it."),
                    ),
                }
            } else {
                continue;
            };
            let column = plan.column_of(leaf);
            let at = self.location(row, column, Some(leaf));
            diagnostics.push(
                Diagnostic::new(code, at, message).with_value(target, self.is_sensitive(column)),
            );
        }
    }

    /// `rows 2 and 17`, with file names where there are several files.
    fn places(&self, places: &[Place]) -> String {
        let named: Vec<String> = places
            .iter()
            .take(NAMED_ROWS)
            .map(|place| {
                if self.corridor.files.len() > 1 {
                    format!(
                        "{} row {}",
                        self.corridor.files[place.file].source.name(),
                        place.row
                    )
                } else {
                    place.row.to_string()
                }
            })
            .collect();
        let more = if places.len() > NAMED_ROWS {
            " and more"
        } else {
            ""
        };
        let prefix = if self.corridor.files.len() > 1 {
            ""
        } else {
            "rows "
        };
        match named.as_slice() {
            [first, last] if more.is_empty() => format!("{prefix}{first} and {last}"),
            _ => format!("{prefix}{}{more}", named.join(", ")),
        }
    }

    fn is_sensitive(&self, column: Option<usize>) -> bool {
        column
            .and_then(|c| self.corridor.export.plan.sensitive_columns.get(c))
            .copied()
            .unwrap_or(false)
    }

    fn diagnostic(&self, row: SourceRow<'_>, finding: Finding) -> Diagnostic {
        let plan = &self.corridor.export.plan;
        let column = finding
            .column
            .or_else(|| finding.leaf.and_then(|l| plan.column_of(l)));
        let at = self.location(row, column, finding.leaf);
        let mut diagnostic = Diagnostic::new(finding.code, at, finding.message);
        if let Some(value) = finding.value {
            let sensitive = self.is_sensitive(column)
                || finding
                    .leaf
                    .is_some_and(|l| plan.shape.leaves[l].field.sensitive);
            diagnostic = diagnostic.with_value(&value, sensitive);
        }
        if let Some(hint) = finding.hint {
            diagnostic = diagnostic.with_hint(hint);
        }
        diagnostic
    }

    fn location(&self, row: SourceRow<'_>, column: Option<usize>, leaf: Option<usize>) -> Location {
        Location {
            file: Some(Arc::clone(&self.corridor.names.file)),
            sheet: self.corridor.names.sheet.clone(),
            row: Some(row.row()),
            line: row.line(),
            column: column.and_then(|index| {
                self.corridor.names.columns.get(index).map(|name| ColumnAt {
                    index,
                    name: Arc::clone(name),
                })
            }),
            field: leaf.map(|l| Arc::clone(&self.corridor.export.plan.shape.leaves[l].path)),
        }
    }
}
