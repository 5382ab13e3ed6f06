//! Whether the API is there.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::api::{ApiError, PartnersApi as _};
use crate::delivery::StopReason;
use crate::ops::connect::ApiClient;

/// Whether the API is there, before the first row is sent.
pub(super) fn ask_health(api: &Arc<ApiClient>, handle: &Handle) -> Result<(), StopReason> {
    let error = match handle.block_on(api.health()) {
        Ok(()) | Err(ApiError::Stopped) => return Ok(()),
        Err(error) => error,
    };
    if let Some(reason) = StopReason::of(&error) {
        return Err(reason);
    }
    let is_silent = matches!(error, ApiError::Unreachable(_) | ApiError::Throttled { .. });
    // One that says that it is not well may be well enough to answer a question.
    if is_silent && let Err(other) = handle.block_on(api.probe()) {
        if let Some(reason) = StopReason::of(&other) {
            return Err(reason);
        }
        if other.is_transient() {
            return Err(StopReason::ApiDown(error.to_string()));
        }
    }
    // It answers; whether it takes partners is shown by the first create.
    tracing::info!("health check: {error}");
    Ok(())
}
