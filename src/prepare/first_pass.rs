//! The first pass over all rows, which makes the survey.

use std::thread;

use super::ahead::Ahead;
use super::cycle::References;
use super::early_check::{CheckContext, EarlyCheck};
use super::exports::{Exports, PrepareError};
use super::keys::KeyIndex;
use super::parallel::Pass;
use super::pieces::{Pieces, SurveyedPiece};
use super::record::{Place, RecordEvidence};
use super::row_words::{RowWords, Wanted};
use super::second_look::SecondLook;
use super::survey::{Elsewhere, Survey};
use crate::mapping::RowBuffers;
use crate::mapping::date::{Evidence, Verdict};
use crate::source::{Flow, Format, RowBatch};

/// What a thread of the survey keeps for itself.
struct SurveyState {
    scratch: RowBuffers,
    words: RowWords,
    check: EarlyCheck,
}

/// What a piece adds to the survey.
#[derive(Default)]
struct Part {
    surveyed: SurveyedPiece,
    keys: Vec<u64>,
    words: Vec<u64>,
    references: Vec<(u64, u64)>,
    identifiers: Vec<u64>,
    evidence: Vec<Evidence>,
    records: RecordEvidence,
}

impl Part {
    fn of(
        context: CheckContext<'_>,
        own_identifier: bool,
        state: &mut SurveyState,
        batch: &RowBatch,
    ) -> Self {
        let plan = &context.export.plan;
        let SurveyState {
            scratch,
            words,
            check,
        } = state;
        let mut part = Self {
            keys: Vec::with_capacity(batch.len()),
            evidence: vec![Evidence::default(); plan.date_columns.len()],
            records: RecordEvidence::new(plan),
            ..Self::default()
        };
        let (first, last) = (context.export.source.header_row() + 1, batch.len());
        let is_workbook = matches!(context.export.source.format(), Format::Workbook { .. });
        let gathers = plan.needs_evidence(is_workbook);
        check.begin(context);
        for row in batch.rows() {
            part.surveyed.rows += 1;
            part.surveyed.last_row = row.row();
            if row.fault().is_some() {
                check.needs_second_pass();
                continue;
            }
            if row.is_short() {
                check.needs_second_pass();
            }
            if plan.key_of(row, &mut scratch.key) {
                let key = KeyIndex::hash(&scratch.key);
                part.keys.push(key);
                let at = Place {
                    is_first: row.row() == first,
                    is_last: row.index() + 1 == last,
                };
                let doubtful = part.records.add(plan, row, &scratch.key, at);
                part.surveyed.has_number_keys |= doubtful.number;
                if doubtful.record {
                    check.needs_second_pass();
                }
                plan.each_reference(row, &mut |parent| {
                    part.references.push((key, KeyIndex::hash(parent)));
                });
                part.words.extend(words.of(plan, row).each());
            } else {
                check.needs_second_pass();
            }
            if gathers {
                plan.gather(row, scratch, &mut part.evidence);
            }
            let is_filled = check.row(context, row, scratch);
            if own_identifier {
                if !is_filled {
                    plan.fill(row, &[], scratch);
                }
                if let Some(id) = scratch.draft.leaf_text(plan.legacy_leaf()) {
                    part.identifiers.push(KeyIndex::hash(id));
                }
            }
        }
        part.surveyed.settled_by = check.end(context, &part.evidence, batch, scratch);
        part
    }
}

/// What is gathered from all files.
#[derive(Default)]
struct Gathered {
    survey: Survey,
    identifiers: KeyIndex,
    words: Vec<u64>,
    references: References,
}

impl Gathered {
    fn add(&mut self, part: &Part) {
        self.survey.rows += u64::from(part.surveyed.rows);
        for key in &part.keys {
            self.survey.keys.add_hash(*key);
        }
        self.words.extend_from_slice(&part.words);
        for (key, parent) in &part.references {
            self.references.add(*key, *parent);
        }
        for identifier in &part.identifiers {
            self.identifiers.add_hash(*identifier);
        }
    }

