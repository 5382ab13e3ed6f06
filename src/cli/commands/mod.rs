//! A command is a file: it resolves options, opens things, calls rooms, hands the result to a report.

mod again;
mod canary;
mod check;
mod check_config;
mod dry_run;
mod expect;
mod import;
mod init;
mod job_file;
mod nightly;
mod partners;
mod plan;
mod reconcile;
mod run;
mod sandbox;
mod status;
mod sync;
mod upkeep;
mod verify;

use super::Desk;
use super::args::{Cli, Command, command};
use super::exit::{CliError, Exit};
use crate::delivery::{Stop, StopReason};
use crate::telemetry;

/// Sets logging up and runs the command.
pub(crate) fn run(cli: Cli, desk: &Desk) -> Result<Exit, CliError> {
    let Cli {
        command: chosen,
        shared,
    } = cli;
    let screen = desk.output.screen.clone();
    let verbosity = if shared.quiet {
        -1
    } else {
        i8::try_from(shared.verbose).unwrap_or(3)
    };
    telemetry::init(
        shared.log_format,
        verbosity,
        desk.output.colour,
        screen.clone(),
    );
    match chosen {
        Command::Init(args) => init::run(&args, desk),
        Command::Check(args) => check::run(&args, &shared, desk, &screen),
        Command::Import(args) if args.dry_run => dry_run::run(&args, &shared, desk, &screen),
        Command::Import(args) => import::run(&args, &shared, desk, &screen),
        Command::Sync(args) => sync::run(&args, &shared, desk, &screen),
        Command::Verify(args) => verify::run(&args, &shared, desk, &screen),
        Command::State(which) => upkeep::run(&which, &shared, desk),
        Command::Status(args) => status::run(&args, &shared, desk),
        Command::Reconcile(args) => reconcile::run(&args, &shared, desk),
        Command::Partners(which) => partners::run(&which, &shared, desk),
        Command::Sandbox(args) => sandbox::run(args, desk),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command(), "partner-sync", &mut script);
            desk.output.result(&String::from_utf8_lossy(&script));
            Ok(Exit::Done)
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(command())
                .render(&mut page)
                .map_err(|e| CliError::Machine(format!("the manual cannot be written: {e}")))?;
            desk.output.result(&String::from_utf8_lossy(&page));
            Ok(Exit::Done)
        }
    }
}

/// Threads that send.
const SENDING_THREADS: usize = 2;

/// The runtime of commands that talk to the API. Two threads, where there are two cores: one cannot fill what the making
/// of rows and the state leave of the cores, and more would only take them from these.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(SENDING_THREADS))
        .enable_all()
        .build()
        .map_err(|e| CliError::Machine(format!("cannot start: {e}")))
}

/// The runtime of the practice server, which has nothing else to do.
pub(crate) fn server_runtime() -> Result<tokio::runtime::Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| CliError::Machine(format!("cannot start: {e}")))
}

/// First signal: stop in good order. Second: end at once; the ledger has everything that matters.
pub(crate) fn watch_signals(runtime: &tokio::runtime::Runtime, stop: &Stop) {
    let stop = stop.clone();
    runtime.spawn(async move {
        wait_for_signal().await;
        stop.request(StopReason::Interrupted);
        wait_for_signal().await;
        end_at_once();
    });
}

#[expect(
    clippy::exit,
    reason = "a second Ctrl-C means now: nothing is lost, and nothing may be waited for"
)]
fn end_at_once() {
    std::process::exit(i32::from(Exit::Interrupted.code()));
}

async fn wait_for_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
