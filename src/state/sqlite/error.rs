//! What `SQLite` says, sorted by what the caller can do.

use std::io;
use std::path::Path;

use super::super::error::StateError;

/// Its log and the index of it are beside the file, and are made where they are not there (<https://sqlite.org/wal.html>, "Read-Only
/// Databases").
const CANNOT_OPEN: &str =
    "SQLite cannot open it, or a file beside it; its folder has to be writable, also to read it";

impl StateError {
    #[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
    pub(in crate::state) fn sqlite(path: &Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let reason = source.to_string();
        match source.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::ReadOnly
                | ErrorCode::SystemIoFailure
                | ErrorCode::PermissionDenied,
            ) => Self::NotWritable {
                state: path.into(),
                reason,
            },
            // The file is there: whoever opens it has looked.
            Some(ErrorCode::CannotOpen) => Self::Open {
                path: path.to_owned(),
                source: io::Error::other(CANNOT_OPEN),
            },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt {
                path: path.to_owned(),
                reason,
            },
            _ => Self::Other {
                state: path.into(),
                reason,
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
            (ffi::SQLITE_CANTOPEN, "cannot be opened"),
            (ffi::SQLITE_CORRUPT, "corrupt"),
            (ffi::SQLITE_NOTADB, "corrupt"),
            (ffi::SQLITE_BUSY, "other"),
            (ffi::SQLITE_CONSTRAINT, "other"),
        ] {
            let source = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let sorted = StateError::sqlite(Path::new("s.db"), source);
            let found = match sorted {
                StateError::NotWritable { .. } => "not writable",
                StateError::Open { .. } => "cannot be opened",
                StateError::Corrupt { .. } => "corrupt",
                StateError::Other { .. } => "other",
                error => panic!("{error}"),
            };
            assert_eq!(found, kind, "{code}");
        }
    }
}
