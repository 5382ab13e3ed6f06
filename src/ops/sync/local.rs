//! Exports that are files of this machine: found by a pattern, or written by a command.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::archive::name_and_endings;
use super::candidate::{Candidate, Found, Mark};
use super::passed_over::is_temporary;
use crate::clock::Timestamp;
use crate::ops::error::JobError;
use crate::ops::export_file::ExportFile;

/// The files that a pattern matches, and the temporary ones beside them. A name without `*`, `?` or `[` is taken as it is.
pub(super) fn matches(pattern: &str) -> Result<Found, JobError> {
    let matches = glob::glob(pattern).map_err(|source| JobError::Pattern {
        pattern: pattern.to_owned(),
        source,
    })?;
    let is_pattern = pattern.contains(['*', '?', '[']);
    let (temporary, exports): (Vec<PathBuf>, Vec<PathBuf>) = matches
        .flatten()
        .filter(|path| path.is_file())
        .partition(|path| is_pattern && is_temporary(path, pattern));
    let exports = exports.into_iter().map(ExportFile::from);
    Ok(Found {
        exports: exports.filter_map(candidate).collect(),
        temporary,
    })
}

/// The files in the archive under a name that the job's pattern matches, or under one of these with a number.
pub(super) fn put_away(pattern: &str, folder: &Path) -> Result<Vec<Candidate>, JobError> {
    let Some(name) = Path::new(pattern).file_name().and_then(|n| n.to_str()) else {
        return Ok(Vec::new());
    };
    let folder = glob::Pattern::escape(&folder.to_string_lossy());
    let (stem, endings) = name_and_endings(name);
    let mut put_away = Vec::new();
    for name in [name, &format!("{stem}.[0-9]*{endings}")] {
        put_away.extend(matches(&format!("{folder}/{name}"))?.exports);
    }
    Ok(put_away)
}

/// Whether a file lies in a folder, however that is named.
pub(super) fn lies_in(path: &Path, folder: &Path) -> bool {
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let parent = path.parent().map(|p| {
        if p.as_os_str().is_empty() {
            Path::new(".")
        } else {
            p
        }
    });
    match (parent.and_then(real), real(folder)) {
        (Some(parent), Some(folder)) => parent == folder,
        _ => false,
    }
}

/// A file as it is now; none where it is gone.
pub(super) fn candidate(file: ExportFile) -> Option<Candidate> {
    let meta = std::fs::metadata(file.at()).ok()?;
    Some(Candidate {
        changed: Some(milliseconds(meta.modified().ok()?)?),
        shown: file.shown().to_owned(),
        mark: Mark::File(meta.len(), meta.modified().ok(), file),
    })
}

/// Milliseconds since 1970; earlier times are negative.
fn milliseconds(time: SystemTime) -> Option<Timestamp> {
    let millis = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).ok(),
        Err(before) => i64::try_from(before.duration().as_millis())
            .ok()
            .map(|ms| -ms),
    };
    millis.map(Timestamp)
}
