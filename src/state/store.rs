//! A state, whatever it lies in: the only door to it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::address::address_of;
use super::contract::{StateReader, StateView, Upkeep};
use super::error::StateError;
use super::key_file;
use super::place::StateAddress;
use super::postgres::{self, Lease, Server, ServerSettings, SharedRate};
use super::run::RunStart;
use super::share::{ImportStart, SharedImport};
use super::sqlite::{self, FileLock};
use super::transfer::{Giver, Taker, transfer};
use super::writer::Begun;
use crate::clock::Clock;

/// A state, of which nothing has been opened yet. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Store {
    /// A file of this machine.
    Sqlite(PathBuf),
    /// A Postgres database.
    Postgres(Arc<Server>),
}

/// Holds the state for one run, for as long as it lives. It ends with the process, however that ends.
#[derive(Debug)]
pub struct StateLock {
    held: Held,
}

#[derive(Debug)]
enum Held {
    File { _lock: FileLock },
    Server(Lease),
}

impl StateLock {
    /// Whether something may be sent now; `None` where nothing may be sent any more, since another run has the state. A file
    /// is held until its process ends.
    #[must_use]
    pub fn may_send(&self) -> Option<bool> {
        match &self.held {
            Held::File { .. } => Some(true),
            Held::Server(lease) => lease.may_send(),
        }
    }

    /// Why nothing may be sent any more, where that is so.
    #[must_use]
    pub fn over(&self) -> Option<StateError> {
        match &self.held {
            Held::File { .. } => None,
            Held::Server(lease) => lease.over(),
        }
    }

    /// Whether other machines may be at work as well.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        match &self.held {
            Held::File { .. } => false,
            Held::Server(lease) => lease.is_shared(),
        }
    }
}

impl Store {
    /// The state at an address. Nothing is asked of it yet.
    #[must_use]
    pub fn at(address: &StateAddress, settings: &ServerSettings) -> Self {
        match address {
            StateAddress::File(path) => Store::Sqlite(path.clone()),
            StateAddress::Server(address) => {
                Store::Postgres(Arc::new(Server::new((**address).clone(), settings.clone())))
            }
        }
    }

    /// Takes the state for a run, or returns who has it. A state that is there is brought to this program's version: only
    /// who holds it may do that.
    ///
    /// # Errors
    /// [`StateError::Locked`] where another run has it.
    pub fn lock(&self, clock: &Clock) -> Result<StateLock, StateError> {
        let held = match self {
            Store::Sqlite(path) => Held::File {
                _lock: FileLock::take(path, clock)?,
            },
            Store::Postgres(server) => Held::Server(Lease::take(server, clock)?),
        };
        Ok(StateLock { held })
    }

    /// Takes the state for a run that may share an import with other machines, where the state is in a database. A file is of one
    /// run at a time all the same.
    ///
    /// # Errors
    /// [`StateError::Locked`] where a run has it that has to be alone.
    pub fn lock_shared(&self, clock: &Clock) -> Result<StateLock, StateError> {
        match self {
            Store::Sqlite(_) => self.lock(clock),
            Store::Postgres(server) => Ok(StateLock {
                held: Held::Server(Lease::share(server, clock)?),
            }),
        }
    }

    /// Joins the import of the same files and mapping that other machines are at, or begins one; `None` where this run is alone.
    ///
    /// # Errors
    /// [`StateError::OtherImport`] where others are at another one.
    pub fn join(
        &self,
        lock: &StateLock,
        start: &ImportStart,
        clock: &Clock,
    ) -> Result<Option<SharedImport>, StateError> {
        match (self, &lock.held) {
            (Store::Postgres(server), Held::Server(lease)) if lease.is_shared() => {
                let share = postgres::PostgresShare::join(server, lease, start, clock)?;
                Ok(Some(SharedImport::new(share)))
            }
            _ => Ok(None),
        }
    }

    /// Who holds the state now; none where nobody does, or that cannot be found out. Nothing is made and nothing is changed.
    #[must_use]
    pub fn holder(&self) -> Option<String> {
        match self {
            Store::Sqlite(path) => sqlite::lock_holder(path),
            Store::Postgres(server) => postgres::holder(server),
        }
    }

    /// Begins a run in a state that is held, which makes it where there is none. Rows `in_flight` of dead runs become
    /// doubts, and all doubts of the space are returned.
    pub fn begin(
        &self,
        lock: &StateLock,
        start: &RunStart,
        clock: &Clock,
    ) -> Result<Begun, StateError> {
        match (self, &lock.held) {
            (Store::Sqlite(path), Held::File { .. }) => sqlite::begin(path, start, clock),
            (Store::Postgres(server), Held::Server(lease)) => {
                postgres::begin(server, lease, start, clock)
            }
            _ => Err(self.not_held()),
        }
    }

    /// A reader of the space of a mapping at a target; `None` where the state has no such space, or there is no state.
    pub fn reader(&self, target: &str, mapping: &str) -> Result<Option<StateReader>, StateError> {
        match self {
            Store::Sqlite(path) => {
                let reader = sqlite::SqliteReader::find(path, target, mapping)?;
                Ok(reader.map(StateReader::new))
            }
            Store::Postgres(server) => {
                let reader = postgres::PostgresReader::find(server, target, mapping)?;
                Ok(reader.map(StateReader::new))
            }
        }
    }

