//! Worlds as numbers, by which those that were met before are known.

use super::world::{LEASE, Lease, Work, World};

impl World {
    /// A number of its own for each world, but one for two that differ by the names of the machines alone: they are alike.
    pub(super) fn number(&self) -> u64 {
        self.number_with([0, 1]).min(self.number_with([1, 0]))
    }

    fn number_with(&self, names: [u8; 2]) -> u64 {
        let name = |m: u8| names[usize::from(m)];
        let some_name = |m: Option<u8>| m.map_or(2, name);
        let mut requests = self.requests.map(|request| {
            request.map_or(0, |r| {
                let kernel = r.kernel.map_or(3, |age| age);
                64 | name(r.from) << 5 | u8::from(r.is_heard) << 4 | kernel << 2 | r.age
            })
        });
        requests.sort_unstable();
        let late = self.late.map_or(0, |l| {
            let flags = u8::from(l.same_generation) << 1 | u8::from(l.same_post);
            32 | (l.said as u8) << 3 | name(l.from) << 2 | flags
        });
        let mut number = 0;
        let mut put = |value: u8, bits: u32| number = number << bits | u64::from(value);
        for m in names {
            let machine = self.machines[usize::from(m)];
            let lease = match machine.lease {
                Lease::Left(left) => left,
                Lease::Out => LEASE + 1,
                Lease::Lost => LEASE + 2,
            };
            let work = match machine.work {
                Work::Idle => 0,
                Work::Claimed => 1,
                Work::Checked => 2,
                Work::Sent => 3,
                Work::Missed(same_post) => 4 + u8::from(same_post),
                Work::Connected(age) => 6 + age,
                Work::Ready(age) => 8 + age,
                Work::HalfSent(age) => 10 + age,
                Work::Heard(said) => 12 + said as u8,
            };
            put(lease, 3);
            put(u8::from(machine.is_dead), 1);
            put(machine.renewed, 2);
            put(work, 4);
            put(u8::from(machine.is_old), 1);
        }
        put(self.record.map_or(0, |state| state as u8), 3);
        put(some_name(self.owner), 2);
        put(some_name(self.adopting), 2);
        put(u8::from(self.is_lost), 1);
        put(self.doubted, 3);
        for request in requests {
            put(request, 7);
        }
        put(late, 6);
        for age in self.partners {
            put(age.map_or(2, |age| age), 2);
        }
        number
    }
}
