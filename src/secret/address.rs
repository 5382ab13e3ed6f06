//! Addresses that may hold a secret: a password before the host, a signature behind the question mark.

use std::fmt;

use super::Secret;

/// An address of a file elsewhere. What is printed of it has no user, password, query and fragment.
#[derive(Clone)]
pub struct SecretAddress {
    whole: Secret,
    shown: String,
}

impl SecretAddress {
    /// Wraps an address.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self {
            whole: Secret::new(text),
            shown: plain_address(text),
        }
    }

    /// The whole address, for the one place that asks there.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.whole.expose()
    }

    /// What may be shown of it.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Whether it has a part that is not shown.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.shown != self.expose()
    }
}

impl PartialEq for SecretAddress {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for SecretAddress {}

impl fmt::Debug for SecretAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Display for SecretAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

/// An address without a user and a password, and without what stands behind a question mark. In a bucket (`s3://` and the
/// like) a question mark may be a part of a pattern; behind it, a signature has an equals sign.
#[must_use]
pub fn plain_address(url: &str) -> String {
    let is_bucket = ["s3://", "gs://", "az://"].iter().any(|begin| {
        let found = url.get(..begin.len());
        found.is_some_and(|found| found.eq_ignore_ascii_case(begin))
    });
    let end = match url.find(['?', '#']) {
        Some(at) if !is_bucket || url[at..].contains('=') => at,
        _ => url.len(),
    };
    match url[..end].split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            // A password with a ? or # in it, before the host: what is cut off has the @, and what is left a part of it.
            let cut = url[end..].split('/').next().unwrap_or_default();
            let is_cut_password = path.is_empty() && host.contains(':') && cut.contains('@');
            let host = if is_cut_password {
                "***"
            } else {
                host.rsplit('@').next().unwrap_or_default()
            };
            format!("{scheme}://{host}{path}")
        }
        None => url[..end].to_owned(),
    }
}

/// A text with each address in it as [`plain_address`] shows it.
#[must_use]
pub fn without_address_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let begin = rest[..at].rfind(|c| !is_of_scheme(c)).map_or(0, |i| {
            i + rest[i..].chars().next().map_or(1, char::len_utf8)
        });
        let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`');
        let end = rest[at..].find(is_end).map_or(rest.len(), |n| at + n);
        out.push_str(&rest[..begin]);
        out.push_str(&plain_address(&rest[begin..end]));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_left_of_an_address() {
        for (text, shown) in [
            ("https://x.example/a.csv", "https://x.example/a.csv"),
            (
                "HTTPS://me:HUSH@x.example/a.csv?sig=HUSH#HUSH",
                "HTTPS://x.example/a.csv",
            ),
            ("s3://bucket/a*.csv", "s3://bucket/a*.csv"),
            ("https://x.example?HUSH", "https://x.example"),
            ("https://me:HU?SH@x.example/a.csv", "https://***"),
            ("https://me:1#HUSH@x.example:8443", "https://***"),
            ("https://x.example?mail=HUSH@h", "https://x.example"),
            ("s3://bucket/a?.csv", "s3://bucket/a?.csv"),
            ("AZ://c/a.csv?sv=1&sig=HUSH", "AZ://c/a.csv"),
            ("plain", "plain"),
        ] {
            let address = SecretAddress::new(text);
            assert_eq!(address.expose(), text);
            assert_eq!(format!("{address}"), shown);
            assert_eq!(format!("{address:?}"), shown);
            assert_eq!(address.has_secret(), text != shown);
        }
    }

    #[test]
    fn addresses_within_a_text_are_cut() {
        for (text, shown) in [
            ("no address", "no address"),
            (
                "GET \"https://me:HUSH@h/p?sig=HUSH\": 403, then http://h/q?HUSH",
                "GET \"https://h/p\": 403, then http://h/q",
            ),
            ("ü://x?HUSH", "ü://x"),
            ("://", "://"),
            ("a (https://h/p?HUSH) b", "a (https://h/p b"),
        ] {
            assert_eq!(without_address_secrets(text), shown);
        }
    }
}
