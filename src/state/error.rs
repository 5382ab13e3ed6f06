//! What keeps the state from working, sorted by what the caller can do.

use std::io;
use std::path::{Path, PathBuf};

use super::record::IllegalMove;

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file or its lock file cannot be created or opened.
    #[error("cannot open the state {}: {source}. Check the folder and its permissions, or name another with --state.", path.display())]
    Open {
        /// Path of the state file.
        path: PathBuf,
        /// What the operating system or SQLite returned.
        source: io::Error,
    },
    /// The file beside the state that holds its key cannot be read or written.
    #[error("cannot read or write the key of the state, {}: {source}. The key shows whether rows changed since they were sent. Correct the permissions of this file and its folder.", path.display())]
    Key {
        /// Path of the key's file.
        path: PathBuf,
        /// What the operating system returned.
        source: io::Error,
    },
    /// A folder, a pipe or a device where the state should be.
    #[error("the state {} is not a file. Name another with --state.", path.display())]
    NoFile {
        /// Path of the state.
        path: PathBuf,
    },
    /// There is no state, or one that a run had only begun to make.
    #[error("there is no state {}. An import creates it; --state names another.", path.display())]
    Missing {
        /// Path of the state file.
        path: PathBuf,
    },
    /// Another run holds it: one writes at a time.
    #[error("another run holds the state {}{}. Wait for it to end.", path.display(), holder.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())]
    Locked {
        /// Path of the state file.
        path: PathBuf,
        /// What the other run wrote about itself.
        holder: Option<String>,
    },
    /// Of an older version, and not migrated, since another run holds it.
    #[error("the state {} is of version {found} and must be updated to version {known} before it can be read, but another run holds it{}. Wait for that run to end, then try again.", path.display(), holder.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())]
    Outdated {
        /// Path of the state file.
        path: PathBuf,
        /// Version of the file, as its `user_version` says.
        found: i64,
        /// The version that this program reads.
        known: i64,
        /// What the other run wrote about itself.
        holder: Option<String>,
    },
    /// The file system has no locks.
    #[error("the file system of {} cannot lock files ({source}), so two runs could overlap. Put the state on a local disk with --state.", path.display())]
    NoLocks {
        /// Path of the lock file.
        path: PathBuf,
        /// What the operating system or SQLite returned.
        source: io::Error,
    },
    /// Written by a newer version.
    #[error("the state {} is of version {found}; this program reads versions up to {known}. Use the newer partner-sync that wrote it.", path.display())]
    Newer {
        /// Path of the state file.
        path: PathBuf,
        /// Version of the file, as its `user_version` says.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// A database of another program.
    #[error("{} is a database of another program, not a state of partner-sync, and is left as it is. Name another file with --state.", path.display())]
    Foreign {
        /// Path of the state file.
        path: PathBuf,
    },
    /// Copied without its log, so that rows are missing.
    #[error("the state {} was copied without its log {}, which has the newest rows; without it they would be sent again. Copy both files, or make copies with `partner-sync state backup`. If the log is lost, move this file away and run `partner-sync reconcile --adopt FILE -m MAPPING`, which finds the partners on the API.", path.display(), log.display())]
    LogMissing {
        /// Path of the state file.
        path: PathBuf,
        /// Path of the log that is missing.
        log: PathBuf,
    },
    /// A file and a log that do not belong together, as when a backup was copied over a state whose log was left there.
    #[error("the state {} and its log {} are from different moments: one was copied or restored without the other. Read together they would be wrong, so nothing was read. If the state was restored from a backup, delete the log (and the -shm file beside it): the next run looks on the API for what the backup does not have. Otherwise put back the file that belongs to the log.", path.display(), log.display())]
    LogForeign {
        /// Path of the state file.
        path: PathBuf,
        /// Path of the log.
        log: PathBuf,
    },
    /// A log without its state.
    #[error("there is no state {}, but its log {} is there: the state was moved or deleted without it. Put the state back beside its log. To begin a new state, move the log away and run `partner-sync reconcile --adopt FILE -m MAPPING`, which finds the partners on the API.", path.display(), log.display())]
    Orphan {
        /// Path of the state file.
        path: PathBuf,
        /// Path of the log.
        log: PathBuf,
    },
    /// A later run has it, and this one can record nothing more.
    #[error("another run has taken over the state {} since this one began. This run stops and records nothing more; the other run looks up the rows that were being sent.", path.display())]
    Taken {
        /// Path of the state file.
        path: PathBuf,
    },
    /// Deleted, or another file was put in its place.
    #[error("the state {} was deleted or replaced by another file while this run wrote it. This run stops: what it recorded is lost with the file. The next run looks on the API for what was created.", path.display())]
    Replaced {
        /// Path of the state file.
        path: PathBuf,
    },
    /// Damaged, or no database at all.
    #[error("the state {} is damaged: {reason}. Restore a backup, or move it away and run `partner-sync reconcile --adopt` to rebuild it from the API.", path.display())]
    Corrupt {
        /// Path of the state file.
        path: PathBuf,
        /// What SQLite found wrong, in its words.
        reason: String,
    },
    /// No room left, or not writable: nothing was recorded, and nothing sent that was not recorded.
    #[error("the state {} cannot be written: {reason}. Nothing is lost; make room or give permission and run again.", path.display())]
    NotWritable {
        /// Path of the state file.
        path: PathBuf,
        /// What SQLite returned, in its words.
        reason: String,
    },
    /// A move that the table of moves does not have: a bug, reported rather than recorded.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    /// The writer thread ended.
    #[error("the state's writer has stopped")]
    WriterGone,
    /// Anything else that SQLite says.
    #[error("the state {}: {source}", path.display())]
    Sqlite {
        /// Path of the state file.
        path: PathBuf,
        /// What the operating system or SQLite returned.
        source: rusqlite::Error,
    },
}

