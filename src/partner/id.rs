//! The three names by which a partner is known, kept apart by type.

use std::fmt;
use std::sync::Arc;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text as it was wrapped.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_id! {
    /// What makes a source row itself, within a mapping's name: the mapped key columns.
    RowKey
}
text_id! {
    /// `organization.legacyIdentifier`: the handle by which a partner made earlier is recognised on the API.
    ExternalId
}
text_id! {
    /// The API's own id of a partner: opaque text, a UUID in all documented examples.
    PartnerId
}
