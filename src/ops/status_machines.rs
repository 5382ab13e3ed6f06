//! The machines that share a state, as tables.

use crate::diagnostic::thousands;
use crate::report::table_within;
use crate::state::{ImportRow, MachineRow, Machines, RateRow};

/// Letters of a machine's id that are shown, and that `reconcile --lost` needs at least.
const SHOWN: usize = 8;

/// The tables of what machines share; empty where there is nothing of it.
pub(super) fn machine_tables(shared: &Machines, width: Option<usize>) -> String {
    let mut out = String::new();
    let mut add = |title: &str, header: &[&str], rows: Vec<Vec<String>>| {
        if !rows.is_empty() {
            out.extend(["\n", title, "\n", &table_within(header, &rows, width)]);
        }
    };
    add(
        "Machines",
        &[
            "MACHINE",
            "HOST",
            "STANDS",
            "LEASE",
            "IMPORT",
            "PIECES",
            "IN FLIGHT",
            "WAITED FOR",
            "RUN",
        ],
        shared.machines.iter().map(machine).collect(),
    );
    add(
        "Imports under way",
        &[
            "IMPORT",
            "MAPPING",
            "ROWS",
            "PIECES DONE",
            "TAKEN",
            "FREE",
            "MACHINES",
            "STARTED",
            "TARGET",
        ],
        shared.imports.iter().map(import).collect(),
    );
    add(
        "Rates, over all machines",
        &["TARGET", "ASKED", "NOW", "PAUSED"],
        shared.rates.iter().map(rate).collect(),
    );
    out
}

fn machine(row: &MachineRow) -> Vec<String> {
    let lease = if row.lease_seconds >= 0.0 {
        format!("{:.0} s left", row.lease_seconds)
    } else {
        "over".to_owned()
    };
    vec![
        row.machine.chars().take(SHOWN).collect(),
        row.host.clone(),
        row.standing.words().to_owned(),
        lease,
        row.import.map(|n| n.to_string()).unwrap_or_default(),
        row.pieces.to_string(),
        row.in_flight.to_string(),
        row.waited_for.to_string(),
        row.run.clone().unwrap_or_default(),
    ]
}

fn import(row: &ImportRow) -> Vec<String> {
    let all = row.free + row.taken + row.done;
    vec![
        row.import.to_string(),
        row.mapping.clone(),
        thousands(row.rows),
        format!("{} of {all}", row.done),
        row.taken.to_string(),
        row.free.to_string(),
        row.machines.to_string(),
        row.started.clone(),
        row.target.clone(),
    ]
}

fn rate(row: &RateRow) -> Vec<String> {
    vec![
        row.target.clone(),
        format!("{:.1}/s", row.asked),
        format!("{:.1}/s", row.rate),
        row.paused_seconds
            .map(|left| format!("{left:.0} s"))
            .unwrap_or_default(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Standing;

    #[test]
    fn what_is_shared_is_shown_and_what_is_not_is_left_out() {
        assert_eq!(machine_tables(&Machines::default(), None), "");
        let machine = |standing, lease_seconds, waited_for| MachineRow {
            machine: "5f0f1c2e-0000-4000-8000-000000000000".to_owned(),
            host: "host-a".to_owned(),
            holder: "process 7 on host-a".to_owned(),
            standing,
            lease_seconds,
            run: Some("20261126T120000Z-00000001".to_owned()),
            import: Some(3),
            pieces: 2,
            in_flight: 8,
            waited_for,
        };
        let shared = Machines {
            machines: vec![
                machine(Standing::AtWork, 21.4, 0),
                machine(Standing::Lost, -90.0, 4),
            ],
            imports: vec![ImportRow {
                import: 3,
                target: "https://api.example.com".to_owned(),
                mapping: "accounts".to_owned(),
                rows: 200_000,
                started: "2026-11-26T12:00:00Z".to_owned(),
                free: 100,
                taken: 4,
                done: 92,
                machines: 1,
            }],
            rates: vec![RateRow {
                target: "https://api.example.com".to_owned(),
                asked: 10.0,
                rate: 5.0,
                paused_seconds: None,
            }],
        };
        insta::assert_snapshot!(machine_tables(&shared, None));
    }
}
