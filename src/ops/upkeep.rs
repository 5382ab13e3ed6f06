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

/// Shows rows to whoever has to agree; true for yes.
pub type Confirm<'c> = &'c mut dyn FnMut(&[MaintenanceRow]) -> bool;

/// Forgets rows, for partners that were deleted on the other side; returns how many.
///
/// # Errors
/// [`OpError`] where the state is held by another run, a row is not there or its outcome unknown, or nobody agrees.
pub fn forget(
    request: &RowsRequest,
    settings: &Resolved,
    clock: &Clock,
    confirm: Confirm<'_>,
) -> Result<u64, OpError> {
    let (_lock, mut upkeep, rows) = opened(request, settings, clock)?;
    if let Some(row) = rows.iter().find(|r| !r.may_be_forgotten()) {
        return Err(UpkeepError::Unsettled {
            key: row.key.clone(),
            state: in_words(row),
        }
        .into());
    }
    if !confirm(&rows) {
        return Err(UpkeepError::NotConfirmed("forgotten").into());
    }
    Ok(upkeep.forget(&rows, clock.now())?)
}

/// Accepts the payload that the last run saw of changed rows; returns how many.
///
/// # Errors
/// [`OpError`] where the state is held by another run, a row is not there or did not change, or nobody agrees.
pub fn accept(
    request: &RowsRequest,
    settings: &Resolved,
    clock: &Clock,
    confirm: Confirm<'_>,
) -> Result<u64, OpError> {
    let (_lock, mut upkeep, rows) = opened(request, settings, clock)?;
    if let Some(row) = rows.iter().find(|r| !r.changed) {
        return Err(UpkeepError::Unchanged(row.key.clone()).into());
    }
    if !rows.is_empty() && !confirm(&rows) {
        return Err(UpkeepError::NotConfirmed("accepted").into());
    }
    Ok(upkeep.accept(&rows, clock.now())?)
}

/// What a person found out about a row in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// It has this partner.
    Created(PartnerId),
    /// It has none, and may be sent again.
    Absent,
}

/// Notes what a person found out about rows in doubt; returns how many.
///
/// # Errors
/// [`OpError`] where the state is held by another run, a row is not there or not in doubt, the partner is another row's, its
/// id is none, or nobody agrees.
pub fn resolve(
    request: &RowsRequest,
    finding: &Resolution,
    settings: &Resolved,
    clock: &Clock,
    confirm: Confirm<'_>,
) -> Result<u64, OpError> {
    let (_lock, mut upkeep, rows) = opened(request, settings, clock)?;
    if let Some(row) = rows.iter().find(|r| !r.is_unsettled()) {
        return Err(UpkeepError::Settled {
            key: row.key.clone(),
            state: in_words(row),
        }
        .into());
    }
    let partner = match (finding, rows.as_slice()) {
        (Resolution::Absent, _) => None,
        (Resolution::Created(id), [row]) => {
            if !is_plain_id(id.as_str()) {
                return Err(UpkeepError::NoId(id.as_str().to_owned()).into());
            }
            if let Some(key) = upkeep.row_of_partner(row, id)? {
                let partner = id.as_str().to_owned();
                return Err(UpkeepError::Taken { partner, key }.into());
            }
            Some(id)
        }
        (Resolution::Created(_), _) => return Err(UpkeepError::SeveralRows.into()),
    };
    if !confirm(&rows) {
        return Err(UpkeepError::NotConfirmed("resolved").into());
    }
    Ok(upkeep.resolve(&rows, partner, clock.now())?)
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
