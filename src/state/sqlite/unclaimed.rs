//! The identifiers of `super::super::unclaimed`, as `meta` keeps them.

use rusqlite::{Connection, OptionalExtension as _, params};

use super::super::space::SpaceId;
use super::super::unclaimed::Identifiers;

fn name(space: i64) -> String {
    format!("unclaimed/{space}")
}

/// Those of a space.
pub(super) fn of(c: &Connection, space: i64) -> rusqlite::Result<Identifiers> {
    let value: Option<Vec<u8>> = c
        .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
        .query_row([name(space)], |r| r.get(0))
        .optional()?;
    Ok(value.map_or_else(Identifiers::default, |v| Identifiers::from_bytes(&v)))
}

/// Notes what a walk over the whole list showed, in place of what was known before.
pub(super) fn set(c: &Connection, space: SpaceId, unclaimed: &Identifiers) -> rusqlite::Result<()> {
    put(c, space.0, unclaimed)
}

fn put(c: &Connection, space: i64, unclaimed: &Identifiers) -> rusqlite::Result<()> {
    c.prepare_cached("INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)")?
        .execute(params![name(space), unclaimed.to_bytes()])?;
    Ok(())
}

/// Adds the identifier of a row that is forgotten.
pub(super) fn add(c: &Connection, space: i64, legacy: &str) -> rusqlite::Result<()> {
    let mut unclaimed = of(c, space)?;
    unclaimed.insert(legacy);
    put(c, space, &unclaimed)
}
