//! The files and the mapping of an operation, and what was detected of them.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use super::error::OpError;
use super::request::ExportRequest;
use super::session::Session;
use crate::delivery::Stop;
use crate::diagnostic::{masked_numbers, thousands};
use crate::mapping::DateColumn;
use crate::mapping::Mapping;
use crate::mapping::date::{Evidence, Verdict, noted};
use crate::partner::{RowOutcome, RowResult};
use crate::prepare::{Ahead, Export, Exports, PreparedRow, Survey};
use crate::report::{
    Collector, Counters, CsvRules, Decision, Detected, Encode, RejectFormat, ReportFolder,
    SourceValues, Wanted, fits_a_sheet,
};
use crate::secret::Scrubber;
use crate::source::{
    Escape, Format, Header, LeftOut, PROBLEMS_COLUMN, Quote, TextEncoding, is_of_a_report, is_sure,
};

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
        let files: Vec<_> = request.files.iter().map(|f| f.source().clone()).collect();
        let exports = Exports::open_files(&files, &mapping, request.always)?;
        Ok(Opened {
            mapping,
            exports: Arc::new(exports),
        })
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
                    brief: brief_of(subject, &found),
                    subject: subject.to_owned(),
                    found,
                    setting: setting.into(),
                })
                .collect();
            // A hint decides, but not about date cells that a spreadsheet may have exchanged.
            let is_judged = |(column, evidence): &(&DateColumn, &Evidence)| {
                !column.hinted || matches!(evidence.verdict(), Verdict::Mixed { .. })
            };
            let judged = export.plan.date_columns.iter().zip(evidence);
            decisions.extend(
                judged
                    .filter(is_judged)
                    .map(|(column, evidence): (_, &Evidence)| Decision {
                        subject: match column.column {
                            Some(c) => format!("dates in \"{}\" ({})", names[c], column.field),
                            None => format!("dates of a template ({})", column.field),
                        },
                        found: evidence.describe(),
                        setting: "date_order".into(),
                        brief: brief_of_dates(column.column.map(|c| &*names[c]), evidence),
                    }),
            );
            let left_out = survey.left_out.get(index);
            let described = left_out.map(LeftOut::describe);
            let footer = left_out.and_then(|rows| rows.footer.as_ref());
            let footer = footer.map(|f| {
                // Whatever the row behind the rows is, a number of an account is not shown.
                let text = Scrubber::new().scrub(f.text());
                (
                    f.describe_place(),
                    (values == SourceValues::Shown).then_some(text),
                )
            });
            Detected {
                file: export.source.name().to_string(),
                decisions,
                notes: export
                    .source
                    .notes()
                    .iter()
                    .cloned()
                    .chain(described.into_iter().flatten())
                    .chain(continued(exports, survey, index))
                    .chain(not_compared(survey, index))
                    .chain(no_workbook(names.len(), header_row))
                    .collect(),
                left_out: left_out.map_or(0, LeftOut::count),
                etag: export.source.etag().map(str::to_owned),
                footer,
                unused: export
                    .plan
                    .unused
                    .iter()
                    .map(|c| masked_numbers(&names[*c]))
                    .collect(),
            }
        })
        .collect()
}

/// Rows from which on a sheet may be a part: programs begin another one at 50,000, 65,536, 1,000,000 or 1,048,576.
const ROWS_OF_A_PART: u64 = 50_000;

/// That not all rows were compared which are likely the same partner as another.
fn not_compared(survey: &Survey, index: usize) -> Option<String> {
    let rows = survey.not_compared;
    (index == 0 && rows > 0).then(|| {
        format!(
            "of the rows that may be the same partner as another, {} were not compared: there are too many (row.similar)",
            thousands(rows)
        )
    })
}

