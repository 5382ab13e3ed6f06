//! Why an operation could not be done, or not to its end, and which ending that is.

mod address;
mod fetch;
mod job;
mod plan;
mod upkeep;

use std::io;
use std::path::PathBuf;

pub use address::AddressError;
pub use fetch::FetchError;
pub use job::JobError;
pub(super) use plan::PLAN_VERSION;
pub use plan::PlanError;
pub use upkeep::UpkeepError;

use crate::api::{ApiError, TlsError};
use crate::config::ConfigError;
use crate::delivery::StopReason;
use crate::mapping::MappingError;
use crate::objects::ObjectError;
use crate::prepare::PrepareError;
use crate::report::{ReportError, RunEnding, StopCause};
use crate::sandbox::SandboxError;
use crate::state::{StateAddress, StateError};

/// An operation cannot be done, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpError {
    /// The files cannot be read, or the mapping does not fit their columns.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The mapping file cannot be read, or has errors of its own.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The configuration, the environment or a setting cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state cannot be read or written, or another run holds it.
    #[error(transparent)]
    State(#[from] StateError),
    /// The API could not be asked, or its answer not be read.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A file of the report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The practice API cannot be started.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The API's address is none, or may not be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// A sealed plan cannot be made, or does not hold any more.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A file with certificates or a key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A job of the configuration, or its file, cannot be used.
    #[error(transparent)]
    Job(#[from] JobError),
    /// An object in a bucket or behind an address cannot be had.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// An export that lies elsewhere could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// Rows of the state cannot be changed as asked for.
    #[error(transparent)]
    Upkeep(#[from] UpkeepError),
    /// The rate cannot be read; the words say what fits.
    #[error("{0}")]
    Rate(String),
    /// There is no token for the API.
    #[error(
        "no token for the API: set PARTNER_SYNC_TOKEN, or give --token-file or --token-command (or practise with --sandbox)"
    )]
    NoToken,
    /// There is no mapping whose tests could be tried.
    #[error(
        "no mapping: name one, or a folder with mappings; without a name, the mappings of the configuration's jobs and of the folder mappings are tried"
    )]
    NoMapping,
    /// The temporary file for the row of a test cannot be written.
    #[error("cannot write a temporary file for the row of a test: {0}")]
    TestFile(io::Error),
    /// The first import was not confirmed.
    #[error("cancelled; nothing was sent. (--yes skips this question.)")]
    NotConfirmed,
    /// The state knows nothing of what is to be compared.
    #[error(
        "the state {state} has no rows of the mapping \"{mapping}\" for {target}. An import creates them; `partner-sync reconcile --adopt` finds partners that already exist."
    )]
    NothingKnown {
        /// The state that was asked.
        state: StateAddress,
        /// The name of the export's mapping.
        mapping: String,
        /// The API, in words.
        target: String,
    },
    /// The state knows no run of this name.
    #[error("the state has no run \"{0}\"; `partner-sync status` lists the runs")]
    UnknownRun(String),
    /// The state knows no import of this number.
    #[error(
        "the state has no import {0}; `partner-sync status` lists the imports. Only a state in Postgres has any, and the last 30 of a mapping are kept ([report] keep)"
    )]
    UnknownImport(i64),
    /// An export that is not the one of an import.
    #[error(
        "import {import} was of another {what}: its report needs the very {what} that was imported, byte for byte. Without the export, it is made from the state alone"
    )]
    OtherExport {
        /// The import.
        import: i64,
        /// `file` or `mapping`.
        what: &'static str,
    },
    /// The state knows no row with this key.
    #[error(
        "the state has no row with the key \"{0}\". A key is the value of the mapping's key column, as the export has it."
    )]
    UnknownRow(String),
    /// A file that is read lies in the folder that reports go to.
    #[error(
        "{} lies in {}, where this run's report goes: the report would mix with the input. Name another folder, for example --report {}",
        input.display(), folder.display(), another.display()
    )]
    InputInReports {
        /// The file that is read.
        input: PathBuf,
        /// The folder of reports.
        folder: PathBuf,
        /// A folder that is not there yet.
        another: PathBuf,
    },
    /// An address where a file is expected.
    #[error(
        "{0} is an address that is not read here. Download it first, then name the file: curl -o export.csv \"ADDRESS\"; import also takes s3://, gs://, az:// and https:// addresses, and a command that fetches it (--fetch)"
    )]
    IsAddress(String),
    /// A file as an address.
    #[error("a file is named by its path: write {}", .0.display())]
    IsFileAddress(PathBuf),
    /// No file fits a pattern.
    #[error("no file matches {}. Check the folder and the name.", .0.display())]
    NoMatch(PathBuf),
    /// Several files fit a pattern where one is read.
    #[error("{count} files match {}, and one is read: name it, such as {}", pattern.display(), first.display())]
    SeveralMatch {
        /// The pattern.
        pattern: PathBuf,
        /// The first of the files.
        first: PathBuf,
        /// How many they are.
        count: usize,
    },
    /// What is to be written is a file that is read.
    #[error("{} is read by this command, so it is not written over. Name another file.", .0.display())]
    OutputIsInput(PathBuf),
    /// A file that is not written over is there.
    #[error("{} exists, and is not written over. Name a file that does not exist yet.", .0.display())]
    Exists(PathBuf),
    /// A file cannot be written.
    #[error("cannot write {}: {source}. Name a file in a folder that you may write to.", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What makes a mapping needs a file that can be read twice.
    #[error(
        "the export is read more than once for its mapping, so it has to be a file; save it first"
    )]
    StandardInput,
    /// Interrupted before anything was begun.
    #[error("interrupted")]
    Interrupted,
    /// The time of `--max-duration` was over before anything was begun.
    #[error("the time of --max-duration is over")]
    TimeOver,
    /// The counts of a run do not add up.
    #[error(
        "the counts add up to {counted} rows, but {read} were read: this is a fault of partner-sync, please report it"
    )]
    Miscounted {
        /// The sum of the counts by outcome.
        counted: u64,
        /// The rows that were read from the files.
        read: u64,
    },
    /// What the reports were written by broke down.
    #[error("{0}")]
    ReportTrouble(String),
    /// The machine gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

