//! One writer, and who holds it.
//!
//! Two locks keep a second run out. The one of the state file itself holds however the file is named: by a symlink, a
//! hard link, or beside a lock file that was tidied away. The one of `<state>.lock` keeps older programs out, which know no
//! other, and works where the file system cannot lock the state itself; that file says who holds the state.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::super::beside::beside;
use super::super::error::StateError;
#[cfg(unix)]
use super::file::make_private;
use super::file::{create_private, real_path, refuse_no_file};
#[cfg(unix)]
use super::inode_lock::InodeLock;
use super::migration;
use crate::clock::Clock;

/// Holds the state for as long as it lives. `<state>.lock` stays behind; the locks end with the process, however it
/// ends.
#[derive(Debug)]
pub(in crate::state) struct FileLock {
    /// A state file that was made to be locked: one that is still empty when the lock ends is taken away again.
    made: Option<PathBuf>,
    #[cfg(unix)]
    _state: Option<InodeLock>,
    _file: File,
}

impl FileLock {
    /// Takes the lock, or returns who has it. A state that is there is brought to this program's version, and one
    /// that a killed run had only begun to make is finished: only who has the lock may do that. Where there is none, an
    /// empty file is made, so that two first runs meet at it.
    ///
    /// # Errors
    /// [`StateError::Locked`] where another run has it.
    pub(in crate::state) fn take(state: &Path, clock: &Clock) -> Result<Self, StateError> {
        refuse_no_file(state)?;
        let real = real_path(state);
        let file = lock_file(state, &real)?;
        let made = create_private(&real)?.then(|| real.clone());
        #[cfg(unix)]
        for more in ["", "-wal", "-shm", ".lock"] {
            make_private(&beside(&real, more));
        }
        let lock = Self {
            #[cfg(unix)]
            _state: lock_state(state, &real, &file)?,
            made,
            _file: sign(file, clock),
        };
        if lock.made.is_none() {
            migration::migrate_existing(state)?;
        }
        Ok(lock)
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        if let Some(path) = &self.made
            && std::fs::metadata(path).is_ok_and(|m| m.len() == 0)
        {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Locks the state file itself; none where its file system cannot do that for a file that is read. `file`, which is
/// locked already, is what the run that holds the state may have signed.
#[cfg(unix)]
fn lock_state(state: &Path, real: &Path, file: &File) -> Result<Option<InodeLock>, StateError> {
    match InodeLock::take(real) {
        Ok(Some(lock)) => Ok(Some(lock)),
        Ok(None) => Err(held(state, file)),
        Err(error) => {
            tracing::debug!(%error, "the state file itself cannot be locked; its lock file alone is");
            Ok(None)
        }
    }
}

fn held(state: &Path, mut file: &File) -> StateError {
    let mut holder = String::new();
    let holder = file
        .read_to_string(&mut holder)
        .ok()
        .map(|_| holder.trim().to_owned());
    StateError::Locked {
        state: state.into(),
        holder: holder.filter(|h| !h.is_empty()),
    }
}

/// Locks `<state>.lock`.
fn lock_file(state: &Path, real: &Path) -> Result<File, StateError> {
    let path = beside(real, ".lock");
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
        // A link that somebody else made here would have its target emptied and signed.
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    }
    let file = options.open(&path).map_err(|source| StateError::Open {
        path: path.clone(),
        source,
    })?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(held(state, &file)),
        Err(TryLockError::Error(source)) => Err(StateError::NoLocks { path, source }),
    }
}

/// Says in the lock file who holds the state, for the message of the next one; the lock holds without it.
fn sign(mut file: File, clock: &Clock) -> File {
    let _ = file.set_len(0);
    let _ = file.rewind();
    let _ = writeln!(
        file,
        "process {}, since {}",
        std::process::id(),
        clock.now().to_rfc3339()
    );
    file
}

/// Who holds a state now; none where nobody does, or that cannot be found out. Nothing is made and nothing is changed.
pub(in crate::state) fn lock_holder(state: &Path) -> Option<String> {
    let mut file = File::open(beside(&real_path(state), ".lock")).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            Some(holder.trim().to_owned())
        }
        _ => None,
    }
}

/// Holds the state as older programs do, by its lock file alone.
#[cfg(test)]
pub(super) fn hold(state: &Path, clock: &Clock) -> Result<File, StateError> {
    let file = lock_file(state, &real_path(state))?;
    Ok(sign(file, clock))
}
