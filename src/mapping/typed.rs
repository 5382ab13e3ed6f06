//! Dates and telephone numbers: fields that need more than their own text.

use super::date;
use super::phone::{self, Beside, Phone, PhoneRegion};
use super::placeholder::{null_hint, placeholder};
use super::plain::plain;
use super::plan::Plan;
use super::row_buffers::RowBuffers;
use super::target::Target;
use crate::diagnostic::Code;
use crate::partner::Slot;
use crate::source::Cell;

const SECOND: &str = "The cell has another number; it is sent as written.";
const UNCLEAR: &str = "The text after the number may be part of it; it is sent as written.";
const NOTES: &str = "Not all of its digits are surely the number's; it is sent as written.";
const COMMA: &str = "A comma stands between its digits; it is sent as written.";
const NO_PLACE: &str =
    "The field for the extension already has a value; the number is sent as written.";
const WORDS: &str = "The words beside the number are not sent.";
const NO_REGION: &str =
    "The number has no country code and no region is known; it is sent as written.";
const NO_PLUS: &str = "Its first digits may be the country code, or an area code without its zero; it is sent as written.";
const INVALID: &str = "It is not a valid number in its region; it is sent as written.";

impl Plan {
    /// A date, by what its column proves.
    pub(super) fn fill_date(&self, target: &Target<'_>, cell: Cell<'_>, s: &mut RowBuffers) {
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
        let is_date_cell = matches!(cell, Cell::Serial(..) | Cell::Iso(_));
        let settle = |reading| {
            let (reading, exchanged) = if is_date_cell {
                date::settle_date_cell(reading, verdict, &rule.hints)?
            } else {
                (reading, None)
            };
            let mut settled = date::settle(&reading, verdict, &rule.hints)?;
            settled.warnings.extend(exchanged);
            Ok(settled)
        };
        let settled = reading.and_then(|reading| reading.map(settle).transpose());
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
                let allowed =
                    self.validation.allow.contains(&Code::DateSentinel) && !settled.no_day;
                for (code, message) in settled.warnings {
                    let message = if code == Code::DateSentinel && allowed {
                        format!(
                            "{} is a placeholder; it is sent, because the mapping allows it.",
                            settled.date
                        )
                    } else {
                        message
                    };
                    report(code, message);
                }
                // A placeholder is sent only where the mapping allows it, and zeros are no day at all.
                if !settled.sentinel || allowed {
                    s.draft.set(leaf, Slot::Date(settled.date), true);
                }
            }
            Err(refusal) => {
                let text = cell.to_text();
                let mut finding = target.finding(refusal.code, refusal.message);
                let says_nothing =
                    placeholder(&text).is_some() || !text.chars().any(char::is_alphanumeric);
                finding.hint = if says_nothing && !text.is_empty() {
                    Some(null_hint(&text))
                } else {
                    refusal.hint
                };
                s.findings.push(finding.with_value(text));
            }
        }
    }

    /// The number as E.164 where its region is known; an extension goes to its own field, unless that has a
    /// value already. What cannot be shown to be the number that was written is sent as written, with a warning.
    pub(super) fn fill_phone(&self, target: &Target<'_>, text: &str, s: &mut RowBuffers) {
        let leaf = target.leaf;
        let region = self.region_of_row(s);
        if let Some(number) = phone::usual(text, region) {
            return s.draft.set_text(leaf, number.as_str(), true);
        }
        // Excel's text mark is no part of the number.
        let text = text.strip_prefix('\'').unwrap_or(text);
        let read = plain(text);
        let written = phone::cut(&read);
        let mut report = |code: Code, message: &str| {
            s.findings
                .push(target.finding(code, message).with_value(text));
        };
        let extension = written.extension.zip(target.rule.sibling);
        let is_free = extension.is_none_or(|(_, sibling)| s.draft.slot(sibling) == Slot::Empty);
        // As written: the whole text, so that nothing is lost.
        let as_written = match (phone::vanity(&read, region), written.beside) {
            (Some(number), _) => return s.draft.set_text(leaf, &number, true),
            (None, Beside::SecondNumber) => Some((Code::PhoneSecondNumber, SECOND)),
            (None, Beside::Unclear) => Some((Code::PhoneInvalid, UNCLEAR)),
            _ if phone::has_notes(&written, region) => Some((Code::PhoneInvalid, NOTES)),
            // Where no region is known, that is what there is to say.
            _ if phone::is_split_by_comma(&written, region) => {
                Some(match phone::read(written.number, region) {
                    Phone::RegionUnknown => (Code::PhoneRegionUnknown, NO_REGION),
                    _ => (Code::PhoneInvalid, COMMA),
                })
            }
            // A number whose extension has nowhere to go stays one text.
            _ if written.extension.is_some() && !(is_free && extension.is_some()) => {
                Some((Code::PhoneInvalid, NO_PLACE))
            }
            _ => None,
        };
        if let Some((code, message)) = as_written {
            report(code, message);
            return s.draft.set_text(leaf, text, true);
        }
        let refusal = match phone::read(written.number, region) {
            Phone::International(number) => {
                if matches!(written.beside, Beside::Words(_)) {
                    report(Code::PhoneWords, WORDS);
                }
                s.draft.set_text(leaf, &number, true);
                None
            }
            Phone::RegionUnknown => Some((Code::PhoneRegionUnknown, NO_REGION)),
            Phone::Unclear => Some((Code::PhoneInvalid, NO_PLUS)),
            Phone::Invalid => Some((Code::PhoneInvalid, INVALID)),
        };
        if let Some((code, message)) = refusal {
            report(code, message);
            // With words beside it, or digits of another script, the extension stays in the text, too.
            if matches!(written.beside, Beside::Words(_)) || *read != *text {
                return s.draft.set_text(leaf, text, true);
            }
            s.draft.set_text(leaf, written.number, true);
        }
        if let Some((extension, sibling)) = extension {
            s.draft.set_text(sibling, extension, true);
        }
    }

    /// The region of numbers without a country code.
    fn region_of_row(&self, s: &RowBuffers) -> Option<phonenumber::country::Id> {
        match self.phone_region {
            PhoneRegion::Unknown => None,
            PhoneRegion::Of(region) => Some(region),
            PhoneRegion::OfAddress => self
                .addresses
                .iter()
                .find_map(|address| address.country(&s.draft))
                .and_then(phone::region),
        }
    }
}
