//! The file of a job: the newest match, fresh, whole, and put away after a good run.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use crate::clock::Timestamp;
use crate::ops::error::{JobError, OpError};
use crate::ops::session::Session;

/// The newest file that a pattern matches; of two of one age, the last by name.
pub(super) fn newest(pattern: &str) -> Result<PathBuf, JobError> {
    let matches = glob::glob(pattern).map_err(|source| JobError::Pattern {
        pattern: pattern.to_owned(),
        source,
    })?;
    matches
        .flatten()
        .filter(|path| path.is_file())
        .filter_map(|path| Some((modified(&path)?, path)))
        .max()
        .map(|(_, path)| path)
        .ok_or_else(|| JobError::NoFile(pattern.to_owned()))
}

fn modified(path: &Path) -> Option<i64> {
    let time = std::fs::metadata(path).ok()?.modified().ok()?;
    let ms = time.duration_since(UNIX_EPOCH).ok()?.as_millis();
    i64::try_from(ms).ok()
}

fn age(path: &Path, now: Timestamp) -> Duration {
    let since = modified(path).map_or(0, |m| now.millis_since(Timestamp(m)));
    Duration::from_millis(since)
}

/// Refuses an export that is older than `most`.
pub(super) fn fresh_enough(
    path: &Path,
    most: Option<Duration>,
    now: Timestamp,
) -> Result<(), JobError> {
    let Some(most) = most else { return Ok(()) };
    let age = age(path, now);
    if age <= most {
        return Ok(());
    }
    Err(JobError::Stale {
        path: path.to_owned(),
        age: Duration::from_secs(age.as_secs()),
        most,
    })
}

/// Waits until a file has not changed for `quiet`; one that changes meanwhile is still being written. A stop ends the wait.
pub(super) fn settled(
    path: &Path,
    quiet: Option<Duration>,
    session: &Session<'_>,
) -> Result<(), OpError> {
    let Some(quiet) = quiet else { return Ok(()) };
    let left = quiet.saturating_sub(age(path, session.clock.now()));
    if left.is_zero() {
        return Ok(());
    }
    let look = |path: &Path| {
        std::fs::metadata(path)
            .ok()
            .map(|m| (m.len(), m.modified().ok()))
    };
    let before = look(path);
    if !session.runtime.block_on(session.stop.pause(left)) {
        return Err(OpError::Interrupted);
    }
    if before.is_some() && look(path) == before {
        Ok(())
    } else {
        Err(JobError::StillWritten {
            path: path.to_owned(),
            quiet,
        }
        .into())
    }
}

/// Moves a file into a folder, which is made; a name that is taken gets the time in front.
pub(super) fn archive(path: &Path, folder: &Path, now: Timestamp) -> Result<(), JobError> {
    let cannot = |source| JobError::Archive {
        path: path.to_owned(),
        folder: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(cannot)?;
    let name = path.file_name().unwrap_or_default();
    let mut to = folder.join(name);
    if to.exists() {
        let stamp: String = now
            .to_rfc3339()
            .chars()
            .filter(|c| !matches!(c, '-' | ':'))
            .collect();
        to = folder.join(format!("{stamp}-{}", name.to_string_lossy()));
    }
    if std::fs::rename(path, &to).is_ok() {
        return Ok(());
    }
    // Another file system: copied whole, then taken away.
    std::fs::copy(path, &to)
        .and_then(|_| std::fs::remove_file(path))
        .map_err(cannot)
}
