//! Files as runs, other programs and other versions leave them.

use std::path::PathBuf;

use super::{claim, make_older, start, state_file};
use crate::clock::Clock;
use crate::state::sqlite::migration::Version;
use crate::state::sqlite::open::open_for_writing;
use crate::state::sqlite::{
    FileLock, SqliteReader, SqliteUpkeep, SqliteView, backup, begin, file, lock, migration,
};
use crate::state::{OpenRows, RunEnd, RunStart, StateError, StateWriter, View as _};

/// Files by what their names add to the state's own.
type Files = Vec<(&'static str, Vec<u8>)>;

/// What a run that is killed while it makes its state leaves behind, stage by stage.
fn half_made() -> Vec<(&'static str, Files)> {
    let (_dir, path) = state_file();
    let beside = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
    let on_disk = || {
        ["", "-wal", "-journal"]
            .into_iter()
            .filter_map(|suffix| Some((suffix, std::fs::read(beside(suffix)).ok()?)))
            .collect::<Files>()
    };
    let mut stages = Vec::new();
    file::create_private(&path).unwrap();
    stages.push(("the file is made", on_disk()));
    let mut connection = file::connect(&path).unwrap();
    connection
        .query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))
        .unwrap();
    stages.push(("the log is begun", on_disk()));
    // So small a cache puts pages into the log before they are committed.
    connection.pragma_update(None, "cache_size", 1).unwrap();
    connection.pragma_update(None, "cache_spill", 1).unwrap();
    let transaction = connection.transaction().unwrap();
    transaction
        .execute_batch(
            "CREATE TABLE meta (value BLOB); INSERT INTO meta VALUES (zeroblob(100000));",
        )
        .unwrap();
    stages.push(("the schema is not committed", on_disk()));
    assert!(stages[2].1[1].1.len() > 4096, "nothing was spilled");
    drop(transaction);
    migration::migrate(&mut connection, &path).unwrap();
    stages.push(("the schema is committed", on_disk()));
    assert!(stages.iter().all(|(_, files)| files[0].0.is_empty()));
    stages
}

#[tokio::test]
async fn a_state_that_was_only_begun_is_a_new_one() {
    for (stage, files) in half_made() {
        let plant = || {
            let (dir, path) = state_file();
            for (suffix, bytes) in &files {
                let name = format!("{}{suffix}", path.display());
                std::fs::write(name, bytes).unwrap();
            }
            (dir, path)
        };
        let begun = stage != "the schema is committed";

        let (_dir, path) = plant();
        let missing = |what: &str, error: Option<StateError>| {
            let is_missing = matches!(error, Some(StateError::Missing { .. }));
            assert_eq!(is_missing, begun, "{stage}, {what}: {error:?}");
        };
        missing("open", SqliteView::open(&path).err());
        missing(
            "export",
            SqliteView::open(&path)
                .and_then(|v| v.each_exported(&mut |_| ()))
                .err(),
        );
        missing("backup", backup(&path, &path.with_extension("copy")).err());
        missing("upkeep", SqliteUpkeep::open(&path).err());
        assert_eq!(SqliteView::find(&path).unwrap().is_none(), begun, "{stage}");
        let found = SqliteReader::find(&path, "t", "m").unwrap();
        assert!(found.is_none(), "{stage}");

        // By a run, and by whoever takes the lock.
        begin(&path, &start("t"), &Clock::System).unwrap();
        let (_dir, path) = plant();
        let _lock = FileLock::take(&path, &Clock::System).unwrap();
        assert!(
            SqliteView::open(&path)
                .unwrap()
                .counts()
                .unwrap()
                .is_empty()
        );
        let (state, _, _thread) = begin(&path, &start("t"), &Clock::System).unwrap();
        state.claim(vec![claim("a")]).await.unwrap();
        let found = SqliteReader::find(&path, "t", "m").unwrap();
        assert!(found.is_some(), "{stage}");
    }
}

