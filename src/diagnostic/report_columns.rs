//! The names of columns that reports add to rows of the source, and that a later import knows.

/// The column that `partners.csv` adds: a table with it is one that we wrote with guards, whatever its other columns are.
pub const PARTNER_COLUMN: &str = "_partner_id";
/// The column in which rejected rows note how their dates were read.
pub const DATES_COLUMN: &str = "_dates";