impl StateError {
    pub(super) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::PermissionDenied,
            ) => Self::NotWritable {
                path,
                reason: source.to_string(),
            },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt {
                path,
                reason: source.to_string(),
            },
            _ => Self::Sqlite { path, source },
        }
    }

    /// A copy for each of several waiting callers; causes become words.
    pub(super) fn duplicate(&self, path: &Path) -> Self {
        match self {
            Self::Illegal(illegal) => Self::Illegal(illegal.clone()),
            Self::Taken { path } => Self::Taken { path: path.clone() },
            Self::Replaced { path } => Self::Replaced { path: path.clone() },
            Self::Corrupt { reason, .. } => Self::Corrupt {
                path: path.to_owned(),
                reason: reason.clone(),
            },
            Self::NotWritable { reason, .. } => Self::NotWritable {
                path: path.to_owned(),
                reason: reason.clone(),
            },
            other => Self::NotWritable {
                path: path.to_owned(),
                reason: other.to_string(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn what_sqlite_says_is_sorted_by_what_can_be_done() {
        for (code, kind) in [
            (ffi::SQLITE_FULL, "not writable"),
            (ffi::SQLITE_READONLY, "not writable"),
            (ffi::SQLITE_IOERR_WRITE, "not writable"),
            (ffi::SQLITE_PERM, "not writable"),
            (ffi::SQLITE_CORRUPT, "corrupt"),
            (ffi::SQLITE_NOTADB, "corrupt"),
            (ffi::SQLITE_BUSY, "other"),
            (ffi::SQLITE_CONSTRAINT, "other"),
        ] {
            let source = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let sorted = StateError::sqlite(Path::new("s.db"), source);
            let found = match sorted {
                StateError::NotWritable { .. } => "not writable",
                StateError::Corrupt { .. } => "corrupt",
                StateError::Sqlite { .. } => "other",
                error => panic!("{error}"),
            };
            assert_eq!(found, kind, "{code}");
        }
    }
}
