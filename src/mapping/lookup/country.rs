//! Countries: codes and names of ISO 3166-1, names that people write, and names that may be several.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use super::fold::{fold, parts};
use crate::mapping::data::records;
use crate::mapping::plain::plain;

/// What a text is as a country.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mapping) enum CountryName {
    /// One country: its alpha-2 code.
    One(&'static str),
    /// It may be any of these.
    Several(Vec<&'static str>),
    /// None that is known.
    Unknown,
}

/// Folded names and the codes that each may mean, split by blanks.
static NAMES: LazyLock<FxHashMap<String, &str>> =
    LazyLock::new(|| named().map(|(name, code)| (fold(name), code)).collect());

/// All names with their codes. A later one takes the place of an earlier one.
fn named() -> impl Iterator<Item = (&'static str, &'static str)> {
    let standard = rust_iso3166::ALL.iter().map(|c| (c.name, c.alpha2));
    let listed =
        records(include_str!("../data/country_names.csv")).map(|[code, name]| (name, code));
    let written = records(include_str!("../data/countries.csv")).map(|[name, codes]| (name, codes));
    standard.chain(listed).chain(written)
}

/// A country's own code where `text` is one.
pub(in crate::mapping) fn alpha2(text: &str) -> Option<&'static str> {
    // By two letters, a table is a fraction of the library's hash.
    static CODES: LazyLock<[[Option<&str>; 26]; 26]> = LazyLock::new(|| {
        let mut codes = [[None; 26]; 26];
        for country in rust_iso3166::ALL {
            if let [first @ b'A'..=b'Z', second @ b'A'..=b'Z'] = country.alpha2.as_bytes() {
                codes[usize::from(first - b'A')][usize::from(second - b'A')] = Some(country.alpha2);
            }
        }
        codes
    });
    match text.as_bytes() {
        [first @ b'A'..=b'Z', second @ b'A'..=b'Z'] => {
            CODES[usize::from(first - b'A')][usize::from(second - b'A')]
        }
        _ => None,
    }
}

/// The ISO 3166-1 alpha-2 code of a country; none where the text is no country, or may be several.
pub(in crate::mapping) fn country_code(text: &str) -> Option<&'static str> {
    match country_of(text) {
        CountryName::One(code) => Some(code),
        CountryName::Several(_) | CountryName::Unknown => None,
    }
}

/// A country by its alpha-2, alpha-3 or numeric code, by a name, or by an external id like `base.us`.
pub(in crate::mapping) fn country_of(text: &str) -> CountryName {
    // Most exports hold codes in capitals: nothing has to be folded.
    if text.len() == 2
        && let Some(code) = alpha2(text)
    {
        return CountryName::One(code);
    }
    let text = &*plain(text.trim());
    match named_once(text) {
        CountryName::Unknown => named_twice(text).unwrap_or(CountryName::Unknown),
        found => found,
    }
}

/// A country that a cell names twice, by code and name or in two languages: `Germany (DE)`, `DE - Germany`, `Schweiz / Suisse`. Both
/// have to say the same.
fn named_twice(text: &str) -> Option<CountryName> {
    let between = [" - ", "/", "|", ":"];
    let (front, back) = parts(text).or_else(|| between.iter().find_map(|b| text.split_once(b)))?;
    let meant = |text: &str| match named_once(text.trim()) {
        CountryName::One(code) => vec![code],
        CountryName::Several(codes) => codes,
        CountryName::Unknown => Vec::new(),
    };
    let back = meant(back);
    let mut both = meant(front).into_iter().filter(|code| back.contains(code));
    match (both.next(), both.next()) {
        (Some(code), None) => Some(CountryName::One(code)),
        _ => None,
    }
}

fn named_once(text: &str) -> CountryName {
    let dotless = text.replace('.', "");
    for code in [text, &dotless, text.strip_prefix("base.").unwrap_or("")] {
        if let Some(found) = by_code(code) {
            return found;
        }
    }
    let by_name = |name: String| NAMES.get(&name).copied();
    let inverted = || {
        let (front, back) = parts(text)?;
        by_name(fold(&format!("{back} {front}")))
    };
    match by_name(fold(text)).or_else(inverted) {
        None => CountryName::Unknown,
        Some(codes) => match codes.split_once(' ') {
            None => CountryName::One(codes),
            Some(_) => CountryName::Several(codes.split(' ').collect()),
        },
    }
}

