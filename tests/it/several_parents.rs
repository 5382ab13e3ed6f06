//! Parents and children over several machines: chains, circles, and a parent that a lost machine had.

use std::process::Child;

use crate::support::{Finished, Run, Server, Suspended, Workdir, text};

const MAPPING: &str = "name = \"tree\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nparentId = { partner = \"Parent\" }\n";

fn import(dir: &Workdir, server: &Server, more: &[&str]) -> Run {
    let fixed = ["import", "e.csv", "-m", "m.toml", "--json", "--yes"];
    dir.run(&fixed)
        .args(&["--settle", "500ms"])
        .args(more)
        .at(server)
}

fn finished(child: Child) -> Finished {
    Finished::of(child.wait_with_output().unwrap())
}

/// Chains of five levels, each level in other pieces than the one above it, and children before their parents; a circle, and
/// a row below it.
#[test]
fn chains_are_created_level_by_level_and_a_circle_is_told_by_each() {
    const CHAINS: usize = 40;
    const LEVELS: usize = 5;
    const CREATED: usize = CHAINS * LEVELS;
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    let dir = dir.with_lease("2m");
    let faults = [
        "--latency",
        "5ms",
        "--fault",
        "reset-after=0.05",
        "--seed",
        "9",
    ];
    let server = Server::start(&dir, &faults);
    let mut csv = String::from("Id,Name,Parent\nX,Circle X,Y\n");
    for level in (0..LEVELS).rev() {
        for chain in 0..CHAINS {
            let parent = match level {
                0 => String::new(),
                _ => format!("C{}-{chain}", level - 1),
            };
            csv.push_str(&format!(
                "C{level}-{chain},Company {level} {chain},{parent}\n"
            ));
        }
    }
    csv.push_str("Y,Circle Y,Z\nZ,Circle Z,X\nBelow,Below the circle,Y\n");
    dir.write("e.csv", csv);
    dir.write("m.toml", MAPPING);
    let machines = ["a", "b", "c"].map(|report| {
        let more = ["--rate", "unlimited", "--report", report];
        (report, import(&dir, &server, &more).start())
    });
    let mut created = 0;
    for (report, machine) in machines {
        let summary = finished(machine).expect_exit(1).summary();
        let have = summary.get("created") + summary.get("skipped");
        assert_eq!(have, CREATED as u64, "{summary:?}");
        assert_eq!(summary.get("rows"), CREATED as u64 + 4);
        created += summary.get("created");
        let problems = dir.read(&format!("{report}/problems.jsonl"));
        let mut keys: Vec<String> = problems
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &serde_json::Value| line["severity"] == "error")
            .map(|line| text(&line, "/key"))
            .collect();
        keys.sort_unstable();
        assert_eq!(keys, ["Below", "X", "Y", "Z"], "{report}: {problems}");
    }
    assert_eq!(created, CREATED as u64);
    server.assert_each_once(CREATED);
    let partners = server.partners();
    let id_of = |key: &str| {
        let with = |p: &&serde_json::Value| text(p, "/party/legacyIdentifier") == key;
        text(partners.iter().find(with).unwrap(), "/id")
    };
    for partner in &partners {
        let key = text(partner, "/party/legacyIdentifier");
        let (level, chain) = key[1..].split_once('-').unwrap();
        if level != "0" {
            let level: usize = level.parse().unwrap();
            let parent = id_of(&format!("C{}-{chain}", level - 1));
            assert_eq!(text(partner, "/parentPartner/id"), parent, "{key}");
        }
    }
}

/// A machine is lost with parents in its hands, and may still be alive. Nobody is waited for without end: the rows that hang on
/// them are blocked, all others are created, and a later run goes on.
#[test]
fn children_of_what_a_lost_machine_had_are_blocked_and_not_forgotten() {
    const PARENTS: usize = 8;
    const ROWS: usize = 120;
    let Some(dir) = Workdir::in_postgres() else {
        return;
    };
    dir.write(
        "partner-sync.toml",
        "[state]\nlease = \"3s\"\ntakeover = \"never\"\n",
    );
    let server = Server::start(&dir, &[]);
    // Children before their parents, so that the parents are in other pieces.
    let mut csv = String::from("Id,Name,Parent\n");
    for i in 0..ROWS - PARENTS {
        csv.push_str(&format!("K-{i},Child {i},P-{}\n", i % PARENTS));
    }
    for i in 0..PARENTS {
        csv.push_str(&format!("P-{i},Parent {i},\n"));
    }
    dir.write("e.csv", csv);
    dir.write("m.toml", MAPPING);
    let unlimited = ["--rate", "unlimited"];
    // It has claimed one or two of the parents, as they came to its workers, and sent none.
    let stops = import(&dir, &server, &["--rate", "unlimited", "--workers", "2"]);
    let lost = Suspended::at("claimed:1", stops);
    // Of another host, as far as anybody can see.
    dir.ask_database("UPDATE partner_sync.machine SET process = '', name = 'host-a'");
    let in_hand = "SELECT count(*) FROM partner_sync.record WHERE state = 1";
    let in_hand: u64 = dir.ask_database(in_hand).parse().unwrap();
    assert!((1..=2).contains(&in_hand), "{in_hand}");
    drop(lost);
    let others = [(), ()].map(|()| import(&dir, &server, &unlimited).start());
    let blocked = (ROWS - PARENTS) as u64 / PARENTS as u64 * in_hand;
    for machine in others {
        let summary = finished(machine).expect_exit(1).summary();
        assert_eq!(
            (summary.get("in_doubt"), summary.get("blocked")),
            (in_hand, blocked)
        );
        let have = summary.get("created") + summary.get("skipped");
        assert_eq!(have, ROWS as u64 - in_hand - blocked);
    }
    // Somebody knows that it is gone.
    let machine = dir.ask_database("SELECT id FROM partner_sync.machine WHERE name = 'host-a'");
    let gone = ["reconcile", "--lost", &machine, "--settle", "100ms"];
    dir.run(&gone).at(&server).finish().expect_exit(0);
    import(&dir, &server, &unlimited).finish().expect_exit(0);
    server.assert_each_once(ROWS);
}
