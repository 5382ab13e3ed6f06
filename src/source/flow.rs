//! How a callback says whether reading goes on.

/// Whether a reader's caller wants more rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    More,
    /// Stop reading; no error.
    Enough,
}
