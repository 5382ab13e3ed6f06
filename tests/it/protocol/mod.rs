//! Several machines and one row: no interleaving makes a second create arrive, and none leaves a row that nobody takes up.
//! What it means is in `docs/several-machines.md`.
//!
//! A machine may stop for as long as it likes between any two of its steps, wake, or die; its leases run out meanwhile, others take
//! over, statements of the database execute late, its clock jumps, connections are ended late, requests lie in the kernel of a
//! machine that is suspended, the API answers late and lists late. The moves of a record are those of the program (`step`). All
//! worlds that can come about are visited, not a sample. Each rule and each assumption can be taken away, and then a way to a
//! second create is found, and printed.

mod acts;
mod number;
mod time;
mod words;
mod world;

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;

use partner_sync::state::RecordState;
use rustc_hash::FxHasher;

use world::{ALL, Act, Rules, SETTLE, TAKEOVER, World};

type Fast<K, V> = HashMap<K, V, BuildHasherDefault<FxHasher>>;

/// A world, the place of the one before it, and the act between them.
type Reached = (World, usize, Act);

/// What does not hold, and the acts that lead there.
struct Broken {
    what: &'static str,
    acts: Vec<Act>,
}

impl Broken {
    fn in_words(&self) -> String {
        let acts: Vec<String> = self.acts.iter().map(|act| words::words(*act)).collect();
        format!("{}:\n  {}", self.what, acts.join("\n  "))
    }
}

/// All worlds that can come about, by their numbers, or the shortest way to one in which something does not hold.
fn explore(rules: Rules) -> Result<(Vec<Reached>, Fast<u64, usize>), Broken> {
    let mut worlds = vec![(World::BEGIN, 0, Act::Tick(None))];
    let mut places = Fast::default();
    places.insert(World::BEGIN.number(), 0);
    let mut at = 0;
    while let Some((world, ..)) = worlds.get(at).copied() {
        if let Some(what) = world.broken() {
            let mut acts = Vec::new();
            while at > 0 {
                let (_, before, act) = worlds[at];
                acts.push(act);
                at = before;
            }
            acts.reverse();
            return Err(Broken { what, acts });
        }
        for act in world.acts() {
            if let Some(next) = world.after(act, rules) {
                let place = worlds.len();
                if *places.entry(next.number()).or_insert(place) == place {
                    worlds.push((next, at, act));
                }
            }
        }
        at += 1;
    }
    Ok((worlds, places))
}

/// What is found without a rule, of which its story has these words; it is printed. Where the database's clock is steady, the
/// interleaving is of pauses alone.
#[allow(
    clippy::print_stdout,
    reason = "the interleaving is what the test finds"
)]
fn assert_breaks(rules: Rules, expected: &str) {
    let Err(broken) = explore(rules) else {
        panic!("nothing happens without it: {rules:?}");
    };
    let story = broken.in_words();
    println!("{story}");
    assert!(story.contains(expected), "{expected}: {story}");
}

const STEADY: Rules = Rules {
    steady_clock: true,
    ..ALL
};

#[test]
fn no_interleaving_makes_a_second_create_arrive() {
    let (worlds, places) = explore(ALL).unwrap_or_else(|broken| panic!("{}", broken.in_words()));
    assert!(worlds.len() > 100_000, "only {} worlds", worlds.len());
    // Machines lost their lease at each of their steps, and records went through each of their states.
    let lost_at: HashSet<_> = worlds.iter().filter_map(|(w, ..)| w.lost_at()).collect();
    assert_eq!(lost_at.len(), 9, "{lost_at:?}");
    for state in [
        RecordState::InFlight,
        RecordState::Created,
        RecordState::InDoubt,
        RecordState::Unsent,
    ] {
        assert!(
            worlds.iter().any(|(w, ..)| w.record == Some(state)),
            "{state}"
        );
    }
    // Nothing is lost: from everywhere something can happen that ends with the row's one partner.
    let mut before: Vec<Vec<u32>> = vec![Vec::new(); worlds.len()];
    let mut good: Vec<usize> = Vec::new();
    for (place, (world, ..)) in worlds.iter().enumerate() {
        if world.record == Some(RecordState::Created) {
            good.push(place);
        }
        for next in world
            .acts()
            .into_iter()
            .filter_map(|act| world.after(act, ALL))
        {
            before[places[&next.number()]].push(u32::try_from(place).unwrap());
        }
    }
    let mut leads_there = vec![false; worlds.len()];
    while let Some(place) = good.pop() {
        if !std::mem::replace(&mut leads_there[place], true) {
            good.extend(before[place].iter().map(|place| *place as usize));
        }
    }
    let stuck = leads_there.iter().position(|leads| !leads);
    assert_eq!(
        stuck.map(|place| worlds[place].0),
        None,
        "its row never gets its partner"
    );
}

