//! The partner: Draft → `PreparedPartner` (pure).
//!
//! What comes in: a [`Draft`], typed values by leaf of a [`Shape`]. What goes out: a [`PreparedPartner`],
//! the request body byte for byte with the row's identity, or findings about the row. This module knows the
//! documented request body ([`catalogue`]) and nothing of files, mappings, the network or the state.

pub mod catalogue;
mod compare;
mod draft;
mod field_name;
mod finding;
mod fingerprint;
mod id;
mod layout;
mod link;
mod outcome;
mod payload;
mod prepared;
mod sensitive;
mod shape;
mod validate;

pub use catalogue::{Field, FieldKind};
pub use compare::{FieldText, NOT_RETURNED, fields_of_answer, fields_of_request};
pub use draft::{Draft, Slot};
pub use field_name::field_name;
pub use finding::Finding;
pub use fingerprint::{Fingerprint, Fingerprinter, HashScheme};
pub use id::{ExternalId, PartnerId, RowKey};
pub use link::{Link, Query};
pub use outcome::{ApiWords, CreateOutcome, DoubtCause, NotCreated, RowOutcome, RowResult};
pub use payload::{Body, Hole, PayloadWriter, write_payload};
pub use prepared::{Origin, PreparedPartner, SourceCells, SourceValue};
pub use sensitive::SensitiveValues;
pub use shape::{LeafInfo, Node, PathSegment, Shape, display_path};
pub use validate::validate;
