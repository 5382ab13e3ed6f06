//! What the cells of a column look like, counted in one pass.

use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::hash::{Hash as _, Hasher as _};

use super::super::coerce::{coerce, trim};
use super::super::date::{self, Evidence, Hints};
use super::super::lookup;
use super::super::placeholder::{Placeholder, placeholder};
use crate::partner::FieldKind;
use crate::source::Cell;

/// Distinct values that are counted: beyond it a column has many.
const MOST_DISTINCT: usize = 2_000_000;
/// Cells of a column whose look is counted; the rest is counted for fill and uniqueness only.
const LOOKED_AT: u64 = 20_000;
/// Words that are kept of a column with few of them.
const MOST_WORDS: usize = 12;

/// Counts over one column.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) rows: u64,
    pub(super) filled: u64,
    pub(super) looked: u64,
    pub(super) repeated: u64,
    distinct: FxHashSet<u64>,
    /// The different values, while they are few.
    pub(super) words: Vec<String>,
    /// Words of databases and programs for an empty cell; they count as empty.
    pub(super) null_words: BTreeSet<String>,
    pub(super) dates: u64,
    pub(super) evidence: Evidence,
    phones: u64,
    emails: u64,
    uuids: u64,
    routing: u64,
    states: u64,
    countries: u64,
    booleans: u64,
    currencies: u64,
    integers: u64,
    zones: u64,
    dated_cells: u64,
}

impl Content {
    pub(super) fn see(&mut self, cell: Cell<'_>, row: u64) {
        self.rows += 1;
        if cell.is_blank() {
            return;
        }
        let text = cell.to_text();
        let text = trim(&text).0;
        if text.is_empty() {
            return;
        }
        if placeholder(text) == Some(Placeholder::NullWord) {
            if !self.null_words.contains(text) {
                self.null_words.insert(text.to_owned());
            }
            return;
        }
        self.filled += 1;
        let mut hasher = rustc_hash::FxHasher::default();
        text.hash(&mut hasher);
        if self.distinct.len() < MOST_DISTINCT && !self.distinct.insert(hasher.finish()) {
            self.repeated += 1;
        } else if self.words.len() <= MOST_WORDS {
            self.words.push(text.to_owned());
        }
        if self.looked >= LOOKED_AT {
            return;
        }
        self.looked += 1;
        if matches!(cell, Cell::Serial(..) | Cell::Iso(_)) {
            self.dated_cells += 1;
        }
        if let Ok(Some(reading)) = date::read_cell(cell, &Hints::default()) {
            self.dates += 1;
            self.evidence.add_cell(cell, &reading, row);
        }
        let is = |kind: FieldKind| u64::from(coerce(kind, text).is_ok());
        self.emails += is(FieldKind::Email);
        self.uuids += is(FieldKind::Uuid);
        self.routing += is(FieldKind::Routing);
        self.booleans += is(FieldKind::Boolean);
        self.currencies += is(FieldKind::Currency);
        self.integers += is(FieldKind::Integer);
        self.zones += u64::from(text.len() > 2 && is(FieldKind::TimeZone) == 1);
        self.states += u64::from(lookup::state_code(text, None).is_some());
        self.countries += u64::from(lookup::country_code(text).is_some());
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let marked = text.contains(['(', ')', '+', '.', '-', ' ']);
        let only = text
            .chars()
            .all(|c| c.is_ascii_digit() || " ()+-./xXt#e,".contains(c));
        self.phones += u64::from((7..=16).contains(&digits) && only && (marked || digits == 10));
    }

    /// Whether every row has a value, and no two the same.
    pub(super) fn is_key(&self) -> bool {
        self.rows > 0 && self.filled == self.rows && self.repeated == 0
    }

    /// Whether nearly every row has a value, and nearly no two the same.
    pub(super) fn is_nearly_key(&self) -> bool {
        self.rows > 0 && (self.rows - self.filled + self.repeated) * 20 <= self.rows
    }

    /// The share of values that a field of this kind takes; none where any text will do.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of at most 20,000 values"
    )]
    pub(super) fn fits(&self, kind: FieldKind) -> Option<f64> {
        let count = match kind {
            FieldKind::Date => self.dates,
            FieldKind::Phone => self.phones,
            FieldKind::Email => self.emails,
            FieldKind::Uuid => self.uuids,
            FieldKind::Routing => self.routing,
            FieldKind::State => self.states,
            FieldKind::Country => self.countries,
            FieldKind::Boolean => self.booleans,
            FieldKind::Currency => self.currencies,
            FieldKind::Integer => self.integers,
            FieldKind::TimeZone => self.zones,
            FieldKind::Words(words) => {
                let known = |w: &String| super::super::coerce::word_number(words, w).is_some();
                let fitting = self.words.iter().filter(|w| known(w)).count();
                return Some(fitting as f64 / self.words.len().max(1) as f64);
            }
            FieldKind::Text
            | FieldKind::Identifier
            | FieldKind::PostalCode
            | FieldKind::PartnerReference
            | FieldKind::FreeForm => return None,
        };
        Some(count as f64 / self.looked.max(1) as f64)
    }

    /// A kind that the values alone show, for columns whose name says nothing.
    pub(super) fn looks_like(&self) -> Option<FieldKind> {
        if self.looked == 0 {
            return None;
        }
        [
            FieldKind::Routing,
            FieldKind::Uuid,
            FieldKind::Email,
            FieldKind::Phone,
            FieldKind::TimeZone,
            FieldKind::Date,
            FieldKind::State,
            FieldKind::Country,
            FieldKind::Boolean,
        ]
        .into_iter()
        .find(|kind| self.fits(*kind).is_some_and(|share| share >= 0.95))
    }

    /// Words about the values.
    pub(super) fn describe(&self) -> String {
        use crate::diagnostic::thousands;
        let mut text = format!(
            "{} of {} filled",
            thousands(self.filled),
            thousands(self.rows)
        );
        if self.filled > 0 && self.repeated == 0 {
            text.push_str(", all different");
        }
        text
    }
}

impl Content {
    /// The share of this column's different values that stand in another column.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of at most two million values"
    )]
    pub(super) fn share_within(&self, other: &Content) -> f64 {
        let within = self
            .distinct
            .iter()
            .filter(|v| other.distinct.contains(v))
            .count();
        within as f64 / self.distinct.len().max(1) as f64
    }
}
