//! Where a token comes from, and what counts as one.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;

use super::error::MissingToken;
use super::token_command::{self, LARGEST_TOKEN};
use crate::blocking::{self, Unfinished};
use crate::clock::Timestamp;
use crate::secret::Secret;

/// The longest a file or a command may take to give the token.
const LIMIT: Duration = Duration::from_secs(30);

/// Where a token comes from.
#[derive(Debug, Clone)]
pub enum TokenSource {
    /// Given once, by `PARTNER_SYNC_TOKEN`; it cannot be renewed.
    Given(Secret),
    /// A file, read again for a new one.
    File(PathBuf),
    /// A command and its arguments, run again for a new one; its standard output is the token.
    Command(Vec<String>),
}

/// The password that a command prints: its line as it is, run for 30 seconds at most.
///
/// # Errors
/// In words, where it prints none.
pub fn password_printed_by(command: &[String]) -> Result<Secret, String> {
    let (_never, stop) = watch::channel(false);
    let printed = token_command::output(token_command::PASSWORD, command, LIMIT, &stop);
    let printed = printed.map_err(|why| match why {
        MissingToken::Because(words) => words,
        MissingToken::Stopped => "the password command was ended".to_owned(),
    })?;
    let password = password_of(&printed).map_err(|why| {
        let name = token_command::name(token_command::PASSWORD, command);
        format!("{name} printed no password: {why}")
    })?;
    Ok(Secret::new(password))
}

/// The password in a file that holds nothing else, as a mounted secret does.
///
/// # Errors
/// In words, where it holds none.
pub fn password_in_file(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let bytes =
        read_file(path).map_err(|e| format!("cannot read the password file {shown}: {e}"))?;
    let password = password_of(&bytes)
        .map_err(|why| format!("the password file {shown} holds no password: {why}"))?;
    Ok(Secret::new(password))
}

/// A password may hold anything but a line break; the one at its end is not its.
fn password_of(printed: &[u8]) -> Result<&str, &'static str> {
    let text = std::str::from_utf8(printed).map_err(|_| "it is not plain text (UTF-8)")?;
    let line = text.strip_suffix('\n').unwrap_or(text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match line {
        "" => Err("it is empty"),
        line if line.contains(['\n', '\r', '\0']) => {
            Err("it has several lines; a password is one line")
        }
        line => Ok(line),
    }
}

impl TokenSource {
    /// Reads the token: for 30 seconds at most, and no longer once `stop` is true.
    pub(super) fn read(&self, stop: &watch::Receiver<bool>) -> Result<Secret, MissingToken> {
        let (bytes, origin) = match self {
            TokenSource::Given(secret) => (
                secret.expose().as_bytes().to_vec(),
                "PARTNER_SYNC_TOKEN".to_owned(),
            ),
            TokenSource::File(path) => {
                let shown = path.display();
                let cannot = |why: &dyn std::fmt::Display| {
                    MissingToken::Because(format!("cannot read the token file {shown}: {why}"))
                };
                let named = path.clone();
                let read = blocking::finish(Some(LIMIT), stop, move || read_file(&named));
                let bytes = read.map_err(|why| match why {
                    Unfinished::Stopped => MissingToken::Stopped,
                    Unfinished::TimeOver => cannot(&"it returned nothing within 30 s"),
                    Unfinished::NoThread(error) => cannot(&error),
                })?;
                let bytes = bytes.map_err(|e| cannot(&e))?;
                (bytes, format!("the token file {shown}"))
            }
            TokenSource::Command(words) => (
                token_command::output(token_command::TOKEN, words, LIMIT, stop)?,
                token_command::name(token_command::TOKEN, words),
            ),
        };
        match token_of(&bytes) {
            Ok(token) => Ok(Secret::new(token)),
            Err(why) => Err(MissingToken::Because(format!(
                "{origin} does not contain a token: {why}"
            ))),
        }
    }

    /// When its present token says that it runs out; none where it does not say, or there is no token. `stop` ends the
    /// wait for the source.
    #[must_use]
    pub fn expires(&self, stop: &watch::Receiver<bool>) -> Option<Timestamp> {
        expiry(self.read(stop).ok()?.expose())
    }
}

