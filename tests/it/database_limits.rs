//! A database that takes less than a run needs: tables that may not be written, a database that becomes read-only while a run
//! writes, a hot standby, a server without a connection left. What is wrong is said, and nothing is lost.

use crate::support::{Finished, Run, Server, Workdir, postgres, wait_until};

const CONFIG: &str = "[state]\nlease = \"2s\"\ntakeover = \"1s\"\n";

fn import(dir: &Workdir, server: &Server, state: &str) -> Run {
    let import = ["import", "e.csv", "-m", "m.toml", "--json"];
    let quick = ["--settle", "300ms", "--workers", "4", "--report", "out"];
    dir.run(&import)
        .args(&quick)
        .args(&["--rate", "50/s"])
        .at(server)
        .env("PARTNER_SYNC_STATE", state)
}

fn finished(child: std::process::Child) -> Finished {
    Finished::of(child.wait_with_output().unwrap())
}

/// A user of the state who lacks one right on one table at a time: what is said names the table, and what to ask the DBA for; when
/// the right is there, the next run does the rest.
#[test]
fn a_table_that_may_not_be_written_is_named() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    dir.write("partner-sync.toml", CONFIG);
    let address = dir.address();
    let (_, database) = address.rsplit_once('/').unwrap();
    let user = format!("w_{database}");
    let state = address.replace("//postgres@", &format!("//{user}@"));
    // Answers are lost, so that doubts are written as well.
    let server = Server::start(&dir, &["--fault", "reset-after=0.2"]);
    dir.simple_export(5);
    import(&dir, &server, &address).finish();
    let ask = |sql: &str| dir.ask_database(&sql.replace("USER", &user));
    ask("CREATE ROLE USER LOGIN; GRANT USAGE ON SCHEMA partner_sync TO USER");
    let tables = ask("SELECT tablename FROM pg_tables WHERE schemaname = 'partner_sync'");
    let mut rows = 5;
    let mut refused = Vec::new();
    for table in tables.lines() {
        rows += 10;
        dir.simple_export(rows);
        ask("GRANT ALL ON ALL TABLES IN SCHEMA partner_sync TO USER");
        let revoke = format!("REVOKE INSERT, UPDATE ON partner_sync.{table} FROM USER");
        ask(&revoke);
        let run = import(&dir, &server, &state).finish();
        assert!(matches!(run.exit, 0..=3), "{table}: {run:?}");
        if run.exit > 1 {
            let said = format!("{}{}", run.stdout, run.stderr);
            for word in [&format!("permission denied for table {table}"), "GRANT"] {
                assert!(said.contains(word), "{table}: {run:?}");
            }
            refused.push(table);
        }
        ask("GRANT ALL ON ALL TABLES IN SCHEMA partner_sync TO USER");
        dir.end_leases();
    }
    for table in ["record", "machine", "piece", "run", "story", "import"] {
        assert!(refused.contains(&table), "{table}: {refused:?}");
    }
    let server = server.restart(&dir, &[]);
    let reconcile = dir.run(&["reconcile", "--settle", "300ms"]).at(&server);
    reconcile.finish().expect_exit(0);
    import(&dir, &server, &state).finish().expect_exit(0);
    server.assert_each_once(rows);
}

/// It becomes read-only for all who connect from then on, and those who are connected are thrown out, as a switchover does.
#[test]
fn a_database_that_becomes_read_only_ends_the_run() {
    const ROWS: usize = 300;
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    dir.write("partner-sync.toml", CONFIG);
    let address = dir.address();
    let (_, database) = address.rsplit_once('/').unwrap();
    let server = Server::start(&dir, &["--latency", "30ms"]);
    dir.simple_export(ROWS);
    let child = import(&dir, &server, &address).start();
    wait_until("some rows are sent", || server.count("POST") > 20);
    let held = server.hold();
    // Said from another database, where it does not hold.
    let elsewhere = address.replace(database, "postgres");
    let only = |set: &str| {
        let sql = format!("ALTER DATABASE {database} {set}");
        dir.ask_elsewhere(&elsewhere, &sql);
    };
    only("SET default_transaction_read_only = on");
    dir.ask_elsewhere(&elsewhere, &format!("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{database}'"));
    drop(held);
    let run = finished(child).expect_exit(3);
    assert!(server.count("POST") < ROWS, "{run:?}");
    let summary = run.summary();
    assert_eq!(summary.get("rows"), ROWS as u64);
    let stopped = summary.value()["stopped"].as_str().unwrap();
    for words in ["read-only", "Name the primary", "run again"] {
        assert!(stopped.contains(words), "{words}: {stopped}");
    }
    assert!(dir.path("out/report.html").exists());
    let sent = server.count("POST");
    let away = import(&dir, &server, &address).finish().expect_exit(3);
    assert!(away.stderr.contains("read-only"), "{away:?}");
    assert_eq!(server.count("POST"), sent);
    only("RESET default_transaction_read_only");
    let rest = import(&dir, &server, &address).args(&["--wait", "1m"]);
    rest.finish().expect_exit(0);
    server.assert_each_once(ROWS);
}

