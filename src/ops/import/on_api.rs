//! Looking on the API for rows that would be created.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::new_rows::NewRow;
use crate::api::{
    ApiError, Effort, Found, Keep, ListFilter, Others, PartnerScan, PartnersApi as _, Place,
    best_place, collect_all, find_by_word, find_one, plain_identifier,
};
use crate::ops::connect::ApiClient;
use crate::ops::unknown::Unknown;
use crate::partner::{ExternalId, PartnerId};
use crate::prepare::Survey;
use crate::state::Identifiers;

/// Partners of the list that a search is tried with before it is taken not to find what exists.
const TRIALS: usize = 3;

/// How many partners the API has, whatever their status, where it says so. A total below what its own page shows says nothing.
pub(super) async fn count_partners(api: &ApiClient) -> Result<Option<u64>, ApiError> {
    let page = api.list(&ListFilter::any_status(), 0, 1).await?;
    Ok(page
        .total_records
        .filter(|total| *total >= page.length as u64))
}

/// Ids of partners by legacyIdentifier, oldest first.
pub(super) type FoundPartners = HashMap<String, Vec<PartnerId>>;

/// What the API's list has.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Partners of the export.
    pub(super) found: FoundPartners,
    /// Partners of no row of the export.
    pub(super) others: Others,
    /// All identifiers that it showed, also as they are however they are written.
    pub(super) seen: Identifiers,
    /// How many partners it has.
    pub(super) partners: u64,
}

/// Walks over the whole list.
///
/// # Errors
/// [`ApiError::Incomplete`] where the list was not seen as a whole: what it has cannot be known.
pub(super) async fn walk(api: &ApiClient, survey: &Survey) -> Result<Walked, ApiError> {
    let seen = Mutex::new(Identifiers::default());
    let keep = |legacy: &str| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(legacy);
        if let Some(plain) = plain_identifier(legacy) {
            seen.insert(&plain);
        }
        if survey.has_identifier(legacy) {
            Keep::Wanted
        } else {
            Keep::Other
        }
    };
    let all = collect_all(api, &keep).await?;
    Ok(Walked {
        found: all.found,
        others: all.others,
        partners: all.partners,
        seen: seen.into_inner().unwrap_or_else(PoisonError::into_inner),
    })
}

/// Looks for rows on the API: in the whole list, where that is short or does not say how long it is; else for the sample
/// first, and in the whole list only where one of these is found, or where searches do not find partners of the list itself.
/// None where the list was not walked, and none of the sample is there.
///
/// # Errors
/// [`ApiError::Incomplete`] where the list was not seen as a whole: what it has cannot be known.
pub(super) async fn look_for(
    api: &Arc<ApiClient>,
    unknown: Unknown,
    sample: &[&NewRow],
    workers: usize,
    survey: &Survey,
) -> Result<Option<Walked>, ApiError> {
    if unknown.is_long_list() && !sample.is_empty() {
        let reach = reach_of_searches(api).await?;
        if reach.is_some() && !is_any_there(api, sample, reach, workers).await? {
            return Ok(None);
        }
    }
    walk(api, survey).await.map(Some)
}

/// Where a word may stand in a name so that a search for it finds the partner: tried with partners of the list's first page.
/// None where a search does not find them.
async fn reach_of_searches(api: &Arc<ApiClient>) -> Result<Option<Place>, ApiError> {
    let mut scan = PartnerScan::whole().with_gets(TRIALS as u64);
    let there = scan.next(&**api).await?.unwrap_or_default();
    let mut known: Vec<(ExternalId, &str)> = there
        .iter()
        .filter_map(|p| Some((p.legacy_identifier.as_deref()?, p.business_name()?)))
        .map(|(legacy, name)| (ExternalId::new(legacy), name))
        .collect();
    known.sort_by_key(|(_, name)| std::cmp::Reverse(best_place(name)));
    for (legacy, name) in known.iter().take(TRIALS) {
        let found = find_by_word(&**api, legacy, name).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Whether one of these rows is on the API, or may be: a look-up that proves nothing leaves it open, and so does a search
/// for a word that stands where searches were not seen to find.
async fn is_any_there(
    api: &Arc<ApiClient>,
    sample: &[&NewRow],
    reach: Option<Place>,
    workers: usize,
) -> Result<bool, ApiError> {
    for some in sample.chunks(workers.max(1)) {
        let mut looks = tokio::task::JoinSet::new();
        for row in some {
            let (api, legacy) = (Arc::clone(api), row.legacy_identifier.clone());
            let name = row.business_name.clone();
            looks.spawn(async move { find_one(&*api, &legacy, &name, Effort::Prove).await });
        }
        while let Some(look) = looks.join_next().await {
            match look {
                Ok(Ok(Found::Absent { by, alike })) if by <= reach && alike.is_empty() => {}
                Ok(Ok(_) | Err(ApiError::Incomplete(_))) | Err(_) => return Ok(true),
                Ok(Err(error)) => return Err(error),
            }
        }
    }
    Ok(false)
}
