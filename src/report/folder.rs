//! The report folder: mode 0700, files 0600, written under a temporary name and renamed.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::NamedTempFile;

use super::earlier::set_aside;

/// A report cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the report {}: {source}", path.display())]
pub struct ReportError {
    /// The file or folder that it is about.
    pub path: PathBuf,
    /// What the system said.
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
    /// Whether a report of an earlier run may still lie in it.
    has_earlier: Arc<AtomicBool>,
}

impl ReportFolder {
    /// Makes the folder for the report of a run: see [`ReportFolder::create`]. The report of an earlier run is moved to
    /// `previous/` within it before the first file is written, and not before: a run that ends before it has anything to
    /// report leaves it where it is.
    ///
    /// # Errors
    /// As [`ReportFolder::create`].
    pub fn for_run(path: &Path) -> Result<Self, ReportError> {
        let folder = Self::create(path)?;
        folder.has_earlier.store(true, Ordering::Relaxed);
        Ok(folder)
    }

    fn set_earlier_aside(&self) -> Result<(), ReportError> {
        if self.has_earlier.swap(false, Ordering::Relaxed) {
            set_aside(&self.path).map_err(|e| ReportError::new(&self.path, e))?;
        }
        Ok(())
    }

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
            has_earlier: Arc::default(),
        })
    }

    /// The path of a file in it.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Begins a file.
    pub(super) fn begin(&self, name: &str) -> Result<ReportFile, ReportError> {
        self.set_earlier_aside()?;
        let path = self.path.join(name);
        // tempfile makes files of mode 0600.
        let file = NamedTempFile::new_in(&self.path).map_err(|e| ReportError::new(&path, e))?;
        Ok(ReportFile {
            writer: BufWriter::new(file),
            path,
        })
    }

    /// Opens a file that grows under its own name; one that is there is begun anew.
    pub(super) fn stream(&self, name: &str) -> Result<Stream, ReportError> {
        self.set_earlier_aside()?;
        let path = self.path.join(name);
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options
            .open(&path)
            .map_err(|e| ReportError::new(&path, e))?;
        Ok(Stream {
            writer: BufWriter::new(file),
            path,
            waiting: 0,
        })
    }

    /// Writes a whole file, under a temporary name first, and returns its path.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<PathBuf, ReportError> {
        let mut file = self.begin(name)?;
        file.put(bytes)?;
        file.finish()
    }
}

/// Lines that wait in memory at most, once there are many.
const WAITING_LINES: u32 = 64;

/// A file that grows under its own name, line by line.
#[derive(Debug)]
pub(super) struct Stream {
    writer: BufWriter<fs::File>,
    path: PathBuf,
    waiting: u32,
}

impl Stream {
    pub(super) fn put(&mut self, line: &[u8]) -> Result<(), ReportError> {
        self.waiting += 1;
        let mut written = self.writer.write_all(line);
        if self.waiting >= WAITING_LINES {
            self.waiting = 0;
            written = written.and_then(|()| self.writer.flush());
        }
        written.map_err(|e| ReportError::new(&self.path, e))
    }

    pub(super) fn finish(mut self) -> Result<PathBuf, ReportError> {
        self.writer
            .flush()
            .map_err(|e| ReportError::new(&self.path, e))?;
        Ok(self.path)
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

    /// Its bytes; it leaves no file behind.
    pub(super) fn take(self) -> Result<Vec<u8>, ReportError> {
        let path = self.path;
        let file = self
            .writer
            .into_inner()
            .map_err(|e| ReportError::new(&path, e.into_error()))?;
        fs::read(file.path()).map_err(|e| ReportError::new(&path, e))
    }

    /// Where its bytes go.
    pub(super) fn writer(&mut self) -> &mut (impl Write + io::Seek) {
        &mut self.writer
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
