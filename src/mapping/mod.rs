//! The mapping: `SourceRow` → Draft (pure).
//!
//! What comes in: the user's mapping file, a header, and rows. What goes out: a draft of typed values for
//! each row, with findings. Every date passes through [`date`]; ambiguity is a finding, never a guess.
//! Nothing here reads files, asks the network or knows what was sent before.

mod address;
mod apply;
mod cell;
mod coerce;
mod compile;
mod constant;
mod cut_up;
mod data;
pub mod date;
mod decimal;
mod doubtful;
pub mod edit;
mod entity;
mod error;
mod excerpt;
mod file;
mod gather;
mod identifier;
mod key;
mod known;
mod likeness;
mod looked_up;
mod lookup;
mod missing;
mod named_columns;
mod phone;
mod placeholder;
mod plain;
mod plan;
mod quiet;
mod row_buffers;
mod rule;
mod sensitivity;
pub mod starter;
mod target;
mod template;
mod template_columns;
mod timezone;
mod typed;
mod unsendable;
mod unused_list;
mod value;
mod value_columns;
mod value_file;
mod words;
mod yes_no;

pub use apply::Filled;
pub use decimal::is_decimal_whole;
pub use error::{MappingError, MappingProblem};
pub use file::{KeyColumns, Mapping, MappingTest, ReferenceLookup, SourceSettings, Validation};
pub use likeness::{Contact, Likeness};
pub use looked_up::LookedUp;
pub use placeholder::{Placeholder, placeholder};
pub use plan::{DateColumn, Plan};
pub use row_buffers::RowBuffers;
pub use rule::{
    Constant, Feed, FieldRule, Lookup, Question, Rule, Selection, Transform, ValueWord,
};
pub use sensitivity::columns_of_feed;
pub use value_columns::{TableColumn, table_columns, table_header};

#[cfg(test)]
mod cell_tests;
#[cfg(test)]
mod page;
#[cfg(test)]
mod phone_tests;
#[cfg(test)]
mod together_tests;
#[cfg(test)]
mod trial;
#[cfg(test)]
mod value_cases;
#[cfg(test)]
mod value_tests;
