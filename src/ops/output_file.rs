//! A file that a list or an export is written into: whole, or not there.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::OpError;

/// Writes a file that is not there yet: what was proposed once may have been edited by hand since.
///
/// # Errors
/// [`OpError::Exists`], [`OpError::Unwritable`].
pub fn write_new(path: &Path, text: &str) -> Result<(), OpError> {
    let mut options = std::fs::OpenOptions::new();
    let new = options.write(true).create_new(true).open(path);
    let written = new.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => OpError::Exists(path.to_owned()),
        _ => OpError::Unwritable {
            path: path.to_owned(),
            source,
        },
    })
}

/// A file under a temporary name beside its place; [`OutputFile::finish`] puts it there. Its owner alone can read it, since
/// it has values of cells.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
}

impl OutputFile {
    /// Begins a file that will be at `path`. It must be none of `inputs`, and nothing that is no ordinary file.
    ///
    /// # Errors
    /// [`OpError::OutputIsInput`], and [`OpError::Unwritable`] where its folder takes no file.
    pub fn begin(path: &Path, inputs: &[PathBuf]) -> Result<Self, OpError> {
        if inputs.iter().any(|input| is_same(input, path)) {
            return Err(OpError::OutputIsInput(path.to_owned()));
        }
        let unwritable = |source| OpError::Unwritable {
            path: path.to_owned(),
            source,
        };
        // A device would be replaced by a file; through a link, the file would be another one than was named.
        if std::fs::symlink_metadata(path).is_ok_and(|m| !m.is_file()) {
            let reason = io::Error::other("it exists and is not an ordinary file");
            return Err(unwritable(reason));
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map_err(unwritable)?;
        Ok(Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
        })
    }

    /// Adds a text.
    ///
    /// # Errors
    /// [`OpError::Unwritable`].
    pub fn write(&mut self, text: &str) -> Result<(), OpError> {
        let written = self.file.write_all(text.as_bytes());
        written.map_err(|source| self.unwritable(source))
    }

    /// Gives the file its name.
    ///
    /// # Errors
    /// [`OpError::Unwritable`]; then there is no file, or the one that was there before.
    pub fn finish(self) -> Result<(), OpError> {
        let path = self.path;
        let finished = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)
            .and_then(|file| {
                file.as_file().sync_all()?;
                file.persist(&path).map_err(io::Error::from)
            });
        match finished {
            Ok(_) => Ok(()),
            Err(source) => Err(OpError::Unwritable { path, source }),
        }
    }

    fn unwritable(&self, source: io::Error) -> OpError {
        OpError::Unwritable {
            path: self.path.clone(),
            source,
        }
    }
}

/// Where a list goes: what prints it, or a file.
pub struct Sink<'p> {
    print: Box<dyn Fn(&str) -> bool + 'p>,
    file: Option<OutputFile>,
}

impl<'p> Sink<'p> {
    /// Begins the file where one is named that is not `-`; else `print` gets the texts, and says whether more is wanted.
    ///
    /// # Errors
    /// As [`OutputFile::begin`].
    pub fn begin(
        file: Option<&Path>,
        inputs: &[PathBuf],
        print: Box<dyn Fn(&str) -> bool + 'p>,
    ) -> Result<Self, OpError> {
        let file = file.filter(|path| *path != Path::new("-"));
        let file = file
            .map(|path| OutputFile::begin(path, inputs))
            .transpose()?;
        Ok(Self { print, file })
    }

    /// Adds a text; false where nobody wants more.
    ///
    /// # Errors
    /// As [`OutputFile::write`].
    pub fn put(&mut self, text: &str) -> Result<bool, OpError> {
        match &mut self.file {
            Some(file) => file.write(text).map(|()| true),
            None => Ok((self.print)(text)),
        }
    }

    /// Whether it is a file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.file.is_some()
    }

    /// The list is complete.
    ///
    /// # Errors
    /// As [`OutputFile::finish`].
    pub fn finish(self) -> Result<(), OpError> {
        self.file.map_or(Ok(()), OutputFile::finish)
    }
}

/// Whether two names are one file, by whatever links.
fn is_same(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let inode = |p: &Path| std::fs::metadata(p).ok().map(|m| (m.dev(), m.ino()));
        if let (Some(one), Some(other)) = (inode(one), inode(other)) {
            return one == other;
        }
    }
    match (std::fs::canonicalize(one), std::fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_whole_or_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("o.csv");
        let mut file = OutputFile::begin(&path, &[]).unwrap();
        file.write("a\n").unwrap();
        assert!(!path.exists());
        file.finish().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\n");
        // One that is given up leaves what was there, and nothing beside it.
        let mut given_up = OutputFile::begin(&path, &[]).unwrap();
        given_up.write("b\n").unwrap();
        drop(given_up);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_read_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let input = dir.path().join("e.csv");
        std::fs::write(&input, "x").unwrap();
        let hard = dir.path().join("hard.csv");
        std::fs::hard_link(&input, &hard).unwrap();
        for name in ["e.csv", "hard.csv", "../e.csv"] {
            let path = match name.strip_prefix("../") {
                Some(name) => dir.path().join(".").join(name),
                None => dir.path().join(name),
            };
            let refused = OutputFile::begin(&path, std::slice::from_ref(&input));
            assert!(matches!(refused, Err(OpError::OutputIsInput(_))), "{name}");
        }
        #[cfg(unix)]
        {
            let link = dir.path().join("link.csv");
            std::os::unix::fs::symlink(&input, &link).unwrap();
            let refused = OutputFile::begin(&link, &[]);
            assert!(matches!(refused, Err(OpError::Unwritable { .. })));
            let refused = OutputFile::begin(Path::new("/dev/null"), &[]);
            assert!(matches!(refused, Err(OpError::Unwritable { .. })));
        }
        assert_eq!(std::fs::read_to_string(&input).unwrap(), "x");
        let nowhere = OutputFile::begin(&dir.path().join("no/where.csv"), &[]);
        assert!(matches!(nowhere, Err(OpError::Unwritable { .. })));
    }
}
