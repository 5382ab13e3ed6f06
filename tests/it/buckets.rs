//! Exports in a bucket: `s3://`, `gs://` and `az://` as the file of a job and of a command.

use crate::nights::{house, job, night, plain};
use crate::support::buckets::{Azurite, Bucket, Gcs, Moto, a_second, put};
use crate::support::web::Reply;
use crate::support::{Run, Server, Workdir};

/// A house whose job reads `in/a-*.csv` of a bucket.
fn reading(bucket: &dyn Bucket, more: &str) -> Workdir {
    let dir = house(more);
    std::fs::create_dir(dir.path("tmp")).unwrap();
    let config = dir.read("partner-sync.toml");
    let pattern = format!("{}/in/a-*.csv", bucket.address());
    dir.write(
        "partner-sync.toml",
        config.replace("exports/a-*.csv", &pattern),
    );
    dir
}

fn watched(dir: &Workdir, server: &Server, bucket: &dyn Bucket) -> Run {
    let temporary = dir.path("tmp").display().to_string();
    bucket.let_in(night(dir, server).env("TMPDIR", &temporary))
}

/// What each kind of bucket has to do alike.
fn nights_of(bucket: &dyn Bucket) {
    let at = bucket.address();
    let dir = reading(bucket, &format!("archive = \"{at}/in/done\"\n"));
    let server = Server::start(&dir, &[]);
    assert!(
        watched(&dir, &server, bucket)
            .finish()
            .expect_exit(2)
            .stderr
            .contains("no file matches")
    );
    bucket.put("in/a-2.csv", &plain(2));
    a_second();
    // The newest by time, not by name; what is no export, or lies deeper, is passed over.
    bucket.put("in/a-1.csv", &plain(3));
    a_second();
    for other in ["in/a-3.csv.part", "in/b-1.csv", "in/deep/a-9.csv"] {
        bucket.put(other, &plain(9));
    }
    let first = watched(&dir, &server, bucket)
        .args(&["-v"])
        .finish()
        .expect_exit(0);
    let summary = job(&first, 0);
    assert_eq!(summary["files"][0], format!("{at}/in/a-1.csv"));
    assert_eq!(summary["created"], 3);
    assert!(
        summary["etags"][0]
            .as_str()
            .is_some_and(|etag| etag.len() > 2)
    );
    let keys = bucket.keys();
    let has = |key: &str| keys.iter().any(|k| k == key);
    assert!(
        has("in/done/a-1.csv") && !has("in/a-1.csv") && has("in/a-2.csv"),
        "{keys:?}"
    );
    // A name that is taken gets a number; what was put away is what verify compares.
    bucket.put("in/a-1.csv", &plain(4));
    watched(&dir, &server, bucket).finish().expect_exit(0);
    assert!(bucket.keys().contains(&"in/done/a-1.2.csv".to_owned()));
    watched(&dir, &server, bucket).finish().expect_exit(0);
    let verify = dir
        .run(&["verify", "--job", "accounts", "--json"])
        .at(&server);
    let verified = bucket.let_in(verify).finish().summary();
    let read = verified.value()["files"][0].as_str().unwrap().to_owned();
    assert!(read.contains("/in/done/a-"), "{read}");
    server.assert_each_once(4);
    assert_eq!(std::fs::read_dir(dir.path("tmp")).unwrap().count(), 0);
    let mut looked = crate::leaks::Looked::default();
    looked.run("night", &first);
    looked.folder(&dir.path("."), &|_| true);
    assert!(!looked.holds("", "HUSH"));
}

#[test]
fn nights_from_s3() {
    if let Some(moto) = Moto::start() {
        nights_of(&moto);
    }
}

#[test]
fn nights_from_azure() {
    if let Some(azurite) = Azurite::start() {
        nights_of(&azurite);
    }
}

#[test]
fn nights_from_google() {
    nights_of(&Gcs::start(|_, _| None));
}

