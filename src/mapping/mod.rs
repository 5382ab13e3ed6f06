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
mod data;
pub mod date;
mod error;
mod file;
mod gather;
mod key;
mod known;
mod lookup;
mod phone;
mod plan;
mod rule;
mod scratch;
mod sensitivity;
pub mod starter;
mod target;
mod template;
mod template_columns;
mod timezone;
mod typed;
mod value;
mod words;

pub use apply::Filled;
pub use error::{MappingError, MappingProblem};
pub use file::{KeyColumns, Mapping, ReferenceLookup, SourceSettings, Validation};
pub use plan::{DateColumn, Plan};
pub use rule::{Constant, Feed, FieldRule, Rule, Transform};
pub use scratch::Scratch;
