//! Exports behind an address: `https://` as the file of a job and of a command.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::nights::{house, job, night, plain};
use crate::support::web::{Asked, Reply, Web};
use crate::support::{Server, Workdir};

const DATE: &str = "Wed, 25 Nov 2026 02:00:00 GMT";

/// A house whose job reads an address.
fn reading(address: &str, more: &str) -> Workdir {
    let dir = house(more);
    std::fs::create_dir(dir.path("tmp")).unwrap();
    let config = dir.read("partner-sync.toml");
    dir.write(
        "partner-sync.toml",
        config.replace("exports/a-*.csv", address),
    );
    dir
}

fn watched(dir: &Workdir, server: &Server) -> crate::support::Run {
    let temporary = dir.path("tmp").display().to_string();
    night(dir, server).env("TMPDIR", &temporary)
}

fn export(rows: usize) -> Reply {
    Reply::of(200, plain(rows)).with("etag", "\"e1\"")
}

#[test]
fn a_file_behind_an_address_is_read() {
    let web = Web::start(|asked| match asked.path.as_str() {
        "/a.csv?sig=HUSHHUSH" => export(3).with("last-modified", DATE),
        _ => Reply::of(404, ""),
    });
    let signed = format!("{}/a.csv?sig=HUSHHUSH", web.url);
    let dir = reading(&signed, "min_rows = 2\n");
    let server = Server::start(&dir, &[]);
    let first = watched(&dir, &server).args(&["-v"]).finish().expect_exit(0);
    let shown = format!("{}/a.csv", web.url);
    let summary = job(&first, 0);
    assert_eq!(
        (&summary["created"], &summary["files"][0]),
        (&3.into(), &shown.clone().into())
    );
    assert_eq!(summary["etags"][0], "\"e1\"");
    // The same object, the next night.
    let second = watched(&dir, &server).finish().expect_exit(0);
    let note = job(&second, 0)["notes"][0].as_str().unwrap().to_owned();
    assert!(
        note.contains("same ETag") && note.contains(summary["run"].as_str().unwrap()),
        "{note}"
    );
    // By hand, too; and what is wrong is said without the signature.
    let import = ["import", &signed, "-m", "m.toml", "--json", "--yes"];
    let third = dir.run(&import).at(&server).finish().expect_exit(0);
    assert_eq!(third.summary().get("skipped"), 3);
    let gone = signed.replace("a.csv", "b.csv");
    let gone = dir
        .run(&["check", &gone, "-m", "m.toml"])
        .finish()
        .expect_exit(2);
    let plan = [
        "import",
        &signed,
        "-m",
        "m.toml",
        "--dry-run",
        "--plan-out",
        "p.json",
    ];
    let plan = dir.run(&plan).at(&server).finish().expect_exit(2);
    assert!(plan.stderr.contains("a signed address"), "{}", plan.stderr);
    let settings = dir.run(&["config", "show"]).finish().expect_exit(0);
    for run in [&first, &second, &third, &gone, &plan, &settings] {
        assert!(
            !run.stdout.contains("HUSH") && !run.stderr.contains("HUSH"),
            "{run:?}"
        );
    }
    let mut looked = crate::leaks::Looked::default();
    looked.folder(&dir.path("."), &|path| !path.ends_with("partner-sync.toml"));
    assert!(looked.holds("", &shown) && !looked.holds("", "HUSH"));
    assert_eq!(std::fs::read_dir(dir.path("tmp")).unwrap().count(), 0);
}

/// How an answer fails, and what becomes of the job.
#[test]
fn what_cannot_be_read_sends_nothing() {
    type Answer = fn(&Asked) -> Reply;
    let cases: [(Answer, &str, i32, &str); 8] = [
        (|_| Reply::of(404, ""), "", 2, "no file matches"),
        (
            |_| Reply::of(403, "<Code>AccessDenied</Code>"),
            "",
            3,
            "may not be read (403 Forbidden)",
        ),
        (|_| Reply::of(418, ""), "", 3, "answered 418"),
        (
            |_| Reply::of(302, "").with("location", "http://192.0.2.1/a.csv"),
            "",
            3,
            "plain http to another machine",
        ),
        (
            |asked| Reply::of(302, "").with("location", &asked.path),
            "",
            3,
            "too many redirects",
        ),
        (|_| Reply::of(200, ""), "", 2, "is empty"),
        (
            |_| Reply::of(200, plain(3)),
            "max_age = \"1h\"\n",
            3,
            "does not say when it was changed",
        ),
        (
            |_| export(3).with("last-modified", "Wed, 25 Nov 2020 02:00:00 GMT"),
            "max_age = \"26h\"\n",
            3,
            "max_age is 26 h",
        ),
    ];
    for (number, (answer, more, exit, says)) in cases.into_iter().enumerate() {
        let web = Web::start(answer);
        let dir = reading(&format!("{}/a.csv", web.url), more);
        let server = Server::start(&dir, &[]);
        let run = watched(&dir, &server).finish().expect_exit(exit);
        assert!(run.stderr.contains(says), "{number}: {}", run.stderr);
        assert_eq!(server.count("POST"), 0);
        assert_eq!(std::fs::read_dir(dir.path("tmp")).unwrap().count(), 0);
    }
}

