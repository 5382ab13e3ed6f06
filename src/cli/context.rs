//! The process that a command runs in, as an argument.

use super::args::Shared;
use super::output::Output;
use super::signals::Watcher;
use crate::clock::Clock;
use crate::config::{ConfigError, ConfigFile, Environment, Resolved, resolve};

/// The process, as an argument of every command.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) environment: Environment,
    pub(crate) output: Output,
    pub(crate) clock: Clock,
    pub(crate) signals: Watcher,
}

impl Context {
    /// What was typed, the environment and the configuration file as settings, and that file.
    pub(crate) fn settings(&self, shared: &Shared) -> Result<(Resolved, ConfigFile), ConfigError> {
        let file = ConfigFile::find(shared.stored.config.as_deref(), &self.environment)?;
        let settings = resolve(shared.typed(), &self.environment, file.clone())?;
        Ok((settings, file))
    }
}
