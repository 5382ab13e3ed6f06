//! The comparison itself: each row with the partner that the state says it has.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;

use super::readback::{Readback, get};
use super::row_sign::RowSign;
use crate::api::{ApiError, Incomplete, RemotePartner};
use crate::delivery::{Decision, Stop, decide, duplicates, in_doubt, place};
use crate::diagnostic::{Code, ColumnAt, Diagnostic, Location, counted, visible};
use crate::ops::connect::Connection;
use crate::ops::error::OpError;
use crate::ops::export::unsent;
use crate::ops::known::KnownRows;
use crate::ops::request::VerifyRequest;
use crate::partner::{
    FieldText, PartnerId, PreparedPartner, RowKey, RowOutcome, RowResult, SensitiveValues,
    fields_of_answer, fields_of_request,
};
use crate::prepare::{Exports, PreparedRow, Survey, Tally};
use crate::report::{Collector, Counts, Verified};
use crate::secret::{Scrubber, mask};
use crate::source::Flow;
use crate::state::{Known, RecordState, StateReader};

/// Partners that differ and are got once more, to show what the API has.
const SHOWN_DIFFERENCES: usize = 200;
/// Partners that the list does not show and that are looked for by id, before the list is believed.
const CONFIRMED: u64 = 100;
/// What a row in doubt needs before it can be compared.
const SETTLE_FIRST: &str = "Run `partner-sync reconcile`, or import the export again: what is in doubt is looked up first. Then compare once more.";

/// Which partners are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// All that the state has.
    All,
    /// Those that canaries created since the last import.
    Canary,
}

/// A comparison under way.
pub(super) struct Comparison<'v> {
    pub(super) request: &'v VerifyRequest,
    pub(super) exports: &'v Exports,
    pub(super) survey: &'v Survey,
    pub(super) reader: StateReader,
    pub(super) connection: &'v Connection,
    pub(super) stop: &'v Stop,
    pub(super) runtime: &'v Handle,
    pub(super) found: Verified,
    pub(super) rows: Vec<(RowSign, String)>,
    pub(super) collector: &'v Arc<Mutex<Collector>>,
    pub(super) shown: usize,
    pub(super) read: Readback,
    /// Of a sample, the keys that are compared.
    pub(super) sample: Option<HashSet<String>>,
    pub(super) trouble: Option<OpError>,
    pub(super) which: Which,
    /// Rows whose key could not be read.
    pub(super) unreadable: u64,
    /// The rows that were read, as an import that sends nothing would count them.
    pub(super) counts: Counts,
}

