//! Names of time zones → IANA names.
//!
//! IANA names are those of jiff's bundled time zone database; the others are in `data/`.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

use rustc_hash::FxHashMap;

use super::data::records;

/// Names that are no IANA names, and the zone each stands for: those of the United States first.
static NAMES: LazyLock<Vec<[&str; 2]>> = LazyLock::new(|| {
    records(include_str!("data/us_zones.csv"))
        .chain(records(include_str!("data/windows_zones.csv")))
        .collect()
});

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
        NAMES
            .iter()
            .find(|[n, _]| n.eq_ignore_ascii_case(name))
            .map(|[_, zone]| (*zone).to_owned())
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
            ("(XYZ-05:00) Eastern Time", None),
            ("(UTC-05:00) Mars", None),
            ("5", None),
            ("()", None),
        ] {
            assert_eq!(iana_name(text).as_deref(), name, "{text}");
        }
    }

    #[test]
    fn every_zone_of_the_tables_is_in_the_database() {
        for [name, zone] in NAMES.iter() {
            assert!(jiff::tz::db().get(zone).is_ok(), "{name}: {zone}");
        }
    }
}