#[cfg(unix)]
#[test]
fn an_empty_file_becomes_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    for by_the_lock in [true, false] {
        let (_dir, path) = state_file();
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        if by_the_lock {
            FileLock::take(&path, &Clock::System).unwrap();
        } else {
            open_for_writing(&path).unwrap();
        }
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{by_the_lock}");
    }
}

#[test]
fn a_database_of_another_program_is_left_as_it_is() {
    for (sql, version) in [
        ("CREATE TABLE customer (id)", 0),
        ("CREATE TABLE customer (id)", 1),
        ("CREATE TABLE customer (id); CREATE TABLE run (id)", 7),
        ("CREATE TABLE customer (id)", 99),
        ("", 7),
    ] {
        let (_dir, path) = state_file();
        let theirs = rusqlite::Connection::open(&path).unwrap();
        theirs.execute_batch(sql).unwrap();
        theirs.pragma_update(None, "user_version", version).unwrap();
        drop(theirs);
        let before = std::fs::read(&path).unwrap();
        let _lock = FileLock::take(&path, &Clock::System).unwrap();
        for error in [
            open_for_writing(&path).err(),
            SqliteView::open(&path).err(),
            SqliteReader::find(&path, "t", "m").err(),
            SqliteUpkeep::open(&path).err(),
        ] {
            let is_foreign = matches!(error, Some(StateError::Foreign { .. }));
            assert!(is_foreign, "{sql}, {version}: {error:?}");
        }
        assert_eq!(std::fs::read(&path).unwrap(), before, "{sql}, {version}");
    }
}

fn version_of(path: &std::path::Path) -> i64 {
    let state = rusqlite::Connection::open(path).unwrap();
    state
        .query_row("PRAGMA user_version", [], |r| r.get(0))
        .unwrap()
}

#[test]
fn an_older_state_is_migrated_only_by_who_has_the_lock() {
    let (_dir, path) = state_file();
    make_older(&path);
    let older_program = lock::hold(&path, &Clock::System).unwrap();
    for error in [
        SqliteView::open(&path).err(),
        SqliteReader::find(&path, "t", "m").err(),
        SqliteView::open(&path)
            .and_then(|v| v.each_exported(&mut |_| ()))
            .err(),
    ] {
        let words = error.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(words.contains("of version 5") && words.contains("another run holds it (process"));
        let Some(StateError::Outdated { found, known, .. }) = error else {
            panic!("{error:?}");
        };
        assert_eq!((found, known), (5, 8));
    }
    assert_eq!(version_of(&path), 5);
    drop(older_program);

    // A reader alone takes the lock for as long as it migrates.
    SqliteView::open(&path).unwrap();
    assert_eq!(version_of(&path), 8);
    FileLock::take(&path, &Clock::System).unwrap();

    // A run migrates when it takes the lock, so its own readers find nothing to migrate.
    make_older(&path.with_extension("2"));
    let _run = FileLock::take(&path.with_extension("2"), &Clock::System).unwrap();
    SqliteView::open(&path.with_extension("2")).unwrap();
}

