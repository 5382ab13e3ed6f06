//! One import that one, two and three machines share: processes of the real binary over one Postgres of the bench's own.
//!
//! The sandbox takes 50 ms for each answer, and a machine has 16 requests under way: it sends 320 rows a second at most. Three send
//! 960, a twentieth of what the sandbox answers, and take a small part of one core. So the API's latency bounds them.

use std::time::Instant;

use crate::postgres::{self, Cluster};
use crate::program::Program;
use crate::stub::Server;
use crate::works::{Line, Works, median, ratio};

/// Machines of each run, and how many times one machine's rate is a must. What is lost is the start and the end, where the last
/// machine has rows that nobody else can take.
const MACHINES: [(usize, f64); 3] = [(1, 0.0), (2, 1.8), (3, 2.5)];

/// Rows a second of two and three machines beside one. None where there is no Postgres.
pub fn growth(works: &Works) -> Vec<Line> {
    let Some(cluster) = postgres::own() else {
        return Vec::new();
    };
    let rows = (works.size.rows / 100).max(90);
    let program = Program {
        folder: works.path("machines"),
    };
    std::fs::create_dir_all(&program.folder).unwrap();
    works.export("machines/shared.csv", rows, 0);
    std::fs::copy(works.path("m.toml"), program.folder.join("m.toml")).unwrap();
    // Machines that begin at the same moment would each make one.
    let key = format!("partner-sync state key 1 {}\n", "5a".repeat(32));
    std::fs::write(program.folder.join("state.key"), key).unwrap();
    let settings = "[state]\nkey_file = \"state.key\"\n";
    std::fs::write(program.folder.join("partner-sync.toml"), settings).unwrap();
    let mut rates = MACHINES.map(|_| Vec::new());
    for _ in 0..works.size.turns.min(3) {
        for ((machines, _), rates) in MACHINES.iter().zip(&mut rates) {
            rates.push(rate(&program, cluster, rows, *machines));
        }
    }
    let rates = rates.map(|rates| median(&rates));
    let beside = (rates[0], "rows/s of one machine");
    let line = |(rate, (machines, must)): (f64, (usize, f64))| {
        let work = match machines {
            2 => "one `import` on 2 machines, 16 workers each, the sandbox at 50 ms".to_owned(),
            _ => format!("the same, {machines} machines"),
        };
        ratio(&work, (rate, "rows/s"), beside, must)
    };
    rates.into_iter().zip(MACHINES).skip(1).map(line).collect()
}

/// Rows a second of so many machines that begin at the same moment, until the last one ends.
fn rate(program: &Program, cluster: &Cluster, rows: u64, machines: usize) -> f64 {
    let server = Server::sandbox("50ms");
    let state = cluster.database();
    let arguments = [
        "import",
        "shared.csv",
        "-m",
        "m.toml",
        "--state",
        &state,
        "--rate",
        "unlimited",
        "--workers",
        "16",
    ];
    let begin = Instant::now();
    let created: u64 = std::thread::scope(|scope| {
        let start = |_| scope.spawn(|| program.run(&arguments, Some(&server), 0));
        let running: Vec<_> = (0..machines).map(start).collect();
        let created = |run: std::thread::ScopedJoinHandle<'_, crate::program::Ran>| {
            run.join().unwrap().summary["created"].as_u64().unwrap()
        };
        running.into_iter().map(created).sum()
    });
    assert_eq!(created, rows);
    rows as f64 / begin.elapsed().as_secs_f64()
}
