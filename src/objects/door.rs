//! Where objects are looked for: one door to buckets and addresses.

use std::fs::File;

use super::address::{ObjectAddress, Scheme};
use super::error::ObjectError;
use super::object::{Object, ObjectSettings, PutAway};
use super::page::Page;
use super::store::Bucket;

/// Where objects are looked for.
#[derive(Debug)]
pub struct Objects(Kind);

#[derive(Debug)]
enum Kind {
    Bucket(Bucket),
    Page(Page),
}

impl Objects {
    /// Asks nothing yet.
    ///
    /// # Errors
    /// [`ObjectError`] where the credentials or the address cannot be used.
    pub fn open(address: &ObjectAddress, settings: &ObjectSettings) -> Result<Self, ObjectError> {
        Ok(Self(if address.scheme() == Scheme::Http {
            Kind::Page(Page::open(address, settings)?)
        } else {
            Kind::Bucket(Bucket::open(address, settings)?)
        }))
    }

    /// The objects that the address means, in no order.
    ///
    /// # Errors
    /// [`ObjectError`] where they cannot be listed. Where none matches, the list is empty.
    pub async fn list(&self) -> Result<Vec<Object>, ObjectError> {
        match &self.0 {
            Kind::Bucket(bucket) => bucket.list().await,
            Kind::Page(page) => Ok(page.look().await?.into_iter().collect()),
        }
    }

    /// An object as it is now; none where it is gone.
    ///
    /// # Errors
    /// [`ObjectError`] where that cannot be asked.
    pub async fn look(&self, key: &str) -> Result<Option<Object>, ObjectError> {
        match &self.0 {
            Kind::Bucket(bucket) => bucket.look(key).await,
            Kind::Page(page) => page.look().await,
        }
    }

    /// Writes the bytes of the object that was listed into an empty file. What is cut off is gone on with.
    ///
    /// # Errors
    /// [`ObjectError::Changed`] where another object has its name by now.
    pub async fn download(&self, object: &Object, to: &mut File) -> Result<(), ObjectError> {
        match &self.0 {
            Kind::Bucket(bucket) => bucket.download(object, to).await,
            Kind::Page(page) => page.download(object, to).await,
        }
    }

    /// The objects in a folder of the bucket whose names match.
    ///
    /// # Errors
    /// As [`Objects::list`].
    pub async fn list_folder(
        &self,
        folder: &str,
        patterns: &[glob::Pattern],
    ) -> Result<Vec<Object>, ObjectError> {
        match &self.0 {
            Kind::Bucket(bucket) => bucket.list_folder(folder, patterns).await,
            Kind::Page(_) => Ok(Vec::new()),
        }
    }

    /// Copies the object that was read into a folder of the bucket, under a name that is free there, and deletes it if it is
    /// still the one that was read. `names` gives the names to try.
    ///
    /// # Errors
    /// [`ObjectError`]; then the object is still where it was.
    pub async fn put_away(
        &self,
        object: &Object,
        folder: &str,
        names: &mut (dyn Iterator<Item = String> + Send),
    ) -> Result<PutAway, ObjectError> {
        match &self.0 {
            Kind::Bucket(bucket) => bucket.put_away(object, folder, names).await,
            Kind::Page(page) => Err(page.is_read_only()),
        }
    }

    /// What messages call an object.
    #[must_use]
    pub fn shown(&self, key: &str) -> String {
        match &self.0 {
            Kind::Bucket(bucket) => bucket.shown(key),
            Kind::Page(page) => page.shown(),
        }
    }
}
