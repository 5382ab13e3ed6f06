use std::path::PathBuf;

use super::super::suite;
use super::file::key_path;
use super::open::open_for_writing;
use super::*;
use crate::clock::Clock;
use crate::partner::{ExternalId, Fingerprint, PartnerId, RowKey};
use crate::state::{
    Begun, Claim, Event, OpenRows, RunId, RunStart, Settlement, StateError, Store, Upkeep, key_file,
};

mod files;
mod key;
mod locks;
mod log;
mod unite;

fn start(target: &str) -> RunStart {
    RunStart {
        open: OpenRows::MayExist,
        id: RunId::new(&Clock::System),
        command: "import",
        target: target.to_owned(),
        mapping: "m".to_owned(),
        files: "f.csv".to_owned(),
    }
}

fn claim(key: &str) -> Claim {
    Claim {
        key: RowKey::new(key),
        fingerprint: Fingerprint([7; 16]),
        legacy_identifier: ExternalId::new(key),
        business_name: format!("Name of {key}"),
    }
}

fn state_file() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    (dir, path)
}

/// A state in a folder of its own.
struct Sqlite {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl suite::Store for Sqlite {
    fn door(&self) -> Store {
        Store::Sqlite(self.path.clone())
    }

    fn begin(&self, start: &RunStart, clock: &Clock) -> Result<Begun, StateError> {
        begin(&self.path, start, clock)
    }

    fn upkeep(&self) -> Result<Upkeep, StateError> {
        Ok(Upkeep::new(SqliteUpkeep::open(&self.path)?))
    }

    fn become_older(&self) {
        make_older(&self.path);
    }

    fn become_newer(&self) {
        let state = open_for_writing(&self.path).unwrap();
        state.pragma_update(None, "user_version", 99).unwrap();
    }

