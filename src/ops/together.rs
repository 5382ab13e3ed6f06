//! What the machines did that shared an import, for its reports.

use crate::report::{MachinePart, Together};
use crate::state::{MachineOfImport, MachinesOfImport, Standing};

/// What the machines of an import did, as one of them reports it at its end. Where the whole import came to its end, nobody is at
/// work any more, whoever has not said so yet.
pub(super) fn together_with(all: &MachinesOfImport, is_over: bool) -> Together {
    let mut together = together(all.import, &all.machines);
    together.own = all.own;
    for (at, machine) in together.machines.iter_mut().enumerate() {
        let ends = is_over || all.own == Some(at);
        if ends && machine.standing == Standing::AtWork.words() {
            Standing::Ended.words().clone_into(&mut machine.standing);
        }
    }
    together
}

/// What the machines of an import did.
pub(super) fn together(import: i64, machines: &[MachineOfImport]) -> Together {
    let part = |m: &MachineOfImport| MachinePart {
        machine: m.machine.clone(),
        host: m.host.clone(),
        run: m.run.clone(),
        standing: m.standing.words().to_owned(),
        started: m.started.clone(),
        ended: m.ended.clone(),
        created: m.created,
        adopted: m.adopted,
        rejected: m.rejected,
    };
    Together {
        import,
        machines: machines.iter().map(part).collect(),
        own: None,
    }
}
