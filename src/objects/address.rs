//! The address of an object, or of several by a pattern.

use super::error::ObjectError;
use crate::secret::SecretAddress;

/// Where an address leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// A bucket of Amazon S3, or of what speaks its language.
    S3,
    /// A bucket of Google Cloud Storage.
    Gs,
    /// A container of Azure Blob Storage.
    Az,
    /// A file behind an http or https address.
    Http,
}

const SCHEMES: [(&str, Scheme); 5] = [
    ("s3://", Scheme::S3),
    ("gs://", Scheme::Gs),
    ("az://", Scheme::Az),
    ("https://", Scheme::Http),
    ("http://", Scheme::Http),
];

/// What is a pattern in the name of an object.
const WILDCARDS: [char; 3] = ['*', '?', '['];

/// An address, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectAddress {
    scheme: Scheme,
    whole: SecretAddress,
    /// The bucket or container; empty for http.
    bucket: String,
    /// The name in the bucket, or a pattern of names; empty for http.
    key: String,
}

impl ObjectAddress {
    /// Whether a text is an address that is read here, by its beginning.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        scheme_of(text).is_some()
    }

    /// Reads an address.
    ///
    /// # Errors
    /// [`ObjectError::Address`] with what is wrong, without its secrets.
    pub fn read(address: &SecretAddress) -> Result<Self, ObjectError> {
        let text = address.expose();
        let wrong = |reason: &str| ObjectError::Address {
            shown: address.shown().to_owned(),
            reason: reason.to_owned(),
        };
        let (begin, scheme) =
            scheme_of(text).ok_or_else(|| wrong("write s3://, gs://, az:// or https://"))?;
        let mut read = Self {
            scheme,
            whole: address.clone(),
            bucket: String::new(),
            key: String::new(),
        };
        if scheme == Scheme::Http {
            let url = reqwest::Url::parse(text).map_err(|e| wrong(&e.to_string()))?;
            if url.path().contains(['*', '[']) {
                return Err(wrong(
                    "an https address names one file: it cannot be a pattern",
                ));
            }
            return Ok(read);
        }
        let rest = &text[begin..];
        if address.has_secret() {
            return Err(wrong(
                "it must not hold a user, a password or a signature: credentials come from the cloud's own variables",
            ));
        }
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || bucket.contains(WILDCARDS) {
            return Err(wrong(
                "a bucket is missing: write for example s3://bucket/exports/accounts-*.csv",
            ));
        }
        bucket.clone_into(&mut read.bucket);
        key.clone_into(&mut read.key);
        Ok(read)
    }

    /// It cannot be used, and why; nothing secret is shown of it.
    pub(super) fn wrong(&self, reason: &str) -> ObjectError {
        ObjectError::Address {
            shown: self.shown().to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// Where it leads.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The bucket or container.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// The name in the bucket, or the pattern.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What may be shown of it.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.whole.shown()
    }

    /// All of it.
    pub(super) fn expose(&self) -> &str {
        self.whole.expose()
    }

    /// Whether it has a part that is not shown, and not kept.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.whole.has_secret()
    }

    /// Whether it means several names.
    #[must_use]
    pub fn is_pattern(&self) -> bool {
        self.key.contains(WILDCARDS)
    }

    /// The folder of the names: all before the last slash that no wildcard stands before.
    pub(super) fn folder(&self) -> &str {
        let plain = self.key.find(WILDCARDS).unwrap_or(self.key.len());
        self.key[..plain]
            .rfind('/')
            .map_or("", |at| &self.key[..at])
    }

    /// What another object of the bucket is called.
    #[must_use]
    pub fn shown_key(&self, key: &str) -> String {
        let text = self.whole.expose();
        let begin = scheme_of(text).map_or(0, |(begin, _)| begin);
        format!("{}{}/{key}", &text[..begin], self.bucket)
    }
}

/// How long the beginning of an address is, and where that leads.
fn scheme_of(text: &str) -> Option<(usize, Scheme)> {
    let is = |begin: &str| {
        text.get(..begin.len())
            .is_some_and(|t| t.eq_ignore_ascii_case(begin))
    };
    let mut all = SCHEMES.into_iter();
    all.find(|(begin, _)| is(begin))
        .map(|(begin, scheme)| (begin.len(), scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ObjectAddress, ObjectError> {
        ObjectAddress::read(&SecretAddress::new(text))
    }

    #[test]
    fn an_address_is_a_bucket_and_a_name() {
        for (text, bucket, key, folder, is_pattern) in [
            ("s3://b/in/a-*.csv", "b", "in/a-*.csv", "in", true),
            ("S3://b/a?.csv", "b", "a?.csv", "", true),
            ("gs://b/x/*/a.csv", "b", "x/*/a.csv", "x", true),
            ("az://c/x/a.csv", "c", "x/a.csv", "x", false),
        ] {
            let address = read(text).unwrap();
            let found = (address.bucket(), address.key(), address.folder());
            assert_eq!(found, (bucket, key, folder), "{text}");
            assert_eq!(address.is_pattern(), is_pattern, "{text}");
            assert_eq!(address.shown(), text);
        }
        let page = read("https://me:HUSH@h/a.csv?sig=HUSH").unwrap();
        assert_eq!(
            (page.scheme(), page.shown()),
            (Scheme::Http, "https://h/a.csv")
        );
        assert!(page.has_secret() && !format!("{page:?}").contains("HUSH"));
        assert_eq!(
            read("s3://b/in/*").unwrap().shown_key("in/a"),
            "s3://b/in/a"
        );
    }

    #[test]
    fn what_is_wrong_is_said_without_the_secret() {
        for (text, says) in [
            ("ftp://h/a.csv", "write s3://"),
            ("s3:///a.csv", "a bucket is missing"),
            ("s3://*/a.csv", "a bucket is missing"),
            ("az://c/a.csv?sv=1&sig=HUSH", "must not hold"),
            ("s3://key:HUSH@b/a.csv", "must not hold"),
            ("https://h/a-*.csv?sig=HUSH", "cannot be a pattern"),
            ("https://", "empty host"),
        ] {
            let words = read(text).unwrap_err().to_string();
            assert!(words.contains(says), "{text}: {words}");
            assert!(!words.contains("HUSH"), "{words}");
        }
    }
}