impl Comparison<'_> {
    pub(super) fn lock(&self) -> MutexGuard<'_, Collector> {
        self.collector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn run(&mut self) -> Result<Tally, OpError> {
        let mut made: HashMap<PartnerId, String> = HashMap::new();
        let mut take = |key: &str, partner: &str| {
            let id = PartnerId::new(partner);
            // A row under a new key has the partner that the state knows under the old one, too.
            let is_of_this_row = |known: &String| self.survey.has_key(known);
            if !made.get(&id).is_some_and(is_of_this_row) {
                made.insert(id, key.to_owned());
            }
        };
        match self.which {
            Which::All => self.reader.each_created(&mut take)?,
            Which::Canary => self.reader.each_of_canary(&mut take)?,
        }
        self.read = self.read_back(&made)?;
        for (legacy, ids) in std::mem::take(&mut self.read.duplicates) {
            let ids: Vec<&str> = ids.iter().map(PartnerId::as_str).collect();
            let reported = duplicates(Location::default(), &legacy, &ids);
            self.lock().add_diagnostics(u32::MAX, vec![reported]);
        }
        let fingerprinter = self.reader.fingerprinter().clone();
        let parents = KnownRows::new(Some(self.reader.reopen()?));
        let known = |key: &RowKey| parents.is_created(key);
        let (exports, survey, stop) = (self.exports, self.survey, self.stop.clone());
        let tally = exports.prepare(survey, Some(&fingerprinter), None, &known, &mut |rows| {
            if stop.is_requested() {
                return Flow::Enough;
            }
            match self.rows(rows) {
                Ok(()) => Flow::More,
                Err(error) => {
                    self.trouble = Some(error);
                    Flow::Enough
                }
            }
        })?;
        if let Some(error) = self.trouble.take() {
            return Err(error);
        }
        if let Some(error) = parents.trouble() {
            return Err(error.into());
        }
        if self.sample.is_none() && !self.stop.is_requested() {
            self.without_row(&made);
        }
        Ok(tally)
    }

    /// Reads back a sample, the partners of canaries, or the whole list.
    fn read_back(&mut self, made: &HashMap<PartnerId, String>) -> Result<Readback, OpError> {
        let api = &self.connection.api;
        if self.request.sample.is_none() && self.which == Which::All {
            let known = |id: &PartnerId| made.contains_key(id);
            let ours = |legacy: &str| self.survey.has_identifier(legacy);
            let whole = Readback::whole(api, self.stop, &known, &ours);
            return Ok(self.runtime.block_on(whole)?);
        }
        let mut all: Vec<(&String, &PartnerId)> = made
            .iter()
            .filter(|(_, key)| self.survey.has_key(key))
            .map(|(id, key)| (key, id))
            .collect();
        all.sort();
        // Spread evenly over the keys, so that a sample is the same each time.
        let wanted = usize::try_from(self.request.sample.unwrap_or(u64::MAX))
            .unwrap_or(usize::MAX)
            .clamp(1, all.len().max(1));
        let chosen: Vec<(&String, &PartnerId)> = (0..wanted.min(all.len()))
            .map(|n| all[n * all.len() / wanted])
            .collect();
        self.sample = Some(chosen.iter().map(|(key, _)| (*key).clone()).collect());
        let ids: Vec<PartnerId> = chosen.into_iter().map(|(_, id)| id.clone()).collect();
        Ok(self
            .runtime
            .block_on(Readback::some(api, self.stop, &ids))?)
    }

    fn rows(&mut self, rows: Vec<PreparedRow>) -> Result<(), OpError> {
        let keys: Vec<RowKey> = rows.iter().filter_map(|r| r.key.clone()).collect();
        let mut records = self
            .reader
            .known(keys.iter().map(RowKey::as_str))?
            .into_iter();
        for row in rows {
            let record = row.key.as_ref().and_then(|_| records.next().flatten());
            self.counts.add(unsent_outcome(&row, record.as_ref()), 1);
            self.unreadable += u64::from(row.key.is_none());
            let key = row.key.as_ref().map_or_else(
                || format!("(row {})", row.origin.row),
                |k| k.as_str().to_owned(),
            );
            let partner_id = record
                .as_ref()
                .filter(|r| r.state == RecordState::Created)
                .and_then(|r| r.partner.clone());
            let sign = match (&row.partner, partner_id, &record) {
                (_, Some(_), _) if self.sample.as_ref().is_some_and(|s| !s.contains(&key)) => {
                    self.found.uncompared += 1;
                    continue;
                }
                (Some(partner), Some(id), _) => self.row(partner, &id)?,
                (Some(partner), None, Some(record)) if record.state == RecordState::InDoubt => {
                    self.found.uncompared += 1;
                    if self.which == Which::All {
                        let doubt = in_doubt(partner, None).with_hint(SETTLE_FIRST);
                        self.add_diagnostics(partner, vec![doubt]);
                    }
                    RowSign::Uncompared
                }
                (Some(_), None, _) if self.which == Which::Canary => continue,
                (Some(partner), None, _) => {
                    self.found.only_source += 1;
                    let reported = Diagnostic::new(
                        Code::PartnerNone,
                        place(partner),
                        "The row has no partner yet.",
                    );
                    self.add_diagnostics(partner, vec![reported]);
                    RowSign::OnlySource
                }
                (None, ..) => {
                    self.found.uncompared += 1;
                    self.lock().add(unsent(row, RowOutcome::Invalid));
                    RowSign::Uncompared
                }
            };
            if self.request.each_row {
                self.rows.push((sign, key));
            }
        }
        Ok(())
    }

    fn add_diagnostics(&mut self, partner: &PreparedPartner, diagnostics: Vec<Diagnostic>) {
        self.lock().add(RowResult {
            origin: partner.origin.clone(),
            key: Some(partner.key.clone()),
            legacy_identifier: Some(partner.legacy_identifier.clone()),
            outcome: RowOutcome::Deferred,
            partner: None,
            diagnostics,
        });
    }

    /// Makes sure that a partner which was not listed is gone: a person may forget the row because of it, and create it anew. A
    /// list that hides one proves nothing of any.
    fn is_gone(&self, id: &PartnerId) -> Result<(), OpError> {
        let is_of_a_list = self.request.sample.is_none() && self.which == Which::All;
        if !is_of_a_list || self.found.gone >= CONFIRMED {
            return Ok(());
        }
        match self.runtime.block_on(get(&self.connection.api, id))? {
            None => Ok(()),
            Some(_) => Err(ApiError::Incomplete(Incomplete::NotListed(id.clone())).into()),
        }
    }

    /// Compares one row with its partner.
    fn row(&mut self, partner: &PreparedPartner, id: &PartnerId) -> Result<RowSign, OpError> {
        let Some(there) = self.read.of(id) else {
            self.is_gone(id)?;
            self.found.gone += 1;
            let reported = Diagnostic::new(
                Code::PartnerGone,
                place(partner),
                format!("The partner {id} is no longer on the API."),
            );
            self.add_diagnostics(partner, vec![reported]);
            return Ok(RowSign::Differs);
        };
        let parents = self
            .reader
            .known(partner.links.iter().map(|l| l.key.as_str()))?;
        let ids: Vec<(usize, String)> = partner
            .links
            .iter()
            .zip(parents)
            .map(|(link, known)| {
                let id = known.and_then(|k| k.partner);
                (link.at, id.map_or(String::new(), |i| i.as_str().to_owned()))
            })
            .collect();
        let body = partner
            .body
            .filled(ids.iter().map(|(at, id)| (*at, id.as_str())));
        let differing: Vec<_> = fields_of_request(&body)
            .into_iter()
            .filter(|field| there.binary_search(&field.hash()).is_err())
            .collect();
        if differing.is_empty() {
            self.found.agree += 1;
            return Ok(RowSign::Agrees);
        }
        self.found.differ += 1;
        let remote = if self.shown < SHOWN_DIFFERENCES {
            self.shown += 1;
            self.runtime.block_on(get(&self.connection.api, id))?
        } else {
            None
        };
        if let Some(other) = remote.as_ref().and_then(|r| self.other_row(partner, r)) {
            self.add_diagnostics(partner, vec![other]);
            return Ok(RowSign::Differs);
        }
        let remote = remote.map(|r| fields_of_answer(&r.raw));
        let reported = differing
            .into_iter()
            .map(|field| self.difference(partner, &field.field, &field.text, remote.as_deref()))
            .collect();
        self.add_diagnostics(partner, reported);
        Ok(RowSign::Differs)
    }

    /// What is said where the partner is that of another row: its fields differ because of that alone.
    fn other_row(&self, partner: &PreparedPartner, remote: &RemotePartner) -> Option<Diagnostic> {
        let own = partner.legacy_identifier.as_str();
        let legacy = remote.legacy_identifier.as_deref()?;
        let is_other = legacy != own && self.survey.has_identifier(legacy);
        is_other.then(|| {
            let (id, legacy) = (&remote.id, visible(legacy, 80));
            Diagnostic::new(
                Code::PartnerOfAnotherRow,
                place(partner),
                format!("The partner {id} is that of {legacy}."),
            )
        })
    }

    fn difference(
        &self,
        partner: &PreparedPartner,
        field: &str,
        source: &str,
        remote: Option<&[FieldText]>,
    ) -> Diagnostic {
        let mut at = place(partner);
        let mut sensitive = false;
        let export = self.exports.files().get(partner.origin.file as usize);
        if let Some(export) = export {
            let leaves = &export.plan.shape.leaves;
            let leaf = leaves.iter().position(|l| &*l.path == field);
            // The elements of a list of plain values are one field here.
            let is_of_field = |l: usize| without_places(&leaves[l].path) == without_places(field);
            sensitive = (0..leaves.len()).any(|l| export.plan.is_sensitive(l) && is_of_field(l));
            at.column = leaf
                .and_then(|l| export.plan.column_of(l))
                .map(|index| ColumnAt {
                    index,
                    name: Arc::clone(&export.source.header().names()[index]),
                });
        }
        at.field = Some(field.into());
        let values = SensitiveValues::of(partner, partner.body.shared()).values();
        let known = Scrubber::new().with_values(values);
        let shown = |text: &str| {
            if sensitive {
                mask(text)
            } else {
                visible(&known.scrub_values(text), 80)
            }
        };
        let there = match remote {
            None => "another value".to_owned(),
            Some(fields) => {
                let there: Vec<String> = fields
                    .iter()
                    .filter(|f| f.field == field)
                    .map(|f| shown(&f.text))
                    .collect();
                if there.is_empty() {
                    "no value".to_owned()
                } else {
                    there.join(" and ")
                }
            }
        };
        let message = format!("API: {there}, export: {}", shown(source));
        Diagnostic::new(Code::PartnerDiffers, at, message)
            .with_value(&known.scrub_values(source), sensitive)
    }

    /// Partners whose row the source has no longer.
    ///
    /// Where a row's key could not be read, any of them may be that row's.
    fn without_row(&mut self, made: &HashMap<PartnerId, String>) {
        let mut gone: Vec<(&String, &PartnerId)> = made
            .iter()
            .filter(|(_, key)| !self.survey.has_key(key))
            .map(|(id, key)| (key, id))
            .collect();
        gone.sort();
        for (key, id) in gone {
            // Gone on both sides: nothing is left to disagree.
            if self.read.of(id).is_none() {
                continue;
            }
            self.found.only_api += 1;
            let reported = match self.unreadable {
                0 => Diagnostic::new(
                    Code::RowGone,
                    Location::default(),
                    format!("The export no longer has the row \"{key}\"; its partner is {id}."),
                ),
                rows => Diagnostic::new(
                    Code::RowGone,
                    Location::default(),
                    format!(
                        "The row \"{key}\" is not among those that could be read; its partner is {id}. It may be one of {} that could not.",
                        counted(rows, "row")
                    ),
                )
                .with_hint("Repair the rows that cannot be read, and compare again."),
            };
            self.lock().add_diagnostics_of(key, vec![reported]);
            if self.request.each_row {
                self.rows.push((RowSign::OnlyApi, key.clone()));
            }
        }
    }
}

/// A field's path without the places of elements: `a[0].b` is `a.b`.
fn without_places(path: &str) -> String {
    let parts = path.split('[').enumerate();
    let parts = parts.map(|(n, part)| match part.split_once(']') {
        Some((_, behind)) if n > 0 => behind,
        _ => part,
    });
    parts.collect()
}

/// What an import that sends nothing would make of a row.
fn unsent_outcome(row: &PreparedRow, record: Option<&Known>) -> RowOutcome {
    let Some(partner) = &row.partner else {
        return RowOutcome::Invalid;
    };
    match decide(record, &partner.fingerprint, false) {
        Decision::Create | Decision::LookUpFirst => RowOutcome::Deferred,
        Decision::Skip(_) => RowOutcome::Skipped,
        Decision::Changed(_) => RowOutcome::Changed,
        Decision::StillRejected => RowOutcome::Rejected,
        Decision::InDoubt => RowOutcome::InDoubt,
    }
}
