//! What machines, the database and the API do.

use partner_sync::state::{Event, RecordState, step};

use super::world::{
    Act, GATE, IDLE, LAG, LEASE, Late, Lease, NEW, Request, Rules, SETTLE, Said, Work, World,
};

impl World {
    pub(super) fn renew(&mut self, m: u8, act: Act) -> bool {
        let machine = self.machine(m);
        let may = match (act, machine.lease) {
            (Act::Join(_), Lease::Out) => true,
            // One that ended goes on where nobody has taken it over.
            (Act::Renew(_), Lease::Left(left)) => left < LEASE,
            _ => false,
        };
        if machine.is_dead || !may {
            return false;
        }
        machine.lease = Lease::Left(LEASE);
        machine.renewed = 0;
        true
    }

    pub(super) fn learns_of_loss(&mut self, m: u8, rules: Rules) -> bool {
        let machine = self.machine(m);
        if machine.is_dead || machine.lease != Lease::Lost {
            return false;
        }
        if rules.gate_of_generation {
            *machine = NEW;
            self.nobody_hears(m);
        } else {
            machine.lease = Lease::Left(LEASE);
            machine.renewed = 0;
            machine.is_old = machine.work != Work::Idle;
        }
        true
    }

    fn nobody_hears(&mut self, m: u8) {
        for request in self.requests.iter_mut().flatten() {
            request.is_heard &= request.from != m;
        }
    }

    /// Whoever comes next looks up what it left in doubt.
    pub(super) fn end(&mut self, m: u8, rules: Rules) -> bool {
        let mut requests = self.requests.iter().flatten();
        let is_empty = !requests.any(|r| r.from == m && r.kernel.is_some());
        let machine = self.machine(m);
        if !matches!(machine.lease, Lease::Left(_)) || (rules.ends_empty && !is_empty) {
            return false;
        }
        *machine = NEW;
        self.owner = self.owner.filter(|owner| *owner != m);
        true
    }

    pub(super) fn kill(&mut self, m: u8) -> bool {
        let machine = self.machine(m);
        if machine.is_dead || machine.lease == Lease::Out {
            return false;
        }
        machine.work = Work::Idle;
        machine.is_old = false;
        if machine.lease == Lease::Lost {
            machine.lease = Lease::Out;
        } else {
            machine.is_dead = true;
        }
        self.adopting = self.adopting.filter(|by| *by != m);
        self.nobody_hears(m);
        true
    }

    /// Who comes when everybody is dead takes over as well.
    pub(super) fn restart(&mut self, m: u8, rules: Rules) -> bool {
        let machine = self.machine(m);
        if !machine.is_dead || machine.lease != Lease::Left(0) {
            return false;
        }
        *machine = NEW;
        self.lose(m, rules);
        true
    }

    pub(super) fn take_over(&mut self, by: u8, rules: Rules) -> bool {
        let lost = 1 - by;
        let taker = *self.machine(by);
        let is_over = self.machine(lost).lease == Lease::Left(0);
        if taker.is_dead || !matches!(taker.lease, Lease::Left(1..)) || !is_over {
            return false;
        }
        if self.machine(lost).is_dead {
            *self.machine(lost) = NEW;
        } else {
            self.machine(lost).lease = Lease::Lost;
        }
        if rules.together {
            self.lose(lost, rules);
        } else if self.owner == Some(lost) {
            self.owner = None;
            self.adopting = Some(by);
        }
        true
    }

    pub(super) fn adopt(&mut self, by: u8, rules: Rules) -> bool {
        if self.adopting != Some(by) {
            return false;
        }
        self.adopting = None;
        self.lose_rows(rules);
        true
    }

    fn lose(&mut self, m: u8, rules: Rules) {
        if self.owner == Some(m) {
            self.owner = None;
            self.lose_rows(rules);
        }
    }

    fn lose_rows(&mut self, rules: Rules) {
        if let Ok(state) = step(self.record, Event::OwnerLost) {
            self.record = Some(state);
            self.is_lost = true;
            self.doubted = 0;
        } else if self.record == Some(RecordState::InDoubt) && rules.doubts_wait {
            self.is_lost = true;
            self.doubted = 0;
        }
    }

    pub(super) fn claim(&mut self, m: u8, rules: Rules) -> bool {
        let machine = *self.machine(m);
        let holds = match machine.lease {
            Lease::Out => false,
            Lease::Left(left) => left > 0 || !rules.claim_needs_lease,
            Lease::Lost => !rules.claim_needs_lease,
        };
        if machine.is_dead || machine.work != Work::Idle || !holds {
            return false;
        }
        let Ok(state) = step(self.record, Event::Claim) else {
            return false;
        };
        self.record = Some(state);
        self.owner = (machine.lease != Lease::Lost).then_some(m);
        self.is_lost = false;
        self.machine(m).work = Work::Claimed;
        // Whatever is said of an earlier post is old now.
        for machine in &mut self.machines {
            if machine.work == Work::Missed(true) {
                machine.work = Work::Missed(false);
            }
        }
        if let Some(late) = &mut self.late {
            late.same_post = false;
        }
        true
    }

    /// Whether the machine's own clock lets it send.
    fn is_open(&self, m: u8, rules: Rules) -> bool {
        let machine = self.machines[usize::from(m)];
        machine.renewed <= GATE && !(rules.gate_of_generation && machine.is_old)
    }

