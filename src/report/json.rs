//! `summary.json` and `--json`: one object, keys in the contract's order.

use std::fmt::Write as _;

use serde_json::json;

use super::model::{Kind, RunReport};

/// The summary as one line of JSON.
#[must_use]
pub fn summary_json(report: &RunReport) -> String {
    let mut out = String::from("{");
    // Written by hand only for the order of the keys; every value is serde's.
    let mut put = |name: &str, value: serde_json::Value| {
        let comma = if out.len() > 1 { "," } else { "" };
        let _ = write!(out, "{comma}\"{name}\":{value}");
    };
    put("run", json!(report.run));
    put("target", json!(report.target));
    put("rows", json!(report.rows()));
    for line in report.lines() {
        put(line.name, json!(line.count));
    }
    if let Some(verified) = &report.verified {
        put("only_api", json!(verified.only_api));
    }
    put("seconds", json!((report.seconds * 1000.0).round() / 1000.0));
    put("exit", json!(report.ending.code()));
    put("left_out", json!(report.left_out()));
    put("mapping", json!(report.mapping));
    put("files", json!(report.files));
    let etags: Vec<_> = (report.detected.iter())
        .filter_map(|file| file.etag.as_deref())
        .collect();
    if !etags.is_empty() {
        put("etags", json!(etags));
    }
    if let Some(together) = &report.together {
        put("import", json!(together.import));
        put("machines", json!(together.machines));
    }
    put("errors", json!(report.errors));
    put("warnings", json!(report.warnings));
    if report.drift() > 0 {
        put("drift", json!(report.drift()));
    }
    if report.kind == Kind::DryRun {
        put("dry_run", json!(true));
    }
    if let Some(stopped) = &report.stopped {
        put("stopped", json!(stopped.words()));
    }
    let problems: Vec<_> = report
        .groups
        .iter()
        .take(20)
        .map(|g| json!({"code": g.code.as_str(), "severity": g.severity.as_str(), "column": g.column.as_deref(), "count": g.count, "example": g.example}))
        .collect();
    put("problems", json!(problems));
    out.push('}');
    out
}
