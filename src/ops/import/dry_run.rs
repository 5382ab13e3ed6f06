//! What an import would do, row by row, against the state. Rows are prepared and decided on as in an import; nothing is
//! sent and the state is only read.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::against::Against;
use super::new_rows::{Extent, Scan};
use super::repaired::{repaired, skipped};
use super::request::ImportRequest;
use super::sealed_plan::{Asked, SealedPlan, state_digest};
use super::stranded::stranded_rows;
use super::there_already::{There, there_already};
use super::too_many_new::too_many_new;
use super::waiting::Waiting;
use crate::api::Rate;
use crate::config::OnChange;
use crate::delivery::{
    Decision, Stop, blocked, changed, decide, in_doubt, may_exist, still_rejected, taken,
};
use crate::diagnostic::Diagnostic;
use crate::mapping::Mapping;
use crate::ops::conclude::{Heading, conclude, stopped_by};
use crate::ops::connect::{Waits, connect, known_target, rate, token_lasts};
use crate::ops::contents::contents;
use crate::ops::error::OpError;
use crate::ops::estimate::{Estimate, TokenLeft};
use crate::ops::export;
use crate::ops::known::KnownRows;
use crate::ops::lost_key;
use crate::ops::observer::{Note, Progress};
use crate::ops::request::Rejected;
use crate::ops::session::{Session, Target};
use crate::partner::{Fingerprinter, HashScheme, RowKey, RowOutcome};
use crate::prepare::{Ahead, Exports, PreparedRow, Survey, Tally};
use crate::report::{
    Collector, Contents, Counters, Kind, PerRow, RunEnding, RunReport, StopCause, Stopped,
    summary_json,
};
use crate::state::{Known, RunId, StateReader};

/// What an import would do.
#[derive(Debug)]
pub struct Preview {
    /// The rows by what would become of them.
    pub report: RunReport,
    /// What would be sent, and how long that takes.
    pub estimate: Estimate,
}

/// Shows what an import would do; with `seal`, also writes that as a plan for [`super::import`].
///
/// # Errors
/// [`OpError`] where mapping, files, state, the report's folder or the plan cannot be used.
pub fn dry_run(
    request: &ImportRequest,
    seal: Option<&Path>,
    session: &Session<'_>,
) -> Result<Preview, OpError> {
    if seal.is_some() && session.target == Target::Sandbox {
        // A practice API that was never started has no name, so nothing could be sealed for it.
        connect(
            session,
            &session.stop,
            Waits::ForNothing,
            request.report.values,
        )?;
    }
    let preview = preview(request, session)?;
    if let Some(path) = seal {
        let report = &preview.report;
        let target = report.target.clone().unwrap_or_default();
        let state = state_digest(session, &target, &report.mapping)?;
        let would = serde_json::from_str(&summary_json(report)).unwrap_or_default();
        let mapping = request.export.mapping.clone();
        let mapping = session.blocking(move || Mapping::read(&mapping))??;
        let lookups: Vec<PathBuf> = mapping.lookup_files().map(Path::to_owned).collect();
        let asked = Asked {
            export: &request.export,
            lookups: &lookups,
            rejected: request.rejected,
            limit: request.limit,
        };
        SealedPlan::new(asked, target.clone(), state, would)?.write(path)?;
        let target = &target;
        session.observer.note(&Note::PlanSealed { path, target });
    }
    Ok(preview)
}

