//! What the machines did that shared an import.

use serde::{Deserialize, Serialize};

use crate::diagnostic::{counted, thousands};

/// Letters of a machine's id that are shown.
const SHOWN: usize = 8;

/// An import that machines shared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Together {
    /// Its number.
    pub import: i64,
    /// Each machine that joined it, the first one first.
    pub machines: Vec<MachinePart>,
    /// Which of them the report is of; none where it is of all.
    pub own: Option<usize>,
}

/// What one machine did of an import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachinePart {
    /// Its id.
    pub machine: String,
    /// The host that it runs on.
    pub host: String,
    /// The run that it made of the import.
    pub run: Option<String>,
    /// How it stands: `ended`, `at work`, `silent`, `lost` or `gone`.
    pub standing: String,
    /// When it joined, RFC 3339 in UTC.
    pub started: String,
    /// When it ended, or its lease did, RFC 3339 in UTC; none while it is at work.
    pub ended: Option<String>,
    /// Partners that it created.
    pub created: u64,
    /// Partners that it found on the API and recorded.
    pub adopted: u64,
    /// Rows of its that the API rejected.
    pub rejected: u64,
}

impl MachinePart {
    /// `5f0f1c2e on host-a`.
    #[must_use]
    pub fn name(&self) -> String {
        let id: String = self.machine.chars().take(SHOWN).collect();
        format!("{id} on {}", self.host)
    }

    /// How it ended, for people.
    #[must_use]
    pub fn fate(&self) -> &str {
        match self.standing.as_str() {
            "silent" => "silent: its lease has ended",
            "lost" => "lost: it may still be alive",
            "gone" => "lost: its process is gone",
            other => other,
        }
    }

    fn is_lost(&self) -> bool {
        matches!(self.standing.as_str(), "lost" | "gone" | "silent")
    }
}

impl Together {
    /// The machines beside the one that the report is of.
    pub fn others(&self) -> impl Iterator<Item = &MachinePart> {
        let others = self.machines.iter().enumerate();
        others.filter_map(|(at, machine)| (Some(at) != self.own).then_some(machine))
    }

    /// Partners that the others created or found on the API.
    #[must_use]
    pub fn by_others(&self) -> u64 {
        self.others().map(|m| m.created + m.adopted).sum()
    }

    /// Who created what of so many rows, in sentences; none where one machine did all of its own import.
    #[must_use]
    pub fn words(&self, rows: u64) -> Vec<String> {
        let mut words = Vec::new();
        let all: u64 = self.machines.iter().map(|m| m.created).sum();
        let rows = counted(rows, "row");
        match self.own.and_then(|own| self.machines.get(own)) {
            Some(_) if self.machines.len() < 2 => return words,
            Some(own) => {
                words.push(format!(
                    "Import {}, {rows}: {} created by this machine, {} by {}.",
                    self.import,
                    thousands(own.created),
                    thousands(all - own.created),
                    counted(busy(&mut self.others()), "other")
                ));
            }
            None => words.push(format!(
                "Import {}, {rows}: {} created by {}.",
                self.import,
                thousands(all),
                counted(busy(&mut self.machines.iter()), "machine")
            )),
        }
        let lost: Vec<String> = self
            .machines
            .iter()
            .filter(|m| m.is_lost())
            .map(MachinePart::name)
            .collect();
        match lost.as_slice() {
            [] => {}
            [one] => words.push(format!("Machine {one} was lost.")),
            many => words.push(format!(
                "{} were lost: {}.",
                counted(many.len() as u64, "machine"),
                many.join(", ")
            )),
        }
        words
    }
}

/// How many machines created something; all, where none did.
fn busy(machines: &mut dyn Iterator<Item = &MachinePart>) -> u64 {
    let created: Vec<bool> = machines.map(|m| m.created > 0).collect();
    let busy = created.iter().filter(|is_busy| **is_busy).count();
    let busy = if busy == 0 { created.len() } else { busy };
    busy as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(id: &str, standing: &str, created: u64) -> MachinePart {
        MachinePart {
            machine: format!("{id}-0000-4000-8000-000000000000"),
            host: "host-a".to_owned(),
            run: None,
            standing: standing.to_owned(),
            started: "2026-11-26T12:00:00Z".to_owned(),
            ended: None,
            created,
            adopted: 0,
            rejected: 0,
        }
    }

    #[test]
    fn who_created_what_is_said_of_several_and_the_lost_are_named() {
        let mut all = Together {
            import: 3,
            machines: vec![machine("5f0f1c2e", "ended", 1_400)],
            own: Some(0),
        };
        assert_eq!(all.words(2_000), [""; 0]);
        all.machines.push(machine("0a0b0c0d", "gone", 500));
        all.machines.push(machine("11223344", "ended", 100));
        assert_eq!(
            all.words(2_000),
            [
                "Import 3, 2,000 rows: 1,400 created by this machine, 600 by 2 others.",
                "Machine 0a0b0c0d on host-a was lost."
            ]
        );
        assert_eq!(all.by_others(), 600);
        all.own = None;
        all.machines[0].standing = "lost".to_owned();
        assert_eq!(
            all.words(2_000),
            [
                "Import 3, 2,000 rows: 2,000 created by 3 machines.",
                "2 machines were lost: 5f0f1c2e on host-a, 0a0b0c0d on host-a."
            ]
        );
    }
}
