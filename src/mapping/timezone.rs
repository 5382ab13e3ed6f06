//! Names of time zones → IANA names.
//!
//! Source: IANA time zone database (by jiff, bundled); the `windowsZones` table of the Unicode CLDR,
//! territory 001, for Windows names; and what CRMs in the United States write.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

/// Windows names and the zone each stands for.
const WINDOWS: &[(&str, &str)] = &[
    ("Dateline Standard Time", "Etc/GMT+12"),
    ("UTC-11", "Etc/GMT+11"),
    ("Aleutian Standard Time", "America/Adak"),
    ("Hawaiian Standard Time", "Pacific/Honolulu"),
    ("Marquesas Standard Time", "Pacific/Marquesas"),
    ("Alaskan Standard Time", "America/Anchorage"),
    ("UTC-09", "Etc/GMT+9"),
    ("Pacific Standard Time (Mexico)", "America/Tijuana"),
    ("UTC-08", "Etc/GMT+8"),
    ("Pacific Standard Time", "America/Los_Angeles"),
    ("US Mountain Standard Time", "America/Phoenix"),
    ("Mountain Standard Time (Mexico)", "America/Mazatlan"),
    ("Mountain Standard Time", "America/Denver"),
    ("Yukon Standard Time", "America/Whitehorse"),
    ("Central America Standard Time", "America/Guatemala"),
    ("Central Standard Time", "America/Chicago"),
    ("Easter Island Standard Time", "Pacific/Easter"),
    ("Central Standard Time (Mexico)", "America/Mexico_City"),
    ("Canada Central Standard Time", "America/Regina"),
    ("SA Pacific Standard Time", "America/Bogota"),
    ("Eastern Standard Time (Mexico)", "America/Cancun"),
    ("Eastern Standard Time", "America/New_York"),
    ("Haiti Standard Time", "America/Port-au-Prince"),
    ("Cuba Standard Time", "America/Havana"),
    ("US Eastern Standard Time", "America/Indiana/Indianapolis"),
    ("Turks And Caicos Standard Time", "America/Grand_Turk"),
    ("Paraguay Standard Time", "America/Asuncion"),
    ("Atlantic Standard Time", "America/Halifax"),
    ("Venezuela Standard Time", "America/Caracas"),
    ("Central Brazilian Standard Time", "America/Cuiaba"),
    ("SA Western Standard Time", "America/La_Paz"),
    ("Pacific SA Standard Time", "America/Santiago"),
    ("Newfoundland Standard Time", "America/St_Johns"),
    ("Tocantins Standard Time", "America/Araguaina"),
    ("E. South America Standard Time", "America/Sao_Paulo"),
    ("SA Eastern Standard Time", "America/Cayenne"),
    ("Argentina Standard Time", "America/Argentina/Buenos_Aires"),
    ("Greenland Standard Time", "America/Nuuk"),
    ("Montevideo Standard Time", "America/Montevideo"),
    ("Magallanes Standard Time", "America/Punta_Arenas"),
    ("Saint Pierre Standard Time", "America/Miquelon"),
    ("Bahia Standard Time", "America/Bahia"),
    ("UTC-02", "Etc/GMT+2"),
    ("Azores Standard Time", "Atlantic/Azores"),
    ("Cape Verde Standard Time", "Atlantic/Cape_Verde"),
    ("GMT Standard Time", "Europe/London"),
    ("Greenwich Standard Time", "Atlantic/Reykjavik"),
    ("Sao Tome Standard Time", "Africa/Sao_Tome"),
    ("Morocco Standard Time", "Africa/Casablanca"),
    ("W. Europe Standard Time", "Europe/Berlin"),
    ("Central Europe Standard Time", "Europe/Budapest"),
    ("Romance Standard Time", "Europe/Paris"),
    ("Central European Standard Time", "Europe/Warsaw"),
    ("W. Central Africa Standard Time", "Africa/Lagos"),
    ("Jordan Standard Time", "Asia/Amman"),
    ("GTB Standard Time", "Europe/Bucharest"),
    ("Middle East Standard Time", "Asia/Beirut"),
    ("Egypt Standard Time", "Africa/Cairo"),
    ("E. Europe Standard Time", "Europe/Chisinau"),
    ("Syria Standard Time", "Asia/Damascus"),
    ("West Bank Standard Time", "Asia/Hebron"),
    ("South Africa Standard Time", "Africa/Johannesburg"),
    ("FLE Standard Time", "Europe/Kyiv"),
    ("Israel Standard Time", "Asia/Jerusalem"),
    ("South Sudan Standard Time", "Africa/Juba"),
    ("Kaliningrad Standard Time", "Europe/Kaliningrad"),
    ("Sudan Standard Time", "Africa/Khartoum"),
    ("Libya Standard Time", "Africa/Tripoli"),
    ("Namibia Standard Time", "Africa/Windhoek"),
    ("Arabic Standard Time", "Asia/Baghdad"),
    ("Turkey Standard Time", "Europe/Istanbul"),
    ("Arab Standard Time", "Asia/Riyadh"),
    ("Belarus Standard Time", "Europe/Minsk"),
    ("Russian Standard Time", "Europe/Moscow"),
    ("E. Africa Standard Time", "Africa/Nairobi"),
    ("Iran Standard Time", "Asia/Tehran"),
    ("Arabian Standard Time", "Asia/Dubai"),
    ("Astrakhan Standard Time", "Europe/Astrakhan"),
    ("Azerbaijan Standard Time", "Asia/Baku"),
    ("Russia Time Zone 3", "Europe/Samara"),
    ("Mauritius Standard Time", "Indian/Mauritius"),
    ("Saratov Standard Time", "Europe/Saratov"),
    ("Georgian Standard Time", "Asia/Tbilisi"),
    ("Volgograd Standard Time", "Europe/Volgograd"),
    ("Caucasus Standard Time", "Asia/Yerevan"),
    ("Afghanistan Standard Time", "Asia/Kabul"),
    ("West Asia Standard Time", "Asia/Tashkent"),
    ("Ekaterinburg Standard Time", "Asia/Yekaterinburg"),
    ("Pakistan Standard Time", "Asia/Karachi"),
    ("Qyzylorda Standard Time", "Asia/Qyzylorda"),
    ("India Standard Time", "Asia/Kolkata"),
    ("Sri Lanka Standard Time", "Asia/Colombo"),
    ("Nepal Standard Time", "Asia/Kathmandu"),
    ("Central Asia Standard Time", "Asia/Bishkek"),
    ("Bangladesh Standard Time", "Asia/Dhaka"),
    ("Omsk Standard Time", "Asia/Omsk"),
    ("Myanmar Standard Time", "Asia/Yangon"),
    ("SE Asia Standard Time", "Asia/Bangkok"),
    ("Altai Standard Time", "Asia/Barnaul"),
    ("W. Mongolia Standard Time", "Asia/Hovd"),
    ("North Asia Standard Time", "Asia/Krasnoyarsk"),
    ("N. Central Asia Standard Time", "Asia/Novosibirsk"),
    ("Tomsk Standard Time", "Asia/Tomsk"),
    ("China Standard Time", "Asia/Shanghai"),
    ("North Asia East Standard Time", "Asia/Irkutsk"),
    ("Singapore Standard Time", "Asia/Singapore"),
    ("W. Australia Standard Time", "Australia/Perth"),
    ("Taipei Standard Time", "Asia/Taipei"),
    ("Ulaanbaatar Standard Time", "Asia/Ulaanbaatar"),
    ("Aus Central W. Standard Time", "Australia/Eucla"),
    ("Transbaikal Standard Time", "Asia/Chita"),
    ("Tokyo Standard Time", "Asia/Tokyo"),
    ("North Korea Standard Time", "Asia/Pyongyang"),
    ("Korea Standard Time", "Asia/Seoul"),
    ("Yakutsk Standard Time", "Asia/Yakutsk"),
    ("Cen. Australia Standard Time", "Australia/Adelaide"),
    ("AUS Central Standard Time", "Australia/Darwin"),
    ("E. Australia Standard Time", "Australia/Brisbane"),
    ("AUS Eastern Standard Time", "Australia/Sydney"),
    ("West Pacific Standard Time", "Pacific/Port_Moresby"),
    ("Tasmania Standard Time", "Australia/Hobart"),
    ("Vladivostok Standard Time", "Asia/Vladivostok"),
    ("Lord Howe Standard Time", "Australia/Lord_Howe"),
    ("Bougainville Standard Time", "Pacific/Bougainville"),
    ("Russia Time Zone 10", "Asia/Srednekolymsk"),
    ("Magadan Standard Time", "Asia/Magadan"),
    ("Norfolk Standard Time", "Pacific/Norfolk"),
    ("Sakhalin Standard Time", "Asia/Sakhalin"),
    ("Central Pacific Standard Time", "Pacific/Guadalcanal"),
    ("Russia Time Zone 11", "Asia/Kamchatka"),
    ("New Zealand Standard Time", "Pacific/Auckland"),
    ("UTC+12", "Etc/GMT-12"),
    ("Fiji Standard Time", "Pacific/Fiji"),
    ("Chatham Islands Standard Time", "Pacific/Chatham"),
    ("UTC+13", "Etc/GMT-13"),
    ("Tonga Standard Time", "Pacific/Tongatapu"),
    ("Samoa Standard Time", "Pacific/Apia"),
    ("Line Islands Standard Time", "Pacific/Kiritimati"),
];

