//! Where the password of a database comes from.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::address::ServerAddress;
use crate::secret::Secret;

type Get = dyn Fn(&ServerAddress) -> Result<Option<Secret>, String> + Send + Sync;

/// Gives the password of a database, or says in words why it cannot.
#[derive(Clone)]
pub struct PasswordSource(Arc<Get>);

impl PasswordSource {
    /// One that asks `get` each time.
    #[must_use]
    pub fn new(
        get: impl Fn(&ServerAddress) -> Result<Option<Secret>, String> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(get))
    }

    pub(super) fn get(&self, address: &ServerAddress) -> Result<Option<Secret>, String> {
        (self.0)(address)
    }
}

/// The password that was got last. All states of a program share it, so that a command is not run for each connection: it may
/// ask a person, or make an account each time.
#[derive(Clone, Default)]
pub struct RememberedPassword(Arc<Mutex<Option<Secret>>>);

impl RememberedPassword {
    /// The password, and whether it was got just now. One that was refused is got `anew`.
    pub(super) fn or_get(
        &self,
        anew: bool,
        get: impl FnOnce() -> Result<Option<Secret>, String>,
    ) -> Result<(Option<Secret>, bool), String> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_got = anew || known.is_none();
        if is_got {
            *known = get()?;
        }
        Ok((known.clone(), is_got))
    }
}

impl fmt::Debug for RememberedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RememberedPassword")
    }
}

impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordSource")
    }
}

/// The password in a file of lines `host:port:database:user:password`, as libpq reads it: the first line that fits decides, `*`
/// fits everything, a backslash keeps the next character. A file that is not there has none.
/// Source: <https://www.postgresql.org/docs/15/libpq-pgpass.html>.
///
/// # Errors
/// In words, where the file cannot be read or others may read it.
pub fn in_password_file(path: &Path, address: &ServerAddress) -> Result<Option<Secret>, String> {
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(e) => {
            return Err(format!(
                "cannot read the password file {}: {e}",
                path.display()
            ));
        }
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        if found.permissions().mode() & 0o077 != 0 {
            return Err(format!(
                "the password file {} may be read by others; take that away with `chmod 600`",
                path.display()
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = found;
    let text = std::fs::read_to_string(path)
        .map_err(|e| format!("cannot read the password file {}: {e}", path.display()))?;
    let port = address.port().to_string();
    let host = address.host();
    let wanted = [host.as_str(), &port, address.database(), address.user()];
    Ok(text
        .lines()
        .find_map(|line| fitting(line, wanted))
        .map(Secret::new))
}

fn fitting(line: &str, wanted: [&str; 4]) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let mut fields = vec![String::new()];
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => fields.last_mut()?.extend(letters.next()),
            ':' if fields.len() < 5 => fields.push(String::new()),
            letter => fields.last_mut()?.push(letter),
        }
    }
    let password = fields.pop().filter(|_| fields.len() == 4)?;
    let fits = |(field, wanted): (&String, &str)| field == "*" || field == wanted;
    fields.iter().zip(wanted).all(fits).then_some(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let wanted = ["db", "5432", "d", "u"];
        for (line, password) in [
            ("db:5432:d:u:hush", Some("hush")),
            ("*:*:*:*:hush", Some("hush")),
            ("db:5432:*:u:a:b", Some("a:b")),
            (r"db:5432:d:u:a\:b\\c", Some(r"a:b\c")),
            (r"d\b:5432:d:u:x", Some("x")),
            ("db:5433:d:u:hush", None),
            ("db:5432:d:v:hush", None),
            ("#db:5432:d:u:hush", None),
            ("db:5432:d:u", None),
            ("", None),
        ] {
            assert_eq!(fitting(line, wanted).as_deref(), password, "{line}");
        }
    }

    #[test]
    fn a_password_is_asked_for_once_and_again_where_it_was_refused() {
        let (known, asked) = (RememberedPassword::default(), std::cell::Cell::new(0));
        let get = || {
            asked.set(asked.get() + 1);
            Ok(Some(Secret::new(format!("p{}", asked.get()))))
        };
        for (anew, password, is_got) in [
            (false, "p1", true),
            (false, "p1", false),
            (true, "p2", true),
        ] {
            let (found, got) = known.clone().or_get(anew, get).unwrap();
            assert_eq!((found.unwrap().expose(), got), (password, is_got));
        }
        assert!(known.or_get(true, || Err("no".to_owned())).is_err());
        let (kept, got) = known.or_get(false, get).unwrap();
        assert_eq!((kept.unwrap().expose(), got), ("p2", false));
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pgpass");
        let address = ServerAddress::parse("postgres://u@db/d").unwrap().unwrap();
        assert!(in_password_file(&path, &address).unwrap().is_none());
        std::fs::write(&path, "x:*:*:*:other\ndb:*:*:*:hush\ndb:*:*:*:later\n").unwrap();
        let mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode));
        mode(0o640).unwrap();
        let words = in_password_file(&path, &address).unwrap_err();
        assert!(
            words.contains("chmod 600") && !words.contains("hush"),
            "{words}"
        );
        mode(0o600).unwrap();
        let found = in_password_file(&path, &address).unwrap().unwrap();
        assert_eq!(found.expose(), "hush");
    }
}
