//! Which rows an import would create, found before it creates any.

use std::collections::HashSet;

use crate::api::{can_be_searched, plain_identifier};
use crate::delivery::{Decision, Stop, decide};
use crate::ops::error::OpError;
use crate::partner::{ExternalId, Fingerprinter, PreparedPartner, RowKey};
use crate::prepare::{Exports, Hurry, Survey};
use crate::source::Flow;
use crate::state::{Identifiers, StateReader};

/// New rows that are kept, at most half as many as are held on the way.
pub(super) const SAMPLE: usize = 100;

/// How far is looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Until there is one.
    First,
    /// Through all rows.
    All,
}

/// A row that would be created.
#[derive(Debug, Clone)]
pub(super) struct NewRow {
    pub(super) key: RowKey,
    pub(super) legacy_identifier: ExternalId,
    pub(super) business_name: String,
}

/// The rows that would be created.
#[derive(Debug, Default)]
pub(super) struct NewRows {
    /// How many there are.
    pub(super) to_create: u64,
    /// How many of them the state has no record of.
    pub(super) without_record: u64,
    /// How many of them have an identifier that the API may have already: see [`Identifiers`].
    pub(super) unclaimed: u64,
    /// Some of those without a record, spread over the files.
    pub(super) sample: Spread,
}

/// What rows are judged by.
pub(super) struct Scan<'s> {
    pub(super) exports: &'s Exports,
    pub(super) survey: &'s Survey,
    pub(super) fingerprinter: &'s Fingerprinter,
    /// None where there is no state: then every row is new.
    pub(super) reader: Option<&'s StateReader>,
    pub(super) known: &'s (dyn Fn(&RowKey) -> bool + Sync),
    pub(super) retry_rejected: bool,
    pub(super) stop: &'s Stop,
    /// Identifiers of rows that would be adopted.
    pub(super) there: &'s HashSet<String>,
}

impl Scan<'_> {
    /// Looks for them; a stop ends it.
    pub(super) fn run(&self, extent: Extent) -> Result<NewRows, OpError> {
        let mut new = NewRows::default();
        let mut trouble = None;
        let unclaimed = self.unclaimed()?;
        let (survey, hasher) = (self.survey, self.fingerprinter);
        self.exports.pending(
            survey,
            hasher,
            None,
            self.known,
            Hurry::Yes,
            &mut |rows, _| {
                if self.stop.is_requested() {
                    return Flow::Enough;
                }
                let partners: Vec<PreparedPartner> =
                    rows.into_iter().filter_map(|row| row.partner).collect();
                if let Err(error) = self.judge(&partners, &unclaimed, &mut new) {
                    trouble = Some(error);
                    return Flow::Enough;
                }
                match extent {
                    Extent::First if new.to_create > 0 => Flow::Enough,
                    Extent::First | Extent::All => Flow::More,
                }
            },
        )?;
        match trouble {
            Some(error) => Err(error),
            None => Ok(new),
        }
    }

    /// The same, without rows that would be adopted.
    pub(super) fn beside<'o>(&'o self, there: &'o HashSet<String>) -> Scan<'o> {
        Scan { there, ..*self }
    }

    /// Identifiers that the API may have and no row of the state does.
    pub(super) fn unclaimed(&self) -> Result<Identifiers, OpError> {
        let unclaimed = self.reader.map(|r| r.unclaimed()).transpose()?;
        Ok(unclaimed.unwrap_or_default())
    }

    fn judge(
        &self,
        partners: &[PreparedPartner],
        unclaimed: &Identifiers,
        new: &mut NewRows,
    ) -> Result<(), OpError> {
        let keys = partners.iter().map(|p| p.key.as_str());
        let records = match self.reader {
            Some(reader) => reader.known(keys)?,
            None => partners.iter().map(|_| None).collect(),
        };
        for (partner, record) in partners.iter().zip(records) {
            let decision = decide(record.as_ref(), &partner.fingerprint, self.retry_rejected);
            let is_there = self.there.contains(partner.legacy_identifier.as_str());
            let is_to_create = matches!(decision, Decision::Create | Decision::LookUpFirst);
            if !is_to_create || is_there {
                continue;
            }
            new.to_create += 1;
            if record.is_none() {
                new.without_record += 1;
                let legacy = partner.legacy_identifier.as_str();
                let plain = plain_identifier(legacy);
                let is_unclaimed = unclaimed.contains(legacy)
                    || plain.is_some_and(|plain| unclaimed.contains(&plain));
                new.unclaimed += u64::from(is_unclaimed);
                new.sample.offer(partner);
            }
        }
        Ok(())
    }
}

