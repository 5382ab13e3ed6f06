//! `--limit`, `--canary` and `--max-errors` of an import that several machines share: they are of the whole import.

use std::process::Child;

use crate::support::{Finished, Run, Server, Suspended, Workdir, wait_until};

const ROWS: u64 = 120;

fn import(dir: &Workdir, server: &Server, more: &[&str]) -> Run {
    let fixed = ["import", "e.csv", "-m", "m.toml", "--json", "--yes"];
    dir.run(&fixed)
        .args(&["--rate", "unlimited", "--settle", "500ms"])
        .args(more)
        .at(server)
}

fn finished(child: Child) -> Finished {
    Finished::of(child.wait_with_output().unwrap())
}

/// A machine that has claimed its first rows, and is suspended. It claims as many at once as it has workers: two leave some of the
/// limit for others.
fn has_claimed(dir: &Workdir, server: &Server, more: &[&str]) -> Suspended {
    let run = import(dir, server, more).args(&["--workers", "2"]);
    Suspended::at("claimed:1", run)
}

/// A state in Postgres whose leases do not end while a test of this machine is slow.
fn with_long_leases() -> Option<Workdir> {
    Some(Workdir::in_postgres()?.with_lease("2m"))
}

/// Rows of which every fourth has a parent that stands behind it.
fn export(dir: &Workdir) {
    let mut csv = String::from("Id,Name,Parent\n");
    for i in 0..ROWS {
        let parent = match i % 4 {
            0 if i + 1 < ROWS => format!("K-{}", i + 1),
            _ => String::new(),
        };
        csv.push_str(&format!("K-{i},Company {i},{parent}\n"));
    }
    dir.write("e.csv", csv);
    dir.write(
        "m.toml",
        "name = \"m\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\ndisplayName = \"Name\"\nparentId = { partner = \"Parent\" }\n",
    );
}

#[test]
fn three_machines_create_as_many_rows_as_the_limit_says() {
    let Some(dir) = with_long_leases() else {
        return;
    };
    let faults = ["--fault", "reset-after=0.1", "--seed", "4"];
    let server = Server::start(&dir, &faults);
    export(&dir);
    let limit = ["--limit", "20"];
    let first = has_claimed(&dir, &server, &limit);
    // It may have taken all pieces already, so what the others claim depends on the moment.
    let others = [(), ()].map(|()| import(&dir, &server, &limit).start());
    let joined = "SELECT count(*) FROM partner_sync.machine WHERE import IS NOT NULL";
    wait_until("all three are at it", || dir.ask_database(joined) == "3");
    // What a limit counts is one number for all.
    let other = import(&dir, &server, &["--limit", "21"])
        .finish()
        .expect_exit(2);
    let says = ["with --limit 20", "this command has --limit 21", "process"];
    assert!(says.iter().all(|s| other.stderr.contains(s)), "{other:?}");
    let none = import(&dir, &server, &[]).finish().expect_exit(2);
    assert!(none.stderr.contains("this command has none"), "{none:?}");
    let [second, third] = others;
    let summaries = [first.wakes(), second, third].map(|machine| {
        let summary = finished(machine).expect_exit(3).summary();
        assert_eq!(summary.get("deferred"), ROWS - 20);
        assert_eq!(summary.get("created") + summary.get("skipped"), 20);
        let stopped = summary.value()["stopped"].as_str().unwrap().to_owned();
        assert_eq!(stopped, "100 rows were not reached: --limit 20");
        summary.get("created")
    });
    assert_eq!(summaries.iter().sum::<u64>(), 20);
    server.assert_each_once(20);
    // The next run is one of its own, and creates as many more.
    let next = import(&dir, &server, &limit)
        .finish()
        .expect_exit(3)
        .summary();
    assert_eq!((next.get("created"), next.get("skipped")), (20, 20));
    server.assert_each_once(40);
    import(&dir, &server, &[]).finish().expect_exit(0);
    server.assert_each_once(usize::try_from(ROWS).unwrap());
}

