//! What was typed, the environment and the configuration file → settings.

use std::path::Path;

use super::args::Shared;
use super::desk::Desk;
use crate::config::{ConfigError, ConfigFile, Resolved, Typed, resolve};

/// The configuration file that is read where none is named.
const CONFIG: &str = "partner-sync.toml";

/// The configuration file as it is written; an empty one where there is none.
pub(super) fn config(shared: &Shared) -> Result<ConfigFile, ConfigError> {
    match &shared.config {
        Some(path) => ConfigFile::read(path),
        None if Path::new(CONFIG).is_file() => ConfigFile::read(Path::new(CONFIG)),
        None => Ok(ConfigFile::default()),
    }
}

/// What can be read of a configuration file that does not fit.
pub(super) fn whom_to_tell(shared: &Shared) -> ConfigFile {
    let path = shared.config.as_deref().unwrap_or(Path::new(CONFIG));
    crate::config::whom_to_tell(path)
}

/// The settings, and the configuration file itself.
pub(super) fn resolved(
    shared: &Shared,
    desk: &Desk,
) -> Result<(Resolved, ConfigFile), ConfigError> {
    let file = config(shared)?;
    let typed = Typed {
        api_url: shared.api_url.clone(),
        token_file: shared.token_file.clone(),
        token_command: shared.token_command.clone(),
        state: shared.state.clone(),
        rate: shared.rate.clone(),
        burst: shared.burst,
        workers: shared.workers,
        timeout: shared.timeout.clone(),
        outage: shared.outage.clone(),
        report: shared.report.clone(),
        transport: shared.transport.typed(),
    };
    let settings = resolve(typed, &desk.environment, file.clone())?;
    Ok((settings, file))
}
