//! The record's table of moves against a model of the API: no order of events and crashes makes a duplicate or
//! loses a row. The argument in words is in `docs/exactly-once.md`.
//!
//! The model knows the API, the network, the process and the file of the state, and nothing of the table: it asks `step`
//! for each move and states what must hold of the world. An API may hide partners from searches, from its list, or both; a
//! state may be lost, or an older copy of it be put back. Each rule and each assumption can be taken away, and then a way to
//! two partners is found. Its worlds are finite (times that make no difference any more are one), so all
//! of them are visited, not a sample.

use std::collections::{HashMap, HashSet, VecDeque};

use partner_sync::state::{Event, RecordState, step};

/// Ticks within which a request is processed after its connection was closed, or never.
const LATE: u8 = 2;
/// Ticks after which a new partner is listed.
const LAG: u8 = 3;
/// The documented settling time covers both, one after the other.
const SETTLE: u8 = LATE + LAG;

/// Posts of a row whose answers were lost, before it is left to a person.
const BOUND: u8 = 5;

/// The rules of the program, and what is assumed of its users.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule that can be taken away"
)]
struct Rules {
    /// Ticks that pass before an absence is believed.
    settle: u8,
    /// An absence is believed only where the way of looking was seen to show what exists.
    trust: bool,
    /// Rows to be created are looked for where the API has more partners than the state remembers.
    adopt: bool,
    /// A lost or an older state is used only when nothing is on its way any more.
    patient: bool,
    /// A row whose answer was lost too often is left to a person.
    bounded: bool,
}

const ALL: Rules = Rules {
    settle: SETTLE,
    trust: true,
    adopt: true,
    patient: true,
    bounded: true,
};

/// How a partner is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Means {
    Search,
    List,
}

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
    Look(Means),
    /// A person looks on the API, and says what is there.
    Resolve,
    /// A person has a row looked up that was posted too often.
    Reconcile,
    /// The state is lost, or an older copy of it is put back.
    Restore(Option<RecordState>),
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
    /// 409: a refusal, unless the partner is there after all.
    Conflict,
    /// 409 although the partner was made.
    MadeAndConflict,
}

/// A request that left. `closed` counts the ticks since nobody listens for its answer any more.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Request {
    closed: Option<u8>,
}

