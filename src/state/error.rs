//! What keeps the state from working, sorted by what the caller can do.

use std::io;
use std::path::PathBuf;

use super::place::StateAddress;
use super::record::IllegalMove;

/// Why the state cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file or its lock file cannot be created or opened.
    #[error("cannot open the state {}: {source}. Check the folder and its permissions, or name another with --state.", path.display())]
    Open {
        /// Path of the state file.
        path: PathBuf,
        /// What the operating system or SQLite returned.
        source: io::Error,
    },
    /// The file beside the state that holds its key cannot be read or written.
    #[error("cannot read or write the key of the state, {}: {source}. The key shows whether rows changed since they were sent. Correct the permissions of this file and its folder. A key that is mounted as a secret is made beforehand (docs/state.md).", path.display())]
    Key {
        /// Path of the key's file.
        path: PathBuf,
        /// What the operating system returned.
        source: io::Error,
    },
    /// A folder, a pipe or a device where the state should be.
    #[error("the state {} is not a file. Name another with --state.", path.display())]
    NoFile {
        /// Path of the state.
        path: PathBuf,
    },
    /// There is no state, or one that a run had only begun to make.
    #[error("there is no state {state}. An import creates it; --state names another.")]
    Missing {
        /// Where the state is.
        state: StateAddress,
    },
    /// Another run holds it: one writes at a time.
    #[error("another run holds the state {}{}. Wait for it to end.", state, holder.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())]
    Locked {
        /// Where the state is.
        state: StateAddress,
        /// What the other run wrote about itself.
        holder: Option<String>,
    },
    /// Machines are at an import of something else into the same partners.
    #[error(
        "another machine ({holder}) imports {differs} into the state {state}. Machines share an import only where file, mapping and options are the same: start this one with the same, or wait for the other to end."
    )]
    OtherImport {
        /// Where the state is.
        state: StateAddress,
        /// What the other machine wrote about itself.
        holder: String,
        /// What is not the same.
        differs: String,
    },
    /// The machines that share an import need the same key: what one has sent looks changed to the other otherwise.
    #[error(
        "another machine ({holder}) uses the state {state} with another key than the one in {}. All machines that share a state need the same key file: copy the one of that machine here, or name it (`[state] key_file`), and start again.", path.display()
    )]
    OtherKey {
        /// Where the state is.
        state: StateAddress,
        /// What the other machine wrote about itself.
        holder: String,
        /// The key file of this machine.
        path: PathBuf,
    },
    /// Rows that a lost machine may still send wait for it, which another state would not know.
    #[error(
        "the state {state} cannot be moved: {rows} rows in doubt were sent by a machine that was lost and may still be alive, which another state would not know. Settle them first: run `partner-sync reconcile`."
    )]
    WaitsForLost {
        /// Where the state is.
        state: StateAddress,
        /// How many rows.
        rows: u64,
    },
    /// Of an older version, and not migrated, since another run holds it.
    #[error("the state {} is of version {found} and must be updated to version {known} before it can be read, but another run holds it{}. Wait for that run to end, then try again.", state, holder.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())]
    Outdated {
        /// Where the state is.
        state: StateAddress,
        /// Version of the file, as its `user_version` says.
        found: i64,
        /// The version that this program reads.
        known: i64,
        /// What the other run wrote about itself.
        holder: Option<String>,
    },
    /// The file system has no locks.
    #[error("the file system of {} cannot lock files ({source}), so two runs could overlap. Put the state on a local disk with --state.", path.display())]
    NoLocks {
        /// Path of the lock file.
        path: PathBuf,
        /// What the operating system or SQLite returned.
        source: io::Error,
    },
    /// Written by a newer version.
    #[error(
        "the state {state} is of version {found}; this program reads versions up to {known}. Use the newer partner-sync that wrote it."
    )]
    Newer {
        /// Where the state is.
        state: StateAddress,
        /// Version of the file, as its `user_version` says.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// A database of another program.
    #[error(
        "{} is a database of another program, not a state of partner-sync, and is left as it is. Name another file with --state.",
        state
    )]
    Foreign {
        /// Where the state is.
        state: StateAddress,
    },
    /// Copied without its log, so that rows are missing.
    #[error("the state {} was copied without its log {}, which has the newest rows; without it they would be sent again. Copy both files, or make copies with `partner-sync state backup`. If the log is lost, move this file away and run `partner-sync reconcile --adopt FILE -m MAPPING`, which finds the partners on the API.", path.display(), log.display())]
    LogMissing {
        /// Path of the state file.
        path: PathBuf,
        /// Path of the log that is missing.
        log: PathBuf,
    },
    /// A file and a log that do not belong together, as when a backup was copied over a state whose log was left there.
    #[error("the state {} and its log {} are from different moments: one was copied or restored without the other. Read together they would be wrong, so nothing was read. If the state was restored from a backup, delete the log (and the -shm file beside it): the next run looks on the API for what the backup does not have. Otherwise put back the file that belongs to the log.", path.display(), log.display())]
    LogForeign {
        /// Path of the state file.
        path: PathBuf,
        /// Path of the log.
        log: PathBuf,
    },
    /// A log without its state.
    #[error("there is no state {}, but its log {} is there: the state was moved or deleted without it. Put the state back beside its log. To begin a new state, move the log away and run `partner-sync reconcile --adopt FILE -m MAPPING`, which finds the partners on the API.", path.display(), log.display())]
    Orphan {
        /// Path of the state file.
        path: PathBuf,
        /// Path of the log.
        log: PathBuf,
    },
    /// A later run has it, and this one can record nothing more.
    #[error(
        "another run has taken over the state {state} since this one began. This run stops and records nothing more; the other run looks up the rows that were being sent."
    )]
    Taken {
        /// Where the state is.
        state: StateAddress,
    },
    /// Deleted, or another file was put in its place.
    #[error("the state {} was deleted or replaced by another file while this run wrote it. This run stops: what it recorded is lost with the file. The next run looks on the API for what was created.", path.display())]
    Replaced {
        /// Path of the state file.
        path: PathBuf,
    },
    /// Damaged, or no database at all.
    #[error("the state {} is damaged: {reason}. Restore a backup, or move it away and run `partner-sync reconcile --adopt` to rebuild it from the API.", path.display())]
    Corrupt {
        /// Path of the state file.
        path: PathBuf,
        /// What SQLite found wrong, in its words.
        reason: String,
    },
    /// No room left, or not writable: nothing was recorded, and nothing sent that was not recorded.
    #[error(
        "the state {} cannot be written: {reason}. Nothing is lost; make room or give permission and run again.",
        state
    )]
    NotWritable {
        /// Where the state is.
        state: StateAddress,
        /// What SQLite returned, in its words.
        reason: String,
    },
    /// A move that the table of moves does not have: a bug, reported rather than recorded.
    #[error(transparent)]
    Illegal(#[from] IllegalMove),
    /// The writer thread ended.
    #[error("the state's writer has stopped")]
    WriterGone,
    /// The database does not answer, takes nobody, or is read only.
    #[error(
        "the database of the state {state} is not available: {reason}. Nothing is sent without it, and nothing is lost; look at the database and run again."
    )]
    Away {
        /// Where the state is.
        state: StateAddress,
        /// What the client or the server said.
        reason: String,
    },
    /// The database lets this user not in, or not do what is needed.
    #[error("the database of the state {state} cannot be used: {reason}.")]
    Refused {
        /// Where the state is.
        state: StateAddress,
        /// What the client or the server said.
        reason: String,
    },
    /// Nobody said where the key of the hashes is.
    #[error(
        "the state {state} needs a key file, and none is named. Its key shows whether rows changed since they were sent, and does not lie in the database. On a machine with a disk, name a file, which the first import makes: [state] key_file = \"partner-sync.key\", or PARTNER_SYNC_STATE_KEY_FILE. Without a disk (a CronJob, a CI runner), make the file once and mount it as a secret: printf 'partner-sync state key 1 %s\\n' \"$(openssl rand -hex 32)\" > key. All runs on this state need the same key."
    )]
    NoKeyFile {
        /// Where the state is.
        state: StateAddress,
    },
    /// Commits that were confirmed are gone.
    #[error(
        "the database of the state {state} has lost commits that it had confirmed, as a failover to a standby that was behind does. This run stops. Rows may have partners that the state does not know: run `partner-sync reconcile --adopt FILE -m MAPPING` before the next import."
    )]
    CommitsLost {
        /// Where the state is.
        state: StateAddress,
    },
    /// A database is not copied by this program.
    #[error(
        "the state {state} is in a database, which is backed up by its own means: pg_dump --schema=partner_sync. Keep its key file with the copy."
    )]
    NoBackup {
        /// Where the state is.
        state: StateAddress,
    },
    /// A state that is to take another one over has rows of its own.
    #[error(
        "the state {state} has rows of its own, and nothing is mixed with them. Name a state that is not there yet."
    )]
    NotEmpty {
        /// Where the state is.
        state: StateAddress,
    },
    /// What came is not what was sent.
    #[error(
        "the state {state} did not take all rows over: the counts do not agree, so nothing was written. Try it again while nobody else uses both states."
    )]
    NotMoved {
        /// Where the state is.
        state: StateAddress,
    },
    /// The machine gives no thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// Anything else that the database says.
    #[error("the state {state}: {reason}")]
    Other {
        /// Where the state is.
        state: StateAddress,
        /// What the database returned, in its words.
        reason: String,
    },
}

impl StateError {
    /// A copy for each of several waiting callers; causes become words.
    pub(super) fn duplicate(&self, state: &StateAddress) -> Self {
        let state = || state.clone();
        match self {
            Self::Illegal(illegal) => Self::Illegal(illegal.clone()),
            Self::Taken { .. } => Self::Taken { state: state() },
            Self::Away { reason, .. } => Self::Away {
                state: state(),
                reason: reason.clone(),
            },
            Self::CommitsLost { .. } => Self::CommitsLost { state: state() },
            Self::Replaced { path } => Self::Replaced { path: path.clone() },
            Self::Corrupt { path, reason } => Self::Corrupt {
                path: path.clone(),
                reason: reason.clone(),
            },
            Self::NotWritable { reason, .. } => Self::NotWritable {
                state: state(),
                reason: reason.clone(),
            },
            other => Self::NotWritable {
                state: state(),
                reason: other.to_string(),
            },
        }
    }
}
