//! A run as its page shows it: all in words, so that the template only places them.

use serde::Serialize;

use super::advice::{Advice, advice};
use super::columns::{ColumnsView, columns};
use super::findings::Findings;
use super::groups::{ProblemsView, RowView, problems, row_view};
use super::payload::indented;
use super::spoken::{at_time, began, file_name, moment, place, took, without_folders};
use crate::diagnostic::{counted, thousands};
use crate::report::contents::{SourceValues, Timeline};
use crate::report::model::{Kind, RunReport};
use crate::report::together::MachinePart;

/// A whole page.
#[derive(Debug, Serialize)]
pub(super) struct PageView {
    /// `Check of export.csv`.
    pub(super) title: String,
    pub(super) advice: Advice,
    /// `25 Nov 2026, 22:06 UTC`, `took 6 seconds`, `mapping simple`.
    pub(super) facts: Vec<String>,
    pub(super) rows: Option<RowsView>,
    pub(super) problems: ProblemsView,
    pub(super) columns: Option<ColumnsView>,
    pub(super) time: Option<TimeView>,
    pub(super) machines: Vec<MachineView>,
    pub(super) files: Vec<FileView>,
    pub(super) samples: Vec<SampleView>,
    /// Whether values of cells are shown: then bank data among them is masked.
    pub(super) has_values: bool,
    /// Problems are no reason to keep a row back in a comparison.
    pub(super) sends: bool,
    pub(super) run: String,
}

/// Rows by outcome.
#[derive(Debug, Serialize)]
pub(super) struct RowsView {
    pub(super) title: String,
    pub(super) parts: Vec<PartView>,
    /// `Total 30 rows; each is counted once.`, and what stands beside them.
    pub(super) notes: Vec<String>,
}

/// Rows of one outcome.
#[derive(Debug, Serialize)]
pub(super) struct PartView {
    pub(super) class: &'static str,
    pub(super) words: &'static str,
    pub(super) count: String,
    /// Its place in the bar, in thousandths.
    pub(super) from: String,
    pub(super) width: String,
    /// The first of its rows.
    pub(super) rows: Vec<RowView>,
    pub(super) first: String,
}

/// Rows over time.
#[derive(Debug, Serialize)]
pub(super) struct TimeView {
    pub(super) bars: Vec<BarView>,
    pub(super) pauses: Vec<BarView>,
    pub(super) words: String,
}

/// A rectangle of a picture 1000 wide and 100 high.
#[derive(Debug, Serialize)]
pub(super) struct BarView {
    pub(super) x: String,
    pub(super) y: String,
    pub(super) width: String,
    pub(super) height: String,
    pub(super) title: String,
}

/// What one machine did of an import.
#[derive(Debug, Serialize)]
pub(super) struct MachineView {
    /// `5f0f1c2e on host-a`.
    pub(super) name: String,
    /// Whether the report is its own.
    pub(super) is_own: bool,
    pub(super) created: String,
    pub(super) adopted: String,
    pub(super) rejected: String,
    pub(super) from: String,
    pub(super) until: String,
    pub(super) fate: String,
}

/// How a file was read.
#[derive(Debug, Serialize)]
pub(super) struct FileView {
    pub(super) name: String,
    pub(super) decisions: Vec<DecisionView>,
    pub(super) notes: Vec<String>,
}

/// One thing that was found out about a file.
#[derive(Debug, Serialize)]
pub(super) struct DecisionView {
    pub(super) subject: String,
    pub(super) found: String,
    pub(super) setting: String,
}

/// A payload.
#[derive(Debug, Serialize)]
pub(super) struct SampleView {
    pub(super) title: String,
    pub(super) body: String,
}

