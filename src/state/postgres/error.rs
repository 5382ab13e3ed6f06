//! What the database says, sorted by what the caller can do.

use postgres::error::SqlState;

use super::super::error::StateError;
use super::super::place::StateAddress;

/// Why a statement or a transaction was not done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It met another transaction; done again, it may go well.
    Again,
    /// The database does not answer, or the connection broke: what was last asked for is done or not.
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
        ]
        .contains(code)
        {
            return Trouble::Again;
        }
        Trouble::State(match class {
            // Connection; shutting down, crashed, starting up; too many connections.
            "08" | "57" if *code != SqlState::QUERY_CANCELED => return Trouble::Away(reason),
            // It was suspended in a transaction.
            "25" if *code == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => {
                return Trouble::Away(reason);
            }
            "53" if *code == SqlState::TOO_MANY_CONNECTIONS => return Trouble::Away(reason),
            "53" => StateError::NotWritable {
                state: state(),
                reason,
            },
            "25" if *code == SqlState::READ_ONLY_SQL_TRANSACTION => StateError::NotWritable {
                state: state(),
                reason,
            },
            // Password, role, database, privileges.
            "28" | "3D" => StateError::Refused {
                state: state(),
                reason,
            },
            "42" if *code == SqlState::INSUFFICIENT_PRIVILEGE => StateError::Refused {
                state: state(),
                reason,
            },
            _ => StateError::Other {
                state: state(),
                reason,
            },
        })
    }
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
