//! One writer, and who holds it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::StateError;
use super::migration;
use crate::clock::Clock;

/// Holds `<state>.lock` for as long as it lives. The file stays behind; the lock ends with the process,
/// however it ends.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

impl StateLock {
    /// Takes the lock, or returns who has it. A state that is there is brought to this program's version, and one
    /// that a killed run had only begun to make is finished: only who has the lock may do that.
    ///
    /// # Errors
    /// [`StateError::Locked`] where another run has it.
    pub fn take(state: &Path, clock: &Clock) -> Result<Self, StateError> {
        let file = hold(state, clock)?;
        migration::migrate_existing(state)?;
        Ok(Self { _file: file })
    }
}

/// Holds the lock for as long as the file lives, and does nothing else.
pub(super) fn hold(state: &Path, clock: &Clock) -> Result<File, StateError> {
    let path = lock_path(state);
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&path).map_err(|source| StateError::Open {
        path: path.clone(),
        source,
    })?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let holder = file
                .read_to_string(&mut holder)
                .ok()
                .map(|_| holder.trim().to_owned());
            return Err(StateError::Locked {
                path: state.to_owned(),
                holder: holder.filter(|h| !h.is_empty()),
            });
        }
        Err(TryLockError::Error(source)) => return Err(StateError::NoLocks { path, source }),
    }
    // For the message of the next one; the lock holds without it.
    let _ = file.set_len(0);
    let _ = file.rewind();
    let _ = writeln!(
        file,
        "process {}, since {}",
        std::process::id(),
        clock.now().to_rfc3339()
    );
    Ok(file)
}

fn lock_path(state: &Path) -> PathBuf {
    let mut name = state.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
