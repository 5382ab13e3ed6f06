//! The steps of the pipeline from a file to request bodies, one by one and on one thread.

use std::path::Path;

use partner_sync::mapping::date::{Evidence, Verdict};
use partner_sync::mapping::{Mapping, Plan, RowBuffers};
use partner_sync::partner::{PayloadWriter, Query, validate};
use partner_sync::prepare::{Ahead, Exports};
use partner_sync::source::Flow;

/// An export that is open, and surveyed.
pub struct Pipeline {
    exports: Exports,
    verdicts: Vec<Verdict>,
}

impl Pipeline {
    pub fn open(path: &Path, mapping: &Path) -> Self {
        let mapping = Mapping::read(mapping).unwrap();
        let exports = Exports::open(&[path.to_owned()], &mapping, Query::default()).unwrap();
        let survey = exports.survey(Ahead::Nothing, &|| false, &|_| ()).unwrap();
        let verdicts = survey.evidence[0].iter().map(Evidence::verdict).collect();
        Self { exports, verdicts }
    }

    fn plan(&self) -> &Plan {
        &self.exports.files()[0].plan
    }

    /// Reads all rows; returns their number.
    pub fn read(&self) -> u64 {
        let mut rows = 0;
        let source = &self.exports.files()[0].source;
        let end = source.read(&mut |batch| {
            rows += batch.len() as u64;
            Flow::More
        });
        end.unwrap();
        rows
    }

    /// Reads, maps and checks all rows; returns their number.
    pub fn map(&self) -> u64 {
        let plan = self.plan();
        let mut scratch = RowBuffers::default();
        let mut rows = 0;
        let source = &self.exports.files()[0].source;
        let end = source.read(&mut |batch| {
            for row in batch.rows() {
                assert!(plan.key_of(row, &mut scratch.key));
                plan.fill(row, &self.verdicts, &mut scratch);
                validate(
                    &plan.shape,
                    &scratch.draft,
                    |code| plan.validation.is_error(code),
                    &mut scratch.findings,
                );
                assert!(scratch.findings.is_empty(), "{:?}", scratch.findings);
                rows += 1;
            }
            Flow::More
        });
        end.unwrap();
        rows
    }

    /// Reads, maps, checks and serializes all rows; returns their number and the bytes made.
    pub fn serialize(&self, mut each: impl FnMut(&[u8])) -> (u64, u64) {
        let plan = self.plan();
        let mut scratch = RowBuffers::default();
        let mut writer = PayloadWriter::new(&plan.shape);
        let mut body = Vec::new();
        let (mut rows, mut bytes) = (0, 0);
        let source = &self.exports.files()[0].source;
        let end = source.read(&mut |batch| {
            for row in batch.rows() {
                assert!(plan.key_of(row, &mut scratch.key));
                plan.fill(row, &self.verdicts, &mut scratch);
                validate(
                    &plan.shape,
                    &scratch.draft,
                    |code| plan.validation.is_error(code),
                    &mut scratch.findings,
                );
                assert!(scratch.findings.is_empty(), "{:?}", scratch.findings);
                body.clear();
                writer.write(&scratch.draft, &mut body);
                rows += 1;
                bytes += body.len() as u64;
                each(&body);
            }
            Flow::More
        });
        end.unwrap();
        (rows, bytes)
    }
}