    /// The whole state, for reading.
    ///
    /// # Errors
    /// [`StateError::Missing`] where there is none.
    pub fn view(&self) -> Result<StateView, StateError> {
        match self {
            Store::Sqlite(path) => Ok(StateView::new(sqlite::SqliteView::open(path)?)),
            Store::Postgres(_) => self.find_view()?.ok_or_else(|| StateError::Missing {
                state: self.address(),
            }),
        }
    }

    /// The whole state, for reading; `None` where there is none, or one that a run had only begun to make.
    pub fn find_view(&self) -> Result<Option<StateView>, StateError> {
        match self {
            Store::Sqlite(path) => Ok(sqlite::SqliteView::find(path)?.map(StateView::new)),
            Store::Postgres(server) => {
                Ok(postgres::PostgresView::find(server)?.map(StateView::new))
            }
        }
    }

    /// Opens a state that is there, and held, for upkeep.
    ///
    /// # Errors
    /// [`StateError::Missing`] where there is none.
    pub fn upkeep(&self, lock: &StateLock) -> Result<Upkeep, StateError> {
        match (self, &lock.held) {
            (Store::Sqlite(path), Held::File { .. }) => {
                Ok(Upkeep::new(sqlite::SqliteUpkeep::open(path)?))
            }
            (Store::Postgres(server), Held::Server(lease)) => {
                let upkeep = postgres::PostgresUpkeep::open(server, lease)?;
                Ok(Upkeep::new(upkeep))
            }
            _ => Err(self.not_held()),
        }
    }

    /// The rate at which a target may be called, over all machines that share this state: `asked` requests a second, of which
    /// `burst` may go at once. `None` for a file, which one machine has.
    #[must_use]
    pub fn shared_rate(&self, target: &str, asked: f64, burst: u32) -> Option<SharedRate> {
        match self {
            Store::Sqlite(_) => None,
            Store::Postgres(server) => {
                Some(SharedRate::new(server, &address_of(target), asked, burst))
            }
        }
    }

    /// Copies the state into a new file, and its key into one beside that, also while a run writes it. Returns where the
    /// copy of the key is; none where the state has lost it.
    ///
    /// # Errors
    /// [`StateError::Open`] where the file is there already, [`StateError::Orphan`] where the log of another state is,
    /// [`StateError::Key`] where another key is, [`StateError::NoBackup`] where the state is in a database.
    pub fn backup(&self, to: &Path) -> Result<Option<PathBuf>, StateError> {
        match self {
            Store::Sqlite(path) => sqlite::backup(path, to),
            Store::Postgres(_) => Err(StateError::NoBackup {
                state: self.address(),
            }),
        }
    }

    /// Bytes that the state takes; 0 where there is none.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Store::Sqlite(path) => std::fs::metadata(path).map_or(0, |m| m.len()),
            Store::Postgres(server) => postgres::PostgresView::bytes(server).unwrap_or(0),
        }
    }

    /// Gives all that this state has to another one, which is held and empty, with the key of its hashes; returns how many
    /// records both have. This one stays as it is.
    ///
    /// # Errors
    /// [`StateError::NotEmpty`] where the other one has rows, [`StateError::NotMoved`] where the counts do not agree,
    /// [`StateError::Key`] where another key is in its place; then nothing is written.
    pub fn move_to(&self, to: &Self, held: &StateLock) -> Result<u64, StateError> {
        if let Some(view) = to.find_view()?
            && !view.counts()?.is_empty()
        {
            return Err(StateError::NotEmpty {
                state: to.address(),
            });
        }
        let giver: Box<dyn Giver> = match self {
            Store::Sqlite(path) => Box::new(sqlite::SqliteGiver::open(path)?),
            Store::Postgres(server) => Box::new(postgres::PostgresGiver::open(server)?),
        };
        key_file::copy(&self.key_path()?, &to.key_path()?)?;
        let mut taker: Box<dyn Taker> = match (to, &held.held) {
            (Store::Sqlite(path), Held::File { .. }) => Box::new(sqlite::SqliteTaker::open(path)?),
            (Store::Postgres(server), Held::Server(lease)) => {
                Box::new(postgres::PostgresTaker::open(server, lease))
            }
            _ => return Err(to.not_held()),
        };
        transfer(giver.as_ref(), taker.as_mut())
    }

    fn key_path(&self) -> Result<PathBuf, StateError> {
        match self {
            Store::Sqlite(path) => Ok(sqlite::key_path(path)),
            Store::Postgres(server) => server.key_file().map(Path::to_owned),
        }
    }

    fn address(&self) -> StateAddress {
        match self {
            Store::Sqlite(path) => StateAddress::File(path.clone()),
            Store::Postgres(server) => server.state(),
        }
    }

    /// Another state is held than this one.
    fn not_held(&self) -> StateError {
        StateError::Taken {
            state: self.address(),
        }
    }
}
