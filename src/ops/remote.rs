//! Exports that lie elsewhere, for operations: listed, taken into a folder of ours, put away.

use std::fs::File;
use std::future::Future;
use std::path::PathBuf;

use super::connect::tls;
use super::disk_room::free_bytes;
use super::error::{FetchError, OpError};
use super::export_file::ExportFile;
use super::session::Session;
use super::workspace::Workspace;
use crate::diagnostic::thousands;
use crate::objects::{
    Object, ObjectAddress, ObjectError, ObjectSettings, Objects, PutAway, Scheme,
};
use crate::secret::SecretAddress;

/// Free bytes that are left beside a copy: the run writes a state and reports, too.
const SPARE: u64 = 50 << 20;

/// An address, and what is asked there.
#[derive(Debug)]
pub(super) struct Remote {
    objects: Objects,
    address: ObjectAddress,
}

impl Remote {
    /// Asks nothing yet.
    pub(super) fn open(address: &SecretAddress, session: &Session<'_>) -> Result<Self, OpError> {
        let address = ObjectAddress::read(address)?;
        let settings = ObjectSettings {
            variables: session.settings.cloud.clone(),
            tls: tls(session.settings)?,
            insecure_http: session.settings.transport.insecure_http,
        };
        let objects = Objects::open(&address, &settings)?;
        Ok(Self { objects, address })
    }

    /// What may be shown of the address.
    pub(super) fn shown(&self) -> &str {
        self.address.shown()
    }

    /// Whether the address means several names.
    pub(super) fn is_pattern(&self) -> bool {
        self.address.is_pattern()
    }

    /// The name or the pattern in the bucket.
    pub(super) fn key(&self) -> &str {
        self.address.key()
    }

    /// What an object is called.
    pub(super) fn shown_of(&self, object: &Object) -> PathBuf {
        self.objects.shown(&object.key).into()
    }

    /// The folder of the same bucket that an address names.
    ///
    /// # Errors
    /// What to write.
    pub(super) fn folder(&self, archive: &SecretAddress) -> Result<String, String> {
        let there = ObjectAddress::read(archive).map_err(|e| e.to_string())?;
        let is_same =
            there.scheme() == self.address.scheme() && there.bucket() == self.address.bucket();
        if self.address.scheme() == Scheme::Http || !is_same || there.is_pattern() {
            return Err(format!(
                "archive = \"{}\" is no folder in the bucket of file: an object is put away by a copy within its bucket",
                there.shown()
            ));
        }
        Ok(there.key().trim_matches('/').to_owned())
    }

    /// The objects that the address means.
    pub(super) fn list(&self, session: &Session<'_>) -> Result<Vec<Object>, OpError> {
        waited(session, self.objects.list())
    }

    /// Those in a folder of the bucket whose names match.
    pub(super) fn list_folder(
        &self,
        folder: &str,
        patterns: &[glob::Pattern],
        session: &Session<'_>,
    ) -> Result<Vec<Object>, OpError> {
        waited(session, self.objects.list_folder(folder, patterns))
    }

    /// An object as it is now.
    pub(super) fn look(
        &self,
        object: &Object,
        session: &Session<'_>,
    ) -> Result<Option<Object>, OpError> {
        waited(session, self.objects.look(&object.key))
    }

    /// Reads an object into a file that is gone with the last who holds the result.
    pub(super) fn take(
        &self,
        object: &Object,
        session: &Session<'_>,
    ) -> Result<ExportFile, OpError> {
        let shown = self.shown_of(object);
        let workspace = Workspace::create().map_err(FetchError::Folder)?;
        let free = free_bytes(workspace.path());
        if let (Some(size), Some(free)) = (object.size, free)
            && free < size.saturating_add(SPARE)
        {
            return Err(FetchError::NoRoom {
                shown: shown.display().to_string(),
                size: thousands(size >> 20),
                free: thousands(free >> 20),
            }
            .into());
        }
        let path = workspace.path().join("export");
        let mut file = new_file(&path).map_err(FetchError::Folder)?;
        tracing::info!(object = %shown.display(), bytes = object.size, "the export is read");
        waited(session, self.objects.download(object, &mut file))?;
        let taken = ExportFile::copied(path, shown, workspace).with_etag(object.etag.clone());
        Ok(if self.address.has_secret() {
            taken.signed()
        } else {
            taken
        })
    }

    /// Copies an object into a folder of its bucket, and deletes it if it is still the one that was read.
    pub(super) fn put_away(
        &self,
        object: &Object,
        folder: &str,
        names: &mut (dyn Iterator<Item = String> + Send),
        session: &Session<'_>,
    ) -> Result<PutAway, OpError> {
        waited(session, self.objects.put_away(object, folder, names))
    }
}

/// Waits for an answer until a stop comes.
fn waited<T>(
    session: &Session<'_>,
    asked: impl Future<Output = Result<T, ObjectError>>,
) -> Result<T, OpError> {
    session.runtime.block_on(async {
        tokio::select! {
            answer = asked => Ok(answer?),
            () = session.stop.requested() => Err(session.stopped()),
        }
    })
}

/// A new file that its owner alone can read.
fn new_file(path: &std::path::Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
