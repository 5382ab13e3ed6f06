//! The report of an earlier run: it is moved to `previous/RUN/` before the next one writes anything, so that nothing is
//! overwritten. What somebody has repaired in it is still there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::clock::Timestamp;

/// The folder of earlier reports, within the report folder.
const PREVIOUS: &str = "previous";
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
    ) || name
        .strip_prefix("rejects-")
        .and_then(|rest| rest.strip_suffix(".csv"))
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
        Timestamp(written.unwrap_or(0)).to_compact()
    })
}

fn modified(path: &Path) -> Option<i64> {
    let time = fs::metadata(path).ok()?.modified().ok()?;
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_millis()).ok()
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
        let ours = ["rejects.csv", "rejects-2.csv", "problems.jsonl"];
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
