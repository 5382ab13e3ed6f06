//! What check, dry run and import have in common: opening, telling what was detected, reporting.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::cli::Desk;
use crate::cli::args::ExportArgs;
use crate::cli::exit::{CliError, Exit};
use crate::mapping::Mapping;
use crate::mapping::date::Evidence;
use crate::partner::{Query, RowKey, RowOutcome, RowResult};
use crate::prepare::{Exports, PreparedRow, Survey, Tally};
use crate::report::{
    Collector, Counters, Decision, Detected, Encode, Kind, PageParts, RejectFormat, ReportFolder,
    RunReport, SourceValues, Verified, Wanted, render_terminal, summary_json, write_page,
};
use crate::source::{Flow, Format, PROBLEMS_COLUMN, TextEncoding};
use crate::state::{RunEnd, RunId};

/// A mapping and the files it fits.
pub(super) struct Opened {
    pub(super) mapping: Mapping,
    pub(super) exports: Arc<Exports>,
}

/// Reads the mapping and opens the files.
pub(super) fn open(args: &ExportArgs) -> Result<Opened, CliError> {
    let mapping = Mapping::read(&args.mapping)?;
    let always = Query {
        create_apptivo_account: args.create_apptivo_account,
        create_bill_com_profile: args.create_bill_com_profile,
    };
    let exports = Arc::new(Exports::open(&args.files, &mapping, always)?);
    Ok(Opened { mapping, exports })
}

/// What was detected of each file, with the evidence of a survey.
pub(super) fn detected(exports: &Exports, survey: &Survey, values: SourceValues) -> Vec<Detected> {
    exports
        .files()
        .iter()
        .enumerate()
        .map(|(index, export)| {
            let names = export.source.header().names();
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
            let footer = footer.map(|f| match values {
                SourceValues::Shown => f.describe(),
                SourceValues::LeftOut => f.describe_place(),
            });
            Detected {
                file: export.source.name().to_string(),
                decisions,
                notes: export
                    .source
                    .notes()
                    .iter()
                    .cloned()
                    .chain(footer)
                    .collect(),
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

/// Tells what was detected, before anything else happens.
pub(super) fn tell_detected(desk: &Desk, detected: &[Detected]) {
    for line in detected.iter().flat_map(Detected::lines) {
        desk.output.note(&line);
    }
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
) -> Result<Arc<Mutex<Collector>>, CliError> {
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
) -> Result<(u64, Tally), CliError> {
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

/// What a run is called, beside its counts.
pub(super) struct Heading {
    pub(super) run: RunId,
    pub(super) kind: Kind,
    pub(super) target: Option<String>,
    pub(super) mapping: String,
    pub(super) files: Vec<String>,
    pub(super) detected: Vec<Detected>,
    pub(super) values: SourceValues,
    pub(super) verified: Option<Verified>,
    pub(super) stopped: Option<String>,
    pub(super) started: Instant,
}

/// Ends the collection and makes the report; `exit` judges it.
pub(super) fn conclude(
    heading: Heading,
    collector: &Arc<Mutex<Collector>>,
    folder: Option<&ReportFolder>,
    desk: &Desk,
    exit: impl FnOnce(&RunReport) -> Exit,
) -> RunReport {
    let nothing = Wanted::problems(heading.values);
    let empty = Collector::new(None, Vec::new(), Vec::new(), nothing, Arc::default());
    let collected = {
        let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
        match empty {
            Ok(empty) => std::mem::replace(&mut *held, empty).finish(heading.kind),
            Err(_) => return blank(heading),
        }
    };
    let mut report = blank(heading);
    report.counts = collected.counts;
    report.groups = collected.groups;
    report.errors = collected.errors;
    report.warnings = collected.warnings;
    report.written = collected.written;
    report.holds_bank_data = collected.has_rejects;
    report.contents = collected.contents;
    report.timeline = Some(collected.timeline).filter(|t| !t.rows.is_empty());
    finish(
        report,
        collected.page.as_ref(),
        collected.trouble,
        folder,
        desk,
        exit,
    )
}

/// Judges a report and writes what is made of the whole: the page and the summary.
pub(super) fn finish(
    mut report: RunReport,
    page: Option<&PageParts>,
    trouble: Option<String>,
    folder: Option<&ReportFolder>,
    desk: &Desk,
    exit: impl FnOnce(&RunReport) -> Exit,
) -> RunReport {
    let mut code = exit(&report);
    if let Some(trouble) = trouble {
        desk.output.error(&CliError::Machine(trouble));
        code = Exit::Stopped;
    }
    report.exit = code.code();
    if let (Some(folder), Some(parts)) = (folder, page) {
        match write_page(folder, &report, parts) {
            Ok(path) => report.written.insert(0, path),
            Err(error) => {
                desk.output.error(&error.into());
                report.exit = Exit::Stopped.code();
            }
        }
    }
    if let Some(folder) = folder {
        match folder.write(
            "summary.json",
            format!("{}\n", summary_json(&report)).as_bytes(),
        ) {
            Ok(path) => report.written.insert(0, path),
            Err(error) => {
                desk.output.error(&error.into());
                report.exit = Exit::Stopped.code();
            }
        }
    }
    report
}

pub(super) fn blank(heading: Heading) -> RunReport {
    RunReport {
        run: heading.run.0,
        kind: heading.kind,
        target: heading.target,
        mapping: heading.mapping,
        files: heading.files,
        counts: crate::report::Counts::default(),
        groups: Vec::new(),
        errors: 0,
        warnings: 0,
        detected: heading.detected,
        verified: heading.verified,
        contents: crate::report::Contents::default(),
        timeline: None,
        values: heading.values,
        stopped: heading.stopped,
        seconds: heading.started.elapsed().as_secs_f64(),
        exit: 0,
        written: Vec::new(),
        holds_bank_data: false,
    }
}

/// Prints the summary in the voice that was asked for, and returns the exit code.
pub(super) fn print(report: &RunReport, desk: &Desk) -> Exit {
    if desk.output.json {
        desk.output.result(&format!("{}\n", summary_json(report)));
    } else {
        desk.output.result(&render_terminal(report));
    }
    Exit::of(report.exit)
}

/// How a run ended, for the ledger: its summary, and what its reports are made of again.
pub(super) fn run_end(report: &RunReport, keep: u32) -> RunEnd {
    let mut stored = report.clone();
    stored.contents = stored.contents.without_values();
    stored.values = SourceValues::LeftOut;
    let mut summary = report.clone();
    for group in &mut summary.groups {
        group.example.clear();
    }
    RunEnd {
        exit: report.exit,
        summary: summary_json(&summary),
        report: serde_json::to_string(&stored).ok(),
        keep: Some(keep),
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
