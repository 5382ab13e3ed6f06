//! What belongs to a create beside the row's own body: other rows' partners, and the query flags.

use std::sync::Arc;

use super::id::RowKey;

/// The two query flags of a create.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Query {
    /// `createApptivoAccount`: the API also makes an Apptivo account.
    pub create_apptivo_account: bool,
    /// `createBillDotComProfile`: the API also makes a Bill.com profile.
    pub create_bill_com_profile: bool,
}

/// A place in the body that waits for another row's partner id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The request field that takes the id, for messages.
    pub field: Arc<str>,
    /// The key of the row whose partner is meant.
    pub key: RowKey,
    /// Byte offset in the body.
    pub at: usize,
}
