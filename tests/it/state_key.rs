use std::path::Path;
use std::time::Duration;

use partner_sync::partner::{Fingerprint, Fingerprinter, HashScheme, Query};
use rusqlite::Connection;

use crate::support::{Run, Server, Workdir, signal};

const KEY: &str = "partner-sync.db.key";

/// Twenty rows that were imported, each with an account number of six digits.
fn imported() -> (Workdir, Server) {
    let dir = Workdir::new();
    let server = Server::start(&dir, &[]);
    export(&dir, "Company");
    dir.write(
        "m.toml",
        "name = \"m\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\n[vendorAccount]\naccountNumber = \"Account\"\n",
    );
    import(&dir, &server).finish().expect_exit(0);
    (dir, server)
}

fn export(dir: &Workdir, name: &str) {
    let rows: Vec<String> = (10..30)
        .map(|n| format!("K-{n},{name} {n},4829{n}\n"))
        .collect();
    dir.write("e.csv", format!("Id,Name,Account\n{}", rows.concat()));
}

fn import(dir: &Workdir, server: &Server) -> Run {
    dir.run(&[
        "import", "e.csv", "-m", "m.toml", "--json", "--report", "out",
    ])
    .at(server)
}

/// The bytes of the key in its file.
fn key_in(text: &str) -> [u8; 32] {
    let digits = text.trim().rsplit(' ').next().unwrap();
    let bytes = (0..32).map(|n| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).unwrap());
    bytes.collect::<Vec<_>>().try_into().unwrap()
}

/// Whoever has the state alone has nothing to try account numbers with: no 32 bytes of it are the key.
#[test]
fn a_stolen_state_does_not_tell_an_account_number() {
    let (dir, server) = imported();
    drop(server);
    let state = std::fs::read(dir.path("partner-sync.db")).unwrap();
    let stored: Vec<u8> = Connection::open(dir.path("partner-sync.db"))
        .unwrap()
        .query_row(
            "SELECT fingerprint FROM record WHERE key = 'K-13'",
            [],
            |r| r.get(0),
        )
        .unwrap();
    let body = br#"{"organization":{"legacyIdentifier":"K-13","businessName":"Company 13"},"vendorAccount":{"accountNumber":"482913"}}"#;
    let is_it = |key: [u8; 32]| {
        let Fingerprint(hash) =
            Fingerprinter::new(key, HashScheme::Folded).of(body, &[], Query::default());
        hash[..] == stored[..]
    };
    assert!(is_it(key_in(&dir.read(KEY))), "with the key it is told");
    for window in state.windows(32) {
        assert!(!is_it(window.try_into().unwrap()));
    }
}

#[test]
fn without_the_key_rows_are_skipped_and_never_sent() {
    let (dir, server) = imported();
    std::fs::rename(dir.path(KEY), dir.path("aside")).unwrap();
    // Each row is changed.
    export(&dir, "Other company");
    let dry = import(&dir, &server)
        .args(&["--dry-run"])
        .finish()
        .expect_exit(0);
    assert_eq!(dry.summary().get("skipped"), 20);
    for run in 0..2 {
        let lost = import(&dir, &server).finish().expect_exit(0);
        assert_eq!(lost.summary().get("skipped"), 20, "run {run}");
        for words in ["partner-sync.db.key", "20 rows", "not sent again"] {
            assert!(lost.stderr.contains(words), "{words}: {}", lost.stderr);
        }
        assert!(dir.read("out/problems.csv").contains("state.key_lost"));
    }
    assert_eq!(server.partners().len(), 20);
    // What is new since is known as it was sent.
    let mut rows = dir.read("e.csv");
    rows.push_str("K-99,New,482999\n");
    dir.write("e.csv", &rows);
    import(&dir, &server).finish().expect_exit(0);
    dir.write("e.csv", rows.replace("New", "Newer"));
    let changed = import(&dir, &server).finish().expect_exit(1).summary();
    assert_eq!((changed.get("changed"), changed.get("skipped")), (1, 20));
    // The first key is found again.
    std::fs::rename(dir.path("aside"), dir.path(KEY)).unwrap();
    let found = import(&dir, &server).finish().expect_exit(1).summary();
    assert_eq!((found.get("changed"), found.get("skipped")), (20, 1));
}

