//! What looks after the state: `state`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::ops::{Resolution, RowsRequest, UpkeepRequest};
use crate::partner::PartnerId;

/// Which rows of the state.
#[derive(Debug, Clone, Args)]
pub struct KeysArgs {
    /// Keys of rows.
    #[arg(value_name = "KEY")]
    pub keys: Vec<String>,
    /// The mapping's name, where several mappings know the key.
    #[arg(long, value_name = "NAME")]
    pub space: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub yes: bool,
}

impl KeysArgs {
    /// The rows with these keys.
    #[must_use]
    pub(crate) fn request(&self) -> RowsRequest {
        RowsRequest::Keys {
            keys: self.keys.clone(),
            mapping: self.space.clone(),
        }
    }
}

/// `state`.
#[derive(Debug, Clone, Args)]
pub struct StateArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub which: StateCommand,
}

/// `state …`.
#[derive(Debug, Clone, Subcommand)]
pub enum StateCommand {
    /// Copy the state and its key, also while a run writes it.
    #[command(after_help = "Example:
  partner-sync state backup /backup/partner-sync-$(date +%F).db")]
    Backup {
        /// The new file. An existing file is not overwritten.
        file: PathBuf,
    },
    /// Copy all of a state to one that is not there yet: from a file into Postgres, or back. The first one stays as it is; use it
    /// no more.
    #[command(after_help = "Example:
  partner-sync state move partner-sync.db postgres://partner_sync@db.example.com/partners")]
    Move {
        /// The state that is there: a file, or the address of a database.
        from: PathBuf,
        /// The new one.
        to: PathBuf,
    },
    /// The tables of a state in Postgres, as SQL for whoever makes them there.
    #[command(after_help = "Example:
  partner-sync state schema | psql -d partners")]
    Schema,
    /// Every row that has its partner, as CSV: target, mapping, key, legacyIdentifier, partner id, when.
    #[command(after_help = "Example:
  partner-sync state export -o partners.csv")]
    Export {
        /// Write into this file instead of standard output.
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// What changes rows.
    #[command(flatten)]
    Rows(RowsCommand),
}

/// `state …` where it changes rows, and asks first.
#[derive(Debug, Clone, Subcommand)]
pub enum RowsCommand {
    /// Forget rows, for partners that were deleted on the API. The next import creates them again.
    #[command(
        after_help = "A row in doubt or in flight is not forgotten: whether its partner exists has to be found out first.

Example:
  partner-sync state forget C-1001 C-1002"
    )]
    Forget(KeysArgs),
    /// Say what became of rows in doubt, after you looked on the API yourself.
    #[command(
        after_help = "A row stays in doubt where the API's answers and lists do not show whether it has a partner. Look on
the API, then say what you found. With --absent the next import looks once more, and sends the row
if it does not find it.

Examples:
  partner-sync state resolve C-1001 --created 854e27cb-7ddd-4c0f-950d-1d60bc9e0cb9
  partner-sync state resolve C-1001 C-1002 --absent",
        group = clap::ArgGroup::new("finding").required(true)
    )]
    Resolve {
        /// The rows.
        #[command(flatten)]
        keys: KeysArgs,
        /// The row has the partner with this id.
        #[arg(long, value_name = "ID", group = "finding")]
        created: Option<String>,
        /// The row has no partner.
        #[arg(long, group = "finding")]
        absent: bool,
    },
    /// Mark changed rows as handled; they are not reported again.
    #[command(
        after_help = "What the last import or sync saw of these rows is what they are compared with from now on.

Examples:
  partner-sync state accept C-1001
  partner-sync state accept --all-changed"
    )]
    Accept {
        /// The rows.
        #[command(flatten)]
        keys: KeysArgs,
        /// All rows that the last run of each mapping reported as changed.
        #[arg(long, conflicts_with = "keys")]
        all_changed: bool,
    },
}

impl RowsCommand {
    /// What is asked for, and whether it was said that nobody has to be asked.
    #[must_use]
    pub(crate) fn request(&self) -> (UpkeepRequest, bool) {
        match self {
            RowsCommand::Forget(keys) => (UpkeepRequest::Forget(keys.request()), keys.yes),
            RowsCommand::Resolve { keys, created, .. } => {
                let found = match created {
                    Some(id) => Resolution::Created(PartnerId::new(id.as_str())),
                    None => Resolution::Absent,
                };
                (UpkeepRequest::Resolve(keys.request(), found), keys.yes)
            }
            RowsCommand::Accept { keys, all_changed } => {
                let rows = if *all_changed {
                    RowsRequest::AllChanged {
                        mapping: keys.space.clone(),
                    }
                } else {
                    keys.request()
                };
                (UpkeepRequest::Accept(rows), keys.yes)
            }
        }
    }
}
