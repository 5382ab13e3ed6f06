//! Workbooks: cells with their types; serial dates stay raw with the workbook's epoch.
//!
//! XLSX and XLSB are streamed cell by cell; XLS and ODS are read as a whole, since calamine reads them so. Either
//! way a sheet is parsed once, by a thread of its own ([`parsing`]): [`spool`] keeps its rows, and the first pass reads
//! them while they come. What an XLSX sheet holds beside its values is looked for by another thread, which goes ahead
//! ([`read_barrier`]).
//! Before a parser takes a file in, [`package`] or [`ole`] has looked at its size and structure, and a
//! parser that panics all the same is a broken file, not the end of the program.

mod binary_looks;
mod book;
mod damage;
mod detect;
mod facts;
mod guard;
mod kind;
mod look;
mod number_format;
mod ods_scan;
mod ole;
mod package;
mod packed;
mod padding;
mod parsing;
mod plain;
mod read_barrier;
mod row_builder;
mod sheet_scan;
mod spool;
mod tables;
mod unpacked;
mod value;
mod xml;

pub(super) use self::detect::detect;
pub use self::kind::Kind;
pub(super) use self::packed::Packed;
pub(super) use self::spool::Spool;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod tests;
