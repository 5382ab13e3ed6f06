//! The files and the mapping of an operation, and what was detected of them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::error::OpError;
use super::request::ExportRequest;
use super::session::Session;
use crate::delivery::Stop;
use crate::mapping::Mapping;
use crate::mapping::date::Evidence;
use crate::partner::{RowKey, RowOutcome, RowResult};
use crate::prepare::{Ahead, Exports, PreparedRow, Survey, Tally};
use crate::report::{
    Collector, Counters, Decision, Detected, Encode, RejectFormat, ReportFolder, SourceValues,
    Wanted, fits_a_sheet,
};
use crate::source::{Flow, Format, PROBLEMS_COLUMN, TextEncoding};

/// A mapping and the files it fits.
pub(crate) struct Opened {
    pub(super) mapping: Mapping,
    pub(super) exports: Arc<Exports>,
}

/// Reads the mapping and opens the files: a pipe, or a file on a network, may take as long as it likes.
pub(super) fn open(request: &ExportRequest, session: &Session<'_>) -> Result<Opened, OpError> {
    let request = request.clone();
    session.blocking(move || {
        let mapping = Mapping::read(&request.mapping)?;
        let exports = Arc::new(Exports::open(&request.files, &mapping, request.always)?);
        Ok(Opened { mapping, exports })
    })?
}

/// What was detected of each file, with the evidence of a survey.
pub(super) fn detected(exports: &Exports, survey: &Survey, values: SourceValues) -> Vec<Detected> {
    exports
        .files()
        .iter()
        .enumerate()
        .map(|(index, export)| {
            let names = export.source.header().names();
            let header_row = exports.options().header_row;
            let evidence = survey.evidence.get(index).map_or(&[][..], Vec::as_slice);
            let mut decisions: Vec<Decision> = export
                .source
                .describe()
                .into_iter()
                .map(|(subject, found, setting)| Decision {
                    subject: subject.to_owned(),
                    found,
                    setting: setting.into(),
                })
                .collect();
            let judged = export.plan.date_columns.iter().zip(evidence);
            decisions.extend(judged.filter(|(column, _)| !column.hinted).map(
                |(column, evidence): (_, &Evidence)| Decision {
                    subject: match column.column {
                        Some(c) => format!("dates in \"{}\" ({})", names[c], column.field),
                        None => format!("dates of a template ({})", column.field),
                    },
                    found: evidence.describe(),
                    setting: "date_order".into(),
                },
            ));
            let footer = survey.footers.get(index).and_then(Option::as_ref);
            let footer = footer.map(|f| {
                let text = (values == SourceValues::Shown).then(|| f.text().to_owned());
                (f.describe_place(), text)
            });
            Detected {
                file: export.source.name().to_string(),
                decisions,
                notes: export
                    .source
                    .notes()
                    .iter()
                    .cloned()
                    .chain(no_workbook(names.len(), header_row))
                    .collect(),
                footer,
                unused: export
                    .plan
                    .unused
                    .iter()
                    .map(|c| names[*c].to_string())
                    .collect(),
            }
        })
        .collect()
}

/// Says so where the marked-up workbook cannot hold the rows of a file.
fn no_workbook(columns: usize, header_row: Option<u64>) -> Option<String> {
    let fits = fits_a_sheet(columns, header_row.map_or(0, |n| n.saturating_sub(1)));
    (!fits).then(|| {
        "a workbook has at most 16,384 columns and 1,048,576 rows, so no report.xlsx is written; rejects.csv has the rows"
            .to_owned()
    })
}

/// Surveys the files; the counters show how far it is, and how many rows there are.
pub(super) fn survey(
    exports: &Exports,
    ahead: Ahead<'_>,
    stop: &Stop,
    counters: &Counters,
) -> Result<Survey, OpError> {
    let survey = exports.survey(ahead, &|| stop.is_requested(), &|rows| {
        counters.surveyed.store(rows, Ordering::Relaxed);
    })?;
    counters.total.store(survey.rows, Ordering::Relaxed);
    Ok(survey)
}

/// How each source is written again for its rejects.
fn reject_formats(exports: &Exports) -> Vec<RejectFormat> {
    let options = exports.options();
    exports
        .files()
        .iter()
        .map(|export| {
            let header = export.source.header();
            let (encoding, delimiter) = match export.source.format() {
                Format::Text { encoding, dialect } => (encoding.clone(), dialect.delimiter),
                Format::Workbook { .. } => (
                    TextEncoding {
                        encoding: options.encoding.unwrap_or(encoding_rs::UTF_8),
                        bom: options.encoding.is_none(),
                        evidence: String::new(),
                    },
                    options.delimiter.unwrap_or(b','),
                ),
            };
            RejectFormat {
                sheet: export.source.sheet().map(|s| s.to_string()),
                header: header.raw().to_vec(),
                dropped: header.names().iter().position(|n| &**n == PROBLEMS_COLUMN),
                problems_column: PROBLEMS_COLUMN,
                delimiter,
                blank_lines: options.header_row.map_or(0, |n| n.saturating_sub(1)),
                mark: encoding.bom_bytes(),
                encode: (encoding.encoding != encoding_rs::UTF_8)
                    .then(|| Arc::new(move |text: &str| encoding.encode(text)) as Encode),
            }
        })
        .collect()
}

/// A collector that several threads fill.
pub(super) fn collector(
    folder: Option<&ReportFolder>,
    exports: &Exports,
    wanted: Wanted,
    counters: &Arc<Counters>,
) -> Result<Arc<Mutex<Collector>>, OpError> {
    let names = exports
        .files()
        .iter()
        .map(|f| (Arc::clone(f.source.name()), f.source.sheet()))
        .collect();
    let formats = reject_formats(exports);
    let collector = Collector::new(folder, names, formats, wanted, Arc::clone(counters))?;
    Ok(Arc::new(Mutex::new(collector)))
}

/// How many rows are invalid, and what the rows hold. Nothing was sent yet.
pub(super) fn count_invalid(
    exports: &Exports,
    survey: &Survey,
    known: &(dyn Fn(&RowKey) -> bool + Sync),
    stop: &dyn Fn() -> bool,
) -> Result<(u64, Tally), OpError> {
    let mut invalid = 0_u64;
    let tally = exports.judge(survey, known, &mut |rows, _| {
        invalid += rows.iter().filter(|r| r.partner.is_none()).count() as u64;
        if stop() { Flow::Enough } else { Flow::More }
    })?;
    Ok((invalid, tally))
}

/// A row that needs no sending, as a result.
pub(super) fn unsent(row: PreparedRow, valid: RowOutcome) -> RowResult {
    let outcome = if row.partner.is_some() {
        valid
    } else {
        RowOutcome::Invalid
    };
    RowResult {
        origin: row.origin,
        key: row.key,
        legacy_identifier: row.partner.map(|p| p.legacy_identifier),
        outcome,
        partner: None,
        diagnostics: row.diagnostics,
    }
}

/// The names of the files, for people.
pub(super) fn file_names(exports: &Exports) -> Vec<String> {
    exports
        .files()
        .iter()
        .map(|f| f.source.name().to_string())
        .collect()
}
