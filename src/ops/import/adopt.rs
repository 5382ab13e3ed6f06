//! Adoption: partners that are on the API already are recorded, not created again. So a migration that was
//! begun by hand, by another tool or with a state that is lost, is continued.
//!
//! The partner list is searched first; then the files are read once, and every row whose exact legacyIdentifier was
//! seen and whose record says that it has no partner gets one. A row that the state knows nothing of, and that is alike to a
//! partner of no row, may have been sent by a run whose state is lost, to an API that writes identifiers otherwise: it is in
//! doubt, for a person to decide.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

use super::on_api::{FoundPartners, Walked, Wanted, walk};
use crate::api::{Alike, Others, plain_identifier};
use crate::delivery::{
    PartnerIds, Stop, duplicates, may_exist, of_another_row, place, taken, written_otherwise,
};
use crate::diagnostic::Diagnostic;
use crate::ops::connect::ApiClient;
use crate::ops::error::OpError;
use crate::ops::known::KnownRows;
use crate::partner::{ApiWords, PartnerId, PreparedPartner, RowKey, RowOutcome, RowResult};
use crate::prepare::{Exports, PreparedRow, Survey};
use crate::report::Collector;
use crate::source::Flow;
use crate::state::{
    Claim, Doubt, Event, Identifiers, Known, RecordState, Settlement, StateError, StateReader,
    StateWriter, step,
};

/// What adoption needs.
pub(in crate::ops) struct Adoption<'a> {
    pub(in crate::ops) api: &'a Arc<ApiClient>,
    pub(in crate::ops) handle: &'a Handle,
    pub(in crate::ops) exports: &'a Exports,
    pub(in crate::ops) survey: &'a Survey,
    pub(in crate::ops) state: &'a StateWriter,
    pub(in crate::ops) collector: &'a Arc<Mutex<Collector>>,
    pub(in crate::ops) stop: &'a Stop,
    /// Whether rows in doubt are recorded, too; otherwise the look-up of doubts finds them.
    pub(in crate::ops) takes_doubts: bool,
}

/// Rows that are done with, by their ordinals.
#[derive(Debug, Default)]
pub(in crate::ops) struct Adopted {
    /// All of them.
    pub(in crate::ops) ordinals: HashSet<u32>,
    /// How many of them have their partner.
    pub(in crate::ops) partners: u64,
}

