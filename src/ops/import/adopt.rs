//! `--adopt`: partners that are on the API already are recorded, not created again. So a migration that was
//! begun by hand, or by another tool, is continued.
//!
//! The whole partner list is paged once; then the files are read once, and every row whose exact
//! legacyIdentifier was seen and whose record says that it has no partner gets one.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

use crate::api::collect_by_identifier;
use crate::delivery::{Stop, duplicates, place};
use crate::ops::connect::ApiClient;
use crate::ops::error::OpError;
use crate::ops::known::KnownRows;
use crate::partner::{PreparedPartner, RowKey, RowOutcome, RowResult};
use crate::prepare::{Exports, Survey};
use crate::report::Collector;
use crate::source::Flow;
use crate::state::{Claim, Doubt, Event, Ledger, RecordState, Settlement, StateError, step};

/// What adoption needs.
pub(in crate::ops) struct Adoption<'a> {
    pub(in crate::ops) api: &'a Arc<ApiClient>,
    pub(in crate::ops) handle: &'a Handle,
    pub(in crate::ops) exports: &'a Exports,
    pub(in crate::ops) survey: &'a Survey,
    pub(in crate::ops) ledger: &'a Ledger,
    pub(in crate::ops) collector: &'a Arc<Mutex<Collector>>,
    pub(in crate::ops) stop: &'a Stop,
}

impl Adoption<'_> {
    /// Adopts, tells each adopted row, and returns their ordinals. `rest` takes every other row.
    pub(in crate::ops) fn run(
        &self,
        rest: &mut dyn FnMut(crate::prepare::PreparedRow, Option<RecordState>),
    ) -> Result<HashSet<u32>, OpError> {
        let wanted = |legacy: &str| self.survey.has_identifier(legacy);
        let found = self
            .handle
            .block_on(collect_by_identifier(&**self.api, &wanted))?;
        tracing::info!(
            count = found.len(),
            "partners of the export are on the API already"
        );
        let reader = self.ledger.reader()?;
        let parents = KnownRows::new(Some(reader.again()?));
        let known = |key: &RowKey| parents.is_created(key);
        let mut adopted = HashSet::new();
        let mut trouble: Option<StateError> = None;
        self.exports.prepare(
            self.survey,
            Some(self.ledger.fingerprinter()),
            None,
            &known,
            &mut |rows| {
                let keys: Vec<RowKey> = rows.iter().filter_map(|r| r.key.clone()).collect();
                let states = match reader.known(keys.iter().map(RowKey::as_str)) {
                    Ok(known) => known,
                    Err(error) => {
                        trouble = Some(error);
                        return Flow::Enough;
                    }
                };
                let mut states = states.into_iter();
                let mut settlements = Vec::new();
                let mut results = Vec::new();
                for row in rows {
                    let state = row
                        .key
                        .as_ref()
                        .and_then(|_| states.next().flatten())
                        .map(|k| k.state);
                    let hit = row
                        .partner
                        .as_ref()
                        .and_then(|p| found.get(p.legacy_identifier.as_str()));
                    match (&row.partner, hit) {
                        (Some(partner), Some(ids))
                            if step(state, Event::Found).is_ok() && !ids.is_empty() =>
                        {
                            settlements.push(settlement(partner, &ids[0], state));
                            adopted.insert(partner.origin.ordinal);
                            let mut diagnostics = row.diagnostics;
                            if ids.len() > 1 {
                                let ids: Vec<&str> =
                                    ids.iter().map(crate::partner::PartnerId::as_str).collect();
                                diagnostics.push(duplicates(
                                    place(partner),
                                    partner.legacy_identifier.as_str(),
                                    &ids,
                                ));
                            }
                            results.push(RowResult {
                                origin: row.origin,
                                key: row.key,
                                legacy_identifier: Some(partner.legacy_identifier.clone()),
                                outcome: RowOutcome::Adopted,
                                partner: Some(ids[0].clone()),
                                diagnostics,
                            });
                        }
                        _ => rest(row, state),
                    }
                }
                if let Err(error) = self.handle.block_on(self.ledger.settle(settlements)) {
                    trouble = Some(error);
                    return Flow::Enough;
                }
                let mut collector = self
                    .collector
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                for row in results {
                    collector.add(row);
                }
                if self.stop.is_requested() {
                    Flow::Enough
                } else {
                    Flow::More
                }
            },
        )?;
        match trouble {
            Some(error) => Err(error.into()),
            None => Ok(adopted),
        }
    }
}

fn settlement(
    partner: &PreparedPartner,
    id: &crate::partner::PartnerId,
    state: Option<RecordState>,
) -> Settlement {
    let mut settlement = Settlement::new(partner.key.clone(), Event::Found);
    settlement.partner = Some(id.clone());
    if state.is_none() {
        settlement.adopted = Some(Claim {
            key: partner.key.clone(),
            fingerprint: partner.fingerprint,
            legacy_identifier: partner.legacy_identifier.clone(),
            business_name: partner.business_name.to_string(),
        });
    }
    settlement
}

/// Doubts that adoption did not settle.
pub(in crate::ops) fn doubts_left(
    ledger: &Ledger,
    doubts: Vec<Doubt>,
) -> Result<Vec<Doubt>, OpError> {
    if doubts.is_empty() {
        return Ok(doubts);
    }
    let known = ledger
        .reader()?
        .known(doubts.iter().map(|d| d.key.as_str()))?;
    let open = |known: &Option<crate::state::Known>| {
        known
            .as_ref()
            .is_some_and(|k| k.state == RecordState::InDoubt)
    };
    Ok(doubts
        .into_iter()
        .zip(known)
        .filter(|(_, k)| open(k))
        .map(|(d, _)| d)
        .collect())
}
