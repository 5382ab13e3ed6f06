//! Several machines and one state in Postgres: they share an import, and each row is created once, whatever dies or sleeps.

use std::process::Child;
use std::time::Duration;

use crate::support::front::{Ends, front_of};
use crate::support::{Finished, Run, Server, Workdir, signal, text, wait_until};

/// Longer than an answer takes, shorter than the takeover window of these tests and their lease together.
const IDLE: Duration = Duration::from_millis(1500);

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
    let url = front_of(&server, Ends::Idle(IDLE));
    export_with_parents(&dir, ROWS);
    let mut dies = import(&dir, &url).start();
    // It makes the key of the state, which the others read.
    wait_until("the first one sends", || server.count("POST") > 0);
    // However late the others come, there is something left for them.
    let held = server.hold();
    let mut others: Vec<Child> = (0..2).map(|_| import(&dir, &url).start()).collect();
    let working = "SELECT count(DISTINCT machine) FROM partner_sync.piece";
    wait_until("all three have pieces", || dir.ask_database(working) == "3");
    drop(held);
    let sent = server.count("POST");
    wait_until("they send", || server.count("POST") > sent + 50);
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

/// What is not the same import, or has to be alone, says who is at work.
#[test]
fn what_cannot_join_says_why() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &[]);
    dir.simple_export(200);
    let url = server.url.clone();
    let first = import(&dir, &url).args(&["--workers", "1"]).start();
    wait_until("rows are on their way", || server.count("POST") > 0);
    let held = server.hold();
    dir.write("f.csv", format!("{}K-more,More\n", dir.read("e.csv")));
    dir.write(
        "n.toml",
        format!("{}# the same, and not the same\n", dir.read("m.toml")),
    );
    for (export, mapping, what) in [
        ("f.csv", "m.toml", "another file"),
        ("e.csv", "n.toml", "another mapping"),
    ] {
        let other = dir.run(&["import", export, "-m", mapping, "--json"]);
        let other = other.at(&server).finish().expect_exit(2);
        assert!(
            other.stderr.contains(what) && other.stderr.contains("process"),
            "{other:?}"
        );
    }
    for alone in [
        import(&dir, &url).args(&["--alone"]),
        dir.run(&["reconcile"]).at(&server),
        dir.run(&["state", "forget", "K-1", "--yes"]),
    ] {
        let refused = alone.finish().expect_exit(4);
        assert!(refused.stderr.contains("process"), "{refused:?}");
    }
    // The same joins.
    let second = import(&dir, &url).start();
    let joined = "SELECT count(*) FROM partner_sync.machine WHERE import IS NOT NULL";
    wait_until("it has joined", || dir.ask_database(joined) == "2");
    drop(held);
    let second = finished(second).expect_exit(0).summary();
    let first = finished(first).expect_exit(0).summary();
    assert_eq!(first.get("created") + second.get("created"), 200);
    server.assert_each_once(200);
}

/// A row that is in doubt of another machine for as long as anybody is at work, and may go when all have nothing left to do, goes.
#[test]
fn what_may_go_at_the_very_end_goes() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let server = Server::start(&dir, &[]);
    dir.simple_export(10);
    import(&dir, &server.url).finish().expect_exit(0);
    dir.simple_export(12);
    // It is under way on another machine, until this one has nothing left to do.
    dir.ask_database(
        "INSERT INTO partner_sync.machine (id, name, started, holder, process, alone, gen, until)
         VALUES ('m', 'host-b', clock_timestamp(), 'process 1 on host-b', '', false, 1, clock_timestamp() + interval '1 hour');
         INSERT INTO partner_sync.record SELECT (other.r).* FROM (
             SELECT jsonb_populate_record(r, '{\"key\": \"K-11\", \"legacy\": \"K-11\", \"name\": \"Company 11\", \"state\": 1,
                 \"machine\": \"m\", \"gen\": 1, \"partner\": null, \"posts\": 0}') AS r
             FROM partner_sync.record r WHERE key = 'K-1') other;
         CREATE FUNCTION partner_sync.may_go() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             UPDATE partner_sync.record SET state = 5 WHERE key = 'K-11' AND state = 1; RETURN NULL; END $$;
         CREATE TRIGGER may_go AFTER UPDATE OF idle ON partner_sync.machine FOR EACH ROW WHEN (NEW.idle IS NOT NULL)
             EXECUTE FUNCTION partner_sync.may_go()",
    );
    let run = import(&dir, &server.url).finish().expect_exit(0);
    assert_eq!(run.summary().get("created"), 2, "{run:?}");
    server.assert_each_once(12);
}
