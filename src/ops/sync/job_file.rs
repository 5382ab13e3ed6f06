//! The file of a job: the newest match, of a time that can be, fresh, and whole.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::archive::name_and_endings;
use super::passed_over::is_temporary;
use crate::clock::Timestamp;
use crate::config::Job;
use crate::ops::error::{JobError, OpError};
use crate::ops::session::Session;

/// How far the clock of whoever writes the file may be ahead of ours.
const CLOCKS_DIFFER: Duration = Duration::from_mins(2);

/// The newest file that a pattern matches; of two of one age, the last by name. Temporary files of other programs are
/// passed over; a name without `*`, `?` or `[` is taken as it is.
fn newest(pattern: &str, now: Timestamp) -> Result<PathBuf, JobError> {
    let (exports, temporary) = matches(pattern)?;
    let Some((at, path)) = exports.into_iter().max() else {
        return Err(match temporary.into_iter().next() {
            Some(example) => JobError::OnlyTemporary {
                pattern: pattern.to_owned(),
                example,
            },
            None => JobError::NoFile(pattern.to_owned()),
        });
    };
    let ahead = Duration::from_millis(Timestamp(at).millis_since(now));
    if ahead > CLOCKS_DIFFER {
        return Err(JobError::InTheFuture {
            path,
            at: Timestamp(at),
            ahead: Duration::from_secs(ahead.as_secs()),
        });
    }
    Ok(path)
}

/// The time of a file's change, in milliseconds since 1970, and the file.
type Dated = (i64, PathBuf);

/// The files that a pattern matches, each with the time of its change, and the temporary ones beside them.
fn matches(pattern: &str) -> Result<(Vec<Dated>, Vec<PathBuf>), JobError> {
    let matches = glob::glob(pattern).map_err(|source| JobError::Pattern {
        pattern: pattern.to_owned(),
        source,
    })?;
    let is_pattern = pattern.contains(['*', '?', '[']);
    let (temporary, exports): (Vec<PathBuf>, Vec<PathBuf>) = matches
        .flatten()
        .filter(|path| path.is_file())
        .partition(|path| is_pattern && is_temporary(path, pattern));
    let exports = exports
        .into_iter()
        .filter_map(|path| Some((modified(&path)?, path)));
    Ok((exports.collect(), temporary))
}

/// The file of a job for whoever looks back: see [`of_job`]; where none is left in its place, the newest that was put away
/// under a name that the job's pattern matches, or under one of these with a number.
pub(super) fn read_last(job: &Job, now: Timestamp) -> Result<PathBuf, JobError> {
    let missing = match of_job(job, now) {
        Err(error @ (JobError::NoFile(_) | JobError::OnlyTemporary { .. })) => error,
        found => return found,
    };
    let name = Path::new(&job.file).file_name().and_then(|n| n.to_str());
    let (Some(folder), Some(name)) = (&job.archive, name) else {
        return Err(missing);
    };
    let folder = glob::Pattern::escape(&folder.to_string_lossy());
    let (stem, endings) = name_and_endings(name);
    let mut put_away = Vec::new();
    for name in [name, &format!("{stem}.[0-9]*{endings}")] {
        put_away.extend(matches(&format!("{folder}/{name}"))?.0);
    }
    put_away
        .into_iter()
        .max()
        .map_or(Err(missing), |(_, path)| Ok(path))
}

/// The newest file of a job: see [`newest`]. One that was put away already is refused: it would be read, and put away
/// under another name, each night again.
pub(super) fn of_job(job: &Job, now: Timestamp) -> Result<PathBuf, JobError> {
    let path = newest(&job.file, now)?;
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let Some(folder) = &job.archive else {
        return Ok(path);
    };
    let lies_in = path.parent().map(|p| {
        if p.as_os_str().is_empty() {
            Path::new(".")
        } else {
            p
        }
    });
    match (lies_in.and_then(real), real(folder)) {
        (Some(lies_in), Some(archive)) if lies_in == archive => Err(JobError::InArchive {
            path,
            folder: folder.clone(),
            pattern: job.file.clone(),
        }),
        _ => Ok(path),
    }
}

/// When a file was last changed, in milliseconds since 1970; earlier times are negative.
fn modified(path: &Path) -> Option<i64> {
    let time = std::fs::metadata(path).ok()?.modified().ok()?;
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).ok(),
        Err(before) => i64::try_from(before.duration().as_millis())
            .ok()
            .map(|ms| -ms),
    }
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
        return Err(session.stopped());
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
