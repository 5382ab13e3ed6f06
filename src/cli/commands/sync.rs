//! `sync`: every job of the configuration, one after the other. A job that fails does not stop the next; the
//! exit code is the highest.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::expect::Expectations;
use super::import::{Order, Surroundings, execute};
use super::run::{self, Heading};
use super::{dry_run, job_file, nightly, runtime};
use crate::cli::Desk;
use crate::cli::args::{ExportArgs, ImportArgs, Shared, SyncArgs};
use crate::cli::connect;
use crate::cli::exit::{CliError, Exit};
use crate::cli::progress::Screen;
use crate::config::{ConfigFile, Job, OnDrift, Resolved};
use crate::report::{Kind, ReportFolder, RunReport, render_terminal, summary_json};
use crate::state::{RunId, StateError, StateLock, StateView};

/// How often a state that another run holds is asked for again.
const LOCK_EVERY: Duration = Duration::from_millis(250);

/// A job at its end.
pub(super) struct JobEnd {
    pub(super) name: String,
    pub(super) report: RunReport,
}

pub(super) fn run(
    args: &SyncArgs,
    shared: &Shared,
    desk: &Desk,
    screen: &Screen,
) -> Result<Exit, CliError> {
    let (settings, config) = connect::configured(shared, desk)?;
    let jobs = chosen(&config, args.job.as_deref())?;
    let runtime = runtime()?;
    let around = Surroundings {
        shared,
        desk,
        screen,
        runtime: &runtime,
    };
    if args.check_config {
        return Ok(super::check_config::run(&jobs, &config, &settings, around));
    }
    let _lock = if args.dry_run {
        None
    } else {
        Some(lock(&settings, args.wait, desk)?)
    };
    let mut ends: Vec<JobEnd> = Vec::new();
    for job in jobs {
        let end = one(job, args, &settings, around);
        if !desk.output.json {
            desk.output.result(&format!(
                "{}job {}: {}\n",
                if ends.is_empty() { "" } else { "\n" },
                end.name,
                render_terminal(&end.report)
            ));
        }
        let interrupted = end.report.exit == Exit::Interrupted.code();
        ends.push(end);
        if interrupted {
            break;
        }
    }
    let exit = ends
        .iter()
        .map(|e| Exit::of(e.report.exit))
        .max_by_key(|e| e.code())
        .unwrap_or(Exit::Done);
    let summary = summary(&ends, exit);
    if desk.output.json {
        desk.output.result(&format!("{summary}\n"));
    }
    if let Some(folder) = settings.report.as_deref() {
        let name = "sync.json";
        if let Err(error) = ReportFolder::create(folder)
            .and_then(|f| f.write(name, format!("{summary}\n").as_bytes()))
        {
            desk.output.error(&error.into());
        }
    }
    if !args.dry_run {
        nightly::write_metrics(&config, &settings, &ends, desk);
        nightly::notify(&config, &ends, exit, &summary, around);
    }
    Ok(exit)
}

/// The jobs that were asked for.
fn chosen<'c>(config: &'c ConfigFile, name: Option<&str>) -> Result<Vec<&'c Job>, CliError> {
    for (index, job) in config.job.iter().enumerate() {
        if config.job[..index].iter().any(|j| j.name == job.name) {
            return Err(CliError::Usage(format!(
                "the configuration has two jobs with the name \"{}\"",
                job.name.0
            )));
        }
    }
    let jobs: Vec<&Job> = config
        .job
        .iter()
        .filter(|j| name.is_none_or(|n| n == j.name.0))
        .collect();
    if !jobs.is_empty() {
        return Ok(jobs);
    }
    let names: Vec<&str> = config.job.iter().map(|j| j.name.0.as_str()).collect();
    Err(CliError::Usage(match name {
        Some(name) if !names.is_empty() => match crate::diagnostic::nearest(name, names.iter().copied()) {
            Some(meant) => format!("there is no job \"{name}\"; did you mean \"{meant}\"?"),
            None => format!("there is no job \"{name}\"; the configuration has: {}", names.join(", ")),
        },
        _ => "the configuration has no [[job]]: name one with -c partner-sync.toml; docs/nightly.md shows a whole one".to_owned(),
    }))
}

