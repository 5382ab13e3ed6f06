//! Ready to send: the body, the row's identity, its links, and where it came from.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::fingerprint::Fingerprint;
use super::id::{ExternalId, RowKey};
use super::link::{Link, Query};
use super::payload::Body;

/// The source's own cells of some rows, as read: what a rejects file is made of.
pub trait SourceCells: Send + Sync + fmt::Debug {
    /// The cells of a row in the order of the header.
    fn cells(&self, index: u32) -> Vec<Cow<'_, str>>;
    /// One of them, for people.
    fn cell(&self, index: u32, column: usize) -> Cow<'_, str> {
        let cells = self.cells(index);
        cells.into_iter().nth(column).unwrap_or_default()
    }
    /// Hands over the same, by column, with the types that their file gave them: what a marked-up workbook is made of.
    fn each_value(&self, index: u32, each: &mut dyn FnMut(usize, SourceValue<'_>));
}

/// A cell of the source, typed as its file types it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SourceValue<'t> {
    /// No cell, or an empty one.
    Empty,
    /// A text, unchanged.
    Text(&'t str),
    /// A number without a date style.
    Number(f64),
    /// Days with a date style, by the 1900 system.
    Days(f64),
    /// A cell that the file types as true or false.
    Boolean(bool),
}

/// Where a row came from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Number of the file among those given, from 0.
    pub file: u32,
    /// The row as a spreadsheet shows it, counted on over all files: what a later pass names it by.
    pub ordinal: u32,
    /// The row as a spreadsheet shows it, from 1.
    pub row: u64,
    /// The cells of the rows that were read together with it.
    pub batch: Arc<dyn SourceCells>,
    /// The row's place among the rows of `batch`, from 0.
    pub index: u32,
}

impl Origin {
    /// The row's own cells in the order of the header.
    #[must_use]
    pub fn cells(&self) -> Vec<Cow<'_, str>> {
        self.batch.cells(self.index)
    }

    /// One of them, for people.
    #[must_use]
    pub fn cell(&self, column: usize) -> Cow<'_, str> {
        self.batch.cell(self.index, column)
    }

    /// Hands over the same, by column, with the types that their file gave them.
    pub fn each_value(&self, each: &mut dyn FnMut(usize, SourceValue<'_>)) {
        self.batch.each_value(self.index, each);
    }
}

/// A row that can be sent.
#[derive(Debug, Clone)]
pub struct PreparedPartner {
    /// The row's key within its mapping.
    pub key: RowKey,
    /// What is looked for on the API.
    pub legacy_identifier: ExternalId,
    /// What is searched for on the API.
    pub business_name: Arc<str>,
    /// The request body; links stand open.
    pub body: Body,
    /// Open places in the body, in ascending order of offset.
    pub links: Vec<Link>,
    /// The query flags of its create.
    pub query: Query,
    /// The keyed hash of all that would be sent.
    pub fingerprint: Fingerprint,
    /// Where the row came from.
    pub origin: Origin,
    /// Columns of the source whose cells nobody may see.
    pub sensitive_columns: Arc<[usize]>,
}
