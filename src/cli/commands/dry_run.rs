//! `import --dry-run`: what an import would do, row by row, against the state. The corridor and the
//! decisions are those of an import; nothing is sent and the state is only read.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::expect::Expectations;
use super::plan::SealedPlan;
use super::run::{self, Heading};
use crate::api::{Rate, collect_by_identifier};
use crate::cli::Desk;
use crate::cli::args::{ImportArgs, Shared};
use crate::cli::connect;
use crate::cli::contents::contents;
use crate::cli::exit::{CliError, Exit};
use crate::cli::known::KnownRows;
use crate::cli::progress::{Progress, Screen};
use crate::config::{OnChange, Resolved};
use crate::delivery::{Decision, Stop, blocked, changed, decide, in_doubt, still_rejected};
use crate::diagnostic::thousands;
use crate::partner::{Fingerprinter, HashScheme, RowKey, RowOutcome};
use crate::prepare::{Ahead, PreparedRow};
use crate::report::{Counters, Kind, PerRow, ReportFolder, RunReport, summary_json};
use crate::source::Flow;
use crate::state::{LedgerReader, RunId, StateError};

pub(super) fn run(
    args: &ImportArgs,
    shared: &Shared,
    desk: &Desk,
    screen: &Screen,
) -> Result<Exit, CliError> {
    let settings = connect::settings(shared, desk)?;
    if shared.sandbox && args.plan_out.is_some() {
        // A book that is not there yet has no name, so nothing could be sealed for it.
        let runtime = super::runtime()?;
        runtime.block_on(connect::connect(shared, &settings, &Stop::default(), desk))?;
    }
    let report = execute(
        args,
        &settings,
        (OnChange::Problem, &Expectations::default()),
        shared,
        desk,
        screen,
    )?;
    if let Some(path) = &args.plan_out {
        let target = report.target.clone().unwrap_or_default();
        let state = connect::state_digest(&settings.state, &target, &report.mapping)?;
        let would = serde_json::from_str(&summary_json(&report)).unwrap_or_default();
        SealedPlan::new(args, target, state, would)?.write(path)?;
        desk.output.note(&format!(
            "the plan is sealed: partner-sync import --plan {}",
            path.display()
        ));
    }
    Ok(run::print(&report, desk))
}

