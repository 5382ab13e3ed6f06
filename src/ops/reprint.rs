//! A run's reports once more, made from the state alone. The state holds no value of the source, so these have none:
//! places, codes, levels, counts, and the partners that were created.

use std::sync::Arc;
use std::time::Instant;

use super::conclude::{Heading, blank, finish};
use super::error::OpError;
use super::request::ReportRequest;
use super::session::Session;
use crate::partner::RowOutcome;
use crate::report::{
    Collector, Kind, RunEnding, RunReport, SourceValues, Wanted, read_problems, read_stored,
    write_created,
};
use crate::state::{RunId, StoredRun};

/// Makes the reports of an earlier run again.
///
/// # Errors
/// [`OpError`] where the state cannot be read, knows no such run, or the folder cannot be written.
pub fn reprint(
    name: &str,
    request: &ReportRequest,
    session: &Session<'_>,
) -> Result<RunReport, OpError> {
    let view = session.store().view()?;
    let Some(stored) = view.run(name)? else {
        return Err(OpError::UnknownRun(name.to_owned()));
    };
    let folder = request.folder_for(&[], session)?;
    let wanted = Wanted::problems(SourceValues::LeftOut);
    let mut collector = Collector::new(
        folder.as_ref(),
        Vec::new(),
        Vec::new(),
        wanted,
        Arc::default(),
    )?;
    view.problems(&stored, &mut |part| {
        collector.add_diagnostics(u32::MAX, read_problems(part));
    })?;
    let created = view.created_by(&stored)?;
    let mut report = kept_report(&stored, created.len() as u64);
    let collected = collector.finish(report.kind);
    report.groups = collected.groups;
    report.errors = collected.errors;
    report.warnings = collected.warnings;
    report.written = collected.written;
    if let Some(folder) = &folder {
        let partners = created
            .iter()
            .map(|(key, legacy, partner)| (key.as_str(), legacy.as_str(), partner.as_str()));
        report.written.push(write_created(folder, partners)?);
    }
    let ending = report.ending;
    Ok(finish(
        report,
        &collected.findings,
        collected.trouble,
        folder.as_ref(),
        session.observer,
        |_| ending,
    ))
}

/// The report as the run left it; for a run that did not end, what is known of it.
fn kept_report(stored: &StoredRun, created: u64) -> RunReport {
    let kept = stored
        .report
        .as_deref()
        .and_then(|text| read_stored(text).ok());
    if let Some(report) = kept {
        return RunReport {
            holds_bank_data: false,
            values: SourceValues::LeftOut,
            ..report
        };
    }
    let heading = Heading {
        run: RunId(stored.name.clone()),
        kind: match stored.command.as_str() {
            "reconcile" => Kind::Reconcile,
            "verify" => Kind::Verify,
            _ => Kind::Import,
        },
        target: Some(stored.target.clone()),
        mapping: stored.mapping.clone(),
        files: vec![stored.files.clone()],
        detected: Vec::new(),
        values: SourceValues::LeftOut,
        verified: None,
        counts: None,
        stopped: (!stored.ended).then(|| {
            "the run has not ended: it is still running, or it was killed"
                .to_owned()
                .into()
        }),
        started: Instant::now(),
    };
    let mut report = blank(heading);
    report.seconds = 0.0;
    report.counts.add(RowOutcome::Created, created);
    report.ending = stored.exit.map_or(RunEnding::Stopped, RunEnding::of);
    report
}
