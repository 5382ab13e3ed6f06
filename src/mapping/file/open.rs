//! Opening a mapping file, and whether what is in it is a mapping at all.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::string::FromUtf8Error;

use toml::Spanned;
use toml::de::{DeTable, Error};

use crate::mapping::error::MappingError;

/// Bytes of a mapping file at most: a table of 50,000 words takes two megabytes.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// The file as the user named it, and its text.
pub(super) fn text_of(path: &Path) -> Result<(String, String), MappingError> {
    let name = path.display().to_string();
    let open = |source| MappingError::Open {
        path: name.clone(),
        source,
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(open)?;
    file.take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(open)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(MappingError::TooLong {
            path: name,
            limit: MOST_BYTES / (1024 * 1024),
        });
    }
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&name, &error))?;
    Ok((name, text))
}

/// Refuses a text that is no TOML and has none of the `keys` of a mapping: each of its lines would be named, and shown, although
/// it is an export, whose cells nobody wants to see there.
pub(super) fn is_a_mapping(
    path: &str,
    text: &str,
    table: &Spanned<DeTable<'_>>,
    first: &Error,
    keys: &[&str],
) -> Result<(), MappingError> {
    let mut found = table.get_ref().iter().map(|(key, _)| key.get_ref());
    if found.any(|key| keys.contains(&&**key)) {
        return Ok(());
    }
    let at = first.span().map_or(0, |span| span.start);
    Err(MappingError::NotAMapping {
        path: path.to_owned(),
        reason: format!("line {}: {}", line_of(text.as_bytes(), at), first.message()),
    })
}

fn not_utf8(path: &str, error: &FromUtf8Error) -> MappingError {
    let (bytes, path) = (error.as_bytes(), path.to_owned());
    if bytes.contains(&0) {
        let reason = "it is not a text file".to_owned();
        return MappingError::NotAMapping { path, reason };
    }
    let line = line_of(bytes, error.utf8_error().valid_up_to());
    MappingError::NotUtf8 { path, line }
}

/// The line of a byte, from 1.
fn line_of(text: &[u8], at: usize) -> usize {
    1 + text.iter().take(at).filter(|&&b| b == b'\n').count()
}