#[test]
fn rubbish_is_told_as_damage() {
    let (_dir, path) = state_file();
    std::fs::write(
        &path,
        "this is no database, and long enough to be looked at as one".repeat(40),
    )
    .unwrap();
    assert!(matches!(
        open_for_writing(&path),
        Err(StateError::Corrupt { .. })
    ));
    std::fs::write(&path, "a note").unwrap();
    let _lock = FileLock::take(&path, &Clock::System).unwrap();
    assert!(matches!(
        SqliteView::open(&path),
        Err(StateError::Corrupt { .. })
    ));
    assert!(matches!(
        open_for_writing(&path),
        Err(StateError::Corrupt { .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), b"a note");
}

#[tokio::test]
async fn damage_after_a_crash_is_seen_before_anything_relies_on_the_file() {
    let problems_fill_pages = |state: &StateWriter| {
        for _ in 0..40 {
            state.store_problems(vec![7; 3000]);
        }
    };
    let begin_run = |path: &PathBuf| {
        // None of its records is read, and no problem.
        let start = RunStart {
            open: OpenRows::NoneExist,
            ..start("t")
        };
        begin(path, &start, &Clock::System)
    };
    for crashed in [true, false] {
        let (_dir, path) = state_file();
        let (state, _, thread) = begin_run(&path).unwrap();
        problems_fill_pages(&state);
        if !crashed {
            state.end(RunEnd::default()).await.unwrap();
        }
        drop(state);
        thread.join().unwrap();
        let state = rusqlite::Connection::open(&path).unwrap();
        let root = "SELECT rootpage FROM sqlite_schema WHERE name = 'problem'";
        let root: u16 = state.query_row(root, [], |r| r.get(0)).unwrap();
        drop(state);
        let mut bytes = std::fs::read(&path).unwrap();
        let at = usize::from(root) * 4096;
        bytes[at - 4096..at].fill(0x5a);
        std::fs::write(&path, bytes).unwrap();
        let begun = begin_run(&path);
        let is_damaged = matches!(begun, Err(StateError::Corrupt { .. }));
        assert_eq!(is_damaged, crashed, "{:?}", begun.err());
    }
}

/// A state of each version that ever was is brought to the present one; nothing that only looks like one is.
#[test]
fn every_version_is_migrated() {
    for version in 1..=migration::known() {
        let (_dir, path) = state_file();
        let state = rusqlite::Connection::open(&path).unwrap();
        migration::up_to(&state, version);
        let found = migration::examine(&state, &path).unwrap();
        let expected = match version {
            v if v < migration::known() => Version::Older(v),
            _ => Version::Current,
        };
        assert_eq!(found, expected);
        drop(state);
        let state = open_for_writing(&path).unwrap();
        let found = migration::examine(&state, &path).unwrap();
        assert_eq!(found, Version::Current);
        for wrong in [0, -1] {
            state.pragma_update(None, "user_version", wrong).unwrap();
            let found = migration::examine(&state, &path);
            assert!(
                matches!(found, Err(StateError::Foreign { .. })),
                "{wrong}: {found:?}"
            );
        }
    }
}

/// Eight megabytes, whatever a page takes: `SQLite` reads a number below zero as kibibytes.
#[test]
fn the_cache_of_the_writer_is_bounded() {
    let (_dir, path) = state_file();
    let state = open_for_writing(&path).unwrap();
    let size = state.query_row("PRAGMA cache_size", [], |r| r.get::<_, i64>(0));
    assert_eq!(size.unwrap(), -8192);
}

#[test]
fn what_is_no_file_is_no_state() {
    let (dir, path) = state_file();
    assert!(file::refuse_no_file(&path).is_ok());
    std::fs::write(&path, "").unwrap();
    assert!(file::refuse_no_file(&path).is_ok());
    let refused = file::refuse_no_file(dir.path());
    assert!(matches!(refused, Err(StateError::NoFile { .. })));
    // Where none can be made, that is said, and not that one is there.
    assert!(!file::create_private(&path).unwrap());
    let nowhere = dir.path().join("no folder").join("s.db");
    let refused = file::create_private(&nowhere);
    assert!(
        matches!(refused, Err(StateError::Open { .. })),
        "{refused:?}"
    );
}

/// What a run would record of a file that is not the state any more is lost, so it records nothing.
#[cfg(unix)]
#[tokio::test]
async fn a_state_that_is_gone_or_another_file_is_not_written() {
    for put_another in [false, true] {
        let (_dir, path) = state_file();
        let (state, _, _thread) = begin(&path, &start("t"), &Clock::System).unwrap();
        state.claim(vec![claim("a")]).await.unwrap();
        // Moved, so that the other one gets another inode.
        std::fs::rename(&path, path.with_extension("old")).unwrap();
        if put_another {
            std::fs::write(&path, "").unwrap();
        }
        let claimed = state.claim(vec![claim("b")]).await;
        assert!(
            matches!(claimed, Err(StateError::Replaced { .. })),
            "{claimed:?}"
        );
    }
}