/// Of a long sheet: that others of its workbook have the same header and are not read.
fn continued(exports: &Exports, survey: &Survey, index: usize) -> Option<String> {
    let source = &exports.files().get(index)?.source;
    let read = source.sheet()?;
    if survey.last_row(index) < ROWS_OF_A_PART {
        return None;
    }
    let is_same = |header: &Arc<Header>| header.names() == source.header().names();
    let others = source.other_sheets(exports.options(), &is_same);
    let all: Vec<String> = (std::iter::once(&read).chain(&others))
        .map(|sheet| format!("\"{sheet}\""))
        .collect();
    let (is, them) = match others.len() {
        0 => return None,
        1 => ("has the same header and is", "it"),
        _ => ("have the same header and are", "them"),
    };
    Some(format!(
        "{} {is} not read; to read {them} too: [source] sheet = [{}]",
        all[1..].join(", "),
        all.join(", ")
    ))
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

/// How each source is written again, for its rejects and its partners.
pub(super) fn reject_formats(exports: &Exports, survey: &Survey) -> Vec<RejectFormat> {
    let options = exports.options();
    exports
        .files()
        .iter()
        .enumerate()
        .map(|(index, export)| {
            let header = export.source.header();
            let (encoding, rules) = match export.source.format() {
                Format::Text { encoding, dialect } => {
                    // What the mapping says of quotes, it says of this file too; what was detected is detected anew.
                    let is_set = options.quote.is_some() || options.escape.is_some();
                    let rules = if is_set {
                        CsvRules {
                            delimiter: dialect.delimiter,
                            quote: dialect.quote.byte(),
                            backslash: dialect.escape == Escape::Backslash,
                        }
                    } else {
                        CsvRules::usual(dialect.delimiter)
                    };
                    (encoding.clone(), rules)
                }
                Format::Workbook { .. } => (
                    TextEncoding::new(
                        options.encoding.unwrap_or(encoding_rs::UTF_8),
                        options.encoding.is_none(),
                    ),
                    CsvRules {
                        delimiter: options.delimiter.unwrap_or(b','),
                        quote: options.quote.unwrap_or(Quote::Double).byte(),
                        backslash: options.escape == Some(Escape::Backslash),
                    },
                ),
            };
            RejectFormat {
                sheet: export.source.sheet().map(|s| s.to_string()),
                header: header.raw().to_vec(),
                dropped: (0..header.len())
                    .filter(|c| is_of_a_report(&header.names()[*c]))
                    .collect(),
                added_column: PROBLEMS_COLUMN,
                dates: survey
                    .evidence
                    .get(index)
                    .and_then(|e| noted_dates(export, e)),
                rules,
                blank_lines: options.header_row.map_or(0, |n| n.saturating_sub(1)),
                mark: encoding.bom_bytes(),
                encode: (encoding.encoding != encoding_rs::UTF_8)
                    .then(|| Arc::new(move |text: &str| encoding.encode(text)) as Encode),
            }
        })
        .collect()
}

/// How the dates of a file were read that its own dates decided: rows that are given back keep it.
fn noted_dates(export: &Export, evidence: &[Evidence]) -> Option<String> {
    let header = export.source.header();
    let columns = export.plan.date_columns.iter().zip(evidence);
    let judged = columns.filter(|(column, _)| !column.hinted);
    let labelled: Vec<_> = judged
        .map(|(column, evidence)| (column.label(header), evidence.verdict()))
        .collect();
    noted(labelled.iter().map(|(label, verdict)| (&**label, *verdict)))
}

/// What was found out about a file in a few words: without its evidence.
fn brief_of(subject: &str, found: &str) -> Option<String> {
    if subject == "encoding" && found.contains('(') && !is_sure(found) {
        return None;
    }
    // Not inside the name of a sheet.
    let mut in_quotes = false;
    let end = found.find(|c| {
        in_quotes ^= c == '"';
        !in_quotes && matches!(c, ';' | ':' | '(')
    });
    let found = found[..end.unwrap_or(found.len())].trim_end();
    Some(match subject {
        "encoding" | "delimiter" => found.to_owned(),
        subject => format!("{subject} {found}"),
    })
}

/// How a column of dates is read; empty where its dates are plain, none where somebody has to look.
fn brief_of_dates(column: Option<&str>, evidence: &Evidence) -> Option<String> {
    let order = match evidence.verdict() {
        Verdict::DayFirst => "day/month/year",
        Verdict::MonthFirst => "month/day/year",
        Verdict::Silent if evidence.undecided == 0 => return Some(String::new()),
        _ => return None,
    };
    Some(format!("{order} in \"{}\"", column.unwrap_or("a template")))
}

/// A collector that several threads fill.
pub(super) fn collector(
    folder: Option<&ReportFolder>,
    exports: &Exports,
    survey: &Survey,
    wanted: Wanted,
    counters: &Arc<Counters>,
) -> Result<Arc<Mutex<Collector>>, OpError> {
    let names = exports
        .files()
        .iter()
        .map(|f| (Arc::clone(f.source.name()), f.source.sheet()))
        .collect();
    let formats = reject_formats(exports, survey);
    let mut collector = Collector::new(folder, names, formats, wanted, Arc::clone(counters))?;
    collector.set_name_columns(exports.files().iter().map(name_column).collect());
    Ok(Arc::new(Mutex::new(collector)))
}

/// The column that names a row's partner, unless nobody may see what stands in it.
fn name_column(export: &Export) -> Option<usize> {
    let plan = &export.plan;
    let leaf = plan.business_name_leaf();
    plan.column_of(leaf).filter(|_| !plan.is_sensitive(leaf))
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

/// The names of the files, for people: each once, also where several sheets of it are read.
pub(super) fn file_names(exports: &Exports) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for export in exports.files() {
        let name = export.source.name();
        if names.last().is_none_or(|last| **last != **name) {
            names.push(name.to_string());
        }
    }
    names
}