/// Rows spread evenly over all that are offered, however many these are.
#[derive(Debug)]
pub(super) struct Spread {
    rows: Vec<NewRow>,
    offered: u64,
    /// Each so many-th row is kept.
    stride: u64,
}

impl Default for Spread {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            offered: 0,
            stride: 1,
        }
    }
}

impl Spread {
    fn offer(&mut self, partner: &PreparedPartner) {
        if self.is_next_kept() {
            self.rows.push(NewRow {
                key: partner.key.clone(),
                legacy_identifier: partner.legacy_identifier.clone(),
                business_name: partner.business_name.to_string(),
            });
        }
    }

    /// Whether the row that is offered now is one to keep; makes room for it.
    fn is_next_kept(&mut self) -> bool {
        let at = self.offered;
        self.offered += 1;
        if !at.is_multiple_of(self.stride) {
            return false;
        }
        if self.rows.len() == 2 * SAMPLE {
            let mut place = 0;
            self.rows.retain(|_| {
                place += 1;
                place % 2 == 1
            });
            self.stride *= 2;
        }
        at.is_multiple_of(self.stride)
    }

    /// All rows that are kept.
    pub(super) fn rows(&self) -> &[NewRow] {
        &self.rows
    }

    /// Those that a search can find, [`SAMPLE`] at most.
    pub(super) fn searchable(&self) -> Vec<&NewRow> {
        let all: Vec<&NewRow> = self
            .rows
            .iter()
            .filter(|row| can_be_searched(&row.business_name))
            .collect();
        let most = all.len().min(SAMPLE);
        (0..most).map(|n| all[n * all.len() / most]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(rows: usize) -> Spread {
        let mut spread = Spread::default();
        for n in 0..rows {
            if spread.is_next_kept() {
                spread.rows.push(NewRow {
                    key: RowKey::new(n.to_string()),
                    legacy_identifier: ExternalId::new("x"),
                    business_name: if n % 5 == 0 { "株" } else { "Name" }.to_owned(),
                });
            }
        }
        spread
    }

    #[test]
    fn a_sample_is_spread_evenly_over_all_rows() {
        for rows in [0, 1, 99, 100, 101, 200, 201, 1000, 12_345] {
            let spread = spread(rows);
            let kept: Vec<usize> = spread
                .rows()
                .iter()
                .map(|r| r.key.as_str().parse().unwrap())
                .collect();
            assert!(
                kept.len() >= rows.min(SAMPLE) && kept.len() <= 2 * SAMPLE,
                "{rows}"
            );
            let mut steps: Vec<usize> = kept.windows(2).map(|w| w[1] - w[0]).collect();
            steps.dedup();
            assert!(steps.len() <= 1, "{rows}: {steps:?}");
            let last = kept.last().copied().unwrap_or_default();
            assert!(rows - last <= steps.first().copied().unwrap_or(1), "{rows}");
        }
    }

    #[test]
    fn only_rows_that_a_search_can_find_are_looked_up() {
        let spread = spread(1000);
        let looked_up = spread.searchable();
        assert_eq!(looked_up.len(), SAMPLE);
        assert!(looked_up.iter().all(|r| r.business_name == "Name"));
        // From the first to the last of them, at even steps.
        let all = spread.rows().iter().filter(|r| r.business_name == "Name");
        let all: Vec<&str> = all.map(|r| r.key.as_str()).collect();
        let places: Vec<usize> = looked_up
            .iter()
            .map(|r| all.iter().position(|key| *key == r.key.as_str()).unwrap())
            .collect();
        let step = all.len().div_ceil(SAMPLE);
        assert_eq!(places[0], 0);
        assert!(
            places
                .windows(2)
                .all(|w| (1..=step).contains(&(w[1] - w[0])))
        );
        assert!(all.len() - places[SAMPLE - 1] <= step);
        assert_eq!(self::spread(4).searchable().len(), 3);
    }
}
