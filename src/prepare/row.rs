//! One row on its way: faults, key, draft, findings with their places, payload.

use std::sync::Arc;

use bytes::Bytes;

use super::context::{PassContext, Rows};
use super::diagnose::Diagnose;
use super::flags::either;
use super::prepared_row::PreparedRow;
use super::survey::Elsewhere;
use super::tally::LeafTally;
use crate::diagnostic::Diagnostic;
use crate::mapping::{Plan, RowBuffers};
use crate::partner::{
    Body, ExternalId, Fingerprint, Link, Origin, PartnerId, PayloadWriter, PreparedPartner, Query,
    RowKey, Slot, SourceCells, validate,
};
use crate::source::SourceRow;

/// Whether a pass counts the rows of a piece.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    /// It does.
    Rows,
    /// The survey has counted them.
    Nothing,
}

/// What a worker keeps for itself from row to row: buffers, and its counts.
pub(super) struct WorkerState {
    scratch: RowBuffers,
    writer: PayloadWriter,
    body: Vec<u8>,
    pub(super) tally: LeafTally,
    /// The names of a row that is only checked.
    nameless: (ExternalId, Arc<str>),
}

impl WorkerState {
    pub(super) fn new(plan: &Plan) -> Self {
        Self {
            scratch: RowBuffers::default(),
            writer: PayloadWriter::new(&plan.shape),
            body: Vec::new(),
            tally: LeafTally::new(plan),
            nameless: (ExternalId::new(""), Arc::from("")),
        }
    }
}

/// Prepares the rows of one piece.
pub(super) struct RowWorker<'w> {
    pub(super) context: &'w PassContext<'w>,
    pub(super) state: &'w mut WorkerState,
    pub(super) count: Count,
}

