//! A folder of ours for an export that comes from elsewhere: readable by its owner alone, and gone with the run.
//!
//! The folder is locked for as long as its run lives. What a killed run left is not locked any more: the next run that makes
//! a folder removes it.

use std::fs::File;
use std::io;
use std::path::Path;

/// What the folders are called, before a random part.
const PREFIX: &str = "partner-sync-fetch-";
/// Tries to make one: another run may take a new folder for one that is left over, before it is locked.
const TRIES: u32 = 10;

/// A folder; it is removed when it is dropped.
#[derive(Debug)]
pub(super) struct Workspace {
    folder: tempfile::TempDir,
    /// Its lock ends with it. None where the file system locks no folders: then nobody removes it but its run.
    _lock: Option<File>,
}

impl Workspace {
    /// Makes one in the folder for temporary files (`TMPDIR`), and removes what killed runs left there.
    pub(super) fn create() -> io::Result<Self> {
        Self::create_in(&std::env::temp_dir())
    }

    fn create_in(within: &Path) -> io::Result<Self> {
        sweep(within);
        for _ in 0..TRIES {
            let folder = new_folder(within)?;
            match lock(folder.path()) {
                Lock::Ours(lock) => {
                    return Ok(Self {
                        folder,
                        _lock: Some(lock),
                    });
                }
                Lock::NoneHere => {
                    return Ok(Self {
                        folder,
                        _lock: None,
                    });
                }
                Lock::Another => {}
            }
        }
        Err(io::Error::other("another program removes the folder"))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// A new folder that its owner alone can enter.
fn new_folder(within: &Path) -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(std::fs::Permissions::from_mode(0o700));
    }
    builder.tempdir_in(within)
}

enum Lock {
    /// It is held until the file is closed.
    Ours(File),
    /// Another run holds it, or the folder is gone.
    Another,
    /// The system locks no folders.
    NoneHere,
}

/// Locks a folder. One that was removed meanwhile is not the one of that name any more.
#[cfg(unix)]
fn lock(folder: &Path) -> Lock {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(file) = File::open(folder) else {
        return Lock::Another;
    };
    match file.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => return Lock::Another,
        Err(std::fs::TryLockError::Error(_)) => return Lock::NoneHere,
    }
    let identity = |meta: &std::fs::Metadata| (meta.dev(), meta.ino());
    match (file.metadata(), std::fs::symlink_metadata(folder)) {
        (Ok(held), Ok(there)) if identity(&held) == identity(&there) => Lock::Ours(file),
        _ => Lock::Another,
    }
}

#[cfg(not(unix))]
fn lock(_: &Path) -> Lock {
    Lock::NoneHere
}

/// Removes what killed runs of this user left. Trouble is no reason not to run.
#[cfg(unix)]
fn sweep(within: &Path) {
    use std::os::unix::fs::MetadataExt as _;
    let ours = rustix::process::geteuid().as_raw();
    let entries = std::fs::read_dir(within).into_iter().flatten().flatten();
    for entry in entries {
        let is_named = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_ours = |meta: std::fs::Metadata| meta.is_dir() && meta.uid() == ours;
        if !is_named || !entry.metadata().is_ok_and(is_ours) {
            continue;
        }
        if let Lock::Ours(_held) = lock(&entry.path()) {
            let removed = std::fs::remove_dir_all(entry.path());
            tracing::info!(folder = %entry.path().display(), removed = removed.is_ok(), "an earlier run was killed and left a fetched export");
        }
    }
}

#[cfg(not(unix))]
fn sweep(_: &Path) {}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_a_killed_run_left_is_removed_and_what_is_in_use_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let in_use = Workspace::create_in(dir.path()).unwrap();
        let mode = std::fs::metadata(in_use.path())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
        std::fs::write(in_use.path().join("a.csv"), "Id\n1\n").unwrap();
        let left = dir.path().join(format!("{PREFIX}left"));
        std::fs::create_dir(&left).unwrap();
        std::fs::write(left.join("a.csv"), "Id\n1\n").unwrap();
        // Names that only look like it.
        let other = dir.path().join("partner-sync-other");
        std::fs::create_dir(&other).unwrap();
        let link = dir.path().join(format!("{PREFIX}link"));
        std::os::unix::fs::symlink(&other, &link).unwrap();

        let next = Workspace::create_in(dir.path()).unwrap();
        assert!(!left.exists());
        assert!(in_use.path().join("a.csv").exists());
        assert!(other.exists() && link.exists() && next.path().exists());
        let path = in_use.path().to_owned();
        drop(in_use);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_was_replaced_is_not_ours() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(lock(&dir.path().join("none")), Lock::Another));
        let Lock::Ours(_held) = lock(dir.path()) else {
            panic!("nobody holds it");
        };
        assert!(matches!(lock(dir.path()), Lock::Another));
    }
}
