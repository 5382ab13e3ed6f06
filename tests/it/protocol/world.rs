//! Everything there is of one row between two acts: the database, the machines, the connections, the API.

use partner_sync::state::{Event, RecordState};

/// Ticks that a lease lasts by the database's clock.
pub(super) const LEASE: u8 = 2;
/// A machine starts nothing once its last renewal is more than these ticks ago, by its own clock (0.8 of a lease).
pub(super) const GATE: u8 = 1;
/// Ticks after which whatever ends a connection ends one on which no whole request has come.
pub(super) const IDLE: u8 = 1;
/// Ticks within which a request is at the API and processed, or never is.
pub(super) const LATE: u8 = 1;
/// Ticks after which a new partner is listed.
pub(super) const LAG: u8 = 1;
/// The documented settling time covers both.
pub(super) const SETTLE: u8 = LATE + LAG;
/// The documented time after a takeover in which a paused machine can still send: its gate, then its connection.
pub(super) const TAKEOVER: u8 = GATE + IDLE;
/// Nothing waits for longer.
pub(super) const LONG: u8 = TAKEOVER + SETTLE;

/// The rules of the program and what is assumed of its surroundings: each can be taken away.
#[derive(Debug, Clone, Copy)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a rule that can be taken away"
)]
pub(super) struct Rules {
    /// Ticks after a takeover from which an absence is believed.
    pub(super) absent_after: u8,
    /// A new connection is used only after a look at the lease that began when it was there.
    pub(super) gate: bool,
    /// The gate of a lost generation stays shut for what was claimed under it.
    pub(super) gate_of_generation: bool,
    /// The machine's clock goes on while it is suspended.
    pub(super) clock_in_suspend: bool,
    /// A claim needs a lease that holds, in one transaction.
    pub(super) claim_needs_lease: bool,
    /// Settlements name machine and generation.
    pub(super) names_generation: bool,
    /// Settlements name the batch or the post that they are of: one that comes late finds another.
    pub(super) names_post: bool,
    /// What a look-up says names the post that was looked for.
    pub(super) look_names_post: bool,
    /// Doubts of a lost machine wait as long as its rows in flight.
    pub(super) doubts_wait: bool,
    /// The wait after a takeover is counted by the clock of who looks.
    pub(super) own_clock: bool,
    /// Generation and rows change hands in one transaction.
    pub(super) together: bool,
    /// Connections without a whole request are ended.
    pub(super) ends_idle: bool,
    /// That a part of a request came does not make the wait for the rest begin anew.
    pub(super) whole: bool,
    /// The database keeps what it confirmed.
    pub(super) keeps_commits: bool,
    /// A machine that ends has nothing left in its kernel.
    pub(super) ends_empty: bool,
    /// The database's clock never jumps. That is no rule: nothing may rest on it.
    pub(super) steady_clock: bool,
}

pub(super) const ALL: Rules = Rules {
    absent_after: TAKEOVER + SETTLE,
    gate: true,
    gate_of_generation: true,
    clock_in_suspend: true,
    claim_needs_lease: true,
    names_generation: true,
    names_post: true,
    look_names_post: true,
    doubts_wait: true,
    own_clock: true,
    together: true,
    ends_idle: true,
    whole: true,
    keeps_commits: true,
    ends_empty: true,
    steady_clock: false,
};

/// What the database knows of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Lease {
    /// It has not joined.
    Out,
    /// So many ticks are left.
    Left(u8),
    /// Another machine took it over; it does not know that yet.
    Lost,
}

/// What a machine has to record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Said {
    Made,
    NotCreated,
    Absent,
    Unknown,
}

impl Said {
    pub(super) fn event(self) -> Event {
        match self {
            Said::Made => Event::Created,
            Said::NotCreated => Event::NotCreated,
            Said::Unknown => Event::OutcomeUnknown,
            Said::Absent => Event::ConfirmedAbsent,
        }
    }
}

