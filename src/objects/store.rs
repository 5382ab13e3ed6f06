//! A bucket: of S3, of Google Cloud Storage, or a container of Azure.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::path::{self, Path};
use object_store::{
    BackoffConfig, Error, GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt as _, RetryConfig,
};

use super::address::{ObjectAddress, Scheme};
use super::aws_profile;
use super::client::Connector;
use super::error::{ObjectError, answer};
use super::object::{Object, ObjectSettings, PutAway};

/// A bucket, and what is looked for in it.
#[derive(Debug)]
pub(super) struct Bucket {
    store: Arc<dyn ObjectStore>,
    address: ObjectAddress,
    pattern: Option<glob::Pattern>,
}

/// A star stands for a part of a name between slashes.
const MATCHING: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

impl Bucket {
    pub(super) fn open(
        address: &ObjectAddress,
        settings: &ObjectSettings,
    ) -> Result<Self, ObjectError> {
        let pattern = address
            .is_pattern()
            .then(|| glob::Pattern::new(address.key()));
        let pattern = pattern
            .transpose()
            .map_err(|e| address.wrong(&e.to_string()))?;
        let built = match address.scheme() {
            Scheme::S3 => s3(address, settings),
            Scheme::Gs => gcs(address, settings),
            Scheme::Az => azure(address, settings),
            Scheme::Http => return Err(address.wrong("it is no bucket")),
        };
        let store = built.map_err(|error| ObjectError::Settings {
            shown: address.shown().to_owned(),
            words: answer(&error.to_string()),
        })?;
        Ok(Self {
            store,
            address: address.clone(),
            pattern,
        })
    }

    pub(super) fn shown(&self, key: &str) -> String {
        self.address.shown_key(key)
    }

    pub(super) async fn list(&self) -> Result<Vec<Object>, ObjectError> {
        match &self.pattern {
            None => Ok(self.look(self.address.key()).await?.into_iter().collect()),
            Some(pattern) => {
                let folder = self.address.folder();
                // A star before a slash looks into folders, too.
                let is_deep = self.address.key()[folder.len()..]
                    .trim_start_matches('/')
                    .contains('/');
                let matches = |key: &str| pattern.matches_with(key, MATCHING);
                self.matching(folder, is_deep, &matches).await
            }
        }
    }

    /// The objects of a folder whose names, without it, match.
    pub(super) async fn list_folder(
        &self,
        folder: &str,
        patterns: &[glob::Pattern],
    ) -> Result<Vec<Object>, ObjectError> {
        let matches = |key: &str| {
            let name = key.rsplit('/').next().unwrap_or(key);
            patterns.iter().any(|p| p.matches_with(name, MATCHING))
        };
        self.matching(folder, false, &matches).await
    }

    async fn matching(
        &self,
        folder: &str,
        is_deep: bool,
        matches: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Vec<Object>, ObjectError> {
        let prefix = self.path(folder)?;
        let prefix = (!folder.is_empty()).then_some(&prefix);
        let mut found = Vec::new();
        let mut keep = |meta: ObjectMeta| {
            if matches(meta.location.as_ref()) {
                found.push(object(&meta));
            }
        };
        let failed = |e| self.failed(e, folder);
        if is_deep {
            let mut all = self.store.list(prefix);
            while let Some(meta) = all.next().await {
                keep(meta.map_err(failed)?);
            }
        } else {
            let listed = self.store.list_with_delimiter(prefix).await;
            listed.map_err(failed)?.objects.into_iter().for_each(keep);
        }
        Ok(found)
    }

    pub(super) async fn look(&self, key: &str) -> Result<Option<Object>, ObjectError> {
        match self.store.head(&self.path(key)?).await {
            Ok(meta) => Ok(Some(object(&meta))),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed(error, key)),
        }
    }

