//! A state that lacks its log, and every moment at which one may look so.

use std::path::{Path, PathBuf};

use super::{claim, start, state_file};
use crate::clock::Clock;
use crate::partner::{PartnerId, RowKey};
use crate::state::hash_key::KeyNumber;
use crate::state::sqlite::begin::begin_run;
use crate::state::sqlite::log::{self, Mark};
use crate::state::sqlite::open::open_for_writing;
use crate::state::sqlite::{FileLock, SqliteReader, SqliteUpkeep, SqliteView, backup, begin, file};
use crate::state::{Event, RunEnd, Settlement, StateError, View as _};

fn beside(path: &Path, more: &str) -> PathBuf {
    crate::state::beside::beside(path, more)
}

/// State and log, as a kill leaves them; a plan of the second makes a new folder of them.
#[derive(Clone)]
struct Left {
    what: String,
    state: Vec<u8>,
    log: Option<Vec<u8>>,
}

impl Left {
    fn of(path: &Path, what: &str) -> Self {
        Self {
            what: what.to_owned(),
            state: std::fs::read(path).unwrap(),
            log: std::fs::read(beside(path, "-wal")).ok(),
        }
    }

    /// Lays the files into a folder of their own.
    fn plant(&self, with_log: bool) -> (tempfile::TempDir, PathBuf) {
        let (dir, path) = state_file();
        std::fs::write(&path, &self.state).unwrap();
        if let Some(log) = self.log.as_ref().filter(|_| with_log) {
            std::fs::write(beside(&path, "-wal"), log).unwrap();
        }
        (dir, path)
    }
}

fn made(key: &str) -> Settlement {
    let mut made = Settlement::new(RowKey::new(key), Event::Created);
    made.partner = Some(PartnerId::new(format!("id-{key}")));
    made
}

/// What is recorded of rows, by `status`.
fn recorded(path: &Path) -> Result<u64, StateError> {
    let Some(view) = SqliteView::find(path)? else {
        return Ok(0);
    };
    Ok(view.counts()?.iter().flat_map(|c| c.states.values()).sum())
}

