//! Looking on the API for rows that would be created.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::new_rows::NewRow;
use crate::api::{
    ApiError, Effort, Found, Keep, ListFilter, Others, PartnerScan, PartnersApi as _, Place,
    best_place, collect_all, find_by_word, find_one, plain_identifier,
};
use crate::delivery::Stop;
use crate::ops::connect::ApiClient;
use crate::ops::unknown::Unknown;
use crate::partner::{ExternalId, Fingerprinter, PartnerId};
use crate::prepare::{Exports, PrepareError, Survey};
use crate::source::Flow;
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
    /// Partners of no row of the export, that are alike to one.
    pub(super) others: Others,
    /// All identifiers that it showed, also as they are however they are written.
    pub(super) seen: Identifiers,
    /// How many partners it has.
    pub(super) partners: u64,
}

/// What is looked for in the list: partners of rows, and partners alike to them.
pub(super) struct Wanted<'w> {
    survey: &'w Survey,
    /// What is left of the rows' identifiers however they are written.
    plain: Identifiers,
}

impl<'w> Wanted<'w> {
    /// All rows of the export. They are read for it: a list may be long, and only what is alike to a row is kept of it.
    pub(super) fn of(
        exports: &Exports,
        survey: &'w Survey,
        fingerprinter: &Fingerprinter,
        stop: &Stop,
    ) -> Result<Self, PrepareError> {
        let mut plain = Identifiers::default();
        exports.prepare(survey, Some(fingerprinter), None, &|_| true, &mut |rows| {
            let partners = rows.iter().filter_map(|row| row.partner.as_ref());
            for written in partners.filter_map(|p| plain_identifier(p.legacy_identifier.as_str())) {
                plain.insert(&written);
            }
            if stop.is_requested() {
                Flow::Enough
            } else {
                Flow::More
            }
        })?;
        Ok(Self { survey, plain })
    }

    /// What a partner with this identifier is; the other way to write it is in `plain`.
    fn keep(&self, legacy: &str, plain: Option<&str>) -> Keep {
        if self.survey.has_identifier(legacy) {
            Keep::Wanted
        } else if plain.is_some_and(|plain| self.plain.contains(plain)) {
            Keep::Other
        } else {
            Keep::Nothing
        }
    }
}

/// Walks over the whole list.
///
/// # Errors
/// [`ApiError::Incomplete`] where the list was not seen as a whole: what it has cannot be known.
pub(super) async fn walk(api: &ApiClient, wanted: &Wanted<'_>) -> Result<Walked, ApiError> {
    let seen = Mutex::new(Identifiers::default());
    let keep = |legacy: &str| {
        let plain = plain_identifier(legacy);
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(legacy);
        if let Some(plain) = &plain {
            seen.insert(plain);
        }
        wanted.keep(legacy, plain.as_deref())
    };
    let all = collect_all(api, &keep).await?;
    Ok(Walked {
        found: all.found,
        others: all.others,
        partners: all.partners,
        seen: seen.into_inner().unwrap_or_else(PoisonError::into_inner),
    })
}

/// Whether the whole list has to be walked to know which rows the API has: where it is short or does not say how long it is;
/// else only where one of the sample is found, or where searches do not find partners of the list itself.
///
/// # Errors
/// Those of searches; one that proves nothing is none, but a reason to walk.
pub(super) async fn has_to_walk(
    api: &Arc<ApiClient>,
    unknown: Unknown,
    sample: &[&NewRow],
    workers: usize,
) -> Result<bool, ApiError> {
    if !unknown.is_long_list() || sample.is_empty() {
        return Ok(true);
    }
    let reach = reach_of_searches(api).await?;
    Ok(reach.is_none() || is_any_there(api, sample, reach, workers).await?)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A list may have a million partners that are no row's: none of them is kept.
    #[test]
    fn only_what_is_alike_to_a_row_is_kept() {
        let mut plain = Identifiers::default();
        plain.insert("7");
        plain.insert("k1");
        let survey = Survey::default();
        let wanted = Wanted {
            survey: &survey,
            plain,
        };
        for (shown, keep) in [
            ("007", Keep::Other),
            ("K-1", Keep::Other),
            ("70", Keep::Nothing),
            ("--", Keep::Nothing),
        ] {
            let kept = wanted.keep(shown, plain_identifier(shown).as_deref());
            assert_eq!(kept, keep, "{shown}");
        }
    }
}