impl Adoption<'_> {
    /// Looks in the whole list, then adopts: see [`Adoption::adopt`]. The state knows of the whole list then.
    pub(in crate::ops) fn run(
        &self,
        rest: &mut dyn FnMut(PreparedRow, Option<RecordState>),
    ) -> Result<Adopted, OpError> {
        let wanted = Wanted::of(
            self.exports,
            self.survey,
            self.state.fingerprinter(),
            self.stop,
        )?;
        let mut all = self.handle.block_on(walk(self.api, &wanted))?;
        let adopted = self.adopt(&mut all, rest)?;
        if !self.stop.is_requested() {
            let remembering = self.state.remember_total(all.partners, Some(all.seen));
            self.handle.block_on(remembering)?;
        }
        Ok(adopted)
    }

    /// Adopts what was found, tells each adopted row, and each that may have its partner there. Identifiers of rows that have
    /// their partner are taken out of those seen. `rest` takes every other row.
    pub(super) fn adopt(
        &self,
        all: &mut Walked,
        rest: &mut dyn FnMut(PreparedRow, Option<RecordState>),
    ) -> Result<Adopted, OpError> {
        let Walked {
            found,
            others,
            seen: unclaimed,
            ..
        } = all;
        tracing::info!(
            count = found.len(),
            "partners of the export are on the API already"
        );
        let reader = self.state.reader()?;
        remove_known(others, &reader)?;
        let mut ids = ids_in_use(Some(&reader), self.survey)?;
        let on_api = OnApi { found, others };
        let parents = KnownRows::new(Some(reader.reopen()?));
        let known = |key: &RowKey| parents.is_created(key);
        let hasher = Some(self.state.fingerprinter());
        let mut adopted = Adopted::default();
        let mut trouble: Option<StateError> = None;
        self.exports
            .prepare(self.survey, hasher, None, &known, &mut |rows| {
                let keys: Vec<RowKey> = rows.iter().filter_map(|r| r.key.clone()).collect();
                let taken = reader
                    .known(keys.iter().map(RowKey::as_str))
                    .and_then(|records| {
                        self.take(rows, records, &on_api, &mut ids, unclaimed, rest)
                    });
                match taken {
                    Ok(some) => {
                        adopted.ordinals.extend(some.ordinals);
                        adopted.partners += some.partners;
                    }
                    Err(error) => {
                        trouble = Some(error);
                        return Flow::Enough;
                    }
                }
                if self.stop.is_requested() {
                    Flow::Enough
                } else {
                    Flow::More
                }
            })?;
        match trouble.or_else(|| parents.trouble()) {
            Some(error) => Err(error.into()),
            None => Ok(adopted),
        }
    }

    fn is_wanted(&self, state: Option<RecordState>) -> bool {
        let is_open = matches!(state, Some(RecordState::InFlight | RecordState::InDoubt));
        self.takes_doubts || !is_open
    }

    /// Records the rows of a batch that were found, or that may be there, and hands the others on; returns the first.
    fn take(
        &self,
        rows: Vec<PreparedRow>,
        records: Vec<Option<Known>>,
        on_api: &OnApi<'_>,
        in_use: &mut PartnerIds,
        unclaimed: &mut Identifiers,
        rest: &mut dyn FnMut(PreparedRow, Option<RecordState>),
    ) -> Result<Adopted, StateError> {
        let mut records = records.into_iter();
        let mut settlements = Vec::new();
        let mut results = Vec::new();
        for row in rows {
            let record = row.key.as_ref().and_then(|_| records.next().flatten());
            let state = record.map(|k| k.state);
            let ids = row
                .partner
                .as_ref()
                .and_then(|p| on_api.found.get(p.legacy_identifier.as_str()));
            let alike = on_api.alike(&row, state);
            match (&row.partner, ids.map(Vec::as_slice)) {
                (Some(partner), Some(ids @ [first, ..]))
                    if self.is_wanted(state) && step(state, Event::FoundRemotely).is_ok() =>
                {
                    claim(unclaimed, partner);
                    // No two rows have one partner, whatever the list says.
                    if let Some(at) = ids.iter().position(|id| in_use.take(id)) {
                        settlements.push(settlement(partner, &ids[at], state));
                        results.push(adopted_row(row, &ids[at..]));
                    } else if state.is_none() {
                        settlements.push(in_doubt(partner, &of_another_row(first)));
                        let why = taken(partner, first);
                        results.push(doubtful_row(row, why));
                    } else {
                        // What is open in the state stays so: a look-up finds the same.
                        rest(row, state);
                    }
                }
                (Some(partner), None) if let Some(alike) = alike => {
                    settlements.push(in_doubt(partner, &written_otherwise(alike)));
                    let why = may_exist(partner, alike);
                    results.push(doubtful_row(row, why));
                }
                (partner, _) => {
                    if let (Some(partner), Some(RecordState::Created)) = (partner, state) {
                        claim(unclaimed, partner);
                    }
                    rest(row, state);
                }
            }
        }
        self.handle.block_on(self.state.settle(settlements))?;
        let has_partner = |row: &&RowResult| row.outcome == RowOutcome::Adopted;
        let done = Adopted {
            ordinals: results.iter().map(|r| r.origin.ordinal).collect(),
            partners: results.iter().filter(has_partner).count() as u64,
        };
        let mut collector = self
            .collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        for row in results {
            collector.add(row);
        }
        Ok(done)
    }
}

/// What the list has, as far as it may concern rows.
struct OnApi<'w> {
    found: &'w FoundPartners,
    others: &'w Others,
}

impl OnApi<'_> {
    /// A partner of no row that may be the one of a row of which the state knows nothing.
    fn alike(&self, row: &PreparedRow, state: Option<RecordState>) -> Option<&Alike> {
        let partner = row.partner.as_ref().filter(|_| state.is_none())?;
        self.others.like(partner.legacy_identifier.as_str())
    }
}