/// What an import would do, as a report.
pub(in crate::ops) fn preview(
    request: &ImportRequest,
    session: &Session<'_>,
) -> Result<Preview, OpError> {
    let started = Instant::now();
    let stop = session.stop.child();
    let rate = rate(session)?;
    let opened = export::open(&request.export, session)?;
    let exports = &opened.exports;
    let folder = request.report.folder_for(&request.export.files, session)?;
    let target = known_target(session)?;
    let (reader, fingerprinter) = state_of(target.as_deref(), &opened.mapping.name, session)?;
    let counters = Arc::new(Counters::default());
    let progress = Progress::start(session.observer, &counters);
    let survey = export::survey(exports, Ahead::Nothing, &stop, &counters)?;
    let detected = export::detected(exports, &survey, request.report.values);
    session.observer.found(&detected);
    let parents = KnownRows::new(reader.as_ref().map(|r| r.reopen()).transpose()?);
    let known = |key: &RowKey| parents.is_created(key);
    let scan = Scan {
        exports,
        survey: &survey,
        fingerprinter: &fingerprinter,
        reader: reader.as_ref(),
        known: &known,
        retry_rejected: request.rejected == Rejected::SendAgain,
        stop: &stop,
        there: &HashSet::new(),
    };
    let mapping = &opened.mapping.name;
    let (there, too_many) = before_create(request, &scan, target.as_deref(), mapping, session)?;
    let against = Against {
        fingerprinter: &fingerprinter,
        reader: reader.as_ref(),
        known: &known,
    };
    let mut judge = Judge::new(request, exports, &survey, &against, there)?;
    let wanted = request.report.wanted(PerRow::Plan);
    let collector = export::collector(folder.as_ref(), exports, &survey, wanted, &counters)?;
    lost_key::report_of(reader.as_ref(), session.observer, &collector)?;
    let tally = judge_rows(exports, &survey, &against, &mut judge, &collector, &stop)?;
    drop(progress);
    if let Some(error) = parents.trouble() {
        return Err(error.into());
    }
    let found = contents(exports, &survey, tally);
    let refusal = refusal(request, survey.rows, found, &collector).or(too_many);
    let heading = Heading {
        run: RunId::new(&session.clock),
        kind: Kind::DryRun,
        target,
        mapping: opened.mapping.name.clone(),
        files: export::file_names(exports),
        detected,
        values: request.report.values,
        verified: None,
        counts: None,
        stopped: stopped(&stop, refusal),
        started,
    };
    let report = conclude(
        heading,
        &collector,
        folder.as_ref(),
        session.observer,
        |report| {
            if stop.is_requested() {
                RunEnding::Interrupted
            } else {
                ending(report, request.on_change)
            }
        },
    );
    let estimate = estimate(&report, rate, session);
    session.observer.note(&Note::Estimate(&estimate));
    Ok(Preview { report, estimate })
}

/// Why it stopped early, or why a run would.
fn stopped(stop: &Stop, refusal: Option<String>) -> Option<Stopped> {
    let refused = || {
        let words = format!("an import would send nothing: {}", refusal?);
        Some(Stopped::from(words).because(StopCause::Export))
    };
    stop.reason().map(|r| stopped_by(&r)).or_else(refused)
}

/// What the state knows of a mapping at an API, and its hasher; any will do where there is nothing to compare with.
fn state_of(
    target: Option<&str>,
    mapping: &str,
    session: &Session<'_>,
) -> Result<(Option<StateReader>, Fingerprinter), OpError> {
    let reader = match target {
        Some(target) => session.reader(target, mapping)?,
        None => None,
    };
    let fingerprinter = match &reader {
        Some(reader) => reader.fingerprinter().clone(),
        None => Fingerprinter::new([0; 32], HashScheme::Folded),
    };
    Ok((reader, fingerprinter))
}

/// What an import would find out before its first create: the legacyIdentifiers that the API has already, and whether too
/// many rows are new beside them.
fn before_create(
    request: &ImportRequest,
    scan: &Scan<'_>,
    target: Option<&str>,
    mapping: &str,
    session: &Session<'_>,
) -> Result<(There, Option<String>), OpError> {
    let there = there_already(request, scan, target.is_some(), session)?;
    let bound = match target {
        Some(target) => request.expect.bound_of_new(session, target, mapping)?,
        None => None,
    };
    let Some(bound) = bound else {
        return Ok((there, None));
    };
    let new = scan.beside(&there.found).run(Extent::All)?;
    let too_many = too_many_new(&new, bound, scan.survey.rows, scan.reader)?;
    Ok((there, too_many))
}

/// Why an import would send nothing of these rows; reports what they hold.
fn refusal(
    request: &ImportRequest,
    rows: u64,
    found: Contents,
    collector: &Mutex<Collector>,
) -> Option<String> {
    let drifted = request.expect.drift(&found);
    let refusal = request.expect.refuses(rows, &drifted);
    let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
    held.add_diagnostics(0, drifted);
    held.set_contents(found);
    refusal
}

