//! A machine that is lost and may still be alive: what it had under way is waited for until a person knows better.

use crate::support::{Server, Workdir, wait_until};

const IMPORT: &[&str] = &[
    "import", "e.csv", "-m", "m.toml", "--settle", "100ms", "--json",
];

#[test]
fn a_person_says_that_a_machine_will_not_wake_again() {
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    dir.write(
        "partner-sync.toml",
        "[state]\nlease = \"3s\"\ntakeover = \"never\"\n",
    );
    let server = Server::start(&dir, &[]);
    dir.simple_export(40);
    let mut child = dir
        .run(&[IMPORT, &["--rate", "2/s", "--workers", "4"]].concat())
        .at(&server)
        .start();
    wait_until("partners are made", || server.partners().len() >= 2);
    // Of another host, as far as anybody can see: it may be suspended only.
    dir.ask_database("UPDATE partner_sync.machine SET process = '', name = 'host-a'");
    dir.kill(&mut child);
    dir.wait_until_free();

    let unlimited = [IMPORT, &["--rate", "unlimited"]].concat();
    let left = dir.run(&unlimited).at(&server).finish().expect_exit(1);
    let waiting = left.summary().get("in_doubt");
    assert!(waiting > 0, "{}", left.stderr);
    assert_eq!(server.partners().len() as u64 + waiting, 40);

    let status = dir.run(&["status", "--json"]).finish().stdout;
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let lost = status["machines"].as_array().unwrap();
    let lost: Vec<_> = lost.iter().filter(|m| m["standing"] == "lost").collect();
    let [machine] = lost[..] else {
        panic!("{status}");
    };
    assert_eq!(machine["waited_for"], waiting);
    let id = machine["machine"].as_str().unwrap();
    let table = dir.run(&["status"]).finish().stdout;
    assert!(
        table.contains(&id[..8]) && table.contains("host-a"),
        "{table}"
    );

    let wrong = dir
        .run(&["reconcile", "--lost", "no-such"])
        .at(&server)
        .finish()
        .expect_exit(2);
    assert!(
        wrong.stderr.contains(&format!("{id} (host-a)")),
        "{}",
        wrong.stderr
    );
    let gone = dir
        .run(&["reconcile", "--lost", &id[..8], "--settle", "100ms"])
        .at(&server)
        .finish()
        .expect_exit(0);
    assert!(gone.stderr.contains("on host-a is gone"), "{}", gone.stderr);
    let all = dir.run(&unlimited).at(&server).finish().expect_exit(0);
    assert_eq!(all.summary().get("created"), waiting);
    server.assert_each_once(40);
}
