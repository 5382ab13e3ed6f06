//! The earlier runs of a job, read from the summaries that they left. One that is missing or broken is told as such.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use serde::Deserialize;

/// Runs that an index shows.
pub(super) const RUNS: usize = 30;
/// Longer summaries are not ours.
const LONGEST: u64 = 1024 * 1024;

/// A run that left a folder.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PastRun {
    /// The name of the run and of its folder.
    pub(super) name: String,
    pub(super) has_page: bool,
    /// What it says of itself; none where that cannot be read.
    pub(super) summary: Option<PastSummary>,
}

/// What is read of a run's `summary.json`. All that may be absent in a summary of another version is.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub(super) struct PastSummary {
    pub(super) rows: u64,
    pub(super) created: u64,
    pub(super) adopted: u64,
    pub(super) skipped: u64,
    pub(super) changed: u64,
    pub(super) blocked: u64,
    pub(super) invalid: u64,
    pub(super) rejected: u64,
    pub(super) in_doubt: u64,
    pub(super) deferred: u64,
    pub(super) errors: u64,
    pub(super) warnings: u64,
    drift: Option<u64>,
    pub(super) exit: u8,
    pub(super) dry_run: bool,
    pub(super) stopped: Option<String>,
    problems: Vec<PastProblem>,
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct PastProblem {
    code: String,
    count: u64,
}

impl PastSummary {
    /// Differences from the last good run.
    pub(super) fn drift(&self) -> u64 {
        let named = self
            .problems
            .iter()
            .filter(|p| p.code.starts_with("drift."));
        self.drift
            .unwrap_or_else(|| named.map(|p| p.count).fold(0, u64::saturating_add))
    }
}

/// The newest runs of a job's folder, oldest first. A run's name has the second of its begin: of two with the same one, the
/// one that ended first is the older one, since a job's runs wait for one another.
pub(super) fn runs(folder: &Path) -> Vec<PastRun> {
    let mut names = names(folder);
    names.sort_by_cached_key(|name| {
        let second = name.split_once('-').map_or(&**name, |(second, _)| second);
        let ended = fs::metadata(folder.join(name).join("summary.json")).and_then(|m| m.modified());
        (second.to_owned(), ended.ok(), name.clone())
    });
    let from = names.len().saturating_sub(RUNS);
    names
        .split_off(from)
        .into_iter()
        .map(|name| {
            let folder = folder.join(&name);
            PastRun {
                has_page: folder.join("report.html").is_file(),
                summary: summary(&folder.join("summary.json")),
                name,
            }
        })
        .collect()
}

/// Names of the folders of runs; a symlink is none.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|e| e.file_type().is_ok_and(|t| t.is_dir()))
        .filter_map(|e| e.file_name().into_string().ok())
        .filter(|name| super::spoken::began(name).is_some())
        .collect()
}

fn summary(path: &Path) -> Option<PastSummary> {
    let mut text = Vec::new();
    let file = fs::File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    file.take(LONGEST).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// The jobs that left runs in a folder of reports, by name.
pub(super) fn jobs(folder: &Path, most: usize) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut jobs: Vec<String> = entries
        .filter(|e| e.file_type().is_ok_and(|t| t.is_dir()))
        .filter(|e| !names(&e.path()).is_empty())
        .filter_map(|e| e.file_name().into_string().ok())
        .collect();
    jobs.sort();
    jobs.truncate(most);
    jobs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(folder: &Path, name: &str, summary: Option<&str>) {
        let folder = folder.join(name);
        fs::create_dir(&folder).unwrap();
        if let Some(summary) = summary {
            fs::write(folder.join("summary.json"), summary).unwrap();
        }
    }

    #[test]
    fn missing_and_broken_summaries_are_runs_of_which_nothing_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path();
        run(
            path,
            "20261101T020000Z-00000001",
            Some(r#"{"rows":5,"created":5,"exit":0}"#),
        );
        run(path, "20261102T020000Z-00000002", None);
        run(path, "20261103T020000Z-00000003", Some("{\"rows\":"));
        run(path, "20261104T020000Z-00000004", Some(r#"{"rows":-5}"#));
        run(
            path,
            "20261105T020000Z-00000005",
            Some(
                r#"{"rows":9,"problems":[{"code":"drift.word_new","count":2},{"code":"date.invalid","count":7}],"new":{}}"#,
            ),
        );
        run(path, "notes", Some("{}"));
        fs::write(path.join("20261106T020000Z-00000006"), "a file").unwrap();
        fs::create_dir(path.join("20261107T020000Z-00000007")).unwrap();
        fs::create_dir(path.join("20261107T020000Z-00000007/summary.json")).unwrap();
        let found = runs(path);
        let known: Vec<Option<u64>> = found
            .iter()
            .map(|r| r.summary.as_ref().map(|s| s.rows))
            .collect();
        assert_eq!(known, [Some(5), None, None, None, Some(9), None]);
        assert_eq!(found[4].summary.as_ref().unwrap().drift(), 2);
        assert!(found.iter().all(|r| !r.has_page));
    }

    #[test]
    fn only_the_newest_runs_are_read() {
        let dir = tempfile::tempdir().unwrap();
        for day in 10..50 {
            run(
                dir.path(),
                &format!("202601{:02}T02{day}00Z-0000", day % 28 + 1),
                None,
            );
        }
        let found = runs(dir.path());
        assert_eq!(found.len(), RUNS);
        assert!(found.is_sorted_by(|a, b| a.name < b.name));
        assert_eq!(runs(Path::new("/nowhere/at/all")), []);
    }

    #[test]
    fn of_runs_begun_in_one_second_the_one_that_ended_first_is_older() {
        let dir = tempfile::tempdir().unwrap();
        let names = ["20261101T020000Z-ffffffff", "20261101T020000Z-00000001"];
        for (name, seconds) in names.iter().zip([10, 20]) {
            run(dir.path(), name, Some("{}"));
            let summary = dir.path().join(name).join("summary.json");
            let file = fs::File::options().write(true).open(summary).unwrap();
            let ended = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            file.set_modified(ended).unwrap();
        }
        let found: Vec<String> = runs(dir.path()).into_iter().map(|r| r.name).collect();
        assert_eq!(found, names);
    }

    #[test]
    fn folders_with_runs_are_jobs() {
        let dir = tempfile::tempdir().unwrap();
        for job in ["b", "a", "empty"] {
            fs::create_dir(dir.path().join(job)).unwrap();
        }
        run(&dir.path().join("a"), "20261101T020000Z-00000001", None);
        run(&dir.path().join("b"), "20261101T020000Z-00000001", None);
        assert_eq!(jobs(dir.path(), 10), ["a", "b"]);
        assert_eq!(jobs(dir.path(), 1), ["a"]);
    }
}