fn by_code(code: &str) -> Option<CountryName> {
    let found = match (code.len(), code.bytes().all(|b| b.is_ascii_digit())) {
        (2, false) => rust_iso3166::from_alpha2(&code.to_ascii_uppercase()),
        (3, false) => rust_iso3166::from_alpha3(&code.to_ascii_uppercase()),
        (3, true) => return by_number(code),
        _ => None,
    };
    found.map(|country| CountryName::One(country.alpha2))
}

/// A country by its number of ISO 3166-1. Some of these numbers are dialling codes of other countries: 352 is Iceland,
/// and the code of Luxembourg.
fn by_number(digits: &str) -> Option<CountryName> {
    let country = rust_iso3166::from_numeric_str(digits)?;
    let dialled = digits
        .parse()
        .ok()
        .and_then(|code: u16| phonenumber::metadata::DATABASE.by_code(&code))
        .and_then(|metadata| metadata.first().and_then(|m| alpha2(m.id())));
    Some(match dialled {
        Some(other) if other != country.alpha2 => CountryName::Several(vec![country.alpha2, other]),
        _ => CountryName::One(country.alpha2),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes, and what is read as each, split by bars.
    const SPELLINGS: &[(&str, &str)] = &[
        (
            "US",
            "US|us|USA|United States (US)|US - United States|U.S.A.|United States|the United States of America|base.us|840|Estados Unidos|Vereinigte Staaten",
        ),
        (
            "GB",
            "GB|UK|U.K.|England|United Kingdom|Great Britain & Northern Ireland|Großbritannien|Royaume-Uni",
        ),
        (
            "KR",
            "Korea (Republic of)|Korea, Republic of|Korea (the Republic of)|South Korea|Korea, South|Republic of Korea|Südkorea|410",
        ),
        (
            "KP",
            "North Korea|Korea, Democratic People's Republic of|Korea (Democratic People's Republic of)|DPRK",
        ),
        (
            "CD",
            "DR Congo|Congo (CD)|Congo, Democratic Republic of the|Congo, The Democratic Republic of the|Democratic Republic of the Congo|Congo - Kinshasa|Congo (Kinshasa)|Zaire|Congo, Dem. Rep.",
        ),
        (
            "CG",
            "Republic of the Congo|Congo, Republic of the|Congo-Brazzaville|Congo (Brazzaville)|Congo, Rep.",
        ),
        (
            "CI",
            "Cote d'Ivoire|Côte d’Ivoire|Cote dIvoire|Ivory Coast|Elfenbeinküste",
        ),
        ("TR", "Turkiye|Türkiye|Turkey|Türkei"),
        (
            "IE",
            "Ireland|Republic of Ireland|Ireland (Republic)|Ireland, Rep.|Eire|Éire|Irland",
        ),
        (
            "FM",
            "Micronesia|Micronesia, Federated States of|Micronesia (Federated States of)",
        ),
        ("SJ", "Svalbard & Jan Mayen|Svalbard and Jan Mayen"),
        (
            "PS",
            "Palestinian Territory|Palestine, State of|Palestinian Territory, Occupied|Palestine",
        ),
        ("BL", "Saint Barthelemy|St. Barthélemy"),
        (
            "VI",
            "United States Virgin Islands|Virgin Islands, U.S.|U.S. Virgin Islands|Virgin Islands (U.S.)|US Virgin Islands",
        ),
        (
            "VG",
            "Virgin Islands, British|British Virgin Islands|Virgin Islands (British)",
        ),
        ("KG", "Kyrgyz Republic|Kyrgyzstan"),
        ("SK", "Slovak Republic|Slovakia"),
        ("PN", "Pitcairn Islands|Pitcairn"),
        ("BV", "Bouvet Island"),
        ("LY", "Libyan Arab Jamahiriya|Libya"),
        ("SZ", "Swaziland|Eswatini"),
        ("CV", "Cape Verde|Cabo Verde"),
        ("RE", "Reunion|Réunion|La Réunion"),
        (
            "SH",
            "Saint Helena|Saint Helena, Ascension and Tristan da Cunha|St Helena",
        ),
        ("MF", "Saint Martin|Saint Martin (French part)|St. Martin"),
        (
            "SX",
            "Sint Maarten|Sint Maarten (Dutch part)|Saint Martin (Dutch part)",
        ),
        ("IO", "British Indian Ocean Territory"),
        (
            "IR",
            "Iran, Islamic Republic of|Iran|Iran (Islamic Republic of)",
        ),
        ("TZ", "Tanzania, United Republic of|Tanzania"),
        ("MD", "Moldova, Republic of|Moldova"),
        ("CW", "Curacao|Curaçao"),
        (
            "TW",
            "Taiwan, Province of China|Taiwan|Taiwan (Province of China)",
        ),
        ("GM", "The Gambia|Gambia, The|Gambia"),
        ("BS", "Bahamas, The|The Bahamas"),
        ("VN", "Viet Nam|Vietnam"),
        (
            "MK",
            "Macedonia|North Macedonia|Macedonia, the former Yugoslav Republic of",
        ),
        ("BO", "Bolivia, Plurinational State of|Bolivia"),
        (
            "VE",
            "Venezuela, Bolivarian Republic of|Venezuela (Bolivarian Republic of)",
        ),
        (
            "NL",
            "Netherlands|The Netherlands|Netherlands, The|Holland|Niederlande|Países Bajos",
        ),
        (
            "DE",
            "Germany|Deutschland|DEU|Allemagne|Alemania|Germania|Duitsland|Alemanha|276|Ｇｅｒｍａｎｙ|Deutschland (DE)|DE - Germany|Germany, DEU",
        ),
        ("JP", "日本|Japan|Japon"),
        (
            "CH",
            "Schweiz|Suisse|Svizzera|Switzerland|Zwitserland|Schweiz / Suisse",
        ),
        ("GE", "Georgia"),
        ("GN", "Guinea"),
        ("GW", "Guinea-Bissau|Guinea Bissau"),
        ("GQ", "Equatorial Guinea"),
        ("DO", "Dominican Republic|Dominican Rep."),
        ("DM", "Dominica"),
        ("MM", "Burma|Myanmar (Burma)|Myanmar"),
        ("KN", "St. Kitts and Nevis|Saint Kitts & Nevis"),
        (
            "BA",
            "Bosnia & Herzegovina|Bosnia-Herzegovina|Bosnia and Herzegovina",
        ),
        ("FK", "Falkland Islands (Malvinas)|Falkland Islands"),
        ("VA", "Holy See (Vatican City State)|Vatican City|Holy See"),
        ("ID", "ID|Indonesia"),
    ];

    #[test]
    fn names_and_codes_become_codes() {
        for (code, texts) in SPELLINGS {
            for text in texts.split('|') {
                assert_eq!(country_of(text), CountryName::One(code), "{text}");
            }
        }
    }

    #[test]
    fn a_name_of_several_countries_is_none() {
        for (text, codes) in [
            ("Korea", "KR KP"),
            ("Congo", "CG CD"),
            ("Virgin Islands", "VG VI"),
            ("Netherlands Antilles", "BQ CW SX"),
            // The number of Iceland is the dialling code of Luxembourg.
            ("352", "IS LU"),
        ] {
            let codes = codes.split(' ').collect();
            assert_eq!(country_of(text), CountryName::Several(codes), "{text}");
        }
        for text in [
            "Atlantis",
            "XX",
            "49",
            "1",
            "999",
            "California",
            "",
            "-",
            "Georgia (US)",
            "Ger",
            "USA Germany",
            "Germany (FR)",
            "US / Germany",
            "Korea (CD)",
            "de-DE",
            "ÄÖ",
        ] {
            assert_eq!(country_of(text), CountryName::Unknown, "{text}");
        }
    }

    /// Each code and name of the standard is known, and no name is given two codes by the tables.
    #[test]
    fn every_country_is_known_by_its_codes_and_its_name() {
        for country in rust_iso3166::ALL {
            for text in [country.alpha2, country.alpha3] {
                assert_eq!(country_code(text), Some(country.alpha2), "{text}");
            }
            let by_name = country_of(country.name);
            let is_congo = country.alpha2 == "CG";
            assert!(
                by_name == CountryName::One(country.alpha2) || is_congo,
                "{}: {by_name:?}",
                country.name
            );
        }
        let mut codes: FxHashMap<String, &str> = FxHashMap::default();
        for (name, code) in named() {
            let before = codes.insert(fold(name), code);
            // The standard gives the bare name to one of the two countries of this name.
            let is_congo = name == "congo";
            assert!(
                before.is_none_or(|b| b == code) || is_congo,
                "{name}: {before:?} and {code}"
            );
            assert!(
                code.split(' ').all(|c| alpha2(c) == Some(c)),
                "{name}: {code}"
            );
        }
    }
}
