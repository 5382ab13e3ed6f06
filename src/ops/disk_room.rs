//! How much room the disk has.

use std::path::Path;

/// The bytes that are free where a file is or will be; none where the system does not say.
#[cfg(unix)]
pub(super) fn free_bytes(path: &Path) -> Option<u64> {
    let whole = std::path::absolute(path).ok()?;
    let there = whole.ancestors().find(|place| place.exists())?;
    let of = rustix::fs::statvfs(there).ok()?;
    Some(of.f_bavail.saturating_mul(of.f_frsize))
}

/// Not known here.
#[cfg(not(unix))]
pub(super) fn free_bytes(_: &Path) -> Option<u64> {
    None
}