/// A run as its page shows it.
pub(super) fn view(report: &RunReport, findings: &Findings) -> PageView {
    let has_values = report.values == SourceValues::Shown;
    PageView {
        title: title(report),
        advice: advice(report),
        facts: facts(report),
        rows: rows(report, findings),
        problems: problems(report, findings),
        columns: columns(report),
        time: match report.kind {
            Kind::Import | Kind::Reconcile => report.timeline.as_ref().and_then(time),
            Kind::Check | Kind::DryRun | Kind::Verify => None,
        },
        machines: machines(report),
        files: files(report),
        samples: report
            .contents
            .samples
            .iter()
            .map(|s| SampleView {
                title: if report.files.len() > 1 {
                    format!("Row {} of {}", thousands(s.row), file_name(&s.file))
                } else {
                    format!("Row {}", thousands(s.row))
                },
                body: indented(&s.body),
            })
            .collect(),
        has_values: has_values && (report.rows() > 0),
        sends: !matches!(report.kind, Kind::Verify | Kind::Reconcile),
        run: report.run.clone(),
    }
}

fn title(report: &RunReport) -> String {
    let what = match report.kind {
        Kind::Check => "Check",
        Kind::Import => "Import",
        Kind::DryRun => "Dry run of an import",
        Kind::Reconcile => "Rows in doubt",
        Kind::Verify => "Comparison with the API",
    };
    let names: Vec<&str> = report.files.iter().map(|f| file_name(f)).collect();
    match names.as_slice() {
        [] => what.to_owned(),
        [one] => format!("{what}: {one}"),
        [first, rest @ ..] => format!(
            "{what}: {first} and {}",
            counted(rest.len() as u64, "more file")
        ),
    }
}

fn facts(report: &RunReport) -> Vec<String> {
    let mut facts = Vec::new();
    facts.extend(began(&report.run));
    // Of a run that did not come to its end it is not known.
    if report.seconds > 0.0 {
        facts.push(format!("took {}", took(report.seconds)));
    }
    if !report.mapping.is_empty() {
        facts.push(format!("mapping {}", file_name(&report.mapping)));
    }
    if let Some(target) = report.target.as_deref().filter(|t| !t.is_empty()) {
        facts.push(place(target));
    }
    facts
}

fn rows(report: &RunReport, findings: &Findings) -> Option<RowsView> {
    let all = report.rows();
    if all == 0 {
        return None;
    }
    let several_files = report.files.len() > 1;
    // A check names its rows by their problems, a comparison by their differences.
    let names_rows = !matches!(report.kind, Kind::Check | Kind::Verify);
    let mut from = 0.0;
    let mut parts = Vec::new();
    for line in report.lines().into_iter().filter(|l| l.count > 0) {
        #[expect(clippy::cast_precision_loss, reason = "a share of a bar")]
        let width = line.count as f64 * 1000.0 / all as f64;
        let named = findings
            .outcomes
            .iter()
            .find(|(o, _)| names_rows && o.as_str() == line.name);
        let rows: Vec<RowView> = named
            .map(|(_, rows)| rows.iter().map(|r| row_view(r, several_files)).collect())
            .unwrap_or_default();
        parts.push(PartView {
            class: line.class,
            words: line.meaning,
            count: thousands(line.count),
            from: format!("{from:.2}"),
            width: format!("{width:.2}"),
            first: match (rows.len() as u64, line.count) {
                (shown, count) if shown == count => "Show them".to_owned(),
                (shown, _) => format!("Show the first {shown}"),
            },
            rows,
        });
        from += width;
    }
    let total = counted(all, "row");
    Some(RowsView {
        title: match report.kind {
            Kind::DryRun => format!("What an import would do with {total}"),
            _ => total.clone(),
        },
        parts,
        notes: notes(report, &total),
    })
}

fn notes(report: &RunReport, total: &str) -> Vec<String> {
    let mut notes = vec![format!("Total {total}; each is counted once.")];
    if report.left_out() > 0 {
        notes.push(format!(
            "Left out beside them: {} (see \u{201c}How the file was read\u{201d}).",
            counted(report.left_out(), "row")
        ));
    }
    if let Some(together) = &report.together {
        notes.extend(together.words(report.rows()));
    }
    if let Some(v) = report.verified.filter(|v| v.only_api > 0) {
        notes.push(format!(
            "Partners on the API whose row the export has no longer: {}.",
            thousands(v.only_api)
        ));
    }
    notes
}

