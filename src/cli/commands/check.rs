//! `check`: read, map and validate every row; no network, no change of the state.

use std::cell::Cell;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::run::{self, Heading};
use crate::cli::Desk;
use crate::cli::args::{CheckArgs, Shared};
use crate::cli::connect;
use crate::cli::contents::contents;
use crate::cli::exit::{CliError, Exit};
use crate::cli::known::KnownRows;
use crate::cli::progress::{Progress, Screen};
use crate::delivery::Stop;
use crate::partner::{RowKey, RowOutcome};
use crate::prepare::{Ahead, PreparedRow};
use crate::report::{Counters, Kind, MarkedRows, PerRow, ReportFolder};
use crate::source::Flow;
use crate::state::{LedgerReader, RunId};

pub(super) fn run(
    args: &CheckArgs,
    shared: &Shared,
    desk: &Desk,
    screen: &Screen,
) -> Result<Exit, CliError> {
    let started = Instant::now();
    // Interrupted, it tells what it has seen so far.
    let runtime = super::runtime()?;
    let stop = Stop::default();
    super::watch_signals(&runtime, &stop);
    let settings = connect::settings(shared, desk)?;
    let opened = run::open(&args.export)?;
    let exports = &opened.exports;
    let folder = settings
        .report
        .as_deref()
        .map(ReportFolder::create)
        .transpose()?;
    let counters = Arc::new(Counters::default());
    let progress = Progress::start(shared.progress, shared.quiet, screen, Arc::clone(&counters));
    let wanted = shared.wanted(PerRow::No);
    // Rows with nothing to tell are only counted, unless a list is to hold them or some are to be left out.
    let counts_only = args.limit.is_none() && wanted.marked == MarkedRows::Problems;
    let ahead = if counts_only {
        Ahead::Valid
    } else {
        Ahead::Nothing
    };
    let survey = exports.survey(ahead, &|| stop.is_requested(), &|rows| {
        counters
            .surveyed
            .store(rows, std::sync::atomic::Ordering::Relaxed);
    })?;
    let limit = args.limit.unwrap_or(u64::MAX);
    counters
        .total
        .store(survey.rows.min(limit), std::sync::atomic::Ordering::Relaxed);
    let detected = run::detected(exports, &survey, shared.values());
    run::tell_detected(desk, &detected);

    // A parent that an earlier run created is not missing; the state is read where there is one.
    let reader = match connect::known_target(shared, &settings)? {
        Some(target) if settings.state.exists() && exports.has_references() => {
            LedgerReader::find(&settings.state, &target, &opened.mapping.name)?
        }
        _ => None,
    };
    let parents = KnownRows::new(reader);
    let known = |key: &RowKey| parents.is_created(key);
    let collector = run::collector(folder.as_ref(), exports, wanted, &counters)?;
    let seen = Cell::new(0_u64);
    let mut take = |rows: Vec<PreparedRow>, valid: u64| {
        if stop.is_requested() {
            return Flow::Enough;
        }
        let mut held = collector.lock().unwrap_or_else(PoisonError::into_inner);
        held.count(RowOutcome::Deferred, valid);
        for row in rows {
            if seen.get() >= limit {
                return Flow::Enough;
            }
            seen.set(seen.get() + 1);
            held.add(run::unsent(row, RowOutcome::Deferred));
        }
        Flow::More
    };
    let tally = if counts_only {
        exports.judge(&survey, &known, &mut take)?
    } else {
        exports.prepare(&survey, None, None, &known, &mut |rows| take(rows, 0))?
    };
    progress.finish();
    collector
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .holds(contents(exports, &survey, tally));
    let heading = Heading {
        run: RunId::new(&desk.clock),
        kind: Kind::Check,
        target: None,
        mapping: opened.mapping.name.clone(),
        files: run::file_names(exports),
        detected,
        values: shared.values(),
        verified: None,
        stopped: stop.reason().map(|r| r.to_string()),
        started,
    };
    let report = run::conclude(heading, &collector, folder.as_ref(), desk, |report| {
        if stop.is_requested() {
            Exit::Interrupted
        } else if report.count(RowOutcome::Invalid) > 0 {
            Exit::Problems
        } else {
            Exit::Done
        }
    });
    Ok(run::print(&report, desk))
}
