//! The machines that share a state, as tables.

use crate::diagnostic::thousands;
use crate::report::{WholePace, table_within, time_left};
use crate::state::{ImportRow, MachineRow, Machines, PastImport, RateRow};

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
            "ROWS DONE",
            "CREATED",
            "REJECTED",
            "RATE",
            "TIME LEFT",
            "MACHINES",
            "PIECES DONE",
            "TAKEN",
            "FREE",
            "STARTED",
            "TARGET",
        ],
        shared.imports.iter().map(import).collect(),
    );
    add(
        "Imports that no machine is at any more, newest first (all of one: status --run IMPORT --report DIR)",
        &[
            "IMPORT",
            "MAPPING",
            "ROWS",
            "CREATED",
            "REJECTED",
            "MACHINES",
            "STARTED",
            "ENDED",
            "CAME TO ITS END",
            "TARGET",
        ],
        shared.past.iter().map(past_import).collect(),
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
    let pace = WholePace {
        rows: row.rows,
        done: row.rows_done,
        created: row.created + row.adopted,
        rejected: row.rejected,
        machines: row.machines,
        seconds: row.seconds,
    };
    let rate = pace.rate().filter(|_| row.machines > 0);
    let left = rate.and_then(|rate| time_left(row.rows.saturating_sub(row.rows_done), rate));
    vec![
        row.import.to_string(),
        row.mapping.clone(),
        format!("{} of {}", thousands(row.rows_done), thousands(row.rows)),
        thousands(pace.created),
        thousands(row.rejected),
        rate.map(|rate| format!("{rate:.1}/s")).unwrap_or_default(),
        left.map(|left| format!("about {left}")).unwrap_or_default(),
        row.machines.to_string(),
        format!("{} of {all}", row.done),
        row.taken.to_string(),
        row.free.to_string(),
        row.started.clone(),
        row.target.clone(),
    ]
}

fn past_import(row: &PastImport) -> Vec<String> {
    vec![
        row.import.to_string(),
        row.mapping.clone(),
        thousands(row.rows),
        thousands(row.created + row.adopted),
        thousands(row.rejected),
        row.machines.to_string(),
        row.started.clone(),
        row.ended.clone(),
        if row.complete { "yes" } else { "no" }.to_owned(),
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
                rows_done: 95_300,
                created: 95_200,
                adopted: 0,
                rejected: 12,
                seconds: 9_521.2,
            }],
            past: vec![PastImport {
                import: 2,
                target: "https://api.example.com".to_owned(),
                mapping: "accounts".to_owned(),
                rows: 2_000,
                started: "2026-11-25T12:00:00Z".to_owned(),
                ended: "2026-11-25T12:03:00Z".to_owned(),
                complete: true,
                machines: 3,
                created: 1_990,
                adopted: 0,
                rejected: 10,
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
