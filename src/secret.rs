//! A string that never prints itself.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A token or password. `Debug` and `Display` print stars; the memory is wiped on drop.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a secret text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// `value` with all but its last two characters replaced by stars; four characters or fewer show none.
///
/// Lengths are kept up to 12 stars, so that a reader recognises a cell without learning it.
#[must_use]
pub fn mask(value: &str) -> String {
    let length = value.chars().count();
    let shown = if length > 4 { 2 } else { 0 };
    let stars = (length - shown).min(12);
    let mut masked = "*".repeat(stars);
    masked.extend(value.chars().skip(length - shown));
    masked
}

/// Secrets shorter than this are not looked for: they would be found in the middle of words.
const SHORTEST_KNOWN: usize = 6;

/// `text` without secrets, for people: each of `known` and whatever looks like a bearer token, a JWT, a key or a password
/// becomes `***`. Control characters and the sequences that colour a terminal become blanks.
///
/// It masks too much rather than too little: what is shown of a failure may go to a log that many can read.
#[must_use]
pub fn scrub(text: &str, known: &[&str]) -> String {
    let mut plain = without_controls(text);
    for secret in known.iter().filter(|s| s.len() >= SHORTEST_KNOWN) {
        plain = plain.replace(secret, MASKED);
    }
    let mut out = String::with_capacity(plain.len());
    let mut rest = plain.as_str();
    // What stands before the run that is looked at, and the separator between them.
    let (mut before, mut between) = (String::new(), String::new());
    while !rest.is_empty() {
        let end = rest.find(|c| !is_of_token(c)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        let is_secret = looks_like_token(run) || is_announced(run, &before, &between);
        out.push_str(if is_secret { MASKED } else { run });
        let end = tail.find(is_of_token).unwrap_or(tail.len());
        let (separator, tail) = tail.split_at(end);
        out.push_str(separator);
        before = run.to_ascii_lowercase();
        separator.clone_into(&mut between);
        rest = tail;
    }
    out
}

const MASKED: &str = "***";

/// Control characters become blanks; of a terminal's sequence (`ESC [ 31 m`) nothing is left.
fn without_controls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' && chars.next_if_eq(&'[').is_some() {
            // It ends with its first byte from `@` on.
            for c in chars.by_ref() {
                if ('@'..='~').contains(&c) {
                    break;
                }
            }
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

/// Letters of tokens. Source: RFC 6750, section 2.1, without the padding.
fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/')
}

/// Whether a run of letters is a token by itself: a JWT, a UUID, or a long mixture of letters and digits.
fn looks_like_token(run: &str) -> bool {
    let has = |text: &str, is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    let is_long_mixture = |piece: &str| {
        piece.len() >= 20
            && has(piece, char::is_ascii_digit)
            && has(piece, char::is_ascii_alphabetic)
    };
    let is_of_all_kinds = run.len() >= 32
        && !run.starts_with(['/', '.'])
        && has(run, char::is_ascii_digit)
        && has(run, char::is_ascii_uppercase)
        && has(run, char::is_ascii_lowercase);
    let is_uuid = run.len() == 36
        && run.chars().filter(|c| *c == '-').count() == 4
        && run.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
    (run.starts_with("eyJ") && run.len() >= 10)
        || run.split(['/', '.', '-', '_']).any(is_long_mixture)
        || is_of_all_kinds
        || is_uuid
}

/// Whether the word before says that this one is a secret: `Bearer x`, `token=x`, `"password": "x"`.
fn is_announced(run: &str, before: &str, between: &str) -> bool {
    const NAMES: [&str; 8] = [
        "token", "secret", "password", "passwd", "pwd", "apikey", "api_key", "api-key",
    ];
    let is_scheme = matches!(before, "bearer" | "basic");
    let is_named = NAMES.iter().any(|name| before.ends_with(name));
    let is_assigned = between.contains(['=', '"', '\'']) && !between.contains(',');
    // In prose a plain word follows: "invalid token: expired".
    let is_odd = run.chars().any(|c| c.is_ascii_digit())
        || run.chars().skip(1).any(|c| c.is_ascii_uppercase())
        || run.len() >= 20;
    let follows = between.contains(':') || between.trim().is_empty();
    (is_named && is_assigned) || ((is_named || is_scheme) && follows && is_odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_stars_only() {
        let secret = Secret::new("eyJhbGciOi");
        assert_eq!(format!("{secret:?} {secret}"), "*** ***");
        assert_eq!(secret.expose(), "eyJhbGciOi");
    }

    #[test]
    fn masking_shows_two_characters_at_most() {
        for (value, masked) in [
            ("", ""),
            ("12", "**"),
            ("1234", "****"),
            ("021000021", "*******21"),
            ("DE89370400440532013000", "************00"),
        ] {
            assert_eq!(mask(value), masked);
        }
    }

    #[test]
    fn whatever_looks_like_a_token_is_masked() {
        for (text, plain) in [
            ("", ""),
            ("permission denied", "permission denied"),
            (
                "cannot open /usr/local/lib/python3.12/site-packages/vault.py, line 12",
                "cannot open /usr/local/lib/python3.12/site-packages/vault.py, line 12",
            ),
            ("invalid token: expired", "invalid token: expired"),
            ("Bearer token expired", "Bearer token expired"),
            (
                "get https://vault.example.com:8200/v1/x: 403",
                "get https://vault.example.com:8200/v1/x: 403",
            ),
            ("Authorization: Bearer a1b2", "Authorization: Bearer ***"),
            (
                "authorization: basic dXNlcjpwYXNz==",
                "authorization: basic ***==",
            ),
            ("token=swordfish&x=1", "token=***&x=1"),
            (
                "{\"client_secret\": \"swordfish\"}",
                "{\"client_secret\": \"***\"}",
            ),
            ("password: hunter2", "password: ***"),
            ("was eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "was ***"),
            ("was eyJhbGci.eyJz.c2ln", "was ***"),
            ("eyJoke", "eyJoke"),
            ("hvs.CAESIJ1a2b3c4d5e6f7g8h9i0jklm", "***"),
            ("in Version2Beta", "in Version2Beta"),
            ("pages 1-2-3-4-5", "pages 1-2-3-4-5"),
            (
                "donaudampfschifffahrtsgesellschaften",
                "donaudampfschifffahrtsgesellschaften",
            ),
            (
                "id 5f0c6a52-8f2e-4f0e-9a53-0c1b2d3e4f50 is gone",
                "id *** is gone",
            ),
            ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "***"),
            ("a\u{1b}[31mb\u{7}c\n", "a b c "),
        ] {
            assert_eq!(scrub(text, &[]), plain, "{text}");
        }
        assert_eq!(
            scrub("got swordfish, not eel", &["swordfish", "eel"]),
            "got ***, not eel"
        );
    }
}
