//! States and provinces: codes and names of ISO 3166-2, by country.

use std::sync::LazyLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::country::country_code;
use super::fold::{fold, parts};
use crate::mapping::data::records;

/// What a text is as a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mapping) enum StateName {
    /// A state: its code without its country's, and the country that stands beside it in the text.
    Known {
        code: &'static str,
        beside: Option<&'static str>,
    },
    /// None of its country's states.
    Unknown,
    /// Of a country whose states are not listed, or not all that people write in an address.
    Unlisted,
}

/// Countries in whose addresses regions are written that are no subdivisions: the old counties of Great Britain.
const LOOSE: [&str; 1] = ["GB"];

struct Tables {
    /// Each code, and the countries that use it.
    codes: FxHashMap<&'static str, Vec<&'static str>>,
    /// By country and folded name.
    names: FxHashMap<(&'static str, String), &'static str>,
    /// Countries whose states are listed.
    countries: FxHashSet<&'static str>,
    /// Of these, the countries whose states are recognised without their country, in the order of the table.
    alone: Vec<&'static str>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let mut tables = Tables {
        codes: FxHashMap::default(),
        names: FxHashMap::default(),
        countries: FxHashSet::default(),
        alone: Vec::new(),
    };
    let american = include_str!("../data/states.csv");
    for [country, ..] in records::<3>(american) {
        if !tables.alone.contains(&country) {
            tables.alone.push(country);
        }
    }
    let all = records(american).chain(records(include_str!("../data/subdivisions.csv")));
    for [country, code, name] in all {
        tables.countries.insert(country);
        let countries = tables.codes.entry(code).or_default();
        if !countries.contains(&country) {
            countries.push(country);
        }
        tables.names.insert((country, fold(name)), code);
    }
    tables
});

/// The code of a state or province, by code or name; none where it is not known.
pub(in crate::mapping) fn state_code(text: &str, country: Option<&str>) -> Option<&'static str> {
    match state_of(text, country) {
        StateName::Known { code, .. } => Some(code),
        StateName::Unknown | StateName::Unlisted => None,
    }
}

/// A state by its code or name, alone or with its country (`US-CA`, `California (US)`, `CA, USA`).
///
/// With a country only its own states are: Georgia is no state of the country Georgia. Without one, it is a state of
/// the United States, Canada, Australia or Mexico; a code that several of them use (`WA`) is itself in all.
pub(in crate::mapping) fn state_of(text: &str, country: Option<&str>) -> StateName {
    let found = |code| StateName::Known { code, beside: None };
    let country = country.map(|c| TABLES.countries.get(c).copied().ok_or(()));
    let alone = match country {
        None => TABLES.alone.iter().find_map(|c| in_country(text, c)),
        Some(Ok(country)) => in_country(text, country),
        Some(Err(())) => None,
    };
    if let Some(code) = alone {
        return found(code);
    }
    if let Some((code, beside)) = with_country(text, country.is_none()) {
        let beside = Some(beside);
        return StateName::Known { code, beside };
    }
    match country {
        Some(Err(())) => StateName::Unlisted,
        Some(Ok(country)) if LOOSE.contains(&country) => StateName::Unlisted,
        None | Some(Ok(_)) => StateName::Unknown,
    }
}

/// Whether a text is a state of any of the listed countries.
pub(in crate::mapping) fn is_state_of_any(text: &str) -> bool {
    (TABLES.countries.iter()).any(|c| in_country(text, c).is_some())
        || with_country(text, false).is_some()
}

