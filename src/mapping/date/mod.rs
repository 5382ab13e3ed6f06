//! Every date of the program: text or cell → calendar date, or a refusal with its reason. Never a guess.
//!
//! Reading is done in two steps. [`read_text`] and [`read_cell`] say what a value can mean by itself: a
//! date, a choice between orders of day and month, or nothing. [`settle`] then decides a choice by the
//! hint or by the verdict of the value's own column ([`Evidence`]), and by nothing else. The policy is
//! that of `docs/dates.md`; its point numbers stand in the comments.

mod calendar;
mod cell;
mod cursor;
mod evidence;
mod grammar;
mod hints;
mod memo;
mod mixed;
mod names;
mod noted;
mod parse;
mod reading;
mod serial;
mod settle;
mod time;

pub use cell::read_cell;
pub use evidence::{Evidence, Verdict};
pub use hints::{Format, Hints, Order};
pub use memo::{Readings, SettledDates};
pub use mixed::settle_date_cell;
pub use names::Locale;
pub use noted::{NotesOf, noted};
pub use parse::{read_common, read_text};
pub use reading::{Meaning, Reading, Refusal};
pub use serial::{read_epoch, read_serial};
pub(super) use settle::settle_quietly;
pub use settle::{Settled, settle};

#[cfg(test)]
mod case;
#[cfg(test)]
mod cases;
#[cfg(test)]
mod edge_tests;
#[cfg(test)]
mod evidence_tests;
#[cfg(test)]
mod tests;
