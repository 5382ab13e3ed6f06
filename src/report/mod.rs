//! ROOM 5: what happened → files and words.
//!
//! What comes in: a [`RowResult`](crate::partner::RowResult) for every row, and at the end how the run
//! ended. What goes out: a [`RunReport`], `problems.csv`, `rejects.csv`, `created.csv` and `summary.json`
//! while or after it runs, and the words of the terminal. Renderers are pure; files are written under a
//! temporary name and renamed, mode 0600, so that a report is whole or not there.

mod collector;
mod created;
mod folder;
mod json;
mod model;
mod problems;
mod rejects;
mod terminal;

pub use collector::{Collector, Counters, PerRow};
pub use folder::{ReportError, ReportFolder};
pub use json::summary_json;
pub use model::{Counts, Decision, Detected, Kind, ProblemGroup, RunReport};
pub use rejects::{Encode, RejectFormat};
pub use terminal::{render as render_terminal, table};
