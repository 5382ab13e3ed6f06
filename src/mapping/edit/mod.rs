//! Mapping text + change → mapping text, with comments and layout kept (pure).
//!
//! What comes in: the text of a mapping, which may have open questions, and one [`Change`]. What goes out: the text with
//! as few other lines as possible, mostly one. What is there and where `toml_edit` says; the change itself is a splice of the
//! text, so that everything else keeps its bytes: a document that is written anew would lose Windows' line ends and the
//! mark at the beginning. Whether the result is a mapping that works, only [`Mapping::parse`](super::Mapping::parse) says.
//!
//! - A line that is taken out is kept as a comment where it has one: `# city = "Town"   # by its name`. Where a field or setting is
//!   filled for which such a line stands in its table, that line is used, comment and all.
//! - A source that is set answers the line's question (`decide`).
//! - `undo`: the caller keeps the text from before.

mod align;
mod apply;
mod change;
mod comment;
mod commented;
mod error;
mod items;
mod lines;
mod nodes;
mod question;
mod rule;
mod section;
mod splice;
mod toml_text;
mod write;

pub use apply::apply;
pub use change::{Change, Level, LookupFile, NewTest, Place, RowsRule, RulePart, SettingValue};
pub use error::EditError;
pub use question::{Question, questions};

#[cfg(test)]
mod tests;
