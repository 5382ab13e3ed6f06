//! `report.html`: one file without network for the owner of the data; and the index of a job's runs.
//!
//! What comes in: a [`RunReport`](crate::report::RunReport) and the [`Findings`] that were collected on its way. What goes out: a page whose
//! verdict, tasks and tables are words already (`view.rs` and what it is made of), placed by the templates of
//! `src/report/templates/`. Escaping is the engine's; a content security policy lets nothing run but the page's own
//! script, and without that script the page shows everything.

mod advice;
mod beside;
mod columns;
mod engine;
mod findings;
mod groups;
mod history;
mod index;
mod payload;
mod spoken;
mod verdict;
mod view;

use std::path::PathBuf;

pub use findings::Findings;
pub use groups::{ChoiceView, GroupView, LineView, ProblemsView, RowView, problems};
pub use index::{IndexOf, write_index};

use super::folder::{ReportError, ReportFolder};
use super::model::RunReport;

/// Writes `report.html` and returns its path.
///
/// # Errors
/// [`ReportError`] where the file cannot be written.
pub fn write_page(
    folder: &ReportFolder,
    report: &RunReport,
    findings: &Findings,
) -> Result<PathBuf, ReportError> {
    let view = view::view(report, findings);
    engine::write(folder, "report.html", "report.html", &view)
}

/// `report.html` as text, for whoever shows it without a file; with it the nonce of its style and script, for a policy of one's own.
///
/// # Errors
/// What the template lacks.
pub fn page_text(report: &RunReport, findings: &Findings) -> Result<(String, String), String> {
    engine::render_with_nonce("report.html", &view::view(report, findings))
}