/// One tick less is too short; so is the longer of the two alone.
#[test]
fn an_absence_is_believed_no_moment_too_early() {
    for absent_after in [TAKEOVER + SETTLE - 1, TAKEOVER.max(SETTLE)] {
        assert_breaks(
            Rules {
                absent_after,
                ..ALL
            },
            "looks the partner up",
        );
    }
    // Where what a look-up found out waits for a lease, it has to be counted by a clock that does not jump.
    assert_breaks(
        Rules {
            own_clock: false,
            ..ALL
        },
        "clock is set ahead",
    );
    assert_breaks(
        Rules {
            doubts_wait: false,
            ..ALL
        },
        "records what it heard",
    );
}

#[test]
fn a_machine_that_wakes_sends_nothing() {
    assert_breaks(
        Rules {
            gate: false,
            ..STEADY
        },
        "A connects",
    );
    let forgets = Rules {
        gate_of_generation: false,
        ..STEADY
    };
    assert_breaks(forgets, "A wakes and learns that its lease was taken over");
    let stands = Rules {
        clock_in_suspend: false,
        ..STEADY
    };
    assert_breaks(stands, "A is suspended while time passes");
}

#[test]
fn connections_are_ended_in_time() {
    assert_breaks(
        Rules {
            ends_idle: false,
            ..STEADY
        },
        "A looks at its lease on the connection",
    );
    assert_breaks(
        Rules {
            ends_empty: false,
            ..ALL
        },
        "A ends",
    );
    assert_breaks(
        Rules {
            whole: false,
            ..ALL
        },
        "A writes half of the request",
    );
}

#[test]
fn statements_say_whose_they_are_and_of_what() {
    assert_breaks(
        Rules {
            names_generation: false,
            ..STEADY
        },
        "takes over the other machine",
    );
    assert_breaks(
        Rules {
            names_post: false,
            ..STEADY
        },
        "executes after all",
    );
    assert_breaks(
        Rules {
            look_names_post: false,
            ..STEADY
        },
        "executes after all",
    );
}

#[test]
fn the_database_keeps_rows_and_machines_together() {
    assert_breaks(
        Rules {
            keeps_commits: false,
            ..STEADY
        },
        "does not have the claim",
    );
    // These lose the row: nobody ever takes it up.
    assert_breaks(
        Rules {
            claim_needs_lease: false,
            ..STEADY
        },
        "nobody ever takes it over",
    );
    assert_breaks(
        Rules {
            together: false,
            ..STEADY
        },
        "B is killed",
    );
}

/// A renewal: asked for, done by the database, heard of, with time between these. Where its length is counted from the question,
/// who may send holds the lease; where it is counted from the answer, not.
#[test]
fn who_may_send_holds_the_lease_however_late_a_renewal_is_answered() {
    /// Ticks left by the database, ticks since the last renewal by the machine, and since it asked for one, and whether that is done.
    type Renewing = (u8, u8, Option<(u8, bool)>);
    const LEASE: u8 = 5;
    const MAY_SEND: u8 = 4;
    let unheld = |from_question: bool| {
        let mut worlds: Vec<Renewing> = vec![(LEASE, 0, None)];
        let mut at = 0;
        while let Some((left, since, asked)) = worlds.get(at).copied() {
            at += 1;
            let older = |age: u8| (age + 1).min(LEASE);
            let mut next = vec![(
                left.saturating_sub(1),
                older(since),
                asked.map(|(age, done)| (older(age), done)),
            )];
            next.push(match asked {
                None => (left, since, Some((0, false))),
                Some((age, false)) => (LEASE, since, Some((age, true))),
                Some((age, true)) => (left, if from_question { age } else { 0 }, None),
            });
            for world in next {
                if !worlds.contains(&world) {
                    worlds.push(world);
                }
            }
        }
        worlds
            .into_iter()
            .find(|(left, since, _)| *since < MAY_SEND && *left == 0)
    };
    assert_eq!(unheld(true), None);
    assert!(unheld(false).is_some());
}