#[test]
fn a_backup_has_its_key_beside_it() {
    let (dir, server) = imported();
    let backup = dir
        .run(&["state", "backup", "copy.db"])
        .finish()
        .expect_exit(0);
    assert!(backup.stderr.contains("copy.db.key"), "{}", backup.stderr);
    assert_eq!(dir.read("copy.db.key"), dir.read(KEY));
    export(&dir, "Other company");
    let changed = import(&dir, &server)
        .args(&["--state", "copy.db"])
        .finish()
        .expect_exit(1);
    assert_eq!(changed.summary().get("changed"), 20);
    // A key that is there already is not written over.
    dir.write("more.db.key", "the key of something else");
    let refused = dir
        .run(&["state", "backup", "more.db"])
        .finish()
        .expect_exit(2);
    assert!(refused.stderr.contains("more.db.key"), "{}", refused.stderr);
    assert_eq!(dir.read("more.db.key"), "the key of something else");
    assert!(!dir.path("more.db").exists());
}

/// Makes it what version 7 left: the key in the state, and no file of it.
fn make_version_7(dir: &Workdir) -> [u8; 32] {
    let key = key_in(&dir.read(KEY));
    let state = Connection::open(dir.path("partner-sync.db")).unwrap();
    state
        .execute(
            "INSERT INTO meta (name, value) VALUES ('hash_key', ?1)",
            [key],
        )
        .unwrap();
    state
        .execute_batch(
            "ALTER TABLE record DROP COLUMN hash_key; DELETE FROM meta WHERE name LIKE 'hash_key_id/%'; PRAGMA user_version = 7;",
        )
        .unwrap();
    std::fs::remove_file(dir.path(KEY)).unwrap();
    key
}

fn key_in_state(path: &Path) -> Option<Vec<u8>> {
    let state = Connection::open(path).unwrap();
    let key = "SELECT value FROM meta WHERE name = 'hash_key'";
    state.query_row(key, [], |r| r.get(0)).ok()
}

/// Killed at any moment: the key is in the state, or in its file, or in both.
#[test]
fn an_older_state_that_is_killed_on_the_way_keeps_its_key() {
    let (dir, server) = imported();
    let key = make_version_7(&dir);
    let older: Vec<(&str, Vec<u8>)> = ["", "-wal"]
        .into_iter()
        .filter_map(|suffix| {
            let file = format!("partner-sync.db{suffix}");
            Some((suffix, std::fs::read(dir.path(&file)).ok()?))
        })
        .collect();
    for millis in 0..24 {
        for suffix in ["", "-wal", "-shm", ".key"] {
            let _ = std::fs::remove_file(dir.path(&format!("partner-sync.db{suffix}")));
        }
        for (suffix, bytes) in &older {
            dir.write(&format!("partner-sync.db{suffix}"), bytes);
        }
        let mut child = dir.run(&["status"]).start();
        std::thread::sleep(Duration::from_millis(4 + 2 * millis));
        signal(&child, "KILL");
        child.wait().unwrap();
        let in_file = std::fs::read_to_string(dir.path(KEY)).is_ok_and(|text| key_in(&text) == key);
        assert!(
            in_file || key_in_state(&dir.path("partner-sync.db")).as_deref() == Some(&key),
            "after {millis}"
        );
        let rerun = import(&dir, &server).finish().expect_exit(0);
        assert_eq!(rerun.summary().get("skipped"), 20);
        assert!(!rerun.stderr.contains("key"), "{}", rerun.stderr);
        let state = std::fs::read(dir.path("partner-sync.db")).unwrap();
        assert!(memchr::memmem::find(&state, &key).is_none());
        assert_eq!(server.partners().len(), 20);
    }
}
