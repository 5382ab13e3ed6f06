//! Rows that are judged while they are surveyed, so that most of them need no second look.
//!
//! A row can be decided for good only when the whole file was seen: its dates wait for what their column proves, its
//! key for all other keys. But nearly always what the first rows prove is what all prove, and keys stand once. So each
//! piece is judged at once by what its thread has seen so far; the survey keeps, for each piece, under which verdicts
//! it was quiet, and in the end those pieces need not be read again whose verdicts held and in which no key stands
//! twice. A row that has anything to tell makes its piece one that is read again: nothing is told from here.

use std::sync::Arc;

use super::tally::LeafTally;
use super::{Export, always};
use crate::mapping::date::{Evidence, Verdict};
use crate::mapping::{Plan, Scratch};
use crate::partner::{Fingerprint, Fingerprinter, PayloadWriter, Query, Slot, validate};
use crate::source::{RowBatch, SourceRow};

/// What a survey looks for in rows on its way.
#[derive(Clone, Copy)]
pub enum Ahead<'a> {
    /// Nothing: all rows are read again anyway.
    Nothing,
    /// Rows that are valid and have nothing to tell.
    Valid,
    /// Of these, rows that are done.
    Done(&'a Fingerprinter, &'a (dyn AreDone + Sync)),
}

/// Knows what an earlier run has settled.
pub trait AreDone {
    /// Whether all these rows, by key and fingerprint, are done.
    fn are_done(&self, rows: &mut dyn Iterator<Item = (&str, &Fingerprint)>) -> bool;
}

/// What quiet pieces are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Quiet {
    /// Nobody looked for them.
    #[default]
    Unknown,
    /// All their rows are valid, with nothing to tell.
    Valid,
    /// And done.
    Done,
}

impl Ahead<'_> {
    pub(super) fn finds(self) -> Quiet {
        match self {
            Ahead::Nothing => Quiet::Unknown,
            Ahead::Valid => Quiet::Valid,
            Ahead::Done(..) => Quiet::Done,
        }
    }
}

/// The pieces of one file, as a survey has seen them.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    notes: Vec<Note>,
    /// What the counted pieces hold.
    pub(super) tally: Option<LeafTally>,
    /// The last row, as a spreadsheet counts.
    pub(super) last_row: u64,
}

/// What a survey found of a piece.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) rows: u32,
    /// The last of them, as a spreadsheet counts.
    pub(super) last_row: u64,
    /// The verdicts under which none of its rows has anything to tell.
    pub(super) quiet_by: Option<Arc<[Verdict]>>,
}

#[derive(Debug)]
struct Note {
    rows: u32,
    /// The last of them, as a spreadsheet counts.
    last_row: u64,
    /// It needs no second look.
    quiet: bool,
    /// Its rows are in the tally.
    counted: bool,
}

impl Pieces {
    /// From what each piece was found to be, in order, and what the threads have counted; what was judged by other
    /// verdicts than those of the whole file counts for nothing.
    pub(super) fn new(
        found: Vec<Found>,
        verdicts: &[Verdict],
        judges: impl Iterator<Item = Judge>,
        last_row: u64,
    ) -> Self {
        let notes = found.into_iter().map(|piece| {
            let holds = piece.quiet_by.is_some_and(|by| *by == *verdicts);
            Note {
                rows: piece.rows,
                last_row: piece.last_row,
                quiet: holds,
                counted: holds,
            }
        });
        let counted = judges
            .flat_map(|judge| judge.counted)
            .filter(|(by, _)| **by == *verdicts)
            .map(|(_, tally)| tally);
        let tally = counted.reduce(|mut all, tally| {
            all.absorb(tally);
            all
        });
        Self {
            notes: notes.collect(),
            tally,
            last_row,
        }
    }

    /// A piece has a row that something is told of after all. Its payloads are looked at then: they may be that row's.
    pub(super) fn look_again(&mut self, piece: usize) {
        let before = self.notes.iter().take(piece).map(|note| note.last_row);
        let before = before.max().unwrap_or(0);
        let Some(note) = self.notes.get_mut(piece) else {
            return;
        };
        note.quiet = false;
        if let Some(tally) = &mut self.tally {
            tally.forget_samples(before + 1..=note.last_row);
        }
    }

    pub(super) fn is_quiet(&self, piece: usize) -> bool {
        self.notes.get(piece).is_some_and(|note| note.quiet)
    }

    pub(super) fn is_counted(&self, piece: usize) -> bool {
        self.notes.get(piece).is_some_and(|note| note.counted)
    }

