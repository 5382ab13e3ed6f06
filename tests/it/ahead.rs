//! What a survey judges ahead is what a second pass would have found.

use std::collections::BTreeMap;
use std::path::Path;

use partner_sync::mapping::Mapping;
use partner_sync::partner::{Fingerprint, Fingerprinter, HashScheme, Query};
use partner_sync::prepare::{Ahead, AreDone, Exports, Hurry, PrepareError, PreparedRow, Tally};
use partner_sync::source::Flow;
use proptest::prelude::*;

use crate::support::{Server, Workdir};

const MAPPING: &str = r#"name = "ahead"
key = "Id"
[organization]
businessName = "Name"
signOnDate = "Signed"
onBoardingStatus = "Stage"
actionPlanCode = "Padding"
[partnerCriteria]
onboardingDate = "Onboarded"
"#;

/// Rows wide enough that a few hundred of them fill a piece.
fn export(rows: impl Iterator<Item = [String; 5]>) -> String {
    let mut text = String::from("Id,Name,Signed,Onboarded,Stage,Padding\n");
    let padding = "x".repeat(380);
    for row in rows {
        text.push_str(&row.join(","));
        text.push_str(&format!(",{padding}\n"));
    }
    text
}

fn row(i: usize, signed: &str, onboarded: &str) -> [String; 5] {
    [
        format!("K-{i}"),
        format!("Company {i}"),
        signed.to_owned(),
        onboarded.to_owned(),
        "Completed".to_owned(),
    ]
}

struct Few(BTreeMap<String, Fingerprint>);

impl AreDone for Few {
    fn are_done(&self, rows: &mut dyn Iterator<Item = (&str, &Fingerprint)>) -> bool {
        rows.fold(true, |all, (key, f)| all && self.0.get(key) == Some(f))
    }
}

/// Rows that were reported, rows that were only counted, and what all hold.
#[derive(Debug, PartialEq)]
struct Seen {
    told: BTreeMap<u64, String>,
    counted: u64,
    tally: Tally,
}

fn telling(rows: &[PreparedRow]) -> impl Iterator<Item = (u64, String)> {
    rows.iter().map(|row| {
        let problems: Vec<String> = row.diagnostics.iter().map(|d| format!("{d:?}")).collect();
        let made = row.partner.as_ref().map(|p| p.fingerprint);
        (row.origin.row, format!("{made:?} {problems:?}"))
    })
}

fn open(file: &Path) -> Exports {
    let mapping = file.with_file_name("m.toml");
    std::fs::write(&mapping, MAPPING).unwrap();
    let mapping = Mapping::read(&mapping).unwrap();
    Exports::open(&[file.to_owned()], &mapping, Query::default()).unwrap()
}

/// What a pass hands over.
fn seen(
    pass: impl FnOnce(&mut dyn FnMut(Vec<PreparedRow>, u64) -> Flow) -> Result<Tally, PrepareError>,
) -> Seen {
    let (mut told, mut counted) = (BTreeMap::new(), 0);
    let mut tally = pass(&mut |rows, others| {
        told.extend(telling(&rows));
        counted += others;
        Flow::More
    })
    .unwrap();
    // Any row may be the example; which one it is depends on how the rows were shared among the workers.
    for field in &mut tally.fields {
        field.example = None;
    }
    Seen {
        told,
        counted,
        tally,
    }
}

fn judged(exports: &Exports, ahead: Ahead<'_>) -> Seen {
    let survey = exports.survey(ahead, &|| false, &|_| {}).unwrap();
    seen(|sink| exports.judge(&survey, &|_| false, sink))
}

fn pending(exports: &Exports, hasher: &Fingerprinter, ahead: Ahead<'_>) -> Seen {
    let survey = exports.survey(ahead, &|| false, &|_| {}).unwrap();
    seen(|sink| exports.pending(&survey, hasher, None, &|_| false, Hurry::Yes, sink))
}

#[derive(Debug, Clone)]
enum Odd {
    Nothing,
    NoName,
    NoKey,
    SameKey,
    NoDate,
    DayFirst,
    MonthFirst,
    Stage,
    Ragged,
    Quoted,
}

fn any_odd() -> impl Strategy<Value = Odd> {
    prop_oneof![
        Just(Odd::NoName),
        Just(Odd::NoKey),
        Just(Odd::SameKey),
        Just(Odd::NoDate),
        Just(Odd::DayFirst),
        Just(Odd::MonthFirst),
        Just(Odd::Stage),
        Just(Odd::Ragged),
        Just(Odd::Quoted),
    ]
}