/// What a process leaves that dies at any step: of opening, of writing, of folding and of its end. Each is a copy of the
/// files while they are written, so nothing of a connection's own end is in them.
async fn stages() -> Vec<(Left, u64)> {
    let (_dir, path) = state_file();
    let mut all = Vec::new();
    let (state, _, thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    let mut snap = |what: &str, rows: u64| all.push((Left::of(&path, what), rows));
    snap("begun", 0);
    state.claim(vec![claim("a"), claim("b")]).await.unwrap();
    snap("claimed", 2);
    state.settle(vec![made("a")]).await.unwrap();
    snap("settled", 2);

    // Each step of a folding, by a connection beside the run's.
    let folding = file::connect(&path).unwrap();
    // An address that is to be spelled otherwise, which whoever takes the lock of a whole state does.
    folding
        .execute(
            "INSERT INTO space (target, mapping) VALUES ('http://localhost', 'm')",
            [],
        )
        .unwrap();
    Mark::Needed.put(&folding, &path).unwrap();
    snap("needed is in the log", 2);
    log::fold_what_may(&folding).unwrap();
    snap("folded, and needed", 2);
    Mark::Here.put(&folding, &path).unwrap();
    snap("folded, and here", 2);
    drop(folding);
    state.claim(vec![claim("c")]).await.unwrap();
    snap("claimed after a folding", 3);
    state.end(RunEnd::default()).await.unwrap();
    snap("ended", 3);
    drop(state);
    thread.join().unwrap();
    snap("closed", 3);
    assert!(!beside(&path, "-wal").exists());

    let upkeep = SqliteUpkeep::open(&path).unwrap();
    snap("upkeep", 3);
    drop(upkeep);
    let (state, _, thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    snap("begun again", 3);
    drop(state);
    thread.join().unwrap();
    all
}

#[tokio::test]
async fn a_copy_without_its_log_is_whole_or_refused() {
    let mut told = Vec::new();
    for (left, rows) in stages().await {
        let (_dir, path) = left.plant(false);
        // Where it is refused, every way to open it says so.
        let Err(error) = recorded(&path) else {
            assert_eq!(recorded(&path).unwrap(), rows, "{}", left.what);
            continue;
        };
        assert!(error.to_string().contains("without its log"), "{error}");
        let _lock = FileLock::take(&path, &Clock::System).unwrap();
        for error in [
            Some(error),
            SqliteReader::find(&path, "t", "m").err(),
            SqliteUpkeep::open(&path).err(),
            SqliteView::open(&path)
                .and_then(|v| v.each_exported(&mut |_| ()))
                .err(),
            backup(&path, &path.with_extension("copy")).err(),
            begin(&path, &start("t"), &Clock::System).err(),
            recorded(&path).err(),
        ] {
            let is_missing = matches!(error, Some(StateError::LogMissing { .. }));
            assert!(is_missing, "{}: {error:?}", left.what);
        }
        assert_eq!(std::fs::read(&path).unwrap(), left.state);
        told.push(left.what);
    }
    // Those of which rows are missing, above all.
    let lost = ["claimed", "settled", "claimed after a folding", "ended"];
    for what in lost {
        assert!(told.iter().any(|r| r == what), "{what}: {told:?}");
    }
    assert!(!told.iter().any(|r| r == "closed"));
}

/// Somebody who opens the state and goes again.
type Visitor<'v> = (&'v str, &'v dyn Fn(&Path));

/// Whoever comes next, and after it the next: all see all rows, whatever each leaves of the log.
#[tokio::test]
async fn a_state_with_its_log_is_never_refused() {
    let look = |path: &Path| drop(SqliteView::open(path).unwrap());
    let take = |path: &Path| drop(FileLock::take(path, &Clock::System).unwrap());
    let keep = |path: &Path| drop(SqliteUpkeep::open(path).unwrap());
    let run = |path: &Path| {
        let (state, _, thread) = begin(path, &start("t"), &Clock::System).unwrap();
        drop(state);
        thread.join().unwrap();
    };
    let other_program = |path: &Path| {
        let theirs = rusqlite::Connection::open(path).unwrap();
        theirs
            .query_row("SELECT count(*) FROM record", [], |_| Ok(()))
            .unwrap();
    };
    let visitors: [Visitor; 5] = [
        ("look", &look),
        ("lock", &take),
        ("keep", &keep),
        ("run", &run),
        ("other program", &other_program),
    ];
    for (left, rows) in stages().await {
        for (first, visit) in visitors {
            // Nothing of ours was killed in the middle of a folding, which is over in milliseconds, and then opened by
            // another program first: the file would be refused, although it is whole.
            if first == "other program" && left.what.contains("needed") {
                continue;
            }
            let (_dir, path) = left.plant(true);
            visit(&path);
            for (second, visit) in visitors {
                assert_eq!(
                    recorded(&path).unwrap(),
                    rows,
                    "{}, {first}, {second}",
                    left.what
                );
                if second != "other program" || !left.what.contains("needed") {
                    visit(&path);
                }
            }
        }
    }
}

/// Every file beside every log of another moment: what is read is what the log says of its own file, or nothing is.
#[tokio::test]
async fn a_file_and_a_log_of_another_moment_are_not_mixed() {
    let stages = stages().await;
    let mut refused = 0;
    for (file, _) in &stages {
        for (log, rows) in stages.iter().filter(|(log, _)| log.log.is_some()) {
            let mixed = Left {
                what: format!("the file of '{}', the log of '{}'", file.what, log.what),
                state: file.state.clone(),
                log: log.log.clone(),
            };
            let (_dir, path) = mixed.plant(true);
            match recorded(&path) {
                Ok(found) => {
                    assert_eq!(found, *rows, "{}", mixed.what);
                    let sound = rusqlite::Connection::open(&path).unwrap();
                    let sound = sound.query_row("PRAGMA integrity_check", [], |r| r.get(0));
                    assert_eq!(sound, Ok("ok".to_owned()), "{}", mixed.what);
                }
                Err(error) => {
                    let is_told = matches!(
                        error,
                        StateError::LogForeign { .. } | StateError::LogMissing { .. }
                    );
                    assert!(is_told, "{}: {error}", mixed.what);
                    assert_eq!(std::fs::read(&path).unwrap(), file.state);
                    assert_eq!(std::fs::read(beside(&path, "-wal")).ok(), log.log);
                    refused += 1;
                }
            }
        }
    }
    assert!(refused > 20, "{refused}");
}

/// A backup that is copied over the state of a killed run, whose log nobody took away.
#[tokio::test]
async fn a_backup_over_a_killed_state_is_not_mixed_with_its_log() {
    let (_dir, path) = state_file();
    let (state, _, thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    state.claim(vec![claim("a")]).await.unwrap();
    let copy = path.with_extension("copy");
    backup(&path, &copy).unwrap();
    drop(state);
    thread.join().unwrap();
    let ended = std::fs::read(&path).unwrap();
    let (state, _, _thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    state.claim(vec![claim("b")]).await.unwrap();
    let killed = Left::of(&path, "killed");
    for restored in [std::fs::read(&copy).unwrap(), ended] {
        let (_dir, path) = killed.plant(true);
        std::fs::write(&path, &restored).unwrap();
        let lock = FileLock::take(&path, &Clock::System).unwrap();
        for error in [
            SqliteView::find(&path).err(),
            SqliteReader::find(&path, "t", "m").err(),
            SqliteUpkeep::open(&path).err(),
            begin(&path, &start("t"), &Clock::System).err(),
        ] {
            let is_foreign = matches!(error, Some(StateError::LogForeign { .. }));
            assert!(is_foreign, "{error:?}");
        }
        drop(lock);
        std::fs::remove_file(beside(&path, "-wal")).unwrap();
        assert_eq!(recorded(&path).unwrap(), 1);
        begin(&path, &start("t"), &Clock::System).unwrap();
    }
}

#[tokio::test]
async fn a_long_log_is_folded_and_the_file_still_says_that_it_needs_it() {
    let (_dir, path) = state_file();
    let (state, _, thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    let log_bytes = || std::fs::metadata(beside(&path, "-wal")).unwrap().len();
    let part = || vec![7; 1 << 20];
    for _ in 0..40 {
        state.store_problems(part());
        state.known(vec![]).await.unwrap();
    }
    // Forty MiB went through it.
    assert!(log_bytes() < 30 << 20, "{}", log_bytes());
    assert!(std::fs::metadata(&path).unwrap().len() > 20 << 20);
    state.claim(vec![claim("a")]).await.unwrap();
    let left = Left::of(&path, "long");
    let (_copied, copy) = left.plant(false);
    let missing = recorded(&copy);
    assert!(
        matches!(missing, Err(StateError::LogMissing { .. })),
        "{missing:?}"
    );
    let (_copied, copy) = left.plant(true);
    assert_eq!(recorded(&copy).unwrap(), 1);
    drop(state);
    thread.join().unwrap();
    assert_eq!(recorded(&path).unwrap(), 1);
}

#[tokio::test]
async fn a_backup_of_a_run_under_way_is_whole() {
    let (_dir, path) = state_file();
    let (state, _, _thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    state.claim(vec![claim("a")]).await.unwrap();
    let beside_it = file::connect(&path).unwrap();
    for (mark, name) in [(Mark::Here, "1"), (Mark::Needed, "2")] {
        mark.put(&beside_it, &path).unwrap();
        let copy = path.with_extension(name);
        backup(&path, &copy).unwrap();
        assert!(!beside(&copy, "-wal").exists());
        assert_eq!(recorded(&copy).unwrap(), 1);
    }
    // Beside the log of a state that is gone, which SQLite would delete.
    let copy = path.with_extension("3");
    std::fs::write(beside(&copy, "-wal"), "of another state").unwrap();
    let refused = backup(&path, &copy);
    assert!(
        matches!(refused, Err(StateError::Orphan { .. })),
        "{refused:?}"
    );
    assert!(!copy.exists() && beside(&copy, "-wal").exists());
}

/// Two runs begin at once, and the lock kept neither out: the first one makes no doubts of what the other has claimed.
#[test]
fn of_two_runs_that_begin_at_once_one_begins() {
    let (_dir, path) = state_file();
    let mut connection = open_for_writing(&path).unwrap();
    let first = log::take_over(&mut connection, &path).unwrap();
    let second = log::take_over(&mut connection, &path).unwrap();
    let now = Clock::System.now();
    let mut begin = |fence| {
        begin_run(
            &mut connection,
            fence,
            &path,
            &start("t"),
            KeyNumber(0),
            now,
        )
    };
    let taken = begin(first);
    assert!(matches!(taken, Err(StateError::Taken { .. })), "{taken:?}");
    begin(second).unwrap();
    assert_eq!(Mark::of(&connection).unwrap(), Mark::Here);
}

#[tokio::test]
async fn a_log_whose_state_is_gone_is_not_deleted() {
    let (_dir, path) = state_file();
    let (state, _, _thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    state.claim(vec![claim("a")]).await.unwrap();
    let left = Left::of(&path, "killed");
    for is_empty in [false, true] {
        let (_dir, path) = left.plant(true);
        std::fs::remove_file(&path).unwrap();
        if is_empty {
            std::fs::write(&path, "").unwrap();
        }
        let lock = FileLock::take(&path, &Clock::System).unwrap();
        for error in [
            SqliteView::open(&path).err(),
            SqliteView::find(&path).err(),
            SqliteReader::find(&path, "t", "m").err(),
            SqliteUpkeep::open(&path).err(),
            begin(&path, &start("t"), &Clock::System).err(),
        ] {
            let is_orphan = matches!(error, Some(StateError::Orphan { .. }));
            assert!(is_orphan, "{error:?}");
        }
        drop(lock);
        assert_eq!(path.exists(), is_empty);
        assert_eq!(std::fs::read(beside(&path, "-wal")).ok(), left.log);
        // Put back, it is the state that it was.
        std::fs::write(&path, &left.state).unwrap();
        assert_eq!(recorded(&path).unwrap(), 1);
    }
    // What is left of one that ended in good order is no log.
    let (_dir, path) = state_file();
    std::fs::write(beside(&path, "-wal"), "").unwrap();
    std::fs::write(beside(&path, "-shm"), vec![0; 32768]).unwrap();
    begin(&path, &start("t"), &Clock::System).unwrap();
}

/// What a killed run leaves is one file again once somebody has looked at it, or worked on it.
#[tokio::test]
async fn whoever_is_the_last_to_close_a_state_leaves_one_file() {
    let (_dir, path) = state_file();
    let (state, _, _thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    state.claim(vec![claim("a")]).await.unwrap();
    let left = Left::of(&path, "killed");
    for by in ["view", "reader", "upkeep"] {
        let (_dir, path) = left.plant(true);
        match by {
            "view" => drop(SqliteView::open(&path).unwrap()),
            "reader" => drop(SqliteReader::find(&path, "t", "m").unwrap().unwrap()),
            _ => drop(SqliteUpkeep::open(&path).unwrap()),
        }
        assert!(!beside(&path, "-wal").exists(), "{by}");
        let copy = path.with_extension("copy");
        std::fs::copy(&path, &copy).unwrap();
        assert_eq!(recorded(&copy).unwrap(), 1, "{by}");
    }
}
