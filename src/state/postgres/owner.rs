//! For whom rows are written, and how texts are.

use std::borrow::Cow;

use super::super::hash_key::KeyNumber;
use super::super::place::StateAddress;
use super::super::space::SpaceId;
use super::error::Trouble;

/// For whom rows are written.
pub(super) struct Owner<'o> {
    pub(super) state: &'o StateAddress,
    pub(super) space: SpaceId,
    pub(super) run: i64,
    pub(super) key: KeyNumber,
    pub(super) machine: &'o str,
    pub(super) generation: i64,
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
