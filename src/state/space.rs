//! Which rows a question is about.

/// The rows of one mapping at one target. Rows of other spaces are never seen or changed through it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpaceId(pub(crate) i64);