    fn hold_as_another_program(&self) -> Box<dyn std::any::Any> {
        Box::new(lock::hold(&self.path, &Clock::System).unwrap())
    }
}

#[test]
fn sqlite_keeps_the_contract() {
    suite::run(&|| {
        let (folder, path) = state_file();
        Box::new(Sqlite {
            _folder: folder,
            path,
        })
    });
}

#[tokio::test]
async fn a_claim_of_a_dead_run_is_a_doubt_and_cannot_be_claimed() {
    let (_dir, path) = state_file();
    let (state, doubts, thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    assert!(doubts.is_empty());
    state.claim(vec![claim("a"), claim("b")]).await.unwrap();
    let mut made = Settlement::new(RowKey::new("a"), Event::Created);
    made.partner = Some(PartnerId::new("id-a"));
    state.settle(vec![made]).await.unwrap();
    drop(state);
    thread.join().unwrap();

    let (state, doubts, _thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    assert_eq!(doubts.len(), 1);
    assert_eq!(doubts[0].key.as_str(), "b");
    assert_eq!(doubts[0].business_name, "Name of b");
    assert!(matches!(
        state.claim(vec![claim("b")]).await,
        Err(StateError::Illegal(_))
    ));
    assert!(matches!(
        state.claim(vec![claim("a")]).await,
        Err(StateError::Illegal(_))
    ));
    // A claim that fails leaves nothing of its batch behind.
    assert!(state.claim(vec![claim("c"), claim("a")]).await.is_err());
    let known = state
        .known(vec![RowKey::new("a"), RowKey::new("c")])
        .await
        .unwrap();
    assert_eq!(
        known[0].as_ref().unwrap().partner,
        Some(PartnerId::new("id-a"))
    );
    assert!(known[1].is_none());
    state
        .settle(vec![Settlement::new(
            RowKey::new("b"),
            Event::ConfirmedAbsent,
        )])
        .await
        .unwrap();
    state.claim(vec![claim("b")]).await.unwrap();
}

#[tokio::test]
async fn outcomes_take_the_room_that_their_claims_kept() {
    let (_dir, path) = state_file();
    let (state, _, thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    let keys = || (0..2_000).map(|i| format!("K-{i:04}"));
    let measure = |what: &str| {
        let reader = rusqlite::Connection::open(&path).unwrap();
        let measured = reader.query_row(what, [], |r| r.get::<_, i64>(0));
        measured.unwrap()
    };
    let claims = keys().map(|key| claim(&key)).collect();
    state.claim(claims).await.unwrap();
    let pages = measure("PRAGMA page_count");
    let made = keys().map(|key| {
        let mut made = Settlement::new(RowKey::new(key), Event::Created);
        made.partner = Some(PartnerId::new("0f8fad5b-d9cb-469f-a165-70867728950e"));
        made.status = Some(201);
        made
    });
    state.settle(made.collect()).await.unwrap();
    assert_eq!(measure("PRAGMA page_count"), pages);
    assert_eq!(
        measure("SELECT count(*) FROM record WHERE room IS NULL"),
        2_000
    );

    // Claims to come keep as much as the last outcome took.
    state.claim(vec![claim("x")]).await.unwrap();
    let mut made = Settlement::new(RowKey::new("x"), Event::Created);
    made.partner = Some(PartnerId::new("7"));
    state.settle(vec![made]).await.unwrap();
    state.claim(vec![claim("y")]).await.unwrap();
    assert_eq!(
        measure("SELECT length(room) FROM record WHERE key = 'y'"),
        2
    );
    drop(state);
    thread.join().unwrap();
}

#[tokio::test]
async fn a_state_never_answers_for_another_target() {
    let (_dir, path) = state_file();
    let (state, _, thread) = begin(&path, &start("one"), &Clock::System).unwrap();
    state.claim(vec![claim("a")]).await.unwrap();
    drop(state);
    thread.join().unwrap();
    let (state, doubts, _thread) = begin(&path, &start("two"), &Clock::System).unwrap();
    assert!(doubts.is_empty());
    assert_eq!(state.known(vec![RowKey::new("a")]).await.unwrap(), [None]);
}

#[test]
fn a_newer_state_is_refused() {
    let (_dir, path) = state_file();
    let connection = open_for_writing(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    assert!(matches!(
        open_for_writing(&path),
        Err(StateError::Newer { found: 99, .. })
    ));
    assert!(matches!(
        SqliteView::open(&path),
        Err(StateError::Newer { found: 99, .. })
    ));
}

/// Makes a state of an older version, which has its key within it.
fn make_older(path: &std::path::Path) {
    let state = open_for_writing(path).unwrap();
    if let Some(key) = key_file::read(&key_path(path)).unwrap() {
        let sql = "INSERT INTO meta (name, value) VALUES ('hash_key', ?1)";
        state.execute(sql, [key]).unwrap();
        std::fs::remove_file(key_path(path)).unwrap();
    }
    state
        .execute_batch(
            "ALTER TABLE record DROP COLUMN hash_key; DELETE FROM meta WHERE name LIKE 'hash_key_id/%';
             ALTER TABLE record DROP COLUMN room; ALTER TABLE record DROP COLUMN posts;
             ALTER TABLE record DROP COLUMN lost; ALTER TABLE space DROP COLUMN total;
             PRAGMA user_version = 5;",
        )
        .unwrap();
}

#[test]
fn two_locks_do_not_fit() {
    let (_dir, path) = state_file();
    let held = FileLock::take(&path, &Clock::System).unwrap();
    let second = FileLock::take(&path, &Clock::System);
    assert!(
        matches!(&second, Err(StateError::Locked { holder: Some(h), .. }) if h.contains("process")),
        "{second:?}"
    );
    drop(held);
    FileLock::take(&path, &Clock::System).unwrap();
}

#[cfg(unix)]
#[test]
fn the_state_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_dir, path) = state_file();
    let _connection = open_for_writing(&path).unwrap();
    for name in ["s.db", "s.db-wal", "s.db-shm"] {
        let mode = std::fs::metadata(path.with_file_name(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}
