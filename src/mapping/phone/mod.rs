//! Telephone numbers: E.164 where the region is known, as written with a warning where it is not.
//!
//! The digits that are sent are the digits that were written, apart from the country code, which a region adds, and a trunk
//! digit, which it takes away. A number that begins with a plus or 00 has its country code, and never depends on a region.

mod north_america;
mod notes;
mod numbering;
mod written;

use numbering::National;
use phonenumber::country::Id as Region;

pub(super) use north_america::{usual, vanity};
pub(super) use written::{Beside, Written, cut};

/// What became of a number.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Phone {
    /// `+16195550134`.
    International(String),
    /// No region is set and the number has no country code.
    RegionUnknown,
    /// Its first digits may be the country code, or the area code behind a zero that was lost.
    Unclear,
    /// It is not a number of its region.
    Invalid,
}

/// Of which region numbers without a country code are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PhoneRegion {
    /// It is not known.
    Unknown,
    /// Of this one.
    Of(Region),
    /// Of the country of their own row's address.
    OfAddress,
}

impl PhoneRegion {
    /// The word for the country of the row's own address.
    pub(super) const ADDRESS: &'static str = "address";

    /// Reads the setting; none where it is no such word.
    pub(super) fn from_word(text: &str) -> Option<Self> {
        if text == Self::ADDRESS {
            return Some(Self::OfAddress);
        }
        region(text).map(Self::Of)
    }
}

/// The region of a two-letter country code.
pub(super) fn region(code: &str) -> Option<Region> {
    code.parse().ok()
}

/// Reads a number that [`cut`] left.
pub(super) fn read(text: &str, region: Option<Region>) -> Phone {
    if let Some(number) = north_america::short_way(text, region) {
        return Phone::International(number.as_str().to_owned());
    }
    let Some(digits) = digits_of(text) else {
        return Phone::Invalid;
    };
    let number = match with_country_code(text, &digits, region) {
        Some(digits) => numbering::international(digits),
        None => match region {
            Some(region) => match numbering::national(&digits, region) {
                National::One(number) => Some(number),
                National::Either => return Phone::Unclear,
                National::None => None,
            },
            None if digits.is_empty() => None,
            None => return Phone::RegionUnknown,
        },
    };
    number.map_or(Phone::Invalid, Phone::International)
}

/// Whether an extension behind a comma is none: what stands before the comma is no whole number, or is one together with what
/// stands behind it (`030 123,456`).
pub(super) fn is_split_by_comma(written: &Written<'_>, region: Option<Region>) -> bool {
    let Some(extension) = written.extension.filter(|_| written.is_by_comma) else {
        return false;
    };
    let is_number = |text: &str| matches!(read(text, region), Phone::International(_));
    !is_number(written.number) || is_number(&format!("{}{extension}", written.number))
}

/// Whether digits among those of the number are none of it: without them, there is a number as well.
pub(super) fn has_notes(written: &Written<'_>, region: Option<Region>) -> bool {
    let is_number = |text: &str| matches!(read(text, region), Phone::International(_));
    written
        .without_notes
        .is_some_and(|rest| rest.into_iter().any(is_number))
}

/// The digits of a number; none where it holds anything but digits, separators and a plus in front.
fn digits_of(text: &str) -> Option<String> {
    let mut digits = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if digits.is_empty() => {}
            c if notes::is_separator(c) => {}
            _ => return None,
        }
    }
    Some(digits)
}

/// The digits from the country code on, where the number says that it has one: a plus, 00, or in North America 011.
fn with_country_code<'d>(text: &str, digits: &'d str, region: Option<Region>) -> Option<&'d str> {
    if text.contains('+') {
        return Some(digits);
    }
    if let Some(digits) = digits.strip_prefix("00") {
        return Some(digits);
    }
    let is_north_american = region.is_some_and(north_america::is_north_american);
    digits.strip_prefix("011").filter(|_| is_north_american)
}

#[cfg(test)]
mod tests;