    /// Rows of quiet pieces.
    pub(super) fn quiet_rows(&self) -> u64 {
        let quiet = self.notes.iter().filter(|note| note.quiet);
        quiet.map(|note| u64::from(note.rows)).sum()
    }
}

/// One thread's judgement of one file.
#[derive(Debug)]
pub(super) struct Judge {
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
    /// What quiet pieces hold, by the verdicts under which they were judged.
    counted: Vec<(Arc<[Verdict]>, LeafTally)>,
    /// What the piece under way holds.
    piece: LeafTally,
    /// Payloads that were kept of pieces before it.
    samples: usize,
    is_quiet: bool,
}

/// What a judge needs to know of rows.
#[derive(Clone, Copy)]
pub(super) struct Court<'c> {
    pub(super) export: &'c Export,
    pub(super) ahead: Ahead<'c>,
    pub(super) always: Query,
}

impl Judge {
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
            is_quiet: false,
        }
    }

    /// Begins a piece.
    pub(super) fn begin(&mut self, court: Court<'_>) {
        self.is_quiet = !matches!(court.ahead, Ahead::Nothing);
        if !self.is_quiet {
            return;
        }
        self.piece = LeafTally::new(&court.export.plan);
        self.keys.clear();
        self.rows.clear();
        let before = self.counted.last().filter(|(by, _)| *by == self.verdicts);
        self.samples = before.map_or(0, |(_, tally)| tally.samples());
    }

    /// Judges the next row of the piece, its key in the scratch; true where its draft was filled.
    pub(super) fn row(
        &mut self,
        court: Court<'_>,
        row: SourceRow<'_>,
        scratch: &mut Scratch,
    ) -> bool {
        if !self.is_quiet {
            return false;
        }
        let plan = &court.export.plan;
        let filled = plan.fill(row, &self.verdicts, scratch);
        self.is_quiet = self.is_row_quiet(court, filled.query, scratch);
        if self.is_quiet {
            self.piece.row(plan, row, &scratch.draft, &[]);
            if self.piece.wants_sample(self.samples) {
                let name = court.export.source.name();
                self.piece.sample(plan, &scratch.draft, name, row.row());
            }
        }
        true
    }

    fn is_row_quiet(&mut self, court: Court<'_>, query: Query, scratch: &mut Scratch) -> bool {
        let plan = &court.export.plan;
        validate(&plan.shape, &scratch.draft, &mut scratch.findings);
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
        if let Ahead::Done(fingerprinter, _) = court.ahead {
            self.body.clear();
            self.writer.write(&scratch.draft, &mut self.body);
            let query = always(court.always, query);
            let fingerprint = fingerprinter.of(&self.body, &[], query);
            self.keys.push_str(&scratch.key);
            self.rows.push((self.keys.len(), fingerprint));
        }
        true
    }

    /// Whether all rows of the piece are done. They are looked up together, which takes a fraction of the time.
    fn are_done(&self, court: Court<'_>) -> bool {
        let Ahead::Done(_, known) = court.ahead else {
            return true;
        };
        let mut from = 0;
        known.are_done(&mut self.rows.iter().map(|(to, fingerprint)| {
            let key = &self.keys[from..*to];
            from = *to;
            (key, fingerprint)
        }))
    }

    /// A row of the piece that makes it one to read again.
    pub(super) fn is_loud(&mut self) {
        self.is_quiet = false;
    }

    /// Ends a piece, which proved `evidence`: the verdicts under which it is quiet, if it is.
    pub(super) fn end(
        &mut self,
        court: Court<'_>,
        evidence: &[Evidence],
        batch: &RowBatch,
        scratch: &mut Scratch,
    ) -> Option<Arc<[Verdict]>> {
        if matches!(court.ahead, Ahead::Nothing) {
            return None;
        }
        let plan = &court.export.plan;
        for (all, below) in self.evidence.iter_mut().zip(evidence) {
            all.merge(below);
        }
        let now = self.evidence.iter().map(Evidence::verdict);
        if !now.clone().eq(self.verdicts.iter().copied()) {
            // The piece itself has proved something, as the first one of each thread nearly always does.
            self.verdicts = now.collect();
            self.begin(court);
            for row in batch.rows() {
                if row.fault().is_some() || !plan.key_of(row, &mut scratch.key) {
                    self.is_loud();
                }
                self.row(court, row, scratch);
            }
        }
        if !self.is_quiet || !self.are_done(court) {
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
