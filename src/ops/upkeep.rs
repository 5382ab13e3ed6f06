//! Looking after rows of the state: forgetting them, accepting their changes, saying what became of those in doubt.

use std::path::Path;

use super::error::{OpError, UpkeepError};
use super::session::store;
use crate::api::is_plain_id;
use crate::clock::Clock;
use crate::config::{Origin, Resolved, state_address};
use crate::diagnostic::guarded;
use crate::partner::PartnerId;
use crate::state::{MaintenanceRow, StateLock, Store, Upkeep};

/// Which rows of the state.
#[derive(Debug, Clone)]
pub enum RowsRequest {
    /// Rows with these keys; of one mapping, where several know a key.
    Keys {
        /// The keys, as they are in the export.
        keys: Vec<String>,
        /// The name of the mapping, where rows of others are to be left alone.
        mapping: Option<String>,
    },
    /// All rows that the last run of each mapping, or of this one, reported as changed.
    AllChanged {
        /// The name of the mapping, where rows of others are to be left alone.
        mapping: Option<String>,
    },
}

/// What a person found out about a row in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It has this partner.
    Created(PartnerId),
    /// It has none, and may be sent again.
    Absent,
}

/// What is to become of rows.
#[derive(Debug, Clone)]
pub enum UpkeepRequest {
    /// They are forgotten: their partners were deleted on the API.
    Forget(RowsRequest),
    /// What the last run saw of them is what they are compared with from now on.
    Accept(RowsRequest),
    /// They are no longer in doubt.
    Resolve(RowsRequest, Resolution),
}

impl UpkeepRequest {
    /// What whoever has to agree is asked.
    #[must_use]
    pub fn question(&self) -> &'static str {
        match self {
            Self::Forget(_) => {
                "Forget these rows? The next import looks for their partners and creates those that it does not find."
            }
            Self::Accept(_) => {
                "Mark the changes of these rows as handled? They are not reported again."
            }
            Self::Resolve(_, Resolution::Created(_)) => {
                "Is that its partner? It is never sent again."
            }
            Self::Resolve(_, Resolution::Absent) => {
                "Have these rows no partner? The next import sends each that it does not find."
            }
        }
    }

    /// What was done, in a word.
    fn done(&self) -> &'static str {
        match self {
            Self::Forget(_) => "forgotten",
            Self::Accept(_) => "accepted",
            Self::Resolve(..) => "resolved",
        }
    }
}

/// Shows rows to whoever has to agree; true for yes.
pub type Confirm<'c> = &'c mut dyn FnMut(&[MaintenanceRow]) -> bool;

/// Changes rows of the state once somebody agreed, and says what was done.
///
/// # Errors
/// [`OpError`] where the state is held by another run, a row is not there or does not fit what is asked for, or nobody
/// agrees.
pub fn upkeep(
    request: &UpkeepRequest,
    settings: &Resolved,
    clock: &Clock,
    confirm: Confirm<'_>,
) -> Result<String, OpError> {
    let (UpkeepRequest::Forget(asked)
    | UpkeepRequest::Accept(asked)
    | UpkeepRequest::Resolve(asked, _)) = request;
    let (_lock, mut upkeep, rows) = opened(asked, settings, clock)?;
    let partner = fits(request, &rows, &upkeep)?;
    let is_nothing = rows.is_empty() && matches!(request, UpkeepRequest::Accept(_));
    if !is_nothing && !confirm(&rows) {
        return Err(UpkeepError::NotConfirmed(request.done()).into());
    }
    let now = clock.now();
    let count = match request {
        UpkeepRequest::Forget(_) => upkeep.forget(&rows, now)?,
        UpkeepRequest::Accept(_) => upkeep.accept(&rows, now)?,
        UpkeepRequest::Resolve(..) => upkeep.resolve(&rows, partner, now)?,
    };
    Ok(format!("{}: {count}", request.done()))
}

