//! Whether file and log belong together.
//!
//! `SQLite` lays any sound log over any file. A backup that is copied over a killed run's state, whose log is still there,
//! would be read as a mixture of both, and so would a file and a log that were copied one after the other while a run wrote
//! them. So the mark ([`super::log::Mark`]) carries a pair: a random word, another one for each folding, which the
//! folding writes into the file and which the log repeats. The log also names the pair that the file had when the mark was
//! written, since a folding can be cut off. What the file alone says has to be one of the two.

use std::fmt::Write as _;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::super::beside::beside;
use super::super::error::StateError;
use super::file::real_path;

/// What a file of before pairs were written is known by, and one without a mark.
const NONE: &str = "-";
/// The file could not be read when the mark was written: any file fits.
const ANY: &str = "*";
/// How often file and log are read before they are called strangers: a run may fold in between.
const TRIES: usize = 3;

/// The words of a mark: what it says, the pair, the pair of the file. Older states have the first alone.
pub(super) fn words(c: &Connection) -> rusqlite::Result<Vec<String>> {
    let value = "SELECT value FROM meta WHERE name = 'log'";
    let value = c.query_row(value, [], |r| r.get::<_, Vec<u8>>(0));
    let value = value.optional()?.unwrap_or_default();
    let value = String::from_utf8_lossy(&value);
    Ok(value.split_whitespace().map(str::to_owned).collect())
}

/// A pair that no file and no log has.
pub(super) fn new(c: &Connection) -> rusqlite::Result<String> {
    c.query_row("SELECT lower(hex(randomblob(8)))", [], |r| r.get(0))
}

/// The pair that is read through file and log.
pub(super) fn of_both(c: &Connection) -> rusqlite::Result<String> {
    Ok(first(words(c)?))
}

fn first(words: Vec<String>) -> String {
    words.into_iter().nth(1).unwrap_or_else(|| NONE.to_owned())
}

/// The pair of the file alone, without what is in its log.
pub(super) fn of_file(path: &Path) -> String {
    alone(path).map_or_else(|_| ANY.to_owned(), first)
}

/// The file's own mark. An immutable connection reads no log, and takes no lock that its end would drop.
fn alone(path: &Path) -> rusqlite::Result<Vec<String>> {
    let mut uri = "file:".to_owned();
    for byte in real_path(path).as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => {
                uri.push(char::from(*byte));
            }
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    let has_marks = "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'";
    if connection.query_row(has_marks, [], |r| r.get::<_, i64>(0))? == 0 {
        return Ok(Vec::new());
    }
    words(&connection)
}

/// Refuses a file with the log of another file, or of another time. The caller has seen that there is a log.
///
/// # Errors
/// [`StateError::LogForeign`].
pub(super) fn refuse_strangers(c: &Connection, path: &Path) -> Result<(), StateError> {
    for _ in 0..TRIES {
        // A file that cannot be read by itself is judged by whoever reads it whole.
        let Ok(file) = alone(path).map(first) else {
            return Ok(());
        };
        let known = words(c).map_err(|e| StateError::sqlite(path, e))?;
        let mut known: Vec<_> = known.into_iter().skip(1).collect();
        if known.is_empty() {
            known.push(NONE.to_owned());
        }
        if known.contains(&file) || known.iter().any(|k| k == ANY) {
            return Ok(());
        }
    }
    Err(StateError::LogForeign {
        log: beside(path, "-wal"),
        path: path.to_owned(),
    })
}
