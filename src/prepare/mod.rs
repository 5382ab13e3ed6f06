//! From files and a mapping to rows that are ready to send; shared by `check` and `import`.
//!
//! What comes in: files and a mapping. What goes out, pass by pass: a [`Survey`] of all rows (evidence for
//! dates, keys that occur twice, rows that refer to each other in a circle), then every row as
//! [`PreparedRow`]: ready to send, or invalid with the diagnostics that say why. Rows with nothing to report and nothing
//! to be sent need no second pass: the survey checks them on its way ([`Ahead`]). Memory does not grow with the file
//! except for hashes: eight bytes a row for the key, eight for the other cells (sixteen where the key is also the name, the
//! phone number, the e-mail address or the postal code), and sixteen for each reference to a row of the files.

mod ahead;
mod batch_cells;
mod clusters;
mod content;
mod context;
mod cycle;
mod diagnose;
mod early_check;
mod example;
mod exports;
mod first_pass;
mod flags;
mod keyed;
mod keys;
mod lookups;
mod number_keys;
mod parallel;
mod pass;
mod pieces;
mod place;
mod prepared_row;
mod preview;
mod record;
mod record_words;
mod row;
mod row_words;
mod second_look;
mod survey;
mod tally;

pub use self::ahead::{Ahead, AreDone};
pub use self::example::Example;
pub use self::exports::{Export, Exports, PrepareError, options_of};
pub use self::keyed::KeyedRows;
pub use self::lookups::{LookupCoverage, WordCount};
pub use self::pass::Hurry;
pub use self::prepared_row::PreparedRow;
pub use self::preview::{Preview, PreviewRow};
pub use self::survey::Survey;
pub use self::tally::{FieldTally, Sample, Tally};
