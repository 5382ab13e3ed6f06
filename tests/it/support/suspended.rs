//! A machine that stops itself at a point of its work, until it is woken.

use std::process::Child;

use super::{Finished, Run, signal, wait_until};

/// What a process does: `T` where it is stopped, `Z` where it has ended and nobody has asked how. None where the kernel does not tell.
/// Source: proc(5), `stat`: the state stands behind the name, which is in parentheses.
pub(crate) fn state_of(process: u32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// It dies where it is dropped, so that none stays where a test fails.
pub(crate) struct Suspended(Option<Child>);

impl Suspended {
    /// Starts a run that stops itself at `point`, as `claimed:2` names one, and waits until it has.
    pub(crate) fn at(point: &str, run: Run) -> Self {
        let machine = Self(Some(run.env("STOP_AT", point).start()));
        wait_until(&format!("it stops at {point}"), || {
            let state = state_of(machine.id()).unwrap();
            assert!(state != 'Z', "it ended before {point}");
            state == 'T'
        });
        machine
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.as_ref().unwrap().id()
    }

    pub(crate) fn wake(&mut self) -> &mut Child {
        let child = self.0.as_mut().unwrap();
        signal(child, "CONT");
        child
    }

    pub(crate) fn wakes(mut self) -> Child {
        self.wake();
        self.0.take().unwrap()
    }

    /// How it ends when it is woken.
    pub(crate) fn wakes_and_ends(self) -> Finished {
        Finished::of(self.wakes().wait_with_output().unwrap())
    }
}

impl Drop for Suspended {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
