//! `index.html`: the last runs of a job as bars, each a link; and this export beside the last good one.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use super::beside::{BesideView, beside};
use super::engine;
use super::groups::counts;
use super::history::{PastRun, PastSummary, jobs, runs};
use super::spoken::{began, without_folders};
use crate::diagnostic::{counted, thousands, visible};
use crate::report::folder::{ReportError, ReportFolder};
use crate::report::model::RunReport;

/// Jobs that the page of all jobs shows.
const MOST_JOBS: usize = 100;
/// The longest reason of a stop that a line shows.
const LONGEST_WHY: usize = 400;

/// What an index is of.
#[derive(Debug, Clone, Copy)]
pub struct IndexOf<'r> {
    /// The job's name.
    pub job: &'r str,
    /// The run that just ended.
    pub now: &'r RunReport,
    /// The last good run before it, as it is known.
    pub last_good: Option<&'r RunReport>,
}

/// A page of runs.
#[derive(Debug, Serialize)]
struct IndexView {
    title: String,
    mood: &'static str,
    verdict: String,
    facts: Vec<String>,
    jobs: Vec<JobView>,
    beside: Option<BesideView>,
}

/// The runs of a job.
#[derive(Debug, Serialize)]
struct JobView {
    name: String,
    link: Option<String>,
    /// `The last 30 runs`.
    words: String,
    bars: Vec<RunBar>,
    runs: Vec<RunLine>,
}

/// A run as a bar of a picture 1000 wide and 100 high.
#[derive(Debug, Serialize)]
struct RunBar {
    title: String,
    link: Option<String>,
    /// Whether it differed from the last good run.
    drifted: bool,
    x: String,
    width: String,
    parts: Vec<BarPart>,
}

#[derive(Debug, Serialize)]
struct BarPart {
    class: &'static str,
    y: String,
    height: String,
}

/// A run as a line.
#[derive(Debug, Serialize)]
struct RunLine {
    when: String,
    link: Option<String>,
    words: &'static str,
    why: String,
    rows: String,
    created: String,
    problems: String,
    drift: String,
}

/// Writes the index of a job into its folder, and that of all jobs into the folder above it, and returns their paths.
///
/// # Errors
/// [`ReportError`] where one of them cannot be written.
pub fn write_index(all: &ReportFolder, of: IndexOf<'_>) -> Result<[PathBuf; 2], ReportError> {
    let path = all.path_of(of.job);
    let folder = ReportFolder::at(&path);
    let found = runs(&path);
    let view = IndexView {
        title: format!("Runs of the job {}", of.job),
        mood: found.last().map_or("look", mood),
        verdict: latest(&found),
        facts: Vec::new(),
        jobs: vec![JobView {
            name: of.job.to_owned(),
            link: None,
            words: match found.len() as u64 {
                1 => "The last run".to_owned(),
                n => format!("The last {}", counted(n, "run")),
            },
            bars: bars(&found, ""),
            runs: found.iter().rev().map(line).collect(),
        }],
        beside: Some(beside(of.now, of.last_good)),
    };
    let own = engine::write(&folder, "index.html", "index.html", &view)?;
    Ok([own, write_all(all)?])
}

/// The page of all jobs.
fn write_all(all: &ReportFolder) -> Result<PathBuf, ReportError> {
    let names = jobs(&all.path_of(""), MOST_JOBS);
    let mut worst = "good";
    let jobs: Vec<JobView> = names
        .iter()
        .map(|job| {
            let found = runs(&all.path_of(job));
            let of_it = found.last().map_or("look", mood);
            if of_it == "bad" || worst == "good" {
                worst = of_it;
            }
            JobView {
                name: job.clone(),
                link: Some(format!("{}/index.html", in_link(job))),
                words: latest(&found),
                bars: bars(&found, &format!("{}/", in_link(job))),
                runs: Vec::new(),
            }
        })
        .collect();
    let view = IndexView {
        title: "All jobs".to_owned(),
        mood: worst,
        verdict: match worst {
            "good" => "The last run of each job went well.".to_owned(),
            _ => "The last run of at least one job needs somebody.".to_owned(),
        },
        facts: Vec::new(),
        jobs,
        beside: None,
    };
    engine::write(all, "index.html", "index.html", &view)
}

/// A folder's name as a part of a link: a name is no scheme, query or fragment.
fn in_link(name: &str) -> String {
    let mut out = String::from("./");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            out.push(char::from(byte));
        } else {
            // Writing to memory cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn latest(runs: &[PastRun]) -> String {
    let Some(run) = runs.last() else {
        return "No run has left a report yet.".to_owned();
    };
    let when = began(&run.name).unwrap_or_default();
    match &run.summary {
        None => format!("Last run, {when}: its report is missing."),
        Some(s) => {
            let problems = match (s.exit, s.errors.saturating_add(s.warnings)) {
                // It did not come to its end: none were found so far.
                (2.., 0) => String::new(),
                _ => format!(", {}", counts(s.errors, s.warnings)),
            };
            format!(
                "Last run, {when}: {}; {}, {} created{problems}.",
                how(s).0,
                counted(s.rows, "row"),
                thousands(s.created),
            )
        }
    }
}

