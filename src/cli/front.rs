//! What a command that works on an export or talks to the API starts with: settings, threads, the one watcher of signals.

use super::args::Shared;
use super::desk::Desk;
use super::exit::CliError;
use super::terminal::Terminal;
use super::{settings, signals};
use crate::config::{ConfigFile, Resolved};
use crate::delivery::Stop;
use crate::ops::{ReportRequest, Session, Target};

/// Threads that send.
const SENDING_THREADS: usize = 2;

/// All that a session borrows.
pub(crate) struct Front<'d> {
    pub(crate) settings: Resolved,
    pub(crate) config: ConfigFile,
    runtime: tokio::runtime::Runtime,
    stop: Stop,
    desk: &'d Desk,
    terminal: Terminal<'d>,
    target: Target,
    report: ReportRequest,
}

impl<'d> Front<'d> {
    pub(crate) fn start(shared: &Shared, desk: &'d Desk) -> Result<Self, CliError> {
        let (settings, config) = settings::resolved(shared, desk)?;
        let runtime = runtime()?;
        let stop = Stop::default();
        signals::watch(runtime.handle(), &stop);
        Ok(Self {
            report: shared.report_request(settings.report.clone()),
            settings,
            config,
            runtime,
            stop,
            desk,
            terminal: Terminal::new(&desk.output, shared.progress),
            target: if shared.sandbox {
                Target::Sandbox
            } else {
                Target::Api
            },
        })
    }

    /// What operations run in.
    pub(crate) fn session(&self) -> Session<'_> {
        Session {
            settings: &self.settings,
            target: self.target,
            clock: self.desk.clock.clone(),
            runtime: self.runtime.handle().clone(),
            stop: self.stop.clone(),
            observer: &self.terminal,
        }
    }

    /// Where reports go and what they hold.
    pub(crate) fn report(&self) -> ReportRequest {
        self.report.clone()
    }
}

/// Two threads, where there are two cores: one cannot fill what the making of rows and the state leave of the cores, and
/// more would only take them from these.
fn runtime() -> Result<tokio::runtime::Runtime, CliError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(cores.min(SENDING_THREADS))
        .enable_all()
        .build()
        .map_err(|e| CliError::Machine(format!("cannot start: {e}")))
}