    pub(super) async fn download(&self, object: &Object, to: &mut File) -> Result<(), ObjectError> {
        let key = &object.key;
        let options = GetOptions {
            if_match: object.etag.as_ref().map(|etag| format!("\"{etag}\"")),
            ..GetOptions::default()
        };
        let got = self.store.get_opts(&self.path(key)?, options).await;
        let got = got.map_err(|error| self.failed(error, key))?;
        let (size, etag) = (got.meta.size, got.meta.e_tag.as_deref().and_then(plain));
        let is_another = |now: &Option<String>| now.is_some() && *now != object.etag;
        if is_another(&etag) || object.size.is_some_and(|listed| listed != size) {
            return Err(ObjectError::Changed {
                shown: self.shown(key),
            });
        }
        let mut written = 0;
        let mut body = got.into_stream();
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(|error| self.failed(error, key))?;
            to.write_all(&bytes).map_err(|source| ObjectError::Disk {
                shown: self.shown(key),
                source,
            })?;
            written += bytes.len() as u64;
        }
        if written == size {
            Ok(())
        } else {
            Err(self.broken(key, format!("it ended after {written} of {size} bytes")))
        }
    }

    pub(super) async fn put_away(
        &self,
        read: &Object,
        folder: &str,
        names: &mut (dyn Iterator<Item = String> + Send),
    ) -> Result<PutAway, ObjectError> {
        let is_there = |now: Option<Object>| now.is_some_and(|now| now.etag == read.etag);
        let from = self.path(&read.key)?;
        if read.etag.is_none() || !is_there(self.look(&read.key).await?) {
            return Ok(PutAway::Left);
        }
        let folder = folder.trim_matches('/');
        let mut place = None;
        for name in names {
            let key = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            if self.look(&key).await?.is_none() {
                place = Some(key);
                break;
            }
        }
        let Some(key) = place else {
            return Ok(PutAway::Left);
        };
        let to = self.path(&key)?;
        let copied = self.store.copy(&from, &to).await;
        copied.map_err(|error| self.failed(error, &key))?;
        // Another one may have come to the name since: then the copy may be of that one, which nobody has read.
        if is_there(self.look(&read.key).await?) {
            let deleted = self.store.delete(&from).await;
            deleted.map_err(|error| self.failed(error, &read.key))?;
            return Ok(PutAway::Moved(key));
        }
        let deleted = self.store.delete(&to).await;
        deleted.map_err(|error| self.failed(error, &key))?;
        Ok(PutAway::Left)
    }

    fn path(&self, key: &str) -> Result<Path, ObjectError> {
        Path::parse(key.trim_end_matches('/')).map_err(|e| ObjectError::Address {
            shown: self.shown(key),
            reason: unreadable(&e),
        })
    }

    fn broken(&self, key: &str, words: String) -> ObjectError {
        ObjectError::Broken {
            shown: self.shown(key),
            words,
        }
    }

    fn failed(&self, error: Error, key: &str) -> ObjectError {
        let shown = self.shown(key);
        match error {
            Error::Precondition { .. } | Error::NotModified { .. } => {
                ObjectError::Changed { shown }
            }
            Error::PermissionDenied { source, .. } | Error::Unauthenticated { source, .. } => {
                ObjectError::Refused {
                    shown,
                    words: answer(&source.to_string()),
                }
            }
            // The bucket itself, where something was listed.
            Error::NotFound { source, .. } if key == self.address.folder() => {
                self.broken(key, answer(&source.to_string()))
            }
            Error::NotFound { .. } => ObjectError::Gone { shown },
            // Some other object there makes the library refuse the whole list.
            Error::InvalidPath { source } => self.broken(key, unreadable(&source)),
            error if is_refusal(&error) => ObjectError::Refused {
                shown,
                words: answer(&error.to_string()),
            },
            error => self.broken(key, answer(&error.to_string())),
        }
    }
}

/// What is wrong with the name of an object that the library does not read, nor a list that has it.
fn unreadable(name: &path::Error) -> String {
    match name {
        path::Error::EmptySegment { path } | path::Error::BadSegment { path, .. } => format!(
            "the name \"{path}\" has an empty part (//), . or .. between its slashes, or a control character, and neither such an object nor a list that shows one can be read: give it another name, or have the export written to a folder of its own"
        ),
        other => other.to_string(),
    }
}

/// Whether a list was refused: the library has no kind of error for that, only its words have the status.
fn is_refusal(error: &Error) -> bool {
    let words = error.to_string();
    let has = |status: &str| words.contains(&format!("status code: {status}"));
    has("401") || has("403")
}

/// An `ETag` without its quotes: the list of Azure has none, its answers have them. None for a weak one, which names no
/// bytes and which `If-Match` does not take. Source: RFC 9110, section 13.1.1.
fn plain(etag: &str) -> Option<String> {
    (!etag.starts_with("W/")).then(|| etag.trim_matches('"').to_owned())
}

fn object(meta: &ObjectMeta) -> Object {
    Object {
        changed: Some(meta.last_modified.timestamp_millis()),
        size: Some(meta.size),
        etag: meta.e_tag.as_deref().and_then(plain),
        key: meta.location.to_string(),
    }
}

fn retries() -> RetryConfig {
    RetryConfig {
        backoff: BackoffConfig {
            max_backoff: Duration::from_secs(5),
            ..BackoffConfig::default()
        },
        max_retries: 6,
        retry_timeout: Duration::from_mins(2),
    }
}

/// The variables of a cloud, with their names as the library knows them.
fn variables<'s>(
    settings: &'s ObjectSettings,
    prefix: &'s str,
) -> impl Iterator<Item = (String, &'s str)> {
    let all = settings.variables.iter();
    all.filter(move |(name, _)| name.starts_with(prefix))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.expose()))
}