fn make_odd(i: usize, odd: &Odd) -> [String; 5] {
    // Undecided for most days of a month.
    let day = i % 12 + 1;
    let mut cells = row(i, &format!("{day}/4/2026"), "2026-03-04");
    match odd {
        Odd::Nothing => {}
        Odd::NoName => cells[1].clear(),
        Odd::NoKey => cells[0].clear(),
        Odd::SameKey => cells[0] = "K-1".into(),
        Odd::NoDate => cells[3] = "soon".into(),
        Odd::DayFirst => cells[2] = "25/4/2026".into(),
        Odd::MonthFirst => cells[2] = "4/25/2026".into(),
        Odd::Stage => cells[4] = "Finished".into(),
        Odd::Ragged => cells[4] = "Completed,more".into(),
        Odd::Quoted => cells[1] = "\"Company \"\"A\"\", Ltd\nand Sons\"".into(),
    }
    cells
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn what_is_judged_ahead_is_judged_so(
        rows in 300_usize..2_500,
        odds in prop::collection::vec((0_usize..2_500, any_odd()), 0..6),
        undone in prop::collection::vec(0_usize..2_500, 0..3),
        workers in prop::sample::select(vec![2_usize, 8]),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("e.csv");
        let odd = |i: usize| odds.iter().find(|(at, _)| *at == i).map_or(&Odd::Nothing, |(_, o)| o);
        std::fs::write(&file, export((0..rows).map(|i| make_odd(i, odd(i))))).unwrap();
        // What one worker finds is what several find.
        let plainly = judged(&open(&file).with_workers(1), Ahead::Nothing);
        let exports = open(&file).with_workers(workers);
        prop_assert_eq!(&judged(&exports, Ahead::Nothing), &plainly);
        let ahead = judged(&exports, Ahead::Valid);
        prop_assert_eq!(&ahead, &plainly);

        let hasher = Fingerprinter::new([3; 32], HashScheme::Folded);
        let all = pending(&exports, &hasher, Ahead::Nothing);
        prop_assert_eq!(all.counted, 0);
        // What an earlier run has made: all rows that can be made, but for a few.
        let mut done = Few(BTreeMap::new());
        let survey = exports.survey(Ahead::Nothing, &|| false, &|_| {}).unwrap();
        exports.prepare(&survey, Some(&hasher), None, &|_| false, &mut |rows| {
            done.0.extend(rows.into_iter().filter_map(|row| row.partner).map(|p| (p.key.as_str().to_owned(), p.fingerprint)));
            Flow::More
        }).unwrap();
        done.0.retain(|key, _| !undone.iter().any(|i| *key == format!("K-{i}")));
        let seen = pending(&exports, &hasher, Ahead::Done(&hasher, &done));
        prop_assert_eq!(&seen.tally, &all.tally);
        prop_assert_eq!(seen.counted + seen.told.len() as u64, all.told.len() as u64);
        for (row, told) in &seen.told {
            prop_assert_eq!(Some(told), all.told.get(row));
        }
        // Nothing that is not done is passed over.
        let passed = all.told.iter().filter(|(row, _)| !seen.told.contains_key(row));
        for (row, _) in passed {
            let i = usize::try_from(*row).unwrap() - 2;
            let key = format!("K-{i}");
            prop_assert!(done.0.contains_key(&key), "row {}", row);
        }
    }
}

/// A proof in the last row decides dates that were judged before anybody knew it.
#[test]
fn a_proof_at_the_end_decides_the_first_row() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", MAPPING);
    let rows = (1..1_500).map(|i| row(i, "03/04/2026", "2026-01-02"));
    let last = std::iter::once(row(1_500, "25/04/2026", "2026-01-02"));
    dir.write("e.csv", export(rows.chain(last)));
    let check = dir
        .run(&["check", "e.csv", "-m", "m.toml", "--json"])
        .finish()
        .expect_exit(0);
    assert_eq!(check.summary().get("valid"), 1_500);
    let import = [
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--json",
        "--rate",
        "unlimited",
    ];
    let made = dir.run(&import).at(&server).finish().expect_exit(0);
    assert_eq!(made.summary().get("created"), 1_500);
    let listed = dir
        .run(&[
            "partners", "list", "--take", "1", "--limit", "1", "--format", "jsonl",
        ])
        .at(&server)
        .finish();
    assert!(
        listed.stdout.contains("2026-04-03"),
        "{}{}",
        listed.stdout,
        listed.stderr
    );
    let again = dir.run(&import).at(&server).finish().expect_exit(0);
    assert_eq!(again.summary().get("skipped"), 1_500);
}

/// A rerun passes over what is done and finds what is not: a changed row, a new one, one that was never made.
#[test]
fn a_rerun_finds_what_is_new_among_what_is_done() {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    dir.write("m.toml", MAPPING);
    let usual = |i| row(i, "2026-04-03", "2026-01-02");
    dir.write("e.csv", export((1..=2_000).map(usual)));
    let import = [
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--json",
        "--rate",
        "unlimited",
    ];
    let first = [&import[..], &["--limit", "1990"]].concat();
    dir.run(&first).at(&server).finish().expect_exit(3);
    let rows = (1..=2_001).map(|i| match i {
        700 => row(i, "2026-04-04", "2026-01-02"),
        _ => usual(i),
    });
    dir.write("e.csv", export(rows));
    let again = dir.run(&import).at(&server).finish().expect_exit(1);
    let summary = again.summary();
    assert_eq!(
        ["rows", "skipped", "changed", "created"].map(|name| summary.get(name)),
        [2_001, 1_989, 1, 11]
    );
    assert!(again.stdout.contains("row 701"), "{}", again.stdout);
    assert!(server.by_key().values().all(|n| *n == 1));
    // A key that stands twice is reported, wherever the two stand.
    let twice = (1..=2_001).chain([5]).map(usual);
    dir.write("e.csv", export(twice));
    let twice = dir.run(&import).at(&server).finish().expect_exit(1);
    assert_eq!(twice.summary().get("invalid"), 2);
    assert!(twice.stdout.contains("key.duplicate"), "{}", twice.stdout);
}
