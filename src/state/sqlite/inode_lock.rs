//! The lock of a state file itself, however it is named: one for each device and inode.
//!
//! It is `flock`, and `SQLite` locks by `fcntl`: on a local disk the two know nothing of each other. But to close any
//! descriptor of a file takes this process's `fcntl` locks off it, those of open connections too
//! (<https://www.sqlite.org/howtocorrupt.html>, 2.2). So a descriptor is never closed: it is kept for the next lock of the
//! same file, and a process has one of each state that it ever held.

use std::collections::BTreeMap;
use std::fs::{File, Metadata, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Device and inode.
type Inode = (u64, u64);

/// What is kept of a file.
#[derive(Debug)]
struct Kept {
    file: File,
    is_held: bool,
}

static KEPT: Mutex<BTreeMap<Inode, Kept>> = Mutex::new(BTreeMap::new());

fn kept() -> MutexGuard<'static, BTreeMap<Inode, Kept>> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn inode(of: &Metadata) -> Inode {
    (of.dev(), of.ino())
}

/// Holds a file, until it is dropped.
#[derive(Debug)]
pub(super) struct InodeLock(Inode);

/// How often a file may be replaced by another one while it is being locked.
const REPLACED: usize = 100;

impl InodeLock {
    /// Takes the lock of the file that is at `path`; `None` where another one has it.
    ///
    /// # Errors
    /// Where the file cannot be opened, or its file system cannot lock a file that is open for reading. Network file
    /// systems are among these; there `flock` would be in the way of what `SQLite` locks.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        for _ in 0..REPLACED {
            let of = inode(&std::fs::metadata(path)?);
            let mut kept = kept();
            if !kept.contains_key(&of) {
                let file = File::open(path)?;
                let of = inode(&file.metadata()?);
                let is_held = false;
                // What is there already has to stay: see above.
                kept.entry(of).or_insert(Kept { file, is_held });
            }
            let Some(file) = kept.get_mut(&of) else {
                continue;
            };
            if file.is_held {
                return Ok(None);
            }
            match file.file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
            file.is_held = true;
            drop(kept);
            let lock = Self(of);
            if std::fs::metadata(path).is_ok_and(|now| inode(&now) == of) {
                return Ok(Some(lock));
            }
        }
        Ok(None)
    }
}

impl Drop for InodeLock {
    fn drop(&mut self) {
        if let Some(kept) = kept().get_mut(&self.0) {
            kept.is_held = false;
            let _ = kept.file.unlock();
        }
    }
}