impl RowWorker<'_> {
    /// The row, prepared; `None` where it is valid and nobody wants it then.
    pub(super) fn row(
        &mut self,
        row: SourceRow<'_>,
        ordinal: u32,
        batch: &Arc<dyn SourceCells>,
    ) -> Option<PreparedRow> {
        let context = self.context;
        let origin = || Origin {
            file: u32::try_from(context.file).unwrap_or(u32::MAX),
            ordinal,
            row: row.row(),
            batch: Arc::clone(batch),
            index: u32::try_from(row.index()).unwrap_or(u32::MAX),
        };
        let diagnose = Diagnose { context, row };
        if let Some(fault) = row.fault() {
            return Some(PreparedRow {
                origin: origin(),
                key: None,
                partner: None,
                diagnostics: vec![diagnose.fault(fault)],
            });
        }
        let has_key = context.export.plan.key_of(row, &mut self.state.scratch.key);
        if !has_key {
            self.state.scratch.key.clear();
        }
        let query = self.fill(row);
        let diagnostics = self.diagnostics(diagnose, has_key);
        let is_valid = has_key && !diagnostics.iter().any(Diagnostic::is_error);
        if is_valid && self.state.tally.wants_sample(0) {
            let draft = &self.state.scratch.draft;
            let (plan, file) = (&context.export.plan, &context.names.file);
            self.state.tally.sample(plan, draft, file, row.row());
        }
        if is_valid && diagnostics.is_empty() && context.rows == Rows::WithFindings {
            return None;
        }
        let origin = origin();
        let key = has_key.then(|| RowKey::new(self.state.scratch.key.as_str()));
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

    /// Fills the draft, validates it, and counts what it holds. Returns the flags of the create.
    fn fill(&mut self, row: SourceRow<'_>) -> Query {
        let plan = &self.context.export.plan;
        let verdicts = &self.context.survey.verdicts[self.context.file];
        let scratch = &mut self.state.scratch;
        let filled = plan.fill(row, verdicts, scratch);
        let is_error = |code| plan.validation.is_error(code);
        validate(&plan.shape, &scratch.draft, is_error, &mut scratch.findings);
        if self.count == Count::Rows {
            let tally = &mut self.state.tally;
            tally.row(plan, row, &scratch.draft, &scratch.findings);
        }
        either(self.context.always, filled.query)
    }

    /// All there is to report of the row in the buffers, with the severity that the mapping gives it.
    fn diagnostics(&mut self, diagnose: Diagnose<'_>, has_key: bool) -> Vec<Diagnostic> {
        let plan = &self.context.export.plan;
        let scratch = &mut self.state.scratch;
        let mut diagnostics = Vec::new();
        if has_key {
            diagnostics.extend(diagnose.key(&scratch.key));
            diagnostics.extend(diagnose.similar());
            diagnose.record(&scratch.key, &mut diagnostics);
        } else {
            diagnostics.push(diagnose.key_missing());
        }
        diagnostics.extend(diagnose.short());
        for finding in std::mem::take(&mut scratch.findings) {
            // The key is the identifier's only source and is reported already.
            if !has_key && finding.leaf == Some(plan.legacy_leaf()) && !plan.has_own_identifier() {
                continue;
            }
            diagnostics.push(diagnose.finding(finding));
        }
        if plan.has_own_identifier() {
            diagnostics.extend(diagnose.repeated_identifier(&scratch.draft));
        }
        if plan.has_references() {
            diagnose.references(&scratch.key, &scratch.draft, &mut diagnostics);
        }
        for diagnostic in &mut diagnostics {
            diagnostic.severity = plan.validation.severity(diagnostic.code);
        }
        diagnostics
    }

    fn partner(&mut self, key: &RowKey, origin: &Origin, query: Query) -> PreparedPartner {
        let plan = &self.context.export.plan;
        let draft = &self.state.scratch.draft;
        self.state.body.clear();
        // The bytes of a row that is only checked are read by nobody; its links are.
        let holes = if self.context.fingerprinter.is_some() || plan.has_references() {
            self.state.writer.write(draft, &mut self.state.body)
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
            .context
            .fingerprinter
            .map(|f| f.of(&self.state.body, &links, query));
        let links = self.fill_found(links);
        let draft = &self.state.scratch.draft;
        // A row that is only checked needs no names.
        let (legacy_identifier, business_name) = if fingerprint.is_some() {
            let legacy = draft.leaf_text(plan.legacy_leaf()).unwrap_or(key.as_str());
            // Names are kept in the state and searched for. A partner without one is looked up by walking the list.
            let name = match plan.business_name_leaf() {
                leaf if plan.is_sensitive(leaf) => "",
                leaf => draft.leaf_text(leaf).unwrap_or(""),
            };
            (ExternalId::new(legacy), name.into())
        } else {
            self.state.nameless.clone()
        };
        PreparedPartner {
            key: key.clone(),
            legacy_identifier,
            business_name,
            body: match fingerprint {
                Some(_) => Body::new(Bytes::copy_from_slice(&self.state.body)),
                None => Body::default(),
            },
            links,
            query,
            fingerprint: fingerprint.unwrap_or(Fingerprint([0; 16])),
            origin: origin.clone(),
            sensitive_columns: Arc::clone(&plan.hidden_columns),
        }
    }

    /// Fills the links whose partners the API has, and leaves the others open.
    fn fill_found(&mut self, links: Vec<Link>) -> Vec<Link> {
        let Elsewhere::Found(partners) = &self.context.survey.elsewhere else {
            return links;
        };
        let (found, mut open): (Vec<Link>, Vec<Link>) = links.into_iter().partition(|link| {
            partners.contains_key(link.key.as_str()) && self.context.is_elsewhere(link.key.as_str())
        });
        if found.is_empty() {
            return open;
        }
        let id_of = |link: &Link| {
            partners
                .get(link.key.as_str())
                .map_or("", PartnerId::as_str)
        };
        let body = Body::new(self.state.body.clone());
        self.state.body = body.filled(found.iter().map(|link| (link.at, id_of(link))));
        for link in &mut open {
            // Ids that now stand before an open place have moved it.
            let before = found.iter().filter(|f| f.at < link.at);
            link.at += before.map(|f| id_of(f).len()).sum::<usize>();
        }
        open
    }
}