/// The newest file and the mapping of a job, for `verify`.
pub(super) fn export_of_job(
    settings: &Shared,
    desk: &Desk,
    name: &str,
) -> Result<ExportArgs, CliError> {
    let (_, config) = connect::configured(settings, desk)?;
    let job = chosen(&config, Some(name))?[0];
    let file = job_file::newest(&job.file).map_err(CliError::Usage)?;
    Ok(ExportArgs {
        files: vec![file],
        mapping: job.mapping.clone(),
        max_errors: None,
        create_apptivo_account: false,
        create_bill_com_profile: false,
    })
}

fn lock(settings: &Resolved, wait: Option<Duration>, desk: &Desk) -> Result<StateLock, CliError> {
    let begin = Instant::now();
    let mut told = false;
    loop {
        match StateLock::take(&settings.state, &desk.clock) {
            Err(StateError::Locked { path, holder })
                if wait.is_some_and(|most| begin.elapsed() < most) =>
            {
                if !told {
                    told = true;
                    desk.output.note(&format!(
                        "waiting for another run that holds {}{}",
                        path.display(),
                        holder.map(|h| format!(" ({h})")).unwrap_or_default()
                    ));
                }
                std::thread::sleep(LOCK_EVERY);
            }
            taken => return Ok(taken?),
        }
    }
}

/// Runs one job. Whatever goes wrong is its report.
fn one(job: &Job, args: &SyncArgs, settings: &Resolved, around: Surroundings<'_>) -> JobEnd {
    let started = Instant::now();
    let id = RunId::new(&around.desk.clock);
    let mut settings = settings.clone();
    let base = settings.report.take().map(|dir| dir.join(&job.name.0));
    settings.report = base.as_ref().map(|dir| dir.join(&id.0));
    tracing::info!(run = %id, job = %job.name.0, "the job begins");
    let ended = attempt(job, args, &settings, &id, around);
    let report = match ended {
        Ok(report) => report,
        Err(error) => {
            around.desk.output.error(&error);
            failed(job, &settings, &id, started, &error, around)
        }
    };
    if let Some(base) = base.filter(|b| b.is_dir()) {
        nightly::prune_reports(&base, settings.keep);
    }
    tracing::info!(run = %report.run, job = %job.name.0, exit = report.exit, rows = report.rows(), errors = report.errors, "the job ended");
    JobEnd {
        name: job.name.0.clone(),
        report,
    }
}

fn attempt(
    job: &Job,
    args: &SyncArgs,
    settings: &Resolved,
    id: &RunId,
    around: Surroundings<'_>,
) -> Result<RunReport, CliError> {
    let file = job_file::newest(&job.file).map_err(CliError::Usage)?;
    let now = around.desk.clock.now();
    job_file::fresh_enough(&file, job.max_age.map(|t| t.0), now).map_err(CliError::Machine)?;
    job_file::settled(&file, job.settle_file.map(|t| t.0), now).map_err(CliError::Machine)?;
    let import = ImportArgs {
        files: vec![file.clone()],
        mapping: Some(job.mapping.clone()),
        max_errors: job.max_errors,
        create_apptivo_account: false,
        create_bill_com_profile: false,
        dry_run: args.dry_run,
        plan_out: None,
        plan: None,
        canary: None,
        limit: None,
        max_duration: args.max_duration,
        yes: true,
        adopt: false,
        retry_rejected: false,
        settle: args.settle,
    };
    if args.dry_run {
        return dry_run::execute(
            &import,
            settings,
            (job.on_change, &expectations(job, settings, around)?),
            around.shared,
            around.desk,
            around.screen,
        );
    }
    let order = Order {
        args: import,
        settings: settings.clone(),
        command: "sync",
        id: Some(id.clone()),
        job: Some(job.name.0.clone()),
        expect: expectations(job, settings, around)?,
        on_change: job.on_change,
        plan: None,
    };
    let opened = run::open(&order.args.export())?;
    let report = execute(&order, &opened, around)?;
    let good =
        matches!(Exit::of(report.exit), Exit::Done | Exit::Problems) && report.stopped.is_none();
    if let (true, Some(folder)) = (good, &job.archive) {
        job_file::archive(&file, folder, now).map_err(CliError::Machine)?;
    }
    Ok(report)
}

