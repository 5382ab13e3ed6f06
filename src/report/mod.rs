//! What happened → files and words.
//!
//! What comes in: a [`RowResult`](crate::partner::RowResult) for every row, and at the end how the run
//! ended. What goes out: a [`RunReport`], `problems.csv`, `rejects.csv`, `report.xlsx`, `report.html`, `created.csv`,
//! `partners.csv` and `summary.json` while or after it runs, and the words of the terminal. Renderers are pure; files are
//! written under a temporary name and renamed, mode 0600, so that a report is whole or not there. Only
//! `problems.jsonl` grows under its own name, for those who watch.

mod archive_file;
mod cell_text;
mod collector;
mod contents;
mod counters;
mod created;
mod csv_file;
mod drift;
mod earlier;
mod ending;
mod files;
mod folder;
mod groups;
mod json;
mod marked;
mod marker;
mod metrics;
mod model;
mod next;
mod pace;
mod page;
mod partners;
mod problems;
mod reject_format;
mod rejects;
mod row_name;
mod sheet_limits;
mod sheet_rows;
mod skeleton;
mod source_files;
mod stopped;
mod stored_problems;
mod stored_report;
mod styles;
mod summary;
mod table;
mod terminal;
mod together;
mod wrapped;

pub use collector::Collector;
pub use contents::{
    Contents, FieldShare, FieldWords, Pause, SamplePayload, SourceValues, Timeline, Verified, Word,
};
pub use counters::{Counters, WholePace};
pub use created::write_created;
pub use csv_file::{CsvRules, Encode};
pub use drift::drift;
pub use ending::RunEnding;
pub use files::{PerRow, Wanted};
pub use folder::{ReportError, ReportFolder};
pub use json::summary_json;
pub use marked::MarkedRows;
pub use metrics::{JobMoments, METRICS, metrics};
pub use model::{CountLine, Counts, Decision, Detected, Kind, ProblemGroup, RunReport};
pub use pace::{Pace, time_left};
pub use page::{
    ChoiceView, Findings, GroupView, IndexOf, LineView, ProblemsView, RowView, page_text,
    problems as problems_view, write_index, write_page,
};
pub use partners::PartnerRows;
pub use reject_format::RejectFormat;
pub use sheet_limits::fits_a_sheet;
pub use stopped::{StopCause, Stopped};
pub use stored_problems::{StoreProblems, read_problems};
pub use stored_report::{StoredReportError, read_stored};
pub use table::{table, table_within};
pub use terminal::{Examples, brief_verdict, render as render_terminal, target_in_words, verdict};
pub use together::{MachinePart, Together};
pub use wrapped::wrapped;

#[cfg(test)]
mod tests;
