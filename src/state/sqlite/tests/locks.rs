//! The lock is of the file, however it is named.
#![cfg(unix)]

use std::path::Path;

use super::{start, state_file};
use crate::clock::Clock;
use crate::state::StateError;
use crate::state::sqlite::{FileLock, SqliteView, begin, file};

fn is_locked(path: &Path) -> bool {
    match FileLock::take(path, &Clock::System) {
        Ok(_) => false,
        Err(StateError::Locked { .. }) => true,
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

#[test]
fn no_other_name_lets_a_second_one_in() {
    for is_there in [true, false] {
        let (dir, path) = state_file();
        if is_there {
            begin(&path, &start("t"), &Clock::System).unwrap();
        }
        let at = |name: &str| dir.path().join(name);
        std::fs::create_dir(at("sub")).unwrap();
        std::os::unix::fs::symlink("s.db", at("link.db")).unwrap();
        std::os::unix::fs::symlink("../link.db", at("sub/link.db")).unwrap();
        let held = FileLock::take(&path, &Clock::System).unwrap();
        std::fs::hard_link(&path, at("hard.db")).unwrap();
        let names = [
            "s.db",
            "link.db",
            "sub/link.db",
            "sub/../s.db",
            "./s.db",
            "hard.db",
        ];
        for name in names {
            assert!(is_locked(&at(name)), "{name}");
        }
        std::fs::remove_file(at("s.db.lock")).unwrap();
        for name in names {
            assert!(is_locked(&at(name)), "{name}, its lock file tidied away");
        }
        drop(held);
        for name in ["s.db", "link.db", "sub/link.db", "sub/../s.db"] {
            assert!(!is_locked(&at(name)), "{name}");
        }
        // By another name, it keeps the first one out.
        let held = FileLock::take(&at("sub/link.db"), &Clock::System).unwrap();
        assert!(is_locked(&path));
        drop(held);
    }
}

#[test]
fn a_state_that_is_only_locked_leaves_no_file() {
    let (_dir, path) = state_file();
    drop(FileLock::take(&path, &Clock::System).unwrap());
    assert!(!path.exists());
    let lock = FileLock::take(&path, &Clock::System).unwrap();
    assert!(SqliteView::find(&path).unwrap().is_none());
    begin(&path, &start("t"), &Clock::System).unwrap();
    drop(lock);
    SqliteView::open(&path).unwrap();
    // An empty one that somebody else made is left to them.
    let other = path.with_extension("other");
    std::fs::write(&other, "").unwrap();
    drop(FileLock::take(&other, &Clock::System).unwrap());
    assert!(other.exists());
}

/// To close a descriptor of a file takes off all locks that the process has by `fcntl`, of `SQLite`'s connections too.
#[test]
fn a_lock_that_ends_takes_no_lock_off_open_connections() {
    let (_dir, path) = state_file();
    let lock = FileLock::take(&path, &Clock::System).unwrap();
    let (state, _, thread) = begin(&path, &start("t"), &Clock::System).unwrap();
    let before = locks_of(&path);
    assert!(before > 0, "the connection locks nothing");
    drop(lock);
    for _ in 0..3 {
        drop(FileLock::take(&path, &Clock::System).unwrap());
        assert!(is_locked_by_none(&path));
    }
    assert_eq!(locks_of(&path), before);
    drop(state);
    thread.join().unwrap();
}

fn is_locked_by_none(path: &Path) -> bool {
    !is_locked(path)
}

/// How many `fcntl` locks the kernel knows of the file; where it does not tell, one.
fn locks_of(path: &Path) -> usize {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(all) = std::fs::read_to_string("/proc/locks") else {
        return 1;
    };
    let inode = format!(":{} ", std::fs::metadata(path).unwrap().ino());
    let of_file = |line: &&str| line.contains("POSIX") && line.contains(&inode);
    all.lines().filter(of_file).count()
}

#[test]
fn a_link_to_no_file_leads_to_where_it_would_be() {
    let (dir, path) = state_file();
    let link = dir.path().join("link.db");
    std::os::unix::fs::symlink("s.db", &link).unwrap();
    let real = std::fs::canonicalize(dir.path()).unwrap().join("s.db");
    assert_eq!(file::real_path(&link), real);
    assert_eq!(file::real_path(&path), real);
    // And one below a folder that is a link.
    let folder = dir.path().join("folder");
    std::os::unix::fs::symlink(dir.path(), &folder).unwrap();
    assert_eq!(file::real_path(&folder.join("s.db")), real);
    // A circle leads nowhere, and is reported by whoever opens it.
    let circle = dir.path().join("circle.db");
    std::os::unix::fs::symlink("circle.db", &circle).unwrap();
    let refused = FileLock::take(&circle, &Clock::System);
    assert!(refused.is_ok() || matches!(refused, Err(StateError::Open { .. })));
}