    pub(super) fn send(&mut self, m: u8, act: Act, rules: Rules) -> bool {
        let is_open = self.is_open(m, rules);
        let mut request = None;
        let machine = self.machine(m);
        let next = match (act, machine.work) {
            (Act::Check(_), Work::Claimed) if is_open => Work::Checked,
            (Act::Connect(_), Work::Checked) if rules.gate => Work::Connected(0),
            // Without a second look whoever was checked once goes on, whenever it wakes.
            (Act::Connect(_), Work::Checked) => Work::Ready(0),
            (Act::CheckOnceMore(_), Work::Connected(age)) if is_open => Work::Ready(age),
            (Act::WriteHalf(_), Work::Ready(age)) => {
                Work::HalfSent(if rules.whole { age } else { 0 })
            }
            (Act::WriteAll(_), Work::Ready(age) | Work::HalfSent(age)) if age <= IDLE => {
                request = Some(Request {
                    from: m,
                    is_heard: true,
                    kernel: Some(age),
                    age: 0,
                });
                Work::Sent
            }
            (Act::Fail(_), Work::Claimed | Work::Checked | Work::Connected(_)) => {
                Work::Heard(Said::NotCreated)
            }
            (Act::Fail(_), Work::Ready(_) | Work::HalfSent(_) | Work::Sent) => {
                Work::Heard(Said::Unknown)
            }
            _ => return false,
        };
        machine.work = next;
        if let Act::Fail(_) = act {
            self.nobody_hears(m);
        }
        if request.is_some() {
            let Some(place) = self.requests.iter_mut().find(|place| place.is_none()) else {
                panic!("more requests than the model has room for");
            };
            *place = request;
        }
        true
    }

    pub(super) fn deliver(&mut self, place: u8) -> bool {
        match &mut self.requests[usize::from(place)] {
            Some(request) if request.kernel.is_some() => {
                request.kernel = None;
                true
            }
            _ => false,
        }
    }

    pub(super) fn process(&mut self, place: u8, answer: Said) -> bool {
        let Some(request) = self.requests[usize::from(place)].take() else {
            return false;
        };
        if answer == Said::Made {
            let Some(place) = self.partners.iter_mut().find(|place| place.is_none()) else {
                return false;
            };
            *place = Some(0);
        }
        if request.is_heard {
            self.machine(request.from).work = Work::Heard(answer);
        }
        true
    }

    pub(super) fn look(&mut self, m: u8, rules: Rules) -> bool {
        let machine = *self.machine(m);
        let is_its_own = self.owner.is_none() || self.owner == Some(m);
        let may = machine.work == Work::Idle && !machine.is_dead && machine.lease != Lease::Out;
        if !may || !is_its_own || self.record != Some(RecordState::InDoubt) {
            return false;
        }
        // The worst list: it shows a partner only when it must.
        if self.partners.iter().flatten().any(|age| *age >= LAG) {
            return self.said(Event::FoundRemotely);
        }
        let from = if self.is_lost {
            rules.absent_after
        } else {
            SETTLE
        };
        if self.doubted < from {
            return false;
        }
        self.machine(m).work = Work::Missed(true);
        true
    }

    fn said(&mut self, event: Event) -> bool {
        let Ok(state) = step(self.record, event) else {
            return false;
        };
        self.record = Some(state);
        self.doubted = 0;
        if state == RecordState::InDoubt {
            self.is_lost = false;
        } else {
            self.is_lost = false;
            self.owner = None;
        }
        true
    }

    /// What a machine has to record.
    fn heard(&self, m: u8, act: Act) -> Option<Late> {
        let machine = self.machines[usize::from(m)];
        let (said, same_post) = match (act, machine.work) {
            (Act::Settle(_) | Act::SettleTwice(_), Work::Heard(said)) => (said, true),
            (Act::SettleLook(_) | Act::SettleLookTwice(_), Work::Missed(same)) => {
                (Said::Absent, same)
            }
            _ => return None,
        };
        let same_generation = matches!(machine.lease, Lease::Left(_)) && !machine.is_old;
        Some(Late {
            said,
            from: m,
            same_generation,
            same_post,
        })
    }

    pub(super) fn settle(&mut self, m: u8, act: Act, rules: Rules) -> bool {
        let Some(statement) = self.heard(m, act) else {
            return false;
        };
        self.record_it(statement, rules);
        let machine = self.machine(m);
        machine.work = Work::Idle;
        machine.is_old = false;
        true
    }

    /// Only what lets a row go again does harm when it comes late.
    pub(super) fn settle_twice(&mut self, m: u8, act: Act, rules: Rules) -> bool {
        let Some(statement) = self.heard(m, act) else {
            return false;
        };
        let frees = matches!(statement.said, Said::NotCreated | Said::Absent);
        if !frees || self.late.is_some() || !self.settle(m, act, rules) {
            return false;
        }
        self.late = Some(statement);
        true
    }

    pub(super) fn late_statement(&mut self, rules: Rules) -> bool {
        let Some(mut statement) = self.late.take() else {
            return false;
        };
        let lease = self.machine(statement.from).lease;
        statement.same_generation &= matches!(lease, Lease::Left(_));
        self.record_it(statement, rules);
        true
    }

    fn record_it(&mut self, statement: Late, rules: Rules) {
        let Late {
            said,
            same_generation,
            same_post,
            ..
        } = statement;
        let is_fenced = rules.names_generation && !same_generation;
        if is_fenced && said == Said::Made {
            // A late answer is never dropped.
            self.said(Event::FoundRemotely);
        }
        let names_post = match said {
            Said::Absent => rules.look_names_post,
            _ => rules.names_post,
        };
        if !is_fenced && (same_post || !names_post) {
            let owner = self.owner;
            self.said(said.event());
            if self.record == Some(RecordState::InDoubt) {
                self.owner = owner;
            }
        }
    }
}
