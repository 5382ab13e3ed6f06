//! `--canary N`: the first N partners are made in a run of their own and read back; the import goes on only if
//! they are on the API as they were sent.

use std::time::Instant;

use super::import::{Order, Surroundings, execute};
use super::run::Opened;
use super::verify;
use crate::cli::exit::{CliError, Exit};
use crate::report::RunReport;

/// Makes the first rows and reads them back. None where they agree; else the report of what does not.
pub(super) fn run(
    order: &Order,
    opened: &Opened,
    rows: u64,
    around: Surroundings<'_>,
) -> Result<Option<RunReport>, CliError> {
    let started = Instant::now();
    let mut first = Order {
        args: order.args.clone(),
        settings: order.settings.clone(),
        command: order.command,
        id: None,
        job: order.job.clone(),
        expect: super::expect::Expectations::default(),
        on_change: order.on_change,
        plan: order.plan.clone(),
    };
    first.args.limit = Some(rows);
    first.args.canary = None;
    let sent = execute(&first, opened, around)?;
    let made = sent.count(crate::partner::RowOutcome::Created);
    // Stopped, refused, or nothing to make: that is the whole report. A limit alone ends with 3.
    if sent.stopped.is_some() || made == 0 {
        return Ok(Some(sent));
    }
    let question = verify::Question {
        settings: order.settings.clone(),
        sample: None,
        combined: None,
        only_run: Some(sent.run.clone()),
    };
    let mut report = verify::execute(&question, opened, started, around)?;
    let agree = report
        .verified
        .is_some_and(|v| v.differ == 0 && v.gone == 0);
    if agree && report.stopped.is_none() {
        around.desk.output.note(&format!(
            "canary: {made} partners were made and read back, and agree; going on"
        ));
        return Ok(None);
    }
    if report.stopped.is_none() {
        report.stopped = Some(format!(
            "the canary's {made} partners are not on the API as they were sent; the other rows were not sent"
        ));
        report.exit = Exit::Stopped.code();
    }
    Ok(Some(report))
}
