//! Prometheus' text format for `node_exporter`'s textfile collector (pure).
//!
//! Source of the format: Prometheus' page on exposition formats, text-based format 0.0.4. The file is rewritten
//! as a whole; jobs that did not run this time keep the samples that they had.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::model::RunReport;

/// What is measured of a job beside its report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobMoments {
    /// When the run ended, in seconds since 1970.
    pub ended: i64,
    /// When a run last ended with 0, in seconds since 1970; where that is not known, what was measured before stays.
    pub last_success: Option<i64>,
    /// Rows that the state has in doubt; where that is not known, what was measured before stays.
    pub in_doubt: Option<u64>,
}

const IN_DOUBT: &str = "partner_sync_in_doubt_rows";
const LAST_SUCCESS: &str = "partner_sync_last_success_timestamp_seconds";

/// Every metric: its name with its unit, its type, its help.
pub const METRICS: &[(&str, &str, &str)] = &[
    (
        "partner_sync_rows",
        "gauge",
        "Rows of the last run by outcome; the outcomes add up to the rows of the source.",
    ),
    (
        "partner_sync_problems",
        "gauge",
        "Problems reported by the last run, by severity.",
    ),
    (
        IN_DOUBT,
        "gauge",
        "Rows in doubt: it is not known whether their partner exists.",
    ),
    (
        "partner_sync_run_exit_code",
        "gauge",
        "Exit code of the last run: 0 is success.",
    ),
    (
        "partner_sync_run_duration_seconds",
        "gauge",
        "Wall-clock time of the last run.",
    ),
    (
        "partner_sync_run_timestamp_seconds",
        "gauge",
        "When the last run ended, in seconds since 1970.",
    ),
    (
        LAST_SUCCESS,
        "gauge",
        "When a run last ended with exit code 0, in seconds since 1970.",
    ),
];

/// The file: the jobs that ran, and of `before` the jobs that did not.
#[must_use]
pub fn metrics(jobs: &[(&str, &RunReport, JobMoments)], before: &str) -> String {
    let mut samples: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for line in before.lines().filter(|l| !l.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap_or("");
        let known = METRICS.iter().find(|(n, ..)| *n == name);
        let ran = jobs
            .iter()
            .find(|(job, ..)| line.contains(&format!("job=\"{job}\"")));
        let stays = ran.is_none_or(|(_, _, moments)| match name {
            LAST_SUCCESS => moments.last_success.is_none(),
            IN_DOUBT => moments.in_doubt.is_none(),
            _ => false,
        });
        if let (Some((name, ..)), true) = (known, stays) {
            samples.entry(name).or_default().push(line.to_owned());
        }
    }
    for (job, report, moments) in jobs {
        let mut put = |name: &'static str, labels: &str, value: String| {
            let line = format!("{name}{{job=\"{job}\"{labels}}} {value}");
            samples.entry(name).or_default().push(line);
        };
        for line in report.lines() {
            let labels = format!(",outcome=\"{}\"", line.name);
            put("partner_sync_rows", &labels, line.count.to_string());
        }
        for (severity, count) in [("error", report.errors), ("warning", report.warnings)] {
            let labels = format!(",severity=\"{severity}\"");
            put("partner_sync_problems", &labels, count.to_string());
        }
        if let Some(rows) = moments.in_doubt {
            put(IN_DOUBT, "", rows.to_string());
        }
        put(
            "partner_sync_run_exit_code",
            "",
            report.ending.code().to_string(),
        );
        put(
            "partner_sync_run_duration_seconds",
            "",
            format!("{:.3}", report.seconds),
        );
        put(
            "partner_sync_run_timestamp_seconds",
            "",
            moments.ended.to_string(),
        );
        if let Some(last) = moments.last_success {
            put(LAST_SUCCESS, "", last.to_string());
        }
    }
    let mut out = String::new();
    for (name, kind, help) in METRICS {
        if let Some(lines) = samples.get(name) {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
            for line in lines {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}
