//! The record's table of moves against a model of the API: no order of events and crashes makes a duplicate or
//! loses a row. The argument in words is in `docs/exactly-once.md`.
//!
//! The model knows the API, the network and the process, and nothing of the table: it asks `step` for each move and
//! states what must hold of the world. Its worlds are finite (times that make no difference any more are one), so all
//! of them are visited, not a sample.

use std::collections::{HashMap, HashSet, VecDeque};

use partner_sync::state::{Event, RecordState, step};

/// Ticks within which a request is processed after its connection was closed, or never.
const LATE: u8 = 2;
/// Ticks after which a new partner is listed.
const LAG: u8 = 3;
/// The documented settling time covers both, one after the other.
const SETTLE: u8 = LATE + LAG;

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// The program wants to send the row.
    Send,
    /// The API processes the request on its way and answers so.
    Process(Answer),
    /// A request is lost before the API saw it.
    Drop,
    /// The program learns what it can of its request: the answer, or that none came.
    Hear,
    /// The process dies; the next one takes over.
    Crash,
    /// The program looks the partner up.
    Look,
    /// A tick passes.
    Tick,
    /// A bug: something that was reported before is reported once more.
    Again(Event),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Answer {
    Made,
    /// Made, but the answer is lost or garbled.
    MadeAndLost,
    Refused,
    /// 401, 403 or 429: nothing was made.
    NotCreated,
}

/// A request that left. `closed` counts the ticks since nobody listens for its answer any more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Request {
    closed: Option<u8>,
}

/// Everything there is, between two acts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
struct World {
    /// On the disk.
    record: Option<RecordState>,
    /// Ticks since the last moment at which a request can have been on its way.
    since: u8,
    on_the_way: Vec<Request>,
    /// The answer that waits to be heard.
    answer: Option<Answer>,
    /// The age of each partner in ticks.
    partners: Vec<u8>,
    /// What was reported of this attempt. An absence is kept until the next request has its own end: a look-up may
    /// come back so late that the row is under way again.
    reported: Vec<Event>,
}

impl World {
    fn acts(&self) -> Vec<Act> {
        let mut acts = vec![
            Act::Send,
            Act::Drop,
            Act::Hear,
            Act::Crash,
            Act::Look,
            Act::Tick,
        ];
        let answers = [
            Answer::Made,
            Answer::MadeAndLost,
            Answer::Refused,
            Answer::NotCreated,
        ];
        acts.extend(answers.map(Act::Process));
        acts.extend(self.reported.iter().map(|event| Act::Again(*event)));
        acts
    }

    /// Asks the table; a move that it refuses changes nothing.
    fn report(&mut self, event: Event) -> bool {
        let Ok(state) = step(self.record, event) else {
            return false;
        };
        match event {
            Event::Claim => self.reported.retain(|e| *e == Event::ConfirmedAbsent),
            Event::OutcomeUnknown | Event::OwnerLost => {
                self.reported.retain(|e| *e != Event::ConfirmedAbsent);
            }
            _ => {}
        }
        if !self.reported.contains(&event) {
            self.reported.push(event);
            self.reported.sort_by_key(|e| *e as u8);
        }
        self.record = Some(state);
        true
    }

    /// The connection is closed or the process is dead: from now on the request lives on borrowed time.
    fn close(&mut self) {
        for request in &mut self.on_the_way {
            if request.closed.is_none() {
                request.closed = Some(0);
                self.since = 0;
            }
        }
    }

    fn after(&self, act: Act, settle: u8) -> World {
        let mut world = self.clone();
        match act {
            Act::Tick => {
                world.since = (world.since + 1).min(SETTLE);
                for request in &mut world.on_the_way {
                    request.closed = request.closed.map(|ticks| ticks + 1);
                }
                world
                    .on_the_way
                    .retain(|r| r.closed.is_none_or(|ticks| ticks <= LATE));
                for age in &mut world.partners {
                    *age = (*age + 1).min(LAG);
                }
            }
            Act::Send => {
                // Intent is on the disk before the request leaves.
                if world.report(Event::Claim) {
                    world.answer = None;
                    world.on_the_way.push(Request { closed: None });
                }
            }
            Act::Process(answer) => {
                if !world.on_the_way.is_empty() {
                    let request = world.on_the_way.remove(0);
                    if matches!(answer, Answer::Made | Answer::MadeAndLost) {
                        world.partners.push(0);
                    }
                    if request.closed.is_none() {
                        world.answer = Some(answer);
                    }
                }
            }
            Act::Drop => {
                world.on_the_way.pop();
            }
            // Only a process that sent something listens.
            Act::Hear if world.record == Some(RecordState::InFlight) => {
                let event = match world.answer.take() {
                    Some(Answer::Made) => Event::Created,
                    Some(Answer::Refused) => Event::Rejected,
                    Some(Answer::NotCreated) => Event::NotCreated,
                    Some(Answer::MadeAndLost) | None => Event::OutcomeUnknown,
                };
                world.since = 0;
                world.close();
                assert!(world.report(event), "{event:?} is refused: {self:?}");
            }
            Act::Crash => {
                if world.record == Some(RecordState::InFlight) {
                    world.since = 0;
                }
                world.close();
                world.answer = None;
                world.report(Event::OwnerLost);
            }
            Act::Look if world.record == Some(RecordState::InDoubt) => {
                // The worst list: it shows a partner only when it must.
                if world.partners.contains(&LAG) {
                    assert!(
                        world.report(Event::FoundRemotely),
                        "a find is refused: {self:?}"
                    );
                } else if world.since >= settle {
                    assert!(
                        world.report(Event::ConfirmedAbsent),
                        "an absence is refused: {self:?}"
                    );
                }
            }
            Act::Hear | Act::Look => {}
            Act::Again(event) => {
                world.report(event);
            }
        }
        world
    }

