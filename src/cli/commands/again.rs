//! `status --run`: a run's reports once more, made from the state alone. The state holds no value of the
//! source, so these have none: places, codes, levels, counts, and the partners that were made.

use std::sync::Arc;
use std::time::Instant;

use super::run::{self, Heading};
use crate::cli::Desk;
use crate::cli::exit::{CliError, Exit};
use crate::config::Resolved;
use crate::partner::RowOutcome;
use crate::report::{
    Collector, Kind, ReportFolder, RunReport, SourceValues, Wanted, read_problems, write_created,
};
use crate::state::{RunId, StateView, StoredRun};

pub(super) fn run(
    view: &StateView,
    name: &str,
    settings: &Resolved,
    desk: &Desk,
) -> Result<Exit, CliError> {
    let Some(stored) = view.run(name)? else {
        return Err(CliError::Usage(format!(
            "the state knows no run \"{name}\"; `partner-sync status` lists them"
        )));
    };
    let folder = settings
        .report
        .as_deref()
        .map(ReportFolder::create)
        .transpose()?;
    let wanted = Wanted::problems(SourceValues::LeftOut);
    let mut collector = Collector::new(
        folder.as_ref(),
        Vec::new(),
        Vec::new(),
        wanted,
        Arc::default(),
    )?;
    view.problems(&stored, &mut |part| {
        collector.tell(u32::MAX, read_problems(part));
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
    let exit = report.exit;
    let report = run::finish(
        report,
        collected.page.as_ref(),
        collected.trouble,
        folder.as_ref(),
        desk,
        |_| Exit::of(exit),
    );
    run::print(&report, desk);
    // The run's own exit code stands in the report; making it again is a success of its own.
    Ok(Exit::Done)
}

/// The report as the run left it; for a run that did not end, what is known of it.
fn kept_report(stored: &StoredRun, created: u64) -> RunReport {
    let kept = stored
        .report
        .as_deref()
        .and_then(|text| serde_json::from_str::<RunReport>(text).ok());
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
        stopped: (!stored.ended)
            .then(|| "the run did not end; it runs still, or it died".to_owned()),
        started: Instant::now(),
    };
    let mut report = run::blank(heading);
    report.seconds = 0.0;
    report.counts.add(RowOutcome::Created, created);
    report.exit = stored.exit.unwrap_or(Exit::Stopped.code());
    report
}