/// How a run ended, in words and as a mood.
fn how(summary: &PastSummary) -> (&'static str, &'static str) {
    match summary.exit {
        0 if summary.dry_run => ("dry run", "good"),
        0 => ("done", "good"),
        1 => ("some rows need somebody", "look"),
        2 => ("refused", "bad"),
        3 => ("stopped early", "bad"),
        4 => ("another run was under way", "bad"),
        130 => ("interrupted", "bad"),
        _ => ("unknown", "look"),
    }
}

fn mood(run: &PastRun) -> &'static str {
    run.summary.as_ref().map_or("look", |s| how(s).1)
}

fn line(run: &PastRun) -> RunLine {
    let number = |of: &dyn Fn(&PastSummary) -> u64| {
        run.summary
            .as_ref()
            .map_or_else(|| "—".to_owned(), |s| thousands(of(s)))
    };
    let stopped = run.summary.as_ref().and_then(|s| s.stopped.as_deref());
    RunLine {
        when: began(&run.name).unwrap_or_default(),
        link: link(run, ""),
        words: run
            .summary
            .as_ref()
            .map_or("its report is missing", |s| how(s).0),
        why: stopped.map_or_else(String::new, |words| {
            visible(&without_folders(words), LONGEST_WHY)
        }),
        rows: number(&|s| s.rows),
        created: number(&|s| s.created),
        problems: number(&|s| s.errors.saturating_add(s.warnings)),
        drift: number(&PastSummary::drift),
    }
}

fn link(run: &PastRun, before: &str) -> Option<String> {
    run.has_page.then(|| {
        format!(
            "{before}{}/report.html",
            in_link(&run.name).trim_start_matches("./")
        )
    })
}

/// The runs as bars, as high as their rows.
fn bars(runs: &[PastRun], before: &str) -> Vec<RunBar> {
    let rows = |run: &PastRun| run.summary.as_ref().map_or(0, |s| s.rows);
    let most = runs.iter().map(rows).max().unwrap_or(0).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
    let step = 1000.0 / runs.len().max(5) as f64;
    let each = runs.iter().enumerate().map(|(at, run)| {
        #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
        let x = at as f64 * step;
        RunBar {
            title: title(run),
            link: link(run, before),
            drifted: run.summary.as_ref().is_some_and(|s| s.drift() > 0),
            x: format!("{x:.2}"),
            width: format!("{:.2}", step * 0.85),
            parts: parts(run, most),
        }
    });
    each.collect()
}

fn title(run: &PastRun) -> String {
    let when = began(&run.name).unwrap_or_default();
    match &run.summary {
        None => format!("{when}: its report is missing"),
        Some(s) => format!(
            "{when}: {}; {}, {} created, {}, drift {}",
            how(s).0,
            counted(s.rows, "row"),
            thousands(s.created),
            counts(s.errors, s.warnings),
            thousands(s.drift())
        ),
    }
}

/// The rows of a run by class, from the ground up. One without rows is a line at the ground, so that it is seen.
fn parts(run: &PastRun, most: u64) -> Vec<BarPart> {
    let Some(s) = &run.summary else {
        return vec![part("idle", 98.0, 2.0)];
    };
    let classes = [
        ("there", s.adopted.saturating_add(s.skipped)),
        ("done", s.created),
        (
            "wait",
            s.changed
                .saturating_add(s.blocked)
                .saturating_add(s.in_doubt),
        ),
        ("bad", s.invalid.saturating_add(s.rejected)),
        ("idle", s.deferred),
    ];
    let mut ground = 100.0;
    let mut parts = Vec::new();
    for (class, rows) in classes.into_iter().filter(|(_, rows)| *rows > 0) {
        #[expect(clippy::cast_precision_loss, reason = "a height in a picture")]
        let height = (rows as f64 * 92.0 / most as f64).clamp(0.5, 92.0);
        ground -= height;
        parts.push(part(class, ground.max(0.0), height));
    }
    if parts.is_empty() {
        let class = match how(s).1 {
            "good" => "done",
            _ => "bad",
        };
        parts.push(part(class, 98.0, 2.0));
    }
    parts
}

fn part(class: &'static str, y: f64, height: f64) -> BarPart {
    BarPart {
        class,
        y: format!("{y:.2}"),
        height: format!("{height:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::in_link;

    #[test]
    fn a_name_in_a_link_leads_nowhere_else() {
        for (name, link) in [
            ("nightly", "./nightly"),
            ("a b", "./a%20b"),
            ("javascript:alert(1)", "./javascript%3Aalert%281%29"),
            ("a#b?c", "./a%23b%3Fc"),
            ("é", "./%C3%A9"),
        ] {
            assert_eq!(in_link(name), link);
        }
    }
}
