//! What the session of an operation borrows: settings, threads, the terminal, the stop of signals.

use super::args::Shared;
use super::context::Context;
use super::exit::CliError;
use super::terminal::Terminal;
use crate::config::{ConfigFile, Resolved, salvaged};
use crate::ops::{ReportRequest, Session};

/// Threads that send.
const SENDING_THREADS: usize = 2;

/// Settings, threads and the terminal of a command that works on an export or talks to the API.
pub(crate) struct SessionParts<'c> {
    pub(crate) settings: Resolved,
    pub(crate) config: ConfigFile,
    runtime: tokio::runtime::Runtime,
    context: &'c Context,
    shared: &'c Shared,
    terminal: Terminal<'c>,
}

impl<'c> SessionParts<'c> {
    pub(crate) fn new(shared: &'c Shared, context: &'c Context) -> Result<Self, CliError> {
        let (settings, config) = context.settings(shared)?;
        Self::of(settings, config, shared, context)
    }

    /// For what is left to do where the settings do not fit: who is informed is in the configuration.
    pub(crate) fn unresolved(shared: &'c Shared, context: &'c Context) -> Result<Self, CliError> {
        let config = salvaged(shared.stored.config.as_deref(), &context.environment);
        let settings = Resolved::least(shared.reports.report.clone(), &config);
        Self::of(settings, config, shared, context)
    }

    fn of(
        settings: Resolved,
        config: ConfigFile,
        shared: &'c Shared,
        context: &'c Context,
    ) -> Result<Self, CliError> {
        Ok(Self {
            settings,
            config,
            runtime: runtime(Some(SENDING_THREADS))?,
            context,
            shared,
            terminal: Terminal::new(context, shared),
        })
    }

    /// The same, printing no values of cells.
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
            target: self.shared.target.target(),
            clock: self.context.clock.clone(),
            runtime: self.runtime.handle().clone(),
            stop: self.context.signals.drain(),
            observer: &self.terminal,
        }
    }

    /// Where reports go and what they hold.
    pub(crate) fn report(&self) -> ReportRequest {
        self.shared.reports.request(self.settings.report.clone())
    }
}

/// Threads for what waits: at most so many, or one for each core. An import has two: one cannot use what making rows
/// and the state leave of the cores, and more would only take cores from these.
pub(crate) fn runtime(most: Option<usize>) -> Result<tokio::runtime::Runtime, CliError> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(most.unwrap_or(cores).min(cores))
        .enable_all()
        .build()
        .map_err(|e| CliError::Machine(format!("cannot start: {e}")))
}
