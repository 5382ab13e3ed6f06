//! The report folder: mode 0700, files 0600, written under a temporary name and renamed.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A report cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the report {}: {source}", path.display())]
pub struct ReportError {
    /// The file or folder.
    pub path: PathBuf,
    /// The cause.
    pub source: io::Error,
}

impl ReportError {
    pub(super) fn new(path: &Path, source: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            source,
        }
    }
}

/// Where a run's reports go.
#[derive(Debug, Clone)]
pub struct ReportFolder {
    path: PathBuf,
}

impl ReportFolder {
    /// Makes the folder, for its owner alone. One that is there is used as it is.
    pub fn create(path: &Path) -> Result<Self, ReportError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder
            .create(path)
            .map_err(|e| ReportError::new(path, e))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// Begins a file.
    pub(super) fn begin(&self, name: &str) -> Result<ReportFile, ReportError> {
        let path = self.path.join(name);
        // tempfile makes files of mode 0600.
        let file = NamedTempFile::new_in(&self.path).map_err(|e| ReportError::new(&path, e))?;
        Ok(ReportFile {
            writer: BufWriter::new(file),
            path,
        })
    }

    /// Writes a whole file.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, ReportError> {
        let mut file = self.begin(name)?;
        file.put(bytes)?;
        file.finish()
    }
}

/// A file under way.
#[derive(Debug)]
pub(super) struct ReportFile {
    writer: BufWriter<NamedTempFile>,
    path: PathBuf,
}

impl ReportFile {
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), ReportError> {
        self.writer
            .write_all(bytes)
            .map_err(|e| ReportError::new(&self.path, e))
    }

    /// Gives the file its name.
    pub(super) fn finish(self) -> Result<PathBuf, ReportError> {
        let path = self.path;
        let file = self
            .writer
            .into_inner()
            .map_err(|e| ReportError::new(&path, e.into_error()))?;
        file.persist(&path)
            .map_err(|e| ReportError::new(&path, e.error))?;
        Ok(path)
    }
}