/// How far a machine is with the row. A number is the age of the connection in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Work {
    Idle,
    Claimed,
    Checked,
    Connected(u8),
    /// The lease was looked at once more; the body may be written.
    Ready(u8),
    HalfSent(u8),
    Sent,
    Heard(Said),
    /// A look-up did not find the partner, when that proves something; true while no other post was made since.
    Missed(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Machine {
    pub(super) lease: Lease,
    pub(super) is_dead: bool,
    /// Ticks since it asked for its last renewal, by its own clock.
    pub(super) renewed: u8,
    pub(super) work: Work,
    /// Its work was begun under a generation that is lost.
    pub(super) is_old: bool,
}

pub(super) const NEW: Machine = Machine {
    lease: Lease::Out,
    is_dead: false,
    renewed: LEASE,
    work: Work::Idle,
    is_old: false,
};

/// A whole request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Request {
    pub(super) from: u8,
    /// Somebody waits for its answer.
    pub(super) is_heard: bool,
    /// The age of its connection while it lies in its machine's kernel; none once it is at the API.
    pub(super) kernel: Option<u8>,
    /// Ticks since it was written, without those in which the machine it lies on was suspended.
    pub(super) age: u8,
}

/// A statement whose sender gave it up and did it again, and that the database may still do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Late {
    pub(super) said: Said,
    pub(super) from: u8,
    pub(super) same_generation: bool,
    pub(super) same_post: bool,
}

/// Everything there is, between two acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) record: Option<RecordState>,
    /// Whose present generation the record is of.
    pub(super) owner: Option<u8>,
    /// It is in doubt since a takeover.
    pub(super) is_lost: bool,
    /// Ticks for which it is in doubt.
    pub(super) doubted: u8,
    /// Who took over and has not yet seen to the rows.
    pub(super) adopting: Option<u8>,
    pub(super) machines: [Machine; 2],
    pub(super) requests: [Option<Request>; 3],
    pub(super) late: Option<Late>,
    /// The age of each partner.
    pub(super) partners: [Option<u8>; 2],
}

/// What can happen next; a machine is named by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Join(u8),
    Renew(u8),
    /// A machine finds out that its lease was taken over, and ends or joins anew.
    LearnsOfLoss(u8),
    Claim(u8),
    Check(u8),
    Connect(u8),
    CheckOnceMore(u8),
    WriteHalf(u8),
    WriteAll(u8),
    /// No answer comes, or there is no connection.
    Fail(u8),
    /// It records what it heard.
    Settle(u8),
    /// The same; the answer is lost, so it is done twice, and the first may yet come late.
    SettleTwice(u8),
    Look(u8),
    SettleLook(u8),
    SettleLookTwice(u8),
    /// It ends, and gives its lease back; rows may be in doubt.
    End(u8),
    Kill(u8),
    /// A new process where one was killed.
    Restart(u8),
    TakeOver(u8),
    /// The rows of a machine that was taken over, where that is a step of its own.
    Adopt(u8),
    /// A request leaves its machine's kernel.
    Deliver(u8),
    Process(u8, Said),
    LateStatement,
    /// A tick passes, in which a machine may be suspended.
    Tick(Option<u8>),
    /// The database's clock is set ahead.
    ClockJumps,
    /// A standby takes over that had not got the claim.
    LoseCommit,
}

impl World {
    pub(super) const BEGIN: World = World {
        record: None,
        owner: None,
        is_lost: false,
        doubted: 0,
        adopting: None,
        machines: [NEW; 2],
        requests: [None; 3],
        late: None,
        partners: [None; 2],
    };

    /// The step at which a machine lost its lease, where one did and does not know it.
    pub(super) fn lost_at(&self) -> Option<std::mem::Discriminant<Work>> {
        let lost = self.machines.iter().find(|m| m.lease == Lease::Lost)?;
        Some(std::mem::discriminant(&lost.work))
    }

    /// Nothing can happen to the row any more: it has its partner, and nobody sends.
    fn is_over(&self) -> bool {
        let rests = |m: &Machine| matches!(m.work, Work::Idle | Work::Heard(_) | Work::Missed(_));
        self.record == Some(RecordState::Created)
            && self.requests.iter().all(Option::is_none)
            && self.machines.iter().all(rests)
    }

