//! What was counted while rows were prepared → what the report says of them.

use crate::diagnostic::masked_numbers;
use crate::prepare::{Exports, Survey, Tally};
use crate::report::{Contents, FieldShare, FieldWords, SamplePayload, Word};
use crate::source::is_of_a_report;

/// What the rows hold, with the order that was found for each date column.
pub(super) fn contents(exports: &Exports, survey: &Survey, tally: Tally) -> Contents {
    let order = |field: &str| {
        let files = exports.files().iter().enumerate();
        let found: Vec<String> = files
            .filter_map(|(index, file)| {
                let columns = &file.plan.date_columns;
                let at = columns.iter().position(|c| &*c.field == field)?;
                Some(if columns[at].hinted {
                    "set by the mapping".to_owned()
                } else {
                    survey.evidence.get(index)?.get(at)?.describe()
                })
            })
            .collect();
        (!found.is_empty()).then(|| found.join(" | "))
    };
    let mut columns: Vec<String> = Vec::new();
    for file in exports.files() {
        for (column, name) in file.source.header().names().iter().enumerate() {
            // What the mapping reads is shown by the mapping's own words.
            let shown = if file.plan.unused.contains(&column) {
                masked_numbers(name)
            } else {
                name.to_string()
            };
            // The column of an earlier file of rejects is ours, not the export's.
            if !columns.contains(&shown) && !is_of_a_report(name) {
                columns.push(shown);
            }
        }
    }
    Contents {
        columns,
        words: tally
            .words
            .iter()
            .map(|(field, column, seen)| FieldWords {
                field: field.to_string(),
                column: column.to_string(),
                seen: seen.iter().map(|w| Word::of(w)).collect(),
            })
            .collect(),
        fields: tally
            .fields
            .into_iter()
            .map(|f| FieldShare {
                order: order(&f.field),
                field: f.field.to_string(),
                column: f.column.map(|c| c.to_string()),
                filled: f.filled,
                empty: f.empty,
                invalid: f.invalid,
                dates: f.dates.map(|(a, b)| (a.to_string(), b.to_string())),
                example: f.example.map(|e| (e.before, e.after)),
            })
            .collect(),
        samples: tally
            .samples
            .into_iter()
            .map(|s| SamplePayload {
                file: s.file.to_string(),
                row: s.row,
                body: s.body,
            })
            .collect(),
    }
}