/// A plan is for the object that it was made from.
#[test]
fn a_plan_seals_the_object() {
    let gcs = Gcs::start(|_, _| None);
    let dir = reading(&gcs, "");
    let server = Server::start(&dir, &[]);
    gcs.put("in/a-1.csv", &plain(3));
    let plan = [
        "import",
        "gs://bucket/in/a-*.csv",
        "-m",
        "m.toml",
        "--dry-run",
        "--plan-out",
        "p.json",
    ];
    let import = ["import", "--plan", "p.json", "--yes", "--json"];
    let run = |words: &[&str]| gcs.let_in(dir.run(words).at(&server)).finish();
    run(&plan).expect_exit(0);
    let sealed: serde_json::Value = serde_json::from_str(&dir.read("p.json")).unwrap();
    assert_eq!(sealed["files"][0]["path"], "gs://bucket/in/a-1.csv");
    assert!(sealed["files"][0]["etag"].is_string(), "{sealed}");
    // The same bytes in another object are another object.
    gcs.put("in/a-1.csv", &plain(3));
    let changed = run(&import).expect_exit(2);
    assert!(
        changed.stderr.contains("in/a-1.csv changed since the plan"),
        "{}",
        changed.stderr
    );
    run(&plan).expect_exit(0);
    assert_eq!(run(&import).expect_exit(0).summary().get("created"), 3);
}

/// Somebody else writes into the bucket at the worst moment: nothing half-read is sent, and nothing unread is put away.
#[test]
fn what_is_replaced_is_neither_sent_nor_put_away() {
    // Between the list and the reading.
    let gcs = Gcs::start(|asked, kept| {
        if asked.method == "GET" && asked.path == "/bucket/in/a-1.csv" {
            put(kept, "in/a-1.csv", &plain(9));
        }
        None
    });
    let dir = reading(&gcs, "");
    let server = Server::start(&dir, &[]);
    gcs.put("in/a-1.csv", &plain(3));
    let run = watched(&dir, &server, &gcs).finish().expect_exit(3);
    assert!(
        run.stderr.contains("gs://bucket/in/a-1.csv was replaced"),
        "{}",
        run.stderr
    );
    assert_eq!(server.count("POST"), 0);

    // While it is copied into the archive.
    let gcs = Gcs::start(|asked, kept| {
        if asked.method == "PUT" {
            put(kept, "in/a-1.csv", &plain(9));
        }
        None
    });
    let dir = reading(&gcs, "archive = \"gs://bucket/done\"\n");
    let server = Server::start(&dir, &[]);
    gcs.put("in/a-1.csv", &plain(3));
    let run = watched(&dir, &server, &gcs).finish().expect_exit(0);
    let note = job(&run, 0)["notes"][0].as_str().unwrap().to_owned();
    assert!(note.contains("was not moved to gs://bucket/done"), "{note}");
    assert_eq!(gcs.keys(), ["in/a-1.csv"]);
    server.assert_each_once(3);
}

#[test]
fn what_the_bucket_refuses_is_said() {
    for (status, exit, says) in [
        (403, 3, "may not be read"),
        (404, 3, "cannot read gs://bucket"),
    ] {
        let gcs = Gcs::start(move |_, _| {
            let page = "<Error><Code>HasNoRight</Code><Message>token ya29.HUSHHUSHHUSHHUSHHUSH1 refused</Message></Error>";
            Some(Reply::of(status, page))
        });
        let dir = reading(&gcs, "");
        let server = Server::start(&dir, &[]);
        let run = watched(&dir, &server, &gcs).finish().expect_exit(exit);
        assert!(
            run.stderr.contains(says) && run.stderr.contains("HasNoRight"),
            "{}",
            run.stderr
        );
        assert!(!run.stderr.contains("HUSH"), "{}", run.stderr);
    }
}

/// Some other object of the folder has a name that the library of buckets does not read.
#[test]
fn a_name_that_cannot_be_read_is_named() {
    let gcs = Gcs::start(|asked, _| {
        let page = "<ListBucketResult><CommonPrefixes><Prefix>in//</Prefix></CommonPrefixes></ListBucketResult>";
        asked.path.contains("prefix=").then(|| Reply::of(200, page))
    });
    let dir = reading(&gcs, "");
    let server = Server::start(&dir, &[]);
    let run = watched(&dir, &server, &gcs).finish().expect_exit(3);
    let says = "the name \"in//\" has an empty part (//)";
    assert!(run.stderr.contains(says), "{}", run.stderr);
    dir.simple_export(1);
    let check = dir.run(&["check", "gs://bucket/in//a.csv", "-m", "m.toml"]);
    let run = gcs.let_in(check).finish().expect_exit(2);
    let says = "the name \"in//a.csv\" has an empty part (//)";
    assert!(run.stderr.contains(says), "{}", run.stderr);
}
