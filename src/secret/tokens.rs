//! What looks like a token, a key or a password in a text of which nothing is known.

use std::ops::Range;

use super::numbers::is_uuid;

/// Whether a UUID is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Uuids {
    /// It names a partner or a request, unless a word before it says that it is a secret.
    #[default]
    Shown,
    /// It may be one.
    Masked,
}

/// Control characters become blanks; of a terminal's sequence (`ESC [ 31 m`) nothing is left.
pub(super) fn without_controls(text: &str) -> String {
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

/// The bytes of each bearer token, JWT, key and password.
pub(super) fn tokens(text: &str, uuids: Uuids) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    // What stands before the run that is looked at, and the separator between them.
    let (mut before, mut between) = (String::new(), "");
    while at < text.len() {
        let rest = &text[at..];
        let length = rest.find(|c| !is_of_token(c)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(length);
        if looks_like_token(run, uuids) || is_announced(run, &before, between) {
            found.push(at..at + length);
        }
        let gap = tail.find(is_of_token).unwrap_or(tail.len());
        between = &tail[..gap];
        let header = before.ends_with("authorization");
        before = run.to_ascii_lowercase();
        if header && is_scheme(&before) {
            before.push_str(HEADER);
        }
        at += length + gap;
    }
    found
}

/// Letters of tokens. Source: RFC 6750, section 2.1, without the padding.
fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~' | '+' | '/')
}

/// Whether a run of letters is a token by itself: a JWT, a UUID, or a long mixture of letters and digits.
fn looks_like_token(run: &str, uuids: Uuids) -> bool {
    let has = |text: &str, is: fn(&char) -> bool| text.chars().any(|c| is(&c));
    let is_long_mixture = |piece: &str| {
        piece.len() >= 20
            && has(piece, char::is_ascii_digit)
            && has(piece, char::is_ascii_alphabetic)
    };
    // Not the path of a field or a file: `phoneNumbers.0.phoneNumber`, `api/v2/partners`.
    let is_path = run.split(['.', '/', '-', '_']).all(|piece| {
        let digits = piece.chars().filter(char::is_ascii_digit).count();
        digits == 0
            || (piece.len() <= 3 && digits == piece.len())
            || (piece.len() == 2 && digits == 1)
    });
    let is_of_all_kinds = run.len() >= 32
        && !is_path
        && !run.starts_with(['/', '.'])
        && has(run, char::is_ascii_digit)
        && has(run, char::is_ascii_uppercase)
        && has(run, char::is_ascii_lowercase);
    if is_uuid(run.rsplit('/').next().unwrap_or(run)) {
        return uuids == Uuids::Masked;
    }
    (run.starts_with("eyJ") && run.len() >= 10)
        || run.split(['/', '.', '-', '_']).any(is_long_mixture)
        || is_of_all_kinds
}

/// Whether the word before says that this one is a secret: `Bearer x`, `token=x`, `"password": "x"`.
fn is_announced(run: &str, before: &str, between: &str) -> bool {
    const NAMES: [&str; 15] = [
        "token",
        "secret",
        "password",
        "passwd",
        "passphrase",
        "passcode",
        "private_key",
        "pwd",
        "apikey",
        "api_key",
        "api-key",
        "authorization",
        "cookie",
        "session",
        "credential",
    ];
    let is_named = NAMES.iter().any(|name| before.ends_with(name));
    // `X-Api-Key: x` and `password: x` are no prose, unlike "invalid token: expired".
    let is_label = before.contains(['-', '_']) || PASSWORDS.iter().any(|p| before.ends_with(p));
    let is_assigned = (between.contains(['=', '"', '\''])
        || (is_label && between.starts_with(':')))
        && !between.contains(',');
    // In prose a plain word follows: "invalid token: expired", "the secret is wrong".
    let is_odd = run.chars().any(|c| c.is_ascii_digit())
        || run.chars().skip(1).any(|c| c.is_ascii_uppercase())
        || run.len() >= LONGEST_WORD;
    let follows = between.contains(':') || between.trim().is_empty();
    // The scheme is no secret, what follows it is.
    !run.is_empty()
        && !is_scheme(&run.to_ascii_lowercase())
        && (before.ends_with(HEADER)
            || (is_named && is_assigned)
            || ((is_named || is_scheme(before)) && follows && is_odd))
}

const PASSWORDS: [&str; 4] = ["password", "passwd", "pwd", "passphrase"];

/// A longer run of small letters behind the name of a secret is no word of a message.
const LONGEST_WORD: usize = 15;

/// Put behind a scheme that stands in a header: whatever follows is a secret.
const HEADER: &str = " of a header";

fn is_scheme(word: &str) -> bool {
    matches!(word, "bearer" | "basic" | "digest" | "negotiate")
}
