//! States whose addresses an older program spelled as they were typed.

use super::{start, state_file};
use crate::clock::Clock;
use crate::partner::RowKey;
use crate::state::sqlite::open::open_for_writing;
use crate::state::sqlite::{FileLock, SqliteReader, SqliteView, begin};
use crate::state::{RecordState, RunId, RunStart, View as _};

/// A record: key, state, partner, since, posts, lost.
type Row = (
    &'static str,
    RecordState,
    Option<&'static str>,
    i64,
    i64,
    i64,
);

/// A state as an older program leaves it: spaces with these addresses, all of mapping `m`, and their records.
fn plant(path: &std::path::Path, spaces: &[(&str, &[Row])]) {
    let c = open_for_writing(path).unwrap();
    for (target, rows) in spaces {
        c.execute(
            "INSERT INTO space (target, mapping, total) VALUES (?1, 'm', 7)",
            [target],
        )
        .unwrap();
        let space = c.last_insert_rowid();
        let name = format!("run of {space}");
        c.execute(
            "INSERT INTO run (name, space, command, files, started, ended, exit, report) VALUES (?1, ?2, 'import', '', 1, ?2, 0, '{}')",
            rusqlite::params![name, space],
        )
        .unwrap();
        let run = c.last_insert_rowid();
        for (key, state, partner, since, posts, lost) in *rows {
            c.execute(
                "INSERT INTO record (space, key, state, fingerprint, legacy, name, partner, attempts, run, since, posts, lost)
                 VALUES (?1, ?2, ?3, x'00000000000000000000000000000000', ?2, ?2, ?4, 1, ?5, ?6, ?7, ?8)",
                rusqlite::params![space, key, state.code(), partner, run, since, posts, lost],
            )
            .unwrap();
            c.execute(
                "INSERT INTO story (space, key, at, what) VALUES (?1, ?2, 1, ?3)",
                rusqlite::params![space, key, format!("at {target}")],
            )
            .unwrap();
            c.execute(
                "INSERT INTO changed (space, key, fingerprint, run) VALUES (?1, ?2, ?3, ?4)",
                rusqlite::params![space, key, [u8::try_from(run).unwrap(); 16], run],
            )
            .unwrap();
        }
    }
}

/// A run with a name of its own: those that are made have the time in them.
fn at(target: &str) -> RunStart {
    RunStart {
        id: RunId(uuid::Uuid::new_v4().to_string()),
        ..start(target)
    }
}

#[test]
fn what_an_older_program_spelled_otherwise_is_found() {
    use RecordState::{Created, InFlight};
    for spelled in ["http://localhost:4010", "http://[::1]:4010"] {
        for by in ["run", "lock", "reader", "view"] {
            let (_dir, path) = state_file();
            let rows = [
                ("a", Created, Some("id-a"), 5, 1, 0),
                ("b", InFlight, None, 6, 1, 0),
            ];
            plant(&path, &[(spelled, &rows), ("sandbox:X", &[])]);
            match by {
                "run" => drop(begin(&path, &at("http://127.0.0.1:4010"), &Clock::System).unwrap()),
                "lock" => drop(FileLock::take(&path, &Clock::System).unwrap()),
                "reader" => drop(SqliteReader::find(&path, spelled, "m").unwrap().unwrap()),
                _ => drop(SqliteView::open(&path).unwrap()),
            }
            let counts = SqliteView::open(&path).unwrap().counts().unwrap();
            let targets: Vec<_> = counts.iter().map(|c| c.target.as_str()).collect();
            assert_eq!(targets, ["http://127.0.0.1:4010", "sandbox:X"], "{by}");
            let (state, doubts, _) = begin(&path, &at(spelled), &Clock::System).unwrap();
            // Also where the run above has made a doubt of it already.
            assert_eq!(doubts.len(), 1, "{by}");
            let reader = state.reader().unwrap();
            assert!(reader.is_created(&RowKey::new("a")).unwrap());
        }
    }
}

