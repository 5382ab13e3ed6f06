use std::time::Duration;

use crate::nights::{age, house, job, night, plain};
use crate::support::Server;

#[test]
fn a_stale_shrunk_or_small_export_sends_nothing() {
    let dir = house("max_age = \"26h\"\nmin_rows = 2\nmax_shrink = \"20%\"\n");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(20));
    age(&dir, "exports/a-1.csv", Duration::from_hours(27));
    let stale = night(&dir, &server).finish().expect_exit(3);
    assert!(stale.stderr.contains("max_age is"), "{}", stale.stderr);
    assert!(
        job(&stale, 0)["stopped"]
            .as_str()
            .unwrap()
            .contains("max_age is")
    );
    dir.write("exports/a-1.csv", plain(20));
    night(&dir, &server).finish().expect_exit(0);
    dir.write("exports/a-2.csv", plain(15));
    let shrunk = night(&dir, &server).finish().expect_exit(3);
    assert!(shrunk.stderr.contains("max_shrink is"), "{}", shrunk.stderr);
    assert_eq!(job(&shrunk, 0)["deferred"], 15);
    dir.write("exports/a-3.csv", plain(1));
    let small = night(&dir, &server).finish().expect_exit(3);
    assert!(small.stderr.contains("min_rows is"), "{}", small.stderr);
    dir.write("exports/a-4.csv", plain(16));
    night(&dir, &server).finish().expect_exit(0);
    assert_eq!(server.by_key().len(), 20);
    dir.write("exports/a-5.csv", plain(1));
    let dry = night(&dir, &server)
        .args(&["--dry-run"])
        .finish()
        .expect_exit(3);
    assert!(
        job(&dry, 0)["stopped"]
            .as_str()
            .unwrap()
            .contains("min_rows is")
    );
    std::fs::remove_file(dir.path("exports/a-5.csv")).unwrap();
    // No export at all.
    for n in 1..=4 {
        std::fs::remove_file(dir.path(&format!("exports/a-{n}.csv"))).unwrap();
    }
    let none = night(&dir, &server).finish().expect_exit(2);
    assert!(none.stderr.contains("no file matches"), "{}", none.stderr);
}

#[test]
fn a_torn_export_or_one_still_written_does_no_harm() {
    let dir = house("settle_file = \"300ms\"\n");
    let server = Server::start(&dir, &[]);
    dir.write(
        "exports/a-1.csv",
        "Id,Name,Stage,Signed\nK-1,Company 1,Completed,2026-03-04\nK-2,\"Tw",
    );
    let torn = night(&dir, &server).finish().expect_exit(1);
    assert_eq!(job(&torn, 0)["created"], 1);
    assert_eq!(job(&torn, 0)["invalid"], 1);
    // The exporter goes on writing while the job waits for the file to settle.
    dir.write("exports/a-1.csv", plain(2));
    let child = night(&dir, &server).start();
    let path = dir.path("exports/a-1.csv");
    let begin = std::time::Instant::now();
    let mut rows = 2;
    while begin.elapsed() < Duration::from_millis(900) {
        rows += 1;
        std::fs::write(&path, plain(rows)).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = crate::support::Finished::of(child.wait_with_output().unwrap()).expect_exit(3);
    assert!(
        output.stderr.contains("still being written"),
        "{}",
        output.stderr
    );
    let whole = night(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&whole, 0)["rows"], rows);
    assert_eq!(server.by_key().len(), rows);
}

#[test]
fn a_broken_job_does_not_stop_the_next() {
    let dir = house("");
    let server = Server::start(&dir, &[]);
    let config = dir.read("partner-sync.toml");
    dir.write(
        "partner-sync.toml",
        config.replace("[[job]]", "[[job]]\nname = \"broken\"\nfile = \"exports/a-*.csv\"\nmapping = \"no.toml\"\n[[job]]"),
    );
    dir.write("exports/a-1.csv", plain(4));
    let both = night(&dir, &server).finish().expect_exit(2);
    assert_eq!(job(&both, 0)["job"], "broken");
    assert_eq!(job(&both, 0)["exit"], 2);
    assert_eq!(job(&both, 1)["created"], 4);
    let one = night(&dir, &server)
        .args(&["--job", "accounts"])
        .finish()
        .expect_exit(0);
    assert_eq!(job(&one, 0)["skipped"], 4);
    let wrong = night(&dir, &server)
        .args(&["--job", "acounts"])
        .finish()
        .expect_exit(2);
    assert!(
        wrong.stderr.contains("did you mean \"accounts\""),
        "{}",
        wrong.stderr
    );
}