/// The partners that rows of the export have, as the state knows. One of a row that the export has no longer may be that of a
/// row under a new key, which takes it over.
pub(super) fn ids_in_use(
    reader: Option<&StateReader>,
    survey: &Survey,
) -> Result<PartnerIds, StateError> {
    let mut ids = PartnerIds::default();
    if let Some(reader) = reader {
        reader.each_created(&mut |key, id| {
            if survey.has_key(key) {
                ids.take(&PartnerId::new(id));
            }
        })?;
    }
    Ok(ids)
}

/// Takes those out that rows of the state have.
pub(super) fn remove_known(others: &mut Others, reader: &StateReader) -> Result<(), StateError> {
    let mut known = HashSet::new();
    let ids: HashSet<&str> = others.ids().collect();
    if !ids.is_empty() {
        reader.each_partner(&mut |id| {
            if ids.contains(id) {
                known.insert(id.to_owned());
            }
        })?;
    }
    others.remove(&known);
    Ok(())
}

/// The row's partner is known: nobody else's row may have its identifier.
fn claim(unclaimed: &mut Identifiers, partner: &PreparedPartner) {
    let legacy = partner.legacy_identifier.as_str();
    unclaimed.remove(legacy);
    if let Some(plain) = plain_identifier(legacy) {
        unclaimed.remove(&plain);
    }
}

/// The outcome of a row whose partner was found; several partners of one row are reported.
fn adopted_row(row: PreparedRow, ids: &[PartnerId]) -> RowResult {
    let mut diagnostics = row.diagnostics;
    let partner = row.partner.as_ref();
    if let (Some(partner), [_, _, ..]) = (partner, ids) {
        let ids: Vec<&str> = ids.iter().map(PartnerId::as_str).collect();
        let legacy = partner.legacy_identifier.as_str();
        diagnostics.push(duplicates(place(partner), legacy, &ids));
    }
    RowResult {
        origin: row.origin,
        key: row.key,
        legacy_identifier: row.partner.map(|p| p.legacy_identifier),
        outcome: RowOutcome::Adopted,
        partner: ids.first().cloned(),
        diagnostics,
    }
}

fn settlement(partner: &PreparedPartner, id: &PartnerId, state: Option<RecordState>) -> Settlement {
    let mut settlement = Settlement::new(partner.key.clone(), Event::FoundRemotely);
    settlement.partner = Some(id.clone());
    if state.is_none() {
        settlement.adopted = Some(known_by(partner));
    }
    settlement
}

fn known_by(partner: &PreparedPartner) -> Claim {
    Claim {
        key: partner.key.clone(),
        fingerprint: partner.fingerprint,
        legacy_identifier: partner.legacy_identifier.clone(),
        business_name: partner.business_name.to_string(),
    }
}

/// A row that may have been sent by a run whose state is lost.
fn in_doubt(partner: &PreparedPartner, why: &str) -> Settlement {
    let mut settlement = Settlement::new(partner.key.clone(), Event::MayExist);
    settlement.words = Some(ApiWords::new(why));
    settlement.adopted = Some(known_by(partner));
    settlement
}

fn doubtful_row(row: PreparedRow, why: Diagnostic) -> RowResult {
    let mut diagnostics = row.diagnostics;
    diagnostics.push(why);
    RowResult {
        origin: row.origin,
        key: row.key,
        legacy_identifier: row.partner.map(|p| p.legacy_identifier),
        outcome: RowOutcome::InDoubt,
        partner: None,
        diagnostics,
    }
}

/// Doubts that adoption did not settle.
pub(in crate::ops) fn doubts_left(
    state: &StateWriter,
    doubts: Vec<Doubt>,
) -> Result<Vec<Doubt>, OpError> {
    if doubts.is_empty() {
        return Ok(doubts);
    }
    let known = state
        .reader()?
        .known(doubts.iter().map(|d| d.key.as_str()))?;
    let open = |known: &Option<Known>| {
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
