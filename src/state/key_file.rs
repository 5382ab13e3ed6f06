//! The file beside the state that holds its key, and the only thing that does: whoever has the state alone cannot try which
//! account numbers its hashes are of.
//!
//! It lies beside the file that the state's path leads to, is its owner's alone, and is never written over: a key that is in
//! the way, of another state, is moved aside.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::beside::beside;
use super::error::StateError;

/// The key of a state.
pub(super) type Key = [u8; 32];

/// What a key file begins with; the key follows in 64 hexadecimal digits.
const MARK: &str = "partner-sync state key 1 ";
/// A key file is no longer than this.
const LONGEST: u64 = 256;

/// The key; `None` where there is no file, or one that is no key.
///
/// # Errors
/// [`StateError::Key`] where the file is there and cannot be read.
pub(super) fn read(path: &Path) -> Result<Option<Key>, StateError> {
    let read = || -> io::Result<Option<String>> {
        match std::fs::metadata(path) {
            Ok(found) if !found.is_file() => return Ok(None),
            Ok(found) => make_private(path, &found),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        }
        let mut text = Vec::new();
        File::open(path)?.take(LONGEST).read_to_end(&mut text)?;
        Ok(String::from_utf8(text).ok())
    };
    let text = read().map_err(|source| StateError::Key {
        path: path.to_owned(),
        source,
    })?;
    Ok(text.as_deref().and_then(parse))
}

/// Puts a key into its file, on the disk when this returns. Returns where a file that was in its place is now.
///
/// # Errors
/// [`StateError::Key`].
pub(super) fn put(path: &Path, key: &Key) -> Result<Option<PathBuf>, StateError> {
    if read(path)?.as_ref() == Some(key) {
        return Ok(None);
    }
    let write = || -> io::Result<Option<PathBuf>> {
        let aside = move_aside(path)?;
        let new = beside(path, ".new");
        // Of a run that was killed here.
        match std::fs::remove_file(&new) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        write_new(&new, key)?;
        std::fs::rename(&new, path)?;
        sync_folder(path)?;
        Ok(aside)
    };
    write().map_err(|source| StateError::Key {
        path: path.to_owned(),
        source,
    })
}

/// Puts a key where there is none yet, and returns the one that is there then: of several programs that do it at once, all have
/// the key of the first.
///
/// # Errors
/// [`StateError::Key`].
pub(super) fn put_first(path: &Path, key: &Key) -> Result<Key, StateError> {
    let write = || -> io::Result<()> {
        // It gets its name when it is whole: nobody reads half a key.
        let new = beside(path, &format!(".new-{}", uuid::Uuid::new_v4().simple()));
        write_new(&new, key)?;
        let named = match std::fs::hard_link(&new, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            // A file system without links.
            Err(_) => match write_new(path, key) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                written => written,
            },
            Ok(()) => Ok(()),
        };
        std::fs::remove_file(&new)?;
        named?;
        sync_folder(path)
    };
    let broken = |source| StateError::Key {
        path: path.to_owned(),
        source,
    };
    write().map_err(broken)?;
    let no_key = || io::Error::new(io::ErrorKind::InvalidData, "the file holds no key");
    read(path)?.ok_or_else(no_key).map_err(broken)
}

/// Copies the key for a copy of the state. True where there was one.
///
/// # Errors
/// [`StateError::Key`] where it cannot be read, or another key is where the copy goes.
pub(super) fn copy(from: &Path, to: &Path) -> Result<bool, StateError> {
    let Some(key) = read(from)? else {
        return Ok(false);
    };
    if read(to)? != Some(key) {
        let written = write_new(to, &key).and_then(|()| sync_folder(to));
        written.map_err(|source| StateError::Key {
            path: to.to_owned(),
            source,
        })?;
    }
    Ok(true)
}

/// Gives what is in a key's place another name, and returns it.
fn move_aside(path: &Path) -> io::Result<Option<PathBuf>> {
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let names = (1..).map(|n| beside(path, &format!(".old{n}")));
    let mut free = names.filter(|name| std::fs::symlink_metadata(name).is_err());
    let Some(aside) = free.next() else {
        return Ok(None);
    };
    std::fs::rename(path, &aside)?;
    Ok(Some(aside))
}

/// Makes a file that nobody else can read. It never follows a symlink: it must not be there.
fn write_new(path: &Path, key: &Key) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    write!(file, "{MARK}")?;
    for byte in key {
        write!(file, "{byte:02x}")?;
    }
    writeln!(file)?;
    file.sync_all()
}

/// A new name is on the disk when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|f| !f.as_os_str().is_empty());
    match File::open(folder.unwrap_or(Path::new("."))) {
        #[cfg(unix)]
        Ok(folder) => folder.sync_all(),
        #[cfg(not(unix))]
        Ok(_) => Ok(()),
        // Not every system opens folders; the file itself is on the disk.
        Err(_) => Ok(()),
    }
}

/// Takes from others what they may do with the file, where that is allowed: a mounted secret is not changed.
fn make_private(path: &Path, found: &std::fs::Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if found.permissions().mode() & 0o077 != 0 {
            let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, found);
}

fn parse(text: &str) -> Option<Key> {
    let digits = text.trim().strip_prefix(MARK)?;
    let mut key = [0; 32];
    if digits.len() != 2 * key.len() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, pair) in key.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever comes second has the key of the first, whole, and nothing else is left.
    #[test]
    fn several_that_put_the_first_key_at_once_have_the_same() {
        let folder = tempfile::tempdir().unwrap();
        for round in 0..20_u8 {
            let path = folder.path().join(format!("{round}.key"));
            let put = |n: u8| {
                let path = path.clone();
                std::thread::spawn(move || put_first(&path, &[n; 32]).unwrap())
            };
            let all: Vec<_> = (0..8).map(put).collect();
            let all: Vec<Key> = all.into_iter().map(|t| t.join().unwrap()).collect();
            assert_eq!(read(&path).unwrap(), Some(all[0]));
            assert!(all.iter().all(|key| *key == all[0]), "{all:?}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 20);
    }

    #[test]
    fn what_is_no_key_is_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "a diary").unwrap();
        assert!(put_first(&path, &[1; 32]).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a diary");
    }
}
