//! The keys of the hashes, as `meta` knows them. The key itself is in a file that the settings name, of this machine or a
//! mounted secret; it is never moved aside, since others may use it.

use std::io;
use std::path::Path;

use postgres::Client;

use super::super::error::StateError;
use super::super::hash_key::{KeyNumber, LostKey, StateKey, id_of, random};
use super::super::key_file::{self, Key};
use super::super::space::SpaceId;
use super::link::{Link, lasting, query, values};
use crate::partner::{Fingerprinter, HashScheme};

/// Where `meta` keeps what tells key number N from others.
const IDS: &str = "hash_key_id/";

/// The mark of states that were made before version 5 of the file, and moved here.
const SCHEME_WHOLE: &[u8] = b"whole";

fn with(link: &Link, key: &Key, number: KeyNumber) -> Result<StateKey, StateError> {
    let scheme = link.look(|client| {
        let sql = "SELECT value FROM partner_sync.meta WHERE name = 'hash_scheme'";
        let rows = query(client, sql, &[])?;
        Ok(match rows.first().map(|row| row.get::<_, &[u8]>(0)) {
            Some(SCHEME_WHOLE) => HashScheme::Whole,
            _ => HashScheme::Folded,
        })
    })?;
    Ok(StateKey {
        number,
        fingerprinter: Fingerprinter::new(*key, scheme),
    })
}

/// The numbers of all keys that the state has had.
fn ids(client: &mut Client) -> Result<Vec<(i64, Vec<u8>)>, postgres::Error> {
    let sql = "SELECT name, value FROM partner_sync.meta WHERE name LIKE 'hash_key_id/%'";
    let rows = query(client, sql, &[])?;
    let number = |name: &str| name.strip_prefix(IDS).and_then(|n| n.parse().ok());
    Ok(rows
        .iter()
        .filter_map(|row| Some((number(row.get(0))?, row.get(1))))
        .collect())
}

fn number_of(ids: &[(i64, Vec<u8>)], key: &Key) -> Option<KeyNumber> {
    let id = id_of(key);
    let found = ids.iter().find(|(_, known)| known.as_slice() == id);
    found.map(|(number, _)| KeyNumber(*number))
}

/// The key for who only reads: where it is lost, no record was hashed with it.
pub(super) fn for_reading(link: &Link) -> Result<StateKey, StateError> {
    let key = match link.server().key_file() {
        Ok(path) => key_file::read(path)?,
        Err(_) => None,
    };
    let known = link.look(ids)?;
    let number = key.as_ref().and_then(|key| number_of(&known, key));
    match (key, number) {
        (Some(key), Some(number)) => with(link, &key, number),
        _ => with(link, &random(), KeyNumber::NONE),
    }
}

/// The key for who writes: where there is no file, one is made.
pub(super) fn for_writing(link: &Link) -> Result<StateKey, StateError> {
    let path = link.server().key_file()?;
    let key = match key_file::read(path)? {
        Some(key) => key,
        None if path.exists() => {
            return Err(StateError::Key {
                path: path.to_owned(),
                source: io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the file holds no key: it has one line, `partner-sync state key 1 ` and 64 hexadecimal digits",
                ),
            });
        }
        None => key_file::put_first(path, &random())?,
    };
    loop {
        let known = link.look(ids)?;
        if let Some(number) = number_of(&known, &key) {
            return with(link, &key, number);
        }
        let number = known
            .iter()
            .map(|(number, _)| number + 1)
            .max()
            .unwrap_or(0);
        let (name, id) = (format!("{IDS}{number}"), id_of(&key).to_vec());
        // Another machine may give its key this number at the same time; then the next one is taken.
        link.look(|client| {
            let sql = "INSERT INTO partner_sync.meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
            let mut t = lasting(client)?;
            query(&mut t, sql, &values![name => TEXT, id => BYTEA])?;
            t.commit()
        })?;
    }
}

/// The rows of a space that were hashed with another key than this one, if there are any.
pub(super) fn find_lost(
    link: &Link,
    space: SpaceId,
    number: KeyNumber,
) -> Result<Option<LostKey>, StateError> {
    let rows: i64 = link.look(|client| {
        if number != KeyNumber::NONE && ids(client)?.len() < 2 {
            return Ok(0);
        }
        let sql = "SELECT count(*) FROM partner_sync.record WHERE space = $1 AND hash_key <> $2";
        let values = values![space.0 => INT8, number.0 => INT8];
        Ok(query(client, sql, &values)?
            .first()
            .map_or(0, |row| row.get(0)))
    })?;
    let path = link
        .server()
        .key_file()
        .map_or_else(|_| Path::new("no file").to_owned(), Path::to_owned);
    Ok((rows > 0).then(|| LostKey {
        path,
        aside: None,
        rows: rows.unsigned_abs(),
    }))
}
