//! Value tables: names of states and countries to their codes. Folded: case, blanks and dots do not count.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

/// States and provinces by country. Source: USPS Publication 28 (US), Canada Post (CA), Australia Post (AU),
/// ISO 3166-2:MX with the two- and three-letter postal abbreviations in use (MX).
const STATES: &[(&str, &str, &str)] = &[
    ("US", "AL", "Alabama"),
    ("US", "AK", "Alaska"),
    ("US", "AZ", "Arizona"),
    ("US", "AR", "Arkansas"),
    ("US", "CA", "California"),
    ("US", "CO", "Colorado"),
    ("US", "CT", "Connecticut"),
    ("US", "DE", "Delaware"),
    ("US", "DC", "District of Columbia"),
    ("US", "FL", "Florida"),
    ("US", "GA", "Georgia"),
    ("US", "HI", "Hawaii"),
    ("US", "ID", "Idaho"),
    ("US", "IL", "Illinois"),
    ("US", "IN", "Indiana"),
    ("US", "IA", "Iowa"),
    ("US", "KS", "Kansas"),
    ("US", "KY", "Kentucky"),
    ("US", "LA", "Louisiana"),
    ("US", "ME", "Maine"),
    ("US", "MD", "Maryland"),
    ("US", "MA", "Massachusetts"),
    ("US", "MI", "Michigan"),
    ("US", "MN", "Minnesota"),
    ("US", "MS", "Mississippi"),
    ("US", "MO", "Missouri"),
    ("US", "MT", "Montana"),
    ("US", "NE", "Nebraska"),
    ("US", "NV", "Nevada"),
    ("US", "NH", "New Hampshire"),
    ("US", "NJ", "New Jersey"),
    ("US", "NM", "New Mexico"),
    ("US", "NY", "New York"),
    ("US", "NC", "North Carolina"),
    ("US", "ND", "North Dakota"),
    ("US", "OH", "Ohio"),
    ("US", "OK", "Oklahoma"),
    ("US", "OR", "Oregon"),
    ("US", "PA", "Pennsylvania"),
    ("US", "RI", "Rhode Island"),
    ("US", "SC", "South Carolina"),
    ("US", "SD", "South Dakota"),
    ("US", "TN", "Tennessee"),
    ("US", "TX", "Texas"),
    ("US", "UT", "Utah"),
    ("US", "VT", "Vermont"),
    ("US", "VA", "Virginia"),
    ("US", "WA", "Washington"),
    ("US", "WV", "West Virginia"),
    ("US", "WI", "Wisconsin"),
    ("US", "WY", "Wyoming"),
    ("US", "AS", "American Samoa"),
    ("US", "GU", "Guam"),
    ("US", "MP", "Northern Mariana Islands"),
    ("US", "PR", "Puerto Rico"),
    ("US", "VI", "Virgin Islands"),
    ("US", "AA", "Armed Forces Americas"),
    ("US", "AE", "Armed Forces Europe"),
    ("US", "AP", "Armed Forces Pacific"),
    ("CA", "AB", "Alberta"),
    ("CA", "BC", "British Columbia"),
    ("CA", "MB", "Manitoba"),
    ("CA", "NB", "New Brunswick"),
    ("CA", "NL", "Newfoundland and Labrador"),
    ("CA", "NS", "Nova Scotia"),
    ("CA", "NT", "Northwest Territories"),
    ("CA", "NU", "Nunavut"),
    ("CA", "ON", "Ontario"),
    ("CA", "PE", "Prince Edward Island"),
    ("CA", "QC", "Quebec"),
    ("CA", "QC", "Québec"),
    ("CA", "SK", "Saskatchewan"),
    ("CA", "YT", "Yukon"),
    ("AU", "ACT", "Australian Capital Territory"),
    ("AU", "NSW", "New South Wales"),
    ("AU", "NT", "Northern Territory"),
    ("AU", "QLD", "Queensland"),
    ("AU", "SA", "South Australia"),
    ("AU", "TAS", "Tasmania"),
    ("AU", "VIC", "Victoria"),
    ("AU", "WA", "Western Australia"),
    ("MX", "AGU", "Aguascalientes"),
    ("MX", "BCN", "Baja California"),
    ("MX", "BCS", "Baja California Sur"),
    ("MX", "CAM", "Campeche"),
    ("MX", "CHP", "Chiapas"),
    ("MX", "CHH", "Chihuahua"),
    ("MX", "CMX", "Ciudad de México"),
    ("MX", "CMX", "Ciudad de Mexico"),
    ("MX", "CMX", "Mexico City"),
    ("MX", "COA", "Coahuila"),
    ("MX", "COL", "Colima"),
    ("MX", "DUR", "Durango"),
    ("MX", "GUA", "Guanajuato"),
    ("MX", "GRO", "Guerrero"),
    ("MX", "HID", "Hidalgo"),
    ("MX", "JAL", "Jalisco"),
    ("MX", "MEX", "Estado de México"),
    ("MX", "MEX", "México"),
    ("MX", "MIC", "Michoacán"),
    ("MX", "MIC", "Michoacan"),
    ("MX", "MOR", "Morelos"),
    ("MX", "NAY", "Nayarit"),
    ("MX", "NLE", "Nuevo León"),
    ("MX", "NLE", "Nuevo Leon"),
    ("MX", "OAX", "Oaxaca"),
    ("MX", "PUE", "Puebla"),
    ("MX", "QUE", "Querétaro"),
    ("MX", "QUE", "Queretaro"),
    ("MX", "ROO", "Quintana Roo"),
    ("MX", "SLP", "San Luis Potosí"),
    ("MX", "SLP", "San Luis Potosi"),
    ("MX", "SIN", "Sinaloa"),
    ("MX", "SON", "Sonora"),
    ("MX", "TAB", "Tabasco"),
    ("MX", "TAM", "Tamaulipas"),
    ("MX", "TLA", "Tlaxcala"),
    ("MX", "VER", "Veracruz"),
    ("MX", "YUC", "Yucatán"),
    ("MX", "YUC", "Yucatan"),
    ("MX", "ZAC", "Zacatecas"),
];

