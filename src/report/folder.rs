//! The report folder: mode 0700, files 0600, written under a temporary name and renamed.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::NamedTempFile;

use super::earlier::{let_go, set_aside};

/// The name of a file that is not finished begins and ends so.
const UNFINISHED: &str = ".partner-sync-";
const UNFINISHED_END: &str = ".unfinished";
/// Files by which a folder is known as one of ours.
#[cfg(unix)]
const KNOWN_BY: [&str; 3] = ["summary.json", "sync.json", "problems.jsonl"];

/// A report cannot be written.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot write the report {}: {}. Check the disk and that you may write there, or name another folder with --report.",
    path.display(), in_short(source)
)]
pub struct ReportError {
    /// The file or folder that it is about.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// What the system said, without the temporary name of a file that nobody will see.
fn in_short(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::StorageFull {
        return "the disk is full".to_owned();
    }
    let words = error.to_string();
    words
        .split(" at path \"")
        .next()
        .unwrap_or_default()
        .to_owned()
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
    /// How many earlier reports are kept; none where there are none.
    keep: Option<u32>,
}

impl ReportFolder {
    /// Makes the folder for the report of a run: see [`ReportFolder::create`]. The report of an earlier run is moved to
    /// `previous/` within it before the first file is written, and not before: a run that ends before it has anything to
    /// report leaves it where it is. The newest `keep` of these are kept.
    ///
    /// # Errors
    /// As [`ReportFolder::create`].
    pub fn for_run(path: &Path, keep: u32) -> Result<Self, ReportError> {
        let mut folder = Self::create(path)?;
        folder.has_earlier.store(true, Ordering::Relaxed);
        folder.keep = Some(keep);
        Ok(folder)
    }

    /// Removes the oldest of the earlier reports, once the new one stands.
    pub fn let_go_of_earlier(&self) {
        if let Some(keep) = self.keep {
            let_go(&self.path, keep);
        }
    }

    fn set_earlier_aside(&self) -> Result<(), ReportError> {
        if self.has_earlier.swap(false, Ordering::Relaxed) {
            set_aside(&self.path).map_err(|e| ReportError::new(&self.path, e))?;
        }
        Ok(())
    }

    /// Makes the folder, for its owner alone. One that is there becomes its owner's alone, where it is empty or holds an
    /// earlier report of ours: any other may be meant for others. What killed runs have left half-written is removed.
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
        #[cfg(unix)]
        make_private(path);
        let folder = Self {
            path: path.to_owned(),
            has_earlier: Arc::default(),
            keep: None,
        };
        folder.sweep();
        Ok(folder)
    }

    /// A folder that is there, as it is.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            has_earlier: Arc::default(),
            keep: None,
        }
    }

    /// Removes files that a killed run was writing. Who writes one holds its lock, which ends with the process.
    pub fn sweep(&self) {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        for entry in entries {
            let name = entry.file_name();
            let is_ours = name
                .to_str()
                .is_some_and(|n| n.starts_with(UNFINISHED) && n.ends_with(UNFINISHED_END));
            // Of a symlink only the name is ours.
            let is_file = entry.file_type().is_ok_and(|t| t.is_file());
            if is_ours && is_file {
                let path = entry.path();
                let unlocked = fs::File::open(&path).is_ok_and(|f| f.try_lock().is_ok());
                if unlocked {
                    let _ = fs::remove_file(&path);
                }
            }
        }
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
        let file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .suffix(UNFINISHED_END)
            .tempfile_in(&self.path)
            .map_err(|e| ReportError::new(&path, e))?;
        // Without locks on this file system, a killed run's file stays until somebody removes it.
        let _ = file.as_file().try_lock();
        Ok(ReportFile {
            writer: BufWriter::new(file),
            path,
        })
    }

    /// Opens a file that grows under its own name; one that is there is begun anew.
    pub(super) fn stream(&self, name: &str) -> Result<Stream, ReportError> {
        self.set_earlier_aside()?;
        let path = self.path.join(name);
        // What is there, a symlink for one, is replaced and not written through; the new file has our mode.
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(ReportError::new(&path, e));
            }
            _ => {}
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
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

/// The permissions of all but the owner.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// Takes the permissions of others off a folder that is for reports. One of somebody else's stays as it is.
#[cfg(unix)]
fn make_private(path: &Path) {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let Ok(found) = fs::metadata(path) else {
        return;
    };
    let mode = found.permissions().mode();
    let is_ours = found.uid() == rustix::process::geteuid().as_raw();
    let is_sticky = mode & 0o1000 != 0;
    if mode & OTHERS == 0 || !is_ours || is_sticky || is_working_folder(path) {
        return;
    }
    let is_empty = fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if is_empty || KNOWN_BY.iter().any(|name| path.join(name).is_file()) {
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700));
    }
}

#[cfg(unix)]
fn is_working_folder(path: &Path) -> bool {
    match (fs::canonicalize(path), fs::canonicalize(".")) {
        (Ok(path), Ok(here)) => here.starts_with(path),
        _ => true,
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
