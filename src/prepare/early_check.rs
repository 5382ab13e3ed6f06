//! Checks rows while they are surveyed, by what their thread has seen so far: see [`Ahead`].

use std::sync::Arc;

use super::ahead::Ahead;
use super::exports::Export;
use super::flags::either;
use super::tally::LeafTally;
use crate::mapping::date::{Evidence, Verdict};
use crate::mapping::{Plan, RowBuffers};
use crate::partner::{Fingerprint, PayloadWriter, Query, Slot, validate};
use crate::source::{RowBatch, SourceRow};

/// One thread's checks of one file's pieces.
#[derive(Debug)]
pub(super) struct EarlyCheck {
    /// The evidence of all pieces that this thread has seen.
    evidence: Vec<Evidence>,
    /// What it proves so far.
    verdicts: Arc<[Verdict]>,
    writer: PayloadWriter,
    body: Vec<u8>,
    /// The rows of the piece under way that have to be done: their keys, one behind the other, where each ends, and
    /// their fingerprints.
    keys: String,
    rows: Vec<(usize, Fingerprint)>,
    /// What settled pieces hold, by the verdicts under which they were checked.
    counted: Vec<(Arc<[Verdict]>, LeafTally)>,
    /// What the piece under way holds.
    piece: LeafTally,
    /// Payloads that were kept of pieces before it.
    samples: usize,
    is_settled: bool,
}

/// What a check needs to know of rows.
#[derive(Clone, Copy)]
pub(super) struct CheckContext<'c> {
    pub(super) export: &'c Export,
    pub(super) ahead: Ahead<'c>,
    pub(super) always: Query,
}

impl EarlyCheck {
    pub(super) fn new(plan: &Plan) -> Self {
        let evidence = vec![Evidence::default(); plan.date_columns.len()];
        Self {
            verdicts: evidence.iter().map(Evidence::verdict).collect(),
            evidence,
            writer: PayloadWriter::new(&plan.shape),
            body: Vec::new(),
            keys: String::new(),
            rows: Vec::new(),
            counted: Vec::new(),
            piece: LeafTally::default(),
            samples: 0,
            is_settled: false,
        }
    }

    /// What settled pieces hold, by the verdicts under which they were checked.
    pub(super) fn into_counted(self) -> Vec<(Arc<[Verdict]>, LeafTally)> {
        self.counted
    }

    /// Begins a piece.
    pub(super) fn begin(&mut self, context: CheckContext<'_>) {
        self.is_settled = !matches!(context.ahead, Ahead::Nothing);
        if !self.is_settled {
            return;
        }
        self.piece = LeafTally::new(&context.export.plan);
        self.keys.clear();
        self.rows.clear();
        let before = self.counted.last().filter(|(by, _)| *by == self.verdicts);
        self.samples = before.map_or(0, |(_, tally)| tally.samples());
    }

    /// Checks the next row of the piece, its key in the scratch; true where its draft was filled.
    pub(super) fn row(
        &mut self,
        context: CheckContext<'_>,
        row: SourceRow<'_>,
        scratch: &mut RowBuffers,
    ) -> bool {
        if !self.is_settled {
            return false;
        }
        let plan = &context.export.plan;
        let filled = plan.fill(row, &self.verdicts, scratch);
        self.is_settled = self.is_row_settled(context, filled.query, scratch);
        if self.is_settled {
            self.piece.row(plan, row, &scratch.draft, &[]);
            if self.piece.wants_sample(self.samples) {
                let name = context.export.source.name();
                self.piece.sample(plan, &scratch.draft, name, row.row());
            }
        }
        true
    }

    fn is_row_settled(
        &mut self,
        context: CheckContext<'_>,
        query: Query,
        scratch: &mut RowBuffers,
    ) -> bool {
        let plan = &context.export.plan;
        let is_error = |code| plan.validation.is_error(code);
        validate(&plan.shape, &scratch.draft, is_error, &mut scratch.findings);
        if !scratch.findings.is_empty() {
            return false;
        }
        // Whether another row has a partner is not known before all rows were seen.
        let leaves = 0..plan.shape.leaves.len();
        if plan.has_references()
            && leaves
                .into_iter()
                .any(|leaf| matches!(scratch.draft.slot(leaf), Slot::Link { .. }))
        {
            return false;
        }
        if let Ahead::Done(fingerprinter, _) = context.ahead {
            self.body.clear();
            self.writer.write(&scratch.draft, &mut self.body);
            let query = either(context.always, query);
            let fingerprint = fingerprinter.of(&self.body, &[], query);
            self.keys.push_str(&scratch.key);
            self.rows.push((self.keys.len(), fingerprint));
        }
        true
    }

    /// Whether all rows of the piece are done. They are looked up together, which takes a fraction of the time.
    fn are_done(&self, context: CheckContext<'_>) -> bool {
        let Ahead::Done(_, known) = context.ahead else {
            return true;
        };
        let mut from = 0;
        known.are_done(&mut self.rows.iter().map(|(to, fingerprint)| {
            let key = &self.keys[from..*to];
            from = *to;
            (key, fingerprint)
        }))
    }

    /// A row of the piece has something to report.
    pub(super) fn needs_second_pass(&mut self) {
        self.is_settled = false;
    }

    /// Ends a piece, which proved `evidence`: the verdicts under which it is settled, if it is.
    pub(super) fn end(
        &mut self,
        context: CheckContext<'_>,
        evidence: &[Evidence],
        batch: &RowBatch,
        scratch: &mut RowBuffers,
    ) -> Option<Arc<[Verdict]>> {
        if matches!(context.ahead, Ahead::Nothing) {
            return None;
        }
        let plan = &context.export.plan;
        for (all, below) in self.evidence.iter_mut().zip(evidence) {
            all.merge(below);
        }
        let now = self.evidence.iter().map(Evidence::verdict);
        if !now.clone().eq(self.verdicts.iter().copied()) {
            // The piece itself has proved something, as the first one of each thread nearly always does.
            self.verdicts = now.collect();
            self.begin(context);
            for row in batch.rows() {
                if row.fault().is_some() || row.is_short() || !plan.key_of(row, &mut scratch.key) {
                    self.needs_second_pass();
                }
                self.row(context, row, scratch);
            }
        }
        if !self.is_settled || !self.are_done(context) {
            return None;
        }
        let verdicts = Arc::clone(&self.verdicts);
        let piece = std::mem::take(&mut self.piece);
        let last = self.counted.last_mut();
        match last.filter(|(by, _)| *by == verdicts) {
            Some((_, tally)) => tally.absorb(piece),
            None => self.counted.push((Arc::clone(&verdicts), piece)),
        }
        Some(verdicts)
    }
}