/// What the job expects, with the last good run that its source is compared with.
fn expectations(
    job: &Job,
    settings: &Resolved,
    around: Surroundings<'_>,
) -> Result<Expectations, CliError> {
    let mapping = crate::mapping::Mapping::read(&job.mapping)?.name;
    let target = connect::known_target(around.shared, settings)?;
    let last = match target {
        Some(target) if settings.state.exists() => {
            StateView::open(&settings.state)?.last_good_run(&target, &mapping)?
        }
        _ => None,
    };
    Ok(Expectations {
        min_rows: job.min_rows,
        max_shrink: job.max_shrink.map(|s| s.0),
        max_drift: job.max_drift.map(|s| s.0),
        fail_on_drift: job.on_drift == OnDrift::Fail,
        last: last
            .and_then(|run| run.report)
            .and_then(|text| serde_json::from_str(&text).ok()),
    })
}

/// The report of a job that could not be begun.
fn failed(
    job: &Job,
    settings: &Resolved,
    id: &RunId,
    started: Instant,
    error: &CliError,
    around: Surroundings<'_>,
) -> RunReport {
    let heading = Heading {
        run: id.clone(),
        kind: Kind::Import,
        target: connect::known_target(around.shared, settings)
            .ok()
            .flatten(),
        mapping: crate::mapping::Mapping::read(&job.mapping)
            .map_or_else(|_| job.mapping.display().to_string(), |m| m.name),
        files: vec![job.file.clone()],
        detected: Vec::new(),
        values: around.shared.values(),
        verified: None,
        stopped: Some(error.to_string()),
        started,
    };
    let mut report = run::blank(heading);
    report.exit = error.exit().code();
    let folder = settings
        .report
        .as_deref()
        .map(ReportFolder::create)
        .transpose();
    match folder {
        Ok(folder) => {
            let exit = error.exit();
            run::finish(report, None, None, folder.as_ref(), around.desk, |_| exit)
        }
        Err(error) => {
            around.desk.output.error(&error.into());
            report
        }
    }
}

/// One object for the whole night.
fn summary(ends: &[JobEnd], exit: Exit) -> serde_json::Value {
    let jobs: Vec<serde_json::Value> = ends
        .iter()
        .map(|end| {
            let mut job = serde_json::Map::new();
            job.insert("job".to_owned(), end.name.clone().into());
            if let Ok(serde_json::Value::Object(rest)) =
                serde_json::from_str(&summary_json(&end.report))
            {
                job.extend(rest);
            }
            serde_json::Value::Object(job)
        })
        .collect();
    serde_json::json!({"jobs": jobs, "exit": exit.code()})
}

/// Paths below a report folder, for those who prune.
pub(super) fn is_run_name(path: &Path) -> bool {
    // 20261123T191300Z-4f2a
    path.file_name()
        .and_then(|n| n.to_str())
        .is_some_and(|name| {
            let bytes = name.as_bytes();
            bytes.len() == 21
                && bytes[8] == b'T'
                && bytes[15] == b'Z'
                && bytes[16] == b'-'
                && bytes[..8].iter().all(u8::is_ascii_digit)
        })
}

/// All folders of runs below `base`, oldest first.
pub(super) fn run_folders(base: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(base) else {
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_dir() && is_run_name(p))
        .collect();
    folders.sort();
    folders
}