/// Names and abbreviations that people in the United States write. An abbreviation means the zone whose
/// clocks change: someone in New York who writes EST in July does not mean Panama.
const UNITED_STATES: &[(&str, &str)] = &[
    ("Eastern", "America/New_York"),
    ("Central", "America/Chicago"),
    ("Mountain", "America/Denver"),
    ("Pacific", "America/Los_Angeles"),
    ("Alaska", "America/Anchorage"),
    ("Alaskan", "America/Anchorage"),
    ("Hawaii", "Pacific/Honolulu"),
    ("Hawaiian", "Pacific/Honolulu"),
    ("Arizona", "America/Phoenix"),
    ("Indiana (East)", "America/Indiana/Indianapolis"),
    ("Atlantic", "America/Halifax"),
    ("ET", "America/New_York"),
    ("EST", "America/New_York"),
    ("EDT", "America/New_York"),
    ("CT", "America/Chicago"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("MT", "America/Denver"),
    ("MST", "America/Denver"),
    ("MDT", "America/Denver"),
    ("PT", "America/Los_Angeles"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
    ("AKST", "America/Anchorage"),
    ("AKDT", "America/Anchorage"),
    ("HST", "Pacific/Honolulu"),
    ("GMT", "Etc/GMT"),
    ("UTC", "Etc/UTC"),
    ("Z", "Etc/UTC"),
    ("Greenwich Mean Time", "Etc/GMT"),
    ("Coordinated Universal Time", "Etc/UTC"),
];

/// The IANA name of a zone, by its IANA name in any case, its Windows name, or a usual name.
///
/// `(GMT-08:00) Pacific Standard Time (America/Los_Angeles)`, as Salesforce writes it, and `(UTC-05:00)
/// Eastern Time (US & Canada)`, as Windows shows it, are read too.
pub(super) fn iana_name(text: &str) -> Option<Arc<str>> {
    /// Spellings remembered by each thread: an export has a handful.
    const REMEMBERED: usize = 256;
    thread_local! {
        static SEEN: RefCell<FxHashMap<Box<str>, Option<Arc<str>>>> = RefCell::default();
    }
    SEEN.with_borrow_mut(|seen| {
        if let Some(name) = seen.get(text) {
            return name.clone();
        }
        let name: Option<Arc<str>> = look_up(text.trim()).map(Arc::from);
        if seen.len() < REMEMBERED {
            seen.insert(text.into(), name.clone());
        }
        name
    })
}

fn look_up(text: &str) -> Option<String> {
    if let Some(inner) = text.strip_suffix(')').and_then(|t| t.rsplit_once('('))
        && inner.1.contains('/')
        && let Some(name) = known(inner.1)
    {
        return Some(name);
    }
    let bare = match text.strip_prefix('(').and_then(|t| t.split_once(')')) {
        Some((offset, rest)) if offset.starts_with("GMT") || offset.starts_with("UTC") => {
            rest.trim()
        }
        _ => text,
    };
    named(bare).or_else(|| known(bare))
}

/// A zone of the database, in the database's own spelling.
fn known(name: &str) -> Option<String> {
    let zone = jiff::tz::db().get(name).ok()?;
    zone.iana_name().map(str::to_owned)
}

fn named(text: &str) -> Option<String> {
    let in_table = |name: &str| {
        UNITED_STATES
            .iter()
            .chain(WINDOWS)
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, zone)| (*zone).to_owned())
    };
    let short = |name: &str| -> Option<String> {
        let lower = name.to_ascii_lowercase();
        let name = lower.strip_suffix("(us & canada)").unwrap_or(&lower).trim();
        let name = [" standard time", " daylight time", " time zone", " time"]
            .iter()
            .find_map(|tail| name.strip_suffix(tail))
            .unwrap_or(name);
        in_table(name.strip_prefix("us/").unwrap_or(name))
    };
    in_table(text).or_else(|| short(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_iana_names() {
        for (text, name) in [
            ("America/Los_Angeles", Some("America/Los_Angeles")),
            ("america/los_angeles", Some("America/Los_Angeles")),
            ("Pacific Standard Time", Some("America/Los_Angeles")),
            ("Pacific Daylight Time", Some("America/Los_Angeles")),
            ("Eastern", Some("America/New_York")),
            ("Eastern Time", Some("America/New_York")),
            ("Eastern Time (US & Canada)", Some("America/New_York")),
            (
                "(UTC-05:00) Eastern Time (US & Canada)",
                Some("America/New_York"),
            ),
            (
                "(GMT-08:00) Pacific Standard Time (America/Los_Angeles)",
                Some("America/Los_Angeles"),
            ),
            ("(UTC-07:00) Arizona", Some("America/Phoenix")),
            ("US Mountain Standard Time", Some("America/Phoenix")),
            ("US/Central", Some("America/Chicago")),
            ("EST", Some("America/New_York")),
            ("pt", Some("America/Los_Angeles")),
            ("W. Europe Standard Time", Some("Europe/Berlin")),
            ("UTC", Some("Etc/UTC")),
            ("Mars/Olympus", None),
            ("5", None),
            ("()", None),
        ] {
            assert_eq!(iana_name(text).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn every_zone_of_the_tables_is_in_the_database() {
        for (name, zone) in WINDOWS.iter().chain(UNITED_STATES) {
            assert!(jiff::tz::db().get(zone).is_ok(), "{name}: {zone}");
        }
    }
}
