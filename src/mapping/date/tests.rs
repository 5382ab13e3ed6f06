use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;

use super::case::{Case, Setting};
use super::cases::TABLE;
use crate::diagnostic::Code;
use crate::source::Epoch;

/// What a text becomes: a date with the codes of its warnings, or a code; and the words that go with it.
fn outcome(text: &str, verdict: Verdict, hints: &Hints) -> (String, Vec<String>) {
    match read_text(text, hints).and_then(|r| settle(&r, verdict, hints)) {
        Ok(settled) => {
            let mut becomes = settled.date.to_string();
            let mut words = Vec::new();
            for (code, message) in settled.warnings {
                becomes.push(' ');
                becomes.push_str(code.as_str());
                words.push(message);
            }
            (becomes, words)
        }
        Err(refusal) => {
            let hint = refusal.hint.as_deref().and_then(|h| h.split_once(". In"));
            let setting = hint.map(|(_, setting)| format!("In{setting}"));
            let words = std::iter::once(refusal.message).chain(setting).collect();
            (refusal.code.as_str().to_owned(), words)
        }
    }
}

#[test]
fn texts_become_dates_by_the_policy() {
    let mut wrong = Vec::new();
    for section in TABLE {
        let hints = section.setting.hints();
        for Case(text, expected) in section.cases {
            let (becomes, _) = outcome(text, section.column, &hints);
            if becomes != *expected {
                wrong.push(format!(
                    "{text:?} ({}): {becomes}, not {expected}",
                    section.title
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The table in docs/dates.md is this table, with what the program itself says of each text.
#[test]
fn the_documented_table_is_the_tested_one() {
    use std::fmt::Write as _;
    let mut table = String::new();
    for section in TABLE {
        let _ = writeln!(table, "\n### {}\n\n{}\n", section.title, section.why);
        let _ = writeln!(table, "| text | becomes | what is said |\n|---|---|---|");
        let hints = section.setting.hints();
        for Case(text, expected) in section.cases {
            let (_, words) = outcome(text, section.column, &hints);
            let shown = crate::diagnostic::visible(text, 80).replace('|', "\\|");
            let shown: String = shown
                .chars()
                .flat_map(|c| match c {
                    '\u{feff}' | '\u{a0}' | '\u{200e}' => c.escape_unicode().collect::<Vec<_>>(),
                    c => vec![c],
                })
                .collect();
            let (becomes, codes) = expected.split_once(' ').unwrap_or((expected, ""));
            let mut becomes = format!("`{becomes}`");
            for code in codes.split(' ').filter(|c| !c.is_empty()) {
                if code == Code::DateSentinel.as_str() {
                    "left out".clone_into(&mut becomes);
                }
                let _ = write!(becomes, ", `{code}`");
            }
            let _ = writeln!(
                table,
                "| `{shown}` | {becomes} | {} |",
                words.join(" ").replace('|', "\\|")
            );
        }
    }
    crate::mapping::page::assert_current("dates.md", &table);
}

#[test]
fn serials_follow_their_epoch() {
    for (days, epoch, expected) in [
        (1.0, Epoch::Y1900, Some(date(1900, 1, 1))),
        (59.0, Epoch::Y1900, Some(date(1900, 2, 28))),
        (60.0, Epoch::Y1900, None),
        (61.0, Epoch::Y1900, Some(date(1900, 3, 1))),
        (46085.0, Epoch::Y1900, Some(date(2026, 3, 4))),
        (46_085.999_999_999, Epoch::Y1900, Some(date(2026, 3, 5))),
        (46085.99, Epoch::Y1900, Some(date(2026, 3, 4))),
        (2_958_465.0, Epoch::Y1900, Some(date(9999, 12, 31))),
        (2_958_466.0, Epoch::Y1900, None),
        (0.0, Epoch::Y1900, None),
        (0.5, Epoch::Y1900, None),
        (-1.0, Epoch::Y1900, None),
        (f64::NAN, Epoch::Y1900, None),
        (0.0, Epoch::Y1904, Some(date(1904, 1, 1))),
        (44623.0, Epoch::Y1904, Some(date(2026, 3, 4))),
    ] {
        assert_eq!(read_serial(days, epoch).ok(), expected, "{days} {epoch:?}");
    }
}

#[test]
fn evidence_counts_and_names_its_first_proof() {
    let mut evidence = Evidence::default();
    for (row, text) in [
        (2, "03/04/2026"),
        (3, "2026-03-04"),
        (4, "13/04/2026"),
        (5, "14/04/2026"),
        (6, "5/5/2026"),
    ] {
        evidence.add(&read_text(text, &Hints::default()).unwrap(), row);
    }
    assert_eq!(evidence.verdict(), Verdict::DayFirst);
    assert_eq!(
        evidence.describe(),
        "day/month/year: 2 of 5 dates can only be read so (first: row 4), none the other way"
    );
}

/// A column whose dates prove both orders decides nothing (point 3): what fits both is refused, and what decides itself
/// keeps its date with a warning.
#[test]
fn a_column_that_contradicts_itself_decides_nothing() {
    let hints = Hints::default();
    let texts = ["13/04/2026", "04/13/2026", "03/04/2026", "05/05/2026"];
    for proofs in [[0, 1], [1, 0]] {
        let mut evidence = Evidence::default();
        for at in proofs.into_iter().chain([2, 3]) {
            evidence.add(&read_text(texts[at], &hints).unwrap(), at as u64 + 2);
        }
        let verdict = evidence.verdict();
        assert_eq!(verdict, Verdict::Contradicts);
        let becomes = texts.map(|text| outcome(text, verdict, &hints).0);
        assert_eq!(
            becomes,
            [
                "2026-04-13 date.contradicts_column",
                "2026-04-13 date.contradicts_column",
                "date.ambiguous",
                "2026-05-05",
            ]
        );
    }
    // The two proofs may lie in parts of the file that different threads read.
    let mut above = Evidence::default();
    above.add(&read_text(texts[0], &hints).unwrap(), 2);
    let mut below = Evidence::default();
    below.add(&read_text(texts[1], &hints).unwrap(), 3);
    above.merge(&below);
    assert_eq!(above.verdict(), Verdict::Contradicts);
}

/// A time west of Greenwich is later in UTC, one east of it is earlier (point 1).
#[test]
fn a_time_with_an_offset_is_converted_into_the_zone_that_is_set() {
    for (zone, text, expected) in [
        ("UTC", "2026-03-04T23:30:00-05:00", date(2026, 3, 5)),
        ("UTC", "2026-03-04 23:30 -0500", date(2026, 3, 5)),
        ("UTC", "2026-03-04T23:30:00 EST", date(2026, 3, 5)),
        ("UTC", "2026-03-04T18:30:00-05:00", date(2026, 3, 4)),
        ("UTC", "2026-03-04T00:30:00+02:00", date(2026, 3, 3)),
        ("UTC", "2026-03-04T00:30:00+00:30", date(2026, 3, 4)),
        ("UTC", "2026-03-04T23:30:00", date(2026, 3, 4)),
        (
            "America/New_York",
            "2026-03-04T23:30:00-05:00",
            date(2026, 3, 4),
        ),
        (
            "America/New_York",
            "2026-03-04T23:30:00-08:00",
            date(2026, 3, 5),
        ),
        ("Asia/Tokyo", "2026-03-04T15:30:00Z", date(2026, 3, 5)),
    ] {
        let hints = Setting::Zone(zone).hints();
        assert_eq!(
            outcome(text, Verdict::Silent, &hints).0,
            expected.to_string(),
            "{text} in {zone}"
        );
    }
}

#[test]
fn an_offset_is_at_most_eighteen_hours() {
    for (offset, is_one) in [
        ("+18:00", true),
        ("-18:00", true),
        ("+1800", true),
        ("+19:00", false),
        ("+25:00", false),
        ("-2500", false),
        ("+05:60", false),
        ("+0560", false),
    ] {
        let text = format!("2026-03-04T10:00:00{offset}");
        let becomes = outcome(&text, Verdict::Silent, &Hints::default()).0;
        assert_eq!(
            becomes,
            if is_one { "2026-03-04" } else { "date.invalid" },
            "{text}"
        );
    }
}

/// A date that was decided for one file's column is not the date of a column that decides otherwise.
#[test]
fn a_remembered_date_is_forgotten_under_another_verdict() {
    let mut dates = SettledDates::default();
    let (april, march) = (date(2026, 4, 3), date(2026, 3, 4));
    dates.put("3 / 4 / 2026", Verdict::DayFirst, april);
    assert_eq!(dates.get("3 / 4 / 2026", Verdict::DayFirst), Some(april));
    assert_eq!(dates.get("3 / 4 / 2026", Verdict::MonthFirst), None);
    assert_eq!(dates.get("3 / 4 / 2026", Verdict::Contradicts), None);
    dates.put("4 / 3 / 2026", Verdict::MonthFirst, date(2026, 4, 3));
    assert_eq!(dates.get("3 / 4 / 2026", Verdict::MonthFirst), None);
    dates.put("3 / 4 / 2026", Verdict::MonthFirst, march);
    assert_eq!(dates.get("3 / 4 / 2026", Verdict::MonthFirst), Some(march));
    assert_eq!(dates.get("3 / 4 / 2026", Verdict::DayFirst), None);
}

/// Every date of 1900 to 2100, in every form that says by itself what it means.
#[test]
fn every_unambiguous_form_keeps_every_date() {
    let hints = Hints::default();
    // Sentinels are dates too; that they are flagged is another rule.
    let mut day = date(1900, 1, 1);
    while day <= date(2100, 12, 31) {
        let z = day
            .at(1, 2, 3, 0)
            .to_zoned_datetime(jiff::tz::TimeZone::UTC)
            .unwrap();
        for pattern in [
            "%Y-%m-%d",
            "%Y/%m/%d",
            "%Y%m%d",
            "%Y%m%d%H%M%S",
            "%d %B %Y",
            "%d-%b-%Y",
            "%B %d, %Y",
            "%b %d %Y",
            "%A, %B %d, %Y",
            "%Y-%m-%dT%H:%M:%SZ",
            "%Y-%m-%dT%H:%M:%S.000+0000",
            "%a, %d %b %Y %H:%M:%S +0000",
            "%d.%m.%Y",
            "%d %b, %Y %H:%M:%S",
        ] {
            let text = z.strftime(pattern).to_string();
            let settled = read_text(&text, &hints)
                .and_then(|r| settle(&r, Verdict::Silent, &hints))
                .unwrap_or_else(|e| panic!("{text}: {}", e.message));
            assert_eq!(settled.date, day, "{text}");
        }
        day = day.tomorrow().unwrap();
    }
}

/// The wide names of the months as the Unicode CLDR has them, with their accents.
const MONTHS: [(&str, &str); 6] = [
    (
        "de",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    ),
    (
        "fr",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    ),
    (
        "es",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    ),
    (
        "it",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    ),
    (
        "pt",
        "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    ),
    (
        "nl",
        "januari februari maart april mei juni juli augustus september oktober november december",
    ),
];

/// The names of every month in every language, whatever the day.
#[test]
fn every_language_keeps_its_months() {
    for (locale, months) in MONTHS {
        let hints = Hints {
            locale: Locale::from_word(locale),
            ..Hints::default()
        };
        assert_eq!(months.split(' ').count(), 12, "{locale}");
        for (month, name) in (1..).zip(months.split(' ')) {
            for day in 1..=28 {
                let joined = if matches!(locale, "es" | "pt") {
                    " de "
                } else {
                    " "
                };
                let text = format!("{day}{joined}{name}{joined}2026");
                let settled = read_text(&text, &hints)
                    .and_then(|r| settle(&r, Verdict::Silent, &hints))
                    .unwrap_or_else(|e| panic!("{text}: {}", e.message));
                assert_eq!(settled.date, date(2026, month, day), "{text}");
            }
        }
    }
}

fn any_date() -> impl Strategy<Value = Date> {
    (0_i32..73_413).prop_map(|n| {
        date(1900, 1, 2)
            .checked_add(jiff::Span::new().days(n))
            .unwrap()
    })
}

proptest! {
    #[test]
    fn a_numeric_date_is_never_read_the_wrong_way(d in any_date(), day_first: bool) {
        let text = d.strftime(if day_first { "%d/%m/%Y" } else { "%m/%d/%Y" }).to_string();
        let verdict = if day_first { Verdict::DayFirst } else { Verdict::MonthFirst };
        let reading = read_text(&text, &Hints::default()).unwrap();
        prop_assert_eq!(settle(&reading, verdict, &Hints::default()).unwrap().date, d);
        if let Ok(alone) = settle(&reading, Verdict::Silent, &Hints::default()) {
            prop_assert_eq!(alone.date, d);
        }
    }

    /// The short way decides what the long way decides, and only where that has nothing to report.
    #[test]
    fn what_is_settled_quietly_is_settled_so(
        text in "(19|20|18|21)?[0-9]{2}[-/.][0-9]{1,2}[-/.](19|20)?[0-9]{1,2}|[0-9]{1,2}/[0-9]{1,2}/(19|20)[0-9]{2}|1970-01-01|1/1/1900",
        verdict in prop_oneof![
            Just(Verdict::Silent), Just(Verdict::DayFirst), Just(Verdict::MonthFirst), Just(Verdict::Contradicts),
        ],
    ) {
        if let Ok(reading) = read_text(&text, &Hints::default())
            && let Some(date) = settle_quietly(&reading, verdict)
        {
            let settled = settle(&reading, verdict, &Hints::default()).unwrap();
            prop_assert_eq!((settled.date, settled.warnings.len(), settled.sentinel), (date, 0, false));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
        let _ = read_text(&text, &Hints::default()).map(|r| settle(&r, Verdict::DayFirst, &Hints::default()));
    }

    #[test]
    fn date_like_texts_are_read_or_refused(text in "[0-9/.,: TZaApPmM+-]{0,24}") {
        if let Ok(settled) = read_text(&text, &Hints::default())
            .and_then(|r| settle(&r, Verdict::MonthFirst, &Hints::default()))
        {
            let out = settled.date.to_string();
            let shape = out.bytes().enumerate().all(|(i, b)| match i {
                4 | 7 => b == b'-',
                _ => b.is_ascii_digit(),
            });
            prop_assert!(out.len() == 10 && shape, "{}", out);
        }
    }
}
