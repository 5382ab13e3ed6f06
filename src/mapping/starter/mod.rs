//! A file → a mapping proposed for it, with the evidence of every line.
//!
//! What comes in: the header and counts over the cells of each column. What goes out: a mapping's text that
//! can be used as it is, or that says on each line what is left to decide. Nothing is hidden: columns that
//! were not placed are listed, and so are required fields without a column.

mod columns;
mod content;
mod name;
mod proposal;
mod propose;
mod schema;
mod synonyms;
mod template;
mod write;

pub use columns::Columns;
pub use proposal::{Assignment, Proposal};
pub use propose::propose;
pub use schema::json_schema;
pub use template::template;
pub use write::Remarks;