/// Names of countries that people write and ISO does not list.
const COUNTRY_NAMES: &[(&str, &str)] = &[
    ("usa", "US"),
    ("us of a", "US"),
    ("united states", "US"),
    ("united states of america", "US"),
    ("america", "US"),
    ("uk", "GB"),
    ("united kingdom", "GB"),
    ("great britain", "GB"),
    ("england", "GB"),
    ("scotland", "GB"),
    ("wales", "GB"),
    ("northern ireland", "GB"),
    ("south korea", "KR"),
    ("korea", "KR"),
    ("north korea", "KP"),
    ("russia", "RU"),
    ("vietnam", "VN"),
    ("iran", "IR"),
    ("syria", "SY"),
    ("taiwan", "TW"),
    ("bolivia", "BO"),
    ("venezuela", "VE"),
    ("tanzania", "TZ"),
    ("moldova", "MD"),
    ("laos", "LA"),
    ("czech republic", "CZ"),
    ("czechia", "CZ"),
    ("holland", "NL"),
    ("netherlands", "NL"),
    ("the netherlands", "NL"),
    ("ivory coast", "CI"),
    ("turkey", "TR"),
    ("uae", "AE"),
    ("germany", "DE"),
    ("deutschland", "DE"),
    ("méxico", "MX"),
    ("españa", "ES"),
    ("italia", "IT"),
    ("österreich", "AT"),
    ("schweiz", "CH"),
    ("suisse", "CH"),
    ("brasil", "BR"),
    ("日本", "JP"),
    ("中国", "CN"),
    ("hong kong", "HK"),
    ("macau", "MO"),
    ("puerto rico", "PR"),
];

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
        for (country, code, _) in STATES {
            codes.entry(code).or_default().push(country);
        }
        codes
    });
    let of_country = || {
        STATES
            .iter()
            .filter(|(c, _, _)| country.is_none_or(|wanted| *c == wanted))
    };
    // Most exports hold codes: nothing has to be folded.
    if let Some((code, countries)) = CODES.get_key_value(text)
        && country.is_none_or(|wanted| countries.contains(&wanted))
    {
        return Some(code);
    }
    let wanted = fold(text);
    of_country()
        .find(|(_, code, _)| code.eq_ignore_ascii_case(&wanted))
        .or_else(|| of_country().find(|(_, _, name)| fold(name) == wanted))
        .map(|(_, code, _)| *code)
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
    COUNTRY_NAMES
        .iter()
        .find(|(name, _)| *name == wanted)
        .map(|(_, code)| *code)
        .or_else(|| {
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
