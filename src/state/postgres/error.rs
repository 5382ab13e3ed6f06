//! What the database says, sorted by what the caller can do.

use postgres::error::SqlState;

use super::super::error::StateError;
use super::super::place::StateAddress;

/// Why a statement or a transaction was not done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It met another transaction; done again, it may go well.
    Again,
    /// The database does not answer, takes nobody or is read only, or the connection broke: what was last asked for is done
    /// or not.
    Away(String),
    /// Anything else.
    State(StateError),
}

impl From<StateError> for Trouble {
    fn from(error: StateError) -> Self {
        Trouble::State(error)
    }
}

impl Trouble {
    /// The same for a caller who does not try again.
    pub(super) fn settled(self, state: &StateAddress) -> StateError {
        let state = state.clone();
        match self {
            Trouble::Again => StateError::Other {
                state,
                reason: "other transactions were in the way each time".to_owned(),
            },
            Trouble::Away(reason) => StateError::Away { state, reason },
            Trouble::State(error) => error,
        }
    }

    pub(super) fn of(error: &postgres::Error, state: &StateAddress) -> Self {
        let reason = words(error);
        let state = || state.clone();
        let Some(code) = error.code() else {
            return Trouble::Away(reason);
        };
        let class = code.code().get(..2).unwrap_or_default();
        if [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
            // The server's own patience with rows that others hold.
            SqlState::LOCK_NOT_AVAILABLE,
        ]
        .contains(code)
        {
            return Trouble::Again;
        }
        let told = || match todo(code) {
            Some(todo) => format!("{reason}. {todo}"),
            None => reason.clone(),
        };
        Trouble::State(match class {
            // Connection; shutting down, crashed, starting up; too many connections.
            "08" | "57" if *code != SqlState::QUERY_CANCELED => return Trouble::Away(reason),
            // It was suspended in a transaction.
            "25" if *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => {
                return Trouble::Away(reason);
            }
            "53" if *code == SqlState::TOO_MANY_CONNECTIONS => return Trouble::Away(told()),
            // A standby, which another server may be made the primary of, or this one itself.
            "25" if *code == SqlState::READ_ONLY_SQL_TRANSACTION => {
                return Trouble::Away(told());
            }
            "53" => StateError::NotWritable {
                state: state(),
                reason: told(),
            },
            // Password, role, database, privileges.
            "28" | "3D" | "42" if todo(code).is_some() => StateError::Refused {
                state: state(),
                reason: told(),
            },
            _ => StateError::Other {
                state: state(),
                reason: told(),
            },
        })
    }
}

/// What whoever runs the program, or the DBA, does about it.
fn todo(code: &SqlState) -> Option<&'static str> {
    let known = [
        (
            SqlState::INVALID_PASSWORD,
            "Look at the user in the address, and at the password in the password file (PGPASSFILE, or ~/.pgpass) or from `[state] password_command`",
        ),
        (
            SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
            "Look at the user in the address; the server's pg_hba.conf says who may connect from where, and how",
        ),
        (
            SqlState::INVALID_CATALOG_NAME,
            "Look at the database in the address, or make it: CREATE DATABASE",
        ),
        (
            SqlState::INSUFFICIENT_PRIVILEGE,
            "Ask the DBA for `partner-sync state schema` to be run once, and for the user: GRANT USAGE ON SCHEMA partner_sync; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA partner_sync",
        ),
        (
            SqlState::READ_ONLY_SQL_TRANSACTION,
            "This is a standby, or a user that may only read. Name the primary in the address, or all hosts: postgres://USER@HOST1,HOST2/DATABASE",
        ),
        (
            SqlState::QUERY_CANCELED,
            "A statement took longer than the server allows. Ask the DBA for more time for the user: ALTER ROLE ... SET statement_timeout = '60s'",
        ),
        (
            SqlState::TOO_MANY_CONNECTIONS,
            "A run needs up to six; ask the DBA for more (max_connections, or CONNECTION LIMIT of the role or the database)",
        ),
    ];
    let found = known.iter().find(|(known, _)| known == code);
    found.map(|(_, todo)| *todo)
}

/// What went wrong, with its causes, without any value: the server's details and contexts may quote one.
pub(super) fn words(error: &postgres::Error) -> String {
    use std::error::Error as _;
    if let Some(error) = error.as_db_error() {
        return format!("{} ({})", error.message(), error.code().code());
    }
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        words = format!("{words}: {current}");
        cause = current.source();
    }
    words
}