/// The first bytes of a file, as many as a token may have and one more.
fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let file = std::fs::File::open(path)?;
    let mut bytes = Vec::new();
    file.take(LARGEST_TOKEN as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The token in what a source gave, or why there is none. A byte order mark, blanks and line breaks around it and one
/// `Bearer ` are taken off.
fn token_of(bytes: &[u8]) -> Result<&str, &'static str> {
    if bytes.len() > LARGEST_TOKEN {
        return Err("it is longer than 64 KiB");
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || is_half_zeros(bytes) {
        return Err("it is written as UTF-16; save it as plain text (UTF-8)");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not plain text (UTF-8)")?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let token = match text.get(..6) {
        Some(first) if first.eq_ignore_ascii_case("bearer") => {
            let rest = &text[6..];
            // A token may begin with the same letters.
            if rest.is_empty() || rest.starts_with(char::is_whitespace) {
                rest.trim_start()
            } else {
                text
            }
        }
        _ => text,
    };
    if token.is_empty() {
        return Err("it is empty");
    }
    if token.contains(['\n', '\r']) {
        return Err("it has several lines; a token is one line");
    }
    if token.contains(char::is_whitespace) {
        return Err("it contains a blank");
    }
    if token.contains(char::is_control) {
        return Err("it contains a control character");
    }
    if !token.is_ascii() {
        return Err("it contains a character that is not ASCII");
    }
    Ok(token)
}

/// Whether every other byte is zero, as in UTF-16 without a mark.
fn is_half_zeros(bytes: &[u8]) -> bool {
    let zeros = |from: usize| bytes.iter().skip(from).step_by(2).all(|b| *b == 0);
    bytes.len() >= 4 && bytes.len().is_multiple_of(2) && (zeros(0) || zeros(1))
}

/// The `exp` of a JWT, unverified. Source: RFC 7519, section 4.1.4: seconds since 1970.
pub(super) fn expiry(token: &str) -> Option<Timestamp> {
    use base64::Engine as _;
    let payload = token.split('.').nth(1)?;
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload.trim_end_matches('='))
        .ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let seconds = claims.get("exp")?.as_f64()?;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a time beyond i64 saturates and is never reached"
    )]
    Some(Timestamp((seconds * 1000.0) as i64))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    #[test]
    fn a_password_is_a_line_as_it_is() {
        for (printed, password) in [
            ("hush\n", Some("hush")),
            ("hush\r\n", Some("hush")),
            (" a b\u{e4} \n", Some(" a b\u{e4} ")),
            ("Bearer x", Some("Bearer x")),
            ("", None),
            ("\n", None),
            ("a\nb\n", None),
        ] {
            assert_eq!(
                password_of(printed.as_bytes()).ok(),
                password,
                "{printed:?}"
            );
        }
        assert!(password_of(b"\xff\n").is_err());
    }

    /// A token that runs out at this second.
    pub(in crate::api) fn jwt(seconds: i64) -> String {
        use base64::Engine as _;
        let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
        format!(
            "{}.{}.x",
            encode("{}".to_owned()),
            encode(format!("{{\"exp\":{seconds}}}"))
        )
    }

    #[test]
    fn an_expiry_is_read_where_there_is_one() {
        assert_eq!(
            expiry(&jwt(1_772_645_225)),
            Some(Timestamp(1_772_645_225_000))
        );
        for text in ["", "a.b.c", "token", "a.e30.c"] {
            assert_eq!(expiry(text), None, "{text}");
        }
    }

    #[test]
    fn a_token_is_known_in_every_spelling() {
        for text in [
            "abc.d-e_f~g+h/i==",
            "abc.d-e_f~g+h/i==\n",
            "\u{feff}abc.d-e_f~g+h/i==\r\n",
            " \t abc.d-e_f~g+h/i== \n\n",
            "Bearer abc.d-e_f~g+h/i==",
            "bearer   abc.d-e_f~g+h/i==\n",
            "\u{feff}BEARER\tabc.d-e_f~g+h/i==",
        ] {
            assert_eq!(
                token_of(text.as_bytes()),
                Ok("abc.d-e_f~g+h/i=="),
                "{text:?}"
            );
        }
        // Only one is taken off, and only where it is a word.
        assert_eq!(token_of(b"bearerless"), Ok("bearerless"));
        assert!(token_of(b"Bearer Bearer abc").is_err());
    }

    #[test]
    fn what_is_no_token_is_told_without_showing_it() {
        for (bytes, says) in [
            (&b""[..], "empty"),
            (b" \n\t", "empty"),
            (b"Bearer ", "empty"),
            (b"Bearer", "empty"),
            ("\u{feff}".as_bytes(), "empty"),
            (b"se cret", "blank"),
            (b"se\ncret", "several lines"),
            (b"se\rcret", "several lines"),
            (b"se\x00cret", "control"),
            (b"se\x1b[0mcret", "control"),
            ("secr\u{e9}t".as_bytes(), "not ASCII"),
            ("se\u{200b}cret".as_bytes(), "not ASCII"),
            ("\u{201c}secret\u{201d}".as_bytes(), "not ASCII"),
            (b"\xff\xfes\0e\0c\0", "UTF-16"),
            (b"s\0e\0c\0", "UTF-16"),
            (b"\0s\0e\0c", "UTF-16"),
            (b"secr\xe9t", "not plain text"),
            (&vec![b'x'; LARGEST_TOKEN + 1], "longer than"),
        ] {
            let why = token_of(bytes).unwrap_err();
            assert!(why.contains(says), "{bytes:?}: {why}");
        }
    }

    #[test]
    fn a_source_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, "two words").unwrap();
        let (_stop, flag) = watch::channel(false);
        for (source, name) in [
            (
                TokenSource::Given(Secret::new("two words")),
                "PARTNER_SYNC_TOKEN does not contain a token",
            ),
            (
                TokenSource::File(path.clone()),
                "token does not contain a token",
            ),
            (
                TokenSource::File(dir.path().to_owned()),
                "cannot read the token file",
            ),
            (
                TokenSource::Command(vec!["echo".to_owned(), "two words".to_owned()]),
                "the token command echo does not contain a token",
            ),
        ] {
            match source.read(&flag) {
                Err(MissingToken::Because(words)) => {
                    assert!(
                        words.contains(name) && !words.contains("two words"),
                        "{words}"
                    );
                }
                other => panic!("{other:?}"),
            }
        }
    }

    /// A file that is too long is no token, and not taken for its beginning.
    #[test]
    fn a_file_is_read_to_one_byte_more_than_a_token_has() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        let (_stop, flag) = watch::channel(false);
        let source = TokenSource::File(path.clone());
        std::fs::write(&path, jwt(1_772_645_225)).unwrap();
        assert_eq!(source.expires(&flag), Some(Timestamp(1_772_645_225_000)));
        for (length, is_token) in [(LARGEST_TOKEN, true), (LARGEST_TOKEN + 1, false)] {
            std::fs::write(&path, vec![b'x'; length]).unwrap();
            assert_eq!(source.read(&flag).is_ok(), is_token, "{length}");
        }
    }
}
