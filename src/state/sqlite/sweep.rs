//! The state file written anew, so that nothing is left in it of what was deleted.
//!
//! `SQLite` leaves deleted bytes where they were: in unused parts of pages, in free pages, in the log. A state that had its
//! key in it is swept once; until that is done, `meta` says so.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use super::super::error::StateError;
use super::fence::Fence;
use super::file::connect;
use super::log;

/// Where `meta` says that a state has to be swept.
pub(super) const DUE: &str = "sweep";

/// Sweeps a state that has to be. The caller holds its lock. What cannot be done now (no room on the disk) is tried again by
/// the next run, and logged: nothing depends on it but that the state tells nothing of what was deleted.
pub(super) fn sweep_if_due(path: &Path) -> Result<(), StateError> {
    let mut connection = connect(path)?;
    if !is_due(&connection).map_err(|e| StateError::sqlite(path, e))? {
        return Ok(());
    }
    tracing::info!("the state is written anew without its old key");
    if let Err(error) = sweep(&mut connection, path) {
        tracing::warn!(
            %error,
            "the state could not be written anew without its old key; the next run tries it again. It needs as much room on the disk as the state takes"
        );
    }
    Ok(())
}

fn is_due(c: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM meta WHERE name = ?1";
    Ok(c.query_row(sql, [DUE], |_| Ok(())).optional()?.is_some())
}

fn sweep(c: &mut Connection, path: &Path) -> Result<(), StateError> {
    let sqlite = |e| StateError::sqlite(path, e);
    c.pragma_update(None, "secure_delete", true)
        .map_err(sqlite)?;
    c.execute_batch("VACUUM").map_err(sqlite)?;
    // The log had the old pages, and the file has them until the log is folded in.
    let fence = Fence::present(c, path).map_err(sqlite)?;
    log::fold_all(c, fence, path)?;
    c.execute("DELETE FROM meta WHERE name = ?1", [DUE])
        .map_err(sqlite)?;
    log::fold_away(c, fence, path);
    Ok(())
}