/// The code of a state of one country.
fn in_country(text: &str, country: &'static str) -> Option<&'static str> {
    let is_used = |countries: &Vec<&'static str>| countries.contains(&country);
    // Most exports hold codes: nothing has to be folded.
    if let Some((code, countries)) = TABLES.codes.get_key_value(text)
        && is_used(countries)
    {
        return Some(code);
    }
    let code = text.replace('.', "").trim().to_ascii_uppercase();
    if let Some((code, countries)) = TABLES.codes.get_key_value(code.as_str())
        && is_used(countries)
    {
        return Some(code);
    }
    let by_name = |text: &str| TABLES.names.get(&(country, fold(text))).copied();
    by_name(text).or_else(|| twice(text, country))
}

/// A state's code and its name, or two of its names, beside each other: `Quebec (QC)`, `SP - São Paulo`.
fn twice(text: &str, country: &'static str) -> Option<&'static str> {
    let (front, back) = parts(text).or_else(|| text.split_once(" - "))?;
    let code = in_country(front.trim(), country)?;
    (in_country(back.trim(), country) == Some(code)).then_some(code)
}

/// A state and the country beside it: its code and the country's. Where the row has no country, what is also a state's
/// code is none: `Ontario, CA` is a town in California or a province of Canada.
fn with_country(text: &str, is_alone: bool) -> Option<(&'static str, &'static str)> {
    let in_listed = |state: &str, country: &str| {
        let country = TABLES.countries.get(country_code(country)?).copied()?;
        Some((in_country(state, country)?, country))
    };
    // As ISO 3166-2 writes it.
    if let Some((country, state)) = text.split_once('-')
        && country.len() == 2
        && let Some(found) = in_listed(state, country)
    {
        return Some(found);
    }
    let (front, back) = parts(text)?;
    let is_state = || (TABLES.alone.iter()).any(|c| in_country(back, c).is_some());
    if is_alone && is_state() {
        return None;
    }
    in_listed(front, back)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_codes() {
        for (text, country, code) in [
            ("California", None, Some("CA")),
            ("ca", None, Some("CA")),
            ("new  york", None, Some("NY")),
            ("Québec", None, Some("QC")),
            ("D.C.", None, Some("DC")),
            ("Queensland", None, Some("QLD")),
            ("Nuevo León", None, Some("NLE")),
            ("Georgia", Some("US"), Some("GA")),
            ("WA", Some("AU"), Some("WA")),
            ("Bavaria", Some("DE"), Some("BY")),
            ("Bayern", Some("DE"), Some("BY")),
            ("BY", Some("DE"), Some("BY")),
            ("Baden-Wuerttemberg", Some("DE"), None),
            ("Baden Württemberg", Some("DE"), Some("BW")),
            ("Île-de-France", Some("FR"), Some("IDF")),
            ("São Paulo", Some("BR"), Some("SP")),
            ("Milano", Some("IT"), Some("MI")),
            ("Lombardia", Some("IT"), Some("25")),
            ("Co. Cork", Some("IE"), Some("CO")),
            ("County Dublin", Some("IE"), Some("D")),
            ("Tokyo", Some("JP"), Some("13")),
            ("Maharashtra", Some("IN"), Some("MH")),
            ("Zürich", Some("CH"), Some("ZH")),
            // The region and its only province have one name: the province is meant.
            ("Cantabria", Some("ES"), Some("S")),
            ("Madrid", Some("ES"), Some("M")),
            ("Kent", Some("GB"), Some("KEN")),
            ("Washington, D.C.", Some("US"), Some("DC")),
            ("Quebec (QC)", Some("CA"), Some("QC")),
            ("SP - São Paulo", Some("BR"), Some("SP")),
            ("CA - California", None, Some("CA")),
            ("CA - Nevada", Some("US"), None),
            ("Nevada (CA)", Some("US"), None),
        ] {
            assert_eq!(state_code(text, country), code, "{text} {country:?}");
        }
    }

    #[test]
    fn only_the_states_of_its_country_are_states() {
        let (unknown, unlisted) = (StateName::Unknown, StateName::Unlisted);
        for (text, country, is) in [
            ("Georgia", Some("GE"), unlisted),
            ("Bavaria", None, unknown),
            ("Limburg", None, unknown),
            ("California", Some("DE"), unknown),
            ("Middlesex", Some("GB"), unlisted),
            ("Buenos Aires", Some("AR"), unlisted),
            ("Ontario", Some("US"), unknown),
            ("Atlantis", Some("US"), unknown),
        ] {
            assert_eq!(state_of(text, country), is, "{text} {country:?}");
        }
    }

    #[test]
    fn a_state_may_stand_with_its_country() {
        for (text, country, code, beside) in [
            ("US-CA", Some("US"), "CA", Some("US")),
            ("us-ca", None, "CA", Some("US")),
            ("US-CA", Some("DE"), "CA", Some("US")),
            ("US-CA", Some("AR"), "CA", Some("US")),
            ("California (US)", Some("US"), "CA", Some("US")),
            ("California, United States", None, "CA", Some("US")),
            ("CA, USA", Some("US"), "CA", Some("US")),
            ("BC, Canada", None, "BC", Some("CA")),
            ("DE-BY", Some("DE"), "BY", Some("DE")),
            ("CA-ON", None, "ON", Some("CA")),
            ("Ontario, CA", Some("CA"), "ON", Some("CA")),
            ("Bayern (Deutschland)", None, "BY", Some("DE")),
        ] {
            let known = StateName::Known { code, beside };
            assert_eq!(state_of(text, country), known, "{text} {country:?}");
        }
        for text in [
            "US-XX",
            "XX-CA",
            "California, Narnia",
            "Ontario, CA",
            "Ontario (CA)",
            "Paris, Texas",
            "CA,",
            "-",
        ] {
            assert_eq!(state_of(text, None), StateName::Unknown, "{text}");
        }
    }

    #[test]
    fn no_name_of_a_country_is_two_states() {
        let mut names: FxHashMap<(&str, String), &str> = FxHashMap::default();
        let american = records::<3>(include_str!("../data/states.csv"));
        for [country, code, name] in
            american.chain(records(include_str!("../data/subdivisions.csv")))
        {
            let before = names.insert((country, fold(name)), code);
            assert!(
                before.is_none_or(|b| b == code),
                "{country} {name}: {before:?} and {code}"
            );
        }
    }
}
