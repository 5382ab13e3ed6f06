//! Value tables: names of states and countries to their codes. Folded: case, blanks and dots do not count.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::data::records;

/// States and provinces: country, code, name.
static STATES: LazyLock<Vec<[&str; 3]>> =
    LazyLock::new(|| records(include_str!("data/states.csv")).collect());

/// Names of countries that people write and ISO does not list, and their codes.
static COUNTRY_NAMES: LazyLock<FxHashMap<&str, &str>> = LazyLock::new(|| {
    records(include_str!("data/countries.csv"))
        .map(|[name, code]| (name, code))
        .collect()
});

fn fold(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('.', "")
        .to_lowercase()
}

/// The code of a state or province, by code or name; none where it is not known. With a country only its
/// own states are: Georgia is no state of the country Georgia.
///
/// Without one, a code that several countries use (`WA`) is itself in all of them.
pub(super) fn state_code(text: &str, country: Option<&str>) -> Option<&'static str> {
    /// Each code, and the countries that use it.
    static CODES: LazyLock<FxHashMap<&str, Vec<&str>>> = LazyLock::new(|| {
        let mut codes: FxHashMap<&str, Vec<&str>> = FxHashMap::default();
        for [country, code, _] in STATES.iter() {
            codes.entry(code).or_default().push(country);
        }
        codes
    });
    let of_country = || {
        STATES
            .iter()
            .filter(|[c, _, _]| country.is_none_or(|wanted| *c == wanted))
    };
    // Most exports hold codes: nothing has to be folded.
    if let Some((code, countries)) = CODES.get_key_value(text)
        && country.is_none_or(|wanted| countries.contains(&wanted))
    {
        return Some(code);
    }
    let wanted = fold(text);
    of_country()
        .find(|[_, code, _]| code.eq_ignore_ascii_case(&wanted))
        .or_else(|| of_country().find(|[_, _, name]| fold(name) == wanted))
        .map(|[_, code, _]| *code)
}

/// A country's own code where `text` is one.
pub(super) fn alpha2(text: &str) -> Option<&'static str> {
    rust_iso3166::from_alpha2(text).map(|country| country.alpha2)
}

/// The ISO 3166-1 alpha-2 code of a country, by alpha-2, alpha-3, name, or an external id like `base.us`.
pub(super) fn country_code(text: &str) -> Option<&'static str> {
    // Most exports hold codes in capitals: nothing has to be folded.
    if text.len() == 2
        && let Some(found) = rust_iso3166::from_alpha2(text)
    {
        return Some(found.alpha2);
    }
    let dotless = text.replace('.', "");
    for code in [
        text.trim(),
        dotless.trim(),
        text.trim().strip_prefix("base.").unwrap_or(""),
    ] {
        let upper = code.to_ascii_uppercase();
        match upper.len() {
            2 => {
                if let Some(found) = rust_iso3166::from_alpha2(&upper) {
                    return Some(found.alpha2);
                }
            }
            3 => {
                if let Some(found) = rust_iso3166::from_alpha3(&upper) {
                    return Some(found.alpha2);
                }
            }
            _ => {}
        }
    }
    let wanted = fold(text);
    COUNTRY_NAMES.get(wanted.as_str()).copied().or_else(|| {
        rust_iso3166::ALL
            .iter()
            .find(|country| fold(country.name) == wanted)
            .map(|country| country.alpha2)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_codes() {
        for (text, code) in [
            ("California", Some("CA")),
            ("ca", Some("CA")),
            ("new  york", Some("NY")),
            ("Québec", Some("QC")),
            ("D.C.", Some("DC")),
            ("Queensland", Some("QLD")),
            ("Nuevo León", Some("NLE")),
            ("Bavaria", None),
        ] {
            assert_eq!(state_code(text, None), code, "{text}");
        }
        assert_eq!(state_code("Georgia", Some("US")), Some("GA"));
        assert_eq!(state_code("Georgia", Some("GE")), None);
        assert_eq!(state_code("WA", Some("AU")), Some("WA"));
        for (text, code) in [
            ("US", Some("US")),
            ("us", Some("US")),
            ("USA", Some("US")),
            ("U.S.A.", Some("US")),
            ("United States", Some("US")),
            ("base.us", Some("US")),
            ("日本", Some("JP")),
            ("Germany", Some("DE")),
            ("DEU", Some("DE")),
            ("Canada", Some("CA")),
            ("Atlantis", None),
            ("XX", None),
        ] {
            assert_eq!(country_code(text), code, "{text}");
        }
    }
}