/// A body that is cut off, slow, or refused for a moment is gone on with.
#[test]
fn a_cut_body_is_gone_on_with() {
    let times = AtomicUsize::new(0);
    let web = Web::start(move |asked| {
        let time = times.fetch_add(1, Ordering::SeqCst);
        let whole = export(2000);
        match (time, asked.from()) {
            // The look, then a cut, a moment of trouble, another cut, and a slow end.
            (1, None) => Reply {
                cut: Some(1000),
                ..whole
            },
            (2, Some(1000)) => Reply::of(503, ""),
            (3, Some(1000)) => Reply {
                cut: Some(5000),
                ..whole.part(asked)
            },
            (4, Some(6000)) => Reply {
                pause: Duration::from_millis(300),
                ..whole.part(asked)
            },
            (0, None) => whole,
            _ => Reply::of(400, ""),
        }
    });
    let dir = reading(&format!("{}/a.csv", web.url), "");
    let server = Server::start(&dir, &[]);
    let run = watched(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&run, 0)["created"], 2000);
    assert_eq!(web.asked().len(), 5);
    let again = web.asked()[4].clone();
    assert_eq!(again.header("if-range"), Some("\"e1\""));
}

/// Another file comes to the address between the look and the reading, or in the middle of it.
#[test]
fn a_replaced_file_is_not_read() {
    for cut in [None, Some(1000)] {
        let times = AtomicUsize::new(0);
        let web = Web::start(move |_| {
            let old = export(2000);
            match (times.fetch_add(1, Ordering::SeqCst), cut) {
                (0, _) => old,
                (1, Some(_)) => Reply { cut, ..old },
                _ => Reply::of(200, plain(2000)).with("etag", "\"e2\""),
            }
        });
        let dir = reading(&format!("{}/a.csv", web.url), "");
        let server = Server::start(&dir, &[]);
        let run = watched(&dir, &server).finish().expect_exit(3);
        assert!(
            run.stderr.contains("was replaced while it was read"),
            "{}",
            run.stderr
        );
        assert_eq!(server.count("POST"), 0);
    }
}

/// Still being written: its `ETag` changes while it is waited for.
#[test]
fn a_file_that_changes_is_waited_for() {
    let times = AtomicUsize::new(0);
    let web = Web::start(move |_| {
        let time = times.fetch_add(1, Ordering::SeqCst);
        Reply::of(200, plain(2 + time)).with("etag", &format!("\"e{time}\""))
    });
    let dir = reading(&format!("{}/a.csv", web.url), "settle_file = \"50ms\"\n");
    let server = Server::start(&dir, &[]);
    let run = watched(&dir, &server).finish().expect_exit(3);
    assert!(
        run.stderr.contains("is still being written"),
        "{}",
        run.stderr
    );
}

#[test]
fn a_packed_file_behind_a_redirect_is_read() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(plain(3).as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let web = Web::start(move |asked| match asked.path.as_str() {
        "/latest" => Reply::of(302, "").with("location", "/a.csv.gz"),
        "/a.csv.gz" => Reply::of(200, packed.clone()),
        _ => Reply::of(404, ""),
    });
    let dir = reading(&format!("{}/latest", web.url), "");
    let server = Server::start(&dir, &[]);
    let run = watched(&dir, &server).finish().expect_exit(0);
    assert_eq!(job(&run, 0)["created"], 3);
}

#[test]
fn settings_that_do_not_fit_an_address_are_refused() {
    for (address, more, says) in [
        ("https://h.example/a-*.csv", "", "cannot be a pattern"),
        (
            "http://h.example/a.csv",
            "",
            "plain http to another machine",
        ),
        (
            "https://h.example/a.csv",
            "archive = \"done\"\n",
            "in the same bucket",
        ),
        (
            "https://h.example/a.csv",
            "archive = \"s3://b/done\"\n",
            "is no folder in the bucket of file",
        ),
        (
            "s3://b/in/a-*.csv",
            "archive = \"s3://c/done\"\n",
            "is no folder in the bucket of file",
        ),
        ("ftp://h.example/a.csv", "", "write s3://"),
    ] {
        let dir = reading(address, more);
        let server = Server::start(&dir, &[]);
        let run = watched(&dir, &server).finish().expect_exit(2);
        assert!(run.stderr.contains(says), "{address}: {}", run.stderr);
    }
}