/// What an import would do, as a report.
pub(super) fn execute(
    args: &ImportArgs,
    settings: &Resolved,
    job: (OnChange, &Expectations),
    shared: &Shared,
    desk: &Desk,
    screen: &Screen,
) -> Result<RunReport, CliError> {
    let started = Instant::now();
    let (on_change, expect) = job;
    let rate = connect::rate(settings)?;
    let opened = run::open(&args.export())?;
    let exports = &opened.exports;
    let folder = settings
        .report
        .as_deref()
        .map(ReportFolder::create)
        .transpose()?;
    let target = connect::known_target(shared, settings)?;
    let reader = match &target {
        Some(target) if settings.state.exists() => {
            LedgerReader::find(&settings.state, target, &opened.mapping.name)?
        }
        _ => None,
    };
    let fingerprinter = match &reader {
        Some(reader) => reader.fingerprinter()?,
        None => Fingerprinter::new([0; 32], HashScheme::Folded),
    };
    let counters = Arc::new(Counters::default());
    let progress = Progress::start(shared.progress, shared.quiet, screen, Arc::clone(&counters));
    let survey = exports.survey(Ahead::Nothing, &|| false, &|rows| {
        counters
            .surveyed
            .store(rows, std::sync::atomic::Ordering::Relaxed);
    })?;
    counters
        .total
        .store(survey.rows, std::sync::atomic::Ordering::Relaxed);
    let detected = run::detected(exports, &survey, shared.values());
    run::tell_detected(desk, &detected);
    let look = |keys: Vec<&str>| -> Result<Vec<Option<crate::state::Known>>, StateError> {
        match &reader {
            Some(reader) => reader.known(keys.into_iter()),
            None => Ok(keys.into_iter().map(|_| None).collect()),
        }
    };
    let parents = KnownRows::new(reader.as_ref().map(LedgerReader::again).transpose()?);
    let known = |key: &RowKey| parents.is_created(key);
    let there = if args.adopt {
        found_on_api(&survey, settings, shared, desk)?
    } else {
        HashSet::new()
    };
    let stranded = stranded_rows(exports, &survey, &known)?;
    let collector = run::collector(
        folder.as_ref(),
        exports,
        shared.wanted(PerRow::Plan),
        &counters,
    )?;
    let mut budget = args.limit.unwrap_or(u64::MAX);
    let mut trouble = None;
    let tally = exports.prepare(&survey, Some(&fingerprinter), None, &known, &mut |rows| {
        let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = rows
            .iter()
            .filter_map(|r| r.key.as_ref())
            .map(RowKey::as_str)
            .collect();
        let mut records = match look(keys) {
            Ok(records) => records.into_iter(),
            Err(error) => {
                trouble = Some(error);
                return Flow::Enough;
            }
        };
        for row in rows {
            let record = row.key.as_ref().and_then(|_| records.next().flatten());
            let is_there = row
                .partner
                .as_ref()
                .is_some_and(|p| there.contains(p.legacy_identifier.as_str()));
            let (outcome, told) = judge(
                &row,
                record.as_ref(),
                args.retry_rejected,
                &stranded,
                is_there,
                &mut budget,
            );
            let mut result = run::unsent(row, outcome);
            result.diagnostics.extend(told);
            held.add(result);
        }
        Flow::More
    })?;
    progress.finish();
    if let Some(error) = trouble {
        return Err(error.into());
    }
    let found = contents(exports, &survey, tally);
    let drifted = expect.drift(&found);
    let mut refusal = expect.refuses_rows(survey.rows);
    if refusal.is_none() && expect.fail_on_drift && !drifted.is_empty() {
        refusal = Some("the export is not what it was at the last good run".to_owned());
    }
    {
        let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
        held.tell(0, drifted);
        held.holds(found);
    }
    let heading = Heading {
        run: RunId::new(&desk.clock),
        kind: Kind::DryRun,
        target,
        mapping: opened.mapping.name.clone(),
        files: run::file_names(exports),
        detected,
        values: shared.values(),
        verified: None,
        stopped: refusal.map(|words| format!("a run would send nothing: {words}")),
        started,
    };
    let report = run::conclude(heading, &collector, folder.as_ref(), desk, |report| {
        judge_all(report, on_change)
    });
    estimate(&report, rate, settings, desk);
    Ok(report)
}

/// The exit code of a dry run: that of the import that it shows, as far as it can be known.
fn judge_all(report: &RunReport, on_change: OnChange) -> Exit {
    let problems = [
        RowOutcome::Invalid,
        RowOutcome::Blocked,
        RowOutcome::Rejected,
        RowOutcome::InDoubt,
    ];
    if report.stopped.is_some() {
        return Exit::Stopped;
    }
    let changed = on_change == OnChange::Problem && report.count(RowOutcome::Changed) > 0;
    if changed || problems.into_iter().any(|o| report.count(o) > 0) {
        Exit::Problems
    } else {
        Exit::Done
    }
}

/// legacyIdentifiers of the source that the API has already: what `--adopt` would record.
fn found_on_api(
    survey: &crate::prepare::Survey,
    settings: &Resolved,
    shared: &Shared,
    desk: &Desk,
) -> Result<HashSet<String>, CliError> {
    let runtime = super::runtime()?;
    let found = runtime.block_on(async {
        let stop = Stop::default();
        let connection = connect::connect(shared, settings, &stop, desk).await?;
        let wanted = |legacy: &str| survey.has_identifier(legacy);
        Ok::<_, CliError>(collect_by_identifier(&*connection.api, &wanted).await?)
    })?;
    Ok(found.into_keys().collect())
}

