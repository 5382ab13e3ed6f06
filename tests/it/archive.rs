//! Exports are put away: only the file that was read, over nothing, and not where the job looks for exports.

use crate::nights::{house, job, night, plain};
use crate::support::Server;

#[test]
fn a_good_export_is_put_away() {
    let dir = house("archive = \"exports/done\"\n");
    let server = Server::start(&dir, &[]);
    for _ in 0..2 {
        dir.write("exports/a-1.csv", plain(2));
        night(&dir, &server).finish().expect_exit(0);
        assert!(!dir.path("exports/a-1.csv").exists());
    }
    let kept = std::fs::read_dir(dir.path("exports/done")).unwrap().count();
    assert_eq!(kept, 2);
}

/// What was put away is what `verify --job` compares, the newest of it; an export that waits for its night comes first.
#[test]
fn verify_finds_what_was_put_away() {
    let dir = house("archive = \"exports/done\"\n");
    let server = Server::start(&dir, &[]);
    let verify = || {
        let run = dir.run(&["verify", "--job", "accounts", "--json"]);
        run.at(&server).finish()
    };
    assert!(verify().expect_exit(2).stderr.contains("no file matches"));
    for rows in [2, 3] {
        dir.write("exports/a-1.csv", plain(rows));
        night(&dir, &server).finish().expect_exit(0);
    }
    // Names that are not the job's own, and temporary ones, are passed over.
    for other in ["b-1.csv", "~$a-1.csv"] {
        dir.write(&format!("exports/done/{other}"), plain(9));
    }
    let summary = verify().expect_exit(0).summary();
    assert_eq!(summary.value()["files"][0], "exports/done/a-1.2.csv");
    assert_eq!(summary.get("agree"), 3);
    dir.write("exports/a-2.csv", plain(1));
    let waiting = verify().summary();
    assert_eq!(waiting.value()["files"][0], "exports/a-2.csv");
    // A plain name, too, gets a number when it is put away twice.
    let config = dir.read("partner-sync.toml").replace("a-*.csv", "a-1.csv");
    dir.write("partner-sync.toml", config);
    let summary = verify().expect_exit(0).summary();
    assert_eq!(summary.value()["files"][0], "exports/done/a-1.2.csv");
}

/// The archive is the folder of the pattern: each night would read the same export and rename it.
#[test]
fn an_archive_within_the_pattern_is_refused() {
    let dir = house("archive = \"exports/../exports\"\n");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(2));
    let run = night(&dir, &server).finish().expect_exit(2);
    assert!(
        run.stderr.contains("also finds archived exports"),
        "{}",
        run.stderr
    );
    assert_eq!(server.count("POST"), 0);
    assert!(dir.path("exports/a-1.csv").exists());
}

/// The exporter puts a new file in the place of the one that is sent: the new one is not put away unread.
#[test]
fn only_the_file_that_was_read_is_put_away() {
    let changes: [fn(&std::path::Path); 3] = [
        |path| {
            // By rename, as a careful exporter does; of the same length and time.
            let time = std::fs::metadata(path).unwrap().modified().unwrap();
            let new = path.with_extension("new");
            std::fs::write(&new, plain(60).replace("K-", "L-")).unwrap();
            let file = std::fs::File::options().write(true).open(&new).unwrap();
            file.set_modified(time).unwrap();
            std::fs::rename(new, path).unwrap();
        },
        |path| {
            let file = std::fs::File::options().write(true).open(path).unwrap();
            file.set_modified(std::time::SystemTime::UNIX_EPOCH)
                .unwrap();
        },
        |path| std::fs::remove_file(path).unwrap(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let dir = house("archive = \"exports/done\"\n");
        let server = Server::start(&dir, &["--latency", "100ms"]);
        let path = dir.path("exports/a-1.csv");
        dir.write("exports/a-1.csv", plain(60));
        let child = night(&dir, &server).start();
        // By now the file was read to its end: it is smaller than what is read ahead.
        crate::support::wait_until("it sends", || server.count("POST") >= 20);
        let held = server.hold();
        change(&path);
        drop(held);
        let run = crate::support::Finished::of(child.wait_with_output().unwrap());
        if number == 1 {
            // Whether it changed while it was read or after that, is a matter of moments.
            assert!([0, 3].contains(&run.exit), "{run:?}");
        } else {
            assert_eq!(run.exit, 0, "{run:?}");
        }
        assert!(!dir.path("exports/done").exists(), "{number}");
        assert_eq!(path.exists(), number != 2);
        if run.exit == 0 {
            assert!(
                run.stderr
                    .contains("warning: exports/a-1.csv was not moved to exports/done"),
                "{}",
                run.stderr
            );
            let notes = job(&run, 0)["notes"][0].as_str().unwrap().to_owned();
            assert!(notes.contains("was not moved"), "{notes}");
        }
        if number == 0 {
            // The next night reads the new one.
            night(&dir, &server).finish().expect_exit(0);
            assert_eq!(server.by_key().len(), 120);
            assert!(dir.path("exports/done/a-1.csv").exists());
        }
    }
}

/// The rows are through, whatever becomes of the file: its counts stay, and the end says what is wrong.
#[test]
fn a_file_that_cannot_be_put_away() {
    let dir = house("archive = \"exports/done\"\n");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(2));
    dir.write("exports/done", "a file, no folder");
    let run = night(&dir, &server).finish().expect_exit(3);
    let end = job(&run, 0);
    assert_eq!(end["created"], 2);
    assert!(
        end["stopped"].as_str().unwrap().contains("cannot be moved"),
        "{end}"
    );
    let folders = std::fs::read_dir(dir.path("reports/accounts")).unwrap();
    let run_folder = folders.flatten().find(|entry| entry.path().is_dir());
    let kept = std::fs::read_to_string(run_folder.unwrap().path().join("summary.json")).unwrap();
    assert!(
        kept.contains("\"exit\":3") && kept.contains("\"created\":2"),
        "{kept}"
    );
    assert!(dir.path("exports/a-1.csv").exists());
    // The state says the same.
    let status = dir.run(&["status", "--json"]).finish().expect_exit(0);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["runs"][0]["exit"], 3, "{status}");
}

/// Rows that were not tried are in no report: they are in the export alone.
#[test]
fn an_export_with_rows_that_were_not_sent_stays() {
    let dir = house("archive = \"exports/done\"\nmax_errors = 0\n");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", format!("{}Z,\n", plain(2)));
    let run = night(&dir, &server).finish().expect_exit(1);
    assert_eq!(server.count("POST"), 0);
    assert!(dir.path("exports/a-1.csv").exists());
    assert!(
        run.stderr.contains("because 2 rows were not sent"),
        "{run:?}"
    );
}