/// What a machine has claimed counts when it dies, until it is known to be absent; then others are created in its place.
#[test]
fn a_machine_that_dies_gives_back_what_it_did_not_create() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let dir = dir.with_lease("3s");
    let server = Server::start(&dir, &[]);
    export(&dir);
    let limit = ["--limit", "20"];
    let dies = has_claimed(&dir, &server, &limit);
    let claimed: u64 = dir
        .ask_database("SELECT count(*) FROM partner_sync.record WHERE state = 1")
        .parse()
        .unwrap();
    assert!((1..=2).contains(&claimed), "{claimed}");
    let lives = import(&dir, &server, &limit).start();
    let used_up = "SELECT most - sent FROM partner_sync.import WHERE ended IS NULL";
    wait_until("the limit is used up", || {
        dir.ask_database(used_up) == "0" || server.partners().len() as u64 + claimed >= 20
    });
    drop(dies);
    let summary = finished(lives).expect_exit(3).summary();
    assert_eq!(
        (summary.get("created"), summary.get("deferred")),
        (20, ROWS - 20)
    );
    server.assert_each_once(20);
}

/// Where the last machine dies, what it has sent counts for the one that comes in its place.
#[test]
fn a_limit_outlives_its_machines() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let dir = dir.with_lease("3s");
    let server = Server::start(&dir, &["--latency", "100ms"]);
    export(&dir);
    let limit = ["--limit", "20", "--workers", "1"];
    let mut dies = import(&dir, &server, &limit).start();
    wait_until("some are made", || server.partners().len() > 3);
    dies.kill().unwrap();
    dies.wait().unwrap();
    dir.wait_until_free();
    import(&dir, &server, &["--limit", "20"])
        .finish()
        .expect_exit(3);
    server.assert_each_once(20);
}

#[test]
fn one_machine_makes_the_canary_and_the_others_wait_for_it() {
    let Some(dir) = with_long_leases() else {
        return;
    };
    let server = Server::start(&dir, &[]);
    export(&dir);
    let canary = ["--canary", "3"];
    let leads = Suspended::at("canary:1", import(&dir, &server, &canary));
    let others = waiting(&dir, &server, &canary);
    assert_eq!(server.partners().len(), 3);
    let mut created = 3;
    for machine in [leads.wakes()]
        .into_iter()
        .chain(others.into_iter().map(|(child, _)| child))
    {
        let done = finished(machine).expect_exit(0);
        created += done.summary().get("created");
    }
    assert_eq!(created, ROWS);
    assert_eq!(of_canary(&dir), "3");
    server.assert_each_once(usize::try_from(ROWS).unwrap());
}

/// Two machines that wait for the canary of another one, and say so; with what they say.
fn waiting(dir: &Workdir, server: &Server, canary: &[&str]) -> Vec<(Child, String)> {
    let start = |name: &str| {
        let said = std::fs::File::create(dir.path(name)).unwrap();
        (
            import(dir, server, canary).start_into(said),
            name.to_owned(),
        )
    };
    let machines: Vec<_> = ["b.txt", "c.txt"].into_iter().map(start).collect();
    wait_until("both wait, and say so", || {
        let waits = |(_, name): &(Child, String)| {
            dir.read(name)
                .contains("waiting for the canary of another machine (process")
        };
        machines.iter().all(waits)
    });
    machines
}

/// Rows that canaries have created.
fn of_canary(dir: &Workdir) -> String {
    dir.ask_database(
        "SELECT count(*) FROM partner_sync.record r JOIN partner_sync.run ON run.id = r.run WHERE run.command = 'canary'",
    )
}

#[test]
fn a_canary_that_fails_ends_all_machines_and_is_not_repeated() {
    let Some(dir) = with_long_leases() else {
        return;
    };
    let server = Server::start(&dir, &["--drop-field", "displayName"]);
    export(&dir);
    let canary = ["--canary", "3"];
    let leads = Suspended::at("canary:1", import(&dir, &server, &canary));
    let others = waiting(&dir, &server, &canary);
    let machines = [leads.wakes()]
        .into_iter()
        .chain(others.into_iter().map(|(child, _)| child));
    let mut said: Vec<String> = machines
        .map(|machine| {
            let summary = finished(machine).expect_exit(3).summary();
            assert_eq!(summary.get("rows"), ROWS);
            summary.value()["stopped"].as_str().unwrap().to_owned()
        })
        .collect();
    let next = import(&dir, &server, &canary)
        .finish()
        .expect_exit(3)
        .summary();
    said.push(next.value()["stopped"].as_str().unwrap().to_owned());
    assert!(said[0].contains("(3 differ)"), "{said:?}");
    assert!(said.iter().all(|words| *words == said[0]), "{said:?}");
    assert_eq!(server.count("POST"), 3);
}

