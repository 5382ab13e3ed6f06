//! Report folders of earlier runs: no more are kept than asked for.

use std::path::{Path, PathBuf};

use crate::report::ReportFolder;

/// Keeps the newest `keep` folders of runs. Other folders and files are not ours.
pub(super) fn prune_reports(base: &Path, keep: u32) {
    let folders = run_folders(base);
    let old = folders.len().saturating_sub(keep as usize);
    for folder in &folders[old..] {
        ReportFolder::at(folder).sweep();
    }
    for folder in &folders[..old] {
        if let Err(error) = std::fs::remove_dir_all(folder) {
            tracing::warn!(folder = %folder.display(), %error, "an old report cannot be removed");
        }
    }
}

/// Whether a folder has the name of a run.
fn is_run_name(path: &Path) -> bool {
    // 20261123T191300Z-4f2a07c1, and 20261123T191300Z-4f2a of older programs.
    path.file_name()
        .and_then(|n| n.to_str())
        .is_some_and(|name| {
            let bytes = name.as_bytes();
            matches!(bytes.len(), 21 | 25)
                && bytes[8] == b'T'
                && bytes[15] == b'Z'
                && bytes[16] == b'-'
                && bytes[..8].iter().all(u8::is_ascii_digit)
        })
}

/// All folders of runs below `base`, oldest first.
fn run_folders(base: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(base) else {
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_dir() && is_run_name(p))
        .collect();
    folders.sort();
    folders
}