fn time(timeline: &Timeline) -> Option<TimeView> {
    if timeline.rows.is_empty() {
        return None;
    }
    let most = timeline.rows.iter().copied().max().unwrap_or(0).max(1);
    let steps = timeline.rows.len();
    let length = (steps as u64).saturating_mul(timeline.step).max(1);
    #[expect(clippy::cast_precision_loss, reason = "a place in a picture")]
    let x = |ms: u64| ms.min(length) as f64 * 1000.0 / length as f64;
    let span = |from: u64, to: u64| format!("{} to {}", moment(from), moment(to));
    let pauses = timeline.pauses.iter().map(|pause| BarView {
        x: format!("{:.2}", x(pause.from)),
        y: "0".to_owned(),
        width: format!("{:.2}", (x(pause.to) - x(pause.from)).max(1.0)),
        height: "100".to_owned(),
        title: format!(
            "{}: {}",
            span(pause.from, pause.to),
            if pause.throttled {
                "the API throttled"
            } else {
                "the API asked to wait, or did not answer"
            }
        ),
    });
    #[expect(clippy::cast_precision_loss, reason = "a height in a picture")]
    let bar = |(step, rows): (usize, &u64)| {
        let (width, height) = (1000.0 / steps as f64, *rows as f64 * 100.0 / most as f64);
        let from = step as u64 * timeline.step;
        BarView {
            x: format!("{:.2}", step as f64 * width),
            y: format!("{:.2}", 100.0 - height),
            width: format!("{:.2}", width * 0.9),
            height: format!("{height:.2}"),
            title: format!(
                "{}: {}",
                span(from, from + timeline.step),
                counted(*rows, "row")
            ),
        }
    };
    let bars = timeline.rows.iter().enumerate().filter(|(_, r)| **r > 0);
    Some(TimeView {
        bars: bars.map(bar).collect(),
        pauses: pauses.collect(),
        words: time_words(timeline, length),
    })
}

fn time_words(timeline: &Timeline, length: u64) -> String {
    let all: u64 = timeline.rows.iter().sum();
    let most = timeline.rows.iter().copied().max().unwrap_or(0);
    let answered = format!(
        "The API answered {} within {}, at most {} in {}.",
        counted(all, "row"),
        moment(length),
        thousands(most),
        moment(timeline.step)
    );
    if timeline.pauses.is_empty() {
        return format!("{answered} It did not slow the run down.");
    }
    let paused: u64 = timeline
        .pauses
        .iter()
        .map(|p| p.to.saturating_sub(p.from))
        .sum();
    let throttled = timeline.pauses.iter().filter(|p| p.throttled).count() as u64;
    let because = match throttled {
        0 => String::new(),
        n => format!(", {} of them because it throttled", thousands(n)),
    };
    format!(
        "{answered} The shaded times are pauses in which it asked to wait or did not answer: {} of together {}{because}.",
        thousands(timeline.pauses.len() as u64),
        moment(paused)
    )
}

/// The machines of an import, where there were several or the report is of all.
fn machines(report: &RunReport) -> Vec<MachineView> {
    let Some(together) = &report.together else {
        return Vec::new();
    };
    if together.own.is_some() && together.machines.len() < 2 {
        return Vec::new();
    }
    let view = |(at, m): (usize, &MachinePart)| MachineView {
        name: m.name(),
        is_own: together.own == Some(at),
        created: thousands(m.created),
        adopted: thousands(m.adopted),
        rejected: thousands(m.rejected),
        from: at_time(&m.started),
        until: m.ended.as_deref().map(at_time).unwrap_or_default(),
        fate: m.fate().to_owned(),
    };
    together.machines.iter().enumerate().map(view).collect()
}

fn files(report: &RunReport) -> Vec<FileView> {
    report
        .detected
        .iter()
        .map(|one| FileView {
            name: file_name(&one.file).to_owned(),
            decisions: one
                .decisions
                .iter()
                .map(|d| DecisionView {
                    subject: d.subject.clone(),
                    found: d.found.clone(),
                    setting: d.setting.to_string(),
                })
                .collect(),
            notes: one
                .all_notes(report.values)
                .iter()
                .map(|n| without_folders(n))
                .collect(),
        })
        .collect()
}
