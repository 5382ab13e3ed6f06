//! What a command that works on an export or talks to the API starts with: settings, threads, the stop of signals.

use super::args::Shared;
use super::desk::Desk;
use super::exit::CliError;
use super::settings;
use super::terminal::Terminal;
use crate::config::{ConfigFile, Resolved, whom_to_tell};
use crate::ops::{ReportRequest, Session, Target};

/// Threads that send.
const SENDING_THREADS: usize = 2;

/// All that a session borrows.
pub(crate) struct Front<'d> {
    pub(crate) settings: Resolved,
    pub(crate) config: ConfigFile,
    runtime: tokio::runtime::Runtime,
    desk: &'d Desk,
    terminal: Terminal<'d>,
    target: Target,
    report: ReportRequest,
}

impl<'d> Front<'d> {
    pub(crate) fn start(shared: &Shared, desk: &'d Desk) -> Result<Self, CliError> {
        let (settings, config) = settings::resolved(shared, desk)?;
        Self::of(settings, config, shared, desk)
    }

    /// For what is left to do where the settings do not fit: whom to tell is in the configuration.
    pub(crate) fn unresolved(shared: &Shared, desk: &'d Desk) -> Result<Self, CliError> {
        let config = {
            let named = shared.stored.config.as_deref();
            let broken = || ConfigFile::place(named).map(|p| whom_to_tell(p, &desk.environment));
            ConfigFile::find(named, &desk.environment)
                .unwrap_or_else(|_| broken().unwrap_or_default())
        };
        let settings = Resolved::least(shared.reports.report.clone(), &config);
        Self::of(settings, config, shared, desk)
    }

    fn of(
        settings: Resolved,
        config: ConfigFile,
        shared: &Shared,
        desk: &'d Desk,
    ) -> Result<Self, CliError> {
        Ok(Self {
            report: shared.reports.request(settings.report.clone()),
            settings,
            config,
            runtime: runtime(Some(SENDING_THREADS))?,
            desk,
            terminal: Terminal::new(desk, shared),
            target: if shared.target.sandbox {
                Target::Sandbox
            } else {
                Target::Api
            },
        })
    }

    /// The same, printing nothing that stands in cells.
    pub(crate) fn unattended(self) -> Self {
        Self {
            terminal: self.terminal.without_values(),
            ..self
        }
    }

    /// What operations run in. The first signal stops them.
    pub(crate) fn session(&self) -> Session<'_> {
        Session {
            settings: &self.settings,
            target: self.target,
            clock: self.desk.clock.clone(),
            runtime: self.runtime.handle().clone(),
            stop: self.desk.signals.drain(),
            observer: &self.terminal,
        }
    }

    /// Where reports go and what they hold.
    pub(crate) fn report(&self) -> ReportRequest {
        self.report.clone()
    }
}

/// Threads for what waits: so many at most, or one for each core. An import has two: one cannot fill what the making of rows
/// and the state leave of the cores, and more would only take them from these.
pub(crate) fn runtime(most: Option<usize>) -> Result<tokio::runtime::Runtime, CliError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(most.unwrap_or(cores).min(cores))
        .enable_all()
        .build()
        .map_err(|e| CliError::Machine(format!("cannot start: {e}")))
}