fn variable<'s>(settings: &'s ObjectSettings, name: &str) -> Option<&'s str> {
    let mut all = settings.variables.iter();
    all.find(|(known, _)| known == name)
        .map(|(_, value)| value.expose())
        .filter(|value| !value.is_empty())
}

type Built = object_store::Result<Arc<dyn ObjectStore>>;

fn s3(address: &ObjectAddress, settings: &ObjectSettings) -> Built {
    let mut builder = AmazonS3Builder::new();
    for (name, value) in variables(settings, "AWS_") {
        if let Ok(key) = name.parse::<AmazonS3ConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    let of = |name| variable(settings, name);
    let others = ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"];
    if others.into_iter().all(|name| of(name).is_none()) {
        let name = of("AWS_PROFILE").or(of("AWS_DEFAULT_PROFILE"));
        let home = PathBuf::from(of("HOME").unwrap_or_default()).join(".aws");
        let file =
            |variable, name: &str| of(variable).map_or_else(|| home.join(name), PathBuf::from);
        let files = [
            file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            file("AWS_CONFIG_FILE", "config"),
        ];
        let profile = aws_profile::read(files, name.unwrap_or("default"));
        match (profile.key_id, profile.secret, profile.other) {
            (Some(id), Some(secret), _) => {
                builder = builder
                    .with_access_key_id(id)
                    .with_secret_access_key(secret);
                if let Some(token) = profile.token {
                    builder = builder.with_token(token);
                }
            }
            (_, _, Some(other)) => {
                return Err(Error::Generic {
                    store: "S3",
                    source: format!(
                        "the profile \"{}\" gives its keys by {other}, which is not read here: run `eval \"$(aws configure export-credentials --format env)\"` first",
                        name.unwrap_or("default")
                    )
                    .into(),
                });
            }
            _ => container_token(&of)?,
        }
        if let Some(region) = profile.region
            && of("AWS_REGION").or(of("AWS_DEFAULT_REGION")).is_none()
        {
            builder = builder.with_region(region);
        }
    }
    let built = builder
        .with_bucket_name(address.bucket())
        .with_retry(retries())
        .with_http_connector(Connector(settings.clone()))
        .build()?;
    Ok(Arc::new(built))
}

/// Whether the keys that a container is given can be asked for. The library sends the text of the token file as a header and
/// panics where it cannot be one; without the file it asks the instance instead.
fn container_token<'s>(of: &dyn Fn(&'static str) -> Option<&'s str>) -> object_store::Result<()> {
    if of("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").is_some()
        || of("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_none()
    {
        return Ok(());
    }
    let wrong = |words: String| Error::Generic {
        store: "S3",
        source: words.into(),
    };
    let Some(file) = of("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") else {
        return Err(wrong(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI is set without AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, and the token is read from a file only".to_owned(),
        ));
    };
    let text = std::fs::read_to_string(file).map_err(|e| {
        wrong(format!(
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, {file}: {e}"
        ))
    })?;
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(wrong(format!(
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE, {file}: its text has to be the token alone, without a line end"
        )));
    }
    Ok(())
}

fn gcs(address: &ObjectAddress, settings: &ObjectSettings) -> Built {
    let mut builder = GoogleCloudStorageBuilder::new();
    for (name, value) in variables(settings, "GOOGLE_") {
        if let Ok(key) = name.parse::<GoogleConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    let built = builder
        .with_bucket_name(address.bucket())
        .with_retry(retries())
        .with_http_connector(Connector(settings.clone()))
        .build()?;
    Ok(Arc::new(built))
}

fn azure(address: &ObjectAddress, settings: &ObjectSettings) -> Built {
    let mut builder = MicrosoftAzureBuilder::new();
    for (name, value) in variables(settings, "AZURE_") {
        if let Ok(key) = name.parse::<AzureConfigKey>() {
            builder = builder.with_config(key, value);
        }
    }
    for name in ["IDENTITY_ENDPOINT", "MSI_ENDPOINT"] {
        if let Some(endpoint) = variable(settings, name) {
            builder = builder.with_msi_endpoint(endpoint);
        }
    }
    let built = builder
        .with_container_name(address.bucket())
        .with_retry(retries())
        .with_http_connector(Connector(settings.clone()))
        .build()?;
    Ok(Arc::new(built))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_kept_without_quotes_and_a_weak_one_not_at_all() {
        for (written, kept) in [
            ("\"a1\"", Some("a1")),
            ("0x8DC", Some("0x8DC")),
            ("W/\"a1\"", None),
        ] {
            assert_eq!(plain(written).as_deref(), kept, "{written}");
        }
    }
}