#[test]
fn an_export_that_drifts_is_told_or_fails() {
    let dir = house("max_drift = \"10%\"\n");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(10));
    night(&dir, &server).finish().expect_exit(0);
    let drifted = plain(12)
        .replace("Id,Name,Stage,Signed", "Id,Name,Stage,Signed,Fax")
        .replace("2026-03-04", ",")
        .replace("K-12,Company 12,Completed", "K-12,Company 12,Welcome Call");
    dir.write("exports/a-2.csv", &drifted);
    let told = night(&dir, &server).finish().expect_exit(1);
    let problems = job(&told, 0)["problems"].to_string();
    for code in ["drift.column_new", "drift.word_new", "drift.share_fell"] {
        assert!(problems.contains(code), "{code}: {problems}");
    }
    assert_eq!(job(&told, 0)["created"], 2);
    let config = dir.read("partner-sync.toml") + "on_drift = \"fail\"\n";
    dir.write("partner-sync.toml", config);
    dir.write(
        "exports/a-3.csv",
        plain(14).replace("Id,Name,Stage,Signed", "Id,Name,Stage,Signed,Mobile"),
    );
    // One column more than its cells: every row is ragged, were it read; it is not sent at all.
    let failed = night(&dir, &server).finish().expect_exit(3);
    assert!(
        failed.stderr.contains("differs from the last good run"),
        "{}",
        failed.stderr
    );
    assert_eq!(server.by_key().len(), 12);
}

#[test]
fn the_configuration_is_checked_without_sending() {
    let dir = house("max_age = \"26h\"\n");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(2));
    let good = dir
        .run(&["sync", "--check-config"])
        .env("PARTNER_SYNC_API_URL", &server.url)
        .finish()
        .expect_exit(0);
    assert!(
        good.stdout.contains("ok    api: health and list"),
        "{}",
        good.stdout
    );
    assert_eq!(server.count("POST"), 0);
    let config = dir.read("partner-sync.toml");
    dir.write("partner-sync.toml", config.replace("max_age", "max_agee"));
    let typo = dir.run(&["sync", "--check-config"]).finish().expect_exit(2);
    assert!(
        typo.stderr.contains("max_agee") && typo.stderr.contains("line 11"),
        "{}",
        typo.stderr
    );
    dir.write("partner-sync.toml", config.replace("26h", "26 moons"));
    let time = dir.run(&["sync"]).finish().expect_exit(2);
    assert!(time.stderr.contains("invalid duration"), "{}", time.stderr);
    dir.write("partner-sync.toml", config.replace("m.toml", "none.toml"));
    let missing = dir
        .run(&["sync", "--check-config"])
        .env("PARTNER_SYNC_API_URL", "http://127.0.0.1:9")
        .finish()
        .expect_exit(2);
    assert!(
        missing.stdout.contains("WRONG job accounts: mapping"),
        "{}",
        missing.stdout
    );
    assert!(missing.stdout.contains("WRONG api"), "{}", missing.stdout);
}

/// A job's own `max_errors`, as a number of rows and as a share.
#[test]
fn too_many_invalid_rows_send_nothing_of_a_job() {
    // Two of five rows have no name.
    let rows = plain(5)
        .replace("Company 2,", ",")
        .replace("Company 4,", ",");
    for (bound, created) in [("1", 0), ("\"39%\"", 0), ("2", 3), ("\"40%\"", 3)] {
        let dir = house(&format!("max_errors = {bound}\n"));
        let server = Server::start(&dir, &[]);
        dir.write("exports/a-1.csv", &rows);
        let run = night(&dir, &server).finish().expect_exit(1);
        let job = job(&run, 0);
        assert_eq!(
            (job["created"].as_u64(), job["invalid"].as_u64()),
            (Some(created), Some(2)),
            "max_errors = {bound}"
        );
        assert_eq!(job["deferred"].as_u64(), Some(3 - created), "{bound}");
        assert_eq!(server.count("POST") as u64, created, "{bound}");
    }
}

