//! A night at its end, and the one object that says how it went.

use super::job::JobEnd;
use crate::ops::error::OpError;
use crate::report::{RunEnding, summary_json};

/// A night at its end.
#[derive(Debug)]
pub struct Night {
    /// The jobs in their order, also those that were not begun.
    pub jobs: Vec<JobEnd>,
    /// The severest of the jobs' endings, or of what stopped the night.
    pub ending: RunEnding,
    /// One object for the whole night, as `sync.json` holds it.
    pub summary: serde_json::Value,
}

impl Night {
    /// A night of these jobs; `error` is why none could be begun.
    pub(super) fn new(jobs: Vec<JobEnd>, error: Option<&OpError>, ending: RunEnding) -> Self {
        Self {
            summary: summary(&jobs, error, ending),
            jobs,
            ending,
        }
    }

    /// The summary without the examples of problems, which show values: for the webhook, and for what is printed.
    #[must_use]
    pub fn summary_without_values(&self) -> serde_json::Value {
        let mut summary = self.summary.clone();
        let jobs = summary
            .get_mut("jobs")
            .and_then(serde_json::Value::as_array_mut);
        for job in jobs.into_iter().flatten() {
            let problems = job
                .get_mut("problems")
                .and_then(serde_json::Value::as_array_mut);
            for problem in problems.into_iter().flatten() {
                if let Some(problem) = problem.as_object_mut() {
                    problem.remove("example");
                }
            }
        }
        summary
    }
}

/// One object for the whole night; `stopped` says why it did not begin.
fn summary(ends: &[JobEnd], error: Option<&OpError>, ending: RunEnding) -> serde_json::Value {
    let jobs: Vec<serde_json::Value> = ends
        .iter()
        .map(|end| {
            let mut job = serde_json::Map::new();
            job.insert("job".to_owned(), end.name.clone().into());
            if let Ok(serde_json::Value::Object(rest)) =
                serde_json::from_str(&summary_json(&end.report))
            {
                job.extend(rest);
            }
            if !end.notes.is_empty() {
                job.insert("notes".to_owned(), end.notes.clone().into());
            }
            serde_json::Value::Object(job)
        })
        .collect();
    match error {
        Some(error) => {
            serde_json::json!({"jobs": jobs, "stopped": error.to_string(), "exit": ending.code()})
        }
        None => serde_json::json!({"jobs": jobs, "exit": ending.code()}),
    }
}
