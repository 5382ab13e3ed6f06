//! Seeded runs: three machines at one import, a database, an API with seven faults and a list that lies. Machines are killed and
//! suspended, the database crashes, at moments of a seed. Each key is once at the API, none is lost, what is left is in doubt and is
//! reported, and what the machines say they have created adds up.
//!
//! `PARTNER_SYNC_TEST_SEEDS=1..51` runs those seeds instead of the suite's; docs/testing.md says how.

mod fates;
mod judge;
mod machines;

use std::ops::Range;

use fates::Plan;
use judge::judge;
use machines::Machines;

use crate::support::front::{Ends, front_of};
use crate::support::{Server, Workdir, postgres};

const ROWS: usize = 2000;
/// Which seeds are run instead of the suite's.
const SEEDS: &str = "PARTNER_SYNC_TEST_SEEDS";
/// Of a lease, in milliseconds.
const LEASE: u64 = 2000;
/// What the tests' own parts keep to, within the program's assumptions (docs/several-machines.md): connections are ended long
/// before `takeover`, requests are processed and listed long before the settling time is over. A busy machine makes both late.
const TAKEOVER: &str = "4s";
const SETTLE: &str = "4s";
const IDLE: std::time::Duration = std::time::Duration::from_millis(800);

/// The seeds of one of three tests: each has a third of them.
fn seeds(part: u64) -> impl Iterator<Item = u64> {
    let all = match std::env::var_os(SEEDS) {
        Some(text) => range(text.to_str().unwrap()),
        None => 1..4,
    };
    all.filter(move |seed| seed % 3 == part)
}

fn range(text: &str) -> Range<u64> {
    let number = |text: &str| text.parse::<u64>().unwrap();
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(text)..number(text) + 1,
    }
}

#[test]
fn three_machines_create_each_key_once_by_seeds_1() {
    seeds(1).for_each(run);
}

#[test]
fn three_machines_create_each_key_once_by_seeds_2() {
    seeds(2).for_each(run);
}

#[test]
fn three_machines_create_each_key_once_by_seeds_3() {
    seeds(0).for_each(run);
}

/// Rows of which every fifth refers to another one, before or behind it, some of which refer to one themselves.
fn export(dir: &Workdir, random: &mut fastrand::Rng) {
    let mut csv = String::from("Id,Name,Parent\n");
    let mut children: Vec<usize> = Vec::new();
    for i in 0..ROWS {
        let mut parent = String::new();
        if i % 5 == 4 {
            let of_child = !children.is_empty() && random.u8(0..4) == 0;
            let other = if of_child {
                children[random.usize(..children.len())]
            } else {
                random.usize(..ROWS / 5) * 5 + random.usize(..4)
            };
            parent = format!("K-{other}");
            children.push(i);
        }
        csv.push_str(&format!("K-{i},Company & Sons {i},{parent}\n"));
    }
    dir.write("e.csv", csv);
    dir.write(
        "m.toml",
        "name = \"m\"\nkey = \"Id\"\n[organization]\nbusinessName = \"Name\"\nparentId = { partner = \"Parent\" }\n",
    );
    dir.write(
        "partner-sync.toml",
        format!("[state]\nlease = \"{LEASE}ms\"\ntakeover = \"{TAKEOVER}\"\n"),
    );
}

fn run(seed: u64) {
    let Some(cluster) = postgres::own() else {
        return;
    };
    let is_long = std::env::var_os(SEEDS).is_some();
    let mut dir = Workdir::in_cluster(cluster);
    if is_long {
        dir.keep();
    }
    let mut random = fastrand::Rng::with_seed(seed);
    export(&dir, &mut random);
    let plan = Plan::of(&mut random);
    let server = Server::start(&dir, &plan.server(&seed.to_string()));
    let url = front_of(&server, Ends::Idle(IDLE));
    let mut machines = Machines::new(&dir, cluster, &url, &plan);
    machines.story(&format!("seed {seed}: {plan:?}"));
    machines.begin();
    for fate in &plan.fates {
        if !machines.wait_for_rows(random.usize(20..160)) {
            break;
        }
        machines.meets(fate, &mut random);
    }
    machines.until_all_have_ended();
    machines.last();
    let story = machines.end();
    let log = dir.read("server.log");
    // From here on, the API tells the truth.
    let server = server.restart(&dir, &[]);
    judge(&dir, &server, &url, log, &story);
    if is_long {
        story.print();
        dir.let_go();
    }
}
