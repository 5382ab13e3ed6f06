//! Partners read back from the API, kept as short hashes of their fields: what `verify` compares a source with.
//!
//! The whole list is walked once, a hundred partners a request; each partner that the state knows leaves four
//! bytes a field. A sample is got partner by partner. What differs is got once more, for its values.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::api::{ApiError, PartnerScan, PartnersApi as _, RemotePartner};
use crate::delivery::Stop;
use crate::ops::connect::ApiClient;
use crate::partner::{ApiWords, PartnerId, fields_of_answer};

/// What list and get have to show so that all fields can be compared.
const INCLUDE: [&str; 2] = ["parent-partner", "partner-type"];

/// Partners as the API has them.
#[derive(Debug, Default)]
pub(super) struct Readback {
    fields: FxHashMap<PartnerId, Box<[u32]>>,
    /// Ids of ours by legacyIdentifier, where there are several.
    pub(super) duplicates: Vec<(String, Vec<PartnerId>)>,
}

impl Readback {
    /// Walks over the whole list. `known` says which partners are to be compared, `ours` which
    /// legacyIdentifiers belong to the source.
    ///
    /// # Errors
    /// [`ApiError::Incomplete`] where not all partners could be read.
    pub(super) async fn whole(
        api: &Arc<ApiClient>,
        stop: &Stop,
        known: &(dyn Fn(&PartnerId) -> bool + Sync),
        ours: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Self, ApiError> {
        let mut scan = PartnerScan::whole_with(&INCLUDE);
        let mut read = Self::default();
        let mut by_legacy: FxHashMap<String, Vec<PartnerId>> = FxHashMap::default();
        while let Some(items) = scan.next(&**api).await? {
            if stop.is_requested() {
                return Err(ApiError::Stopped);
            }
            for item in items {
                if let Some(legacy) = item.legacy_identifier.as_ref().filter(|l| ours(l)) {
                    by_legacy
                        .entry(legacy.clone())
                        .or_default()
                        .push(item.id.clone());
                }
                if known(&item.id) {
                    read.add(&item);
                }
            }
        }
        // What was not seen would be reported as gone.
        scan.complete()?;
        read.duplicates = by_legacy
            .into_iter()
            .filter(|(_, ids)| ids.len() > 1)
            .collect();
        read.duplicates.sort();
        Ok(read)
    }

    /// Gets some partners.
    pub(super) async fn some(
        api: &Arc<ApiClient>,
        stop: &Stop,
        ids: &[PartnerId],
    ) -> Result<Self, ApiError> {
        let mut read = Self::default();
        for id in ids {
            if stop.is_requested() {
                return Err(ApiError::Stopped);
            }
            if let Some(partner) = get(api, id).await? {
                if !partner.has_party() {
                    return Err(ApiError::Unreadable(ApiWords::new(
                        "the API shows the partner without its party, so it cannot be compared",
                    )));
                }
                read.add(&partner);
            }
        }
        Ok(read)
    }

    fn add(&mut self, partner: &RemotePartner) {
        let mut hashes: Vec<u32> = fields_of_answer(&partner.raw)
            .iter()
            .map(crate::partner::FieldText::hash)
            .collect();
        hashes.sort_unstable();
        self.fields
            .insert(partner.id.clone(), hashes.into_boxed_slice());
    }

    /// The hashes of a partner's fields, ascending; `None` where the API does not have it.
    pub(super) fn of(&self, id: &PartnerId) -> Option<&[u32]> {
        self.fields.get(id).map(|f| &**f)
    }
}

/// One partner with all that can be compared.
pub(super) async fn get(
    api: &Arc<ApiClient>,
    id: &PartnerId,
) -> Result<Option<RemotePartner>, ApiError> {
    api.get(id, &INCLUDE.map(str::to_owned)).await
}
