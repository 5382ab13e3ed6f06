//! The mapping on the disk: the one file that the workbench writes.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Why the mapping was not saved.
#[derive(Debug, thiserror::Error)]
pub(super) enum SaveError {
    /// Somebody else has changed it since it was read.
    #[error(
        "{} has changed on the disk since it was read here, so it was not written over. Reload it (your changes here are lost), or save a copy under another name by running partner-sync map with -m.",
        .0.display()
    )]
    Changed(PathBuf),
    /// The system says no.
    #[error("cannot save {}: {source}", path.display())]
    Io {
        /// The mapping.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The mapping file, and what of it is known.
#[derive(Debug)]
pub(super) struct MappingFile {
    /// As it was named.
    path: PathBuf,
    /// What it held when it was read or written last; none where there was no such file.
    known: Option<Vec<u8>>,
}

/// More than this is no mapping.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

fn content(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, MOST_BYTES + 1), &mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file is larger than 4 MiB, so it is not a mapping",
        ));
    }
    Ok(Some(bytes))
}

impl MappingFile {
    /// Reads what is there.
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let known = content(&path)?;
        Ok(Self { path, known })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The text that is on the disk, as far as is known here.
    pub(super) fn text(&self) -> Option<&str> {
        self.known
            .as_deref()
            .and_then(|b| std::str::from_utf8(b).ok())
    }

    /// Whether what was read is no text.
    pub(super) fn is_unreadable(&self) -> bool {
        self.known.is_some() && self.text().is_none()
    }

    /// Reads it again.
    pub(super) fn reload(&mut self) -> io::Result<()> {
        self.known = content(&self.path)?;
        Ok(())
    }

    /// Writes the mapping under a temporary name beside it, then gives it its own: whoever reads it meanwhile, and whatever ends
    /// the program, finds the old one or the new one. A link stays a link.
    pub(super) fn save(&mut self, text: &str) -> Result<(), SaveError> {
        let failed = |source| SaveError::Io {
            path: self.path.clone(),
            source,
        };
        if content(&self.path).map_err(failed)? != self.known {
            return Err(SaveError::Changed(self.path.clone()));
        }
        let target = std::fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let folder = match target.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut written = tempfile::Builder::new()
            .prefix(".partner-sync-map-")
            .suffix(".toml")
            .tempfile_in(folder)
            .map_err(failed)?;
        written.write_all(text.as_bytes()).map_err(failed)?;
        written.as_file().sync_all().map_err(failed)?;
        if self.known.is_none() {
            written.persist_noclobber(&target).map_err(|e| {
                if e.error.kind() == io::ErrorKind::AlreadyExists {
                    SaveError::Changed(self.path.clone())
                } else {
                    failed(e.error)
                }
            })?;
        } else {
            let permissions = std::fs::metadata(&target).map_err(failed)?.permissions();
            written
                .as_file()
                .set_permissions(permissions)
                .map_err(failed)?;
            written.persist(&target).map_err(|e| failed(e.error))?;
        }
        self.known = Some(text.as_bytes().to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_wrote_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m.toml");
        let mut file = MappingFile::open(path.clone()).unwrap();
        assert_eq!(file.text(), None);
        std::fs::write(&path, "theirs").unwrap();
        assert!(matches!(file.save("mine"), Err(SaveError::Changed(_))));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "theirs");
        file.reload().unwrap();
        file.save("mine").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        file.save("mine again").unwrap();
        std::fs::write(&path, "theirs").unwrap();
        assert!(matches!(file.save("mine"), Err(SaveError::Changed(_))));
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(file.save("mine"), Err(SaveError::Changed(_))));
        // Nothing else is left behind.
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one_and_permissions_stay_too() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real.toml"), dir.path().join("m.toml"));
        std::fs::write(&real, "old").unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
        symlink("real.toml", &link).unwrap();
        let mut file = MappingFile::open(link.clone()).unwrap();
        file.save("new").unwrap();
        assert_eq!(std::fs::read_to_string(&real).unwrap(), "new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        let mode = std::fs::metadata(&real).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }
}