/// How long the creates take at the rate, and whether the token lasts so long.
fn estimate(report: &RunReport, rate: Rate, settings: &Resolved, desk: &Desk) {
    let requests = report.count(RowOutcome::Created) + report.count(RowOutcome::InDoubt);
    if requests == 0 {
        desk.output.note("nothing would be sent");
        return;
    }
    let Rate::PerSecond(per_second) = rate else {
        desk.output.note(&format!(
            "{} requests would be sent, without a limit of the rate",
            thousands(requests)
        ));
        return;
    };
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let seconds = (requests as f64 / per_second).ceil();
    let time = Duration::from_secs_f64(seconds);
    desk.output.note(&format!(
        "{} requests at {rate} take at least {}",
        thousands(requests),
        humantime::format_duration(time)
    ));
    match connect::token_lasts(settings, desk) {
        Some(left) if left < time && settings.renews_token() => desk.output.note(&format!(
            "the token runs out in {}; a new one is taken when it does",
            humantime::format_duration(left)
        )),
        Some(left) if left < time => desk.output.note(&format!(
            "the token runs out in {}, before the rows are through: give --token-file or --token-command, so that a new one can be taken",
            humantime::format_duration(left)
        )),
        Some(left) => desk.output.note(&format!(
            "the token lasts {}",
            humantime::format_duration(left)
        )),
        None => {}
    }
}

/// What an import would make of a row.
fn judge(
    row: &PreparedRow,
    record: Option<&crate::state::Known>,
    retry_rejected: bool,
    stranded: &HashSet<RowKey>,
    is_there: bool,
    budget: &mut u64,
) -> (RowOutcome, Option<crate::diagnostic::Diagnostic>) {
    let Some(partner) = &row.partner else {
        return (RowOutcome::Invalid, None);
    };
    match decide(record, &partner.fingerprint, retry_rejected) {
        Decision::Create | Decision::StillRejected | Decision::InDoubt if is_there => {
            (RowOutcome::Adopted, None)
        }
        Decision::Create if stranded.contains(&partner.key) => {
            let parents: Vec<_> = partner.links.iter().map(|_| None).collect();
            (RowOutcome::Blocked, Some(blocked(partner, &parents)))
        }
        Decision::Create if *budget == 0 => (RowOutcome::Deferred, None),
        Decision::Create => {
            *budget -= 1;
            (RowOutcome::Created, None)
        }
        Decision::Skip(_) => (RowOutcome::Skipped, None),
        Decision::Changed(_) => (RowOutcome::Changed, Some(changed(partner))),
        Decision::StillRejected => (RowOutcome::Rejected, Some(still_rejected(partner, record))),
        Decision::InDoubt => (RowOutcome::InDoubt, Some(in_doubt(partner, None))),
    }
}

/// Valid rows that no import can create: they hang, through parents in the files, on a row that is
/// invalid, or on themselves. Memory grows with the rows that have parents, not with the others.
fn stranded_rows(
    exports: &crate::prepare::Exports,
    survey: &crate::prepare::Survey,
    known: &(dyn Fn(&RowKey) -> bool + Sync),
) -> Result<HashSet<RowKey>, CliError> {
    let mut stranded = HashSet::new();
    if !exports.has_references() {
        return Ok(stranded);
    }
    let mut links: Vec<(RowKey, Vec<RowKey>)> = Vec::new();
    let mut invalid = HashSet::new();
    exports.prepare(survey, None, None, known, &mut |rows| {
        for row in rows {
            match (row.key, row.partner) {
                (Some(key), Some(partner)) if !partner.links.is_empty() => {
                    links.push((key, partner.links.into_iter().map(|l| l.key).collect()));
                }
                (Some(key), None) => {
                    invalid.insert(key);
                }
                _ => {}
            }
        }
        Flow::More
    })?;
    // What is left when every row whose parents can be created was taken away cannot be created itself.
    let mut pending: HashSet<RowKey> = links.iter().map(|(key, _)| key.clone()).collect();
    loop {
        let before = pending.len();
        links.retain(|(key, parents)| {
            let free = parents
                .iter()
                .all(|p| known(p) || (!pending.contains(p) && !invalid.contains(p)));
            if free {
                pending.remove(key);
            }
            !free
        });
        if pending.len() == before {
            break;
        }
    }
    stranded.extend(pending);
    Ok(stranded)
}
