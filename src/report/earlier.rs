//! The report of an earlier run: it is moved to `previous/RUN/` before the next one writes anything, so that nothing is
//! overwritten. What somebody has repaired in it is still there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The folder of earlier reports, within the report folder.
const PREVIOUS: &str = "previous";
/// `20261123T191300Z`: how the name of a run begins.
const TIME_CHARS: usize = 16;
/// The longest name of a run that is taken from a file.
const LONGEST_NAME: usize = 64;

/// Whether a run writes a file of this name. Other files in the folder are somebody else's.
fn is_of_a_report(name: &str) -> bool {
    matches!(
        name,
        "summary.json"
            | "report.html"
            | "report.xlsx"
            | "problems.csv"
            | "problems.jsonl"
            | "created.csv"
            | "partners.csv"
            | "plan.csv"
            | "rejects.csv"
    ) || ["rejects-", "partners-"]
        .iter()
        .find_map(|stem| name.strip_prefix(stem)?.strip_suffix(".csv"))
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// Moves the report that lies in a folder, if one does, and returns where it is now.
pub(super) fn set_aside(folder: &Path) -> io::Result<Option<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() && name.to_str().is_some_and(is_of_a_report) {
            files.push(entry.path());
        }
    }
    if files.is_empty() {
        return Ok(None);
    }
    let place = free_place(&folder.join(PREVIOUS), &name_of_run(folder, &files))?;
    for file in files {
        if let Some(name) = file.file_name() {
            fs::rename(&file, place.join(name))?;
        }
    }
    Ok(Some(place))
}

/// Removes earlier reports but the newest `keep`. Only files that a run wrote, and that nobody has changed since, are
/// removed; a folder that holds anything else stays with it. What cannot be removed stays, and is tried again next time.
pub(super) fn let_go(folder: &Path, keep: u32) {
    let entries = fs::read_dir(folder.join(PREVIOUS));
    let mut reports: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|t| t.is_dir()))
        .filter(|entry| entry.file_name().to_str().is_some_and(is_of_a_run))
        .map(|entry| entry.path())
        .collect();
    // Their names begin with the second in which the run began; of two of one second, the one that ended later is newer.
    reports.sort_by_cached_key(|report| {
        let name = report.file_name().unwrap_or_default().to_string_lossy();
        (
            name.chars().take(TIME_CHARS).collect::<String>(),
            ended(report).ok(),
        )
    });
    let old = reports.len().saturating_sub(keep as usize);
    for report in &reports[..old] {
        if let Err(error) = remove(report) {
            tracing::info!(report = %report.display(), "an earlier report was not removed: {error}");
        }
    }
}

/// `20261123T191300Z-4f2a07c1`, or the time alone, also with a number behind: the names that [`set_aside`] gives.
fn is_of_a_run(name: &str) -> bool {
    let (time, rest) = name.split_at_checked(TIME_CHARS).unwrap_or_default();
    let is_time = time.bytes().enumerate().all(|(at, byte)| match at {
        8 => byte == b'T',
        15 => byte == b'Z',
        _ => byte.is_ascii_digit(),
    });
    !time.is_empty() && is_time && (rest.is_empty() || rest.starts_with('-'))
}

/// When a run ended: its summary is written last, so what is newer was changed by somebody.
fn ended(report: &Path) -> io::Result<SystemTime> {
    fs::symlink_metadata(report.join("summary.json"))?.modified()
}

/// Removes a report whose files are as the run left them.
fn remove(report: &Path) -> io::Result<()> {
    let done = ended(report);
    let mut files = Vec::new();
    for entry in fs::read_dir(report)? {
        let entry = entry?;
        let found = entry.metadata()?;
        let is_ours = found.is_file() && entry.file_name().to_str().is_some_and(is_of_a_report);
        let is_as_written = match &done {
            Ok(done) => found.modified()? <= *done,
            // A run that was killed, whose lines of problems are all there is.
            Err(_) => entry.file_name() == "problems.jsonl",
        };
        if !is_ours || !is_as_written {
            return Err(io::Error::other(format!(
                "{} is not, or not any more, what the run wrote",
                entry.path().display()
            )));
        }
        files.push(entry.path());
    }
    // The summary last: one that is left halfway is still known by it.
    files.sort_by_key(|file| file.ends_with("summary.json"));
    files.iter().try_for_each(fs::remove_file)?;
    fs::remove_dir(report)
}