    /// What must hold, whatever happened.
    pub(super) fn broken(&self) -> Option<&'static str> {
        if self.partners[1].is_some() {
            return Some("a second create arrived");
        }
        let is_nobodys = self.owner.is_none() && self.adopting.is_none();
        (self.record == Some(RecordState::InFlight) && is_nobodys)
            .then_some("in flight, and no machine's: nobody ever takes it over")
    }

    /// The acts that may be possible; none where nothing can come of them.
    pub(super) fn acts(&self) -> Vec<Act> {
        if self.is_over() {
            return Vec::new();
        }
        let mut acts = vec![Act::Tick(None), Act::ClockJumps];
        if self.late.is_some() {
            acts.push(Act::LateStatement);
        }
        if self.record == Some(RecordState::InFlight) {
            acts.push(Act::LoseCommit);
        }
        for (m, machine) in (0..).zip(&self.machines) {
            acts.push(Act::Tick(Some(m)));
            if machine.is_dead {
                acts.push(Act::Restart(m));
                continue;
            }
            match machine.lease {
                Lease::Out => {
                    acts.push(Act::Join(m));
                    continue;
                }
                Lease::Left(_) => acts.extend([Act::Renew(m), Act::TakeOver(m), Act::Adopt(m)]),
                Lease::Lost => acts.push(Act::LearnsOfLoss(m)),
            }
            acts.push(Act::Kill(m));
            let of_work: &[Act] = match machine.work {
                Work::Idle => &[Act::Claim(m), Act::Look(m), Act::End(m)],
                Work::Claimed => &[Act::Check(m), Act::Fail(m)],
                Work::Checked => &[Act::Connect(m), Act::Fail(m)],
                Work::Connected(_) => &[Act::CheckOnceMore(m), Act::Fail(m)],
                Work::Ready(_) => &[Act::WriteHalf(m), Act::WriteAll(m), Act::Fail(m)],
                Work::HalfSent(_) => &[Act::WriteAll(m), Act::Fail(m)],
                Work::Sent => &[Act::Fail(m)],
                Work::Heard(_) => &[Act::Settle(m), Act::SettleTwice(m)],
                Work::Missed(_) => &[Act::SettleLook(m), Act::SettleLookTwice(m)],
            };
            acts.extend_from_slice(of_work);
        }
        for (place, request) in (0..).zip(&self.requests) {
            match request {
                Some(request) if request.kernel.is_some() => acts.push(Act::Deliver(place)),
                Some(_) => {
                    acts.extend([Said::Made, Said::NotCreated].map(|a| Act::Process(place, a)));
                }
                None => {}
            }
        }
        acts
    }

    /// The world after an act; none where the act is not possible.
    pub(super) fn after(mut self, act: Act, rules: Rules) -> Option<World> {
        let may = match act {
            Act::Tick(suspended) => {
                self.tick(suspended, rules);
                true
            }
            Act::ClockJumps => self.clock_jumps(rules),
            Act::LoseCommit => self.lose_commit(rules),
            Act::LateStatement => self.late_statement(rules),
            Act::Deliver(place) => self.deliver(place),
            Act::Process(place, answer) => self.process(place, answer),
            Act::TakeOver(m) => self.take_over(m, rules),
            Act::Adopt(m) => self.adopt(m, rules),
            Act::End(m) => self.end(m, rules),
            Act::Kill(m) => self.kill(m),
            Act::Restart(m) => self.restart(m, rules),
            Act::LearnsOfLoss(m) => self.learns_of_loss(m, rules),
            Act::Join(m) | Act::Renew(m) => self.renew(m, act),
            Act::Claim(m) => self.claim(m, rules),
            Act::Look(m) => self.look(m, rules),
            Act::Settle(m) | Act::SettleLook(m) => self.settle(m, act, rules),
            Act::SettleTwice(m) | Act::SettleLookTwice(m) => self.settle_twice(m, act, rules),
            Act::Check(m)
            | Act::Connect(m)
            | Act::CheckOnceMore(m)
            | Act::WriteHalf(m)
            | Act::WriteAll(m)
            | Act::Fail(m) => self.send(m, act, rules),
        };
        may.then_some(self)
    }

    pub(super) fn machine(&mut self, m: u8) -> &mut Machine {
        &mut self.machines[usize::from(m)]
    }
}
