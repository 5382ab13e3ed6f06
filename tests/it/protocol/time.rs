//! Time, and what the database loses.

use partner_sync::state::RecordState;

use super::world::{IDLE, LAG, LATE, LEASE, LONG, Lease, Rules, Said, Work, World};

impl World {
    pub(super) fn tick(&mut self, suspended: Option<u8>, rules: Rules) {
        for (m, machine) in (0..).zip(&mut self.machines) {
            if let Lease::Left(left) = &mut machine.lease {
                *left = left.saturating_sub(1);
            }
            if rules.clock_in_suspend || suspended != Some(m) {
                machine.renewed = (machine.renewed + 1).min(LEASE);
            }
            machine.work = match machine.work {
                Work::Connected(age) => ended(age, rules).map_or(Work::Checked, Work::Connected),
                Work::Ready(age) => {
                    ended(age, rules).map_or(Work::Heard(Said::Unknown), Work::Ready)
                }
                Work::HalfSent(age) => {
                    ended(age, rules).map_or(Work::Heard(Said::Unknown), Work::HalfSent)
                }
                work => work,
            };
        }
        for place in &mut self.requests {
            let Some(request) = place else { continue };
            let is_suspended = request.kernel.is_some() && suspended == Some(request.from);
            request.age += u8::from(!is_suspended);
            if let Some(age) = request.kernel {
                match ended(age, rules) {
                    Some(older) => request.kernel = Some(older),
                    None => *place = None,
                }
            }
            if place.is_some_and(|request| request.age > LATE) {
                *place = None;
            }
        }
        // Who waits for its own doubt does so by a clock that stands still while it is suspended, as its kernel does.
        if self.is_lost || self.owner.is_none() || self.owner != suspended {
            self.doubted = (self.doubted + 1).min(LONG);
        }
        if self.record != Some(RecordState::InDoubt) {
            self.doubted = 0;
        }
        for partner in self.partners.iter_mut().flatten() {
            *partner = (*partner + 1).min(LAG);
        }
    }

    pub(super) fn clock_jumps(&mut self, rules: Rules) -> bool {
        if rules.steady_clock {
            return false;
        }
        for machine in &mut self.machines {
            if let Lease::Left(left) = &mut machine.lease {
                *left = 0;
            }
        }
        if !rules.own_clock && self.is_lost {
            self.doubted = LONG;
        }
        true
    }

    pub(super) fn lose_commit(&mut self, rules: Rules) -> bool {
        if rules.keeps_commits || self.record != Some(RecordState::InFlight) {
            return false;
        }
        self.record = None;
        self.owner = None;
        true
    }
}

/// The age of a connection a tick later; none where it is ended then.
fn ended(age: u8, rules: Rules) -> Option<u8> {
    let older = if rules.ends_idle { age + 1 } else { 0 };
    (older <= IDLE).then_some(older)
}
