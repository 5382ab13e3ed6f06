//! A file → a mapping proposed for it, with the evidence of every line.
//!
//! What comes in: the header, counts over the cells of each column, and the first rows. What goes out: a mapping's text in which
//! each line is sure, or has a question that stops every run until a person has answered it. A name alone is never enough for a
//! date, a yes or bank data. Nothing is hidden: columns that were not placed are listed.

mod columns;
mod content;
mod facts;
mod groups;
mod judge;
mod key;
mod looks;
mod name;
mod name_words;
mod proposal;
mod propose;
mod region;
mod schema;
mod settings;
mod spelling;
mod template;
mod title;
mod write;
mod yes_no;

pub use columns::Columns;
pub use facts::{ColumnFacts, Facts, may_be_sensitive};
pub use proposal::{Assignment, KeyChoice, Proposal, Setting, Translation};
pub use propose::propose;
pub use schema::json_schema;
pub use template::template;
pub use write::{Remarks, Undecided};
