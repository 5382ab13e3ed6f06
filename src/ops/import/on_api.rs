//! Looking on the API for rows that would be created.

use std::collections::HashMap;
use std::sync::Arc;

use super::new_rows::NewRow;
use crate::api::{
    ApiError, Effort, Found, ListFilter, PartnersApi as _, collect_by_identifier,
    find_by_identifier,
};
use crate::ops::connect::ApiClient;
use crate::ops::unknown::Unknown;
use crate::partner::PartnerId;

/// How many partners the API has, whatever their status, where it says so. A total below what its own page shows says nothing.
pub(super) async fn count_partners(api: &ApiClient) -> Result<Option<u64>, ApiError> {
    let page = api.list(&ListFilter::any_status(), 0, 1).await?;
    Ok(page
        .total_records
        .filter(|total| *total >= page.length as u64))
}

/// Ids of partners by legacyIdentifier, oldest first.
pub(super) type FoundPartners = HashMap<String, Vec<PartnerId>>;

/// Looks for rows on the API: in the whole list, where that is short or does not say how long it is; else for the sample
/// first, and in the whole list only where one of these is found.
///
/// # Errors
/// [`ApiError::Incomplete`] where the list was not seen as a whole: what it has cannot be known.
pub(super) async fn look_for(
    api: &Arc<ApiClient>,
    unknown: Unknown,
    sample: &[&NewRow],
    workers: usize,
    wanted: &(dyn Fn(&str) -> bool + Sync),
) -> Result<FoundPartners, ApiError> {
    if unknown.is_long_list() && !sample.is_empty() && !is_any_there(api, sample, workers).await? {
        return Ok(FoundPartners::new());
    }
    Ok(collect_by_identifier(&**api, wanted).await?.found)
}

/// Whether one of these rows is on the API, or may be: a look-up that proves nothing leaves it open.
async fn is_any_there(
    api: &Arc<ApiClient>,
    sample: &[&NewRow],
    workers: usize,
) -> Result<bool, ApiError> {
    for some in sample.chunks(workers.max(1)) {
        let mut looks = tokio::task::JoinSet::new();
        for row in some {
            let (api, legacy) = (Arc::clone(api), row.legacy_identifier.clone());
            let name = row.business_name.clone();
            looks.spawn(
                async move { find_by_identifier(&*api, &legacy, &name, Effort::Prove).await },
            );
        }
        while let Some(look) = looks.join_next().await {
            match look {
                Ok(Ok(Found::Absent)) => {}
                Ok(Ok(Found::Partners(_) | Found::NotSeen) | Err(ApiError::Incomplete(_)))
                | Err(_) => return Ok(true),
                Ok(Err(error)) => return Err(error),
            }
        }
    }
    Ok(false)
}