/// What the report is of: the run, else the time at which it was written.
fn name_of_run(folder: &Path, files: &[PathBuf]) -> String {
    let summary = fs::read(folder.join("summary.json")).unwrap_or_default();
    let run = serde_json::from_slice::<serde_json::Value>(&summary)
        .ok()
        .and_then(|summary| Some(summary.get("run")?.as_str()?.to_owned()));
    let is_name = |run: &String| {
        (1..=LONGEST_NAME).contains(&run.len())
            && run.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    run.filter(is_name).unwrap_or_else(|| {
        let written = files.iter().filter_map(|f| modified(f)).max();
        let written = written.unwrap_or(SystemTime::UNIX_EPOCH);
        let mut name = humantime::format_rfc3339_seconds(written).to_string();
        name.retain(|c| !matches!(c, '-' | ':'));
        name
    })
}

fn modified(path: &Path) -> Option<SystemTime> {
    let time = fs::metadata(path).ok()?.modified().ok()?;
    // Earlier ones have no name.
    Some(time.max(SystemTime::UNIX_EPOCH))
}

/// A new folder for its owner alone; a name that is taken gets a number.
fn free_place(previous: &Path, name: &str) -> io::Result<PathBuf> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    match builder.create(previous) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => return Err(e),
        _ => {}
    }
    for number in 1_u32.. {
        let place = match number {
            1 => previous.join(name),
            n => previous.join(format!("{name}-{n}")),
        };
        match builder.create(&place) {
            Ok(()) => return Ok(place),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(e),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn only_files_of_a_report_are_moved() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        assert_eq!(set_aside(path).unwrap(), None);
        let theirs = ["export.csv", "rejects-old.csv", "rejects-.csv", "notes"];
        let ours = [
            "rejects.csv",
            "rejects-2.csv",
            "partners-3.csv",
            "problems.jsonl",
        ];
        for name in theirs.iter().chain(&ours) {
            fs::write(path.join(name), name).unwrap();
        }
        fs::create_dir(path.join("report.html")).unwrap();
        fs::write(
            path.join("summary.json"),
            r#"{"run":"20261126T071500Z-1a2b3c4d"}"#,
        )
        .unwrap();
        let place = set_aside(path).unwrap().unwrap();
        assert_eq!(place, path.join("previous/20261126T071500Z-1a2b3c4d"));
        assert_eq!(
            names(&place),
            [
                "partners-3.csv",
                "problems.jsonl",
                "rejects-2.csv",
                "rejects.csv",
                "summary.json"
            ]
        );
        let left = [
            "export.csv",
            "notes",
            "previous",
            "rejects-.csv",
            "rejects-old.csv",
        ];
        assert_eq!(
            names(path),
            [
                &left[..3],
                &["rejects-.csv", "rejects-old.csv", "report.html"]
            ]
            .concat()
        );
    }

    #[test]
    fn the_newest_reports_stay_and_so_does_what_somebody_has_touched() {
        let dir = tempfile::tempdir().unwrap();
        let previous = dir.path().join(PREVIOUS);
        let minute = std::time::Duration::from_mins(1);
        let done = SystemTime::UNIX_EPOCH + 9 * minute;
        let put = |folder: &str, name: &str, at: SystemTime| {
            let path = previous.join(folder).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, name).unwrap();
            let file = fs::File::options().append(true).open(&path).unwrap();
            file.set_modified(at).unwrap();
        };
        let report = |folder: &str| {
            put(folder, "rejects.csv", done - minute);
            put(folder, "partners-2.csv", done);
            put(folder, "summary.json", done);
        };
        // Old ones that may go; a run that was killed has only its lines.
        report("20260101T000000Z-00000001");
        report("20260102T000000Z");
        put("20260103T000000Z-2", "problems.jsonl", done);
        // Old ones with something that no run wrote.
        report("20260104T000000Z-repaired");
        put("20260104T000000Z-repaired", "rejects.csv", done + minute);
        report("20260105T000000Z-noted");
        put("20260105T000000Z-noted", "notes.txt", done - minute);
        report("20260106T000000Z-held");
        fs::create_dir(previous.join("20260106T000000Z-held/report.html")).unwrap();
        put("20260107T000000Z-half", "rejects.csv", done);
        // Not ours, whatever is in it.
        report("2026-01-01");
        report("backup");
        // The newest.
        report("20260108T000000Z-00000002");
        report("20260109T000000Z-00000003");
        let_go(dir.path(), 2);
        assert_eq!(
            names(&previous),
            [
                "2026-01-01",
                "20260104T000000Z-repaired",
                "20260105T000000Z-noted",
                "20260106T000000Z-held",
                "20260107T000000Z-half",
                "20260108T000000Z-00000002",
                "20260109T000000Z-00000003",
                "backup",
            ]
        );
        for kept in ["20260104T000000Z-repaired", "20260105T000000Z-noted"] {
            assert!(names(&previous.join(kept)).len() >= 3, "{kept}");
        }
        let_go(&dir.path().join("nowhere"), 0);
    }

    #[test]
    fn a_name_is_never_taken_twice_and_never_leads_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        for (summary, expected) in [
            (r#"{"run":"a-1"}"#, Some("a-1")),
            (r#"{"run":"a-1"}"#, Some("a-1-2")),
            (r#"{"run":"../../up"}"#, None),
            (r#"{"run":""}"#, None),
            (r#"{"rows":1}"#, None),
            ("cut of", None),
        ] {
            fs::write(path.join("summary.json"), summary).unwrap();
            let place = set_aside(path).unwrap().unwrap();
            let name = place.file_name().unwrap().to_str().unwrap();
            assert_eq!(place.parent().unwrap(), path.join("previous"));
            match expected {
                Some(expected) => assert_eq!(name, expected),
                None => assert!(name.starts_with("20") && name.contains('T'), "{name}"),
            }
            assert_eq!(
                fs::read_to_string(place.join("summary.json")).unwrap(),
                summary
            );
        }
    }
}
