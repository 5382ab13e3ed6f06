//! What rows are compared by, and in which columns it is.

use crate::partner::FieldKind;

/// What two rows of the same name can have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contact {
    /// The first telephone number.
    Phone,
    /// The first e-mail address.
    Email,
    /// The postal code of the first address.
    PostalCode,
}

impl Contact {
    /// All of them, in the order of [`Likeness::contacts`](super::Likeness::contacts).
    pub const ALL: [Self; 3] = [Self::Phone, Self::Email, Self::PostalCode];

    /// As it stands behind "the same".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Phone => "phone number",
            Self::Email => "e-mail address",
            Self::PostalCode => "postal code",
        }
    }

    pub(super) fn kind(self) -> FieldKind {
        match self {
            Self::Phone => FieldKind::Phone,
            Self::Email => FieldKind::Email,
            Self::PostalCode => FieldKind::PostalCode,
        }
    }
}

/// The columns by which rows are compared.
#[derive(Debug, Clone, Default)]
pub(in crate::mapping) struct LikenessColumns {
    /// The business name's: the first that is filled counts.
    pub(super) name: Vec<usize>,
    /// By [`Contact`], likewise.
    pub(super) contacts: [Vec<usize>; 3],
    /// Whether none of them is a part of the row's identity.
    pub(super) is_content: bool,
}
