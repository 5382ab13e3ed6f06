//! How a database is reached, and what it needs beside its address.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::super::error::StateError;
use super::super::place::StateAddress;
use super::address::ServerAddress;
use super::password::{PasswordSource, RememberedPassword};
use crate::secret::Secret;

/// What a database needs beside its address.
#[derive(Debug, Clone, Default)]
pub struct ServerSettings {
    /// The file that holds the key of the hashes. It is made where it is not there.
    pub key_file: Option<PathBuf>,
    /// Where the password comes from; the server may ask for none.
    pub password: Option<PasswordSource>,
    /// What it gave last.
    pub remembered: RememberedPassword,
    /// Certificates that are trusted beside the system's own.
    pub ca_file: Option<PathBuf>,
    /// How long a run that does not renew its lease keeps the state; 30 seconds where nothing is said.
    pub lease: Option<Duration>,
    /// How long what was under way on a machine that was lost may still be sent; ten minutes where nothing is said.
    pub takeover: Option<Takeover>,
}

/// How long what was under way on a machine that was lost may still be sent: so long it proves nothing that a look-up does not find it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takeover {
    /// After this time no connection of such a machine is open any more.
    After(Duration),
    /// It is in doubt until it is found, or somebody says that it is not.
    Never,
}

impl Default for Takeover {
    /// Ten times as long as load balancers usually keep a connection without traffic, and twice as long as Node's servers wait for
    /// the rest of a request.
    fn default() -> Self {
        Takeover::After(Duration::from_mins(10))
    }
}

/// A database and how it is reached.
#[derive(Debug)]
pub struct Server {
    pub(super) address: ServerAddress,
    settings: ServerSettings,
    /// Whether it has answered once.
    reached: AtomicBool,
}

impl Server {
    pub(in crate::state) fn new(address: ServerAddress, settings: ServerSettings) -> Self {
        Self {
            address,
            settings,
            reached: AtomicBool::new(false),
        }
    }

    /// Where the key of the hashes is.
    ///
    /// # Errors
    /// [`StateError::NoKeyFile`] where nobody says.
    pub(in crate::state) fn key_file(&self) -> Result<&std::path::Path, StateError> {
        self.settings
            .key_file
            .as_deref()
            .ok_or_else(|| StateError::NoKeyFile {
                state: self.state(),
            })
    }

    pub(super) fn lease(&self) -> Duration {
        /// As several-machines' design has it: long enough for a failover, short enough to wait for.
        const USUAL: Duration = Duration::from_secs(30);
        self.settings.lease.unwrap_or(USUAL)
    }

    /// How long, from a takeover on, what a machine had that may still be alive may be sent; none for ever.
    pub(super) fn takeover(&self) -> Option<Duration> {
        match self.settings.takeover.unwrap_or_default() {
            // A clock of the database that jumped may have ended its lease when it had just begun.
            Takeover::After(time) => Some(time + self.lease()),
            Takeover::Never => None,
        }
    }

    pub(super) fn ca_file(&self) -> Option<&std::path::Path> {
        self.settings.ca_file.as_deref()
    }

    /// The password, where there is one, and whether it was asked for just now. It may be short-lived: `anew` where the one
    /// from before was refused.
    pub(super) fn password(&self, anew: bool) -> Result<(Option<Secret>, bool), String> {
        match &self.settings.password {
            Some(source) => {
                let get = || source.get(&self.address);
                self.settings.remembered.or_get(anew, get)
            }
            None => Ok((None, true)),
        }
    }

    /// What to do where the server asks for a password and there is none.
    pub(super) fn no_password(&self) -> String {
        let address = &self.address;
        format!(
            "it asks for a password, and there is none. Name a file that holds it by `[state] password_file`, print it by `[state] password_command`, or put a line into a file that PGPASSFILE names (or ~/.pgpass; mode 0600): {}:{}:{}:{}:PASSWORD",
            address.host(),
            address.port(),
            address.database(),
            address.user()
        )
    }

    /// It has answered.
    pub(super) fn is_reached(&self) {
        self.reached.store(true, Ordering::Relaxed);
    }

    /// Whether it has answered once.
    pub(super) fn was_reached(&self) -> bool {
        self.reached.load(Ordering::Relaxed)
    }

    /// The state's address, for messages.
    pub(in crate::state) fn state(&self) -> StateAddress {
        StateAddress::Server(Box::new(self.address.clone()))
    }
}
