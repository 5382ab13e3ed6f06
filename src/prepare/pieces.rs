//! The pieces of one file, as a survey has seen them: which of them are settled.

use std::sync::Arc;

use super::tally::LeafTally;
use crate::mapping::date::Verdict;

/// The pieces of one file.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// In their order.
    all: Vec<Piece>,
    /// What the counted pieces hold.
    pub(super) tally: Option<LeafTally>,
    /// The last row, as a spreadsheet counts.
    pub(super) last_row: u64,
}

/// What a survey found of a piece.
#[derive(Debug, Default)]
pub(super) struct SurveyedPiece {
    pub(super) rows: u32,
    /// The last of them, as a spreadsheet counts.
    pub(super) last_row: u64,
    /// The verdicts under which none of its rows has anything to report.
    pub(super) settled_by: Option<Arc<[Verdict]>>,
    /// Some of its keys are numbers of a workbook.
    pub(super) has_number_keys: bool,
}

#[derive(Debug)]
struct Piece {
    rows: u32,
    /// The last of them, as a spreadsheet counts.
    last_row: u64,
    /// It needs no second pass.
    is_settled: bool,
    has_number_keys: bool,
    /// Its rows are in the tally.
    is_counted: bool,
}

impl Pieces {
    /// From what each piece was found to be, in order, and what was counted, by the verdicts it was checked under; what
    /// was checked under other verdicts than those of the whole file counts for nothing.
    pub(super) fn new(
        surveyed: Vec<SurveyedPiece>,
        verdicts: &[Verdict],
        counted: impl Iterator<Item = (Arc<[Verdict]>, LeafTally)>,
        last_row: u64,
    ) -> Self {
        let pieces = surveyed.into_iter().map(|piece| {
            let holds = piece.settled_by.is_some_and(|by| *by == *verdicts);
            Piece {
                rows: piece.rows,
                last_row: piece.last_row,
                is_settled: holds,
                has_number_keys: piece.has_number_keys,
                is_counted: holds,
            }
        });
        let counted = counted
            .filter(|(by, _)| **by == *verdicts)
            .map(|(_, tally)| tally);
        let tally = counted.reduce(|mut all, tally| {
            all.absorb(tally);
            all
        });
        Self {
            all: pieces.collect(),
            tally,
            last_row,
        }
    }

    /// A piece has a row with something to report after all. Its payloads are looked at then: they may be that row's.
    pub(super) fn needs_second_pass(&mut self, piece: usize) {
        let before = self.all.iter().take(piece).map(|piece| piece.last_row);
        let before = before.max().unwrap_or(0);
        let Some(piece) = self.all.get_mut(piece) else {
            return;
        };
        piece.is_settled = false;
        if let Some(tally) = &mut self.tally {
            tally.forget_samples(before + 1..=piece.last_row);
        }
    }

    /// Keys that are numbers are to be reported.
    pub(super) fn need_second_pass_for_number_keys(&mut self) {
        for piece in 0..self.all.len() {
            if self.all[piece].has_number_keys {
                self.needs_second_pass(piece);
            }
        }
    }

    /// How many rows the file has.
    pub(super) fn rows(&self) -> u64 {
        self.all.iter().map(|piece| u64::from(piece.rows)).sum()
    }

    pub(super) fn is_settled(&self, piece: usize) -> bool {
        self.all.get(piece).is_some_and(|piece| piece.is_settled)
    }

    pub(super) fn is_counted(&self, piece: usize) -> bool {
        self.all.get(piece).is_some_and(|piece| piece.is_counted)
    }

    /// Rows of settled pieces.
    pub(super) fn settled_rows(&self) -> u64 {
        let settled = self.all.iter().filter(|piece| piece.is_settled);
        settled.map(|piece| u64::from(piece.rows)).sum()
    }
}