fn is_absence(event: Event) -> bool {
    matches!(
        event,
        Event::ConfirmedAbsent
            | Event::AbsentAfterRefusal
            | Event::ReconciledAsAbsent
            | Event::ResolvedAsAbsent
    )
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
    /// On the disk too: the row is in doubt, and its last answer is a refusal if there is no partner.
    refused_if_absent: bool,
    /// On the disk too: posts whose answers were lost.
    lost: u8,
    /// Whether searches, and whether the list, hide what exists.
    hides: [bool; 2],
    /// Whether the state is not the one that the last run left.
    restored: bool,
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
            Act::Look(Means::Search),
            Act::Look(Means::List),
            Act::Resolve,
            Act::Reconcile,
            Act::Restore(None),
            Act::Restore(Some(RecordState::Unsent)),
            Act::Restore(Some(RecordState::Rejected)),
            Act::Tick,
        ];
        let answers = [
            Answer::Made,
            Answer::MadeAndLost,
            Answer::Refused,
            Answer::NotCreated,
            Answer::Conflict,
            Answer::MadeAndConflict,
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
            Event::Claim => self.reported.retain(|e| is_absence(*e)),
            Event::OutcomeUnknown | Event::OwnerLost => {
                self.lost = (self.lost + 1).min(BOUND);
                self.reported.retain(|e| !is_absence(*e));
            }
            Event::ResolvedAsAbsent | Event::ReconciledAsAbsent => self.lost = 0,
            _ => {}
        }
        if !self.reported.contains(&event) {
            self.reported.push(event);
            self.reported.sort_by_key(|e| *e as u8);
        }
        self.record = Some(state);
        self.refused_if_absent &= state == RecordState::InDoubt;
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

    fn after(&self, act: Act, rules: Rules) -> World {
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
                // A run that begins looks for its rows where the API has more than the state remembers.
                let is_looked_for = rules.adopt && world.restored && !world.hides(Means::List);
                if is_looked_for && world.partners.contains(&LAG) {
                    world.report(Event::FoundRemotely);
                } else if world.report(Event::Claim) {
                    // Intent is on the disk before the request leaves.
                    world.answer = None;
                    world.on_the_way.push(Request { closed: None });
                }
            }
            Act::Process(answer) => {
                if !world.on_the_way.is_empty() {
                    let request = world.on_the_way.remove(0);
                    if matches!(
                        answer,
                        Answer::Made | Answer::MadeAndLost | Answer::MadeAndConflict
                    ) {
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
                let answer = world.answer.take();
                let event = match answer {
                    Some(Answer::Made) => Event::Created,
                    Some(Answer::Refused) => Event::Rejected,
                    Some(Answer::NotCreated) => Event::NotCreated,
                    Some(Answer::MadeAndLost | Answer::Conflict | Answer::MadeAndConflict)
                    | None => Event::OutcomeUnknown,
                };
                world.since = 0;
                world.close();
                assert!(world.report(event), "{event:?} is refused: {self:?}");
                world.refused_if_absent =
                    matches!(answer, Some(Answer::Conflict | Answer::MadeAndConflict));
            }
            Act::Crash => {
                if world.record == Some(RecordState::InFlight) {
                    world.since = 0;
                }
                world.close();
                world.answer = None;
                world.report(Event::OwnerLost);
            }
            Act::Look(means) if world.may_be_looked_up_by(means) => {
                // The worst list: it shows a partner only when it must.
                if world.partners.contains(&LAG) && !world.hides(means) {
                    assert!(
                        world.report(Event::FoundRemotely),
                        "a find is refused: {self:?}"
                    );
                } else if world.since >= rules.settle
                    && (!rules.trust || !world.hides(means))
                    && (!rules.bounded || world.lost < BOUND || world.refused_if_absent)
                {
                    let absence = if world.refused_if_absent {
                        Event::AbsentAfterRefusal
                    } else {
                        Event::ConfirmedAbsent
                    };
                    assert!(world.report(absence), "an absence is refused: {self:?}");
                }
            }
            Act::Reconcile if world.record == Some(RecordState::InDoubt) && world.lost == BOUND => {
                let shown = world.partners.contains(&LAG) && !world.hides(Means::List);
                if shown {
                    assert!(world.report(Event::FoundRemotely), "{self:?}");
                } else if world.since >= rules.settle && (!rules.trust || !world.hides(Means::List))
                {
                    assert!(world.report(Event::ReconciledAsAbsent), "{self:?}");
                }
            }
            // A person sees all that is there, and looks when nothing can come any more.
            Act::Resolve
                if world.record == Some(RecordState::InDoubt) && world.on_the_way.is_empty() =>
            {
                let event = if world.partners.is_empty() {
                    Event::ResolvedAsAbsent
                } else {
                    Event::ResolvedAsCreated
                };
                assert!(world.report(event), "{event:?} is refused: {self:?}");
            }
            Act::Restore(record) if world.can_be_restored(rules) => {
                world = World {
                    record,
                    restored: true,
                    on_the_way: world.on_the_way,
                    partners: world.partners,
                    hides: world.hides,
                    ..World::default()
                };
                // Whoever listened is gone.
                world.close();
            }
            Act::Hear | Act::Look(_) | Act::Resolve | Act::Reconcile | Act::Restore(_) => {}
            Act::Again(event) => {
                world.report(event);
            }
        }
        world
    }

    fn hides(&self, means: Means) -> bool {
        self.hides[means as usize]
    }

    /// A search may settle a first doubt; once a second answer was lost, only the whole list does.
    fn may_be_looked_up_by(&self, means: Means) -> bool {
        self.record == Some(RecordState::InDoubt) && (means == Means::List || self.lost < 2)
    }

    /// A state is put back once; the list then has to show what there is, and everything on its way has come.
    fn can_be_restored(&self, rules: Rules) -> bool {
        let is_quiet = self.on_the_way.is_empty() && self.partners.iter().all(|age| *age == LAG);
        !self.restored && !self.hides(Means::List) && (is_quiet || !rules.patient)
    }

    /// What must hold, whatever happened.
    fn broken(&self) -> Option<&'static str> {
        let exists = !self.partners.is_empty();
        let may_come = !self.on_the_way.is_empty();
        match self.record {
            _ if self.partners.len() > 1 => Some("two partners of one row"),
            _ if exists && may_come => Some("a request on its way though the partner exists"),
            Some(RecordState::Created) if !exists => Some("created, but there is no partner"),
            None | Some(RecordState::Rejected | RecordState::Unsent)
                if (exists || may_come) && !self.restored =>
            {
                Some("free to be sent, but a partner exists or may yet be made")
            }
            _ => None,
        }
    }
}

/// Each world that can come about, with those that can come next.
type Worlds = HashMap<World, Vec<World>>;