/// Two spaces of one address: of each key the record that is safe stays, whichever space it was in.
#[test]
fn of_two_records_of_a_row_the_safe_one_stays() {
    use RecordState::{Created, InDoubt, InFlight, Rejected, Unsent};
    // One record, the other, and which of them stays.
    let table = [
        ((Created, 5), (Created, 6), 0),
        ((Created, 5), (InFlight, 6), 0),
        ((Created, 5), (InDoubt, 6), 0),
        ((Created, 5), (Rejected, 6), 0),
        ((Created, 5), (Unsent, 6), 0),
        ((InFlight, 5), (InDoubt, 6), 0),
        ((InFlight, 5), (Rejected, 6), 0),
        ((InFlight, 5), (Unsent, 6), 0),
        ((InDoubt, 5), (Rejected, 6), 0),
        ((InDoubt, 5), (Unsent, 6), 0),
        ((InDoubt, 5), (InDoubt, 6), 1),
        ((InFlight, 5), (InFlight, 6), 1),
        ((Rejected, 5), (Unsent, 6), 1),
        ((Unsent, 5), (Rejected, 6), 1),
        ((Unsent, 5), (Unsent, 6), 1),
    ];
    for ((one, other), stays) in table.map(|(a, b, stays)| ((a, b), stays)) {
        for swapped in [false, true] {
            // The one that is spelled as it should be is the older one, the newer one, or not there.
            for spelled in [
                ["http://127.0.0.1", "http://localhost"],
                ["http://localhost", "http://127.0.0.1"],
                ["http://localhost", "http://[::1]"],
            ] {
                let what = format!("{one:?} {other:?} {swapped} {spelled:?}");
                let row = |(state, since): (RecordState, i64), id: &'static str| -> Row {
                    let id = (state == Created).then_some(id);
                    ("k", state, id, since, since, 1)
                };
                let (a, b) = (row(one, "first"), row(other, "second"));
                let (first, second) = if swapped { (b, a) } else { (a, b) };
                let mine = ("only here", Rejected, None, 1, 1, 0);
                let theirs = ("only there", InDoubt, None, 1, 1, 1);
                let (dir, path) = state_file();
                plant(
                    &path,
                    &[
                        (spelled[0], &[first, mine]),
                        (spelled[1], &[second, theirs]),
                    ],
                );
                let view = SqliteView::open(&path).unwrap();
                assert_eq!(view.counts().unwrap().len(), 1, "{what}");
                let expected = [a, b][stays];
                let rows = view.rows_of("k").unwrap();
                assert_eq!(rows.len(), 1);
                assert_eq!(rows[0].state, expected.1.as_str(), "{what}");
                assert_eq!(rows[0].partner_id.as_deref(), expected.2, "{what}");
                assert_eq!(rows[0].attempts, 2);
                // Both histories, and what was known by the other spelling, are reported.
                let story: Vec<_> = rows[0].history.iter().map(|s| s.what.as_str()).collect();
                assert_eq!(story.len(), 3, "{what}: {story:?}");
                let lost = [a, b][1 - stays];
                let twice = story.iter().find(|s| s.contains("recorded twice")).unwrap();
                assert!(
                    twice.contains(&lost.1.as_str().replace('_', " ")),
                    "{twice}"
                );
                assert_eq!(twice.contains("partner"), lost.2.is_some(), "{twice}");
                for (key, state) in [("only here", Rejected), ("only there", InDoubt)] {
                    let rows = view.rows_of(key).unwrap();
                    assert_eq!((rows.len(), rows[0].state), (1, state.as_str()));
                }
                assert_eq!(view.runs(9).unwrap().len(), 2);
                let c = rusqlite::Connection::open(&path).unwrap();
                let sum = "SELECT posts * 100 + lost * 10 + (SELECT count(*) FROM changed) FROM record WHERE key = 'k'";
                let sum: i64 = c.query_row(sum, [], |r| r.get(0)).unwrap();
                assert_eq!(sum, 1100 + 20 + 3, "{what}");
                let newer = "SELECT fingerprint FROM changed WHERE key = 'k'";
                let newer: Vec<u8> = c.query_row(newer, [], |r| r.get(0)).unwrap();
                assert_eq!(newer, [2; 16]);
                let total = c.query_row("SELECT total FROM space", [], |r| r.get::<_, i64>(0));
                assert_eq!(total.unwrap(), 7);
                let broken = c.prepare("PRAGMA foreign_key_check").unwrap().exists([]);
                assert!(!broken.unwrap());
                drop(dir);
            }
        }
    }
}

#[test]
fn one_mapping_is_never_united_with_another() {
    let (_dir, path) = state_file();
    let c = open_for_writing(&path).unwrap();
    c.execute_batch(
        "INSERT INTO space (target, mapping) VALUES ('http://localhost', 'm'), ('http://127.0.0.1', 'n'),
             ('http://localhost:81', 'm'), ('http://LOCALHOST', 'm'), ('http://localhost/', 'm');",
    )
    .unwrap();
    drop(c);
    let counts = SqliteView::open(&path).unwrap().counts().unwrap();
    let spaces: Vec<_> = counts
        .iter()
        .map(|c| format!("{} {}", c.target, c.mapping))
        .collect();
    let expected = [
        "http://127.0.0.1 m",
        "http://127.0.0.1 n",
        "http://127.0.0.1:81 m",
    ];
    assert_eq!(spaces, expected);
}
