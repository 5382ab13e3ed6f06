//! The file of a job: the newest match, of a time that can be, fresh, and whole.

use std::time::Duration;

use super::candidate::Candidate;
use super::place::Place;
use crate::clock::Timestamp;
use crate::config::Job;
use crate::ops::error::{JobError, OpError};
use crate::ops::session::Session;

/// How far the clock of whoever writes the file may be ahead of ours.
const CLOCKS_DIFFER: Duration = Duration::from_mins(2);

/// The newer one; of two of one age, the last by name.
fn newer(one: &Candidate, other: &Candidate) -> std::cmp::Ordering {
    (one.changed, &one.shown).cmp(&(other.changed, &other.shown))
}

/// The newest export of a place. Temporary files of other programs are passed over.
fn newest(place: &Place<'_>, now: Timestamp) -> Result<Candidate, OpError> {
    let found = place.find()?;
    let Some(newest) = found.exports.into_iter().max_by(newer) else {
        let pattern = place.pattern();
        return Err(match found.temporary.into_iter().next() {
            Some(example) => JobError::OnlyTemporary { pattern, example },
            None => JobError::NoFile(pattern),
        }
        .into());
    };
    let ahead = |at: Timestamp| Duration::from_millis(at.millis_since(now));
    if let Some(at) = newest.changed.filter(|at| ahead(*at) > CLOCKS_DIFFER) {
        return Err(JobError::InTheFuture {
            path: newest.shown,
            at,
            ahead: Duration::from_secs(ahead(at).as_secs()),
        }
        .into());
    }
    Ok(newest)
}

/// The export of a job for whoever looks back: see [`of_job`]; where none is left in its place, the newest that was put away
/// under a name that the job's pattern matches, or under one of these with a number.
pub(super) fn read_last(
    job: &Job,
    place: &Place<'_>,
    now: Timestamp,
) -> Result<Candidate, OpError> {
    let missing = match of_job(job, place, now) {
        Err(error @ OpError::Job(JobError::NoFile(_) | JobError::OnlyTemporary { .. })) => error,
        found => return found,
    };
    let Some(folder) = &job.archive else {
        return Err(missing);
    };
    let put_away = place.put_away_before(folder)?;
    put_away.into_iter().max_by(newer).ok_or(missing)
}

/// The newest export of a job: see [`newest`]. One that was put away already is refused: it would be read, and put away
/// under another name, each night again.
pub(super) fn of_job(job: &Job, place: &Place<'_>, now: Timestamp) -> Result<Candidate, OpError> {
    let newest = newest(place, now)?;
    match &job.archive {
        Some(folder) if place.is_put_away(&newest, folder) => Err(JobError::InArchive {
            path: newest.shown,
            folder: folder.shown(),
            pattern: place.pattern(),
        }
        .into()),
        _ => Ok(newest),
    }
}

fn age(export: &Candidate, now: Timestamp) -> Option<Duration> {
    let since = |changed| Duration::from_millis(now.millis_since(changed));
    export.changed.map(since)
}

/// Refuses an export that is older than `most`.
pub(super) fn fresh_enough(
    export: &Candidate,
    most: Option<Duration>,
    now: Timestamp,
) -> Result<(), JobError> {
    let Some(most) = most else { return Ok(()) };
    let age = age(export, now).ok_or_else(|| JobError::Undated(export.shown.clone()))?;
    if age <= most {
        return Ok(());
    }
    Err(JobError::Stale {
        path: export.shown.clone(),
        age: Duration::from_secs(age.as_secs()),
        most,
    })
}

/// Waits until an export has not changed for `quiet`; one that changes meanwhile is still being written. A stop ends the
/// wait.
pub(super) fn settled(
    export: &Candidate,
    place: &Place<'_>,
    quiet: Option<Duration>,
    session: &Session<'_>,
) -> Result<(), OpError> {
    let Some(quiet) = quiet else { return Ok(()) };
    let age = age(export, session.clock.now());
    let left = quiet.saturating_sub(age.unwrap_or_default());
    if left.is_zero() {
        return Ok(());
    }
    if !session.runtime.block_on(session.stop.pause(left)) {
        return Err(session.stopped());
    }
    if place.look(export)?.as_ref() == Some(export) {
        Ok(())
    } else {
        Err(JobError::StillWritten {
            path: export.shown.clone(),
            quiet,
        }
        .into())
    }
}