impl OpError {
    /// What is wrong with the mapping, where that is why.
    #[must_use]
    pub fn of_mapping(&self) -> Option<&MappingError> {
        match self {
            OpError::Mapping(error) | OpError::Prepare(PrepareError::Mapping(error)) => Some(error),
            _ => None,
        }
    }

    /// What it is, without any words of the API or of a token command: for messages that leave the machine.
    #[must_use]
    pub fn brief(&self) -> String {
        match self {
            OpError::Api(error) => error.brief(),
            OpError::Fetch(error) => error.brief(),
            OpError::Object(
                ObjectError::Refused { shown, .. } | ObjectError::Broken { shown, .. },
            ) => {
                format!("cannot read {shown}")
            }
            error => error.to_string(),
        }
    }

    /// What kind of reason it is, for those who have to do something now.
    #[must_use]
    pub fn cause(&self) -> StopCause {
        match self {
            OpError::Prepare(PrepareError::Source(_)) => StopCause::Export,
            OpError::Job(error) => error.cause(),
            OpError::Fetch(error) => error.cause(),
            OpError::Object(ObjectError::Address { .. } | ObjectError::Settings { .. }) => {
                StopCause::Settings
            }
            OpError::Object(ObjectError::Disk { .. }) => StopCause::State,
            OpError::Object(_) => StopCause::Export,
            OpError::State(_) | OpError::Report(_) | OpError::ReportTrouble(_) => StopCause::State,
            OpError::Interrupted | OpError::Api(ApiError::Stopped) => StopCause::Interrupted,
            OpError::TimeOver => StopCause::TimeOver,
            OpError::Api(error) => match StopReason::of(error) {
                Some(StopReason::NotAuthorised(_)) => StopCause::NotAuthorised,
                Some(StopReason::Redirected(_)) => StopCause::Settings,
                _ => match error {
                    ApiError::NoToken(_) | ApiError::Setup(_) => StopCause::Settings,
                    ApiError::Forbidden(_) => StopCause::NotAuthorised,
                    _ => StopCause::ApiDown,
                },
            },
            OpError::Miscounted { .. } | OpError::Thread(_) => StopCause::Fault,
            _ => StopCause::Settings,
        }
    }

    /// How an operation with this error ended.
    #[must_use]
    pub fn ending(&self) -> RunEnding {
        match self {
            OpError::State(StateError::Locked { .. } | StateError::Outdated { .. }) => {
                RunEnding::Locked
            }
            // The API client gives up with this when the session stops.
            OpError::Interrupted | OpError::Api(ApiError::Stopped) => RunEnding::Interrupted,
            OpError::State(
                StateError::Missing { .. }
                | StateError::NoFile { .. }
                | StateError::Foreign { .. }
                | StateError::Newer { .. }
                | StateError::LogMissing { .. }
                | StateError::LogForeign { .. }
                | StateError::Orphan { .. }
                | StateError::NoLocks { .. }
                | StateError::Refused { .. }
                | StateError::NoKeyFile { .. }
                | StateError::NoBackup { .. }
                | StateError::NotEmpty { .. }
                | StateError::OtherImport { .. }
                | StateError::OtherKey { .. }
                | StateError::WaitsForLost { .. }
                | StateError::Key { .. }
                | StateError::Open { .. },
            )
            | OpError::Api(ApiError::NoToken(_) | ApiError::Setup(_) | ApiError::Redirected(_))
            | OpError::Mapping(_)
            | OpError::Config(_)
            | OpError::Sandbox(_)
            | OpError::Address(_)
            | OpError::Tls(_)
            | OpError::Upkeep(_)
            | OpError::Rate(_)
            | OpError::NoToken
            | OpError::NoMapping
            | OpError::NotConfirmed
            | OpError::NothingKnown { .. }
            | OpError::UnknownRun(_)
            | OpError::UnknownImport(_)
            | OpError::OtherExport { .. }
            | OpError::UnknownRow(_)
            | OpError::InputInReports { .. }
            | OpError::IsAddress(_)
            | OpError::IsFileAddress(_)
            | OpError::NoMatch(_)
            | OpError::SeveralMatch { .. }
            | OpError::OutputIsInput(_)
            | OpError::Exists(_)
            | OpError::StandardInput => RunEnding::Refused,
            OpError::Prepare(PrepareError::Source(error)) if error.is_passing() => {
                RunEnding::Stopped
            }
            OpError::Prepare(_) => RunEnding::Refused,
            OpError::Plan(error) => error.ending(),
            OpError::Job(error) => error.ending(),
            OpError::Fetch(error) => error.ending(),
            OpError::Object(ObjectError::Address { .. } | ObjectError::Settings { .. }) => {
                RunEnding::Refused
            }
            OpError::State(_)
            | OpError::Object(_)
            | OpError::Unwritable { .. }
            | OpError::Report(_)
            | OpError::TestFile(_)
            | OpError::Api(_)
            | OpError::TimeOver
            | OpError::Miscounted { .. }
            | OpError::ReportTrouble(_)
            | OpError::Thread(_) => RunEnding::Stopped,
        }
    }
}
