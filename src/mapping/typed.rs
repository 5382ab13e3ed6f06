//! Dates and telephone numbers: fields that need more than their own text.

use super::coerce::split_extension;
use super::date;
use super::phone::{self, Phone};
use super::plan::Plan;
use super::scratch::Scratch;
use super::target::Target;
use crate::diagnostic::Code;
use crate::partner::Slot;
use crate::source::Cell;

impl Plan {
    /// A date, by what its column proves.
    pub(super) fn fill_date(&self, target: Target<'_>, cell: Cell<'_>, s: &mut Scratch) {
        let (leaf, rule, verdict) = (target.leaf, target.rule, target.verdict);
        let common = match cell {
            Cell::Text(text) => date::read_common(text, &rule.hints),
            _ => None,
        };
        // Most dates are common ones with nothing to report.
        if let Some(date) = common
            .as_ref()
            .and_then(|r| date::settle_quietly(r, verdict))
        {
            return s.draft.set(leaf, Slot::Date(date), true);
        }
        if let (Cell::Text(text), None) = (cell, &common)
            && let Some(date) = s.settled[leaf].get(text, verdict)
        {
            s.draft.set(leaf, Slot::Date(date), true);
            return;
        }
        let is_common = common.is_some();
        let reading = match common {
            Some(reading) => Ok(Some(reading)),
            None => date::read_cell(cell, &rule.hints),
        };
        let settled = reading.and_then(|reading| {
            reading
                .map(|r| date::settle(&r, verdict, &rule.hints))
                .transpose()
        });
        let mut report = |code: Code, message: String| {
            s.findings
                .push(target.finding(code, message).with_value(cell.to_text()));
        };
        match settled {
            Ok(None) => {}
            Ok(Some(settled)) => {
                let is_plain = settled.warnings.is_empty() && !settled.sentinel;
                if let (Cell::Text(text), true, false) = (cell, is_plain, is_common) {
                    s.settled[leaf].put(text, verdict, settled.date);
                }
                for (code, message) in settled.warnings {
                    report(code, message);
                }
                // A placeholder is sent only where the mapping allows it, and zeros are no day at all.
                let allowed =
                    self.validation.allow.contains(&Code::DateSentinel) && !settled.no_day;
                if !settled.sentinel || allowed {
                    s.draft.set(leaf, Slot::Date(settled.date), true);
                }
            }
            Err(refusal) => report(refusal.code, refusal.message),
        }
    }

    /// The number as E.164 where its region is known; an extension goes to its own field, unless that has a
    /// value already.
    pub(super) fn fill_phone(&self, target: Target<'_>, text: &str, s: &mut Scratch) {
        let leaf = target.leaf;
        // Excel's text mark is no part of the number.
        let text = text.strip_prefix('\'').unwrap_or(text);
        // A number whose extension has nowhere to go stays one text.
        let (number, whole) = match (split_extension(text), target.rule.sibling) {
            ((_, None), _) => (text, true),
            ((number, Some(extension)), Some(sibling)) if s.draft.slot(sibling) == Slot::Empty => {
                s.draft.set_text(sibling, extension, true);
                (number, true)
            }
            _ => (text, false),
        };
        let mut report = |code: Code, message: &str| {
            s.findings
                .push(target.finding(code, message).with_value(text));
        };
        match phone::read(number, self.phone_region) {
            Phone::International(e164) if whole => s.draft.set_text(leaf, &e164, true),
            Phone::RegionUnknown => {
                report(
                    Code::PhoneRegionUnknown,
                    "The number has no country code and no region is set; it is sent as written.",
                );
                s.draft.set_text(leaf, number, true);
            }
            Phone::Invalid => {
                report(
                    Code::PhoneInvalid,
                    "It is not a valid number of its region; it is sent as written.",
                );
                s.draft.set_text(leaf, number, true);
            }
            Phone::International(_) => s.draft.set_text(leaf, number, true),
        }
    }
}