/// Another machine decides, and no more partners are created for the canary.
#[test]
fn who_leads_dies_between_creating_and_comparing() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let dir = dir.with_lease("6s");
    let server = Server::start(&dir, &[]);
    export(&dir);
    // By a partner that is known to exist it can be seen that look-ups find what is there.
    import(&dir, &server, &["--limit", "1"])
        .finish()
        .expect_exit(3);
    let canary = ["--canary", "3"];
    let leads = Suspended::at("canary:1", import(&dir, &server, &canary));
    assert_eq!(server.partners().len(), 4);
    let others = [(), ()].map(|()| import(&dir, &server, &canary).start());
    drop(leads);
    let mut decided = 0;
    for machine in others {
        let done = finished(machine).expect_exit(0);
        decided += u32::from(
            done.stderr
                .contains("canary: 3 partners were created and read back"),
        );
    }
    assert_eq!(decided, 1);
    assert_eq!(of_canary(&dir), "3");
    server.assert_each_once(usize::try_from(ROWS).unwrap());
}

/// Each machine judges the whole file, so all of them refuse it.
#[test]
fn a_file_with_too_many_invalid_rows_is_sent_by_no_machine() {
    let Some(dir) = with_long_leases() else {
        return;
    };
    let server = Server::start(&dir, &[]);
    export(&dir);
    dir.write(
        "e.csv",
        format!("{}X-1,,\nX-2,,\nX-3,,\n", dir.read("e.csv")),
    );
    let too_few = ["--max-errors", "2"];
    let machines = [(), (), ()].map(|()| import(&dir, &server, &too_few).start());
    for machine in machines {
        let refused = finished(machine).expect_exit(1);
        assert!(
            refused.stderr.contains("3 invalid rows"),
            "{}",
            refused.stderr
        );
        assert_eq!(refused.summary().get("deferred"), ROWS);
    }
    assert_eq!(server.count("POST"), 0);
    let enough = ["--max-errors", "3"];
    let machines = [(), (), ()].map(|()| import(&dir, &server, &enough).start());
    for machine in machines {
        assert_eq!(finished(machine).expect_exit(1).summary().get("invalid"), 3);
    }
    server.assert_each_once(usize::try_from(ROWS).unwrap());
}

/// Several first runs make the key of the state at once: all of them have the same.
#[test]
fn first_runs_that_begin_at_once_have_one_key() {
    let Some(dir) = with_long_leases() else {
        return;
    };
    let server = Server::start(&dir, &[]);
    export(&dir);
    let machines = [(), (), (), ()].map(|()| import(&dir, &server, &[]).start());
    for machine in machines {
        finished(machine).expect_exit(0);
    }
    server.assert_each_once(usize::try_from(ROWS).unwrap());
    let keys = "SELECT count(*) FROM partner_sync.meta WHERE name LIKE 'hash_key_id/%'";
    assert_eq!(dir.ask_database(keys), "1");
    // Another key is told, and nothing is sent by it.
    let first = Suspended::at("claimed:1", {
        dir.write("e.csv", format!("{}N-1,New,\n", dir.read("e.csv")));
        import(&dir, &server, &[])
    });
    let other = import(&dir, &server, &[])
        .env("PARTNER_SYNC_STATE_KEY_FILE", "other.key")
        .finish()
        .expect_exit(2);
    assert!(
        other
            .stderr
            .contains("with another key than the one in other.key"),
        "{}",
        other.stderr
    );
    first.wakes_and_ends().expect_exit(0);
}