/// Whether what is asked for can be done with these rows; the partner that a person found of one.
fn fits<'r>(
    request: &'r UpkeepRequest,
    rows: &[MaintenanceRow],
    upkeep: &Upkeep,
) -> Result<Option<&'r PartnerId>, OpError> {
    let words = |row: &MaintenanceRow| (row.key.clone(), in_words(row));
    let id = match request {
        UpkeepRequest::Forget(_) => {
            let Some(row) = rows.iter().find(|r| !r.may_be_forgotten()) else {
                return Ok(None);
            };
            let (key, state) = words(row);
            return Err(UpkeepError::Unsettled { key, state }.into());
        }
        UpkeepRequest::Accept(_) => {
            let Some(row) = rows.iter().find(|r| !r.changed) else {
                return Ok(None);
            };
            return Err(UpkeepError::Unchanged(row.key.clone()).into());
        }
        UpkeepRequest::Resolve(_, Resolution::Created(id)) => Some(id),
        UpkeepRequest::Resolve(_, Resolution::Absent) => None,
    };
    if let Some(row) = rows.iter().find(|r| !r.is_unsettled()) {
        let (key, state) = words(row);
        return Err(UpkeepError::Settled { key, state }.into());
    }
    let Some(id) = id else {
        return Ok(None);
    };
    let [row] = rows else {
        return Err(UpkeepError::SeveralRows.into());
    };
    if !is_plain_id(id.as_str()) {
        return Err(UpkeepError::NoId(id.as_str().to_owned()).into());
    }
    if let Some(key) = upkeep.row_of_partner(row, id)? {
        let partner = id.as_str().to_owned();
        return Err(UpkeepError::Taken { partner, key }.into());
    }
    Ok(Some(id))
}

/// Gives all that one state has to another one that is not there yet; returns how many rows both have. The first one stays as
/// it is.
///
/// # Errors
/// [`OpError`] where one of the two is held by another run or cannot be used, or the second one has rows.
pub fn move_state(
    from: &Path,
    to: &Path,
    settings: &Resolved,
    clock: &Clock,
) -> Result<u64, OpError> {
    let at = |path: &Path| -> Result<Store, OpError> {
        let state = state_address(path, Origin::Argument)?;
        Ok(store(&Resolved {
            state,
            ..settings.clone()
        }))
    };
    let (from, to) = (at(from)?, at(to)?);
    // Without a state there is nothing to hold.
    drop(from.view()?);
    let _from_lock = from.lock(clock)?;
    let lock = to.lock(clock)?;
    Ok(from.move_to(&to, &lock)?)
}

/// Every row that has its partner, as CSV.
///
/// # Errors
/// [`OpError`] where the state cannot be read.
pub fn exported(settings: &Resolved) -> Result<String, OpError> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let mut line =
        |cells: [&str; 6]| drop(writer.write_record(cells.map(|c| guarded(c).into_owned())));
    line([
        "target",
        "mapping",
        "key",
        "legacyIdentifier",
        "partnerId",
        "since",
    ]);
    store(settings).view()?.each_exported(&mut |row| {
        line([
            &row.target,
            &row.mapping,
            &row.key,
            &row.legacy_identifier,
            &row.partner,
            &row.since,
        ]);
    })?;
    let bytes = writer.into_inner().unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The state, held and open, with the rows that were asked for.
fn opened(
    request: &RowsRequest,
    settings: &Resolved,
    clock: &Clock,
) -> Result<(StateLock, Upkeep, Vec<MaintenanceRow>), OpError> {
    let store = store(settings);
    let lock = store.lock(clock)?;
    let upkeep = store.upkeep(&lock)?;
    let rows = rows_of(&upkeep, request)?;
    Ok((lock, upkeep, rows))
}

/// A row's state, as people say it.
fn in_words(row: &MaintenanceRow) -> String {
    row.state.as_str().replace('_', " ")
}

fn rows_of(upkeep: &Upkeep, request: &RowsRequest) -> Result<Vec<MaintenanceRow>, OpError> {
    let is_of = |row: &MaintenanceRow, mapping: &Option<String>| {
        mapping.as_ref().is_none_or(|m| *m == row.mapping)
    };
    let (keys, mapping) = match request {
        RowsRequest::AllChanged { mapping } => {
            let mut rows = upkeep.all_changed()?;
            rows.retain(|r| is_of(r, mapping));
            return Ok(rows);
        }
        RowsRequest::Keys { keys, mapping } => (keys, mapping),
    };
    if keys.is_empty() {
        return Err(UpkeepError::NoKey.into());
    }
    let mut rows = Vec::new();
    for key in keys {
        let mut found = upkeep.of_key(key)?;
        found.retain(|r| is_of(r, mapping));
        match found.len() {
            0 => return Err(UpkeepError::UnknownKey(key.clone()).into()),
            1 => rows.append(&mut found),
            _ => {
                return Err(UpkeepError::SeveralSpaces {
                    key: key.clone(),
                    spaces: found
                        .iter()
                        .map(|r| format!("{} at {}", r.mapping, r.target))
                        .collect(),
                }
                .into());
            }
        }
    }
    Ok(rows)
}
