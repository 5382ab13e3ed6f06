//! What a line of the table of the date policy says.

use super::{Format, Hints, Locale, Order, Verdict};

/// A text, and what it becomes: a date with the codes of its warnings, or the code of its refusal.
pub(super) struct Case(pub(super) &'static str, pub(super) &'static str);

/// What a mapping sets.
pub(super) enum Setting {
    Nothing,
    Order(Order),
    Format(&'static str),
    Zone(&'static str),
    Locale(&'static str),
}

impl Setting {
    pub(super) fn hints(&self) -> Hints {
        let mut hints = Hints::default();
        match self {
            Setting::Nothing => {}
            Setting::Order(order) => hints.order = Some(*order),
            Setting::Format(format) => hints.formats = vec![Format::from_word(format).unwrap()],
            Setting::Zone(zone) => hints.timezone = Some(jiff::tz::TimeZone::get(zone).unwrap()),
            Setting::Locale(word) => hints.locale = Locale::from_word(word),
        }
        hints
    }
}

/// Texts that one rule decides.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) why: &'static str,
    pub(super) setting: Setting,
    pub(super) column: Verdict,
    pub(super) cases: &'static [Case],
}
