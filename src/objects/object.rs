//! An object, and what is needed to ask for it.

use crate::http_client::Tls;
use crate::secret::Secret;

/// What is needed beside the address.
#[derive(Debug, Clone, Default)]
pub struct ObjectSettings {
    /// The clouds' own variables by name: `AWS_REGION`, `AZURE_STORAGE_ACCOUNT_NAME`, `GOOGLE_APPLICATION_CREDENTIALS`, `HOME`.
    pub variables: Vec<(String, Secret)>,
    /// The certificates that are trusted beside the system's own.
    pub tls: Tls,
    /// Whether plain http may leave the machine.
    pub insecure_http: bool,
}

/// An object as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its name in the bucket; empty for an address, which has one object.
    pub key: String,
    /// Milliseconds since 1970; none where it is not said.
    pub changed: Option<i64>,
    /// Its bytes; none where it is not said.
    pub size: Option<u64>,
    /// By what it is told from another one of the same name; none where it is not said.
    pub etag: Option<String>,
}

/// What became of an object that is put away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutAway {
    /// It has this name now.
    Moved(String),
    /// It is not the object that was read any more, and was left.
    Left,
}
