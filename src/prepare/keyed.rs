//! Rows by their keys alone, as they stand in the file: for whoever looks up what became of them.

use std::borrow::Cow;

use super::exports::{Exports, PrepareError};
use super::parallel::Pass;
use super::survey::Survey;
use crate::source::{Flow, RowBatch, SourceRow};

/// Rows of one file that were read together, without those that have no key of their own.
#[derive(Debug)]
pub struct KeyedRows {
    batch: RowBatch,
    /// The place of each row in the batch, and its key.
    rows: Vec<(usize, String)>,
}

impl KeyedRows {
    /// The keys, in the order of the file.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().map(|(_, key)| key.as_str())
    }

    /// The cells of each row as they stand in the file, in the order of the keys.
    pub fn cells(&self) -> impl Iterator<Item = Vec<Cow<'_, str>>> {
        let row = |(index, _): &(usize, _)| self.batch.row(*index);
        let cells = move |at| row(at).into_iter().flat_map(SourceRow::shown).collect();
        self.rows.iter().map(cells)
    }
}

impl Exports {
    /// Reads all rows once more and hands over those that have a key of their own, with the number of their file. Rows
    /// that share a key are left out: which of them is meant cannot be said.
    pub fn keyed(
        &self,
        survey: &Survey,
        sink: &mut dyn FnMut(usize, &KeyedRows) -> Flow,
    ) -> Result<(), PrepareError> {
        for (file, export) in self.files.iter().enumerate() {
            let work = |key: &mut String, _: usize, batch: RowBatch| {
                let mut rows = Vec::with_capacity(batch.len());
                for (index, row) in batch.rows().enumerate() {
                    let is_sound = row.fault().is_none();
                    if is_sound
                        && export.plan.key_of(row, key)
                        && !survey.repeated_keys.contains_key(key.as_str())
                    {
                        rows.push((index, key.clone()));
                    }
                }
                KeyedRows { batch, rows }
            };
            let mut flow = Flow::More;
            let mut take = |rows: KeyedRows| {
                flow = if rows.rows.is_empty() {
                    Flow::More
                } else {
                    sink(file, &rows)
                };
                flow
            };
            Pass {
                workers: self.workers,
                source: &export.source,
                start: &String::new,
                wanted: &|_| true,
                work: &work,
            }
            .run(&mut take)?;
            if flow == Flow::Enough {
                break;
            }
        }
        Ok(())
    }
}
