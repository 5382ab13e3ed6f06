//! What a seed says: how the API and the machines are, and what happens to them.

use std::time::Duration;

use super::LEASE;

/// What happens at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    /// A machine is killed, and another one started.
    Killed,
    /// A machine is suspended for so long.
    Suspended(Duration),
    /// The database crashes, and is back after so long.
    Crash(Duration),
    /// The first process of the database is killed.
    Orphaned(Duration),
    /// The database does nothing for so long, and then what it was told to.
    Frozen(Duration),
}

/// All of it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) workers: String,
    pub(super) rate: &'static str,
    latency: String,
    lie: Option<&'static str>,
    pub(super) fates: Vec<Fate>,
}

/// How many creates they meet, or requests. Few rows lose three answers, which leaves them to a person.
const FAULTS: [&str; 7] = [
    // Later than the front waits: the answer is lost, and in half of the cases the partner is created after that.
    "slow=0.004",
    "reset-before=0.01",
    "reset-after=0.008",
    "500-after=0.008",
    "429=0.0015",
    "bad-body=0.006",
    "408-after=0.006",
];

/// Lists that lie, and whose lies are seen through.
const LIES: [Option<&str>; 6] = [
    None,
    Some("no-totals"),
    Some("low-totals"),
    Some("escaped-names"),
    Some("search-blind"),
    Some("search-whole-names"),
];

impl Plan {
    pub(super) fn of(random: &mut fastrand::Rng) -> Self {
        let workers = random.usize(3..12).to_string();
        let rate = ["unlimited", "200/s", "400/s"][random.usize(..3)];
        let latency = format!("{}ms", random.u32(2..30));
        let lie = LIES[random.usize(..LIES.len())];
        let leases = |random: &mut fastrand::Rng, from: f64, to: f64| {
            Duration::from_millis(LEASE).mul_f64(from + (to - from) * random.f64())
        };
        let fates = (0..random.usize(7..11)).map(|_| match random.u32(..100) {
            ..40 => Fate::Killed,
            40..75 => Fate::Suspended(leases(random, 0.2, 3.0)),
            75..85 => Fate::Crash(leases(random, 0.0, 1.5)),
            85..93 => Fate::Frozen(leases(random, 0.2, 2.5)),
            _ => Fate::Orphaned(leases(random, 0.0, 0.6)),
        });
        let fates = fates.collect();
        Self {
            workers,
            rate,
            latency,
            lie,
            fates,
        }
    }

    /// The arguments of the sandbox.
    pub(super) fn server<'a>(&'a self, seed: &'a str) -> Vec<&'a str> {
        let mut arguments = vec!["--seed", seed, "--latency", &self.latency];
        arguments.extend(["--slow-for", "1200ms", "--list-lag", "200ms"]);
        arguments.extend(FAULTS.iter().flat_map(|fault| ["--fault", fault]));
        if let Some(lie) = self.lie {
            arguments.extend(["--lie", lie]);
        }
        arguments
    }
}