    /// What must hold, whatever happened.
    fn broken(&self) -> Option<&'static str> {
        let exists = !self.partners.is_empty();
        let may_come = !self.on_the_way.is_empty();
        match self.record {
            _ if self.partners.len() > 1 => Some("two partners of one row"),
            _ if exists && may_come => Some("a request on its way though the partner exists"),
            Some(RecordState::Created) if !exists => Some("created, but there is no partner"),
            None | Some(RecordState::Rejected | RecordState::Unsent) if exists || may_come => {
                Some("free to be sent, but a partner exists or may yet be made")
            }
            _ => None,
        }
    }
}

/// Each world that can come about, with those that can come next.
type Worlds = HashMap<World, Vec<World>>;

/// All worlds that can come about, or what does not hold in one of them and the acts that lead to it.
fn explore(settle: u8) -> Result<Worlds, (&'static str, Vec<Act>)> {
    let mut came_by: HashMap<World, Option<(World, Act)>> =
        HashMap::from([(World::default(), None)]);
    let mut next_worlds = HashMap::new();
    let mut queue = VecDeque::from([World::default()]);
    while let Some(world) = queue.pop_front() {
        if let Some(broken) = world.broken() {
            let mut acts = Vec::new();
            let mut at = &world;
            while let Some(Some((before, act))) = came_by.get(at) {
                acts.insert(0, *act);
                at = before;
            }
            return Err((broken, acts));
        }
        let mut reached = Vec::new();
        for act in world.acts() {
            let next = world.after(act, settle);
            if !came_by.contains_key(&next) {
                came_by.insert(next.clone(), Some((world.clone(), act)));
                queue.push_back(next.clone());
            }
            reached.push(next);
        }
        next_worlds.insert(world, reached);
    }
    Ok(next_worlds)
}

#[test]
fn no_order_of_events_makes_a_duplicate() {
    let worlds =
        explore(SETTLE).unwrap_or_else(|(broken, acts)| panic!("{broken}, after {acts:?}"));
    // The exploration went through every state of a record, and past a doubt that was settled by each answer.
    for state in RecordState::ALL {
        assert!(worlds.keys().any(|w| w.record == Some(state)), "{state}");
    }
    for event in Event::ALL {
        assert!(
            worlds.keys().any(|w| w.reported.contains(&event)),
            "{event:?}"
        );
    }
    assert!(worlds.len() > 200, "only {} worlds", worlds.len());
}

/// Nothing is lost: wherever a row stands, something can happen that ends with its one partner.
#[test]
fn from_everywhere_the_partner_can_still_be_created() {
    let worlds =
        explore(SETTLE).unwrap_or_else(|(broken, acts)| panic!("{broken}, after {acts:?}"));
    let mut leads_there: HashSet<&World> = worlds
        .keys()
        .filter(|w| w.record == Some(RecordState::Created))
        .collect();
    loop {
        let before = leads_there.len();
        for (world, reached) in &worlds {
            if reached.iter().any(|next| leads_there.contains(next)) {
                leads_there.insert(world);
            }
        }
        if leads_there.len() == before {
            break;
        }
    }
    let stuck = worlds.keys().find(|w| !leads_there.contains(w));
    assert_eq!(stuck, None, "a row in this world never gets its partner");
}

/// The settling time is as short as it may be: one tick less, and there is a way to a second partner.
#[test]
fn a_settling_time_one_tick_shorter_makes_a_duplicate() {
    let (_, acts) = explore(SETTLE - 1).expect_err("the shorter time is enough");
    assert!(acts.contains(&Act::Look), "{acts:?}");
    let mut world = World::default();
    for act in &acts {
        world = world.after(*act, SETTLE - 1);
    }
    // The row counts as not made although its partner exists: it is sent once more, and answered.
    assert_eq!(
        (world.record, world.partners.len()),
        (Some(RecordState::Unsent), 1),
        "{acts:?}"
    );
    world = world.after(Act::Send, SETTLE - 1);
    world = world.after(Act::Process(Answer::Made), SETTLE - 1);
    assert_eq!(world.partners.len(), 2, "{world:?}");
}

/// The model holds two partners where a row is sent without proof: its tests can fail.
#[test]
fn the_model_would_notice_a_second_post() {
    let mut world = World::default();
    for act in [Act::Send, Act::Process(Answer::MadeAndLost), Act::Hear] {
        world = world.after(act, SETTLE);
    }
    assert_eq!(world.record, Some(RecordState::InDoubt));
    world = world.after(Act::Send, SETTLE);
    assert!(world.on_the_way.is_empty(), "a doubt cannot be claimed");
    assert_eq!(world.broken(), None);
    world.record = Some(RecordState::Unsent);
    assert!(world.broken().is_some());
    world = world.after(Act::Send, SETTLE);
    world = world.after(Act::Process(Answer::Made), SETTLE);
    assert_eq!(world.partners.len(), 2);
    assert!(world.broken().is_some());
}

/// What the state file and the reports call a record's state is never two things.
#[test]
fn each_state_has_a_code_and_a_word_of_its_own() {
    let codes: HashSet<i64> = RecordState::ALL.iter().map(|s| s.code()).collect();
    let words: HashSet<&str> = RecordState::ALL.iter().map(|s| s.as_str()).collect();
    assert_eq!((codes.len(), words.len()), (5, 5), "{codes:?} {words:?}");
}
