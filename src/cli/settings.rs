//! What was typed, the environment and the configuration file → settings.

use super::args::Shared;
use super::desk::Desk;
use crate::config::{ConfigError, ConfigFile, Resolved, resolve};

/// The settings, and the configuration file itself.
pub(super) fn resolved(
    shared: &Shared,
    desk: &Desk,
) -> Result<(Resolved, ConfigFile), ConfigError> {
    let file = ConfigFile::find(shared.stored.config.as_deref(), &desk.environment)?;
    let settings = resolve(shared.typed(), &desk.environment, file.clone())?;
    Ok((settings, file))
}
