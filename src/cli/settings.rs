//! What was typed, the environment and the configuration file → settings.

use std::path::Path;

use super::args::Shared;
use super::desk::Desk;
use crate::config::{ConfigError, ConfigFile, Resolved, Typed, resolve};

/// The configuration file that is read where none is named.
const CONFIG: &str = "partner-sync.toml";

/// The configuration file as it is written; an empty one where there is none.
pub(super) fn config(shared: &Shared) -> Result<ConfigFile, ConfigError> {
    match &shared.stored.config {
        Some(path) => ConfigFile::read(path),
        None if Path::new(CONFIG).is_file() => ConfigFile::read(Path::new(CONFIG)),
        None => Ok(ConfigFile::default()),
    }
}

/// The configuration file with its text; none where there is none.
pub(super) fn text(shared: &Shared) -> Result<Option<(&Path, String)>, ConfigError> {
    let path = match &shared.stored.config {
        Some(path) => path.as_path(),
        None => Path::new(CONFIG),
    };
    if shared.stored.config.is_none() && !path.is_file() {
        return Ok(None);
    }
    let open = |source| ConfigError::Open {
        path: path.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(open)?;
    Ok(Some((path, text)))
}

/// What can be read of a configuration file that does not fit.
pub(super) fn whom_to_tell(shared: &Shared) -> ConfigFile {
    let path = shared.stored.config.as_deref().unwrap_or(Path::new(CONFIG));
    crate::config::whom_to_tell(path)
}

/// The settings, and the configuration file itself.
pub(super) fn resolved(
    shared: &Shared,
    desk: &Desk,
) -> Result<(Resolved, ConfigFile), ConfigError> {
    let file = config(shared)?;
    let settings = resolve(typed(shared), &desk.environment, file.clone())?;
    Ok((settings, file))
}

/// What was typed of the settings.
pub(super) fn typed(shared: &Shared) -> Typed {
    let (target, requests) = (&shared.target, &shared.requests);
    Typed {
        api_url: target.api_url.clone(),
        token_file: requests.token_file.clone(),
        token_command: requests.token_command.clone(),
        state: shared.stored.state.clone(),
        rate: requests.rate.clone(),
        burst: requests.burst,
        workers: requests.workers,
        timeout: requests.timeout.clone(),
        outage: requests.outage.clone(),
        report: shared.reports.report.clone(),
        transport: requests.transport.typed(),
        variables: shared.variables.clone(),
    }
}
