//! The record's table of moves against a model of the API: no interleaving of events and crashes gives a
//! duplicate. The argument in words is in `docs/exactly-once.md`.

use partner_sync::state::{Event, RecordState, step};
use proptest::prelude::*;

/// Logical time within which a request is processed after its last sign of life, or never.
const LATE: u64 = 2;
/// Logical time after which what was made is listed.
const LAG: u64 = 3;
/// The settling time covers both, one after the other.
const SETTLE: u64 = LATE + LAG;

/// What can happen next. Numbers choose among possibilities or let time pass.
#[derive(Debug, Clone)]
enum Act {
    /// The program wants to send the row.
    Send,
    /// The API processes the oldest request on its way and answers so.
    Process(Answer),
    /// A request is lost before the API saw it.
    Drop,
    /// The program learns what it can of its request: the answer, or that none came.
    Hear,
    /// The process dies; the next one takes over.
    Crash,
    /// The program looks the partner up.
    Look,
    /// Time passes.
    Wait(u64),
    /// A bug: an event out of nowhere.
    Stray(Event),
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Made,
    /// Made, but the answer is lost or garbled.
    MadeAndLost,
    Refused,
    /// 401, 403 or 429: nothing was made.
    NotMade,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let answer = prop_oneof![
        1 => Just(Answer::Made),
        3 => Just(Answer::MadeAndLost),
        2 => Just(Answer::Refused),
        3 => Just(Answer::NotMade),
    ];
    let stray = proptest::sample::select(Event::ALL.to_vec());
    let act = prop_oneof![
        4 => Just(Act::Send),
        4 => answer.prop_map(Act::Process),
        1 => Just(Act::Drop),
        4 => Just(Act::Hear),
        3 => Just(Act::Crash),
        3 => Just(Act::Look),
        4 => (1_u64..4).prop_map(Act::Wait),
        1 => stray.prop_map(Act::Stray),
    ];
    proptest::collection::vec(act, 0..60)
}

/// A request that left.
#[derive(Debug)]
struct Request {
    /// It is processed before then, or never.
    deadline: u64,
    /// Whether the program still listens for its answer.
    heard_by_us: bool,
}

#[derive(Debug, Default)]
struct World {
    now: u64,
    /// On the disk.
    record: Option<RecordState>,
    /// Since when absence may be asked for: the last moment the request can have been on its way.
    since: u64,
    on_the_way: Vec<Request>,
    /// The answer that waits to be heard.
    answer: Option<Answer>,
    /// When each partner was made.
    made: Vec<u64>,
}

impl World {
    fn happen(&mut self, event: Event) -> bool {
        match step(self.record, event) {
            Ok(state) => {
                self.record = Some(state);
                true
            }
            Err(_) => false,
        }
    }

    fn expire(&mut self) {
        let now = self.now;
        self.on_the_way.retain(|r| now <= r.deadline);
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Wait(time) => self.now += time,
            Act::Send => {
                // Intent is on the disk before the request leaves.
                if self.happen(Event::Claim) {
                    self.answer = None;
                    self.on_the_way.push(Request {
                        deadline: u64::MAX,
                        heard_by_us: true,
                    });
                }
            }
            Act::Process(answer) => {
                self.expire();
                if self.on_the_way.is_empty() {
                    return;
                }
                let request = self.on_the_way.remove(0);
                if matches!(answer, Answer::Made | Answer::MadeAndLost) {
                    self.made.push(self.now);
                }
                if request.heard_by_us {
                    self.answer = Some(*answer);
                }
            }
            Act::Drop => {
                self.on_the_way.pop();
            }
            Act::Hear => {
                if self.record != Some(RecordState::InFlight) {
                    return;
                }
                let event = match self.answer.take() {
                    Some(Answer::Made) => Event::Made,
                    Some(Answer::Refused) => Event::Refused,
                    Some(Answer::NotMade) => Event::NotMade,
                    // No answer, or none that can be trusted: the connection is closed now.
                    Some(Answer::MadeAndLost) | None => Event::Lost,
                };
                if event == Event::Lost {
                    self.let_go();
                }
                assert!(self.happen(event));
            }
            Act::Crash => {
                self.let_go();
                self.answer = None;
                self.happen(Event::OwnerDied);
            }
            Act::Look => {
                if self.record != Some(RecordState::InDoubt) {
                    return;
                }
                self.expire();
                // The nastiest list: it shows a partner only when it must.
                let listed = self.made.iter().any(|at| self.now >= at + LAG);
                let settled = self.now >= self.since + SETTLE;
                if listed {
                    assert!(self.happen(Event::Found));
                } else if settled {
                    assert!(self.happen(Event::Absent));
                }
            }
            Act::Stray(event) => {
                // The table refuses what cannot be; what it accepts here is what the program may do anyway,
                // so only those are let through that need no evidence.
                let from = self.record;
                if step(from, *event).is_err() {
                    assert_eq!(self.record, from);
                }
            }
        }
    }

    /// The connection is closed or the process is dead: from now on the request lives on borrowed time.
    fn let_go(&mut self) {
        self.since = self.now;
        for request in &mut self.on_the_way {
            request.heard_by_us = false;
            request.deadline = request.deadline.min(self.now + LATE);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn no_interleaving_makes_a_duplicate(acts in acts()) {
        let mut world = World::default();
        for act in &acts {
            world.act(act);
            prop_assert!(world.made.len() <= 1, "{world:?} after {acts:?}");
        }
        // And a row that is created has its partner.
        if world.record == Some(RecordState::Created) {
            prop_assert_eq!(world.made.len(), 1);
        }
    }
}

#[test]
fn the_model_would_notice_a_second_post() {
    // Were a doubt claimed without asking, the model would hold two partners: the test can fail.
    let mut world = World::default();
    world.act(&Act::Send);
    world.act(&Act::Process(Answer::MadeAndLost));
    world.act(&Act::Hear);
    assert_eq!(world.record, Some(RecordState::InDoubt));
    world.act(&Act::Send);
    assert!(world.on_the_way.is_empty(), "a doubt cannot be claimed");
    world.record = Some(RecordState::Unsent);
    world.act(&Act::Send);
    world.act(&Act::Process(Answer::Made));
    assert_eq!(world.made.len(), 2);
}
