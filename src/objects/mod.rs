//! Exports that lie elsewhere: in a bucket (`s3://`, `gs://`, `az://`), or behind an address (`https://`).
//!
//! What comes in: an address, which may be a pattern in a bucket, the cloud's own variables and the certificates. What goes
//! out: the objects that match, each with its time and its `ETag`, and the bytes of one of them in a file, unless it was
//! replaced since it was listed. No message shows what a signed address holds.

mod address;
mod aws_profile;
mod client;
mod door;
mod error;
mod object;
mod page;
mod store;

pub use address::{ObjectAddress, Scheme};
pub use door::Objects;
pub use error::ObjectError;
pub use object::{Object, ObjectSettings, PutAway};
