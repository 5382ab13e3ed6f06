//! Who is informed what happens, and asked what only a person can answer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::error::OpError;
use super::estimate::Estimate;
use super::unknown::OnApi;
use crate::config::Adopt;
use crate::report::{Counters, Detected, RunReport};
use crate::state::StateAddress;

/// Watches an operation. Every method but the four without a default may be left out.
///
/// Methods are called from the thread that runs the operation, in the order in which things happen.
pub trait Observer: Sync {
    /// What was detected of each file, before anything else happens to its rows.
    fn found(&self, detected: &[Detected]);

    /// Something worth a line for a person.
    fn note(&self, note: &Note<'_>);

    /// Something went wrong beside the result: a report file, the end of a run in the state.
    fn trouble(&self, error: &OpError);

    /// Work begins; the counters show how far it is until [`Observer::done`] is called.
    fn progress(&self, counters: &Arc<Counters>);

    /// The work of the last [`Observer::progress`] is over.
    fn done(&self) {}

    /// Rows are about to go to an API for the first time.
    fn first_send(&self, _ask: &FirstSend<'_>) -> Answer {
        Answer::Send
    }

    /// A job of the nightly run ended, or could not be begun (its report says why); `first` for the first of the night.
    fn job_ended(&self, _name: &str, _report: &RunReport, _first: bool) {}
}

/// The question before the first import of a mapping into an API that is not on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstSend<'a> {
    /// How many rows the export has, invalid ones included.
    pub rows: u64,
    /// How many of them would be created at most: those that are valid, within the limit.
    pub created: u64,
    /// The API's address.
    pub target: &'a str,
    /// The name under which the state will know the rows.
    pub mapping: &'a str,
    /// When rows whose partner is on the API already are looked for.
    pub adopt: Adopt,
    /// The state that will be made.
    pub state: &'a StateAddress,
}

impl FirstSend<'_> {
    /// What becomes of rows whose partner is on the API already, as a sentence before the question.
    #[must_use]
    pub fn what_is_there(&self) -> &'static str {
        match self.adopt {
            Adopt::Auto | Adopt::Always => " Partners that already exist are not created again.",
            Adopt::Never => "",
        }
    }
}

/// What is answered to [`FirstSend`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The rows are sent.
    Send,
    /// The import ends with [`OpError::NotConfirmed`]; nothing was sent.
    Cancel,
}

/// Something worth a line. The front has the words.
#[derive(Debug)]
#[non_exhaustive]
pub enum Note<'n> {
    /// Nothing is sent, and why. The report says it too.
    Refused(&'n str),
    /// Rows of a mapping whose outcome is unknown, before they are looked up.
    InDoubt {
        /// The name under which the state knows the rows.
        mapping: &'n str,
        /// How many of its rows.
        count: usize,
    },
    /// A machine that was lost is not waited for any more.
    MachineGone {
        /// Its id.
        machine: &'n str,
        /// The host that it ran on.
        host: &'n str,
        /// Rows that it had under way.
        rows: u64,
    },
    /// A job is not run, since somebody else has run it.
    PassedOver(&'n str),
    /// Several partners of one identifier.
    Duplicate(&'n str),
    /// Another run holds the state; it is waited for.
    WaitingForLock {
        /// The state that is waited for.
        state: &'n StateAddress,
        /// Who holds it, where that is known.
        holder: Option<&'n str>,
    },
    /// Another machine makes the canary of the import; it is waited for.
    WaitingForCanary {
        /// What it wrote about itself.
        holder: &'n str,
    },
    /// The first partners are on the API as they were sent.
    CanaryAgrees {
        /// How many were created and read back.
        partners: u64,
    },
    /// An import goes on without its canary, although partners of an earlier one were not found to agree.
    CanaryPassedOver {
        /// How many that one created.
        partners: u64,
    },
    /// What the API has beside what the state knows of; the words are its own.
    OnApi(OnApi<'n>),
    /// What an import would send, and how long that takes.
    Estimate(&'n Estimate),
    /// A sealed plan was written.
    PlanSealed {
        /// The plan, as it was named.
        path: &'n Path,
        /// The API that it is for: an address, or the practice API's name.
        target: &'n str,
    },
    /// The metrics file could not be written.
    MetricsFailed {
        /// The file that `[metrics] textfile` names.
        path: &'n Path,
        /// What the file system said.
        error: &'n std::io::Error,
    },
    /// The settling time that was asked for is shorter than it should be.
    ShortSettlingTime {
        /// What was asked for.
        asked: Duration,
        /// What it should be at least.
        least: Duration,
    },
    /// The time is short after which a machine that was lost is taken to send nothing more.
    ShortTakeover {
        /// What was asked for.
        asked: Duration,
        /// What it should be at least.
        least: Duration,
    },
    /// The file of a job was not moved into the archive: it is not the one that was read any more.
    NotArchived(&'n str),
    /// The export of a job is the object that the last good run has read.
    SameObject(&'n str),
    /// Parents outside the files are taken from imports into the sandbox: the state knows no other API.
    SandboxParents,
    /// The key of the state is gone; the words say what follows from that.
    KeyLost(&'n str),
    /// Whoever watches the nights could not be told; the words do not show the address.
    WatchFailed {
        /// The setting that names the address.
        what: &'n str,
        /// Why.
        reason: &'n str,
    },
    /// The command that is run after a job failed.
    AfterFailed(&'n str),
    /// What a comparison cannot look at: the API does not return it.
    NotCompared,
    /// The webhook could not be reached; the words do not show its address.
    WebhookFailed(&'n str),
}

/// Progress that is over when it goes out of scope.
pub(super) struct Progress<'o>(&'o dyn Observer);

impl<'o> Progress<'o> {
    pub(super) fn start(observer: &'o dyn Observer, counters: &Arc<Counters>) -> Self {
        observer.progress(counters);
        Self(observer)
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.0.done();
    }
}
