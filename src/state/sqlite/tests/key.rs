//! The key beside the state: moved out of older states, lost, foreign, copied.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{claim, make_older, start, state_file};
use crate::clock::Clock;
use crate::partner::{Fingerprint, PartnerId, Query, RowKey};
use crate::state::sqlite::open::open_for_writing;
use crate::state::sqlite::{FileLock, SqliteReader, backup, begin, file};
use crate::state::{Event, Known, Reader as _, Settlement, StateError, key_file};

fn key_of(path: &Path) -> PathBuf {
    file::key_path(path)
}

/// Creates a row in a run of its own, hashed as its writer hashes.
async fn create(path: &Path, key: &str) -> Fingerprint {
    let _lock = FileLock::take(path, &Clock::System).unwrap();
    let (state, _, thread) = begin(path, &start("t"), &Clock::System).unwrap();
    let fingerprint = state.fingerprinter().of(b"body", &[], Query::default());
    let mut claim = claim(key);
    claim.fingerprint = fingerprint;
    state.claim(vec![claim]).await.unwrap();
    let mut made = Settlement::new(RowKey::new(key), Event::Created);
    made.partner = Some(PartnerId::new(format!("id-{key}")));
    state.settle(vec![made]).await.unwrap();
    drop(state);
    thread.join().unwrap();
    fingerprint
}

fn known(path: &Path, key: &str) -> (Known, Fingerprint) {
    let reader = SqliteReader::find(path, "t", "m").unwrap().unwrap();
    let known = reader
        .known_of(&mut std::iter::once(key))
        .unwrap()
        .remove(0);
    let now = reader.fingerprinter().of(b"body", &[], Query::default());
    (known.unwrap(), now)
}

/// Whether any file of the state has these bytes, as they are or in hexadecimal digits; its key's own file is left out.
fn holds(path: &Path, needle: &[u8]) -> bool {
    ["", "-wal", "-shm", "-journal"].iter().any(|suffix| {
        let file = format!("{}{suffix}", path.display());
        let bytes = std::fs::read(file).unwrap_or_default();
        memchr::memmem::find(&bytes, needle).is_some()
    })
}