    /// The survey, and what has to be looked at once more for it.
    fn finish(self, own_identifier: bool) -> (Survey, SecondLook) {
        let Self {
            mut survey,
            mut identifiers,
            words,
            references,
        } = self;
        let second = thread::scope(|scope| {
            let wanted = scope.spawn(move || Wanted::of(words));
            SecondLook {
                keys: survey.keys.finish(),
                identifiers: identifiers.finish(),
                cycles: references.cycles(),
                words: match wanted.join() {
                    Ok(wanted) => wanted,
                    Err(panic) => std::panic::resume_unwind(panic),
                },
            }
        });
        survey.identifiers = own_identifier.then_some(identifiers);
        (survey, second)
    }
}

impl Exports {
    /// Reads all rows once: counts them, gathers the evidence of date columns, finds keys that occur twice,
    /// rows that are alike and references in a circle, and on the way what `ahead` asks for. `stop` is asked between
    /// batches; `seen` gets the number of rows so far.
    pub fn survey(
        &self,
        ahead: Ahead<'_>,
        stop: &dyn Fn() -> bool,
        seen: &dyn Fn(u64),
    ) -> Result<Survey, PrepareError> {
        let mut gathered = Gathered::default();
        gathered.survey.settled = ahead.settles();
        if self.asks_api() {
            gathered.survey.elsewhere = Elsewhere::Unasked;
        }
        let own_identifier = self.files.iter().any(|f| f.plan.has_own_identifier());
        // Rows are numbered over all files as a spreadsheet counts them.
        let mut last_rows = 0;
        for export in &self.files {
            let context = CheckContext {
                export,
                ahead,
                always: self.always,
            };
            last_rows += self.survey_file(context, own_identifier, &mut gathered, &|rows| {
                seen(rows);
                stop()
            })?;
            if gathered.survey.incomplete {
                return Ok(gathered.survey);
            }
        }
        if last_rows > u64::from(u32::MAX) {
            return Err(PrepareError::TooManyRows);
        }
        let (mut survey, second) = gathered.finish(own_identifier);
        if !second.is_empty() {
            second.look(self, &mut survey, stop)?;
        }
        Ok(survey)
    }

    /// Surveys one file. Returns its last row, as a spreadsheet counts.
    fn survey_file(
        &self,
        context: CheckContext<'_>,
        own_identifier: bool,
        gathered: &mut Gathered,
        stop: &dyn Fn(u64) -> bool,
    ) -> Result<u64, PrepareError> {
        let plan = &context.export.plan;
        let mut evidence = vec![Evidence::default(); plan.date_columns.len()];
        let mut records = RecordEvidence::new(plan);
        let mut surveyed = Vec::new();
        let work = |state: &mut SurveyState, _: usize, batch: RowBatch| {
            Part::of(context, own_identifier, state, &batch)
        };
        let mut take = |part: Part| {
            gathered.add(&part);
            for (all, below) in evidence.iter_mut().zip(&part.evidence) {
                all.merge(below);
            }
            records.merge(&part.records);
            surveyed.push(part.surveyed);
            gathered.survey.incomplete = stop(gathered.survey.rows);
            if gathered.survey.incomplete {
                Flow::Enough
            } else {
                Flow::More
            }
        };
        let end = Pass {
            workers: self.workers,
            source: &context.export.source,
            start: &|| SurveyState {
                scratch: RowBuffers::default(),
                words: RowWords::default(),
                check: EarlyCheck::new(plan),
            },
            wanted: &|_| true,
            work: &work,
        }
        .run(&mut take)?;
        let verdicts: Vec<Verdict> = evidence.iter().map(Evidence::verdict).collect();
        let counted = end.states.into_iter();
        let counted = counted.flat_map(|state| state.check.into_counted());
        let survey = &mut gathered.survey;
        let mut pieces = Pieces::new(surveyed, &verdicts, counted, end.last_row);
        if records.has_suspicious_numbers() {
            pieces.need_second_pass_for_number_keys();
        }
        survey.pieces.push(pieces);
        survey.records.push(records);
        survey.verdicts.push(verdicts);
        survey.evidence.push(evidence);
        survey.left_out.push(end.left_out);
        Ok(end.last_row)
    }
}