/// A job's bound of new rows, and when it looks on the API first, are read, shown and held.
#[test]
fn an_export_with_other_keys_sends_nothing() {
    let dir = house("max_new = \"30%\"\nadopt = \"never\"\n");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(20));
    night(&dir, &server).finish().expect_exit(0);
    let other = plain(25).replace("K-", "K-00");
    dir.write("exports/a-2.csv", &other);
    for more in [&[][..], &["--dry-run"]] {
        let run = night(&dir, &server).args(more).finish().expect_exit(3);
        let stopped = job(&run, 0)["stopped"].as_str().unwrap().to_owned();
        assert!(
            stopped.contains("25 of 25 rows are new; max_new = 30%"),
            "{stopped}"
        );
    }
    assert_eq!(server.count("POST"), 20);
    let check = night(&dir, &server)
        .args(&["--check-config"])
        .finish()
        .expect_exit(0);
    assert!(check.stdout.contains("max_new: 30%"), "{}", check.stdout);
    for (key, wrong, words) in [
        ("max_new", "max_new = \"130%\"", "not a limit"),
        ("adopt", "adopt = \"yes\"", "auto, always or never"),
    ] {
        let config = dir.read("partner-sync.toml");
        let config: Vec<&str> = config.lines().filter(|l| !l.starts_with(key)).collect();
        dir.write("wrong.toml", format!("{}\n{wrong}\n", config.join("\n")));
        let refused = night(&dir, &server)
            .args(&["--check-config", "-c", "wrong.toml"])
            .finish()
            .expect_exit(2);
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    // The default looks: the state is gone, and nothing is created twice.
    let house = dir.read("partner-sync.toml").replace("never", "auto");
    dir.write("partner-sync.toml", house);
    std::fs::remove_file(dir.path("exports/a-2.csv")).unwrap();
    std::fs::remove_file(dir.path("partner-sync.db")).unwrap();
    let run = night(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&run, 0)["adopted"], 20);
}

/// Moves a file's time of change.
fn shift(dir: &crate::support::Workdir, name: &str, ahead: Duration) {
    let file = std::fs::File::options()
        .write(true)
        .open(dir.path(name))
        .unwrap();
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written + ahead).unwrap();
}

#[test]
fn a_file_of_the_future_is_not_the_newest() {
    let dir = house("max_age = \"26h\"\n");
    let server = Server::start(&dir, &[]);
    dir.write("exports/a-1.csv", plain(3));
    dir.write("exports/a-2.csv", plain(1));
    shift(&dir, "exports/a-2.csv", Duration::from_hours(24));
    let run = night(&dir, &server).finish().expect_exit(3);
    let words = job(&run, 0)["stopped"].as_str().unwrap().to_owned();
    assert!(
        words.contains("a-2.csv was changed at") && words.contains("ahead of this machine's clock"),
        "{words}"
    );
    assert_eq!(server.count("POST"), 0);
    let looked = dir
        .run(&["sync", "--check-config"])
        .env("PARTNER_SYNC_API_URL", &server.url)
        .finish()
        .expect_exit(2);
    assert!(
        looked.stdout.contains("WRONG job accounts: file"),
        "{}",
        looked.stdout
    );
    // Clocks differ a little.
    dir.write("exports/a-2.csv", plain(2));
    shift(&dir, "exports/a-2.csv", Duration::from_secs(90));
    night(&dir, &server).finish().expect_exit(0);
    assert_eq!(server.by_key().len(), 2);
}

#[test]
fn temporary_files_are_passed_over() {
    let dir = house("");
    let server = Server::start(&dir, &[]);
    let config = dir.read("partner-sync.toml");
    dir.write(
        "partner-sync.toml",
        config.replace("exports/a-*.csv", "exports/*"),
    );
    let temporary = [
        "~$a.xlsx",
        ".~lock.a.csv#",
        "a.csv~",
        ".a.csv.swp",
        "a.csv.part",
        "a.csv.crdownload",
        "#a.csv#",
        ".hidden.csv",
        "Thumbs.db",
    ];
    for name in temporary {
        dir.write(&format!("exports/{name}"), "no export");
    }
    let none = night(&dir, &server).finish().expect_exit(2);
    assert!(
        none.stderr
            .contains("only temporary files match \"exports/*\", like exports/"),
        "{}",
        none.stderr
    );
    dir.write("exports/a.csv", plain(2));
    age(&dir, "exports/a.csv", Duration::from_hours(1));
    night(&dir, &server).finish().expect_exit(0);
    assert_eq!(server.by_key().len(), 2);
    // One that is named in full is meant.
    dir.write("exports/a.csv.part", plain(3));
    dir.write(
        "partner-sync.toml",
        config.replace("exports/a-*.csv", "exports/a.csv.part"),
    );
    night(&dir, &server).finish().expect_exit(0);
    assert_eq!(server.by_key().len(), 3);
}