#[tokio::test]
async fn a_state_and_its_key_are_apart_and_belong_together() {
    let (_dir, path) = state_file();
    let written = create(&path, "a").await;
    let key = key_file::read(&key_of(&path)).unwrap().unwrap();
    assert!(!holds(&path, &key));
    // With the key the row is known as it was sent.
    let (row, now) = known(&path, "a");
    assert_eq!((row.fingerprint, now), (Some(written), written));
    // A copy without it knows the row, but not how it was.
    let copy = path.with_file_name("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    let (row, now) = known(&copy, "a");
    assert_eq!(row.fingerprint, None);
    assert_ne!(now, written);
    // A backup takes the key with it.
    let saved = path.with_file_name("saved.db");
    assert_eq!(backup(&path, &saved).unwrap(), Some(key_of(&saved)));
    assert_eq!(known(&saved, "a").0.fingerprint, Some(written));
}

#[tokio::test]
async fn a_lost_key_is_followed_by_another_and_may_come_back() {
    let (_dir, path) = state_file();
    let first = create(&path, "a").await;
    let aside = path.with_file_name("aside");
    std::fs::rename(key_of(&path), &aside).unwrap();
    let (reader, lost) = {
        let reader = SqliteReader::find(&path, "t", "m").unwrap().unwrap();
        let lost = reader.lost_key().unwrap().unwrap();
        (reader, lost)
    };
    assert_eq!((lost.rows, lost.path), (1, key_of(&path)));
    assert!(!key_of(&path).exists(), "who reads makes no key");
    assert!(reader.done_rows(10_000).unwrap().unwrap().is_empty());
    drop(reader);

    let (state, _, thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    let lost = state.lost_key().unwrap();
    assert_eq!((lost.rows, &lost.aside), (1, &None));
    drop(state);
    thread.join().unwrap();
    let second = create(&path, "b").await;
    assert_ne!(first, second, "both are of one body");
    assert_eq!(known(&path, "a").0.fingerprint, None);
    assert_eq!(known(&path, "b").0.fingerprint, Some(second));

    // The first one is found again: then its row is reported, and the other is not.
    let other = path.with_file_name("other");
    std::fs::rename(key_of(&path), &other).unwrap();
    std::fs::copy(&aside, key_of(&path)).unwrap();
    assert_eq!(create(&path, "c").await, first);
    assert_eq!(known(&path, "a").0.fingerprint, Some(first));
    assert_eq!(known(&path, "b").0.fingerprint, None);
    assert_eq!(known(&path, "c").0.fingerprint, Some(first));
}

#[tokio::test]
async fn the_key_of_another_state_is_moved_aside_and_not_written_over() {
    for other in [
        format!("partner-sync state key 1 {}\n", "ab".repeat(32)),
        "no key".to_owned(),
        String::new(),
        "\u{0}".repeat(100_000),
    ] {
        let (_dir, path) = state_file();
        create(&path, "a").await;
        std::fs::write(key_of(&path), &other).unwrap();
        let (state, _, thread) = begin(&path, &start("t"), &Clock::System).unwrap();
        let aside = state.lost_key().unwrap().aside.clone().unwrap();
        assert_eq!(std::fs::read_to_string(aside).unwrap(), other);
        drop(state);
        thread.join().unwrap();
        assert_eq!(known(&path, "a").0.fingerprint, None);
        create(&path, "b").await;
        assert!(known(&path, "b").0.fingerprint.is_some());
    }
}

/// A state that is deleted leaves its key: a backup of the state may be put back.
#[tokio::test]
async fn a_new_state_takes_the_key_that_is_there() {
    let (_dir, path) = state_file();
    let first = create(&path, "a").await;
    let old = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(create(&path, "a").await, first);
    std::fs::write(&path, old).unwrap();
    assert_eq!(known(&path, "a").0.fingerprint, Some(first));
}

#[cfg(unix)]
#[tokio::test]
async fn the_key_is_its_owners_alone_and_beside_the_file_itself() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_dir, path) = state_file();
    let link = path.with_file_name("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let first = create(&link, "a").await;
    assert_eq!(key_of(&link), key_of(&path));
    assert!(!path.with_file_name("link.db.key").exists());
    assert_eq!(known(&path, "a").0.fingerprint, Some(first));
    let mode = || {
        std::fs::metadata(key_of(&path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(key_of(&path), std::fs::Permissions::from_mode(0o644)).unwrap();
    create(&path, "b").await;
    assert_eq!(mode(), 0o600);
    // A folder in its place is no key, and is not taken away.
    std::fs::remove_file(key_of(&path)).unwrap();
    std::fs::create_dir(key_of(&path)).unwrap();
    create(&path, "c").await;
    assert!(path.with_file_name("s.db.key.old1").is_dir());
}

/// The key that an older state has within it, however often its table was written since: in other places of the file too.
fn older_with_key(path: &Path, key: &[u8]) {
    make_older(path);
    let state = Connection::open(path).unwrap();
    // As older versions did, which left what they deleted where it was.
    state.pragma_update(None, "secure_delete", false).unwrap();
    for n in 0..300 {
        state
            .execute(
                "INSERT OR REPLACE INTO meta (name, value) VALUES (?1, ?2)",
                rusqlite::params![format!("filler/{n}"), vec![7_u8; n]],
            )
            .unwrap();
    }
    state
        .execute_batch(
            "CREATE TABLE more (x BLOB); INSERT INTO more SELECT value FROM meta WHERE name = 'hash_key'; DROP TABLE more;
             DELETE FROM meta WHERE name LIKE 'filler/%';",
        )
        .unwrap();
    drop(state);
    assert!(holds(path, key), "nothing is to be moved");
}

#[tokio::test]
async fn an_older_state_moves_its_key_out_and_keeps_no_copy() {
    // What a run that was killed on the way has left.
    for stage in ["nothing", "half a key", "the key", "another key"] {
        let (_dir, path) = state_file();
        let written = create(&path, "a").await;
        let key = key_file::read(&key_of(&path)).unwrap().unwrap();
        older_with_key(&path, &key);
        let other = format!("partner-sync state key 1 {}\n", "cd".repeat(32));
        match stage {
            "half a key" => {
                std::fs::write(path.with_file_name("s.db.key.new"), "partner-").unwrap();
            }
            "the key" => drop(key_file::put(&key_of(&path), &key).unwrap()),
            "another key" => std::fs::write(key_of(&path), &other).unwrap(),
            _ => {}
        }
        drop(FileLock::take(&path, &Clock::System).unwrap());
        assert!(!holds(&path, &key), "{stage}");
        assert_eq!(
            key_file::read(&key_of(&path)).unwrap(),
            Some(key),
            "{stage}"
        );
        let aside = std::fs::read_to_string(path.with_file_name("s.db.key.old1")).ok();
        assert_eq!(aside, (stage == "another key").then_some(other), "{stage}");
        assert!(!path.with_file_name("s.db.key.new").exists());
        let (row, now) = known(&path, "a");
        assert_eq!((row.fingerprint, now), (Some(written), written), "{stage}");
        assert_eq!(create(&path, "b").await, written, "{stage}");
    }
}

/// Killed between the two: the key is in both, or the state is not yet written anew.
#[tokio::test]
async fn what_was_not_swept_is_swept_by_the_next_run() {
    let (_dir, path) = state_file();
    let written = create(&path, "a").await;
    let key = key_file::read(&key_of(&path)).unwrap().unwrap();
    older_with_key(&path, &key);
    let mut state = Connection::open(&path).unwrap();
    crate::state::sqlite::migration::migrate(&mut state, &path).unwrap();
    // A reader keeps the old pages.
    let reader = Connection::open(&path).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM meta").unwrap();
    drop(state);
    assert!(holds(&path, &key), "it was swept already");
    drop(reader);
    assert_eq!(known(&path, "a").0.fingerprint, Some(written));
    drop(FileLock::take(&path, &Clock::System).unwrap());
    assert!(!holds(&path, &key));
    assert_eq!(known(&path, "a").0.fingerprint, Some(written));
}

#[cfg(unix)]
#[tokio::test]
async fn a_key_that_cannot_be_read_or_written_is_an_error_that_says_so() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, path) = state_file();
    create(&path, "a").await;
    std::fs::remove_file(key_of(&path)).unwrap();
    let mode = |mode| {
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o500);
    if std::fs::write(dir.path().join("probe"), "").is_ok() {
        // Whoever may do everything cannot be kept from it.
        mode(0o700);
        return;
    }
    let begun = open_for_writing(&path).map(drop);
    let run = begin(&path, &start("t"), &Clock::System);
    mode(0o700);
    assert!(
        begun.is_err() || matches!(run, Err(StateError::Key { .. })),
        "{begun:?}"
    );
}
