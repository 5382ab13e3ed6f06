//! The names of columns that reports add to rows of the source, and that a later import knows.

/// The column that `partners.csv` adds: a table with it is one that we wrote with guards, whatever its other columns are.
pub const PARTNER_COLUMN: &str = "_partner_id";
/// Stands before a cell of rejected rows whose value is not certain, such as a date that a spreadsheet may have swapped: as text it
/// would look certain. A cell that still has it is refused.
pub const UNCERTAIN: char = '\u{26a0}';
/// The column in which rejected rows note how their dates were read.
pub const DATES_COLUMN: &str = "_dates";
