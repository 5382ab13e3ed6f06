//! The flags of a create: a row's own, and those that a run sets for all rows.

use crate::partner::Query;

/// A flag is set where either says so.
pub(super) fn either(always: Query, own: Query) -> Query {
    Query {
        create_apptivo_account: own.create_apptivo_account || always.create_apptivo_account,
        create_bill_com_profile: own.create_bill_com_profile || always.create_bill_com_profile,
    }
}