/// A standby is read: what is asked of it is answered, what would write there names the primary. Both in one address find it.
#[test]
fn a_hot_standby_is_read_and_not_written() {
    let Some(cluster) = postgres::own() else {
        return;
    };
    let dir = Workdir::in_cluster(cluster);
    dir.write("partner-sync.toml", CONFIG);
    let server = Server::start(&dir, &[]);
    dir.simple_export(10);
    let address = dir.address();
    import(&dir, &server, &address).finish().expect_exit(0);
    let standby = cluster.hot_standby();
    let port = |port: u16| format!("127.0.0.1:{port}");
    let (primary, other) = (port(cluster.port()), port(standby.port()));
    let at_standby = address.replace(&primary, &other);
    dir.simple_export(20);
    let refused = import(&dir, &server, &at_standby).finish().expect_exit(3);
    assert!(
        refused.stderr.contains("Name the primary") || refused.stderr.contains("read-write"),
        "{refused:?}"
    );
    assert_eq!(server.count("POST"), 10);
    let status = dir.run(&["status"]).env("PARTNER_SYNC_STATE", &at_standby);
    let status = status.finish();
    assert!(
        status.exit == 0 && status.stdout.contains("Runs, newest first"),
        "{status:?}"
    );
    let both = address.replace(&primary, &format!("{other},{primary}"));
    import(&dir, &server, &both).finish().expect_exit(0);
    server.assert_each_once(20);
}

/// The server lets nobody in any more, from the beginning or in the middle of a run.
#[test]
fn a_server_without_a_connection_left_says_so() {
    const ROWS: usize = 200;
    let setup = postgres::Setup {
        settings: "max_connections = 5\nsuperuser_reserved_connections = 0",
        ..postgres::Setup::default()
    };
    let Some(cluster) = postgres::with(&setup) else {
        return;
    };
    let dir = Workdir::in_cluster(cluster);
    dir.write("partner-sync.toml", CONFIG);
    let server = Server::start(&dir, &["--latency", "20ms"]);
    dir.simple_export(ROWS);
    let address = dir.address();
    let run = import(&dir, &server, &address).args(&["--outage", "3s"]);
    let run = run.finish().expect_exit(3);
    for words in ["too many clients", "up to six", "max_connections"] {
        assert!(run.stderr.contains(words), "{words}: {run:?}");
    }
    let sql = "ALTER SYSTEM SET max_connections = 20";
    dir.ask_database(sql);
    cluster.crash();
    cluster.restart();
    // In the middle: others take all that is left, and the run goes on with what it has.
    let child = import(&dir, &server, &address)
        .args(&["--wait", "1m"])
        .start();
    let before = server.count("POST");
    wait_until("some rows are sent", || server.count("POST") > before + 20);
    let others: Vec<_> = (0..20)
        .map(|_| {
            let address = address.clone();
            std::thread::spawn(move || cluster.try_ask(&address, "SELECT pg_sleep(8)"))
        })
        .collect();
    let run = finished(child);
    for other in others {
        other.join().unwrap();
    }
    assert!(matches!(run.exit, 0 | 3), "{run:?}");
    let rest = import(&dir, &server, &address).args(&["--wait", "1m"]);
    rest.finish().expect_exit(0);
    server.assert_each_once(ROWS);
}