/// Reports what an import would make of each row.
fn judge_rows(
    exports: &Exports,
    survey: &Survey,
    against: &Against<'_>,
    judge: &mut Judge,
    collector: &Mutex<Collector>,
    stop: &Stop,
) -> Result<Tally, OpError> {
    let fingerprinter = Some(against.fingerprinter);
    against.each_batch(exports, survey, fingerprinter, Some(stop), &mut |rows| {
        let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
        for (row, record) in rows {
            let is_created = |_: &RowKey| record.as_ref().is_some_and(Known::is_created);
            if let Some(warning) = repaired(&row, &is_created) {
                held.add(skipped(row, warning));
                continue;
            }
            let (outcome, found) = judge.outcome(&row, record.as_ref());
            let mut result = export::unsent(row, outcome);
            result.diagnostics.extend(found);
            held.add(result);
        }
    })
}

/// The ending of a dry run: that of the import that it shows, as far as it can be known.
fn ending(report: &RunReport, on_change: OnChange) -> RunEnding {
    let problems = [
        RowOutcome::Invalid,
        RowOutcome::Blocked,
        RowOutcome::Rejected,
        RowOutcome::InDoubt,
    ];
    if report.stopped.is_some() {
        return RunEnding::Stopped;
    }
    let changed = on_change == OnChange::Problem && report.count(RowOutcome::Changed) > 0;
    if changed || problems.into_iter().any(|o| report.count(o) > 0) {
        RunEnding::Problems
    } else {
        RunEnding::Done
    }
}

/// How long the creates take at the rate, and how long the token can be used.
fn estimate(report: &RunReport, rate: Rate, session: &Session<'_>) -> Estimate {
    let requests = report.count(RowOutcome::Created) + report.count(RowOutcome::InDoubt);
    let time = match rate {
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        Rate::PerSecond(n) => Some(Duration::from_secs_f64((requests as f64 / n).ceil())),
        Rate::Unlimited => None,
    };
    let token = token_lasts(session).map(|time| TokenLeft {
        time,
        renewable: session.settings.renews_token(),
    });
    Estimate {
        requests,
        rate,
        time,
        token,
    }
}

/// Decides what an import would make of each row.
struct Judge {
    /// What the API has already.
    there: There,
    /// Rows that no import can create.
    stranded: Waiting,
    retry_rejected: bool,
    /// Rows that may still be sent.
    budget: u64,
}

impl Judge {
    fn new(
        request: &ImportRequest,
        exports: &Exports,
        survey: &Survey,
        against: &Against<'_>,
        there: There,
    ) -> Result<Self, OpError> {
        let retry_rejected = request.rejected == Rejected::SendAgain;
        Ok(Self {
            there,
            stranded: stranded_rows(exports, survey, against, retry_rejected)?,
            retry_rejected,
            budget: request.limit.unwrap_or(u64::MAX),
        })
    }

    fn outcome(
        &mut self,
        row: &PreparedRow,
        record: Option<&Known>,
    ) -> (RowOutcome, Option<Diagnostic>) {
        let Some(partner) = &row.partner else {
            return (RowOutcome::Invalid, None);
        };
        let legacy = partner.legacy_identifier.as_str();
        let is_there = self.there.found.contains(legacy);
        let alike = self.there.others.like(legacy).filter(|_| record.is_none());
        match decide(record, &partner.fingerprint, self.retry_rejected) {
            Decision::Create
            | Decision::LookUpFirst
            | Decision::StillRejected
            | Decision::InDoubt
                if is_there =>
            {
                (RowOutcome::Adopted, None)
            }
            Decision::Create if let Some(id) = self.there.taken.get(legacy) => {
                (RowOutcome::InDoubt, Some(taken(partner, id)))
            }
            Decision::Create if let Some(alike) = alike => {
                (RowOutcome::InDoubt, Some(may_exist(partner, alike)))
            }
            Decision::Create | Decision::LookUpFirst if self.stranded.contains(&partner.key) => {
                let found = blocked(partner, &self.stranded.blocker(partner));
                (RowOutcome::Blocked, Some(found))
            }
            Decision::Create | Decision::LookUpFirst if self.budget == 0 => {
                (RowOutcome::Deferred, None)
            }
            Decision::Create | Decision::LookUpFirst => {
                self.budget -= 1;
                (RowOutcome::Created, None)
            }
            Decision::Skip(_) => (RowOutcome::Skipped, None),
            Decision::Changed(_) => (RowOutcome::Changed, Some(changed(partner))),
            Decision::StillRejected => {
                (RowOutcome::Rejected, Some(still_rejected(partner, record)))
            }
            Decision::InDoubt => (RowOutcome::InDoubt, Some(in_doubt(partner, None))),
        }
    }
}