/// All worlds that can come about, or what does not hold in one of them and the acts that lead to it.
fn explore(rules: Rules) -> Result<Worlds, (&'static str, World, Vec<Act>)> {
    let api = [false, true].map(|search| [false, true].map(|list| [search, list]));
    let begin = api.as_flattened().iter().map(|hides| World {
        hides: *hides,
        ..World::default()
    });
    let mut queue: VecDeque<World> = begin.collect();
    let mut came_by: HashMap<World, Option<(World, Act)>> =
        queue.iter().map(|world| (world.clone(), None)).collect();
    let mut next_worlds = HashMap::new();
    while let Some(world) = queue.pop_front() {
        if let Some(broken) = world.broken() {
            let mut acts = Vec::new();
            let mut at = &world;
            while let Some(Some((before, act))) = came_by.get(at) {
                acts.insert(0, *act);
                at = before;
            }
            return Err((broken, at.clone(), acts));
        }
        let mut reached = Vec::new();
        for act in world.acts() {
            let next = world.after(act, rules);
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
        explore(ALL).unwrap_or_else(|(broken, _, acts)| panic!("{broken}, after {acts:?}"));
    // The exploration went through every state of a record, and past a doubt that was settled by each answer.
    for state in RecordState::ALL {
        assert!(worlds.keys().any(|w| w.record == Some(state)), "{state}");
    }
    // Here the API writes no identifier otherwise.
    for event in Event::ALL.into_iter().filter(|e| *e != Event::MayExist) {
        assert!(
            worlds.keys().any(|w| w.reported.contains(&event)),
            "{event:?}"
        );
    }
    assert!(worlds.len() > 5_000, "only {} worlds", worlds.len());
}

/// A row that no look-up settles is left to a person, and not posted again.
#[test]
fn a_row_is_posted_five_times_at_most() {
    let worlds =
        explore(ALL).unwrap_or_else(|(broken, _, acts)| panic!("{broken}, after {acts:?}"));
    let at_the_bound = |w: &&World| w.lost == BOUND && w.record == Some(RecordState::InDoubt);
    assert!(worlds.keys().any(|w| at_the_bound(&w)));
    let goes_on = |world: &World| {
        let next = world.after(Act::Look(Means::List), ALL).record;
        next == Some(RecordState::Unsent)
    };
    assert!(!worlds.keys().filter(at_the_bound).any(goes_on));
    let unbounded = Rules {
        bounded: false,
        ..ALL
    };
    let worlds = explore(unbounded).expect("the bound is not what keeps a row from being twice");
    assert!(worlds.keys().filter(at_the_bound).any(|world| {
        world.after(Act::Look(Means::List), unbounded).record == Some(RecordState::Unsent)
    }));
}

/// What each rule is for: without it, some order of events makes a second partner.
#[test]
fn each_rule_taken_away_makes_a_duplicate() {
    for (rules, act) in [
        (
            Rules {
                trust: false,
                ..ALL
            },
            "Look(",
        ),
        (
            Rules {
                adopt: false,
                ..ALL
            },
            "Restore(",
        ),
        (
            Rules {
                patient: false,
                ..ALL
            },
            "Restore(",
        ),
    ] {
        let (broken, _, acts) = explore(rules).expect_err("no duplicate without that rule");
        let acts = format!("{acts:?}");
        assert!(acts.contains(act), "{rules:?}: {broken}, after {acts}");
    }
}

/// Nothing is lost: wherever a row stands, something can happen that ends with its one partner.
#[test]
fn from_everywhere_the_partner_can_still_be_created() {
    let worlds =
        explore(ALL).unwrap_or_else(|(broken, _, acts)| panic!("{broken}, after {acts:?}"));
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
    let shorter = Rules {
        settle: SETTLE - 1,
        ..ALL
    };
    let (_, mut world, acts) = explore(shorter).expect_err("the shorter time is enough");
    assert!(
        acts.iter().any(|act| matches!(act, Act::Look(_))),
        "{acts:?}"
    );
    for act in &acts {
        world = world.after(*act, shorter);
    }
    // The row counts as not made although its partner exists: it is sent once more, and answered.
    assert_eq!(
        (world.record, world.partners.len()),
        (Some(RecordState::Unsent), 1),
        "{acts:?}"
    );
    world = world.after(Act::Send, shorter);
    world = world.after(Act::Process(Answer::Made), shorter);
    assert_eq!(world.partners.len(), 2, "{world:?}");
}

/// The model holds two partners where a row is sent without proof: its tests can fail.
#[test]
fn the_model_would_notice_a_second_post() {
    let mut world = World::default();
    for act in [Act::Send, Act::Process(Answer::MadeAndLost), Act::Hear] {
        world = world.after(act, ALL);
    }
    assert_eq!(world.record, Some(RecordState::InDoubt));
    world = world.after(Act::Send, ALL);
    assert!(world.on_the_way.is_empty(), "a doubt cannot be claimed");
    assert_eq!(world.broken(), None);
    world.record = Some(RecordState::Unsent);
    assert!(world.broken().is_some());
    world = world.after(Act::Send, ALL);
    world = world.after(Act::Process(Answer::Made), ALL);
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
