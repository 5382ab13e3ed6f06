//! The state as a file: made for its owner alone, and opened with the same settings by all.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::super::beside::beside;
use super::super::error::StateError;

/// How long a statement waits for a lock of another connection.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Where the file of a path is, or would be made: symlinks are followed, also one to a file that is not there yet.
/// `SQLite` puts its log beside that file.
pub(super) fn real_path(path: &Path) -> PathBuf {
    /// As many as Linux follows.
    const LINKS: usize = 40;
    let mut path = path.to_owned();
    for _ in 0..LINKS {
        if let Ok(real) = std::fs::canonicalize(&path) {
            return real;
        }
        let Ok(to) = std::fs::read_link(&path) else {
            break;
        };
        path = path.parent().unwrap_or(Path::new("")).join(to);
    }
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    let folder = std::fs::canonicalize(folder.unwrap_or(Path::new(".")));
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path,
    }
}

/// Refuses what is there and is no file: to open a pipe waits for whoever writes it.
///
/// # Errors
/// [`StateError::NoFile`].
pub(super) fn refuse_no_file(path: &Path) -> Result<(), StateError> {
    match std::fs::metadata(path) {
        Ok(found) if !found.is_file() => Err(StateError::NoFile {
            path: path.to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Where the key of a state is.
pub(in crate::state) fn key_path(state: &Path) -> PathBuf {
    beside(&real_path(state), ".key")
}

/// Makes the file, readable by its owner alone; `-wal` and `-shm` inherit its mode. True where it is new.
pub(super) fn create_private(path: &Path) -> Result<bool, StateError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(source) => Err(StateError::Open {
            path: path.to_owned(),
            source,
        }),
    }
}

/// The permissions of all but the owner.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Takes the permissions of others off a file that is there: a copy that was put back has those of all new files. One of
/// somebody else's stays as it is.
#[cfg(unix)]
pub(super) fn make_private(path: &Path) {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let Ok(found) = std::fs::symlink_metadata(path) else {
        return;
    };
    let mode = found.permissions().mode();
    let is_ours = found.uid() == rustix::process::geteuid().as_raw();
    if found.is_file() && is_ours && mode & OTHERS != 0 {
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o700));
    }
}

/// Makes an empty file its owner's alone: somebody else may have made it, with the mode of all new files.
pub(super) fn make_empty_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if std::fs::metadata(path)?.len() == 0 {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    Ok(())
}

/// Opens a file that is there. Nothing is written by it, also when it is closed: what is in the log stays there.
pub(super) fn connect(path: &Path) -> Result<Connection, StateError> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        connection.busy_timeout(BUSY)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(connection)
    };
    open().map_err(|e| StateError::sqlite(path, e))
}
