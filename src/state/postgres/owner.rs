//! For whom rows are written, and how texts, partners and the table of moves are.

use std::borrow::Cow;

use super::super::hash_key::KeyNumber;
use super::super::note::Settlement;
use super::super::place::StateAddress;
use super::super::record::{Event, sources};
use super::super::space::SpaceId;
use super::error::Trouble;
use crate::partner::PartnerId;

/// For whom rows are written.
pub(super) struct Owner<'o> {
    pub(super) state: &'o StateAddress,
    pub(super) space: SpaceId,
    pub(super) run: i64,
    pub(super) key: KeyNumber,
    pub(super) machine: &'o str,
    pub(super) generation: i64,
    /// The import that the machine shares, where the number of its rows is limited.
    pub(super) limited: Option<i64>,
}

impl Owner<'_> {
    pub(super) fn trouble(&self) -> impl Fn(postgres::Error) -> Trouble {
        |error| Trouble::of(&error, self.state)
    }
}

/// A text as Postgres can keep it: it knows no NUL.
pub(super) fn text(of: &str) -> Cow<'_, str> {
    if of.contains('\0') {
        Cow::Owned(of.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(of)
    }
}

/// The states from which an event is legal, as SQL: the table of moves decides, not this file.
pub(super) fn legal(event: Event) -> String {
    let codes: Vec<String> = sources(event)
        .0
        .iter()
        .map(|s| s.code().to_string())
        .collect();
    codes.join(", ")
}

/// The partner that a settlement brings.
pub(super) fn partner(s: &Settlement) -> Option<Cow<'_, str>> {
    s.partner.as_ref().map(PartnerId::as_str).map(text)
}
