//! Several machines and one state in Postgres: they share an import, and each row is created once, whatever dies or sleeps.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Child;
use std::time::Duration;

use crate::support::{Finished, Run, Server, Workdir, signal, text, wait_until};

/// Longer than an answer takes, shorter than the takeover window of these tests and their lease together.
const IDLE: Duration = Duration::from_millis(1500);

/// What stands before an API and closes connections without traffic, or does not.
fn front_of(server: &Server, idle: Option<Duration>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let behind = server.url.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let Ok(api) = TcpStream::connect(&behind) else {
                continue;
            };
            client.set_read_timeout(idle).unwrap();
            let (from, to) = (client.try_clone().unwrap(), api.try_clone().unwrap());
            std::thread::spawn(move || pass_on(from, to));
            std::thread::spawn(move || pass_on(api, client));
        }
    });
    url
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 16 * 1024];
    loop {
        match from.read(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(count) if count > 0 && to.write_all(&bytes[..count]).is_ok() => {}
            // The end, an error, or nothing for too long.
            _ => break,
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}

fn import(dir: &Workdir, url: &str) -> Run {
    let arguments = [
        "import",
        "e.csv",
        "-m",
        "m.toml",
        "--workers",
        "8",
        "--rate",
        "unlimited",
        "--settle",
        "500ms",
        "--json",
    ];
    dir.run(&arguments).at_url(url)
}

fn finished(child: Child) -> Finished {
    Finished::of(child.wait_with_output().unwrap())
}

/// Rows of which every fifth refers to one that stands elsewhere in the file.
fn export_with_parents(dir: &Workdir, rows: usize) {
    let mut csv = String::from("Id,Name,Parent\n");
    for i in 0..rows {
        let parent = if i % 5 == 4 {
            format!("K-{}", (i * 7 + 3) % rows / 5 * 5)
        } else {
            String::new()
        };
        csv.push_str(&format!("K-{i},Company {i},{parent}\n"));
    }
    dir.write("e.csv", csv);
    dir.write(
        "m.toml",
        "name = \"m\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nparentId = { partner = \"Parent\" }\n",
    );
}

/// Whether the state knows a machine to be lost.
fn is_lost(dir: &Workdir, machine: &Child) -> bool {
    let lost =
        "SELECT count(*) FROM partner_sync.machine WHERE lost_at IS NOT NULL AND holder LIKE";
    dir.ask_database(&format!("{lost} 'process {} on %'", machine.id())) == "1"
}

#[test]
fn three_machines_share_an_import_while_one_dies_and_one_sleeps() {
    const ROWS: usize = 2000;
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let dir = dir.with_lease("3s");
    let faults = [
        "--latency",
        "20ms",
        "--fault",
        "reset-after=0.01",
        "--seed",
        "11",
    ];
    let server = Server::start(&dir, &faults);
    let url = front_of(&server, Some(IDLE));
    export_with_parents(&dir, ROWS);
    let mut dies = import(&dir, &url).start();
    // It makes the key of the state, which the others read.
    wait_until("the first one sends", || server.count("POST") > 0);
    let mut others: Vec<Child> = (0..2).map(|_| import(&dir, &url).start()).collect();
    let working = "SELECT count(DISTINCT machine) FROM partner_sync.piece";
    wait_until("all three have pieces", || {
        server.count("POST") > 50 && dir.ask_database(working) == "3"
    });
    dies.kill().unwrap();
    dies.wait().unwrap();
    let sleeps = others.remove(0);
    signal(&sleeps, "STOP");
    let mut lives = others.remove(0);
    wait_until("both are taken over", || {
        // One that this machine starves for longer than its lease is lost as well: the next one takes over.
        if lives.try_wait().unwrap().is_some() {
            lives = import(&dir, &url).start();
        }
        is_lost(&dir, &dies) && is_lost(&dir, &sleeps)
    });
    signal(&sleeps, "CONT");
    let slept = finished(sleeps);
    let mut lives = finished(lives);
    if lives.exit != 0 {
        lives = import(&dir, &url).finish();
    }
    let lives = lives.expect_exit(0);
    server.assert_each_once(ROWS);
    // It woke, sent nothing more, and accounts for each row.
    let slept = slept.expect_exit(3).summary();
    let lives = lives.summary();
    for summary in [&slept, &lives] {
        assert_eq!(summary.get("rows"), ROWS as u64);
    }
    assert_eq!(lives.get("created") + lives.get("skipped"), ROWS as u64);
    assert!(lives.get("skipped") > 0);
    let again = import(&dir, &url).finish().expect_exit(0).summary();
    assert_eq!(again.get("skipped"), ROWS as u64);
    server.assert_each_once(ROWS);
    let child = server
        .partners()
        .into_iter()
        .find(|p| text(p, "/party/legacyIdentifier") == "K-4")
        .unwrap();
    assert!(!text(&child, "/parentPartner/id").is_empty(), "{child}");
}

/// A machine stops exactly at a point, is taken over, and wakes when the other one has sent the row.
#[cfg(target_os = "linux")]
fn wakes_after(point: &str, idle: Option<Duration>) -> Option<(Workdir, Server, String, Finished)> {
    const ROWS: usize = 40;
    let dir = Workdir::in_postgres()?.with_lease("3s");
    // Where nobody closes connections, what arrives is made at once: whoever has sent it may be gone a moment later.
    let latency = if idle.is_some() { "10ms" } else { "0s" };
    let server = Server::start(&dir, &["--latency", latency]);
    let url = front_of(&server, idle);
    dir.simple_export(ROWS);
    let first = import(&dir, &url).args(&["--workers", "2"]);
    let first = first.env("STOP_AT", point).start();
    let stat = format!("/proc/{}/stat", first.id());
    wait_until("it has stopped there", || {
        let stat = std::fs::read_to_string(&stat).unwrap();
        stat.rsplit_once(')').unwrap().1.trim().starts_with('T')
    });
    let before = server.count("POST");
    assert!(before < ROWS, "{before}");
    let second = import(&dir, &url).finish().expect_exit(0).summary();
    assert!(second.get("created") > 0);
    server.assert_each_once(ROWS);
    assert!(is_lost(&dir, &first));
    signal(&first, "CONT");
    let first = finished(first).expect_exit(3);
    Some((dir, server, url, first))
}

#[cfg(target_os = "linux")]
macro_rules! wakes_late {
    ($($test:ident at $point:literal),* $(,)?) => {$(
        #[test]
        fn $test() {
            if let Some((_dir, server, ..)) = wakes_after($point, Some(IDLE)) {
                server.assert_each_once(40);
            }
        }
    )*};
}

#[cfg(target_os = "linux")]
wakes_late! {
    who_wakes_with_its_claims_sends_nothing at "claimed:2",
    who_wakes_with_a_connection_sends_nothing at "connected:8",
    who_wakes_behind_the_check_is_cut_off at "checked:8",
    who_wakes_in_the_middle_of_a_body_is_cut_off at "half:8",
}

/// Where nothing closes connections, a second create arrives: the assumption is one.
#[cfg(target_os = "linux")]
#[test]
fn through_a_connection_that_nobody_closed_a_second_create_arrives() {
    if let Some((_dir, server, _, first)) = wakes_after("checked:8", None) {
        assert!(server.by_key().values().any(|n| *n > 1), "{first:?}");
    }
}

/// What is not the same import, or has to be alone, says who is at work.
#[test]
fn what_cannot_join_says_why() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &["--latency", "200ms"]);
    dir.simple_export(200);
    let url = server.url.clone();
    let first = import(&dir, &url).args(&["--workers", "1"]).start();
    wait_until("rows are on their way", || server.count("POST") > 0);
    let csv = dir.read("e.csv");
    dir.write("e.csv", format!("{csv}K-more,More\n"));
    let other = import(&dir, &url).finish().expect_exit(2);
    assert!(
        other.stderr.contains("another file") && other.stderr.contains("process"),
        "{other:?}"
    );
    dir.write("e.csv", csv);
    let mapping = dir.read("m.toml");
    dir.write("m.toml", format!("{mapping}# the same, and not the same\n"));
    let other = import(&dir, &url).finish().expect_exit(2);
    assert!(other.stderr.contains("another mapping"), "{other:?}");
    dir.write("m.toml", mapping);
    for alone in [
        import(&dir, &url).args(&["--alone"]),
        import(&dir, &url).args(&["--limit", "5"]),
        dir.run(&["reconcile"]).at(&server),
        dir.run(&["state", "forget", "K-1", "--yes"]),
    ] {
        let refused = alone.finish().expect_exit(4);
        assert!(refused.stderr.contains("process"), "{refused:?}");
    }
    // The same joins.
    let second = import(&dir, &url).finish().expect_exit(0).summary();
    let first = finished(first).expect_exit(0).summary();
    assert_eq!(first.get("created") + second.get("created"), 200);
    server.assert_each_once(200);
}
