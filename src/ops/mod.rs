//! What the program can do, for whoever asks: a command line, a page, a test.
//!
//! What comes in: a request ([`ExportRequest`] and its relatives, plain data) and a [`Session`]: settings, clock, runtime,
//! a stop signal and an [`Observer`]. What goes out: a [`RunReport`](crate::report::RunReport), or an [`OpError`] with its
//! ending. While it works, an operation tells the observer what it found, what it counts and what it has to ask.
//!
//! Nothing here prints, asks on a terminal, reads the environment or installs a signal handler: that is the front's part.
//! Each operation makes a child of the session's stop signal, so that what stops one operation does not stop the next,
//! while what stops the session stops them all.
//!
//! `ops` may import every module but `cli`; nothing but a front imports `ops` (`tests/it/architecture.rs`).

mod check;
mod conclude;
mod connect;
mod contents;
mod disk_room;
mod doctor;
mod error;
mod estimate;
mod explore;
mod export;
mod export_file;
mod fetch;
mod import;
mod import_report;
mod known;
mod lost_key;
mod mapping_tests;
mod named_files;
mod note_words;
mod observer;
mod output_file;
mod partner_list;
mod partner_rows;
mod partner_table;
mod payload_part;
mod propose;
mod reconcile;
mod remote;
mod reprint;
mod request;
mod review;
mod reviewed_rows;
mod session;
mod settings;
mod settling;
mod shared_rate;
mod status;
mod status_machines;
mod sync;
mod together;
mod unknown;
mod upkeep;
mod verify;
mod workspace;

pub use crate::prepare::{LookupCoverage, WordCount};
pub use check::check;
pub use connect::{Connection, Waits, connect};
pub use doctor::{Checked, Health, checks, doctor};
pub use error::{AddressError, FetchError, JobError, OpError, PlanError, UpkeepError};
pub use estimate::{Estimate, TokenLeft};
pub use explore::{Explored, explore};
pub use export_file::ExportFile;
pub use fetch::FetchRequest;
pub use import::{ImportRequest, Preview, SealedPlan, dry_run, import};
pub use import_report::import_report;
pub use mapping_tests::{
    TriedTest, TriedTests, expectation, mapping_tests, mappings_to_test, test_of_row, tests_of,
};
pub use observer::{Answer, FirstSend, Note, Observer};
pub use output_file::{OutputFile, Sink, write_new};
pub use partner_list::{ListRequest, ListShape, list_partners, partner};
pub use payload_part::Difference;
pub use propose::{InitRequest, Proposed, mapping_text, propose};
pub use reconcile::reconcile;
pub use reprint::reprint;
pub use request::{
    CheckRequest, Expectations, ExportRequest, LastRun, ReconcileRequest, Rejected, ReportRequest,
    SyncRequest, VerifyRequest,
};
pub use review::{Review, Reviewer};
pub use reviewed_rows::ReviewedRows;
pub use session::{Session, Target, store};
pub use settings::settings;
pub use shared_rate::shared_rate;
pub use status::{backup_words, moved_words, row_status, rows_table, status};
pub use sync::{Finding, JobEnd, Night, check_config, file_of_job, sync, unstarted};
pub use unknown::{OnApi, Unknown};
pub use upkeep::{Confirm, Resolution, RowsRequest, UpkeepRequest, exported, move_state, upkeep};
pub use verify::{RowSign, Verification, signed_rows, verify};
