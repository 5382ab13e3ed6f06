//! Whether a row that is not in the files has its partner, asked by several threads.

use std::sync::{Mutex, PoisonError};

use crate::partner::RowKey;
use crate::state::{StateError, StateReader};

/// A connection to the state that threads take in turns; without one, nobody is known.
#[derive(Debug)]
pub(super) struct KnownRows {
    reader: Option<Mutex<StateReader>>,
    trouble: Mutex<Option<StateError>>,
}

impl KnownRows {
    pub(super) fn new(reader: Option<StateReader>) -> Self {
        Self {
            reader: reader.map(Mutex::new),
            trouble: Mutex::new(None),
        }
    }

    /// Whether the row has its partner. What cannot be read counts as known, and is reported by
    /// [`KnownRows::trouble`]: a row must not be called an orphan because a disk failed.
    pub(super) fn is_created(&self, key: &RowKey) -> bool {
        let Some(reader) = &self.reader else {
            return false;
        };
        let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
        match reader.is_created(key) {
            Ok(created) => created,
            Err(error) => {
                let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
                trouble.get_or_insert(error);
                true
            }
        }
    }

    /// The first thing that went wrong.
    pub(super) fn trouble(self) -> Option<StateError> {
        self.trouble
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
